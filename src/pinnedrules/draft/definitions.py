"""Tool definitions as requests carry them, whichever API they were written for.

Shapes: Chat Completions ``{"type": "function", "function": {name, description, parameters}}`` and ``custom``, the older
``functions`` (bare ``{name, parameters}``), Responses ``{"type": "function", name, parameters}``, ``custom`` and
``namespace``, Messages ``{name, description, input_schema}``, MCP ``{name, description, inputSchema}``, and the tools that
a provider defines itself, known by their type alone (``{"type": "bash_20250124", "name": "bash"}``).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pinnedrules.draft.found import Found, FoundTool, Unread
from pinnedrules.rules.told import digest
from pinnedrules.wire.request import definition

__all__ = ["UNKNOWN", "collected", "definitions"]

UNKNOWN = object()
"""Stands for a value that is only known when the program runs."""

_DATED = re.compile(r"[a-z_]+_20[0-9]{6}")
_BUILT_IN = frozenset(
    {
        "apply_patch",
        "code_interpreter",
        "computer",
        "computer_use_preview",
        "file_search",
        "image_generation",
        "local_shell",
        "mcp",
        "mcp_toolset",
        "shell",
        "web_search",
        "web_search_preview",
    }
)
_SCHEMAS = ("input_schema", "parameters", "inputSchema")
_DEEPEST = 60


def definitions(value: object, where: str) -> Found | None:
    """Return what a mapping defines, None when it is no tool definition."""
    if not isinstance(value, Mapping):
        return None
    kind = value.get("type")
    for wrapper in ("function", "custom"):
        inner = value.get(wrapper)
        called = isinstance(inner, Mapping) and ("arguments" in inner or "input" in inner)
        if kind == wrapper and isinstance(inner, Mapping) and inner.get("name") is not None and not called:
            return _one(inner, where)
    if kind == "namespace" and isinstance(value.get("tools"), list):
        found = Found()
        for item in value["tools"]:
            found.add(definitions(item, where) or Found())
        return found
    if isinstance(kind, str) and (_DATED.fullmatch(kind) or kind in _BUILT_IN):
        name = value.get("name")
        return Found([FoundTool(name if isinstance(name, str) else "", type=kind, where=where)])
    if (isinstance(value.get("name"), str) or value.get("name") is UNKNOWN) and _defines(value, kind):
        return _one(value, where)
    return None


def _defines(value: Mapping[Any, Any], kind: object) -> bool:
    """A name alone is no tool: there is a schema with it, or a type that says what it is."""
    if kind == "function" or (kind == "custom" and ("format" in value or "description" in value)):
        return True
    if kind not in (None, "custom") and kind is not UNKNOWN:
        return False
    if "input_schema" in value or "inputSchema" in value:
        return True
    schema = value.get("parameters")
    if isinstance(schema, Mapping):
        return schema.get("type") == "object" or "properties" in schema
    return schema is UNKNOWN and "description" in value


def _one(value: Mapping[Any, Any], where: str) -> Found:
    name, said = value["name"], value.get("description")
    if not isinstance(name, str):
        return Found(unread=[Unread(where, "its name is only known when the program runs")])
    schema: Mapping[Any, Any] = next((value[key] for key in _SCHEMAS if isinstance(value.get(key), Mapping)), {})
    properties = schema.get("properties")
    names = tuple(str(key) for key in properties) if isinstance(properties, Mapping) else ()
    said = said if isinstance(said, str) else ""
    return Found([FoundTool(name, said, names, where=where, sha256=digest(definition(value)))])


def collected(value: object, where: str) -> Found:
    """Return every definition anywhere inside *value*, and every tool that was only called."""
    found = Found()
    called: dict[str, dict[str, None]] = {}
    for item in _inside(value):
        one = definitions(item, where)
        if one is not None:
            found.add(one)
        for name, arguments in _calls(item):
            called.setdefault(name, {}).update(dict.fromkeys(arguments))
    known = {tool.name for tool in found.tools}
    found.tools += [
        FoundTool(name, arguments=tuple(arguments), where=where)
        for name, arguments in called.items()
        if name not in known
    ]
    return found


def _inside(value: object, depth: int = 0) -> Iterator[Mapping[Any, Any]]:
    """Yield the mappings in *value* that stand neither inside of a definition nor in what a call was given."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        yield value
        if definitions(value, "") is None and next(_calls(value), None) is None:
            for item in value.values():
                yield from _inside(item, depth + 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _inside(item, depth + 1)


def _calls(item: Mapping[Any, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield name and argument names of a recorded call, in any of the three formats."""
    name: object
    given: object
    inner = item.get("function")
    if item.get("type") == "tool_use":
        name, given = item.get("name"), item.get("input")
    elif item.get("type") in ("function_call", "custom_tool_call"):
        name, given = item.get("name"), item.get("arguments", item.get("input"))
    elif isinstance(inner, Mapping) and "arguments" in inner:
        name, given = inner.get("name"), inner["arguments"]
    else:
        return
    if isinstance(given, str):
        with contextlib.suppress(ValueError):
            given = json.loads(given)
    if isinstance(name, str) and name:
        yield name, tuple(str(key) for key in given) if isinstance(given, Mapping) else ()
