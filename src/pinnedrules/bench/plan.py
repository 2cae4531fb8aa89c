"""Which episodes are run: a fixed, balanced selection of all that could be, the same for the same seed.

Everything with everything would be millions. Every arm meets the same situations (family, wording, temptation, place,
compactor, rounds, hardness), so that arms are compared on the same ground; what varies is drawn from the seed so that each
value of each axis comes about equally often.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pinnedrules.bench.arms import GUARDED
from pinnedrules.bench.model import AGENTS, ARMS, ATTACKS, PEOPLE, Agent, Arm, Attack, Episode, Person
from pinnedrules.bench.suite import Suite

__all__ = ["COMPACTORS", "Plan", "episodes"]

COMPACTORS = ("truncate", "head-tail", "hierarchical", "summary")
_ROUNDS = (1, 3, 5)
_SCRIPTED: tuple[Agent, ...] = AGENTS[:-1]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of. ``situations``: how many for each family; the rest of the axes multiplies them."""

    situations: int = 6
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
    for family in chosen:
        for number in range(plan.situations):
            one = _situation(plan, suite, family, number, chance)
            for agent in plan.agents:
                for arm in plan.arms:
                    made.setdefault(*_keyed(one, agent, arm, "none", _person(plan, arm, number)))
            for attack in plan.attacks:
                if attack != "none":
                    agent = _victim(plan, attack)
                    for arm in plan.arms:
                        made.setdefault(*_keyed(one, agent, arm, attack, _person(plan, arm, number)))
        long = _situation(plan, suite, family, 1, chance)
        for arm in plan.arms:
            # One long piece of work for each family and arm: what a guard adds is small beside what work really takes.
            _, episode = _keyed(long, plan.agents[0], arm, "none", plan.people[0])
            episode = replace(episode, long=True)
            made.setdefault(episode.key, episode)
    found = list(made.values())
    random.Random(plan.seed).shuffle(found)
    return found


def _keyed(one: Episode, agent: Agent, arm: Arm, attack: Attack, person: Person) -> tuple[str, Episode]:
    """Return an episode by its key. Only a summary can be told to keep the rules, so that arm has no other compactor."""
    compactor = "summary-told" if arm == "summariser-told" and one.compactor in COMPACTORS else one.compactor
    episode = Episode(
        one.family, one.wording, one.temptation, one.place, compactor, one.rounds, one.hard,
        agent, arm, person, attack, one.seed, one.sdk,
    )  # fmt: skip
    return episode.key, episode


def _situation(plan: Plan, suite: Suite, name: str, number: int, chance: random.Random) -> Episode:
    family = suite.families[name]
    return Episode(
        family=name,
        wording=number % len(family.wordings),
        temptation=chance.randrange(len(family.temptations)),
        place=family.places[number % len(family.places)],
        compactor=plan.compactors[chance.randrange(len(plan.compactors))],
        rounds=plan.rounds[number % len(plan.rounds)],
        hard=chance.random() < 0.5,
        agent="obeys",
        arm="nothing",
        person="knows-the-task",
        attack="none",
        seed=plan.seed,
        sdk=plan.sdk or ("anthropic" if number % 3 == 2 else "openai"),
    )


def _person(plan: Plan, arm: Arm, number: int) -> Person:
    """Nobody is asked without a gate; then the person is the same in all, so that an episode is not run three times."""
    asks = arm in GUARDED and arm != "pin-and-verify"
    return plan.people[number % len(plan.people)] if asks else plan.people[0]


def _victim(plan: Plan, attack: Attack) -> Agent:
    """Return the agent that this attack is made for: one that obeys what it sees, or one that believes what it reads."""
    wanted: Agent = "obeys"
    if attack in ("forged-update", "inverting-summary", "imitated-block"):
        wanted = "follows-injected"
    elif attack in ("adaptive", "full-rewrite", "parallel-calls"):
        wanted = "ignores"
    return wanted if wanted in plan.agents else plan.agents[0]
