"""A linear model of what a sentence of a summary does to a rule: how far it speaks for a rule that no longer holds as given.

The weights are whole numbers in a module of data (``weights``), trained offline (``tests/compaction/survival_train.py``) and
imported when a summary is first judged. A score is a sum of them, so it is the same on every machine, and each feature's
share in it can be listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from pinnedrules.compaction.compared import Compared
from pinnedrules.compaction.pairs import Asked, Fact, Near, apart, pair, related
from pinnedrules.packing import hashed, unpacked

__all__ = ["Model", "Weight", "load"]

_NOTHING = (0, 0)
_FAR = (10**6, 80, 0)
"""What more it takes, by words of content in common: with none a sentence contradicts no rule, whatever it weighs."""
_KNOWN = 100_000
"""Features of which the weights are kept at hand, so that not each is hashed again."""


class Weight(NamedTuple):
    """How far sentence ``number`` is above what takes a certificate away, and above what makes a contradiction."""

    number: int
    loose: int
    against: int


@dataclass(frozen=True, slots=True)
class Model:
    """``weights``: feature to what it adds for loosening and for a contradiction. ``told`` is what stands before them.

    ``loose`` is [start, least] and ``against`` [start, least, more, words]: the sum begins at *start* and says yes above
    *least*, or above *least* and *more* where the rule's own sentence stands in the summary; *words* is added where the
    words alone say that a sentence takes the rule back (``opposed``).
    """

    weights: Mapping[int, tuple[int, int]]
    loose: tuple[int, int]
    against: tuple[int, int, int, int]
    told: Mapping[str, Any]
    known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def weigh(self, compared: Compared, rule: int) -> Iterator[Weight]:
        """Yield the weight of every sentence that may say something of a rule."""
        loose, against = self.loose[0] - self.loose[1], self.against[0] - self.against[1]
        if compared.stands(rule):
            against -= self.against[2]
        for number, one, asked, near in compared.of(rule):
            if number not in compared.plain:
                compared.plain[number] = self._sum(one.plain)
            plain = compared.plain[number]
            at = (number, near.where, near.same, near.rivals, near.opposed)
            if related(one, asked, near):
                found = self._sum(pair(one, asked, near))
            elif at in compared.known:
                found = compared.known[at]
            else:
                found = compared.known[at] = self._sum(apart(one, near))
            doubt = loose + plain[0] + found[0]
            lost = against + plain[1] + found[1] + self.against[3] * near.opposed
            far = _far(one, asked, near)
            if lost > 0 >= lost - far:  # too far from the rule for a contradiction, not for a doubt
                doubt = max(doubt, lost)
            yield Weight(number, doubt, lost - far)

    def _sum(self, features: Iterable[str]) -> tuple[int, int]:
        one = other = 0
        for feature in set(features):
            if (found := self.known.get(feature)) is None:
                if len(self.known) > _KNOWN:
                    self.known.clear()
                found = self.known[feature] = self.weights.get(hashed(feature), _NOTHING)
            if found is not _NOTHING:
                one += found[0]
                other += found[1]
        return one, other


def _far(one: Fact, rule: Asked, near: Near) -> int:
    """Return what more it takes for a sentence to contradict a rule of which it has one word of content, or none."""
    if near.opposed or near.number in one.numbers:
        return 0
    return _FAR[min(len(rule.keys.intersection(one.keys)), 2)]


@lru_cache(maxsize=1)
def load() -> Model:
    """Return the model of the package. Some ten milliseconds, once in a process."""
    from pinnedrules.compaction.weights import WEIGHTS

    weights, told = unpacked(WEIGHTS)
    return Model(weights, tuple(told["loose"]), tuple(told["against"]), told)
