"""Adds up the deltas of a streamed Chat Completions message for members that this package does not itself read.

Compatible servers stream reasoning in such members and want it back with the next request (``reasoning_content``,
``reasoning_details``). Text of a known kind is joined, lists grow by the ``index`` of their entries, and of anything
else the first text and the last value count.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["grown"]

_JOINED = frozenset({"reasoning", "reasoning_content"})
_JOINED_IN_ENTRIES = frozenset({"text", "summary", "data"})


def grown(key: str, former: object, value: object) -> object:
    """Add a piece of an unknown member, the way both sides of this API add up deltas."""
    if isinstance(former, str) and isinstance(value, str):
        return former + value if key in _JOINED else former
    if isinstance(former, dict) and isinstance(value, dict):
        return {**former, **{name: grown(name, former.get(name), one) for name, one in value.items()}}
    if isinstance(former, list) and isinstance(value, list):
        return _grown_list(former, value)
    return value


def _grown_list(former: Sequence[object], value: Sequence[object]) -> list[object]:
    """Add entries to a list; entries with an index grow in place (``reasoning_details``)."""
    total = list(former)
    for entry in value:
        index = entry.get("index") if isinstance(entry, dict) else None
        known = next((n for n, old in enumerate(total) if isinstance(old, dict) and old.get("index") == index), None)
        if index is None or known is None:
            total.append(entry)
        else:
            total[known] = _grown_entry(total[known], entry)
    return total


def _grown_entry(former: object, entry: object) -> object:
    if not isinstance(former, dict) or not isinstance(entry, dict):
        return entry
    grown = dict(former)
    for key, value in entry.items():
        old = grown.get(key)
        joined = isinstance(old, str) and isinstance(value, str) and key in _JOINED_IN_ENTRIES
        grown[key] = str(old) + str(value) if joined else value if value is not None else old
    return grown
