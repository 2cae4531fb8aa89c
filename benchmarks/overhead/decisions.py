"""Time to decide one call under a thousand rules."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.bodies import rule_file
from benchmarks.measure import Spread
from benchmarks.report import Row
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.types import Call, LedgerState, Moment

__all__ = ["rows"]

_RULES = 1000
_ROUNDS = 20_000
_TARGET_US = (5.0, 60.0)

_CALLS = (
    Call("search_mail", '{"query":"unread invoices"}', declared=frozenset({"query"})),
    Call("send_mail", '{"to":["ann@example.com"],"text":"Hello"}', declared=frozenset({"to", "text"})),
    Call("delete_mail", '{"id":"m-17"}', declared=frozenset({"id"})),
    Call("refund", '{"amount":"99.50","id":"o-1"}', declared=frozenset({"amount", "id"})),
    Call("tool_8", '{"to":["ann@example.com"]}', declared=frozenset({"to"})),
    Call("tool_9", '{"amount":"12"}', declared=frozenset({"amount"})),
    Call("never_heard_of", '{"x":1}', declared=frozenset({"x"})),
)


def rows(scale: float) -> Iterator[Row]:
    """Measure a mix of calls that rules speak of, and calls that none does."""
    rules = load(rule_file(_RULES))
    ledger, now = LedgerState(), Moment(1_800_000_000_000_000, 1, "2027-01-15")
    taken: list[int] = []
    rounds = max(100, int(_ROUNDS * scale))
    for index in range(rounds + rounds // 10):
        call = _CALLS[index % len(_CALLS)]
        start = time.perf_counter_ns()
        decide(rules, call, ledger, now)
        taken.append(time.perf_counter_ns() - start)
    measured = Spread.of_ns(taken[rounds // 10 :])
    yield Row(f"one decision, {_RULES} rules", "us", measured, target_p50=_TARGET_US[0], target_p99=_TARGET_US[1])
