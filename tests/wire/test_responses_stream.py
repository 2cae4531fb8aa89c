"""Reading a Responses stream: which frame carries which call, and when a call is complete."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.chat_parts import dump
from tests.wire.feeding import byte_by_byte, cut, golden, read, released, rendered, sse, streams, whole
from tests.wire.response_parts import (
    MCP,
    Item,
    begin,
    computer,
    custom,
    events_of,
    finish,
    function,
    message,
    numbered,
    patch,
    reasoning,
    response,
    search,
    shell,
    shown,
    stream,
)

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.base import Frame, Key
from pinnedrules.wire.openai_responses_answer import ResponsesAnswer
from pinnedrules.wire.openai_responses_render import ResponsesStream

NAMES = streams("responses")
EXPECTED: dict[str, dict[Key, str]] = {
    "responses_text.sse": {},
    "responses_calls.sse": {(2,): "delete_mail", (3,): "read_mail", (4,): "crm.wipe"},
    "responses_kinds.sse": {
        (0,): "run_sql",
        (1,): "shell",
        (2,): "apply_patch",
        (3,): "computer",
        (4,): "local_shell",
        (5,): "tool_search",
        (6,): "mcp:crm.wipe",
    },
    "responses_server_tools.sse": {(10,): "read_mail"},
}
CALL = function("a")
Event = dict[str, Any]


def read_all(*data: bytes) -> tuple[ResponsesStream, list[Frame], ResponsesAnswer]:
    reader = ResponsesStream()
    frames = read(reader, data)
    return reader, frames, reader.answer()


def done(frames: list[Frame]) -> dict[Key, Call]:
    return dict(one for frame in frames for one in frame.done)


def nameless(data: bytes) -> bytes:
    return b"".join(line + b"\n\n" for line in data.split(b"\n") if line.startswith(b"data"))


@pytest.mark.parametrize("name", NAMES)
def test_golden_streams_give_their_calls(name: str) -> None:
    """A transcript gives its calls at the end of their items; what the provider ran itself is none."""
    _, frames, answer = read_all(golden(name))

    assert {key: call.name for key, call in answer.calls.items()} == EXPECTED[name]
    assert done(frames) == answer.calls
    for key in answer.calls:
        (when,) = [frame for frame in frames if key in dict(frame.done)]
        assert b"event: response.output_item.done\n" in when.raw
        assert key in frames[-1].keys
        assert [frame.ending for frame in frames] == [False] * (len(frames) - 1) + [True]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_other_chunks_give_the_same_frames(name: str, line_end: bytes) -> None:
    """Rule 3: feeding the same bytes in other chunks gives the same frames, with any line end."""
    data = golden(name).replace(b"\n", line_end)
    expected = read(ResponsesStream(), whole(data))

    assert read(ResponsesStream(), byte_by_byte(data)) == expected


@given(st.sampled_from(NAMES), st.integers())
def test_any_chunks_give_the_same_frames(name: str, seed: int) -> None:
    """Rule 3, for pieces of any size."""
    data = golden(name)

    assert read(ResponsesStream(), cut(data, seed)) == read(ResponsesStream(), [data])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_released_calls_pass_byte_identical(name: str, line_end: bytes) -> None:
    """Invariant 8: an allowed call passes byte-identical, padding and all; so does what the provider ran itself."""
    data = golden(name).replace(b"\n", line_end)
    reader, frames, answer = read_all(data)

    assert b"".join(frame.raw for frame in frames) == data
    assert rendered(reader, frames, released(answer)) == data


def test_text_is_not_held() -> None:
    """Only the frames of calls, and the last event that repeats them, carry keys."""
    _, frames, _ = read_all(stream(reasoning(), message("hi"), CALL, MCP, message("so", "m2"), custom("b")))

    kinds = {(json.loads(frame.raw.split(b"\ndata: ")[1])["type"], bool(frame.keys)) for frame in frames}
    assert kinds & {("response.output_text.delta", True), ("response.mcp_call_arguments.delta", True)} == set()
    assert {kind for kind, held in kinds if held} == {
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.done",
        "response.completed",
    }


def test_the_answer_repeats_the_items_as_they_arrived() -> None:
    """What a later request repeats are the bytes of the items where they were done, reasoning with its opaque part."""
    data = golden("responses_calls.sse")
    _, _, answer = read_all(data)

    assert answer.message is not None
    items = json.loads(answer.message)
    assert [item["type"] for item in items] == ["reasoning", "message", *["function_call"] * 3]
    assert dump(items[0]) in data
    assert answer.text == "I will tidy up. ✔"
    assert (answer.finish, answer.cut, answer.running) == ("completed", False, False)
    assert answer.usage["total_tokens"] == 400
    assert answer.places == ("response:resp_68f1a2b3c4d5e6f708192a3b4c5d6e7f",)
    assert answer.id == answer.began_as == "resp_68f1a2b3c4d5e6f708192a3b4c5d6e7f"


def test_reasoning_that_is_sealed_anew_is_the_one_that_was_done() -> None:
    """The SDK says to repeat the reasoning of the event that ends its item, not another."""
    data = numbered([*begin(), *shown(0, reasoning()), finish({**reasoning(), "encrypted_content": "other"})])

    assert read_all(data)[2].message == b"[" + dump(reasoning()) + b"]"


def test_compaction_is_reported() -> None:
    """A compaction by the provider in the middle of an answer is named."""
    assert read_all(golden("responses_server_tools.sse"))[2].markers == ("answer:compaction",)


@pytest.mark.parametrize("item", [CALL, custom("a"), shell("a", "ls", "rm -rf /"), patch("a"), computer("a")])
def test_a_call_whose_name_of_the_event_is_missing_is_read(item: Item) -> None:
    """SDKs go by the type, so a stream without event names is the same stream."""
    data = stream(item)

    assert read_all(nameless(data))[2].calls == read_all(data)[2].calls != {}


def test_a_server_that_ends_like_chat_completions_is_read() -> None:
    """Some compatible servers send a [DONE] line, comments and events of their own."""
    extra = b": hello\n\n" + numbered([{"type": "keepalive"}, {"type": "x.rate_limits", "left": 3}], 90)
    data = extra + stream(CALL) + b"data: [DONE]\n\n"
    reader, frames, answer = read_all(data)

    assert list(answer.calls) == [(0,)]
    assert frames[-1].ending
    assert rendered(reader, frames, released(answer)) == data


def test_a_server_whose_last_event_repeats_nothing_is_read() -> None:
    """An empty output at the end takes nothing back of what was shown."""
    data = numbered([*begin(), *shown(0, message("hi")), *shown(1, CALL), finish()])
    reader, frames, answer = read_all(data)

    assert answer.message is not None
    assert [item["type"] for item in json.loads(answer.message)] == ["message", "function_call"]
    assert rendered(reader, frames, released(answer)) == data


@pytest.mark.parametrize("first", [1, 3, 5, 6, 7])
def test_a_stream_that_is_resumed_gives_its_calls(first: int) -> None:
    """A stream begun anywhere (``starting_after``) holds the parts that it has until their item is told whole."""
    events = [*begin(), *shown(0, CALL), finish(CALL)]
    data = numbered(events[first:], first)
    _, frames, answer = read_all(data)

    assert answer.calls == {(0,): Call("delete", '{"id": 1}', "call_a", declared=answer.calls[(0,)].declared)}
    assert all(frame.keys == {(0,)} for frame in frames if b"response.in_progress" not in frame.raw)
    assert answer.message == b"[" + dump(CALL) + b"]"


def test_a_stream_that_is_resumed_behind_a_call_finds_it_at_the_end() -> None:
    """A call that stands only in the last event is a call of that event, which waits for its decision."""
    events = [*begin(), *shown(0, CALL), *shown(1, message("hi")), finish(CALL, message("hi"))]
    place = events.index(shown(1, message("hi"))[2])
    _, frames, answer = read_all(numbered(events[place:], place))

    assert done(frames[:-1]) == {}
    assert list(dict(frames[-1].done)) == [(0,)]
    assert frames[-1].ending
    assert answer.message is not None
    assert [item["type"] for item in json.loads(answer.message)] == ["function_call", "message"]


def test_a_resumed_stream_that_does_not_repeat_its_output_cannot_be_repeated() -> None:
    """What was missed is not known, so the answer cannot be put into a request."""
    assert read_all(numbered([*shown(3, message("hi")), finish()]))[2].message is None


def test_a_call_in_the_first_event_is_a_call() -> None:
    """A snapshot that has items already shows them, so it waits for their decision."""
    events = [{"type": "response.created", "response": response(CALL, status="in_progress")}, finish(CALL)]
    _, frames, answer = read_all(numbered(events))

    assert list(dict(frames[0].done)) == [(0,)]
    assert (frames[0].ending, frames[1].ending) == (False, True)
    assert answer.calls == done(frames)


def test_gaps_in_the_output_are_read() -> None:
    """An added event without an item leaves a gap; items are known again by their ids."""
    events = [*begin(), {"type": "response.output_item.added", "output_index": 0, "item": None}]
    events += [*shown(1, message("hi")), *shown(2, CALL), finish(message("hi"), CALL)]
    reader, frames, answer = read_all(numbered(events))

    assert list(answer.calls) == [(2,)]
    assert answer.message is not None
    assert rendered(reader, frames, released(answer)) == numbered(events)


def test_items_whose_ids_change_are_still_the_same() -> None:
    """Some servers give an item another id in every event; its place and its type tell that it is the same."""
    events = [*begin(), *shown(0, message("hi")), *shown(1, CALL)]
    data = numbered([*events, finish(message("hi", "msg_other"), {**CALL, "id": "fc_other"})])

    answer = read_all(data)[2]
    assert answer.message is not None
    assert list(answer.calls) == [(1,)]


def test_an_end_that_repeats_other_items_cannot_be_repeated() -> None:
    """If the last event disagrees about what is no call, the calls stand but the answer is not put into a request."""
    data = numbered([*begin(), *shown(0, message("hi")), *shown(1, CALL), finish(reasoning(), CALL)])

    answer = read_all(data)[2]
    assert list(answer.calls) == [(1,)]
    assert answer.message is None


def test_a_shell_that_runs_at_the_provider_is_no_call() -> None:
    """A container's shell, and a search that the provider does, are no calls, even if that is told late."""
    inside, late = shell("a", "ls", where="container"), shell("b", "ls", where="container")
    events = [*shown(0, inside), *shown(1, late), *shown(2, search("c", "server")), *shown(3, CALL)]
    (begun,) = [one for one in events if one["type"].endswith("added") and one["output_index"] == 1 and "item" in one]
    begun["item"] = {**begun["item"], "environment": None}
    data = numbered([*begin(), *events, finish(inside, late, search("c", "server"), CALL)])
    reader, frames, answer = read_all(data)

    assert list(answer.calls) == [(3,)]
    assert {key for frame in frames for key in frame.keys} == {(1,), (3,)}
    assert rendered(reader, frames, released(answer)) == data


@pytest.mark.parametrize("status", ["incomplete", "failed", "cancelled"])
def test_a_call_that_the_provider_did_not_finish_is_lost(status: str) -> None:
    """An answer that stops inside a call ends properly, without it."""
    events = [*begin(), *shown(0, message("hi")), *shown(1, CALL)[:3], finish(message("hi"), status=status)]
    reader, frames, answer = read_all(numbered(events))

    assert (answer.calls, answer.cut, answer.finish, answer.message) == ({}, True, status, None)
    data = rendered(reader, frames, {})
    assert b"delete" not in data.replace(dump(response()["tools"]), b"")
    assert events_of(data)[-1]["type"] == f"response.{status}"


def test_a_call_that_the_provider_tells_as_it_is_after_it_stopped_is_a_call() -> None:
    """What the last event of a stopped answer holds can be run, so it is decided."""
    cut_off = function("a", arguments='{"id": ', status="incomplete")
    data = numbered(
        [*begin(), *shown(0, function("a", arguments='{"id": '))[:-1], finish(cut_off, status="incomplete")]
    )
    _, frames, answer = read_all(data)

    assert answer.calls[(0,)].arguments == '{"id": '
    assert list(dict(frames[-1].done)) == [(0,)]


RAISED = {"type": "error", "error": {"message": "quota"}, "sequence_number": 7}
SENT = {"type": "error", "code": "x", "message": "quota", "param": None, "sequence_number": 7}


@pytest.mark.parametrize("error", [RAISED, SENT, {"error": {"message": "quota"}}])
@pytest.mark.parametrize("name", [b"event: error\n", b""])
def test_an_error_of_the_provider_ends_the_answer(error: Event, name: bytes) -> None:
    """The caller gets the calls that were complete, then the error as it is, and not the call that it cut."""
    before = numbered([*begin(), *shown(0, CALL), *shown(1, function("b"))[:2]])
    failure = name + sse(dump(error))
    after = numbered([*shown(2, function("c")), finish(status="failed")], 8)
    reader, frames, answer = read_all(before, failure, after)

    assert list(answer.calls) == [(0,)]
    assert (answer.finish, answer.cut, answer.message) == ("error", True, None)
    data = rendered(reader, frames, released(answer))
    assert b"call_a" in data
    assert b"call_b" not in data
    assert b"call_c" not in data
    assert dump(error)[:20] in data
    assert data.count(b"event: response.failed\n") == 1, "programs that ignore the error wait for this"


def test_a_failure_after_an_error_may_repeat_what_was_cut() -> None:
    """The call that the error cut is not shown by the event that follows it either."""
    before = numbered([*begin(), *shown(0, CALL), *shown(1, function("b"))[:2]])
    after = numbered([finish(CALL, function("b"), function("c"), status="failed")], 30)
    reader, frames, answer = read_all(before, sse(dump(RAISED)), after)

    assert list(answer.calls) == [(0,)]
    data = rendered(reader, frames, released(answer))
    last = json.loads(data.removesuffix(b"\n\n").rpartition(b"data: ")[2])
    assert [item["call_id"] for item in last["response"]["output"]] == ["call_a"]


def test_a_stream_without_an_end_is_cut() -> None:
    """Between items, bytes that stop are an answer that cannot be continued."""
    answer = read_all(numbered([*begin(), *shown(0, CALL)]))[2]

    assert (list(answer.calls), answer.cut, answer.message) == ([(0,)], True, None)


def changed(events: list[Event], kind: str, **more: object) -> list[Event]:
    """Return the events with one of them, the last of this type, changed."""
    (place,) = [n for n, event in enumerate(events) if event["type"] == kind][-1:]
    return [*events[:place], {**events[place], **more}, *events[place + 1 :]]


def inner(events: list[Event], kind: str, **more: object) -> list[Event]:
    """Return the events with the item of one of them changed."""
    (event,) = [event for event in events if event["type"] == kind][-1:]
    return changed(events, kind, item={**event["item"], **more})


GOOD = [*begin(), *shown(0, CALL), *shown(1, message("hi")), finish(CALL, message("hi"))]
SHELL = [*begin(), *shown(0, shell("a", "ls", "id")), finish(shell("a", "ls", "id"))]
PATCH = [*begin(), *shown(0, patch("a")), finish(patch("a"))]
CUSTOM = [*begin(), *shown(0, custom("a")), finish(custom("a"))]
ADDED, DONE = "response.output_item.added", "response.output_item.done"
ARGS = "response.function_call_arguments"
HIDDEN = {"type": "function_call", "name": "delete", "arguments": "{}", "call_id": "h"}
ONLY = [*begin(), *shown(0, CALL), finish(CALL)]
BAD: dict[str, list[Event]] = {
    "a stream cut in a call": GOOD[:4],
    "a stream cut before its item is done": [one for one in ONLY if one["type"] not in (DONE, "response.completed")],
    "a complete answer with an open call": [*begin(), *shown(0, CALL)[:2], finish()],
    "pieces that differ from the whole": changed(ONLY, f"{ARGS}.delta", delta="9}"),
    "pieces that miss a part": [one for one in ONLY if one.get("delta") != '": 1'],
    "pieces of a resumed call that differ": changed(ONLY, f"{ARGS}.delta", delta="9}")[4:],
    "arguments that differ from the whole": changed(ONLY, f"{ARGS}.done", arguments='{"id": 2}'),
    "arguments told twice": [*ONLY[:-2], changed(ONLY, f"{ARGS}.done", arguments="{}")[-3], *ONLY[-2:]],
    "another name with the arguments": changed(ONLY, f"{ARGS}.done", name="read"),
    "another call id with a piece": changed(ONLY, f"{ARGS}.delta", call_id="call_b"),
    "a call id that is no text": changed(ONLY, f"{ARGS}.delta", call_id={}),
    "a name that is no text": changed(ONLY, f"{ARGS}.done", name=7),
    "arguments that are no text": changed(ONLY, f"{ARGS}.done", arguments={}),
    "a piece that is no text": changed(ONLY, f"{ARGS}.delta", delta=None),
    "a whole with other arguments": inner(ONLY, DONE, arguments='{"id": 2}'),
    "a whole with another name": inner(ONLY, DONE, name="read"),
    "a whole with another call id": inner(ONLY, DONE, call_id="call_b"),
    "a whole with another namespace": inner(inner(ONLY, ADDED, namespace="a"), DONE, namespace="b"),
    "a whole without the namespace": inner(ONLY, ADDED, namespace="a"),
    "a beginning with other arguments": inner(ONLY, ADDED, arguments='{"id": 2}'),
    "a whole of another type": inner(ONLY, DONE, type="custom_tool_call", input="x"),
    "a message that becomes a call": [*begin(), shown(0, message("x"))[0], shown(0, CALL)[-1], finish(CALL)],
    "a call that becomes a message": [*begin(), shown(0, CALL)[0], shown(0, message("x"))[-1], finish()],
    "text for an item that is a call": [*begin(), *shown(0, message("x"))[2:3], shown(0, CALL)[-1], finish(CALL)],
    "an unseen item with text that becomes a call": [*shown(0, message("x"))[2:3], finish(CALL)],
    "pieces for an item that is a message": [*begin(), shown(0, message("x"))[0], shown(0, CALL)[1], finish()],
    "pieces for an unseen item that has text": [*shown(0, message("x"))[2:3], shown(0, CALL)[1], finish()],
    "pieces after the whole": [*ONLY[:-1], shown(0, CALL)[1], finish(CALL)],
    "an item that begins twice": [*ONLY[:3], *ONLY[2:]],
    "an item that is done twice": [*ONLY[:-1], *ONLY[-2:]],
    "indices that do not grow": [*begin(), *shown(1, CALL), *shown(0, message("x")), finish()],
    "two calls with one id": [*begin(), *shown(0, CALL), *shown(1, {**function("b"), "call_id": "call_a"}), finish()],
    "an index that is no number": changed(ONLY, f"{ARGS}.delta", output_index="0"),
    "an index that is true": changed(ONLY, f"{ARGS}.delta", output_index=True),
    "an index that is large": changed(ONLY, f"{ARGS}.delta", output_index=1 << 20),
    "no index": inner([{k: v for k, v in one.items() if k != "output_index"} for one in ONLY], DONE),
    "pieces under the id of another item": changed(GOOD, f"{ARGS}.delta", item_id="msg_1"),
    "text under the id of a call": changed(GOOD, "response.output_text.delta", item_id="fc_a"),
    "an unknown event of a call": [*GOOD[:5], {"type": "response.new.delta", "output_index": 0}, *GOOD[5:]],
    "an unknown event about a call": [*GOOD[:-1], {"type": "response.new_tool_call.delta", "delta": "x"}, GOOD[-1]],
    "an unknown step of a call": changed(ONLY, f"{ARGS}.delta", type=f"{ARGS}.more"),
    "an unknown event with an item": [*GOOD[:-1], {"type": "response.new", "item": message("x")}, GOOD[-1]],
    "an unknown event with a call inside": [*GOOD[:-1], {"type": "response.new", "x": [HIDDEN]}, GOOD[-1]],
    "an unknown event that is a call": [*GOOD[:-1], {"type": "x", "name": "delete", "arguments": "{}"}, GOOD[-1]],
    "a call beside the item": changed(ONLY, DONE, more=HIDDEN),
    "a call beside a piece": changed(ONLY, f"{ARGS}.delta", more=HIDDEN),
    "a call beside the response": changed(ONLY, "response.completed", more=HIDDEN),
    "a call in the response": changed(ONLY, "response.completed", response=response(CALL, more=HIDDEN)),
    "a call in a part of a message": changed(GOOD, "response.content_part.added", part=HIDDEN),
    "a call in a message": [*begin(), *shown(0, {**message("x"), "more": [HIDDEN]}), finish()],
    "a call in an error": [*begin(), {"type": "error", "error": HIDDEN}],
    "an end with other arguments": [*ONLY[:-1], finish(function("a", arguments='{"id": 2}'))],
    "an end with another name": [*ONLY[:-1], finish(function("a", "read"))],
    "an end with another call": [*ONLY[:-1], finish(function("b"))],
    "an end with the call twice": [*ONLY[:-1], finish(CALL, CALL)],
    "an end with a call in another's place": [*begin(), *shown(0, message("x")), finish(CALL)],
    "an end with a call in the place of unseen text": [*shown(0, message("x"))[2:3], finish(CALL)],
    "an end with an unknown item": [*ONLY[:-1], finish(CALL, {"type": "new", "id": "x"})],
    "an end whose output is no list": [*ONLY[:-1], {"type": "response.completed", "response": {"output": {}}}],
    "an end whose item is no object": [*ONLY[:-1], {"type": "response.completed", "response": {"output": ["x"]}}],
    "an end without the response": [*ONLY[:-1], {"type": "response.completed"}],
    "a call after the end": [*GOOD, *shown(2, function("b"))],
    "a piece after the end": [*GOOD, shown(2, function("b"))[1]],
    "two ends": [*GOOD, GOOD[-1]],
    "an item that is no object": changed(ONLY, DONE, item="x"),
    "an item that is missing": changed(ONLY, DONE, item=None),
    "an item without a type": inner(ONLY, ADDED, type=None),
    "an item of an unknown type": inner(ONLY, ADDED, type="new_call"),
    "a call without a name": inner(ONLY, DONE, name=None),
    "a command that differs": changed(SHELL, "response.shell_call_command.done", command="rm"),
    "a command whose pieces differ": changed(SHELL, "response.shell_call_command.delta", delta="rm"),
    "a command that is not in the whole": changed(SHELL, "response.shell_call_command.delta", command_index=2),
    "a command without a place": changed(SHELL, "response.shell_call_command.delta", command_index="0"),
    "a whole with other commands": inner(SHELL, DONE, action={"commands": ["ls", "rm"]}),
    "a shell that moves to the caller": inner(
        [*begin(), *shown(0, shell("a", "ls", where="container")), finish()], DONE, environment={"type": "local"}
    ),
    "limits that differ": inner(SHELL, ADDED, action={"commands": [], "timeout_ms": True}),
    "a diff that differs": changed(PATCH, "response.apply_patch_call_operation_diff.done", diff="-x"),
    "a path that differs": inner(PATCH, ADDED, operation={"type": "update_file", "path": "b.py", "diff": ""}),
    "a custom input that differs": changed(CUSTOM, "response.custom_tool_call_input.done", input="ls"),
}  # fmt: skip


@pytest.mark.parametrize("events", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_read_is_refused(events: list[Event]) -> None:
    """Invariant 2, bad input by bad input."""
    with pytest.raises(Unreadable):
        read_all(numbered(events))


RAW: dict[str, bytes] = {
    "a name that differs from the type": stream(CALL).replace(b"event: response.output_item.done", b"event: ping"),
    "an event of another API": b"event: thread.run\n" + sse(b'{"type":"thread.run"}'),
    "an event that is no object": sse(b"[]"),
    "an event without a type": sse(b"{}"),
    "an event whose type is no text": sse(b'{"type":7}'),
    "no JSON": sse(b"{"),
    "a type twice": sse(
        b'{"type":"x","type":"response.output_item.added","item":' + dump(CALL) + b',"output_index":0}'
    ),
    "a key twice in a call": stream(CALL).replace(b'"name":"delete"', b'"name":"read","name":"delete"'),
    "data after the end": stream(CALL) + b"data: [DONE]\n\n" + sse(b'{"type":"ping"}'),
    "an event that is not finished": stream(CALL)[:-1],
}


@pytest.mark.parametrize("data", RAW.values(), ids=RAW.keys())
def test_bytes_that_cannot_be_read_are_refused(data: bytes) -> None:
    """Invariant 2, below the events."""
    with pytest.raises(Unreadable):
        read_all(data)


@pytest.mark.parametrize("events", [GOOD, SHELL, PATCH, CUSTOM, ONLY])
def test_what_the_bad_inputs_were_made_of_is_good(events: list[Event]) -> None:
    """The named bad inputs are refused for what is bad in them."""
    read_all(numbered(events))


@settings(max_examples=150)
@given(st.data())
def test_a_part_that_changes_is_never_released_as_decided(data: st.DataObject) -> None:
    """Whatever one event says of the arguments, all say the same or the stream is refused."""
    item = data.draw(st.sampled_from([function("a"), custom("a"), shell("a", "ls"), patch("a")]))
    events = [*begin(), *shown(0, item), finish(item)]
    text = dump(events).decode()
    number = data.draw(st.integers(2, len(events) - 1))
    event = json.loads(dump(events[number]).decode())
    texts = [
        key for key in ("delta", "arguments", "input", "command", "diff", "name") if isinstance(event.get(key), str)
    ]
    if texts:
        event[texts[0]] += data.draw(st.text(min_size=1, max_size=3))
    else:
        holder = event.get("item") or event["response"]["output"][0]
        for key in ("arguments", "input", "name"):
            if key in holder:
                holder[key] += "x"
                break
        else:
            holder.setdefault("action", holder.get("operation"))["more"] = "x"
    assert text == dump(events).decode()
    with pytest.raises(Unreadable):
        read_all(numbered([*events[:number], event, *events[number + 1 :]]))
