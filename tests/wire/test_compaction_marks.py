"""What an answer says of a compaction at the provider, in one piece and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Answer
from pinnedrules.wire.openai_responses import OpenAIResponses

SUMMARY = {"type": "compaction", "content": "The inbox is being tidied.", "signature": "s"}
TEXT = {"type": "text", "text": "hello"}
CALL = {"type": "tool_use", "id": "t1", "name": "archive", "input": {"id": "7"}}
EDITS = {
    "applied_edits": [
        {"type": "clear_tool_uses_20250919", "cleared_tool_uses": 2, "cleared_input_tokens": 30},
        {"type": "clear_tool_uses_20250919", "cleared_tool_uses": 1, "cleared_input_tokens": 4, "odd": True},
        "odd",
    ]
}
CLEARED = {"clear_tool_uses_20250919.cleared_tool_uses": 3, "clear_tool_uses_20250919.cleared_input_tokens": 34}
MARKS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"context_management": EDITS}, ("answer:applied_edits",)),
    ({"context_management": {"applied_edits": []}}, ()),
    ({"context_management": "odd"}, ()),
    ({"input_transformations": [{"type": "thinking_dropped"}]}, ("answer:input_transformations",)),
    ({"input_transformations": []}, ()),
    ({"diagnostics": {"cache_miss_reason": {"type": "system_changed"}}}, ("answer:system_changed",)),
    ({"diagnostics": {"cache_miss_reason": {"type": "messages_changed"}}}, ("answer:messages_changed",)),
    ({"diagnostics": {"cache_miss_reason": {"type": "tools_changed"}}}, ()),
    ({"diagnostics": {"cache_miss_reason": None}}, ()),
    ({"usage": {"iterations": [{"type": "compaction"}, {"type": "message"}]}}, ("answer:compaction",)),
    ({"usage": {"iterations": [{"type": "message"}]}}, ()),
    ({"usage": {"iterations": 3}}, ()),
]


def whole(*content: Any, **more: Any) -> Answer:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": list(content),
        "stop_reason": "end_turn",
    }
    return AnthropicMessages().read_json(json.dumps({**message, **more}).encode())


def events(*content: Any, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"type": "message_start", "message": {"id": "msg_1", "content": []}}]
    for index, block in enumerate(content):
        begun = {**block, "content": None} if block["type"] == "compaction" else block
        found.append({"type": "content_block_start", "index": index, "content_block": begun})
        if block["type"] == "compaction":
            delta = {**block, "type": "compaction_delta"}
            found.append({"type": "content_block_delta", "index": index, "delta": delta})
        found.append({"type": "content_block_stop", "index": index})
    found.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, **more})
    return [*found, {"type": "message_stop"}]


def streamed(told: list[dict[str, Any]]) -> tuple[Answer, list[str]]:
    """Return the answer and which events show that the provider compacted."""
    reader, shown = AnthropicMessages().read_stream(), []
    for one in told:
        for frame in reader.feed(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode()):
            shown += [str(one["type"])] if frame.compacts else []
    reader.end()
    return reader.answer(), shown


@pytest.mark.parametrize(("more", "expected"), MARKS)
def test_the_members_beside_the_content_are_read(more: dict[str, Any], expected: tuple[str, ...]) -> None:
    """The same in one piece and streamed, where they come with the last event."""
    assert whole(TEXT, **more).markers == expected
    answer, shown = streamed(events(TEXT, **more))
    assert answer.markers == expected
    assert shown == (["message_delta"] if expected else [])


def test_what_the_edits_cleared_is_summed_by_type() -> None:
    """Sizes as far as they are told; nothing that is no number."""
    assert whole(TEXT, context_management=EDITS).edits == CLEARED
    assert streamed(events(TEXT, context_management=EDITS))[0].edits == CLEARED


def test_a_compaction_is_shown_before_the_call_behind_it() -> None:
    """A stream is fenced from the end of its compaction block on."""
    answer, shown = streamed(events(SUMMARY, CALL))
    assert shown == ["content_block_stop"]
    assert answer.markers == ("answer:compaction",)
    assert [json.loads(raw) for raw in answer.compactions] == [SUMMARY]
    assert [json.loads(raw) for raw in whole(SUMMARY, CALL).compactions] == [SUMMARY]


def test_a_compaction_that_failed_is_none() -> None:
    """The service takes a block with null content for nothing (beta_compaction_block.py)."""
    failed = {"type": "compaction", "content": None}
    assert whole(failed, TEXT).markers == ()
    answer, shown = streamed([{**one} for one in events(TEXT)])
    assert (answer.markers, shown) == ((), [])


def test_a_compaction_in_a_form_that_is_not_known_counts() -> None:
    """What is not understood is fenced, and nothing is read of it."""
    told = events(SUMMARY)
    told[2]["delta"] = {"type": "compaction_news", "content": "x"}
    answer, shown = streamed(told)
    assert shown == ["content_block_stop"]
    assert (answer.markers, answer.compactions) == (("answer:compaction",), ())


def test_the_events_of_responses_show_it_as_soon_as_they_can() -> None:
    """Where the item is announced, where it is being made, where it is complete."""
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
    response = {"id": "resp_1", "status": "in_progress", "output": []}
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "encrypted_content": ""}},
        {"type": "response.compaction.compacting", "output_index": 0, "item_id": "cmp_1"},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**response, "status": "completed", "output": [item]}},
    ]
    reader, shown = OpenAIResponses().read_stream(), []
    for one in told:
        frames = reader.feed(f"data: {json.dumps(one)}\n\n".encode())
        shown.append((any(frame.compacts for frame in frames), reader.answer().markers))
    assert shown[0] == (False, ())
    assert shown[1:] == [(True, ("answer:compaction",))] * 4
    assert [json.loads(raw) for raw in reader.answer().compactions] == [item]
