"""``count: {max: 20, per: hour}`` and ``count: {of: ids, max: 10, per: call}``: how many.

Without ``of``, the calls that the rule is about are counted; with it, what stands in that argument (one value is one, a
list as many as it has; several arguments are added up). ``per`` is ``call`` (with ``of``), ``hour``, ``day`` or
``session`` (see ``budgets``).

- holds: together with what was released before it is at most ``max``: the 20th call of this hour.
- fails: it is more: the 21st.
- cannot be decided: none of the arguments is there, or what stands in one may be more than one thing: ``1,2,3``, ``*``,
  ``all``, ``1-100``, a list in a list, a map; or the number so far is not known.

What a person let through although it could not be counted leaves the number unknown until its period is over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Facts,
    Fails,
    Note,
    Outcome,
    Predicate,
    closed,
    texts,
)
from pinnedrules.rules.predicates.budgets import PERIODS, Budget, added, half_of
from pinnedrules.rules.predicates.marks import too_strange
from pinnedrules.rules.predicates.values import head, values
from pinnedrules.rules.printable import shown

__all__ = ["COUNT"]

MAX_ONE = 256
"""Longest text that counts as one thing, in characters."""

_PERIODS = ("call", *PERIODS)
_SEVERAL = re.compile(r"[,;|*?%\[\]{}()\s\x00-\x1f\x7f]|\.\.")
# Numbers, and names that end in a number: m1-m9.
_RANGE = re.compile(r"[0-9]+[-:][0-9]*|([a-zA-Z_]*)[0-9]+[-:]\1[0-9]+")
# A search instead of an id, as mail services write it (Gmail's search operators, Graph's keyword queries).
_SEARCH = re.compile(
    r"-?(?:is|in|has|label|labels|category|from|to|cc|bcc|subject|after|before|older|newer|older_than|newer_than|size|larger"
    r"|smaller|filename|list|received|folder|status|type|kind|tag):.+",
    re.IGNORECASE,
)
_FOLDERS = frozenset({"inbox", "trash", "spam", "junk", "unread", "archive", "starred", "drafts", "sent", "promotions"})
_EVERYTHING = frozenset({"all", "any", "each", "every", "everything", "selected", "-1"})
_NOTHING = object()
_CALL = Decimal(1)


def _one(value: object) -> bool:
    """True for what is certainly one thing."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        if len(value) > MAX_ONE:
            return False
        text = unicodedata.normalize("NFKC", value).strip(" ")
        return (
            bool(text)
            and (text.isascii() or all(char.isascii() or unicodedata.category(char)[0] in "LMN" for char in text))
            and not _SEVERAL.search(text)
            and not _RANGE.fullmatch(text)
            and not _SEARCH.fullmatch(text)
            and text.lower() not in _EVERYTHING | _FOLDERS
        )
    return isinstance(value, (int, Decimal)) and value >= 0


def _counted(facts: Facts, of: tuple[str, ...]) -> Decimal | Cannot:
    """Return how many things the call is about, or why that cannot be said."""
    if not of:
        return _CALL
    there = [name for name in of if name in facts.arguments or head(name) in facts.arguments]
    if not there:
        return Cannot(f"the argument {' or '.join(of)} is missing")
    number = 0
    for name in there:
        found = values(facts.arguments, name)
        if isinstance(found, Cannot):
            return found
        if too_strange(found):
            return Cannot(f"{name} is too long")
        strange = next((value for value in found if not _one(value)), _NOTHING)
        if strange is not _NOTHING:
            told = "" if isinstance(strange, (dict, list)) else f": {shown(strange, 60)}"
            return Cannot(f"{name} may be more than one{told}")
        number += len(found)
    return Decimal(number)


def _build(options: Mapping[str, object], rule: str) -> Built:
    closed(options, required=("max", "per"), optional=("of", "scope"))
    limit, of, per = options["max"], texts(options, "of"), str(options["per"])
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise BadOption(f"not a number of things: {shown(limit)}", "max", hint="write a whole number, 0 or more")
    if per not in _PERIODS:
        raise BadOption("must be call, hour, day or session", "per", word=per, known=_PERIODS)
    if per == "call" and not of:
        raise BadOption("per: call without 'of': a call is one call", "per", hint="name what is counted with of: ...")
    budget = Budget("count", rule, per, half_of(options, per))
    what = " and ".join(of) or "calls"

    def check(facts: Facts) -> Outcome:
        if not of:
            so_far = budget.whole(facts)
            if so_far is not None and so_far < limit:
                return None
        number = _counted(facts, of)
        if isinstance(number, Cannot):
            return Cannot(f"count: {number.why}")
        after = number if per == "call" else added(budget.so_far(facts), number)
        if after is None:
            return Cannot(f"count: how many {what} there were this {per} is not known")
        return None if after <= limit else Fails(f"count: {what} of this {per} would be {after:f}, more than {limit}")

    def reserve(facts: Facts) -> Note:
        number = _counted(facts, of)
        return budget.note(facts, None if isinstance(number, Cannot) else number)

    where: tuple[str | int, ...] = ("of",)
    return Built(check, {head(name): where for name in of}, reserve=None if per == "call" else reserve)


def _say(options: Mapping[str, object]) -> str:
    of = texts(options, "of")
    what = " and ".join(of) if of else "call" if options["max"] == 1 else "calls"
    return f"at most {options['max']} {what} per {options['per']}"


COUNT = Predicate("count", _build, _say)
