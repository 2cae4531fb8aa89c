"""The nearest call that gets another verdict: one argument, or one circumstance, changed at a time.

What is tried comes from the rules' own options and limits, and is decided for real. That nothing was found does not mean
that there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import SequenceMatcher

from pinnedrules.authoring.calls import decided
from pinnedrules.authoring.circumstances import circumstances
from pinnedrules.authoring.samples import samples
from pinnedrules.authoring.trace import traced
from pinnedrules.rules.arguments import Unread, dump, read
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob, name_keys, rule_key
from pinnedrules.rules.predicates.amounts import money
from pinnedrules.rules.printable import shown
from pinnedrules.rules.terms import Rule
from pinnedrules.types import Call, LedgerState, Moment, Verdict

__all__ = ["Near", "nearest"]

_RENAMED, _ADDED, _REMOVED, _CIRCUMSTANCE = 0.5, 1.0, 1.5, 2.0
_COMPARED = 200
"""Characters of a text whose likeness is measured."""


@dataclass(frozen=True, slots=True)
class Near:
    """A call that gets another verdict; ``said`` is the change in words, ``distance`` how far it is."""

    said: str
    verdict: Verdict
    rules: tuple[str, ...]
    call: Call
    distance: float


def nearest(sets: Sequence[RuleSet], call: Call, ledger: LedgerState, now: Moment) -> list[Near]:
    """Return, for each other verdict that was found, the call nearest to *call* that gets it; the nearest first."""
    given = decided(sets, call, ledger, now).verdict
    rules = [said.rule for one in sets for part in traced(one, call, ledger, now) for said in part.said]
    best: dict[Verdict, Near] = {}
    for near in _tried(sets, rules, call, ledger, now):
        known = best.get(near.verdict)
        if near.verdict != given and (known is None or near.distance < known.distance):
            best[near.verdict] = near
    return sorted(best.values(), key=lambda near: near.distance)


def _tried(
    sets: Sequence[RuleSet], rules: Sequence[Rule], call: Call, ledger: LedgerState, now: Moment
) -> Iterator[Near]:
    for said, changed, distance in _changed(rules, call, _declared(sets, call)):
        decision = decided(sets, changed, ledger, now)
        yield Near(said, decision.verdict, decision.rules, changed, distance)
    for name in _names(sets, call.name):
        decision = decided(sets, replace(call, name=name), ledger, now)
        yield Near(f"by the name {name}", decision.verdict, decision.rules, replace(call, name=name), _RENAMED)
    for number, other in enumerate(circumstances(sets, rules, call, ledger, now)):
        decision = decided(sets, call, other.ledger, other.now)
        yield Near(other.said, decision.verdict, decision.rules, call, _CIRCUMSTANCE + number / 100)


def _changed(rules: Sequence[Rule], call: Call, declared: frozenset[str]) -> Iterator[tuple[str, Call, float]]:
    """Yield the call with one argument changed, added or left out."""
    try:
        arguments = read(call)
    except Unread:
        return
    if call.kind == "custom":
        return
    for rule in rules:
        for name, options in (rule.require or {}).items():
            for sample in samples(name, options, arguments, declared):
                key, value = sample.argument, sample.value
                if key in arguments and arguments[key] == value:
                    continue
                was = f" instead of {_written(arguments[key])}" if key in arguments else ""
                distance = _distance(arguments[key], value) if key in arguments else _ADDED
                known = (call.declared or frozenset()) | {key}
                yield (
                    f"with {shown(key, 40)} {_written(value)}{was}",
                    _with(call, {**arguments, key: value}, known),
                    distance,
                )
    for key in arguments:
        less = {name: value for name, value in arguments.items() if name != key}
        yield f"without {shown(key, 40)}", _with(call, less, call.declared or frozenset()), _REMOVED


def _names(sets: Sequence[RuleSet], called: str) -> list[str]:
    """Return the names in the file that the called one is much like."""
    written = {name for one in sets for name in one.tools}
    written.update(name for one in sets for rule in one.rules if rule.on for name in rule.on.tools)
    keys = name_keys(called)
    return sorted(name for name in written if name != called and not is_glob(name) and rule_key(name) in keys)


def _declared(sets: Sequence[RuleSet], call: Call) -> frozenset[str]:
    """Return the arguments that the tool is known to have."""
    tool = sets[-1].plan.tool(call.name)
    return (tool.args if tool is not None and tool.args is not None else call.declared) or frozenset()


def _with(call: Call, arguments: Mapping[str, object], declared: frozenset[str]) -> Call:
    return replace(call, arguments=dump(arguments), declared=declared)


def _written(value: object) -> str:
    return shown(value if isinstance(value, str) and value else dump(value), 80)


def _distance(one: object, other: object) -> float:
    """Return how far two values are from each other, from 0 to 1."""
    numbers = money(one), money(other)
    if numbers[0] is not None and numbers[1] is not None:
        gap = abs(numbers[0][0] - numbers[1][0])
        return float(min(Decimal(1), gap / max(abs(numbers[0][0]), abs(numbers[1][0]), Decimal(1))))
    texts = (_written(one)[:_COMPARED], _written(other)[:_COMPARED])
    return 1 - SequenceMatcher(None, *texts, autojunk=False).ratio()
