"""The gate as client middleware of the Anthropic SDK (``Anthropic(middleware=[...])``, since 0.108).

It is for programs whose client somebody else makes, so that it cannot be wrapped.

The SDK runs its middleware inside its retry loop, once per attempt, before a request is built and signed
(``anthropic/_middleware.py``). So every attempt is gated, whichever class of clients it is, and whoever made the client.

What middleware cannot cover: ``client._client`` used directly, websockets, and copies with other middleware
(``with_options(middleware=[...])``). What stands after it in the list sees the request after the gate and the answer before
it; what it changes in a request is seen only when that has left, and then the answer is refused.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pinnedrules.commands import Head
from pinnedrules.drive import adrive, arun, drive, run
from pinnedrules.errors import PathRefused, Refused, Unpinned, Unreadable
from pinnedrules.hosts.keeper import Admission, Core, Keeper
from pinnedrules.hosts.transport import Library, body_of, head_of
from pinnedrules.types import SessionId

__all__ = ["make_middleware"]

# What the SDK's clients for the clouds move between body, path and headers when they build a request.
_MOVED = frozenset({"anthropic_beta", "anthropic_version", "model", "stream", "user_profile_id"})


def make_middleware(core: Core, session: SessionId) -> Any:
    """Return an ``anthropic.Middleware`` for synchronous and asynchronous clients; put it last in the list.

    Raises TypeError where the installed SDK has no middleware.
    """
    import anthropic

    base: Any = getattr(anthropic, "Middleware", None)
    if base is None:
        raise TypeError("this Anthropic SDK has no client middleware (it came with 0.108); use guard.wrap()")
    keeper, library = Keeper(core, session, anthropic.AnthropicError), _library(anthropic.DefaultHttpxClient)

    def handle(self: Any, request: Any, call_next: Any) -> Any:
        try:
            return _handle(_Attempt(keeper, library, request), call_next)
        except Refused as refusal:
            raise keeper.translate(refusal) from None

    async def handle_async(self: Any, request: Any, call_next: Any) -> Any:
        try:
            return await _ahandle(_Attempt(keeper, library, request), call_next)
        except Refused as refusal:
            raise keeper.translate(refusal) from None

    return type("GuardMiddleware", (base,), {"handle": handle, "handle_async": handle_async})()


class _Attempt:
    """One attempt of the SDK to send a request."""

    def __init__(self, keeper: Keeper, library: Library, request: Any) -> None:
        self.keeper, self.library, self.request = keeper, library, request

    def admit(self) -> Admission:
        """Look up the door."""
        headers = [(str(name), value) for name, value in self.request.headers.items() if isinstance(value, str)]
        timeout = getattr(self.request.timeout, "read", self.request.timeout)
        seconds = float(timeout) if isinstance(timeout, int | float) else None
        return self.keeper.admit(self.request.method, urlsplit(self.request.url).path, headers, seconds)

    def body(self) -> bytes:
        """Return the body as the SDK would send it, ``extra_body`` merged. Raises Unreadable for another than JSON."""
        options = self.request.options
        body = options.json_data
        if options.extra_json is not None:
            body = {**(body or {}), **options.extra_json} if isinstance(body, Mapping | None) else None
        if getattr(options, "content", None) is not None or options.files or not isinstance(body, Mapping):
            raise Unreadable("The request is not a JSON object that the SDK writes.", next_step="give it as `body`")
        try:
            return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError) as error:
            raise Unreadable(f"The request cannot be written as JSON: {error}") from None

    def with_body(self, body: bytes) -> Any:
        """Return the request with another body: the SDK builds it from that, and signs it after that."""
        plain = {**self.request.headers, "accept-encoding": "identity"}
        made = self.request.copy(body=json.loads(body), headers=plain)
        made.options.extra_json = None
        return made

    def compare(self, body: bytes, response: Any) -> None:
        """Look at what really left. Raises Unpinned when that is another request than the one that was let through."""
        # The HTTP client follows redirects by itself, with the same body; what the SDK built is the first request.
        sent = getattr((*response.history, response)[0], "_request", None)
        left = None
        if sent is not None and hasattr(sent, "_content"):
            left = _members(body_of(self.library.module, sent, sent.content))
        if left != _members(body) and self.keeper.core.policy().mode == "enforce":
            raise Unpinned(
                "What stands after the guard's middleware sent another request than the guard let through.",
                next_step="put guard.middleware() last in the list, and add none to a client that has it",
            )

    def answer(self, head: Head, stream: Any, inner: Any) -> tuple[Any, Any]:
        """Return a response with this head and stream, and how to make the SDK's own object of it.

        *inner* is the SDK's object for the provider's last answer; None when there is none, as for an answer of the gate's.
        """
        http = inner.http_response if inner is not None else None
        module = self.library.module
        response = module.Response(
            head.status,
            headers=list(head.headers),
            stream=stream,
            extensions=http.extensions if http is not None else {},
            request=http.request if http is not None else module.Request("POST", "http://gate.invalid/"),
        )
        return response, {
            "raw": response,
            "client": getattr(inner, "_client", None),
            "cast_to": self.request.cast_to,
            "stream": self.request.stream,
            "stream_cls": self.request.stream_cls,
            "options": self.request.options if inner is None else inner._options,
            "retries_taken": self.request.retries_taken,
        }


def _members(body: bytes) -> dict[str, Any] | None:
    """Return what must be the same in a request before and after the SDK built it; None for what is no JSON object."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return {name: value for name, value in found.items() if name not in _MOVED} if isinstance(found, dict) else None


def _handle(attempt: _Attempt, call_next: Any) -> Any:
    from anthropic import APIResponse

    keeper, admitted = attempt.keeper, attempt.admit()
    if admitted.check is not None:
        run(admitted.check, keeper.world)
    if not admitted.gated:
        return call_next(attempt.request)
    channel = _Channel(attempt, call_next)
    out = drive(admitted.flow(attempt.body()), keeper.world, channel)
    head = next(out)
    assert isinstance(head, Head)
    response, made = attempt.answer(head, attempt.library.stream(out, keeper.translate), channel.inner)
    if not attempt.request.stream:
        response.read()
    return APIResponse(**made)


async def _ahandle(attempt: _Attempt, call_next: Any) -> Any:
    from anthropic import AsyncAPIResponse

    keeper, admitted = attempt.keeper, attempt.admit()
    if admitted.check is not None:
        await arun(admitted.check, keeper.world)
    if not admitted.gated:
        return await call_next(attempt.request)
    channel = _AsyncChannel(attempt, call_next)
    out = adrive(admitted.flow(attempt.body()), keeper.world, channel)
    head = await anext(out)
    assert isinstance(head, Head)
    response, made = attempt.answer(head, attempt.library.async_stream(out, keeper.translate), channel.inner)
    if not attempt.request.stream:
        await response.aread()
    return AsyncAPIResponse(**made)


class _Channel:
    def __init__(self, attempt: _Attempt, call_next: Any) -> None:
        self._attempt, self._call_next = attempt, call_next
        self._chunks: Iterator[bytes] = iter(())
        self.inner: Any = None

    def send(self, body: bytes) -> Head:
        self.close()
        self.inner = self._call_next(self._attempt.with_body(body))
        self._attempt.compare(body, self.inner.http_response)
        head = head_of(self._attempt.library, self.inner.http_response)
        self._chunks = self.inner.http_response.iter_bytes()
        return head

    def receive(self) -> bytes:
        return next((chunk for chunk in self._chunks if chunk), b"")

    def post(self, old: str, new: str, body: bytes) -> Head:
        raise _no_post()

    def close(self) -> None:
        if self.inner is not None:
            self.inner.http_response.close()


class _AsyncChannel:
    def __init__(self, attempt: _Attempt, call_next: Any) -> None:
        self._attempt, self._call_next = attempt, call_next
        self._chunks: AsyncIterator[bytes] | None = None
        self.inner: Any = None

    async def send(self, body: bytes) -> Head:
        await self.close()
        self.inner = await self._call_next(self._attempt.with_body(body))
        self._attempt.compare(body, self.inner.http_response)
        head = head_of(self._attempt.library, self.inner.http_response)
        self._chunks = self.inner.http_response.aiter_bytes()
        return head

    async def receive(self) -> bytes:
        assert self._chunks is not None
        async for chunk in self._chunks:
            if chunk:
                return chunk
        return b""

    async def post(self, old: str, new: str, body: bytes) -> Head:
        raise _no_post()

    async def close(self) -> None:
        if self.inner is not None:
            await self.inner.http_response.aclose()


def _no_post() -> PathRefused:
    return PathRefused(
        "Client middleware cannot send another request.", next_step="wrap the client: guard.wrap(client)"
    )


def _library(client: type[Any]) -> Library:
    """Return the HTTP library that this SDK's clients are made with."""
    if any(kind.__module__.partition(".")[0] == "httpx2" for kind in client.__mro__):
        from pinnedrules.hosts import httpx2 as bound

        return bound.Transport.library
    from pinnedrules.hosts import httpx as legacy

    return legacy.Transport.library
