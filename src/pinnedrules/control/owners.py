"""Who may relax rules: the owners of a state folder."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from pinnedrules.control.principals import AGENT, principal
from pinnedrules.errors import StateError

__all__ = ["OWNERS", "is_owner", "owners"]

OWNERS = "owners"
"""The file in the state folder that names the owners, one a line; what follows a # is a remark."""


def owners(folder: Path) -> frozenset[str]:
    """Return who owns the state *folder*: whom its file names, else the OS user whom it belongs to. Raises StateError."""
    try:
        lines = (folder / OWNERS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        uid = os.stat(folder).st_uid
        try:
            return frozenset({pwd.getpwuid(uid).pw_name})
        except KeyError:
            return frozenset({f"uid {uid}"})
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"the owners in {folder / OWNERS} cannot be read ({error}), so there are none") from error
    named = (line.partition("#")[0].strip() for line in lines)
    return frozenset(name for name in named if name and principal(name) != AGENT)


def is_owner(folder: Path, by: str) -> bool:
    """Whether *by* may relax. The agent never, whatever the file says. Raises ApprovalError for nobody, and StateError."""
    name = principal(by)
    return name != AGENT and name in owners(folder)
