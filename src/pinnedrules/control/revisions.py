"""The versions of rule sets: each a full snapshot with the patch that led to it, who, when and why. Nothing is ever changed.

They have a file of their own in the state folder, because they are read before the store is and outlive what is in it.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.control.database import Database
from pinnedrules.errors import StateError
from pinnedrules.evidence.disk import replace_file

__all__ = ["Revision", "Revisions"]

_FIRST = """
CREATE TABLE revision (
    source TEXT NOT NULL,
    number INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    document TEXT NOT NULL,
    patch TEXT NOT NULL,
    by TEXT NOT NULL,
    why TEXT NOT NULL,
    relaxes TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (source, number)
);
"""
_COLUMNS = "number, sha256, file_sha256, document, patch, by, why, relaxes, at_us"

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the rules of one file. ``number`` begins at 1, which is the file as it was before the first change.

    ``sha256`` is that of the rule set, ``file_sha256`` that of the file's when it was last taken over, ``document`` the
    rule set as JSON text, ``patch`` the JSON Patch with tests that made it of the version before (empty for the first).
    ``relaxes`` says by which call it is weaker than that; it is empty for a tightening. ``at_us`` is UTC microseconds.
    """

    number: int
    sha256: str
    file_sha256: str
    document: str
    patch: str
    by: str
    why: str
    relaxes: str
    at_us: int


class Revisions:
    """The versions that the state *folder* holds. Safe for threads and processes; raises StateError."""

    def __init__(self, folder: Path) -> None:
        self._path = self.place(folder)
        self._mark = folder / "revised"
        # Made when there is something to keep, so that a guard whose rules were never revised has no file for it.
        self._database: Database | None = None

    @staticmethod
    def place(folder: Path) -> Path:
        """Return the file."""
        return folder / "db" / "rules.sqlite3"

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._database is not None:
            self._database.close()

    def signature(self) -> Signature | None:
        """Return what changes with every new version, at the cost of one stat; None before the first."""
        try:
            found = os.stat(self._mark)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def every(self, source: str) -> list[Revision]:
        """Return the versions of the rules from *source*, the oldest first."""
        if self._database is None and not self._path.exists():
            return []
        with self._opened().reading() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM revision WHERE source = ? ORDER BY number", (source,)).fetchall()
        return [Revision(*row) for row in rows]

    def latest(self, source: str) -> Revision | None:
        """Return the version in force, None when the rules of *source* were never revised."""
        return next(reversed(self.every(source)), None)

    def add(self, source: str, *news: Revision) -> None:
        """Keep *news*, which follow on the version before them. Raises StateError when another one came first."""
        with self._opened().transaction() as db:
            (last,) = db.execute("SELECT max(number) FROM revision WHERE source = ?", (source,)).fetchone()
            for number, one in enumerate(news, (last or 0) + 1):
                if one.number != number:
                    raise StateError(f"somebody else made version {number} meanwhile; make the patch anew for that one")
                values = (
                    one.number, one.sha256, one.file_sha256, one.document, one.patch, one.by, one.why, one.relaxes, one.at_us
                )  # fmt: skip
                _insert(db, source, values)
            # In here, so that only one writes it at a time; a version that nobody was told of is seen at the next start.
            replace_file(self._mark, f"{source}\n{news[-1].number}\n".encode("utf-8", "surrogateescape"))

    def _opened(self) -> Database:
        if self._database is None:
            self._database = Database(self._path, steps=(_FIRST,))
        return self._database


def _insert(db: sqlite3.Connection, source: str, values: tuple[object, ...]) -> None:
    db.execute(f"INSERT INTO revision (source, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (source, *values))
