"""One call decided and released under all rule sets in force, as the gate does it, without a store or a log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce

from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.decide import decide
from pinnedrules.rules.layers import objected, same, stricter
from pinnedrules.rules.ledger import after
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.rewrite import as_if_offered, became
from pinnedrules.types import Call, Decision, LedgerState, Moment

__all__ = ["decided", "made", "released"]


def made(name: str, arguments: str = "", *, declared: Collection[str] | None = None, answer: str = "") -> Call:
    """Return a call. Without *declared*, its schema has the arguments that are given; *answer* as in :class:`Call`."""
    call = Call(name, arguments, answer=answer)
    if declared is None:
        try:
            declared = read(call)
        except Unread:
            declared = ()
    return Call(name, arguments, declared=frozenset(declared), answer=answer)


def decided(sets: Sequence[RuleSet], call: Call, ledger: LedgerState, now: Moment) -> Decision:
    """Return the strictest decision of *sets*. What stands on a disk is not looked at.

    It is decided as if the request offered every tool that the files declare.
    """
    call = as_if_offered(call, sets)
    every = [decide(rules, call, ledger, now) for rules in sets]
    strictest = reduce(stricter, every)
    if strictest.arguments is None:
        return strictest
    made = became(call, strictest)
    others = [
        decide(rules, made, ledger, now) for rules, found in zip(sets, every, strict=True) if not same(found, strictest)
    ]
    return objected(strictest, others) or strictest


def released(sets: Sequence[RuleSet], call: Call, decision: Decision, ledger: LedgerState, now: Moment) -> LedgerState:
    """Return the ledger once *call* is released under *decision*, which a person may have allowed."""
    for rules in sets:
        ledger = after(rules, call, decision, ledger, now)
    return ledger
