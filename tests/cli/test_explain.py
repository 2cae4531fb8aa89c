"""pinnedrules explain"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ran import Cli
from tests.replay.logs import decision

Write = Callable[..., None]

BUDGET = """\
version: 1
tools: {refund: spend, search: {effect: read, source: untrusted}}
rules:
  - id: cap
    text: Refund at most 500 a day.
    on: refund
    require: {total: {of: amount, per: day, max: 500}}
    then: allow
    else: ask
"""


def test_every_rule_and_requirement_is_told(cli: Cli, rules: Path) -> None:
    """Who asks why reads what the call does, each requirement's answer, what decided, and what would be allowed."""
    found = cli("explain", rules, "send_email", '{"to": "bob@evil.test"}')

    assert found.code == 0
    assert found.out.splitlines() == [
        'deny: send_email {"to": "bob@evil.test"}',
        "counts as send (declared under tools)",
        "rule inside (rules.yaml, line 12): Send e-mail only inside example.com.",
        "  NO: every recipient is in example.com (recipients: bob@evil.test is not in example.com)",
        "  it says deny (else)",
        "so: deny, by inside",
        "nearest calls with another verdict:",
        "  with to ada@example.com instead of bob@evil.test: allow (by inside)",
    ]


def test_what_no_rule_speaks_of_goes_by_the_default(cli: Cli, rules: Path) -> None:
    """An allow that nobody wrote is told as the default it is, an ask with its reason."""
    assert "so: allow, the default for read" in cli("explain", rules, "search").out
    out = cli("explain", rules, "stranger").out
    assert "counts as write (not declared, so it counts as one that writes)" in out
    assert "no rule speaks of it" in out
    assert "so: ask, by no rule" in out
    assert "no single change that was tried gives another verdict" in out


def test_an_answer_that_cannot_be_given_is_told_apart(cli: Cli, rules: Path) -> None:
    """A missing recipient is no recipient outside."""
    assert "CANNOT SAY: every recipient is in example.com" in cli("explain", rules, "send_email").out


def test_a_permission_that_does_not_count_says_why(cli: Cli, rules: Path) -> None:
    """A near miss of a name is told, with the name that was meant."""
    out = cli("explain", rules, "sendEmail", '{"to": "a@example.com"}').out
    assert "it says nothing (then), though its permission would: sendEmail does not stand in the rule" in out
    assert "by the name send_email: allow (by inside)" in out


def test_the_moment_the_person_and_the_schema_can_be_told(cli: Cli, home: Path) -> None:
    """A rule that looks at those can be asked about any of them."""
    (home / "office.yaml").write_text(
        "version: 1\ntools: {pay: spend}\nrules:\n"
        "- id: office\n  text: Pay in the morning.\n  on: pay\n  then: allow\n  else: ask\n"
        '  require: {time: {between: "09:00-12:00", zone: UTC}, who: {user_in: [ada], tenant_in: [acme]}}\n'
    )
    words = ("explain", home / "office.yaml", "pay", '{"id": 1}', "--at", "2026-01-07T10:00:00", "--json")

    assert cli(*words, "--user", "ada", "--tenant", "acme").json["verdict"] == "allow"
    assert cli(*words, "--user", "bob", "--tenant", "acme").json["verdict"] == "ask"
    assert cli(*words, "--user", "ada", "--tenant", "acme", "--declared", "x").json["reasons"] == [
        "undeclared arguments: id"
    ]


def test_the_document_says_the_same(cli: Cli, rules: Path) -> None:
    """--json has the rules, their requirements and the nearest calls."""
    found = cli("explain", rules, "send_email", '{"to": "bob@evil.test"}', "--json").json

    (part,) = found["parts"]
    assert part["rules"][0]["requirements"][0]["answer"] == "fails"
    assert found["nearest"][0]["arguments"] == '{"to":"ada@example.com"}'


def test_a_changed_and_a_carried_call(cli: Cli, home: Path) -> None:
    """What a rule changes is shown, and what a call carries has its own part."""
    (home / "r.yaml").write_text(
        "version: 1\ntools: {pay: {effect: spend, args: [amount]}}\nrules:\n"
        "- {id: cap, text: Pay little., on: pay, then: {rewrite: [{op: add, path: /amount, value: 5}]}}\n"
        "- {id: ok, text: Pay., on: pay, then: allow}\n"
    )
    out = cli("explain", home / "r.yaml", "tool_call", '{"id": "pay", "args": {"amount": 9}}').out
    assert "pay counts as spend (declared under tools)" in out
    assert "it says change the arguments" in out
    assert 'its arguments become {"id":"pay","args":{"amount":5}}' in out


def test_a_call_of_the_log_is_explained_after_what_came_before(
    cli: Cli, home: Path, write_log: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is the one that these rules would have kept up to that call."""
    monkeypatch.setenv("TZ", "UTC")
    (home / "budget.yaml").write_text(BUDGET)
    write_log(
        *[decision("refund", {"amount": 200}, effects=("spend",), call=f"c{number}") for number in range(2)],
        decision("refund", {"amount": 150}, effects=("spend",), verdict="deny", ticket="t-9", call="c9"),
        decision("search", None, call="c10", ticket="t-gone"),
    )

    found = cli("explain", home / "budget.yaml", "--log", "t-9")
    last = cli("explain", home / "budget.yaml", "--log", "c0", "--json").json

    assert found.code == 0, found
    assert "then, in session inbox: asked about" in found.out
    assert "total: amount of this day would be 550, more than 500" in found.out
    assert "with amount 150" in found.out or "as the first call of a new session" in found.out
    assert (last["verdict"], last["then"]) == ("allow", "allow")
    assert cli("explain", home / "budget.yaml", "--log", "last", "--json").json["arguments"] == '{"amount": 150}'


def test_a_record_that_cannot_be_explained_says_so(cli: Cli, rules: Path, write_log: Write) -> None:
    """Erased arguments are not made up, and an unknown name gets a way out."""
    write_log(decision("search", None, ticket="t-gone"))

    assert "the arguments of t-gone were erased" in cli("explain", rules, "--log", "t-gone").err
    assert "no call in the log is known as nothing" in cli("explain", rules, "--log", "nothing").err


@pytest.mark.parametrize(
    "words",
    [
        ("rules.yaml",),
        ("rules.yaml", "a", "{}", "b"),
        ("rules.yaml", "a", "--log", "b"),
        ("rules.yaml", "a", "--at", "noon"),
    ],
)
def test_wrong_usage(cli: Cli, words: tuple[str, ...]) -> None:
    """A question that is none is code 2."""
    Path("rules.yaml").write_text(BUDGET)
    assert cli("explain", *words).code == 2
