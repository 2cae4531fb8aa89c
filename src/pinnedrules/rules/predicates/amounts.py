"""``amount: {of: amount, min: 1, max: 100}``: how much at once.

``of`` names the argument. ``min`` and ``max`` are numbers, or numbers with a currency (``100 EUR``), or lists of those, one
for each currency (``[100 EUR, 110 USD]``).

- holds: the amount is at most ``max`` and at least ``min`` of its currency.
- fails: it is more, or less.
- cannot be decided: the argument is missing, negative, not a number, written with separators or look-alike digits (a text
  ``1.000`` is a thousand to half of Europe), in a currency that the rule does not name, in none where the rule names
  several, or in two at once.

Amounts are exact decimals (RFC 8259 numbers are read as such): 100.00000000000000001 is more than 100.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from decimal import Decimal

from pinnedrules.rules.bearing import strings
from pinnedrules.rules.memory import remembered
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
from pinnedrules.rules.words import as_words

__all__ = ["AMOUNT", "Money", "amount_of", "limit_of", "money", "one_amount", "other_currencies", "thousands"]

MAX_EXPONENT = 60

_MONEY = re.compile(
    r"(?:(?P<before>[A-Z]{3}|[€£]) ?)?(?P<number>[+-]?[0-9]{1,60}(?:\.[0-9]{1,60})?)(?: ?(?P<after>[A-Z]{3}|[€£]))?"
)
_BARE = re.compile(r"[0-9]{1,60}(?:\.[0-9]{1,60})?")
_CERTAIN = re.compile(r"[0-9]{1,60}(?:\.[0-9]{1,2})?")  # what most calls have: a point before one or two digits is one
_THOUSANDS = re.compile(r"[^0-9]*[1-9][0-9]{0,2}\.[0-9]{3}[^0-9]*")
_ZERO = Decimal(0)
_CURRENCY = re.compile(r"(?:currency|ccy)(?: (?:code|id|iso|name|symbol|unit))*\Z")
_SYMBOLS = {"€": "EUR", "£": "GBP"}
_NOTHING: frozenset[str] = frozenset()

Money = tuple[Decimal, str]
"""An amount and its ISO 4217 code, which is empty when none was named."""


def money(value: object) -> Money | None:
    """Read an amount from a number or a text such as ``100``, ``100.50 EUR``, ``€ 100``; None when it is not one."""
    if isinstance(value, str):
        if _BARE.fullmatch(value):
            return Decimal(value), ""
        found = _MONEY.fullmatch(value)
        if not found:
            return None
        before, digits, after = found.groups()
        if before and after:
            return None
        named = before or after or ""
        return Decimal(digits), _SYMBOLS.get(named, named)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    number = Decimal(value)
    return (number, "") if number.is_finite() and abs(number.adjusted()) <= MAX_EXPONENT else None


def thousands(text: str) -> bool:
    """True for an amount that is another one where a point stands before thousands: ``50.000 EUR``."""
    return _THOUSANDS.fullmatch(text) is not None


def amount_of(value: object, of: str) -> Money | Cannot:
    """Return the amount that *value* is, or why it cannot be said; *of* is where it stands."""
    if isinstance(value, str) and _CERTAIN.fullmatch(value):
        return Decimal(value), ""
    found = money(value)
    if found is None:
        return Cannot(f"{of} is not an amount: {shown(value, 60)}")
    if isinstance(value, str) and thousands(value):
        return Cannot(f"{of} may have a point for thousands: {shown(value, 60)}")
    return Cannot(f"{of} is negative: {shown(value, 60)}") if found[0] < _ZERO else found


def other_currencies(facts: Facts, named: Collection[str], currency: str) -> Cannot | None:
    """Say so when the call is about another currency than the rule, by what its amounts name or an argument says."""
    said = _currencies(facts, named)
    others = said - {currency} if said else said
    return _another(others, currency) if others else None


def _currencies(facts: Facts, named: Collection[str]) -> frozenset[str]:
    said = facts.once("currencies", _said)
    return said.union(filter(None, named)) if any(named) else said


def _said(facts: Facts) -> frozenset[str]:
    """Return what arguments that say which currency it is say, and no amount."""
    told: list[str] = []
    for key, text in strings(facts.arguments):
        if _tells_currency(key) and text is not None:
            told.append(str(text).upper())
    return frozenset([_SYMBOLS.get(text, text) for text in told]) if told else _NOTHING


@remembered()
def _tells_currency(key: str) -> bool:
    return _CURRENCY.search(" ".join(as_words(key[:256]))) is not None


def _another(said: Iterable[str], wanted: str) -> Cannot:
    names = ", ".join(sorted(shown(one, 20) for one in said))
    return Cannot(f"the call says {names} and the rule says {wanted or 'no currency'}")


def one_amount(of: str) -> Callable[[Facts], tuple[Decimal, Set[str]] | Cannot]:
    """Return what tells the amount at *of* and the currencies that the call says, or why it cannot be said.

    It is read once for each call, for all rules about it. It raises :class:`TooMany`.
    """
    key = ("amount", of)

    def read(facts: Facts) -> tuple[Decimal, Set[str]] | Cannot:
        value = facts.arguments.get(of)
        if isinstance(value, str) and _CERTAIN.fullmatch(value):
            return Decimal(value), facts.once("currencies", _said)
        if of not in facts.arguments:
            return Cannot(f"the argument {of} is missing")
        found = amount_of(value, of)
        return found if isinstance(found, Cannot) else (found[0], _currencies(facts, found[1:]))

    return lambda facts: facts.once(key, read)


def _amount(of: str, wanted: tuple[str, ...]) -> Callable[[Facts], Money | Cannot]:
    """Return what tells the call's amount and which of the rule's currencies it is in, or why it cannot be said."""
    read, known = one_amount(of), frozenset(wanted)

    def amount(facts: Facts) -> Money | Cannot:
        found = read(facts)
        if isinstance(found, Cannot):
            return Cannot(f"amount: {found.why}")
        number, said = found
        if not said and len(wanted) == 1:
            # Where the rule names one currency only, an amount of none is taken to be in it.
            return number, wanted[0]
        if not said:
            return Cannot(f"amount: {of} is {shown(number, 60)} of none of {', '.join(wanted)}")
        if len(said) > 1 or not said <= known:
            return Cannot(f"amount: {_another(said - known or said, ' or '.join(wanted)).why}")
        return number, next(iter(said))

    return amount


def limit_of(options: Mapping[str, object]) -> tuple[str, Decimal, str, str]:
    """Return argument, limit, currency and the limit as written. Raises :class:`BadOption`."""
    of = options["of"]
    if not isinstance(of, str) or not of:
        raise BadOption("must be the name of an argument", "of")
    found = money(options["max"])
    if found is None or found[0] < 0:
        raise BadOption(f"not an amount: {shown(options['max'])}", "max", hint="write 100, or 100 EUR")
    return of, found[0], found[1], str(options["max"])


Limits = dict[str, tuple[Decimal, str]]
"""By currency, a limit and how the rule writes it."""


def _limits(options: Mapping[str, object], key: str) -> Limits:
    if key not in options:
        return {}
    value = options[key]
    several = value if isinstance(value, list) else [value]
    found: Limits = {}
    for index, one in enumerate(several):
        place: tuple[str | int, ...] = (key, index) if isinstance(value, list) else (key,)
        limit = money(one)
        if limit is None or limit[0] < 0:
            raise BadOption(f"not an amount: {shown(one)}", *place, hint="write 100, or 100 EUR")
        if limit[1] in found or (len(several) > 1 and not limit[1]):
            raise BadOption(
                "each limit of several needs a currency of its own", *place, hint="write [100 EUR, 110 USD]"
            )
        found[limit[1]] = limit[0], str(one)
    if not found:
        raise BadOption(f"{key!r} is empty", key, hint="a requirement that nothing can meet")
    return found


def _build_amount(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("of",), optional=("min", "max"))
    of, least, most = options["of"], _limits(options, "min"), _limits(options, "max")
    if not isinstance(of, str) or not of:
        raise BadOption("must be the name of an argument", "of")
    if not least and not most:
        raise BadOption("'max' is missing", hint="write max: ...")
    if least and most and set(least) != set(most):
        raise BadOption("min and max are not in the same currencies", "min", hint="write both for each of them")
    for currency in set(least) & set(most):
        if least[currency][0] > most[currency][0]:
            raise BadOption(
                f"{least[currency][1]} is more than {most[currency][1]}", "min", hint="nothing could meet it"
            )
    amount = _amount(of, tuple(most or least))

    def check(facts: Facts) -> Outcome:
        found = amount(facts)
        if isinstance(found, Cannot):
            return found
        number, currency = found
        if currency in most and number > most[currency][0]:
            return Fails(f"amount: {of} is {shown(number, 60)}, more than {most[currency][1]}")
        if currency in least and number < least[currency][0]:
            return Fails(f"amount: {of} is {shown(number, 60)}, less than {least[currency][1]}")
        return None

    return Built(check, {of: ("of",)})


def _say_amount(options: Mapping[str, object]) -> str:
    parts = []
    for key, word in (("min", "at least"), ("max", "at most")):
        limits = _limits(options, key)
        if limits:
            parts.append(f"{word} {' or '.join(written for _, written in limits.values())}")
    return f"{options['of']} is {' and '.join(parts)}"


AMOUNT = Predicate("amount", _build_amount, _say_amount)
