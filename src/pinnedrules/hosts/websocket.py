"""Websockets of the Responses API, gated message by message.

The SDK opens the connection; what it sends and receives goes through a :class:`GatedSocket`, on which every
``response.create`` and the answer to it are an exchange like any other.

Rules of this file:

1. Nothing goes out but what an exchange sends, and nothing comes in but what an exchange forwards. Two exceptions: errors
   and notices that belong to no answer, and in monitor mode what cannot be read.
2. A message is worked through before the next one is read. A caller who has the last message of an answer may send the next
   request: nothing of the answer is left behind.
3. After a refusal in the middle of an answer, and after a stop, the connection is closed.
4. A connection that breaks takes its answers along. The SDK may open another one, which is gated anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from pinnedrules.commands import Begin, Command, Failed, Forward, Head, Receive, Reply, Send
from pinnedrules.drive import arun
from pinnedrules.errors import Denied, PathRefused, Refused, Stopped, Unreadable
from pinnedrules.gate.context import Flow
from pinnedrules.gate.exchange import exchange, objected, passing
from pinnedrules.hosts.keeper import Keeper
from pinnedrules.wire.openai_responses_socket import MESSAGES, hear, messages, not_asked_for, on_stream, pack, said_on

__all__ = ["AsyncGatedSocket", "GatedSocket", "GatesResponses", "gates_what_opens"]

T = TypeVar("T")
_POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1
# As long as messages wait that nobody will read, ``websockets`` cannot see that the other end closes too.
_CLOSING_SECONDS = 1.0
_HEAD = Head(200, (("content-type", MESSAGES.media),))
_OPENING: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("pinnedrules_opening", default=None)


@dataclass(slots=True, eq=False)
class _Answer:
    """One answer under way: its flow, what the flow is given next, and whether the provider said its last of it.

    Until it is ``asked`` it belongs to the sender, afterwards to the receiver.
    """

    flow: Flow[None]
    stream: str
    asked: Any
    reply: Reply = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class _Write:
    data: str | bytes


@dataclass(frozen=True, slots=True)
class _Read:
    """Read the next message. Reply: str or bytes."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Wait until the request is sent to which this is the answer."""

    answer: _Answer


_Steps: TypeAlias = Generator[Command | _Write | _Read | _Asked, Reply, T]


@dataclass(slots=True, eq=False)
class _Traffic:
    """What goes over one connection, without the connection: the steps are run by it, blocking or on an event loop.

    ``unsaid`` is why the last message was not sent. The SDK sends what it kept while it was not connected, and tells nobody
    when that fails; so whoever then waits for the answer is told.
    """

    keeper: Keeper
    path: str
    unsaid: list[Refused]
    event: Callable[[], Any]
    broken: bool = False  # whether the connection must not be used any more
    closed: bool = False
    _answers: dict[str, _Answer] = field(default_factory=dict)
    _active: _Answer | None = None
    _heard: bool = False
    _out: deque[str | bytes] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, data: str | bytes) -> _Steps[None]:
        """Gate and send one message of the client's. Raises Refused, or what the connection raised."""
        self.unsaid.clear()
        try:
            yield from self._say(data)
        except Refused as refusal:
            self.unsaid.append(refusal)
            raise

    def _say(self, data: str | bytes) -> _Steps[None]:
        try:
            answer = self._begun(*said_on(data))
        except Refused as refusal:
            yield from objected(self.keeper.over_socket(self.path), refusal)
            reply = yield _Write(data)
            if isinstance(reply, Failed):
                raise reply.error from None
            return
        try:
            command = yield from self._step(answer)
            while command is not None and not isinstance(command, Receive):
                command = yield from self._step(answer)
        except BaseException as error:
            self.broken = self.broken or isinstance(error, Stopped)
            self._forget(answer)
            raise
        finally:
            answer.asked.set()

    def hear(self) -> _Steps[str | bytes]:
        """Return the next message for the client. Raises Refused, or what the connection raised."""
        first, self._heard = not self._heard, True
        if first and self.unsaid and not self._answers:
            raise self.unsaid.pop()
        while True:
            if self.closed:
                self._active = None
                self._out.clear()
            if self._out:
                return self._out.popleft()
            if self._active is None:
                message = yield _Read()
                if isinstance(message, Failed):
                    self.drop()
                    raise message.error
                assert isinstance(message, str | bytes)
                if not self.closed:
                    self._active = yield from self._belongs(message)
            else:
                yield from self._advance(self._active)

    def drop(self) -> None:
        """Give up what is under way: nothing that is held is ever released."""
        with self._lock:
            given_up = list(self._answers.values())
            self._answers.clear()
        self._active = None
        for answer in given_up:
            # One that another thread is just at ends there: nothing of it is given to anybody any more.
            with contextlib.suppress(ValueError):
                answer.flow.close()

    def _begun(self, body: bytes, stream: str) -> _Answer:
        with self._lock:
            if stream in self._answers:
                raise PathRefused(
                    "A response.create while the answer to the one before it is under way on the same stream.",
                    next_step="wait for the end of that answer, or name another stream_id",
                )
            ctx = self.keeper.over_socket(self.path)
            answer = self._answers[stream] = _Answer(exchange(ctx, body), stream, self.event())
            return answer

    def _forget(self, answer: _Answer) -> None:
        with self._lock:
            if self._answers.get(answer.stream) is answer:
                del self._answers[answer.stream]
        answer.flow.close()

    def _belongs(self, message: str | bytes) -> _Steps[_Answer | None]:
        """Return the answer that a message is a part of; None when there is none, and what may pass is passed on."""
        ctx = self.keeper.over_socket(self.path)
        try:
            body, heard = hear(message)
            answer = self._answer(heard.stream)
            if answer is None:
                not_asked_for(body)
        except Unreadable as refusal:
            self.broken = self.broken or ctx.enforcing
            yield from objected(ctx, refusal)
            answer = None
        if answer is None:
            try:
                yield from passing(ctx)
            except Refused:
                self.broken = True
                raise
            self._out.append(message)
            return None
        yield _Asked(answer)
        answer.reply, answer.over = pack(body), heard.last
        return answer

    def _answer(self, stream: str) -> _Answer | None:
        """Return the answer on this stream; a server that does not know of streams names none."""
        with self._lock:
            found = self._answers.get(stream)
            if found is None and not stream and len(self._answers) == 1:
                (found,) = self._answers.values()
            return found

    def _advance(self, answer: _Answer) -> _Steps[None]:
        """Run an answer on to the next thing for the client, or to where it needs the next message."""
        ended = False
        try:
            while True:
                command = yield from self._step(answer)
                if isinstance(command, Forward):
                    ended = self._show(answer, command.data) or ended
                if command is None or not ended:
                    break
        except BaseException as error:
            self.broken = self.broken or not (answer.over and isinstance(error, Denied))
            self._active = None
            self._forget(answer)
            raise
        if command is None:
            self._active = None
            self._forget(answer)
        elif isinstance(command, Receive) and not answer.over:
            self._active = None

    def _step(self, answer: _Answer) -> _Steps[Command | None]:
        """Run an answer on to the next command that is not for the world; None at its end."""
        while True:
            reply, answer.reply = answer.reply, None
            try:
                command = answer.flow.send(reply)
            except StopIteration:
                return None
            if isinstance(command, Send):
                answer.over = False
                sent = yield _Write(command.body.decode())
                answer.reply = sent if isinstance(sent, Failed) else _HEAD
            elif isinstance(command, Receive) and answer.over:
                answer.reply = b""
                return command
            elif isinstance(command, Begin | Forward | Receive):
                return command
            else:
                answer.reply = yield command

    def _show(self, answer: _Answer, data: bytes) -> bool:
        """Put messages out for the client; say whether the last of the answer is among them."""
        shown = [on_stream(one, answer.stream).decode() for one in messages(data)]
        self._out.extend(shown)
        return answer.over and any(hear(one)[1].last for one in shown)


class GatedSocket:
    """A connection of ``websockets.sync`` as the SDK uses one: ``send``, ``recv`` and ``close``."""

    def __init__(self, inner: Any, keeper: Keeper, path: str, unsaid: list[Refused]) -> None:
        self._inner, self._keeper = inner, keeper
        self._traffic = _Traffic(keeper, path, unsaid, threading.Event)
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

    def _run(self, steps: _Steps[T]) -> T:
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

    def _perform(self, step: Command | _Write | _Read | _Asked) -> Reply:
        if isinstance(step, _Asked):
            step.answer.asked.wait()
            return None
        if not isinstance(step, _Write | _Read):
            return self._keeper.world.attempt(step)
        try:
            received: Reply = self._inner.recv() if isinstance(step, _Read) else self._inner.send(step.data)
            return received
        except Exception as error:  # noqa: BLE001 - a failure is a reply
            return Failed(error)


class AsyncGatedSocket:
    """The same for ``websockets.asyncio``."""

    def __init__(self, inner: Any, keeper: Keeper, path: str, unsaid: list[Refused]) -> None:
        self._inner, self._keeper = inner, keeper
        self._traffic = _Traffic(keeper, path, unsaid, asyncio.Event)
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

    async def _run(self, steps: _Steps[T]) -> T:
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

    async def _perform(self, step: Command | _Write | _Read | _Asked) -> Reply:
        if isinstance(step, _Asked):
            await step.answer.asked.wait()
            return None
        if not isinstance(step, _Write | _Read):
            return await arun(_alone(step), self._keeper.world)
        try:
            received: Reply = await (self._inner.recv() if isinstance(step, _Read) else self._inner.send(step.data))
            return received
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
