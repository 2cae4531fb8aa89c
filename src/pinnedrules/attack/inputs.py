"""The inputs that come with the package: tricks by kind, each as a call under a rule of its own.

They are derived from the corpus of the tests (``tests/attack/deriving.py``), so that both grow together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Entry", "Group", "groups"]

Written = tuple[str, object]
"""A tool and its arguments: a map, or the text as it arrives."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One trick: a call, and the calls that were released before it. ``shapes``: see ``tests/attack/deriving.py``."""

    why: str
    call: Written
    after: tuple[Written, ...]
    shapes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Tricks of one kind, all against one rule: its tools, the argument that it is about, a value inside of what it permits.

    ``limit`` is the rule's greatest amount. The first entry is the deed itself, done plainly.
    """

    kind: str
    tools: tuple[str, ...]
    argument: str
    inside: str
    limit: int
    entries: tuple[Entry, ...]


@cache
def groups() -> tuple[Group, ...]:
    """Return all of them."""
    written = json.loads(files("pinnedrules.attack").joinpath("inputs.json").read_text(encoding="utf-8"))
    return tuple(
        Group(
            kind=group["kind"],
            tools=tuple(group["tools"]),
            argument=group["argument"],
            inside=group["inside"],
            limit=group["limit"],
            entries=tuple(
                Entry(
                    entry["why"],
                    (entry["call"][0], entry["call"][1]),
                    tuple((name, arguments) for name, arguments in entry.get("after", ())),
                    frozenset(entry["shapes"]),
                )
                for entry in group["entries"]
            ),
        )
        for group in written
    )
