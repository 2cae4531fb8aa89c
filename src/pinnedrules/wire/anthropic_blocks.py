"""Content blocks of the Messages API: which of them are calls, and what a call in one is.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Rewrite
from pinnedrules.wire.hidden import refuse_hidden_calls
from pinnedrules.wire.json_text import Object, obj, quote

__all__ = [
    "block_call",
    "is_call",
    "is_server_run",
    "refuse_repeated_ids",
    "rewritten_block",
    "text_block",
    "visible_text",
]

_SERVER_RUN = frozenset({"server_tool_use", "mcp_tool_use"})
_HARMLESS = frozenset({"text", "thinking", "redacted_thinking", "compaction", "mcp_tool_listing", "fallback"})


def is_server_run(kind: object) -> bool:
    """True for blocks of tools that the provider ran itself; they pass as they are."""
    return isinstance(kind, str) and (kind in _SERVER_RUN or kind.endswith("_tool_result"))


def is_call(block: object) -> bool:
    """Say whether *block* is a call for the caller to run. Raises Unreadable when it hides one.

    A block of an unknown type that carries a name and an input is taken for one.
    """
    if not isinstance(block, dict):
        raise Unreadable("a content block that is not an object")
    kind = block.get("type")
    if not isinstance(kind, str):
        raise Unreadable("a content block without a type")
    if kind == "tool_use":
        return True
    if is_server_run(kind):
        return False
    if kind not in _HARMLESS and "name" in block and "input" in block:
        return True
    refuse_hidden_calls(block)
    return False


def block_call(block: Mapping[str, object], arguments: str) -> Call:
    """Return the call of a block, with its arguments as JSON text. Raises Unreadable.

    A member of a toolset is named by family and member: ``computer.left_click``.
    """
    name, identifier, family = block.get("name"), block.get("id"), block.get("toolset_name")
    if not isinstance(name, str) or not name:
        raise Unreadable("a tool call without a name")
    if not isinstance(identifier, str | None) or not isinstance(family, str | None):
        raise Unreadable("a tool call whose id or toolset is not text")
    refuse_hidden_calls([value for key, value in block.items() if key != "input"])
    return Call(f"{family}.{name}" if family else name, arguments, identifier or "")


def refuse_repeated_ids(calls: Sequence[Call]) -> None:
    """Raise Unreadable when two calls share an id, so that a result could belong to either."""
    ids = [call.id for call in calls if call.id]
    if len(ids) != len(set(ids)):
        raise Unreadable("two tool calls with the same id")


def text_block(text: str) -> bytes:
    """Return a text block."""
    return obj([("type", b'"text"'), ("text", quote(text))])


def rewritten_block(block: bytes, outcome: Rewrite, arguments: bytes) -> bytes:
    """Return a call's block under another id with another input, and as one of another tool where that is said."""
    named: dict[str, bytes | None] = {"name": quote(outcome.name)} if outcome.name else {}
    return Object(block).edit({"id": quote(outcome.id), **named, "input": arguments})


def visible_text(blocks: Sequence[object]) -> str:
    """Return the text of the text blocks, joined without anything between."""
    texts = [block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))
