"""Meta tools: tools whose call carries another call in its arguments, and how that call is taken out and put back.

An agent with many tools shows its model a few that reach all the others: OpenClaw ``tool_call {id, args}``, Qwen Code
``tool_call``, Cline ``use_mcp_tool {server_name, tool_name, arguments}``, and ``execute_tool``, ``use_tool``,
``call_tool``, ``run_tool``, ``invoke_tool`` of gateways. The inner call is what runs, so it is what is decided.

Rules of this file:

1. Nothing is guessed: where it is not clear which call is carried, every one that may be is returned, with a problem.
2. Names of arguments count without case, ``_`` and ``-``, as lenient programs read them.
3. What is put back changes the inner arguments and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pinnedrules.rules.arguments import INPUT, Unread, dump, read
from pinnedrules.rules.bearing import bears_remark
from pinnedrules.rules.builtin_tools import server_of
from pinnedrules.rules.memory import remembered
from pinnedrules.rules.names import name_keys, plain
from pinnedrules.rules.printable import shown
from pinnedrules.types import Call

__all__ = ["MAX_CARRIED", "MAX_MAYBE", "Carried", "is_meta", "rewrap", "unwrap"]

MAX_CARRIED = 4
"""How many calls may stand inside of each other."""

MAX_MAYBE = 16
"""How many calls one may be that is carried, with all that those may carry."""

_META = frozenset(
    {
        "callfunction",
        "callmcptool",
        "calltool",
        "executefunction",
        "executemcptool",
        "executetool",
        "invokefunction",
        "invoketool",
        "mcpcalltool",
        "runfunction",
        "runtool",
        "toolcall",
        "usemcptool",
        "usetool",
    }
)
_NAMES = frozenset({"function", "functionname", "id", "name", "tool", "toolid", "toolname"})
_ARGUMENTS = frozenset(
    {"args", "arguments", "input", "inputs", "parameters", "params"}
    | {
        f"{what}{word}"
        for what in ("tool", "function")
        for word in ("args", "arguments", "input", "parameters", "params")
    }
)
_SERVERS = frozenset({"mcpserver", "namespace", "server", "serverlabel", "servername"})
_BOXES = frozenset({"function", "tool"})
_FREE_TEXT = "it carries free text, which names no call"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a call carries: the call inside, or every one that it may be, and why that is not clear (empty when it is).

    ``keys`` are the arguments that carry it; ``place`` are the keys that lead to the inner arguments (none when there are
    none to put back), and ``text`` is true when they stand there as JSON text. ``plain`` is true when no call can stand in
    it at all. ``many`` is true when it may be so many that none of them was taken out.
    """

    calls: tuple[Call, ...]
    problem: str
    keys: frozenset[str]
    place: tuple[str, ...] = ()
    text: bool = False
    plain: bool = False
    many: bool = False


@remembered()
def is_meta(name: str) -> bool:
    """True for the names of tools that carry a call, with any namespace before them."""
    return not _META.isdisjoint(name_keys(plain(name) or ""))


def unwrap(call: Call) -> Carried | None:
    """Return what *call* carries; None for one that is no meta tool's, or whose arguments cannot be read at all."""
    if call.kind == "builtin" or not is_meta(call.name):
        return None
    try:
        arguments = read(call)
        if call.kind == "custom":
            arguments = _object(call.arguments)
    except Unread:
        return (
            None if call.kind != "custom" else Carried((), _FREE_TEXT, frozenset(), plain=not _may_hold(call.arguments))
        )
    return _carried(call, arguments)


def rewrap(
    call: Call, carried: Carried, arguments: str, patch: Sequence[Mapping[str, object]]
) -> tuple[Call, tuple[Mapping[str, object], ...]]:
    """Return *call* with the inner call's new *arguments* in their place, and the JSON Patch that does it.

    *carried* must be what :func:`unwrap` gave for *call*, without a problem and with a place; *patch* is what was done to
    the inner arguments (RFC 6902). Arguments that stand there as text are replaced as a whole.
    """
    outer = _object(call.arguments)
    level: dict[str, object] = outer
    for key in carried.place[:-1]:
        below = level[key]
        assert isinstance(below, dict)
        level = below
    level[carried.place[-1]] = arguments if carried.text else _object(arguments)
    place = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in carried.place)
    result = replace(call, arguments=dump(outer))
    if call.kind == "custom":
        return result, ({"op": "replace", "path": f"/{INPUT}", "value": result.arguments},)
    if carried.text:
        return result, ({"op": "replace", "path": place, "value": arguments},)
    moved = ({key: place + str(one[key]) if key in ("path", "from") else one[key] for key in one} for one in patch)
    return result, tuple(moved)


@dataclass(slots=True)
class _Found:
    """What the arguments of a meta tool say, by what their names stand for; ``others`` stand for nothing known."""

    names: dict[str, None] = field(default_factory=dict)
    servers: dict[str, None] = field(default_factory=dict)
    arguments: list[tuple[tuple[str, ...], object]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    others: list[tuple[str, object]] = field(default_factory=list)
    unclear: bool = False

    def look(self, values: Mapping[str, object], above: tuple[str, ...] = ()) -> None:
        """Sort *values*; one level of ``{"function": {"name": ..., "arguments": ...}}`` is looked into."""
        for key, value in values.items():
            word = _squeezed(key)
            known = self.names if word in _NAMES else self.servers if word in _SERVERS else None
            if word in _ARGUMENTS:
                self.arguments.append(((*above, key), value))
            elif word in _BOXES and isinstance(value, dict) and not above:
                self.look(value, (key,))
            elif known is None:
                self.others.append((key, value))
                continue
            elif isinstance(value, str) and value:
                known[value] = None
            elif value is not None:
                self.unclear = True
            if not above:
                self.keys.add(key)


def _carried(call: Call, arguments: Mapping[str, object]) -> Carried:
    found = _Found()
    found.look(arguments)
    place, value = found.arguments[0] if found.arguments else ((), {})
    beside = {key: item for key, item in arguments.items() if key not in found.keys}
    several = [item for _, item in found.arguments] or [beside]
    if len(found.names) * max(len(found.servers), 1) * len(several) > MAX_MAYBE:
        return Carried((), f"it may carry more than {MAX_MAYBE} calls", frozenset(found.keys), many=True)
    names = [f"{server}.{name}" if server else name for name in found.names for server in found.servers or [""]]
    return Carried(
        calls=tuple(_inner(call, name, item) for name in names for item in several),
        problem=_problem(found, value),
        keys=frozenset(found.keys),
        place=place if isinstance(value, str | dict) else (),
        text=isinstance(value, str),
        plain=not (names or found.arguments or any(_may_hold(item) for item in arguments.values())),
    )


def _problem(found: _Found, value: object) -> str:
    """Return why it is not clear what is carried, an empty text when it is."""
    if len(found.names) != 1:
        return "it names more than one call" if found.names else "it names no call"
    if found.unclear or len(found.servers) > 1:
        return "it is not clear which call it names"
    if len(found.arguments) > 1:
        return "it carries arguments in more than one place"
    if not found.arguments and found.others:
        return "it carries no arguments, but others stand beside the name"
    if not (isinstance(value, dict) or value is None or _is_object(value)):
        return "the arguments that it carries are not an object"
    # Which argument a program takes the name from is not known: it may be one that is not known here.
    strange = [key for key, item in found.others if isinstance(item, str | dict | list) and not bears_remark(key)]
    return f"{', '.join(shown(key, 40) for key in strange[:8])} may name another call than it does" if strange else ""


def _may_hold(value: object) -> bool:
    """True when a call may stand in a value: anything nested, or its JSON text."""
    return isinstance(value, dict | list) or (isinstance(value, str) and value.lstrip()[:1] in ("{", "["))


def _inner(call: Call, name: str, value: object) -> Call:
    """Return the call inside; behind a remote server it keeps that server's name before its own."""
    server = server_of(plain(call.name) or "")
    inner = Call(f"{server}.{name}" if server else name, "{}", call.id, answer=call.answer)
    if isinstance(value, str):
        return replace(inner, arguments=value, kind="function" if _is_object(value) else "custom")
    return replace(inner, arguments=dump(value)) if isinstance(value, dict) else inner


def _object(text: str) -> dict[str, object]:
    """Return the object that *text* is. Raises :class:`Unread`."""
    return read(Call("", text))


def _is_object(value: object) -> bool:
    """True for JSON text of an object, also for one that cannot be read: what it stands for is refused then."""
    return isinstance(value, str) and (not value or value.lstrip().startswith("{"))


def _squeezed(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")
