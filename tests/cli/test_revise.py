"""``pinnedrules revise`` and ``revisions``: the rules in force, changed from a shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.ran import Cli, login

from pinnedrules import Guard
from pinnedrules.control.owners import OWNERS
from pinnedrules.errors import StateError

MORE = [{"op": "add", "path": "/rules/1/require/recipients/domain_in/-", "value": "b.example"}]
DENY = [{"op": "replace", "path": "/rules/0/then", "value": "deny"}]


@pytest.fixture
def patch(home: Path) -> Callable[..., Path]:
    def write(operations: list[Any], version: int = 1) -> Path:
        path = home / "patch.json"
        path.write_text(json.dumps({"version": version, "patch": operations}), encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def owned(home: Path) -> None:
    """The OS user of these tests is called owner, and owns the state folder."""
    (home / ".pinnedrules").mkdir(mode=0o700)
    (home / ".pinnedrules" / OWNERS).write_text("owner\n", encoding="utf-8")


def test_a_tightening_is_put_in_force(cli: Cli, rules: Path, patch: Callable[..., Path]) -> None:
    """Also for every guard that is made after it, and for the commands that say what is in force."""
    done = cli("revise", patch(DENY), "--why", "no deletions at all")
    assert done.code == 0
    assert "version 2 is in force, by owner" in done.out
    assert cli("check", rules, "delete_mail", "{}").out.startswith("deny")
    assert "rules.yaml, version 2, is in order" in cli("check", rules).out
    with Guard(rules, quiet=True, approver="tickets") as guard:
        assert guard.check("delete_mail", {}).decision.rules == ("no-deletes",)


def test_a_relaxing_is_shown_and_asked_for(cli: Cli, rules: Path, patch: Callable[..., Path]) -> None:
    """Nobody relaxes by accident: the call that comes off better is shown first."""
    done = cli("revise", patch(MORE), "--why", "partners")
    assert done.code == 1
    assert 'send_email {"to": "ada@b.example"}: was deny, becomes allow' in done.err
    assert "add --relax" in done.err
    assert cli("revisions").out.startswith("version 1 is in force")
    done = cli("revise", patch(MORE), "--why", "partners", "--relax")
    assert done.code == 0
    assert "it relaxes: send_email" in done.out
    assert 'RELAXED: send_email {"to": "ada@b.example"}' in cli("log", "--type", "revision").out


def test_what_run_started_can_only_tighten(
    cli: Cli, rules: Path, patch: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that gives the command itself is the agent, whoever owns the folder."""
    monkeypatch.setenv("PINNEDRULES_SESSION", "s")
    done = cli("revise", patch(MORE), "--why", "partners", "--relax")
    assert done.code == 1
    assert "only an owner may do that: owner" in done.err
    assert cli("revise", patch(DENY), "--why", "careful").code == 0


def test_somebody_who_is_no_owner_can_only_tighten(
    cli: Cli, rules: Path, patch: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owners are those whom the state folder names."""
    login(monkeypatch, "eve")
    assert cli("revise", patch(MORE), "--why", "w", "--relax").code == 1


def test_the_file_can_be_taken_over(cli: Cli, rules: Path, patch: Callable[..., Path]) -> None:
    """A file changed on disk is a proposal, put in force by --accept-file."""
    cli("revise", patch(DENY), "--why", "w")
    rules.write_text(rules.read_text().replace("[example.com]", "[example.org]"), encoding="utf-8")
    assert cli("revise", "--accept-file", "--why", "moved").code == 1
    done = cli("revise", "--accept-file", "--why", "moved", "--relax", "--json")
    assert done.json["number"] == 3
    assert {"op": "replace", "path": "/rules/0/then", "value": "ask"} in done.json["patch"]


def test_versions_are_listed_shown_and_compared(cli: Cli, rules: Path, patch: Callable[..., Path]) -> None:
    """Who, when and why; each as it was; what lies between two of them."""
    assert "there is one version only" in cli("revisions", "diff").out
    assert json.loads(cli("revisions", "show", 1, "--document").out)["rules"][0]["then"] == "ask"
    cli("revise", patch(DENY), "--why", "no deletions at all")
    cli("revise", patch(MORE, 2), "--why", "partners", "--relax")
    listed = cli("revisions").out
    assert "as it stood in the file" in listed
    assert "by owner, 0 s ago: no deletions at all" in listed
    assert "relaxed: send_email" in listed
    assert [one["number"] for one in cli("revisions", "list", "--json").json["revisions"]] == [1, 2, 3]
    assert "b.example" in cli("revisions", "show").out
    assert "b.example" not in cli("revisions", "show", 2).out
    assert cli("revisions", "show", 2, "--json").json["document"]["rules"][0]["then"] == "deny"
    assert "+   On send_email: if every recipient is in example.com or b.example" in cli("revisions", "diff").out
    assert "-   On anything that deletes: ask." in cli("revisions", "diff", 1).out
    assert cli("revisions", "diff", 1, 2, "--json").json["patch"][-1]["value"] == "deny"
    whole = rules.parent / "again.yaml"
    whole.write_text(cli("revisions", "show", "--document").out, encoding="utf-8")
    assert cli("check", whole).code == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("revise", "--why", "w"), "give either a patch or --accept-file"),
        (("revise", "p.json", "--accept-file", "--why", "w"), "give either a patch or --accept-file"),
        (("revise", "p.json", "--why", "w"), "No such file"),
        (("revise", "p.json"), "--why"),
        (("revisions", "show", "7"), "there is no version 7"),
        (("revisions", "show", "1", "1"), "too many versions"),
    ],
)
def test_what_makes_no_command(cli: Cli, rules: Path, words: tuple[str, ...], problem: str) -> None:
    """An error says what is missing."""
    done = cli(*words)
    assert done.code == 2
    assert problem in done.err


def test_a_tightening_that_cannot_be_recorded_stands(
    cli: Cli, rules: Path, patch: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What limits stands whether or not it can be written down; what relaxes does not."""

    def full(*_: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr("pinnedrules.cli.revise.note", full)
    assert cli("revise", patch(MORE), "--why", "w", "--relax").code == 2
    assert cli("revisions").out.startswith("version 1 is in force")
    done = cli("revise", patch(DENY), "--why", "w")
    assert done.code == 0
    assert "in force, but not recorded: the disk is full" in done.err
