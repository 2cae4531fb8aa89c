"""The sentences of a summary set beside the rules: how each stands to a rule's place, and to the other rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pinnedrules.compaction.concerns import Concerns
from pinnedrules.compaction.opposed import opposes
from pinnedrules.compaction.pairs import Asked, Fact, Near, asked, fact, related
from pinnedrules.compaction.placed import Place
from pinnedrules.compaction.reading import Reading
from pinnedrules.compaction.wording import Words, words

__all__ = ["Compared"]


class Compared:
    """The pairs of one summary's sentences with rules. ``numbers``: the rules' numbers in their list, where known."""

    def __init__(
        self,
        reading: Reading,
        rules: Sequence[Words],
        places: Sequence[Place | None],
        concerns: Concerns,
        numbers: Sequence[int] = (),
    ) -> None:
        self._reading, self._rules, self._places, self._concerns = reading, rules, places, concerns
        self._numbers = numbers or [self._number(place) for place in places]
        self.plain: dict[int, tuple[int, int]] = {}
        self.known: dict[tuple[int, str, bool, str, bool], tuple[int, int]] = {}
        self.facts = [fact(reading.outline, number) for number in range(len(reading.outline.sentences))]

    def stands(self, rule: int) -> bool:
        """Say whether a rule's own sentence stands in the summary."""
        return self._places[rule] is not None

    def of(self, rule: int) -> Iterator[tuple[int, Fact, Asked, Near]]:
        """Yield the sentences that may say something of a rule: not those that are rules themselves."""
        reading, place = self._reading, self._places[rule]
        of, text = self._concerns.of(rule), " ".join(self._rules[rule].folded)
        read = asked(self._rules[rule])
        above = self._above(place)
        for number, one in enumerate(self.facts):
            if number in reading.stating or reading.recap(number):
                continue
            opposed = (number in of or number in reading.sweeping) and opposes(
                reading, number, self._rules[rule], text, of.get(number, frozenset())
            )
            where, same = self._where(number, place, above)
            near = Near(where, same, self._concerns.rival(rule, number), self._numbers[rule], opposed)
            if near.rivals == "more" and not opposed and self._elsewhere(rule, one, read, near, number):
                continue
            yield number, one, read, near

    def _elsewhere(self, rule: int, one: Fact, read: Asked, near: Near, number: int) -> bool:
        """Say whether a sentence that another rule is nearer to has hardly a word of this one, and stands apart from it."""
        if not related(one, read, near):
            return near.where != "above"
        if near.where not in ("far", "list", "") or near.number in one.numbers:
            return False
        return len(self._concerns.shared[rule].get(number, ())) <= 1

    def _above(self, place: Place | None) -> frozenset[int]:
        """Return the headings that stand above a place."""
        if place is None:
            return frozenset()
        outline = self._reading.outline
        over = {words(text).folded for text in outline.blocks[place.block].above}
        return frozenset(
            number
            for number, sentence in enumerate(outline.sentences[: place.first])
            if outline.blocks[sentence.block].heading and outline.blocks[sentence.block].words.folded in over
        )

    def _where(self, number: int, place: Place | None, above: frozenset[int]) -> tuple[str, bool]:
        if place is None:
            return "", False
        outline = self._reading.outline
        block = outline.sentences[number].block
        same = block == place.block
        if number in above:
            return "above", same
        if number in (place.first - 1, place.last + 1):
            return "before" if number < place.first else "after", same
        return "list" if outline.blocks[block].above == outline.blocks[place.block].above else "far", same

    def _number(self, place: Place | None) -> int:
        """Return the number of a rule among those that stand in a row with it, 0 for one that stands nowhere."""
        if place is None:
            return 0
        blocks = self._reading.outline.blocks
        block, number = place.block, 1
        if len(blocks[block].sentences) > 1:
            return 1 + sum(1 for one in blocks[block].sentences if one < place.first and one in self._reading.stating)
        while block and blocks[block - 1].above == blocks[place.block].above and not blocks[block - 1].heading:
            block -= 1
            number += 1
        return number
