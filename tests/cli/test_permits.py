"""pinnedrules permit, pinnedrules permits"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.ran import Cli

from pinnedrules import Guard
from pinnedrules.control.state import StateFolder
from pinnedrules.control.store import Store


@pytest.fixture
def guard(rules: Path) -> Iterator[Guard]:
    with Guard(rules, approver="tickets", quiet=True) as made:
        yield made


def test_a_permit_is_given_used_listed_and_revoked(cli: Cli, guard: Guard) -> None:
    """From another terminal, for a session that runs: each step says what it did, and the log tells it."""
    given = cli("permit", "--on", "delete_mail", "--require", "{matches: {id: 'm[0-9]'}}", "--max", 2, "--for", "1h",
                "--session", "inbox", "--user", "anna")  # fmt: skip
    name = given.out.split(":")[0]
    assert given.code == 0
    assert "permitted by owner in session inbox: delete_mail where" in given.out

    with guard.session("inbox", user="anna"):
        assert not guard.check("delete_mail", {"id": "m1"}).refused
        assert guard.check("delete_mail", {"id": "x"}).refused
        listed = cli("permits", "list")
        assert f"{name}  delete_mail where" in listed.out
        assert "inbox, by owner, 1 used, 59 min left" in listed.out

        assert f"pinnedrules permits revoke {name}" in given.out
        assert cli("permits", "revoke", name).code == 0
        assert guard.check("delete_mail", {"id": "m2"}).refused
    assert "revoked by owner" in cli("permits", "list").out
    assert cli("permits", "revoke", name).code == 1
    guard.flush()
    story = cli("log").out
    assert f"permit {name} given by owner" in story
    assert f"approved by permit {name} of owner" in story
    assert f"permit {name} revoked by owner" in story


def test_a_permit_for_all_sessions_of_a_user(cli: Cli, guard: Guard) -> None:
    """One count over all of them; it is listed once."""
    for name in ("a", "b"):
        with guard.session(name, user="anna"):
            guard.check("search", {})
            guard.pin("Be brief.", user="ops")
    given = cli("permit", "--effect", "delete", "--max", 1, "--per", "hour", "--for", "30min", "--all-sessions",
                "--user", "anna", "--json")  # fmt: skip
    assert given.json["permit"]["hourly"] is True
    for name, refused in (("a", False), ("b", True)):
        with guard.session(name, user="anna"):
            assert guard.check("delete_mail", {"id": "m1"}).refused is refused
    (row,) = cli("permits", "list", "--json").json["permits"]
    assert (row["used"], row["live"]) == (1, False)


def test_a_misspelled_tool_is_told_with_the_nearest_name(cli: Cli, guard: Guard) -> None:
    """A permit for a tool that is none would be in force and cover nothing; so it is not given."""
    wrong = cli("permit", "--on", "delete_mial", "--max", 1, "--for", "1h", "--session", "inbox", "--user", "anna")
    assert wrong.code != 0
    assert "no tool is declared as 'delete_mial'" in wrong.err
    assert "did you mean 'delete_mail'?" in wrong.err
    assert cli("permits", "list").out == "nothing is permitted beforehand\n"


def test_without_a_live_guard_the_rule_file_can_be_named(cli: Cli, rules: Path, guard: Guard) -> None:
    """The state folder does not say which rules are decided by."""
    folder = guard.folder.path
    guard.close()
    asked = (
        "permit",
        "--on",
        "delete_mial",
        "--max",
        1,
        "--for",
        "1h",
        "--session",
        "a",
        "--user",
        "b",
        "--state",
        folder,
    )
    assert "did you mean 'delete_mail'?" in cli(*asked, "--rules", rules).err
    assert cli(*asked).code == 0


def test_a_stop_ends_a_permit(cli: Cli, guard: Guard) -> None:
    """The list says why it is none any more."""
    cli("permit", "--on", "delete_mail", "--max", 1, "--for", "90s", "--session", "inbox", "--user", "anna")
    cli("stop", "wait", "--session", "inbox", "--state", guard.folder.path)
    cli("resume", "--reason", "fine", "--session", "inbox")
    assert "ended by a stop or a resume" in cli("permits", "list").out


def test_the_agent_permits_itself_nothing_and_may_revoke(
    cli: Cli, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 4: the agent itself can tighten, never relax."""
    words = ("permit", "--on", "delete_mail", "--max", 1, "--for", "90s", "--session", "inbox", "--user", "anna")
    name = cli(*words, "--json").json["permit"]["id"]
    monkeypatch.setenv("PINNEDRULES_SESSION", "inbox")
    assert cli(*words).code == 2
    assert "revoked by agent" in cli("permits", "revoke", name).out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--on", "delete_mail", "--for", "1h"], "which session?"),
        (["--on", "delete_mail", "--for", "1h", "--all-sessions"], "whose sessions?"),
        (["--on", "delete_mail", "--for", "for ever", "--session", "inbox", "--user", ""], "is no span of time"),
        (["--on", "delete_mail", "--for", "25h", "--session", "inbox", "--user", ""], "at most 24 hours"),
        (["--on", "*", "--for", "1h", "--session", "inbox", "--user", ""], "name each tool exactly"),
        (["--for", "1h", "--session", "inbox", "--user", ""], "'on' is empty"),
        (["--on", "a", "--require", "[b]", "--for", "1h", "--session", "inbox", "--user", ""], "no requirement"),
    ],
)
def test_what_cannot_be_permitted_is_said(cli: Cli, state: StateFolder, words: list[str], problem: str) -> None:
    """Never "always", never everything."""
    Store(state.database).secret()
    found = cli("permit", "--max", 1, *words)
    assert found.code == 2
    assert problem in found.err
    assert "nothing is permitted" in cli("permits", "list").out


def test_several_folders_have_to_be_told_apart(cli: Cli, guard: Guard, tmp_path: Path, rules: Path) -> None:
    """A permit for a user stands in one state folder."""
    with Guard(rules, approver="tickets", quiet=True, state=tmp_path / "second"):
        found = cli("permit", "--on", "a", "--max", 1, "--for", "1h", "--all-sessions", "--user", "anna")
    assert "several state folders" in found.err


def test_a_permit_that_cannot_be_recorded_is_not_given(cli: Cli, state: StateFolder) -> None:
    """What relaxes is never in force unwritten."""
    Store(state.database).secret()
    state.log.rmdir()
    state.log.write_text("no folder", encoding="utf-8")
    found = cli("permit", "--on", "a", "--max", 1, "--for", "1h", "--session", "inbox", "--user", "anna")
    assert found.code == 2
    assert "nothing is permitted" in cli("permits", "list").out
