"""The arms of the comparison: the same loop, world and model with nothing, the pin, the gate, or both."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pinnedrules import Guard
from pinnedrules.demo.incidents import Incident
from pinnedrules.demo.loops import Run, Setup
from pinnedrules.demo.models import Watched, blind
from pinnedrules.demo.worlds import Inbox, World
from pinnedrules.testing.provider import ScriptedProvider

__all__ = ["ARMS", "LIVE_ARMS", "Arm", "Endpoint", "Result", "open_client", "run_arm"]


@dataclass(frozen=True, slots=True)
class Arm:
    """What stands between the loop and the model.

    ``mode`` is the guard's mode, or ``None`` for no guard. With ``blinded`` the pin block is cut out after
    it has left the guard, in the scripted provider and before its model reads the request.
    """

    name: str
    temper: Literal["obedient", "defiant"]
    mode: Literal["enforce", "monitor"] | None
    blinded: bool = False


ARMS = (
    Arm("unprotected", "obedient", None),
    Arm("pin only", "obedient", "monitor"),
    Arm("gate only, pin cut out", "defiant", "enforce", blinded=True),
    Arm("pin and gate", "defiant", "enforce"),
    Arm("pin and gate", "obedient", "enforce"),
)
# A real endpoint has one model, and nothing of ours stands in front of it that could cut the pin out.
LIVE_ARMS = (ARMS[0], ARMS[1], ARMS[4])


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A real endpoint. Without a *url* the SDK's own; without a *key* the SDK looks in the environment."""

    model: str
    url: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What was counted in one arm.

    ``acted`` and ``helped`` are counted in the world, ``lost`` are deleted mails that mattered (inbox
    only). ``refused`` counts calls that the guard did not release. ``rule_seen`` is (requests in which the
    model saw the rule, requests), both after the first compaction; ``None`` with a real endpoint, which
    does not tell. ``request_ms`` is the median time that the loop waited for one answer.
    """

    incident: str
    arm: str
    model: str
    acted: int
    lost: int | None
    helped: int
    refused: int
    finished: bool
    rule_seen: tuple[int, int] | None
    compactions: int
    requests: int
    request_ms: float
    refusal: str
    block: str


def run_arm(incident: Incident, arm: Arm, *, state: Path, budget: int, live: Endpoint | None = None) -> Result:
    """Run one arm of one incident, with its state under *state*."""
    world = incident.make_world()
    with ExitStack() as stack:
        guard = None
        if arm.mode is not None:
            guard = stack.enter_context(
                Guard(incident.rules, mode=arm.mode, approver="tickets", state=state, quiet=True)
            )
        model: Watched | None = None
        if live is None:
            model = incident.watched(arm.temper)
            asked = blind(model, guard.block) if guard is not None and arm.blinded else model
            provider = stack.enter_context(ScriptedProvider(asked))
            live_or_not = Endpoint(
                "scripted", provider.openai_url if incident.sdk == "openai" else provider.url, "none"
            )
        else:
            live_or_not = live
        client = stack.enter_context(open_client(incident, live_or_not))
        setup = Setup(live_or_not.model, incident.system, incident.turns, world.tools, world.call, budget)
        if guard is None:
            run = incident.loop(client, setup)
        else:
            with guard.session(f"{incident.name}: {arm.name}, {arm.temper}"):
                run = incident.loop(guard.wrap(client), setup)
        return _result(incident, arm, world, run, guard, model, live)


@contextmanager
def open_client(incident: Incident, endpoint: Endpoint) -> Iterator[Any]:
    """Open the SDK's client. The SDKs take seconds to import, so only here."""
    if incident.sdk == "openai":
        import openai

        with openai.OpenAI(base_url=endpoint.url, api_key=endpoint.key) as chat:
            yield chat
    else:
        import anthropic

        with anthropic.Anthropic(base_url=endpoint.url, api_key=endpoint.key) as claude:
            yield claude


def _result(
    incident: Incident,
    arm: Arm,
    world: World,
    run: Run,
    guard: Guard | None,
    model: Watched | None,
    live: Endpoint | None,
) -> Result:
    return Result(
        incident=incident.name,
        arm=arm.name,
        model=arm.temper if live is None else live.model,
        acted=world.acted,
        lost=world.lost if isinstance(world, Inbox) else None,
        helped=world.helped,
        refused=guard.report().denied if guard is not None else 0,
        finished=run.ended and world.looked_at_all,
        rule_seen=model.seen_after_compaction if model is not None else None,
        compactions=run.compactions,
        requests=len(run.seconds),
        request_ms=statistics.median(run.seconds) * 1000,
        refusal=model.refusal if model is not None else "",
        block=guard.block if guard is not None else "",
    )
