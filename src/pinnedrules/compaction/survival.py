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

from pinnedrules.compaction import cues
from pinnedrules.compaction.opposed import Reading, opposes
from pinnedrules.compaction.outline import LIMIT, Outline, Sentence, outline
from pinnedrules.compaction.standing import Place, find, taken_back
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
    return tuple(_judged(name, sentence, reading, index) for name, sentence in rules)


def _index(sentences: Iterable[Sentence]) -> dict[str, list[int]]:
    """Return the sentences in which each word of content stands."""
    index: dict[str, list[int]] = defaultdict(list)
    for number, sentence in enumerate(sentences):
        for key in {cues.key(word) for word in sentence.folded}:
            index[key].append(number)
    return index


def _judged(name: str, sentence: str, reading: Reading, index: dict[str, list[int]]) -> Judged:
    rule = words(sentence[:_RULE])
    if not rule.folded:
        return Judged(name, "unsure")
    text = " ".join(rule.folded)
    shared = _shared(rule, index)
    place = find(rule, name, reading.outline) if len(sentence) <= _RULE else None
    own = range(0)
    if place is not None:
        own = range(place.first, place.last + 1)
    for number in sorted({*shared, *reading.sweeping}):
        if number not in own and opposes(reading, number, rule, text, shared.get(number, frozenset())):
            return Judged(name, "contradicted", _quote(reading.outline, number))
    if place is not None:
        return _standing(name, place, reading, rule, shared)
    return _changed(name, rule, reading, shared)


def _shared(rule: Words, index: dict[str, list[int]]) -> dict[int, frozenset[str]]:
    """Return the words of content that each sentence has in common with the rule; a figure alone is nothing in common."""
    found: dict[int, set[str]] = defaultdict(set)
    for key in {cues.key(word) for word in rule.folded} - {""}:
        for number in index.get(key, ()):
            found[number].add(key)
    return {number: frozenset(keys) for number, keys in found.items() if not all(key.isdigit() for key in keys)}


def _standing(name: str, place: Place, reading: Reading, rule: Words, shared: dict[int, frozenset[str]]) -> Judged:
    """Judge a rule whose sentence stands whole, as far as its surroundings go."""
    fate, number = taken_back(reading, place, rule, shared)
    if fate == "" and not reading.plain:
        fate, number = "unsure", place.first
    return Judged(name, fate or "kept", _quote(reading.outline, number))


def _changed(name: str, rule: Words, reading: Reading, shared: dict[int, frozenset[str]]) -> Judged:
    """Judge a rule whose sentence does not stand there whole, by the sentence that has most in common with it."""
    if not shared:
        return Judged(name, "dropped" if reading.outline.whole else "unsure")
    for number in shared:
        if reading.outline.blocks[reading.outline.sentences[number].block].struck:
            return Judged(name, "contradicted", _quote(reading.outline, number))
    number = max(shared, key=lambda one: (len(shared[one]), -one))
    keys = {cues.key(word) for word in rule.folded} - {""}
    near = len(shared[number]) >= 2 and 2 * len(shared[number]) >= len(keys)
    bound = reading.has(cues.NORM, number) or reading.has(cues.SOFTENED, number)
    return Judged(name, "altered" if near or bound else "unsure", _quote(reading.outline, number))


def _quote(summary: Outline, number: int) -> str:
    raw = summary.sentences[number].raw
    return raw if len(raw) <= QUOTED else raw[: QUOTED - 1] + "\u2026"
