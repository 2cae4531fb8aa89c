"""Contract: every call is decided once, before it runs, whatever the framework does around it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.adapters.contract.harness import Harness, Mode, Plan, Reply, Seen
from tests.adapters.contract.mailbox import RULES, Mailbox, call, scripted

import pinnedrules.gate.deciding as deciding
from pinnedrules import Guard
from pinnedrules.testing.evidence import Evidence
from pinnedrules.testing.plugin import MakeGuard

Recorded = Callable[[], Evidence]


@pytest.fixture
def guard(pinned_guard: MakeGuard) -> Guard:
    return pinned_guard(RULES)


def test_a_denied_call_among_parallel_ones_does_not_run_and_the_agent_goes_on(
    harness: Harness, mode: Mode, guard: Guard, pinned_evidence: Recorded
) -> None:
    """Of three parallel calls the denied one does not run; the model is told by which rule, and the others ran once."""
    box, seen = Mailbox(), list[Seen]()
    model = scripted(
        Reply("", [call("c1", "look", n=1), call("c2", "wipe", everything=True), call("c3", "look", n=2)]),
        Reply("Done."),
        seen=seen,
    )
    ended = harness.agent(guard, Plan(model, box.tools, mode=mode)).say("Tidy up.")
    assert ended.text == "Done."
    assert sorted(box.did) == ["look 1", "look 2"]
    assert "never-wipe" in seen[-1].result("c2")
    assert seen[-1].result("c1") == "did look 1"
    assert sorted(one.call for one in pinned_evidence().decisions) == ["c1", "c2", "c3"]


def test_one_yes_and_one_no_in_a_batch_run_exactly_one_call(
    harness: Harness, mode: Mode, guard: Guard, pinned_evidence: Recorded
) -> None:
    """Of two calls of one answer that are asked about one is permitted: exactly that one runs, once."""
    box, seen = Mailbox(), list[Seen]()
    calls = [call("c1", "delete_mail", mail="m1"), call("c2", "delete_mail", mail="m2"), call("c3", "look", n=3)]
    agent = harness.agent(guard, Plan(scripted(Reply("", calls), Reply("Done."), seen=seen), box.tools, mode=mode))
    asked = agent.say("Tidy up.")
    assert sorted(asked.waiting) == ["c1", "c2"]
    assert box.did == (["look 3"] if harness.parallel_runs else [])
    ended = agent.answer({"c1": True, "c2": False})
    assert ended.text == "Done."
    assert sorted(box.did) == ["delete_mail m1", "look 3"]
    assert "ask-first" in seen[-1].result("c2")
    released = [one for one in pinned_evidence().decisions if one.released]
    assert sorted(one.call for one in released) == ["c1", "c3"]
    assert {one.approved_by for one in released if one.call == "c1"} == {"interrupt"}


def test_an_answer_counts_once(harness: Harness, guard: Guard) -> None:
    """A yes to a call permits that call once: proposed again, it is asked about again."""
    box = Mailbox()
    again = [Reply("", [call(name, "delete_mail", mail="m1")]) for name in ("c1", "c2")]
    agent = harness.agent(guard, Plan(scripted(*again, Reply("Done.")), box.tools))
    assert agent.say("Tidy up.").waiting == ("c1",)
    assert agent.answer({"c1": True}).waiting == ("c2",)
    assert box.did == ["delete_mail m1"]
    assert agent.answer({"c2": True}).text == "Done."
    assert box.did == ["delete_mail m1"] * 2


def test_a_no_is_remembered(harness: Harness, guard: Guard) -> None:
    """After a no the same call is refused without a second question."""
    box = Mailbox()
    again = [Reply("", [call(name, "delete_mail", mail="m1")]) for name in ("c1", "c2")]
    agent = harness.agent(guard, Plan(scripted(*again, Reply("Done.")), box.tools))
    agent.say("Tidy up.")
    assert agent.answer({"c1": False}).text == "Done."
    assert box.did == []


def test_a_yes_to_a_question_that_changed_is_none(harness: Harness, guard: Guard) -> None:
    """When the rules changed between the question and the yes, the call does not run: nobody said yes to this question."""
    box = Mailbox()
    agent = harness.agent(
        guard, Plan(scripted(Reply("", [call("c1", "delete_mail", mail="m1")]), Reply("Done.")), box.tools)
    )
    assert agent.say("Tidy up.").waiting == ("c1",)
    rule = {"id": "more", "text": "Added by ada: Send nothing.", "on": "send", "then": "deny"}
    patch = {"version": guard.rules.version, "patch": [{"op": "add", "path": "/rules/-", "value": rule}]}
    guard.revise(patch, user="ada", why="a test")
    assert agent.answer({"c1": True}).text == "Done."
    assert box.did == []


def test_a_budget_is_charged_once_for_a_call_whatever_is_run_again(harness: Harness, mode: Mode, guard: Guard) -> None:
    """Invariant 5: an answer that is interrupted and resumed charges each call once; the budget is exact."""
    box, seen = Mailbox(), list[Seen]()
    first = [call("c1", "refund", amount=60), call("c2", "delete_mail", mail="m1")]
    model = scripted(
        Reply("", first),
        Reply("", [call("c3", "refund", amount=40)]),
        Reply("", [call("c4", "refund", amount=1)]),
        Reply("Done."),
        seen=seen,
    )
    agent = harness.agent(guard, Plan(model, box.tools, mode=mode))
    assert agent.say("Refund.").waiting == ("c2",)
    assert agent.answer({"c2": True}).text == "Done."
    assert sorted(box.did) == ["delete_mail m1", "refund 40", "refund 60"]
    assert "refund-cap" in seen[-1].result("c4")


def test_without_a_way_to_resume_an_ask_becomes_a_ticket(
    harness: Harness, guard: Guard, pinned_evidence: Recorded
) -> None:
    """Where nobody could resume the run the call is refused with a ticket, and the agent goes on."""
    box, seen = Mailbox(), list[Seen]()
    model = scripted(Reply("", [call("c1", "delete_mail", mail="m1")]), Reply("Done."), seen=seen)
    assert harness.agent(guard, Plan(model, box.tools, durable=False)).say("Tidy up.").text == "Done."
    assert box.did == []
    ticket = pinned_evidence().decided("delete_mail")[0].ticket
    assert ticket
    assert ticket in seen[-1].result("c1")


def test_an_approver_that_is_a_function_is_asked_in_place_of_the_framework(
    harness: Harness, mode: Mode, pinned_guard: MakeGuard
) -> None:
    """A guard with a function as its approver asks that, and nothing is interrupted."""
    box = Mailbox()
    guard = pinned_guard(RULES, approver=lambda ticket, proposal: proposal.call.id == "c1")
    calls = [call("c1", "delete_mail", mail="m1"), call("c2", "delete_mail", mail="m2")]
    agent = harness.agent(guard, Plan(scripted(Reply("", calls), Reply("Done.")), box.tools, mode=mode))
    assert agent.say("Tidy up.").text == "Done."
    assert box.did == ["delete_mail m1"]


def test_a_gate_that_raises_refuses_the_call(
    harness: Harness, mode: Mode, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 2: when deciding fails, the call does not run, the model reads why, and the agent goes on."""
    box, seen = Mailbox(), list[Seen]()
    model = scripted(Reply("", [call("c1", "look", n=1), call("c2", "look", n=2)]), Reply("Done."), seen=seen)
    agent = harness.agent(guard, Plan(model, box.tools, mode=mode))
    monkeypatch.setattr(deciding, "decide", _raises)
    assert agent.say("Look.").text == "Done."
    assert box.did == []
    assert "could not decide" in seen[-1].result("c1")
    assert "ZeroDivisionError" in seen[-1].result("c2")


def test_a_gate_that_hangs_refuses_the_call(
    harness: Harness, mode: Mode, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 2: when deciding does not end, the call is refused after a bounded time, and the agent goes on."""
    box, seen, over = Mailbox(), list[Seen](), threading.Event()
    model = scripted(Reply("", [call("c1", "look", n=1)]), Reply("Done."), seen=seen)
    agent = harness.agent(guard, Plan(model, box.tools, mode=mode, limit=0.5))
    monkeypatch.setattr(deciding, "decide", lambda *args, **kwargs: over.wait(20))
    try:
        assert agent.say("Look.").text == "Done."
    finally:
        over.set()
    assert box.did == []
    assert "did not decide within 0.5 seconds" in seen[-1].result("c1")


def test_monitor_mode_holds_nothing_back(harness: Harness, pinned_guard: MakeGuard, pinned_evidence: Recorded) -> None:
    """In monitor mode all calls run, nobody is asked, and what would have been refused is on record."""
    box = Mailbox()
    calls = [call("c1", "wipe", everything=True), call("c2", "delete_mail", mail="m1")]
    agent = harness.agent(
        pinned_guard(RULES, mode="monitor"), Plan(scripted(Reply("", calls), Reply("Done.")), box.tools)
    )
    assert agent.say("Tidy up.").text == "Done."
    assert sorted(box.did) == ["delete_mail m1", "wipe True"]
    assert [one.verdict for one in pinned_evidence().decided("wipe")] == ["deny"]


def test_threads_are_sessions(harness: Harness, guard: Guard, pinned_evidence: Recorded) -> None:
    """A thread's id is its session: what one thread used up or said no to is not the other's."""
    box = Mailbox()
    model = scripted(
        *[Reply("", [call(f"c{n}", "refund", amount=80)]) if n % 2 == 0 else Reply("Done.") for n in range(6)]
    )
    agent = harness.agent(guard, Plan(model, box.tools))
    for thread in ("one", "two", "one"):
        agent.say("Refund.", thread=thread)
    assert box.did == ["refund 80"] * 2
    assert {one.session for one in pinned_evidence().decisions} == {"one", "two"}


def test_a_session_that_is_open_counts_more_than_the_thread(
    harness: Harness, guard: Guard, pinned_evidence: Recorded
) -> None:
    """`with guard.session(...)` around a run names its session."""
    agent = harness.agent(guard, Plan(scripted(Reply("", [call("c1", "look", n=1)]), Reply("Done.")), Mailbox().tools))
    with guard.session("inbox", user="ada"):
        agent.say("Look.")
    found = pinned_evidence()
    assert {one.session for one in found.decisions} | {one.session for one in found.requests} == {"inbox"}


def test_an_argument_that_the_tool_does_not_declare_is_asked_about(harness: Harness, guard: Guard) -> None:
    """The tool's own schema says which arguments are declared."""
    agent = harness.agent(
        guard, Plan(scripted(Reply("", [call("c1", "send", to="a@b.c", bcc="x@y.z")])), Mailbox().tools)
    )
    assert agent.say("Send.").waiting == ("c1",)


def test_a_rewritten_call_runs_as_the_rules_changed_it(harness: Harness, mode: Mode, pinned_guard: MakeGuard) -> None:
    """A rule that changes a call changes what runs, and the model is told so."""
    rules = (
        RULES
        + """\
  - id: test-only
    text: Mail goes to the test address.
    on: send
    then: {rewrite: [{op: add, path: /to, value: test@example.com}]}
"""
    )
    box, seen = Mailbox(), list[Seen]()
    model = scripted(Reply("", [call("c1", "send", to="a@b.c")]), Reply("Done."), seen=seen)
    harness.agent(pinned_guard(rules), Plan(model, box.tools, mode=mode)).say("Send.")
    assert box.did == ["send test@example.com"]
    assert "changed arguments" in seen[-1].result("c1")


def _raises(*args: Any, **kwargs: Any) -> Any:
    raise ZeroDivisionError("a defect")
