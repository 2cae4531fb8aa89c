"""Which released calls may still be run by a gated tool: each once, under the stop epoch it was released in.

In memory, because a call that was released before a restart has no program any more that would run it; a tool that runs
it all the same is decided afresh, which can only be stricter.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from pinnedrules.commands import Grant, Redeem
from pinnedrules.evidence.record import args_hash
from pinnedrules.types import Call, SessionId

__all__ = ["Grants"]

_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class _Kept:
    sessions: frozenset[SessionId]
    what: tuple[str, str]
    id: str
    grant: Grant
    until: float


class Grants:
    """The grants of one guard, the oldest dropped first. Thread-safe. *life* in seconds."""

    def __init__(self, life: float) -> None:
        self._life = life
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._next = 0
        self._lock = threading.Lock()

    def add(self, grant: Grant) -> None:
        """Keep one more; a call that is released twice may run twice."""
        kept = _Kept(
            frozenset(grant.sessions),
            _what(grant.call),
            grant.call.id,
            grant,
            time.monotonic() + self._life,
        )
        with self._lock:
            self._next += 1
            self._kept[self._next] = kept
            if len(self._kept) > _LIMIT:
                self._kept.popitem(last=False)

    def redeem(self, wanted: Redeem) -> Grant | None:
        """Use up the oldest grant that fits and return it; None when there was none."""
        what = _what(wanted.call)
        with self._lock:
            now = time.monotonic()
            for number, kept in self._kept.items():
                if kept.what == what and kept.until > now and _fits(kept, wanted):
                    del self._kept[number]
                    return kept.grant
        return None


def _what(call: Call) -> tuple[str, str]:
    return call.name, args_hash(call)


def _fits(kept: _Kept, wanted: Redeem) -> bool:
    if kept.grant.epoch != wanted.epoch or (wanted.call.id and wanted.call.id != kept.id):
        return False
    return not kept.sessions.isdisjoint(wanted.sessions) or (kept.grant.outside and wanted.outside)
