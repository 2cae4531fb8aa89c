"""Which of the rules a sentence is about: words that several rules have say less, and another rule's sentence says nothing.

"Backups need not be kept any more" shares "keep" with many rules and "backup" with one; it is about that one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

__all__ = ["Concerns", "Shared"]

Shared: TypeAlias = Mapping[int, frozenset[str]]
"""Words of content that sentences have in common with a rule, by the sentence's number."""


class Concerns:
    """What each rule shares with each sentence, less the sentences that are surely about another one."""

    def __init__(self, shared: Sequence[Shared]) -> None:
        self._shared = shared
        rules = Counter(key for one in shared for key in frozenset[str]().union(*one.values()))
        self._scores = [{number: sum(1 / rules[key] for key in keys) for number, keys in one.items()} for one in shared]
        self._named = frozenset(number for one in shared for number, keys in one.items() if len(keys) > 1)
        self._best: dict[int, float] = {}
        for scores in self._scores:
            for number, score in scores.items():
                self._best[number] = max(score, self._best.get(number, 0.0))

    def elsewhere(self, rule: int) -> frozenset[int]:
        """Return the sentences that are plainly about another rule: two words of it, and nothing that tells of this one."""
        mine = self.of(rule)
        return frozenset(number for number in self._named if number not in mine)

    def of(self, rule: int) -> Shared:
        """Return what the rule shares with the sentences that may be about it."""
        return {
            number: keys
            for number, keys in self._shared[rule].items()
            if 2 * self._scores[rule][number] > self._best[number] or len(keys) >= 3
        }
