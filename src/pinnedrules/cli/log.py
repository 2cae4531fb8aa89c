"""``pinnedrules log``: what happened, in lines that can be read; whether the log is whole; erasing a person's values."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.states import found_states
from pinnedrules.cli.story import Told, tell, told
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


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0; with ``--check`` 1 when a lane is broken; when erasing 1 when nothing was found to erase."""
    states = [state for state in found_states(arguments.state) if state.log.is_dir()]
    if not states:
        raise Usage("no log was found", "name the state folder with --state DIR")
    if arguments.erase_user is not None or arguments.erase_session is not None:
        return _erase(arguments, states, printer)
    logs = [state.log for state in states]
    return _check(logs, printer) if arguments.check else _tell(arguments, logs, printer)


def _tell(arguments: argparse.Namespace, logs: Sequence[Path], printer: Printer) -> int:
    document = []
    for log in logs:
        if len(logs) > 1:
            printer.line(f"{log}:", "quiet")
        wanted = _wanted(arguments, log)
        chosen: Iterator[Told] | deque[Told] = deque(wanted, maxlen=arguments.last) if arguments.last else wanted
        for item in chosen:
            printer.line(*tell(item))
            if printer.as_json:
                document.append({"log": str(log), "record": item.record, "values": item.values})
    printer.document({"records": document})
    return OK


def _wanted(arguments: argparse.Namespace, log: Path) -> Iterator[Told]:
    for item in told(log):
        if arguments.session and item.record["session"] != arguments.session:
            continue
        if item.record["type"] != arguments.type if arguments.type else item.record["type"] in _BOOKKEEPING:
            continue
        if arguments.tool and item.body.get("tool") != arguments.tool:
            continue
        if arguments.verdict and item.body.get("verdict") != arguments.verdict:
            continue
        yield item


def _erase(arguments: argparse.Namespace, states: Sequence[StateFolder], printer: Printer) -> int:
    """Erase what only a person's or a session's records hold, and record that, without saying which person."""
    user, session = arguments.erase_user or "", arguments.erase_session or ""
    if not (user or session):
        raise Usage("nobody is named whose values to erase", "pinnedrules log --erase-user USER")
    if any((arguments.session, arguments.type, arguments.tool, arguments.verdict, arguments.last, arguments.check)):
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
