"""Contract: a stop ends the run in every phase, and nothing runs after it (invariant 7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.adapters.contract.harness import Harness, Mode, Plan, Reply, Seen
from tests.adapters.contract.mailbox import RULES, Mailbox, call, scripted

from pinnedrules import Guard, Stopped
from pinnedrules.testing.evidence import Evidence
from pinnedrules.testing.plugin import MakeGuard

Recorded = Callable[[], Evidence]


@pytest.fixture
def guard(pinned_guard: MakeGuard) -> Guard:
    return pinned_guard(RULES)


def test_before_the_model_is_asked(harness: Harness, mode: Mode, guard: Guard) -> None:
    """A stop before the model call: the model is not asked."""
    seen = list[Seen]()
    agent = harness.agent(guard, Plan(scripted(Reply("Hello."), seen=seen), Mailbox().tools, mode=mode))
    guard.stop("enough")
    with pytest.raises(Stopped, match="enough"):
        agent.say("Hello?")
    assert seen == []


def test_while_the_model_answers(harness: Harness, mode: Mode, guard: Guard) -> None:
    """A stop while the model answers: its answer is void, and no call of it runs."""
    box = Mailbox()

    def play(shown: Seen) -> Reply:
        guard.stop("enough")
        return Reply("I will look at it.", [call("c1", "look", n=1)])

    with pytest.raises(Stopped, match="enough"):
        harness.agent(guard, Plan(play, box.tools, mode=mode)).say("Look.")
    assert box.did == []


def test_while_the_model_answers_and_resumed_before_it_ends(harness: Harness, mode: Mode, guard: Guard) -> None:
    """An answer that was under way when a stop came is void even if work was resumed before it ended."""
    box = Mailbox()

    def play(shown: Seen) -> Reply:
        guard.stop("enough")
        guard.resume("go on", user="ada")
        return Reply("I will look at it.", [call("c1", "look", n=1)])

    with pytest.raises(Stopped):
        harness.agent(guard, Plan(play, box.tools, mode=mode)).say("Look.")
    assert box.did == []


def test_between_two_calls(harness: Harness, mode: Mode, guard: Guard) -> None:
    """A stop while a tool runs: the run ends, and the model is not asked again."""
    box, seen = Mailbox(), list[Seen]()

    def stop() -> None:
        guard.stop("enough")

    box.before = {"look": stop}
    model = scripted(Reply("", [call("c1", "look", n=1)]), Reply("", [call("c2", "look", n=2)]), seen=seen)
    with pytest.raises(Stopped, match="enough"):
        harness.agent(guard, Plan(model, box.tools, mode=mode)).say("Look.")
    assert box.did == ["look 1"]
    assert len(seen) == 1


def test_while_a_person_is_asked(harness: Harness, mode: Mode, guard: Guard) -> None:
    """A stop while a person is asked: a yes that comes later runs nothing."""
    box = Mailbox()
    model = scripted(Reply("", [call("c1", "delete_mail", mail="m1")]), Reply("Done."))
    agent = harness.agent(guard, Plan(model, box.tools, mode=mode))
    assert agent.say("Tidy up.").waiting == ("c1",)
    guard.stop("enough")
    with pytest.raises(Stopped, match="enough"):
        agent.answer({"c1": True})
    assert box.did == []


def test_a_yes_from_before_a_stop_does_not_count_after_it(harness: Harness, mode: Mode, guard: Guard) -> None:
    """Invariant 7: a yes to a question from before a stop and a resume is void; the call does not run."""
    box = Mailbox()
    model = scripted(Reply("", [call("c1", "delete_mail", mail="m1")]), Reply("Done."))
    agent = harness.agent(guard, Plan(model, box.tools, mode=mode))
    agent.say("Tidy up.")
    guard.stop("enough")
    guard.resume("go on", user="ada")
    assert agent.answer({"c1": True}).text == "Done."
    assert box.did == []


def test_just_before_a_tool_runs(harness: Harness, mode: Mode, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop after the call was allowed and before the tool runs: it does not run."""
    from pinnedrules.framework import Framework

    box, allowed = Mailbox(), Framework.propose

    def propose(*args: object, **kwargs: object) -> object:
        later = allowed(*args, **kwargs)  # type: ignore[arg-type]
        later.result()
        guard.stop("enough")
        return later

    monkeypatch.setattr(Framework, "propose", propose)
    with pytest.raises(Stopped, match="enough"):
        harness.agent(guard, Plan(scripted(Reply("", [call("c1", "look", n=1)])), box.tools, mode=mode)).say("Look.")
    assert box.did == []


def test_a_pause_lets_reads_go_on_and_nothing_else(harness: Harness, mode: Mode, guard: Guard) -> None:
    """A pause: text and declared reads go on, and a call with an effect is refused."""
    box, seen = Mailbox(), list[Seen]()
    model = scripted(Reply("", [call("c1", "look", n=1), call("c2", "refund", amount=1)]), Reply("Done."), seen=seen)
    guard.stop("a moment", pause=True)
    assert harness.agent(guard, Plan(model, box.tools, mode=mode)).say("Refund.").text == "Done."
    assert box.did == ["look 1"]
    assert "a moment" in seen[-1].result("c2")


def test_a_stop_of_another_session_stops_nothing_here(harness: Harness, guard: Guard) -> None:
    """A stop of one thread is none of another."""
    agent = harness.agent(guard, Plan(scripted(Reply("Hello."), Reply("Hello.")), Mailbox().tools))
    guard.stop("enough", session="other")
    assert agent.say("Hello?", thread="this").text == "Hello."
    with pytest.raises(Stopped):
        agent.say("Hello?", thread="other")
