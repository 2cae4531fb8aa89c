"""What a rule may use up, kept as one sum: of a call, an hour, a day or a session.

Rules of this file:

1. One key per rule and period, of bounded length, whatever the number of calls. Its text is the sum as exact decimal text,
   after the hour or the day and a blank where it has one.
2. A clock that goes back frees nothing: the later hour or day stays in force until it is over.
3. A sum that is not known stays unknown until its hour, day or session is over.

An hour is one of UTC, told by its number since 1970; a day is the local calendar day. Both are kept per user, over all of
that user's sessions, unless the rule says ``scope: session``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Literal

from pinnedrules.rules.predicates.base import BadOption, Facts, Note
from pinnedrules.types import LedgerState, Moment

__all__ = ["PERIODS", "SCOPES", "UNKNOWN", "Budget", "Half", "added", "dated", "half_of", "over"]

Half = Literal["session", "user"]
PERIODS = ("hour", "day", "session")
SCOPES = ("user", "session")
UNKNOWN = "unknown"

_HOUR_US = 3_600_000_000
_EXACT = Context(prec=200, traps=[InvalidOperation, Inexact, Overflow])
_ZERO = Decimal(0)
_DIGITS = 18
_PLAIN = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{1,60})?")
_WORDS = ("total", "count", "once")


def half_of(options: Mapping[str, object], per: str) -> Half:
    """Return the half that a sum per *per* belongs to. Raises :class:`BadOption` for a wrong ``scope``."""
    if "scope" not in options:
        return "session" if per == "session" else "user"
    scope = options["scope"]
    if per in ("call", "session"):
        raise BadOption(f"'scope' with per: {per}", "scope", hint="take it out, or write per: hour or per: day")
    if scope == "user":
        return "user"
    if scope == "session":
        return "session"
    raise BadOption("must be user or session", "scope", word=str(scope), known=SCOPES)


def added(before: Decimal | None, number: Decimal | None) -> Decimal | None:
    """Return the exact sum; None when one of them, or the sum, is not known."""
    if before is None or number is None:
        return None
    try:
        return _EXACT.add(before, number)
    except DecimalException:
        return None


def dated(per: str, now: Moment) -> str:
    """Return the period that *now* is in, as text that grows with time; empty for a session."""
    if per == "hour":
        return f"{now.utc_us // _HOUR_US:09d}"
    return now.day if per == "day" else ""


def over(key: str, text: str, now: Moment) -> bool:
    """True for a key of the user half whose hour or day is over, so that nothing will ever ask for it again."""
    word, _, _ = key.partition(":")
    name, _, per = word.partition(".")
    if name not in _WORDS or per not in ("", "hour"):
        return False
    this = dated(per or "day", now)
    begun, blank, _ = text.partition(" ")
    return bool(blank) and len(begun) == len(this) and begun < this


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a rule keeps its sum, under which key of its half of the ledger. *word* is the requirement's name."""

    word: str
    rule: str
    per: str
    half: Half
    key: str = field(init=False)

    def __post_init__(self) -> None:
        plain = self.per == "session" or (self.per == "day" and self.half == "user")
        object.__setattr__(self, "key", f"{self.word}{'' if plain else f'.{self.per}'}:{self.rule}")

    def kept(self, ledger: LedgerState, now: Moment) -> tuple[str, str | None]:
        """Return the period in force, and what is kept of it; None when that is nothing yet."""
        text = (ledger.user if self.half == "user" else ledger.session).get(self.key)
        if self.per == "session":
            return "", text
        period = now.day if self.per == "day" else dated(self.per, now)
        if text is None or not period:
            return period, text
        begun, blank, rest = text.partition(" ")
        if not blank or len(begun) != len(period):
            return period, UNKNOWN
        return (period, None) if begun < period else (begun, rest)

    def text(self, period: str, rest: str) -> str:
        """Return the key's text."""
        return f"{period} {rest}" if period else rest

    def so_far(self, facts: Facts) -> Decimal | None:
        """Return the sum so far, None when it is not known."""
        return _number(self.kept(facts.ledger, facts.now)[1])

    def whole(self, facts: Facts) -> int | None:
        """Return the sum so far where it is certainly a whole number; None says nothing. It spares a call exact decimals."""
        text = self.kept(facts.ledger, facts.now)[1]
        if text is None:
            return 0
        return int(text) if text.isdigit() and text.isascii() and len(text) <= _DIGITS else None

    def note(self, facts: Facts, number: Decimal | None) -> Note:
        """Return the note that adds *number*, None for one that is not known."""
        period, before = self.kept(facts.ledger, facts.now)
        rest = _written(added(_number(before), number))

        def back(text: str) -> str | None:
            begun, _, rest = text.partition(" ") if period else ("", "", text)
            known = _number(rest)
            if begun != period or known is None or number is None:
                return text
            left = _written(added(known, number.copy_negate()))
            return text if left == UNKNOWN else self.text(period, left)

        return Note(self.half, self.key, self.text(period, rest), back)


def _number(text: str | None) -> Decimal | None:
    if text is None:
        return _ZERO
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def _written(number: Decimal | None) -> str:
    text = UNKNOWN if number is None else f"{number:f}"
    return text if _PLAIN.fullmatch(text) else UNKNOWN
