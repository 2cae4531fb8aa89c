"""Whether two rules' requirements can be met together, and whether one asks for no less than the other.

Rules of this file:

1. Yes only where it is certain for every call, every moment and every ledger. What cannot be compared is no finding.
2. What counts calls or sums (``count`` but for one call, ``total``, ``rate``, ``at_most_once_per``) counts for its own rule,
   and ``python`` does what it likes: of two of those nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pinnedrules.authoring.patterns import every
from pinnedrules.authoring.samples import bearing, samples
from pinnedrules.rules.narrower import narrower
from pinnedrules.rules.predicates.base import Facts
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.predicates.times import covered
from pinnedrules.rules.terms import Rule
from pinnedrules.types import LedgerState, Moment

__all__ = ["apart", "asks_no_less"]

_NOW = Moment(1_767_787_200_000_000, 1, "2026-01-07")
_Options = Mapping[str, object]
_Require = Mapping[str, _Options]

# Requirements whose samples stand for all that they permit, so that two of them can be told to have nothing in common.
_SAMPLED = frozenset({"amount", "path", "recipients", "shell", "sql", "url"})
# Requirements that say the same of one call whatever rule they stand in.
_OF_THE_CALL = frozenset(
    {"amount", "came_from", "content", "matches", "path", "recipients", "shell", "sql", "time", "url", "who"}
)
_RANK = {"ask": 1, "deny": 2}


def apart(one: _Require, two: _Require) -> tuple[str, str] | None:
    """Return the names of a requirement of *one* and one of *two* that nothing can meet both; None when none is known."""
    for name, options in one.items():
        other = two.get(name)
        if other is not None and _apart(name, options, other):
            return name, name
    for first, second in (("only_after", "never_after"), ("never_after", "only_after")):
        if first in one and second in two and _about(one[first]) == _about(two[second]) != {}:
            return first, second
    return None


def asks_no_less(strict: Rule, lax: Rule) -> bool:
    """Say whether *strict* objects wherever *lax* does, no weaker, and *lax* does nothing but object."""
    if lax.on != strict.on or lax.then is not None or not lax.require:
        return False
    mine, theirs = _RANK.get(str(strict.otherwise), 0), _RANK.get(str(lax.otherwise), 0)
    return 0 < theirs <= mine and all(
        name in (strict.require or {}) and _narrower(name, options, (strict.require or {})[name])
        for name, options in lax.require.items()
    )


def _narrower(name: str, lax: _Options, strict: _Options) -> bool:
    of_the_call = name in _OF_THE_CALL or (name == "count" and lax.get("per") == strict.get("per") == "call")
    return of_the_call and narrower(name, lax, strict)


def _apart(name: str, one: _Options, two: _Options) -> bool:
    if name in _SAMPLED:
        same = bearing(name, one, {}) == bearing(name, two, {})
        return same and _misses(name, one, two) and _misses(name, two, one)
    exact = _EXACT.get(name)
    return exact is not None and exact(one, two)


def _misses(name: str, one: _Options, other: _Options) -> bool:
    """True when nothing of what should meet *one* meets *other*."""
    found = [sample for sample in samples(name, one, {}) if sample.holds]
    mine, theirs = PREDICATES[name].build(one, "one"), PREDICATES[name].build(other, "other")
    facts = [Facts({sample.argument: sample.value}, LedgerState(), _NOW) for sample in found]
    meeting = [fact for fact in facts if mine.check(fact) is None]
    return bool(meeting) and all(theirs.check(fact) is not None for fact in meeting)


def _nobody(one: _Options, two: _Options) -> bool:
    """Two lists of users, or of tenants, with nobody on both."""
    return any(
        key in one and key in two and _listed(one[key]).isdisjoint(_listed(two[key]))
        for key in ("user_in", "tenant_in")
    )


def _no_time(one: _Options, two: _Options) -> bool:
    """Spans of one zone without a minute in common. What two zones have in common changes with their clocks."""
    return one["zone"] == two["zone"] and covered(one).isdisjoint(covered(two))


def _no_text(one: _Options, two: _Options) -> bool:
    """Patterns of one argument, of which one matches few texts, none of which the other matches."""
    for argument in one.keys() & two.keys():
        for few, other in ((one[argument], two[argument]), (two[argument], one[argument])):
            texts = every(str(few))
            check = PREDICATES["matches"].build({argument: other}, "other").check
            if texts and all(check(Facts({argument: text}, LedgerState(), _NOW)) is not None for text in texts):
                return True
    return False


_EXACT: Mapping[str, Callable[[_Options, _Options], bool]] = {"matches": _no_text, "time": _no_time, "who": _nobody}


def _about(options: _Options) -> dict[str, frozenset[str]]:
    """Return which calls ``only_after`` and ``never_after`` are about; nothing for what is read from outside."""
    return {key: _listed(options[key]) for key in ("tool", "effect", "rule") if key in options}


def _listed(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, (list, tuple)) else frozenset({str(value)})
