"""The sidecar as an ASGI application: the same core as the gated transports, behind HTTP.

Rules of this file:

1. Nothing is looked at before the token was (``door.py``), and nothing goes on that the gate has not seen (``keeper.py``).
2. A request ends when its client goes away: the work is cancelled, which closes the connection to the provider.
3. Bytes are pulled from the provider only as fast as the client takes them; nothing is buffered but request bodies.
4. Whatever happens, the client is told in its provider's own shape, and neither a key nor a path is ever logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import traceback
from collections.abc import Collection, Coroutine
from contextlib import aclosing
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from pinnedrules.commands import Head, ReadStop
from pinnedrules.drive import adrive, arun
from pinnedrules.errors import PathRefused, Refused
from pinnedrules.gate.exchange import refused
from pinnedrules.hosts.keeper import Core, Keeper
from pinnedrules.hosts.sidecar import headers as hygiene
from pinnedrules.hosts.sidecar.address import HEALTH, Address, read_address
from pinnedrules.hosts.sidecar.answer import Answer
from pinnedrules.hosts.sidecar.door import Door, foreign, no_websocket, too_large
from pinnedrules.hosts.sidecar.identity import Facts, identify, read_facts
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.problems import Problem, Turned, broken, of_refusal
from pinnedrules.hosts.sidecar.provider import Channel, Provider, unreachable
from pinnedrules.hosts.sidecar.upstreams import Upstreams, provider_of
from pinnedrules.types import SessionId, StopState

__all__ = ["Sidecar", "make_app"]

_LOG = logging.getLogger("pinnedrules.sidecar")
_MARGIN_SECONDS = 2.0  # what the keeper takes off a client's patience
_LAST_SECONDS = 1.0  # for the last events of streams that a shutdown ends
_POLL_SECONDS = 0.02

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
    hosts: Collection[str] = (),
    any_address: bool = False,
) -> Sidecar:
    """Return the ASGI application that gates requests with *core*.

    *token* is what every request must present. *user* is whom the sums per day belong to when a request names nobody.
    *hosts* and *any_address*: see :class:`~pinnedrules.hosts.sidecar.door.Door`. Raises ValueError for a token that could
    be guessed, and OSError for certificates named in the environment that cannot be read.
    """
    limits = limits or Limits()
    door = Door(token, limits, hosts=hosts, any_address=any_address)
    return Sidecar(core, door, upstreams or Upstreams(), limits, user)


class Sidecar:
    """An ASGI application. One per event loop."""

    def __init__(self, core: Core, door: Door, upstreams: Upstreams, limits: Limits, user: str) -> None:
        self._core, self._door, self._upstreams, self._limits, self._user = core, door, upstreams, limits, user
        self._provider = Provider(limits)
        self._keeper = Keeper(core, SessionId("sidecar"), Refused)
        # As a wrapped client without a session has one of its own: made anew at each start.
        self._shared = f"sidecar-{secrets.token_hex(4)}"
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
            await asyncio.sleep(_POLL_SECONDS)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._provider.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    # -- one request ---------------------------------------------------------------------------------------------

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = hygiene.read(scope["headers"])
        address = read_address(_raw_path(scope))
        answer = Answer(send, provider_of(address, headers))
        try:
            self._door.check(address, headers, self._upstreams.get(answer.provider))
            if await self._own(scope["method"], address, headers, answer):
                return
            if self._draining:
                raise Turned(_GOING_DOWN)
            if self._active >= self._limits.requests:
                raise Turned(Problem(503, "busy", f"{self._active} requests are being served already.", retry=True))
            self._active += 1
            try:
                body = await self._body(receive)
                await self._watched(receive, answer, self._work(scope, headers, address, body, answer))
            finally:
                self._active -= 1
        except Turned as turned:
            await answer.fail(turned.problem)
        except _Gone:
            return

    async def _own(self, method: str, address: Address, headers: hygiene.Headers, answer: Answer) -> bool:
        """Answer what is asked of the sidecar itself."""
        if method == "OPTIONS":
            # Without any of the headers by which a browser's page could read an answer.
            await answer.plain(204, [("allow", "GET, HEAD, POST, DELETE, OPTIONS")])
        elif method == "HEAD" and address.path == "/":
            await answer.plain(200, [])
        elif address.path == HEALTH:
            who = identify(address.session, headers, Facts(), shared=self._shared, user=self._user)
            policy = self._core.policy()
            stop = self._core.world.attempt(ReadStop(who.session))
            health = {
                "rules": {"version": policy.rules.version, "sha256": policy.rules.sha256},
                "mode": policy.mode,
                "state": stop.state if isinstance(stop, StopState) else "unknown",
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

    async def _watched(self, receive: Receive, answer: Answer, work: Coroutine[None, None, None]) -> None:
        """Do the work until it is done, the client is gone, the time is over, or the sidecar goes down."""
        ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(work)
        gone = asyncio.create_task(_disconnected(receive))
        self._running.add(ending)
        try:
            every: set[asyncio.Future[None]] = {task, gone, ending}
            await asyncio.wait(every, timeout=self._limits.total, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return
            await _cancelled(task)
            if ending.done():
                await answer.fail(_ENDED)
            elif not gone.done():
                reason = f"The answer took longer than {self._limits.total:g} seconds."
                await answer.fail(Problem(504, "too_long", reason, "send the request again, or raise the limit"))
        finally:
            self._running.discard(ending)
            ending.cancel()
            await _cancelled(gone)
            await _cancelled(task)

    async def _work(
        self, scope: Scope, headers: hygiene.Headers, address: Address, body: bytes, answer: Answer
    ) -> None:
        upstream = self._upstreams.get(answer.provider)
        kept = hygiene.upstream(headers, provider=answer.provider, key=upstream.key)
        query = scope["query_string"].decode("latin-1")
        channel = self._provider.channel(scope["method"], upstream.url(address.path, query), kept)
        try:
            await self._gate(scope["method"], headers, address, body, channel, answer)
            await answer.end()
        except Refused as refusal:
            await answer.fail(of_refusal(refusal))
        except Exception as error:  # noqa: BLE001 - the client gets an answer, whatever it was
            problem = unreachable(error)
            if problem is None:
                # Where it happened, not what it said: that may hold a header.
                place = traceback.extract_tb(error.__traceback__)[-1]
                _LOG.error("%s at %s:%s", type(error).__name__, place.filename, place.lineno)
            await answer.fail(problem or broken(error))

    async def _gate(
        self,
        method: str,
        headers: hygiene.Headers,
        address: Address,
        body: bytes,
        channel: Channel,
        answer: Answer,
    ) -> None:
        facts = read_facts(body)
        who = identify(address.session, headers, facts, shared=self._shared, user=self._user)
        patience = None if facts.stream else min(self._limits.held + _MARGIN_SECONDS, _announced(headers))
        admitted = self._keeper.admit(method, address.path, headers, patience, sessions=(who.session,))
        strange = foreign(address.path, headers)
        if strange is not None:
            await arun(refused(admitted.context, *strange), self._core.world)
            raise PathRefused(strange[0], next_step=strange[1])  # in monitor mode too: it could not arrive
        if admitted.check is not None:
            await arun(admitted.check, self._core.world)
        if not admitted.gated:
            await _passed(channel, body, answer)
            return
        answer.dialect = admitted.context.dialect.name
        out = adrive(admitted.flow(body), self._core.world, channel)
        async with aclosing(out):  # type: ignore[type-var]
            async for item in out:
                await (answer.begin(item) if isinstance(item, Head) else answer.forward(item))


async def _passed(channel: Channel, body: bytes, answer: Answer) -> None:
    """Hand a request on that needs no gate."""
    try:
        head = await channel.send(body)
        # The channel has taken the coding off, and with it the length that was told.
        coded = head.get("content-encoding") != ""
        gone = ("content-encoding", "content-length") if coded else ()
        await answer.begin(Head(head.status, tuple(pair for pair in head.headers if pair[0] not in gone)))
        while data := await channel.receive():
            await answer.forward(data)
    finally:
        await channel.close()


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


def _announced(headers: hygiene.Headers) -> float:
    """Return how many seconds this client waits for an answer; both SDKs announce it."""
    for name, value in headers:
        if name in ("x-stainless-read-timeout", "x-stainless-timeout"):
            try:
                seconds = float(value)
            except ValueError:
                continue
            if seconds > 0:
                return seconds
    return float("inf")


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    if raw is None:
        # A server need not tell it (ASGI, HTTP connection scope).
        return quote(scope["path"])
    path: str = raw.decode("latin-1")
    return path.partition("?")[0]
