"""Approvals, ledgers and restores, durable in one SQLite file."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from pinnedrules.control.database import Database
from pinnedrules.control.principals import person
from pinnedrules.control.restores import get, put
from pinnedrules.errors import ApprovalError
from pinnedrules.types import LedgerState, Proposal, Restore, SessionId, Ticket

__all__ = ["LEARNED", "SCHEMA", "Store"]

_FIRST = """
CREATE TABLE secret (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL);
CREATE TABLE ticket (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'denied', 'used', 'expired')),
    owner TEXT NOT NULL,
    call_sha256 TEXT NOT NULL,
    ruleset_sha256 TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    asked_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX ticket_call ON ticket (owner, call_sha256);
CREATE INDEX ticket_pending ON ticket (state) WHERE state IN ('open', 'approved');
CREATE TABLE ledger (half TEXT PRIMARY KEY, version INTEGER NOT NULL, facts TEXT NOT NULL);
CREATE TABLE restore (token TEXT PRIMARY KEY, message BLOB NOT NULL, words TEXT NOT NULL);
"""
_PLACES = """
CREATE TABLE place (place TEXT PRIMARY KEY, token TEXT NOT NULL);
"""
_LEARNED = """
CREATE TABLE learned (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    half TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (half, key)
);
"""
_STEPS = (_FIRST, _PLACES, _LEARNED)
SCHEMA = len(_STEPS)
"""Version of the tables; a file with a higher one was written by a later version of this package."""

LEARNED = 4_096
"""Values from people, and values from trusted tools, that are remembered for one session."""

_AT_ONCE = 500

_EpochOf: TypeAlias = Callable[[SessionId], int]


class _Row(NamedTuple):
    id: str
    state: Literal["open", "approved", "denied", "used", "expired"]
    call_sha256: str
    epoch: int
    asked_us: int
    expires_us: int
    words: str


_TICKET = ", ".join(_Row._fields)


class Store:
    """The store in the file *path*, whose folder must exist. Safe for threads, several processes and forks.

    Every method raises StateError when the file cannot be used; nothing is then known or changed.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, steps=_STEPS)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._database.close()

    def secret(self) -> bytes:
        """Return the 32 random bytes of this state folder, created at the first call."""
        with self._database.transaction() as db:
            db.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (secrets.token_bytes(32),))
            return bytes(db.execute("SELECT value FROM secret").fetchone()[0])

    # Tickets. A ticket is void once the rule set or the stop epoch is another than when it was asked.

    def ask(self, proposal: Proposal, *, summary: str, now_us: int, ttl_us: int) -> Ticket:
        """Return the ticket of this exact call: a denial, one approved and unused, an open one, or a new one.

        A denial holds for the session. Its tickets that the proposal's epoch or rule set makes void expire here.
        """
        session, owner = proposal.session, _owner(proposal.session)
        words = {"session": session.name, "tool": proposal.call.name, "summary": summary, "by": "", "why": ""}
        with self._database.transaction() as db:
            db.execute(
                "UPDATE ticket SET state = 'expired' WHERE state IN ('open', 'approved')"
                " AND (expires_us <= ? OR (owner = ? AND (epoch < ? OR ruleset_sha256 <> ?)))",
                (now_us, owner, proposal.epoch, proposal.ruleset_sha256),
            )
            row = db.execute(
                f"SELECT {_TICKET} FROM ticket WHERE owner = ? AND call_sha256 = ?"
                " AND state IN ('open', 'approved', 'denied') ORDER BY state = 'denied' DESC, asked_us DESC",
                (owner, proposal.call_sha256),
            ).fetchone()
            if row is None:
                ticket = _new_id(db)
                db.execute(
                    "INSERT INTO ticket VALUES (?, 'open', ?, ?, ?, ?, ?, ?, ?)",
                    (
                        ticket,
                        owner,
                        proposal.call_sha256,
                        proposal.ruleset_sha256,
                        proposal.epoch,
                        now_us,
                        now_us + ttl_us,
                        json.dumps(words),
                    ),
                )
                return _ticket(_row(db, ticket))
            return _ticket(_Row(*row))

    def denied(self, proposal: Proposal) -> Ticket | None:
        """Return the ticket by which a person said no to exactly this call, None without one."""
        with self._database.reading() as db:
            row = db.execute(
                f"SELECT {_TICKET} FROM ticket WHERE owner = ? AND call_sha256 = ? AND state = 'denied'",
                (_owner(proposal.session), proposal.call_sha256),
            ).fetchone()
        return None if row is None else _ticket(_Row(*row))

    def answer(
        self,
        ticket_id: str,
        approve: bool,
        *,
        by: str,
        now_us: int,
        why: str = "",
        epoch_of: _EpochOf | None = None,
        reopen: bool = False,
    ) -> Ticket:
        """Close an open ticket. Raises ApprovalError: unknown, closed, expired or void, or *by* the agent.

        With *epoch_of*, which gives the stop epoch of a session, a ticket from before it is void. With *reopen* a
        denied one can be approved in time, because a person may change their mind; else the first answer stands.
        """
        name = person(by)
        with self._database.transaction() as db:
            row = _row(db, ticket_id)
            again = reopen and approve and row.state == "denied"
            if row.state != "open" and not again:
                raise ApprovalError(f"ticket {row.id} is closed already: {row.state}")
            if _void(row, epoch_of):
                raise ApprovalError(
                    f"ticket {row.id} is from before a stop or a resume; the agent has to propose the call again"
                )
            if _late(row, now_us):
                what = "its no holds until the rules change or its session is stopped and resumed"
                what = what if again else "the agent has to propose the call again"
                raise ApprovalError(f"ticket {row.id} has expired; {what}")
            words = json.loads(row.words) | {"by": name, "why": why}
            db.execute(
                "UPDATE ticket SET state = ?, words = ? WHERE id = ?",
                ("approved" if approve else "denied", json.dumps(words), row.id),
            )
            return _ticket(_row(db, row.id))

    def take(self, ticket_id: str, call_sha256: str, ruleset_sha256: str, epoch: int, now_us: int) -> bool:
        """Use up an approval: true exactly once, only for the same call, rule set and stop epoch, in time."""
        with self._database.transaction() as db:
            done = db.execute(
                "UPDATE ticket SET state = 'used' WHERE id = ? AND state = 'approved' AND call_sha256 = ?"
                " AND ruleset_sha256 = ? AND epoch = ? AND expires_us > ?",
                (ticket_id, call_sha256, ruleset_sha256, epoch, now_us),
            )
            return done.rowcount == 1

    def ticket(self, ticket_id: str, *, now_us: int | None = None) -> Ticket:
        """Return one ticket; with *now_us*, one whose time is over is expired. Unknown: ApprovalError."""
        with self._database.reading() as db:
            return _ticket(_row(db, ticket_id), now_us)

    def tickets(
        self, state: str | None = None, *, now_us: int | None = None, epoch_of: _EpochOf | None = None
    ) -> list[Ticket]:
        """Return all tickets, or those in *state*, oldest first.

        With *now_us* and *epoch_of* one whose time is over, or that is void, is expired.
        """
        with self._database.reading() as db:
            rows = db.execute(f"SELECT {_TICKET} FROM ticket ORDER BY asked_us, rowid").fetchall()
        found = [_ticket(_Row(*row), now_us, epoch_of) for row in rows]
        return [ticket for ticket in found if state is None or ticket.state == state]

    def asked_in(self, session: SessionId, *, now_us: int, epoch_of: _EpochOf) -> list[Ticket]:
        """Return the open tickets of exactly this session, oldest first."""
        with self._database.reading() as db:
            rows = db.execute(
                f"SELECT {_TICKET} FROM ticket WHERE owner = ? AND state = 'open' ORDER BY asked_us, rowid",
                (_owner(session),),
            ).fetchall()
        found = [_ticket(_Row(*row), now_us, epoch_of) for row in rows]
        return [ticket for ticket in found if ticket.state == "open"]

    # The ledger: one half per session, one per user.

    def sessions(self, name: str = "") -> list[SessionId]:
        """Return the sessions that have a ledger, or those called *name*."""
        with self._database.reading() as db:
            rows = db.execute("SELECT half FROM ledger ORDER BY rowid").fetchall()
        halves = [json.loads(half) for (half,) in rows]
        found = [SessionId(half[3], half[2], half[1]) for half in halves if half[0] == "session"]
        return [session for session in found if name in ("", session.name)]

    def read_ledger(self, session: SessionId) -> LedgerState:
        """Return both halves of the ledger as they are now, empty with version 0 when new."""
        with self._database.reading() as db:
            (mine, first), (users, second) = (_half(db, key) for key in _halves(session))
        return LedgerState(mine, users, (first, second), session)

    def write_ledger(self, session: SessionId, state: LedgerState) -> bool:
        """Write both halves together; False, and nothing written, when either changed since."""
        with self._database.transaction() as db:
            kept = [_half(db, key) for key in _halves(session)]
            if tuple(version for _, version in kept) != state.version:
                return False
            for key, (old, version), new in zip(_halves(session), kept, (state.session, state.user), strict=True):
                # An unchanged half keeps its version: a user's sessions do not get in each other's way.
                if old != dict(new):
                    db.execute("REPLACE INTO ledger VALUES (?, ?, ?)", (key, version + 1, json.dumps(dict(new))))
            return True

    # What came up in a session: digests of values, and which calls' results may add to them.

    def known(self, session: SessionId, keys: Sequence[str]) -> dict[str, str]:
        """Return those of *keys* that were learned in this session and are not forgotten, with their texts."""
        half = _halves(session)[0]
        found: dict[str, str] = {}
        with self._database.reading() as db:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ", ".join("?" * len(some))
                found.update(
                    db.execute(f"SELECT key, text FROM learned WHERE half = ? AND key IN ({marks})", (half, *some))
                )
        return found

    def learn(self, session: SessionId, keys: Mapping[str, str], forget: Sequence[str] = ()) -> None:
        """Remember *keys*; of each kind (its first word) the newest :data:`LEARNED` stay. What is known stays as it is."""
        half = _halves(session)[0]
        with self._database.transaction() as db:
            db.executemany("DELETE FROM learned WHERE half = ? AND key = ?", [(half, key) for key in forget])
            db.executemany(
                "INSERT OR IGNORE INTO learned (half, key, text) VALUES (?, ?, ?)",
                [(half, key, text) for key, text in keys.items()],
            )
            for kind in dict.fromkeys(key.partition(" ")[0] for key in keys):
                db.execute(
                    "DELETE FROM learned WHERE half = ?1 AND key >= ?2 || ' ' AND key < ?2 || '!' AND number <= ("
                    " SELECT number FROM learned WHERE half = ?1 AND key >= ?2 || ' ' AND key < ?2 || '!'"
                    " ORDER BY number DESC LIMIT 1 OFFSET ?3)",
                    (half, kind, LEARNED),
                )

    # Restores.

    def keep(self, restore: Restore, places: Sequence[str] = ()) -> None:
        """Keep *restore* under its token and as the newest of all *places*, durably.

        Raises StateError if the token stands for another.
        """
        with self._database.transaction() as db:
            put(db, restore, places)

    def find(self, tokens: Sequence[str]) -> dict[str, Restore]:
        """Return the known ones of *tokens*, each of which may be a place."""
        with self._database.reading() as db:
            return get(db, tokens)


def _owner(session: SessionId) -> str:
    return json.dumps([session.tenant, session.user, session.name])


def _halves(session: SessionId) -> tuple[str, str]:
    """Return the keys of a session's two halves.

    The session's half is keyed by tenant, user and name: two people whose apps use the same name must not
    share what was read or confirmed. The user's half is keyed by tenant and user, and by the session when no
    user is named, so that the sums of unknown people are not thrown together.
    """
    mine = ["session", session.tenant, session.user, session.name]
    users = ["user", session.tenant, session.user] if session.user else ["nobody", session.tenant, session.name]
    return json.dumps(mine), json.dumps(users)


def _half(db: sqlite3.Connection, key: str) -> tuple[dict[str, str], int]:
    row = db.execute("SELECT facts, version FROM ledger WHERE half = ?", (key,)).fetchone()
    return (json.loads(row[0]), row[1]) if row else ({}, 0)


def _new_id(db: sqlite3.Connection) -> str:
    """Return a free ticket name: 40 random bits in letters and digits that do not look alike."""
    while True:
        name = "t-" + base64.b32encode(secrets.token_bytes(5)).decode().lower()
        if db.execute("SELECT 1 FROM ticket WHERE id = ?", (name,)).fetchone() is None:
            return name


def _row(db: sqlite3.Connection, ticket_id: str) -> _Row:
    name = ticket_id.strip().lower()
    row = db.execute(f"SELECT {_TICKET} FROM ticket WHERE id = ?", (name,)).fetchone()
    if row is None:
        raise ApprovalError(f"no ticket is called {name!r}; `pinnedrules approvals list` shows them")
    return _Row(*row)


def _ticket(row: _Row, now_us: int | None = None, epoch_of: _EpochOf | None = None) -> Ticket:
    state = row.state
    if state in ("open", "approved") and (_late(row, now_us) or _void(row, epoch_of)):
        state = "expired"
    return Ticket(
        id=row.id,
        state=state,
        call_sha256=row.call_sha256,
        asked_us=row.asked_us,
        expires_us=row.expires_us,
        **json.loads(row.words),
    )


def _late(row: _Row, now_us: int | None) -> bool:
    return now_us is not None and row.expires_us <= now_us


def _void(row: _Row, epoch_of: _EpochOf | None) -> bool:
    return epoch_of is not None and row.epoch < epoch_of(SessionId(json.loads(row.words)["session"]))
