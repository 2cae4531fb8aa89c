"""``pinnedrules replay``: recorded conversations through the whole path."""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from pathlib import Path

from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.source import rules_from
from pinnedrules.replay.report import decided, document, words
from pinnedrules.replay.runner import Conversation, Replay
from pinnedrules.replay.trace import read_tools, read_traces
from pinnedrules.rulefile import RuleFile

__all__ = ["run"]

_USAGE = "pinnedrules replay TRACE.jsonl --rules FILE (or --profile NAME)"


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when every call ran, 1 when one was stopped or a whole request refused."""
    source = rules_from(arguments.rules, arguments.profile, usage=_USAGE)
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
