"""Records of what people do from outside a guard (stops, resumes, answers, erasing), written into its state's log."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pinnedrules.clock import moment
from pinnedrules.rules.born import Born
from pinnedrules.rules.permits import Permit
from pinnedrules.types import Entry, SessionId, StopState, Ticket

if TYPE_CHECKING:
    from pinnedrules.control.revisions import Revision
    from pinnedrules.control.state import StateFolder

__all__ = ["answered", "erased", "heard", "lifted", "note", "origin", "permitted", "revised", "ruled", "stopped"]

_SECONDS = 10.0


def origin(secret: bytes) -> str:
    """Return the name of the log of the state folder with this secret: one log, whichever rule files share it."""
    return f"pinnedrules/{hashlib.sha256(b'log' + secret).hexdigest()[:16]}"


def note(folder: StateFolder, entries: Sequence[Entry]) -> None:
    """Write these records into the folder's log, durably, in a lane of this process. Raises StateError."""
    from pinnedrules.control.store import Store
    from pinnedrules.evidence.log import Log

    store = Store(folder.database)
    try:
        name = origin(store.secret())
    finally:
        store.close()
    log = Log(folder.log, origin=name, level="L0", ruleset_version=0, ruleset_sha256="")
    try:
        for entry in entries:
            log.wait(log.append(entry, moment()), _SECONDS)
    finally:
        log.close()


def stopped(state: StopState) -> Entry:
    """Return the record of a stop or a pause that was put in force."""
    return _control("stop", state, state.state)


def lifted(state: StopState, removed: Sequence[str]) -> Entry:
    """Return the record of a resume, with what it lifted."""
    return _control("resume", state, "run", removed)


def answered(ticket: Ticket) -> Entry:
    """Return the record of a person's answer to a ticket."""
    return Entry(
        type="approval",
        session=SessionId(ticket.session),
        body={"ticket": ticket.id, "tool": ticket.tool, "state": ticket.state, "by": ticket.by},
        private={"summary": ticket.summary, "why": ticket.why, "call_sha256": ticket.call_sha256},
    )


def heard(
    sessions: Sequence[SessionId],
    kind: str,
    *,
    by: str,
    led_to: str,
    quote: str,
    origin: str = "patterns",
    why: str = "",
) -> Entry:
    """Return the record of a person's own words (``guard.user_turn``), and of what they led to."""
    return Entry(
        type="heard",
        session=sessions[0],
        body={
            "kind": kind,
            "effects": [],
            "led_to": led_to,
            "sessions": [one.name for one in sessions],
            "by": by,
            "origin": origin,
        },
        private={"quote": quote, **({"why": why} if why else {})},
    )


def ruled(session: SessionId, rule: Born, *, by: str, state: str) -> Entry:
    """Return the record of a rule that one session was given (``added``) or lost (``withdrawn``)."""
    return Entry(
        type="rule",
        session=session,
        body={"rule": rule.id, "state": state, "by": by},
        private={"rule": rule.rule, "quote": rule.quote},
    )


def permitted(session: SessionId, permit: Permit, *, by: str, state: str) -> Entry:
    """Return the record of a permit that was ``given`` or ``revoked``; without a session's name it is for all of a user's."""
    return Entry(
        type="permit",
        session=session,
        body={
            "permit": permit.id,
            "state": state,
            "by": by,
            "most": permit.most,
            "per": "hour" if permit.hourly else "total",
            "until_us": permit.until_us,
        },
        private={"about": permit.about},
        epoch=permit.epoch,
    )


def revised(rules: str, made: Revision) -> Entry:
    """Return the record of a new version of the rules of one file, and of what is weaker in it."""
    return Entry(
        type="revision",
        session=SessionId(""),
        body={
            "rules": rules,
            "version": made.number,
            "sha256": made.sha256,
            "by": made.by,
            "relaxes": bool(made.relaxes),
        },
        private={"why": made.why, "weaker": made.relaxes, "patch": made.patch},
    )


def erased(session: SessionId, *, by: str, records: int) -> Entry:
    """Return the record of values that were erased: a session's, or those of a user, who is not named again."""
    of = "session" if session.name else "user"
    return Entry(type="redaction", session=session, body={"of": of, "records": records, "by": by})


def _control(kind: str, state: StopState, word: str, removed: Sequence[str] = ()) -> Entry:
    return Entry(
        type=kind,
        session=SessionId(""),
        body={"state": word, "scope": state.scope, "by": state.actor},
        private={"reason": state.reason, "lifted": list(removed)},
        epoch=state.epoch,
    )
