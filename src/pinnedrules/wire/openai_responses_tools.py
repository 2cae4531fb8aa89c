"""Whose tool an entry of ``tools`` in the Responses API is, which argument names it takes, and which servers must ask.

``openai.types.responses.tool`` of openai-python 3.54; https://platform.openai.com/docs/guides/tools. Items of the input
bring tools in as well (``additional_tools``, ``tool_search_output``), and those count exactly like tools of the request.
An entry of a type that is not known here counts as run by the provider: it can only be decided on the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from pinnedrules.errors import Unreadable
from pinnedrules.types import Definition
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.json_text import Object, array, items, loads, loads_unique
from pinnedrules.wire.openai_responses_input import Input
from pinnedrules.wire.openai_responses_items import full_name
from pinnedrules.wire.openrouter import plugin_tools
from pinnedrules.wire.request import Mine, declared, definition, refuse_lookalikes, run_by_members

__all__ = ["BRING_TOOLS", "always_asking", "listed_tools", "own_tools", "sort_tools"]

BRING_TOOLS = ("additional_tools", "tool_search_output")
"""Types of items that bring tools in."""

_CLICKS = "type action actions x y button keys path scroll_x scroll_y text"
# Tools that the provider defines and the caller runs: the name of their calls, and the members of an action.
_BUILTIN: dict[str, tuple[str, frozenset[str]]] = {
    "apply_patch": ("apply_patch", frozenset({"type", "path", "diff"})),
    "computer": ("computer", frozenset(_CLICKS.split())),
    "computer_use_preview": ("computer", frozenset(_CLICKS.split())),
    "local_shell": (
        "local_shell",
        frozenset({"type", "command", "env", "timeout_ms", "user", "working_directory"}),
    ),
    "shell": ("shell", frozenset({"commands", "max_output_length", "timeout_ms"})),
}


def sort_tools(read: Input) -> tuple[Mine, tuple[ServerTool, ...]]:
    """Return the tools that the caller runs with their argument names, and those the provider runs. Raises Unreadable."""
    mine = Mine()
    theirs = dict.fromkeys([*run_by_members(read.request), *plugin_tools(read.request)])  # in order, each once
    for entries in _lists(read):
        for entry in entries:
            _sort(entry, None, mine, theirs)
    for raw, kind in zip(read.items, read.kinds, strict=True):
        if kind == "mcp_list_tools":
            mine.definitions.update(listed_tools(loads(raw)))
    agents = read.request.value("multi_agent")
    if isinstance(agents, dict) and agents.get("enabled") is False:
        agents = None
    if agents is not None:
        theirs[ServerTool("multi_agent", "multi_agent")] = None
    return mine, tuple(theirs)


def own_tools(entries: object) -> Mine:
    """Return the tools that the caller runs among those that an answer repeats; what cannot be read there is left out."""
    mine = Mine()
    for entry in entries if isinstance(entries, list) else ():
        with suppress(Unreadable):
            _sort(entry, None, mine, {})
    return mine


def listed_tools(item: object) -> dict[str, Definition]:
    """Return the definitions in an ``mcp_list_tools`` item by the names that calls of these tools have; else nothing."""
    if not isinstance(item, dict) or item.get("type") != "mcp_list_tools":
        return {}
    label, tools = item.get("server_label"), item.get("tools")
    found = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return {f"mcp:{label}.{tool.get('name')}": definition(tool) for tool in found}


def _lists(read: Input) -> Iterator[list[object]]:
    yield _list(read.request.get("tools"))
    for raw, kind in zip(read.items, read.kinds, strict=True):
        if kind in BRING_TOOLS:
            yield _list(Object(raw).get("tools"))


def _list(raw: bytes | None) -> list[object]:
    value = None if raw is None else loads_unique(raw)
    if not isinstance(value, list | None):
        raise Unreadable("tools that are not a list")
    return value or []


def _sort(entry: object, namespace: str | None, mine: Mine, theirs: dict[ServerTool, None]) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        raise Unreadable("a tool without a type")
    refuse_lookalikes(entry)
    kind = str(entry["type"])
    if kind in ("function", "custom"):
        # A custom tool takes one free text; its grammar declares no argument names.
        names = declared(entry.get("parameters")) if kind == "function" else None
        plain = kind == "function" and namespace is None
        mine.define(full_name(namespace, _name(entry)), entry, names, plain=plain)
    elif kind == "namespace":
        inner = entry.get("tools")
        if not isinstance(inner, list) or namespace is not None:
            raise Unreadable("a namespace that is not one list of tools")
        for one in inner:
            _sort(one, _name(entry), mine, theirs)
    elif kind == "mcp":
        theirs[ServerTool(_name(entry, "server_label"), kind, approval=True)] = None
    elif kind == "tool_search" and entry.get("execution") == "client":
        mine["tool_search"] = declared(entry.get("parameters"))
    elif kind in _BUILTIN and not _contained(entry):
        name, arguments = _BUILTIN[kind]
        mine[name] = arguments
    else:
        theirs[ServerTool(kind, kind)] = None


def _name(entry: Mapping[str, object], key: str = "name") -> str:
    name = entry.get(key)
    if not isinstance(name, str) or not name:
        raise Unreadable(f"a tool whose {key!r} is not text")
    return name


def _contained(entry: Mapping[str, object]) -> bool:
    """Say whether a shell runs in a container of the provider: in any environment but the local one."""
    where = entry.get("environment")
    return (
        entry["type"] == "shell"
        and where is not None
        and not (isinstance(where, dict) and where.get("type") == "local")
    )


def always_asking(read: Input, servers: frozenset[str]) -> tuple[bytes, tuple[Mapping[str, object], ...]] | None:
    """Return the request in which the provider asks before every call of these MCP servers, and the JSON Patch.

    None when it does so already: ``require_approval`` is ``always``, or is missing, which means the same.
    """
    patch: list[Mapping[str, object]] = []
    changes: dict[str, bytes | None] = {}
    tools = read.request.get("tools")
    if tools is not None:
        changes["tools"] = _asking(tools, servers, "/tools", patch)
    found = [
        _item_asking(raw, servers, f"/input/{number}", patch) if kind in BRING_TOOLS else raw
        for number, (raw, kind) in enumerate(zip(read.items, read.kinds, strict=True))
    ]
    if read.listed:
        changes["input"] = array(found)
    return (read.request.edit(changes), tuple(patch)) if patch else None


def _item_asking(raw: bytes, servers: frozenset[str], path: str, patch: list[Mapping[str, object]]) -> bytes:
    item = Object(raw)
    tools = item.get("tools")
    return raw if tools is None else item.edit({"tools": _asking(tools, servers, path + "/tools", patch)})


def _asking(raw: bytes, servers: frozenset[str], path: str, patch: list[Mapping[str, object]]) -> bytes:
    if not isinstance(loads_unique(raw), list):
        return raw
    written = []
    for number, entry in enumerate(items(raw)):
        tool = Object(entry)
        here = f"{path}/{number}"
        if tool.value("type") == "namespace" and tool.get("tools") is not None:
            entry = _item_asking(entry, servers, here, patch)
        elif tool.value("type") == "mcp" and tool.value("server_label") in servers and not _asks(tool):
            patch.append({"op": "add", "path": here + "/require_approval", "value": "always"})
            entry = tool.edit({"require_approval": b'"always"'})
        written.append(entry)
    return array(written)


def _asks(tool: Object) -> bool:
    return tool.get("require_approval") is None or tool.value("require_approval") == "always"
