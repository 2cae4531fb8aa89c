"""One thing that was looked at, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is in order, in words, and what to do if it is not.

    ``note``: nothing is wrong, and somebody should know.
    """

    what: str
    state: Literal["ok", "note", "bad"]
    said: str
    next_step: str = ""
