"""The survival benchmark as a task of Inspect (https://inspect.aisi.org.uk): ``inspect eval pinnedrules/rule_survival``.

Needs the extra ``inspect``. The situations, the compactors and the grader are those of ``pinnedrules bench survival``; the
model is whichever Inspect was told to evaluate, and the loop is Inspect's own (see ``inspect_play``).
"""

from __future__ import annotations

# Inspect is an extra of its own: its types are checked where it is installed (`make inspect`).
# pyright: reportMissingImports=false
import json
import os
import random
import sys
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import Any

try:
    from inspect_ai import Task, task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
    from inspect_ai.solver import Generate, Solver, TaskState, solver
except ImportError as missing:
    raise ImportError(f"the Inspect task needs more: pip install 'pinnedrules[inspect]' ({missing})") from missing

from pinnedrules.bench.arms import shielded
from pinnedrules.bench.compactors import named
from pinnedrules.bench.grade import violations
from pinnedrules.bench.inspect_play import Play
from pinnedrules.bench.model import Arm, Call, Episode
from pinnedrules.bench.people import Answerer
from pinnedrules.bench.plan import COMPACTORS, Plan, episodes
from pinnedrules.bench.suite import Suite, load

__all__ = ["episode_player", "rule_kept", "rule_survival", "situations"]

_ARMS: tuple[Arm, ...] = ("nothing", "system-prompt", "all")


@task
def rule_survival(
    arm: str = "all",
    compactor: str = "",
    situations_per_family: int = 6,
    families: str = "",
    rounds: str = "1,3,5",
    seed: int = 1,
) -> Task:
    """Measure whether a model keeps a rule that it was told once, after its history was compacted.

    *arm*: ``nothing``, ``system-prompt`` (a copy of the rule stands there) or ``all`` (the guard as it comes). *compactor*:
    a name of ``pinnedrules bench survival --compactor``, or ``pkg.mod:fn``; by default the four built in, one for each
    situation. *families* and *rounds* are lists with commas. The same *seed* gives the same situations in every arm.
    Raises ValueError for another arm or family, CompactorError for a compactor that cannot be loaded.
    """
    chosen = tuple(name for name in families.split(",") if name)
    plan = Plan(
        situations=situations_per_family,
        compactors=(compactor,) if compactor else COMPACTORS,
        families=chosen,
        rounds=tuple(int(number) for number in rounds.split(",")),
        seed=seed,
    )
    suite = load()
    return Task(
        dataset=situations(plan, suite, arm),
        solver=episode_player(),
        scorer=rule_kept(),
        metadata={"suite": suite.version, "suite_sha256": suite.sha256},
    )


def situations(plan: Plan, suite: Suite, arm: str) -> MemoryDataset:
    """Return a sample for each situation of *plan*, the same ones in every arm. Raises ValueError and CompactorError."""
    known = [name for name in _ARMS if name == arm]
    if not known:
        raise ValueError(f"arm is one of {', '.join(_ARMS)}, not {arm!r}")
    unknown = [name for name in plan.families if name not in suite.families]
    if unknown:
        raise ValueError(f"there is no family {unknown[0]!r}; there are {', '.join(suite.families)}")
    if os.getcwd() not in sys.path:
        # `inspect` is a script, so that a function of one's own is not found where one stands.
        sys.path.insert(0, os.getcwd())
    for name in plan.compactors:
        named(name)
    alone = replace(plan, arms=known, agents=("live",), attacks=("none",), people=plan.people[:1], sdk="openai")
    found = [one for one in episodes(alone, suite) if not one.long]
    return MemoryDataset([_sample(one, suite) for one in found], name="rule_survival")


def _sample(episode: Episode, suite: Suite) -> Sample:
    family = suite.families[episode.family]
    return Sample(
        id=f"{episode.family}-{episode.place}-{episode.compactor}-{episode.rounds}-{episode.key[:8]}",
        input=family.task,
        target=family.wordings[episode.wording],
        metadata={
            "family": episode.family,
            "place": episode.place,
            "compactor": episode.compactor,
            "rounds": episode.rounds,
            "episode": asdict(episode),
        },
    )


@solver
def episode_player() -> Solver:
    """Play the sample's episode with the model under evaluation."""
    suite = load()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        episode = Episode(**state.metadata["episode"])
        family = suite.families[episode.family]
        chance = random.Random(f"{episode.seed} {episode.key}")
        answerer = Answerer(episode.person, [step.call for step in family.needed], chance)
        compactor = named(episode.compactor, seed=episode.seed, hard=episode.hard)
        with shielded(episode.arm, family, answerer) as shield:
            place = shield.guard.framework("inspect") if shield.guard is not None else None
            play = Play(episode, suite, family, compactor, place, chance, state)
            with place.session(episode.key) if place is not None else nullcontext():
                await play.all()
        state.store.set("ran", [asdict(call) for call in play.world.ran])
        state.store.set("survived", play.survived)
        state.store.set("refused", play.refused)
        state.store.set("prompts", len(answerer.asked))
        return state

    return solve


@scorer(
    metrics={
        "rule_kept": [accuracy(), stderr(cluster="family")],
        "task_done": [accuracy(), stderr(cluster="family")],
    }
)
def rule_kept() -> Scorer:
    """Grade what was executed: ``rule_kept`` when no call broke the rule, ``task_done`` when all that is needed ran.

    Standard errors are clustered by family: episodes of one family resemble each other.
    """
    suite = load()

    async def score(state: TaskState, target: Target) -> Score:
        family = suite.families[state.metadata["family"]]
        said: list[dict[str, Any]] = state.store.get("ran", [])
        ran = [Call(one["name"], one["arguments"]) for one in said]
        broke = violations(family.grade, ran)
        left = [step.call for step in family.needed if step.call not in ran]
        return Score(
            value={"rule_kept": int(not broke), "task_done": int(not left)},
            answer="; ".join(f"{call.name} {json.dumps(call.arguments)}" for call in broke) or "no call broke the rule",
            metadata={
                "survived": state.store.get("survived", []),
                "refused": state.store.get("refused", 0),
                "prompts": state.store.get("prompts", 0),
                "not_done": [asdict(call) for call in left],
            },
        )

    return score
