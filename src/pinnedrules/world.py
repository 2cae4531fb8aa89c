"""Answers the gate's commands with a real clock, log, store, stop file and approver. Blocking; both drivers share it."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pinnedrules.clock import moment
from pinnedrules.commands import (
    Ask,
    Command,
    Failed,
    Find,
    Grant,
    Hear,
    Heed,
    Keep,
    Known,
    Learn,
    Now,
    Pause,
    Random,
    ReadLedger,
    ReadLineage,
    ReadRules,
    ReadStop,
    Record,
    Redeem,
    Reply,
    Resolve,
    Sync,
    Take,
    Wait,
    WriteLedger,
    WriteLineage,
)
from pinnedrules.control.grants import Grants
from pinnedrules.control.principals import CHAT
from pinnedrules.control.scopes import session_scope
from pinnedrules.errors import ApprovalError
from pinnedrules.notes import answered
from pinnedrules.report import Report
from pinnedrules.rules.born import CHAT as BORN
from pinnedrules.types import Entry, Proposal, Ticket

if TYPE_CHECKING:
    from pinnedrules.control.approvers import Approver
    from pinnedrules.control.ears import Ears
    from pinnedrules.control.lineages import Lineages
    from pinnedrules.control.stop import StopFile
    from pinnedrules.control.store import Store
    from pinnedrules.evidence.log import Log

__all__ = ["INSTANT", "World"]

INSTANT = (ReadStop, Now, Random, Record, Grant, Redeem)
"""Commands that never wait for a disk or a lock, so an event loop may answer them itself."""

_SYNC_SECONDS = 30.0
_POLL_SECONDS = 0.05


class People(Protocol):
    """Who watches the program."""

    def asked(self, proposal: Proposal, ticket: Ticket) -> None:
        """Say that a call waits for a person who is not here."""

    def recorded(self, entry: Entry) -> None:
        """Say what was recorded, where people should know."""


class World:
    """The outside of one guard. Thread-safe; survives a fork because log and store do."""

    def __init__(
        self,
        *,
        log: Log,
        store: Store,
        stop: StopFile,
        approver: Approver | None,
        terminal: bool,
        report: Report,
        rules: Callable[[], object],
        ticket_seconds: float,
        people: People | None = None,
        ears: Ears | None = None,
        lineages: Lineages | None = None,
    ) -> None:
        self.log = log
        self.store = store
        self.stop = stop
        self.report = report
        self.ears = ears
        self._lineages = lineages
        self._approver = approver
        self._terminal = terminal
        self._rules = rules
        self._ticket_us = int(ticket_seconds * 1e6)
        self._people = people
        self._asked: set[str] = set()
        self._grants = Grants(ticket_seconds)
        self._lock = threading.Lock()

    @property
    def asks_code(self) -> bool:
        """True when a function of the program's own answers asks."""
        return self._approver is not None and not self._terminal

    def attempt(self, command: Command, *, on_loop: bool = False) -> Reply:
        """Carry out one command; a failure is a reply, so that failing closed is the gate's own tested code.

        *on_loop* says that an event loop waits for the reply: nobody is asked at the terminal then.
        """
        try:
            return self._perform(command, on_loop)
        except Exception as error:  # noqa: BLE001 - every failure is the gate's to judge
            return Failed(error)

    def poll(self, tickets: tuple[str, ...]) -> tuple[Ticket, ...]:
        """Return the tickets as they are now."""
        return tuple(self.store.ticket(name) for name in tickets)

    def _perform(self, command: Command, on_loop: bool) -> Reply:
        match command:
            case ReadStop():
                return self.stop.read(command.session)
            case Now():
                return moment()
            case Random():
                return secrets.token_bytes(command.size)
            case Record():
                self.report.add(command.entry)
                # Invariant 6: a request starts its record's sync and goes on.
                position = self.log.append(command.entry, moment(), urgent=command.entry.type == "request")
                if self._people is not None:
                    # A standard error that is closed must not turn a record into a failure.
                    with contextlib.suppress(Exception):
                        self._people.recorded(command.entry)
                return position
            case Sync():
                self.log.wait(command.position, _SYNC_SECONDS)
                return None
            case Pause():
                scope = session_scope(command.session.name)
                return self.stop.set("pause", scope=scope, reason=command.reason, actor=CHAT)
            case ReadRules():
                return self._rules()
            case ReadLedger():
                return self.store.read_ledger(command.session)
            case WriteLedger():
                return self.store.write_ledger(command.session, command.state)
            case ReadLineage():
                return () if self._lineages is None else self._lineages.read(command.session, command.form)
            case WriteLineage():
                if self._lineages is not None:
                    self._lineages.write(command.session, command.form, command.conversation, command.data)
                return None
            case Known():
                return self.store.known(command.session, command.keys)
            case Learn():
                self.store.learn(command.session, command.keys, command.forget)
                return None
            case Keep():
                self.store.keep(command.restore, command.places)
                return None
            case Find():
                return self.store.find(command.tokens)
            case Grant():
                self._grants.add(command)
                return None
            case Redeem():
                return self._grants.redeem(command)
            case Resolve():
                return {path: os.path.realpath(os.path.expanduser(path)) for path in command.paths}
            case Ask():
                return self._ask(command.proposal, on_loop) if command.fresh else self.store.denied(command.proposal)
            case Hear():
                return self.ears.begin(command.text) if self.ears else None
            case Heed():
                return self.ears.heed(command.hearing, command.seconds) if self.ears else None
            case Take():
                proposal, now_us = command.proposal, time.time_ns() // 1000
                return self.store.take(
                    command.ticket, proposal.call_sha256, proposal.ruleset_sha256, proposal.epoch, now_us
                )
            case Wait():
                return self._wait(command)
            case _:
                raise TypeError(f"a host answers {type(command).__name__}, not the world")

    def _ask(self, proposal: Proposal, on_loop: bool) -> Ticket:
        decision = proposal.decision
        sentences = " ".join(decision.sentences) or "no rule permits it"
        # Our sentence for words in the chat is not what somebody said: whoever says yes should know what it was.
        said = [
            f" ({why})" for rule, why in zip(decision.rules, decision.reasons, strict=False) if rule.startswith(BORN)
        ]
        became = f" as {decision.tool}" if decision.tool else ""
        summary = f"{proposal.call.name}{became}({', '.join(decision.targets)}): {sentences}{''.join(said)}"
        now_us = time.time_ns() // 1000
        ticket = self.store.ask(proposal, summary=summary, now_us=now_us, ttl_us=self._ticket_us)
        with self._lock:
            fresh = ticket.state == "open" and ticket.id not in self._asked
            self._asked.add(ticket.id)
        if not fresh:
            return ticket
        if self._approver is None or (self._terminal and on_loop):
            if self._people is not None:
                with contextlib.suppress(Exception):
                    self._people.asked(proposal, ticket)
            return ticket
        self._approver.ask(ticket, proposal, lambda yes, by, why: self.answer(ticket.id, yes, by, why))
        return self.store.ticket(ticket.id)  # It may be answered already.

    def answer(self, ticket: str, yes: bool, by: str, why: str) -> bool:
        """Answer an open ticket and record that; False when somebody else was faster."""
        try:
            done = self.store.answer(ticket, yes, by=by, now_us=time.time_ns() // 1000, why=why)
        except ApprovalError:
            return False  # Somebody else answered from another terminal meanwhile; the first answer stands.
        self.attempt(Record(answered(done)))
        return True

    def _wait(self, command: Wait) -> tuple[Ticket, ...]:
        until = time.monotonic() + command.seconds
        while True:
            tickets = self.poll(command.tickets)
            if any(ticket.state != "open" for ticket in tickets) or time.monotonic() >= until:
                return tickets
            time.sleep(_POLL_SECONDS)
