"""Group commit: many threads put items, one thread writes them and makes them durable for all at once."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pinnedrules.errors import StateError

__all__ = ["Group", "Sink"]

_LINGER_SECONDS = 0.02
"""How long a written item waits for company before it is made durable, when nobody waits for it."""
_IDLE_SECONDS = 2.0
_RETRY_SECONDS = 0.2

T_contra = TypeVar("T_contra", contravariant=True)
T = TypeVar("T")


class Sink(Protocol[T_contra]):
    """Where items go. Called by one thread at a time; any exception means that nothing since the last sync is safe."""

    def write(self, items: Sequence[T_contra]) -> None:
        """Write *items*, in order."""

    def sync(self) -> None:
        """Make everything written durable."""

    def settle(self) -> None:
        """Do what can be done after the waiters are told."""

    def recover(self, lost: int, why: str) -> None:
        """After a failure: drop what is not durable, note that *lost* items were lost and why, durably."""


@dataclass(slots=True)
class _Lost:
    """Positions *first* to *last* will never be durable."""

    first: int
    last: int
    why: str


class Group(Generic[T]):
    """Gives each item a position, counted from 1, and tells when that position is durable. Thread-safe.

    The thread starts when there is work and ends when there has been none for a while.
    """

    def __init__(self, sink: Sink[T]) -> None:
        self._sink = sink
        self._next = 1
        self._durable = 0
        self._lost: list[_Lost] = []
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """Set up what belongs to this process alone."""
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._done = threading.Condition(self._lock)
        self._queue: list[T] = []
        self._futures: list[tuple[int, Future[None]]] = []
        self._thread: threading.Thread | None = None
        self._written = self._durable
        self._wanted = 0
        self._due = 0.0
        self._broken = ""
        self._unreported = 0

    def after_fork(self) -> None:
        """In a child: what the parent was about to write is the parent's; begin anew."""
        if self._next - 1 > self._durable:
            self._lost.append(_Lost(self._durable + 1, self._next - 1, "this record belongs to the parent process"))
        self._durable = self._next - 1
        self._begin()

    def put(self, item: T, *, urgent: bool = False) -> int:
        """Queue *item* and return its position; never waits for the sink.

        An *urgent* one is made durable as soon as it is written, as if somebody waited for it already.

        Raises StateError when closed or while writing fails; a later call finds out whether it works again.
        """
        with self._lock:
            if self._closed:
                raise StateError("the log is closed")
            if self._broken:
                if self._thread is None and time.monotonic() >= self._due:
                    self._start()
                raise StateError(self._broken)
            if self._thread is None:
                self._start()
            else:
                self._work.notify()
            self._queue.append(item)
            position = self._next
            self._next += 1
            if urgent:
                self._wanted = position
            return position

    def last(self) -> int:
        """Return the newest position; 0 before the first."""
        with self._lock:
            return self._next - 1

    def wait(self, position: int, timeout: float | None = None) -> None:
        """Return when *position* is durable. Raises StateError when it never will be, or *timeout* seconds passed."""
        with self._lock:
            self._want(position)
            if not self._done.wait_for(lambda: position <= self._durable, timeout):
                raise StateError(f"the record is not durable after {timeout:g} s")
            why = self._why_lost(position)
        if why:
            raise StateError(why)

    def future(self, position: int) -> Future[None]:
        """Return a future that ends as :meth:`wait` would."""
        future: Future[None] = Future()
        with self._lock:
            self._want(position)
            self._futures.append((position, future))
            ready = self._ready()
        _resolve(ready)
        return future

    def close(self) -> None:
        """Write and sync what is queued. Raises StateError when that is not possible."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._work.notify()
        if thread is not None:
            thread.join()
        # What is left when no thread could be started, as at the end of an interpreter.
        self._run()
        if self._broken:
            raise StateError(self._broken)

    # Positions. With the lock held. A lost position counts as reached, and :meth:`_why_lost` tells.

    def _want(self, position: int) -> None:
        if not 0 < position < self._next:
            raise ValueError(f"no record has the position {position}")
        if position > max(self._wanted, self._durable):
            self._wanted = position
            self._work.notify()

    def _why_lost(self, position: int) -> str:
        return next((lost.why for lost in self._lost if lost.first <= position <= lost.last), "")

    def _ready(self) -> list[tuple[Future[None], str]]:
        """Take out the futures whose position is reached."""
        ready = [(future, self._why_lost(place)) for place, future in self._futures if place <= self._durable]
        self._futures = [(place, future) for place, future in self._futures if place > self._durable]
        return ready

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="pinnedrules-log", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise StateError(f"the log cannot write: {error}") from error
        self._thread = thread

    # The one thread.

    def _run(self) -> None:
        try:
            if self._broken:
                self._recover()
            else:
                while self._step():
                    pass
        except Exception as error:  # noqa: BLE001 - whatever it was, what was not durable never will be
            self._fail(error)

    def _step(self) -> bool:
        """Write what is queued, sync when it is time; False, and no thread is named, when there is nothing to do."""
        with self._lock:
            if not self._await_work():
                self._thread = None
                return False
            batch, self._queue = self._queue, []
            last = self._next - 1
            if self._written == self._durable:
                self._due = time.monotonic() + _LINGER_SECONDS
        if batch:
            self._sink.write(batch)
        with self._lock:
            self._written = last
            if not self._sync_now():
                return True
        self._sink.sync()
        with self._lock:
            self._durable = last
            self._done.notify_all()
            ready = self._ready()
        _resolve(ready)
        self._sink.settle()
        return True

    def _sync_now(self) -> bool:
        waited_for = self._closed or self._wanted > self._durable
        return self._written > self._durable and (waited_for or time.monotonic() >= self._due)

    def _await_work(self) -> bool:
        idle = time.monotonic() + _IDLE_SECONDS
        while not self._queue and not self._sync_now():
            dirty = self._written > self._durable
            pause = (self._due if dirty else idle) - time.monotonic()
            if not dirty and (self._closed or pause <= 0):
                return False
            self._work.wait(max(pause, 0))
        return True

    def _fail(self, error: Exception) -> None:
        with self._lock:
            first, last = self._durable + 1, self._next - 1
            self._broken = f"the log could not be written: {_kind(error)}"
            if first <= last:
                self._lost.append(_Lost(first, last, self._broken))
            self._unreported += last - self._durable
            self._queue.clear()
            self._durable = self._written = last
            self._due = time.monotonic() + _RETRY_SECONDS
            self._thread = None
            self._done.notify_all()
            ready = self._ready()
        _resolve(ready)

    def _recover(self) -> None:
        with self._lock:
            lost, why = self._unreported, self._broken
        self._sink.recover(lost, why)
        with self._lock:
            self._broken, self._unreported, self._thread = "", 0, None


def _resolve(ready: list[tuple[Future[None], str]]) -> None:
    """End futures, outside the lock, because their callbacks run here."""
    for future, why in ready:
        if future.set_running_or_notify_cancel():
            if why:
                future.set_exception(StateError(why))
            else:
                future.set_result(None)


def _kind(error: Exception) -> str:
    """Name an error without the paths in it, which may name a person."""
    if isinstance(error, OSError) and error.errno:
        return f"{error.strerror} ({errno.errorcode.get(error.errno, error.errno)})"
    return str(error) or type(error).__name__
