"""What came of a run: the facts a person or a script needs at the end, as lines and as one document."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pinnedrules.control.stop import EVERYTHING, StopFile
from pinnedrules.control.store import Store
from pinnedrules.errors import ApprovalError, StateError
from pinnedrules.rules.printable import counted, shown
from pinnedrules.types import SessionId, StopState, Ticket

if TYPE_CHECKING:
    from pinnedrules.cli.printing import Tone
    from pinnedrules.control.state import StateFolder
    from pinnedrules.report import Report

__all__ = ["WAITS", "Ending", "ending", "resuming"]

WAITS = 3
"""Exit code: the command itself ended well, but something it wanted waits for a person."""

_LONG = 300
_LINES = 20


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. ``waiting`` are calls refused for lack of an answer which no person has said no to since."""

    program: str
    session: str
    code: int
    state: StateFolder
    report: Report
    waiting: tuple[tuple[str, tuple[str, ...], Ticket | None], ...]
    stop: StopState

    @property
    def exit_code(self) -> int:
        """The command's own code; 3 when that is 0 and something waits for a person."""
        return WAITS if not self.code and (self.waiting or self.stop.state == "stop") else self.code

    def lines(self) -> Iterator[tuple[str, Tone]]:
        """Yield the report for a person."""
        report, folder = self.report, f"--state {shlex.quote(str(self.state.path))}"
        yield f"pinnedrules: {self.program} ended with code {self.code} (session {self.session})", ""
        if not report.requests and not report.refused_requests:
            yield "  NOTHING WENT THROUGH THE GUARD: if it asked a model anything, it went elsewhere", "bad"
            yield "    next: point it at OPENAI_BASE_URL or ANTHROPIC_BASE_URL, which are set in its environment", "bad"
        else:
            seen = f", {counted(report.compactions, 'compaction')} seen" if report.compactions else ""
            tone: Tone = "good" if report.verified == report.requests else "bad"
            sent = counted(report.requests, "request")
            yield f"  {sent}, the rules verified in {report.verified} of {report.requests}{seen}", tone
        if report.refused_requests:
            yield f"  {counted(report.refused_requests, 'request')} refused: {shown(report.refusals[-1], _LONG)}", "bad"
        if report.allowed or report.denied:
            calls = counted(report.allowed + report.denied, "call")
            yield f"  {calls}: {report.allowed} allowed, {report.denied} denied", ""
        yield from self._denied()
        yield from self._waiting(folder)
        if self.stop.state != "run":
            yield f"  {self.stop.state.upper()} of {self.stop.scope} in force: {shown(self.stop.reason, _LONG)}", "bad"
            yield f"    to go on: {resuming(self.stop, self.session, self.state)}", "bad"
        yield f"  log: pinnedrules log --session {shlex.quote(self.session)} {folder}", "quiet"

    def _denied(self) -> Iterator[tuple[str, Tone]]:
        # A model that tries again and again is one line.
        found = Counter(
            f"{shown(call.tool, 80)}{_by(call.rules)}: {shown(call.why, _LONG)}"
            for call in self.report.refused_calls
            if not call.unanswered
        )
        for line, times in list(found.items())[:_LINES]:
            yield f"  denied{f' {times} times' if times > 1 else ''} {line}", "bad"
        if len(found) > _LINES:
            yield f"  and {len(found) - _LINES} more: pinnedrules log --verdict deny", "bad"

    def _waiting(self, folder: str) -> Iterator[tuple[str, Tone]]:
        for ticket, rules, found in self.waiting:
            what = shown(found.summary if found else "a call", _LONG)
            by = _by(rules)
            if found is None or found.state == "expired":
                yield f"  denied, nobody answered{by}: {what}", "open"
            elif found.state == "approved":
                yield f"  approved by {shown(found.by)}, and not asked for again: {what}", "open"
            else:
                yield f"  waits for an answer{by}: {what}", "open"
                yield f"    allow it once: pinnedrules approvals approve {ticket} {folder}", "open"
                yield f"    refuse it:     pinnedrules approvals deny {ticket} {folder}", "open"
        if any(found is not None and found.state in ("open", "approved") for _, _, found in self.waiting):
            again = f"pinnedrules run --session {shlex.quote(self.session)} ..."
            yield f"    a yes counts in this session only; to go on with it: {again}", "open"

    def document(self) -> dict[str, object]:
        """Return the report for a program."""
        report = self.report
        return {
            "program": self.program,
            "session": self.session,
            "code": self.code,
            "exit_code": self.exit_code,
            "requests": report.requests,
            "verified": report.verified,
            "requests_refused": report.refused_requests,
            "compactions": report.compactions,
            "allowed": report.allowed,
            "denied": [
                {"tool": call.tool, "rules": list(call.rules), "why": call.why, "ticket": call.ticket}
                for call in report.refused_calls
            ],
            "waiting": [ticket for ticket, _, _ in self.waiting],
            "stop": {"state": self.stop.state, "scope": self.stop.scope, "reason": self.stop.reason},
            "state": str(self.state.path),
            "log": str(self.state.log),
        }


def ending(program: str, session: SessionId, code: int, *, state: StateFolder, report: Report) -> Ending:
    """Look up what became of the tickets, and whether a stop is in force."""
    waiting = []
    store = Store(state.database)
    try:
        for ticket, call in report.waiting.items():
            found = _ticket(store, ticket)
            if found is None or found.state != "denied":
                waiting.append((ticket, call.rules, found))
    finally:
        store.close()
    stop = StopFile(state.path).read(session)
    return Ending(program, session.name, code, state, report, tuple(waiting), stop)


def resuming(stop: StopState, session: str, state: StateFolder) -> str:
    """Return the command that lifts this stop."""
    scope = "" if stop.scope == EVERYTHING else f" --session {shlex.quote(session)}"
    return f"pinnedrules resume --reason WHY{scope} --state {shlex.quote(str(state.path))}"


def _by(rules: tuple[str, ...]) -> str:
    return f" by {', '.join(rules)}" if rules else ""


def _ticket(store: Store, ticket: str) -> Ticket | None:
    try:
        return store.ticket(ticket, now_us=time.time_ns() // 1000)
    except (ApprovalError, StateError):
        return None
