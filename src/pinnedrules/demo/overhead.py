"""What the guard costs, measured on this machine: the same request with and without it, in turns."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pinnedrules import Guard
from pinnedrules.demo.arms import Endpoint, open_client
from pinnedrules.demo.incidents import Incident
from pinnedrules.demo.loops import Setup
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.tokens import count

__all__ = ["Overhead", "measure"]


@dataclass(frozen=True, slots=True)
class Overhead:
    """What the guard costs in one incident.

    ``plain_ms`` and ``guarded_ms`` are medians of the time that the loop waits for an answer with one permitted call;
    ``block_tokens`` is what the rules add to every request (``o200k_base``).
    """

    incident: str
    plain_ms: float
    guarded_ms: float
    block_tokens: int


def measure(incident: Incident, *, state: Path, pairs: int = 30) -> Overhead:
    """Ask a scripted provider the incident's first question *pairs* times with each client, in turns, after one warm-up."""
    world = incident.make_world()
    with ExitStack() as stack:
        guard = stack.enter_context(Guard(incident.rules, approver="tickets", state=state, quiet=True))
        provider = stack.enter_context(ScriptedProvider(incident.watched("obedient")))
        endpoint = Endpoint("scripted", provider.openai_url if incident.sdk == "openai" else provider.url, "none")
        # Two clients, because wrapping one gates the object that was passed in as well.
        plain = stack.enter_context(open_client(incident, endpoint))
        guarded = guard.wrap(stack.enter_context(open_client(incident, endpoint)))
        setup = Setup("scripted", incident.system, incident.turns, world.tools, world.call, 10**9, max_steps=1)
        waits: list[tuple[float, float]] = []
        for _ in range(pairs + 1):
            waits.append((incident.loop(plain, setup).seconds[0], incident.loop(guarded, setup).seconds[0]))
        medians = [statistics.median(each) * 1000 for each in zip(*waits[1:], strict=True)]
        return Overhead(incident.name, medians[0], medians[1], count(guard.block).tokens)
