"""What goes over one gated websocket of the Responses API, without the socket: steps, which a connection runs.

Rules of this file:

1. Nothing goes out but what an exchange sends, and nothing comes in but what an exchange forwards. Two exceptions: errors
   and notices that belong to no answer, and in monitor mode what cannot be read.
2. A message is worked through before the next one is read. A caller who has the last message of an answer may send the next
   request: nothing of the answer is left behind.
3. After a refusal in the middle of an answer, and after a stop, the connection must not be used any more.
4. A connection that breaks takes its answers along.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from pinnedrules.commands import Begin, Command, Failed, Forward, Head, Receive, Reply, Send
from pinnedrules.errors import Denied, PathRefused, Refused, Stopped, Unreadable
from pinnedrules.gate.context import Flow
from pinnedrules.gate.exchange import exchange, objected, passing
from pinnedrules.hosts.keeper import Keeper
from pinnedrules.wire.openai_responses_socket import (
    MESSAGES,
    Heard,
    hear,
    messages,
    not_asked_for,
    on_stream,
    pack,
    said_on,
)

__all__ = ["Asked", "Read", "Steps", "Traffic", "Write"]

T = TypeVar("T")
_FAILED = 16
_HEAD = Head(200, (("content-type", MESSAGES.media),))


@dataclass(slots=True, eq=False)
class Answer:
    """One answer under way: its flow, what the flow is given next, and whether the provider said its last of it.

    Until it is ``asked`` it belongs to the sender, afterwards to the receiver.
    """

    flow: Flow[None]
    stream: str
    asked: Any
    reply: Reply = None
    over: bool = False
    response: str = ""  # the id that the provider gave it


@dataclass(frozen=True, slots=True)
class Write:
    """Send a message. Reply: None."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next message. Reply: str or bytes; None when none came for a while."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Wait until the request is sent to which this is the answer. Reply: None."""

    answer: Answer


Steps: TypeAlias = Generator[Command | Write | Read | Asked, Reply, T]


@dataclass(slots=True, eq=False)
class Traffic:
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
    _answers: dict[str, Answer] = field(default_factory=dict)
    _active: Answer | None = None
    _heard: bool = False
    _failed: deque[str] = field(default_factory=lambda: deque(maxlen=_FAILED))
    _out: deque[str | bytes] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, data: str | bytes) -> Steps[None]:
        """Gate and send one message of the client's. Raises Refused, or what the connection raised."""
        self.unsaid.clear()
        try:
            yield from self._say(data)
        except Refused as refusal:
            self.unsaid.append(refusal)
            raise

    def _say(self, data: str | bytes) -> Steps[None]:
        try:
            answer = self._begun(*said_on(data))
        except Refused as refusal:
            yield from objected(self.keeper.over_socket(self.path), refusal)
            reply = yield Write(data)
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

    def hear(self) -> Steps[str | bytes]:
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
                message = yield Read()
                if message is None:
                    yield from self._look()
                    continue
                if isinstance(message, Failed):
                    self.drop()
                    raise message.error
                assert isinstance(message, str | bytes)
                if not self.closed:
                    self._active = yield from self._belongs(message)
            else:
                yield from self._advance(self._active)

    def _look(self) -> Steps[None]:
        """Look whether work was stopped. Raises Stopped; then the connection must not be used any more."""
        try:
            yield from passing(self.keeper.over_socket(self.path))
        except Refused:
            self.broken = True
            raise

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

    def _begun(self, body: bytes, stream: str) -> Answer:
        with self._lock:
            if stream in self._answers:
                raise PathRefused(
                    "A response.create while the answer to the one before it is under way on the same stream.",
                    next_step="wait for the end of that answer, or name another stream_id",
                )
            ctx = self.keeper.over_socket(self.path)
            answer = self._answers[stream] = Answer(exchange(ctx, body), stream, self.event())
            return answer

    def _forget(self, answer: Answer) -> None:
        with self._lock:
            if self._answers.get(answer.stream) is answer:
                del self._answers[answer.stream]
        answer.flow.close()

    def _belongs(self, message: str | bytes) -> Steps[Answer | None]:
        """Return the answer that a message is a part of; None when there is none, and what may pass is passed on."""
        ctx = self.keeper.over_socket(self.path)
        try:
            body, heard = hear(message)
            late = heard.response in self._failed
            answer = None if late else self._answer(heard.stream)
            if answer is not None:
                yield Asked(answer)
                self._note(answer, heard)
                answer.reply = pack(body)
                return answer
            not_asked_for(body, late=late)
        except Unreadable as refusal:
            self.broken = self.broken or ctx.enforcing
            yield from objected(ctx, refusal)
        yield from self._look()
        self._out.append(message)
        return None

    def _note(self, answer: Answer, heard: Heard) -> None:
        answer.over = heard.last
        answer.response = heard.response or answer.response
        if heard.failed and answer.response:
            # The service may say once more how it ended, when the next answer on this stream has begun.
            self._failed.append(answer.response)

    def _answer(self, stream: str) -> Answer | None:
        """Return the answer on this stream; a server that does not know of streams names none."""
        with self._lock:
            found = self._answers.get(stream)
            if found is None and not stream and len(self._answers) == 1:
                (found,) = self._answers.values()
            return found

    def _advance(self, answer: Answer) -> Steps[None]:
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

    def _step(self, answer: Answer) -> Steps[Command | None]:
        """Run an answer on to the next command that is not for the world; None at its end."""
        while True:
            reply, answer.reply = answer.reply, None
            try:
                command = answer.flow.send(reply)
            except StopIteration:
                return None
            if isinstance(command, Send):
                answer.over = False
                sent = yield Write(command.body.decode())
                answer.reply = sent if isinstance(sent, Failed) else _HEAD
            elif isinstance(command, Receive) and answer.over:
                answer.reply = b""
                return command
            elif isinstance(command, Begin | Forward | Receive):
                return command
            else:
                answer.reply = yield command

    def _show(self, answer: Answer, data: bytes) -> bool:
        """Put messages out for the client; say whether the last of the answer is among them."""
        shown = [on_stream(one, answer.stream).decode() for one in messages(data)]
        self._out.extend(shown)
        return answer.over and any(hear(one)[1].last for one in shown)
