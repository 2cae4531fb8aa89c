"""``total: {of: amount, per: day, max: 500}``: how much together, with what was released before.

``of`` names the argument; a list in it is added up, and ``items.amount`` adds up what every item of a list has.
``max`` is a number, or a number with a currency (``100 EUR``). ``per`` is ``call`` (nothing is kept), ``hour``, ``day`` or
``session`` (see ``budgets``).

- holds: together with what was released before it is at most ``max``: 450 + 50 of 500.
- fails: it is more: 450 + 50.01 of 500.
- cannot be decided: the argument is missing, there are more than 1,000 amounts, or one of them is negative, not a number
  or in a currency that the rule does not name; it cannot be added up exactly; or the sum so far is not known.

What a person let through although its amount could not be read leaves the sum unknown until its period is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from decimal import Decimal

from pinnedrules.rules.bearing import TooMany
from pinnedrules.rules.predicates.amounts import amount_of, limit_of, one_amount, other_currencies
from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Note, Outcome, Predicate, closed
from pinnedrules.rules.predicates.budgets import PERIODS, Budget, added, half_of
from pinnedrules.rules.predicates.values import head, values
from pinnedrules.rules.printable import shown

__all__ = ["TOTAL"]

_PERIODS = ("call", *PERIODS)
_ZERO = Decimal(0)


_Read = Callable[[Facts], tuple[Decimal, Set[str]] | Cannot]


def _together(facts: Facts, of: str, currency: str, read: _Read) -> Decimal | Cannot:
    """Return the sum of the call's amounts in the rule's currency, or why it cannot be said.

    Most calls have one amount, a text, which *read* tells as it does for the other rules about it.
    """
    if isinstance(facts.arguments.get(of), str) and "." not in of:
        try:
            one = read(facts)
        except TooMany as problem:
            return Cannot(str(problem))
        if not isinstance(one, Cannot) and (not one[1] or one[1] == {currency}):
            return one[0]
    found = values(facts.arguments, of)
    if isinstance(found, Cannot):
        return found
    together: Decimal | None = _ZERO
    named: set[str] = set()
    for value in found:
        if isinstance(value, (list, dict)):
            return Cannot(f"{of} is not an amount")
        amount = amount_of(value, of)
        if isinstance(amount, Cannot):
            return amount
        together = added(together, amount[0])
        named.add(amount[1])
    if together is None:
        return Cannot(f"{of} cannot be added up exactly")
    try:
        return other_currencies(facts, named, currency) or together
    except TooMany as problem:
        return Cannot(str(problem))


def _build(options: Mapping[str, object], rule: str) -> Built:
    closed(options, required=("of", "per", "max"), optional=("scope",))
    of, limit, currency, written = limit_of(options)
    per = str(options["per"])
    if per not in _PERIODS:
        raise BadOption("must be call, hour, day or session", "per", word=per, known=_PERIODS)
    budget = Budget("total", rule, per, half_of(options, per))
    this, read = f"of this {per}", one_amount(of)

    def check(facts: Facts) -> Outcome:
        number = _together(facts, of, currency, read)
        if isinstance(number, Cannot):
            return Cannot(f"total: {number.why}")
        after = number if per == "call" else added(budget.so_far(facts), number)
        if after is None:
            return Cannot(f"total: the sum of {of} this {per} is not known")
        return None if after <= limit else Fails(f"total: {of} {this} would be {shown(after, 60)}, more than {written}")

    def reserve(facts: Facts) -> Note:
        number = _together(facts, of, currency, read)
        return budget.note(facts, None if isinstance(number, Cannot) else number)

    return Built(check, {head(of): ("of",)}, reserve=None if per == "call" else reserve)


def _say(options: Mapping[str, object]) -> str:
    return f"{options['of']} adds up to at most {options['max']} per {options['per']}"


TOTAL = Predicate("total", _build, _say)
