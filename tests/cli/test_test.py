"""pinnedrules test"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.ran import Cli

GOOD = """\
tests:
  - {call: {delete_mail: {id: 7}}, expect: ask, rule: no-deletes}
  - {call: {send_email: {to: boss@example.com}}, expect: allow, rule: inside}
  - {call: {send_email: {to: bob@evil.test}}, expect: deny}
"""


@pytest.fixture
def cases(rules: Path) -> Path:
    path = rules.with_name("rules.test.yaml")
    path.write_text(GOOD, encoding="utf-8")
    return path


@pytest.mark.usefixtures("cases")
def test_good_cases_pass(cli: Cli, rules: Path) -> None:
    """Cases beside the rule file are found, and all that came out as expected is 0."""
    found = cli("test", rules, "--min-coverage", "100")

    assert found.code == 0, found
    assert found.out.splitlines() == [
        "rules.test.yaml: 3 cases, all as expected",
        "rules.yaml: 3 of 3 sides of its rules seen (100 %)",
    ]


def test_a_failure_says_what_came_out_and_why(cli: Cli, rules: Path, cases: Path) -> None:
    """Whoever broke a rule reads which case failed, where it stands, and the reason of the decision."""
    cases.write_text(GOOD + "  - {why: partners, call: {send_email: {to: a@partner.test}}, expect: allow}\n")

    found = cli("test", rules)

    assert found.code == 1
    assert found.out.splitlines()[:4] == [
        "FAILED rules.test.yaml:5: partners",
        "  expected allow, got deny",
        '  call: send_email {"to":"a@partner.test"}',
        "  decided by inside (rules.yaml, line 12): recipients: a@partner.test is not in example.com",
    ]
    assert "4 cases, 1 not as expected" in found.out


def test_a_default_is_a_reason_too(cli: Cli, rules: Path, cases: Path) -> None:
    """Where no rule speaks, the default does."""
    cases.write_text("tests: [{call: search, expect: deny}, {call: stranger, expect: allow}]\n")

    found = cli("test", rules)

    assert "because nothing objects, and the default for read is allow" in found.out
    assert "because the tool stranger is not declared; no rule permits it: ask (write)" in found.out


def test_what_no_case_comes_to_is_named(cli: Cli, rules: Path, cases: Path) -> None:
    """A side of a rule that is never tested is told with its place, and fails where that much is asked for."""
    cases.write_text("tests: [{call: search, expect: allow}]\n")

    found = cli("test", rules)
    strict = cli("test", rules, "--min-coverage", "50")

    assert found.code == 0
    assert "never seen: no-deletes, then (rules.yaml, line 8): no case to which it applies" in found.out
    assert "never seen: inside, else (rules.yaml, line 12): no case in which a requirement of it fails" in found.out
    assert strict.code == 1
    assert "not enough: --min-coverage 50" in strict.out


def test_the_document_says_the_same(cli: Cli, rules: Path, cases: Path) -> None:
    """--json has the failures and the coverage."""
    cases.write_text(GOOD + "  - {call: search, expect: ask}\n")

    found = cli("test", rules, "--json")

    assert (found.code, found.json["passed"]) == (1, 3)
    assert found.json["failed"][0]["problems"] == ["expected ask, got allow"]
    assert found.json["coverage"] == {"percent": 100, "sides": 3, "never_seen": []}


def test_a_misspelt_rule_is_an_error(cli: Cli, rules: Path, cases: Path) -> None:
    """A case that names a rule that is not there would never pass, and says so at once."""
    cases.write_text("tests:\n  - {call: search, expect: allow, rule: no-delete}\n")

    found = cli("test", rules)

    assert found.code == 2
    assert "rules.test.yaml:2:1: no rule has the id 'no-delete'" in found.err
    assert "known: no-deletes, inside" in found.err


def test_without_cases_it_says_where_they_belong(cli: Cli, rules: Path, home: Path) -> None:
    """No file of cases, one that is no text, or a percentage that is none, is wrong usage."""
    found = cli("test", rules)
    assert found.code == 2
    assert "there is no" in found.err
    assert "rules.test.yaml" in found.err

    (home / "other.yaml").write_bytes(b"\xff")
    assert cli("test", rules, "--cases", home / "other.yaml").code == 2
    assert cli("test", rules, "--min-coverage", "101").code == 2
