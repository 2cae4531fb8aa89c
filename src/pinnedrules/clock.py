"""The one place that reads the clock."""

from __future__ import annotations

import time

from pinnedrules.types import Moment

__all__ = ["moment"]


def moment() -> Moment:
    """Return the time now; the day is the local calendar day, as a person counts a daily sum."""
    now_us = time.time_ns() // 1000
    here = time.localtime(now_us // 1_000_000)
    return Moment(now_us, time.monotonic_ns(), f"{here.tm_year:04}-{here.tm_mon:02}-{here.tm_mday:02}")
