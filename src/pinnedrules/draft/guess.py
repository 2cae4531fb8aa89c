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

from pinnedrules.draft import words
from pinnedrules.draft.found import FoundTool
from pinnedrules.rules.builtin_tools import added_by_name, brings_strangers
from pinnedrules.types import EFFECTS, Effect

__all__ = ["Guess", "family", "guess", "provider_runs"]

# Where a sentence says what is done: at its beginning, or behind a word that brings in another deed.
_DEED = re.compile(
    r"(?:^|[.;:!,&\n]|\b(?:also|and|can|it|may|or|then|used to|will)\b)(?=\s*(?:[a-z]+ly\s+)?([a-z]+))", re.I | re.M
)
_NOT = re.compile(r"(?:\b(?:not|never|cannot|without)|n't)\s+(?:\w+\s+){0,2}$", re.I)
_READ = 4000

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
    deeds, object_ = _done(parts), _reading(parts)
    said = _said(tool.description)
    known = added_by_name(tool.name)
    effects = [*deeds.values(), *said.values(), known]
    if deeds or said:
        which = f"{next(iter(deeds))!r} in its name" if deeds else f"{next(iter(said))!r} in its description"
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


def _reading(parts: Sequence[list[str]]) -> list[str] | None:
    """Return what is read, if every word of the name fits a read; else None."""
    if not parts:
        return None
    last = parts[-1]
    if any(word in words.ACTING and word not in words.THINGS for part in parts[:-1] for word in part):
        return None
    start = 0
    while start < len(last) - 1 and last[start] in words.SERVICES:
        start += 1
    verb, rest = last[start], last[start + 1 :]
    if start and verb not in words.LATER:
        return None
    if not rest:
        return rest if verb in (words.LATER if start else words.ALONE) else None
    if verb == "check":
        return rest if set(rest) <= words.CHECKED else None
    if verb == "list" and not any(word.endswith("s") or word in words.COLLECTIONS for word in rest):
        return None
    if verb == "look" and rest[0] == "up":
        rest = rest[1:]
    elif verb not in words.READS:
        return None
    fits = all(_thing(rest, index) for index in range(len(rest)))
    return rest if fits else None


def _thing(rest: Sequence[str], index: int) -> bool:
    """True when a word behind a read is what is read, and no further deed."""
    word = rest[index]
    before = rest[index - 1] if index else ""
    after = rest[index + 1] if index + 1 < len(rest) else ""
    if (word, after) in words.COMPOUNDS or (before, word) in words.COMPOUNDS:
        return True
    if word in words.JOINS:
        return False
    if word in words.ACTING:
        if word not in words.THINGS:
            return False
        if after in words.ABOUT:
            return True
        owned = before in words.OWNERS or not before
        return not after and owned and word in words.RIGHT_BEHIND
    deeds = [base for base in words.bases(word) if base in words.ACTING]
    if all(base in words.THINGS for base in deeds):
        return True
    # ``get_deleted_items`` reads; ``get_deleting`` says nothing that is read.
    return word.endswith(("ed", "ing")) and bool(after)


def _done(parts: Sequence[list[str]]) -> dict[str, tuple[Effect, ...]]:
    """Return the words of a name that say what is done, with the effects they stand for."""
    if _reading(parts) is not None:
        return {}
    found: dict[str, tuple[Effect, ...]] = {}
    for part in parts:
        for index, word in enumerate(part):
            if _deed(part, index):
                found[word] = next(words.ACTING[base] for base in words.bases(word) if base in words.ACTING)
            elif word in words.MONEY and found:
                found[word] = ("spend",)
    return found


def _deed(part: Sequence[str], index: int) -> bool:
    """True when a word of a name says what is done. ``order_lookup`` and ``email_search`` leave that open."""
    word = part[index]
    before = part[index - 1] if index else ""
    known = [base for base in words.bases(word) if base in words.ACTING]
    if any(base not in words.THINGS for base in known):
        return not word.endswith(("ed", "ing"))
    if word not in words.ACTING or part[-1] in words.LATER:
        return False
    return not before or before in words.MAKES or before in words.ALONE


def _said(description: str) -> dict[str, tuple[Effect, ...]]:
    """Return the deeds that a description tells of, where it does not say that they are not done."""
    found: dict[str, tuple[Effect, ...]] = {}
    text = description[:_READ]
    for match in _DEED.finditer(text):
        word = match[1].lower()
        deeds = [base for base in words.bases(word) if base in words.ACTING and base not in words.THINGS]
        if deeds and not word.endswith("ed") and not _NOT.search(text[max(0, match.start(1) - 80) : match.start(1)]):
            found[word] = words.ACTING[deeds[0]]
    return found


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
