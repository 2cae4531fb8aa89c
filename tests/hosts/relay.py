"""A server in front of the scripted provider: it speaks HTTP/2 as well, and a test can act between two frames of an answer."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx2
from hypercorn.asyncio import serve
from hypercorn.config import Config

from pinnedrules.testing.provider import ScriptedProvider

__all__ = ["Relay"]

_OF_ONE_HOP = frozenset({b"connection", b"content-length", b"host", b"transfer-encoding"})


class Relay:
    """Hands requests on to *provider* from ``with`` to the end of its block.

    *between* is called with the number of the frame that is about to be sent, in every streamed answer. ``versions`` are
    the versions of HTTP that the requests came in.
    """

    def __init__(self, provider: ScriptedProvider, between: Callable[[int], None] | None = None) -> None:
        self.versions: list[str] = []
        self._provider, self._between = provider, between
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="relay")

    def __enter__(self) -> Relay:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *error: object) -> None:
        assert self._loop is not None
        assert self._leave is not None
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """The base URL of an Anthropic client, as that of the provider."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def openai_url(self) -> str:
        """The base URL of an OpenAI client."""
        return f"{self.url}/v1"

    async def _run(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        config = Config()
        # The server closes what it is given.
        config.bind = [f"fd://{self._socket.dup().detach()}"]
        config.errorlog = None
        config.graceful_timeout = 5
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as self._http:
            await serve(self._app, config, shutdown_trigger=self._leave.wait)
        self._socket.close()

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        self.versions.append(scope["http_version"])
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        answer = await self._http.request(
            scope["method"],
            f"{self._provider.url}{scope['raw_path'].decode().partition('?')[0]}{query}",
            headers=_kept(scope["headers"]),
            content=body,
        )
        headers = _kept(answer.headers.raw)
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        for number, frame in enumerate(_frames(answer)):
            if self._between is not None and number:
                self._between(number)
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            self._ready.set()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def _kept(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return the headers that are passed on."""
    return [(name.lower(), value) for name, value in headers if name.lower() not in _OF_ONE_HOP]


def _frames(answer: Any) -> list[bytes]:
    """Return the body, a stream's in its frames."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return [answer.content]
    *frames, rest = answer.content.split(b"\n\n")
    return [frame + b"\n\n" for frame in frames] + ([rest] if rest else [])
