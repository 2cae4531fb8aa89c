"""Points in time as people type them."""

from __future__ import annotations

import re
from datetime import datetime

__all__ = ["since"]

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN = re.compile(r"([0-9]{1,9})\s*(s|min|m|h|d|w)")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def since(text: str, now: float) -> int:
    """Return the point in time as UTC microseconds: a span before *now* (seconds), a time of today, a date, both.

    Without an offset local time is meant. Raises ValueError, and what the system's own calendar raises.
    """
    text = text.strip()
    span = _SPAN.fullmatch(text)
    if span:
        return int((now - int(span[1]) * _UNITS[span[2]]) * 1_000_000)
    clock = _CLOCK.fullmatch(text)
    today = datetime.fromtimestamp(now)
    if clock:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return _micros(today.replace(hour=hour, minute=minute, second=second, microsecond=0))
    if text == "today":
        return _micros(today.replace(hour=0, minute=0, second=0, microsecond=0))
    return _micros(datetime.fromisoformat(text))


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
