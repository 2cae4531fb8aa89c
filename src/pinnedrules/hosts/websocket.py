"""Websockets of the Responses API, gated message by message.

The SDK opens the connection; what it sends and receives goes through a :class:`GatedSocket`, on which every
``response.create`` and the answer to it are an exchange like any other (see ``traffic.py``). Where the SDK connects again,
the new connection is gated anew. A connection that is opened anywhere else is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import threading
from collections.abc import Awaitable, Iterator
from typing import Any, TypeVar

from pinnedrules.commands import Command, Failed, Reply
from pinnedrules.drive import arun
from pinnedrules.errors import Refused
from pinnedrules.gate.context import Flow
from pinnedrules.hosts.keeper import Keeper
from pinnedrules.hosts.traffic import Asked, Read, Steps, Traffic, Write

__all__ = ["AsyncGatedSocket", "GatedSocket", "GatesResponses", "gates_what_opens"]

T = TypeVar("T")
_POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1
# As long as messages wait that nobody will read, ``websockets`` cannot see that the other end closes too.
_CLOSING_SECONDS = 1.0
# So long nothing may come before it is looked whether work was stopped.
_SILENCE_SECONDS = 0.5
_OPENING: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("pinnedrules_opening", default=None)


class GatedSocket:
    """A connection of ``websockets.sync`` as the SDK uses one: ``send``, ``recv`` and ``close``."""

    def __init__(self, inner: Any, keeper: Keeper, path: str, unsaid: list[Refused]) -> None:
        self._inner, self._keeper = inner, keeper
        self._traffic = Traffic(keeper, path, unsaid, threading.Event)
        self._receiving = threading.Lock()

    def send(self, data: str | bytes) -> None:
        """Gate and send one message. Raises Refused, and what ``websockets`` raises."""
        self._run(self._traffic.say(data))

    def recv(self, decode: bool | None = None) -> str | bytes:
        """Return the next message, as bytes if *decode* is False. Raises Refused, and what ``websockets`` raises."""
        with self._receiving:
            return _decoded(self._run(self._traffic.hear()), decode)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; what is held is never released."""
        self._traffic.closed = True
        try:
            self._inner.close(code=code, reason=reason)
        finally:
            self._traffic.drop()

    def _run(self, steps: Steps[T]) -> T:
        reply: Reply = None
        try:
            while True:
                try:
                    step = steps.send(reply)
                except StopIteration as end:
                    result: T = end.value
                    return result
                reply = self._perform(step)
        except Refused as refusal:
            if self._traffic.broken:
                self._inner.close_timeout = _CLOSING_SECONDS
                self.close(_POLICY_VIOLATION, type(refusal).__name__)
            raise self._keeper.translate(refusal) from None
        finally:
            steps.close()

    def _perform(self, step: Command | Write | Read | Asked) -> Reply:
        if isinstance(step, Asked):
            step.answer.asked.wait()
            return None
        if not isinstance(step, Write | Read):
            return self._keeper.world.attempt(step)
        try:
            if isinstance(step, Write):
                self._inner.send(step.data)
                return None
            received: Reply = self._inner.recv(timeout=_SILENCE_SECONDS)
            return received
        except TimeoutError as error:
            return None if isinstance(step, Read) else Failed(error)
        except Exception as error:  # noqa: BLE001 - a failure is a reply
            return Failed(error)


class AsyncGatedSocket:
    """The same for ``websockets.asyncio``."""

    def __init__(self, inner: Any, keeper: Keeper, path: str, unsaid: list[Refused]) -> None:
        self._inner, self._keeper = inner, keeper
        self._traffic = Traffic(keeper, path, unsaid, asyncio.Event)
        self._receiving = asyncio.Lock()
        self._next: asyncio.Task[str | bytes] | None = None

    async def send(self, data: str | bytes) -> None:
        """Gate and send one message. Raises Refused, and what ``websockets`` raises."""
        await self._guarded(self._run(self._traffic.say(data)))

    async def recv(self, decode: bool | None = None) -> str | bytes:
        """Return the next message. Cancelling it loses nothing: what has begun goes on, and the next call gets it."""
        async with self._receiving:
            if self._next is None:
                self._next = asyncio.ensure_future(self._run(self._traffic.hear()))
                self._next.add_done_callback(_looked_at)
            await asyncio.wait({self._next})
            done, self._next = self._next, None
            while done.cancelled():
                # Closed meanwhile: whatever came before that is left out, then this raises what the SDK expects.
                await self._inner.recv()
            return _decoded(await self._guarded(done), decode)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; what is held is never released."""
        self._traffic.closed = True
        try:
            await self._inner.close(code=code, reason=reason)
        finally:
            if self._next is not None and not self._next.done():
                self._next.cancel()
                await asyncio.wait({self._next})
            self._traffic.drop()

    async def _guarded(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except Refused as refusal:
            if self._traffic.broken:
                self._inner.close_timeout = _CLOSING_SECONDS
                await self.close(_POLICY_VIOLATION, type(refusal).__name__)
            raise self._keeper.translate(refusal) from None

    async def _run(self, steps: Steps[T]) -> T:
        reply: Reply = None
        try:
            while True:
                try:
                    step = steps.send(reply)
                except StopIteration as end:
                    result: T = end.value
                    return result
                reply = await self._perform(step)
        finally:
            steps.close()

    async def _perform(self, step: Command | Write | Read | Asked) -> Reply:
        if isinstance(step, Asked):
            await step.answer.asked.wait()
            return None
        if not isinstance(step, Write | Read):
            return await arun(_alone(step), self._keeper.world)
        try:
            if isinstance(step, Write):
                await self._inner.send(step.data)
                return None
            # Cancelling what waits for a message loses none.
            received: Reply = await asyncio.wait_for(self._inner.recv(), _SILENCE_SECONDS)
            return received
        except TimeoutError as error:
            return None if isinstance(step, Read) else Failed(error)
        except Exception as error:  # noqa: BLE001 - a failure is a reply
            return Failed(error)


class GatesResponses:
    """Mixed into a guarded client of OpenAI's whose owner gates websockets: what ``connect`` opens is gated."""

    _pinnedrules_keeper: Any

    @functools.cached_property
    def responses(self) -> Any:
        """As the SDK's own."""
        return _gates(super().responses, self._pinnedrules_keeper)  # type: ignore[misc]

    @functools.cached_property
    def beta(self) -> Any:
        """As the SDK's own."""
        beta = super().beta  # type: ignore[misc]
        # Kept there from its first use on, like every resource.
        _gates(getattr(beta, "responses", None), self._pinnedrules_keeper)
        return beta


@contextlib.contextmanager
def _opening() -> Iterator[list[str]]:
    """Around the opening of a connection that will be gated; the list is told at which path."""
    paths: list[str] = []
    token = _OPENING.set(paths)
    try:
        yield paths
    finally:
        _OPENING.reset(token)


def gates_what_opens(path: str) -> bool:
    """Whether the connection that is being opened at *path* will be gated."""
    paths = _OPENING.get()
    if paths is not None:
        paths.append(path)
    return paths is not None


def _gates(resource: Any, keeper: Keeper) -> Any:
    """Gate what ``resource.connect()`` opens, at once or when the SDK connects again."""
    connect = getattr(resource, "connect", None)
    if connect is None:
        return resource

    @functools.wraps(connect)
    def gated(*args: Any, **kwargs: Any) -> Any:
        manager = connect(*args, **kwargs)
        opens = manager._connect_ws
        unsaid: list[Refused] = []

        def connect_ws(*args: Any) -> Any:
            with _opening() as paths:
                return GatedSocket(opens(*args), keeper, paths[-1], unsaid)

        async def aconnect_ws(*args: Any) -> Any:
            with _opening() as paths:
                return AsyncGatedSocket(await opens(*args), keeper, paths[-1], unsaid)

        manager._connect_ws = aconnect_ws if inspect.iscoroutinefunction(opens) else connect_ws
        return manager

    resource.connect = gated
    return resource


def _alone(command: Command) -> Flow[Reply]:
    return (yield command)


def _decoded(message: str | bytes, decode: bool | None) -> str | bytes:
    return message.encode() if decode is False and isinstance(message, str) else message


def _looked_at(task: asyncio.Task[str | bytes]) -> None:
    """Look at how a message was received that nobody may ever ask for, so that nobody is warned of it."""
    if not task.cancelled():
        task.exception()
