"""Reads tool calls out of Chat Completions, whole or in fragments, as OpenAI and compatible servers send them.

https://platform.openai.com/docs/api-reference/chat/streaming and the message object of the same reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.base import Key
from pinnedrules.wire.hidden import refuse_hidden_calls
from pinnedrules.wire.json_text import dig

__all__ = ["LEGACY", "Fragment", "Growing", "Kind", "Path", "read_entry", "read_legacy"]

Kind = Literal["function", "custom", "legacy"]
Path = tuple[str | int, ...]
LEGACY = -1  # the index in the key of a legacy ``function_call``, which has no list to stand in

_ARGUMENT: dict[str, str] = {"function": "arguments", "custom": "input"}
_OWN = frozenset({"index", "id", "type", "function", "custom"})


@dataclass(frozen=True, slots=True)
class Fragment:
    """One entry of ``tool_calls``: a whole call, or a part of one.

    ``text`` is the argument text (None when the entry has none); ``nested`` says that it was not a string but JSON,
    given here as its own text. ``kind`` is None when the entry does not tell; ``type`` is its type as it stands there.
    """

    kind: Kind | None
    id: str
    name: str
    text: str | None
    nested: bool
    type: str = ""
    extras: Mapping[str, object] = field(default_factory=dict)


def read_entry(entry: object, source: bytes, path: Path) -> Fragment:
    """Read one entry of ``tool_calls``, which stands at *path* in *source*. Raises Unreadable."""
    if not isinstance(entry, dict):
        raise Unreadable("a tool call that is not an object")
    told = _string(entry.get("type"), "type")
    bodies = [name for name in _ARGUMENT if entry.get(name) is not None]
    if len(bodies) > 1 or (bodies and told in _ARGUMENT and bodies[0] != told):
        raise Unreadable("a tool call of two kinds at once")
    extras = {key: value for key, value in entry.items() if key not in _OWN}
    refuse_hidden_calls(extras)
    identifier = _string(entry.get("id"), "id")
    kind: Kind | None = "custom" if "custom" in (told, *bodies) else "function" if bodies else None
    if not bodies:
        return Fragment(kind, identifier, "", None, False, told, extras)
    argument = _ARGUMENT[bodies[0]]
    name, text, nested = _body(entry[bodies[0]], argument, source, (*path, bodies[0], argument))
    return Fragment(kind, identifier, name, text, nested, told, extras)


def read_legacy(body: object, source: bytes, path: Path) -> Fragment:
    """Read a legacy ``function_call``, which stands at *path* in *source*. Raises Unreadable."""
    name, text, nested = _body(body, "arguments", source, (*path, "arguments"))
    return Fragment("legacy", "", name, text, nested)


def _string(value: object, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"a tool call whose {what} is not text")
    return value


def _body(body: object, argument: str, source: bytes, path: Path) -> tuple[str, str | None, bool]:
    if not isinstance(body, dict):
        raise Unreadable("a tool call whose body is not an object")
    refuse_hidden_calls([value for key, value in body.items() if key not in ("name", argument)])
    name = _string(body.get("name"), "name")
    value = body.get(argument)
    if isinstance(value, (dict, list)):
        return name, dig(source, path).decode(), True
    return name, None if value is None else _string(value, argument), False


@dataclass(slots=True)
class Growing:
    """A call that is being read: it grows by fragments until it is proven complete."""

    key: Key
    id: str = ""
    kind: Kind | None = None
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    nested: bool = False
    type: str = ""
    extras: dict[str, object] = field(default_factory=dict)
    complete: bool = False

    def add(self, fragment: Fragment) -> None:
        """Take in one more fragment. Raises Unreadable when it can be read in two ways."""
        if self.complete:
            raise Unreadable("a part of a tool call that was already complete")
        if fragment.id and self.id and fragment.id != self.id:
            raise Unreadable("two ids for one tool call")
        if fragment.kind and self.kind and fragment.kind != self.kind:
            raise Unreadable("a tool call of two kinds at once")
        # Readers disagree about a second name: some add it to the first, some keep the first.
        if fragment.name and self.name:
            raise Unreadable("a second name for one tool call")
        if fragment.text and (fragment.nested or self.nested) and self.pieces:
            raise Unreadable("arguments given twice for one tool call")
        self.id = self.id or fragment.id
        self.kind = self.kind or fragment.kind
        self.name = self.name or fragment.name
        self.nested = self.nested or fragment.nested
        self.type = self.type or fragment.type
        self.extras.update(fragment.extras)
        if fragment.text:
            self.pieces.append(fragment.text)

    def call(self) -> Call:
        """Return the call, which is complete from now on. Raises Unreadable when it has no name."""
        if not self.name:
            raise Unreadable("a tool call without a name")
        self.complete = True
        return Call(self.name, "".join(self.pieces), self.id, self.kind or "function")
