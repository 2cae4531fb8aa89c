"""What a tool's name and description say that it does. A guess, which only ever makes a call stricter.

Rules of this file:

1. A word in a name says what is done only where it reads as a verb: ``trash_email`` deletes, ``list_deleted_items`` and
   ``get_order`` read. Names are split at namespaces, underscores, hyphens and humps.
2. Nothing that is found here is ever a permission: who calls a tool ``get_mail`` may have it send some.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pinnedrules.rules import words
from pinnedrules.rules.memory import remembered
from pinnedrules.rules.names import plain
from pinnedrules.types import EFFECTS, Effect

__all__ = ["MAX_SAID", "added_by_description", "added_by_verbs", "deeds", "read_by_name", "reads_outside", "said"]

MAX_SAID = 4000
"""How much of a description is read, in characters."""

# Where a sentence says what is done: at its beginning, or behind a word that brings in another deed.
_DEED = re.compile(
    r"(?:^|[.;:!,&\n]|\b(?:also|and|can|it|may|or|then|used to|will)\b)(?=\s*(?:[a-z]+ly\s+)?([a-z]+))", re.I | re.M
)
_LIGHT = frozenset({"perform", "performs", "performing"})  # ``Perform a web search`` runs nothing
_NOT = re.compile(r"(?:\b(?:not|never|cannot|without)|n't)\s+(?:\w+\s+){0,2}$", re.I)


@remembered()
def added_by_verbs(name: str) -> tuple[Effect, ...]:
    """Return what the verbs in a tool's name say that it does: ``delete`` for ``mcp__gmail__trashEmail``.

    Nothing for a name that as a whole says that it reads, nor for one that is not plain, which is refused anyway.
    """
    return _in_order(deeds(words.split(plain(name) or ""), looking=True))


@remembered(entries=1024, room=1 << 19)
def added_by_description(description: str) -> tuple[Effect, ...]:
    """Return what a description (:data:`MAX_SAID` characters of it at most) says that the tool does."""
    return _in_order({word: effects for word, effects in said(description).items() if word not in _LIGHT})


@remembered()
def reads_outside(name: str) -> bool:
    """True for a name that says that it brings in what others wrote: ``read_inbox``, ``fetch_url``."""
    found = {word for part in words.split(plain(name) or "") for word in part}
    return not (found.isdisjoint(words.READS) or found.isdisjoint(words.FROM_OUTSIDE))


def read_by_name(parts: Sequence[list[str]]) -> list[str] | None:
    """Return what is read, if every word of a name (by namespace) fits a read; else None."""
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


def deeds(parts: Sequence[list[str]], *, looking: bool = False) -> dict[str, tuple[Effect, ...]]:
    """Return the words of a name (by namespace) that say what is done, with the effects they stand for.

    With *looking*, a word that is also a thing is taken for one behind a verb that reads (``get_post``).
    """
    if read_by_name(parts) is not None:
        return {}
    found: dict[str, tuple[Effect, ...]] = {}
    for part in parts:
        for index, word in enumerate(part):
            if _deed(part, index) and not (looking and _looked_at(part, index)):
                found[word] = next(words.ACTING[base] for base in _bases(word) if base in words.ACTING)
            elif word in words.MONEY and found:
                found[word] = ("spend",)
    return found


def said(description: str) -> dict[str, tuple[Effect, ...]]:
    """Return the deeds that a description tells of, where it does not say that they are not done."""
    found: dict[str, tuple[Effect, ...]] = {}
    text = description[:MAX_SAID]
    for match in _DEED.finditer(text):
        word = match[1].lower()
        known = [base for base in words.bases(word) if base in words.ACTING and base not in words.THINGS]
        if known and not word.endswith("ed") and not _NOT.search(text[max(0, match.start(1) - 80) : match.start(1)]):
            found[word] = words.ACTING[known[0]]
    return found


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
    found = [base for base in words.bases(word) if base in words.ACTING]
    if all(base in words.THINGS for base in found):
        return True
    # ``get_deleted_items`` reads; ``get_deleting`` says nothing that is read.
    return word.endswith(("ed", "ing")) and bool(after)


def _deed(part: Sequence[str], index: int) -> bool:
    """True when a word of a name says what is done. ``order_lookup`` and ``email_search`` leave that open."""
    word = part[index]
    before, after = part[index - 1] if index else "", part[index + 1] if index + 1 < len(part) else ""
    if (word, after) in words.COMPOUNDS or (before, word) in words.COMPOUNDS:
        return False
    if word == "transfer" and part[-1] in words.COLLEAGUES:
        return False
    known = [base for base in _bases(word) if base in words.ACTING]
    if any(base not in words.THINGS for base in known):
        return not word.endswith(("ed", "ing"))
    if word not in words.ACTING or part[-1] in words.LATER:
        return False
    if not before or before in words.MAKES or before in words.ALONE:
        return True
    # ``slack_post_message``: only names before it, and behind it what it is done to.
    alone = words.ACTING.keys().isdisjoint(part[:index]) and words.READS.isdisjoint(part[:index])
    does = after not in words.ABOUT and (after not in words.ACTING or after in words.THINGS)
    return alone and bool(after) and does and word not in words.PROGRAMS


def _looked_at(part: Sequence[str], index: int) -> bool:
    """True for a thing that a read is about; ``get_refund`` may pay one out, ``find_and_book`` books."""
    start = 0
    while start < len(part) - 1 and part[start] in words.SERVICES:
        start += 1
    word = part[index]
    if word in words.THINGS and part[index + 1 :] and set(part[index + 1 :]) <= words.ASPECTS:
        return True
    if index <= start or part[start] not in words.READS or not words.JOINS.isdisjoint(part):
        return False
    if index == start + 1 == len(part) - 1 and word in words.GOT:
        return False
    # ``replies`` and ``list_trash`` are things here; ``get_delete`` is not.
    return word in words.THINGS or word in words.KEPT or (word.endswith("s") and word not in words.ACTING)


def _bases(word: str) -> tuple[str, ...]:
    """Return the verbs that a word may be a form of, also of one that is written together with its object."""
    found = words.bases(word)
    if any(base in words.ACTING for base in found):
        return found
    return (*found, *(verb for verb in words.TOGETHER if word.startswith(verb) and word[len(verb) :] in words.OBJECTS))


def _in_order(found: dict[str, tuple[Effect, ...]]) -> tuple[Effect, ...]:
    every = {effect for some in found.values() for effect in some}
    return tuple(effect for effect in EFFECTS if effect in every)
