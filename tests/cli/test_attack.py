"""pinnedrules attack"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from tests.attack.files import LEAKY, TIGHT
from tests.cli.ran import Cli

from pinnedrules.attack.adapt import Trick
from pinnedrules.attack.run import Attack, Through
from pinnedrules.authoring.calls import made


@pytest.fixture
def leaky(home: Path) -> Path:
    path = home / "leaky.yaml"
    path.write_text(LEAKY)
    return path


def test_rules_that_hold_are_code_0(cli: Cli, home: Path) -> None:
    """How much was tried is said, by kind."""
    (home / "tight.yaml").write_text(TIGHT)
    found = cli("attack", home / "tight.yaml")

    assert found.code == 0, found.out
    assert "tricks tried, none got through" in found.out
    assert "  by kind: amount " in found.out


def test_what_got_through_is_told_with_a_command(cli: Cli, leaky: Path) -> None:
    """Each way is named, beside the deed that is stopped, with a command that shows it."""
    found = cli("attack", "leaky.yaml")
    lines = found.out.splitlines()

    assert found.code == 1
    at = lines.index("GOT THROUGH: send_email, 40 tricks (recipients)")
    assert lines[at + 1 : at + 4] == [
        '  the deed itself is stopped (deny): send_email {"to":"bob@evil.example"}',
        "  two in one text: allowed, by the default",
        '    pinnedrules check leaky.yaml send_email \'{"to":"bob@evil.example, boss@example.com"}\'',
    ]
    assert any(line.endswith("more; --json has all") for line in lines)
    assert leaky.exists()


def test_the_commands_show_what_they_say(cli: Cli, leaky: Path) -> None:
    """A command that is printed, run as it stands, allows the call."""
    out = cli("attack", "leaky.yaml").out
    commands = [line for line in out.splitlines() if line.startswith("    pinnedrules check ") and "$'" not in line]
    assert len(commands) > 15
    for command in commands:
        assert cli(*shlex.split(command)[1:]).code == 0, command


def test_what_is_not_plain_can_still_be_copied(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sequence is printed as a case, and what a terminal would not show in words for a shell."""
    path = home / "seq.yaml"
    path.write_text("version: 1\ntools: {pay: spend, look: read}\nrules: [{id: r, text: T., on: pay, then: allow}]\n")
    found = Attack()
    look = made("look", "{}")
    for call, after in (
        (made("pay", '{"amount": 1}'), (look,)),
        (made("p\u0430y", '{"to": "\uff20"}'), ()),
        (made("pay", "no json \u2028"), ()),
        (made("pay", "[1]"), ()),
    ):
        found.through.append(Through(Trick("total", "a trick", call, after), "pay", ("r",), None, ""))
    found.tried["total"] = 4
    monkeypatch.setattr("pinnedrules.cli.attack.attack", lambda *_: found)

    lines = cli("attack", "seq.yaml").out.splitlines()

    case = next(line for line in lines if "as a case: " in line).partition("as a case: ")[2]
    path.with_name("seq.test.yaml").write_text(f"tests:\n- {case}\n")
    assert "expected ask, got allow" in cli("test", path).out
    assert [line.strip() for line in lines if "pinnedrules check" in line] == [
        "pinnedrules check seq.yaml $'p\\u0430y' '{\"to\": \"\\uff20\"}'",
        "pinnedrules check seq.yaml pay $'no json \\u2028'",
        "pinnedrules check seq.yaml pay '[1]'",
    ]


def test_the_document_says_the_same(cli: Cli, leaky: Path) -> None:
    """--json has every way, with the deed beside it."""
    found = cli("attack", leaky, "--json").json

    assert len(found["through"]) > 80
    assert found["through"][0]["plain"] == ["send_email", '{"to":"bob@evil.example"}']
    assert found["through"][0]["call"][0] == "send_email"


def test_cases_are_built_on(cli: Cli, home: Path) -> None:
    """A case that is allowed helps where no allowed call can be made up."""
    (home / "r.yaml").write_text(
        "version: 1\ntools: {send: {effect: send, args: [to, team]}}\nrules:\n"
        "- {id: r, text: T., on: send, then: allow, else: ask,\n"
        "   require: {recipients: {domain_in: [corp.test]}, matches: {team: '\\pL+'}}}\n"
    )
    assert "not tried: send: no call to it is allowed" in cli("attack", home / "r.yaml").out
    (home / "r.test.yaml").write_text("tests: [{call: {send: {to: a@corp.test, team: red}}, expect: allow}]\n")
    assert "not tried" not in cli("attack", home / "r.yaml").out


def test_wrong_usage(cli: Cli, rules: Path) -> None:
    """A moment that is none, and a file that is not there, are code 2."""
    assert cli("attack", rules, "--at", "noon").code == 2
    assert cli("attack", "none.yaml").code == 2
    assert cli("attack", rules, "--at", "2026-01-07T09:00:00+01:00", "--user", "ada").code == 0
