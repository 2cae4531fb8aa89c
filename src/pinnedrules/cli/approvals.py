"""``pinnedrules approvals``: what agents ask, and a person's answers. The principal is the OS user."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer, age
from pinnedrules.cli.states import found_states
from pinnedrules.cli.story import told
from pinnedrules.control.principals import acting
from pinnedrules.control.state import StateFolder
from pinnedrules.control.stop import StopFile
from pinnedrules.control.store import Store
from pinnedrules.errors import ApprovalError, StateError
from pinnedrules.notes import answered, note
from pinnedrules.rules.printable import shown
from pinnedrules.types import SessionId, Ticket

__all__ = ["run"]


@dataclass(frozen=True, slots=True)
class _Place:
    """A store, the folder it belongs to, and the folder's stop state, which tells what is void."""

    state: Path
    store: Store
    stop: StopFile

    def epoch_of(self, session: SessionId) -> int:
        """Return the stop epoch of a session."""
        return self.stop.read(session).epoch


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when listed or all answered, 1 when an answer could not be given."""
    places = [
        _Place(state.path, Store(state.database), StopFile(state.path))
        for state in found_states(arguments.state)
        if state.database.exists()
    ]
    try:
        if arguments.action == "list":
            return _list(places, printer)
        return _answer(arguments, places, printer)
    finally:
        for place in places:
            place.store.close()


def _list(places: Sequence[_Place], printer: Printer) -> int:
    now_us = time.time_ns() // 1000
    found = [
        (place, ticket)
        for place in places
        for ticket in place.store.tickets("open", now_us=now_us, epoch_of=place.epoch_of)
    ]
    asking = _asking({ticket.id for _, ticket in found}, {place.state for place, _ in found})
    for place, ticket in found:
        printer.line(f"{ticket.id}  {shown(ticket.summary, 400)}", "open")
        for rule in asking.get(ticket.id, ()):
            printer.line(f"  {rule}")
        waited, left = age(now_us - ticket.asked_us), age(ticket.expires_us - now_us)
        printer.line(
            f"  session {shown(ticket.session)}, asked {waited} ago, expires in {left}, state {place.state}", "quiet"
        )
    if not found:
        printer.line(
            "nothing waits for an answer" if places else "no state folder was found; name one with --state DIR"
        )
    printer.document(
        {
            "open": [
                {"state": str(place.state), **asdict(ticket), "why_asked": list(asking.get(ticket.id, ()))}
                for place, ticket in found
            ]
        }
    )
    return OK


def _asking(tickets: set[str], states: set[Path]) -> dict[str, list[str]]:
    """Return for each ticket the rules that ask and why, as far as the log has them: not while the wait goes on."""
    found: dict[str, list[str]] = {}
    for state in states:
        for item in told(StateFolder(state).log):
            ticket = item.body.get("ticket")
            if item.record["type"] == "decision" and ticket in tickets:
                rules = [f"rule {rule}" for rule in item.body["rules"]]
                reasons = [shown(reason, 300) for reason in item.values.get("reasons", ())]
                found[str(ticket)] = [f"{', '.join(rules) or 'no rule permits it'}: {'; '.join(reasons)}"]
    return found


def _answer(arguments: argparse.Namespace, places: Sequence[_Place], printer: Printer) -> int:
    yes = arguments.action == "approve"
    by, answers = acting(), []
    for name in arguments.ids:
        ticket, problem, former = _one(name, places, yes, by, getattr(arguments, "why", ""))
        if ticket is None:
            printer.line(f"{shown(name)}: {problem}", "bad")
        elif yes:
            printer.line(f"approved by {by}, once{former}: {shown(ticket.summary, 400)}", "good")
            printer.line(f"  session {shown(ticket.session)}, exactly the call {ticket.call_sha256}")
        else:
            printer.line(f"denied by {by}: {shown(ticket.summary, 400)}", "good")
        answers.append({"id": name, "ticket": asdict(ticket) if ticket else None, "error": problem})
    printer.document({"by": by, "approve": yes, "answers": answers})
    return OK if all(answer["ticket"] for answer in answers) else FOUND


def _one(name: str, places: Sequence[_Place], yes: bool, by: str, why: str) -> tuple[Ticket | None, str, str]:
    """Answer the ticket in the first store that knows it; else return what is in the way. Last, who had said no."""
    problem = "no state folder was found; name one with --state DIR"
    for place in places:
        try:
            before = place.store.ticket(name)
        except ApprovalError as error:
            problem = str(error)
            continue
        try:
            ticket = place.store.answer(
                name, yes, by=by, now_us=time.time_ns() // 1000, why=why, epoch_of=place.epoch_of, reopen=True
            )
        except ApprovalError as error:
            return None, str(error), ""
        former = f", although {shown(before.by)} had said no" if before.state == "denied" else ""
        try:
            note(StateFolder(place.state), [answered(ticket)])
        except StateError as error:
            return ticket, f"answered, but not recorded: {error}", former
        return ticket, "", former
    return None, problem, ""
