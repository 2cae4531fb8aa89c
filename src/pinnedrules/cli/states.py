"""Which state folders a command speaks of: the one named, else those here or every one that this user's guards use."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.control.running import live
from pinnedrules.control.state import HOME_VARIABLE, StateFolder, default_folder

__all__ = ["found_states", "states_here"]


def found_states(named: Path | None) -> list[StateFolder]:
    """Return the state folders: *named*, else those of live guards, the default one and the one in this folder.

    Only folders that are there; no command makes one. Raises Usage when *named* is no folder.
    """
    if named is not None:
        if not named.is_dir():
            raise Usage(f"there is no state folder {named}", "name the folder that the guard printed when it started")
        return [StateFolder(named.absolute())]
    return _there([*(guard.state for guard in live()), default_folder(None), _own()])


def states_here(named: Path | None) -> list[StateFolder]:
    """Return the state folders for a reader: *named*, else PINNEDRULES_HOME and the one in this folder.

    Where neither is there, all of :func:`found_states`. Raises Usage when *named* is no folder.
    """
    here = [default_folder(None), _own()] if os.environ.get(HOME_VARIABLE) else [_own()]
    return (_there(here) if named is None else []) or found_states(named)


def _own() -> Path:
    return Path.cwd() / ".pinnedrules"


def _there(candidates: Sequence[Path]) -> list[StateFolder]:
    folders = {os.path.realpath(path): path for path in reversed(candidates) if (path / "stop.json").exists()}
    return [StateFolder(path) for path in reversed(folders.values())]
