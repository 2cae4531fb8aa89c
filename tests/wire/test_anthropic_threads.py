"""What a request in a message thread needs so that the provider's conversation stays true."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinnedrules.errors import Unreadable
from pinnedrules.types import Restore
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Answer

MESSAGES = AnthropicMessages()
TOKEN = "ab" * 16
SHOWN = f"pinnedrules:call:{TOKEN}:0"
THREAD = {"type": "continue", "previous_message_id": "msg_1"}


def body(messages: list[Any], **more: Any) -> bytes:
    return json.dumps({"model": "c", "max_tokens": 9, "messages": messages, "thread": THREAD, **more}).encode()


def row(**more: Any) -> Restore:
    message = b'{"role":"assistant","content":[]}'
    return Restore(TOKEN, "s", MESSAGES.name, message, "", "", **{"results": (), "at": "message:msg_1", **more})


def restored(request: bytes, kept: Restore) -> tuple[dict[str, Any], Any]:
    found = MESSAGES.restore(request, {"message:msg_1": kept, TOKEN: kept})
    return json.loads(found.body), found


def test_the_result_of_a_rewritten_call_gets_the_provider_s_own_id_and_says_what_was_done() -> None:
    """The thread holds the original call, so its result must name that one."""
    result = {"type": "tool_result", "tool_use_id": SHOWN, "content": "sent"}
    kept = row(rewritten={SHOWN: ("toolu_1", "{}", "[changed]\n")})

    request, found = restored(body([{"role": "user", "content": [result]}, {"role": "user", "content": "go on"}]), kept)

    assert request["messages"][0]["content"] == [{**result, "tool_use_id": "toolu_1", "content": "[changed]\nsent"}]
    assert request["messages"][1] == {"role": "user", "content": "go on"}
    assert found.used == (TOKEN,)
    assert found.inert == ()


@pytest.mark.parametrize(
    "result",
    [
        {"type": "tool_result", "tool_use_id": f"pinnedrules:call:{TOKEN}:7", "content": "x"},
        {"type": "text", "text": f"look at {SHOWN}"},
    ],
)
def test_an_id_that_was_not_given_out_stays_as_it_is(result: dict[str, str]) -> None:
    """Tokens elsewhere are inert."""
    request, found = restored(
        body([{"role": "user", "content": [result]}]), row(rewritten={SHOWN: ("toolu_1", "{}", "")})
    )

    assert request["messages"][0]["content"] == [result]
    assert found.inert == (TOKEN,)


@pytest.mark.parametrize(
    ("messages", "types"),
    [
        ([{"role": "user", "content": "why?"}], [["tool_result", "text"]]),
        ([{"role": "user", "content": ""}], [["tool_result"]]),
        ([], [["tool_result"]]),
        ([{"role": "system", "content": "be brief"}], [["tool_result"], None]),
    ],
)
def test_results_of_calls_that_did_not_run_go_first(messages: list[Any], types: list[Any]) -> None:
    """Every call is answered at the start of the next user message, one of its own if need be."""
    request, _ = restored(body(messages), row(results=(("toolu_1", "DENIED"),)))

    found = [
        [block["type"] for block in message["content"]] if isinstance(message["content"], list) else None
        for message in request["messages"]
    ]
    assert found == types


def test_the_thread_goes_on_from_the_provider_s_last_message() -> None:
    """The client may know only the answer that the gate replied to itself."""
    request, found = restored(body([{"role": "user", "content": "hi"}]), row(at="message:msg_2"))

    assert request["thread"] == {"type": "continue", "previous_message_id": "msg_2"}
    assert found.patch == ({"op": "replace", "path": "/thread", "value": request["thread"]},)


def test_nothing_is_changed_where_nothing_is_owed() -> None:
    """Rule 4 of the dialects: what is not edited is given back byte-identical."""
    request = body([{"role": "user", "content": "hi"}])

    assert MESSAGES.restore(request, {"message:msg_1": row()}).body == request


def test_tools_of_the_thread_are_known_to_a_request_that_repeats_none() -> None:
    """Arguments are decided by the schema that the thread was created with."""
    tools = [{"name": "archive", "input_schema": {"type": "object", "properties": {"id": {}}}}]
    begun = body([], tools=tools, thread={"type": "create"})

    facts = MESSAGES.read_request(MESSAGES.completed(body([]), MESSAGES.kept(begun)))

    assert facts.tools == {"archive": frozenset({"id"})}
    assert MESSAGES.kept(body([], thread=None)) == ""
    assert json.loads(MESSAGES.completed(body([]), "{}")) == json.loads(body([]))


def test_an_answer_without_an_id_cannot_be_continued_in_a_thread() -> None:
    """The gate then ends the turn, it does not guess."""
    answer = Answer({}, b'{"role":"assistant","content":[]}', "", "tool_use", False)

    with pytest.raises(Unreadable, match="without an id"):
        MESSAGES.go_on(body([{"role": "user", "content": "hi"}]), answer, [("toolu_1", "DENIED")])


def test_the_word_for_a_lost_thread_is_the_provider_s_own() -> None:
    """The SDK sends everything anew for this error code and for no other status than an error's."""
    assert json.loads(MESSAGES.lost())["error"]["details"] == {"error_code": "thread_not_found"}
