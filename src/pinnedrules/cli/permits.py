"""``pinnedrules permit`` and ``pinnedrules permits``: what a person allows beforehand, narrowly, for a while."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer, age
from pinnedrules.cli.sessions import Place, named, opened, places
from pinnedrules.control.permits import give, new_permit, permits_of, revoke, seconds_of
from pinnedrules.control.principals import acting, person
from pinnedrules.control.running import live
from pinnedrules.control.stop import StopFile
from pinnedrules.notes import note, permitted
from pinnedrules.rules.load import load
from pinnedrules.rules.permits import Given, fits
from pinnedrules.rules.printable import shown
from pinnedrules.rules.source import parse, value_of
from pinnedrules.types import SessionId

__all__ = ["run"]


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 when given, listed or revoked; 1 when there was nothing to revoke."""
    if arguments.command == "permit":
        return _give(arguments, printer)
    return _list(arguments, printer) if arguments.action == "list" else _revoke(arguments, printer)


def _give(arguments: argparse.Namespace, printer: Printer) -> int:
    try:
        seconds = seconds_of(arguments.span)
    except ValueError as error:
        raise Usage(str(error), "pinnedrules permit --on archive --max 20 --per hour --for 1h --session NAME") from None
    by = person(acting())
    with opened(arguments.state) as stores:
        if arguments.all_sessions:
            if not arguments.user:
                raise Usage("whose sessions?", "add --user NAME, or name one session with --session NAME")
            if len(stores) > 1:
                raise Usage("there are several state folders", "name one with --state DIR")
            place = Place(*stores[0], SessionId("", arguments.user, arguments.tenant or ""))
        elif not arguments.session:
            raise Usage("which session?", "add --session NAME, or --all-sessions --user NAME")
        else:
            place = named(stores, arguments)
        about = {key: value for key, value in (("tool", arguments.on), ("effect", arguments.effect)) if value}
        permit = new_permit(
            StopFile(place.state.path), about, _require(arguments), most=arguments.max, per=arguments.per,
            seconds=seconds, by=by,
        )  # fmt: skip
        for file in _rule_files(arguments, place):
            fits(load(file.read_text(encoding="utf-8"), file=file.name), permit)
        # Recorded before it counts: what relaxes is never in force unwritten.
        note(place.state, [permitted(place.session, permit, by=by, state="given")])
        give(place.store, place.session, permit, whole_user=arguments.all_sessions)
    where = (
        f"all sessions of {shown(arguments.user)}" if arguments.all_sessions else f"session {shown(arguments.session)}"
    )
    printer.line(f"{permit.id}: permitted by {by} in {where}: {shown(permit.about, 400)}", "good")
    printer.line(f"  for {age(permit.until_us - permit.given_us)}; it lifts asks, never a deny", "quiet")
    printer.line(f"  to end it: pinnedrules permits revoke {permit.id}", "quiet")
    printer.document({"by": by, "permit": asdict(permit)})
    return OK


def _rule_files(arguments: argparse.Namespace, place: Place) -> list[Path]:
    """Return the files whose tools a permit is checked against: a misspelled one would be in force and cover nothing."""
    if arguments.rules is not None:
        return [arguments.rules]
    here = place.state.path.absolute()
    names = {guard.rules for guard in live() if guard.state.absolute() == here}
    return [file for name in sorted(names) if (file := here.parent / name).is_file()]


def _require(arguments: argparse.Namespace) -> Mapping[str, object] | None:
    if arguments.require is None:
        return None
    require = value_of(parse(arguments.require, file="--require"))
    if not isinstance(require, Mapping):
        raise Usage("--require is no requirement", "--require '{matches: {label: promotions}}'")
    return require


def _list(arguments: argparse.Namespace, printer: Printer) -> int:
    now_us = time.time_ns() // 1000
    with opened(arguments.state) as stores:
        found = [
            (place, one, StopFile(place.state.path).read(place.session).epoch)
            for place, one in _every(places(stores, arguments))
        ]
    rows = []
    for place, one, epoch in found:
        permit = one.permit
        live = one.live(now_us, epoch)
        where = f"all sessions of {shown(place.session.user)}" if one.half == "user" else shown(place.session.name)
        printer.line(f"{permit.id}  {shown(permit.about, 400)}", "open" if live else "quiet")
        printer.line(f"  {where}, by {shown(permit.by)}, {one.used} used{_end(one, now_us, epoch)}", "quiet")
        rows.append({"state": str(place.state.path), "session": place.session.name, "user": place.session.user,
                     "used": one.used, "live": live, **asdict(permit)})  # fmt: skip
    if not rows:
        printer.line("nothing is permitted beforehand")
    printer.document({"permits": rows})
    return OK


def _revoke(arguments: argparse.Namespace, printer: Printer) -> int:
    by, done = acting(), []
    with opened(arguments.state) as stores:
        for place, one in _every(places(stores, arguments)):
            if one.permit.id == arguments.id and revoke(place.store, place.session, one.permit.id, by=by):
                note(place.state, [permitted(place.session, one.permit, by=by, state="revoked")])
                printer.line(f"revoked by {by}: {shown(one.permit.about, 400)}", "good")
                done.append(place.session.name)
    if not done:
        printer.line(f"no permit {shown(arguments.id)} is in force", "bad")
    printer.document({"permit": arguments.id, "by": by, "revoked": bool(done)})
    return OK if done else FOUND


def _every(found: Sequence[Place]) -> list[tuple[Place, Given]]:
    """Return each permit once: that of a user is known to all of the user's sessions."""
    every = {
        (place.state.path, one.permit.id): (place, one)
        for place in found
        for one in permits_of(place.store, place.session)
    }
    return list(every.values())


def _end(one: Given, now_us: int, epoch: int) -> str:
    permit = one.permit
    if permit.revoked:
        return f", revoked by {shown(permit.revoked)}"
    if permit.until_us <= now_us:
        return ", its time is over"
    if epoch > permit.epoch:
        return ", ended by a stop or a resume"
    return f", {age(permit.until_us - now_us)} left"
