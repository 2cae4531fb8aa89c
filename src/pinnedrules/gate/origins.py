"""What came up in a session, for the requirement ``came_from``: looked up for a decision, learned from trusted results.

Rules of this file:

1. Only a result of a call that was released here, unchanged, to a tool that every rule set in question declares trusted,
   counts, once, when it is first sent. Its id must never have stood for another call, and no rewritten history counts.
2. What the call itself named does not count when its result repeats it: the model chose it.
3. What cannot be learned or looked up is not known. That is never an allow, and no failure of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from pinnedrules.commands import Known, Learn
from pinnedrules.compaction.lineage import ChangeKind
from pinnedrules.gate.context import Context, Flow
from pinnedrules.rules.decide import traced
from pinnedrules.rules.mentioned import mentioned
from pinnedrules.rules.meta_tools import is_meta
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import Call, Decision, LedgerState, SessionId
from pinnedrules.wire.results import results

__all__ = ["expect_result", "learn_results", "recall_values"]

_MOST = 1_000
"""Values of one result that are learned."""


def recall_values(session: SessionId, rules: RuleSet, call: Call, ledger: LedgerState) -> Flow[LedgerState]:
    """Return *ledger* with those values of *call* that came up in the session, where a rule asks for it."""
    keys = traced(rules, call)
    if not keys:
        return ledger
    found = yield Known(session, keys)
    if not isinstance(found, Mapping):
        return ledger
    return LedgerState(ledger.session, ledger.user, ledger.version, ledger.whose, frozenset(found))


def expect_result(ctx: Context, call: Call, decision: Decision) -> Flow[None]:
    """Note of a call that is about to be released whether its result will be a trusted one."""
    sets = _asking(ctx)
    if not sets or not call.id or len(ctx.sessions) != 1:
        return
    seen, awaited = _keys(call.id)
    known = yield Known(ctx.session, (seen,))
    if not isinstance(known, Mapping):
        return
    if known:
        # Some servers count their calls anew in each answer. Then nobody can say which one a result belongs to.
        yield Learn(ctx.session, {}, (awaited,))
        return
    keys = {seen: ""}
    if decision.arguments is None and not is_meta(call.name) and all(_trusted(rules, call.name) for rules in sets):
        keys[awaited] = " ".join(mentioned(call.arguments))
    yield Learn(ctx.session, keys)


def learn_results(ctx: Context, change: ChangeKind) -> Flow[None]:
    """Learn what trusted tools brought back, from results that this request sends for the first time."""
    if ctx.facts is None or change == "rewritten" or len(ctx.sessions) != 1 or not _asking(ctx):
        return
    found: dict[str, str] = {}
    for name, text in results(ctx.facts.messages):
        found.setdefault(_keys(name)[1], text)
    awaited = (yield Known(ctx.session, tuple(found))) if found else {}
    if not isinstance(awaited, Mapping) or not awaited:
        return
    values: dict[str, str] = {}
    for key, named in awaited.items():
        fresh = mentioned(found[key]) - set(str(named).split())
        values |= dict.fromkeys([f"trusted {digest}" for digest in sorted(fresh)[:_MOST]], "")
    yield Learn(ctx.session, values, tuple(awaited))


def _asking(ctx: Context) -> list[RuleSet]:
    """Return the rule sets in force that want to know what trusted tools brought back."""
    return [rules for rules in ctx.policy.rule_sets if rules.plan.trusting]


def _trusted(rules: RuleSet, name: str) -> bool:
    tool = rules.plan.tool(name)
    return tool is not None and tool.trusted


def _keys(name: str) -> tuple[str, str]:
    """Return the keys that say that a call had this id, and that its result is awaited as a trusted one."""
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"call {digest}", f"awaited {digest}"
