"""Adds the token counts of several answers that an application sees as one."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["add_usage"]


def add_usage(*counts: Mapping[str, object]) -> dict[str, object]:
    """Add numbers member by member, at any depth; lists are joined, and of anything else the last one counts."""
    total: dict[str, object] = {}
    for count in counts:
        for key, value in count.items():
            total[key] = _add(total.get(key), value)
    return total


def _add(left: object, right: object) -> object:
    if left is None or right is None:
        return right if left is None else left
    if isinstance(left, dict) and isinstance(right, dict):
        return add_usage(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *right]
    if isinstance(left, bool) or isinstance(right, bool):
        return right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left + right
    return right
