"""The state folder: where stop, approvals, ledger and evidence live. Only its owner may write there."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.errors import StateError

__all__ = ["HOME_VARIABLE", "StateFolder", "default_folder", "open_state", "own_folder", "state_home"]

HOME_VARIABLE = "PINNEDRULES_HOME"

_WAY_OUT = f"name another folder with {HOME_VARIABLE} or Guard(state=...)"


@dataclass(frozen=True, slots=True)
class StateFolder(os.PathLike[str]):
    """An open state folder.

    ::

        STOP                hand-touched; stops everything
        stop.json stop.lock see control/stop.py
        db/state.sqlite3    see control/store.py
        db/lineage.sqlite3  see control/lineages.py; may be removed
        log/                see evidence/lanes.py
        told                a refusal was explained to a person once
    """

    path: Path

    @property
    def database(self) -> Path:
        """The file of the store."""
        return self.path / "db" / "state.sqlite3"

    @property
    def lineages(self) -> Path:
        """The file of the conversations' digests."""
        return self.path / "db" / "lineage.sqlite3"

    @property
    def log(self) -> Path:
        """The folder of the log."""
        return self.path / "log"

    def __fspath__(self) -> str:
        return str(self.path)


def open_state(path: Path) -> StateFolder:
    """Make the state folder *path* ready for use, creating it if need be.

    Raises StateError, which says what to do, when it cannot be written or others than its owner could write there.
    """
    state = StateFolder(path.absolute())
    own_folder(state.path)
    try:
        for folder in (state.database.parent, state.log):
            folder.mkdir(mode=0o700, exist_ok=True)
        ignore = state.path / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        # Asked of the system itself: permission bits say nothing about a mount that is read-only.
        probe = state.path / f".probe-{secrets.token_hex(8)}"
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        probe.unlink()
    except OSError as error:
        raise StateError(f"the state folder {state.path} cannot be written ({error.strerror}); {_WAY_OUT}") from error
    return state


def own_folder(path: Path) -> None:
    """Create the folder *path*, private to this user, or make sure that it is. Raises StateError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise StateError(f"the state folder {path} cannot be made ({error.strerror}); {_WAY_OUT}") from error
    if found.st_uid != os.geteuid():
        raise StateError(
            f"the state folder {path} belongs to user {found.st_uid}, not to this one ({os.geteuid()}),"
            f" who could lift a stop or approve calls there; {_WAY_OUT}"
        )
    if stat.S_IMODE(found.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        raise StateError(
            f"others can write to the state folder {path}, so they could lift a stop or approve calls;"
            f" look at what is in it, then run: chmod 700 '{path}'; or {_WAY_OUT}"
        )


def default_folder(rule_file: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return PINNEDRULES_HOME, else ``.pinnedrules`` beside *rule_file*, else the folder under the XDG state home.

    Never the working directory, which is another one with every start. Raises StateError for a relative PINNEDRULES_HOME.
    """
    named = environment.get(HOME_VARIABLE, "")
    if named:
        path = Path(named).expanduser()
        if not path.is_absolute():
            raise StateError(
                f"{HOME_VARIABLE} is {named!r}, which depends on the working directory; give the whole path"
            )
        return path
    if rule_file is not None:
        return rule_file.absolute().parent / ".pinnedrules"
    return state_home(environment)


def state_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Return this user's own state folder (XDG Base Directory Specification; a relative path there is ignored)."""
    home = Path(environment.get("XDG_STATE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".local" / "state") / "pinnedrules"
