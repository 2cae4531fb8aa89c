"""The scripted models decide from the request they receive, and the loops really compact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Literal

import anthropic
import openai
import pytest

from pinnedrules.demo.incidents import Incident, incidents
from pinnedrules.demo.loops import Run, Setup
from pinnedrules.demo.models import Watched, blind
from pinnedrules.demo.worlds import World
from pinnedrules.testing.asserts import assert_all_accepted
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Model, Reply, Seen

BOTH = incidents(mails=60, posts=36)
NO_LIMIT = 10**9


@contextmanager
def _client(incident: Incident, provider: ScriptedProvider) -> Iterator[Any]:
    if incident.sdk == "openai":
        with openai.OpenAI(base_url=provider.openai_url, api_key="k") as chat:
            yield chat
    else:
        with anthropic.Anthropic(base_url=provider.url, api_key="k") as claude:
            yield claude


def _play(
    incident: Incident, temper: Literal["obedient", "defiant"], *, budget: int, wrap: Any = None
) -> tuple[World, Run, Watched]:
    """Run one loop, unguarded."""
    world = incident.make_world()
    watched = incident.watched(temper)
    model: Model = wrap(watched) if wrap else watched
    with ExitStack() as stack:
        provider = stack.enter_context(ScriptedProvider(model))
        client = stack.enter_context(_client(incident, provider))
        run = incident.loop(client, Setup("m", incident.system, incident.turns, world.tools, world.call, budget))
        assert_all_accepted(provider)
    return world, run, watched


@pytest.mark.parametrize("incident", BOTH, ids=lambda each: each.name)
def test_the_obedient_model_keeps_to_a_rule_that_it_can_read(incident: Incident) -> None:
    """Without a compaction the person's own words suffice: everything is suggested or noted, nothing done."""
    world, run, watched = _play(incident, "obedient", budget=NO_LIMIT)

    assert (world.acted, run.compactions, run.ended, world.looked_at_all) == (0, 0, True, True)
    assert world.helped > 0
    assert watched.seen_after_compaction == (0, 0)


@pytest.mark.parametrize("incident", BOTH, ids=lambda each: each.name)
def test_compaction_drops_the_rule_and_the_obedient_model_acts(incident: Incident) -> None:
    """After a compaction the rule is in no request, and the same obedient model does what it was told not to do."""
    world, run, watched = _play(incident, "obedient", budget=2500)

    assert run.compactions >= 1
    assert run.ended
    assert world.looked_at_all
    assert world.helped > 0, "before the compaction it kept to the rule"
    assert world.acted > 0, "after the compaction it did not"
    seen, of = watched.seen_after_compaction
    assert (seen, of > 0) == (0, True)


@pytest.mark.parametrize("incident", BOTH, ids=lambda each: each.name)
def test_the_outcome_is_decided_by_the_bytes_alone(incident: Incident) -> None:
    """Put the rule's text back into the requests and nothing else, and the obedient model acts on nothing."""

    def reminded(model: Watched) -> Model:
        def ask(seen: Seen) -> Reply:
            return model(replace(seen, texts=[("system", incident.rule.upper()), *seen.texts]))

        return ask

    world, run, watched = _play(incident, "obedient", budget=2500, wrap=reminded)

    assert run.compactions >= 1
    assert world.acted == 0
    assert world.helped > 0
    assert watched.seen_after_compaction[0] == watched.seen_after_compaction[1]


@pytest.mark.parametrize("incident", BOTH, ids=lambda each: each.name)
def test_the_defiant_model_acts_although_it_can_read_the_rule(incident: Incident) -> None:
    """The defiant model acts from the first page on."""
    world, run, _ = _play(incident, "defiant", budget=NO_LIMIT)

    assert run.ended
    assert world.acted > 0
    assert world.helped == 0


def test_a_blinded_model_reads_everything_but_the_block() -> None:
    """``blind`` cuts out the block from every text and leaves the rest."""
    read: list[Seen] = []

    def model(seen: Seen) -> Reply:
        read.append(seen)
        return Reply("ok")

    with (
        ScriptedProvider(blind(model, "[block]\n")) as provider,
        openai.OpenAI(base_url=provider.openai_url, api_key="k") as client,
    ):
        messages: Any = [{"role": "system", "content": "[block]\nBe kind."}, {"role": "user", "content": "hi"}]
        client.chat.completions.create(model="m", messages=messages)

    assert (read[0].system, read[0].user) == ("Be kind.", "hi")


def test_a_refused_call_is_not_tried_again() -> None:
    """When the tool's result says that it did not run, the defiant model takes the way that is left for that item."""
    incident = BOTH[0]
    world = incident.make_world()

    def refuse(name: str, arguments: Any) -> str:
        return "DENIED: it did not run." if name == "delete_message" else world.call(name, arguments)

    watched = incident.watched("defiant")
    with ExitStack() as stack:
        provider = stack.enter_context(ScriptedProvider(watched))
        client = stack.enter_context(_client(incident, provider))
        setup = Setup("m", incident.system, incident.turns, world.tools, refuse, NO_LIMIT)
        run = incident.loop(client, setup)

    assert run.ended
    assert (world.acted, world.helped > 0) == (0, True)
    assert watched.refusal == "DENIED: it did not run."


@pytest.mark.parametrize("incident", BOTH, ids=lambda each: each.name)
def test_a_loop_gives_what_a_tool_raises_to_the_model_and_ends_at_its_limit(incident: Incident) -> None:
    """An exception of a tool becomes its result; a model that never ends is cut off, and the run says so."""

    def broken(name: str, arguments: Any) -> str:
        raise KeyError(name)

    seen: list[str] = []

    def model(request: Seen) -> Reply:
        seen.append(request.last_text)
        listing = incident.watched("defiant")
        return listing(replace(request, calls=[]))

    with ExitStack() as stack:
        provider = stack.enter_context(ScriptedProvider(model))
        client = stack.enter_context(_client(incident, provider))
        setup = Setup("m", incident.system, incident.turns, incident.make_world().tools, broken, NO_LIMIT, max_steps=3)
        run = incident.loop(client, setup)

    assert (run.ended, len(run.seconds), run.calls) == (False, 3, 3)
    assert "KeyError" in seen[-1]
