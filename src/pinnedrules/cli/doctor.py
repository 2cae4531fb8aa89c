"""``pinnedrules doctor``: a canary call the real way, and what can be promised where this runs. Touches nothing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from pinnedrules.cli.checkup.canary import fired
from pinnedrules.cli.checkup.finding import Finding
from pinnedrules.cli.checkup.place import EXCLUDES, UNSEEN, answering, state, versions
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer, Tone
from pinnedrules.cli.source import named_or_usual, rules_from
from pinnedrules.control.state import default_folder
from pinnedrules.rules.printable import counted

__all__ = ["run"]

_USAGE = "pinnedrules doctor --rules FILE, or --profile NAME"
_TONES: dict[str, Tone] = {"ok": "good", "note": "open", "bad": "bad"}


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when all is in order, 1 when something is wrong."""
    path = named_or_usual(arguments.rules, arguments.profile, usage=_USAGE)
    source = rules_from(path, arguments.profile, usage=_USAGE)
    folder = arguments.state.absolute() if arguments.state is not None else default_folder(source.path)
    printer.line(
        f"{source.name}, {counted(len(source.rules.rules), 'rule')}; a canary call the real way, on loopback only:"
    )
    found = [*fired(source, arguments.profile or ""), *versions(), *state(folder)]
    _say(found, printer)
    wrong = sum(finding.state == "bad" for finding in found)
    printer.line(f"{counted(wrong, 'thing')} wrong" if wrong else "all in order", "bad" if wrong else "good")
    printer.document(
        {
            "ok": not wrong,
            "rules": source.name,
            "findings": [asdict(finding) for finding in found],
            "state": str(folder),
            "asks": answering(),
            "levels": EXCLUDES,
            "not_seen": list(UNSEEN),
        }
    )
    return FOUND if wrong else OK


def _say(found: Sequence[Finding], printer: Printer) -> None:
    for finding in found:
        word = {"ok": "ok  ", "note": "note", "bad": "BAD "}[finding.state]
        printer.line(f"  {word}  {finding.what}: {finding.said}", _TONES[finding.state])
        if finding.next_step:
            printer.line(f"        next: {finding.next_step}")
    printer.line(f"asks are answered by: {answering()}")
    printer.line("what that is worth, by where the guard runs (assurance level):")
    for level, about in EXCLUDES.items():
        printer.line(f"  {level}  {about}")
    printer.line("not seen from here:")
    for line in UNSEEN:
        printer.line(f"  {line}")
