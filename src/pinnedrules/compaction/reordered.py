"""Says whether two rows of words mean the same but for their punctuation, or for the order in one plain list.

"Logs, commits and chat" is "chat, commits and logs". "Between 10:00 and 16:00" is not "between 16:00 and 10:00", and parts
of unlike length may not change places, since a word before the first belongs to it alone or to all.
"""

from __future__ import annotations

from collections.abc import Sequence

from pinnedrules.compaction import forms
from pinnedrules.compaction.wording import COMMA, END, NONE, SOFT, STRONG, Words

__all__ = ["reordered", "same_gap"]

_SIGNED = forms.listed(
    "no not never nothing none only except unless without but nicht nie kein keine nur ohne pas jamais",
    "sans no nunca sin solo",
)
_CONJUNCTIONS = frozenset({"and", "or", "nor", "und", "oder", "et", "ou", "y", "o"})
_ORDERED = forms.listed(
    "between from first then than over before after to versus minus until finally next always",
    "respectively zwischen von bis zuerst dann entre de primero luego puis",
)
_LIST = 40
_REACH = 3


def same_gap(own: int, other: int, before: str, after: str) -> bool:
    """Say whether a gap between two words of the rule means the same as the *other* in the summary."""
    if own == other:
        return True
    if other == SOFT:
        return own in (NONE, COMMA, STRONG, END)
    if own in (STRONG, END):
        return other in (STRONG, END)
    if {own, other} == {NONE, COMMA}:
        return before not in _SIGNED and after not in _SIGNED
    return False


def reordered(rule: Words, folded: Sequence[str], gaps: Sequence[int]) -> bool:
    """Say whether only the parts of one plain list changed places."""
    own = rule.folded
    length = len(own)
    head = next(index for index in range(length) if own[index] != folded[index])
    tail = next(index for index in range(length) if own[-1 - index] != folded[-1 - index])
    for earlier in range(min(_REACH, head) + 1):
        for later in range(min(_REACH, tail) + 1):
            start, stop = head - earlier, length - tail + later
            if stop - start > _LIST or not _list_alone(own, start, stop):
                continue
            mine = _parts(own[start:stop], rule.gaps[start : stop + 1])
            theirs = _parts(folded[start:stop], gaps[start : stop + 1])
            if mine is not None and theirs is not None and mine == theirs:
                outside = [*range(1, start + 1), *range(stop, length)]
                return all(same_gap(rule.gaps[index], gaps[index], own[index - 1], own[index]) for index in outside)
    return False


def _list_alone(own: Sequence[str], start: int, stop: int) -> bool:
    """Say whether the order in a list is without meaning, as far as the words before it and in it tell."""
    if start and own[start - 1] in _ORDERED:
        return False
    if "and" in own[start:stop] and start == 0:
        return False
    return not any(
        word in _SIGNED or (word in _ORDERED and word not in ("from", "to", "de")) for word in own[start:stop]
    )


def _parts(listed: Sequence[str], gaps: Sequence[int]) -> tuple[str, tuple[tuple[str, ...], ...]] | None:
    """Return the conjunction of a list and its parts, sorted; None where it is no list of like parts."""
    parts: list[tuple[str, ...]] = []
    part: list[str] = []
    conjunction = ""
    for index, word in enumerate(listed):
        if index and gaps[index] not in (NONE, COMMA, SOFT):
            return None
        if word in _CONJUNCTIONS:
            if conjunction:
                return None
            conjunction = word
            parts.append(tuple(part))
            part = []
            continue
        if index and gaps[index] == COMMA and part:
            if conjunction:
                return None
            parts.append(tuple(part))
            part = []
        part.append(word)
    parts.append(tuple(part))
    if not conjunction or not all(parts) or len({len(one) for one in parts}) != 1:
        return None
    return conjunction, tuple(sorted(parts))
