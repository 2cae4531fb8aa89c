"""Faults on the way back and habits of compatible servers, as a client meets them."""

from __future__ import annotations

import http.client
import json
import zlib
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anthropic
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.testing.conftest import Connect, Line

from pinnedrules.testing.body import make_body
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script, ScriptEndedError

HI: Any = [{"role": "user", "content": "hi"}]
CALL = ProposedCall("f", {"a": 1, "b": "größer"})
WHOLE = Reply("Let me look.", calls=[CALL, CALL])


def test_a_status_is_an_error_in_the_providers_shape(connect: Connect) -> None:
    """A scripted 429 carries retry-after and is retried by the SDK; a scripted 500 reaches both SDKs as
    theirs.
    """
    line = connect(Reply(status=429, retry_after=0.01, message="slow down"), Reply("ok"), retries=1)
    assert line.openai.chat.completions.create(model="m", messages=HI).choices[0].message.content == "ok"
    assert [each.status for each in line.provider.requests] == [429, 200]

    broken = connect(Reply(status=500), Reply(status=529, headers={"x-should-retry": "false"}), retries=0)
    with pytest.raises(openai.InternalServerError, match="The service had an error"):
        broken.openai.chat.completions.create(model="m", messages=HI)
    with pytest.raises(anthropic.APIStatusError) as overloaded:
        broken.anthropic.messages.create(model="c", max_tokens=9, messages=HI)
    assert isinstance(overloaded.value.body, dict)
    assert overloaded.value.body["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize("fault", [{"cut_after_frames": 4}, {"cut_after_bytes": 1500}])
def test_a_cut_stream_is_a_lost_connection(connect: Connect, fault: dict[str, Any]) -> None:
    """A stream cut after frames or bytes ends in a connection error, not in a complete answer."""
    line = connect(Reply("text " * 80, calls=[CALL], **fault))

    with pytest.raises(Exception, match=r"(?i)incomplete|closed|connection|peer"):
        list(line.openai.chat.completions.create(model="m", messages=HI, stream=True))

    assert b"[DONE]" not in line.provider.requests[0].answer


def test_a_clean_cut_ends_in_good_order(connect: Connect) -> None:
    """With ``cut_cleanly`` the HTTP body ends properly in the middle of a call."""
    line = connect(Reply(calls=[CALL], cut_after_frames=3, cut_cleanly=True))

    chunks = list(line.openai.chat.completions.create(model="m", messages=HI, stream=True))

    assert len(chunks) == 3
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 3


def test_a_cut_json_answer_is_shorter_than_it_claims(connect: Connect) -> None:
    """A JSON answer cut after some bytes claims its full length and drops the connection."""
    line = connect(Reply("hello", cut_after_bytes=40), Reply("hello", cut_after_bytes=10_000))
    connection = http.client.HTTPConnection(line.provider.url.removeprefix("http://"))
    connection.request("POST", "/chat/completions", json.dumps({"model": "m", "messages": HI}))

    with connection.getresponse() as response, pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()

    assert len(line.provider.requests[0].answer) == 40
    assert line.openai.chat.completions.create(model="m", messages=HI).choices[0].message.content == "hello"


def test_an_error_in_the_middle_of_a_stream(connect: Connect) -> None:
    """Both SDKs raise the provider's error event."""
    line = connect(Reply("hello", error_after_frames=2), Reply("hello", error_after_frames=2, message="too busy"))

    with pytest.raises(openai.APIError, match="Overloaded"):
        list(line.openai.chat.completions.create(model="m", messages=HI, stream=True))
    with pytest.raises(anthropic.APIStatusError, match="too busy"):
        list(line.anthropic.messages.create(model="c", max_tokens=9, messages=HI, stream=True))


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "br"])
@pytest.mark.parametrize("crlf", [False, True])
@pytest.mark.parametrize("chunk_bytes", [None, 1, 3, 7])
def test_no_chunking_coding_or_line_end_changes_the_answer(
    connect: Connect, encoding: str, crlf: bool, chunk_bytes: int | None
) -> None:
    """Whatever the chunk size, content coding, comments and line ends, both SDKs read the same answer."""
    reply = Reply("größer", calls=[CALL], encoding=encoding, crlf=crlf, chunk_bytes=chunk_bytes, comments=crlf)
    line = connect(reply, reply, reply)

    with line.openai.chat.completions.stream(model="m", messages=HI) as stream:
        chat = stream.get_final_completion().choices[0].message
    with line.anthropic.messages.stream(model="c", max_tokens=9, messages=HI) as events:
        text, use = events.get_final_message().content
    whole = line.openai.chat.completions.create(model="m", messages=HI).choices[0].message

    assert (chat.content, whole.content, text.type == "text" and text.text) == ("größer",) * 3
    assert chat.tool_calls is not None
    assert json.loads(chat.tool_calls[0].function.arguments) == {"a": 1, "b": "größer"}
    assert use.type == "tool_use"
    assert use.input == {"a": 1, "b": "größer"}


@given(
    frames=st.lists(st.binary(max_size=30), max_size=8),
    chunk=st.none() | st.integers(1, 9),
    cut=st.none() | st.integers(0, 200),
)
def test_a_body_is_its_frames_up_to_the_cut(frames: list[bytes], chunk: int | None, cut: int | None) -> None:
    """For all frames, chunk sizes and cuts: the pieces are the start of the frames, and only a cut drops
    the connection.
    """
    body = make_body(frames, Reply(chunk_bytes=chunk, cut_after_bytes=cut), streamed=True)

    whole = b"".join(frames)
    assert b"".join(body.pieces) == whole[:cut]
    assert all(body.pieces)
    assert body.dropped == (cut is not None and cut < len(whole))
    assert (body.length > len(whole[:cut])) == body.dropped


def test_a_stream_is_flushed_frame_by_frame_when_coded() -> None:
    """A compressed stream gives each frame at once, as the services flush theirs."""
    body = make_body([b"one", b"two"], Reply(encoding="gzip"), streamed=True)

    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert [reader.decompress(piece) for piece in body.pieces] == [b"one", b"two", b""]


def test_an_unknown_coding_is_only_claimed(connect: Connect) -> None:
    """A coding that the provider does not know stands in the header, and the bytes stay plain."""
    line = connect(Reply("hello", encoding="x-unknown"))

    with line.openai.chat.completions.with_streaming_response.create(model="m", messages=HI) as response:
        assert response.headers["content-encoding"] == "x-unknown"
        response.read()
    assert b'"hello"' in line.provider.requests[0].answer


def test_raw_bodies_and_content_types_pass_as_given(connect: Connect) -> None:
    """``raw`` and ``content_type`` replace what the provider would have sent, with any status."""
    line = connect(Reply(raw=b"<html>busy</html>", content_type="text/html", status=502), Reply(raw=b"data: {x\n\n"))

    with pytest.raises(openai.InternalServerError):
        line.openai.chat.completions.create(model="m", messages=HI)
    with pytest.raises(json.JSONDecodeError):
        list(line.openai.chat.completions.create(model="m", messages=HI, stream=True))

    assert bytes(line.provider.requests[0].answer) == b"<html>busy</html>"


def _read(line: Line, dialect: str, *, streamed: bool) -> Any:
    """Ask once, in the dialect, and read the answer to its end."""
    create: dict[str, Any] = {
        "chat": lambda: line.openai.chat.completions.create(model="m", messages=HI, stream=streamed),
        "messages": lambda: line.anthropic.messages.create(model="c", max_tokens=9, messages=HI, stream=streamed),
        "responses": lambda: line.openai.responses.create(model="m", input="hi", stream=streamed),
    }
    answer = create[dialect]()
    return list(answer) if streamed else answer


DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])


@DIALECTS
@pytest.mark.parametrize("garbled", ["json", "utf8", "html"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_garbled_answer_is_no_answer(connect: Connect, dialect: str, garbled: Any, streamed: bool) -> None:
    """Half a JSON text, a byte that is no UTF-8, a gateway's page: the answer's bytes are spoiled in every dialect."""
    line = connect(Reply("hello", calls=[CALL], garbled=garbled))

    with suppress(Exception):
        _read(line, dialect, streamed=streamed)
    answer = bytes(line.provider.requests[0].answer)

    if garbled == "utf8":
        with pytest.raises(UnicodeDecodeError):
            answer.decode()
    elif garbled == "html":
        assert answer.startswith(b"<html>")
    else:
        texts = [line[6:] for line in answer.split(b"\n") if line.startswith(b"data: {")] if streamed else [answer]
        assert sum(not _is_json(text) for text in texts) == 1


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@DIALECTS
@pytest.mark.parametrize("fault", [{"cut_after_frames": 4}, {"cut_after_bytes": 1500}])
def test_a_cut_ends_the_stream_of_every_dialect(connect: Connect, dialect: str, fault: dict[str, Any]) -> None:
    """A stream that is cut is a lost connection, whichever dialect."""
    line = connect(Reply("text " * 80, calls=[CALL], **fault))

    with pytest.raises(Exception, match=r"(?i)incomplete|closed|connection|peer"):
        _read(line, dialect, streamed=True)


@DIALECTS
def test_a_busy_service_says_so_in_every_dialect(connect: Connect, dialect: str) -> None:
    """A scripted 429 is each SDK's own error, with the seconds to wait."""
    line = connect(Reply(status=429, retry_after=3, message="slow down"))

    with pytest.raises((openai.RateLimitError, anthropic.RateLimitError), match="slow down") as caught:
        _read(line, dialect, streamed=False)

    error: Any = caught.value
    assert error.response.headers["retry-after"] == "3"


@DIALECTS
def test_a_full_context_is_told_in_every_dialect(connect: Connect, dialect: str) -> None:
    """``context_tokens`` is what the usage says, so that an agent compacts by itself."""
    line = connect(Reply("ok", context_tokens=190_000))

    usage = _read(line, dialect, streamed=False).usage.to_dict()

    assert usage["prompt_tokens" if dialect == "chat" else "input_tokens"] == 190_000


@DIALECTS
@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
def test_slow_pieces_and_codings_change_no_dialect(connect: Connect, dialect: str, encoding: str) -> None:
    """Delays, small chunks, comments, CR LF and content codings give the same stream."""
    plain = Reply("größer", calls=[ProposedCall("f", {"a": 1}, id="call_1")])
    odd = replace(plain, encoding=encoding, chunk_bytes=900, comments=True, crlf=True, delay=0.001, frame_delay=0.0001)
    line = connect(plain, odd)

    first, second = ([event.to_dict() for event in _read(line, dialect, streamed=True)] for _ in "ab")

    assert _texts(first) == _texts(second)
    assert len(first) == len(second)


def _texts(events: list[dict[str, Any]]) -> list[str]:
    """What is no padding, id or time in the events of a stream."""
    pieces = []
    for event in events:
        delta = event["choices"][0]["delta"] if "choices" in event else event.get("delta", event["type"])
        pieces.append(json.dumps(delta))
    return pieces


HABITS: dict[str, dict[str, Any]] = {
    "whole_calls": {"whole_calls": True},
    "null_ids": {"null_ids": True},
    "no_done": {"no_done": True},
    "extra": {"extra": {"provider": "local", "timings": {"ms": 3}}},
}


@pytest.mark.parametrize("habit", HABITS.values(), ids=HABITS.keys())
def test_habits_of_compatible_servers_are_read_by_the_sdk(connect: Connect, habit: dict[str, Any]) -> None:
    """Deviations that the SDK tolerates give the same calls as the service's own form."""
    line = connect(Reply("x", calls=[CALL, CALL], **habit))

    with line.openai.chat.completions.stream(model="m", messages=HI) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls

    assert [json.loads(call.function.arguments)["a"] for call in calls or ()] == [1, 1]


def test_habits_that_the_sdk_does_not_read_stand_in_the_bytes(connect: Connect) -> None:
    """Calls without an index or an id, and legacy calls in one piece, are sent as such servers send them."""
    legacy = ProposedCall("f", {"a": 1}, kind="legacy")
    line = connect(
        Reply("x", calls=[CALL], no_index=True, no_ids=True),
        Reply(calls=[legacy], whole_calls=True),
        Reply(calls=[CALL], no_ids=True, whole_calls=True),
    )
    for _ in "ab":
        list(line.openai.chat.completions.create(model="m", messages=HI, stream=True))
    list(line.anthropic.messages.create(model="c", max_tokens=9, messages=HI, stream=True))

    first, second, third = (bytes(each.answer).decode() for each in line.provider.requests)
    assert '"tool_calls":[{"id":"","type":"function"' in first
    assert '"function_call":{"name":"f","arguments":"{\\"a\\":1}"}' in second
    assert '"type":"tool_use","id":""' in third


def test_arguments_go_out_exactly_as_written(connect: Connect) -> None:
    """Duplicate keys and broken JSON in a call's arguments are not mended on the way, in any form of
    answer.
    """
    twice = ProposedCall("f", '{"a": 1, "a": 2}')
    broken = ProposedCall("f", '{"a": ')
    line = connect(Reply(calls=[twice]), Reply(calls=[broken], whole_calls=True))
    list(line.anthropic.messages.create(model="c", max_tokens=9, messages=HI, stream=False))
    list(line.anthropic.messages.create(model="c", max_tokens=9, messages=HI, stream=True))

    first, second = (bytes(each.answer).decode() for each in line.provider.requests)
    assert '"input":{"a": 1, "a": 2}' in first
    assert r'"partial_json":"{\"a\": "' in second


def test_told_usage_and_finish_are_sent(connect: Connect) -> None:
    """``usage`` and ``finish`` replace the estimates."""
    line = connect(
        Reply("x", finish="length", usage={"prompt_tokens": 7, "completion_tokens": 3, "cached_tokens": 2}),
        Reply("x", finish="max_tokens", usage={"input_tokens": 7}),
    )
    chat = line.openai.chat.completions.create(model="m", messages=HI)
    message = line.anthropic.messages.create(model="c", max_tokens=9, messages=HI)

    assert chat.usage is not None
    assert chat.usage.prompt_tokens_details is not None
    assert (chat.usage.total_tokens, chat.usage.prompt_tokens_details.cached_tokens) == (10, 2)
    assert chat.choices[0].finish_reason == "length"
    assert (message.usage.input_tokens, message.stop_reason) == (7, "max_tokens")


def test_what_the_model_function_raises_is_not_hidden() -> None:
    """A model that raises gives status 500 and raises at the end of the block, or is noted on another
    error.
    """

    def ask(catch: type[Exception]) -> None:
        with (
            ScriptedProvider(Script([])) as provider,
            openai.OpenAI(base_url=provider.openai_url, api_key="k") as client,
            suppress(catch),
        ):
            client.chat.completions.create(model="m", messages=HI)

    with pytest.raises(ScriptEndedError):
        ask(openai.InternalServerError)
    with pytest.raises(openai.InternalServerError) as caught:
        ask(LookupError)
    assert "ScriptEndedError" in caught.value.__notes__[0]


def test_a_client_that_leaves_is_noted_and_does_not_hold_the_server(connect: Connect) -> None:
    """A client that closes in the middle of a stream is recorded as gone; stopping never waits for a
    scripted delay.
    """
    line = connect(Reply("x" * 400_000, fragment_chars=40_000, frame_delay=0.01), Reply("late", delay=600))
    with line.openai.chat.completions.create(model="m", messages=HI, stream=True) as stream:
        next(iter(stream))
    while not line.provider.requests[0].gone:
        pass
    with pytest.raises(openai.APITimeoutError):
        line.openai.with_options(timeout=0.05).chat.completions.create(model="m", messages=HI)
