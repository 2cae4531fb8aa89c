"""Which state folders a command speaks of: the one named, else every one that this user's guards use."""

from __future__ import annotations

import os
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.control.running import live
from pinnedrules.control.state import StateFolder, default_folder

__all__ = ["found_states"]


def found_states(named: Path | None) -> list[StateFolder]:
    """Return the state folders: *named*, else those of live guards, the default one and the one in this folder.

    Only folders that are there; no command makes one. Raises Usage when *named* is no folder.
    """
    if named is not None:
        if not named.is_dir():
            raise Usage(f"there is no state folder {named}", "name the folder that the guard printed when it started")
        return [StateFolder(named.absolute())]
    candidates = [guard.state for guard in live()]
    candidates += [default_folder(None), Path.cwd() / ".pinnedrules"]
    folders = {os.path.realpath(path): path for path in reversed(candidates) if (path / "stop.json").exists()}
    return [StateFolder(path) for path in reversed(folders.values())]
