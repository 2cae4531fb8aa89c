"""Whole answers of the Responses API: which calls are in them, where they are kept, and what the caller gets of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import openai
import pytest
from tests.wire.chat_parts import dump, sentence
from tests.wire.feeding import OTHER, TOKEN, golden
from tests.wire.response_parts import (
    MCP,
    USAGE,
    WEB,
    Item,
    answer,
    approval,
    computer,
    custom,
    function,
    local_shell,
    message,
    patch,
    reasoning,
    response,
    search,
    shell,
)

from pinnedrules.compaction.markers import kind
from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Key
from pinnedrules.wire.json_text import dig, items
from pinnedrules.wire.openai_responses_answer import read_json, write_json

GOLD = golden("responses_calls.json")
NEW_ID = f"pinnedrules:call:{TOKEN}:0"
OUT = Release()
SAID = Replace(sentence())
USER: Item = {"id": "msg_u", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}


def parsed(data: bytes) -> Any:
    """Return the response as ``client.responses.create`` gives it."""

    def served(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=data)

    http = httpx2.Client(transport=httpx2.MockTransport(served))
    client = openai.OpenAI(api_key="none", base_url="http://provider.test/v1", http_client=http, max_retries=0)
    return client.responses.create(model="m", input="x")


def output(data: bytes) -> list[bytes]:
    """Return the items of an answer as they stand in the bytes."""
    return items(dig(data, ("output",)))


def test_a_whole_answer_is_read() -> None:
    """Calls come with the names that the rules know and the arguments exactly as they arrived."""
    found = read_json(GOLD)

    assert found.calls == {
        (2,): Call(
            "delete_mail",
            '{"id":18446744073709551617,"reason":"old \\"note\\""}',
            "call_Hq3rXo",
            declared=frozenset({"id", "reason"}),
        ),
        (3,): Call("read_mail", '{"id":2}', "call_Ly7uVb", declared=frozenset({"id"})),
        (4,): Call("crm.wipe", '{"all":true}', "call_Zt1pQm", declared=frozenset({"all"})),
    }
    assert found.text == "I will tidy up. ✔"
    assert (found.finish, found.cut, found.running) == ("completed", False, False)
    assert found.usage["total_tokens"] == 400
    assert found.message is not None
    assert all(raw in GOLD for raw in items(found.message))
    assert found.id == found.began_as == "resp_68f1a2b3c4d5e6f708192a3b4c5d6e7f"


@pytest.mark.parametrize(
    ("item", "call"),
    [
        (function("a", "read", "{}"), Call("read", "{}", "call_a")),
        (function("a", "delete", "{}"), Call("delete", "{}", "call_a", declared=frozenset({"id"}))),
        (function("a", "x", "{}", namespace="crm"), Call("crm.x", "{}", "call_a")),
        (function("a", "x", caller={"type": "program", "caller_id": "p"}), Call("x", '{"id": 1}', "call_a")),
        (custom("a", "ls"), Call("bash", "ls", "call_a", "custom")),
        (local_shell("a"), Call("local_shell", dump(local_shell("a")["action"]).decode(), "call_a", "builtin")),
        (shell("a", "ls"), Call("shell", dump(shell("a", "ls")["action"]).decode(), "call_a", "builtin")),
        (patch("a"), Call("apply_patch", dump(patch("a")["operation"]).decode(), "call_a", "builtin")),
        (computer("a"), Call("computer", '{"type":"type","text":"secret words"}', "call_a", "builtin")),
        (search("a"), Call("tool_search", '{"query":"mail"}', "call_a", "builtin")),
        (approval("a"), Call("mcp:crm.wipe", '{"all":true}', "mcpr_a", "approval")),
    ],
)
def test_every_kind_of_call_is_a_call(item: Item, call: Call) -> None:
    """Invariant 1 holds for every item that a caller runs or says yes to, programs' calls included."""
    assert read_json(answer(item)).calls == {(0,): call}


@pytest.mark.parametrize("item", [MCP, WEB, shell("a", "ls", where="container"), search("a", "server"), reasoning()])
def test_what_the_provider_runs_is_no_call(item: Item) -> None:
    """Tools that the provider runs itself are decided on the request; their items pass as they are."""
    data = answer(item, function("b"))
    assert list(read_json(data).calls) == [(1,)]

    assert output(write_json(data, {(1,): SAID}, ()))[0] == dump(item)


@pytest.mark.parametrize(
    ("more", "places"),
    [
        ({}, ("response:resp_1",)),
        ({"store": True}, ("response:resp_1",)),
        ({"store": False}, ()),
        ({"id": None}, ()),
        ({"store": False, "conversation": {"id": "conv_1"}}, ("conversation:conv_1",)),
        ({"conversation": "conv_1"}, ("response:resp_1", "conversation:conv_1")),
        ({"object": "response.compaction"}, ()),
    ],
)
def test_an_answer_says_where_the_provider_keeps_it(more: Mapping[str, Any], places: tuple[str, ...]) -> None:
    """The places are what a later request can name to continue this answer."""
    assert read_json(answer(message("hi"), **more)).places == places


@pytest.mark.parametrize(
    ("status", "cut", "running"),
    [
        ("completed", False, False),
        ("incomplete", True, False),
        ("failed", True, False),
        ("cancelled", True, False),
        ("queued", False, True),
        ("in_progress", False, True),
    ],
)
def test_the_status_says_whether_the_model_can_go_on(status: str, cut: bool, running: bool) -> None:
    """A cut answer is not continued, and one that is still made in the background is no answer yet."""
    found = read_json(answer(message("hi"), status=status))

    assert (found.finish, found.cut, found.running) == (status, cut, running)


def test_an_answer_that_has_not_begun_has_no_output() -> None:
    """A background response is polled before it has any output."""
    found = read_json(answer(status="queued", output=None))

    assert (found.calls, found.message, found.running) == ({}, b"[]", True)
    assert write_json(answer(status="queued", output=None), {}, [(read_json(GOLD), "x")]).endswith(b"}")


def test_an_error_in_place_of_an_answer() -> None:
    """A server's error has no calls and cannot be continued."""
    body = dump({"error": {"message": "no", "code": "x"}})
    found = read_json(body)

    assert (found.calls, found.message, found.finish, found.cut) == ({}, None, "error", True)
    assert write_json(body, {}, [(read_json(GOLD), "x")]) == body


@pytest.mark.parametrize(
    ("data", "asked", "told"),
    [
        (answer({"id": "cmp_1", "type": "compaction", "encrypted_content": "x"}), (), "threshold"),
        (
            answer({"id": "cmp_1", "type": "compaction", "encrypted_content": "x"}),
            ("request:compaction_trigger",),
            "on-demand",
        ),
        (answer(input_transformations=[{"id": "rs_1", "reason": "prefix_mismatch"}]), (), "prefix"),
        (answer(input_transformations=[{"id": "rs_1", "reason": "turn_boundary"}]), (), ""),
        (answer(prompt_cache_diagnostics={"type": "cache_miss", "reason": "input_changed"}), (), "prefix"),
        (answer(prompt_cache_diagnostics={"type": "cache_miss", "reason": "context_compacted"}), (), "prefix"),
        (answer(prompt_cache_diagnostics={"type": "cache_miss", "reason": "tools_changed"}), (), ""),
        (answer(prompt_cache_diagnostics={"type": "cache_hit"}), (), ""),
        (answer(truncation="auto"), (), ""),
        (answer(truncation="disabled"), (), ""),
    ],
)
def test_an_answer_names_the_compaction_that_it_reports(data: bytes, asked: tuple[str, ...], told: str) -> None:
    """Compaction that an answer reports is recorded as what it is; a setting that may lead to one is none yet."""
    assert kind(read_json(data).markers, asked) == told


def test_a_compaction_is_read() -> None:
    """What ``/responses/compact`` gives holds the user's messages and one compaction item, and no calls."""
    body = dump(
        {
            "id": "resp_c",
            "object": "response.compaction",
            "created_at": 1,
            "output": [USER, {"id": "cmp_1", "type": "compaction", "encrypted_content": "x"}],
            "usage": USAGE,
        }
    )
    found = read_json(body)

    assert (found.calls, found.text, found.cut, found.places) == ({}, "", False, ())
    assert found.markers == ("answer:compaction",)
    assert write_json(body, {}, ()) == body


CALL = function("a")
HIDDEN: dict[str, Any] = {"type": "function_call", "name": "delete", "arguments": "{}", "call_id": "h"}
BAD: dict[str, bytes] = {
    "no object": b"[]",
    "no output": dump({"id": "resp_1", "object": "response"}),
    "an output that is no list": answer(output={}),
    "an item that is no object": answer(output=["x"]),
    "an item without a type": answer({"id": "x"}),
    "an item of an unknown type": answer({"type": "new_call", "id": "x"}),
    "a call without a name": answer({**CALL, "name": ""}),
    "a call without an id": answer({**CALL, "call_id": None}),
    "a call whose arguments are no text": answer({**CALL, "arguments": {}}),
    "two calls with one id": answer(CALL, {**function("b"), "call_id": "call_a"}),
    "a key twice": answer(CALL).replace(b'"call_a","name":', b'"call_a","name":"read","name":'),
    "a key twice in the response": answer(CALL).replace(b'"output":', b'"output":[],"output":'),
    "a call beside the output": answer(message("x"), more=[HIDDEN]),
    "a call in the error": answer(status="failed", error=HIDDEN),
    "a call in a message": answer({**message("x"), "content": [HIDDEN]}),
    "a call in reasoning": answer({**reasoning(), "summary": [HIDDEN]}),
    "a call in a call": answer({**CALL, "caller": HIDDEN}),
    "a call in what the provider ran": answer({**WEB, "tool_calls": [HIDDEN]}),
    "a question of the provider beside the output": answer(message("x"), more=approval("b")),
    "an error that holds a call": dump({"error": HIDDEN}),
    "bytes behind the answer": answer(CALL) + b"{}",
    "no JSON": b"<html>",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    """Invariant 2, bad input by bad input."""
    with pytest.raises(Unreadable):
        read_json(body)


def test_what_an_answer_repeats_of_its_request_hides_nothing() -> None:
    """Tools, schemas, metadata and instructions come back as the application wrote them, and nobody runs them."""
    wild = {"type": "function_call", "name": "x", "arguments": "{}"}
    echo = {
        "tools": [wild],
        "metadata": wild,
        "instructions": [wild],
        "text": wild,
        "prompt": wild,
        "tool_choice": wild,
    }

    assert read_json(answer(message("hi"), **echo)).calls == {}


@pytest.mark.parametrize("tools", [None, {}, ["x"], [{"type": "function"}], [{"type": "namespace", "name": "crm"}]])
def test_tools_that_come_back_unreadable_declare_nothing(tools: object) -> None:
    """An answer is not refused for the tools that it repeats; a tool that it does not declare is one to ask about."""
    assert read_json(answer(CALL, tools=tools)).calls[(0,)].declared is None


def test_a_released_answer_passes_byte_identical() -> None:
    """Invariant 8: an allowed call passes byte-identical."""
    assert write_json(GOLD, dict.fromkeys(read_json(GOLD).calls, OUT), ()) == GOLD


def test_one_of_two_parallel_calls_is_refused() -> None:
    """Invariant 1: the refused call is a message now, the other one is there as it was, and the SDK reads both."""
    data = write_json(GOLD, {(2,): SAID, (3,): OUT, (4,): Replace("")}, ())

    for trace in (
        b"call_Hq3rXo",
        b"fc_68f1a2b6",
        b"18446744073709551617",
        b"call_Zt1pQm",
        b'all\\":true',
        b"fc_68f1a2b8",
    ):
        assert trace in GOLD
        assert trace not in data
    found = parsed(data)
    assert [item.type for item in found.output] == ["reasoning", "message", "message", "function_call"]
    assert found.output[2].id == f"msg_pin_{TOKEN}"
    assert found.output_text == "I will tidy up. ✔" + sentence()
    assert found.output[3].call_id == "call_Ly7uVb"
    kept = [raw for raw in output(data) if b"msg_pin_" not in raw]
    assert kept == [output(GOLD)[number] for number in (0, 1, 3)], "what is released passes byte-identical"


@pytest.mark.parametrize(
    ("item", "member"), [(function("a"), "arguments"), (custom("a"), "input"), (function("a", "read"), "arguments")]
)
def test_a_changed_call_comes_under_another_id(item: Item, member: str) -> None:
    """A rewritten call has the id that carries the token and the decided text; all else of it stays."""
    data = write_json(answer(item), {(0,): Rewrite(NEW_ID, '{"id":2}')}, ())

    assert json.loads(data)["output"] == [{**item, "call_id": NEW_ID, member: '{"id":2}'}]


@pytest.mark.parametrize("item", [shell("a", "ls"), patch("a"), computer("a"), local_shell("a"), approval("a")])
def test_a_call_without_a_place_for_the_token_cannot_be_changed(item: Item) -> None:
    """Builtin calls and the provider's questions are released or refused, never changed."""
    with pytest.raises(Unreadable):
        write_json(answer(item), {(0,): Rewrite(NEW_ID, "{}")}, ())


@pytest.mark.parametrize("make", [function, custom, shell, patch, computer, local_shell, search, approval])
def test_a_refused_call_leaves_no_trace(make: Callable[[str], Item]) -> None:
    """Neither name, id nor arguments of a refused call are in the bytes, whatever its kind."""
    item = make("secret")
    data = write_json(answer(item, message("bye"), tools=[]), {(0,): Replace("That was refused.")}, ())

    shown = json.loads(data)["output"]
    assert [one["type"] for one in shown] == ["message", "message"]
    assert shown[0]["content"][0]["text"] == "That was refused."
    for trace in ("secret", "call_", "delete", "bash", "rm -rf", "wipe", "a.py", "mcpr_", item["type"]):
        assert trace not in json.dumps(shown[0])
    again = write_json(answer(item, message("bye"), tools=[]), {(0,): Replace("That was refused.")}, ())
    assert again == data, "the message has the same id whenever it is shown"


def test_former_answers_stand_before_the_last() -> None:
    """What the gate answered itself is shown as it was but for the calls, each with its placeholder, usage added."""
    first = read_json(answer(reasoning("rs_1"), message("Let me see.", "m1"), function("a")))
    second = read_json(answer(reasoning("rs_2"), function("b"), id="resp_2"))
    body = answer(reasoning("rs_3"), message("Done.", "m3"), function("c"), id="resp_3")
    before = [(first, sentence()), (second, sentence(OTHER))]

    found = parsed(write_json(body, {(2,): OUT}, before))

    shown = [getattr(item, "id", None) for item in found.output]
    assert shown == ["rs_1", "m1", f"msg_pin_{TOKEN}", "rs_2", f"msg_pin_{OTHER}", "rs_3", "m3", "fc_c"]
    assert found.usage.total_tokens == 45
    assert found.usage.input_tokens_details.cached_tokens == 9
    assert found.id == "resp_3", "the provider continues the last answer"
    assert found.output_text == "Let me see." + sentence() + sentence(OTHER) + "Done."


def test_a_former_answer_without_a_placeholder_shows_none() -> None:
    """An empty placeholder is no message, and missing usage stays missing."""
    first = read_json(answer(message("a"), function("a")))
    data = write_json(answer(message("b", "m2"), usage=None), {}, [(first, "")])

    assert [one["id"] for one in json.loads(data)["output"]] == ["msg_1", "m2"]
    assert json.loads(data)["usage"] is None


def test_text_with_a_lone_surrogate_can_be_shown() -> None:
    """A sentence may quote what no UTF-8 can say."""
    outcomes: dict[Key, Outcome] = {(0,): Replace("no \ud800")}

    assert "no \ud800" in json.dumps(json.loads(write_json(answer(function("a")), outcomes, ())), ensure_ascii=False)


def test_the_shape_of_a_response_in_these_tests_is_the_sdks() -> None:
    """The SDK reads every kind of item used here as its own type."""
    made = [function("a"), custom("b"), shell("c", "ls"), patch("d"), computer("e"), local_shell("f"), search("g")]
    found = parsed(dump(response(*made, approval("h"), MCP, WEB, reasoning(), message("x"))))

    assert [item.type for item in found.output] == [
        *(one["type"] for one in made),
        "mcp_approval_request",
        "mcp_call",
        "web_search_call",
        "reasoning",
        "message",
    ]
