"""The way to a provider: one pooled client, identity coding, no redirects, no cookies, proxies from the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
from httpx2._decoders import SUPPORTED_DECODERS

from pinnedrules.commands import Head
from pinnedrules.errors import PathRefused, Unreadable
from pinnedrules.hosts.sidecar.headers import Headers, read
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.problems import Problem

__all__ = ["Channel", "Provider", "unreachable"]

_KEEP_ALIVE_SECONDS = 30.0


class Provider:
    """The client that all requests of one sidecar share."""

    def __init__(self, limits: Limits) -> None:
        # Cookies of one agent must never travel with another's request.
        nothing = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(limits.idle, connect=limits.connect, pool=None),
            limits=httpx2.Limits(max_connections=None, keepalive_expiry=_KEEP_ALIVE_SECONDS),
            follow_redirects=False,
            cookies=nothing,
        )

    def channel(self, method: str, url: str, headers: Headers) -> Channel:
        """Return a channel for one request. Nothing is sent yet."""
        return Channel(self._client, method, url, headers)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class Channel:
    """One request, sent once or again with another body, and its answer.

    ``receive`` gives the answer's bytes with their content coding removed.
    """

    def __init__(self, client: httpx2.AsyncClient, method: str, url: str, headers: Headers) -> None:
        self._client, self._method, self._url = client, method, url
        self._headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._chunks: AsyncIterator[bytes] | None = None
        self._response: httpx2.Response | None = None

    async def send(self, body: bytes) -> Head:
        """Send the request with *body*, closing a former answer.

        Raises Unreadable for an answer in a coding that cannot be removed here, PathRefused for one that sends the
        client elsewhere, and what httpx2 raises.
        """
        await self.close()
        # Not the client's build_request: that would add headers of its own.
        content = body if body or self._method not in ("GET", "HEAD", "DELETE") else None
        request = httpx2.Request(self._method, self._url, headers=self._headers, content=content)
        self._response = await self._client.send(request, stream=True)
        headers = tuple(read(self._response.headers.raw))
        head = Head(self._response.status_code, headers)
        _check_redirect(head)
        _check_coding(head)
        self._chunks = self._response.aiter_bytes()
        return head

    async def post(self, old: str, new: str, body: bytes) -> Head:
        """Send another request by POST, with the same headers; its answer is read and thrown away."""
        gone = (b"accept", b"content-type", b"content-length", b"last-event-id", b"idempotency-key")
        headers = [pair for pair in self._headers if pair[0].lower() not in gone]
        headers += [(b"accept", b"application/json"), (b"content-type", b"application/json")]
        path = self._url.partition("?")[0]
        assert path.endswith(old)
        url = path.removesuffix(old) + new
        response = await self._client.send(httpx2.Request("POST", url, headers=headers, content=body))
        return Head(response.status_code, tuple(read(response.headers.raw)))

    async def receive(self) -> bytes:
        """Return the next bytes of the answer, empty at its end."""
        assert self._chunks is not None
        async for chunk in self._chunks:
            if chunk:
                return chunk
        return b""

    async def close(self) -> None:
        """End the answer; one that was not read to its end takes its connection along."""
        if self._response is not None:
            await self._response.aclose()


def unreachable(error: Exception) -> Problem | None:
    """Return what a failure on the way to the provider means for the client; None for any other error."""
    if isinstance(error, httpx2.ConnectTimeout | httpx2.ConnectError | httpx2.ProxyError | httpx2.UnsupportedProtocol):
        return Problem(
            502,
            "unreachable",
            f"The provider cannot be reached ({type(error).__name__}).",
            "check the network, HTTPS_PROXY, and the URLs that the sidecar printed when it started",
            retry=True,
        )
    if isinstance(error, httpx2.TimeoutException):
        return Problem(504, "silent", "The provider was silent for too long.", "send the request again", retry=True)
    if isinstance(error, httpx2.HTTPError | httpx2.StreamError | httpx2.InvalidURL):
        return Problem(
            502,
            "cut",
            f"The connection to the provider failed ({type(error).__name__}).",
            "send the request again",
            retry=True,
        )
    return None


def _check_redirect(head: Head) -> None:
    if 300 <= head.status < 400 and head.get("location"):
        # A client that followed it would go there by itself, with its key and without the gate.
        raise PathRefused(
            f"The provider redirects this request (status {head.status}), which would lead around the sidecar.",
            next_step="start the sidecar with the URL that the redirect leads to (--openai or --anthropic)",
        )


def _check_coding(head: Head) -> None:
    for name in filter(None, (part.strip().lower() for part in head.get("content-encoding").split(","))):
        if name not in SUPPORTED_DECODERS:
            raise Unreadable(
                f"The answer is encoded as {name!r}, which this installation cannot decode.",
                next_step="install the decoder for httpx2, or let the server answer plainly",
            )
