"""Which session the work of a program falls under."""

from __future__ import annotations

import contextlib
import contextvars
import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator

from pinnedrules.types import SessionId

__all__ = ["Sessions"]

_UNNAMED = 1024


class Sessions:
    """The open sessions of one guard. Thread-safe.

    One is carried into asyncio tasks by the context; what has none of its own falls under all that are open.
    """

    def __init__(self) -> None:
        self._current: contextvars.ContextVar[SessionId | None] = contextvars.ContextVar("pinnedrules", default=None)
        self._entered: Counter[SessionId] = Counter()
        self._unnamed: OrderedDict[SessionId, None] = OrderedDict()
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

    def unnamed(self, kind: str) -> SessionId:
        """Return a new session for work of which nobody says which session it is."""
        session = SessionId(f"{kind}-{secrets.token_hex(4)}")
        with self._lock:
            self._unnamed[session] = None
            if len(self._unnamed) > _UNNAMED:
                self._unnamed.popitem(last=False)
        return session

    def own(self) -> SessionId | None:
        """Return the session that this work is in, None when nobody opened one around it."""
        return self._current.get()

    def meant(self) -> tuple[SessionId, ...]:
        """Return whom words are about that come without a session: this one, else all that are open, else all unnamed."""
        current = self._current.get()
        if current is not None:
            return (current,)
        with self._lock:
            return tuple(self._entered) or tuple(self._unnamed)

    def called(self, name: str) -> tuple[SessionId, ...]:
        """Return the open sessions of this name."""
        with self._lock:
            return tuple(session for session in self._entered if session.name == name)

    def candidates(self, fallback: SessionId) -> tuple[SessionId, ...]:
        """Return the session that this work is in, else all that are open, else *fallback*."""
        current = self._current.get()
        if current is not None:
            return (current,)
        with self._lock:
            return tuple(self._entered) or (fallback,)
