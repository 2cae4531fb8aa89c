"""``pinnedrules replay``: one's own log under other rules, or recorded conversations through the whole path."""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.source import rules_from
from pinnedrules.cli.states import states_here
from pinnedrules.cli.story import told
from pinnedrules.evidence.lanes import lane_folders
from pinnedrules.replay.difference import difference
from pinnedrules.replay.difference import told as told_of
from pinnedrules.replay.logged import Again, logged
from pinnedrules.replay.report import decided, document, words
from pinnedrules.replay.runner import Conversation, Replay
from pinnedrules.replay.trace import read_tools, read_traces
from pinnedrules.rulefile import RuleFile

__all__ = ["run"]

_USAGE = "pinnedrules replay [LOG | TRACE.jsonl] --rules FILE (or --profile NAME)"
_OF_A_TRACE = ("tools", "suite", "compact_at", "limit", "state")


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when every call ran, 1 when one was stopped or a whole request refused.

    For a log, 0 when nothing would be decided differently, else 1.
    """
    source = rules_from(arguments.rules, arguments.profile, usage=_USAGE)
    if arguments.trace is None or arguments.trace.is_dir():
        return _log(arguments, source, printer)
    if arguments.last:
        raise Usage("--last is for a log", "--limit N takes the first conversations of a recording")
    if arguments.state is not None:
        conversations = _replayed(arguments, source, arguments.state)
    else:
        with tempfile.TemporaryDirectory(prefix="pinnedrules-replay-") as folder:
            conversations = _replayed(arguments, source, Path(folder))
    found = document(source, conversations, compact_at=arguments.compact_at)
    if arguments.out is not None:
        names = [conversation.name for conversation in conversations]
        full = {**found, "names": names, "calls_decided": decided(conversations)}
        arguments.out.write_text(json.dumps(full, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    printer.document(found)
    printer.line(words(found))
    return FOUND if found["stopped"] or found["requests_refused"] else OK


def _log(arguments: argparse.Namespace, source: RuleFile, printer: Printer) -> int:
    given = next((word for word in _OF_A_TRACE if getattr(arguments, word)), None)
    if given is not None:
        raise Usage(f"--{given.replace('_', '-')} is for recorded conversations, and this is a log", _USAGE)
    again = Again(source.sets)
    redone = [again.decide(item) for log in _logs(arguments.trace) for item in logged(told(log))]
    redone = [item for item in redone if not item.logged.offered]
    found = difference(source, redone[-arguments.last :] if arguments.last else redone)
    if arguments.out is not None:
        arguments.out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    printer.document(found)
    for line in told_of(found):
        printer.line(line)
    return FOUND if found["different"] else OK


def _logs(folder: Path | None) -> list[Path]:
    """Return the folders of logs: below a state folder, the log itself, or those that belong here."""
    if folder is not None:
        inner = folder / "log"
        log = inner if inner.is_dir() else folder
        if not lane_folders(log):
            raise Usage(f"there is no log in {folder}", _USAGE)
        return [log]
    found = [state.log for state in states_here(None) if state.log.is_dir()]
    if not found:
        raise Usage("no log was found", "name a state folder, or a file of recorded conversations: " + _USAGE)
    return found


def _replayed(arguments: argparse.Namespace, source: RuleFile, state: Path) -> list[Conversation]:
    book = read_tools(arguments.tools) if arguments.tools is not None else None
    traces = read_traces(arguments.trace, book)
    if arguments.suite is not None:
        traces = (trace for trace in traces if trace.suite == arguments.suite)
    if arguments.limit:
        traces = itertools.islice(traces, arguments.limit)
    replay = Replay(source, state, compact_at=arguments.compact_at)
    try:
        return [replay.run(trace) for trace in traces]
    finally:
        replay.close()
