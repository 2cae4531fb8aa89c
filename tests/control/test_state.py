"""The state folder belongs to one user, and can be written."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pinnedrules.control.state import default_folder, open_state, own_folder
from pinnedrules.errors import StateError


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    """A state folder is made for its owner alone, whatever the umask, and stays out of version control."""
    former = os.umask(0)
    try:
        state = open_state(tmp_path / "a" / ".pinnedrules")
    finally:
        os.umask(former)

    for folder in (state.path, state.log, state.database.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (state.path / ".gitignore").read_text() == "*\n"
    assert os.fspath(state) == str(state.path)
    assert sorted(path.name for path in state.path.iterdir()) == [".gitignore", "db", "log"]


def test_a_folder_can_be_opened_again(tmp_path: Path) -> None:
    """What is in a state folder is left as it is."""
    first = open_state(tmp_path / "s")
    (first.path / ".gitignore").write_text("mine\n")

    assert open_state(tmp_path / "s") == first
    assert (first.path / ".gitignore").read_text() == "mine\n"


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    """Who can write the state folder can lift a stop, so nobody else may; the error says what to do."""
    tmp_path.chmod(mode)

    with pytest.raises(StateError, match=r"chmod 700.*PINNEDRULES_HOME"):
        open_state(tmp_path)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner could lift a stop or approve calls there."""
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)

    with pytest.raises(StateError, match=r"belongs to user.*PINNEDRULES_HOME"):
        open_state(tmp_path)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    """A folder that cannot be made is an error that says what to do."""
    (tmp_path / "s").write_text("")

    with pytest.raises(StateError, match=r"cannot be made.*PINNEDRULES_HOME"):
        open_state(tmp_path / "s" / "t")


def test_a_read_only_folder_is_refused() -> None:
    """A guard that could not record anything is not built."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from pinnedrules.control.state import open_state\n"
        "from pinnedrules.errors import StateError\n"
        "os.setuid(os.stat(sys.argv[1]).st_uid)\n"
        "try: open_state(Path(sys.argv[1]))\n"
        "except StateError as error: print(error)\n"
    )
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer) / "s"
        open_state(folder)
        if os.geteuid() == 0:
            # Root may write anywhere, so the question is asked as somebody else, in a place that one can reach.
            Path(outer).chmod(0o755)
            os.chown(folder, 65534, 65534)
        folder.chmod(0o500)
        done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
        folder.chmod(0o700)

    assert "cannot be written" in done.stdout
    assert "PINNEDRULES_HOME" in done.stdout


def test_a_read_only_mount_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permission bits say nothing about a mount, so the system itself is asked."""
    open_state(tmp_path / "s")

    def refuse(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(StateError, match="Read-only file system"):
        open_state(tmp_path / "s")


def test_the_default_is_named_beside_the_rules_or_the_users_own(tmp_path: Path) -> None:
    """PINNEDRULES_HOME, else beside the rule file, else the user's own state; never the working directory."""
    rules = tmp_path / "rules.yaml"
    home = {"PINNEDRULES_HOME": "/srv/pr", "XDG_STATE_HOME": "/srv/state"}

    assert default_folder(rules, home) == Path("/srv/pr")
    assert default_folder(None, home) == Path("/srv/pr")
    assert default_folder(rules, {"PINNEDRULES_HOME": ""}) == tmp_path / ".pinnedrules"
    assert default_folder(None, {"XDG_STATE_HOME": "/srv/state"}) == Path("/srv/state/pinnedrules")
    for ignored in ({}, {"XDG_STATE_HOME": "state"}, {"XDG_STATE_HOME": ""}):
        assert default_folder(None, ignored) == Path.home() / ".local" / "state" / "pinnedrules"


def test_a_relative_home_is_refused() -> None:
    """A folder that depends on where a program was started would be another one for every command."""
    with pytest.raises(StateError, match="whole path"):
        default_folder(None, {"PINNEDRULES_HOME": "state"})


def test_a_home_may_name_the_users_own_folder() -> None:
    """A tilde is the user's home, as in a shell."""
    assert default_folder(None, {"PINNEDRULES_HOME": "~/pr"}) == Path.home() / "pr"


def test_own_folder_makes_parents(tmp_path: Path) -> None:
    """A run folder is made with what leads to it."""
    own_folder(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b").is_dir()
