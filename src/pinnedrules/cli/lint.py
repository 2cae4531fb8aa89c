"""``pinnedrules lint``: what is wrong with a rule file that nevertheless loads."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from pinnedrules.authoring.findings import KINDS, Finding
from pinnedrules.authoring.lint import lint
from pinnedrules.authoring.suite import ran
from pinnedrules.cli.cases import beside, cases_in
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer, Tone
from pinnedrules.cli.source import rules_from
from pinnedrules.rules.source import Node, find, parse

__all__ = ["run"]

_USAGE = "pinnedrules lint RULES"
_HARMFUL = ("conflict", "looser", "outweighed", "unreachable")


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when nothing was found, else 1."""
    path: Path = arguments.rules
    source = rules_from(path, None, usage=_USAGE)
    root = parse(path.read_text(encoding="utf-8"), file=path.name)
    cases: Path = arguments.cases or beside(path)
    seen = None
    if cases.exists() or arguments.cases is not None:
        seen = {side for case in cases_in(cases) for side in ran(source.sets, case).seen}
    found = [one for one in lint(source.rules, seen, cases=cases.name) if one.kind not in arguments.ignore]
    found.sort(key=lambda one: (_place(root, one.path).line, one.kind))
    said: set[str] = set()
    for one in found:
        tone: Tone = "bad" if one.kind in _HARMFUL else "open"
        also = f" (line {_place(root, one.other).line})" if one.other else ""
        printer.line(f"{path.name}:{_place(root, one.path).line}: {one.kind}: {one.what}{also}", tone)
        if one.why not in said:
            printer.line(f"  why it matters: {one.why}")
        said.add(one.why)
        printer.line(f"  write: {one.write}")
    counts = Counter(one.kind for one in found)
    if found:
        printer.line(", ".join(f"{number} {kind}" for kind, number in counts.most_common()), "bad")
        printer.line("pinnedrules lint --ignore KIND leaves a kind out", "quiet")
    else:
        ignored = f" (not looked for: {', '.join(arguments.ignore)})" if arguments.ignore else ""
        printer.line(f"{path.name}: nothing found{ignored}", "good")
    printer.document({"rules": source.name, "findings": [_plain(one, root, path) for one in found]})
    return FOUND if found else OK


def _place(root: Node, path: tuple[str | int, ...]) -> Node:
    return find(root, path, key=bool(path) and isinstance(path[-1], str))


def _plain(one: Finding, root: Node, path: Path) -> dict[str, object]:
    place = _place(root, one.path)
    return {
        "kind": one.kind,
        "about": KINDS[one.kind],
        "file": str(path),
        "line": place.line,
        "column": place.column,
        "other_line": _place(root, one.other).line if one.other else None,
        "what": one.what,
        "why": one.why,
        "write": one.write,
    }
