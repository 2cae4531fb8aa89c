"""One history of messages as digests, in bounded memory, and what it has in common with a request.

A history keeps the digests of its newest messages. Older ones are folded: what stays of them is a running
hash, their number and their roles, enough to tell that a request still begins with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING

from pinnedrules.compaction.digests import LEADING, ROLES, SIZE, WEAK, kinds

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["History", "Request", "Tail"]

_FIRST = 8
_PLACES_TRIED = 8
_ROW = 3
_DIGEST = Struct(f"{SIZE}s")


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of an old history, found again in a request.

    ``length`` messages in a row; ``telling`` of the newest three of them are neither very short nor said twice in the
    old history.
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
    def digests(self) -> Sequence[bytes]:
        """The digests one by one."""
        return _one_by_one(self.joined)

    @cached_property
    def known(self) -> frozenset[bytes]:
        """All of them, whatever their order."""
        return frozenset(self.digests)


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
        whole, but_one = self._length(request, common, last), self._length(request, common, last - 1)
        length, end = (but_one, last - 1) if but_one > max(1, whole) else (whole, last)
        return Tail(length, self._telling(end - length, end))

    def _length(self, request: Request, common: int, end: int) -> int:
        """Return how many messages that end before *end* here stand in a row somewhere in the request."""
        first = max(0, common - self.folded)
        if end <= first:
            return 0
        wanted = _at(self.digests, end - 1)
        if wanted not in request.known:
            return 0
        places = [index for index, digest in enumerate(request.digests) if digest == wanted][-_PLACES_TRIED:]
        return max((self._run(request, place, end, first, common) for place in places), default=0)

    def _telling(self, first: int, end: int) -> int:
        """Count those of the newest few messages from *first* on that are neither very short nor said twice."""
        # No digest stands across the border of two others.
        newest = [n for n in range(max(first, end - _ROW), end) if not self.kinds[n] & WEAK]
        return sum(self.digests.count(_at(self.digests, n)) == 1 for n in newest)

    def _run(self, request: Request, place: int, end: int, first: int, common: int) -> int:
        """Return how many messages that end before *end* here stand in a row that ends at *place* there."""
        # By halving, as in _shared: if the last n are the same, so are any fewer of them.
        low, high = 0, max(0, min(end - first, place + 1 - common))
        while low < high:
            length = (low + high + 1) // 2
            here = self.digests[(end - length) * SIZE : (end - low) * SIZE]
            if here == request.joined[(place + 1 - length) * SIZE : (place + 1 - low) * SIZE]:
                low = length
            else:
                high = length - 1
        return low

    def changed(self, request: Request, common: int) -> list[int]:
        """Return the indexes at which both have a message, but not the same one; folded ones count as changed."""
        known = max(common, self.folded)
        pairs = zip(_one_by_one(self.digests[(known - self.folded) * SIZE :]), request.digests[known:], strict=False)
        return [*range(common, known), *(known + index for index, (old, new) in enumerate(pairs) if old != new)]

    def fresh(self, request: Request, common: int) -> tuple[int, ...]:
        """Return the indexes of the messages behind the *common* start that this history, as far as known, has not."""
        old = frozenset(_one_by_one(self.digests))
        return tuple(index for index in range(common, request.count) if request.digests[index] not in old)

    def dropped(self, request: Request, common: int) -> dict[str, int]:
        """Count by role the messages that are not in the request any more.

        Folded messages count as dropped unless they belong to the *common* start.
        """
        first = max(0, common - self.folded)
        digests = _one_by_one(self.digests[first * SIZE :])
        # Who says a message is part of its digest, so of equal ones it does not matter which was left out.
        codes = dict(zip(digests, self.kinds[first:], strict=True))
        left, lost = Counter(request.digests[common:]), dict.fromkeys(self.kinds, 0)
        for digest, said in Counter(digests).items():
            if said > (stays := left.get(digest, 0)):
                lost[codes[digest]] += said - stays
        gone = Counter(self.folded_roles if common < self.folded else {})
        for code, number in lost.items():
            gone[_role(code)] += number
        return {role: number for role, number in sorted(gone.items()) if number}


def _one_by_one(joined: bytes) -> Sequence[bytes]:
    return tuple(chain.from_iterable(_DIGEST.iter_unpack(joined)))


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
