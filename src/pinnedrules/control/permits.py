"""Giving and taking back permits: what a person allows beforehand, narrowly, for a while (see ``rules/permits.py``)."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from typing import Literal

from pinnedrules.control.principals import person
from pinnedrules.control.session_rules import change
from pinnedrules.control.stop import StopFile
from pinnedrules.control.store import Store
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.permits import Given, Permit, given, made, permits, revoked, worded
from pinnedrules.types import SessionId

__all__ = ["give", "new_permit", "permits_of", "revoke", "seconds_of"]

_SPAN = re.compile(r"([0-9]{1,6}) ?(s|min|h)")
_UNITS = {"s": 1, "min": 60, "h": 3600}


def new_permit(
    stop: StopFile,
    on: object,
    require: Mapping[str, object] | None,
    *,
    most: int,
    per: Literal["hour", "total"],
    seconds: float,
    by: str,
) -> Permit:
    """Return a permit that begins now, which nothing knows of yet.

    Raises ApprovalError when *by* is nobody or the agent, RuleFileError for what cannot be permitted beforehand.
    """
    who = person(by)
    if per not in ("hour", "total"):
        raise RuleFileError(f"at most {most} per {per!r}", hint="per hour, or total")
    name = f"p-{secrets.token_hex(4)}"
    now_us = time.time_ns() // 1000
    return made(
        Permit(
            id=name,
            rule=worded(name, on, require),
            most=most,
            hourly=per == "hour",
            given_us=now_us,
            until_us=now_us + int(seconds * 1_000_000),
            by=who,
            epoch=stop.epoch(),
        )
    )


def give(store: Store, session: SessionId, permit: Permit, *, whole_user: bool = False) -> None:
    """Put *permit* in force in a session, or in all sessions of its user. Raises RuleFileError, StateError."""
    if whole_user and not session.user:
        raise RuleFileError("a permit for all sessions of nobody", hint="name the session's user")
    half: Literal["session", "user"] = "user" if whole_user else "session"
    change(store, session, lambda ledger: given(ledger, permit, half, permit.given_us))


def revoke(store: Store, session: SessionId, name: str, *, by: str) -> bool:
    """Take a permit back; False when none of this name is in force there. Anybody may, the agent too: it only tightens."""
    now_us = time.time_ns() // 1000
    return change(store, session, lambda ledger: revoked(ledger, name, by, now_us))


def permits_of(store: Store, session: SessionId) -> list[Given]:
    """Return the permits that a session knows of, its user's among them, those of the past too."""
    return list(permits(store.read_ledger(session), time.time_ns() // 1000))


def seconds_of(text: str) -> int:
    """Read a span of time: ``90 s``, ``30min``, ``1h``. Raises ValueError."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no span of time; write 90s, 30min or 1h")
    return int(found[1]) * _UNITS[found[2]]
