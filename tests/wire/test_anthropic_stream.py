"""Reading a Messages stream: which frame carries which call, and when a call is complete."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.feeding import byte_by_byte, cut, golden, read, read_stream, released, rendered, streams, whole
from tests.wire.message_parts import block, call, end, event, opened, piece, start, text, tool_use

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Answer, Key

MESSAGES = AnthropicMessages()
SIGNED = "EqQBCkYIBxgCKkB8xK9rYtq0mZ+/vN3w=="
DIRECT = {"type": "direct"}
NAMES = streams("messages")
EXPECTED: dict[str, dict[Key, Call]] = {
    "messages_text.sse": {},
    "messages_thinking_calls.sse": {
        (3,): Call("delete_mail", '{"id": 7, "note": "old \\"x\\""}', "toolu_01W8ZbPq3nT6mKc1LxAa"),
        (4,): Call("archive", '{"id": 18446744073709551617}', "toolu_01Yd2RfV9sJ4hGu7EkBb"),
        (5,): Call("list_mail", "{}", "toolu_01Ng5TqB8wX0aZi3OpCc"),
    },
    "messages_server_tools.sse": {(6,): Call("computer.left_click", '{"coordinate": [1, 2]}', "toolu_01Click")},
    "messages_compaction.sse": {},
}


def nameless(data: bytes) -> bytes:
    return b"".join(line + b"\n\n" for line in data.split(b"\n") if line.startswith(b"data"))


def answer_of(*data: bytes) -> Answer:
    return read_stream(MESSAGES, b"".join(data))[2]


@pytest.mark.parametrize("name", NAMES)
def test_golden_streams_give_their_calls(name: str) -> None:
    """A transcript of the real service gives its calls; what the provider ran itself is none."""
    _, frames, answer = read_stream(MESSAGES, golden(name))

    assert answer.calls == EXPECTED[name]
    assert dict(done for frame in frames for done in frame.done) == EXPECTED[name]
    for key in answer.calls:
        (when,) = [n for n, frame in enumerate(frames) if key in dict(frame.done)]
        assert max(n for n, frame in enumerate(frames) if key in frame.keys) == when


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_other_chunks_give_the_same_frames(name: str, line_end: bytes) -> None:
    """Rule 3: feeding the same bytes in other chunks gives the same frames, with any line end."""
    data = golden(name).replace(b"\n", line_end)
    expected = read(MESSAGES.read_stream(), whole(data))

    assert read(MESSAGES.read_stream(), byte_by_byte(data)) == expected
    for seed in range(5):
        assert read(MESSAGES.read_stream(), cut(data, seed)) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_released_calls_pass_byte_identical(name: str, line_end: bytes) -> None:
    """Invariant 8: an allowed call passes byte-identical, padding and all; so does what the provider ran itself."""
    data = golden(name).replace(b"\n", line_end)
    reader, frames, answer = read_stream(MESSAGES, data)

    assert b"".join(frame.raw for frame in frames) == data
    assert rendered(reader, frames, released(answer)) == data


def test_thinking_comes_back_whole() -> None:
    """Thinking, its signature and redacted thinking are repeated exactly, and so are the calls."""
    answer = answer_of(golden("messages_thinking_calls.sse"))

    assert answer.message is not None
    assert json.loads(answer.message)["content"][:5] == [
        {"type": "thinking", "thinking": "The user wants order.\n\nDelete 7?", "signature": SIGNED},
        {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP"},
        {"type": "text", "text": "I will tidy up."},
        tool_use("toolu_01W8ZbPq3nT6mKc1LxAa", "delete_mail", caller=DIRECT) | {"input": {"id": 7, "note": 'old "x"'}},
        tool_use("toolu_01Yd2RfV9sJ4hGu7EkBb", "archive", caller=DIRECT) | {"input": {"id": 18446744073709551617}},
    ]
    assert b'"input":{"id": 18446744073709551617}' in answer.message


def test_server_blocks_come_back_whole() -> None:
    """What the provider ran itself, its results and citations are repeated in the message."""
    answer = answer_of(golden("messages_server_tools.sse"))

    assert answer.message is not None
    content = json.loads(answer.message)["content"]
    assert content[1]["input"] == {"query": "zip code"}
    assert content[2]["content"][0]["encrypted_content"] == "EqgfCioIARgBIiQ3YTAwMjY1"
    assert content[3]["citations"][0]["cited_text"] == "8001"
    assert content[4]["input"] == {"a": 1}
    assert answer.text == "Looking it up.It is 8001."


def test_compaction_is_reported_and_comes_back_whole() -> None:
    """A compaction by the provider is named, and its block is repeated with its opaque part."""
    answer = answer_of(golden("messages_compaction.sse"))

    assert answer.markers == ("answer:compaction", "answer:applied_edits")
    assert answer.message is not None
    assert json.loads(answer.message)["content"][0] == {
        "type": "compaction",
        "content": "<summary>The inbox was tidied.</summary>",
        "encrypted_content": "EpwBCkYIBhgC",
    }


def test_the_answer_says_how_it_ended_and_what_it_cost() -> None:
    """Counts of the end replace those of the start; others survive."""
    _, frames, answer = read_stream(MESSAGES, golden("messages_text.sse"))

    assert (answer.text, answer.finish, answer.cut) == ("Grüße aus Zürich — 👍.\n", "end_turn", False)
    assert (answer.usage["input_tokens"], answer.usage["output_tokens"], answer.usage["service_tier"]) == (
        472,
        12,
        "standard",
    )
    assert [frame.ending for frame in frames][-3:] == [False, True, True]


@pytest.mark.parametrize(
    ("reason", "is_cut"),
    [
        ("end_turn", False),
        ("tool_use", False),
        ("stop_sequence", False),
        ("max_tokens", True),
        ("pause_turn", True),
        ("refusal", True),
        ("compaction", True),
        ("model_context_window_exceeded", True),
    ],
)
def test_an_answer_that_was_cut_says_so(reason: str, is_cut: bool) -> None:
    """The model can be asked to go on only after it went to its end."""
    assert answer_of(start(), text(0, "a"), end(reason)).cut is is_cut


def test_an_answer_without_its_end_is_cut() -> None:
    """A stream that simply stops after text has no end, and cannot be repeated."""
    answer = answer_of(start(), opened(0, {"type": "text", "text": ""}))

    assert (answer.finish, answer.cut, answer.message) == ("", True, None)


# -- habits of compatible servers ----------------------------------------------------------------------------------

DELETING = start() + call(0, "t1", "delete", '{"id":7}')
ONE: dict[Key, Call] = {(0,): Call("delete", '{"id":7}', "t1")}
TOOL = opened(0, tool_use("t1"))
REST = event("content_block_delta", index=0, delta=piece('{"id":7}')) + event("content_block_stop", index=0)
HABITS: dict[str, tuple[bytes, dict[Key, Call]]] = {
    "the whole input in one piece": (DELETING + end(), ONE),
    "the whole input in the start": (start() + block(0, {**tool_use("t1"), "input": {"id": 7}}) + end(), ONE),
    "the whole input in the start, with an empty piece": (
        start() + block(0, {**tool_use("t1"), "input": {"id": 7}}, piece("")) + end(),
        ONE,
    ),
    "no input in the start": (
        start() + block(0, {"type": "tool_use", "id": "t1", "name": "delete"}, piece('{"id":7}')) + end(),
        ONE,
    ),
    "no input at all": (
        start() + block(0, {"type": "tool_use", "id": "t1", "name": "now"}) + end(),
        {(0,): Call("now", "{}", "t1")},
    ),
    "a comment in a call": (start() + TOOL + b": waiting\n\n" + REST + end(), ONE),
    "a ping in a call": (start() + TOOL + event("ping") + REST + end(), ONE),
    "a nameless ping in a call": (start() + TOOL + b'data: {"type":"ping"}\n\n' + REST + end(), ONE),
    "a nameless unknown event": (DELETING + nameless(event("mood", value=1)) + end(), ONE),
    "no id": (start() + block(0, {"type": "tool_use", "name": "now", "input": {}}) + end(), {(0,): Call("now", "{}")}),
    "[DONE] at the end": (DELETING + end() + b"data: [DONE]\n\n", ONE),
    "no message_stop": (DELETING, ONE),
    "a call of an unknown type": (
        start() + block(0, {"type": "magic_use", "id": "t1", "name": "delete", "input": {}}, piece('{"id":7}')) + end(),
        ONE,
    ),
    "an unknown event": (start() + event("mood", value=1) + call(0, "t1", "delete", '{"id":7}') + end(), ONE),
    "an empty event": (b"event: ping\ndata:\n\n" + DELETING + end(), ONE),
    "the end in two events": (DELETING + end()[: -len(event("message_stop"))] + end(), ONE),
    "a ping after the end": (start() + text(0, "a") + end() + event("ping"), {}),
}


@pytest.mark.parametrize("habit", HABITS)
def test_habits_of_compatible_servers_are_read(habit: str) -> None:
    """Calls come as they are meant, and pass unchanged."""
    data, expected = HABITS[habit]
    reader, frames, answer = read_stream(MESSAGES, data)

    assert answer.calls == expected
    assert dict(done for frame in frames for done in frame.done) == expected
    assert rendered(reader, frames, released(answer)) == data


# -- what cannot be read -------------------------------------------------------------------------------------------

EMPTY = {"type": "text", "text": ""}
WORD = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "a"})
BAD: dict[str, bytes] = {
    "cut inside a call": start() + TOOL,
    "cut inside the input": start() + TOOL + event("content_block_delta", index=0, delta=piece('{"id"')),
    "an end inside a call": start() + TOOL + end(),
    "a stop inside a call": start() + TOOL + event("message_stop"),
    "not JSON": b"data: {\n\n",
    "not an object": b"data: []\n\n",
    "no type": b"data: {}\n\n",
    "a type as a number": b'data: {"type":7}\n\n',
    "a name that contradicts the type": start().replace(b"event: message_start", b"event: ping"),
    "no names at all": nameless(start() + TOOL + REST + end()),
    "a nameless start": nameless(start()) + TOOL + REST + end(),
    "a nameless block": start() + nameless(TOOL) + REST + end(),
    "a nameless piece of input": start()
    + TOOL
    + nameless(event("content_block_delta", index=0, delta=piece('{"amount": 1, "note": ')))
    + event("content_block_delta", index=0, delta=piece('{"amount": 9999}'))
    + nameless(event("content_block_delta", index=0, delta=piece("}")))
    + event("content_block_stop", index=0)
    + end(),
    "a nameless stop": start() + TOOL + nameless(event("content_block_stop", index=0)) + end(),
    "a nameless reason": start() + TOOL + REST + nameless(event("message_delta", delta={"stop_reason": "end_turn"})),
    "a nameless end": start() + TOOL + REST + nameless(event("message_stop")),
    "a nameless piece of text": start() + opened(0, EMPTY) + nameless(WORD) + event("content_block_stop", index=0),
    "an empty name": start() + TOOL.replace(b"event: content_block_start", b"event:") + REST + end(),
    "a name that is taken back": start() + TOOL.replace(b"\ndata:", b"\nevent\ndata:") + REST + end(),
    "a name with a blank": start() + TOOL.replace(b"_start\n", b"_start \n") + REST + end(),
    "a name in capitals": start() + TOOL.replace(b"content_block_start\n", b"Content_Block_Start\n") + REST + end(),
    "a name that the oldest SDK skips": start() + TOOL.replace(b"event: content_block_start", b"event: x") + REST,
    "a byte order mark": b"\xef\xbb\xbf" + start() + TOOL + REST + end(),
    "a call named ping": start() + TOOL.replace(b"event: content_block_start", b"event: ping"),
    "blocks before the message": text(0, "a"),
    "an end before the message": end(),
    "two messages": start() + start(),
    "a message with content": start(content=[{"type": "text", "text": "a"}]),
    "a message with a call": start(content=[tool_use("t1")]),
    "a message as text": event("message_start", message="x"),
    "an index that is missing": start() + event("content_block_start", content_block=tool_use("t1")),
    "an index as text": start() + event("content_block_start", index="0", content_block=tool_use("t1")),
    "an index as a boolean": start() + event("content_block_start", index=False, content_block=tool_use("t1")),
    "an index that jumps": start() + opened(1, tool_use("t1")),
    "an index again": start() + text(0, "a") + text(0, "b"),
    "a block inside a block": start() + opened(0, {"type": "text", "text": ""}) + opened(1, tool_use("t1")),
    "a delta without a block": start() + event("content_block_delta", index=0, delta=piece("{}")),
    "a delta of another block": start() + TOOL + event("content_block_delta", index=1, delta=piece("{}")),
    "a delta after the stop": start() + call(0, "t1") + event("content_block_delta", index=0, delta=piece("{}")),
    "a stop twice": start() + call(0, "t1") + event("content_block_stop", index=0),
    "a block after the end": start() + end() + text(0, "a"),
    "a block after the reason": start() + end().split(b"event: message_stop")[0] + text(0, "a"),
    "text in a call": start() + TOOL + event("content_block_delta", index=0, delta={"type": "text_delta", "text": "x"}),
    "input in a text": start() + block(0, {"type": "text", "text": ""}, piece("{}")),
    "input in a nameless block": start() + block(0, {"type": "magic_use", "id": "t", "name": "delete"}, piece("{}")),
    "input twice": start() + block(0, {**tool_use("t1"), "input": {"a": 1}}, piece('{"b":1}')),
    "input as a list": start() + block(0, {**tool_use("t1"), "input": []}),
    "a piece as an object": start() + block(0, tool_use("t1"), piece({})),
    "a delta as text": start() + TOOL + event("content_block_delta", index=0, delta="x"),
    "a block as text": start() + event("content_block_start", index=0, content_block="x"),
    "a nameless call": start() + block(0, {"type": "tool_use", "id": "t1", "input": {}}),
    "a name as a number": start() + block(0, {"type": "tool_use", "id": "t1", "name": 7, "input": {}}),
    "an id as a number": start() + block(0, {"type": "tool_use", "id": 7, "name": "a", "input": {}}),
    "a toolset as a number": start() + block(0, tool_use("t1", toolset_name=7)),
    "the same id twice": start() + call(0, "t1") + call(1, "t1"),
    "a repeated key": start() + TOOL.replace(b'"name":"delete"', b'"name":"delete","name":"read"'),
    "a repeated key in a piece": start()
    + TOOL
    + event("content_block_delta", index=0, delta=piece("a")).replace(b'"a"', b'"a","partial_json":"b"'),
    "a call inside a text block": start() + block(0, {"type": "text", "text": "", "extra": tool_use("t1")}),
    "a call inside a call": start() + block(0, tool_use("t1", more=tool_use("t2"))),
    "a call beside a block": start() + event("content_block_start", index=0, content_block=EMPTY, x=tool_use("t")),
    "a call in a delta": start() + block(0, EMPTY, {"type": "text_delta", "text": "", "x": tool_use("t")}),
    "a call at the end": start() + event("message_delta", delta={"content": [tool_use("t1")]}),
    "a call in an unknown event": start() + event("message_done", message={"content": [tool_use("t1")]}),
    "an error without its name in a call": start()
    + TOOL
    + nameless(event("error", error={"type": "overloaded_error"})),
    "an error of another type": start() + TOOL.replace(b"event: content_block_start", b"event: error"),
    "an error that is not JSON": start() + b"event: error\ndata: sorry\n\n",
    "an error that is not an object": start() + b"event: error\ndata: []\n\n",
    "a call in an error's second body": start() + b'event: error\ndata: {"error":{},"error":{"tool_calls":[{}]}}\n\n',
    "a call in an error": event("error", error={"tool_calls": [{"id": "x"}]}),
    "a call behind an escape": start() + b'data: {"type":"x","y":{"type":"tool\\u005fuse","name":"a"}}\n\n',
    "leftover bytes": start() + text(0, "a") + end().removesuffix(b"\n"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with pytest.raises(Unreadable):
        read_stream(MESSAGES, BAD[name])


@given(st.sampled_from(NAMES), st.data())
def test_a_stream_cut_anywhere_never_gives_a_half_call(name: str, data: st.DataObject) -> None:
    """A stream cut in the middle of a call gives an error, never a shortened call."""
    whole_stream = golden(name)
    reader = MESSAGES.read_stream()
    try:
        frames = reader.feed(whole_stream[: data.draw(st.integers(0, len(whole_stream)))])
        frames += reader.end()
    except Unreadable:
        return
    assert all(EXPECTED[name][key] == found for frame in frames for key, found in frame.done)


def test_an_error_event_passes_and_ends_the_answer() -> None:
    """An error in the stream is the provider's word and carries no call."""
    _, frames, answer = read_stream(
        MESSAGES, start() + text(0, "a") + event("error", error={"type": "overloaded_error"})
    )

    assert not frames[-1].keys
    assert (answer.finish, answer.cut, answer.message) == ("error", True, None)


def test_a_call_cut_by_the_token_limit_cannot_be_repeated() -> None:
    """Half an input is decided as it is, but not sent back as something it is not."""
    answer = answer_of(start(), call(0, "t1", "delete", '{"id":'), end("max_tokens"))

    assert answer.calls == {(0,): Call("delete", '{"id":', "t1")}
    assert answer.message is None


def test_a_lone_surrogate_in_the_input_is_read() -> None:
    """Half an emoji in a piece of input neither breaks the stream nor the call."""
    cut_emoji = event("content_block_delta", index=0, delta=piece('{"a":"?"}')).replace(b"?", b"\\ud83d")
    answer = answer_of(start(), TOOL, cut_emoji, event("content_block_stop", index=0), end())

    assert answer.calls[0,].arguments == '{"a":"\ud83d"}'
    assert answer.message is None


def test_an_empty_text_block_is_left_out_of_the_message() -> None:
    """The service refuses empty text blocks in a request, although it may send them."""
    answer = answer_of(start(), text(0, ""), call(1, "t1"), end())

    assert answer.message is not None
    assert [one["type"] for one in json.loads(answer.message)["content"]] == ["tool_use"]


def test_an_empty_answer_cannot_be_repeated() -> None:
    """The service refuses empty messages in a request."""
    assert answer_of(start(), end("end_turn")).message is None


def test_a_delta_of_an_unknown_kind_makes_an_answer_unrepeatable() -> None:
    """What is not understood passes, but is not rebuilt by guessing."""
    data = start() + block(0, {"type": "text", "text": ""}, {"type": "mood_delta", "mood": "x"}) + end("end_turn")
    reader, frames, answer = read_stream(MESSAGES, data)

    assert answer.message is None
    assert rendered(reader, frames, {}) == data
