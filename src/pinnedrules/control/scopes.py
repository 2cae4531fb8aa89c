"""What ``stop.json`` says: what is stopped, and which epoch counts for whom.

The folder has one epoch, a number that grows with every change. Each scope keeps the epoch of its own last stop or
resume, and a session goes by the higher one of its own scope's and everything's: what is under way under an older one is
void, and what happens to one session voids nothing of another. A pause is read as a state and voids nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

from pinnedrules.types import StopState

__all__ = ["EVERYTHING", "Content", "Held", "Sign", "parse", "session_scope"]

EVERYTHING = "*"
"""The scope of all sessions."""

Sign: TypeAlias = tuple[int, int, int]
"""What tells one version of a file from the next: modification time in ns, inode and size."""

_STRICTNESS = {"run": 0, "pause": 1, "stop": 2}
_EPOCHS = 1 << 62
# What the names of scopes may weigh that are not stopped any more; with every character escaped the file stays readable.
_KEPT = 1 << 16
_OVERHEAD = 64


def session_scope(name: str) -> str:
    """Return the scope of the sessions called *name*."""
    return f"session:{name}"


@dataclass(frozen=True, slots=True)
class Held:
    """A pause or a stop in force; ``at`` in UTC microseconds. Raises ValueError."""

    state: Literal["pause", "stop"]
    reason: str
    actor: str
    at: int

    def __post_init__(self) -> None:
        texts = isinstance(self.reason, str) and isinstance(self.actor, str)
        if self.state not in ("pause", "stop") or not texts or type(self.at) is not int:
            raise ValueError("not a known form")


@dataclass(frozen=True, slots=True)
class Content:
    """What stop.json says; ``hand`` is what the file STOP looked like when the epoch began.

    ``epoch`` is the folder's; ``epochs`` has the one of the last stop or resume of each scope that had any change.
    """

    epoch: int
    scopes: dict[str, Held]
    epochs: dict[str, int]
    hand: Sign | None

    def written(self) -> bytes:
        """Return the bytes of the file."""
        return json.dumps(asdict(self), indent=1).encode()

    def epoch_of(self, scope: str) -> int:
        """Return the epoch that counts for a scope: nothing of it is released under an older one."""
        return max(self.epochs.get(scope, 0), self.epochs.get(EVERYTHING, 0))

    def state(self, scope: str) -> StopState:
        """Return what is in force for this scope alone."""
        held = self.scopes.get(scope)
        if held is None:
            return StopState("run", self.epoch_of(scope), scope=scope)
        return StopState(held.state, self.epoch_of(scope), held.reason, held.actor, scope)

    def states(self, everything: StopState) -> dict[str, StopState]:
        """Return what counts, under *everything*, for each scope that had a change: the stricter of both."""
        found = {EVERYTHING: everything}
        for scope in self.epochs.keys() - {EVERYTHING}:
            own = self.state(scope)
            stricter = own if _STRICTNESS[own.state] > _STRICTNESS[everything.state] else everything
            found[scope] = replace(stricter, epoch=own.epoch)
        return found

    def changed(self, scope: str, held: Held | None) -> Content:
        """Return the same under a new epoch, with *held*, or nothing, in force for *scope*."""
        epoch = self.epoch + 1
        scopes = {name: former for name, former in self.scopes.items() if name != scope}
        if held is not None:
            scopes[scope] = held
        own = self.epochs.get(scope, 0) if held is not None and held.state == "pause" else epoch
        return replace(self, epoch=epoch, scopes=scopes, epochs=_kept(self.epochs | {scope: own}, scopes))

    def touched(self, hand: Sign | None) -> Content:
        """Return the same under a new epoch, because somebody touched, changed or removed the file STOP."""
        epoch = self.epoch + 1
        return replace(self, epoch=epoch, epochs=self.epochs | {EVERYTHING: epoch}, hand=hand)


def parse(data: bytes) -> Content:
    """Read the bytes of the file. Raises ValueError, LookupError, TypeError, AttributeError or RecursionError."""
    found = json.loads(data)
    hand = found["hand"]
    content = Content(
        found["epoch"],
        {scope: Held(**held) for scope, held in found["scopes"].items()},
        {**found["epochs"]},
        None if hand is None else (int(hand[0]), int(hand[1]), int(hand[2])),
    )
    numbers = (content.epoch, *content.epochs.values())
    if any(type(number) is not int or not 0 <= number < _EPOCHS for number in numbers):
        raise ValueError("not an epoch")
    if max(numbers) > content.epoch or not content.scopes.keys() <= content.epochs.keys():
        raise ValueError("a scope is ahead of the folder, or has no epoch")
    return content


def _kept(epochs: dict[str, int], scopes: Collection[str]) -> dict[str, int]:
    """Return the epochs without the older half of those that are not in force, when there are too many of these."""
    idle = sorted((number, name) for name, number in epochs.items() if name not in scopes and name != EVERYTHING)
    if sum(len(name) + _OVERHEAD for _, name in idle) <= _KEPT:
        return epochs
    # Everything becomes as new as what is forgotten: an answer under way elsewhere may be void for it, and none is
    # released that should not be. By half, so that it is rare.
    gone = idle[: (len(idle) + 1) // 2]
    kept = {name: number for name, number in epochs.items() if (number, name) not in gone}
    return kept | {EVERYTHING: max(epochs.get(EVERYTHING, 0), gone[-1][0])}
