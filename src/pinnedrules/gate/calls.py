"""What becomes of one proposed call: decided, asked, recorded. The three places that gate calls all come through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from pinnedrules.commands import Ask, Failed, Forward, ReadLedger, ReadRules, Take, Wait, WriteLedger
from pinnedrules.evidence.record import call_hash
from pinnedrules.gate.context import Context, Flow, as_text, check_stop, graceful, now, record, sync
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.refusal import refusal
from pinnedrules.types import (
    Call,
    Decision,
    Effect,
    Entry,
    LedgerState,
    Moment,
    Proposal,
    SessionId,
    Ticket,
    Undecided,
)

__all__ = ["Judged", "judge", "settle"]

_STRICTNESS = {"allow": 0, "ask": 1, "deny": 2}
_WAIT_SLICE = 0.25
_ATTEMPTS = 16
_BUSY = "the ledger is written by too many at once"


@dataclass(frozen=True, slots=True)
class Judged:
    """A call with its decision. ``ticket`` is set while a person is asked, ``refused`` says that it does not run."""

    call: Call
    decision: Decision
    proposal: Proposal | None = None
    ticket: Ticket | None = None
    refused: bool = False
    untrusted: bool = False

    @property
    def open(self) -> bool:
        """True while only a person can say what becomes of the call."""
        return self.ticket is not None and self.ticket.state == "open" and not self.refused

    @property
    def text(self) -> str:
        """The refusal, for the model and for a person."""
        return refusal(self.call, self.decision, ticket=self.ticket.id if self.ticket else "")


def judge(
    ctx: Context, call: Call, *, effects: tuple[Effect, ...] | None = None, untrusted: bool = False
) -> Flow[Judged]:
    """Decide *call* and, when it is allowed, write the ledger and the record that must be durable before its release.

    An ask opens or joins its ticket and comes back open; :func:`settle` waits for it. *effects* and *untrusted* say of
    a tool that the provider runs what it does and whether what it brings back comes from outside.
    """
    yield from check_stop(ctx)
    decision = yield from _decided(ctx, call, effects, untrusted)
    if not ctx.enforcing:
        return (yield from _finish(ctx, Judged(call, decision)))
    decision = _paused_or_degraded(ctx, decision)
    if decision.verdict != "ask":
        return (yield from _finish(ctx, Judged(call, decision, refused=decision.verdict == "deny")))
    rules = _rules_sha256(ctx)
    proposal = Proposal(ctx.session, call, decision, call_hash(ctx.session, call, rules, ctx.epoch), rules, ctx.epoch)
    ticket = yield Ask(proposal)
    if not isinstance(ticket, Ticket):
        why = ticket.error if isinstance(ticket, Failed) else "no answer"
        denied = _deny(decision, f"nobody can be asked, because the store does not answer ({why})")
        return (yield from _finish(ctx, Judged(call, denied, proposal, refused=True)))
    judged = Judged(call, decision, proposal, ticket, untrusted=untrusted)
    return judged if judged.open else (yield from _answered(ctx, judged))


def settle(ctx: Context, judged: Sequence[Judged], *, keep_alive: bytes = b"") -> Flow[list[Judged]]:
    """Wait for all open tickets together, then say what became of each call.

    *keep_alive* is forwarded between two looks, so that a stream does not fall silent while a person thinks. The wait
    ends after ``ctx.ask_wait`` seconds: no answer in time is a deny whose ticket can be approved later.
    """
    waiting = {item.ticket.id: item.ticket for item in judged if item.open and item.ticket}
    started = yield from now(ctx)
    while any(ticket.state == "open" for ticket in waiting.values()):
        yield from check_stop(ctx)
        moment = yield from now(ctx)
        left = ctx.ask_wait - (moment.mono_ns - started.mono_ns) / 1e9
        if left <= 0:
            break
        answers = yield Wait(tuple(waiting), min(left, _WAIT_SLICE))
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


def _answered(ctx: Context, judged: Judged) -> Flow[Judged]:
    """Turn an answered (or unanswered) ticket into a decision; an approval is used up here, once."""
    ticket, proposal = judged.ticket, judged.proposal
    assert ticket is not None
    assert proposal is not None
    if ticket.state == "approved" and (yield from _rules_changed(ctx, proposal)):
        ticket = replace(ticket, state="expired")
    if ticket.state == "approved" and (yield Take(ticket.id, proposal)) is True:
        allowed = replace(
            judged.decision, verdict="allow", reasons=(*judged.decision.reasons, f"approved by {ticket.by}")
        )
        judged = replace(judged, decision=allowed, ticket=replace(ticket, state="used"))
        if not (yield from _reserve(ctx, judged.call, allowed, judged.untrusted)):
            judged = replace(judged, decision=_deny(allowed, _BUSY), refused=True)
        return (yield from _finish(ctx, judged))
    why = {
        "denied": f"{ticket.by or 'a person'} said no" + (f": {ticket.why}" if ticket.why else ""),
        "open": "nobody has answered yet",
    }.get(ticket.state, f"its approval is {ticket.state}")
    denied = replace(judged.decision, verdict="deny", reasons=(*judged.decision.reasons, why))
    return (yield from _finish(ctx, replace(judged, decision=denied, refused=True)))


def _rules_sha256(ctx: Context) -> str:
    """Return what an approval is bound to: the rules in force together with those that the file proposes."""
    rules, proposed = ctx.policy.rules.sha256, ctx.policy.proposed
    return rules if proposed is None else sha256(f"{rules} {proposed.sha256}".encode()).hexdigest()


def _rules_changed(ctx: Context, proposal: Proposal) -> Flow[bool]:
    """Look at the rules once more after a wait: an answer to a question under other rules is none."""
    proposed = yield ReadRules()
    if isinstance(proposed, Failed):
        return True
    ctx.policy = replace(ctx.policy, proposed=proposed if isinstance(proposed, RuleSet) else None)
    return _rules_sha256(ctx) != proposal.ruleset_sha256


def _decided(ctx: Context, call: Call, effects: tuple[Effect, ...] | None, untrusted: bool) -> Flow[Decision]:
    """Decide against the strictest candidate session and the strictest rule set; reserve budgets when allowed."""
    moment = yield from now(ctx)
    strictest: Decision | None = None
    for _ in range(_ATTEMPTS):
        strictest = None
        ledgers: list[tuple[SessionId, LedgerState]] = []
        for session in ctx.sessions:
            ledger = yield ReadLedger(session)
            if not isinstance(ledger, LedgerState):
                why = ledger.error if isinstance(ledger, Failed) else "no answer"
                return _without_ledger(ctx, call, moment, effects, untrusted, str(why))
            ctx.health.store_ns = 0
            ledgers.append((session, ledger))
            for rules in _rule_sets(ctx):
                strictest = _stricter(strictest, decide(rules, call, ledger, moment, effects=effects))
        assert strictest is not None
        if strictest.verdict != "allow" and ctx.enforcing:
            return strictest
        if (yield from _charge(ctx, call, strictest, ledgers, moment, untrusted)):
            return strictest
    assert strictest is not None
    return _deny(strictest, _BUSY)


def _stricter(one: Decision | None, other: Decision) -> Decision:
    """Return the stricter of two decisions; of two that allow, the one that rewrites; two rewrites are asked about."""
    if one is None:
        return other
    if _STRICTNESS[one.verdict] != _STRICTNESS[other.verdict]:
        return max(one, other, key=lambda decision: _STRICTNESS[decision.verdict])
    if one.arguments is not None and other.arguments is not None and one.arguments != other.arguments:
        why = "the rules in force and the changed file rewrite this call differently"
        return replace(one, verdict="ask" if one.verdict == "allow" else one.verdict, reasons=(*one.reasons, why))
    return other if one.arguments is None and other.arguments is not None else one


def _reserve(ctx: Context, call: Call, decision: Decision, untrusted: bool) -> Flow[bool]:
    """Charge the ledgers for a call that a person allowed; False when that does not succeed."""
    moment = yield from now(ctx)
    for _ in range(_ATTEMPTS):
        ledger = yield ReadLedger(ctx.session)
        if not isinstance(ledger, LedgerState):
            return False
        if (yield from _charge(ctx, call, decision, [(ctx.session, ledger)], moment, untrusted)):
            return True
    return False


def _charge(
    ctx: Context,
    call: Call,
    decision: Decision,
    read: Sequence[tuple[SessionId, LedgerState]],
    moment: Moment,
    untrusted: bool,
) -> Flow[bool]:
    """Write what the call does to the ledgers of all candidate sessions.

    The first is written only over what was read for the decision, so that a budget is exact; nothing has happened yet
    when that fails (False). The others are then charged as they are, and a user that two sessions share once.
    """
    first, snapshot = read[0]
    changed = _after(ctx, call, decision, snapshot, moment, untrusted)
    if changed is not snapshot and (yield WriteLedger(first, changed)) is not True:
        return False
    charged = {(first.tenant, first.user)}
    for session in ctx.sessions[1:]:
        shared = bool(session.user) and (session.tenant, session.user) in charged
        charged.add((session.tenant, session.user))
        for _ in range(_ATTEMPTS):
            ledger = yield ReadLedger(session)
            if not isinstance(ledger, LedgerState):
                continue
            changed = _after(ctx, call, decision, ledger, moment, untrusted)
            if shared:
                changed = replace(changed, user=ledger.user)
            if (yield WriteLedger(session, changed)) is True:
                break
    return True


def _after(
    ctx: Context, call: Call, decision: Decision, ledger: LedgerState, moment: Moment, untrusted: bool
) -> LedgerState:
    """Return the ledger with what either rule set keeps of the call; the same object when neither keeps anything."""
    merged = ledger
    for rules in _rule_sets(ctx):
        kept = after(rules, call, decision, ledger, moment, untrusted=untrusted)
        if kept is not ledger:
            merged = LedgerState(
                {**kept.session, **_changes(ledger.session, merged.session)},
                {**kept.user, **_changes(ledger.user, merged.user)},
                ledger.version,
            )
    return merged


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in new.items() if old.get(key) != value}


def _rule_sets(ctx: Context) -> tuple[RuleSet, ...]:
    proposed = ctx.policy.proposed
    return (ctx.policy.rules,) if proposed is None else (ctx.policy.rules, proposed)


def _without_ledger(
    ctx: Context, call: Call, moment: Moment, effects: tuple[Effect, ...] | None, untrusted: bool, why: str
) -> Decision:
    """A store that does not answer: declared reads go on for the grace period, everything else is refused.

    So is a read that the ledger would have to keep (one from outside): it would be forgotten, and count for nothing.
    """
    ctx.degraded = ctx.degraded or f"the store does not answer ({why})"
    found = decide(ctx.policy.rules, call, LedgerState(), moment, effects=effects)
    ctx.health.store_ns = ctx.health.store_ns or moment.mono_ns
    empty = LedgerState()
    forgotten = _after(ctx, call, found, empty, moment, untrusted) is not empty
    harmless = found.verdict == "allow" and found.harmless and not forgotten
    if harmless and graceful(ctx, ctx.health.store_ns, moment):
        return found
    undecided = (*found.undecided, Undecided("ledger", why))
    return replace(_deny(found, f"the store does not answer ({why})"), undecided=undecided)


def _paused_or_degraded(ctx: Context, decision: Decision) -> Decision:
    if decision.harmless or decision.verdict == "deny":
        return decision
    if ctx.paused:
        return _deny(decision, f"paused: {ctx.paused}")
    if ctx.degraded:
        return _deny(decision, ctx.degraded)
    return decision


def _deny(decision: Decision, why: str) -> Decision:
    return replace(decision, verdict="deny", reasons=(*decision.reasons, why))


def _finish(ctx: Context, judged: Judged) -> Flow[Judged]:
    """Record the decision; a call with an effect waits until the record is durable (invariant 6)."""
    call, decision = judged.call, judged.decision
    entry = Entry(
        type="decision",
        session=ctx.session,
        epoch=ctx.epoch,
        conversation=ctx.conversation,
        body={
            "tool": call.name,
            "call": call.id,
            "effects": list(decision.effects),
            "verdict": decision.verdict,
            "enforced": ctx.enforcing,
            "released": not judged.refused,
            "rewritten": decision.arguments is not None,
            "rules": list(decision.rules),
            "undecided": [item.rule for item in decision.undecided],
            "ticket": judged.ticket.id if judged.ticket else "",
            "approved_by": judged.ticket.by if judged.ticket and judged.ticket.state == "used" else "",
        },
        private={
            "arguments": call.arguments,
            "call_sha256": call_hash(ctx.session, call, ctx.policy.rules.sha256, ctx.epoch),
            "targets": list(decision.targets),
            "reasons": list(decision.reasons),
            "patch": as_text(decision.patch),
        },
    )
    position = yield from record(ctx, entry)
    if not judged.refused and not decision.harmless:
        yield from sync(ctx, position)
        if ctx.degraded and ctx.enforcing:
            return replace(judged, decision=_deny(decision, ctx.degraded), refused=True)
    return judged
