"""``pinnedrules import``: rules drafted from AGENTS.md or CLAUDE.md. Nothing is written before a person says yes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer, Tone
from pinnedrules.clock import moment
from pinnedrules.draft.imported import DraftedRule, Imported, imported
from pinnedrules.rules.printable import counted, shown
from pinnedrules.types import Call

__all__ = ["run"]

_USAGE = "pinnedrules import AGENTS.md [--write FILE]"
_LONGEST = 1 << 20
_FIT: dict[str, tuple[str, Tone]] = {
    "exact": ("becomes a check", "good"),
    "wider": ("becomes a check that stops more than it says", "open"),
    "part": ("becomes a check in part", "open"),
    "none": ("cannot become a check, and is only pinned", "bad"),
    "left": ("cannot become a check, and is left out", "quiet"),
}


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when every sentence that forbids something became a check, 1 when one did not or a person said no."""
    page: Path = arguments.page
    out: Path | None = arguments.write
    if out is not None and out.exists():
        raise Usage(f"{out} is there already", "without --write the rules are printed, to be put into it by hand")
    if out is not None and not arguments.yes and not sys.stdin.isatty():
        raise Usage("there is no terminal to ask whether these rules are right", f"{_USAGE} --yes")
    try:
        text = page.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Usage(f"{page} is no text", _USAGE) from None
    if len(text) > _LONGEST:
        raise Usage(f"{page} is longer than {_LONGEST} characters", _USAGE)
    root = (arguments.root or page.parent).absolute()
    found = imported(text, source=page.name, root=str(root), now=moment())
    for rule in found.rules:
        _rule(printer, page, rule)
    _sum(printer, page, found)
    written = found.text != "" and out is not None and _agreed(arguments, printer, found, out)
    if out is None and found.text:
        printer.line()
        printer.line(found.text.rstrip())
        printer.line()
        printer.line(
            f"nothing was written: pinnedrules import {page} --write rules.yaml asks, and writes this", "quiet"
        )
    if written:
        printer.line(f'{out}: written. It is in force where it is named: Guard("{out}"), --rules {out}', "good")
        printer.line(f"next: pinnedrules lint {out}")
    printer.document(_plain(found, written))
    whole = not found.unread and all(rule.meant.fit != "none" for rule in found.rules)
    return OK if whole and (written or out is None) else FOUND


def _rule(printer: Printer, page: Path, rule: DraftedRule) -> None:
    what, tone = _FIT[rule.meant.fit]
    printer.line(f"{page.name}:{rule.sentence.line}: {shown(rule.sentence.text, 200)}")
    why = f": {rule.meant.note}" if rule.meant.note else ""
    printer.line(f"  {what}{why}", tone)
    if rule.stops:
        stopped = "; ".join(f"{_call(call)} ({verdict})" for call, verdict in rule.stops)
        printer.line(f"  {rule.id} would stop: {stopped}")
    if rule.passes:
        printer.line(f"  and let through: {'; '.join(_call(call) for call in rule.passes)}")


def _call(call: Call) -> str:
    return shown(f"{call.name} {call.arguments}", 100)


def _sum(printer: Printer, page: Path, found: Imported) -> None:
    checks = [rule for rule in found.rules if rule.meant.fit not in ("none", "left")]
    pinned = sum(rule.meant.fit == "none" for rule in found.rules)
    others = found.others + sum(rule.meant.fit == "left" for rule in found.rules)
    if found.unread:
        first = found.unread[0]
        printer.line(
            f"{page.name}: {counted(len(found.unread), 'sentence')} in another language than English, which nobody has read;"
            f" the first is line {first.line}: {shown(first.text, 100)}", "bad",
        )  # fmt: skip
    if not found.rules:
        what = "nothing else" if found.unread else "nothing"
        printer.line(f"{page.name}: {what} in it forbids, restricts or asks for anything", "open")
        return
    printer.line(
        f"{page.name}: {counted(len(checks), 'check')}, {counted(pinned, 'sentence')} only pinned,"
        f" {counted(others, 'other sentence')} that no rule file needs", "good" if not pinned else "open",
    )  # fmt: skip


def _agreed(arguments: argparse.Namespace, printer: Printer, found: Imported, out: Path) -> bool:
    """Ask on the terminal, unless --yes was said, and write the file. A file that appeared meanwhile is left alone."""
    if not arguments.yes:
        printer.note(found.text.rstrip())
        printer.note(f"write this to {out}? [y/N]", "open")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            printer.note("nothing was written")
            return False
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(found.text)
    except FileExistsError:
        raise Usage(f"{out} is there already", _USAGE) from None
    return True


def _plain(found: Imported, written: bool) -> dict[str, object]:
    return {
        "written": written,
        "file": found.text,
        "others": found.others,
        "unread": [{"line": one.line, "sentence": one.text} for one in found.unread],
        "rules": [
            {
                "line": rule.sentence.line,
                "sentence": rule.sentence.text,
                "rule": rule.id,
                "fit": rule.meant.fit,
                "note": rule.meant.note,
                "stops": [[call.name, call.arguments, verdict] for call, verdict in rule.stops],
                "passes": [[call.name, call.arguments] for call in rule.passes],
            }
            for rule in found.rules
        ],
    }
