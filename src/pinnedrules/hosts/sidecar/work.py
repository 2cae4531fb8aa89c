"""One request of the sidecar, from the client's bytes to the client's bytes: the same flows as the gated transports."""

from __future__ import annotations

import logging
import secrets
import traceback
from contextlib import aclosing
from dataclasses import dataclass

from pinnedrules.commands import Head, ReadStop
from pinnedrules.drive import adrive, arun
from pinnedrules.errors import PathRefused, Refused, Stopped
from pinnedrules.gate.exchange import passing, refused
from pinnedrules.hosts.keeper import Admission, Core, Keeper, is_presigned
from pinnedrules.hosts.sidecar import headers as hygiene
from pinnedrules.hosts.sidecar.address import Address
from pinnedrules.hosts.sidecar.answer import Answer
from pinnedrules.hosts.sidecar.door import foreign
from pinnedrules.hosts.sidecar.identity import Facts, Identity, identify, read_facts
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.problems import Problem, broken, of_refusal
from pinnedrules.hosts.sidecar.provider import Channel, Provider, unreachable
from pinnedrules.hosts.sidecar.upstreams import Upstreams
from pinnedrules.types import SessionId, StopState

__all__ = ["Asked", "Worker"]

_LOG = logging.getLogger("pinnedrules.sidecar")
_MARGIN_SECONDS = 2.0  # what the keeper takes off a client's patience


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came, whole."""

    method: str
    address: Address
    query: str
    headers: hygiene.Headers
    body: bytes = b""


class Worker:
    """Does the work of one sidecar: everything but who gets in and when a request ends."""

    def __init__(self, core: Core, upstreams: Upstreams, limits: Limits, user: str, session: str = "") -> None:
        self.core = core
        self.provider = Provider(limits)
        self._upstreams, self._limits, self._user, self._session = upstreams, limits, user, session
        self._keeper = Keeper(core, SessionId("sidecar"), Refused)
        # As a wrapped client without a session has one of its own: made anew at each start.
        self._shared = f"sidecar-{secrets.token_hex(4)}"

    def identity(self, asked: Asked, facts: Facts | None = None) -> Identity:
        """Return whose request it is."""
        facts = read_facts(asked.body) if facts is None else facts
        return identify(
            self._session or asked.address.session, asked.headers, facts, shared=self._shared, user=self._user
        )

    def stop(self, session: SessionId) -> str:
        """Return the stop state in force for a session, or ``unknown``."""
        state = self.core.world.attempt(ReadStop(session))
        return state.state if isinstance(state, StopState) else "unknown"

    async def stopped(self, asked: Asked) -> Problem:
        """Record that a stop ended this request while nothing came of it, and say so."""
        try:
            await arun(passing(self._admit(asked).context), self.core.world)
        except Refused as refusal:
            return of_refusal(refusal)
        # Resumed in the same moment; what was under way is void all the same.
        return of_refusal(Stopped("A stop ended this request.", next_step="send the request again"))

    async def work(self, asked: Asked, answer: Answer) -> None:
        """Get the answer, or say why there is none. Raises nothing but what cancels it."""
        upstream = self._upstreams.get(answer.provider)
        kept = hygiene.upstream(asked.headers, provider=answer.provider, key=upstream.key)
        channel = self.provider.channel(asked.method, upstream.url(asked.address.path, asked.query), kept)
        try:
            await self._gate(asked, channel, answer)
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

    async def _gate(self, asked: Asked, channel: Channel, answer: Answer) -> None:
        admitted = self._admit(asked)
        strange = foreign(asked.address.path, asked.headers)
        if strange is not None:
            await arun(refused(admitted.context, *strange), self.core.world)
            raise PathRefused(strange[0], next_step=strange[1])  # in monitor mode too: it could not arrive
        if admitted.check is not None:
            await arun(admitted.check, self.core.world)
        if not admitted.gated:
            await _passed(channel, asked.body, answer)
            return
        answer.dialect = admitted.context.dialect.name
        out = adrive(admitted.flow(asked.body), self.core.world, channel)
        async with aclosing(out):  # type: ignore[type-var]
            async for item in out:
                await (answer.begin(item) if isinstance(item, Head) else answer.forward(item))

    def _admit(self, asked: Asked) -> Admission:
        facts = read_facts(asked.body)
        who = self.identity(asked, facts)
        streams = facts.stream or "stream=true" in asked.query.lower()
        patience = None if streams else min(self._limits.held + _MARGIN_SECONDS, _announced(asked.headers))
        # Azure's own paths begin as the prefix does that names a provider; what they are, only the whole path tells.
        prefix = f"/{asked.address.provider}" if asked.address.provider else ""
        path = prefix + asked.address.path
        signed = is_presigned(asked.query)
        return self._keeper.admit(
            asked.method, path, asked.headers, patience, sessions=(who.session,), presigned=signed
        )


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
