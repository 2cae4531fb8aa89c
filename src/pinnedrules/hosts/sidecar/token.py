"""The token of a sidecar, kept in the state folder so that a restart does not change the base URLs that agents were given."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from pinnedrules.errors import StateError

__all__ = ["kept_token"]

_FILE = "sidecar-token"


def kept_token(folder: Path) -> str:
    """Return the token kept in *folder*, made up at the first time; only this OS user can read it. Raises StateError."""
    path = folder / _FILE
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StateError(f"the sidecar's token in {path} cannot be read ({error.strerror})") from error
    try:
        return _write(path)
    except FileExistsError:
        # Another sidecar with the same state was a moment faster.
        return kept_token(folder)
    except OSError as error:
        raise StateError(f"the sidecar's token cannot be written to {path} ({error.strerror})") from error


def _read(path: Path) -> str:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), encoding="ascii", errors="replace") as file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise StateError(f"others could read the sidecar's token in {path}; remove the file, then start again")
        token = file.read().strip()
    if not token:
        raise StateError(f"the sidecar's token in {path} is empty; remove the file, then start again")
    return token


def _write(path: Path) -> str:
    token = secrets.token_urlsafe(32)
    # Complete before it has its name, so that nobody reads half of it.
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    with open(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(token + "\n")
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
    return token
