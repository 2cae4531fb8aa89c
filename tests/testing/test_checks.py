"""What the scripted provider refuses, because the real services do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import anthropic
import openai
import pytest
from tests.testing.conftest import Connect, Line

from pinnedrules.testing.asserts import assert_all_accepted, refusals
from pinnedrules.testing.script import ProposedCall, Reply

USER = {"role": "user", "content": "hi"}


def _asks(*ids: str) -> dict[str, Any]:
    calls = [{"id": each, "type": "function", "function": {"name": "f", "arguments": "{}"}} for each in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _tool(ident: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": ident, "content": "done"}


def _uses(*ids: str) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": each, "name": "f", "input": {}} for each in ids],
    }


def _results(*ids: str, before: str = "", after: str = "") -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "tool_result", "tool_use_id": each, "content": "ok"} for each in ids]
    head = [{"type": "text", "text": before}] if before else []
    tail = [{"type": "text", "text": after}] if after else []
    return {"role": "user", "content": head + blocks + tail}


CHAT_REFUSED = {
    "a call without an answer": ([USER, _asks("a", "b"), _tool("a")], "did not have response messages: b"),
    "an answer that comes late": ([USER, _asks("a"), USER, _tool("a")], "did not have response messages: a"),
    "an answer to nothing": ([USER, _tool("a")], "must be a response to a preceeding message"),
    "a second answer": (
        [USER, _asks("a"), _tool("a"), _tool("a")],
        "must be a response to a preceeding message",
    ),
    "an unknown role": ([{"role": "robot", "content": "x"}], "Invalid value: 'robot'"),
    "no content": ([{"role": "user", "content": None}], "expected a string, got null"),
    "an empty list of calls": (
        [USER, {"role": "assistant", "content": "x", "tool_calls": []}],
        "empty array",
    ),
    "no messages": ([], "empty array"),
}


@pytest.mark.parametrize(("messages", "says"), CHAT_REFUSED.values(), ids=CHAT_REFUSED.keys())
def test_chat_refuses(connect: Connect, messages: Any, says: str) -> None:
    """A history that the service would refuse is refused with status 400 and the service's words."""
    line = connect()

    with pytest.raises(openai.BadRequestError, match=says) as caught:
        line.openai.chat.completions.create(model="m", messages=messages)

    assert caught.value.type == "invalid_request_error"
    assert line.provider.seen == ()


def test_chat_refuses_missing_and_misplaced_parameters(connect: Connect) -> None:
    """A body without a model, and stream options without a stream, are refused."""
    line = connect()

    with pytest.raises(openai.BadRequestError) as missing:
        line.openai.post("/chat/completions", body={"messages": [USER]}, cast_to=object)
    with pytest.raises(openai.BadRequestError, match="only allowed when 'stream' is enabled"):
        line.openai.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}], stream_options={"include_usage": True}
        )

    assert (missing.value.param, missing.value.code) == ("model", "missing_required_parameter")


def test_chat_takes_what_the_service_takes(connect: Connect) -> None:
    """Parallel calls answered in any order, and a developer message in the middle, are accepted."""
    line = connect(Reply("ok"))
    messages: Any = [
        USER,
        _asks("a", "b"),
        _tool("b"),
        _tool("a"),
        {"role": "developer", "content": "x"},
        USER,
    ]

    line.openai.chat.completions.create(model="m", messages=messages)

    assert_all_accepted(line.provider)


MESSAGES_REFUSED = {
    "a use without a result": ([USER, _uses("a", "b"), _results("a")], "ids were found without.*: b"),
    "a use at the end": ([USER, _uses("a")], "ids were found without.*: a"),
    "a result after text": ([USER, _uses("a"), _results("a", before="x")], "ids were found without.*: a"),
    "a result to nothing": ([_results("a")], "unexpected `tool_use_id` found"),
    "a result from the assistant": (
        [USER, _uses("a"), _results("a") | {"role": "assistant"}],
        "unexpected `tool_use_id` found",
    ),
    "an id used twice": ([USER, _uses("a"), _results("a"), _uses("a"), _results("a")], "must be unique"),
    "an id used twice at once": ([USER, _uses("a", "a"), _results("a")], "must be unique"),
    "an assistant first": ([{"role": "assistant", "content": "x"}, USER], 'must use the "user" role'),
    "an unknown role": ([USER, {"role": "tool", "content": "x"}], "messages.1.role"),
    "an empty text": ([{"role": "user", "content": ""}], "text content blocks must be non-empty"),
    "only space": ([{"role": "user", "content": [{"type": "text", "text": " \n"}]}], "non-whitespace text"),
    "no content": ([{"role": "user", "content": []}, USER], "must have non-empty content"),
    "a system message before a user": (
        [USER, {"role": "system", "content": "x"}, USER],
        "newest user message",
    ),
    "a system message after an answer": (
        [USER, {"role": "assistant", "content": "x"}, {"role": "system", "content": "x"}],
        "newest user message",
    ),
    "no messages": ([], "at least one message is required"),
}


@pytest.mark.parametrize(("messages", "says"), MESSAGES_REFUSED.values(), ids=MESSAGES_REFUSED.keys())
def test_messages_refuses(connect: Connect, messages: Any, says: str) -> None:
    """A history that the service would refuse is refused with status 400 and the service's error object."""
    line = connect()

    with pytest.raises(anthropic.BadRequestError, match=says) as caught:
        line.anthropic.messages.create(model="c", max_tokens=9, messages=messages)

    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert line.provider.seen == ()


def test_messages_refuses_missing_fields_and_an_empty_system_block(connect: Connect) -> None:
    """A body without ``max_tokens`` and an empty system block are refused."""
    line = connect()

    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Field required"):
        line.anthropic.post("/v1/messages", body={"model": "c", "messages": [USER]}, cast_to=object)
    with pytest.raises(anthropic.BadRequestError, match="system: text content blocks must be non-empty"):
        line.anthropic.messages.create(
            model="c",
            max_tokens=9,
            system=[{"type": "text", "text": ""}],
            messages=[{"role": "user", "content": "hi"}],
        )


def test_messages_takes_what_the_service_takes(connect: Connect) -> None:
    """Text after results, two answers in a row, a system message after the newest user message: all
    accepted.
    """
    line = connect(Reply("ok"))
    messages: Any = [
        USER,
        _uses("a", "b"),
        _results("b", "a", after="and?"),
        {"role": "system", "content": "x"},
        {"role": "assistant", "content": "one"},
        {"role": "assistant", "content": "two"},
    ]

    line.anthropic.messages.create(model="c", max_tokens=9, messages=messages, system="Be brief.")

    assert_all_accepted(line.provider)


def _think(line: Line) -> list[Any]:
    """Ask once and return the history with the signed answer and its results."""
    ask: Any = [dict(USER)]
    answer = line.anthropic.messages.create(model="c", max_tokens=9, messages=ask, system="Rules.")
    content = [block.model_dump(exclude_none=True) for block in answer.content]
    ids = [block["id"] for block in content if block["type"] == "tool_use"]
    return [*ask, {"role": "assistant", "content": content}, _results(*ids)]


THINKS = Reply(thinking="hmm", calls=[ProposedCall("f", {})])


def test_thinking_is_taken_back_under_the_prefix_it_was_made_under(connect: Connect) -> None:
    """A signed thinking block passes when system, tools and earlier messages stayed, cache marks aside."""
    line = connect(THINKS, Reply("ok"))
    history = _think(line)
    mark = {"type": "ephemeral"}
    history[0] = {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": mark}]}

    marked: Any = [{"type": "text", "text": "Rules.", "cache_control": mark}]
    line.anthropic.messages.create(model="c", max_tokens=9, system=marked, messages=history)

    assert_all_accepted(line.provider)


@pytest.mark.parametrize("changed", ["system", "tools", "message", "thinking", "signature"])
def test_thinking_under_another_prefix_is_refused(connect: Connect, changed: str) -> None:
    """A thinking block whose system, tools, earlier message, text or signature was altered gives status
    400.
    """
    line = connect(THINKS)
    history = _think(line)
    ask: dict[str, Any] = {"model": "c", "max_tokens": 9, "system": "Rules.", "messages": history}
    if changed == "system":
        ask["system"] = "Other rules."
    elif changed == "tools":
        ask["tools"] = [{"name": "f", "input_schema": {"type": "object"}}]
    elif changed == "message":
        history[0] = {"role": "user", "content": "hello"}
    else:
        history[1]["content"][0][changed] = "0" * 64

    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block"):
        line.anthropic.messages.create(**ask)


def test_a_wrong_key_is_refused(connect: Connect) -> None:
    """With a key set, a request without it gets status 401 from either dialect."""
    line = connect(Reply("ok"), Reply("ok"), key="right")
    line.openai.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    line.anthropic.messages.create(model="c", max_tokens=9, messages=[{"role": "user", "content": "hi"}])

    with pytest.raises(openai.AuthenticationError):
        line.openai.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.AuthenticationError):
        line.openai.with_options(api_key="wrong").chat.completions.create(
            model="m", messages=[{"role": "user", "content": "hi"}]
        )
    with pytest.raises(anthropic.AuthenticationError):
        line.anthropic.with_options(api_key="wrong").messages.create(
            model="c", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
        )


def test_other_paths_and_methods_are_not_found(connect: Connect) -> None:
    """What the provider does not serve gives status 404 in the dialect's own shape, and is recorded."""
    line = connect()

    with pytest.raises(openai.NotFoundError):
        line.openai.files.list()
    with pytest.raises(openai.NotFoundError):
        line.openai.models.delete("m")
    with pytest.raises(anthropic.NotFoundError):
        line.anthropic.messages.batches.list()

    assert [each.path for each in refusals(line.provider)] == ["/v1/files", "/v1/models/m", "/v1/messages/batches"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_body_that_is_no_object_is_refused(connect: Connect, body: bytes) -> None:
    """Bytes that are not a JSON object give status 400, chunked or not, and are recorded as they came."""
    line = connect()
    parts = iter([body]) if body else body
    request = urllib.request.Request(f"{line.provider.url}/deep/base/chat/completions", data=parts, method="POST")
    request.add_header("content-type", "application/json")

    with (
        pytest.raises(urllib.error.HTTPError) as caught,
        caught.value if False else urllib.request.urlopen(request),
    ):
        pass
    with caught.value as answer:
        error = json.loads(answer.read())["error"]

    assert (caught.value.code, error["type"]) == (400, "invalid_request_error")
    assert line.provider.requests[0].body == body
