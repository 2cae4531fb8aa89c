"""Why a call is decided as it is."""

from __future__ import annotations

import pytest
from tests.authoring.making import NOW, call, example
from tests.rules.test_bypasses import CASES, STRICTNESS, _call

from pinnedrules.authoring.trace import Said, traced
from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import Call, LedgerState, SessionId


def _said(rules: RuleSet, asked: Call) -> dict[str, Said]:
    return {said.rule.id: said for part in traced(rules, asked, LedgerState(), NOW) for said in part.said}


def test_every_rule_that_speaks_is_there_with_every_answer() -> None:
    """Each requirement's answer is the one that the decision was made with."""
    said = _said(example(), call("refund", amount=101))["refund-cap"]
    assert [(one.name, one.answer) for one in said.answers] == [("amount", "fails"), ("total", "holds")]
    assert said.answers[0].why == "amount: amount is 101, more than 100"
    assert (said.met, said.says) == (False, "ask")


def test_what_cannot_be_decided_is_told_apart() -> None:
    """A missing amount is no amount that is too high."""
    said = _said(example(), call("refund"))["refund-cap"]
    assert {one.answer for one in said.answers} == {"cannot be decided"}


def test_a_check_that_breaks_cannot_be_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in a check is told as such, here as in a decision."""
    rules = example()
    (entry,) = [entry for entry in rules.plan.active if entry.rule.id == "internal-mail"]
    assert entry.checks

    def broken(_facts: object) -> None:
        raise ZeroDivisionError

    object.__setattr__(entry, "checks", (broken,))
    said = _said(rules, call("send_email", to="a@example.com"))["internal-mail"]
    assert said.answers[0].why == "the check failed: ZeroDivisionError"


MUTED = """\
version: 1
tools:
  deploy: [execute, publish]
  "mail.*": send
  send_email: send
rules:
  - {id: by-effect, text: Run., on: {effect: execute}, then: allow}
  - {id: mail, text: Send., on: {effect: send}, then: allow}
  - {id: by-name, text: Send., on: send_email, then: allow}
"""


@pytest.mark.parametrize(
    ("name", "rule", "muted"),
    [
        ("deploy", "by-effect", "the call does publish as well, which the rule does not name"),
        ("sendEmail", "by-name", "sendEmail does not stand in the rule by exactly this name"),
        ("sendEmail", "mail", "sendEmail is declared under tools, but not by exactly this name"),
        ("forward_post", "mail", "the call does write as well, which the rule does not name"),
        ("send_email", "by-name", ""),
        ("mail.out", "mail", ""),
    ],
)
def test_a_permission_that_does_not_count_says_why(name: str, rule: str, muted: str) -> None:
    """A permission needs the name and every effect; which of them is missing is told."""
    said = _said(load(MUTED), call(name))[rule]
    assert said.muted == muted
    assert said.says == (None if muted else "allow")


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (call("refund"), "declared under tools"),
        (call("gmail.search", url="https://a.example/"), "declared under tools; its arguments add send"),
        (call("delete_mail"), "declared by a pattern under tools"),
        (call("sendEmail"), "a name much like one under tools"),
        (call("trash_it"), "not declared, so it counts as one that writes; its name adds delete"),
        (call("sеnd"), "its name is not plain ASCII"),
    ],
)
def test_how_the_effects_are_known_is_told(asked: Call, known: str) -> None:
    """Who wonders why a tool counts as one that deletes reads from where that comes."""
    (part,) = traced(example(), asked, LedgerState(), NOW)
    assert part.known == known


def test_a_call_that_carries_another_has_a_part_for_each() -> None:
    """What is inside comes first, then the carrier."""
    inner, outer = traced(example(), call("tool_call", id="refund", args={"amount": 7}), LedgerState(), NOW)
    assert (inner.call.name, inner.said[0].says) == ("refund", "allow")
    assert outer.known == "it carries the calls above"


@pytest.mark.parametrize("amount", [1, 100, 101, -1, "x"])
def test_the_strictest_that_is_said_is_the_decision(amount: object) -> None:
    """The explanation and the decision never disagree."""
    asked = call("refund", amount=amount)
    decision = decide(example(), asked, LedgerState(), NOW)
    said = [one.says for one in _said(example(), asked).values() if one.says]
    assert decision.verdict in said


@pytest.mark.parametrize("file", sorted({case.file for case in CASES}))
def test_explanation_and_decision_agree_on_every_input_of_the_corpus(file: str) -> None:
    """Whoever decides is among those who spoke, with this verdict; nobody who spoke was stricter than the decision."""
    for case in (case for case in CASES if case.file == file):
        rules, asked = load(case.rules), _call(case.entry["call"])
        ledger = LedgerState(whose=SessionId("s", case.entry.get("user", ""), case.entry.get("tenant", "")))
        decision = decide(rules, asked, ledger, case.moment)
        if not any(traced(rules, asked, ledger, case.moment)) or decision.arguments is not None:
            continue
        said = [(one.rule.id, one.says) for part in traced(rules, asked, ledger, case.moment) for one in part.said]
        if _readable(asked):
            assert {(rule, decision.verdict) for rule in decision.rules} <= set(said), case
            strictest = max((STRICTNESS.index(str(says)) for _, says in said if says), default=0)
            assert strictest <= STRICTNESS.index(decision.verdict), case


def _readable(asked: Call) -> bool:
    try:
        read(asked)
    except Unread:
        return False
    return True


def test_what_the_rules_mention_counts_in_an_explanation() -> None:
    """A value that stands in a rule is given, here as in a decision."""
    rules = load(
        "version: 1\ntools: {mail: send}\nrules:\n"
        "- {id: r, text: Mail to ada@example.com., on: mail, then: allow, else: ask,\n"
        "   require: {came_from: {of: to, in: [rules]}}}\n"
    )
    assert _said(rules, call("mail", to="ada@example.com"))["r"].says == "allow"
    assert _said(rules, call("mail", to="eve@example.com"))["r"].says == "ask"
