"""What a tool does, guessed from its name, its arguments and its description. Every guess is for a person to confirm.

Rules of this file:

1. Only a read is let through by most rules, so a tool is guessed to read only when its whole name says so and nothing
   else about it objects. Arguments and description can only make a guess stricter.
2. What is unclear counts as writing, as a tool that nobody declared does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pinnedrules.draft.found import FoundTool
from pinnedrules.rules import words
from pinnedrules.rules.builtin_tools import added_by_name, brings_strangers
from pinnedrules.rules.verbs import deeds, read_by_name, said
from pinnedrules.types import EFFECTS, Effect

__all__ = ["Guess", "family", "guess", "provider_runs"]

# What the program runs for a tool that the provider only defines, by the type without its date. Some of their calls
# delete; a declaration is believed, so it has to say so.
_BUILT_IN: dict[str, tuple[Effect, ...]] = {
    "apply_patch": ("write", "delete"),
    "bash": ("execute",),
    "computer": ("execute",),
    "computer_use_preview": ("execute",),
    "local_shell": ("execute",),
    "memory": ("write", "delete"),
    "shell": ("execute",),
    "text_editor": ("write",),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """The effects that a tool is taken to have. ``why`` says from what; not ``clear``: nothing said what it does."""

    effects: tuple[Effect, ...]
    why: str
    untrusted: bool = False
    clear: bool = True

    @property
    def reads(self) -> bool:
        """True when the tool is taken to read and do no more."""
        return self.effects == ("read",)


def guess(tool: FoundTool) -> Guess:
    """Return what *tool* is taken to do."""
    if tool.type:
        return Guess(_BUILT_IN.get(family(tool.type), ("execute",)), f"its type {family(tool.type)!r}")
    parts = words.split(tool.name)
    named, told, object_ = deeds(parts), said(tool.description), read_by_name(parts)
    known = added_by_name(tool.name)
    effects = [*named.values(), *told.values(), known]
    if named or told:
        which = f"{next(iter(named))!r} in its name" if named else f"{next(iter(told))!r} in its description"
        return Guess(_ordered(effects), which, untrusted=brings_strangers(tool.name))
    if known:
        return Guess(known, "what tools of this name do", untrusted=brings_strangers(tool.name))
    for argument in tool.arguments:
        effect, why = _argument(argument, tool.arguments)
        if effect == "execute" or (effect and object_ is not None):
            return Guess((effect,), f"its argument {argument!r} {why}", clear=effect == "execute")
    if object_ is None:
        return Guess(("write",), _unclear(tool), clear=False)
    return Guess(("read",), "its name", untrusted=_outside(parts, tool))


def provider_runs(tool: FoundTool) -> bool:
    """True when the provider runs the tool itself, so that it is decided on the request, by its type."""
    return bool(tool.type) and family(tool.type) not in _BUILT_IN


def family(kind: str) -> str:
    """Return the type of a provider's tool without its date, the name under which rules know it."""
    return re.sub(r"_20[0-9]{6}$", "", kind)


def _argument(name: str, all_: Iterable[str]) -> tuple[Effect | None, str]:
    """Return what an argument makes of a tool whose name reads, and in which words."""
    parts = words.as_words(name)
    if words.RUNS & set(parts):
        return "execute", "is a program"
    if name == "to" and any(other.startswith(("from", "start")) for other in all_):
        return None, ""
    if words.DECIDES & set(parts):
        return "write", "decides what it does"
    deed = next((word for word in parts if word in words.ACTING and word not in words.THINGS), "")
    if name == "to" or deed or words.TOWARDS & set(parts):
        return "write", "is more than a read needs"
    return None, ""


def _outside(parts: Sequence[list[str]], tool: FoundTool) -> bool:
    names = {word for part in parts for word in part} | {
        word for name in tool.arguments for word in words.as_words(name)
    }
    return bool(names & words.FROM_OUTSIDE)


def _unclear(tool: FoundTool) -> str:
    first = next(iter(words.as_words(tool.description[:200])), "")
    if first and any(base in words.READS or base == "return" for base in words.bases(first)):
        return f"its name does not say, its description begins with {first!r}"
    return "its name does not say"


def _ordered(effects: Iterable[Iterable[Effect]]) -> tuple[Effect, ...]:
    found = {effect for some in effects for effect in some}
    return tuple(effect for effect in EFFECTS if effect in found)
