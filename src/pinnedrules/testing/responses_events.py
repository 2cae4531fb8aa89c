"""The event stream of a response: which events show an item of which kind, in the service's order.

Event names and fields after ``openai.types.responses.response_stream_event`` of openai-python 3.54. Every event is
named, carries a ``sequence_number`` from 0 on, and the last one repeats the whole output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pinnedrules.testing.responses_items import list_of
from pinnedrules.testing.script import Reply
from pinnedrules.testing.shapes import Turn, compact, fragments, padding

__all__ = ["event_frame", "event_frames"]

Event = dict[str, Any]


def event_frames(begun: Mapping[str, Any], ended: Mapping[str, Any], reply: Reply, turn: Turn) -> list[bytes]:
    """Return the frames of a response that began as *begun* and ended as *ended*."""
    events: list[Event] = [{"type": "response.created", "response": begun}]
    if begun["status"] == "queued":
        events.append({"type": "response.queued", "response": begun})
    events.append({"type": "response.in_progress", "response": {**begun, "status": "in_progress"}})
    for index, item in enumerate(ended["output"]):
        events += [{**event, "output_index": index} for event in _item_events(item, reply)]
    events.append({"type": f"response.{ended['status']}", "response": ended})
    padded = (turn.body.get("stream_options") or {}).get("include_obfuscation", True)
    for number, event in enumerate(events):
        event["sequence_number"] = number
        if padded and isinstance(event.get("delta"), str):
            event["obfuscation"] = padding(turn, number)
    return [event_frame(event) for event in events]


def event_frame(event: Mapping[str, Any]) -> bytes:
    """Return one named event."""
    return f"event: {event['type']}\ndata: {compact(event)}\n\n".encode()


def _item_events(item: Mapping[str, Any], reply: Reply) -> Iterator[Event]:
    yield {"type": "response.output_item.added", "item": _begun(item)}
    kind, where = item["type"], {"item_id": item["id"]}
    if kind == "message":
        for number, part in enumerate(item["content"]):
            yield from ({**event, **where, "content_index": number} for event in _part_events(part, reply))
    elif kind == "reasoning":
        for event in _reasoning_events(item, reply):
            yield {**event, **where}
    elif kind == "shell_call":
        for number, command in enumerate(item["action"]["commands"]):
            yield from ({**event, "command_index": number} for event in _command_events(command, reply))
    elif kind in _SPOKEN:
        yield from ({**event, **where} for event in _spoken_events(item, reply))
    elif kind in _STEPS:
        yield from ({"type": f"response.{kind}.{step}", **where} for step in _STEPS[kind])
    elif kind == "compaction":
        yield {"type": "response.compaction.compacting", **where}
    yield {"type": "response.output_item.done", "item": item}


# What an item lacks while it is being made; everything else stands in its first event already.
_EMPTY: Mapping[str, Mapping[str, Any]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
    "mcp_call": {"arguments": "", "output": None},
    "mcp_list_tools": {"tools": []},
    "code_interpreter_call": {"code": "", "outputs": None},
}
_STEPS: Mapping[str, Sequence[str]] = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
}
# Items whose text comes in deltas: the events' name, the field, the events before and after.
_SPOKEN: Mapping[str, tuple[str, str, Sequence[str], Sequence[str]]] = {
    "function_call": ("function_call_arguments", "arguments", (), ()),
    "custom_tool_call": ("custom_tool_call_input", "input", (), ()),
    "mcp_call": ("mcp_call_arguments", "arguments", ("mcp_call.in_progress",), ("mcp_call.completed",)),
    "code_interpreter_call": (
        "code_interpreter_call_code",
        "code",
        ("code_interpreter_call.in_progress",),
        ("code_interpreter_call.interpreting", "code_interpreter_call.completed"),
    ),
}


def _begun(item: Mapping[str, Any]) -> dict[str, Any]:
    begun = {**item, **{key: value for key, value in _EMPTY.get(item["type"], {}).items() if key in item}}
    if item["type"] == "shell_call":
        begun["action"] = {**item["action"], "commands": []}
    if "status" in item:
        begun["status"] = "in_progress"
    return begun


def _pieces(text: str, reply: Reply) -> list[str]:
    return [text] if reply.whole_calls and text else fragments(text, reply.fragment_chars)


def _part_events(part: Mapping[str, Any], reply: Reply) -> Iterator[Event]:
    key, name = ("refusal", "refusal") if part["type"] == "refusal" else ("text", "output_text")
    more: Event = {} if key == "refusal" else {"logprobs": []}
    yield {"type": "response.content_part.added", "part": {**part, key: ""}}
    for piece in fragments(part[key], reply.fragment_chars):
        yield {"type": f"response.{name}.delta", "delta": piece, **more}
    yield {"type": f"response.{name}.done", key: part[key], **more}
    yield {"type": "response.content_part.done", "part": part}


def _reasoning_events(item: Mapping[str, Any], reply: Reply) -> Iterator[Event]:
    for number, part in enumerate(item["summary"]):
        where = {"summary_index": number}
        yield {"type": "response.reasoning_summary_part.added", "part": {**part, "text": ""}, **where}
        for piece in fragments(part["text"], reply.fragment_chars):
            yield {"type": "response.reasoning_summary_text.delta", "delta": piece, **where}
        yield {"type": "response.reasoning_summary_text.done", "text": part["text"], **where}
        yield {"type": "response.reasoning_summary_part.done", "part": part, **where}
    for number, part in enumerate(list_of(item.get("content"))):
        where = {"content_index": number}
        for piece in fragments(part["text"], reply.fragment_chars):
            yield {"type": "response.reasoning_text.delta", "delta": piece, **where}
        yield {"type": "response.reasoning_text.done", "text": part["text"], **where}


def _command_events(command: str, reply: Reply) -> Iterator[Event]:
    yield {"type": "response.shell_call_command.added", "command": ""}
    yield from ({"type": "response.shell_call_command.delta", "delta": piece} for piece in _pieces(command, reply))
    yield {"type": "response.shell_call_command.done", "command": command}


def _spoken_events(item: Mapping[str, Any], reply: Reply) -> Iterator[Event]:
    name, key, before, after = _SPOKEN[item["type"]]
    text = item.get(key) or ""
    yield from ({"type": f"response.{step}"} for step in before)
    yield from ({"type": f"response.{name}.delta", "delta": piece} for piece in _pieces(text, reply))
    # Not in the newest SDK's type, but required by those of openai-python 2.
    named = {"name": item["name"]} if item["type"] == "function_call" else {}
    yield {"type": f"response.{name}.done", key: text, **named}
    failed = item.get("error") is not None
    yield from ({"type": f"response.{step.replace('completed', 'failed') if failed else step}"} for step in after)
