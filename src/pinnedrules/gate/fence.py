"""Calls with an effect are asked about while nobody knows what a compaction has left the model of the rules.

Rules of this file:

1. A fence only tightens: an allow with an effect becomes an ask, a deny stays a deny, reads go on. No other part of the
   gate asks the model for it.
2. It stands in an answer that itself compacts; in the answer to the first request that continues, after a compaction,
   what the provider keeps; in the answer to a request in which the block could not be verified; and, for calls that stand
   in no answer, from a compaction to the next verified request of the session that carries its own history.
3. It ends when a request that is proven to carry the block is on record, durably. What ends it and what raised it is in the
   session's ledger (design: invariant 5).
4. What a person said no to under a fence stays refused when it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from pinnedrules.commands import Ask, Failed, ReadLedger, WriteLedger
from pinnedrules.compaction.pending import (
    Pending,
    concerning,
    ever,
    held_up,
    holds_up,
    opened,
    outside,
    pending,
    raised,
    without,
)
from pinnedrules.errors import Unrecorded
from pinnedrules.evidence.record import call_hash
from pinnedrules.gate.context import Context, Flow
from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.destinations import targets
from pinnedrules.rules.refusal import FENCED
from pinnedrules.types import OFFERED, Call, Decision, Fence, LedgerState, Proposal, SessionId

__all__ = [
    "answered",
    "fenced",
    "followed",
    "held",
    "keep_facts",
    "noted",
    "proven",
    "put_up",
    "refused_before",
    "waiting",
]

_Change: TypeAlias = Callable[[Mapping[str, str]], dict[str, str]]

_ATTEMPTS = 16
_ENDS = "the next request that is proven to carry the rules ends this"
_WHY: Mapping[Fence, str] = {
    "answer": "the provider compacted the conversation in this very answer; " + _ENDS,
    "continued": "this goes on from what the provider keeps, which was compacted since the rules were last proven there; "
    + _ENDS,
    "unverified": "the rules could not be proven to be in the request that this answers; " + _ENDS,
    "session": "the conversation was compacted, and no request has gone out since; " + _ENDS,
}
_SENTENCE = "No rule asks about it, but a compaction came between (pinnedrules log --type compaction)."
_NO = "a person said no to exactly this call after a compaction"


def waiting(ctx: Context, names: Sequence[str]) -> Flow[tuple[Pending, ...]]:
    """Return the compactions that concern a request in these places, of all sessions that it may belong to."""
    found: dict[str, Pending] = {}
    for session in ctx.sessions:
        ledger = yield ReadLedger(session)
        if isinstance(ledger, LedgerState):
            ctx.shut = ctx.shut or outside(ledger.session) is not None
            found.update((one.id, one) for one in concerning(pending(ledger.session), names))
    return tuple(found.values())


def put_up(ctx: Context, entry: Pending, why: Fence) -> Flow[None]:
    """Put up the fence for *entry* before any call after it is decided. Raises Unrecorded when it cannot be kept."""
    ctx.fence = ctx.fence or why
    yield from noted(ctx, entry, must=True)


def noted(ctx: Context, entry: Pending, *, must: bool = False) -> Flow[None]:
    """Keep what is known of a compaction. Raises Unrecorded if it *must*."""
    yield from keep_facts(ctx, lambda facts: raised(facts, entry), must=must)


def followed(ctx: Context) -> Flow[None]:
    """Take down what the verified request that is now on record ends; nothing when it continues what nobody here sees."""
    over = [one.id for one in ctx.waiting if ctx.verified and (ctx.conversation or one.followed)]
    if ctx.verified and ctx.conversation and ctx.shut:
        yield from keep_facts(ctx, lambda facts: opened(without(facts, over)))
    elif over:
        yield from keep_facts(ctx, lambda facts: without(facts, over))
    ctx.waiting = tuple(one for one in ctx.waiting if one.id not in over)
    ctx.shut = False


def proven(ctx: Context) -> Flow[None]:
    """Take down all that waits: what it concerns was shown to carry the block."""
    over = [one.id for one in ctx.waiting]
    ctx.waiting = ()
    if over:
        yield from keep_facts(ctx, lambda facts: without(facts, over))


def answered(ctx: Context, places: Sequence[str]) -> Flow[None]:
    """Let what still waits wait at the places of the answer, too: the next request continues from there."""
    names = (*ctx.former, *places)
    left = [
        replace(one, names=(*one.names, *names), followed=one.followed or ctx.verified, told=True)
        for one in ctx.waiting
    ]
    ctx.waiting = ()
    for entry in left if places else ():
        yield from noted(ctx, entry, must=True)
    answers = [place for place in places if place.startswith("response:")]
    if left and answers:
        # It may be fetched when a later request has ended what waits now; it was made no less behind the compaction.
        yield from keep_facts(ctx, lambda facts: held_up(facts, answers), must=True)


def held(ctx: Context, place: str) -> Flow[bool]:
    """Say whether the answer at *place* was the first to continue something compacted, followed since or not."""
    for session in ctx.sessions:
        ledger = yield ReadLedger(session)
        if isinstance(ledger, LedgerState) and holds_up(ledger.session, place):
            return True
    return False


def fenced(ctx: Context, call: Call, decision: Decision, ledgers: Sequence[tuple[SessionId, LedgerState]]) -> Decision:
    """Return *decision*, as an ask where it would allow a call with an effect behind a fence.

    A tool that the provider runs is decided on the request: that carries the block, or it is fenced as well.
    """
    if decision.verdict != "allow" or decision.harmless:
        return decision
    why = ctx.fence
    if call.answer == OFFERED and ctx.verified:
        why = ""
    if ctx.facts is None and any(outside(ledger.session) for _, ledger in ledgers):
        why = "session"
    return decision if not why else _asked(call, decision, FENCED + _WHY[why], why)


def refused_before(
    ctx: Context, call: Call, decision: Decision, ledger: LedgerState, rules_sha256: str
) -> Flow[Decision]:
    """Return *decision* as an ask where a person said no to exactly this call while a fence stood."""
    if decision.verdict != "allow" or decision.harmless or not ever(ledger.session):
        return decision
    digest = call_hash(ctx.session, call, rules_sha256, ctx.epoch)
    proposal = Proposal(ctx.session, call, decision, digest, rules_sha256, ctx.epoch)
    if (yield Ask(proposal, fresh=False)) is None:
        return decision
    return _asked(call, decision, FENCED + _NO, "session")


def _asked(call: Call, decision: Decision, reason: str, why: Fence) -> Decision:
    try:
        shown = targets(read(call))
    except Unread:
        shown = ()
    return replace(
        decision,
        verdict="ask",
        rules=(),
        reasons=(reason,),
        sentences=(_SENTENCE,),
        targets=shown,
        fence=why,
        permit="",
    )


def keep_facts(ctx: Context, change: _Change, *, must: bool = False) -> Flow[None]:
    """Change the ledgers of all sessions that the request may belong to.

    What *must* be kept raises Unrecorded when that does not succeed, but not in monitor mode.
    """
    for session in ctx.sessions:
        reply: object = False
        for _ in range(_ATTEMPTS):
            ledger = yield ReadLedger(session)
            if not isinstance(ledger, LedgerState):
                reply = ledger
                break
            reply = yield WriteLedger(session, replace(ledger, session=change(ledger.session)))
            if reply is not False:
                break
        if reply is not True and must and ctx.enforcing:
            why = reply.error if isinstance(reply, Failed) else "it is written by too many at once"
            raise Unrecorded(
                f"The conversation was compacted, and the store cannot keep that ({why}).",
                next_step="mend the state folder, then send the request again",
            )
