"""The sidecar as an ASGI application: the same core as the gated transports, behind HTTP.

Rules of this file:

1. Nothing is looked at before the token was (``door.py``), and nothing goes on that the gate has not seen (``work.py``).
2. A request ends when its client goes away: the work is cancelled, which closes the connection to the provider.
3. Bytes are pulled from the provider only as fast as the client takes them; nothing is buffered but request bodies.
4. Whatever happens, the client is told in its provider's own shape, and neither a key nor a path is ever logged.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import quote

from pinnedrules.hosts.keeper import Core
from pinnedrules.hosts.sidecar import headers as hygiene
from pinnedrules.hosts.sidecar.address import HEALTH, read_address
from pinnedrules.hosts.sidecar.answer import Answer
from pinnedrules.hosts.sidecar.door import Door, no_websocket, too_large
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.problems import Problem, Turned
from pinnedrules.hosts.sidecar.upstreams import Upstreams, provider_of
from pinnedrules.hosts.sidecar.work import Asked, Worker

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["Sidecar", "make_app"]

_LAST_SECONDS = 1.0  # for the last events of streams that a shutdown ends
_IDLE_POLL_SECONDS = 0.02
_STOP_POLL_SECONDS = 0.25

_GOING_DOWN = Problem(503, "going_down", "The sidecar is going down.", "start it again", retry=True, close=True)
_ENDED = Problem(
    503, "going_down", "The sidecar went down before the answer was complete.", "start it again", retry=True
)


class _Gone(Exception):
    """The client went away before its request was complete."""


def make_app(
    core: Core,
    *,
    token: str,
    upstreams: Upstreams | None = None,
    limits: Limits | None = None,
    user: str = "",
    session: str = "",
    hosts: Collection[str] = (),
    any_address: bool = False,
) -> Sidecar:
    """Return the ASGI application that gates requests with *core*.

    *token* is what every request must present. *user* is whom the sums per day belong to when a request names nobody.
    With *session* every request belongs to that one, whatever it names, its base URL included.
    *hosts* and *any_address*: see :class:`~pinnedrules.hosts.sidecar.door.Door`. Raises ValueError for a token that could
    be guessed, and OSError for certificates named in the environment that cannot be read.
    """
    limits = limits or Limits()
    upstreams = upstreams or Upstreams()
    door = Door(token, limits, hosts=hosts, any_address=any_address)
    return Sidecar(Worker(core, upstreams, limits, user, session), door, upstreams, limits)


class Sidecar:
    """An ASGI application. One per event loop."""

    def __init__(self, worker: Worker, door: Door, upstreams: Upstreams, limits: Limits) -> None:
        self._worker, self._door, self._upstreams, self._limits = worker, door, upstreams, limits
        self._active = 0
        self._draining = False
        self._running: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await _refuse_socket(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def drain(self) -> None:
        """Take no new requests, let the running ones end within the grace period, then end them with an error."""
        self._draining = True
        await self._until_idle(self._limits.grace)
        for running in self._running:
            running.set_result(None)
        await self._until_idle(_LAST_SECONDS)

    async def _until_idle(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._active and loop.time() < until:
            await asyncio.sleep(_IDLE_POLL_SECONDS)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._worker.provider.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    # -- one request ---------------------------------------------------------------------------------------------

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = read_address(_raw_path(scope))
        query = scope["query_string"].decode("latin-1")
        asked = Asked(scope["method"], address, query, hygiene.read(scope["headers"]))
        answer = Answer(send, provider_of(address, asked.headers))
        try:
            self._door.check(address, asked.headers, self._upstreams.get(answer.provider))
            if await self._own(asked, answer):
                return
            if self._draining:
                raise Turned(_GOING_DOWN)
            if self._active >= self._limits.requests:
                raise Turned(Problem(503, "busy", f"{self._active} requests are being served already.", retry=True))
            self._active += 1
            try:
                body = await self._body(receive)
                whole = Asked(asked.method, asked.address, asked.query, asked.headers, body)
                await self._watched(receive, whole, answer)
            finally:
                self._active -= 1
        except Turned as turned:
            await answer.fail(turned.problem)
        except _Gone:
            return

    async def _own(self, asked: Asked, answer: Answer) -> bool:
        """Answer what is asked of the sidecar itself."""
        if asked.method == "OPTIONS":
            # Without any of the headers by which a browser's page could read an answer.
            await answer.plain(204, [("allow", "GET, HEAD, POST, DELETE, OPTIONS")])
        elif asked.method == "HEAD" and asked.address.path == "/":
            await answer.plain(200, [])
        elif asked.address.path == HEALTH:
            who = self._worker.identity(asked)
            policy = self._worker.core.policy()
            health = {
                "rules": {"version": policy.rules.version, "sha256": policy.rules.sha256},
                "mode": policy.mode,
                "state": self._worker.stop(who.session),
                "session": who.session.name,
                "known_by": who.source,
                "requests": self._active,
                "draining": self._draining,
            }
            await answer.plain(200, [("content-type", "application/json")], json.dumps(health).encode())
        else:
            return False
        return True

    async def _body(self, receive: Receive) -> bytes:
        """Read the whole body. Raises Turned, and _Gone when the client goes away before its end."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.idle):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._limits.body:
                        raise Turned(too_large(self._limits.body))
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise Turned(Problem(408, "slow_body", "The request body did not arrive in time.", close=True)) from None

    async def _watched(self, receive: Receive, asked: Asked, answer: Answer) -> None:
        """Do the work until it is done, the client is gone, a stop comes, the time is over, or the sidecar goes down."""
        ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._worker.work(asked, answer))
        gone = asyncio.create_task(_disconnected(receive))
        self._running.add(ending)
        try:
            stopped = await self._until_over(asked, {task, gone, ending})
            if task.done():
                return
            await _cancelled(task)
            if stopped:
                await answer.fail(await self._worker.stopped(asked))
            elif ending.done():
                await answer.fail(_ENDED)
            elif not gone.done():
                reason = f"The answer took longer than {self._limits.total:g} seconds."
                await answer.fail(Problem(504, "too_long", reason, "send the request again, or raise the limit"))
        finally:
            self._running.discard(ending)
            ending.cancel()
            await _cancelled(gone)
            await _cancelled(task)

    async def _until_over(self, asked: Asked, every: set[asyncio.Future[None]]) -> bool:
        """Wait for the first of these, a stop (True) or the end of the time.

        The gate looks for a stop at every event, but a provider may be silent for minutes, and works on all the while.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.total
        session = None
        while (left := until - loop.time()) > 0:
            done, _ = await asyncio.wait(
                every, timeout=min(left, _STOP_POLL_SECONDS), return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                return False
            session = session or self._worker.identity(asked).session
            if self._worker.stop(session) == "stop":
                return True
        return False


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    await asyncio.wait({task})


async def _refuse_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a websocket that the server did not leave to be answered as the HTTP request that it is."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return

    async def as_socket(message: dict[str, object]) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await Answer(as_socket, "openai").fail(no_websocket())  # type: ignore[arg-type]


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    if raw is None:
        # A server need not tell it (ASGI, HTTP connection scope).
        return quote(scope["path"])
    path: str = raw.decode("latin-1")
    return path.partition("?")[0]
