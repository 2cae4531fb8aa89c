"""Runs the cases beside a rule file, and says which sides of which rules they have seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pinnedrules.authoring.calls import decided, released
from pinnedrules.authoring.cases import Case
from pinnedrules.authoring.trace import traced
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.printable import shown
from pinnedrules.rules.terms import Rule
from pinnedrules.types import Decision, LedgerState, SessionId

__all__ = ["Coverage", "Ran", "Side", "ran", "sides"]

Side = tuple[str, str]
"""A rule's id, and ``then`` (its requirements hold, or it has none) or ``else`` (they do not)."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A case with the decision that came out; ``problems`` is empty when that is the expected one."""

    case: Case
    decision: Decision
    problems: tuple[str, ...]
    seen: frozenset[Side]


@dataclass(slots=True)
class Coverage:
    """Which sides of the rules were seen."""

    every: tuple[Side, ...]
    seen: set[Side] = field(default_factory=set)

    @property
    def missing(self) -> list[Side]:
        """The sides that no case came to, in the order of the file."""
        return [side for side in self.every if side not in self.seen]

    @property
    def percent(self) -> int:
        """How many of the sides were seen, rounded down; 100 when there are none."""
        return 100 * (len(self.every) - len(self.missing)) // len(self.every) if self.every else 100


def sides(rules: Iterable[Rule]) -> tuple[Side, ...]:
    """Return the sides of all rules that decide something."""
    found: list[Side] = []
    for rule in rules:
        if rule.on is not None:
            found.append((rule.id, "then"))
        if rule.require:
            found.append((rule.id, "else"))
    return tuple(found)


def ran(sets: Sequence[RuleSet], case: Case) -> Ran:
    """Decide the call of *case* under *sets*, after the calls that it says were released before."""
    ledger = LedgerState(whose=SessionId("test", case.user, case.tenant))
    problems: list[str] = []
    for before in case.after:
        at = before.at or case.at
        decision = decided(sets, before.call, ledger, at)
        if decision.verdict == "deny":
            # A person can let through what is asked about, but nothing lets through what is denied.
            what = f"{before.call.name} {before.call.arguments}".strip()
            problems.append(f"it cannot come after {shown(what)}: that is denied ({_why(decision)})")
        ledger = released(sets, before.call, decision, ledger, at)
    decision = decided(sets, case.call, ledger, case.at)
    seen = {
        (said.rule.id, "then" if said.met else "else")
        for rules in sets
        for part in traced(rules, case.call, ledger, case.at)
        for said in part.said
    }
    return Ran(case, decision, (*problems, *_problems(case, decision)), frozenset(seen))


def _problems(case: Case, decision: Decision) -> list[str]:
    found: list[str] = []
    if decision.verdict != case.expect:
        found.append(f"expected {case.expect}, got {decision.verdict}")
    else:
        missing = [rule for rule in case.rules if rule not in decision.rules]
        if missing:
            by = " and ".join(decision.rules) or "no rule"
            found.append(f"expected {case.expect} by {' and '.join(missing)}, got it by {by}")
    if case.becomes is not None:
        became = None if decision.arguments is None else json.loads(decision.arguments, parse_float=Decimal)
        if case.tool and case.tool != (decision.tool or case.call.name):
            found.append(f"expected a call of {case.tool}, but it is one of {decision.tool or case.call.name}")
        if became != case.becomes:
            what = "it stays as it is" if decision.arguments is None else f"it becomes {shown(decision.arguments)}"
            found.append(f"expected other arguments, but {what}")
    return found


def _why(decision: Decision) -> str:
    return "; ".join(decision.reasons) or " and ".join(decision.rules)
