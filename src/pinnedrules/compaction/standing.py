"""Says what the surroundings of a rule's own sentence make of it: what it stands under, beside and before, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pinnedrules.compaction import closed, cues, forms, remarks, vocabulary
from pinnedrules.compaction.opposed import permits
from pinnedrules.compaction.outline import Block, Outline, Sentence
from pinnedrules.compaction.placed import CLOCK, Place
from pinnedrules.compaction.reading import Reading, known, says
from pinnedrules.compaction.sensing import language
from pinnedrules.compaction.wording import STRONG, Words, words

__all__ = ["left_alone", "taken_back"]

_ELLIPTIC = forms.listed(
    "not except only unless until for on in during with within if when where while as or and but though",
    "although otherwise besides nicht außer nur bis für bei wenn sauf pour si salvo para en",
)
_REFERRING = frozenset(
    ["not", "except", "unless", "until", "but", "though", "although", "otherwise", "außer", "sauf", "salvo"]
)
_LOOSENING = (cues.EXCEPTED, cues.SOFTENED, cues.PERMITTED, cues.GRANTED, cues.NO_ASKING)

Taken: TypeAlias = Literal["", "altered", "contradicted", "unsure"]


def taken_back(
    reading: Reading,
    place: Place,
    rule: Words,
    shared: Mapping[int, frozenset[str]],
    elsewhere: frozenset[int],
    left: frozenset[int],
) -> tuple[Taken, int]:
    """Return what the surroundings of a sentence that stands whole make of it, and the sentence that says so.

    The sentences *elsewhere* are about another rule that is judged with this one; those that are *left* say nothing of it.
    """
    summary = reading.outline
    block = summary.blocks[place.block]
    label = _label(summary, block, place)
    for above in (*block.above, label):
        if taken := _above_says(above):
            return taken, place.first
    if not all(map(known, block.above[-1:])) or not (known(label) or _other(label)):
        return "unsure", place.first
    for number in _beside(summary, block, place):
        if number in left or number in reading.stating:
            continue
        if number in elsewhere and not _points(reading, number):
            continue
        if taken := _beside_says(reading, number, place, rule, shared):
            return taken, number
    open_ones = [number for number in range(len(summary.sentences)) if number not in left]
    for number in open_ones:
        common = shared.get(number, frozenset())
        if number not in elsewhere and common and (taken := _far_says(reading, number, rule, common)):
            return taken, number
    return ("unsure", open_ones[0]) if open_ones else ("", place.first)


def left_alone(
    reading: Reading, place: Place, rule: Words, shared: Mapping[int, frozenset[str]], elsewhere: frozenset[int]
) -> frozenset[int]:
    """Return the sentences that surely leave a rule as it is: its own, those of the other rules, and the harmless ones."""
    summary = reading.outline
    spoken, kin, acts = language(rule.folded), closed.rule_kin(rule), closed.rule_acts(rule)
    orders = frozenset(map(forms.kin, acts)) - {0}
    own = summary.blocks[place.block].row
    before, after = _neighbours(summary, place)
    left: set[int] = set()
    for number, sentence in enumerate(summary.sentences):
        if place.first <= number <= place.last or number in reading.stating or reading.recap(number):
            left.add(number)
            continue
        if reading.heads(number):
            left.add(number)
            continue
        block = summary.blocks[sentence.block]
        if number == before and block.words.gaps[sentence.stop] == STRONG:
            continue
        one = reading.sense(number)
        common = shared.get(number, frozenset())
        dated = not common.isdisjoint(vocabulary.CALENDAR)
        touch = closed.Touch(
            shared=max(len(common - vocabulary.CALENDAR), len(one.verbs & acts)),
            acts=one.task in acts,
            orders=one.first in orders,
            kin=dated or not kin.isdisjoint(one.kin),
            beside=(number in (place.first - 1, place.last + 1) and sentence.block == place.block)
            or (own >= 0 and block.row == own),
            near=number in (before, after),
            follows=number > place.last or (own >= 0 and block.row == own),
            elsewhere=2 if number in elsewhere else int(not common and number in reading.touched),
            one_act=reading.one_act(number, rule),
        )
        if closed.leaves(one, touch, spoken, asks=sentence.asks, size=len(sentence.folded)):
            left.add(number)
    return frozenset(left)


def _neighbours(summary: Outline, place: Place) -> tuple[int, int]:
    """Return the sentences before and after a place; in a table those of other rows, past cells such as "rule"."""
    before, after = place.first - 1, place.last + 1
    if summary.blocks[place.block].row >= 0:
        while before >= 0 and known(summary.sentences[before].text):
            before -= 1
        while after < len(summary.sentences) and known(summary.sentences[after].text):
            after += 1
    return before, after


def _other(label: str) -> bool:
    """Say whether a label belongs to another matter that was told in the same paragraph before."""
    return cues.RULES.search(label) is None and remarks.REPORTED.search(label) is None


def _label(summary: Outline, block: Block, place: Place) -> str:
    """Return the label before a colon that the sentence follows, in its own sentence or the last one in its block."""
    if place.start > summary.sentences[place.first].start:
        return summary.sentences[place.first].label
    return next((summary.sentences[one].label for one in reversed(block.sentences) if one < place.first), "")


def _far_says(reading: Reading, number: int, rule: Words, common: frozenset[str]) -> Taken:
    """Return what a sentence that stands elsewhere makes of the rule."""
    sentence, text = reading.outline.sentences[number], " ".join(rule.folded)
    if common and any(says(cue, sentence, text) for cue in (cues.EXCEPTED, cues.RAISED, cues.SOFTENED)):
        return "altered"
    keys = {forms.key(word) for word in rule.folded} - {""}
    if len(common) >= 3 and 5 * len(common) >= 3 * len(keys) and sentence.text not in text:
        return "" if reading.one_act(number, rule) else "unsure"
    capped = remarks.QUANTITY.search(text) is not None and any(map(str.isdigit, text)) and reading.has(cues.CAP, number)
    if capped and any(says(cue, sentence, "") for cue in (cues.LIFTED, cues.RAISED, cues.EXCEPTED)):
        return "unsure"
    kin = {forms.kin(word) for word in rule.folded} - {0}
    if kin and not common and any(forms.kin(word) in kin for word in sentence.folded):
        return "unsure" if _may_free(reading, number, rule) else ""
    return ""


def _points(reading: Reading, number: int) -> bool:
    """Say whether a sentence begins by pointing at the one before, or goes on without an order of its own."""
    sentence = reading.outline.sentences[number]
    if cues.ADJACENT.match(sentence.text) is not None:
        return True
    return sentence.folded[0] in _REFERRING and not reading.has(remarks.ORDERS, number)


def _above_says(above: str) -> Taken:
    folded = " ".join(words(above).folded)
    if cues.LIFTED.search(folded):
        return "contradicted"
    # A list of what to do and what not to, or a rule that ends in a semicolon, heads nothing that is over.
    folded = folded.replace("do not", "").replace("never", "")
    if cues.HEADED.search(folded) or cues.LIFTED_RULE.search(folded):
        return "contradicted"
    if cues.RULES.search(folded):
        folded = folded.replace("preferences", "")
    if cues.SOFTENED.search(folded):
        return "altered"
    return "unsure" if remarks.NARROWED.search(folded) else ""


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
    if sentence.folded[0] in _REFERRING or reading.has(cues.EXCEPTED, number):
        return "altered"
    tells = cues.ADJACENT.match(sentence.text) is not None and not reading.has(remarks.BINDING, number)
    goes_on = sentence.raw[:1].islower() and not summary.sentences[place.last].raw[:1].islower()
    refers = reading.has(remarks.BACKWARD, number) and not reading.has(remarks.ORDERS, number)
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


def _may_free(reading: Reading, number: int, rule: Words) -> bool:
    """Say whether a sentence about like things permits, lifts or confirms."""
    if reading.one_act(number, rule):
        return False
    sentence = reading.outline.sentences[number]
    if any(says(one, sentence, "") for one in (cues.GRANTED, cues.NO_ASKING, cues.LIFTED)):
        return True
    return permits(reading, number, "", general=False) and remarks.ABLE.search(sentence.text) is None
