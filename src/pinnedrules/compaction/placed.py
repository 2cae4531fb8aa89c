"""Finds the rules' own sentences in a summary, word by word, in their own spelling or a trivially other one (``alike``).

A sentence has to stand whole and alone: it begins a bullet or a sentence, or follows words that only introduce it
("Rule:", "The user said:", the rule's id), and ends one; or it stands with other rules in one sentence that they make up.
Between its words the same weight of punctuation stands, but a semicolon may have become a full stop or a comma, a comma may
come or go where it changes no negation, and the parts of a plain list ("logs, commits and chat") may have changed places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pinnedrules.compaction import cues, forms
from pinnedrules.compaction.alike import Alike, alike
from pinnedrules.compaction.outline import Block, Outline
from pinnedrules.compaction.reordered import reordered, same_gap
from pinnedrules.compaction.wording import BROKEN, COMMA, END, NONE, QUERY, SOFT, STRONG, Words, same_case, words

__all__ = ["CLOCK", "Place", "placed"]

CLOCK = re.compile(r"\[?\d[\d:./-]*\d?[a-z]?\]?|#?[a-z]{0,2}\d{1,3}")
"""A time, or the number of a line."""
_ASIDE = forms.listed(
    "verbatim user owner operator rule hard strict binding still in force from the said by quoted quote",
    "exact words turn message always session start first beginning original unchanged",
)
_PARTS = re.compile("[_-]")
_TOLD = frozenset({"you", "your", "i"})
_JOINS = frozenset({"and", "but"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule's sentence stands: its block, the first and last sentence that it takes up, and its first word."""

    block: int
    first: int
    last: int
    start: int


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of a block's words that is a rule: which rule, where it begins and ends, and the folding it was found in."""

    rule: int
    start: int
    stop: int
    gap: int
    ends: bool


def placed(rules: Sequence[tuple[str, Words]], summary: Outline) -> tuple[Place | None, ...]:
    """Return where each rule, given as (id, words), stands for the first time; None for one that stands nowhere."""
    found: dict[int, Place] = {}
    folded = [alike(rule) for _, rule in rules]
    bags = [Counter(rule.folded) for rule in folded]
    names = [words(name).folded for name, _ in rules]
    wanted = [number for number, rule in enumerate(folded) if rule.folded]
    for number, block in enumerate(summary.blocks):
        if block.struck or block.heading:
            continue
        runs: list[_Run] = []
        for text in _foldings(block.words):
            bag = frozenset(text.folded)
            for which in wanted:
                if len(text.folded) >= len(folded[which].folded) and bag.issuperset(bags[which]):
                    runs += _runs(which, folded[which], bags[which], text, block)
        for run in sorted(runs, key=lambda one: one.start):
            if run.rule not in found and (place := _alone(run, runs, summary, number, names)) is not None:
                found[run.rule] = place
    return tuple(map(found.get, range(len(rules))))


def _foldings(found: Words) -> Iterator[Alike]:
    """Yield the readings of a block: "you" may be the agent, or the person to whom the summary is written."""
    yield alike(found)
    if not _TOLD.isdisjoint(found.folded):
        yield alike(found, told=True)


def _runs(which: int, rule: Alike, bag: Counter[str], text: Alike, block: Block) -> Iterator[_Run]:
    length = len(rule.folded)
    for start in _starts(rule, text, bag):
        stop = start + length
        if not _equal(rule, text, start):
            continue
        begin = text.at[start]
        end = text.at[stop] if stop < len(text.at) else len(block.words.folded)
        yield _Run(which, begin, end, text.gaps[start], _ends(block, end, text.gaps[stop]))


def _alone(
    run: _Run, runs: Sequence[_Run], summary: Outline, number: int, names: Sequence[Sequence[str]]
) -> Place | None:
    """Return the place of a run that stands alone in its sentence, or that makes it up together with other rules."""
    block = summary.blocks[number]
    keys = frozenset(map(forms.key, block.words.folded[run.start : run.stop])) - {""}
    first = next(one for one in reversed(block.sentences) if summary.sentences[one].start <= run.start)
    begins, start = run, run.start
    opening = summary.sentences[first].start
    while not _begins(block.words, opening, begins.start, begins.gap, names[begins.rule], keys):
        before = next((one for one in runs if _joined(block.words, one, begins)), None)
        if before is None:
            return None
        begins = before
    ends = run
    while not ends.ends:
        after = next((one for one in runs if _joined(block.words, ends, one)), None)
        if after is None:
            return None
        ends = after
    last = next(one for one in block.sentences if summary.sentences[one].stop >= run.stop)
    if any(summary.sentences[one].asks for one in range(first, last + 1)):
        return None
    return Place(number, first, last, start)


def _joined(found: Words, one: _Run, other: _Run) -> bool:
    """Say whether only a joint stands between two runs: a semicolon, or "and"."""
    between = found.folded[one.stop : other.start]
    if other.start <= one.start or len(between) > 1 or other.start < one.stop:
        return False
    if between:
        return between[0] in _JOINS and found.gaps[one.stop] in (NONE, COMMA, STRONG)
    return found.gaps[one.stop] in (STRONG, COMMA)


def _starts(rule: Alike, found: Alike, bag: Counter[str]) -> list[int]:
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


def _equal(rule: Alike, found: Alike, start: int) -> bool:
    length = len(rule.folded)
    folded = found.folded[start : start + length]
    raw, gaps = found.raw[start : start + length], found.gaps[start : start + length + 1]
    if folded == rule.folded:
        spelled = all(
            not one or not other or same_case(one, other, rule.folded[index - 1] if index else "")
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


def _begins(found: Words, opening: int, start: int, gap: int, names: Sequence[str], keys: frozenset[str]) -> bool:
    """Say whether only words that introduce it stand before the sentence."""
    before = found.folded[opening:start]
    if before[:2] in (("summary", "of"), ("résumé", "de"), ("resumen", "de"), ("zusammenfassung", "des")):
        return gap == STRONG and not cues.LIFTED.search(" ".join(before))
    if not before:
        return gap != BROKEN
    if tuple(before) == tuple(names) and gap in (STRONG, BROKEN, NONE):
        return True
    if gap == COMMA or not all(
        word in cues.INTRODUCING or CLOCK.fullmatch(word) or not keys.isdisjoint(map(forms.key, _PARTS.split(word)))
        for word in before
    ):
        return False
    if gap in (STRONG, BROKEN):
        return True
    return bool(CLOCK.fullmatch(before[0])) and (":" in before[0] or "-" in before[0])


def _ends(block: Block, stop: int, gap: int) -> bool:
    """Say whether the sentence ends where the rule's does, but for an aside such as "(verbatim)"."""
    found = block.words
    if stop == len(found.folded):
        return gap != QUERY
    if gap == END:
        return True
    if gap == SOFT:
        return len(found.folded) - stop >= 3
    if gap in (BROKEN, STRONG):
        rest = found.folded[stop:]
        closing = (END, BROKEN, SOFT)
        aside = next((index for index in range(1, len(rest)) if found.gaps[stop + index] in closing), len(rest))
        return all(word in _ASIDE or word.isdigit() for word in rest[:aside]) and found.gaps[stop + aside] in (
            *closing,
            NONE,
        )
    return False
