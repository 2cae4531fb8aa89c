"""Knows the items of an answer again when an application repeats them in its own way.

Some applications drop ids, some send references in their place, some rebuild items from what they stored. An item is the
same if its type is, and one of the things that name it: its id, the id of its call, its encrypted reasoning, its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pinnedrules.errors import Unreadable
from pinnedrules.types import Restore
from pinnedrules.wire.json_text import Object, items
from pinnedrules.wire.openai_responses_input import shown_text
from pinnedrules.wire.openai_responses_items import result_items
from pinnedrules.wire.placeholder import squeezed

__all__ = ["Answered", "Entry", "entries", "pin_token", "read_entry", "refusals"]

_PIN = re.compile(r"msg_pin_([0-9a-f]{32})\Z")
_NAMED_BY = ("id", "call_id", "encrypted_content")


@dataclass(frozen=True, slots=True)
class Entry:
    """One item and what it is known by. ``call`` is the id of the call that it is; ``text`` is set for what was said."""

    raw: bytes
    kind: str
    names: frozenset[tuple[str, str]]
    call: str
    text: str | None

    def same(self, other: Entry) -> bool:
        """Say whether *other* repeats this item, or refers to it."""
        if self.kind != other.kind and "item_reference" not in (self.kind, other.kind):
            return False
        if self.text is not None and self.text == other.text:
            return True
        if not self.names.isdisjoint(other.names):
            return True
        # Stripped of all that names it, an item can only be known by its type.
        return self.kind == other.kind != "message" and not (self.names and other.names)


def read_entry(raw: bytes) -> Entry:
    """Return an item with what it is known by."""
    item = Object(raw)
    kind = item.value("type") or ("message" if item.get("role") else "item_reference")
    found = [(name, item.value(name)) for name in _NAMED_BY]
    names = frozenset((name, value) for name, value in found if isinstance(value, str) and value)
    call = item.value("call_id") or (item.value("id") if kind in ("mcp_approval_request", "tool_search_call") else "")
    said = kind == "message" and item.value("role") == "assistant"
    return Entry(raw, str(kind), names, str(call or ""), squeezed(shown_text(raw)) if said else None)


def entries(message: bytes) -> list[Entry]:
    """Return the items of a whole answer, which is a JSON array. Raises Unreadable."""
    return [read_entry(raw) for raw in items(message)]


def pin_token(raw: bytes) -> str:
    """Return the token in a reference to a placeholder message, or an empty string."""
    identifier = Object(raw).value("id")
    match = _PIN.match(identifier) if isinstance(identifier, str) else None
    return match[1] if match else ""


def refusals(message: bytes, results: Iterable[tuple[str, str]]) -> list[bytes]:
    """Return the items that answer calls of the answer *message* with these (call id, text). Raises Unreadable."""
    calls = {entry.call: entry.raw for entry in entries(message) if entry.call}
    found: list[bytes] = []
    for identifier, text in results:
        if identifier not in calls:
            raise Unreadable("a result for a call that the answer does not hold")
        found += result_items(calls[identifier], text)
    return found


class Answered:
    """What is still to be put back of an answer whose placeholder stood in the input.

    *rest* are its items from the first refused call on; the other ones are repeated by the application, in order.
    """

    def __init__(self, restore: Restore, rest: Sequence[Entry]) -> None:
        self.restore = restore
        self._rest = list(rest)
        self._refused = {identifier for identifier, _ in restore.results}

    @property
    def done(self) -> bool:
        """True when no item of the answer can follow."""
        return not self._rest

    def place(self, entry: Entry) -> int | None:
        """Return where *entry* stands among the items to come, None when it is none of them."""
        places = [n for n, one in enumerate(self._rest) if one.call not in self._refused and one.same(entry)]
        return places[0] if places else None

    def pass_by(self, place: int) -> tuple[list[bytes], bytes]:
        """Return the refused calls before the item at *place*, and that item; go on behind it."""
        ahead, item = self._refusals(self._rest[:place]), self._rest[place].raw
        del self._rest[: place + 1]
        return ahead, item

    def first(self) -> list[bytes]:
        """Return the refused calls that come next in a row."""
        place = next((n for n, one in enumerate(self._rest) if one.call not in self._refused), len(self._rest))
        found = self._refusals(self._rest[:place])
        del self._rest[:place]
        return found

    def last(self) -> list[bytes]:
        """Return all refused calls that are left."""
        found, self._rest = self._refusals(self._rest), []
        return found

    def _refusals(self, among: Iterable[Entry]) -> list[bytes]:
        return [one.raw for one in among if one.call in self._refused]
