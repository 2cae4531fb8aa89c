"""``pinnedrules stop`` and ``pinnedrules resume``: from any folder, for everything, and honest about who confirmed."""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.states import found_states
from pinnedrules.control.principals import acting
from pinnedrules.control.running import Acknowledgement, live, stop_everywhere
from pinnedrules.control.state import StateFolder
from pinnedrules.control.stop import EVERYTHING, StopFile, session_scope
from pinnedrules.errors import StateError
from pinnedrules.notes import lifted, note, stopped
from pinnedrules.rules.printable import counted
from pinnedrules.types import Entry, SessionId, StopState

__all__ = ["run"]

_WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.05


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when every guard confirmed (or a stop was lifted), 1 when one did not, or nothing was there to do it to."""
    return (_resume if arguments.command == "resume" else _stop)(arguments, printer)


def _stop(arguments: argparse.Namespace, printer: Printer) -> int:
    states = found_states(arguments.state)
    reason, actor = arguments.reason, acting()
    answers: list[Acknowledgement] = []
    if not (arguments.state or arguments.session or arguments.pause):
        answers = stop_everywhere(reason, actor)
    reached = {answer.guard.state.resolve() for answer in answers}
    scope = session_scope(arguments.session) if arguments.session else EVERYTHING
    done: dict[Path, StopState] = {}
    failed: dict[Path, str] = {}
    for state in states:
        if state.path.resolve() in reached:
            continue
        try:
            file = StopFile(state.path)
            state_word: Literal["pause", "stop"] = "pause" if arguments.pause else "stop"
            done[state.path] = file.set(state_word, scope=scope, reason=reason, actor=actor)
        except StateError as error:
            failed[state.path] = str(error)
    answers += _confirmed({path: said.epoch for path, said in done.items()}, failed)
    for state in states:
        if state.path not in failed:
            said = done.get(state.path) or StopFile(state.path).read(SessionId(""))
            _noted(state, [stopped(said)], printer)
    return _say_stopped(arguments, printer, answers, states, failed)


def _confirmed(epochs: Mapping[Path, int], failed: Mapping[Path, str]) -> list[Acknowledgement]:
    """Wait until the live guards of these folders have seen the epoch, or the time is over."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        guards = [guard for guard in live() if guard.state in epochs or guard.state in failed]
        answers = [
            Acknowledgement(guard, False, failed[guard.state])
            if guard.state in failed
            else Acknowledgement(guard, guard.epoch >= epochs[guard.state], "it runs and has not acknowledged")
            for guard in guards
        ]
        silent = any(not answer.acknowledged and answer.guard.state in epochs for answer in answers)
        if not silent or time.monotonic() >= until:
            return answers
        time.sleep(_POLL_SECONDS)


def _say_stopped(
    arguments: argparse.Namespace,
    printer: Printer,
    answers: Sequence[Acknowledgement],
    states: Sequence[StateFolder],
    failed: Mapping[Path, str],
) -> int:
    word = "paused" if arguments.pause else "stopped"
    for answer in answers:
        guard = answer.guard
        place = f"{guard.rules} (process {guard.pid}, state {guard.state})"
        if answer.acknowledged:
            printer.line(f"{word}: {place}", "good")
        else:
            printer.line(f"NOT CONFIRMED: {place}: {answer.why}", "bad")
    for path, why in failed.items():
        printer.line(f"NOT {word.upper()}: the state in {path}: {why}", "bad")
    confirmed = sum(answer.acknowledged for answer in answers)
    everything = f"session {arguments.session}" if arguments.session else "everything"
    if not answers and not states:
        printer.line("NOTHING WAS STOPPED: no live guard of this user, and no state folder was found", "bad")
        printer.line("  next: name the folder with --state DIR, or run this as the user the agent runs as")
    else:
        held = len(states) - len(failed)
        printer.line(
            f"{confirmed} of {counted(len(answers), 'live guard')} confirmed;"
            f" {everything} is {word} in {counted(held, 'state folder')}"
        )
    for state in states:
        if state.path not in failed:
            # The folder is named because a later resume may not find it: the guard can be gone by then.
            session = f" --session {shlex.quote(arguments.session)}" if arguments.session else ""
            again = f"pinnedrules resume --reason WHY{session} --state {shlex.quote(str(state.path))}"
            printer.line(f"  to go on: {again}", "quiet")
    complete = confirmed == len(answers) and not failed and bool(answers or states)
    printer.document(
        {
            "state": "pause" if arguments.pause else "stop",
            "scope": session_scope(arguments.session) if arguments.session else EVERYTHING,
            "complete": complete,
            "guards": [
                {
                    "rules": answer.guard.rules,
                    "pid": answer.guard.pid,
                    "state": str(answer.guard.state),
                    "acknowledged": answer.acknowledged,
                    "why": "" if answer.acknowledged else answer.why,
                }
                for answer in answers
            ],
            "folders": [str(state.path) for state in states if state.path not in failed],
            "failed": {str(path): why for path, why in failed.items()},
        }
    )
    return OK if complete else FOUND


def _noted(state: StateFolder, entries: Sequence[Entry], printer: Printer) -> None:
    """Record it. What was done stands all the same, so a log that cannot be written is said and is no failure."""
    try:
        note(state, entries)
    except StateError as error:
        printer.line(f"this could not be recorded in {state.path}: {error}", "bad")


def _resume(arguments: argparse.Namespace, printer: Printer) -> int:
    actor = acting()
    scope = session_scope(arguments.session) if arguments.session else EVERYTHING
    folders: list[dict[str, object]] = []
    for state in found_states(arguments.state):
        result = StopFile(state.path).resume(actor=actor, reason=arguments.reason, scope=scope)
        _noted(state, [lifted(result, result.removed)], printer)
        for what in result.removed:
            printer.line(f"lifted: {what}, in {state.path}", "good")
        for what in result.remaining:
            printer.line(f"still in force: {what}, in {state.path}", "open")
        folders.append({"state": str(state.path), "removed": list(result.removed), "remaining": list(result.remaining)})
    removed = any(entry["removed"] for entry in folders)
    if not folders:
        printer.line("no state folder was found; name one with --state DIR", "bad")
    elif not removed:
        printer.line("nothing was in force")
    printer.document({"by": actor, "reason": arguments.reason, "scope": scope, "folders": folders})
    return OK if folders else FOUND
