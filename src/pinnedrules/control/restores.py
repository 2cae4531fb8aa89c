"""What must be put back into a history, as rows: one for each restore, found by its token or by a place that leads to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from pinnedrules.errors import StateError
from pinnedrules.types import Restore

__all__ = ["get", "put"]


def put(db: sqlite3.Connection, restore: Restore, places: Sequence[str]) -> None:
    """Write *restore* under its token and as the newest of all *places*. Raises StateError if the token is another's."""
    words = {
        "session": restore.session,
        "dialect": restore.dialect,
        "placeholder": restore.placeholder,
        "visible": restore.visible,
        "results": restore.results,
        "rewritten": dict(restore.rewritten),
        "closed": restore.closed,
        "released": restore.released,
        "at": restore.at,
        "kept": restore.kept,
        "block": restore.block,
        "answer": restore.answer,
        "names": dict(restore.names),
    }
    db.execute("INSERT OR IGNORE INTO restore VALUES (?, ?, ?)", (restore.token, restore.message, json.dumps(words)))
    if get(db, (restore.token,))[restore.token] != restore:
        raise StateError(f"token {restore.token} is in use for another answer")
    db.executemany("REPLACE INTO place VALUES (?, ?)", [(place, restore.token) for place in places])


def get(db: sqlite3.Connection, tokens: Sequence[str]) -> dict[str, Restore]:
    """Return the known ones of *tokens*, each of which may be a place."""
    found = {}
    for token in tokens:
        row = db.execute(
            "SELECT message, words, token FROM restore"
            " WHERE token = coalesce((SELECT token FROM place WHERE place = ?1), ?1)",
            (token,),
        ).fetchone()
        if row is not None:
            words = json.loads(row[1])
            words["results"] = tuple((call, text) for call, text in words["results"])
            words["rewritten"] = {call: tuple(former) for call, former in words["rewritten"].items()}
            words["released"] = tuple(words.get("released", ()))
            found[token] = Restore(token=row[2], message=row[0], **words)
    return found
