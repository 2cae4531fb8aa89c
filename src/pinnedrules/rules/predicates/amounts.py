"""``amount: {of: amount, max: 100}`` and ``total: {of: amount, per: day, max: 500}``: how much, at once and together.

``of`` names the argument. ``max`` is a number, or a number with a currency (``100 EUR``).

- holds: the amount (for ``total``: together with what was released before) is at most ``max``.
- fails: it is more.
- cannot be decided: the argument is missing, negative, not a number, written with separators or look-alike digits, in
  a currency that the rule does not name, too large to be added up exactly; or the sum so far is not known.

Sums are kept in the ledger, one per rule: per user and local calendar day (``per: day``), or per session. They are
exact decimal text. What a person let through although its amount could not be read leaves the sum unknown until the
day or the session is over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow

from pinnedrules.rules.bearing import strings
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Facts,
    Fails,
    Outcome,
    Predicate,
    Reserve,
    closed,
)
from pinnedrules.rules.printable import shown
from pinnedrules.types import LedgerState, Moment

__all__ = ["AMOUNT", "TOTAL", "TOTAL_KEY", "UNKNOWN", "Money", "money"]

TOTAL_KEY = "total:"
"""Ledger keys of sums are this and the rule's id; the text is the sum, after the day and a blank for sums per day."""

UNKNOWN = "unknown"
MAX_EXPONENT = 60

_EXACT = Context(prec=200, traps=[InvalidOperation, Inexact, Overflow])
_PLAIN = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{1,60})?")
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


def _amount(facts: Facts, of: str, currency: str) -> Decimal | Cannot:
    """Return the call's amount in the rule's currency, or why it cannot be said."""
    if of not in facts.arguments:
        return Cannot(f"the argument {of} is missing")
    value = facts.arguments[of]
    found = money(value)
    if found is None:
        return Cannot(f"{of} is not an amount: {shown(value, 60)}")
    number, named = found
    if number < 0:
        return Cannot(f"{of} is negative: {shown(value, 60)}")
    others = {named} if named else set()
    for key, text in strings(facts.arguments):
        if key.lower().rpartition("_")[2] == "currency" and text is not None:
            others.add(str(text).upper())
    if others - {currency}:
        said = ", ".join(sorted(shown(other, 20) for other in others - {currency}))
        return Cannot(f"the call says {said} and the rule says {currency or 'no currency'}")
    return number


def _limit(options: Mapping[str, object]) -> tuple[str, Decimal, str, str]:
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
    of, limit, currency, written = _limit(options)

    def check(facts: Facts) -> Outcome:
        number = _amount(facts, of, currency)
        if isinstance(number, Cannot):
            return Cannot(f"amount: {number.why}")
        return None if number <= limit else Fails(f"amount: {of} is {shown(number, 60)}, more than {written}")

    return Built(check, {of: ("of",)})


def _sum(ledger: LedgerState, now: Moment, key: str, daily: bool) -> tuple[str, Decimal | None]:
    """Return the day that the sum belongs to and the sum so far, None when it is not known.

    A clock that goes back does not begin a new sum: the later day stays in force until it is over.
    """
    text = (ledger.user if daily else ledger.session).get(key)
    day = now.day if daily else ""
    if text is None:
        return day, Decimal(0)
    if daily:
        kept, _, text = text.partition(" ")
        if kept < now.day:
            return day, Decimal(0)
        day = kept
    return day, Decimal(text) if _PLAIN.fullmatch(text) else None


def _added(before: Decimal | None, number: Decimal) -> Decimal | None:
    if before is None:
        return None
    try:
        return _EXACT.add(before, number)
    except DecimalException:
        return None


def _build_total(options: Mapping[str, object], rule: str) -> Built:
    closed(options, required=("of", "per", "max"))
    of, limit, currency, written = _limit(options)
    per = options["per"]
    if per not in ("day", "session"):
        raise BadOption("must be day or session", "per", word=str(per), known=("day", "session"))
    daily = per == "day"
    key = TOTAL_KEY + rule

    def check(facts: Facts) -> Outcome:
        number = _amount(facts, of, currency)
        if isinstance(number, Cannot):
            return Cannot(f"total: {number.why}")
        before = _sum(facts.ledger, facts.now, key, daily)[1]
        after = _added(before, number)
        if after is None:
            return Cannot(f"total: the sum of {of} this {per} is not known")
        return (
            None
            if after <= limit
            else Fails(f"total: {of} of this {per} would be {shown(after, 60)}, more than {written}")
        )

    return Built(check, {of: ("of",)}, reserve=_reserve(key, of, currency, daily))


def _reserve(key: str, of: str, currency: str, daily: bool) -> Reserve:
    def reserve(facts: Facts) -> tuple[str, str, str]:
        day, before = _sum(facts.ledger, facts.now, key, daily)
        number = _amount(facts, of, currency)
        after = None if isinstance(number, Cannot) else _added(before, number)
        text = UNKNOWN if after is None else f"{after:f}"
        if not _PLAIN.fullmatch(text):
            text = UNKNOWN
        return ("user", key, f"{day} {text}") if daily else ("session", key, text)

    return reserve


def _say_amount(options: Mapping[str, object]) -> str:
    return f"{options['of']} is at most {options['max']}"


def _say_total(options: Mapping[str, object]) -> str:
    return f"{options['of']} adds up to at most {options['max']} per {options['per']}"


AMOUNT = Predicate("amount", _build_amount, _say_amount)
TOTAL = Predicate("total", _build_total, _say_total)
