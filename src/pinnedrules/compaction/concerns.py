"""What each rule has in common with each sentence of a summary, and which of the rules a sentence is nearest to.

Words that several rules have say less. "Backups need not be kept any more" shares "keep" with many rules and "backup" with
one; it is about that one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from pinnedrules.compaction import forms
from pinnedrules.compaction.outline import Sentence
from pinnedrules.compaction.wording import Words

__all__ = ["Concerns", "Rival", "Shared", "keys"]

Shared: TypeAlias = Mapping[int, frozenset[str]]
"""Words of content that sentences have in common with a rule, by the sentence's number."""
Rival: TypeAlias = Literal["none", "less", "tie", "more"]
"""What the best other rule shares with a sentence, against this one."""
_KIN = 0.3
"""What a word of like meaning counts, against one in common."""
_ALIKE = 0.001


@lru_cache(maxsize=256)
def keys(rule: Words) -> frozenset[str]:
    """Return the words of content of a rule, in the form that other forms of the word share."""
    return frozenset(map(forms.key, rule.folded)) - {""}


@lru_cache(maxsize=256)
def _kin(rule: Words) -> frozenset[int]:
    return frozenset(map(forms.kin, rule.folded)) - {0}


class Concerns:
    """What the rules share with the sentences of one summary."""

    def __init__(self, rules: Sequence[Words], sentences: Sequence[Sentence]) -> None:
        words: dict[str, list[int]] = defaultdict(list)
        groups: dict[int, list[int]] = defaultdict(list)
        for number, sentence in enumerate(sentences):
            for key in set(map(forms.key, sentence.folded)):
                words[key].append(number)
            for group in set(map(forms.kin, sentence.folded)):
                groups[group].append(number)
        self.shared = [_shared(rule, words) for rule in rules]
        kin = [Counter(number for group in _kin(rule) for number in groups.get(group, ())) for rule in rules]
        times = Counter(key for rule in rules for key in keys(rule))
        self._plain = [
            {number: sum(1 / times[key] for key in some) for number, some in one.items()} for one in self.shared
        ]
        self._scores: list[dict[int, float]] = []
        best: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for plain, alike in zip(self._plain, kin, strict=True):
            scores = dict(plain)
            for number, count in alike.items():
                scores[number] = scores.get(number, 0.0) + _KIN * count
            self._scores.append(scores)
            for number, score in scores.items():
                best[number] = sorted([*best[number], score], reverse=True)[:2]
        self._best = dict(best)
        self._most: dict[int, float] = {}
        for plain in self._plain:
            for number, score in plain.items():
                self._most[number] = max(score, self._most.get(number, 0.0))

    def rival(self, rule: int, number: int) -> Rival:
        """Return how near the nearest other rule is to a sentence."""
        score = self._scores[rule].get(number, 0.0)
        first, second = self._best.get(number, (0.0, 0.0))
        other = second if score >= first else first
        if other <= 0:
            return "none"
        if abs(score - other) <= _ALIKE:
            return "tie"
        return "less" if other < score else "more"

    def untouched(self, number: int) -> bool:
        """Say whether a sentence has nothing in common with any rule."""
        return number not in self._best

    def elsewhere(self, rule: int) -> frozenset[int]:
        """Return the sentences that another rule is nearer to."""
        return frozenset(number for number in self._best if self.rival(rule, number) == "more")

    def of(self, rule: int) -> Shared:
        """Return what the rule shares with the sentences that may be about it."""
        plain = self._plain[rule]
        return {
            number: some
            for number, some in self.shared[rule].items()
            if 2 * plain[number] > self._most[number] or len(some) >= 3
        }


def _shared(rule: Words, index: Mapping[str, list[int]]) -> Shared:
    """Return what each sentence has of a rule's words; a figure alone is nothing in common."""
    found: dict[int, set[str]] = defaultdict(set)
    for key in keys(rule):
        for number in index.get(key, ()):
            found[number].add(key)
    return {number: frozenset(some) for number, some in found.items() if not all(key.isdigit() for key in some)}
