"""``pinnedrules test``: the cases beside a rule file, and which sides of the rules they have seen."""

from __future__ import annotations

import argparse
from pathlib import Path

from pinnedrules.authoring.cases import Case, read_cases
from pinnedrules.authoring.suite import Coverage, Ran, Side, ran, sides
from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.source import rules_from
from pinnedrules.errors import RuleFileError
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.printable import counted, shown

__all__ = ["beside", "cases_in", "run"]

_USAGE = "pinnedrules test RULES [--cases FILE]"


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when every case came out as expected and enough was seen, else 1."""
    least: int = arguments.min_coverage
    path: Path = arguments.cases or beside(arguments.rules)
    if not path.exists():
        raise Usage(
            f"there is no {path}",
            "write one, or name it with --cases FILE: tests: [{call: {TOOL: {...}}, expect: ask}]",
        )
    source = rules_from(arguments.rules, None, usage=_USAGE)
    cases = cases_in(path)
    _known(cases, source, path)
    done = [ran(source.sets, case) for case in cases]
    coverage = Coverage(sides(source.rules.rules), {side for one in done for side in one.seen})
    failed = [one for one in done if one.problems]
    _say(printer, path, source, done, coverage)
    enough = coverage.percent >= least
    if not enough:
        printer.line(f"not enough: --min-coverage {least}", "bad")
    printer.document(_plain(path, source, done, coverage))
    return FOUND if failed or not enough else OK


def beside(rules: Path) -> Path:
    """Return where the cases of a rule file stand: ``rules.test.yaml`` beside ``rules.yaml``."""
    return rules.with_name(f"{rules.stem}.test.yaml")


def cases_in(path: Path) -> list[Case]:
    """Return the cases of a file. Raises RuleFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RuleFileError(f"cannot be read ({error})", file=str(path)) from None
    return read_cases(text, file=path.name)


def _known(cases: list[Case], source: RuleFile, path: Path) -> None:
    for case in cases:
        for name in case.rules:
            if source.rule(name) is None:
                known = ", ".join(rule.id for rules in source.sets for rule in rules.rules)
                raise RuleFileError(
                    f"no rule has the id {shown(name)!r}",
                    file=path.name,
                    line=case.line,
                    column=1,
                    hint=f"known: {known}",
                )


def _say(printer: Printer, path: Path, source: RuleFile, done: list[Ran], coverage: Coverage) -> None:
    failed = [one for one in done if one.problems]
    for one in failed:
        _failure(printer, path, source, one)
    how = f"{len(failed)} not as expected" if failed else "as expected" if len(done) == 1 else "all as expected"
    printer.line(f"{path.name}: {counted(len(done), 'case')}, {how}", "bad" if failed else "good")
    missing, every = coverage.missing, coverage.every
    printer.line(
        f"{source.name}: {len(every) - len(missing)} of {counted(len(every), 'side')} of its rules seen"
        f" ({coverage.percent} %)", "open" if missing else "good",
    )  # fmt: skip
    for side in missing:
        printer.line(f"  never seen: {side[0]}, {side[1]} ({source.place(side[0])}): {_meaning(side, source)}", "open")


def _meaning(side: Side, source: RuleFile) -> str:
    rule = source.rules.rule(side[0])
    if side[1] == "else":
        return "no case in which a requirement of it fails or cannot be decided"
    return f"no case to which it applies{' and its requirements hold' if rule and rule.require else ''}"


def _failure(printer: Printer, path: Path, source: RuleFile, one: Ran) -> None:
    case, decision = one.case, one.decision
    printer.line(f"FAILED {path.name}:{case.line}: {shown(str(case), 160)}", "bad")
    for problem in one.problems:
        printer.line(f"  {problem}", "bad")
    if case.why:
        printer.line(f"  call: {shown(f'{case.call.name} {case.call.arguments}'.strip(), 160)}")
    for number, name in enumerate(decision.rules):
        why = f": {decision.reasons[number]}" if number < len(decision.reasons) else ""
        printer.line(f"  decided by {name} ({source.place(name)}){why}")
    for reason in decision.reasons[len(decision.rules) :]:
        printer.line(f"  because {reason}")
    if not decision.rules and not decision.reasons:
        printer.line(f"  because nothing objects, and the default for {' and '.join(decision.effects)} is allow")


def _plain(path: Path, source: RuleFile, done: list[Ran], coverage: Coverage) -> dict[str, object]:
    return {
        "rules": source.name,
        "cases": path.name,
        "passed": sum(not one.problems for one in done),
        "failed": [
            {
                "line": one.case.line,
                "case": str(one.case),
                "problems": list(one.problems),
                "verdict": one.decision.verdict,
                "rules": list(one.decision.rules),
                "reasons": list(one.decision.reasons),
            }
            for one in done
            if one.problems
        ],
        "coverage": {
            "percent": coverage.percent,
            "sides": len(coverage.every),
            "never_seen": [_side(side, source) for side in coverage.missing],
        },
    }


def _side(side: Side, source: RuleFile) -> dict[str, str]:
    return {"rule": side[0], "side": side[1], "where": source.place(side[0])}
