"""Says whether two rows of words are the same but for their punctuation, or for the order in one plain list.

"Logs, commits and chat" is "chat, commits and logs". "Between 10:00 and 16:00" is not "between 16:00 and 10:00", and two
parts of unlike length may not change places, since a word before the first belongs to it alone or to both.
"""

from __future__ import annotations

from collections.abc import Sequence

from pinnedrules.compaction.alike import FORBID, MUST, Alike
from pinnedrules.compaction.forms import listed
from pinnedrules.compaction.wording import BROKEN, COMMA, END, NONE, SOFT, STRONG

__all__ = ["reordered", "same_gap"]

_SIGNED = listed(
    "no not never nothing none only except unless without but nicht nie kein keine nur ohne pas jamais",
    "sans no nunca sin solo",
) | {FORBID}
_CONJUNCTIONS = frozenset({"and", "or", "nor", "und", "oder", "et", "ou", "y", "o"})
_ORDERED = listed(
    "between from first then than over before after to versus minus until finally next always",
    "respectively zwischen von bis zuerst dann entre de primero luego puis",
)
_JOINING = _CONJUNCTIONS | {"but", "aber", "mais", "pero"}
_BOUNDING = listed("except unless without ohne sans sin")
_PLACING = listed("to in on at by with of for into onto")
_BINDING = frozenset({FORBID, MUST, "be", "may", "can", "stay", "need", "shall"})
_LIST = 40
_REACH = 3
_MANY = 3


def same_gap(own: int, other: int, before: str, after: str) -> bool:
    """Say whether a gap between two words of the rule means the same as the *other* in the summary."""
    if own == other:
        return True
    if other == SOFT:
        return own in (NONE, COMMA, STRONG, END)
    marks = {own, other}
    if marks <= {COMMA, STRONG, END, BROKEN}:
        return True
    if marks == {NONE, COMMA}:
        if before in _JOINING or after in _JOINING:
            return True
        return before not in _SIGNED and (after not in _SIGNED or after in _BOUNDING)
    return False


def reordered(rule: Alike, folded: Sequence[str], gaps: Sequence[int]) -> bool:
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
                return all(_same_weight(rule.gaps[index], gaps[index], own, index) for index in outside)
    return False


def _same_weight(own: int, other: int, words: Sequence[str], index: int) -> bool:
    """Say whether a gap outside the list is the same: where the order changed, brackets are not commas."""
    return same_gap(own, other, words[index - 1], words[index]) and (own == BROKEN) == (other == BROKEN)


def _list_alone(own: Sequence[str], start: int, stop: int) -> bool:
    """Say whether the order in a list is without meaning, as far as the words before it and in it tell."""
    before = own[start - 1] if start else ""
    if before in _ORDERED and before not in ("from", "to"):
        return False
    if "and" in own[start:stop] and (start == 0 or before == "from"):
        return start == 0 and stop < len(own) and own[stop] in _BINDING
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
    if not conjunction or not all(parts):
        return None
    placed = {"0" if one[0].isdigit() else one[0] for one in parts}
    alike = len({len(one) for one in parts}) == 1 or len(parts) >= _MANY
    if not alike and not (len(placed) == 1 and placed <= _PLACING | {"0"}):
        return None
    return conjunction, tuple(sorted(parts))
