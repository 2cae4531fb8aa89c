"""One SQLite file: opened privately, shared by threads and processes, never carried across a fork.

SQLite's write-ahead log can lose data with more than one connection in versions before its WAL-reset fix
(3.51.3, with backports 3.44.6 and 3.50.7; sqlite.org/wal.html), so the rollback journal is used with those.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

from pinnedrules.errors import StateError

__all__ = ["Database", "journal_mode"]

_BUSY_SECONDS = 5.0


def journal_mode(version: tuple[int, ...]) -> str:
    """Return the journal mode that is safe for several connections with this SQLite version."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "WAL" if fixed else "TRUNCATE"


class Database:
    """The file *path*, brought up to date by *steps*: what each version of the tables added (``;`` after each statement).

    Not *durable*, what was written last may be lost with the machine's power, and writing does not wait for the disk.

    Used through :meth:`reading` and :meth:`transaction`, which raise StateError when the file cannot be used.
    """

    def __init__(self, path: Path, *, steps: Sequence[str], durable: bool = True) -> None:
        self._path = path
        self._durable = durable
        self._steps = steps
        self._schema = len(steps)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        with _FORK:
            _OPEN.add(self)
        with self.reading():
            pass

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            self._disconnect()

    def __del__(self) -> None:
        self._disconnect()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to this thread alone, for one consistent view of the file."""
        with self._held() as db:
            _insist(db, "BEGIN")
            try:
                _insist(db, "SELECT 1 FROM sqlite_master")  # now nobody changes the file before the end
                yield db
            finally:
                _roll_back(db)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Like :meth:`reading`, as the only writer; afterwards all of it is durable, or none is written."""
        with self._held() as db:
            _insist(db, "BEGIN IMMEDIATE")
            try:
                yield db
                _insist(db, "COMMIT")
            except BaseException:
                _roll_back(db)
                raise

    @contextlib.contextmanager
    def _held(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connect()
            except (sqlite3.Error, OSError, ValueError) as error:
                raise StateError(
                    f"the store {self._path} cannot be used ({error}); nothing is allowed on a store that"
                    " does not answer, so mend it, or name another state folder with PINNEDRULES_HOME"
                ) from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            # Created here, because SQLite would let others read it; its journal takes over the mode.
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                os.fchmod(file, 0o600)
            finally:
                os.close(file)
            db = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(db)
            except BaseException:
                db.close()
                raise
            self._connection = db
        return self._connection

    def _prepare(self, db: sqlite3.Connection) -> None:
        _insist(db, f"PRAGMA journal_mode = {journal_mode(sqlite3.sqlite_version_info)}")
        db.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'OFF'}")
        if self._version(db) == self._schema:
            return
        _insist(db, "BEGIN IMMEDIATE")
        for step in self._steps[self._version(db) :]:  # asked again: another process may have been first
            for statement in step.split(";")[:-1]:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {self._schema}")
        _insist(db, "COMMIT")

    def _version(self, db: sqlite3.Connection) -> int:
        version = int(_insist(db, "PRAGMA user_version").fetchone()[0])
        if version > self._schema:
            raise StateError(
                f"{self._path} was written by a later version (tables {version}, known here: {self._schema});"
                " update pinnedrules, or name another state folder with PINNEDRULES_HOME"
            )
        return version

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # SQLite keeps the locks that a process holds in memory, and a child would believe that it holds them too.
    # So no connection is open, and no transaction under way, while a fork happens.

    def _before_fork(self) -> None:
        self._lock.acquire()
        self._disconnect()

    def _after_fork(self) -> None:
        self._lock.release()


def _insist(db: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    """Execute *statement*, again and again for a bounded time while other processes keep the file.

    SQLite's own waiting sleeps up to 100 ms between attempts, so that one busy writer can keep all others out.
    """
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return db.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(random.uniform(0.0005, 0.003))


def _roll_back(db: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        db.execute("ROLLBACK")


_FORK = threading.Lock()
_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()
_HELD: list[Database] = []


def _hold_all() -> None:
    _FORK.acquire()
    _HELD[:] = _OPEN
    for database in _HELD:
        database._before_fork()


def _free_all() -> None:
    while _HELD:
        _HELD.pop()._after_fork()
    _FORK.release()


os.register_at_fork(before=_hold_all, after_in_parent=_free_all, after_in_child=_free_all)
