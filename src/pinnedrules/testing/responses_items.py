"""The items of the Responses wire: their kinds, which call needs which output, and the items that a reply makes.

Shapes after ``openai.types.responses`` of openai-python 3.54 (``response_output_item.py``, ``response_input_item.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pinnedrules.testing.script import PastCall, ProposedCall, Reply, Role
from pinnedrules.testing.shapes import Turn, compact, name_from

__all__ = [
    "ID_PREFIX",
    "KINDS",
    "OUTPUT_OF",
    "answered",
    "as_items",
    "list_of",
    "made_items",
    "past_calls",
    "text_in",
    "texts_in",
]

OUTPUT_OF: Mapping[str, str] = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "computer_call": "computer_call_output",
    "local_shell_call": "local_shell_call_output",
    "shell_call": "shell_call_output",
    "apply_patch_call": "apply_patch_call_output",
    "tool_search_call": "tool_search_output",
}
"""Each call that somebody must answer, and the item that answers it."""

ID_PREFIX: Mapping[str, str] = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "custom_tool_call": "ctc_",
    "computer_call": "cu_",
    "local_shell_call": "lsh_",
    "shell_call": "sh_",
    "apply_patch_call": "apc_",
    "tool_search_call": "tsc_",
    "mcp_call": "mcp_",
    "mcp_list_tools": "mcpl_",
    "mcp_approval_request": "mcpr_",
    "web_search_call": "ws_",
    "file_search_call": "fs_",
    "code_interpreter_call": "ci_",
    "image_generation_call": "ig_",
    "compaction": "cmp_",
    "program": "prog_",
}

KINDS = (
    *ID_PREFIX,
    *OUTPUT_OF.values(),
    "additional_tools",
    "compaction_trigger",
    "configuration_update",
    "item_reference",
    "mcp_approval_response",
    "program_output",
)  # fmt: skip
"""Every kind of item that a request may hold."""

_NO_STATUS = ("mcp_approval_request", "mcp_list_tools", "compaction", "reasoning", "custom_tool_call", "program")
_ROLES: Mapping[str, Role] = {"developer": "system", "system": "system", "user": "user", "assistant": "assistant"}


def as_items(given: object) -> list[dict[str, Any]]:
    """Return a request's ``input`` as items, a text as a user message and every content as a list of parts."""
    if isinstance(given, str):
        return [_message({"role": "user", "content": given})]
    return [_message(item) if _kind(item) == "message" else {"type": _kind(item), **item} for item in list_of(given)]


def list_of(given: object) -> list[dict[str, Any]]:
    """Return *given* if it is a list of objects, else as much of it as is."""
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _kind(item: Mapping[str, Any]) -> str:
    bare = "message" if "role" in item else "item_reference"
    return str(item.get("type") or bare)


def _message(item: Mapping[str, Any]) -> dict[str, Any]:
    content = item.get("content")
    if isinstance(content, str):
        part = "output_text" if item.get("role") == "assistant" else "input_text"
        content = [{"type": part, "text": content}]
    return {**item, "type": "message", "content": content}


def essence(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an item the model reads, whichever way it is written."""
    kept = (
        "type",
        "role",
        "call_id",
        "name",
        "arguments",
        "input",
        "action",
        "actions",
        "operation",
        "encrypted_content",
    )
    texts = {key: text_in(item[key]) for key in ("content", "output", "summary") if item.get(key)}
    return {key: item[key] for key in kept if item.get(key) is not None} | texts


def text_in(parts: object) -> str:
    """Return the text of a content or an output: a string, or the texts of a list of parts."""
    if isinstance(parts, str):
        return parts
    keys = ("text", "refusal", "stdout", "stderr")
    return "\n".join(str(part[key]) for part in list_of(parts) for key in keys if part.get(key))


def texts_in(items: Sequence[Mapping[str, Any]], opened: Callable[[str], str]) -> Iterator[tuple[Role, str]]:
    """Yield what the model reads of *items*; *opened* gives the summary in a compaction item."""
    for item in items:
        kind = item["type"]
        if kind == "message":
            yield _ROLES[item["role"]], text_in(item["content"])
        elif kind == "compaction":
            yield "assistant", opened(item["encrypted_content"])
        elif kind in OUTPUT_OF.values():
            yield "tool", text_in(item.get("output"))


def past_calls(items: Sequence[Mapping[str, Any]]) -> Iterator[PastCall]:
    """Yield the calls of *items* with their results; a builtin tool's arguments are its action."""
    results = {answered(item): text_in(item.get("output")) for item in items if item["type"] in OUTPUT_OF.values()}
    asked = {item["approval_request_id"]: item for item in items if item["type"] == "mcp_approval_response"}
    for item in items:
        if item["type"] in OUTPUT_OF:
            ident = str(item.get("call_id"))
            yield PastCall(ident, *_name_and_arguments(item), results.get(ident))
        elif item["type"] == "mcp_approval_request":
            answer = asked.get(item["id"])
            result = None if answer is None else "approved" if answer["approve"] else "denied"
            yield PastCall(item["id"], item["name"], item["arguments"], result)
        elif item["type"] == "mcp_call":
            yield PastCall(item["id"], item["name"], item["arguments"], item.get("output"))


def answered(output: Mapping[str, Any]) -> str:
    """Return the id of the call that an output answers; a local shell's output may name it ``id``."""
    return str(output.get("call_id") or output.get("id") or "")


def _name_and_arguments(item: Mapping[str, Any]) -> tuple[str, str]:
    if item["type"] == "function_call":
        return item["name"], item["arguments"]
    if item["type"] == "custom_tool_call":
        return item["name"], item["input"]
    action: object = next((item[key] for key in ("action", "actions", "operation", "arguments") if item.get(key)), {})
    return item["type"].removesuffix("_call"), compact(action)


def made_items(reply: Reply, turn: Turn, seal: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return the output items of a reply; *seal* makes the encrypted content of a text."""
    items: list[dict[str, Any]] = []
    if reply.compaction is not None:
        items.append({"type": "compaction", "encrypted_content": seal(reply.compaction)})
    if reply.thinking:
        items.append(_reasoning(reply.thinking, turn, seal))
    items += [dict(block) for block in reply.blocks]
    if reply.text or (not items and not reply.calls):
        part = {"type": "output_text", "annotations": [], "logprobs": [], "text": reply.text}
        items.append({"type": "message", "role": "assistant", "content": [part]})
    items += [_call(call, reply, turn, index) for index, call in enumerate(reply.calls)]
    return [_named(item, turn, index) for index, item in enumerate(items)]


def _reasoning(thinking: str, turn: Turn, seal: Callable[[str], str]) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "reasoning", "summary": [{"type": "summary_text", "text": thinking}]}
    if "reasoning.encrypted_content" in (turn.body.get("include") or ()):
        item["encrypted_content"] = seal(thinking)
    return item


def _call(call: ProposedCall, reply: Reply, turn: Turn, index: int) -> dict[str, Any]:
    if call.kind == "legacy":
        raise ValueError("a legacy call exists in Chat Completions only")
    ident = call.id if call.id is not None else name_from("call_", turn.number, 0, index)
    head = {"type": "function_call" if call.kind == "function" else "custom_tool_call"}
    key = "arguments" if call.kind == "function" else "input"
    return {**head, "call_id": "" if reply.no_ids else ident, "name": call.name, key: call.text}


def _named(item: dict[str, Any], turn: Turn, index: int) -> dict[str, Any]:
    """Add what every item of its kind has and this one lacks: an id, a call id, a status."""
    kind = item["type"]
    prefix = ID_PREFIX.get(kind, f"{kind}_")
    whole = {"id": name_from(prefix, turn.number, "item", index, length=40), **item}
    if kind in OUTPUT_OF and "call_id" not in item:
        whole["call_id"] = name_from("call_", turn.number, "item", index)
    if kind not in _NO_STATUS:
        whole.setdefault("status", "completed")
    return whole
