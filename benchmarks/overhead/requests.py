"""Processor time that the guard adds to one request without tool calls, on the calling thread.

What is added is measured on the SDK's generic ``post``, in turns with a plain client; what it is compared
with is the SDK's own ``create`` of the same request, which most programs call. The log is written by a
thread of its own, and waiting for the disk takes no processor time, so neither is in these numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx2

from benchmarks.answers import answer
from benchmarks.bodies import body
from benchmarks.measure import Spread, added, interleaved
from benchmarks.overhead.clients import DIALECTS, PATHS, Canned, client, creating, guard
from benchmarks.report import Row

__all__ = ["rows"]

_TARGETS_MS = {10: 0.15, 100: 0.3, 1000: 2.0}
_ROUNDS = {10: 2000, 100: 600, 1000: 150}


def rows(scale: float) -> Iterator[Row]:
    """Measure every dialect at every size."""
    with guard() as wrap:
        for dialect in DIALECTS:
            plain = client(dialect, Canned([answer(dialect)]))
            guarded = wrap(client(dialect, Canned([answer(dialect)])))
            for messages, target in _TARGETS_MS.items():
                request = body(dialect, messages)
                rounds = int(_ROUNDS[messages] * scale)
                if not rounds:
                    continue
                works = [_post(plain, dialect, request), _post(guarded, dialect, request)]
                before, after = interleaved(works, rounds, time.thread_time_ns)
                (whole,) = interleaved([creating(plain, dialect, request)], max(1, rounds // 5), time.thread_time_ns)
                name = f"processor time per request, {dialect}, {messages} messages"
                yield Row(name, "ms", added(before, after), target_p50=target, plain=Spread.of_ns(whole))


def _post(sdk: Any, dialect: str, request: dict[str, object]) -> Callable[[], object]:
    return partial(sdk.post, PATHS[dialect], cast_to=httpx2.Response, body=request)
