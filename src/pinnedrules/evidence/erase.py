"""Erasing a person's data from a log whose chain goes on verifying."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from pinnedrules.evidence.disk import sync
from pinnedrules.evidence.lanes import lane_folders, private_file, segments
from pinnedrules.evidence.record import parse_line

__all__ = ["erase"]


def erase(folder: Path, *, user: str = "", session: str = "") -> int:
    """Erase the private values of the records of *user*, or of *session*, in the log *folder*.

    Returns how many records lost their values. The lines stay, with commitments that nobody can open any more,
    because the salts are gone too. The bytes are overwritten where they stand, so a process that writes the log at
    the same time is not disturbed; copies that a file system or a backup keeps are not reached. Whoever erases writes
    a record of it. Raises OSError, and ValueError when neither or both are named.
    """
    if bool(user) == bool(session):
        raise ValueError("name either a user or a session")
    erased = 0
    for lane in lane_folders(folder):
        for segment in segments(lane):
            numbers = set(_numbers(segment, session)) if session else set()
            erased += _erase(private_file(segment), user, numbers)
    return erased


def _numbers(segment: Path, session: str) -> Iterator[object]:
    with segment.open("rb") as file:
        for line in file:
            try:
                record = parse_line(line.removesuffix(b"\n"))
            except ValueError:
                continue
            if record["session"] == session:
                yield record["seq"]


def _erase(path: Path, user: str, numbers: set[object]) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return 0
    erased = 0
    try:
        place = 0
        for line in path.read_bytes().splitlines(keepends=True):
            if _concerns(line, user, numbers):
                os.pwrite(file, b" " * len(line.rstrip(b"\n")), place)
                erased += 1
            place += len(line)
        sync(file)
    finally:
        os.close(file)
    return erased


def _concerns(line: bytes, user: str, numbers: set[object]) -> bool:
    try:
        row = json.loads(line)
        return row["seq"] in numbers or bool(user and row.get("user", {}).get("value") == user)
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
