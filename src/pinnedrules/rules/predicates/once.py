"""``at_most_once_per: {of: invoice_id, per: session}``: no value of this argument twice.

``of`` names the argument; every item of a list in it counts, and ``items.id`` is the ``id`` of every item. With several
arguments it is their combination that may not come twice. ``per`` is ``day`` (per user, unless the rule says
``scope: session``) or ``session``.

- holds: no call with this value was released before: invoice 4711 for the first time.
- fails: one was, whatever case, blanks or leading zeros it is written with; or the call itself has it twice.
- cannot be decided: the argument is missing, empty, no text or number, or has letters that look like others; 1,000 values
  were there already; or a person let a call through whose value could not be read.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from pinnedrules.rules.predicates.budgets import UNKNOWN, Budget, half_of
from pinnedrules.rules.predicates.marks import MAX_MARKS, alike, has, joined, plus, room, sound, too_strange, without
from pinnedrules.rules.predicates.values import head, values

__all__ = ["AT_MOST_ONCE_PER"]

_PERIODS = ("day", "session")


def _digests(facts: Facts, of: tuple[str, ...]) -> list[str] | Cannot:
    """Return the digest of every value, or of the one combination of them."""
    found: list[list[str]] = []
    for name in of:
        there = values(facts.arguments, name)
        if isinstance(there, Cannot):
            return there
        if not there:
            return Cannot(f"{name} is empty")
        if too_strange(there):
            return Cannot(f"{name} is too long")
        if len(of) > 1 and len(there) > 1:
            return Cannot(f"{name} is a list beside {' and '.join(one for one in of if one != name)}")
        digests: list[str] = []
        for value in there:
            digest = alike(name, value)
            if isinstance(digest, Cannot):
                return digest
            digests.append(digest)
        found.append(digests)
    return found[0] if len(of) == 1 else [joined(digests[0] for digests in found)]


def _build(options: Mapping[str, object], rule: str) -> Built:
    closed(options, required=("of", "per"), optional=("scope",))
    of, per = texts(options, "of"), str(options["per"])
    if per not in _PERIODS:
        raise BadOption("must be day or session", "per", word=per, known=_PERIODS)
    budget = Budget("once", rule, per, half_of(options, per))
    what = " and ".join(of)
    unknown = Cannot(f"at_most_once_per: which {what} there were this {per} is not known")
    full = Cannot(f"at_most_once_per: there were {MAX_MARKS} of them this {per}, and no more are kept")

    plain = of[0] if len(of) == 1 and "." not in of[0] else ""

    def read(facts: Facts) -> list[str] | Cannot:
        # Most calls have one value, which is plain text.
        value = facts.arguments.get(plain)
        if isinstance(value, str) and value.isascii() and plain:
            digest = alike(plain, value)
            return [digest] if isinstance(digest, str) else digest
        return _digests(facts, of)

    def check(facts: Facts) -> Outcome:
        digests = read(facts)
        if isinstance(digests, Cannot):
            return Cannot(f"at_most_once_per: {digests.why}")
        marks = budget.kept(facts.ledger, facts.now)[1] or ""
        if len(digests) > 1 and len(set(digests)) < len(digests):
            return Fails(f"at_most_once_per: the call has one {what} twice")
        if not marks and len(digests) == 1:
            return None
        if has(marks, digests[0]) or (len(digests) > 1 and any(has(marks, digest) for digest in digests[1:])):
            return Fails(f"at_most_once_per: a call with this {what} was released before in this {per}")
        if not sound(marks):
            return unknown
        if room(marks) < len(digests):
            return full
        return None

    def reserve(facts: Facts) -> Note:
        digests = read(facts)
        period, kept = budget.kept(facts.ledger, facts.now)
        marks = kept or ""
        new = [] if isinstance(digests, Cannot) else [one for one in dict.fromkeys(digests) if not has(marks, one)]
        if isinstance(digests, Cannot) or not sound(marks) or room(marks) < len(new):
            # What cannot be kept must not be forgotten either.
            return Note(budget.half, budget.key, budget.text(period, UNKNOWN))
        text = budget.text(period, plus(marks, new))

        def back(later: str) -> str | None:
            begun, _, rest = later.partition(" ") if period else ("", "", later)
            return budget.text(period, without(rest, new)) if begun == period and rest != UNKNOWN else later

        return Note(budget.half, budget.key, text, back)

    where: tuple[str | int, ...] = ("of",)
    return Built(check, {head(name): where for name in of}, reserve=reserve)


def _say(options: Mapping[str, object]) -> str:
    return f"no {' and '.join(texts(options, 'of'))} comes twice per {options['per']}"


AT_MOST_ONCE_PER = Predicate("at_most_once_per", _build, _say)
