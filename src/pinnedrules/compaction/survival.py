"""What a summary did to each rule: kept, altered, contradicted, dropped or unsure.

A certificate is given on one ground only: the rule's own sentence, in one of its trivial spellings, stands in the summary
as a sentence of its own, and nothing that is understood about it takes it back: not the rest of its line, not the next
sentence, not what it stands under, not a sentence elsewhere that speaks of the same things. A sentence that was itself
changed is not certified. One that is taken back in words that are not known here still is: how often that was so on
summaries that the judge had not seen stands in benchmarks/survival/judge.json. So nothing may be decided by a certificate.
Everything else is a best reading, by words (``cues``).

Deterministic; the time is linear in the summary, of which ``outline.LIMIT`` characters are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pinnedrules.compaction import cues, forms
from pinnedrules.compaction.concerns import Concerns, Shared
from pinnedrules.compaction.opposed import opposes
from pinnedrules.compaction.outline import LIMIT, Outline, Sentence, outline
from pinnedrules.compaction.placed import Finder, Place
from pinnedrules.compaction.reading import Reading
from pinnedrules.compaction.standing import taken_back
from pinnedrules.compaction.wording import Words, invisible, words

__all__ = ["QUOTED", "Fate", "Judged", "judge"]

Fate = Literal["kept", "altered", "contradicted", "dropped", "unsure"]

QUOTED = 200
"""Characters of a quote."""
_RULE = 4096
"""Characters of a rule that are compared; a longer one is never certified."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the rule ``id``, and the words of the summary that this rests on: one line, empty when dropped."""

    id: str
    fate: Fate
    quote: str = ""


def judge(rules: Sequence[tuple[str, str]], summary: str) -> tuple[Judged, ...]:
    """Say for every rule, given as (id, sentence), what *summary* did to it, in the order of the rules."""
    if not rules:
        return ()
    reading = Reading(outline(summary), plain=not invisible(summary[:LIMIT]))
    index = _index(reading.outline.sentences)
    split = [words(sentence[:_RULE]) for _, sentence in rules]
    shared = [_shared(rule, index) for rule in split]
    finder = Finder(reading.outline)
    places = [
        finder.find(rule, name, _near(rule, common)) if rule.folded and len(sentence) <= _RULE else None
        for rule, (name, sentence), common in zip(split, rules, shared, strict=True)
    ]
    concerns = Concerns(shared)
    reading.stated(places)
    reading.touched = frozenset(number for one in shared for number in one)
    return tuple(
        _judged(name, rule, place, reading, concerns.of(number), concerns.elsewhere(number))
        for number, ((name, _), rule, place) in enumerate(zip(rules, split, places, strict=True))
    )


def _index(sentences: Iterable[Sentence]) -> dict[str, list[int]]:
    """Return the sentences in which each word of content stands."""
    index: dict[str, list[int]] = defaultdict(list)
    for number, sentence in enumerate(sentences):
        for key in {forms.key(word) for word in sentence.folded}:
            index[key].append(number)
    return index


def _judged(
    name: str, rule: Words, place: Place | None, reading: Reading, shared: Shared, elsewhere: frozenset[int]
) -> Judged:
    if not rule.folded:
        return Judged(name, "unsure")
    text = " ".join(rule.folded)
    own = range(0)
    if place is not None:
        own = range(place.first, place.last + 1)
    for number in sorted({*shared, *reading.sweeping}):
        if number in own or number in reading.stating:
            continue
        if number in elsewhere and not reading.lifts_whole(number):
            continue
        if opposes(reading, number, rule, text, shared.get(number, frozenset())):
            return Judged(name, "contradicted", _quote(reading.outline, number))
    if place is not None:
        return _standing(name, place, reading, rule, shared, elsewhere)
    return _changed(name, rule, reading, shared)


def _shared(rule: Words, index: dict[str, list[int]]) -> dict[int, frozenset[str]]:
    """Return the words of content that each sentence has in common with the rule; a figure alone is nothing in common."""
    found: dict[int, set[str]] = defaultdict(set)
    for key in {forms.key(word) for word in rule.folded} - {""}:
        for number in index.get(key, ()):
            found[number].add(key)
    return {number: frozenset(keys) for number, keys in found.items() if not all(key.isdigit() for key in keys)}


def _near(rule: Words, shared: Shared) -> list[int]:
    """Return the sentences that have at least half of the rule's words of content."""
    keys = {forms.key(word) for word in rule.folded} - {""}
    return [number for number, common in shared.items() if 2 * len(common) >= len(keys)]


def _standing(
    name: str, place: Place, reading: Reading, rule: Words, shared: Shared, elsewhere: frozenset[int]
) -> Judged:
    """Judge a rule whose sentence stands whole, as far as its surroundings go."""
    fate, number = taken_back(reading, place, rule, shared, elsewhere)
    if fate == "" and not reading.plain:
        fate, number = "unsure", place.first
    return Judged(name, fate or "kept", _quote(reading.outline, number))


def _changed(name: str, rule: Words, reading: Reading, shared: Shared) -> Judged:
    """Judge a rule whose sentence does not stand there whole, by the sentence that has most in common with it."""
    if not shared:
        return Judged(name, "dropped" if reading.outline.whole else "unsure")
    for number in shared:
        if reading.outline.blocks[reading.outline.sentences[number].block].struck:
            return Judged(name, "contradicted", _quote(reading.outline, number))
    number = max(shared, key=lambda one: (len(shared[one]), -one))
    keys = {forms.key(word) for word in rule.folded} - {""}
    near = len(shared[number]) >= 2 and 2 * len(shared[number]) >= len(keys)
    bound = reading.has(cues.NORM, number) or reading.has(cues.SOFTENED, number)
    return Judged(name, "altered" if near or bound else "unsure", _quote(reading.outline, number))


def _quote(summary: Outline, number: int) -> str:
    raw = summary.sentences[number].raw
    return raw if len(raw) <= QUOTED else raw[: QUOTED - 1] + "\u2026"
