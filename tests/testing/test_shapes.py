"""What every dialect send adds up to what the reply says, for any text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.testing.chat import Chat
from pinnedrules.testing.messages import Messages
from pinnedrules.testing.responses import Responses
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.testing.shapes import Turn

TURN = Turn(3, {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
TEXT = st.text(max_size=60)


@given(text=TEXT, thinking=TEXT, arguments=TEXT, size=st.integers(1, 70), whole=st.booleans(), nulls=st.booleans())
def test_chat_deltas_add_up(text: str, thinking: str, arguments: str, size: int, whole: bool, nulls: bool) -> None:
    """For all texts and fragment sizes: text, reasoning and arguments of the deltas are those of the reply."""
    call = ProposedCall("f", arguments)
    reply = Reply(text, [call, call], thinking, fragment_chars=size, whole_calls=whole, null_ids=nulls)

    lines = [frame.decode().removeprefix("data: ").strip() for frame in Chat().frames(reply, TURN)]
    deltas: list[dict[str, Any]] = [json.loads(line)["choices"][0]["delta"] for line in lines[:-1]]
    parts = [part for delta in deltas for part in delta.get("tool_calls", ())]

    assert lines[-1] == "[DONE]"
    assert "".join(delta.get("content") or "" for delta in deltas) == text
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == thinking
    for index in (0, 1):
        mine = [part["function"]["arguments"] for part in parts if part["index"] == index]
        assert "".join(mine) == arguments


@given(text=TEXT, thinking=TEXT, arguments=TEXT, size=st.integers(1, 70), whole=st.booleans())
def test_messages_deltas_add_up(text: str, thinking: str, arguments: str, size: int, whole: bool) -> None:
    """For all texts and fragment sizes: every block begins, adds up to the reply's part, and ends, in order."""
    call = ProposedCall("f", arguments)
    reply = Reply(text, [call, call], thinking, fragment_chars=size, whole_calls=whole)

    frames = [frame.decode().split("\ndata: ")[1] for frame in Messages(b"key").frames(reply, TURN)]
    events: list[dict[str, Any]] = [json.loads(frame) for frame in frames]
    blocks = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    deltas = [event["delta"] | {"index": event["index"]} for event in events if event["type"] == "content_block_delta"]
    brought = {
        kind: "".join(delta[kind] for delta in deltas if kind in delta) for kind in ("text", "thinking", "partial_json")
    }

    assert blocks == ["thinking"] * bool(thinking) + ["text"] * bool(text) + ["tool_use"] * 2
    assert brought == {"text": text, "thinking": thinking, "partial_json": arguments * 2}
    assert [event["index"] for event in events if event["type"] == "content_block_stop"] == list(range(len(blocks)))


@given(text=TEXT, thinking=TEXT, arguments=TEXT, size=st.integers(1, 70), whole=st.booleans())
def test_responses_deltas_add_up(text: str, thinking: str, arguments: str, size: int, whole: bool) -> None:
    """For all texts and fragment sizes: every item's deltas are what its end and the repeated output say."""
    calls = [ProposedCall("f", arguments), ProposedCall("g", arguments, kind="custom")]
    reply = Reply(text, calls, thinking, fragment_chars=size, whole_calls=whole)

    turn = Turn(0, {"model": "m", "input": "hi"})
    frames = [frame.decode().split("\ndata: ")[1] for frame in Responses().frames(reply, turn)]
    events: list[dict[str, Any]] = [json.loads(frame) for frame in frames]
    deltas: dict[str, str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            deltas[event["item_id"]] = deltas.get(event["item_id"], "") + event["delta"]
    output = events[-1]["response"]["output"]

    assert [item["type"] for item in output] == (
        ["reasoning"] * bool(thinking) + ["message"] * bool(text) + ["function_call", "custom_tool_call"]
    )
    told = [thinking] * bool(thinking) + [text] * bool(text) + [arguments] * 2
    assert [deltas.get(item["id"], "") for item in output] == told
    assert [item.get("arguments", item.get("input")) for item in output[-2:]] == [arguments] * 2
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
