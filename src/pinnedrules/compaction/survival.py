"""What a summary did to each rule: kept, altered, contradicted, dropped or unsure.

A certificate is given on two grounds together: the rule's own sentence, in one of its trivial spellings, stands in the
summary as a sentence of its own (``placed``), and nothing else there is likely to take it back or narrow it, neither what
stands over and beside it (``standing``) nor any other sentence (``weighed``, a linear model). The second is a likelihood and
no proof; how often it was wrong on summaries that the judge had not seen stands in benchmarks/survival/judge.json, and for
many ways of taking back tests/compaction/survival_bank.py prints it. So nothing may be decided by it.
Everything else is a best reading: a contradiction by the same model, the rest by words (``cues``).

Deterministic; the time is linear in the summary, of which ``outline.LIMIT`` characters are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pinnedrules.compaction import cues
from pinnedrules.compaction.compared import Compared
from pinnedrules.compaction.concerns import Concerns, Shared, keys
from pinnedrules.compaction.opposed import frees, sweeps
from pinnedrules.compaction.outline import LIMIT, Outline, outline
from pinnedrules.compaction.placed import Place, placed
from pinnedrules.compaction.reading import Reading
from pinnedrules.compaction.standing import guarded
from pinnedrules.compaction.weighed import Model, Weight, load
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


def judge(rules: Sequence[tuple[str, str]], summary: str, model: Model | None = None) -> tuple[Judged, ...]:
    """Say for every rule, given as (id, sentence), what *summary* did to it, in the order of the rules.

    *model* weighs the sentences; without one it is that of the package.
    """
    if not rules:
        return ()
    reading = Reading(outline(summary), plain=not invisible(summary[:LIMIT]))
    split = [_split(sentence[:_RULE]) for _, sentence in rules]
    found = placed([(name, rule) for (name, _), rule in zip(rules, split, strict=True)], reading.outline)
    places = [place if len(sentence) <= _RULE else None for place, (_, sentence) in zip(found, rules, strict=True)]
    reading.stated(places)
    concerns = Concerns(split, reading.outline.sentences)
    reading.strays = tuple(
        number
        for number in range(len(reading.outline.sentences))
        if number not in reading.stating and concerns.untouched(number) and frees(reading, number)
    )
    compared = Compared(reading, split, places, concerns)
    weights = model or load()
    return tuple(
        _judged(name, rule, place, reading, concerns, number, list(weights.weigh(compared, number)))
        for number, ((name, _), rule, place) in enumerate(zip(rules, split, places, strict=True))
    )


@lru_cache(maxsize=256)
def _split(rule: str) -> Words:
    """Split a rule into words once: the same rules are judged with every summary."""
    return words(rule)


def _judged(
    name: str,
    rule: Words,
    place: Place | None,
    reading: Reading,
    concerns: Concerns,
    which: int,
    weights: Sequence[Weight],
) -> Judged:
    if not rule.folded:
        return Judged(name, "unsure")
    text = " ".join(rule.folded)
    for number in sorted(reading.sweeping - reading.stating):
        if sweeps(reading, number, text):
            return Judged(name, "contradicted", _quote(reading.outline, number))
    if place is not None:
        fate, number = guarded(reading, place, rule, concerns.shared[which], concerns.elsewhere(which))
        if fate:
            return Judged(name, fate, _quote(reading.outline, number))
    against = max(weights, key=lambda one: one.against, default=None)
    if against is not None and against.against > 0:
        return Judged(name, "contradicted", _quote(reading.outline, against.number))
    if place is None:
        return _changed(name, rule, reading, concerns.shared[which])
    loose = max(weights, key=lambda one: one.loose, default=None)
    doubts = [loose.number] if loose is not None and loose.loose > 0 else reading.strays
    if doubts:
        return Judged(name, "unsure", _quote(reading.outline, doubts[0]))
    return Judged(name, "kept" if reading.plain else "unsure", _quote(reading.outline, place.first))


def _changed(name: str, rule: Words, reading: Reading, shared: Shared) -> Judged:
    """Judge a rule whose sentence does not stand there whole, by the sentence that has most in common with it."""
    if not shared:
        return Judged(name, "dropped" if reading.outline.whole else "unsure")
    for number in shared:
        if reading.outline.blocks[reading.outline.sentences[number].block].struck:
            return Judged(name, "contradicted", _quote(reading.outline, number))
    number = max(shared, key=lambda one: (len(shared[one]), -one))
    wanted = keys(rule)
    near = len(shared[number]) >= 2 and 2 * len(shared[number]) >= len(wanted)
    bound = reading.has(cues.NORM, number) or reading.has(cues.SOFTENED, number)
    return Judged(name, "altered" if near or bound else "unsure", _quote(reading.outline, number))


def _quote(summary: Outline, number: int) -> str:
    raw = summary.sentences[number].raw
    return raw if len(raw) <= QUOTED else raw[: QUOTED - 1] + "\u2026"
