"""What a summary did to each rule: kept, altered, contradicted, dropped or unsure.

A certificate is given on one ground only: the rule's own sentence, in one of its trivial spellings, stands in the summary
as a sentence of its own, and every other sentence is known to leave it as it is (``closed``): it is about something else,
about another rule, or only reports work. Any other makes the rule unsure. Words of another matter can still stand for the
rule's; how often that was so on summaries that the judge had not seen stands in benchmarks/survival/judge.json, and for
ways of taking back that it was not made with tests/compaction/survival_bank.py prints it. So nothing may be decided by it.
Everything else is a best reading, by words (``cues``).

Deterministic; the time is linear in the summary, of which ``outline.LIMIT`` characters are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pinnedrules.compaction import cues, forms
from pinnedrules.compaction.concerns import Concerns, Shared
from pinnedrules.compaction.opposed import opposes
from pinnedrules.compaction.outline import LIMIT, Outline, Sentence, outline
from pinnedrules.compaction.placed import Finder, Place
from pinnedrules.compaction.reading import Reading
from pinnedrules.compaction.standing import left_alone, taken_back
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
    split = [_split(sentence[:_RULE]) for _, sentence in rules]
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


@lru_cache(maxsize=256)
def _split(rule: str) -> Words:
    """Split a rule into words once: the same rules are judged with every summary."""
    return words(rule)


@lru_cache(maxsize=256)
def _keys(rule: Words) -> frozenset[str]:
    return frozenset(forms.key(word) for word in rule.folded) - {""}


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
    left = left_alone(reading, place, rule, shared, elsewhere) if place is not None else frozenset[int]()
    for number in sorted({*shared, *reading.sweeping}):
        if number in left or number in reading.stating:
            continue
        if number in elsewhere and not reading.lifts_whole(number):
            continue
        if opposes(reading, number, rule, text, shared.get(number, frozenset())):
            return Judged(name, "contradicted", _quote(reading.outline, number))
    if place is not None:
        fate, number = taken_back(reading, place, rule, shared, elsewhere, left)
        if fate == "" and not reading.plain:
            fate, number = "unsure", place.first
        return Judged(name, fate or "kept", _quote(reading.outline, number))
    return _changed(name, rule, reading, shared)


def _shared(rule: Words, index: dict[str, list[int]]) -> dict[int, frozenset[str]]:
    """Return the words of content that each sentence has in common with the rule; a figure alone is nothing in common."""
    found: dict[int, set[str]] = defaultdict(set)
    for key in _keys(rule):
        for number in index.get(key, ()):
            found[number].add(key)
    return {number: frozenset(keys) for number, keys in found.items() if not all(key.isdigit() for key in keys)}


def _near(rule: Words, shared: Shared) -> list[int]:
    """Return the sentences that have at least half of the rule's words of content."""
    keys = _keys(rule)
    return [number for number, common in shared.items() if 2 * len(common) >= len(keys)]


def _changed(name: str, rule: Words, reading: Reading, shared: Shared) -> Judged:
    """Judge a rule whose sentence does not stand there whole, by the sentence that has most in common with it."""
    if not shared:
        return Judged(name, "dropped" if reading.outline.whole else "unsure")
    for number in shared:
        if reading.outline.blocks[reading.outline.sentences[number].block].struck:
            return Judged(name, "contradicted", _quote(reading.outline, number))
    number = max(shared, key=lambda one: (len(shared[one]), -one))
    keys = _keys(rule)
    near = len(shared[number]) >= 2 and 2 * len(shared[number]) >= len(keys)
    bound = reading.has(cues.NORM, number) or reading.has(cues.SOFTENED, number)
    return Judged(name, "altered" if near or bound else "unsure", _quote(reading.outline, number))


def _quote(summary: Outline, number: int) -> str:
    raw = summary.sentences[number].raw
    return raw if len(raw) <= QUOTED else raw[: QUOTED - 1] + "\u2026"
