"""Takes times and reduces them to quantiles. Nothing here knows what is measured."""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Clock", "Spread", "added", "interleaved", "repeated", "shuffled"]

Clock = Callable[[], int]
"""Nanoseconds; ``time.thread_time_ns`` leaves out other threads and every wait for a disk or a socket."""

T = TypeVar("T")
_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle and the slow end of some measurements, in base units: seconds, bytes, or so many per second.

    With 95 % confidence the true median is from ``low`` to ``high``. They are order statistics (H. A. David and
    H. N. Nagaraja, Order Statistics, section 7.1), so they hold whatever the distribution looks like; with fewer than
    six measurements they are just the smallest and the largest.
    """

    p50: float
    p99: float
    count: int
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Reduce measurements (at least one)."""
        ordered = sorted(values)
        count = len(ordered)
        half = _NORMAL_95 * math.sqrt(count) / 2
        low, high = max(0, math.floor(count / 2 - half)), min(count - 1, math.ceil(count / 2 + half))
        middle, slow = (ordered[min(count - 1, int(count * share))] for share in (0.5, 0.99))
        return cls(middle, slow, count, ordered[low], ordered[high])

    @classmethod
    def of_ns(cls, nanoseconds: Sequence[int]) -> Spread:
        """Reduce measurements in nanoseconds to seconds."""
        return cls.of([value / 1e9 for value in nanoseconds])

    def per(self, parts: int) -> Spread:
        """Return the same for one of so many equal parts."""
        return Spread(self.p50 / parts, self.p99 / parts, self.count, self.low / parts, self.high / parts)


def repeated(work: Callable[[], object], rounds: int, clock: Clock = time.perf_counter_ns) -> list[int]:
    """Return how long *work* takes, *rounds* times, after a tenth as many that do not count."""
    return interleaved([work], rounds, clock)[0]


def interleaved(works: Sequence[Callable[[], object]], rounds: int, clock: Clock) -> list[list[int]]:
    """Measure several things in turns, so that whatever slows the machine down for a while slows all of them."""

    def timed(work: Callable[[], object]) -> Callable[[], int]:
        def once() -> int:
            start = clock()
            work()
            return clock() - start

        return once

    return shuffled([timed(work) for work in works], rounds)


def shuffled(works: Sequence[Callable[[], T]], rounds: int) -> list[list[T]]:
    """Return what each of *works* gives, round after round, in an order that is drawn anew for each round.

    A tenth as many rounds go before and do not count. The order comes from a fixed seed.
    """
    for work in works:
        for _ in range(max(1, rounds // 10)):
            work()
    gc.collect()
    order, draw = list(range(len(works))), random.Random(rounds)
    given: list[list[T]] = [[] for _ in works]
    for _ in range(rounds):
        draw.shuffle(order)
        for index in order:
            given[index].append(works[index]())
    return given


def added(plain: Sequence[int], guarded: Sequence[int]) -> Spread:
    """Return what the second of two interleaved series (nanoseconds) took longer, round by round."""
    return Spread.of_ns([after - before for before, after in zip(plain, guarded, strict=True)])
