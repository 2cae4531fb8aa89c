"""The events of a session of Anthropic's, one by one (``/events/stream``) or in pages (``/events``).

Three kinds are calls. ``agent.custom_tool_use`` is run by the program; ``agent.tool_use`` by the provider, or by a worker
where the environment is self-hosted; ``agent.mcp_tool_use`` by the provider. The last two wait for a
``user.tool_confirmation`` where ``evaluated_permission`` is ``ask``; one that is ``deny`` never runs.

Types of events that are not known pass, unless something in them looks like a call. ``types/beta/sessions`` of
anthropic-sdk-python 2.12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.agents import Fate, Page, Pending
from pinnedrules.wire.hidden import may_hide_call, refuse_hidden_calls
from pinnedrules.wire.json_text import Object, array, dumps, items, loads_unique

__all__ = ["CUSTOM", "read", "render"]

CUSTOM = "agent.custom_tool_use"
_TOOL = "agent.tool_use"
_MCP = "agent.mcp_tool_use"
_CALLS = (CUSTOM, _TOOL, _MCP)
_IDLE = ("session.status_idle", "session.thread_status_idle")
# Events that answer a call, and the member that names it. A yes is no answer: the call may still have to be run.
_ANSWERS = {
    "agent.tool_result": "tool_use_id",
    "agent.mcp_tool_result": "mcp_tool_use_id",
    "user.tool_result": "tool_use_id",
    "user.custom_tool_result": "custom_tool_use_id",
}
_YES = "user.tool_confirmation"
# The answers that end a call of each kind; what answers another kind is none.
_ENDS: Mapping[str, tuple[str, ...]] = {
    CUSTOM: ("user.custom_tool_result",),
    _TOOL: ("agent.tool_result", "user.tool_result", _YES),
    _MCP: ("agent.mcp_tool_result", _YES),
}
# What holds people's and tools' own words and data, in which anything may look like a call and nothing is one.
_PLAIN = frozenset(
    {*_ANSWERS, *_IDLE, _YES, "session.updated", "user.message", "user.define_outcome", "system.message"}
)


def read(data: bytes) -> Page:
    """Read one event, or a page of them (``data``). Raises Unreadable for calls in a form that is not known."""
    if not data.lstrip().startswith(b"{"):
        refuse_hidden_calls(loads_unique(data))
        return Page()
    whole = Object(data)
    pending: dict[str, Pending] = {}
    waiting: list[str] = []
    answered: set[tuple[str, str]] = set()
    for raw in _events(whole, data):
        event = Object(raw)
        given = event.value("type")
        kind = given if isinstance(given, str) else ""
        if kind in _CALLS:
            if (one := _call(event, kind)) is not None and pending.setdefault(one.id, one) != one:
                raise Unreadable("two calls of a session under one id")
            continue
        if kind in _IDLE:
            waiting += _waiting(event)
        if kind in _ANSWERS or (kind == _YES and event.value("result") != "allow"):
            answered.add((kind, str(event.value(_ANSWERS.get(kind, "tool_use_id")))))
        if kind not in _PLAIN:
            _refuse_hidden(raw, kind)
    over = {one.id for one in pending.values() if any((kind, one.id) in answered for kind in _ENDS[one.type])}
    compacted = not _is_page(whole) and whole.value("type") == "agent.thread_context_compacted"
    open_ = tuple(one for one in pending.values() if one.id not in over)
    return Page(open_, (*waiting, *(name for name in pending if name in over)), compacted)


def render(data: bytes, fates: Mapping[str, Fate]) -> bytes:
    """Return the event or page with refused calls as messages, and without waiting for what was answered."""
    if not data.lstrip().startswith(b"{"):
        return data
    whole = Object(data)
    listed = whole.elements("data") if _is_page(whole) else None
    if listed is None:
        return _shown(data, fates)
    written = [_shown(raw, fates) for raw in listed]
    return data if written == listed else whole.edit({"data": array(written)})


def _is_page(whole: Object) -> bool:
    return "type" not in whole.names and (whole.get("data") or b"").startswith(b"[")


def _events(whole: Object, data: bytes) -> Iterator[bytes]:
    if not _is_page(whole):
        yield data
        return
    if any(name not in ("data", "next_page", "prev_page", "has_more", "first_id", "last_id") for name in whole.names):
        refuse_hidden_calls({name: whole.value(name) for name in whole.names if name != "data"})
    yield from whole.elements("data") or ()


def _call(event: Object, kind: str) -> Pending | None:
    """Return the call of an event; None for one that the provider denied itself. Raises Unreadable."""
    name, ident, given = event.value("name"), event.value("id"), event.get("input")
    if not isinstance(name, str) or not isinstance(ident, str) or not ident or given is None:
        raise Unreadable("a tool call of a session that cannot be read")
    if not isinstance(loads_unique(given), dict):
        raise Unreadable("a tool call of a session whose input is not an object")
    # A custom tool has no permission at the provider: whoever runs it looks at nothing but the event.
    permission = event.value("evaluated_permission") if kind != CUSTOM else None
    if permission == "deny":
        return None
    asks = kind == _MCP or permission not in (None, "allow")
    if kind == _MCP:
        server = event.value("mcp_server_name")
        if not isinstance(server, str) or not server:
            raise Unreadable("a call of a remote tool that names no server")
        name = f"mcp:{server}.{name}"
    return Pending(ident, Call(name, given.decode(), ident, "approval" if asks else "function"), asks, kind)


def _waiting(event: Object) -> list[str]:
    reason = event.value("stop_reason")
    found = reason.get("event_ids") if isinstance(reason, dict) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _refuse_hidden(raw: bytes, kind: str) -> None:
    """Raise Unreadable for an event of another type that holds what looks like a call."""
    if kind.endswith("tool_use") or "tool_call" in kind:
        raise Unreadable(f"an event of the unknown type {kind[:40]!r}")
    if may_hide_call(raw):
        refuse_hidden_calls(loads_unique(raw))


def _shown(raw: bytes, fates: Mapping[str, Fate]) -> bytes:
    event = Object(raw)
    kind = event.value("type")
    if kind in _CALLS:
        fate = fates.get(str(event.value("id")))
        return _sentence(event, fate.refused) if fate is not None and fate.refused else raw
    if kind in _IDLE:
        return _still_waiting(event, fates, raw)
    return raw


def _sentence(event: Object, text: str) -> bytes:
    """Return a message of the agent's in the place of a call that was refused, under the same id."""
    kept = {name: loads_unique(event.get(name) or b"null") for name in ("processed_at",) if name in event.names}
    message = {"id": event.value("id"), "type": "agent.message", "content": [{"type": "text", "text": text}], **kept}
    return dumps(message)


def _still_waiting(event: Object, fates: Mapping[str, Fate], raw: bytes) -> bytes:
    reason = Object(event.get("stop_reason") or b"{}")
    listed = reason.get("event_ids")
    if listed is None or not listed.startswith(b"["):
        return raw
    kept = [one for one in items(listed) if not _answered(fates.get(str(loads_unique(one))))]
    if len(kept) == len(items(listed)):
        return raw
    return event.edit({"stop_reason": reason.edit({"event_ids": array(kept)})})


def _answered(fate: Fate | None) -> bool:
    return fate is not None and (fate.answered or bool(fate.refused))
