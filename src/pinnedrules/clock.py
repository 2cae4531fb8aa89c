"""The one place that reads the clock."""

from __future__ import annotations

import time
from datetime import datetime

from pinnedrules.types import Moment

__all__ = ["moment"]


def moment() -> Moment:
    """Return the time now; the day is the local calendar day, as a person counts a daily sum."""
    return Moment(time.time_ns() // 1000, time.monotonic_ns(), datetime.now().astimezone().date().isoformat())
