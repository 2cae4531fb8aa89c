"""Making bytes durable."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

__all__ = ["replace_file", "sync", "sync_folder", "write_all"]

# On macOS fsync() leaves the bytes in the drive's own cache; only this fcntl waits for them (man 2 fsync).
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


def sync(file: int) -> None:
    """Return when everything written to *file* would survive a power cut. Raises OSError."""
    if _FULL_SYNC is not None:
        fcntl.fcntl(file, _FULL_SYNC)
    else:
        os.fdatasync(file)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable. Raises OSError."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_all(file: int, data: bytes) -> None:
    """Write *data* with one call where the system allows it. Raises OSError, and part may be written then."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def replace_file(path: Path, data: bytes, *, mtime_ns: int | None = None) -> None:
    """Give *path* the content *data*, durably and in one step, readable by its owner only. Raises OSError.

    Only one writer at a time: the caller holds a lock.
    """
    fresh = path.with_name(path.name + ".new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        write_all(file, data)
        if mtime_ns is not None:
            os.utime(file, ns=(mtime_ns, mtime_ns))
        sync(file)
    finally:
        os.close(file)
    os.replace(fresh, path)
    sync_folder(path.parent)
