"""Calls that carry another call, through the whole gate: OpenClaw's ``tool_call {id, args}`` and its like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gate.scenario import SCHEMAS, Scenario, user

from pinnedrules.testing.script import ProposedCall, Reply

RULED = """\
version: 1
tools:
  list_mail: {effect: read, source: untrusted}
  post: {effect: publish, args: [text, stamp]}
  refund: {effect: spend, args: [amount]}
rules:
  - {id: stamp-posts, text: Stamp posts., on: post, then: {rewrite: [{op: add, path: /stamp, value: written by an agent}]}}
  - {id: posts, text: Stamped posts may go out., on: post, then: allow}
  - id: refund-cap
    text: Refund at most 500 EUR a day without asking.
    on: refund
    require: {total: {of: amount, per: day, max: 500}}
    else: deny
    then: allow
"""

BOTH = pytest.mark.parametrize("anthropic", [False, True], ids=["chat", "messages"])
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


@pytest.fixture(autouse=True)
def catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent shows its model one tool that reaches all the others."""
    monkeypatch.setitem(SCHEMAS, "tool_call", ("id", "args"))


def carrying(name: str, identifier: str = "call_outer", **arguments: Any) -> ProposedCall:
    return ProposedCall("tool_call", {"id": name, "args": arguments}, id=identifier)


@BOTH
@FORMS
def test_a_carried_call_is_refused_and_its_carrier_is_not_shown(anthropic: bool, stream: bool) -> None:
    """Invariant 1: a call that is not allowed is never visible as a runnable call, whatever carries it."""
    scenario = Scenario(anthropic=anthropic, stream=stream, policy={"on_denied": "end"})
    result = scenario.exchange(scenario.request(user("tidy up")), Reply("", calls=[carrying("delete_mail", id="7")]))

    assert result.error is None
    assert b"call_outer" not in result.body
    assert b"calls: delete_mail" in result.body
    (decision,) = scenario.recorded("decision")
    assert (decision.body["verdict"], decision.body["rules"]) == ("deny", ["no-deletes"])


@BOTH
@FORMS
def test_an_allowed_one_passes_byte_identical(anthropic: bool, stream: bool) -> None:
    """Invariant 8: a carried read is a read."""
    scenario = Scenario(anthropic=anthropic, stream=stream)
    result = scenario.exchange(scenario.request(user("look")), Reply("", calls=[carrying("search", query="x")]))

    assert b"call_outer" in result.body
    assert not scenario.restores


@BOTH
def test_a_carried_call_counts_in_the_ledger(anthropic: bool) -> None:
    """A budget does not care how a refund was called, and neither does what was read from outside."""
    scenario = Scenario(anthropic=anthropic, rules=RULED, policy={"on_denied": "end"})
    first, second = carrying("refund", "call_1", amount=400), ProposedCall("refund", {"amount": 101}, id="call_2")
    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[first, second]))
    scenario.exchange(scenario.request(user("go")), Reply("", calls=[carrying("list_mail", folder="in")]))

    assert b"call_1" in result.body
    assert b"call_2" not in result.body
    assert scenario.ledger(scenario.session).user == {"total:refund-cap": "2026-11-22 400"}
    assert scenario.ledger(scenario.session).session == {"read_untrusted": "1"}


@BOTH
def test_what_a_rule_changes_inside_goes_out_inside(anthropic: bool) -> None:
    """The caller gets the outer call with the inner arguments rewritten, and the provider's own is kept for later."""
    scenario = Scenario(anthropic=anthropic, rules=RULED)
    result = scenario.exchange(scenario.request(user("post it")), Reply("", calls=[carrying("post", text="hello")]))

    assert b"call_outer" not in result.body
    message = result.json["content"] if anthropic else result.json["choices"][0]["message"]["tool_calls"]
    (shown,) = [block for block in message if block["type"] in ("tool_use", "function")]
    arguments = shown["input"] if anthropic else json.loads(shown["function"]["arguments"])
    assert arguments == {"id": "post", "args": {"text": "hello", "stamp": "written by an agent"}}
    (restore,) = scenario.restores.values()
    ((_, (original, kept, _)),) = restore.rewritten.items()
    assert (original, json.loads(kept)) == ("call_outer", {"id": "post", "args": {"text": "hello"}})


def test_the_record_of_a_decision_names_the_call_that_was_carried() -> None:
    """Evidence says what would have run, not only through which tool."""
    scenario = Scenario()
    carrying = ProposedCall("tool_call", {"id": "delete_mail", "args": {"id": "7"}}, id="call_1")

    scenario.exchange(scenario.request(user("tidy")), Reply("x", calls=[carrying]), Reply("I did not."))

    (decision,) = scenario.recorded("decision")
    assert decision.body["tool"] == "tool_call"
    assert decision.body["carries"] == ["delete_mail"]
