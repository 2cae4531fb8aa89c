"""Whatever arrives, a dialect reads it or says ``Unreadable``; it never fails in another way and never loses a call."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.chat_parts import dump
from tests.wire.chat_parts import record as chat_record
from tests.wire.feeding import TOKEN, golden, read, sse, streams

from pinnedrules.errors import Unpinned, Unreadable
from pinnedrules.types import Outcome, Release, Replace, Restore, Rewrite
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect, Key
from pinnedrules.wire.openai_chat import OpenAIChat

CHAT = OpenAIChat()
MESSAGES = AnthropicMessages()
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        7,
        2**70,
        1.5,
        "",
        "x",
        "tool_use",
        [],
        {},
        [1],
        ["x"],
        [{}],
        {"x": 1},
        {"type": []},
        {"id": {}},
    ]
)
KINDS = st.sampled_from(["release", "vanish", "replace", "rewrite"])


def fate(kind: str, key: Key) -> Outcome:
    changed = Rewrite(f"pinnedrules:call:{TOKEN}:{key[0]}{key[-1] + 1}", "{}")
    fates: dict[str, Outcome] = {
        "release": Release(),
        "vanish": Replace(""),
        "replace": Replace("No."),
        "rewrite": changed,
    }
    return fates[kind]


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all values in *value*."""
    found = [path]
    if isinstance(value, dict):
        found += [inner for key in value for inner in places(value[key], (*path, key))]
    elif isinstance(value, list):
        found += [inner for number, one in enumerate(value) for inner in places(one, (*path, number))]
    return found


def broken(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """Return *value* with one of its values replaced, removed or given another key."""
    value = copy.deepcopy(value)
    path = draw(st.sampled_from(places(value)))
    if not path:
        return draw(ODD)
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    how = draw(st.sampled_from(["replace", "remove", "add"]))
    if how == "remove":
        del holder[path[-1]]
    elif how == "add" and isinstance(holder, dict):
        holder[draw(st.sampled_from(["x", "tool_calls", "function_call", "name", "input", "arguments", "type"]))] = (
            draw(ODD)
        )
    else:
        holder[path[-1]] = draw(ODD)
    return value


def events(name: str) -> list[tuple[bytes, Any]]:
    """Return the event names and values of a golden stream."""
    found = []
    for frame in golden(name).removesuffix(b"\n\n").split(b"\n\n"):
        *head, line = frame.split(b"\n")
        found.append((b"".join(one + b"\n" for one in head), line.removeprefix(b"data: ")))
    return [(head, data if data == b"[DONE]" else json.loads(data)) for head, data in found]


CASES: list[tuple[Dialect, str]] = [(CHAT, name) for name in streams("chat")]
CASES += [(MESSAGES, name) for name in streams("messages")]


@settings(max_examples=400)
@given(st.sampled_from(CASES), st.data())
def test_a_broken_stream_is_read_or_refused(case: tuple[Dialect, str], data: st.DataObject) -> None:
    """Invariant 2: what cannot be read is refused, by name; what can be read can be written, with any outcome."""
    dialect, name = case
    value = events(name)
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(value) - 1))
        if value[number][1] != b"[DONE]":
            value[number] = (value[number][0], broken(value[number][1], data.draw))
    stream = b"".join(head + sse(one if isinstance(one, bytes) else dump(one)) for head, one in value)
    before = dialect.read_json(golden("chat_two_calls.json" if dialect is CHAT else "messages_calls.json"))
    reader = dialect.read_stream([(before, "No.")] if data.draw(st.booleans()) else [])
    try:
        frames = read(reader, [stream])
    except Unreadable:
        return
    answer = reader.answer()
    assert dict(done for frame in frames for done in frame.done) == answer.calls
    fates: dict[Key, Outcome] = {key: fate(data.draw(KINDS), key) for key in answer.calls}
    written = b"".join(reader.render(frame, fates) for frame in frames)
    shown = read_again(dialect, written)
    for key, given_fate in fates.items():
        if isinstance(given_fate, Replace) and answer.calls[key].id:
            assert answer.calls[key].id not in shown
    if all(isinstance(one, Replace) for one in fates.values()):
        assert shown == set()
    dialect.close_stream(reader, "No.")


def read_again(dialect: Dialect, written: bytes) -> set[str]:
    """Return the ids of the calls in a written stream."""
    reader = dialect.read_stream()
    if dialect is MESSAGES and b"message_start" not in written:
        start = {"type": "message_start", "message": {"content": []}}
        written = b"event: message_start\n" + sse(dump(start)) + written
    try:
        read(reader, [written])
    except Unreadable:
        # A stream whose middle part is shown alone may not be a whole one; its calls are looked for in the bytes.
        return set()
    return {call.id for call in reader.answer().calls.values()}


@settings(max_examples=300)
@given(st.sampled_from([(CHAT, "chat_two_calls.json"), (MESSAGES, "messages_calls.json")]), st.data())
def test_a_broken_answer_is_read_or_refused(case: tuple[Dialect, str], data: st.DataObject) -> None:
    """Invariant 2, for whole answers."""
    dialect, name = case
    value = json.loads(golden(name))
    for _ in range(data.draw(st.integers(1, 3))):
        value = broken(value, data.draw)
    body = dump(value)
    try:
        answer = dialect.read_json(body)
    except Unreadable:
        return
    fates: dict[Key, Outcome] = {key: fate(data.draw(KINDS), key) for key in answer.calls}
    before = [(answer, "No.")] if data.draw(st.booleans()) else []
    written = dialect.read_json(dialect.write_json(body, fates, before))
    assert len(written.calls) == sum(not isinstance(one, Replace) for one in fates.values())


ID = f"pinnedrules:call:{TOKEN}:0"
TEXT = f"Hm.\n\nNo. [pinnedrules:denied:{TOKEN}]\n\nSo."
CHAT_BODY: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "n": 1,
    "response_format": {"type": "text"},
    "tools": [{"type": "function", "function": {"name": "a", "parameters": {"properties": {"x": {}}, "anyOf": [{}]}}}],
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be kind"}]},
        {
            "role": "assistant",
            "content": TEXT,
            "tool_calls": [{"id": ID, "function": {"name": "a", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": ID, "content": [{"type": "text", "text": "x"}]},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
    ],
}
MESSAGES_BODY: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "system": [{"type": "text", "text": "Be kind"}],
    "tools": [
        {"type": "custom", "name": "a", "input_schema": {"properties": {}}},
        {"type": "computer_toolset_20260801"},
    ],
    "mcp_servers": [{"name": "x"}],
    "container": {"skills": [{}]},
    "context_management": {"edits": [{"type": "compact_20260112"}]},
    "output_config": {"format": None},
    "messages": [
        {"role": "system", "content": [{"type": "tool_definition", "definition": {"name": "b"}}]},
        {"role": "assistant", "content": [{"type": "text", "text": TEXT}, {"type": "tool_use", "id": ID, "input": {}}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": ID, "content": [{"type": "text", "text": "x"}]}],
        },
        {"role": "user", "content": "x"},
    ],
}


def known(dialect: Dialect, closed: bool) -> dict[str, Restore]:
    message: dict[str, Any] = {"role": "assistant", "content": "Hm."}
    one = chat_record(
        message,
        {"c1": "DENIED"},
        visible="Hm.",
        closed=closed,
        dialect=dialect.name,
        placeholder=f"\n\nNo. [pinnedrules:denied:{TOKEN}]\n\n",
        rewritten={ID: ("c2", "{}", "note")},
    )
    return {TOKEN: one}


@settings(max_examples=400)
@given(st.sampled_from([(CHAT, CHAT_BODY), (MESSAGES, MESSAGES_BODY)]), st.booleans(), st.data())
def test_a_broken_request_is_read_or_refused(
    case: tuple[Dialect, dict[str, Any]], closed: bool, data: st.DataObject
) -> None:
    """Invariant 2, for requests: whatever can be read can be pinned and restored, twice with the same bytes."""
    dialect, value = case
    for _ in range(data.draw(st.integers(0, 3))):
        value = broken(value, data.draw)
    body = dump(value)
    try:
        dialect.read_request(body)
        restored = dialect.restore(body, known(dialect, closed))
        placed, _ = dialect.place(restored.body, "BLOCK [pin:1]")
    except (Unreadable, Unpinned):
        return
    assert dialect.restore(body, known(dialect, closed)) == restored
    assert dialect.place(placed, "BLOCK [pin:1]") == (placed, ())
    assert dialect.slot(placed, "[pin:1]").text.startswith("BLOCK [pin:1]")


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
@given(data=st.binary(max_size=60))
def test_noise_is_refused(dialect: Dialect, data: bytes) -> None:
    """Random bytes are never taken for a request or an answer."""
    for act in (dialect.read_request, dialect.read_json):
        with pytest.raises(Unreadable):
            act(data)
