"""pinnedrules stop and resume"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.ran import INBOX, Cli, login

from pinnedrules.cli import stop
from pinnedrules.cli.story import told
from pinnedrules.control import running
from pinnedrules.control.running import Registration, register
from pinnedrules.control.state import StateFolder, open_state
from pinnedrules.control.stop import EVERYTHING, StopFile
from pinnedrules.errors import StateError
from pinnedrules.types import SessionId


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Callable[[str], StateFolder]]:
    """Make a live guard with its own state folder."""
    made: list[Registration] = []

    def make(name: str) -> StateFolder:
        folder = open_state(tmp_path / name)
        made.append(register(folder, rules=f"{name}.yaml"))
        return folder

    yield make
    for entry in made:
        entry.close()


def state_of(folder: StateFolder, session: SessionId = INBOX) -> str:
    return StopFile(folder.path).read(session).state


def test_a_bare_stop_reaches_every_live_guard(cli: Cli, live: Callable[[str], StateFolder]) -> None:
    """From any folder, a bare stop stops every live guard of this user and says that each one confirmed."""
    folders = [live("one"), live("two")]

    found = cli("stop", "too many mails")

    assert found.code == 0
    assert [state_of(folder) for folder in folders] == ["stop", "stop"]
    assert "stopped: one.yaml" in found.out
    assert "stopped: two.yaml" in found.out
    assert "2 of 2 live guards confirmed" in found.out
    assert StopFile(folders[0].path).read(INBOX).reason == "too many mails"
    assert StopFile(folders[0].path).read(INBOX).actor == "owner"


def test_a_stop_holds_where_no_guard_is_live(cli: Cli, state: StateFolder) -> None:
    """The state folder in this folder is stopped too, for the guard that starts there next."""
    found = cli("stop", "--json")

    assert found.code == 0
    assert state_of(state) == "stop"
    assert found.json["folders"] == [str(state.path)]
    assert "everything is stopped in 1 state folder\n" in cli("stop").out


def test_the_default_state_folder_is_stopped(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PINNEDRULES_HOME names a folder that a bare stop reaches."""
    monkeypatch.setenv("PINNEDRULES_HOME", str(tmp_path / "kept"))
    folder = open_state(tmp_path / "kept")
    StopFile(folder.path)

    assert cli("stop").code == 0
    assert state_of(folder) == "stop"


def test_nothing_stopped_is_never_told_as_done(cli: Cli) -> None:
    """Without a guard and a state folder the command says that nothing was stopped, and returns 1."""
    found = cli("stop", "now")

    assert found.code == 1
    assert "NOTHING WAS STOPPED" in found.out
    assert cli("stop", "--json").json["complete"] is False


def test_a_guard_that_does_not_confirm_is_named(
    cli: Cli, live: Callable[[str], StateFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that one guard did not confirm is incomplete: it is named, and the code is 1."""
    live("one")
    monkeypatch.setattr(running.Registration, "_acknowledge", lambda self: None)
    monkeypatch.setattr(stop, "_WAIT_SECONDS", 0.0)
    monkeypatch.setattr(
        stop, "stop_everywhere", lambda reason, actor: running.stop_everywhere(reason, actor, seconds=0.0)
    )

    bare, paused = cli("stop"), cli("stop", "--pause")

    for found in (bare, paused):
        assert found.code == 1
        assert "NOT CONFIRMED: one.yaml" in found.out
        assert "0 of 1 live guard confirmed" in found.out
    assert cli("stop", "--json").json["guards"][0]["why"]


def test_a_pause_and_a_session_are_scoped(cli: Cli, live: Callable[[str], StateFolder]) -> None:
    """--pause pauses, --session stops one session alone, and the live guards confirm these as well."""
    folder = live("one")

    paused, stopped = cli("stop", "--pause"), cli("stop", "--session", "inbox")

    assert (paused.code, stopped.code) == (0, 0)
    assert "paused: one.yaml" in paused.out
    assert "session inbox is stopped" in stopped.out
    assert f"to go on: pinnedrules resume --reason WHY --session inbox --state {folder.path}" in stopped.out
    assert state_of(folder) == "stop"
    assert state_of(folder, SessionId("other")) == "pause"


def test_the_record_of_a_stop_is_about_what_was_stopped(cli: Cli, state: StateFolder) -> None:
    """A stop of one session is recorded as that, also while everything is stopped already by somebody else."""
    StopFile(state.path).set("stop", scope=EVERYTHING, reason="first", actor="lee")

    cli("stop", "second", "--session", "inbox")

    (item,) = (item for item in told(state.log) if item.record["type"] == "stop")
    assert (item.body["scope"], item.body["by"], item.values["reason"]) == ("session:inbox", "owner", "second")


def test_one_named_folder_is_stopped_alone(cli: Cli, live: Callable[[str], StateFolder]) -> None:
    """--state stops that folder and leaves the others running."""
    one, two = live("one"), live("two")

    assert cli("stop", "--state", one.path).code == 0
    assert [state_of(one), state_of(two)] == ["stop", "run"]


def test_a_folder_that_cannot_be_written_is_named(
    cli: Cli, live: Callable[[str], StateFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that cannot be written is told as not done, for the folder and for its guard."""
    live("one")

    def broken(*_: object, **__: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(StopFile, "set", broken)

    found = cli("stop", "--pause")

    assert found.code == 1
    assert "NOT CONFIRMED: one.yaml" in found.out
    assert "NOT PAUSED" in found.out
    assert "the disk is full" in found.out


def test_resume_lifts_what_a_person_says(cli: Cli, state: StateFolder) -> None:
    """resume lifts the stop under the name of the OS user and says what it lifted."""
    cli("stop", "--session", "inbox")
    cli("stop")

    found = cli("resume", "--reason", "rules mended")

    assert found.code == 0
    assert "lifted: stop of *" in found.out
    assert "still in force: session:inbox" in found.out
    assert state_of(state, SessionId("other")) == "run"
    assert state_of(state) == "stop"
    assert cli("resume", "--reason", "r", "--session", "inbox", "--json").json["by"] == "owner"
    assert state_of(state) == "run"


def test_resume_says_when_nothing_was_in_force(cli: Cli, state: StateFolder) -> None:
    """resume does not pretend to have lifted something."""
    assert cli("resume", "--reason", "r").out == "nothing was in force\n"


def test_resume_without_a_folder_is_told(cli: Cli) -> None:
    """Without any state folder resume says so and returns 1."""
    found = cli("resume", "--reason", "r")

    assert found.code == 1
    assert "no state folder was found" in found.out


def test_the_agent_cannot_resume(cli: Cli, state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 4: an agent may stop itself, never resume; a principal named so is refused."""
    login(monkeypatch, "agent")
    cli("stop")

    found = cli("resume", "--reason", "trust me")

    assert found.code == 2
    assert state_of(state) == "stop"


def test_a_user_without_a_name_is_a_number(cli: Cli, state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the OS user may stand in no list; who answers is named all the same."""

    def nameless(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", nameless)

    assert cli("resume", "--reason", "r", "--json").json["by"] == f"uid {os.getuid()}"
