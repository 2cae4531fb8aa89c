"""What the sidecar is compared with: a proxy that hands on requests and answers and looks at nothing.

It is served as the sidecar is (uvicorn on h11, without a log) and sends with the same client (httpx2, pooled). It is leaner
where a proxy without a gate can be: no token, no watch on the client, raw bytes of the answer.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading

import httpx2
import uvicorn
from starlette.types import Receive, Scope, Send

from benchmarks.child import answer_parent

__all__ = ["PassThrough"]

_DROPPED = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding", b"keep-alive"})


class PassThrough:
    """An ASGI application that sends everything to *server*."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._client = httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=None))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            return
        headers = [pair for pair in scope["headers"] if pair[0] not in _DROPPED]
        url = self._server + scope["raw_path"].decode("latin-1")
        request = httpx2.Request(scope["method"], url, headers=headers, content=await _body(receive))
        answer = await self._client.send(request, stream=True)
        kept = [(name, value) for name, value in answer.headers.raw if name.lower() not in _DROPPED]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
        async for data in answer.aiter_raw():
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        await answer.aclose()


async def _body(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def main() -> None:
    """Serve the server named on the command line until standard input ends."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        PassThrough(sys.argv[1]),
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=600,
    )
    served = uvicorn.Server(config)
    threading.Thread(target=lambda: asyncio.run(served.serve(sockets=[listening])), daemon=True).start()
    answer_parent({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"})


if __name__ == "__main__":
    main()
