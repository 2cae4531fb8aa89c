"""Eight clients at a time: requests per second, processor time per request, and what the sidecar's memory does.

The ways take turns in short slices, in an order drawn anew, so that their ratio does not depend on what else the machine
does. In the sidecar's slices the clients go through thousands of sessions, more than it remembers.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.measure import Spread
from benchmarks.report import Row
from benchmarks.sidecar.ways import WAYS, Caller, Place, places, request

__all__ = ["rows"]

_CLIENTS = 8
_SLICES = 6
_SLICE_SECONDS = 2.0
_REQUESTS = 6000
_SESSIONS = 3000
_QUARTERS = 4
_TARGET_GROWTH_KIB = 1.0


@dataclass(slots=True)
class _Slice:
    """What happened in one slice: answers per second, and seconds of processor time per answer of the way's process."""

    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def rows(scale: float) -> Iterator[Row]:
    """Measure throughput on all three ways, then let the sidecar's memory settle."""
    with places() as ways:
        yield from _throughput(ways, max(2, int(_SLICES * scale)), _SLICE_SECONDS * min(1.0, scale * 2))
        yield from _memory(ways["sidecar"], max(40, int(_REQUESTS * scale)))


def _throughput(ways: Mapping[str, Place], slices: int, seconds: float) -> Iterator[Row]:
    order, draw, numbers = list(WAYS), random.Random(slices), itertools.count()
    found = {way: _Slice() for way in WAYS}
    for index in range(slices + 1):
        draw.shuffle(order)
        for way in order:
            place = ways[way]
            before, start = place.child.usage()["cpu"], time.perf_counter()
            done = _load(place, numbers, until=start + seconds)
            taken, spent = time.perf_counter() - start, place.child.usage()["cpu"] - before
            if index:  # the first slices warm up
                found[way].rate.append(done / taken)
                found[way].cpu.append(spent / done)
    proxy, sidecar = (found[way] for way in WAYS[1:])
    name = f"with {_CLIENTS} clients"
    yield Row(f"{name}: answers by the provider itself", "per second", Spread.of(found["straight"].rate))
    yield Row(f"{name}: answers (plain: proxy)", "per second", Spread.of(sidecar.rate), plain=Spread.of(proxy.rate))
    cpu = Spread.of(sidecar.cpu)
    yield Row(f"{name}: processor time per answer (plain: proxy)", "ms", cpu, plain=Spread.of(proxy.cpu))


def _memory(sidecar: Place, requests: int) -> Iterator[Row]:
    """Measure memory after each quarter of the requests. The first half fills what is remembered of sessions."""
    numbers = itertools.count()
    at: list[float] = []
    for quarter in range(1, _QUARTERS + 1):
        _load(sidecar, numbers, most=requests * quarter // _QUARTERS)
        at.append(sidecar.child.usage()["rss"])
    half = (requests - requests // 2) or 1
    growth = (at[-1] - at[_QUARTERS // 2 - 1]) / half
    yield Row(f"memory of the sidecar after {requests} requests", "MiB", Spread.of(at[-1:]), plain=Spread.of(at[:1]))
    name = "memory of the sidecar, growth per request in the second half"
    yield Row(name, "KiB", Spread.of([growth]), target_p50=_TARGET_GROWTH_KIB)


def _load(place: Place, numbers: Iterator[int], *, until: float = float("inf"), most: float = float("inf")) -> int:
    """Ask with all clients until that time or that number; return how many answers came. Raises what a client raised."""
    path, body = request("chat", "text")
    done: list[int] = []
    failed: list[BaseException] = []

    def ask() -> None:
        caller, mine = Caller(place.url), 0
        try:
            while time.perf_counter() < until and (number := next(numbers)) < most:
                caller.ask(path, body, {"x-pinnedrules-session": f"session-{number % _SESSIONS}"})
                mine += 1
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            failed.append(error)
        finally:
            caller.close()
            done.append(mine)

    threads = [threading.Thread(target=ask) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sum(done)
