"""``pinnedrules pin``, ``pinnedrules dismiss``, ``pinnedrules show --session``: the rules that one session got besides.

The agent may pin a rule for itself, which can only tighten. Only a person dismisses one; the principal is the OS user.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.cli.sessions import Place, named, opened, places
from pinnedrules.control.principals import acting, person
from pinnedrules.control.session_rules import confirm, dismiss, from_chat, pin, rules_of, worded
from pinnedrules.errors import StateError
from pinnedrules.notes import note, ruled
from pinnedrules.rules.born import Born
from pinnedrules.rules.printable import shown
from pinnedrules.rules.source import parse, value_of

__all__ = ["listed", "run"]


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when the rule is in force, or was withdrawn; 1 when there was nothing to do."""
    return (_pin if arguments.command == "pin" else _dismiss)(arguments, printer)


def listed(arguments: argparse.Namespace, printer: Printer) -> int:
    """Show the rules of every session called ``--session``. Returns 0, and 1 when no session is called so."""
    with opened(arguments.state) as stores:
        found = places(stores, arguments)
        rules = [(place, rules_of(place.store, place.session)) for place in found]
    for place, every in rules:
        printer.line(f"session {shown(place.session.name)} of {shown(place.session.user) or 'nobody named'}:", "good")
        for rule in every:
            printer.line(f"  {rule.id}: {shown(rule.text, 2_000)}", "quiet" if rule.withdrawn else "")
            printer.line(f"    {_story(rule)}", "quiet")
        if not every:
            printer.line("  no rules besides those of the file")
        printer.line(f"  state {place.state.path}", "quiet")
    if not rules:
        printer.line(f"no session {shown(arguments.session)} has done anything yet")
    printer.document({"sessions": [_plain(place, every) for place, every in rules]})
    return OK if rules else FOUND


def _pin(arguments: argparse.Namespace, printer: Printer) -> int:
    if from_chat(arguments.text):
        return _confirm(arguments, printer)
    made = worded(_words(arguments), on=_about(arguments), then=arguments.then, by=acting())
    with opened(arguments.state) as stores:
        place = named(stores, arguments)
        fresh = pin(place.store, place.session, made)
    if fresh:
        _noted(place, made, made.by, "added", printer)
        printer.line(f"in force in session {shown(place.session.name)}: {made.id}: {shown(made.text, 2_000)}", "good")
        printer.line(f"  to end it: pinnedrules dismiss {made.id}", "quiet")
    else:
        printer.line(f"it was in force already: {made.id}")
    printer.document({"rule": made.id, "added": fresh, "by": made.by, **_plain(place, [made])})
    return OK


def _confirm(arguments: argparse.Namespace, printer: Printer) -> int:
    """Confirm that the words a rule from the chat came from are a person's; the model is told them."""
    by = person(acting())
    with opened(arguments.state) as stores:
        place = named(stores, arguments)
        rule = next((one for one in rules_of(place.store, place.session) if one.id == arguments.text), None)
        fresh = rule is not None and confirm(place.store, place.session, rule.id, by=by)
    if rule is None or rule.withdrawn:
        printer.line(f"session {shown(place.session.name)} has no rule {arguments.text} in force", "bad")
        return FOUND
    if fresh:
        _noted(place, rule, by, "confirmed", printer)
        printer.line(f"confirmed by {by}: {rule.id}: {shown(rule.text, 2_000)}", "good")
        printer.line(f'  the model is told the words: "{shown(rule.quote, 200)}"', "quiet")
    else:
        printer.line(f"its words were confirmed already, or it has none: {rule.id}")
    printer.document({"rule": rule.id, "confirmed": fresh, "by": by, **_plain(place, [rule])})
    return OK


def _dismiss(arguments: argparse.Namespace, printer: Printer) -> int:
    by = person(acting())
    with opened(arguments.state) as stores:
        found = [
            (place, rule)
            for place in places(stores, arguments)
            for rule in rules_of(place.store, place.session)
            if rule.id == arguments.id and not rule.withdrawn
        ]
        if len(found) > 1:
            whose = ", ".join(f"{shown(place.session.name)} of {shown(place.session.user)}" for place, _ in found)
            raise Usage(f"several sessions have the rule {shown(arguments.id)}: {whose}", "add --session NAME")
        for place, rule in found:
            note(place.state, [ruled(place.session, rule, by=by, state="withdrawn")])
            dismiss(place.store, place.session, rule.id, by=by)
            printer.line(f"withdrawn by {by}: {rule.id}: {shown(rule.text, 2_000)}", "good")
            printer.line(f"  session {shown(place.session.name)}, state {place.state.path}", "quiet")
    if not found:
        printer.line(
            f"no session has a rule {shown(arguments.id)} in force; rules of the file are changed there", "bad"
        )
    printer.document({"rule": arguments.id, "by": by, "withdrawn": [_plain(place, [rule]) for place, rule in found]})
    return OK if found else FOUND


def _words(arguments: argparse.Namespace) -> Mapping[str, object] | str:
    if arguments.rule is None:
        if not arguments.text:
            raise Usage("no rule given", "pinnedrules pin 'Never archive.' --on archive --session NAME")
        return str(arguments.text)
    if arguments.text or arguments.on or arguments.effect:
        raise Usage("a sentence and a whole rule were given", "with --rule everything stands in the rule")
    words = value_of(parse(arguments.rule, file="--rule"))
    if not isinstance(words, Mapping):
        raise Usage("--rule is no rule", "--rule '{id: small, text: ..., on: refund, require: {...}, else: ask}'")
    return words


def _about(arguments: argparse.Namespace) -> object:
    about = {"tool": arguments.on, "effect": arguments.effect}
    return {key: value for key, value in about.items() if value} or None


def _noted(place: Place, rule: Born, by: str, state: str, printer: Printer) -> None:
    try:
        note(place.state, [ruled(place.session, rule, by=by, state=state)])
    except StateError as error:
        printer.line(f"this could not be recorded: {error}", "bad")


def _story(rule: Born) -> str:
    came = f"given by {shown(rule.by)}" if rule.by and not rule.quote else "said in the chat"
    came += f" by {shown(rule.by)}" if rule.by and rule.quote else ""
    quote = f': "{shown(rule.quote, 200)}"' if rule.quote else ""
    sure = f"; confirmed by {shown(rule.confirmed)}" if rule.confirmed and not rule.by else ""
    gone = f"; withdrawn by {shown(rule.withdrawn)}" if rule.withdrawn else ""
    return f"{came}{quote}{sure}{gone}"


def _plain(place: Place, rules: list[Born]) -> dict[str, object]:
    return {
        "state": str(place.state.path),
        "session": place.session.name,
        "user": place.session.user,
        "tenant": place.session.tenant,
        "rules": [{name: getattr(rule, name) for name in Born.__slots__} for rule in rules],
    }
