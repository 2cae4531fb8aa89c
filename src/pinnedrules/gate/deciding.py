"""Deciding one call against every candidate session and both rule sets, and charging the ledgers for it.

The stricter of all that speak decides. What is charged is written only over what was read for the decision, so that a
budget is exact under parallel calls; a store that does not answer is no permission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from pinnedrules.commands import Ask, Failed, ReadLedger, ReadRules, Resolve
from pinnedrules.evidence.record import call_hash
from pinnedrules.gate.charges import ATTEMPTS, charge, kept_of, rule_sets
from pinnedrules.gate.context import Charge, Context, Flow, graceful, now
from pinnedrules.gate.fence import fenced, refused_before
from pinnedrules.gate.origins import recall_values
from pinnedrules.rules.decide import decide, looked_up
from pinnedrules.rules.layers import objected, same, stricter
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.permits import permitting
from pinnedrules.rules.predicates.base import Note
from pinnedrules.rules.rewrite import became
from pinnedrules.types import Call, Decision, Effect, LedgerState, Moment, Proposal, SessionId, Undecided

__all__ = ["BUSY", "decided", "deny", "foreseen", "reserve", "rules_changed", "rules_sha256"]

BUSY = "the ledger is written by too many at once"


def rules_sha256(ctx: Context) -> str:
    """Return what an approval is bound to: the rules in force together with those that the file proposes."""
    first, *more = [rules.sha256 for rules in ctx.policy.rule_sets]
    return sha256(" ".join([first, *more]).encode()).hexdigest() if more else first


def rules_changed(ctx: Context, proposal: Proposal) -> Flow[bool]:
    """Look at the rules once more after a wait: an answer to a question under other rules is none."""
    found = yield ReadRules()
    if not isinstance(found, tuple):
        return True
    ctx.policy = replace(ctx.policy, rules=found[0], proposed=found[1], layers=found[2])
    return rules_sha256(ctx) != proposal.ruleset_sha256


def decided(
    ctx: Context, call: Call, effects: tuple[Effect, ...] | None, untrusted: bool
) -> Flow[tuple[Decision, Charge | None]]:
    """Decide against the strictest candidate session and the strictest rule set; reserve budgets when allowed.

    Returns what was reserved as well. An ask that a permit covers is an allow, of which the permit is used up once.
    """
    moment = yield from now(ctx)
    places: dict[str, str] = {}
    strictest: Decision | None = None
    for _ in range(ATTEMPTS):
        strictest = None
        every: list[tuple[RuleSet, Decision]] = []
        ledgers: list[tuple[SessionId, LedgerState]] = []
        for session in ctx.sessions:
            ledger = yield ReadLedger(session)
            if not isinstance(ledger, LedgerState):
                why = ledger.error if isinstance(ledger, Failed) else "no answer"
                return _without_ledger(ctx, call, moment, effects, untrusted, str(why)), None
            ctx.health.store_ns = 0
            ledgers.append((session, ledger))
            for rules in rule_sets(ctx, ledger):
                yield from _look(rules, call, places)
                recalled = yield from recall_values(session, rules, call, ledger)
                found = decide(rules, call, recalled, moment, effects=effects, places=places)
                strictest = stricter(strictest, found)
                every.append((rules, found))
        assert strictest is not None
        against = yield from _objected(ctx, call, strictest, every, ledgers, moment, places)
        strictest = against or strictest
        note: Note | None = None
        if against is None and strictest.verdict == "ask" and effects is None and len(ledgers) == 1:
            strictest, note = yield from _permitted(ctx, call, strictest, every, ledgers[0][1], moment, places)
        strictest = fenced(ctx, call, strictest, ledgers)
        strictest = yield from refused_before(ctx, call, strictest, ledgers[0][1], rules_sha256(ctx))
        if strictest.verdict != "allow" and ctx.enforcing:
            return strictest, None
        made = yield from charge(ctx, call, strictest, ledgers, moment, untrusted, note)
        if made is not None:
            return strictest, made
    assert strictest is not None
    return deny(strictest, BUSY), None


def _objected(
    ctx: Context,
    call: Call,
    decision: Decision,
    every: Sequence[tuple[RuleSet, Decision]],
    ledgers: Sequence[tuple[SessionId, LedgerState]],
    moment: Moment,
    places: dict[str, str],
) -> Flow[Decision | None]:
    """Return what another rule set objects to in what one of them made of the call; None for nothing.

    A rule set decides what its own rules made of a call. The others decided about the call as it was, so they are asked
    about what it became, too: else a rule of the session could make of a permitted call one that the file denies.
    """
    if decision.arguments is None or decision.verdict == "deny":
        return None
    made, others = became(call, decision), []
    sets = [(session, ledger, rules) for session, ledger in ledgers for rules in rule_sets(ctx, ledger)]
    for (session, ledger, rules), (_, former) in zip(sets, every, strict=True):
        if not same(former, decision):
            yield from _look(rules, made, places)
            recalled = yield from recall_values(session, rules, made, ledger)
            others.append(decide(rules, made, recalled, moment, places=places))
    return objected(decision, others)


def _permitted(
    ctx: Context,
    call: Call,
    asked: Decision,
    every: Sequence[tuple[RuleSet, Decision]],
    ledger: LedgerState,
    moment: Moment,
    places: Mapping[str, str],
) -> Flow[tuple[Decision, Note | None]]:
    """Return *asked* as allowed by a permit, with what that uses up; as it is when none covers the call.

    A person's no to exactly this call stands.
    """
    count = len(ctx.policy.rule_sets)
    session = every[count][1] if len(every) > count else None
    found = permitting(every[:count], session, call, ledger, moment, ctx.epoch, places)
    if found is None:
        return asked, None
    permit, note = found
    rules = rules_sha256(ctx)
    proposal = Proposal(ctx.session, call, asked, call_hash(ctx.session, call, rules, ctx.epoch), rules, ctx.epoch)
    if (yield Ask(proposal, fresh=False)) is not None:
        return asked, None
    by = f"permit {permit.id} of {permit.by}"
    return replace(asked, verdict="allow", reasons=(*asked.reasons, f"covered by {by}"), permit=by), note


def foreseen(ctx: Context, call: Call, effects: tuple[Effect, ...] | None) -> Flow[Decision]:
    """Return what would be decided just now. Nothing is charged, nobody is asked, nothing is recorded."""
    moment = yield from now(ctx)
    places: dict[str, str] = {}
    strictest: Decision | None = None
    every: list[tuple[RuleSet, Decision]] = []
    ledgers: list[tuple[SessionId, LedgerState]] = []
    for session in ctx.sessions:
        ledger = yield ReadLedger(session)
        known = ledger if isinstance(ledger, LedgerState) else LedgerState()
        ledgers.append((session, known))
        for rules in rule_sets(ctx, known):
            yield from _look(rules, call, places)
            recalled = yield from recall_values(session, rules, call, known)
            found = decide(rules, call, recalled, moment, effects=effects, places=places)
            strictest = stricter(strictest, found)
            every.append((rules, found))
    assert strictest is not None
    return (yield from _objected(ctx, call, strictest, every, ledgers, moment, places)) or strictest


def _look(rules: RuleSet, call: Call, places: dict[str, str]) -> Flow[None]:
    """Add to *places* where the paths of *call* really lead. For a path that nobody can look up no rule holds."""
    wanted = tuple(path for path in looked_up(rules, call) if path not in places)
    found = (yield Resolve(wanted)) if wanted else None
    if isinstance(found, Mapping):
        places.update(found)


def reserve(ctx: Context, call: Call, decision: Decision, untrusted: bool) -> Flow[Charge | None]:
    """Charge the ledgers for a call that a person allowed; None when that does not succeed."""
    moment = yield from now(ctx)
    for _ in range(ATTEMPTS):
        ledger = yield ReadLedger(ctx.session)
        if not isinstance(ledger, LedgerState):
            return None
        made = yield from charge(ctx, call, decision, [(ctx.session, ledger)], moment, untrusted)
        if made is not None:
            return made
    return None


def _without_ledger(
    ctx: Context, call: Call, moment: Moment, effects: tuple[Effect, ...] | None, untrusted: bool, why: str
) -> Decision:
    """A store that does not answer: declared reads go on for the grace period, everything else is refused.

    So is a read that the ledger would have to keep (one from outside): it would be forgotten, and count for nothing.
    """
    ctx.degraded = ctx.degraded or f"the store does not answer ({why})"
    found = decide(ctx.policy.rules, call, LedgerState(), moment, effects=effects, places={})
    ctx.health.store_ns = ctx.health.store_ns or moment.mono_ns
    empty = LedgerState()
    forgotten = kept_of(ctx, call, found, empty, moment, untrusted).ledger is not empty
    harmless = found.verdict == "allow" and found.harmless and not forgotten
    if harmless and graceful(ctx, ctx.health.store_ns, moment):
        return found
    undecided = (*found.undecided, Undecided("ledger", why))
    return replace(deny(found, f"the store does not answer ({why})"), undecided=undecided)


def deny(decision: Decision, why: str) -> Decision:
    return replace(decision, verdict="deny", reasons=(*decision.reasons, why))
