"""Finds what looks like a tool call in a place where no dialect reads one."""

from __future__ import annotations

from pinnedrules.errors import Unreadable
from pinnedrules.wire.json_text import escapes_ascii, loads, loads_unique
from pinnedrules.wire.sse import Splitter

__all__ = ["may_hide_call", "refuse_calls_in_error", "refuse_hidden_calls"]

_KEYS = frozenset({"function_call", "tool_call", "tool_calls", "tool_use"})
_TYPES = frozenset(
    {
        "apply_patch_call",
        "computer_call",
        "custom_tool_call",
        "function_call",
        "local_shell_call",
        "mcp_approval_request",
        "shell_call",
        "tool_call",
        "tool_search_call",
        "tool_use",
    }
)


def may_hide_call(data: bytes) -> bool:
    """Say whether *data* must be read in full: False proves that no parser can find a call in it.

    Every shape that :func:`refuse_hidden_calls` knows needs one of these texts, and only a JSON escape of an ASCII
    character could hide one.
    """
    return (
        b"_call" in data
        or b"tool_use" in data
        or b"approval_request" in data
        or b'"message"' in data
        or b'"arguments"' in data
        or b'"input"' in data
        or escapes_ascii(data)
    )


def refuse_hidden_calls(value: object) -> None:
    """Raise Unreadable when *value* holds anything that an application could take for a call."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            pending += current
        elif isinstance(current, dict):
            if _looks_like_call(current):
                raise Unreadable("something that looks like a tool call stands where none is expected")
            pending += current.values()


def _looks_like_call(value: dict[object, object]) -> bool:
    if not _KEYS.isdisjoint(value) and any(value.get(key) for key in _KEYS):
        return True
    kind = value.get("type")
    if isinstance(kind, str) and kind in _TYPES:
        return True
    return isinstance(value.get("name"), str) and ("arguments" in value or "input" in value)


def refuse_calls_in_error(data: bytes) -> None:
    """Raise Unreadable when the body of an error answer holds a call, in JSON, in lines of it, or in an event stream.

    The SDKs raise such an answer, but a program that does not look at the status would read it like any other. What no
    JSON parser can read, an error page for example, holds nothing that could be run.
    """
    if b"\0" in data:
        raise Unreadable("an error answer that is not UTF-8 text")
    if not may_hide_call(data):
        return
    data = data.removeprefix(b"\xef\xbb\xbf")
    texts = [data, *data.splitlines()]
    if any(line.startswith(b"data") for line in texts):
        splitter = Splitter()
        texts += [event.data or b"" for event in (*splitter.feed(data + b"\n\n"), *splitter.end())]
    for text in texts:
        try:
            loads(text)
        except Unreadable:
            continue
        refuse_hidden_calls(loads_unique(text))
