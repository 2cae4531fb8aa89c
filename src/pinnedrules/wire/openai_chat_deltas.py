"""Adds up the deltas of a streamed Chat Completions message for members that this package does not itself read.

Compatible servers stream reasoning in such members and want it back with the next request (``reasoning_content``,
``reasoning_details``). Text of a known kind is joined, lists grow by the ``index`` of their entries, and of anything
else the first text and the last value count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["grown"]

_JOINED = frozenset({"reasoning", "reasoning_content"})
_NO_INDEX = object()
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
        for number, old in enumerate(total):
            if isinstance(entry, dict) and isinstance(old, dict) and old.get("index") == entry.get("index", _NO_INDEX):
                total[number] = _grown_entry(old, entry)
                break
        else:
            total.append(entry)
    return total


def _grown_entry(former: Mapping[str, object], entry: Mapping[str, object]) -> dict[str, object]:
    whole = dict(former)
    for key, value in entry.items():
        old = whole.get(key)
        if isinstance(old, str) and isinstance(value, str) and key in _JOINED_IN_ENTRIES:
            whole[key] = old + value
        else:
            whole[key] = old if value is None else value
    return whole
