"""Sets two runs side by side, arm by arm: what differs by more than chance."""

from __future__ import annotations

from typing import Any

from pinnedrules.bench.markdown import NAMES, table

__all__ = ["compared", "differs"]

_MEASURES = ("executed", "task done", "success")


def differs(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two shares differ by more than chance: their intervals do not meet."""
    return bool(one["low"] > other["high"] or other["low"] > one["high"])


def compared(first: dict[str, Any], second: dict[str, Any]) -> tuple[str, bool]:
    """Return the two reports as one Markdown table, and whether the second is worse in executed violations.

    Both are the JSON that ``pinnedrules bench survival`` writes. Of runs of different suites it is said that they are.
    """
    rows, worse = [], False
    for arm in first["figures"]["arms"]:
        if arm not in second["figures"]["arms"]:
            continue
        for measure in _MEASURES:
            one, other = (said["figures"]["arms"][arm][measure] for said in (first, second))
            found = differs(one, other)
            worse = worse or (measure == "executed" and found and other["percent"] > one["percent"])
            rows.append((NAMES[arm], measure, _said(one), _said(other), "differs" if found else "within chance"))
    lines = table(("arm", "episodes", "first", "second", ""), rows)
    if first["suite"]["sha256"] != second["suite"]["sha256"]:
        lines = ["The two runs have different suites: compare direction, not digits.", "", *lines]
    return "\n".join(lines), worse


def _said(one: dict[str, Any]) -> str:
    return f"{one['hits']}/{one['of']}: {one['percent']} % ({one['low']} to {one['high']})"
