"""The log: records are appended without waiting for the disk, and made durable in groups.

One durable write costs some milliseconds however many lines it carries, so whoever waits shares it with all others.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import time
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pinnedrules.errors import StateError
from pinnedrules.evidence.canonical import canonical
from pinnedrules.evidence.group import Group
from pinnedrules.evidence.lanes import Lane, open_lane
from pinnedrules.evidence.reader import check, read
from pinnedrules.evidence.record import SALT_BYTES, Draft, Level, Origin, commit, draft
from pinnedrules.types import Entry, Moment, SessionId

__all__ = ["SEGMENT_BYTES", "Log", "check", "read"]

SEGMENT_BYTES = 64 << 20
"""A segment that has reached this size is followed by a new one."""

_NOBODY = SessionId("")


class Log:
    """The writing side of the log in *folder*, for one process; a forked child goes on in a lane of its own.

    Positions count the records appended here, from 1. Thread-safe. Raises StateError when nothing can be written.
    What is appended at the very end is durable when the process ends in an orderly way, or after :meth:`close`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        origin: str,
        level: Level,
        ruleset_version: int,
        ruleset_sha256: str,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._writer = _Writer(folder, segment_bytes, Origin(origin, _boot(), level, ruleset_version, ruleset_sha256))
        try:
            self._writer.open()
        except OSError as error:
            raise StateError(f"the log in {folder} cannot be written ({error})") from error
        self._group: Group[tuple[Draft, bytes]] = Group(self._writer)
        self._closed = False
        _LOGS.add(self)

    def append(self, entry: Entry, moment: Moment, *, urgent: bool = False) -> int:
        """Queue *entry*, to be written at once and durable soon, and return its position; never waits for the disk.

        An *urgent* one, for which somebody will wait, does not wait for company on its way to the disk.

        Raises TypeError or ValueError for values without canonical form, StateError when the log is closed or could
        not be written lately; a later call finds out whether it can again.
        """
        salts = os.urandom(SALT_BYTES * (1 + len(entry.private)))
        person = entry.session.user
        user, opened = _committed(salts, {"user": person} if person else {})
        private, values = _committed(salts[SALT_BYTES:], entry.private)
        if values:
            opened["values"] = values
        record = draft(self._writer.origin, entry, moment, private, user.get("user", ""))
        return self._group.put((record, canonical(opened)[1:] if opened else b""), urgent=urgent)

    def ruled(self, version: int, sha256: str) -> None:
        """Say which rule set is in force from now on: what is appended next carries it."""
        self._writer.origin = replace(self._writer.origin, ruleset_version=version, ruleset_sha256=sha256)

    def wait(self, position: int, timeout: float | None = None) -> None:
        """Return when the record at *position* is durable.

        Raises StateError when it could not be written, or is not durable after *timeout* seconds.
        """
        self._group.wait(position, timeout)

    def future(self, position: int) -> Future[None]:
        """Return a future that is done when :meth:`wait` would return, and fails when it would raise."""
        return self._group.future(position)

    def flush(self, timeout: float | None = None) -> None:
        """Return when everything appended so far is durable. Raises StateError as :meth:`wait` does."""
        position = self._group.last()
        if position:
            self._group.wait(position, timeout)

    def close(self) -> None:
        """Make everything durable and give the lane back. Raises StateError when that is not possible."""
        if self._closed:
            return
        self._closed = True
        try:
            with contextlib.suppress(StateError):  # then closing will say so
                self._group.put((self._writer.note("log.close", {}), b""))
            self._group.close()
        finally:
            self._writer.leave()

    def _after_fork(self) -> None:
        self._writer.leave()
        self._group.after_fork()


class _Writer:
    """Writes drafts to a lane, and finds another one after a fork or a failure."""

    def __init__(self, folder: Path, segment_bytes: int, origin: Origin) -> None:
        self.origin = origin
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lane: Lane | None = None

    def open(self) -> Lane:
        """Take a lane and note that, durably. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lane, passed = open_lane(self._folder, self._segment_bytes)
        try:
            notes = []
            if lane.recovered is not None:
                found = lane.recovered
                body = {"lost_bytes": found.lost_bytes, "tail_sha256": found.tail_sha256, "file": found.file}
                notes.append((self.note("recovery", body), b""))
            notes.append((self.note("log.open", {"pid": os.getpid(), "passed_over": passed}), b""))
            lane.write(notes)
            lane.sync()
        except BaseException:
            lane.roll_back()
            lane.close()
            raise
        self._lane = lane
        return lane

    def note(self, kind: str, body: Mapping[str, object]) -> Draft:
        """Return a record about the log itself."""
        now = Moment(time.time_ns() // 1000, time.monotonic_ns(), datetime.now().astimezone().date().isoformat())
        return draft(self.origin, Entry(kind, _NOBODY, body), now, {}, "")

    def write(self, items: Sequence[tuple[Draft, bytes]]) -> None:
        """Write *items*, in a new lane when there is none (in a forked child)."""
        self._held().write(items)

    def sync(self) -> None:
        """Make everything written durable."""
        self._held().sync()

    def settle(self) -> None:
        """Make the private values durable; nobody waits for them."""
        self._held().sync_private()

    def recover(self, lost: int, why: str) -> None:
        """Take out what never became durable, take a lane again, and note what happened."""
        before = self._lane
        if before is not None:
            before.roll_back()
            self.leave()
        lane = self.open()
        body: dict[str, object] = {"lost_records": lost, "why": why}
        if before is not None:
            body |= {"lane": before.durable.lane, "next_seq": before.durable.seq, "prev": before.durable.prev}
        lane.write([(self.note("recovery", body), b"")])
        lane.sync()

    def _held(self) -> Lane:
        return self._lane or self.open()

    def leave(self) -> None:
        """Give the lane back, without a word in it."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()


_Opened = dict[str, object]


def _committed(salts: bytes, values: Mapping[str, object]) -> tuple[dict[str, str], _Opened]:
    """Commit to *values* with one salt each; return the commitments and what opens them."""
    commitments, opened = {}, _Opened()
    for index, (name, value) in enumerate(values.items()):
        salt = salts[index * SALT_BYTES : (index + 1) * SALT_BYTES]
        commitments[name] = commit(salt, name, value)
        opened[name] = {"salt": salt.hex(), "value": value}
    return commitments, opened


def _boot() -> str:
    """Return the boot id, which tells whether two monotonic times can be compared; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


_LOGS: weakref.WeakSet[Log] = weakref.WeakSet()


def _close_all() -> None:
    with contextlib.ExitStack() as stack:
        for log in list(_LOGS):
            stack.callback(log.close)


def _leave_all() -> None:
    for log in list(_LOGS):
        log._after_fork()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_leave_all)
