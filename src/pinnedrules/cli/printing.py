"""What commands print: lines for a person, or one JSON document with ``--json``."""

from __future__ import annotations

import json
import os
import sys
from typing import Literal, TextIO

__all__ = ["Printer", "Tone", "age"]

Tone = Literal["good", "bad", "open", "quiet", ""]
_CODES = {"good": "32", "bad": "31", "open": "33", "quiet": "2"}


class Printer:
    """Prints the result of one command. ``as_json`` silences :meth:`line`; :meth:`document` prints in that mode only."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    def line(self, text: str = "", tone: Tone = "") -> None:
        """Print one line for a person, coloured on a terminal unless NO_COLOR is set (no-color.org)."""
        if self.as_json:
            return
        print(_toned(text, tone, sys.stdout))

    def document(self, value: object) -> None:
        """Print the one JSON document."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def row(self, value: object) -> None:
        """Print one of many JSON documents, on a line of its own, where there is no end to wait for."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, default=str))

    def note(self, text: str, tone: Tone = "") -> None:
        """Print one line on stderr, which is never part of a result."""
        print(_toned(text, tone, sys.stderr), file=sys.stderr)

    def fail(self, problem: str, next_step: str) -> None:
        """Say what went wrong and what to do about it."""
        self.document({"error": problem, "next": next_step})
        if not self.as_json:
            self.note(f"pinnedrules: {problem}" + (f"\n  next: {next_step}" if next_step else ""))


def age(microseconds: int) -> str:
    """Return a span of time as people say it, in one unit."""
    seconds = max(0, microseconds) // 1_000_000
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _toned(text: str, tone: Tone, stream: TextIO) -> str:
    coloured = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
    return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if tone and coloured else text
