"""What becomes of one proposed call: decided, asked, recorded. The three places that gate calls all come through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from pinnedrules.commands import Ask, Failed, Forward, Grant, Take, Wait
from pinnedrules.evidence.record import call_hash
from pinnedrules.gate.charges import give_back, gone
from pinnedrules.gate.context import Charge, Context, Flow, as_text, check_stop, now, record, sync
from pinnedrules.gate.deciding import BUSY, decided, deny, reserve, rules_changed, rules_sha256
from pinnedrules.gate.origins import expect_result
from pinnedrules.rules.meta_tools import unwrap
from pinnedrules.rules.refusal import refusal
from pinnedrules.rules.rewrite import became
from pinnedrules.types import (
    Call,
    Decision,
    Effect,
    Entry,
    Proposal,
    Ticket,
)
from pinnedrules.wire.base import Key

__all__ = ["Judged", "judge", "recall", "settle"]

_WAIT_SLICE = 0.25
_REFUSED = "the call was refused after it was charged"


@dataclass(frozen=True, slots=True)
class Judged:
    """A call with its decision. ``ticket`` is set while a person is asked, ``refused`` says that it does not run.

    ``grant`` says that a gated tool of the caller may run the call once it is released; ``charge`` is what it was charged.
    """

    call: Call
    decision: Decision
    proposal: Proposal | None = None
    ticket: Ticket | None = None
    refused: bool = False
    untrusted: bool = False
    grant: bool = True
    charge: Charge | None = None

    @property
    def open(self) -> bool:
        """True while only a person can say what becomes of the call."""
        return self.ticket is not None and self.ticket.state == "open" and not self.refused

    @property
    def text(self) -> str:
        """The refusal, for the model and for a person."""
        return refusal(self.call, self.decision, ticket=self.ticket)


def judge(
    ctx: Context,
    call: Call,
    *,
    effects: tuple[Effect, ...] | None = None,
    untrusted: bool = False,
    grant: bool = True,
    ask: bool = True,
) -> Flow[Judged]:
    """Decide *call* and, when it is allowed, write the ledger and the record that must be durable before its release.

    An ask opens or joins its ticket and comes back open; :func:`settle` waits for it. *effects* and *untrusted* say of
    a tool that the provider runs what it does and whether what it brings back comes from outside. Without *ask* nobody
    is asked, nothing is recorded, and a call that has to be asked about comes back with that verdict.
    """
    yield from check_stop(ctx)
    decision, made = yield from decided(ctx, call, effects, untrusted)
    if not ctx.enforcing:
        gone([made])
        return (yield from _finish(ctx, Judged(call, decision, grant=grant, charge=made)))
    decision = _paused_or_degraded(ctx, decision)
    if decision.verdict != "ask":
        refused = decision.verdict == "deny"
        return (yield from _finish(ctx, Judged(call, decision, refused=refused, grant=grant, charge=made)))
    if not ask:
        return Judged(call, decision, untrusted=untrusted, grant=grant)
    rules = rules_sha256(ctx)
    proposal = Proposal(ctx.session, call, decision, call_hash(ctx.session, call, rules, ctx.epoch), rules, ctx.epoch)
    ticket = yield Ask(proposal)
    if not isinstance(ticket, Ticket):
        why = ticket.error if isinstance(ticket, Failed) else "no answer"
        denied = deny(decision, f"nobody can be asked, because the store does not answer ({why})")
        return (yield from _finish(ctx, Judged(call, denied, proposal, refused=True)))
    judged = Judged(call, decision, proposal, ticket, untrusted=untrusted, grant=grant)
    return judged if judged.open else (yield from _answered(ctx, judged))


def settle(ctx: Context, judged: Sequence[Judged], *, keep_alive: bytes = b"") -> Flow[list[Judged]]:
    """Wait for all open tickets together, then say what became of each call.

    *keep_alive* is forwarded between two looks, so that a stream does not fall silent while a person thinks. The wait
    ends after ``ctx.ask_wait`` seconds: no answer in time is a deny whose ticket can be approved later.
    """
    waiting = {item.ticket.id: item.ticket for item in judged if item.open and item.ticket}
    started = yield from now(ctx)
    while still := tuple(name for name, ticket in waiting.items() if ticket.state == "open"):
        yield from check_stop(ctx)
        moment = yield from now(ctx)
        left = ctx.ask_wait - (moment.mono_ns - started.mono_ns) / 1e9
        if left <= 0:
            break
        answers = yield Wait(still, min(left, _WAIT_SLICE))
        if not isinstance(answers, tuple):
            break
        waiting.update((ticket.id, ticket) for ticket in answers)
        if keep_alive:
            yield Forward(keep_alive)
    yield from check_stop(ctx)
    done: list[Judged] = []
    for item in judged:
        if item.open and item.ticket:
            item = yield from _answered(ctx, replace(item, ticket=waiting[item.ticket.id]))
        done.append(item)
    return done


def recall(ctx: Context, judged: Mapping[Key, Judged], held: Set[Key]) -> Flow[dict[Key, Judged]]:
    """Take back calls that were allowed and are still held when a pause came in: a pause lets no effect through."""
    kept = dict(judged)
    for key in held if ctx.paused and ctx.enforcing else ():
        item = kept[key]
        if not item.refused and not item.decision.harmless:
            paused = replace(item, decision=deny(item.decision, f"paused: {ctx.paused}"), refused=True)
            kept[key] = yield from _finish(ctx, paused)
    return kept


def _answered(ctx: Context, judged: Judged) -> Flow[Judged]:
    """Turn an answered (or unanswered) ticket into a decision; an approval is used up here, once."""
    ticket, proposal = judged.ticket, judged.proposal
    assert ticket is not None
    assert proposal is not None
    if ticket.state == "approved" and (yield from rules_changed(ctx, proposal)):
        ticket = replace(ticket, state="expired")
    if ticket.state == "approved" and ctx.paused and not judged.decision.harmless:
        # The yes is kept for when work is resumed; a pause that came meanwhile lets nothing with an effect through.
        denied = deny(judged.decision, f"paused: {ctx.paused}")
        return (yield from _finish(ctx, replace(judged, decision=denied, refused=True)))
    if ticket.state == "approved" and (yield Take(ticket.id, proposal)) is True:
        allowed = replace(
            judged.decision, verdict="allow", reasons=(*judged.decision.reasons, f"approved by {ticket.by}")
        )
        judged = replace(judged, decision=allowed, ticket=replace(ticket, state="used"))
        made = yield from reserve(ctx, judged.call, allowed, judged.untrusted)
        judged = replace(judged, charge=made)
        if made is None:
            judged = replace(judged, decision=deny(allowed, BUSY), refused=True)
        return (yield from _finish(ctx, judged))
    why = {
        "denied": f"{ticket.by or 'a person'} said no" + (f": {ticket.why}" if ticket.why else ""),
        "open": "nobody has answered yet",
    }.get(ticket.state, f"its approval is {ticket.state}")
    denied = replace(judged.decision, verdict="deny", reasons=(*judged.decision.reasons, why))
    return (yield from _finish(ctx, replace(judged, decision=denied, refused=True)))


def _paused_or_degraded(ctx: Context, decision: Decision) -> Decision:
    if decision.harmless or decision.verdict == "deny":
        return decision
    if ctx.paused:
        return deny(decision, f"paused: {ctx.paused}")
    if ctx.degraded:
        return deny(decision, ctx.degraded)
    return decision


def _finish(ctx: Context, judged: Judged) -> Flow[Judged]:
    """Record the decision; a call with an effect waits until the record is durable (invariant 6)."""
    call, decision = judged.call, judged.decision
    carried = unwrap(call)
    entry = Entry(
        type="decision",
        session=ctx.session,
        epoch=ctx.epoch,
        conversation=ctx.conversation,
        body={
            "tool": call.name,
            "carries": [inner.name for inner in carried.calls] if carried else [],
            "call": call.id,
            "effects": list(decision.effects),
            "verdict": decision.verdict,
            "enforced": ctx.enforcing,
            "released": not judged.refused,
            "rewritten": decision.arguments is not None,
            **({"became": decision.tool} if decision.tool else {}),
            **({"stamp": decision.stamp} if decision.stamp else {}),
            **({"fence": decision.fence} if decision.fence else {}),
            "rules": list(decision.rules),
            "undecided": [item.rule for item in decision.undecided],
            "ticket": judged.ticket.id if judged.ticket else "",
            "approved_by": judged.ticket.by if judged.ticket and judged.ticket.state == "used" else decision.permit,
        },
        private={
            "arguments": call.arguments,
            "call_sha256": call_hash(ctx.session, call, rules_sha256(ctx), ctx.epoch),
            "targets": list(decision.targets),
            "reasons": list(decision.reasons),
            "patch": as_text(decision.patch),
        },
    )
    position = yield from record(ctx, entry)
    if judged.refused:
        yield from give_back(ctx, judged.charge, _REFUSED)
    elif not decision.harmless:
        yield from sync(ctx, position)
        if ctx.degraded and ctx.enforcing:
            yield from give_back(ctx, judged.charge, _REFUSED)
            return replace(judged, decision=deny(decision, ctx.degraded), refused=True)
    if not judged.refused:
        yield from expect_result(ctx, call, decision)
    if judged.grant and not judged.refused:
        yield Grant(ctx.sessions, became(call, decision), ctx.epoch, ctx.outside, judged.charge)
    return judged
