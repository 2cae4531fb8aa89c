"""Reading a Chat Completions stream: which frame carries which call, and when a call is complete."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.chat_parts import USAGE, call, calls, chunk, dump, opening, part, usage_chunk
from tests.wire.feeding import (
    byte_by_byte,
    cut,
    golden,
    read,
    read_stream,
    released,
    rendered,
    sse,
    streams,
    whole,
)

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.base import Key
from pinnedrules.wire.openai_chat import OpenAIChat

CHAT = OpenAIChat()
DONE = b"[DONE]"
NAMES = streams("chat")
BIG = '{"id":18446744073709551617}'

EXPECTED: dict[str, dict[Key, Call]] = {
    "chat_text.sse": {},
    "chat_three_calls.sse": {
        (0, 0): Call("delete_mail", '{"id":7,"note":"old {\\"x\\"}"}', "call_w8ZbPq3nT6mKc1Lx"),
        (0, 1): Call("archive", BIG, "call_Yd2RfV9sJ4hGu7Ek"),
        (0, 2): Call("list_mail", "{}", "call_Ng5TqB8wX0aZi3Op"),
    },
    "chat_lone_call.sse": {(0, 0): Call("delete_mail", '{"id":"a1"}', "call_Lone1nT6mKc1LxPq")},
    "chat_custom_call.sse": {(0, 0): Call("run_sql", "DROP TABLE mail;\n", "call_Cu5t0mT6mKc1LxPq", "custom")},
    "chat_legacy_call.sse": {(0, -1): Call("delete_mail", '{"id":7}', "", "legacy")},
    "chat_two_choices.sse": {
        (0, 0): Call("delete_mail", '{"id":2}', "call_N1aT6mKc1LxPqw8Z"),
        (1, 0): Call("archive", '{"id":1}', "call_N2bT6mKc1LxPqw8Z"),
    },
}


def answer_of(*data: bytes) -> Any:
    return read_stream(CHAT, sse(*data))[2]


@pytest.mark.parametrize("name", NAMES)
def test_golden_streams_give_their_calls(name: str) -> None:
    """A transcript of the real service gives its calls, exact to the last digit."""
    _, frames, answer = read_stream(CHAT, golden(name))

    assert answer.calls == EXPECTED[name]
    assert dict(done for frame in frames for done in frame.done) == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_each_call_is_complete_exactly_once_and_after_its_last_part(name: str) -> None:
    """A call is done in one frame, and no later frame carries a part of it."""
    _, frames, answer = read_stream(CHAT, golden(name))

    for key in answer.calls:
        (when,) = [n for n, frame in enumerate(frames) if key in dict(frame.done)]
        assert max(n for n, frame in enumerate(frames) if key in frame.keys) <= when


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_other_chunks_give_the_same_frames(name: str, line_end: bytes) -> None:
    """Rule 3: feeding the same bytes in other chunks gives the same frames, with any line end."""
    data = golden(name).replace(b"\n", line_end)
    expected = read(CHAT.read_stream(), whole(data))

    assert read(CHAT.read_stream(), byte_by_byte(data)) == expected
    for seed in range(5):
        assert read(CHAT.read_stream(), cut(data, seed)) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_released_calls_pass_byte_identical(name: str, line_end: bytes) -> None:
    """Invariant 8: an allowed call passes byte-identical, through render and as raw frames."""
    data = golden(name).replace(b"\n", line_end)
    reader, frames, answer = read_stream(CHAT, data)

    assert b"".join(frame.raw for frame in frames) == data
    assert rendered(reader, frames, released(answer)) == data


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_can_be_repeated_in_the_next_request(name: str) -> None:
    """The message of an answer holds its text and its calls as the provider sent them."""
    _, _, answer = read_stream(CHAT, golden(name))

    if name == "chat_two_choices.sse":
        assert answer.message is None
        return
    assert answer.message is not None
    message = json.loads(answer.message)
    assert message["role"] == "assistant"
    assert (message["content"] or "") == answer.text
    shown = [
        (one["id"], one[one["type"]]["name"], one[one["type"]].get("arguments", one[one["type"]].get("input")))
        for one in message.get("tool_calls", [])
    ]
    if "function_call" in message:
        shown = [("", message["function_call"]["name"], message["function_call"]["arguments"])]
    assert shown == [(one.id, one.name, one.arguments) for one in answer.calls.values()]


def test_the_answer_says_how_it_ended_and_what_it_cost() -> None:
    """Text, finish reason and usage are those of the stream."""
    _, frames, answer = read_stream(CHAT, golden("chat_text.sse"))

    assert answer.text == "Grüße aus Zürich — “alles” gut 👍\n."
    assert (answer.finish, answer.cut, answer.usage["total_tokens"]) == ("stop", False, 45)
    assert [frame.ending for frame in frames[-4:]] == [False, True, True, True]


@pytest.mark.parametrize(("finish", "is_cut"), [("length", True), ("content_filter", True), ("stop", False)])
def test_an_answer_that_was_cut_says_so(finish: str, is_cut: bool) -> None:
    """The model cannot be asked to go on from an answer that the provider cut."""
    assert answer_of(chunk({"content": "a"}), chunk({}, finish), DONE).cut is is_cut


def test_a_frame_without_calls_has_no_keys() -> None:
    """Text can pass at once."""
    _, frames, _ = read_stream(CHAT, golden("chat_three_calls.sse"))

    assert [bool(frame.keys) for frame in frames[:5]] == [False, False, False, True, True]


# -- habits of compatible servers ----------------------------------------------------------------------------------

DELETE = chunk(calls(opening(0, "delete", "c1", '{"id":7}')))
END = chunk({}, "tool_calls")
ONE: dict[Key, Call] = {(0, 0): Call("delete", '{"id":7}', "c1")}
TWO: dict[Key, Call] = {(0, 0): Call("a", "{}", "c1"), (0, 1): Call("b", '{"x":1}', "c2")}
HABITS: dict[str, tuple[list[bytes], dict[Key, Call]]] = {
    "a whole call in one chunk": ([DELETE, END, DONE], ONE),
    "everything in one chunk": (
        [chunk(calls(opening(0, "delete", "c1", '{"id":7}'), content="hi"), "tool_calls"), DONE],
        ONE,
    ),
    "no [DONE]": ([DELETE, END], ONE),
    "finish reason stop with calls": ([DELETE, chunk({}, "stop"), DONE], ONE),
    "no finish reason at all": ([DELETE, DONE], ONE),
    "the id on each fragment": (
        [chunk(calls(opening(0, "delete", "c1", '{"id"'))), chunk(calls(part(0, ":7}", id="c1"))), END, DONE],
        ONE,
    ),
    "null id, name and type on later fragments": (
        [
            chunk(calls(opening(0, "delete", "c1", '{"id"'))),
            chunk(calls({"index": 0, "id": None, "type": None, "function": {"name": None, "arguments": ":7}"}})),
            END,
        ],
        ONE,
    ),
    "empty strings on later fragments": (
        [
            chunk(calls(opening(0, "delete", "c1", '{"id"'))),
            chunk(calls({"index": 0, "id": "", "type": "function", "function": {"name": "", "arguments": ":7}"}})),
            END,
        ],
        ONE,
    ),
    "no ids": ([chunk(calls(opening(0, "delete", None, '{"id":7}'))), END], {(0, 0): Call("delete", '{"id":7}')}),
    "no type": ([chunk(calls(part(0, '{"id":7}', name="delete", id="c1"))), END], ONE),
    "an unknown type with a function": (
        [chunk(calls(part(0, '{"id":7}', name="delete", id="c1", type="builtin_function"))), END],
        ONE,
    ),
    "null arguments": ([chunk(calls(opening(0, "now", "c1", None))), END], {(0, 0): Call("now", "", "c1")}),
    "empty arguments": ([chunk(calls(opening(0, "now", "c1", ""))), END], {(0, 0): Call("now", "", "c1")}),
    "arguments as an object": (
        [
            chunk({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "delete", "arguments": {"id": 7}}}]}),
            END,
        ],
        ONE,
    ),
    "no index, by id": (
        [
            chunk(calls(opening(None, "a", "c1"))),
            chunk(calls(part(None, "{}", id="c1"))),
            chunk(calls(opening(None, "b", "c2", '{"x"'))),
            chunk(calls(part(None, ":1}", id="c2"))),
            END,
        ],
        TWO,
    ),
    "no index, by order": (
        [chunk(calls(opening(None, "a", "c1", "{}"), opening(None, "b", "c2", '{"x":1}'))), END],
        TWO,
    ),
    "no index, no id": (
        [
            chunk(calls(opening(None, "a", None))),
            chunk(calls(part(None, "{}"))),
            chunk(calls(opening(None, "b", None, "{}"))),
            chunk({}, "stop"),
        ],
        {(0, 0): Call("a", "{}"), (0, 1): Call("b", "{}")},
    ),
    "indices from one": ([chunk(calls(opening(1, "delete", "c1", '{"id":7}'))), END], {(0, 1): ONE[0, 0]}),
    "both calls in one chunk": (
        [chunk(calls(opening(0, "a", "c1", "{}"), opening(1, "b", "c2", '{"x":1}'))), END],
        TWO,
    ),
    "unknown fields": (
        [
            chunk(
                calls(
                    {**opening(0, "delete", "c1", '{"id":7}'), "extra_content": {"google": {"thought_signature": "x"}}}
                ),
                x_groq={"id": "r"},
            ),
            END,
        ],
        ONE,
    ),
    "the role on each chunk": (
        [
            chunk({"role": "assistant", **calls(opening(0, "delete", "c1", '{"id":7}'))}),
            chunk({"role": "assistant"}, "tool_calls"),
        ],
        ONE,
    ),
    "null tool calls and delta": (
        [
            chunk({"content": "a", "tool_calls": None, "function_call": None}),
            dump({"choices": [{"index": 0, "delta": None}]}),
            chunk({}, "stop"),
        ],
        {},
    ),
    "empty tool calls": ([chunk({"content": "a", "tool_calls": []}), chunk({}, "stop")], {}),
    "no choice index": (
        [chunk(calls(opening(0, "delete", "c1", '{"id":7}')), index=None), chunk({}, "tool_calls", index=None)],
        ONE,
    ),
    "null choices": ([dump({"choices": None}), DELETE, END], ONE),
    "an empty finish reason": ([chunk(calls(opening(0, "delete", "c1", '{"id":7}')), ""), END], ONE),
    "a filter chunk first": (
        [dump({"choices": [], "prompt_filter_results": [], "id": "", "object": "", "model": ""}), DELETE, END],
        ONE,
    ),
    "empty data lines": ([b"", DELETE, b" ", END], ONE),
    "[DONE] twice": ([chunk({"content": "a"}), chunk({}, "stop"), DONE, DONE], {}),
    "text after the end of a choice": ([chunk({}, "stop"), chunk({"content": "."}), DONE], {}),
    "usage in every chunk": (
        [chunk(calls(opening(0, "delete", "c1", '{"id":7}')), usage=USAGE), chunk({}, "tool_calls", usage=USAGE)],
        ONE,
    ),
}


@pytest.mark.parametrize("habit", HABITS)
def test_habits_of_compatible_servers_are_read(habit: str) -> None:
    """Calls come as they are meant, whole or in parts, with or without ids and indices, and pass unchanged."""
    data, expected = HABITS[habit]
    reader, frames, answer = read_stream(CHAT, sse(*data))

    assert answer.calls == expected
    assert dict(done for frame in frames for done in frame.done) == expected
    assert rendered(reader, frames, released(answer)) == sse(*data)


def test_a_number_in_object_arguments_keeps_its_spelling() -> None:
    """Arguments given as JSON instead of text are read as the very bytes that stand there."""
    body = b'{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":{"a": 1.10, "b":1e999}}}]}'
    data = sse(b'{"choices":[{"index":0,"delta":' + body + b"}]}", END)

    assert read_stream(CHAT, data)[2].calls[0, 0].arguments == '{"a": 1.10, "b":1e999}'


def test_usage_in_every_chunk_does_not_hold_text_back() -> None:
    """Only the last usage says how the answer ended."""
    _, frames, answer = read_stream(
        CHAT, sse(chunk({"content": "a"}, usage=USAGE), chunk({}, "stop", usage=USAGE), DONE)
    )

    assert [frame.ending for frame in frames] == [False, True, True]
    assert answer.usage == USAGE


def test_a_chunk_that_brings_content_and_ends_becomes_two_frames() -> None:
    """What a chunk shows can go out while its end still waits."""
    data = sse(chunk(calls(opening(0, "a", "c1", "{}"), content="hi"), "tool_calls"))
    _, (first, second), _ = read_stream(CHAT, data)

    assert (first.raw, second.raw) == (data, b"")
    assert (first.ending, second.ending) == (False, True)
    assert first.keys == {(0, 0)}
    assert first.done
    assert not second.keys


# -- what cannot be read -------------------------------------------------------------------------------------------

OPEN = chunk(calls(opening(0, "delete", "c1", '{"id"')))
BAD: dict[str, list[bytes]] = {
    "cut inside a call": [OPEN],
    "cut inside a call although [DONE] came": [OPEN, DONE],
    "no finish, arguments not an object": [chunk(calls(opening(0, "f", "c1", "7"))), DONE],
    "no finish, free text": [chunk(calls({"index": 0, "id": "c", "custom": {"name": "f", "input": "{}"}})), DONE],
    "not JSON": [b"{"],
    "not an object": [b"[]"],
    "NaN": [b'{"choices":[],"x":NaN}'],
    "[DONE] with more": [b"[DONE] now"],
    "data after [DONE]": [DONE, chunk({"content": "a"})],
    "choices as an object": [b'{"choices":{}}'],
    "a choice as text": [b'{"choices":["a"]}'],
    "a choice index as text": [b'{"choices":[{"index":"0","delta":{}}]}'],
    "a choice index as a boolean": [b'{"choices":[{"index":true,"delta":{}}]}'],
    "a choice index without end": [b'{"choices":[{"index":1000000,"delta":{}}]}'],
    "a delta as text": [b'{"choices":[{"index":0,"delta":"a"}]}'],
    "content as a number": [chunk({"content": 7})],
    "a finish reason as a number": [chunk({}, 7)],  # type: ignore[arg-type]
    "tool calls as an object": [chunk({"tool_calls": {"index": 0}})],
    "a call as text": [chunk({"tool_calls": ["a"]})],
    "a call without a name": [chunk(calls(part(0, "{}", id="c1"))), END],
    "an empty name": [chunk(calls(opening(0, "", "c1", "{}"))), END],
    "a name as a number": [chunk(calls({"index": 0, "function": {"name": 7, "arguments": ""}}))],
    "an id as a number": [chunk(calls({"index": 0, "id": 7, "function": {"name": "a", "arguments": ""}}))],
    "an index as text": [chunk(calls({"index": "0", "function": {"name": "a", "arguments": ""}}))],
    "an index below zero": [chunk(calls(opening(-1, "a", "c1")))],
    "arguments as a number": [chunk(calls(opening(0, "a", "c1", 7)))],
    "a body as text": [chunk({"tool_calls": [{"index": 0, "function": "rm"}]})],
    "a legacy call as text": [chunk({"function_call": "rm"})],
    "an unknown kind": [
        chunk({"tool_calls": [{"index": 0, "type": "shell", "shell": {"command": "ls"}}]}),
        chunk({}, "stop"),
    ],
    "two kinds at once": [chunk({"tool_calls": [{"index": 0, "function": {"name": "a"}, "custom": {"name": "b"}}]})],
    "a kind that contradicts its body": [
        chunk({"tool_calls": [{"index": 0, "type": "custom", "function": {"name": "a"}}]})
    ],
    "a kind that changes": [OPEN, chunk(calls({"index": 0, "custom": {"input": "x"}}))],
    "a second name": [OPEN, chunk(calls(part(0, ":7}", name="delete")))],
    "a second id": [OPEN, chunk(calls(part(0, ":7}", id="c2")))],
    "the same id twice": [chunk(calls(opening(0, "a", "c", "{}"), opening(1, "b", "c", "{}"))), END],
    "object and text arguments": [chunk(calls(opening(0, "a", "c1", "{"))), chunk(calls(part(0, {"b": 1})))],
    "text after object arguments": [chunk(calls(opening(0, "a", "c1", {"b": 1}))), chunk(calls(part(0, "}")))],
    "an index used again": [
        chunk(calls(opening(0, "a", "c1", "{}"))),
        chunk(calls(opening(1, "b", "c2", "{}"))),
        chunk(calls(part(0, "x"))),
    ],
    "indices that go back": [chunk(calls(opening(1, "a", "c1", "{}"))), chunk(calls(opening(0, "b", "c2", "{}")))],
    "an id used again without index": [
        chunk(calls(opening(None, "a", "c1", "{}"), opening(None, "b", "c2", "{}"))),
        chunk(calls(part(None, "x", id="c1"))),
    ],
    "only some indices": [chunk(calls(opening(0, "a", "c1", "{}"), opening(None, "b", "c2", "{}")))],
    "a call after the end": [chunk({}, "stop"), chunk(calls(opening(0, "a", "c1", "{}")))],
    "a repeated key": [
        b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"a","name":"b"}}]}}]}'
    ],
    "a repeated delta": [b'{"choices":[{"index":0,"delta":{"tool_calls":[]},"delta":{}}]}'],
    "a final message with calls": [chunk({}, "stop", x=0).replace(b'"x":0', b'"message":{"tool_calls":[{"id":"a"}]}')],
    "calls beside the delta": [b'{"choices":[{"index":0,"delta":{},"tool_calls":[{"id":"a"}]}]}'],
    "calls at the top": [b'{"choices":[],"tool_calls":[{"id":"a"}]}'],
    "a call in the content": [chunk({"content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]})],
    "a call in an unknown member": [chunk({"steps": [{"name": "f", "arguments": "{}"}]})],
    "a call beside a call's body": [chunk(calls({**opening(0, "a", "c1", "{}"), "name": "b", "arguments": "{}"}))],
    "a call in an unknown member of a call": [
        chunk(calls({**opening(0, "a", "c1", "{}"), "more": {"function_call": {"name": "b"}}}))
    ],
    "a call behind an escape": [b'{"choices":[{"index":0,"delta":{},"tool\\u005fcalls":[{"id":"a"}]}]}'],
    "two choices of one index in one chunk": [
        dump(
            {
                "choices": [
                    {"index": 0, "delta": calls(opening(0, "a", "c1"))},
                    {"index": 0, "delta": calls(part(0, "{}"))},
                ]
            }
        ),
        END,
    ],
    "a choice without an index where another one has its place": [
        dump({"choices": [{"index": 1, "delta": calls(opening(0, "a", "c1", "{}"))}, {"delta": {"content": "x"}}]}),
    ],
    "a choice without an index beside another one": [
        chunk({"content": "x"}),
        chunk({"content": "y"}, index=1),
        chunk(calls(opening(0, "a", "c1", "{}")), index=None),
    ],
    "a choice without an index, then another one": [
        chunk(calls(opening(0, "a", "c1")), index=None),
        chunk(calls(part(0, "{}")), index=1),
    ],
    "two parts of one call in one chunk": [chunk(calls(opening(0, "a", "c1"), part(0, "{}"))), END],
    "two parts of one call in one chunk, by id": [
        chunk(calls(opening(None, "a", "c1"), part(None, "{}", id="c1"))),
        END,
    ],
    "a call in a choice that came too early": [
        chunk(calls(opening(0, "a", "c1")), index=1),
        chunk(calls(opening(0, "b", "c2", "{}"))),
    ],
    "a call beside an error": [chunk(calls(opening(0, "a", "c1", "{}")), error={"message": "x"})],
    "a call in an error": [b'{"error":{"tool_calls":[{"id":"a"}]}}'],
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with pytest.raises(Unreadable):
        read_stream(CHAT, sse(*BAD[name]))


@pytest.mark.parametrize("name", [b"thread.run.created", b"thread.", b"thread.message.delta"])
def test_an_event_that_the_sdk_wraps_into_another_object_is_refused(name: bytes) -> None:
    """Invariant 2: openai-python gives an application no choices of such an event, so nobody can read it twice."""
    data = sse(OPEN) + b"event: " + name + b"\n" + sse(chunk(calls(part(0, ":7}")))) + sse(END, DONE)

    with pytest.raises(Unreadable, match="another API"):
        read_stream(CHAT, data)


@pytest.mark.parametrize("name", [b"", b"message", b"ping", b"x", b"error", b"threads"])
def test_an_event_of_any_other_name_is_read_as_the_sdk_reads_it(name: bytes) -> None:
    """Names mean nothing in this dialect: openai-python reads the data of every other event."""
    data = sse(OPEN) + b"event: " + name + b"\n" + sse(chunk(calls(part(0, ":7}")))) + sse(END, DONE)
    reader, frames, answer = read_stream(CHAT, data)

    assert answer.calls == ONE
    assert rendered(reader, frames, released(answer)) == data


def test_an_escaped_key_is_read_as_what_it_means() -> None:
    """JSON escapes cannot carry a call past the reader."""
    data = (
        b'{"choices":[{"index":0,"delta":{"tool\\u005fcalls":[{"index":0,"id":"c1","function":{"\\u006eame":"delete",'
    )
    data += b'"arguments":"{}"}}]},"finish\\u005freason":"stop"}]}'

    assert answer_of(data, DONE).calls == {(0, 0): Call("delete", "{}", "c1")}


@given(st.sampled_from(NAMES), st.data())
def test_a_stream_cut_anywhere_never_gives_a_half_call(name: str, data: st.DataObject) -> None:
    """A stream cut in the middle of a call gives an error, never a shortened call."""
    whole_stream = golden(name)
    reader = CHAT.read_stream()
    try:
        frames = reader.feed(whole_stream[: data.draw(st.integers(0, len(whole_stream)))])
        frames += reader.end()
    except Unreadable:
        return
    assert all(EXPECTED[name][key] == found for frame in frames for key, found in frame.done)


def test_an_error_event_passes_and_ends_the_answer() -> None:
    """An error in the stream is the provider's word and carries no call."""
    _, frames, answer = read_stream(CHAT, sse(chunk({"content": "a"}), dump({"error": {"message": "overloaded"}})))

    assert not frames[1].keys
    assert (answer.finish, answer.cut, answer.message) == ("error", True, None)


# -- the message for the next request ------------------------------------------------------------------------------


def test_reasoning_is_added_up_for_the_next_request() -> None:
    """Compatible servers want their reasoning back with the calls that it led to."""
    signed = [{"index": 0, "type": "reasoning.text", "text": "th", "signature": None}]
    more = [{"index": 0, "text": "ink", "signature": "s"}, {"index": 1, "type": "reasoning.encrypted", "data": "x"}]
    answer = answer_of(
        chunk({"role": "assistant", "reasoning_content": "th", "reasoning_details": signed}),
        chunk({"reasoning_content": "ink", "reasoning_details": more, "meta": {"a": "1"}, "tag": "x"}),
        chunk({"meta": {"b": "2"}, "tag": "y", "count": 2, "notes": ["n"]}),
        chunk({"count": 3, "notes": ["m"], **calls(opening(0, "a", "c1", "{}"))}, "tool_calls"),
    )

    assert json.loads(answer.message) == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "think",
        "reasoning_details": [
            {"index": 0, "type": "reasoning.text", "text": "think", "signature": "s"},
            {"index": 1, "type": "reasoning.encrypted", "data": "x"},
        ],
        "meta": {"a": "1", "b": "2"},
        "tag": "x",
        "count": 3,
        "notes": ["n", "m"],
        "tool_calls": [call("c1", "a", "{}")],
    }


def test_a_call_without_an_id_gets_one_for_its_result() -> None:
    """Results must name their call, so a missing id is made up in the message, and only there."""
    answer = answer_of(chunk(calls(opening(0, "a", None, "{}"), opening(1, "b", "c2", "{}"))), chunk({}, "tool_calls"))

    assert [one["id"] for one in json.loads(answer.message)["tool_calls"]] == ["call_0", "c2"]
    assert answer.calls[0, 0].id == ""


def test_a_refusal_and_audio_are_part_of_the_message() -> None:
    """A refusal is kept; of an audio answer only the id goes back, as the audio guide asks."""
    answer = answer_of(
        chunk({"refusal": "I ", "audio": {"id": "audio_1"}}),
        chunk({"refusal": "will not.", "audio": {"data": "AAAA", "transcript": "x"}}),
        chunk({}, "stop"),
    )

    assert json.loads(answer.message) == {
        "role": "assistant",
        "content": None,
        "refusal": "I will not.",
        "audio": {"id": "audio_1"},
    }


def test_text_parts_are_read_as_text() -> None:
    """Some compatible servers stream content as a list of parts."""
    answer = answer_of(chunk({"content": [{"type": "text", "text": "a"}, {"type": "thinking"}]}), chunk({}, "stop"))

    assert answer.text == "a"


def test_an_unknown_type_of_a_call_is_repeated() -> None:
    """The message repeats the type that the server gave its call."""
    answer = answer_of(*HABITS["an unknown type with a function"][0])

    assert json.loads(answer.message)["tool_calls"][0]["type"] == "builtin_function"


def test_a_lone_surrogate_survives() -> None:
    """Half of an emoji, as some servers cut it, neither breaks the stream nor the message."""
    answer = answer_of(
        b'{"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}', chunk({"content": "x"}), chunk({}, "stop")
    )

    assert answer.text == "\ud83dx"
    assert json.loads(answer.message)["content"] == "\ud83dx"


def test_usage_without_choices_ends_the_answer() -> None:
    """The usage chunk waits like the finish reason."""
    _, frames, _ = read_stream(CHAT, sse(chunk({"content": "a"}), usage_chunk()))

    assert frames[1].ending
