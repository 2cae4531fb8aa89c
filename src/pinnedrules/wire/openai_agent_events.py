"""What comes back from OpenAI's sessions: events, sessions, items, and pages of the last two.

A call of the program's is a ``function_call``: an item of a turn (on which the SDK's own dispatcher acts when it is added,
whatever its status), and again one of the ``required_actions`` of every session that is shown. A call of a remote server that
waits for a yes is the required action ``mcp_approval_request``. Everything else that looks like a call has been run already,
or is refused here.
``types/beta/agent_session*`` of openai-python 3.54.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.agents import Fate, Page, Pending
from pinnedrules.wire.hidden import may_hide_call, refuse_hidden_calls
from pinnedrules.wire.json_text import Object, array, loads_unique

__all__ = ["call_id", "parts_of", "read", "render"]

_ID = re.compile(r"[A-Za-z0-9_-]+")
_BETWEEN = " "
_DONE = ("completed", "failed")
_ADDED = "agent.session.turn.item.added"
# Items that were run by the provider, or hold words; a person's and a tool's own words may look like anything.
_PAST = frozenset({
    "agent_message", "close_subagent_call", "command_execution", "computer_use_approval_request",
    "computer_use_approval_request_result", "computer_use_call", "create_subagent_call", "function_call_output",
    "interrupt_subagent_call", "mcp_call", "message", "reasoning", "resume_subagent_call", "send_subagent_input_call",
    "wait_for_subagents_call", "web_search_call",
})  # fmt: skip
# Required actions that a person answers in the program's own forms.
_FORMS = ("computer_use_approval_request", "environment_connection")


def call_id(turn: str, call: str) -> str:
    """Return the name of a function call: its id counts within its turn."""
    return f"{turn}{_BETWEEN}{call}"


def parts_of(name: str) -> tuple[str, str]:
    """Return turn and id of a function call."""
    turn, _, call = name.partition(_BETWEEN)
    return turn, call


def read(data: bytes) -> Page:
    """Read one event, one object, or one page. Raises Unreadable for calls in a form that is not known."""
    pending: dict[str, Pending] = {}
    named: dict[str, None] = {}
    for raw in _listed(data):
        _read_one(raw, pending, named)
    return Page(tuple(pending.values()), tuple(name for name in named if name not in pending))


def render(data: bytes, fates: Mapping[str, Fate]) -> bytes:
    """Return what may be seen: without refused calls, and without actions that were taken. Empty when nothing is left."""
    if not _is_page(data):
        return _seen(data, fates) or b""
    page = Object(data)
    listed = page.elements("data") or []
    written = [seen for raw in listed if (seen := _seen(raw, fates)) is not None]
    return data if written == listed else page.edit({"data": array(written)})


def _is_page(data: bytes) -> bool:
    if not data.lstrip().startswith(b"{"):
        return False
    whole = Object(data)
    return "type" not in whole.names and (whole.get("data") or b"").startswith(b"[")


def _listed(data: bytes) -> list[bytes]:
    if not _is_page(data):
        return [data]
    page = Object(data)
    refuse_hidden_calls({name: page.value(name) for name in page.names if name != "data"})
    return page.elements("data") or []


def _read_one(raw: bytes, pending: dict[str, Pending], named: dict[str, None]) -> None:
    if not raw.lstrip().startswith(b"{"):
        refuse_hidden_calls(loads_unique(raw))
        return
    one = Object(raw)
    if one.value("object") == "agent.session":
        _read_session(one, pending)
        return
    kind = one.value("type")
    if kind == "function_call" or (isinstance(kind, str) and kind in _PAST):
        _read_item(one, "", pending, named)
        return
    for key in ("session", "item"):
        inner = one.get(key)
        if inner is None or not inner.startswith(b"{"):
            continue
        if key == "session":
            _read_session(Object(inner), pending)
        else:
            _read_item(Object(inner), _text(one.value("session_id")), pending, named, added=kind == _ADDED)
    if may_hide_call(raw):
        refuse_hidden_calls({key: one.value(key) for key in one.names if key not in ("session", "item")})


def _read_session(session: Object, pending: dict[str, Pending]) -> None:
    name = _text(session.value("id"))
    for raw in session.elements("required_actions") or ():
        action = Object(raw)
        kind = action.value("type")
        if kind == "function_call":
            one = _function(action, name)
        elif kind == "mcp_approval_request":
            one = _question(action, name)
        elif kind in _FORMS:
            continue
        else:
            raise Unreadable(f"a required action of the unknown type {str(kind)[:40]!r}")
        _add(one, pending)
    refuse_hidden_calls([session.value(key) for key in session.names if key not in ("required_actions", "agent")])


def _read_item(
    item: Object, session: str, pending: dict[str, Pending], named: dict[str, None], *, added: bool = False
) -> None:
    kind = item.value("type")
    if isinstance(kind, str) and kind in _PAST:
        return
    if kind != "function_call":
        raise Unreadable(f"an item of the unknown type {str(kind)[:40]!r}")
    one = _function(item, session)
    if item.value("status") in _DONE and not added:
        named[one.id] = None
    else:
        _add(one, pending)


def _add(one: Pending, pending: dict[str, Pending]) -> None:
    """Add a call that waits. Raises Unreadable when another one has its id: only one of them would be decided."""
    former = pending.get(one.id, one).call
    if former is not one.call and (former.name, _value(former)) != (one.call.name, _value(one.call)):
        raise Unreadable("two calls of a session under one id")
    pending[one.id] = one


def _value(call: Call) -> object:
    return loads_unique(call.arguments.encode("utf-8", "surrogatepass"))


def _function(item: Object, session: str) -> Pending:
    turn, call, name = (item.value(key) for key in ("turn_id", "call_id", "name"))
    if not (isinstance(turn, str) and turn and isinstance(call, str) and call and isinstance(name, str)):
        raise Unreadable("a function call of a session that cannot be read")
    if _BETWEEN in turn:
        raise Unreadable("a turn's id with a space in it")
    ident = call_id(turn, call)
    return Pending(ident, Call(name, _arguments(item), ident), False, "function_call", session)


def _question(action: Object, session: str) -> Pending:
    ident, asked = action.value("request_id"), Object(action.get("request") or b"{}")
    label, name = asked.value("server_label"), asked.value("name")
    if not all(isinstance(one, str) and one for one in (ident, label, name)):
        raise Unreadable("an approval request that does not name its tool")
    return Pending(
        str(ident), Call(f"mcp:{label}.{name}", _arguments(asked), str(ident), "approval"), True, "approval", session
    )


def _arguments(call: Object) -> str:
    """Return the arguments as JSON text: they come as an object, or as the text of one, which the SDK reads as well."""
    raw = call.get("arguments") or b"null"
    value = loads_unique(raw)
    text = value if isinstance(value, str) else raw.decode()
    if not isinstance(loads_unique(text.encode("utf-8", "surrogatepass")), dict):
        raise Unreadable("a call of a session whose arguments are not an object")
    return text


def _text(value: object) -> str:
    """Return an id that may stand in a path. Raises Unreadable."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Unreadable("a session's id that cannot stand in a path")
    return value


def _seen(raw: bytes, fates: Mapping[str, Fate]) -> bytes | None:
    """Return an event, a session or an item as it may be seen, None if not at all."""
    if not raw.lstrip().startswith(b"{"):
        return raw
    one = Object(raw)
    if one.value("object") == "agent.session":
        return _without_taken(one, fates, raw)
    if one.value("type") == "function_call":
        return None if _refused(one, fates) else raw
    inner = one.get("item")
    if inner is not None and inner.startswith(b"{") and _refused(Object(inner), fates):
        return None
    session = one.get("session")
    if session is None or not session.startswith(b"{"):
        return raw
    shown = _without_taken(Object(session), fates, session)
    return raw if shown == session else one.edit({"session": shown})


def _refused(item: Object, fates: Mapping[str, Fate]) -> bool:
    if item.value("type") != "function_call":
        return False
    fate = fates.get(call_id(str(item.value("turn_id")), str(item.value("call_id"))))
    return fate is not None and bool(fate.refused)


def _without_taken(session: Object, fates: Mapping[str, Fate], raw: bytes) -> bytes:
    listed = session.elements("required_actions")
    if not listed:
        return raw
    kept = [one for one in listed if not _taken(Object(one), fates)]
    return raw if len(kept) == len(listed) else session.edit({"required_actions": array(kept)})


def _taken(action: Object, fates: Mapping[str, Fate]) -> bool:
    if action.value("type") == "mcp_approval_request":
        fate = fates.get(str(action.value("request_id")))
        return fate is not None and (fate.answered or bool(fate.refused))
    return _refused(action, fates)
