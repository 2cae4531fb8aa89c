"""pinnedrules check"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.ran import Cli


def test_a_file_in_order_is_valid(cli: Cli, rules: Path) -> None:
    """Without a tool, check validates the file and says how many rules decide."""
    found = cli("check", rules)

    assert found.code == 0
    assert "rules.yaml is in order: 2 rules, 2 to decide calls" in found.out
    assert cli("check", rules, "--json").json["rule_ids"] == ["no-deletes", "inside"]


@pytest.mark.parametrize(
    ("tool", "arguments", "verdict", "code"),
    [
        ("search", '{"query": "invoice"}', "allow", 0),
        ("send_email", '{"to": "boss@example.com"}', "allow", 0),
        ("send_email", '{"to": "bob@evil.test"}', "deny", 1),
        ("delete_mail", '{"id": 7}', "ask", 1),
        ("unheard_of", "{}", "ask", 1),
        ("send_email", '{"to": "boss@example.com", "to": "bob@evil.test"}', "deny", 1),
        ("send_email", "not json", "deny", 1),
        ("send_email", "[1]", "deny", 1),
    ],
)
def test_a_call_is_decided(cli: Cli, rules: Path, tool: str, arguments: str, verdict: str, code: int) -> None:
    """check decides one call as the gate would, and returns 0 for an allow alone."""
    found = cli("check", rules, tool, arguments, "--json")

    assert (found.code, found.json["verdict"]) == (code, verdict)
    assert bool(found.json["refusal"]) is (verdict != "allow")


def test_the_reasons_are_told(cli: Cli, rules: Path) -> None:
    """A denied call comes with the rule's sentence, the reason and the text that the model would get."""
    found = cli("check", rules, "send_email", '{"to": "bob@evil.test"}')

    assert "deny: send_email(to: bob@evil.test)" in found.out
    assert "rule inside: Send e-mail only inside example.com." in found.out
    assert "bob@evil.test is not in example.com" in found.out
    assert "DENIED: send_email did not run." in found.out


def test_what_could_not_be_decided_is_named(cli: Cli, rules: Path) -> None:
    """A requirement that cannot be decided is said to be that, not to have failed."""
    found = cli("check", rules, "send_email", "{}")

    assert found.code == 1
    assert "could not decide: inside: recipients: no recipient was found" in found.out


def test_arguments_may_be_left_out(cli: Cli, rules: Path) -> None:
    """A tool without arguments needs no JSON."""
    assert cli("check", rules, "search").code == 0


def test_the_declared_arguments_can_be_told(cli: Cli, rules: Path) -> None:
    """An argument that the schema does not have makes a call with an effect an ask, as in a real request."""
    call = ("check", rules, "send_email", '{"to": "boss@example.com", "priority": 1}', "--json")

    assert cli(*call).json["verdict"] == "allow"
    assert cli(*call, "--declared", "to, subject").json["verdict"] == "ask"


def test_a_profile_decides_too(cli: Cli) -> None:
    """With --profile there is no file among the words."""
    found = cli("check", "--profile", "analyze", "delete_mail", "{}", "--json")

    assert (found.code, found.json["verdict"]) == (1, "deny")


def test_a_rewritten_call_shows_what_it_became(cli: Cli, home: Path) -> None:
    """A rule that rewrites shows the new arguments."""
    (home / "rewrite.yaml").write_text(
        "version: 1\ntools: {archive: write}\nrules:\n  - id: quiet\n    text: Archive quietly.\n    on: archive\n"
        "    then: {rewrite: [{op: add, path: /notify, value: false}]}\n"
        "  - {id: fine, text: Archiving is fine., on: archive, then: allow}\n",
        encoding="utf-8",
    )

    found = cli("check", home / "rewrite.yaml", "archive", '{"id": 1}')

    assert 'rewritten to: {"id":1,"notify":false}' in found.out, found
