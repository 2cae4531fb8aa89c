"""``pinnedrules log``: what happened, in lines that can be read; whether the log is whole; erasing a person's values."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.follow import Follower
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.states import found_states, states_here
from pinnedrules.cli.story import Told, day, tell, told
from pinnedrules.cli.times import since
from pinnedrules.control.principals import os_user
from pinnedrules.control.state import StateFolder
from pinnedrules.errors import StateError
from pinnedrules.evidence.erase import erase
from pinnedrules.evidence.reader import check
from pinnedrules.notes import erased, note
from pinnedrules.rules.printable import counted, shown
from pinnedrules.types import SessionId

__all__ = ["run"]

_BOOKKEEPING = ("log.open", "log.close")
"""Of no interest unless somebody asks for them."""
_NAMED = 20
_OTHERS = 3
_POLL_SECONDS = 0.2


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0; with ``--check`` 1 when a lane is broken; when erasing 1 when nothing was found to erase."""
    if arguments.follow:
        return _follow(arguments, printer)
    every = _with_log(found_states(arguments.state))
    if not every:
        raise Usage("no log was found", "name the state folder with --state DIR")
    if arguments.erase_user is not None or arguments.erase_session is not None:
        return _erase(arguments, every, printer)
    if arguments.check:
        return _check([state.log for state in every], printer)
    here = _with_log(states_here(arguments.state))
    left_out = [f"--state {shlex.quote(str(state.path))}" for state in every if state not in here]
    code = _tell(arguments, [state.log for state in here], printer)
    if left_out and not printer.as_json:
        more = f" and {len(left_out) - _OTHERS} more" if len(left_out) > _OTHERS else ""
        printer.note(f"pinnedrules: only the log that belongs here; others: {', '.join(left_out[:_OTHERS])}{more}")
    return code


def _with_log(states: Iterable[StateFolder]) -> list[StateFolder]:
    return [state for state in states if state.log.is_dir()]


@dataclass(slots=True)
class _Choice:
    """Which records are wanted. Remembers the sessions that went by, for whoever asked for one that there is not."""

    arguments: argparse.Namespace
    since_us: int
    sessions: dict[str, None] = field(default_factory=dict)

    def of(self, items: Iterable[Told]) -> Iterator[Told]:
        for item in items:
            session = item.record["session"]
            if session:
                self.sessions.pop(session, None)
                self.sessions[session] = None
            if self._wanted(item):
                yield item

    def _wanted(self, item: Told) -> bool:
        wanted, record, body = self.arguments, item.record, item.body
        return (
            (not wanted.session or record["session"] == wanted.session)
            and (record["type"] == wanted.type if wanted.type else record["type"] not in _BOOKKEEPING)
            and (not wanted.tool or body.get("tool") == wanted.tool)
            and (not wanted.verdict or body.get("verdict") == wanted.verdict)
            and (not wanted.record or body.get("stamp") == wanted.record)
            and (not wanted.user or item.user == wanted.user)
            and int(record["ts"]) >= self.since_us
        )

    @property
    def missing(self) -> str:
        """Say that there is no such session, and which there are; empty when there is, or none was asked for."""
        if not self.arguments.session or self.arguments.session in self.sessions:
            return ""
        names = [shown(name, 60) for name in reversed(self.sessions)]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"sessions here, the last one first: {', '.join(names[:_NAMED])}{more}" if names else "no session yet"


def _choice(arguments: argparse.Namespace) -> _Choice:
    try:
        return _Choice(arguments, since(arguments.since, time.time()) if arguments.since else 0)
    except (ValueError, OverflowError, OSError):
        raise Usage(f"{shown(arguments.since)!r} is no time", "--since 10min, 2h, 1d, 14:30 or 2026-05-01") from None


@dataclass(slots=True)
class _Lines:
    """Prints records under the log and the day that they belong to."""

    printer: Printer
    several: bool
    place: tuple[Path, str] | None = None
    printed: int = 0

    def add(self, log: Path, item: Told) -> None:
        place = (log, day(item))
        if self.several and (self.place is None or self.place[0] != log):
            self.printer.line(f"{log}:", "quiet")
        if place != self.place:
            self.printer.line(f"{place[1]}:", "quiet")
        self.place = place
        self.printed += 1
        self.printer.line(*tell(item))


def _tell(arguments: argparse.Namespace, logs: Sequence[Path], printer: Printer) -> int:
    choice, lines, document = _choice(arguments), _Lines(printer, len(logs) > 1), []
    for log in logs:
        wanted = choice.of(told(log))
        chosen: Iterable[Told] = deque(wanted, maxlen=arguments.last) if arguments.last else wanted
        for item in chosen:
            lines.add(log, item)
            document.append(_plain(log, item))
    if choice.missing:
        raise Usage(f"no record of session {shown(arguments.session)}", choice.missing)
    if not lines.printed and not printer.as_json:
        printer.note("pinnedrules: no record matches" if choice.sessions else "pinnedrules: nothing was recorded yet")
    printer.document({"records": document})
    return OK


def _follow(arguments: argparse.Namespace, printer: Printer) -> int:
    """Tell what there is, then what comes, until an interrupt."""
    if arguments.check or arguments.erase_user is not None or arguments.erase_session is not None:
        raise Usage("--follow goes with choosing records only", "pinnedrules log --follow [--session NAME]")
    choice, lines = _choice(arguments), _Lines(printer, several=True)
    followers: dict[Path, Follower] = {}
    begun = False
    try:
        while True:
            for state in _with_log(states_here(arguments.state)):
                follower = followers.setdefault(state.log, Follower(state.log))
                fresh: Iterable[Told] = choice.of(follower.fresh())
                if arguments.last and not begun:
                    fresh = deque(fresh, maxlen=arguments.last)
                for item in fresh:
                    lines.add(state.log, item)
                    printer.row(_plain(state.log, item))
            if not begun:
                missing = (
                    f"; no record of session {shown(arguments.session)} yet, {choice.missing}" if choice.missing else ""
                )
                printer.note(f"pinnedrules: following {counted(len(followers), 'log')}, Ctrl-C ends it{missing}")
                begun = True
            sys.stdout.flush()
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        return OK


def _plain(log: Path, item: Told) -> dict[str, object]:
    return {"log": str(log), "record": item.record, "values": item.values}


def _erase(arguments: argparse.Namespace, states: Sequence[StateFolder], printer: Printer) -> int:
    """Erase what only a person's or a session's records hold, and record that, without saying which person."""
    user, session = arguments.erase_user or "", arguments.erase_session or ""
    if not (user or session):
        raise Usage("nobody is named whose values to erase", "pinnedrules log --erase-user USER")
    choices = ("session", "type", "tool", "verdict", "record", "last", "check", "user", "since")
    if any(getattr(arguments, name) for name in choices):
        raise Usage("erasing takes no other choice", "pinnedrules log --erase-user USER [--state DIR]")
    whose = f"session {shown(session)}" if session else "this user"
    found, unsaid = 0, False
    document: list[dict[str, object]] = []
    for state in states:
        records = erase(state.log, user=user, session=session)
        found += records
        printer.line(f"{state.log}: the values of {counted(records, 'record')} of {whose} erased", "good")
        document.append({"log": str(state.log), "records": records})
        try:
            note(state, [erased(SessionId(session), by=os_user(), records=records)] if records else [])
        except StateError as error:
            unsaid = True
            printer.line(f"this could not be recorded in {state.path}: {error}", "bad")
    printer.line(
        "copies that backups or the file system keep, and the store (tickets, ledgers), are not reached", "open"
    )
    printer.document({"by": os_user(), "erased": document})
    return OK if found and not unsaid else FOUND


def _check(logs: Sequence[Path], printer: Printer) -> int:
    lanes: list[dict[str, object]] = []
    excludes = ""
    for log in logs:
        for lane in check(log):
            place = f"{log}, lane {lane.lane}"
            if lane.broken is not None:
                printer.line(f"BROKEN at line {lane.broken.line}: {place}: {lane.broken.reason}", "bad")
                printer.line(f"  {counted(lane.records, 'whole record')} before it", "bad")
            else:
                printer.line(f"{lane.status}: {place}: {counted(lane.records, 'record')}, head {lane.head}", "good")
            if lane.torn:
                printer.line(
                    f"  {counted(lane.torn, 'byte')} at the end never became a record (a crash during a write)", "open"
                )
            excludes = lane.excludes
            broken = None if lane.broken is None else {"line": lane.broken.line, "reason": lane.broken.reason}
            lanes.append(
                {
                    "log": str(log),
                    "lane": lane.lane,
                    "status": "broken" if lane.broken else lane.status,
                    "records": lane.records,
                    "head": lane.head,
                    "torn": lane.torn,
                    "broken": broken,
                }
            )
    if excludes:
        printer.line(f"unanchored: {excludes}")
    else:
        printer.line("no lane: nothing was ever written here", "open")
    whole = not any(lane["broken"] for lane in lanes)
    printer.document({"whole": whole, "excludes": excludes, "lanes": lanes})
    return OK if whole else FOUND
