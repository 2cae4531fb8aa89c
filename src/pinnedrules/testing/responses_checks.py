"""What the Responses API refuses in a request, as far as the request alone and the items before it tell.

Error texts after the ones that the service is known to send; where none is known, the wording is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from pinnedrules.testing.responses_items import ID_PREFIX, KINDS, OUTPUT_OF, answered
from pinnedrules.testing.shapes import Problem

__all__ = ["field_problems", "item_problems", "pairing_problems"]

Items = Sequence[Mapping[str, Any]]

_ROLES = ("assistant", "system", "developer", "user")
_SPOKEN = ("output_text", "refusal")
_HEARD = ("input_text", "input_image", "input_file", "input_audio")
_NEEDED: Mapping[str, Sequence[str]] = {
    "function_call": ("call_id", "name", "arguments"),
    "custom_tool_call": ("call_id", "name", "input"),
    "computer_call": ("call_id",),
    "local_shell_call": ("call_id", "action"),
    "shell_call": ("call_id", "action"),
    "apply_patch_call": ("call_id", "operation"),
    "function_call_output": ("output",),
    "custom_tool_call_output": ("call_id", "output"),
    "computer_call_output": ("call_id", "output"),
    "shell_call_output": ("call_id", "output"),
    "apply_patch_call_output": ("call_id", "status"),
    "mcp_approval_request": ("id", "name", "arguments"),
    "mcp_approval_response": ("approval_request_id", "approve"),
    "compaction": ("encrypted_content",),
    "item_reference": ("id",),
    "reasoning": ("summary",),
}
# What a reasoning item may be followed by: whatever the model itself makes.
_MADE = (*(kind for kind in ID_PREFIX if kind != "compaction"), "program_output")
_LONGEST_ID = 64


def field_problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the fields beside the items."""
    if "model" not in body:
        yield Problem("Missing required parameter: 'model'.", "model", "missing_required_parameter")
    if not any(body.get(key) for key in ("input", "previous_response_id", "prompt", "conversation")):
        sources = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id'"
        yield Problem(f"{sources} must be provided.", "input", "missing_required_parameter")
    if not isinstance(body.get("input", ""), str | list):
        yield _wrong_type("input", "one of an array of objects or a string", body["input"])
    if not isinstance(body.get("instructions") or "", str):
        yield _wrong_type("instructions", "a string", body["instructions"])
    if body.get("conversation") and body.get("previous_response_id"):
        yield Problem("Mutually exclusive parameters: 'previous_response_id' and 'conversation'.", None)
    if body.get("background") and body.get("store") is False:
        yield Problem("Background mode requires `store` to be true.", "background")


def _wrong_type(name: str, expected: str, given: object) -> Problem:
    kinds = {dict: "an object", list: "an array", int: "an integer", bool: "a boolean", type(None): "null"}
    got = kinds.get(type(given), "something else")
    return Problem(f"Invalid type for '{name}': expected {expected}, but got {got} instead.", name, "invalid_type")


def item_problems(items: Items) -> Iterator[Problem]:
    """Yield what is wrong with single items of a request's input."""
    for index, item in enumerate(items):
        where, kind = f"input[{index}]", item["type"]
        if kind not in KINDS:
            yield _unsupported(f"{where}.type", kind, KINDS)
            continue
        for key in _NEEDED.get(kind, ()):
            if key not in item:
                code = "missing_required_parameter"
                yield Problem(f"Missing required parameter: '{where}.{key}'.", f"{where}.{key}", code)
        yield from _id_problems(item, where)
        if kind == "message":
            yield from _message_problems(item, where)
        if kind == "compaction_trigger" and index < len(items) - 1:
            yield Problem("A 'compaction_trigger' item must be the last input item.", where)


def _unsupported(where: str, value: object, known: Sequence[str]) -> Problem:
    supported = ", ".join(f"'{name}'" for name in known)
    return Problem(f"Invalid value: '{value}'. Supported values are: {supported}.", where, "invalid_value")


def _id_problems(item: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for key in ("id", "call_id"):
        value = item.get(key)
        if isinstance(value, str) and len(value) > _LONGEST_ID:
            yield Problem(
                f"Invalid '{where}.{key}': string too long. Expected a string with maximum length {_LONGEST_ID}, "
                f"but got a string with length {len(value)} instead.",
                f"{where}.{key}",
                "string_above_max_length",
            )
    prefix = ID_PREFIX.get(item["type"], "").rstrip("_")
    if prefix in ("msg", "fc", "rs") and not str(item.get("id") or prefix).startswith(prefix):
        yield Problem(
            f"Invalid '{where}.id': '{item['id']}'. Expected an ID that begins with '{prefix}'.",
            f"{where}.id",
            "invalid_value",
        )


def _message_problems(item: Mapping[str, Any], where: str) -> Iterator[Problem]:
    role = item.get("role")
    if role not in _ROLES:
        yield _unsupported(f"{where}.role", role, _ROLES)
    if not isinstance(item["content"], list):
        yield _wrong_type(f"{where}.content", "one of an array of objects or a string", item["content"])
        return
    allowed = _SPOKEN if role == "assistant" else _HEARD
    for number, part in enumerate(item["content"]):
        if part.get("type") not in allowed:
            yield _unsupported(f"{where}.content[{number}]", part.get("type"), allowed)


def pairing_problems(items: Items) -> Iterator[Problem]:
    """Yield what is wrong with the whole history *items*: ids, calls and their outputs, reasoning."""
    yield from chain(_duplicates(items), _unasked(items), _unanswered(items), _lonely_reasoning(items))


def _duplicates(items: Items) -> Iterator[Problem]:
    seen: set[str] = set()
    for item in items:
        ident = item.get("id")
        if ident and item["type"] != "local_shell_call_output" and ident in seen:
            advice = "Remove duplicate items from your input and try again."
            yield Problem(f"Duplicate item found with id {ident}. {advice}", "input")
        seen.add(str(ident))


def _unasked(items: Items) -> Iterator[Problem]:
    asked = {(OUTPUT_OF[item["type"]], item.get("call_id")) for item in items if item["type"] in OUTPUT_OF}
    requests = {item["id"] for item in items if item["type"] == "mcp_approval_request"}
    for item in items:
        kind = item["type"]
        ident = answered(item)
        if kind in OUTPUT_OF.values() and ident and (kind, ident) not in asked:
            words = kind.replace("_", " ")
            yield Problem(f"No tool call found for {words} with call_id {ident}.", "input")
        elif kind == "mcp_approval_response" and item["approval_request_id"] not in requests:
            yield Problem(f"No approval request found with id {item['approval_request_id']}.", "input")


def _unanswered(items: Items) -> Iterator[Problem]:
    waiting: dict[tuple[str, str], str] = {}
    for item in items:
        kind = item["type"]
        if kind in OUTPUT_OF and _needs_output(item):
            waiting[OUTPUT_OF[kind], str(item.get("call_id"))] = kind.replace("_", " ")
        elif kind in OUTPUT_OF.values():
            waiting.pop((kind, answered(item)), None)
    for (_, ident), words in waiting.items():
        yield Problem(f"No tool output found for {words} {ident}.", "input")


def _needs_output(item: Mapping[str, Any]) -> bool:
    """Whether somebody else must answer: not what the service ran itself, nor what is answered when it is ready."""
    hosted = item["type"] == "shell_call" and (item.get("environment") or {}).get("type") == "container_reference"
    searched = item["type"] == "tool_search_call" and item.get("execution") != "client"
    return not (hosted or searched or item.get("async"))


def _lonely_reasoning(items: Items) -> Iterator[Problem]:
    for item, after in zip(items, [*items[1:], {"type": ""}], strict=True):
        follows = after["type"] in _MADE and after.get("role", "assistant") == "assistant"
        if item["type"] == "reasoning" and not follows:
            ident = item.get("id", "")
            yield Problem(
                f"Item '{ident}' of type 'reasoning' was provided without its required following item.", "input"
            )
