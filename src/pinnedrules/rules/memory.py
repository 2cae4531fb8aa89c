"""What a function gave, remembered by what it was given: the model chooses what that is, so the room is bounded.

Rules of this file:

1. Room is bounded in entries and in characters, whatever the length of one key; a key that takes more than its share is
   not kept at all.
2. A memory that is full is emptied: what is asked often comes back soon, and nothing has to be written at a hit.
3. A memory changes no answer. Only functions of their one argument are remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

__all__ = ["ENTRIES", "ROOM", "SHARE", "Memory", "remembered"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ENTRIES = 4_096
"""Keys that one memory holds, unless it says otherwise."""

ROOM = 1 << 16
"""Characters of all the keys of one memory together, unless it says otherwise."""

SHARE = 16
"""A key of more than one in so many parts of the room is not kept."""


class Memory(dict[K, V]):
    """The answers of *make*; ``memory[key]`` makes what is not there. *size* tells the characters of a key.

    Safe to share between threads: two of them may make the same answer, and count it twice.
    """

    __slots__ = ("_entries", "_make", "_room", "_size", "_used")

    def __init__(
        self, make: Callable[[K], V], *, entries: int = ENTRIES, room: int = ROOM, size: Callable[[K], int]
    ) -> None:
        super().__init__()
        self._make, self._entries, self._room, self._size, self._used = make, entries, room, size, 0

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._used = 0

    def __missing__(self, key: K) -> V:
        made = self._make(key)
        size = self._size(key)
        if size * SHARE <= self._room:
            if len(self) >= self._entries or self._used + size > self._room:
                self.clear()
            self[key] = made
            self._used += size
        return made


def remembered(*, entries: int = ENTRIES, room: int = ROOM) -> Callable[[Callable[[str], V]], Callable[[str], V]]:
    """Remember what a function of one text gives. What is looked up is found without a frame of Python."""

    def wrap(make: Callable[[str], V]) -> Callable[[str], V]:
        return Memory(make, entries=entries, room=room, size=len).__getitem__

    return wrap
