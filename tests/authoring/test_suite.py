"""Cases run against the rules, and which sides of the rules they have seen."""

from __future__ import annotations

import pytest
from tests.authoring.making import EXAMPLE, example

from pinnedrules.authoring.cases import read_cases
from pinnedrules.authoring.suite import Coverage, Ran, ran, sides
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.load import load


def _ran(text: str, rules: str = EXAMPLE) -> Ran:
    (case,) = read_cases(f"tests:\n  - {text}\n", file="c.yaml")
    return ran([load(rules)], case)


def test_a_case_that_comes_out_as_expected_has_no_problem() -> None:
    """The verdict and the rule that is named are what counts."""
    assert _ran("{call: {refund: {amount: 101}}, expect: ask, rule: refund-cap}").problems == ()
    assert _ran("{call: {refund: {amount: 101}}, expect: allow}").problems == ("expected allow, got ask",)


def test_the_right_verdict_by_another_rule_is_a_problem() -> None:
    """A case that passes for another reason than the one it was written for does not pass."""
    found = _ran("{call: {send_email: {to: a@example.com}}, after: gmail.search, expect: ask, rule: internal-mail}")
    assert found.problems == ("expected ask by internal-mail, got it by no-exfiltration",)


def test_what_came_before_counts() -> None:
    """Sums, and what was read, are those of the calls in ``after``; what is asked about there was let through by a person."""
    before = ", ".join(["{refund: {amount: 100}}"] * 4 + ["{refund: {amount: 60}}"])
    assert _ran(f"{{call: {{refund: {{amount: 40}}}}, after: [{before}], expect: allow}}").problems == ()
    assert _ran(f"{{call: {{refund: {{amount: 41}}}}, after: [{before}], expect: ask}}").problems == ()
    asked = "{refund: {amount: 400}}"
    assert _ran(f"{{call: {{refund: {{amount: 100}}}}, after: [{asked}], expect: allow}}").problems == ()


def test_nothing_comes_after_what_is_denied() -> None:
    """A case that cannot happen is told, not passed."""
    found = _ran('{call: gmail.search, after: [\'send_email {"to": "a@evil.example"}\'], expect: allow}')
    assert found.problems[0].startswith("it cannot come after send_email")


def test_the_day_before_is_another_day() -> None:
    """A call in ``after`` may have a moment of its own."""
    before = "{call: {refund: {amount: 400}}, at: '2026-01-06T12:00:00'}"
    assert _ran(f"{{call: {{refund: {{amount: 100}}}}, after: [{before}, {before}], expect: allow}}").problems == ()


def test_a_rewrite_leaves_the_arguments_that_are_expected() -> None:
    """``becomes`` is compared by value, exactly."""
    rules = (
        "version: 1\ntools: {pay: spend}\nrules:\n"
        "- {id: cap, text: Pay little., on: pay, then: {rewrite: [{op: add, path: /amount, value: 5}]}}\n"
        "- {id: ok, text: Pay., on: pay, then: allow}\n"
    )
    assert _ran("{call: {pay: {amount: 9}}, expect: allow, becomes: {amount: 5}}", rules).problems == ()
    assert _ran("{call: {pay: {amount: 9}}, expect: allow, becomes: {amount: 6}}", rules).problems == (
        'expected other arguments, but it becomes {"amount":5}',
    )
    found = _ran("{call: {refund: {amount: 9}}, expect: allow, becomes: {amount: 5}}")
    assert found.problems == ("expected other arguments, but it stays as it is",)


def test_coverage_is_of_both_sides_of_every_rule_that_decides() -> None:
    """A rule without a requirement has one side, one that is only pinned none."""
    rules = load(EXAMPLE + "  - {id: tone, text: Be kind.}\n").rules
    every = sides(rules)
    assert len(every) == 7
    seen = _ran("{call: {refund: {amount: 101}}, expect: ask}").seen
    assert seen == {("refund-cap", "else")}
    coverage = Coverage(every, set(seen))
    assert coverage.percent == 14
    assert len(coverage.missing) == 6
    assert coverage.missing[0] == ("suggest-only", "then")
    assert Coverage(()).percent == 100


def test_a_call_in_another_one_counts_as_seen() -> None:
    """What a case calls through a meta tool is tested as well."""
    found = _ran("{call: {tool_call: {id: refund, args: {amount: 7}}}, expect: ask}")
    assert ("refund-cap", "then") in found.seen


def test_the_example_has_sides_for_all_its_rules() -> None:
    """The sides stand in the order of the file."""
    assert [rule for rule, side in sides(example().rules) if side == "then"] == [rule.id for rule in example().rules]


def test_a_rewrite_may_lead_to_another_tool() -> None:
    """``becomes`` may be the whole call: then its tool counts, too."""
    rules = (
        "version: 1\ntools: {send_email: send, create_draft: write}\nrules:\n"
        "- {id: drafts, text: Drafts., on: send_email, then: {rewrite: {tool: create_draft}}}\n"
        "- {id: ok, text: Draft., on: create_draft, then: allow}\n"
    )
    case = '{{call: {{send_email: {{to: ann}}}}, expect: allow, rule: drafts, becomes: \'{} {{"to": "ann"}}\'}}'
    assert _ran(case.format("create_draft"), rules).problems == ()
    assert _ran(case.format("save_note"), rules).problems == (
        "expected a call of save_note, but it is one of create_draft",
    )
    with pytest.raises(RuleFileError, match="not a call"):
        _ran("{call: {send_email: {to: ann}}, expect: allow, becomes: 'create_draft {'}", rules)
