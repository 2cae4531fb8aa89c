"""The same promises over every HTTP that the SDKs can be given, and what HTTP itself must keep: headers and connections."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.hosts.relay import Relay
from tests.hosts.surfaces import KINDS, OPENAI, SURFACES, make_client, run
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "8"})
USER = [{"role": "user", "content": "tidy"}]

EACH = pytest.mark.parametrize("kind", KINDS)
ASYNC = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("async")])
HOW = pytest.mark.parametrize("number", [0, 1], ids=["json", "stream"])


def library(kind: str) -> Any:
    """Return the HTTP library that the SDK of this kind makes its own clients with."""
    client = make_client(kind, NOWHERE)
    name = next(base.__module__ for base in type(client._client).__mro__ if base.__module__.startswith("httpx"))
    return sys.modules[name.partition(".")[0]]


class NOWHERE:
    url = "http://127.0.0.1:1"


def http_client(kind: str, **options: Any) -> Any:
    module = library(kind)
    return (module.AsyncClient if kind.endswith("async") else module.Client)(timeout=30, **options)


def held_and_released(kind: str, number: int, provider: ScriptedProvider, client: Any, guard: Guard) -> None:
    """One answer with a refused and an allowed call, one with a refused call only: what arrives is what may."""
    turn = run(SURFACES[kind.split()[0]][number], client, USER)

    assert [name for name, _ in turn.calls] == ["archive"]
    assert len(provider.seen) == 2
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


def script() -> Script:
    return Script([Reply("", calls=[DELETE]), Reply("Both.", calls=[DELETE, ARCHIVE])])


@EACH
@HOW
@pytest.mark.parametrize("given", ["client", "transport"])
def test_http_2_to_the_provider(kind: str, number: int, given: str, guard: Guard) -> None:
    """Whether the client or a transport of its own was made for HTTP/2, it is what is spoken, and it is gated.

    Wrapped only: the sidecar speaks HTTP/1.1 on both sides.
    """
    if given == "transport":
        module = library(kind)
        made = (module.AsyncHTTPTransport if kind.endswith("async") else module.HTTPTransport)(http1=False, http2=True)
        http = http_client(kind, transport=made)
    else:
        http = http_client(kind, http1=False, http2=True)
    with ScriptedProvider(script()) as provider, Relay(provider) as relay:
        held_and_released(kind, number, provider, guard.wrap(make_client(kind, relay, http_client=http)), guard)

    assert relay.versions == ["2", "2"]


@EACH
@HOW
def test_a_client_that_would_speak_http_2(kind: str, number: int, way: Way, guard: Guard) -> None:
    """Where the other side does not, the client speaks HTTP/1.1, to the provider and to the sidecar."""
    with ScriptedProvider(script()) as provider:
        client = way.client(kind, provider, guard, http_client=http_client(kind, http2=True))
        held_and_released(kind, number, provider, client, guard)


@ASYNC
@HOW
def test_aiohttp(kind: str, number: int, way: Way, guard: Guard) -> None:
    """The SDKs bring a client that sends its requests by aiohttp."""
    import anthropic
    import openai

    made = anthropic.DefaultAioHttpClient if kind.startswith("anthropic") else openai.DefaultAioHttpClient

    async def main(provider: ScriptedProvider) -> Any:
        client = way.client(kind, provider, guard, http_client=made())
        assert "aiohttp" in type(getattr(client._client._transport, "inner", client._client._transport)).__module__
        try:
            return await SURFACES[kind.split()[0]][number].asynchronous(client, USER)
        finally:
            await client.close()

    with ScriptedProvider(script()) as provider:
        turn = asyncio.run(main(provider))

    assert [name for name, _ in turn.calls] == ["archive"]
    assert len(provider.seen) == 2
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


@EACH
@HOW
def test_the_former_http_library(kind: str, number: int, way: Way, guard: Guard) -> None:
    """The newest openai takes clients of the former HTTP library as well: same gate."""
    httpx = pytest.importorskip("httpx")
    http = httpx.AsyncClient() if kind.endswith("async") else httpx.Client()
    with ScriptedProvider(script()) as provider:
        try:
            make_client(
                kind, provider, http_client=http
            )  # by itself: a TypeError of the guard's own is none of the SDK's
        except TypeError:
            pytest.skip("this SDK takes its own HTTP library only")
        held_and_released(kind, number, provider, way.client(kind, provider, guard, http_client=http), guard)


def connections(provider: ScriptedProvider, kind: str, number: int, client: Any) -> int:
    """Run three turns and return how many connections they took."""
    found = set()
    real = provider._server.process_request
    surface = SURFACES[kind.split()[0]][number]

    def count(request: Any, client_address: Any) -> None:
        found.add(client_address)
        real(request, client_address)

    async def turns() -> None:
        try:
            for _ in range(3):
                await surface.asynchronous(client, USER)
        finally:
            await client.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider._server, "process_request", count)
        if kind.endswith("async"):
            asyncio.run(turns())
        else:
            for _ in range(3):
                surface.plain(client, USER)
            client.close()
    return len(found)


@EACH
@HOW
def test_connections_are_kept_as_without_a_guard(kind: str, number: int, way: Way, guard: Guard) -> None:
    """Answers are read to their end, those as well that the gate answers itself: no handshake for every request."""
    with ScriptedProvider(lambda seen: Reply("ok")) as provider:
        before = connections(provider, kind, number, make_client(kind, provider))
    replies = [Reply("", calls=[DELETE]), Reply("ok"), Reply("Both.", calls=[DELETE, ARCHIVE]), Reply("bye")]
    with ScriptedProvider(Script(replies)) as provider:
        assert connections(provider, kind, number, way.client(kind, provider, guard)) <= before
        assert len(provider.requests) == 4

    # Some releases of openai close a stream of chat chunks before its end, and the connection with it.
    assert before == 1 or SURFACES[kind.split()[0]][number] is OPENAI[1]


REQUESTS: dict[str, Callable[[Any], Any]] = {
    "openai": lambda client: client.chat.completions.with_raw_response.create(model="gpt", messages=USER),
    "responses": lambda client: client.responses.with_raw_response.create(model="gpt", input=USER),
    "anthropic": lambda client: client.messages.with_raw_response.create(model="c", max_tokens=99, messages=USER),
}


@EACH
def test_headers_of_an_answer_are_kept(kind: str, way: Way, guard: Guard) -> None:
    """The provider's id of the request and its limits reach the program; an answer of the gate's own has the last one's."""
    extra = {"x-ratelimit-remaining-requests": "17", "retry-after-ms": "5"}

    async def main(client: Any) -> Any:
        try:
            return await REQUESTS[kind.split()[0]](client)
        finally:
            await client.close()

    replies = [Reply("", calls=[DELETE], headers=extra), Reply("ok", headers=extra)]
    with ScriptedProvider(Script(replies)) as provider:
        client = way.client(kind, provider, guard)
        raw = asyncio.run(main(client)) if kind.endswith("async") else REQUESTS[kind](client)

    name = "request-id" if kind.startswith("anthropic") else "x-request-id"
    assert raw.headers[name] in {exchange.request_id for exchange in provider.requests}
    assert {name: raw.headers[name] for name in extra} == extra
    assert "content-encoding" not in raw.headers
    assert int(raw.headers.get("content-length", len(raw.http_response.content))) == len(raw.http_response.content)
