"""Which calls there are, as far as rules can tell them apart: by tool and by effects. And who speaks of each.

The points are told by the file: every tool that it names, with what it does and what its arguments may add, and a tool that
nobody declared for every effect. What holds at all of them holds for every call; only arguments are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob
from pinnedrules.rules.plan import Candidate
from pinnedrules.types import EFFECTS, Effect

__all__ = ["Point", "points", "stands_for"]

_STRANGER = "no-such-tool"
_AFTER_SEPARATOR = ("", ".", ":", "/", "_")


@dataclass(frozen=True, slots=True)
class Point:
    """A tool with effects, and the rules that speak of such a call, by id."""

    tool: str
    effects: tuple[Effect, ...]
    candidates: dict[str, Candidate]


def points(rules: RuleSet) -> list[Point]:
    """Return every point of *rules*."""
    found: dict[tuple[str, tuple[Effect, ...]], Point] = {}
    for name, effects in _calls(rules):
        tool = rules.plan.tool(name)
        if tool is not None and (name, effects) not in found:
            every = rules.plan.candidates(tool, effects).every
            found[name, effects] = Point(name, effects, {one.rule.id: one for one in every})
    return list(found.values())


def stands_for(pattern: str) -> str:
    """Return a name that a pattern of names matches; a name for itself."""
    if not is_glob(pattern):
        return pattern
    text = ""
    for index, char in enumerate(pattern):
        if char == "*":
            before, after = text[-1:], pattern[index + 1 : index + 2]
            char = "x" if before in _AFTER_SEPARATOR and after in _AFTER_SEPARATOR else ""
        text += "x" if char == "?" else char
    return text


def _calls(rules: RuleSet) -> Iterator[tuple[str, tuple[Effect, ...]]]:
    named = [name for rule in rules.rules if rule.on for name in rule.on.tools]
    for pattern in (*rules.tools, *named):
        name = stands_for(pattern)
        tool = rules.plan.tool(name)
        if tool is None:
            continue
        yield name, tool.effects
        if tool.effects == ("read",):
            yield name, ("read", "send")
        elif "execute" in tool.effects:
            # A command may do anything besides.
            for effect in EFFECTS:
                yield name, tuple(one for one in EFFECTS if one in (*tool.effects, effect))
    for effect in EFFECTS:
        yield _STRANGER, (effect,)
