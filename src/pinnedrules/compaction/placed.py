"""Finds a rule's own sentence in a summary, in its own words or in others that are surely the same (``rephrased``).

The sentence has to stand whole and alone: it begins a bullet or a sentence, or follows words that only introduce it
("Rule:", "The user said:", the rule's id), and ends one. Between its words the same weight of punctuation stands, but a
semicolon may have become a full stop, a comma may come or go where it changes no negation, and the parts of a plain list
("logs, commits and chat") may have changed places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pinnedrules.compaction import cues, forms
from pinnedrules.compaction.outline import Block, Outline
from pinnedrules.compaction.reordered import reordered, same_gap
from pinnedrules.compaction.rephrased import Layout, layouts, same
from pinnedrules.compaction.wording import BROKEN, COMMA, END, NONE, QUERY, SOFT, STRONG, Words, same_case, words

__all__ = ["CLOCK", "Finder", "Place"]

CLOCK = re.compile(r"\[?\d[\d:./-]*\d?[a-z]?\]?|#?[a-z]{0,2}\d{1,3}")
"""A time, or the number of a line."""
_ASIDE = forms.listed(
    "verbatim user owner operator rule hard strict binding still in force from the said by quoted quote",
    "exact words turn message always",
)
_TOGETHER = 2
"""Sentences that a rule of one may have become."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule's sentence stands: its block, the first and last sentence that it takes up, and its first word."""

    block: int
    first: int
    last: int
    start: int


class Finder:
    """Finds rules in one summary; each of its sentences is laid out once."""

    def __init__(self, summary: Outline) -> None:
        self._summary = summary
        self._bags = [frozenset(block.words.folded) for block in summary.blocks]
        self._laid: dict[tuple[int, int, int], tuple[Layout, ...]] = {}

    def find(self, rule: Words, name: str, near: Iterable[int]) -> Place | None:
        """Return where a rule stands: its own sentence, or among the sentences *near* one that is surely the same."""
        return _verbatim(rule, name, self._summary, self._bags) or self._rephrased(rule, name, near)

    def _rephrased(self, rule: Words, name: str, near: Iterable[int]) -> Place | None:
        wanted = _wanted(rule)
        if not wanted:
            return None
        names, summary = words(name).folded, self._summary
        for first in sorted(near):
            block = summary.blocks[summary.sentences[first].block]
            for last in range(first, first + _TOGETHER):
                if last >= len(summary.sentences) or summary.sentences[last].block != summary.sentences[first].block:
                    break
                if block.struck or block.heading or any(summary.sentences[one].asks for one in range(first, last + 1)):
                    break
                start, stop = summary.sentences[first].start, summary.sentences[last].stop
                for begin in _openings(block.words, start, stop, names):
                    if self._same(wanted, rule, summary.sentences[first].block, begin, stop):
                        return Place(summary.sentences[first].block, first, last, begin)
        return None

    def _same(self, wanted: Sequence[Layout], rule: Words, block: int, start: int, stop: int) -> bool:
        found = self._summary.blocks[block].words
        if _names(rule.raw) != _names(found.raw[start:stop]):
            return False
        missing = Counter(rule.folded) - Counter(found.folded[start:stop])
        if missing.total() + stop - start == len(rule.folded) != stop - start and set(missing) != {
            "for"
        }:  # A word is missing, and nothing stands for it.
            return False
        at = (block, start, stop)
        if at not in self._laid:
            self._laid[at] = layouts(found.folded[start:stop], found.gaps[start : stop + 1], speaker=True)
        return any(same(one, other) for one in wanted for other in self._laid[at])


@lru_cache(maxsize=256)
def _wanted(rule: Words) -> tuple[Layout, ...]:
    """Lay a rule out once: the same rules are looked for in every summary."""
    return layouts(rule.folded, rule.gaps)


def _openings(found: Words, start: int, stop: int, names: Sequence[str]) -> list[int]:
    """Return where in a sentence its matter may begin: with it, or behind words that only introduce it."""
    return [
        begin
        for begin in range(start, min(stop, start + 10))
        if (begin == start or found.gaps[begin] == STRONG or CLOCK.fullmatch(found.folded[begin - 1]))
        and _begins(found, start, begin, names)
    ]


def _verbatim(rule: Words, name: str, summary: Outline, bags: Sequence[frozenset[str]]) -> Place | None:
    """Return the first place where the rule's sentence stands whole and alone, or None."""
    length, names = len(rule.folded), words(name).folded
    bag = Counter(rule.folded)
    for number, block in enumerate(summary.blocks):
        found = block.words
        if len(found.folded) < length or block.struck or block.heading or not bags[number].issuperset(bag):
            continue
        for start in _starts(rule, found, bag):
            stop = start + length
            if not _equal(rule, found, start) or not _ends(block, stop):
                continue
            first = next(one for one in reversed(block.sentences) if summary.sentences[one].start <= start)
            last = next(one for one in block.sentences if summary.sentences[one].stop >= stop)
            if summary.sentences[last].asks or not _begins(found, summary.sentences[first].start, start, names):
                continue
            return Place(number, first, last, start)
    return None


def _starts(rule: Words, found: Words, bag: Counter[str]) -> list[int]:
    """Return where a run of the rule's words begins, in whatever order they stand."""
    length, starts = len(rule.folded), []
    missing = Counter(bag)
    lacking = length
    for index, word in enumerate(found.folded):
        if missing[word] > 0:
            lacking -= 1
        missing[word] -= 1
        if index >= length:
            gone = found.folded[index - length]
            missing[gone] += 1
            if missing[gone] > 0:
                lacking += 1
        if lacking == 0:
            starts.append(index - length + 1)
    return starts


def _equal(rule: Words, found: Words, start: int) -> bool:
    length = len(rule.folded)
    folded = found.folded[start : start + length]
    raw, gaps = found.raw[start : start + length], found.gaps[start : start + length + 1]
    if folded == rule.folded:
        spelled = all(
            same_case(one, other, rule.folded[index - 1] if index else "")
            for index, (one, other) in enumerate(zip(rule.raw, raw, strict=True))
        )
        return spelled and all(
            same_gap(rule.gaps[index], gaps[index], folded[index - 1], folded[index]) for index in range(1, length)
        )
    # In another order the case of a name is not compared word by word: it has to be the same words as written.
    return _names(rule.raw) == _names(raw) and reordered(rule, folded, gaps)


def _names(raw: Sequence[str]) -> Counter[str]:
    """Return the words whose case matters, however often they stand there."""
    return Counter(word for word in raw if _named(word))


def _named(word: str) -> bool:
    if any(char in "/_\\@" or char.isdigit() for char in word):
        return True
    return word.isalpha() and not (word.islower() or word.isupper() or word.istitle())


def _begins(found: Words, opening: int, start: int, names: Sequence[str]) -> bool:
    """Say whether only words that introduce it stand before the sentence."""
    before = found.folded[opening:start]
    if before[:2] in (("summary", "of"), ("résumé", "de"), ("resumen", "de"), ("zusammenfassung", "des")):
        return found.gaps[start] == STRONG and not cues.LIFTED.search(" ".join(before))
    if not before:
        return found.gaps[start] != BROKEN
    if tuple(before) == tuple(names) and found.gaps[start] in (STRONG, BROKEN, NONE):
        return True
    if found.gaps[start] == COMMA or not all(word in cues.INTRODUCING or CLOCK.fullmatch(word) for word in before):
        return False
    if found.gaps[start] in (STRONG, BROKEN):
        return True
    return bool(CLOCK.fullmatch(before[0])) and (":" in before[0] or "-" in before[0])


def _ends(block: Block, stop: int) -> bool:
    """Say whether the sentence ends where the rule's does, but for an aside such as "(verbatim)"."""
    found = block.words
    gap = found.gaps[stop]
    if stop == len(found.folded):
        return gap not in (QUERY, BROKEN) or gap == BROKEN
    if gap == END:
        return True
    if gap == SOFT:
        return len(found.folded) - stop >= 3
    if gap == BROKEN:
        rest = found.folded[stop:]
        aside = next((index for index in range(1, len(rest)) if found.gaps[stop + index] in (END, BROKEN)), len(rest))
        return all(word in _ASIDE or word.isdigit() for word in rest[:aside]) and found.gaps[stop + aside] in (
            BROKEN,
            END,
            NONE,
        )
    return False
