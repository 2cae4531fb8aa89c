"""Builds Responses bytes for tests, by hand rather than with the code under test."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.wire.chat_parts import dump

Item = dict[str, Any]

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 3},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 15,
}
DELETE = {
    "type": "function",
    "name": "delete",
    "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
    "strict": False,
}


def response(*output: Item, status: str = "completed", **more: object) -> dict[str, Any]:
    """Return a response object as a value."""
    base = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": "a system text",
        "model": "m",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [DELETE],
        "usage": USAGE if status == "completed" else None,
    }
    return {**base, **more}


def answer(*output: Item, **more: Any) -> bytes:
    """Return a whole JSON answer."""
    return dump(response(*output, **more))


def message(text: str, ident: str = "msg_1") -> Item:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {"id": ident, "type": "message", "status": "completed", "role": "assistant", "content": [part]}


def reasoning(ident: str = "rs_1") -> Item:
    return {"id": ident, "type": "reasoning", "summary": [], "encrypted_content": f"gAAA{ident}=="}


def function(ident: str, name: str = "delete", arguments: str = '{"id": 1}', **more: object) -> Item:
    base = {"id": f"fc_{ident}", "type": "function_call", "status": "completed"}
    return {**base, "arguments": arguments, "call_id": f"call_{ident}", "name": name, **more}


def custom(ident: str, text: str = "rm -rf /", name: str = "bash") -> Item:
    base = {"id": f"ctc_{ident}", "type": "custom_tool_call", "status": "completed"}
    return {**base, "call_id": f"call_{ident}", "input": text, "name": name}


def shell(ident: str, *commands: str, where: str = "local") -> Item:
    environment = {"type": "local"} if where == "local" else {"type": "container_reference", "container_id": "cntr_1"}
    action = {"commands": list(commands), "timeout_ms": 9, "max_output_length": None}
    base = {"id": f"sh_{ident}", "type": "shell_call", "status": "completed", "environment": environment}
    return {**base, "call_id": f"call_{ident}", "action": action}


def patch(ident: str, diff: str = "+x") -> Item:
    operation = {"type": "update_file", "path": "a.py", "diff": diff}
    base = {"id": f"apc_{ident}", "type": "apply_patch_call", "status": "completed"}
    return {**base, "call_id": f"call_{ident}", "operation": operation}


def computer(ident: str) -> Item:
    base = {"id": f"cu_{ident}", "type": "computer_call", "status": "completed", "call_id": f"call_{ident}"}
    return {**base, "action": {"type": "type", "text": "secret words"}, "pending_safety_checks": []}


def local_shell(ident: str) -> Item:
    base = {"id": f"lsh_{ident}", "type": "local_shell_call", "status": "completed", "call_id": f"call_{ident}"}
    return {**base, "action": {"type": "exec", "command": ["rm", "-rf", "/"], "env": {}}}


def search(ident: str, execution: str = "client") -> Item:
    base = {"id": f"tsc_{ident}", "type": "tool_search_call", "status": "completed", "call_id": f"call_{ident}"}
    return {**base, "execution": execution, "arguments": {"query": "mail"}}


def approval(ident: str) -> Item:
    base = {"id": f"mcpr_{ident}", "type": "mcp_approval_request", "server_label": "crm"}
    return {**base, "name": "wipe", "arguments": '{"all":true}'}


WEB = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}}
MCP = {
    "id": "mcp_1",
    "type": "mcp_call",
    "status": "completed",
    "server_label": "crm",
    "name": "read",
    "arguments": '{"id":1}',
    "output": "found",
    "approval_request_id": None,
    "error": None,
}

_DELTAS = {
    "function_call": ("function_call_arguments", "arguments"),
    "custom_tool_call": ("custom_tool_call_input", "input"),
    "mcp_call": ("mcp_call_arguments", "arguments"),
}
_EMPTY: dict[str, dict[str, Any]] = {
    "message": {"content": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
}


def pieces(text: str, size: int = 4) -> list[str]:
    return [text[n : n + size] for n in range(0, len(text), size)]


def shown(index: int, item: Item) -> list[dict[str, Any]]:
    """Return all events that show *item*, as values without sequence numbers."""
    kind = item["type"]
    begun = {**item, **_EMPTY.get(kind, {}), **({"status": "in_progress"} if "status" in item else {})}
    where = {"item_id": item["id"], "output_index": index}
    middle: list[dict[str, Any]] = []
    if kind == "message":
        (part,) = item["content"]
        at = {**where, "content_index": 0}
        middle.append({"type": "response.content_part.added", **at, "part": {**part, "text": ""}})
        for piece in pieces(part["text"]):
            middle.append({"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []})
        middle.append({"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []})
        middle.append({"type": "response.content_part.done", **at, "part": part})
    elif kind == "shell_call":
        begun = {**begun, "action": {**item["action"], "commands": []}}
        for number, command in enumerate(item["action"]["commands"]):
            at = {"output_index": index, "command_index": number}
            middle.append({"type": "response.shell_call_command.added", **at, "command": ""})
            for piece in pieces(command):
                middle.append({"type": "response.shell_call_command.delta", **at, "delta": piece})
            middle.append({"type": "response.shell_call_command.done", **at, "command": command})
    elif kind == "apply_patch_call":
        begun = {**begun, "operation": {**item["operation"], "diff": ""}}
        name = "response.apply_patch_call_operation_diff"
        middle += [{"type": f"{name}.delta", **where, "delta": piece} for piece in pieces(item["operation"]["diff"])]
        middle.append({"type": f"{name}.done", **where, "diff": item["operation"]["diff"]})
    elif kind in _DELTAS:
        name, member = _DELTAS[kind]
        middle += [{"type": f"response.{name}.delta", **where, "delta": piece} for piece in pieces(item[member])]
        named = {"name": item["name"]} if kind == "function_call" else {}
        middle.append({"type": f"response.{name}.done", **where, member: item[member], **named})
    return [
        {"type": "response.output_item.added", "output_index": index, "item": begun},
        *middle,
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def begin(**more: Any) -> list[dict[str, Any]]:
    """Return the first events of a stream, as values."""
    begun = response(status="in_progress", **more)
    return [{"type": "response.created", "response": begun}, {"type": "response.in_progress", "response": begun}]


def finish(*output: Item, **more: Any) -> dict[str, Any]:
    """Return the last event of a stream, as a value."""
    whole = response(*output, **more)
    return {"type": f"response.{whole['status']}", "response": whole}


def numbered(events: Sequence[Mapping[str, Any]], start: int = 0) -> bytes:
    """Return named events of these values, with sequence numbers."""
    values = [{"type": one["type"], "sequence_number": start + n, **one} for n, one in enumerate(events)]
    return b"".join(f"event: {one['type']}\n".encode() + b"data: " + dump(one) + b"\n\n" for one in values)


def stream(*output: Item, **more: Any) -> bytes:
    """Return a whole stream of these items."""
    events = [event for index, item in enumerate(output) for event in shown(index, item)]
    ident = {"id": more["id"]} if "id" in more else {}
    return numbered([*begin(**ident), *events, finish(*output, **more)])


def events_of(data: bytes) -> list[dict[str, Any]]:
    """Return the values of all events, and check that each is named after its type."""
    found = []
    for frame in data.removesuffix(b"\n\n").split(b"\n\n"):
        name, _, line = frame.partition(b"\n")
        value = json.loads(line.removeprefix(b"data: "))
        assert name == b"event: " + value["type"].encode()
        found.append(value)
    return found
