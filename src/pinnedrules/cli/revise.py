"""``pinnedrules revise`` and ``pinnedrules revisions``: changing the rules in force, and what they were before.

The principal is the OS user, or the agent for what ``pinnedrules run`` started, which can only tighten.
"""

from __future__ import annotations

import argparse
import difflib
import json
from dataclasses import asdict
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer, age
from pinnedrules.cli.source import named_or_usual
from pinnedrules.clock import moment
from pinnedrules.control.principals import acting
from pinnedrules.control.revisions import Revision
from pinnedrules.control.state import default_folder, open_state
from pinnedrules.control.stop import StopFile
from pinnedrules.errors import ApprovalError, StateError
from pinnedrules.notes import note
from pinnedrules.revising import Revising
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.document import difference, document
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.printable import shown
from pinnedrules.rules.show import as_json, show
from pinnedrules.types import Entry

__all__ = ["run"]

_USAGE = "pinnedrules revise PATCH.json --why WHY, or --accept-file --why WHY"


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when done, 1 for a change that this principal may not make or did not ask for."""
    path = named_or_usual(arguments.rules, arguments.profile, usage=_USAGE)
    source = RuleFile(path.absolute() if path is not None else None, arguments.profile or "", None)
    folder = open_state(arguments.state or default_folder(source.path)).path
    StopFile(folder)  # which makes it a folder that other commands find
    revising = Revising(source, folder)
    try:
        if arguments.command == "revise":
            return _revise(arguments, revising, folder, printer)
        return _revisions(arguments, source, revising, printer)
    finally:
        revising.close()


def _revise(arguments: argparse.Namespace, revising: Revising, folder: Path, printer: Printer) -> int:
    if (arguments.patch is None) != arguments.accept_file:
        raise Usage("give either a patch or --accept-file", _USAGE)
    state = open_state(folder)

    def written(entry: Entry) -> None:
        note(state, [entry])

    def noted(entry: Entry) -> None:
        try:
            written(entry)
        except StateError as error:
            printer.note(f"in force, but not recorded: {error}", "bad")

    by = acting()
    try:
        if arguments.accept_file:
            made = revising.accept(user=by, why=arguments.why, record=written, note=noted, relax=arguments.relax)
        else:
            patch = arguments.patch.read_text(encoding="utf-8")
            made = revising.revise(patch, user=by, why=arguments.why, record=written, note=noted, relax=arguments.relax)
    except ApprovalError as error:
        hint = "" if arguments.relax else "if that is what you want, add --relax"
        printer.fail(str(error), hint)
        return FOUND
    printer.line(f"version {made.number} is in force, by {made.by} ({made.sha256[:12]})", "good")
    if made.relaxes:
        printer.line(f"  it relaxes: {made.relaxes}", "open")
    printer.line(
        "  running guards decide by it from their next call on; conversations keep the block that they have", "quiet"
    )
    printer.document(_plain(made))
    return OK


def _revisions(arguments: argparse.Namespace, source: RuleFile, revising: Revising, printer: Printer) -> int:
    every = {one.number: one for one in revising.every()}
    numbers: list[int] = arguments.numbers
    most = {"list": 0, "show": 1, "diff": 2}[arguments.action]
    unknown = [number for number in numbers if number not in every and not (number == 1 and not every)]
    if len(numbers) > most or unknown:
        what = f"there is no version {unknown[0]}" if unknown else "too many versions"
        raise Usage(what, "pinnedrules revisions list")
    if arguments.action == "list":
        return _list(list(every.values()), printer)
    if arguments.action == "show":
        one = every.get(numbers[0] if numbers else revising.number)
        return _show(_rules(one, source), one, printer, whole=arguments.document)
    first, second = (
        [*numbers, revising.number] if len(numbers) == 1 else numbers or [revising.number - 1, revising.number]
    )
    if first < 1 or not every:
        printer.line("there is one version only")
        printer.document({"patch": []})
        return OK
    return _diff(every[first], every[second], source, printer)


def _list(every: list[Revision], printer: Printer) -> int:
    now_us = moment().utc_us
    for one in every:
        by = f" by {shown(one.by)}" if one.by else ""
        printer.line(f"{one.number}  {one.sha256[:12]}{by}, {age(now_us - one.at_us)} ago: {shown(one.why, 400)}")
        if one.relaxes:
            printer.line(f"   relaxed: {one.relaxes}", "open")
    if not every:
        printer.line("version 1 is in force: the rules as they stand in the file, never revised")
    printer.document({"revisions": [_plain(one) for one in every]})
    return OK


def _show(rules: RuleSet, one: Revision | None, printer: Printer, *, whole: bool) -> int:
    if whole:
        # A rule file by itself: JSON is YAML.
        printer.line(json.dumps(as_document(rules), ensure_ascii=False, indent=2))
    else:
        printer.line(show(rules))
    printer.document({"version": one.number if one else 1, "document": as_document(rules), "rules": as_json(rules)})
    return OK


def as_document(rules: RuleSet) -> object:
    """Return the document that patches are about; fractions as the nearest numbers that JSON programs have."""
    from pinnedrules.rules.document import text

    return json.loads(text(document(rules)))


def _diff(first: Revision, second: Revision, source: RuleFile, printer: Printer) -> int:
    old, new = _rules(first, source), _rules(second, source)
    lines = difflib.unified_diff(
        show(old).splitlines(), show(new).splitlines(), f"version {first.number}", f"version {second.number}", lineterm="", n=1
    )  # fmt: skip
    for line in lines:
        printer.line(line, "good" if line.startswith("+") else "bad" if line.startswith("-") else "")
    printer.document({"from": first.number, "to": second.number, "patch": difference(document(old), document(new))})
    return OK


def _rules(one: Revision | None, source: RuleFile) -> RuleSet:
    return load(one.document, file=source.name) if one is not None else source.own


def _plain(one: Revision) -> dict[str, object]:
    patch = json.loads(one.patch) if one.patch else []
    return {**asdict(one), "patch": patch, "document": json.loads(one.document)}
