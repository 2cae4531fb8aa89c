"""What one guard did so far, counted from the records it wrote."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from pinnedrules.rules.printable import counted
from pinnedrules.types import Entry

__all__ = ["Report"]

_KEPT = 100


@dataclass(slots=True)
class Report:
    """Counts of one guard in this process. ``refusals`` keeps the last 100 in words.

    ``requests`` are requests that left, ``allowed``/``denied`` calls by what became of them, ``asked`` calls that
    came with a ticket, ``unanswered`` asks that nobody answered, ``compactions`` and ``refused_requests`` as recorded.
    """

    requests: int = 0
    allowed: int = 0
    denied: int = 0
    asked: int = 0
    unanswered: int = 0
    compactions: int = 0
    refused_requests: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, entry: Entry) -> None:
        """Count one record."""
        with self._lock:
            if entry.type == "request":
                self.requests += 1
            elif entry.type == "compaction":
                self.compactions += 1
            elif entry.type == "refusal":
                self.refused_requests += 1
                self._refusal(str(entry.private.get("why", "")))
            elif entry.type == "decision":
                self._decision(entry)

    def _decision(self, entry: Entry) -> None:
        self.verdicts[str(entry.body["verdict"])] += 1
        reasons = entry.private.get("reasons")
        words = "; ".join(str(reason) for reason in reasons) if isinstance(reasons, list) else ""
        self.asked += bool(entry.body["ticket"])
        if entry.body["released"]:
            self.allowed += 1
            return
        self.denied += 1
        self.unanswered += "nobody has answered yet" in words
        self._refusal(f"{entry.body['tool']}: {words}")

    def _refusal(self, line: str) -> None:
        self.refusals.append(line)
        del self.refusals[:-_KEPT]

    def __str__(self) -> str:
        return (
            f"{counted(self.requests, 'request')}, {counted(self.allowed, 'call')} allowed, {self.denied} refused "
            f"({self.unanswered} for lack of an answer), {counted(self.compactions, 'compaction')}"
        )
