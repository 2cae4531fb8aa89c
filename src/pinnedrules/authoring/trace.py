"""Why a call is decided as it is: every rule that speaks of it, the answer of each requirement, and what each rule says.

It asks the very checks that decisions are made with; only the words are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pinnedrules.rules.decide import Reached, reached
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.plan import Candidate
from pinnedrules.rules.predicates.base import Cannot, Check, Facts, Outcome
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.printable import shown
from pinnedrules.rules.speaking import tool_of
from pinnedrules.rules.terms import Action, Rule
from pinnedrules.types import Call, Effect, LedgerState, Moment

__all__ = ["Answer", "Answered", "Part", "Said", "traced"]

Answer = Literal["holds", "fails", "cannot be decided"]


@dataclass(frozen=True, slots=True)
class Answered:
    """One requirement: what it wants in words, its answer, and why when that is not ``holds``."""

    name: str
    wanted: str
    answer: Answer
    why: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One rule that speaks of a call.

    ``says`` is its action, None when it says nothing; ``muted`` why a permission that it would give does not count here.
    """

    rule: Rule
    answers: tuple[Answered, ...]
    says: Action | None
    muted: str = ""

    @property
    def met(self) -> bool:
        """True when all its requirements hold, so that ``then`` speaks; one without a requirement always does."""
        return all(one.answer == "holds" for one in self.answers)


@dataclass(frozen=True, slots=True)
class Part:
    """A call, or one that it carries: what it does, how that is known, and the rules that speak of it."""

    call: Call
    effects: tuple[Effect, ...]
    known: str
    said: tuple[Said, ...]


def traced(rules: RuleSet, call: Call, ledger: LedgerState, now: Moment) -> tuple[Part, ...]:
    """Return what one rule set says of *call* and of every call that it may carry, in the order of the file."""
    return tuple(_part(rules, item, ledger, now) for item in reached(rules, call))


def _part(rules: RuleSet, item: Reached, ledger: LedgerState, now: Moment) -> Part:
    facts = Facts(item.arguments, ledger, now, item.call, item.effects, None, rules.plan.stated)
    said = tuple(_said(rules, candidate, facts) for candidate in item.candidates)
    return Part(item.call, item.effects, _known(rules, item), said)


def _said(rules: RuleSet, candidate: Candidate, facts: Facts) -> Said:
    rule = candidate.rule
    wanted = [(name, PREDICATES[name].say(options)) for name, options in (rule.require or {}).items()]
    answers = tuple(
        _answered(name, words, check, facts) for (name, words), check in zip(wanted, candidate.checks, strict=True)
    )
    if all(one.answer == "holds" for one in answers):
        muted = _muted(rules, rule, facts) if rule.then == "allow" and candidate.then is None else ""
        return Said(rule, answers, candidate.then, muted)
    return Said(rule, answers, candidate.otherwise)


def _answered(name: str, wanted: str, check: Check, facts: Facts) -> Answered:
    try:
        outcome: Outcome = check(facts)
    except Exception as problem:  # noqa: BLE001 - a check that breaks is a check that cannot be decided
        outcome = Cannot(f"the check failed: {type(problem).__name__}")
    if outcome is None:
        return Answered(name, wanted, "holds")
    return Answered(name, wanted, "cannot be decided" if isinstance(outcome, Cannot) else "fails", outcome.why)


def _muted(rules: RuleSet, rule: Rule, facts: Facts) -> str:
    """Say why a permission does not count for this call."""
    wanted = rule.on.effects if rule.on else ()
    beyond = [effect for effect in facts.effects if effect not in (*wanted, "read")]
    if wanted and beyond:
        return f"the call does {' and '.join(beyond)} as well, which the rule does not name"
    tool = tool_of(rules, facts.call, None)
    named = "in the rule" if rule.on and rule.on.tools else "under tools"
    if tool is None or not tool.known or named == "in the rule":
        return f"{shown(facts.call.name, 80)} does not stand {named} by exactly this name"
    return f"{shown(facts.call.name, 80)} is declared under tools, but not by exactly this name"


def _known(rules: RuleSet, item: Reached) -> str:
    """Say how it is known what the call does."""
    tool = tool_of(rules, item.call, None)
    if tool is None:
        return "its name is not plain ASCII"
    if item.carries:
        return "it carries the calls above"
    more = [effect for effect in item.effects if effect not in tool.effects]
    added = f"; its arguments add {' and '.join(more)}" if more else ""
    if tool.written:
        return f"declared under tools{added}"
    told = [effect for effect in tool.effects if effect not in tool.plain]
    by_name = f"; its name adds {' and '.join(told)}" if told else ""
    if tool.exact:
        return f"declared by a pattern under tools{by_name}{added}"
    if tool.known:
        return f"a name much like one under tools{by_name}{added}"
    return f"not declared, so it counts as one that writes{by_name}{added}"
