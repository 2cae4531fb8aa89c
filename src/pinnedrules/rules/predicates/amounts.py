"""``amount: {of: amount, max: 100}``: how much at once.

``of`` names the argument. ``max`` is a number, or a number with a currency (``100 EUR``).

- holds: the amount is at most ``max``.
- fails: it is more.
- cannot be decided: the argument is missing, negative, not a number, written with separators or look-alike digits, in
  a currency that the rule does not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from pinnedrules.rules.bearing import strings
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Facts,
    Fails,
    Outcome,
    Predicate,
    closed,
)
from pinnedrules.rules.printable import shown

__all__ = ["AMOUNT", "Money", "amount_of", "limit_of", "money", "other_currencies"]

MAX_EXPONENT = 60

_MONEY = re.compile(
    r"(?:(?P<before>[A-Z]{3}|[€£]) ?)?(?P<number>[+-]?[0-9]{1,60}(?:\.[0-9]{1,60})?)(?: ?(?P<after>[A-Z]{3}|[€£]))?"
)
_SYMBOLS = {"€": "EUR", "£": "GBP"}

Money = tuple[Decimal, str]
"""An amount and its ISO 4217 code, which is empty when none was named."""


def money(value: object) -> Money | None:
    """Read an amount from a number or a text such as ``100``, ``100.50 EUR``, ``€ 100``; None when it is not one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        number, currency = Decimal(value), ""
    elif isinstance(value, str) and (found := _MONEY.fullmatch(value)):
        before, after = found["before"] or "", found["after"] or ""
        if before and after:
            return None
        currency = _SYMBOLS.get(before or after, before or after)
        number = Decimal(found["number"])
    else:
        return None
    return (number, currency) if number.is_finite() and abs(number.adjusted()) <= MAX_EXPONENT else None


def amount_of(value: object, of: str) -> Money | Cannot:
    """Return the amount that *value* is, or why it cannot be said; *of* is where it stands."""
    found = money(value)
    if found is None:
        return Cannot(f"{of} is not an amount: {shown(value, 60)}")
    return Cannot(f"{of} is negative: {shown(value, 60)}") if found[0] < 0 else found


def other_currencies(facts: Facts, named: Iterable[str], currency: str) -> Cannot | None:
    """Say so when the call is about another currency than the rule, by what its amounts name or an argument says."""
    others = {one for one in named if one}
    for key, text in strings(facts.arguments):
        if key.lower().rpartition("_")[2] == "currency" and text is not None:
            others.add(str(text).upper())
    if others - {currency}:
        said = ", ".join(sorted(shown(other, 20) for other in others - {currency}))
        return Cannot(f"the call says {said} and the rule says {currency or 'no currency'}")
    return None


def _amount(facts: Facts, of: str, currency: str) -> Decimal | Cannot:
    """Return the call's amount in the rule's currency, or why it cannot be said."""
    if of not in facts.arguments:
        return Cannot(f"the argument {of} is missing")
    found = amount_of(facts.arguments[of], of)
    if isinstance(found, Cannot):
        return found
    return other_currencies(facts, [found[1]], currency) or found[0]


def limit_of(options: Mapping[str, object]) -> tuple[str, Decimal, str, str]:
    """Return argument, limit, currency and the limit as written. Raises :class:`BadOption`."""
    of = options["of"]
    if not isinstance(of, str) or not of:
        raise BadOption("must be the name of an argument", "of")
    found = money(options["max"])
    if found is None or found[0] < 0:
        raise BadOption(f"not an amount: {shown(options['max'])}", "max", hint="write 100, or 100 EUR")
    return of, found[0], found[1], str(options["max"])


def _build_amount(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("of", "max"))
    of, limit, currency, written = limit_of(options)

    def check(facts: Facts) -> Outcome:
        number = _amount(facts, of, currency)
        if isinstance(number, Cannot):
            return Cannot(f"amount: {number.why}")
        return None if number <= limit else Fails(f"amount: {of} is {shown(number, 60)}, more than {written}")

    return Built(check, {of: ("of",)})


def _say_amount(options: Mapping[str, object]) -> str:
    return f"{options['of']} is at most {options['max']}"


AMOUNT = Predicate("amount", _build_amount, _say_amount)
