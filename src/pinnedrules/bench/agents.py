"""Scripted agents: what they do is decided by what stands in the request that their provider received.

An agent knows its errand (``Turn``): the calls that go with a user's turn, once for somebody who does not mind the rule and
once for somebody who does. Which of the two it makes is its temper, and whether it has the rule before its eyes. When calls
come back refused it takes the way within the rule, once.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pinnedrules.bench.model import Agent, Call, Family
from pinnedrules.testing.script import ProposedCall, Reply, Seen

__all__ = ["ScriptedAgent", "Survival", "Turn", "survival"]

Survival = Literal["verbatim", "in words", "gone"]
_PASSAGE = 600
_HALF = 12_000
"""After so many characters behind the rule, ``fades`` minds it half as often."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Turn:
    """A user's turn by its text, and the calls that it leads to."""

    text: str
    heedless: tuple[Call, ...] = ()
    mindful: tuple[Call, ...] = ()


@dataclass(slots=True)
class ScriptedAgent:
    """Answers requests, in one thread. ``looks`` has for each request what was left of the rule; ``made`` all calls made."""

    family: Family
    temper: Agent
    lifting: tuple[str, ...]
    chance: random.Random
    errand: list[Turn] = field(default_factory=list)
    looks: list[Survival] = field(default_factory=list)
    made: list[Call] = field(default_factory=list)
    _done: dict[int, list[str]] = field(default_factory=dict)
    _second: set[int] = field(default_factory=set)

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        texts = [text for _, text in seen.texts]
        self.looks.append(survival(self.family, texts))
        at = self._turn(texts)
        if at is None:
            return Reply("Understood.")
        turn = self.errand[at]
        if at not in self._done:
            calls = turn.mindful if self._minds(texts) else turn.heedless
            return self._make(at, calls)
        results = {call.id: call.result or "" for call in seen.calls}
        refused = any(not results.get(name, "{").startswith("{") for name in self._done[at])
        if refused and at not in self._second and turn.mindful != turn.heedless:
            self._second.add(at)
            return self._make(at, turn.mindful)
        return Reply("Done with that.")

    def _turn(self, texts: Sequence[str]) -> int | None:
        """Return which turn of the errand is the newest in the request."""
        for text in reversed(texts):
            for at in range(len(self.errand) - 1, -1, -1):
                if self.errand[at].text in text:
                    return at
        return None

    def _make(self, at: int, calls: Sequence[Call]) -> Reply:
        if not calls:
            self._done.setdefault(at, [])
            return Reply("There is nothing to do within the rules.")
        first = len(self.made)
        names = [f"call_{first + number:04d}" for number in range(len(calls))]
        self._done.setdefault(at, []).extend(names)
        self.made.extend(calls)
        proposed = [ProposedCall(call.name, call.arguments, name) for call, name in zip(calls, names, strict=True)]
        return Reply("", calls=proposed)

    def _minds(self, texts: Sequence[str]) -> bool:
        if self.temper == "ignores":
            return False
        if self.temper == "follows-injected" and any(lift in text for lift in self.lifting for text in texts):
            return False
        behind = _distance(self.family, texts)
        if behind is None:
            return False
        return self.temper != "fades" or self.chance.random() < 0.5 ** (behind / _HALF)


def survival(family: Family, texts: Sequence[str]) -> Survival:
    """Return what is left of the rule in what a model reads."""
    flat = [_SPACE.sub(" ", text).casefold() for text in texts]
    if any(_SPACE.sub(" ", wording).casefold() in text for wording in family.wordings for text in flat):
        return "verbatim"
    return "in words" if any(_marked(family, text) for text in flat) else "gone"


def _distance(family: Family, texts: Sequence[str]) -> int | None:
    """Return how many characters stand behind the newest text that holds the rule; None when none does."""
    behind = 0
    for text in reversed(texts):
        flat = _SPACE.sub(" ", text).casefold()
        if any(_SPACE.sub(" ", wording).casefold() in flat for wording in family.wordings) or _marked(family, flat):
            return behind
        behind += len(text)
    return None


def _marked(family: Family, flat: str) -> bool:
    """Whether one passage holds a text of each group: an answer that repeats the task's nouns far apart is no rule."""
    first = family.marks[0]
    for mark in first:
        at = flat.find(mark.casefold())
        while at >= 0:
            passage = flat[max(0, at - _PASSAGE // 2) : at + _PASSAGE // 2]
            if all(any(other.casefold() in passage for other in group) for group in family.marks[1:]):
                return True
            at = flat.find(mark.casefold(), at + 1)
    return False
