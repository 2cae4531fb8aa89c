"""Which session a command speaks of, in which state folder."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.states import found_states
from pinnedrules.control.state import StateFolder
from pinnedrules.control.store import Store
from pinnedrules.rules.printable import shown
from pinnedrules.types import SessionId

__all__ = ["Place", "named", "opened", "places"]


@dataclass(frozen=True, slots=True)
class Place:
    """A session and the state folder that knows it."""

    state: StateFolder
    store: Store
    session: SessionId


@contextlib.contextmanager
def opened(state: Path | None) -> Iterator[list[tuple[StateFolder, Store]]]:
    """Open the stores of the state folders that a command speaks of. Raises Usage when there is none."""
    found = [(folder, Store(folder.database)) for folder in found_states(state) if folder.database.exists()]
    if not found:
        raise Usage("no state folder was found", "name one with --state DIR")
    try:
        yield found
    finally:
        for _, store in found:
            store.close()


def places(stores: list[tuple[StateFolder, Store]], arguments: argparse.Namespace) -> list[Place]:
    """Return the known sessions that fit ``--session``, ``--user`` and ``--tenant``."""
    return [
        Place(folder, store, session)
        for folder, store in stores
        for session in store.sessions(arguments.session)
        if arguments.user in (None, session.user) and arguments.tenant in (None, session.tenant)
    ]


def named(stores: list[tuple[StateFolder, Store]], arguments: argparse.Namespace) -> Place:
    """Return the one session that is meant; one that has done nothing yet when its user is named. Raises Usage."""
    found = places(stores, arguments)
    if not found and arguments.user is not None and len(stores) == 1:
        folder, store = stores[0]
        return Place(folder, store, SessionId(arguments.session, arguments.user, arguments.tenant or ""))
    if not found:
        raise Usage(
            f"no session {shown(arguments.session)} has done anything yet",
            "name its user, too (--user NAME; '' for none), and with several state folders --state DIR",
        )
    if len(found) > 1:
        whose = "; ".join(_whose(place) for place in found)
        raise Usage(f"several sessions are called so: {whose}", "add --user NAME, --tenant NAME or --state DIR")
    return found[0]


def _whose(place: Place) -> str:
    session = place.session
    tenant = f", tenant {shown(session.tenant)}" if session.tenant else ""
    return f"of {shown(session.user) or 'nobody named'}{tenant}, state {place.state.path}"
