"""Finds a rule's own sentence in a summary, and what about it takes it back.

The sentence has to stand whole and alone: it begins a bullet or a sentence, or follows words that only introduce it
("Rule:", "The user said:", the rule's id), and ends one. Between its words the same weight of punctuation stands, but a
semicolon may have become a full stop, a comma may come or go where it changes no negation, and the parts of a plain list
("logs, commits and chat") may have changed places.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pinnedrules.compaction import cues
from pinnedrules.compaction.opposed import Reading, lifts_some, says
from pinnedrules.compaction.outline import Block, Outline, Sentence
from pinnedrules.compaction.reordered import reordered, same_gap
from pinnedrules.compaction.wording import BROKEN, COMMA, END, NONE, QUERY, SOFT, STRONG, Words, same_case, words

__all__ = ["Place", "find", "taken_back"]

_CLOCK = re.compile(r"\[?\d[\d:./-]*\d?[a-z]?\]?|#?[a-z]{0,2}\d{1,3}")
_ASIDE = cues.listed(
    "verbatim user owner operator rule hard strict binding still in force from the said by quoted quote",
    "exact words turn message always",
)
_ELLIPTIC = cues.listed(
    "not except only unless until for on in during with within if when where while as or and but though",
    "although otherwise besides nicht außer nur bis für bei wenn sauf pour si salvo para en",
)
_REFERRING = frozenset(
    ["not", "except", "unless", "until", "but", "though", "although", "otherwise", "außer", "sauf", "salvo"]
)
_LOOSENING = (cues.EXCEPTED, cues.SOFTENED, cues.PERMITTED, cues.GRANTED, cues.NO_ASKING)

Taken: TypeAlias = Literal["", "altered", "contradicted", "unsure"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule's sentence stands: its block, and the first and last sentence that it takes up."""

    block: int
    first: int
    last: int
    end: int


def find(rule: Words, name: str, summary: Outline) -> Place | None:
    """Return the first place where the rule's sentence stands whole and alone, or None."""
    length, names = len(rule.folded), words(name).folded
    bag = Counter(rule.folded)
    for number, block in enumerate(summary.blocks):
        found = block.words
        if len(found.folded) < length or block.struck:
            continue
        for start in _starts(rule, found, bag):
            stop = start + length
            if not _equal(rule, found, start) or not _ends(block, stop):
                continue
            first = next(one for one in reversed(block.sentences) if summary.sentences[one].start <= start)
            last = next(one for one in block.sentences if summary.sentences[one].stop >= stop)
            if summary.sentences[last].asks or not _begins(found, summary.sentences[first].start, start, names):
                continue
            return Place(number, first, last, stop)
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
    if found.gaps[start] == COMMA or not all(word in cues.INTRODUCING or _CLOCK.fullmatch(word) for word in before):
        return False
    if found.gaps[start] in (STRONG, BROKEN):
        return True
    return bool(_CLOCK.fullmatch(before[0])) and (":" in before[0] or "-" in before[0])


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


def taken_back(reading: Reading, place: Place, rule: Words, shared: Mapping[int, frozenset[str]]) -> tuple[Taken, int]:
    """Return what the surroundings of a sentence that stands whole make of it, and the sentence that says so."""
    summary, text = reading.outline, " ".join(rule.folded)
    block = summary.blocks[place.block]
    labels = [summary.sentences[number].label for number in block.sentences if number < place.first]
    for above in (*block.above, *labels):
        if taken := _above_says(above):
            return taken, place.first
    for number in _beside(summary, block, place):
        if not reading.recap(number) and (taken := _beside_says(reading, number, place, rule, shared)):
            return taken, number
    keys = {cues.key(word) for word in rule.folded} - {""}
    kin = {cues.kin(word) for word in rule.folded} - {0}
    capped = any(map(str.isdigit, text))
    for number, sentence in enumerate(summary.sentences):
        if place.first <= number <= place.last or reading.recap(number):
            continue
        common = shared.get(number, frozenset())
        if common and (any(says(cue, sentence, text) for cue in (cues.EXCEPTED, cues.RAISED, cues.SOFTENED))):
            return "altered", number
        if (
            len(common) >= 3
            and 5 * len(common) >= 3 * len(keys)
            and sentence.text not in text
            and not reading.one_act(number, rule)
        ):
            return "unsure", number
        if reading.has(cues.RETRACTED, number) or lifts_some(reading, number):
            return "unsure", number
        if (
            capped
            and reading.has(cues.CAP, number)
            and (any(says(cue, sentence, "") for cue in (cues.LIFTED, cues.RAISED, cues.EXCEPTED)))
        ):
            return "unsure", number
        if (
            kin
            and not common
            and any(cues.kin(word) in kin for word in sentence.folded)
            and _may_free(reading, number, rule)
        ):
            return "unsure", number
    return "", place.first


def _above_says(above: str) -> Taken:
    folded = " ".join(words(above).folded)
    if cues.LIFTED.search(folded) or cues.HEADED.search(folded) or cues.LIFTED_RULE.search(folded):
        return "contradicted"
    if cues.RULES.search(folded):
        folded = folded.replace("preferences", "")
    return "altered" if cues.SOFTENED.search(folded) else ""


def _beside(summary: Outline, block: Block, place: Place) -> list[int]:
    """Return the sentences just before and after, and those of the same row of a table."""
    beside = [number for number in (place.first - 1, place.last + 1) if 0 <= number < len(summary.sentences)]
    if block.row >= 0:
        beside += [
            number
            for number, one in enumerate(summary.sentences)
            if summary.blocks[one.block].row == block.row and one.block != place.block and number not in beside
        ]
    return beside


def _beside_says(
    reading: Reading, number: int, place: Place, rule: Words, shared: Mapping[int, frozenset[str]]
) -> Taken:
    """Return what a sentence just before or after makes of the rule; in the same line it is read most strictly."""
    summary = reading.outline
    sentence, block = summary.sentences[number], summary.blocks[place.block]
    after, near = number > place.last, sentence.block == place.block
    lifted = reading.has(cues.LIFTED, number) or reading.has(cues.LIFTED_RULE, number)
    loosened = any(reading.has(cue, number) for cue in _LOOSENING)
    if block.row >= 0 and summary.blocks[sentence.block].row == block.row and not near:
        return _cell_says(sentence, lifted or loosened, after=after)
    if not after:
        leads = cues.LEADING.search(sentence.text) is not None
        return "altered" if leads and (lifted or loosened) else ""
    if cues.STATUS.match(sentence.text) or reading.has(cues.RETRACTED, number):
        return "contradicted"
    points = cues.ADJACENT.match(sentence.text) is not None or _bare(sentence)
    if lifted and points:
        return "contradicted"
    if loosened and (near or points):
        return "altered"
    if near and (sentence.folded[0] in _ELLIPTIC or _speaks_of_it(reading, number, rule, shared)):
        return "altered"
    return "altered" if sentence.folded[0] in _REFERRING or reading.has(cues.EXCEPTED, number) else ""


def _speaks_of_it(reading: Reading, number: int, rule: Words, shared: Mapping[int, frozenset[str]]) -> bool:
    """Say whether a sentence in the same line goes on about the rule's matter, other than by telling of one act."""
    common = shared.get(number, frozenset())
    if not common or reading.one_act(number, rule):
        return False
    return (
        len(common) > 1
        or reading.has(cues.GENERAL, number)
        or any(map(str.isdigit, reading.outline.sentences[number].text))
    )


def _cell_says(sentence: Sentence, loosened: bool, *, after: bool) -> Taken:
    if loosened:
        return "contradicted"
    known = all(word in cues.INTRODUCING or _CLOCK.fullmatch(word) for word in sentence.folded)
    return "altered" if after and len(sentence.folded) <= 3 and not known else ""


def _bare(sentence: Sentence) -> bool:
    """Say whether a sentence begins with what it says of something that only the one before can have named."""
    match = cues.LIFTED.search(sentence.text) or cues.LIFTED_RULE.search(sentence.text)
    return match is not None and not any(cues.key(word) for word in sentence.text[: match.start()].split())


def _may_free(reading: Reading, number: int, rule: Words) -> bool:
    """Say whether a sentence about like things permits, lifts or confirms."""
    if reading.one_act(number, rule):
        return False
    cue = (cues.PERMITTED, cues.GRANTED, cues.NO_ASKING, cues.LIFTED)
    return any(says(one, reading.outline.sentences[number], "") for one in cue)
