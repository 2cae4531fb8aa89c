"""pinnedrules lint"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.ran import Cli

BAD = """\
version: 1
tools:
  purge_inbox: read
  send_email: {effect: send, args: [to]}
rules:
  - id: ask-send
    text: Ask before sending.
    on: {effect: send}
    then: ask
  - id: colleagues
    text: Send mail inside the company.
    on: send_email
    require: {matches: {to: ".*@example.com"}}
    then: allow
    else: deny
"""


@pytest.fixture
def bad(home: Path) -> Path:
    path = home / "bad.yaml"
    path.write_text(BAD)
    return path


def test_each_finding_says_where_what_why_and_what_to_write(cli: Cli, bad: Path) -> None:
    """A tired person gets the line, the reason, and the words for the file."""
    found = cli("lint", bad)

    assert found.code == 1
    assert found.out.splitlines() == [
        "bad.yaml:3: looser: purge_inbox is declared as read, and its name says delete",
        "  why it matters: what the file says of a tool is believed, so a rule about such an effect does not see it",
        "  write: purge_inbox: delete, if it does what it is called",
        "bad.yaml:5: untested: there are no cases for these rules",
        "  why it matters: nobody notices when a change of one rule turns off another one",
        "  write: a file bad.test.yaml: tests: [{call: {TOOL: {...}}, expect: ask, rule: ask-send}]",
        "bad.yaml:10: outweighed: the permission of rule colleagues never counts (line 6)",
        "  why it matters: every call that it permits is objected to by ask-send, and an objection always wins",
        "  write: narrow ask-send (other tools, other effects, a requirement), or take the permission out",
        "bad.yaml:13: pattern: a pattern decides about to, which recipients knows how to read",
        "  why it matters: a pattern does not know display names, lists, a second address after a line break",
        "  write: recipients: {domain_in: [example.com]}",
        "1 looser, 1 untested, 1 outweighed, 1 pattern",
        "pinnedrules lint --ignore KIND leaves a kind out",
    ]


def test_cases_beside_the_rules_count(cli: Cli, rules: Path) -> None:
    """What a case comes to is tested; why it matters is said once."""
    cases = rules.with_name("rules.test.yaml")
    cases.write_text("tests: [{call: search, expect: allow}]\n")
    found = cli("lint", rules, "--ignore", "no-args")
    assert [line for line in found.out.splitlines() if "untested" in line] == [
        "rules.yaml:8: untested: no case comes to rule no-deletes",
        "rules.yaml:12: untested: no case comes to rule inside",
        "2 untested",
    ]
    assert found.out.count("why it matters") == 1

    cases.write_text("tests: [{call: delete_mail, expect: ask}, {call: send_email, expect: deny}]\n")
    found = cli("lint", rules, "--ignore", "no-args")
    assert (found.code, found.out) == (0, "rules.yaml: nothing found (not looked for: no-args)\n")


def test_the_document_says_the_same(cli: Cli, bad: Path) -> None:
    """--json has the place and the kind of each finding."""
    found = cli("lint", bad, "--json")

    assert [(one["kind"], one["line"], one["other_line"]) for one in found.json["findings"]] == [
        ("looser", 3, None),
        ("untested", 5, None),
        ("outweighed", 10, 6),
        ("pattern", 13, None),
    ]
    assert found.json["findings"][0]["about"].startswith("a tool that is declared to do less")


def test_a_file_that_does_not_load_is_code_2(cli: Cli, home: Path) -> None:
    """lint is for files that load; the others have their own error."""
    (home / "x.yaml").write_text("version: 2\n")
    assert cli("lint", home / "x.yaml").code == 2
    assert cli("lint", home / "none.yaml").code == 2
    assert cli("lint", home / "x.yaml", "--ignore", "nothing").code == 2
    (home / "rules.yaml").write_text(BAD)
    assert cli("lint", home / "rules.yaml", "--cases", home / "none.yaml").code == 2
