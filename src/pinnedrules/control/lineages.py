"""Digests of conversations, kept over restarts in a file of their own.

Rules of this file:

1. No decision depends on it: what is lost costs the sight of one rewrite. So a write waits for no disk, and what power
   loss or damage takes is gone; the store, on which decisions depend, is another file.
2. It is bounded: so many conversations of a session, so many in all; the oldest go first.
3. Of several processes that show the same conversation the last writer wins.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from pinnedrules.control.database import Database
from pinnedrules.errors import StateError
from pinnedrules.types import SessionId

__all__ = ["CONVERSATIONS", "IN_ALL", "Lineages"]

CONVERSATIONS = 8
"""Conversations that are kept of one session, in one form."""
IN_ALL = 512
"""Conversations that are kept of all sessions: 17 MiB at most."""

_STEPS = (
    """
CREATE TABLE lineage (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    conversation TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (owner, conversation)
);
""",
)


class Lineages:
    """The file *path*, whose folder must exist; made at the first write. Safe for threads, several processes and forks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: Database | None = None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._database is not None:
            self._database.close()

    def read(self, session: SessionId, form: str) -> tuple[bytes, ...]:
        """Return what was kept of this session's conversations, the oldest first; nothing where the file is damaged."""
        if not self._path.exists():
            return ()
        with contextlib.suppress(StateError), self._opened().reading() as db:
            rows = db.execute("SELECT data FROM lineage WHERE owner = ? ORDER BY number", (_owner(session, form),))
            return tuple(bytes(data) for (data,) in rows)
        return ()

    def write(self, session: SessionId, form: str, conversation: str, data: bytes) -> None:
        """Keep *data* as the newest of this conversation. A damaged file is made anew. Raises StateError."""
        try:
            self._write(session, form, conversation, data)
        except StateError:
            self.close()
            self._database = None
            for name in (self._path, self._path.with_name(f"{self._path.name}-journal")):
                with contextlib.suppress(OSError):
                    name.unlink()
            self._write(session, form, conversation, data)

    def _write(self, session: SessionId, form: str, conversation: str, data: bytes) -> None:
        owner = _owner(session, form)
        with self._opened().transaction() as db:
            # A new number each time: the newest are those that were written last.
            db.execute("DELETE FROM lineage WHERE owner = ? AND conversation = ?", (owner, conversation))
            db.execute("INSERT INTO lineage (owner, conversation, data) VALUES (?, ?, ?)", (owner, conversation, data))
            db.execute(
                "DELETE FROM lineage WHERE owner = ?1 AND number <= ("
                " SELECT number FROM lineage WHERE owner = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
                (owner, CONVERSATIONS),
            )
            db.execute(
                "DELETE FROM lineage WHERE number <= ("
                " SELECT number FROM lineage ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (IN_ALL,),
            )

    def _opened(self) -> Database:
        if self._database is None:
            self._database = Database(self._path, steps=_STEPS, durable=False)
        return self._database


def _owner(session: SessionId, form: str) -> str:
    return json.dumps([form, session.tenant, session.user, session.name])
