"""What a released call is charged to the ledgers, and how it is given back when the call is proven not to have been run.

Rules of this file:

1. A charge is written only over what was read for the decision, so that a budget is exact under parallel calls.
2. It is given back at most once, and only on proof: the call was refused after all before any of its bytes left, or a
   gated tool said that nothing was done (:class:`pinnedrules.errors.NotDone`). No words on the wire are proof, nor is
   time: what the caller was given may have been run.
3. What cannot be given back because the store does not answer stays charged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pinnedrules.commands import ReadLedger, Record, WriteLedger
from pinnedrules.gate.context import Charge, Context, Flow
from pinnedrules.rules.born import session_rules
from pinnedrules.rules.ledger import Charged, charged, given_back
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.base import Note
from pinnedrules.types import Call, Decision, Entry, LedgerState, Moment, SessionId

__all__ = ["ATTEMPTS", "abandon", "charge", "give_back", "gone", "kept_of", "rule_sets"]

ATTEMPTS = 16
"""How often a ledger that others write meanwhile is read anew."""


def rule_sets(ctx: Context, ledger: LedgerState) -> list[RuleSet]:
    """Return every rule set that has a say: those in force, what the file proposes, and what this session got besides."""
    session = session_rules(ctx.policy.rules, ledger)
    return [*ctx.policy.rule_sets] if session is None else [*ctx.policy.rule_sets, session]


def kept_of(
    ctx: Context, call: Call, decision: Decision, ledger: LedgerState, moment: Moment, untrusted: bool
) -> Charged:
    """Return the ledger with what any rule set keeps of the call; the same object when none keeps anything."""
    merged = Charged(ledger, ())
    for rules in rule_sets(ctx, ledger):
        kept = charged(rules, call, decision, ledger, moment, untrusted=untrusted)
        if kept.ledger is ledger:
            continue
        former = {(note.half, note.key) for note in merged.notes}
        state = replace(
            kept.ledger,
            session={**kept.ledger.session, **_changes(ledger.session, merged.ledger.session)},
            user={**kept.ledger.user, **_changes(ledger.user, merged.ledger.user)},
        )
        # A rule that stands in two sets charges once.
        more = tuple(note for note in kept.notes if (note.half, note.key) not in former)
        merged = Charged(state, (*merged.notes, *more))
    return merged


def charge(
    ctx: Context,
    call: Call,
    decision: Decision,
    read: Sequence[tuple[SessionId, LedgerState]],
    moment: Moment,
    untrusted: bool,
    more: Note | None = None,
) -> Flow[Charge | None]:
    """Write what the call does to the ledgers of all candidate sessions, and *more* to that of the first.

    The first is written only over what was read for the decision, so that a budget is exact; nothing has happened yet
    when that fails (None). The others are then charged as they are, and a user that two sessions share once.
    """
    first, snapshot = read[0]
    found = kept_of(ctx, call, decision, snapshot, moment, untrusted)
    if more is not None:
        half = {**(found.ledger.user if more.half == "user" else found.ledger.session), more.key: more.text}
        noted = replace(found.ledger, user=half) if more.half == "user" else replace(found.ledger, session=half)
        found = Charged(noted, (*found.notes, more))
    if found.ledger is not snapshot and (yield WriteLedger(first, found.ledger)) is not True:
        return None
    made = Charge(call, [(first, found.notes)])
    # Noted at once: whatever happens from here on, it is known what to give back.
    ctx.charges.append(made)
    users = {(first.tenant, first.user)}
    for session in ctx.sessions[1:]:
        shared = bool(session.user) and (session.tenant, session.user) in users
        users.add((session.tenant, session.user))
        for _ in range(ATTEMPTS):
            ledger = yield ReadLedger(session)
            if not isinstance(ledger, LedgerState):
                continue
            found = kept_of(ctx, call, decision, ledger, moment, untrusted)
            if shared:
                notes = tuple(note for note in found.notes if note.half == "session")
                found = Charged(replace(found.ledger, user=ledger.user), notes)
            if (yield WriteLedger(session, found.ledger)) is True:
                made.noted.append((session, found.notes))
                break
    return made


def give_back(ctx: Context, made: Charge | None, why: str) -> Flow[None]:
    """Take back what *made* charged, and record it. For a call that is proven not to have been run; a second time is none."""
    if made is None or made.state == "back":
        return
    made.state = "back"
    keys: set[str] = set()
    for session, notes in made.noted:
        if (yield from _taken(session, notes)):
            keys.update(note.key for note in notes if note.back is not None)
    if keys:
        body = {"tool": made.call.name, "call": made.call.id, "from": sorted(keys), "why": why}
        # The reply does not matter: the ledger is as it is, whether or not that can be written down.
        yield Record(Entry("returned", ctx.session, body, epoch=ctx.epoch, conversation=ctx.conversation))


def abandon(ctx: Context, why: str) -> Flow[None]:
    """Give back everything that was charged in this exchange for calls of which nothing has left."""
    for made in ctx.charges:
        if made.state == "held":
            yield from give_back(ctx, made, why)


def gone(charges: Iterable[Charge | None]) -> None:
    """Note that the caller, or the provider, may have these calls: from now on they may have been run."""
    for made in charges:
        if made is not None and made.state == "held":
            made.state = "out"


def _taken(session: SessionId, notes: Sequence[Note]) -> Flow[bool]:
    """Write the ledger without *notes*; False when there is nothing to take back, or that does not succeed."""
    if all(note.back is None for note in notes):
        return False
    for _ in range(ATTEMPTS):
        ledger = yield ReadLedger(session)
        if not isinstance(ledger, LedgerState):
            return False
        left = given_back(ledger, notes)
        if left is ledger:
            return False
        if (yield WriteLedger(session, left)) is True:
            return True
    return False


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in new.items() if old.get(key) != value}
