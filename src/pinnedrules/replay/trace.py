"""Recorded conversations: one JSON value per line, in either wire format, told apart by their shape.

A line is a list of messages, or an object with ``messages`` and maybe ``system`` (text or blocks), ``tools`` (a list of
tool definitions in either shape), ``suite`` (picks from a mapping given with ``--tools``), ``model`` and ``id``.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pinnedrules.errors import PinnedRulesError

__all__ = ["DialectName", "Message", "ToolBook", "Trace", "TraceError", "read_tools", "read_traces"]

DialectName: TypeAlias = Literal["openai-chat", "anthropic-messages"]
Message: TypeAlias = dict[str, Any]

_CHAT_ROLES = frozenset({"system", "developer", "tool", "function"})
_BLOCKS = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use"})


class TraceError(PinnedRulesError):
    """A file of recorded conversations, or of tool definitions, that cannot be read; names the line."""


@dataclass(frozen=True, slots=True)
class ToolBook:
    """Tool definitions from outside the trace: ``common`` for every conversation, or by the ``suite`` of its line."""

    common: tuple[Message, ...] = ()
    suites: Mapping[str, tuple[Message, ...]] | None = None

    def find(self, suite: str) -> tuple[Message, ...]:
        """Return the definitions for a conversation of *suite*, maybe none."""
        return self.common if self.suites is None else self.suites.get(suite, ())


@dataclass(frozen=True, slots=True)
class Trace:
    """One recorded conversation. ``name`` is its ``id``, else its line; ``system`` is Anthropic's top-level prompt.

    ``suite`` is the group of conversations that the line says it belongs to, maybe none. ``guessed`` names the tools
    without a definition, whose arguments as used in the trace count as declared.
    """

    name: str
    line: int
    dialect: DialectName
    messages: tuple[Message, ...]
    tools: tuple[Message, ...]
    system: object = None
    model: str = ""
    suite: str = ""
    guessed: tuple[str, ...] = ()


def read_traces(path: Path, book: ToolBook | None = None) -> Iterator[Trace]:
    """Yield the conversations of a ``.jsonl`` or ``.jsonl.gz`` file in order. Raises TraceError."""
    for number, text in _lines(path):
        try:
            row = json.loads(text)
        except ValueError as error:
            raise TraceError(f"{path.name}:{number}: this line is not JSON ({error})") from None
        try:
            yield _trace(row, number, book or ToolBook())
        except ValueError as error:
            raise TraceError(f"{path.name}:{number}: {error}") from None


def read_tools(path: Path) -> ToolBook:
    """Read tool definitions: a list of them, or a mapping of suites to lists. Raises TraceError."""
    try:
        value = json.loads("".join(text for _, text in _lines(path)))
        if isinstance(value, dict):
            return ToolBook(suites={suite: _definitions(tools) for suite, tools in value.items()})
        return ToolBook(common=_definitions(value))
    except json.JSONDecodeError as error:
        raise TraceError(f"{path.name}: not JSON ({error})") from None
    except ValueError as error:
        raise TraceError(f"{path.name}: {error}") from None


def _definitions(tools: object) -> tuple[Message, ...]:
    if not isinstance(tools, list):
        raise ValueError("neither a list of tool definitions nor a mapping of suites to such lists")
    found = tuple(tool for tool in tools if isinstance(tool, dict) and _tool_name(tool))
    if len(found) != len(tools):
        raise ValueError("a tool definition without a name")
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    yield number, text
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise TraceError(f"{path}: cannot be read ({error})") from None


def _trace(row: object, line: int, book: ToolBook) -> Trace:
    if isinstance(row, list):
        row = {"messages": row}
    if not isinstance(row, dict) or not isinstance(row.get("messages"), list):
        raise ValueError("neither a list of messages nor an object with `messages`")
    messages = tuple(row["messages"])
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise ValueError("a message without a role")
    dialect = _dialect(row, messages)
    tools = row.get("tools") if isinstance(row.get("tools"), list) else list(book.find(str(row.get("suite", ""))))
    known = [_in_shape(tool, dialect) for tool in _definitions(tools)]
    guessed = _guessed(messages, {_tool_name(tool) for tool in known}, dialect)
    return Trace(
        name=str(row.get("id") or f"line {line}"),
        line=line,
        dialect=dialect,
        messages=messages,
        tools=(*known, *guessed),
        system=row.get("system"),
        model=str(row.get("model") or ""),
        suite=str(row.get("suite") or ""),
        guessed=tuple(_tool_name(tool) for tool in guessed),
    )


def _dialect(row: Mapping[str, object], messages: Sequence[Message]) -> DialectName:
    """Tell the format by what only one of them has; plain text alone is read as Chat Completions."""
    if any(message["role"] in _CHAT_ROLES or message.get("tool_calls") for message in messages):
        return "openai-chat"
    blocks = (block for message in messages for block in _blocks(message))
    if "system" in row or any(block.get("type") in _BLOCKS for block in blocks):
        return "anthropic-messages"
    return "openai-chat"


def _blocks(message: Message) -> list[Message]:
    content = message.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _tool_name(tool: Mapping[str, Any]) -> str:
    inner = tool.get("function") if isinstance(tool.get("function"), dict) else tool
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else ""


def _in_shape(tool: Message, dialect: DialectName) -> Message:
    """Return a definition in the shape of *dialect*, whichever it was written in."""
    inner = tool["function"] if isinstance(tool.get("function"), dict) else tool
    schema = inner.get("parameters") or inner.get("input_schema") or {"type": "object", "properties": {}}
    if dialect == "anthropic-messages":
        if "type" in tool and tool["type"] not in ("custom", "function"):
            return tool  # a tool that the provider defines itself
        return {"name": inner["name"], "description": inner.get("description", ""), "input_schema": schema}
    if "function" in tool or "input_schema" not in inner:
        return tool if "type" in tool else {"type": "function", "function": inner}
    function = {"name": inner["name"], "description": inner.get("description", ""), "parameters": schema}
    return {"type": "function", "function": function}


def _guessed(messages: Sequence[Message], known: set[str], dialect: DialectName) -> list[Message]:
    """Make up a definition for every tool without one, from the arguments that the trace uses."""
    used: dict[str, set[str]] = {}
    for message in messages:
        if message["role"] != "assistant":
            continue
        for name, given in _used(message):
            if name and name not in known:
                used.setdefault(name, set()).update(given)
    made: list[Message] = []
    for name, arguments in used.items():
        schema = {"type": "object", "properties": {argument: {} for argument in sorted(arguments)}}
        made.append(_in_shape({"name": name, "input_schema": schema}, dialect))
    return made


def _used(message: Message) -> Iterator[tuple[str, tuple[str, ...]]]:
    for block in _blocks(message):
        if block.get("type") == "tool_use":
            given = block.get("input")
            yield str(block.get("name", "")), tuple(given) if isinstance(given, dict) else ()
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            try:
                given = json.loads(str(function.get("arguments") or "{}"))
            except ValueError:
                given = {}
            yield str(function.get("name", "")), tuple(given) if isinstance(given, dict) else ()
