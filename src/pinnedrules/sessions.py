"""Which session the work of a program falls under."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections import Counter
from collections.abc import Iterator

from pinnedrules.types import SessionId

__all__ = ["Sessions"]


class Sessions:
    """The open sessions of one guard. Thread-safe.

    One is carried into asyncio tasks by the context; what has none of its own falls under all that are open.
    """

    def __init__(self) -> None:
        self._current: contextvars.ContextVar[SessionId | None] = contextvars.ContextVar("pinnedrules", default=None)
        self._entered: Counter[SessionId] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def opened(self, session: SessionId) -> Iterator[SessionId]:
        """Tie what happens inside to *session*. Raises ValueError for one without a usable name."""
        if not session.name or "\x00" in f"{session.name}{session.user}{session.tenant}":
            raise ValueError("a session needs a name, and no name may hold a NUL character")
        token = self._current.set(session)
        with self._lock:
            self._entered[session] += 1
        try:
            yield session
        finally:
            with self._lock:
                self._entered[session] -= 1
                if not self._entered[session]:
                    del self._entered[session]
            # A framework may leave in another copy of the context, where there is nothing to reset.
            with contextlib.suppress(ValueError):
                self._current.reset(token)

    def candidates(self, fallback: SessionId) -> tuple[SessionId, ...]:
        """Return the session that this work is in, else all that are open, else *fallback*."""
        current = self._current.get()
        if current is not None:
            return (current,)
        with self._lock:
            return tuple(self._entered) or (fallback,)
