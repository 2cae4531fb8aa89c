"""The stop state of one state folder: a level that is read, never a message that can be missed.

``stop.json`` holds what is stopped and the epochs (see control/scopes.py); it is replaced atomically under a lock. A
file ``STOP`` that somebody touched by hand stops everything too, with its first line as the reason. The strictest of
all wins.

Failing closed: a stop.json that is missing, garbled or older than the highest epoch ever written (which stands
in ``stop.lock``) is a stop of everything, until a person resumes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pinnedrules.control.principals import from_chat, person
from pinnedrules.control.scopes import EVERYTHING, Content, Held, Sign, parse, session_scope
from pinnedrules.errors import StateError
from pinnedrules.evidence.disk import replace_file, sync, write_all
from pinnedrules.types import SessionId, StopState

__all__ = ["EVERYTHING", "Resumed", "StopFile", "session_scope"]

_LOCK_SECONDS = 2.0
_LOCK_POLL_SECONDS = 0.005
_READABLE = 1 << 22
_REASON = 200


@dataclass(frozen=True, slots=True)
class Resumed(StopState):
    """What :meth:`StopFile.resume` did: the epoch of its scope, what was lifted, and what is in force still."""

    removed: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """A reading of the folder: what the files looked like, its epoch, and what counts for each scope that has a past."""

    file: Sign | None
    hand: Sign | None
    epoch: int
    scopes: dict[str, StopState]


class _UnusableError(Exception):
    """stop.json does not say what is stopped, so everything is."""


class StopFile:
    """The stop state kept in *folder*. Safe for threads, several processes and forks.

    Raises StateError when the folder cannot be written.
    """

    def __init__(self, folder: Path | os.PathLike[str]) -> None:
        folder = Path(folder)
        self._file = folder / "stop.json"
        self._hand = folder / "STOP"
        self._lock = folder / "stop.lock"
        self._known: _Known | None = None
        self._seen = 0
        with self._as_state_error():
            os.close(self._open())
        if self._unborn():
            with self._writing() as lock:
                if self._unborn():
                    self._write(lock, Content(0, {}, {}, None))

    def read(self, session: SessionId) -> StopState:
        """Return what is in force for *session*. Never raises: what cannot be read is a stop.

        Its epoch is the highest of the scopes that concern this session, its own and everything.
        """
        try:
            known = self._current()
        except (OSError, _UnusableError) as error:
            return StopState("stop", self._floor(), str(error), "", EVERYTHING)
        return known.scopes.get(session_scope(session.name)) or known.scopes[EVERYTHING]

    def epoch(self) -> int:
        """Return the epoch of the folder, which grows with every change of any scope. Never raises."""
        try:
            return self._current().epoch
        except (OSError, _UnusableError):
            return self._floor()

    def set(self, state: Literal["pause", "stop"], *, scope: str, reason: str, actor: str) -> StopState:
        """Put *state* in force for *scope* (:data:`EVERYTHING` or a :func:`session_scope`), durably.

        Never loosens: a stop stays a stop, and a pause stays that of whoever gave it outside the chat. Anybody may do it,
        the agent too. The answer's epoch is the folder's; a stop makes it the scope's too. Raises StateError when it
        cannot be written, ValueError for another state or scope.
        """
        if state not in ("pause", "stop"):
            raise ValueError(f"{state!r} cannot be set; resume() lifts a stop")
        if scope != EVERYTHING and not scope.startswith(session_scope("")):
            raise ValueError(f"{scope!r} is neither {EVERYTHING!r} nor 'session:NAME'")
        with self._writing() as lock:
            content = self._found()
            held = content.scopes.get(scope)
            kept = held is not None and state == "pause" and from_chat(actor) and not from_chat(held.actor)
            if held is None or (held.state == "pause" and not kept):
                held = Held(state, reason, actor, time.time_ns() // 1000)
            content = content.changed(scope, held)
            self._write(lock, content)
        return StopState(held.state, content.epoch, held.reason, held.actor, scope)

    def resume(self, *, actor: str, reason: str, scope: str = EVERYTHING, chat: bool = False) -> Resumed:
        """Lift what is in force for *scope*; for :data:`EVERYTHING` also remove the file STOP.

        With *chat* only a pause that words in the chat brought about: never a stop, and nobody else's pause.
        What lifts nothing changes nothing, and begins no epoch. Raises ApprovalError when *actor* is nobody or the
        agent, StateError when it cannot be written.
        """
        actor = person(actor)
        removed = []
        with self._writing() as lock:
            content = self._found()
            held = content.scopes.get(scope)
            if chat and held is not None and not (held.state == "pause" and from_chat(held.actor)):
                held = None
            if held is not None:
                removed.append(f"{held.state} of {scope} by {held.actor or 'nobody named'}")
            touched = scope == EVERYTHING and not chat and _sign(self._hand) is not None
            if held is not None or touched:
                content = content.changed(scope, None)
                self._write(lock, replace(content, hand=None) if touched else content)
            if touched:
                # Last, so that a failure leaves the stop in force; readers that look now wait for the lock.
                self._hand.unlink()
                removed.append("the file STOP")
        remaining = [*content.scopes, *(["the file STOP"] if _sign(self._hand) is not None else [])]
        return Resumed("run", content.epoch_of(scope), reason, actor, scope, tuple(removed), tuple(remaining))

    def _current(self) -> _Known:
        known = self._known
        if known is None or known.file != _sign(self._file) or known.hand != _sign(self._hand):
            known = self._look()
        return known

    def _look(self) -> _Known:
        """Read the folder. A STOP that was touched or removed since the last epoch begins a new one."""
        until = time.monotonic() + _LOCK_SECONDS
        while True:
            file, hand = _sign(self._file), _sign(self._hand)
            content = self._settled(hand)
            if content is not None:
                break
            with self._tried() as lock:
                if lock is not None:
                    hand = _sign(self._hand)
                    content = self._content()
                    if content.hand != hand:
                        content = content.touched(hand)
                    self._write(lock, content)
                    file = _sign(self._file)
                    break
            # Whoever holds the lock may be done in a moment, and then a reader need not stand in line for it.
            self._pause(until)
        everything = content.state(EVERYTHING)
        if hand is not None and everything.state != "stop":
            everything = replace(everything, state="stop", reason=self._hand_reason(), actor="")
        known = _Known(file, hand, content.epoch, content.states(everything))
        self._seen, self._known = max(self._seen, content.epoch), known
        return known

    def _settled(self, hand: Sign | None) -> Content | None:
        """Read without the lock; None when there is something to note, or somebody may be writing just now."""
        try:
            content = self._content()
        except _UnusableError:
            return None
        return content if content.hand == hand and content.epoch == self._highest() else None

    def _found(self) -> Content:
        """Return what is in force, to be changed. An unusable file is a stop of everything."""
        hand = _sign(self._hand)
        try:
            content = self._content()
        except _UnusableError as error:
            stopped = {EVERYTHING: Held("stop", str(error), "", time.time_ns() // 1000)}
            return Content(self._floor(), stopped, {EVERYTHING: self._floor()}, hand)
        # A STOP that came or went unseen is a change of everything, whatever else changes now.
        return content if content.hand == hand else content.touched(hand)

    def _content(self) -> Content:
        """Read stop.json. Raises _UnusableError when it does not say what is in force."""
        try:
            with self._file.open("rb") as file:
                content = parse(file.read(_READABLE))
        except FileNotFoundError:
            raise _UnusableError("stop.json was removed by hand; `pinnedrules resume` writes a new one") from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise _UnusableError("stop.json cannot be understood; `pinnedrules resume` writes a new one") from None
        floor = self._floor()
        if content.epoch < floor:
            raise _UnusableError(
                f"stop.json does not belong to epoch {floor} (put back by hand, or a change was cut short);"
                " `pinnedrules resume` writes a new one"
            )
        return content

    def _write(self, lock: int, content: Content) -> None:
        """Put *content* in force. The epoch goes first: no failure can bring an old one back."""
        os.ftruncate(lock, 0)
        os.lseek(lock, 0, os.SEEK_SET)
        write_all(lock, str(content.epoch).encode())
        sync(lock)
        former = _sign(self._file)
        # Two versions never share a time stamp, however fast they follow each other: readers go by it.
        mtime_ns = max(time.time_ns(), former[0] + 1 if former else 0)
        replace_file(self._file, content.written(), mtime_ns=mtime_ns)

    def _floor(self) -> int:
        """Return the lowest epoch that the folder can be in, as far as this process and the lock file know."""
        return max(self._seen, self._highest() or 0)

    def _highest(self) -> int | None:
        """Return the highest epoch that was ever written, None when that is not known."""
        try:
            return int(self._lock.read_bytes()[:20])
        except (OSError, ValueError):
            return None

    def _hand_reason(self) -> str:
        """Return the first line of the file STOP, without what a terminal would not show."""
        try:
            file = os.open(self._hand, os.O_RDONLY | os.O_NONBLOCK)
            try:
                line = os.read(file, 4 * _REASON).decode(errors="replace").partition("\n")[0]
            finally:
                os.close(file)
        except OSError:
            line = ""
        return "".join(sign for sign in line if sign.isprintable()).strip()[:_REASON] or "the file STOP is there"

    def _unborn(self) -> bool:
        return _sign(self._file) is None and self._highest() is None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[int]:
        with self._as_state_error(), self._locked() as lock:
            yield lock

    @contextlib.contextmanager
    def _as_state_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StateError(f"the stop state in {self._file.parent} cannot be written ({error})") from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the lock, waiting a bounded time. Raises OSError."""
        until = time.monotonic() + _LOCK_SECONDS
        while True:
            with self._tried() as lock:
                if lock is not None:
                    yield lock
                    return
            self._pause(until)

    @contextlib.contextmanager
    def _tried(self) -> Iterator[int | None]:
        """Hold the lock, or give None while somebody else does. Raises OSError."""
        lock = self._open()
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The name may stand for another file by now; then this lock keeps nobody out.
                ours = os.fstat(lock).st_ino == self._inode()
            except BlockingIOError:
                ours = False
            try:
                yield lock if ours else None
            finally:
                # Not left to close(): a process forked meanwhile would go on holding it.
                fcntl.flock(lock, fcntl.LOCK_UN)
        finally:
            os.close(lock)

    def _open(self) -> int:
        return os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def _pause(self, until: float) -> None:
        """Wait a moment for the lock. Raises TimeoutError."""
        if time.monotonic() > until:
            raise TimeoutError(f"{self._lock} has been held for {_LOCK_SECONDS:g} s")
        time.sleep(_LOCK_POLL_SECONDS)

    def _inode(self) -> int:
        sign = _sign(self._lock)
        return sign[1] if sign else -1


def _sign(path: Path) -> Sign | None:
    """Return what tells one version of a file from the next, None when there is none. Raises OSError."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
