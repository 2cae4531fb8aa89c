"""A guard's place in an agent framework: what every adapter is built on. ``guard.framework("name")`` makes one.

Rules of this file:

1. Nothing here raises but a stop, and, before a model call, what refuses the request. A call that could not be decided, for
   whatever reason or within a bounded time, is a refused call with its reason.
2. A call is decided once: what a wrapped client released is matched, and what was decided before an interrupt is not decided
   again when the framework runs the same code once more.
3. A yes answers the question that was asked. A question that came up only now is not answered by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from pinnedrules.errors import Broken, Refused, Stopped
from pinnedrules.types import Call, SessionId, Ticket

if TYPE_CHECKING:
    from pinnedrules.gate.calls import Judged
    from pinnedrules.gate.context import Context, Flow
    from pinnedrules.hosts.keeper import Core
    from pinnedrules.sessions import Sessions

__all__ = ["Asked", "Framework", "Gated", "Later"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gated:
    """What becomes of one call.

    ``verdict`` is ``run``, ``ask`` (a person has to be asked, about ``ticket``) or ``refuse``. ``text`` is the refusal, or the
    question in words; ``arguments`` the JSON text that may run, ``changed`` says that a rule changed it. ``fresh`` says that
    the question came up just now, so that an answer that is there already cannot be to it. The rest is the guard's own.
    """

    call: Call
    verdict: Literal["run", "ask", "refuse"]
    text: str = ""
    arguments: str = ""
    changed: bool = False
    ticket: Ticket | None = None
    fresh: bool = False
    judged: Judged | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A model call that is on record. ``text`` is the system message with which the model must be asked."""

    text: str
    epoch: int = 0


class Later(Generic[T]):
    """An answer of the guard that is on its way: :meth:`result` waits for it, and so does ``await``."""

    def __init__(self, future: Future[T], seconds: float, failed: Callable[[Exception], T]) -> None:
        self._future, self._seconds, self._failed = future, seconds, failed

    def result(self) -> T:
        """Wait for the answer in this thread."""
        try:
            return self._future.result(self._seconds)
        except Exception as error:  # noqa: BLE001 - whatever it was, *failed* turns it into a refusal
            return self._failed(self._named(error))

    def __await__(self) -> Generator[object, None, T]:
        return self._awaited().__await__()

    async def _awaited(self) -> T:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._future), self._seconds)
        except Exception as error:  # noqa: BLE001 - as above
            return self._failed(self._named(error))

    def _named(self, error: Exception) -> Exception:
        if isinstance(error, TimeoutError) and (not self._future.done() or self._future.cancelled()):
            return Broken(
                f"The guard did not decide within {self._seconds:g} seconds.", next_step="look at its state folder"
            )
        return error


class Framework:
    """See :meth:`pinnedrules.Guard.framework`. Thread-safe; belongs to no event loop."""

    def __init__(self, core: Core, sessions: Sessions, name: str, limit: float) -> None:
        self._core, self._sessions, self._name, self._limit = core, sessions, name, limit
        self._session = sessions.unnamed(name)

    @property
    def asks_code(self) -> bool:
        """True when a function that the guard was given answers asks, so that the framework need not."""
        return self._core.world.asks_code

    @contextlib.contextmanager
    def session(self, name: str = "", *, user: str = "", tenant: str = "") -> Iterator[None]:
        """Tie what happens inside to the session of this name, unless one is open around it. No name: one of its own."""
        if self._sessions.own() is not None:
            yield
            return
        with self._sessions.opened(SessionId(name, user, tenant) if name else self._session):
            yield

    @contextlib.contextmanager
    def asking_later(self) -> Iterator[None]:
        """Say that whoever asks the model inside gates every tool that can run what it proposes, and asks people itself.

        A client of this guard underneath then hands on calls that a person has to be asked about. It still refuses others.
        """
        token = self._core.pending.set(True)
        try:
            yield
        finally:
            # A stream may be closed in another copy of the context, where there is nothing to reset.
            with contextlib.suppress(ValueError):
                self._core.pending.reset(token)

    def model_call(self, request: Mapping[str, object], *, conversation: str = "", turn: str = "") -> Later[Asked]:
        """Put a model call on record and return what the model must be asked with.

        *request* is what it is about to be asked, as a body of Chat Completions (``model``, ``messages``, ``tools``,
        ``stream``); its first message may be a system message with a text. Raises Refused: stopped, unreadable, or a tool
        that the provider would run itself and may not.

        *conversation* names the conversation where the framework knows it, so that a compaction is seen that keeps nothing;
        *turn* is the user's newest turn, where it is known not to be the words of a summary.
        """
        return self._later(lambda: self._asked(request, conversation, turn), _raised)

    def check_stop(self, asked: Asked | None = None) -> None:
        """Raise Stopped when a stop is in force, or came since *asked*. It takes two looks at a file's times."""
        from pinnedrules.gate.context import check_stop

        ctx = self._context()
        ctx.epoch = asked.epoch if asked is not None else 0
        self._run(check_stop(ctx, first=asked is None))

    def propose(self, call: Call, *, wait: bool) -> Later[Gated]:
        """Say whether *call* may run, some time before :meth:`start`. With *wait* the guard's own approver is waited for.

        Raises Stopped, and nothing else.
        """
        started = time.time_ns() // 1000
        seconds = self._core.policy().ask_wait if wait else 0.0
        return self._later(lambda: self._proposed(call, wait, started), _refused(call), more=seconds)

    def answer(self, gated: Gated, yes: bool, *, by: str, why: str = "") -> Later[Gated]:
        """Give a person's answer to an ask; return what becomes of the call. *by* is recorded as who gave it.

        A yes to a question that came up only now counts for nothing. Raises Stopped, and nothing else.
        """
        return self._later(lambda: self._told(gated, yes, by, why), _refused(gated.call))

    def start(self, gated: Gated) -> Later[Gated]:
        """Say at the last moment, on record, whether the tool may run what :meth:`propose` allowed. Raises Stopped."""
        return self._later(lambda: self._started(gated), _refused(gated.call))

    def ended(self, gated: Gated, *, interrupted: bool = False, not_done: bool = False) -> None:
        """Say that the tool ended, or that it was *interrupted* and will be called once more for the same call.

        *not_done* says that it raised :class:`pinnedrules.NotDone`.
        """
        from pinnedrules.gate.adapting import hand_on, set_aside, withdraw
        from pinnedrules.gate.exchange import not_done as given_back

        assert gated.judged is not None
        ctx = self._context()
        ctx.epoch = gated.epoch
        self._run(withdraw(ctx, gated.judged))
        if interrupted:
            self._run(hand_on(ctx, gated.judged))
            self._run(set_aside(ctx, [] if gated.changed else [gated.call]))
        elif not_done:
            self._run(given_back(ctx, gated.judged))

    def waiting(self, found: Iterable[Gated]) -> Later[None]:
        """Say that the run is interrupted before any of these ran: who resumes it elsewhere does not charge them again."""
        aside = [one for one in found if one.verdict == "run" and not one.changed]
        return self._later(lambda: self._aside(aside), _nothing)

    @staticmethod
    def refuse(name: str, call: str, error: Exception) -> Gated:
        """Return the refusal of a call that cannot even be read."""
        return _refused(Call(name, "{}", id=call))(error)

    # -- the work itself, in a thread of its own -----------------------------------------------------------------

    def _asked(self, request: Mapping[str, object], conversation: str, turn: str) -> Asked:
        from pinnedrules.gate.adapting import model_call
        from pinnedrules.hosts.keeper import framework_context

        ctx = framework_context(self._core, self._session, self._name)
        ctx.named, ctx.turn = conversation, turn
        body = self._run(model_call(ctx, json.dumps(request, default=str).encode()))
        first = json.loads(body)["messages"][:1]
        return Asked(str(first[0]["content"]) if first and first[0]["role"] == "system" else "", ctx.epoch)

    def _proposed(self, call: Call, wait: bool, started_us: int) -> Gated:
        from pinnedrules.gate.adapting import propose

        ctx = self._context()
        judged = self._run(propose(ctx, call, wait=wait), quiet=not wait)
        gated = Gated(
            call,
            "refuse" if judged.refused else "ask" if judged.open else "run",
            text=judged.text if judged.refused else "",
            arguments=judged.decision.arguments or call.arguments,
            changed=judged.decision.arguments is not None,
            ticket=judged.ticket,
            judged=judged,
            epoch=ctx.epoch,
        )
        if judged.open and judged.ticket is not None:
            fresh = judged.ticket.asked_us >= started_us
            gated = replace(gated, text=judged.ticket.summary, fresh=fresh)
        return gated

    def _told(self, gated: Gated, yes: bool, by: str, why: str) -> Gated:
        assert gated.ticket is not None
        if yes and gated.fresh:
            return replace(gated, verdict="refuse", text=f"{_open(gated)}The answer was to a question before this one.")
        self._core.world.answer(gated.ticket.id, yes, by, why)
        found = self._proposed(gated.call, False, time.time_ns() // 1000)
        return replace(found, verdict="refuse", text=_open(found)) if found.verdict == "ask" else found

    def _started(self, gated: Gated) -> Gated:
        from pinnedrules.gate.adapting import hand_on
        from pinnedrules.gate.exchange import execution

        ctx = self._context()
        judged = self._run(execution(ctx, replace(gated.call, arguments=gated.arguments)))
        if judged.refused:
            return replace(gated, verdict="refuse", text=judged.text, judged=judged)
        self._run(hand_on(ctx, judged))
        arguments = judged.decision.arguments or gated.arguments
        return replace(gated, verdict="run", arguments=arguments, judged=judged, epoch=ctx.epoch)

    def _aside(self, found: Sequence[Gated]) -> None:
        from pinnedrules.gate.adapting import set_aside

        ctx = self._context()
        ctx.epoch = max((one.epoch for one in found), default=0)
        self._run(set_aside(ctx, [one.call for one in found]))

    def _context(self) -> Context:
        from pinnedrules.hosts.keeper import direct_context

        return direct_context(self._core, self._session, self._name)

    def _run(self, flow: Flow[T], *, quiet: bool = False) -> T:
        """Run *flow*; *quiet* says that the framework asks, so that nobody is asked at the terminal."""
        reply: object = None
        while True:
            try:
                command = flow.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = self._core.world.attempt(command, on_loop=quiet)

    def _later(self, work: Callable[[], T], failed: Callable[[Exception], T], *, more: float = 0.0) -> Later[T]:
        """Do *work* in a thread of its own, so that one that hangs keeps nobody waiting for ever and no pool busy."""
        future: Future[T] = Future()
        context = contextvars.copy_context()

        def body() -> None:
            future.set_running_or_notify_cancel()
            try:
                future.set_result(context.run(work))
            except BaseException as error:  # noqa: BLE001 - it goes to whoever waits
                future.set_exception(error)

        threading.Thread(target=body, name="pinnedrules-gate", daemon=True).start()
        return Later(future, self._limit + more, failed)


def _nothing(error: Exception) -> None:
    """What could not be kept costs a second charge, and nothing else."""


def _raised(error: Exception) -> Asked:
    if isinstance(error, Refused):
        raise error
    raise Broken(
        f"The guard failed on this model call ({type(error).__name__}: {error}); the model was not asked.",
        next_step="report this with the traceback; the guard can be run in monitor mode meanwhile",
    ) from error


def _refused(call: Call) -> Callable[[Exception], Gated]:
    def failed(error: Exception) -> Gated:
        if isinstance(error, Stopped):
            raise error
        why = f"DENIED: {call.name} did not run.\nThe guard could not decide it ({type(error).__name__}: {error})"
        return Gated(call, "refuse", text=why)

    return failed


def _open(gated: Gated) -> str:
    assert gated.judged is not None
    return f"{gated.judged.text}\n"
