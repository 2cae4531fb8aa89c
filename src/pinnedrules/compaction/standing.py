"""Says what the surroundings of a rule's own sentence make of it: what it stands under, beside and before, and the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from pinnedrules.compaction import cues, forms, remarks
from pinnedrules.compaction.outline import Block, Outline, Sentence
from pinnedrules.compaction.placed import CLOCK, Place
from pinnedrules.compaction.reading import Reading
from pinnedrules.compaction.wording import Words, words

__all__ = ["guarded"]

_ELLIPTIC = forms.listed(
    "not except only unless until for on in during with within if when where while as or and but though",
    "although otherwise besides nicht außer nur bis für bei wenn sauf pour si salvo para en",
)
_REFERRING = frozenset(
    ["not", "except", "unless", "until", "but", "though", "although", "otherwise", "außer", "sauf", "salvo"]
)
_KEEPING = re.compile(
    r"\b(?:(?:do|must|may|how) not(?: forget)?|not to forget|never|(?:was|were|had been|been) "
    r"(?:told|given|asked|set|agreed|said|demanded|noted))\b"
)
"""What a heading of rules in force says of them."""
_SUBJECT = 4
"""Words at the beginning of a sentence among which its subject is."""
_LABEL = 4
"""Words of a label that a whole line of rules can stand under."""
_FIELDS = 5
"""Fields of a record behind a rule that are read."""
_LOOSENING = (cues.EXCEPTED, cues.SOFTENED, cues.PERMITTED, cues.GRANTED, cues.NO_ASKING)

Taken: TypeAlias = Literal["", "altered", "contradicted", "unsure"]


def guarded(
    reading: Reading, place: Place, rule: Words, shared: Mapping[int, frozenset[str]], elsewhere: frozenset[int]
) -> tuple[Taken, int]:
    """Return what stands over and beside a sentence makes of it, and the sentence that says so; "" where nothing does.

    The sentences *elsewhere* are about another of the rules.
    """
    summary = reading.outline
    block = summary.blocks[place.block]
    for above in (*block.above, _label(reading, block, place)):
        if taken := _above_says(above):
            return taken, place.first
    for number in _beside(summary, block, place):
        if number in reading.stating or (number in elsewhere and not _attached(summary, number, place)):
            continue
        if taken := _beside_says(reading, number, place, rule, shared):
            return taken, number
    return "", place.first


def _label(reading: Reading, block: Block, place: Place) -> str:
    """Return the label before a colon that the sentence follows: in its own sentence, or before the rules before it."""
    sentences = reading.outline.sentences
    if place.start > sentences[place.first].start:
        return sentences[place.first].label
    number = place.first - 1
    while number in block.sentences:
        label = sentences[number].label
        if label and (number in reading.stating or (number == block.sentences[0] and len(label.split()) <= _LABEL)):
            return label
        if not (number in reading.stating or reading.has(remarks.BINDING, number) or reading.has(cues.NORM, number)):
            break
        number -= 1
    return ""


def _attached(summary: Outline, number: int, place: Place) -> bool:
    """Say whether a sentence belongs to the one before it: it begins by pointing at it, or is a field of its record."""
    sentence = summary.sentences[number]
    if cues.ADJACENT.match(sentence.text) is not None or sentence.folded[0] in _REFERRING:
        return True
    return number > place.last and _field(summary, number)


def _above_says(above: str) -> Taken:
    folded = " ".join(words(above).folded)
    if cues.LIFTED.search(folded):
        return "contradicted"
    # A list of what to do and what not to, or a rule that ends in a semicolon, heads nothing that is over.
    folded = _KEEPING.sub("", folded)
    if cues.HEADED.search(folded) or cues.LIFTED_RULE.search(folded):
        return "contradicted"
    if cues.RULES.search(folded):
        folded = folded.replace("preferences", "")
    if cues.SOFTENED.search(folded):
        return "altered"
    return "unsure" if remarks.NARROWED.search(folded) else ""


def _beside(summary: Outline, block: Block, place: Place) -> list[int]:
    """Return the sentences just before and after, the rest of a record behind it, and those of the same row of a table."""
    sentences = summary.sentences
    beside = [number for number in (place.first - 1, place.last + 1) if 0 <= number < len(sentences)]
    last = place.last + 1
    while last < len(sentences) and _field(summary, last) and last < place.last + _FIELDS:
        beside.append(last)
        last += 1
    if block.row >= 0:
        beside += [
            number
            for number, one in enumerate(sentences)
            if summary.blocks[one.block].row == block.row and one.block != place.block
        ]
    return list(dict.fromkeys(beside))


def _field(summary: Outline, number: int) -> bool:
    """Say whether a sentence is a field of a record: a name, a colon and what it says, and no bullet of its own."""
    sentence = summary.sentences[number]
    block = summary.blocks[sentence.block]
    return not block.bulleted and 0 < len(sentence.label.split()) <= 2 and sentence.text.startswith(sentence.label)


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
    if block.heading or summary.blocks[sentence.block].heading:
        return ""
    if not after:
        if near and reading.has(remarks.REPORTED, number):
            return "unsure"
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
    if sentence.folded[0] in _REFERRING or ((near or points) and reading.has(cues.EXCEPTED, number)):
        return "altered"
    tells = cues.ADJACENT.match(sentence.text) is not None and not reading.has(remarks.BINDING, number)
    goes_on = sentence.raw[:1].islower() and not summary.sentences[place.last].raw[:1].islower()
    subject = " ".join(sentence.folded[:_SUBJECT])
    refers = remarks.BACKWARD.search(subject) is not None and not reading.has(remarks.ORDERS, number)
    trails = sentence.folded[0] in remarks.TRAILING and not reading.has(remarks.ORDERS, number)
    unsure = tells or goes_on or refers or trails or reading.has(remarks.REPORTED, number)
    return "unsure" if near and unsure else ""


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
    known = all(word in cues.INTRODUCING or CLOCK.fullmatch(word) for word in sentence.folded)
    return "altered" if after and len(sentence.folded) <= 3 and not known else ""


def _bare(sentence: Sentence) -> bool:
    """Say whether a sentence begins with what it says of something that only the one before can have named."""
    match = cues.LIFTED.search(sentence.text) or cues.LIFTED_RULE.search(sentence.text)
    return match is not None and not any(forms.key(word) for word in sentence.text[: match.start()].split())
