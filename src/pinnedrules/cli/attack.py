"""``pinnedrules attack``: every known trick against one's own rule file."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

from pinnedrules.attack.run import Attack, Through, attack
from pinnedrules.attack.targets import Baseline
from pinnedrules.authoring.cases import USUAL, moment_of
from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.cases import beside, cases_in
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.source import rules_from
from pinnedrules.rules.printable import counted, shown
from pinnedrules.types import Call, SessionId

__all__ = ["run"]

_USAGE = "pinnedrules attack RULES"
_SHOWN = 5


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when nothing got through, else 1."""
    path: Path = arguments.rules
    source = rules_from(path, None, usage=_USAGE)
    cases: Path = arguments.cases or beside(path)
    given = []
    if cases.exists() or arguments.cases is not None:
        given = [
            Baseline(case.call, tuple(before.call for before in case.after))
            for case in cases_in(cases)
            if case.expect == "allow"
        ]
    try:
        now = moment_of(arguments.at or USUAL)
    except ValueError:
        raise Usage(f"{shown(arguments.at)!r} is no time", "--at 2026-01-07T09:00:00+01:00") from None
    found = attack(source.sets, given, now, SessionId("attack", arguments.user, arguments.tenant))
    _ways(printer, path, found)
    for what, why in found.skipped:
        printer.line(f"not tried: {shown(what, 100)}: {shown(why, 200)}", "quiet")
    tried = sum(found.tried.values())
    by_kind = ", ".join(f"{kind} {number}" for kind, number in sorted(found.tried.items()))
    verdict = f"{len(found.through)} got through" if found.through else "none got through"
    printer.line(f"{source.name}: {counted(tried, 'trick')} tried, {verdict}", "bad" if found.through else "good")
    if by_kind:
        printer.line(f"  by kind: {by_kind}")
    printer.document(_plain(source.name, found))
    return FOUND if found.through else OK


def _ways(printer: Printer, path: Path, found: Attack) -> None:
    """Print what got through, by tool and kind: some of each, and how many more."""
    kinds: dict[tuple[str, str], list[Through]] = {}
    for one in found.through:
        kinds.setdefault((one.tool, one.trick.kind), []).append(one)
    for (tool, kind), every in kinds.items():
        printer.line(f"GOT THROUGH: {shown(tool, 80)}, {counted(len(every), 'trick')} ({kind})", "bad")
        plain = every[0].plain
        if plain is not None:
            call = f"{shown(plain.call.name, 80)} {shown(plain.call.arguments, 160)}"
            printer.line(f"  the deed itself is stopped ({every[0].stopped}): {call}", "quiet")
        for one in every[:_SHOWN]:
            _through(printer, path, one)
        if len(every) > _SHOWN:
            printer.line(f"  and {len(every) - _SHOWN} more; --json has all")


def _through(printer: Printer, path: Path, one: Through) -> None:
    trick = one.trick
    by = f", by {' and '.join(one.rules)}" if one.rules else ", by the default"
    printer.line(f"  {trick.why}: allowed{by}", "bad")
    if trick.after:
        printer.line(f"    as a case: {_case(trick.after, trick.call)}")
        return
    command = f"pinnedrules check {shlex.quote(str(path))} {_word(trick.call.name)}"
    printer.line(f"    {command} {_word(_ascii(trick.call.arguments))}".rstrip())


def _word(text: str) -> str:
    """Return a word for a shell, plain ASCII where the shell has a way to write it."""
    if text.isascii() and text.isprintable():
        return shlex.quote(text)
    return "$'" + text.encode("unicode_escape").decode().replace("'", "\\'") + "'"


def _ascii(text: str) -> str:
    """Return JSON in plain ASCII; text that is none as it is."""
    try:
        value = json.loads(text, parse_float=str)
    except ValueError:
        return text
    same = "".join(f"\\u{ord(char):04x}" if 0x7E < ord(char) <= 0xFFFF else char for char in text)
    return same if isinstance(value, dict) else text


def _case(after: tuple[Call, ...], call: Call) -> str:
    """Return a case for the file of cases, on one line."""
    before = ", ".join(json.dumps(f"{one.name} {one.arguments}") for one in after)
    return f"{{after: [{before}], call: {json.dumps(f'{call.name} {call.arguments}')}, expect: ask}}"


def _plain(name: str, found: Attack) -> dict[str, object]:
    return {
        "rules": name,
        "tried": dict(found.tried),
        "through": [
            {
                "tool": one.tool,
                "kind": one.trick.kind,
                "why": one.trick.why,
                "after": [[call.name, call.arguments] for call in one.trick.after],
                "call": [one.trick.call.name, one.trick.call.arguments],
                "rules": list(one.rules),
                "plain": [one.plain.call.name, one.plain.call.arguments] if one.plain else None,
            }
            for one in found.through
        ],
        "skipped": [{"what": what, "why": why} for what, why in found.skipped],
    }
