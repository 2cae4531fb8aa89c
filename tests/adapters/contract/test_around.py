"""Contract: sub-agents are under the rules like their parents, and the user's own hooks run as without the guard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.adapters.contract.harness import Harness, Mode, Plan, Reply, Seen
from tests.adapters.contract.mailbox import RULES, Mailbox, blocks, call, scripted

from pinnedrules import Guard, NotDone
from pinnedrules.testing.evidence import Evidence
from pinnedrules.testing.plugin import MakeGuard

Recorded = Callable[[], Evidence]


@pytest.fixture
def guard(pinned_guard: MakeGuard) -> Guard:
    return pinned_guard(RULES)


def test_a_sub_agent_is_under_the_rules(harness: Harness, mode: Mode, guard: Guard) -> None:
    """A sub-agent's requests carry the block, and its calls are decided like its parent's."""
    _needs_help(harness)
    box, seen, inner = Mailbox(), list[Seen](), list[Seen]()
    helper = scripted(
        Reply("", [call("h1", "wipe", everything=True), call("h2", "look", n=7)]),
        Reply("I could not wipe."),
        seen=inner,
    )
    model = scripted(Reply("", [harness.ask_helper("c1", "wipe it")]), Reply("Done."), seen=seen)
    agent = harness.agent(guard, Plan(model, box.tools, helper=helper, mode=mode))
    assert agent.say("Tidy up.").text == "Done."
    assert box.did == ["look 7"]
    assert "never-wipe" in inner[-1].result("h1")
    assert [blocks(one) for one in (*seen, *inner)] == [1] * 4
    assert "I could not wipe." in seen[-1].result("c1")


def test_a_sub_agent_s_question_is_asked_through_the_parent_and_decided_once(
    harness: Harness, mode: Mode, guard: Guard, pinned_evidence: Recorded
) -> None:
    """A question inside a sub-agent interrupts the whole run; resumed, the call runs once, and no call is decided twice."""
    _needs_help(harness)
    box = Mailbox()
    helper = scripted(
        Reply("", [call("h1", "delete_mail", mail="m1"), call("h2", "refund", amount=60)]), Reply("Deleted.")
    )
    model = scripted(Reply("", [harness.ask_helper("c1", "delete it")]), Reply("Done."))
    agent = harness.agent(guard, Plan(model, box.tools, helper=helper, mode=mode))
    assert agent.say("Tidy up.").waiting == ("h1",)
    assert agent.answer({"h1": True}).text == "Done."
    assert sorted(box.did) == ["delete_mail m1", "refund 60"]
    released = [one.call for one in pinned_evidence().decisions if one.released]
    assert sorted(released) == ["c1", "h1", "h2"]


def test_the_users_own_hooks_run_as_without_the_guard(harness: Harness, mode: Mode, pinned_guard: MakeGuard) -> None:
    """The user's own hooks run, in their order, as often as without the guard."""
    logs: list[list[str]] = []
    for guard in (None, pinned_guard(RULES)):
        log: list[str] = []
        model = scripted(
            Reply("", [call("c1", "look", n=1)]), Reply("", [call("c2", "refund", amount=1)]), Reply("Done.")
        )
        harness.agent(guard, Plan(model, Mailbox().tools, hooked=log, mode=mode)).say("Look.")
        logs.append(log)
    assert logs[0] == logs[1]
    assert logs[0]


def test_what_a_tool_raises_comes_out_and_what_was_not_done_is_given_back(
    harness: Harness, mode: Mode, guard: Guard
) -> None:
    """A tool that says that nothing was done gives its budget back; what it raised is the framework's to handle."""
    box = Mailbox()

    def fails() -> None:
        box.before = {}
        raise NotDone("the bank is closed")

    box.before = {"refund": fails}
    model = scripted(*[Reply("", [call(f"c{n}", "refund", amount=100)]) for n in range(2)], Reply("Done."))
    agent = harness.agent(guard, Plan(model, box.tools, mode=mode))
    with pytest.raises(NotDone):
        agent.say("Refund.")
    agent.say("Refund again.", thread="thread")
    assert box.did == ["refund 100"]


def _needs_help(harness: Harness) -> None:
    if not harness.helps:
        pytest.skip("this way has no sub-agents of its own")
