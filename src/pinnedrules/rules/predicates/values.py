"""What stands at the place that ``of`` names: one value, the items of a list, or an argument of each of them."""

from __future__ import annotations

from collections.abc import Mapping

from pinnedrules.rules.predicates.base import Cannot
from pinnedrules.rules.printable import shown

__all__ = ["MAX_VALUES", "head", "values"]

MAX_VALUES = 1_000
"""Values at one place that are looked at. A call with more of them cannot be decided."""


def head(of: str) -> str:
    """Return the argument that *of* begins at."""
    return of.partition(".")[0]


def values(arguments: Mapping[str, object], of: str) -> list[object] | Cannot:
    """Return what stands at *of*; ``items.amount`` is what every item of the list ``items`` has as its ``amount``.

    An argument whose own name has a dot counts as itself, unless the place that the dots lead to is there as well.
    """
    if of in arguments:
        if "." in of and head(of) in arguments:
            return Cannot(f"both {of} and {head(of)} are there")
        value = arguments[of]
        return _items(of, [value]) if isinstance(value, list) else [value]
    found: list[object] = [arguments]
    for step in of.split("."):
        below: list[object] = []
        for value in found:
            if not isinstance(value, Mapping) or step not in value:
                return Cannot(f"the argument {shown(of, 60)} is missing")
            below.append(value[step])
        opened = _items(of, below)
        if isinstance(opened, Cannot):
            return opened
        found = opened
    return found


def _items(of: str, found: list[object]) -> list[object] | Cannot:
    """Open lists, one level."""
    opened: list[object] = []
    for value in found:
        if isinstance(value, list):
            opened.extend(value)
        else:
            opened.append(value)
        if len(opened) > MAX_VALUES:
            return Cannot(f"{shown(of, 60)} has more than {MAX_VALUES} values")
    return opened
