"""One history of messages as digests, in bounded memory, and what it has in common with a request.

A history keeps the digests of its newest messages. Older ones are folded: what stays of them is a running
hash, their number and their roles, enough to tell that a request still begins with them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from pinnedrules.compaction.digests import LEADING, ROLES, SIZE, WEAK, kinds

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["History", "Request", "Tail"]

_FIRST = 8
_PLACES_TRIED = 8


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of an old history, found again in a request.

    ``length`` messages in a row; ``telling`` of them are neither very short nor said twice in the old
    history.
    """

    length: int = 0
    telling: int = 0


class Request:
    """The messages of one request and their digests, 32 bytes each, joined."""

    def __init__(self, messages: Sequence[bytes], joined: bytes) -> None:
        self.messages = messages
        self.joined = joined
        self.count = len(messages)

    @cached_property
    def kinds(self) -> bytes:
        """One byte per message, see :func:`pinnedrules.compaction.digests.kinds`."""
        return kinds(self.messages)

    @cached_property
    def lead(self) -> int:
        """The number of system and developer messages at the start."""
        return _lead(self.kinds)

    def role(self, index: int) -> str:
        """Return the role of the message at *index*."""
        return _role(self.kinds[index])

    @cached_property
    def places(self) -> Mapping[bytes, Sequence[int]]:
        """Where each digest stands, ascending."""
        places: defaultdict[bytes, list[int]] = defaultdict(list)
        for index in range(self.count):
            places[_at(self.joined, index)].append(index)
        return dict(places)


@dataclass(frozen=True, slots=True)
class History:
    """The messages of one conversation as last seen.

    ``digests`` and ``kinds`` are of the newest messages; ``folded`` older ones are known only by ``chain``
    (a hash that ran over their digests) and ``folded_roles``. ``first`` are the digests of the first few;
    ``lead`` is the number of system and developer messages at the start. Of a history that came back from a store, and has
    folded messages, ``folded_sha256`` is what ``chain`` came to and ``whole_sha256`` what all of it came to.
    """

    digests: bytes
    kinds: bytes
    folded: int
    folded_roles: Mapping[str, int]
    chain: _Hash
    first: bytes
    lead: int
    folded_sha256: bytes = b""
    whole_sha256: str = ""

    @classmethod
    def of(cls, request: Request, limit: int) -> History:
        """Return the history of a request, of which at most *limit* messages are known one by one."""
        first = request.joined[: _FIRST * SIZE]
        return cls(request.joined, request.kinds, 0, {}, sha256(), first, request.lead)._fold(limit)

    def grown(self, request: Request, limit: int) -> History:
        """Return the history of a request that begins with this one."""
        if self.folded_sha256:
            return History.of(request, limit)  # a hash that came back cannot go on
        digests = self.digests + request.joined[self.count * SIZE :] if self.folded else request.joined
        known = self.kinds + kinds(request.messages[self.count :])
        lead = self.lead if self.lead < self.count else request.lead
        first = request.joined[: _FIRST * SIZE]
        return History(digests, known, self.folded, self.folded_roles, self.chain, first, lead)._fold(limit)

    def short(self, limit: int) -> History:
        """Return the same history with at most *limit* messages known one by one."""
        return self if self.folded_sha256 else self._fold(limit)

    def _fold(self, limit: int) -> History:
        surplus = len(self.kinds) - limit
        if surplus <= 0:
            return self
        cut = surplus * SIZE
        chain = self.chain.copy()
        chain.update(self.digests[:cut])
        roles = Counter(self.folded_roles)
        roles.update(map(_role, self.kinds[:surplus]))
        folded = self.folded + surplus
        return History(self.digests[cut:], self.kinds[surplus:], folded, dict(roles), chain, self.first, self.lead)

    @property
    def count(self) -> int:
        """The number of messages."""
        return self.folded + len(self.kinds)

    @property
    def sha256(self) -> str:
        """The hex SHA-256 of the digests of all messages, one after the other."""
        if self.whole_sha256:
            return self.whole_sha256
        chain = self.chain.copy()
        chain.update(self.digests)
        return chain.hexdigest()

    @property
    def anchor(self) -> int:
        """How many first messages make the conversation recognisable: up to the first that is no system message."""
        return self.lead + 1

    def role(self, index: int) -> str:
        """Return the role of the message at *index*, or an empty string when it is folded."""
        return _role(self.kinds[index - self.folded]) if index >= self.folded else ""

    def same_lead(self, request: Request) -> bool:
        """Say whether both begin with the same system and developer messages, or both with none."""
        size = min(self.lead, _FIRST) * SIZE
        return self.lead == request.lead and self.first[:size] == request.joined[:size]

    def common(self, request: Request) -> int:
        """Return how many first messages the request shares; at least that many, when folded ones differ."""
        cut = self.folded * SIZE
        if cut and sha256(request.joined[:cut]).digest() != (self.folded_sha256 or self.chain.digest()):
            return _shared(self.first, request.joined)
        return self.folded + _shared(self.digests, request.joined[cut:])

    def tail(self, request: Request, common: int) -> Tail:
        """Find the end of this history in the request, behind the *common* start.

        The very last message may be missing if two before it are there: it may have been an instruction to
        summarise, or have carried a reminder that callers put into the newest message only.
        """
        last = len(self.kinds)
        whole = self._tail(request, common, last)
        but_one = self._tail(request, common, last - 1)
        return but_one if but_one.length > max(1, whole.length) else whole

    def _tail(self, request: Request, common: int, end: int) -> Tail:
        first = max(0, common - self.folded)
        if end <= first:
            return Tail()
        places = request.places.get(_at(self.digests, end - 1), ())[-_PLACES_TRIED:]
        length = max((self._run(request, place, end, first, common) for place in places), default=0)
        telling = [_at(self.digests, n) for n in range(end - length, end) if not self.kinds[n] & WEAK]
        said = Counter(_at(self.digests, n) for n in range(len(self.kinds))) if telling else Counter[bytes]()
        return Tail(length, sum(said[digest] == 1 for digest in telling))

    def _run(self, request: Request, place: int, end: int, first: int, common: int) -> int:
        """Return how many messages that end before *end* here stand in a row that ends at *place* there."""
        length = 0
        longest = min(end - first, place + 1 - common)
        while length < longest and _at(self.digests, end - 1 - length) == _at(request.joined, place - length):
            length += 1
        return length

    def changed(self, request: Request, common: int) -> list[int]:
        """Return the indexes at which both have a message, but not the same one; folded ones count as changed."""
        known = max(common, self.folded)
        return [
            *range(common, known),
            *(
                index
                for index in range(known, min(self.count, request.count))
                if _at(self.digests, index - self.folded) != _at(request.joined, index)
            ),
        ]

    def fresh(self, request: Request, common: int) -> tuple[int, ...]:
        """Return the indexes of the messages behind the *common* start that this history, as far as known, has not."""
        old = {_at(self.digests, index) for index in range(len(self.kinds))}
        return tuple(index for index in range(common, request.count) if _at(request.joined, index) not in old)

    def dropped(self, request: Request, common: int) -> dict[str, int]:
        """Count by role the messages that are not in the request any more.

        Folded messages count as dropped unless they belong to the *common* start.
        """
        left = Counter(_at(request.joined, index) for index in range(common, request.count))
        gone = Counter(self.folded_roles if common < self.folded else {})
        for index in range(max(0, common - self.folded), len(self.kinds)):
            digest = _at(self.digests, index)
            if left[digest] > 0:
                left[digest] -= 1
            else:
                gone[_role(self.kinds[index])] += 1
        return dict(sorted(gone.items()))


def _at(joined: bytes, index: int) -> bytes:
    return joined[index * SIZE : (index + 1) * SIZE]


def _role(kind: int) -> str:
    return ROLES[kind & ~WEAK]


def _lead(known: bytes) -> int:
    return next((index for index, kind in enumerate(known) if kind & ~WEAK not in LEADING), len(known))


def _shared(one: bytes, other: bytes) -> int:
    """Return how many digests both begin with, by halving: comparing bytes is far cheaper than slicing digests."""
    low, high = 0, min(len(one), len(other)) // SIZE
    if one[: high * SIZE] == other[: high * SIZE]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low * SIZE : middle * SIZE] == other[low * SIZE : middle * SIZE]:
            low = middle
        else:
            high = middle
    return low
