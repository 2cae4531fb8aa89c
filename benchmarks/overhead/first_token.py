"""Time from the call to the first token of a stream, over loopback, with the log on the disk of this machine.

The request's record is made durable while the provider thinks, so a slow disk shows here only when it is
slower than the provider.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.bodies import body
from benchmarks.measure import Spread, added, interleaved
from benchmarks.overhead.clients import DIALECTS, client, creating, guard
from benchmarks.overhead.provider import provider
from benchmarks.report import Row

__all__ = ["rows"]

_ROUNDS = 100
_TARGET_MS = 1.0


def rows(scale: float) -> Iterator[Row]:
    """Measure every dialect."""
    with guard() as wrap, provider() as served:
        url = served.hello["url"]
        for dialect in DIALECTS:
            request = body(dialect, 10, stream=True)
            works = [_first(client(dialect, server=url), dialect, request)]
            works.append(_first(wrap(client(dialect, server=url)), dialect, request))
            before, after = interleaved(works, max(2, int(_ROUNDS * scale)), time.perf_counter_ns)
            name = f"time to first token, {dialect}"
            yield Row(name, "ms", added(before, after), target_p50=_TARGET_MS, plain=Spread.of_ns(before))


def _first(sdk: Any, dialect: str, request: dict[str, object]) -> Callable[[], object]:
    create = creating(sdk, dialect, request)

    def first() -> None:
        stream = create()
        next(event for event in stream if _text(event))
        stream.close()

    return first


def _text(event: Any) -> str:
    if event.object == "chat.completion.chunk" if hasattr(event, "object") else False:
        return event.choices[0].delta.content or "" if event.choices else ""
    delta = getattr(event, "delta", None)
    return delta if isinstance(delta, str) else getattr(delta, "text", "") or ""
