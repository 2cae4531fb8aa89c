"""How long this package's decision takes as rules and history grow, and with requirements that parse texts.

Arguments are other ones in every call, so that nothing that is remembered of a value helps, unless a row says so.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

from benchmarks.bodies import rule_file
from benchmarks.measure import Spread, shuffled
from benchmarks.report import Row
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import Call, LedgerState, Moment, SessionId

__all__ = ["rows"]

_ROUNDS = 20_000
_FULL = 3_900
"""After so many calls, a rule that remembers values is about to be full: with more of them it no longer looks for any."""
_HISTORY = """\
  - {id: never, text: T., on: {effect: publish}, require: {never_after: {source: untrusted}}, else: ask}
  - {id: once, text: T., on: send_mail, require: {at_most_once_per: {of: to, per: session}}, else: ask}
  - {id: sum, text: T., on: refund, require: {total: {of: amount, per: day, max: 1000000000}}, else: ask}
  - {id: many, text: T., on: delete_mail, require: {count: {per: session, max: 1000000}}, else: ask}
  - {id: fast, text: T., on: search_mail, require: {rate: {max: 1000000, per: minute}}, else: ask}
"""
_PARSING = """\
version: 1
default: ask
tools: {run: execute, query: write, post: publish}
rules:
  - {id: shell, text: T., on: run, require: {shell: {programs_in: [cd, git, grep]}}, else: ask, then: allow}
  - {id: sql, text: T., on: query, require: {sql: {statements_in: [select]}}, else: ask, then: allow}
  - {id: content, text: T., on: post, require: {content: {without: [secrets]}}, else: ask, then: allow}
"""


def rows(scale: float) -> Iterator[Row]:
    """Measure in turns, within one process, what is compared."""
    rounds = max(60, int(_ROUNDS * scale))
    now = Moment(1_800_000_000_000_000, 1, "2027-01-15")
    made = {count: load(rule_file(count) + _HISTORY) for count in (10, 1_000)}
    full, long = int(_FULL * scale), int(100_000 * scale)
    past = {count: _session(made[1_000], count, now) for count in (0, full, long)}
    for which in ([(size, length) for size in made for length in (0, long)], [(1_000, full)]):
        works = [_timed(made[size], past[length], now) for size, length in which]
        for (size, length), taken in zip(which, shuffled(works, rounds), strict=True):
            name = f"{size:,} rules, {length:,} calls before"
            yield Row(name, "us", Spread.of_ns(taken), target_p50=5.0, target_p99=60.0)
    yield from _parsing(max(20, rounds // 20), now)


def _calls() -> Iterator[Call]:
    for number in itertools.count():
        yield Call("search_mail", f'{{"query":"invoice {number}"}}', declared=frozenset({"query"}))
        yield Call(
            "send_mail", f'{{"to":"ann{number}@example.com","text":"Hello"}}', declared=frozenset({"to", "text"})
        )
        yield Call("delete_mail", f'{{"id":"m-{number}"}}', declared=frozenset({"id"}))
        yield Call("refund", f'{{"amount":"{number % 90}.50","id":"o-{number}"}}', declared=frozenset({"amount", "id"}))


def _session(rules: RuleSet, length: int, now: Moment) -> LedgerState:
    """Return the ledger of a session in which so many calls were released."""
    ledger = LedgerState(whose=SessionId("s", "ann"))
    for number, call in enumerate(itertools.islice(_calls(), length)):
        moment = Moment(now.utc_us - (length - number) * 1_000_000, 1, now.day)
        ledger = after(rules, call, decide(rules, call, ledger, moment), ledger, moment)
    return ledger


def _timed(rules: RuleSet, ledger: LedgerState, now: Moment) -> Callable[[], int]:
    calls = _calls()

    def once() -> int:
        call = next(calls)
        start = time.perf_counter_ns()
        decide(rules, call, ledger, now)
        return time.perf_counter_ns() - start

    return once


def _parsing(rounds: int, now: Moment) -> Iterator[Row]:
    rules, ledger = load(_PARSING), LedgerState()
    texts: dict[str, Callable[[int], Call]] = {
        "shell": lambda n: Call("run", f'{{"command":"cd src && git log -{n} | grep fix-{n}"}}'),
        "sql": lambda n: Call("query", f'{{"sql":"select a, b from t join u using (id) where a > {n} order by b"}}'),
        "content": lambda n: Call("post", f'{{"text":"Minutes of meeting {n}: we agreed on the plan. "}}'),
    }
    for name, make in texts.items():
        numbers = itertools.count()
        fresh = [_one(rules, make(next(numbers)), ledger, now) for _ in range(rounds)]
        yield Row(f"{name}, a new text", "us", Spread.of_ns(fresh), target_p50=1_000.0)
        again = [_one(rules, make(0), ledger, now) for _ in range(rounds)]
        yield Row(f"{name}, the same text again", "us", Spread.of_ns(again), target_p50=1_000.0)


def _one(rules: RuleSet, call: Call, ledger: LedgerState, now: Moment) -> int:
    start = time.perf_counter_ns()
    decide(rules, call, ledger, now)
    return time.perf_counter_ns() - start
