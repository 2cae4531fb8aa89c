"""The output items of a streamed Responses answer, as far as they have come.

An item has an index, and mostly an id; programs go by the one or by the other, so both must say the same of a call. The
events of a stream that is resumed in the middle may belong to items whose beginning was not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Definition
from pinnedrules.wire.base import Key
from pinnedrules.wire.json_text import as_object
from pinnedrules.wire.openai_responses_answer import item_call, may_be_call, refuse_repeated_ids
from pinnedrules.wire.openai_responses_items import CALLS
from pinnedrules.wire.openai_responses_parts import Pieces, refuse_other
from pinnedrules.wire.openai_responses_tools import listed_tools, own_tools

__all__ = ["Done", "Item", "Output"]

Done = tuple[tuple[Key, Call], ...]
"""The calls that something proves complete: none or one of an item, several of an output that is repeated."""


@dataclass(slots=True)
class Item:
    """One output item; ``whole`` is its JSON once it is complete.

    Of an item whose beginning was not seen ``type`` is empty, or told by a part of a call; ``plain`` says that it has
    events that no call has.
    """

    type: str = ""
    call: bool = False
    plain: bool = False
    added: Mapping[str, object] | None = None
    pieces: Pieces = field(default_factory=Pieces)
    whole: bytes = b""
    told: Call | None = None


class Output:
    """All output items of one answer by their index; knows nothing of events."""

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.tools: object = None  # what the response repeats of the tools of its request
        self.listed: dict[str, Definition] = {}  # the tools of remote servers that it lists
        self.lost: set[Key] = set()  # calls that the provider did not finish
        self.faithful = True  # whether what the last event repeats fits what was shown
        self._known: dict[tuple[str, object], int] = {}
        self._owners: dict[str, int] = {}

    @property
    def size(self) -> int:
        """One more than the highest index."""
        return max(self.items, default=-1) + 1

    @property
    def open(self) -> bool:
        """Whether a call was begun that is neither complete nor given up."""
        return any(item.call and not item.whole and (index,) not in self.lost for index, item in self.items.items())

    def lose(self) -> None:
        """Give up all calls that are not complete."""
        self.lost |= {(index,) for index, item in self.items.items() if item.call and not item.whole}

    def begin(self, index: int, value: Mapping[str, object], raw: bytes) -> bool:
        """Take in an item that begins, and say whether it is a call. Raises Unreadable."""
        if index in self.items:
            raise Unreadable("an output item that begins twice")
        item = self._new(index)
        item.type, item.added, item.call = str(value["type"]), value, may_be_call(raw)
        self._note(index, value)
        return item.call

    def part(self, index: int, kind: str, identifier: object) -> Item:
        """Return the item of type *kind* that a part of a call belongs to. Raises Unreadable."""
        item = self.items.get(index) or self._new(index)
        if item.type not in ("", kind) or item.plain or item.whole:
            raise Unreadable("a part of a tool call that is not open")
        if not item.type:
            item.type, item.call = kind, True
        self._own(index, identifier)
        return item

    def speak(self, index: int, identifier: object) -> None:
        """Take in an event that belongs to no call. Raises Unreadable when its item is one."""
        item = self.items.get(index) or self._new(index)
        if item.call:
            raise Unreadable("an event of an unknown type that belongs to a tool call")
        item.plain = item.plain or not item.type
        self._own(index, identifier)

    def finish(self, index: int, value: Mapping[str, object], raw: bytes) -> Done:
        """Take in a whole item and return its call, if it is one. Raises Unreadable."""
        return self._complete(index, self.items.get(index) or self._new(index), value, raw)

    def repeat(self, position: int, raw: bytes, *, failed: bool) -> tuple[int, Done]:
        """Read an item where the whole output is repeated. Raises Unreadable.

        Returns the index of the call that it is (-1 for none) and the call if it was not complete before. After an error
        of the provider (*failed*) a call that was not complete is lost.
        """
        call, value = item_call(raw), as_object(raw)
        name = _identity(value)
        index = self._known.get(name, position) if name[1] else position
        item = self.items.setdefault(index, Item())
        if name not in self._known:
            # Known by its place only: an item whose beginning was not seen, or whose id is another one now.
            other = item.type not in ("", value["type"]) or (item.call and call is None)
            if call is not None and (other or item.plain or item.whole or item.added is not None):
                raise Unreadable("a tool call in the place of another item")
            if other:
                self.faithful = False
                return -1, ()
        done: Done = ()
        if item.whole:
            if call is not None:
                refuse_other(as_object(item.whole), value)
        elif failed and call is not None:
            item.call = True
            self.lost.add((index,))
        else:
            done = self._complete(index, item, value, raw)
        return (index if call is not None else -1), done

    def _complete(self, index: int, item: Item, value: Mapping[str, object], raw: bytes) -> Done:
        if item.whole:
            raise Unreadable("an output item that is done twice")
        call = item_call(raw)
        # A call of a shell may turn out to run at the provider, but nothing may turn out to be a call.
        was_none = item.plain or (item.type != "" and not item.call)
        if item.type not in ("", value["type"]) or (was_none and call is not None):
            raise Unreadable("an output item that becomes another one")
        item.type, item.call, item.whole = str(value["type"]), call is not None, raw
        self._note(index, value)
        if call is None:
            self.listed.update(listed_tools(value))
            return ()
        item.pieces.agree(item.added, value)
        tools = own_tools(self.tools)
        said = self.listed.get(call.name) or tools.definitions.get(call.name)
        item.told = replace(call, declared=tools.get(call.name), definition=said)
        refuse_repeated_ids(other.told for other in self.items.values() if other.told is not None)
        return (((index,), item.told),)

    def _new(self, index: int) -> Item:
        if index < self.size:
            raise Unreadable("output items whose indices do not grow")
        self.items[index] = Item()
        return self.items[index]

    def _note(self, index: int, value: Mapping[str, object]) -> None:
        self._own(index, value.get("id"))
        name = _identity(value)
        if name[1]:
            self._known[name] = index

    def _own(self, index: int, identifier: object) -> None:
        """Note which item an id stands for. Raises Unreadable when a part of a call could be taken for another's."""
        if not isinstance(identifier, str | None):
            raise Unreadable("an item id that is not text")
        if not identifier:
            return
        owner = self._owners.setdefault(identifier, index)
        if owner != index and (self.items[owner].call or self.items[index].call):
            raise Unreadable("an item id that stands for two items")


def _identity(value: Mapping[str, object]) -> tuple[str, object]:
    """Return by what a program knows an item again: a call by the id that its result names, else by its own."""
    kind, own = str(value.get("type")), value.get("id")
    name = value.get("call_id") if kind in CALLS and value.get("call_id") is not None else own
    return kind, name if isinstance(name, str) else ""
