"""``pinnedrules show``: the rules read aloud, and the block exactly as requests carry it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pinnedrules.cli.entry import OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.session_rules import listed
from pinnedrules.cli.source import rules_from
from pinnedrules.gate.lines import reminder
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.printable import counted
from pinnedrules.rules.profiles import PROFILES
from pinnedrules.rules.show import as_json, effective, show
from pinnedrules.tokens import Count, count

__all__ = ["run"]

_USAGE = "pinnedrules show RULES, or --profile NAME, or --profiles, or --session NAME"


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Print one rule set, or all profiles. Returns 0."""
    if arguments.session:
        return listed(arguments, printer)
    if arguments.profiles:
        return _profiles(printer)
    source = rules_from(arguments.rules, arguments.profile, usage=_USAGE)
    if arguments.block:
        printer.line(source.block.text)
    else:
        _aloud(source, printer, together=arguments.effective)
    printer.document(_plain(source))
    return OK


def _profiles(printer: Printer) -> int:
    sources = {name: RuleFile(None, name, None) for name in PROFILES}
    for name, source in sources.items():
        printer.line(f"{name}:", "good")
        for rule in source.rules.rules:
            printer.line(f"  {rule.id}: {rule.text}")
        printer.line()
    printer.line("pinnedrules show --profile NAME says what each one enforces.", "quiet")
    printer.document({"profiles": [_plain(source) for source in sources.values()]})
    return OK


def _aloud(source: RuleFile, printer: Printer, *, together: bool) -> None:
    found = count(source.block.text)
    about = "" if found.exact else ", estimated"
    printer.line(f"{source.name}:", "good")
    for name, path in source.above:
        printer.line(f"below {name} ({path})", "quiet")
    printer.line(effective(source.sets, source.place) if together else show(source.rules))
    printer.line(f"The block, in every request ({counted(found.tokens, 'token')}{about}):", "good")
    printer.line(source.block.text)
    for name, turns, price in _reminders(source):
        after = "every answer" if turns == 1 else f"every {turns} answers"
        printer.line(
            f"A reminder of {name} after {after} of the model: {counted(price.tokens, 'token')}"
            f"{'' if price.exact else ', estimated'} each time, in all requests from then on.",
            "good",
        )


def _reminders(source: RuleFile) -> Iterator[tuple[str, int, Count]]:
    """Yield (rule, after how many answers it is repeated, what that adds to a request)."""
    for rules in source.sets:
        for rule in rules.rules:
            if rule.remind:
                yield rule.id, rule.remind, count(reminder(rule.id, rule.text))


def _plain(source: RuleFile) -> dict[str, object]:
    found = count(source.block.text)
    return {
        "name": source.name,
        "rules": as_json(source.rules),
        "layers": [
            {"name": name, "file": str(path), "rules": as_json(rules)}
            for (name, path), rules in zip(source.above, source.layers, strict=True)
        ],
        "block": {
            "text": source.block.text,
            "digest": source.block.digest,
            "tokens": found.tokens,
            "exact": found.exact,
        },
        "reminders": [
            {"rule": name, "after": turns, "tokens": price.tokens, "exact": price.exact}
            for name, turns, price in _reminders(source)
        ],
    }
