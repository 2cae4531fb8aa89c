"""Whose tool a ``tools`` entry of the Messages API is, and which argument names it takes.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview; the member tables of the toolsets are those of
``anthropic.types`` in anthropic-sdk-python 2.12 (``computer_toolset_20260801``, ``browser_toolset_20260801``).
An entry of a type that is not known here counts as run by the provider: it can only be decided on the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pinnedrules.errors import Unreadable
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.request import Mine, declared

__all__ = ["sort_tools", "tool_definitions"]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(text: str) -> dict[str, frozenset[str]]:
    lines = (line.split(":") for line in text.split(";"))
    return {name.strip(): _names(arguments) for name, arguments in lines}


_EDITING = "command path file_text old_str new_str insert_line insert_text view_range"

# Prefix of a versioned type -> the argument names that the model was trained to use.
_CLIENT_RUN: dict[str, frozenset[str]] = {
    "bash_": _names("command restart"),
    "text_editor_": _names(_EDITING),
    "memory_": _names(_EDITING + " old_path new_path"),
    "computer_": _names("action coordinate start_coordinate text duration scroll_direction scroll_amount region key"),
}

# Toolsets carry no name: a call names the member, and the family in ``toolset_name``.
_TOOLSETS: dict[str, dict[str, frozenset[str]]] = {
    "computer": _table(
        "cursor_position:; double_click: coordinate text; hold_key: duration text; key: text repeat;"
        "left_click_drag: coordinate start_coordinate text; left_click: coordinate text; left_mouse_down:;"
        "left_mouse_up:; middle_click: coordinate text; mouse_move: coordinate; right_click: coordinate text;"
        "screenshot:; scroll: scroll_amount scroll_direction coordinate text; triple_click: coordinate text;"
        "type: text; wait: duration; zoom: region"
    ),
    "browser": _table(
        "close_tab: tab_id; double_click: target modifiers tab_id; file_upload: target document_ids paths tab_id;"
        "find: query tab_id; form_input: target value tab_id; get_page_text: tab_id; hold_key: duration text tab_id;"
        "hover: target tab_id; javascript_exec: text tab_id; key: text repeat tab_id;"
        "left_click_drag: from target tab_id; left_click: target modifiers tab_id; left_mouse_down: target tab_id;"
        "left_mouse_up: target tab_id; list_tabs:; middle_click: target modifiers tab_id; mouse_move: target tab_id;"
        "navigate: url tab_id; new_tab:; read_console: tab_id; read_network: tab_id;"
        "read_page: depth filter ref tab_id; right_click: target modifiers tab_id; screenshot: tab_id;"
        "scroll_to: target tab_id; scroll: scroll_direction target scroll_amount tab_id; switch_tab: tab_id;"
        "triple_click: target modifiers tab_id; type: text tab_id; wait: duration tab_id; zoom: region tab_id"
    ),
}


def tool_definitions(value: object) -> Iterator[object]:
    """Yield the definitions of tools that messages bring in (``tool_addition``, a compaction's ``tool_changes``)."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            pending += current
        elif isinstance(current, dict):
            if current.get("type") == "tool_definition":
                yield current.get("definition")
            pending += current.values()


def sort_tools(entries: object) -> tuple[Mine, list[ServerTool]]:
    """Return the tools that the caller runs with their argument names, and those the provider runs. Raises Unreadable."""
    mine = Mine()
    theirs: list[ServerTool] = []
    if not isinstance(entries, list | None):
        raise Unreadable("tools that are not a list")
    for entry in entries or ():
        if not isinstance(entry, Mapping):
            raise Unreadable("a tool that is not an object")
        _sort(entry, mine, theirs)
    return mine, theirs


def _sort(entry: Mapping[str, object], mine: Mine, theirs: list[ServerTool]) -> None:
    kind, name = entry.get("type") or "custom", entry.get("name")
    if not isinstance(kind, str):
        raise Unreadable("a tool whose type is not text")
    family = kind.partition("_toolset_")[0]
    if kind == "custom" and isinstance(name, str):
        mine.define(name, entry, declared(entry.get("input_schema")), plain=True)
    elif "_toolset_" in kind and family in _TOOLSETS:
        mine.update({f"{family}.{member}": arguments for member, arguments in _TOOLSETS[family].items()})
    elif isinstance(name, str) and (known := _known(kind)) is not None:
        mine[name] = known
    else:
        theirs.append(ServerTool(str(name or entry.get("mcp_server_name") or kind), kind))


def _known(kind: str) -> frozenset[str] | None:
    return next((names for prefix, names in _CLIENT_RUN.items() if kind.startswith(prefix)), None)
