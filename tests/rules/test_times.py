"""Times of day: what a clock in the rule's zone says at one moment of UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.rules.predicates.base import BadOption, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.times import DAYS, TIME
from pinnedrules.types import LedgerState, Moment

OFFICE = {"between": "09:00-17:00", "days": ["mon", "tue", "wed", "thu", "fri"], "zone": "Europe/Berlin"}
NIGHT = {"between": "22:00-06:00", "days": "fri", "zone": "Europe/Berlin"}


def outcome(at: str, options: Mapping[str, object]) -> Outcome:
    """Return what the requirement says at a moment, written with its offset."""
    moment = Moment(int(datetime.fromisoformat(at).timestamp() * 1_000_000), 1, "1999-01-01")
    return TIME.build(options, "r").check(Facts({}, LedgerState(), moment))


@pytest.mark.parametrize(
    "at",
    ["2026-11-23T09:00:00+01:00", "2026-11-23T16:59:59+01:00", "2026-11-23T08:00:00Z", "2026-07-01T07:00:00Z",
     "2026-11-23T23:30:00+15:00"],
)  # fmt: skip
def test_inside_the_hours_holds(at: str) -> None:
    """Summer and winter, whatever offset the host writes its clock with."""
    assert outcome(at, OFFICE) is None


@pytest.mark.parametrize(
    "at",
    ["2026-11-23T08:59:59.999999+01:00", "2026-11-23T17:00:00+01:00", "2026-11-22T12:00:00+01:00", "2026-07-01T15:00:00Z",
     "2026-11-23T07:59:00Z"],
)  # fmt: skip
def test_outside_the_hours_fails(at: str) -> None:
    """The last minute is outside, and Sunday is Sunday where the rule says."""
    assert isinstance(outcome(at, OFFICE), Fails)


@pytest.mark.parametrize(
    ("at", "inside"),
    [("2026-11-20T21:59:00+01:00", False), ("2026-11-20T22:00:00+01:00", True), ("2026-11-21T05:59:00+01:00", True),
     ("2026-11-21T06:00:00+01:00", False), ("2026-11-20T05:00:00+01:00", False),
     ("2026-11-21T23:00:00+01:00", False)],
)  # fmt: skip
def test_a_span_over_midnight_belongs_to_the_day_on_which_it_began(at: str, inside: bool) -> None:
    """Friday night ends on Saturday morning, and does not begin on Friday morning."""
    assert (outcome(at, NIGHT) is None) == inside


def test_when_clocks_change_utc_decides() -> None:
    """The hour that is left out never comes; both of the two equal hours count."""
    small: dict[str, object] = {"between": "02:00-03:00", "zone": "Europe/Berlin"}
    spring = [outcome(f"2026-03-29T{hour:02}:{minute:02}:00Z", small) for hour in (0, 1) for minute in (0, 30, 59)]
    assert all(isinstance(found, Fails) for found in spring)
    autumn = [outcome(f"2026-10-25T{hour:02}:30:00Z", small) for hour in (0, 1)]
    assert autumn == [None, None]
    assert isinstance(outcome("2026-10-25T02:30:00Z", small), Fails)


def test_several_spans_whole_days_and_days_alone() -> None:
    """Any of the spans will do; without a span every hour counts, without days every day."""
    two: dict[str, object] = {"between": ["08:00-12:00", "13:00-24:00"], "zone": "UTC"}
    assert outcome("2026-11-22T08:00:00Z", two) is None
    assert isinstance(outcome("2026-11-22T12:30:00Z", two), Fails)
    assert outcome("2026-11-22T23:59:59Z", two) is None
    assert outcome("2026-11-22T23:59:59Z", {"days": ["sun"], "zone": "UTC"}) is None
    assert isinstance(outcome("2026-11-23T00:00:00Z", {"days": ["sun"], "zone": "UTC"}), Fails)
    assert outcome("2026-11-23T00:00:00Z", {"between": "00:00-24:00", "zone": "UTC"}) is None


@pytest.mark.parametrize("us", [0, -1, 1_500_000_000_000_000, 10**18])
def test_a_clock_that_cannot_be_believed_decides_nothing(us: int) -> None:
    """A machine that woke up in 1970 does not open an office."""
    built = TIME.build({"between": "00:00-24:00", "zone": "UTC"}, "r")
    assert isinstance(built.check(Facts({}, LedgerState(), Moment(us, 1, ""))), Cannot)


WRONG: list[dict[str, object]] = [
    {"zone": "UTC"},
    {"between": "09:00-17:00"},
    {"between": "9-17", "zone": "UTC"},
    {"between": "09:00-25:00", "zone": "UTC"},
    {"between": "24:00-09:00", "zone": "UTC"},
    {"between": "09:00 - 17:00", "zone": "UTC"},
    {"between": "09:00-24:30", "zone": "UTC"},
    {"between": "09:00-09:00", "zone": "UTC"},
    {"between": [], "zone": "UTC"},
    {"between": "٠٩:٠٠-١٧:٠٠", "zone": "UTC"},
    {"days": ["monday"], "zone": "UTC"},
    {"days": ["Mon"], "zone": "UTC"},
    {"days": ["mon"], "zone": "Europe/Atlantis"},
    {"days": ["mon"], "zone": "localtime"},
    {"days": ["mon"], "zone": "right/UTC"},
    {"days": ["mon"], "zone": "../UTC"},
    {"days": ["mon"], "zone": "Europe"},
    {"days": ["mon"], "zone": ""},
    {"days": ["mon"], "zone": 1},
    {"days": ["mon"], "zone": "UTC", "from": "now"},
]


@pytest.mark.parametrize("options", WRONG, ids=repr)
def test_a_time_that_is_none_is_an_error(options: dict[str, object]) -> None:
    """What would never hold, or somewhere else, is not loaded."""
    with pytest.raises(BadOption):
        TIME.build(options, "r")


MINUTES = st.integers(0, 1439)


@given(
    st.datetimes(datetime(2020, 1, 2), datetime(2040, 1, 1), timezones=st.just(UTC)),
    MINUTES,
    MINUTES,
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]
    ),
)
def test_it_agrees_with_a_calendar(at: datetime, begin: int, end: int, days: set[str], zone: str) -> None:
    """A moment is inside when the clock there has passed a beginning on a named day and not yet its end."""
    if begin == end:
        return
    written = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    here = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    expected = False
    for back in (0, 1):
        day = datetime(here.year, here.month, here.day) - timedelta(days=back)
        until = day + timedelta(days=1 if end < begin else 0, minutes=end)
        if DAYS[day.weekday()] in days and day + timedelta(minutes=begin) <= here < until:
            expected = True
    assert (outcome(at.isoformat(), {"between": written, "days": sorted(days), "zone": zone}) is None) == expected


def test_it_reads_aloud() -> None:
    """A person reads what is wanted."""
    assert TIME.say(OFFICE) == "the time is 09:00-17:00 on mon or tue or wed or thu or fri in Europe/Berlin"
    assert TIME.say({"days": "sun", "zone": "UTC"}) == "the time is sun in UTC"
