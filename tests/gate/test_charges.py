"""Budgets: reserved at the decision, given back exactly once, and only for what is proven not to have been run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gate.scenario import RULES, Scenario, user
from tests.gate.test_attacks import approve

from pinnedrules.commands import Command, Failed, Forward, Keep, ReadLedger, Send, Sync, WriteLedger
from pinnedrules.errors import Denied, Stopped, Unreadable
from pinnedrules.gate.charges import give_back
from pinnedrules.gate.context import Charge, Context, Policy
from pinnedrules.gate.exchange import check, execution, not_done
from pinnedrules.pins.block import render
from pinnedrules.rules.load import load
from pinnedrules.rules.predicates.base import Note
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import Call, LedgerState, SessionId, StopState, Ticket

FORMS = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
PAY = ProposedCall("refund", {"amount": 60}, id="call_pay")
ASKED = ProposedCall("refund", {"amount": 101}, id="call_asked")
DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
POST = ProposedCall("post", {"text": "hi"}, id="call_post")
SPENT = {"total:refund-cap": "2026-11-22 60"}
NOTHING = {"total:refund-cap": "2026-11-22 0"}
COUNTED = RULES + "  - {id: few, text: Post twice., on: post, require: {count: {max: 2, per: session}}, else: deny}\n"


def spent(scenario: Scenario) -> dict[str, str]:
    """Return what the user's half of the ledger holds."""
    return dict(scenario.ledger(scenario.session).user)


def go(scenario: Scenario, *calls: ProposedCall, **more: Any) -> Any:
    """Let the model propose these calls."""
    return scenario.exchange(scenario.request(user("go")), Reply("", calls=list(calls)), **more)


def context(scenario: Scenario) -> Context:
    """Return the context of what the program asks itself under this scenario's rules."""
    rules = load(scenario.rules)
    policy = Policy(rules, render(rules.texts, version=rules.version), b"s" * 32, **scenario.policy)
    sessions = scenario.sessions or (scenario.session,)
    return Context(policy, sessions, scenario.dialect, scenario.lineage, scenario.health)


def run(scenario: Scenario, flow: Any) -> Any:
    """Run a flow that needs no channel."""
    reply: Any = None
    while True:
        try:
            command = flow.send(reply)
        except StopIteration as end:
            return end.value
        scenario.commands.append(command)
        reply = Failed(scenario.fails[type(command)]) if type(command) in scenario.fails else scenario._answer(command)


@FORMS
def test_a_released_call_stays_charged(stream: bool) -> None:
    """What the caller was given may have been run, and nothing on the wire says otherwise."""
    scenario = Scenario(stream=stream)
    assert b"call_pay" in go(scenario, PAY).body
    assert spent(scenario) == SPENT
    told = {"role": "tool", "tool_call_id": "call_pay", "content": "error: failed, nothing was paid"}
    asked = {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_pay", "type": "function", "function": {"name": "refund", "arguments": '{"amount": 60}'}}]}  # fmt: skip
    scenario.exchange(scenario.request(user("go"), asked, told), Reply("Sorry."))
    assert spent(scenario) == SPENT
    assert scenario.recorded("returned") == []


@FORMS
def test_what_a_pause_takes_back_is_given_back_once(stream: bool) -> None:
    """A call that was allowed, held behind a question and refused by a pause was never seen by anybody."""
    scenario = Scenario(stream=stream, policy={"ask_wait": 1.0, "on_denied": "end"})

    def pause(ticket: Ticket) -> None:
        scenario.states[scenario.session] = StopState("pause", 0, "lunch", "kim")

    scenario.on_ask = pause
    assert b"call_pay" not in go(scenario, ASKED, PAY).body
    assert spent(scenario) == NOTHING
    [entry] = scenario.recorded("returned")
    assert entry.body == {
        "tool": "refund",
        "call": "call_pay",
        "from": ["total:refund-cap"],
        "why": "the call was refused after it was charged",
    }


@FORMS
def test_a_stop_gives_back_what_it_held(stream: bool) -> None:
    """An answer that a stop cuts before a call left has released none of its calls."""
    scenario = Scenario(stream=stream, policy={"ask_wait": 1.0, "on_denied": "end"})

    def stop(ticket: Ticket) -> None:
        scenario.states[scenario.session] = StopState("stop", 1, "enough", "kim")

    scenario.on_ask = stop
    result = go(scenario, ASKED, PAY)
    assert isinstance(result.error, Stopped)
    assert spent(scenario) == NOTHING
    assert [entry.body["why"] for entry in scenario.recorded("returned")] == [
        "nothing of the call had left when the answer was cut"
    ]


def test_a_stop_after_the_call_left_gives_nothing_back() -> None:
    """In a stream, a call whose bytes are out may be running already."""
    scenario = Scenario(stream=True)

    def stop(command: Command) -> None:
        if isinstance(command, Forward) and b"call_pay" in command.data:
            scenario.states[scenario.session] = StopState("stop", 1, "enough", "kim")

    scenario.on_command = stop
    result = go(scenario, PAY)
    assert isinstance(result.error, Stopped)
    assert spent(scenario) == SPENT
    assert scenario.recorded("returned") == []


@FORMS
def test_a_log_that_fails_gives_back(stream: bool) -> None:
    """A release that is taken back because its record is not durable costs nothing."""
    scenario = Scenario(stream=stream, fails={Sync: OSError("I/O error")}, policy={"on_denied": "end"})
    assert b"call_pay" not in go(scenario, PAY).body
    assert spent(scenario) == NOTHING


def test_calls_beside_a_refused_one_are_given_back_when_that_raises() -> None:
    """With ``on_denied="raise"`` the caller gets an error and no call."""
    scenario = Scenario(policy={"on_denied": "raise"})
    assert isinstance(go(scenario, PAY, DELETE).error, Denied)
    assert spent(scenario) == NOTHING


def test_a_withheld_call_is_given_back() -> None:
    """A changed call that could not be put back later never leaves."""
    scenario = Scenario(rules=COUNTED, fails={Keep: OSError("locked")})
    assert b"call_post" not in go(scenario, POST).body
    assert scenario.ledger(scenario.session).session == {"count:few": "0"}
    assert scenario.recorded("returned")[0].body["why"] == "the call was withheld"
    # The grant that it had is void, too: run all the same, it is decided and charged anew.
    stamped = '{"text":"hi","stamp":"written by an agent"}'
    run_it = execution(context(scenario), Call("post", stamped, "call_post", declared=frozenset({"text", "stamp"})))
    judged = run(scenario, run_it)
    assert not judged.refused
    assert [entry.body["released_before"] for entry in scenario.recorded("execution")] == [False]
    assert scenario.ledger(scenario.session).session == {"count:few": "1"}


def test_an_answer_that_cannot_be_read_to_its_end_gives_back() -> None:
    """A stream that is cut inside its last call releases nothing of what waited."""
    scenario = Scenario(stream=True, policy={"ask_wait": 1.0})
    whole = Scenario(stream=True)
    data = b"".join(whole.wire.frames(Reply("", calls=[ASKED, PAY, PAY]), _turn(whole)))
    cut = data[: data.rindex(b'"finish_reason":"tool_calls"') - 60]

    result = scenario.exchange(scenario.request(user("go")), cut)

    assert isinstance(result.error, Unreadable)
    assert [entry.body["call"] for entry in scenario.recorded("returned")] == ["call_pay"]
    assert spent(scenario) == NOTHING


def _turn(scenario: Scenario) -> Any:
    from pinnedrules.testing.shapes import Turn

    return Turn(1, json.loads(scenario.request(user("go"))))


@pytest.mark.parametrize("mode", ["monitor", "enforce"])
def test_in_monitor_mode_everything_was_released(mode: Any) -> None:
    """Monitor holds nothing back, so nothing is proven not to have been run."""
    scenario = Scenario(stream=True, policy={"mode": mode, "on_denied": "raise"})
    go(scenario, PAY, DELETE)
    # Enforcing, the first call had left before the second one was seen.
    assert spent(scenario) == SPENT


def test_every_candidate_session_gets_its_charge_back_and_a_shared_user_once() -> None:
    """A request of no certain session is charged to every candidate, and is given back to each."""
    for users, left in ((("kim", "lee"), [NOTHING, NOTHING]), (("kim", "kim"), [NOTHING, NOTHING])):
        one, two = (SessionId(name, who) for name, who in zip("ab", users, strict=True))
        scenario = Scenario(sessions=(one, two), policy={"on_denied": "raise"})
        go(scenario, PAY, DELETE)
        assert [scenario.ledger(session).user for session in (one, two)] == left


def test_a_rule_that_stands_in_both_files_is_given_back_once() -> None:
    """The rules in force and the changed file charge one budget, and give back one."""
    scenario = Scenario(policy={"on_denied": "raise", "proposed": load(RULES)})
    scenario.users["kim@example.com"] = ({"total:refund-cap": "2026-11-22 100"}, 1)
    go(scenario, PAY, DELETE)
    assert spent(scenario) == {"total:refund-cap": "2026-11-22 100"}


def test_a_store_that_does_not_answer_keeps_the_charge() -> None:
    """What cannot be given back stays charged."""
    scenario = Scenario(policy={"ask_wait": 1.0, "on_denied": "end"})

    def fail(ticket: Ticket) -> None:
        scenario.states[scenario.session] = StopState("pause", 0, "lunch", "kim")
        scenario.fails[ReadLedger] = OSError("locked")

    scenario.on_ask = fail
    go(scenario, ASKED, PAY)
    assert spent(scenario) == SPENT
    assert scenario.recorded("returned") == []


def test_a_ledger_that_others_write_all_the_time_keeps_the_charge() -> None:
    """After some attempts it is left as it is, which is the stricter side."""
    scenario = Scenario()
    scenario.users["kim@example.com"] = ({"total:r": "2026-11-22 5"}, 1)
    note = Note("user", "total:r", "2026-11-22 5", lambda _text: "2026-11-22 0")
    scenario.replies[WriteLedger] = False
    flow = give_back(context(scenario), Charge(Call("x", "{}"), [(scenario.session, (note,))]), "why")
    reply: Any = None
    for _ in range(64):
        try:
            command = flow.send(reply)
        except StopIteration:
            break
        reply = False if isinstance(command, WriteLedger) else scenario._answer(command)
    assert spent(scenario) == {"total:r": "2026-11-22 5"}


def test_giving_back_twice_is_giving_back_once() -> None:
    """Returned exactly once, whoever asks for it how often."""
    scenario = Scenario()
    go(scenario, PAY)
    go(scenario, PAY)
    ctx = context(scenario)
    judged = run(scenario, execution(ctx, Call("refund", '{"amount": 60}')))
    run(scenario, not_done(ctx, judged))
    run(scenario, not_done(ctx, judged))
    assert spent(scenario) == SPENT
    assert len(scenario.recorded("returned")) == 1


def test_a_tool_that_did_nothing_gives_back_what_it_was_charged_at_execution_too() -> None:
    """A call that was not released before is decided and charged when it runs, and given back all the same."""
    scenario = Scenario()
    ctx = context(scenario)
    judged = run(scenario, execution(ctx, Call("refund", '{"amount": 60}', declared=frozenset({"amount"}))))
    assert spent(scenario) == SPENT
    run(scenario, not_done(ctx, judged))
    assert spent(scenario) == NOTHING


def stopped_once_charged(scenario: Scenario, flow: Any) -> None:
    """Run a flow in which a stop comes right after the ledger was written."""
    reply: Any = None
    while True:
        command = flow.send(reply)
        reply = scenario._answer(command)
        if isinstance(command, WriteLedger):
            scenario.states.setdefault(scenario.session, StopState("stop", 1, "enough", "kim"))


@pytest.mark.parametrize("way", [execution, check])
def test_what_a_stop_cuts_before_the_program_got_a_yes_is_given_back(way: Any) -> None:
    """A gated tool, or ``guard.check``, is charged when it is allowed; a stop at its door means that nothing ran."""
    scenario = Scenario()
    call = Call("refund", '{"amount": 60}', declared=frozenset({"amount"}))
    assert not run(scenario, way(context(scenario), call)).refused
    assert spent(scenario) == SPENT
    flow = way(context(scenario), call)
    with pytest.raises(Stopped):
        stopped_once_charged(scenario, flow)
    assert spent(scenario) == SPENT


def test_an_approved_call_that_a_stop_cuts_is_given_back() -> None:
    """What a person allowed is charged when it is allowed, and given back like any other."""
    scenario = Scenario(policy={"ask_wait": 5.0, "on_denied": "raise"}, on_ask=approve)
    assert isinstance(go(scenario, ASKED, DELETE).error, Denied)
    assert spent(scenario) == NOTHING


def test_what_a_provider_was_offered_may_have_run() -> None:
    """A tool of the provider's own is charged before the request leaves; from then on nothing is given back."""
    rules = RULES + (
        "  - {id: search, text: Search twice., on: web_search, require: {count: {max: 2, per: session}}, else: deny}\n"
    )
    body = json.loads(Scenario(anthropic=True).request(user("go")))
    body["tools"].append({"type": "web_search_20250305", "name": "web_search"})
    scenario = Scenario(anthropic=True, rules=rules, fails={Send: OSError("the network is gone")})
    scenario.exchange(json.dumps(body).encode())
    assert scenario.ledger(scenario.session).session["count:search"] == "1"
    assert scenario.recorded("returned") == []


# Answers

ORDER = """\
version: 1
default: {read: allow, other: ask}
tools: {search: read, archive: write}
rules:
  - {id: look-first, text: Search first., on: archive, require: {only_after: {tool: search}}, then: allow, else: deny}
"""
SEARCH = ProposedCall("search", {"query": "x"}, id="call_search")
ARCHIVE = ProposedCall("archive", {"id": "7"}, id="call_archive")


@FORMS
@pytest.mark.parametrize("anthropic", [False, True], ids=["chat", "messages"])
def test_only_after_means_after_an_earlier_answer(stream: bool, anthropic: bool) -> None:
    """Two calls in one answer: the second was made without having seen what the first one brings."""
    scenario = Scenario(stream=stream, anthropic=anthropic, rules=ORDER, policy={"on_denied": "end"})
    first = go(scenario, SEARCH, ARCHIVE)
    assert b"call_search" in first.body
    assert b"call_archive" not in first.body
    assert b"call_archive" in go(scenario, ARCHIVE).body


def test_an_answer_that_is_fetched_again_is_the_same_answer() -> None:
    """Polling does not make two answers of one."""
    from tests.gate.test_attacks_responses import response

    def item(call: ProposedCall) -> dict[str, Any]:
        return {"type": "function_call", "id": f"fc_{call.id}", "call_id": call.id, "name": call.name,
                "arguments": json.dumps(call.arguments), "status": "completed"}  # fmt: skip

    scenario = Scenario(responses=True, rules=ORDER, policy={"on_denied": "end"})
    path = "GET /v1/responses/resp_1"
    for _ in range(3):
        result = scenario.exchange(b"", response(item(SEARCH), item(ARCHIVE)), path=path, kind="poll")
        assert b"call_search" in result.body
        assert b"call_archive" not in result.body
    assert LedgerState() != scenario.ledger(scenario.session)
