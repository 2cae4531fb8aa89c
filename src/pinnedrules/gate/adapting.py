"""What a framework adapter asks of the gate: before a model call, before a tool runs, and when a run is interrupted.

An adapter stands where the framework calls the model and where it runs tools, not on the wire. The model call goes the way of
any request up to the point where it would be sent; its calls are decided where they would run (design: invariant 1's
exception), or were decided by a wrapped client underneath, and then they are only matched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from pinnedrules.commands import Grant, ReadLedger, Redeem, WriteLedger
from pinnedrules.compaction.pending import outside
from pinnedrules.errors import Refused, Unpinned, Unreadable, Unrecorded
from pinnedrules.gate.calls import Judged, judge, settle
from pinnedrules.gate.charges import ATTEMPTS, abandon, gone, rule_sets
from pinnedrules.gate.context import Charge, Context, Flow, check_stop, now, sync
from pinnedrules.gate.exchange import CUT, note
from pinnedrules.gate.fence import keep_facts
from pinnedrules.gate.former import on_record
from pinnedrules.gate.held import mark
from pinnedrules.gate.request import prepare
from pinnedrules.types import Call, Decision, LedgerState

__all__ = ["hand_on", "model_call", "propose", "set_aside", "withdraw"]

_ASIDE = "set-aside"
_MOST = 64
_BEFORE = Decision("allow", reasons=("released before, not yet run",))


def model_call(ctx: Context, body: bytes) -> Flow[bytes]:
    """Return the request as the model must get it, once it is on record. Raises Refused.

    In monitor mode one that cannot be prepared comes back as it is.
    """
    try:
        yield from check_stop(ctx, first=True)
        try:
            position, _ = yield from prepare(ctx, body)
        except (Unreadable, Unpinned) as refusal:
            if ctx.enforcing:
                raise
            yield from note(ctx, refusal)
            return body
        yield from sync(ctx, position)
        yield from on_record(ctx, position)
        yield from check_stop(ctx)
    except Refused as refusal:
        yield from abandon(ctx, CUT)
        yield from note(ctx, refusal)
        raise
    gone(ctx.charges)
    return ctx.body


def propose(ctx: Context, call: Call, *, wait: bool) -> Flow[Judged]:
    """Decide *call*, which a tool may run later: when it comes back allowed it may run once without a second decision.

    One that was released here and has not run yet is not decided again, nor is one that was set aside, here or by another
    process, while the rules are the same and for as long as an approval lives. Without *wait* an ask comes back open.
    Raises Refused.
    """
    try:
        yield from check_stop(ctx, first=True)
        grant = None if ctx.paused else (yield Redeem(ctx.sessions, call, ctx.epoch, ctx.outside))
        aside = not ctx.paused and (yield from _taken(ctx, call))
        made = grant.charge if isinstance(grant, Grant) and isinstance(grant.charge, Charge) else None
        if isinstance(grant, Grant) and (made is None or made.state != "back"):
            yield grant
            return Judged(call, _BEFORE, charge=made)
        if aside and grant is None:
            yield Grant(ctx.sessions, call, ctx.epoch, ctx.outside)
            return Judged(call, _BEFORE)
        judged = yield from judge(ctx, call)
        if wait:
            (judged,) = yield from settle(ctx, [judged])
    except Refused as refusal:
        yield from abandon(ctx, CUT)
        yield from note(ctx, refusal)
        raise
    gone([judged.charge])
    return judged


def hand_on(ctx: Context, judged: Judged) -> Flow[None]:
    """Let a tool below, or this very call after an interrupt, run what was decided here without a second decision."""
    yield Grant(ctx.sessions, _run(judged), ctx.epoch, ctx.outside, judged.charge)


def set_aside(ctx: Context, calls: Sequence[Call]) -> Flow[None]:
    """Keep in the ledger, and nowhere else, that these calls were released and wait, not run, for an interrupt's answer.

    They are charged already, and whoever resumes the run, in another process too, does not charge them again. Their grants go
    from the memory of this process, so that of two programs only one can use what is kept. What cannot be kept leaves the
    grant where it is, and costs another process a second charge.
    """
    moment = yield from now(ctx)
    until = moment.utc_us + int(ctx.policy.ticket_life * 1e6)
    for call in calls:
        grant = yield Redeem(ctx.sessions, call, ctx.epoch, ctx.outside)
        made = grant.charge if isinstance(grant, Grant) and isinstance(grant.charge, Charge) else None
        if not isinstance(grant, Grant) or (made is not None and made.state == "back"):
            continue

        def change(facts: Mapping[str, str], name: str = mark(ctx, call)) -> dict[str, str]:
            known = {key: one for key, one in _kept(facts).items() if key != name and one[0] > moment.utc_us}
            entries = [*known.items(), (name, (until, _in_force(ctx, facts)))]
            return {**facts, _ASIDE: json.dumps(dict(entries[-_MOST:]))}

        try:
            yield from keep_facts(ctx, change, must=True)
        except Unrecorded:
            yield grant


def _taken(ctx: Context, call: Call) -> Flow[bool]:
    """Take *call* out of what was set aside, in every session. True when nothing came between, and nobody else took it.

    What is too old, or was set aside under other rules, is taken out as well, but counts for nothing: such a call is decided,
    and charged, afresh.
    """
    name, found = mark(ctx, call), 0
    moment = yield from now(ctx)
    for session in ctx.sessions:
        for _ in range(ATTEMPTS):
            ledger = yield ReadLedger(session)
            known = _kept(ledger.session) if isinstance(ledger, LedgerState) else {}
            if not isinstance(ledger, LedgerState) or name not in known:
                break
            until, under = known.pop(name)
            left = {**ledger.session, _ASIDE: json.dumps(known)}
            if (yield WriteLedger(session, replace(ledger, session=left))) is True:
                found += until > moment.utc_us and under == _in_force(ctx, ledger.session)
                break
    return found == len(ctx.sessions)


def _kept(facts: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """Return what is set aside in a session: until when (UTC microseconds) and under what, by the mark of the call."""
    return {name: (until, under) for name, (until, under) in json.loads(facts.get(_ASIDE, "{}")).items()}


def _in_force(ctx: Context, facts: Mapping[str, str]) -> str:
    """Return a digest of all that may decide a call in this session: each rule set, those of the chat too, and a fence."""
    rules = [each.sha256 for each in rule_sets(ctx, LedgerState(session=facts))]
    fence = outside(facts)
    return sha256(" ".join([*rules, ctx.fence, fence.id if fence else ""]).encode()).hexdigest()


def withdraw(ctx: Context, judged: Judged) -> Flow[None]:
    """Take back what :func:`hand_on` allowed, if nobody used it."""
    yield Redeem(ctx.sessions, _run(judged), ctx.epoch, ctx.outside)


def _run(judged: Judged) -> Call:
    return (
        judged.call if judged.decision.arguments is None else replace(judged.call, arguments=judged.decision.arguments)
    )
