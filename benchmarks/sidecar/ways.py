"""The three ways to a provider: straight, through a plain proxy, through the sidecar; and a client that times them."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.bodies import body
from benchmarks.child import Child

__all__ = ["DIALECTS", "WAYS", "Caller", "Place", "Timing", "places", "request"]

WAYS = ("straight", "proxy", "sidecar")
DIALECTS = ("chat", "messages", "responses")
_PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}


@dataclass(frozen=True, slots=True)
class Place:
    """One way: its base URL, the process on it (none on the straight way), the provider behind it."""

    url: str
    child: Child
    provider: Child


@dataclass(frozen=True, slots=True)
class Timing:
    """Nanoseconds from the request's first byte to the first byte of the answer's body, and to its last."""

    first: int
    whole: int


@contextlib.contextmanager
def places() -> Iterator[Mapping[str, Place]]:
    """Start a provider, a plain proxy and a sidecar, and yield the ways by their names."""
    with Child("benchmarks.sidecar.provider") as provider:
        server = provider.hello["url"]
        with (
            Child("benchmarks.sidecar.passthrough", server) as proxy,
            Child("benchmarks.sidecar.served", server) as sidecar,
        ):
            children = zip(WAYS, (provider, proxy, sidecar), strict=True)
            yield {name: Place(child.hello["url"], child, provider) for name, child in children}


def request(dialect: str, model: str, *, messages: int = 10, stream: bool = False) -> tuple[str, bytes]:
    """Return the path and the body of a request that gets the answer named *model*."""
    value = body(dialect, messages, stream=stream, model=model)
    return _PATHS[dialect], json.dumps(value, separators=(",", ":")).encode()


class Caller:
    """A client with one kept connection; it reads bytes and understands nothing, so that it costs little itself."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self._prefix = parts.path
        self._headers = {"content-type": "application/json", "authorization": "Bearer none", **(headers or {})}
        self.last = b""

    def ask(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Timing:
        """Send one request and read its answer, which is then in ``last``. Raises RuntimeError unless it is a 200."""
        start = time.perf_counter_ns()
        self._connection.request("POST", self._prefix + path, body, {**self._headers, **(headers or {})})
        answer = self._connection.getresponse()
        parts = [answer.read1(1 << 16)]
        first = time.perf_counter_ns()
        while parts[-1]:
            parts.append(answer.read1(1 << 16))
        whole = time.perf_counter_ns()
        answer.close()  # else a body with a length counts as unread, and the connection as busy
        self.last = b"".join(parts)
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}: {self.last[:500]!r}")
        return Timing(first - start, whole - start)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
