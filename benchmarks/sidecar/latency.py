"""Time that the sidecar adds to one request, beside the plain proxy in the same round.

Each round asks on all three ways, in an order drawn anew; what is added is the difference within a round. The provider
either answers at once, so that the wait until the request's record is durable shows in full, or thinks first, as a real
one does for several hundred milliseconds, so that the record is durable meanwhile. What the disk takes for one record is
measured in the same rounds.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

from benchmarks.measure import Spread, added, shuffled
from benchmarks.report import Row
from benchmarks.sidecar.provider import CALLS
from benchmarks.sidecar.ways import DIALECTS, WAYS, Caller, Place, Timing, places, request
from pinnedrules.evidence.disk import sync

__all__ = ["check_gated", "rows"]

_ROUNDS = 200
_TARGET_MS = 5.0
_RECORD_BYTES = 900


@dataclass(frozen=True, slots=True)
class _Scene:
    """What is asked for, and whether there is a target for what the sidecar adds to it."""

    name: str
    model: str = "text"
    messages: int = 10
    stream: bool = False
    target: bool = True


_SCENES = (
    _Scene("text"),
    _Scene("text, thinking", "thinking"),
    _Scene("text, streamed, thinking", "thinking", stream=True),
    _Scene("text, 100 messages", messages=100),
    _Scene("allowed call", "allowed", target=False),
    _Scene("denied call", "denied", target=False),
)


def rows(scale: float) -> Iterator[Row]:
    """Measure every dialect in every scene, and check that the sidecar did what it is there for."""
    rounds = max(2, int(_ROUNDS * scale))
    with places() as ways, tempfile.TemporaryFile(buffering=0) as file:
        disk = partial(_durable, file)
        for dialect in DIALECTS:
            for scene in _SCENES:
                yield from _measured(ways, disk, dialect, scene, rounds)
        _check_pinned(ways)


def _measured(
    ways: Mapping[str, Place], disk: Callable[[], Timing], dialect: str, scene: _Scene, rounds: int
) -> Iterator[Row]:
    path, body = request(dialect, scene.model, messages=scene.messages, stream=scene.stream)
    callers = {way: Caller(place.url) for way, place in ways.items()}
    works: list[Callable[[], Timing]] = [partial(caller.ask, path, body) for caller in callers.values()]
    works.append(disk)
    if scene.model == "denied":
        # The sidecar asks the model again and hands on what it says then; without one the program asks twice.
        _, results = request(dialect, "text", messages=scene.messages + 2)
        works[:2] = [partial(_twice, callers[way], path, body, results) for way in WAYS[:2]]
    taken = dict(zip((*WAYS, "disk"), shuffled(works, rounds), strict=True))
    check_gated(callers, scene.name, allowed=scene.model == "allowed")
    for caller in callers.values():
        caller.close()
    target = _TARGET_MS if scene.target else 0.0
    name = f"sidecar, {scene.name}, {dialect}"
    if scene.stream:
        yield _row(f"{name}: first byte", taken, lambda timing: timing.first, target)
    yield _row(f"{name}: whole", taken, lambda timing: timing.whole, target)
    if scene == _SCENES[0]:
        straight, proxy = ([timing.whole for timing in taken[way]] for way in WAYS[:2])
        yield Row(f"  plain proxy, {scene.name}, {dialect}", "ms", added(straight, proxy), plain=Spread.of_ns(straight))
        durable = Spread.of_ns([timing.whole for timing in taken["disk"]])
        yield Row(f"  one record on this disk meanwhile, {scene.name}, {dialect}", "ms", durable)


def _row(name: str, taken: Mapping[str, Sequence[Timing]], part: Callable[[Timing], int], target: float) -> Row:
    proxy, sidecar = ([part(timing) for timing in taken[way]] for way in WAYS[1:])
    return Row(name, "ms", added(proxy, sidecar), target_p50=target, plain=Spread.of_ns(proxy))


def _twice(caller: Caller, path: str, first: bytes, second: bytes) -> Timing:
    one, two = caller.ask(path, first), caller.ask(path, second)
    return Timing(one.whole + two.first, one.whole + two.whole)


def _durable(file: IO[bytes]) -> Timing:
    """Write as much as a request's record has and wait until it is durable, as the log does."""
    start = time.perf_counter_ns()
    file.write(b"x" * _RECORD_BYTES)
    sync(file.fileno())
    taken = time.perf_counter_ns() - start
    return Timing(taken, taken)


def check_gated(callers: Mapping[str, Caller], scene: str, *, allowed: bool) -> None:
    """Raise RuntimeError unless a call came through the sidecar exactly when it is allowed."""
    called = b'"name":"%b"' % CALLS["allowed"][0].encode()
    if (called in callers["sidecar"].last) != allowed:
        raise RuntimeError(f"the sidecar did not gate the {scene}: {callers['sidecar'].last[:500]!r}")


def _check_pinned(ways: Mapping[str, Place]) -> None:
    """Raise RuntimeError unless requests with the block reached the provider, and without it too."""
    usage = ways["sidecar"].provider.usage()
    if not 0 < usage["pinned"] < usage["requests"]:
        raise RuntimeError(f"{usage['pinned']} of {usage['requests']} requests carried the block")
