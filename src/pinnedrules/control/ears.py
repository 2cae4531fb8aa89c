"""Asks the model that is plugged in for what the patterns leave open (``Guard(hears=...)``), within its time.

Rules of this file:

1. It is never waited for longer than its time, and a thread that it holds for longer is left behind: so many at once.
2. Whatever it answers that is not what :mod:`pinnedrules.hearing` says is a failure, and so is what it raises.
3. What it asks a model through the same guard is not listened to again.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pinnedrules.chat.heard import NOTHING, Heard
from pinnedrules.commands import Failed
from pinnedrules.types import EFFECTS, Effect

__all__ = ["Ears", "Pending"]

_KINDS = ("", "stop", "constraint")
_LIMITED = EFFECTS[1:]
_AT_ONCE = 8
"""Threads that may be waiting for an answer; beyond, the next turn is not asked about."""
_REMEMBERED = 256
_listening: contextvars.ContextVar[bool] = contextvars.ContextVar("pinnedrules listening", default=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that is not there yet, and until when it is waited for (monotonic seconds)."""

    future: Future[Heard | Failed]
    until: float


class Ears:
    """Asks one callable about turns. Thread-safe. *seconds* is how long an answer may take."""

    def __init__(self, hears: Callable[[str], Any], seconds: float) -> None:
        self._hears = hears
        self._seconds = seconds
        self._async = inspect.iscoroutinefunction(hears) or inspect.iscoroutinefunction(
            getattr(hears, "__call__", None)  # noqa: B004 - an object whose call is a coroutine function
        )
        self._threads: list[tuple[int, Future[Heard | Failed]]] = []
        self._known: OrderedDict[bytes, Heard] = OrderedDict()

    def begin(self, text: str, loop: asyncio.AbstractEventLoop | None = None) -> Heard | Failed | Pending:
        """Begin to ask about *text*; what was asked before is answered at once. Never waits.

        A coroutine runs on *loop* where there is one, as clients that belong to a loop must; all else in a thread.
        """
        if _listening.get():
            return NOTHING
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(digest)
        if known is not None:
            return known
        until = time.monotonic() + self._seconds
        if self._async and loop is not None:
            return Pending(asyncio.run_coroutine_threadsafe(self._awaited(self._hears(text), digest), loop), until)
        self._threads = [(pid, one) for pid, one in self._threads if pid == os.getpid() and not one.done()]
        if len(self._threads) >= _AT_ONCE:
            return Failed(RuntimeError(f"{_AT_ONCE} earlier turns are still being listened to"))
        future: Future[Heard | Failed] = Future()
        self._threads.append((os.getpid(), future))
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._run, text, digest, future), name="pinnedrules-hears", daemon=True
        ).start()
        return Pending(future, until)

    def heed(self, pending: object, seconds: float) -> Heard | Failed | None:
        """Wait up to *seconds* for the answer that :meth:`begin` gave as pending; None when it is not there yet."""
        assert isinstance(pending, Pending)
        try:
            return pending.future.result(_left(pending, seconds))
        except NotYet:
            return self._late(pending)

    async def aheed(self, pending: object, seconds: float) -> Heard | Failed | None:
        """Like :meth:`heed`, on an event loop."""
        assert isinstance(pending, Pending)
        wrapped = asyncio.wrap_future(pending.future)
        done, _ = await asyncio.wait([wrapped], timeout=_left(pending, seconds))
        if not done:
            return self._late(pending)
        return Failed(RuntimeError("it was cancelled")) if wrapped.cancelled() else wrapped.result()

    def ask(self, text: str, loop: asyncio.AbstractEventLoop | None = None) -> Heard | Failed:
        """Ask about *text* and wait for the answer. With *loop*, not from the thread that runs it."""
        found = self.begin(text, loop)
        if not isinstance(found, Pending):
            return found
        return self.heed(found, self._seconds) or self._too_late()

    def _late(self, pending: Pending) -> Failed | None:
        return self._too_late() if time.monotonic() >= pending.until else None

    def _too_late(self) -> Failed:
        return Failed(TimeoutError(f"no answer within {self._seconds:g} s"))

    def _run(self, text: str, digest: bytes, future: Future[Heard | Failed]) -> None:
        _listening.set(True)
        try:
            said = self._hears(text)
            if inspect.isawaitable(said):
                future.set_result(asyncio.run(self._awaited(said, digest)))
            else:
                future.set_result(self._understood(said, digest))
        except BaseException as error:  # noqa: BLE001 - whatever it raises, also to end its thread, is its failure
            future.set_result(Failed(error))

    async def _awaited(self, said: Awaitable[Any], digest: bytes) -> Heard | Failed:
        _listening.set(True)
        try:
            return self._understood(await asyncio.wait_for(said, self._seconds), digest)
        except TimeoutError:
            return self._too_late()
        except Exception as error:  # noqa: BLE001 - whatever it raises is its failure
            return Failed(error)

    def _understood(self, said: Any, digest: bytes) -> Heard:
        """Return what was answered as what the patterns would say. Raises ValueError, or whatever *said* raises."""
        found = _read(said)
        self._known[digest] = found
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found


def _read(said: Any) -> Heard:
    if said is None:
        return NOTHING
    kind, effects = said.kind, said.effects if isinstance(said.effects, str) else tuple(said.effects)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"its kind is none of {', '.join(repr(one) for one in _KINDS)}")
    if isinstance(effects, str) or not all(isinstance(one, str) and one in _LIMITED for one in effects):
        raise ValueError(f"its effects are not some of {', '.join(_LIMITED)}")
    if not kind:
        return NOTHING
    found: tuple[Effect, ...] = tuple(effect for effect in _LIMITED if effect in effects)
    if kind == "stop":
        return Heard("stop", () if found == _LIMITED else found)
    return Heard("constraint", found or _LIMITED)


def _left(pending: Pending, seconds: float) -> float:
    return max(0.0, min(seconds, pending.until - time.monotonic()))
