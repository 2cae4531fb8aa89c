"""Takes times and reduces them to quantiles. Nothing here knows what is measured."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Clock", "Times", "added", "interleaved", "repeated"]

Clock = Callable[[], int]
"""Nanoseconds; ``time.thread_time_ns`` leaves out other threads and every wait for a disk or a socket."""


@dataclass(frozen=True, slots=True)
class Times:
    """The middle and the slow end of some measurements, in seconds."""

    p50: float
    p99: float
    count: int

    @classmethod
    def of(cls, nanoseconds: Sequence[int]) -> Times:
        """Reduce measurements (at least one)."""
        ordered = sorted(nanoseconds)
        at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e9 for share in (0.5, 0.99)]
        return cls(at[0], at[1], len(ordered))

    def per(self, parts: int) -> Times:
        """Return the same for one of so many equal parts."""
        return Times(self.p50 / parts, self.p99 / parts, self.count)


def repeated(work: Callable[[], object], rounds: int, clock: Clock = time.perf_counter_ns) -> list[int]:
    """Return how long *work* takes, *rounds* times, after a tenth as many that do not count."""
    return interleaved([work], rounds, clock)[0]


def interleaved(works: Sequence[Callable[[], object]], rounds: int, clock: Clock) -> list[list[int]]:
    """Measure several things in turns, so that whatever slows the machine down for a while slows all of them."""
    for work in works:
        for _ in range(max(1, rounds // 10)):
            work()
    gc.collect()
    taken: list[list[int]] = [[] for _ in works]
    for _ in range(rounds):
        for work, into in zip(works, taken, strict=True):
            start = clock()
            work()
            into.append(clock() - start)
    return taken


def added(plain: Sequence[int], guarded: Sequence[int]) -> Times:
    """Return what the second of two interleaved series took longer, round by round."""
    return Times.of([after - before for before, after in zip(plain, guarded, strict=True)])
