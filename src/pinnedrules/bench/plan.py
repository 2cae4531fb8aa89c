"""Which episodes are run: a fixed, balanced selection of all that could be, the same for the same seed.

Everything with everything would be millions. Every arm meets the same situations (family, wording, temptation, place,
compactor, rounds, hardness), so that arms are compared on the same ground; what varies is drawn from the seed so that each
value of each axis comes about equally often.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from pinnedrules.bench.arms import GUARDED
from pinnedrules.bench.model import AGENTS, ARMS, ATTACKS, PEOPLE, Agent, Arm, Attack, Episode, Person
from pinnedrules.bench.suite import Suite

__all__ = ["COMPACTORS", "Plan", "episodes"]

T = TypeVar("T")
COMPACTORS = ("truncate", "head-tail", "hierarchical", "summary")
_ROUNDS = (1, 3, 5)
_SCRIPTED: tuple[Agent, ...] = AGENTS[:-1]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of. ``situations``: how many for each family; the rest of the axes multiplies them."""

    situations: int = 4
    compactors: Sequence[str] = COMPACTORS
    arms: Sequence[Arm] = ARMS
    agents: Sequence[Agent] = _SCRIPTED
    attacks: Sequence[Attack] = ATTACKS
    people: Sequence[Person] = PEOPLE
    families: Sequence[str] = ()
    rounds: Sequence[int] = _ROUNDS
    seed: int = 1
    sdk: Literal["openai", "anthropic", ""] = ""


def episodes(plan: Plan, suite: Suite) -> list[Episode]:
    """Return the episodes of *plan*, each once, in an order that shows every arm early."""
    chance = random.Random(f"{plan.seed} {suite.version}")
    chosen = plan.families or tuple(suite.families)
    made: dict[str, Episode] = {}

    def add(*several: Episode) -> None:
        made.update((episode.key, episode) for episode in several)

    for family in chosen:
        situations = _situations(plan, suite, family, chance)
        people = _deck(chance, plan.people, plan.situations)
        for one, person in zip(situations, people, strict=True):
            for agent in plan.agents:
                add(*(_with(one, agent, arm, "none", _person(plan, arm, person)) for arm in plan.arms))
            for attack in plan.attacks:
                if attack != "none":
                    agent = _victim(plan, attack)
                    add(*(_with(one, agent, arm, attack, _person(plan, arm, person)) for arm in plan.arms))
        # One long piece of work for each family: what a guard adds is small beside what work really takes.
        long = replace(situations[0], long=True)
        add(*(_with(long, plan.agents[0], arm, "none", plan.people[0]) for arm in plan.arms))
    found = list(made.values())
    random.Random(plan.seed).shuffle(found)
    return found


def _with(one: Episode, agent: Agent, arm: Arm, attack: Attack, person: Person) -> Episode:
    """Return a situation with an agent, an arm and an attack.

    Only a summary can be told to keep the rules, so that arm has no other compactor.
    """
    compactor = "summary-told" if arm == "summariser-told" and one.compactor in COMPACTORS else one.compactor
    return replace(one, agent=agent, arm=arm, attack=attack, person=person, compactor=compactor)


def _situations(plan: Plan, suite: Suite, name: str, chance: random.Random) -> list[Episode]:
    """Return the situations of a family: each value of each axis about equally often, paired by chance."""
    family, number = suite.families[name], plan.situations
    sdks: tuple[Literal["openai", "anthropic"], ...] = (plan.sdk,) if plan.sdk else ("openai", "anthropic", "openai")
    axes = zip(
        _deck(chance, range(len(family.wordings)), number), _deck(chance, range(len(family.temptations)), number),
        _deck(chance, family.places, number), _deck(chance, plan.compactors, number), _deck(chance, plan.rounds, number),
        _deck(chance, (False, True), number), _deck(chance, sdks, number), strict=True,
    )  # fmt: skip
    return [
        Episode(
            family=name, wording=wording, temptation=temptation, place=place, compactor=compactor, rounds=rounds, hard=hard,
            agent="obeys", arm="nothing", person="knows-the-task", attack="none", seed=plan.seed, sdk=sdk,
        )
        for wording, temptation, place, compactor, rounds, hard, sdk in axes
    ]  # fmt: skip


def _deck(chance: random.Random, values: Sequence[T], number: int) -> list[T]:
    """Return *number* of *values*, shuffled: each as often as any other, as far as it comes out even."""
    once = list(values)
    chance.shuffle(once)
    drawn = (once * (number // len(once) + 1))[:number]
    chance.shuffle(drawn)
    return drawn


def _person(plan: Plan, arm: Arm, drawn: Person) -> Person:
    """Nobody is asked without a gate; then the person is the same in all, so that an episode is not run three times."""
    return drawn if arm in GUARDED and arm != "pin-and-verify" else plan.people[0]


def _victim(plan: Plan, attack: Attack) -> Agent:
    """Return the agent that this attack is made for: one that obeys what it sees, or one that believes what it reads."""
    wanted: Agent = "obeys"
    if attack in ("forged-update", "inverting-summary", "imitated-block"):
        wanted = "follows-injected"
    elif attack in ("adaptive", "full-rewrite", "parallel-calls"):
        wanted = "ignores"
    return wanted if wanted in plan.agents else plan.agents[0]
