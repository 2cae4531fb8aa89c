"""What stands between the SDK and the gate: hooks and ``auth`` of the HTTP client, and signatures in the query."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from tests.hosts.surfaces import KINDS, SURFACES, make_client, run
from tests.hosts.test_http import library

from pinnedrules import Guard, Refused, Unpinned
from pinnedrules.testing.asserts import assert_pinned
from pinnedrules.testing.evidence import recorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply, Script

EACH = pytest.mark.parametrize("kind", KINDS)
USER = [{"role": "user", "content": "tidy"}]
DOORS = {"openai": "/v1/chat/completions", "responses": "/v1/responses", "anthropic": "/v1/messages"}
BODIES: dict[str, dict[str, Any]] = {
    "openai": {"model": "gpt", "messages": USER},
    "responses": {"model": "gpt", "input": USER},
    "anthropic": {"model": "c", "max_tokens": 99, "messages": USER},
}


def unruly(kind: str) -> bytes:
    """A body that somebody else wrote, without the rules."""
    return json.dumps(BODIES[kind.split()[0]]).encode()


def as_bytes(module: Any, body: bytes) -> Any:
    return module.ByteStream(body)


def in_pieces(module: Any, body: bytes) -> Any:
    class Once(module.SyncByteStream, module.AsyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            yield body

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield body

    return Once()


def client_with_hook(kind: str, server: Any, write: Callable[[Any, bytes], Any]) -> Any:
    """A client whose HTTP client gives every request another stream, and leaves alone what the request says of itself."""
    module = library(kind)

    def edit(request: Any) -> None:
        body = unruly(kind)
        request.stream = write(module, body)
        request.headers["content-length"] = str(len(body))

    async def aedit(request: Any) -> None:
        edit(request)

    asynchronous = kind.endswith("async")
    hooks = {"request": [aedit if asynchronous else edit]}
    http = (module.AsyncClient if asynchronous else module.Client)(event_hooks=hooks, timeout=30)
    return make_client(kind, server, http_client=http, max_retries=0)


@EACH
@pytest.mark.parametrize("write", [as_bytes, in_pieces])
def test_a_body_that_a_hook_puts_in_leaves_with_the_rules(
    kind: str, write: Callable[[Any, bytes], Any], guard: Guard
) -> None:
    """Promise 2: checked in the bytes that are really sent, which are the stream's and not what was built."""
    with ScriptedProvider(Script([Reply("ok")])) as provider:
        turn = run(SURFACES[kind.split()[0]][0], guard.wrap(client_with_hook(kind, provider, write)), USER)

    assert turn.text == "ok"
    assert_pinned(provider, guard)
    (asked,) = recorded(guard).requests
    assert asked.sha256 == hashlib.sha256(provider.seen[0].raw).hexdigest()


@EACH
@pytest.mark.parametrize("name", ["X-Amz-Signature", "x-amz-signature", "X%2DAmz%2DSignature"])
def test_a_request_signed_in_its_query_is_not_rewritten(kind: str, name: str, guard: Guard) -> None:
    """A presigned URL is a signature like one in a header: what would have to be changed does not leave."""
    with ScriptedProvider(Script([Reply("ok")])) as provider:
        client = guard.wrap(make_client(kind, provider))
        url = f"{provider.url}{DOORS[kind.split()[0]]}?X-Amz-Algorithm=AWS4-HMAC-SHA256&{name}=abc"

        async def main() -> None:
            try:
                await client._client.post(url, content=unruly(kind))
            finally:
                await client.close()

        with pytest.raises(Refused) as caught:
            asyncio.run(main()) if kind.endswith("async") else client._client.post(url, content=unruly(kind))

    assert isinstance(caught.value, Unpinned)
    assert not provider.seen


@pytest.mark.parametrize("kind", ["openai", "responses", "anthropic"])
def test_in_monitor_mode_a_presigned_request_leaves_as_it_came(kind: str, make_guard: Callable[..., Guard]) -> None:
    """Monitor mode holds nothing back, and breaks no signature."""
    with ScriptedProvider(Script([Reply("ok")])) as provider:
        client = make_guard(mode="monitor").wrap(make_client(kind, provider))
        url = f"{provider.url}{DOORS[kind]}?X-Amz-Signature=abc"
        assert client._client.post(url, content=unruly(kind)).status_code == 200

    assert provider.seen[0].raw == unruly(kind)
