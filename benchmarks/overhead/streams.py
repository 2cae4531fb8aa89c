"""Processor time that the guard adds to each event of a stream: text that passes at once, and one call that is held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.answers import READ, frames
from benchmarks.bodies import body
from benchmarks.measure import Spread, added, interleaved
from benchmarks.overhead.clients import DIALECTS, PATHS, Canned, client, creating, guard
from benchmarks.report import Row

__all__ = ["rows"]

_EVENTS = 1000
_ROUNDS = 60
_TARGET_US = 10.0
_KINDS: dict[str, Callable[[str], list[bytes]]] = {
    "text": lambda dialect: frames(dialect, [" mail"] * _EVENTS),
    "call": lambda dialect: frames(dialect, ['{"id":"', *["abcde"] * _EVENTS, '"}'], call=READ[0]),
}


def rows(scale: float) -> Iterator[Row]:
    """Measure every dialect with both kinds of stream."""
    rounds = max(1, int(_ROUNDS * scale))
    with guard() as wrap:
        for dialect in DIALECTS:
            request = body(dialect, 10, stream=True)
            for kind in _KINDS:
                pieces = _KINDS[kind](dialect)
                plain, wrapped = (client(dialect, Canned(pieces, "text/event-stream")) for _ in range(2))
                guarded = wrap(wrapped)
                works = [_read(plain, dialect, request), _read(guarded, dialect, request)]
                before, after = interleaved(works, rounds, time.thread_time_ns)
                (whole,) = interleaved([_consume(plain, dialect, request)], rounds, time.thread_time_ns)
                name = f"processor time per stream event, {dialect}, {kind}"
                event = added(before, after).per(len(pieces))
                yield Row(name, "us", event, target_p50=_TARGET_US, plain=Spread.of_ns(whole).per(len(pieces)))


def _read(sdk: Any, dialect: str, request: dict[str, object]) -> Callable[[], object]:
    """Return what reads the bytes of a stream below the SDK's own parsing, which costs the same either way."""
    url = str(sdk.base_url).rstrip("/") + PATHS[dialect]

    def read() -> None:
        with sdk._client.stream("POST", url, json=request) as response:
            for _ in response.iter_bytes():
                pass

    return read


def _consume(sdk: Any, dialect: str, request: dict[str, object]) -> Callable[[], object]:
    """Return what reads the stream through the SDK, as programs do."""
    create = creating(sdk, dialect, request)

    def consume() -> None:
        for _ in create():
            pass

    return consume
