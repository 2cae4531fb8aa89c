"""What a model of your own may say of a person's turn: the protocol for ``Guard(hears=...)``.

It can only limit: pause, or have calls asked about. There is no word here for a permission.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from pinnedrules.types import Effect

__all__ = ["Heard", "HeardKind", "HeardLike", "Hears"]

HeardKind: TypeAlias = Literal["", "stop", "constraint"]


class HeardLike(Protocol):
    """What is answered: any object with these two.

    ``kind`` is ``"stop"`` (a pause), ``"constraint"`` (a rule of the session) or empty for neither; ``effects`` what it is
    about (``write``, ``delete``, ``send``, ``publish``, ``spend``, ``execute``), empty for all of them.
    """

    @property
    def kind(self) -> HeardKind:
        """What was said."""
        ...

    @property
    def effects(self) -> Collection[Effect]:
        """What it is about."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """A :class:`HeardLike` for those who have no class of their own."""

    kind: HeardKind = ""
    effects: tuple[Effect, ...] = ()


Hears: TypeAlias = Callable[[str], HeardLike | None] | Callable[[str], Awaitable[HeardLike | None]]
"""Takes the turn's text (of a long one its two ends, about 5,000 characters); None is nothing. Sync or async."""
