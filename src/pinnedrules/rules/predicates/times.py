"""``time: {between: "09:00-17:00", days: [mon, fri], zone: Europe/Berlin}``: the call is decided at this time of day.

``between`` is one span or a list of them, from the first minute up to, and without, the last; ``24:00`` ends a day. A span
whose end is before its beginning goes over midnight, and what is after midnight belongs to the day on which it began:
``{between: "22:00-06:00", days: [fri]}`` ends on Saturday at six. ``zone`` is a name of the IANA time zone database (RFC
6557); what the clock there says is told from UTC, which is always one time. So when clocks go forward a span in the hour
that is left out never comes, and when they go back both of the two equal hours count.

- holds: the local time is inside a span on one of the days.
- fails: it is not.
- cannot be decided: the host has no believable clock (before 2020 or after 9999).

It is the moment of the decision. A call that a person allows later is decided by that person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Outcome, Predicate, closed, texts
from pinnedrules.rules.printable import shown

__all__ = ["DAYS", "TIME", "covered"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")
_WHOLE = (0, 1440)
_FIRST_US = 1_577_836_800_000_000  # 2020-01-01
_LAST_US = 253_402_000_000_000_000  # 9999-12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[int, int]
"""Minutes of a day, the first one inside and the first one after; the second is smaller when midnight lies between."""


def _spans(options: Mapping[str, object]) -> tuple[Span, ...]:
    found: list[Span] = []
    for text in texts(options, "between"):
        span = _SPAN.fullmatch(text)
        if span is None:
            raise BadOption(f"not a span of time: {shown(text)!r}", "between", hint='write "09:00-17:00"')
        hour, minute, until_hour, until_minute = (int(part) for part in span.groups() if part is not None)
        begin, end = hour * 60 + minute, until_hour * 60 + until_minute
        if begin == end:
            raise BadOption(f"{text} is no time at all", "between", hint="00:00-24:00 is the whole day")
        found.append((begin, end))
    return tuple(found) or (_WHOLE,)


def _days(options: Mapping[str, object]) -> frozenset[int]:
    named = texts(options, "days") or DAYS
    for index, day in enumerate(named):
        if day not in DAYS:
            raise BadOption(f"not a day: {shown(day)!r}", "days", index, hint=f"known: {', '.join(DAYS)}")
    return frozenset(DAYS.index(day) for day in named)


def _zone(options: Mapping[str, object]) -> ZoneInfo:
    name = options["zone"]
    # Besides the zones the database has "localtime" and "right/..." (whatever the machine is set to, leap seconds counted).
    if not isinstance(name, str) or not name[:1].isupper():
        raise BadOption("must be the name of a time zone", "zone", hint="write one such as Europe/Berlin, or UTC")
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadOption(
            f"no time zone is called {shown(name)!r}", "zone",
            hint="write one such as Europe/Berlin; where the system knows none at all: pip install tzdata",
        ) from None  # fmt: skip


def _inside(minute: int, weekday: int, spans: tuple[Span, ...], days: frozenset[int]) -> bool:
    for begin, end in spans:
        if begin < end:
            if begin <= minute < end and weekday in days:
                return True
        elif (minute >= begin and weekday in days) or (minute < end and (weekday - 1) % 7 in days):
            return True
    return False


def covered(options: Mapping[str, object]) -> frozenset[int]:
    """Return the minutes of a week, from Monday on, in which the requirement holds, whatever its zone."""
    spans, days = _spans(options), _days(options)
    return frozenset(
        minute for minute in range(len(DAYS) * 1440) if _inside(minute % 1440, minute // 1440, spans, days)
    )


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("zone",), optional=("between", "days"))
    if len(options) == 1:
        raise BadOption("names no time", hint='write between: "09:00-17:00", or days: [mon, fri]')
    spans, days, zone = _spans(options), _days(options), _zone(options)
    wanted = _say(options)

    def check(facts: Facts) -> Outcome:
        if not _FIRST_US <= facts.now.utc_us <= _LAST_US:
            return Cannot("time: the clock cannot be believed")
        here = (_EPOCH + timedelta(microseconds=facts.now.utc_us)).astimezone(zone)
        if _inside(here.hour * 60 + here.minute, here.weekday(), spans, days):
            return None
        return Fails(
            f"time: it is {DAYS[here.weekday()]} {here.hour:02}:{here.minute:02} there, and {wanted} is wanted"
        )

    return Built(check, {})


def _say(options: Mapping[str, object]) -> str:
    between, days = " or ".join(texts(options, "between")), " or ".join(texts(options, "days"))
    return f"the time is {between}{' on ' if between and days else ''}{days} in {options['zone']}"


TIME = Predicate("time", _build, _say)
