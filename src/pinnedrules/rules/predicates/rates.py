"""``rate: {max: 5, per: minute}``: how fast, evenly spread; the generic cell rate algorithm (ITU-T I.371, annex A).

Five a minute are one every 12 seconds. With ``burst: 3`` three may come at once. In any minute, wherever it begins, there
are at most ``max + burst - 1`` calls, so without ``burst`` never more than ``max``. ``per`` is ``minute``, ``hour`` or
``day`` (24 hours). Kept per user over all sessions unless the rule says ``scope: session``.

- holds: the call does not come before its turn: 12 seconds after the one before it.
- fails: it does: 11 seconds after.
- cannot be decided: when the next turn is cannot be read from the ledger.

What is kept is one moment: when the next call would be due if all came as evenly as they may. A clock that goes back only
makes the next turn come later. A person may let a call through before its turn; the ones after it then wait longer.
"""

from __future__ import annotations

from collections.abc import Mapping

from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Note, Outcome, Predicate, closed
from pinnedrules.rules.predicates.budgets import half_of
from pinnedrules.rules.printable import shown

__all__ = ["RATE"]

_PERIODS = {"minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}
_MAX_DIGITS = 20


def _whole(options: Mapping[str, object], key: str, most: int) -> int:
    value = options[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadOption(f"not a number of calls: {shown(value)}", key, hint=f"write a whole number, 1 to {most}")
    return value


def _build(options: Mapping[str, object], rule: str) -> Built:
    closed(options, required=("max", "per"), optional=("burst", "scope"))
    limit, per = _whole(options, "max", 1_000_000), str(options["per"])
    burst = _whole(options, "burst", limit) if "burst" in options else 1
    if per not in _PERIODS:
        raise BadOption("must be minute, hour or day", "per", word=per, known=tuple(_PERIODS))
    apart = -(-_PERIODS[per] // limit)
    half, key = half_of(options, per), f"rate:{rule}"

    def due(facts: Facts) -> int | None:
        """Return when the next call is due, in UTC microseconds; None when that cannot be read."""
        text = (facts.ledger.user if half == "user" else facts.ledger.session).get(key, "0")
        return int(text) if len(text) <= _MAX_DIGITS and text.isascii() and text.isdigit() else None

    def check(facts: Facts) -> Outcome:
        next_us = due(facts)
        if next_us is None:
            return Cannot("rate: when the next call is due is not known")
        early = next_us - (burst - 1) * apart - facts.now.utc_us
        if early <= 0:
            return None
        due_in = -(-early // 1_000_000)
        return Fails(f"rate: {limit} per {per}, evenly spread, are used up; the next is due in {due_in} s")

    def reserve(facts: Facts) -> Note | None:
        text = (facts.ledger.user if half == "user" else facts.ledger.session).get(key)
        next_us = due(facts)
        if next_us is None:
            return None
        written = str(max(next_us, facts.now.utc_us) + apart)
        # Only while no call came after it is it known how it would be without this one.
        return Note(half, key, written, lambda later: text if later == written else later)

    return Built(check, {}, reserve=reserve)


def _say(options: Mapping[str, object]) -> str:
    burst = f", {options['burst']} of them at once" if options.get("burst", 1) != 1 else ""
    calls = "call" if options["max"] == 1 else "calls"
    return f"at most {options['max']} {calls} per {options['per']}, evenly spread{burst}"


RATE = Predicate("rate", _build, _say)
