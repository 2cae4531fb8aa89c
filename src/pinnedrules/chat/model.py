"""A linear model over the features of a sentence: how much it speaks for a stop, and how much for a standing limit.

The weights are whole numbers in a module of data (``weights.py``), trained offline (``tests/chat/train.py``) and imported
when a turn first needs them. A score is a sum of them, so it is the same on every machine, and each feature's share in it
can be listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pinnedrules import packing
from pinnedrules.chat.features import Own, features
from pinnedrules.packing import packed

__all__ = ["Model", "load", "packed", "unpacked"]


@dataclass(frozen=True, slots=True)
class Model:
    """``weights``: feature to what it adds for a stop and for a limit. ``told`` is what stands before them.

    ``stop`` and ``limit`` are [start, least, with the grammar]: the sum begins at *start*, says yes above *least*, and has
    *with the grammar* added where the grammar says the same.
    """

    weights: Mapping[int, tuple[int, int]]
    common: frozenset[str]
    stop: tuple[int, int, int]
    limit: tuple[int, int, int]
    told: Mapping[str, Any]

    def weigh(self, own: Sequence[Own], at: int) -> tuple[int, int]:
        """Return how far sentence *at* of a turn is above what makes a stop, and above what makes a limit."""
        stop, limit = self.stop[0] - self.stop[1], self.limit[0] - self.limit[1]
        for number in features(own, at, self.common):
            found = self.weights.get(number)
            if found is not None:
                stop += found[0]
                limit += found[1]
        senses = own[at].senses
        return stop + self.stop[2] * ("stop" in senses), limit + self.limit[2] * ("constraint" in senses)


@lru_cache(maxsize=1)
def load() -> Model:
    """Return the model of the package. Some ten milliseconds, once in a process."""
    from pinnedrules.chat.weights import WEIGHTS

    return unpacked(WEIGHTS)


def unpacked(text: str) -> Model:
    """Return the model that ``packed`` made this text of."""
    weights, told = packing.unpacked(text)
    return Model(weights, frozenset(told["common"]), tuple(told["stop"]), tuple(told["limit"]), told)
