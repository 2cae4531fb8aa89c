"""What one guard did so far, counted from the records it wrote."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from pinnedrules.rules.printable import counted
from pinnedrules.types import Entry

__all__ = ["RefusedCall", "Report"]

_KEPT = 100


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that was not released: the rules that decided, why in words, its ticket if it has one."""

    tool: str
    rules: tuple[str, ...]
    why: str
    ticket: str
    unanswered: bool


@dataclass(slots=True)
class Report:
    """Counts of one guard in this process. ``refusals`` keeps the last 100 in words, ``refused_calls`` the last 100 calls.

    ``requests`` are requests that left, ``verified`` those of them with the block proven to be in place,
    ``allowed``/``denied`` calls by what became of them, ``asked`` calls that came with a ticket, ``unanswered`` asks that
    nobody answered, ``compactions`` and ``refused_requests`` as recorded. ``waiting`` maps the tickets of the last 100
    unanswered asks to their call, until it is released after all.
    """

    requests: int = 0
    verified: int = 0
    allowed: int = 0
    denied: int = 0
    asked: int = 0
    unanswered: int = 0
    compactions: int = 0
    refused_requests: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    refused_calls: list[RefusedCall] = field(default_factory=list)
    waiting: dict[str, RefusedCall] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, entry: Entry) -> None:
        """Count one record."""
        with self._lock:
            if entry.type == "request":
                self.requests += 1
                self.verified += entry.body.get("block_verified") is True
            elif entry.type == "compaction":
                # One that the provider makes is recorded twice: when it is asked for, and when it is done.
                self.compactions += entry.body.get("kind") == "client" or entry.body.get("seen_in") == "answer"
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
        ticket = str(entry.body["ticket"])
        if entry.body["released"]:
            # A tool that the provider runs is decided on every request that offers it, called or not.
            self.allowed += not str(entry.body["call"]).startswith("request:")
            self.waiting.pop(ticket, None)
            return
        self.denied += 1
        rules = entry.body["rules"]
        call = RefusedCall(
            tool=str(entry.body["tool"]),
            rules=tuple(map(str, rules)) if isinstance(rules, list) else (),
            why=words,
            ticket=ticket,
            unanswered="nobody has answered yet" in words,
        )
        self.unanswered += call.unanswered
        self.refused_calls.append(call)
        del self.refused_calls[:-_KEPT]
        if call.unanswered:
            self.waiting[ticket] = call
            if len(self.waiting) > _KEPT:
                del self.waiting[next(iter(self.waiting))]
        self._refusal(f"{call.tool}: {words}")

    def _refusal(self, line: str) -> None:
        self.refusals.append(line)
        del self.refusals[:-_KEPT]

    def __str__(self) -> str:
        return (
            f"{counted(self.requests, 'request')}, {counted(self.allowed, 'call')} allowed, {self.denied} refused "
            f"({self.unanswered} for lack of an answer), {counted(self.compactions, 'compaction')}"
        )
