"""Whether rules survive a compactor by itself: no agent, no guard, only the history before and after.

::

    from pinnedrules.testing import assert_rules_survive

    def test_my_compactor() -> None:
        assert_rules_survive(my_compactor)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pinnedrules.bench.agents import Survival, survival
from pinnedrules.bench.compactors import Compactor, compacted
from pinnedrules.bench.model import Family, Message, Place
from pinnedrules.bench.suite import SUITE, Suite, load

__all__ = ["Lost", "assert_rules_survive", "lost"]

BUDGET = 16
_PLACES: tuple[Place, ...] = ("system", "first-turn", "middle", "policy-result")


@dataclass(frozen=True, slots=True)
class Lost:
    """A rule that a compactor lost: which, where it had been said, and in which round (from 1) it was gone."""

    family: str
    wording: str
    place: Place
    round: int


def lost(
    compactor: Compactor,
    *,
    rounds: int = 3,
    budget: int = BUDGET,
    places: Sequence[Place] = _PLACES,
    families: Sequence[str] = (),
    suite: Suite | None = None,
) -> tuple[list[Lost], int]:
    """Return what *compactor* lost, and how many rules it was tried with. Raises CompactorError and what it raises."""
    suite = suite or load(SUITE)
    found, tried = [], 0
    for number, name in enumerate(families or suite.families):
        family = suite.families[name]
        wording = family.wordings[number % len(family.wordings)]
        for place in family.places:
            if place not in places:
                continue
            tried += 1
            gone = _gone(compactor, family, wording, place, rounds, budget, suite)
            if gone:
                found.append(Lost(name, wording, place, gone))
    return found, tried


def assert_rules_survive(
    compactor: Compactor,
    *,
    rounds: int = 3,
    budget: int = BUDGET,
    places: Sequence[Place] = _PLACES,
    families: Sequence[str] = (),
) -> None:
    """Raise AssertionError if *compactor* loses a rule within so many rounds: one line for each rule.

    *compactor*: ``compact(messages, budget) -> messages``, sync or async, with messages of Chat Completions; *budget* is how
    many may be left. A rule has survived when it is still there word for word, or in words that name all it says.
    """
    found, tried = lost(compactor, rounds=rounds, budget=budget, places=places, families=families)
    if found:
        lines = [f"{len(found)} of {tried} rules did not survive {rounds} compactions:"]
        lines += [f"  {one.family}, said in {one.place}, gone after round {one.round}: {one.wording}" for one in found]
        raise AssertionError("\n".join([*lines, "A guard keeps them outside the history: see docs/survival.md"]))


def _gone(
    compactor: Compactor, family: Family, wording: str, place: Place, rounds: int, budget: int, suite: Suite
) -> int:  # fmt: skip
    """Return in which round the rule was gone, 0 if in none."""
    messages: list[Message] = [
        {"role": "system", "content": family.system + (f"\n{wording}" if place == "system" else "")}
    ]
    messages += [{"role": "user", "content": family.task + (f"\n{wording}" if place == "first-turn" else "")}]
    messages += [{"role": "assistant", "content": "I will begin."}]
    if place == "policy-result":
        messages += _read("policy", f"Policy of the organisation, in force since May.\n{wording}")
    for number in range(rounds):
        if place == "middle" and number == rounds // 2:
            messages += [{"role": "user", "content": f"One more thing. {wording}"}]
            messages += [{"role": "assistant", "content": "Understood."}]
        messages += suite.filler[number % len(suite.filler)]
        step = family.steps[number % len(family.steps)]
        messages += [{"role": "user", "content": f"Go on with step {number + 1}."}]
        messages += _read(f"step-{number + 1}", step.result)
        messages += [{"role": "assistant", "content": "Done with that."}]
        messages = compacted(compactor, messages, budget)
        told = place != "middle" or number >= rounds // 2
        if told and _left(family, messages) == "gone":
            return number + 1
    return 0


def _left(family: Family, messages: Sequence[Message]) -> Survival:
    return survival(family, [str(message.get("content") or "") for message in messages])


def _read(name: str, text: str) -> list[Message]:
    arguments = json.dumps({"id": name})
    call = {"id": f"call_{name}", "type": "function", "function": {"name": "read_document", "arguments": arguments}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"call_{name}", "content": text},
    ]
