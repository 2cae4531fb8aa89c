"""A provider of the three dialects that answers in constant time, however much it was asked before.

What it answers is named by the request's ``model``: ``text``, ``thinking`` (the same after :data:`THINKING_SECONDS`), or a
call, ``denied`` or ``allowed`` by the rules of ``served.py``. A request that brings a result gets a text. Streams come
event by event, with :data:`EVENT_SECONDS` in between. It counts the requests that carry a pin block.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading

from benchmarks.answers import answer, frames
from benchmarks.child import answer_parent

__all__ = ["CALLS", "EVENTS", "EVENT_SECONDS", "THINKING_SECONDS"]

THINKING_SECONDS = 0.02
EVENT_SECONDS = 0.001
EVENTS = 20

CALLS = {
    "denied": ("send_mail", '{"to":"ann@elsewhere.example","text":"Hello"}'),
    "allowed": ("send_mail", '{"to":"ann@example.com","text":"Hello"}'),
}

_MODEL = re.compile(rb'"model":\s*"([a-z]+)"')
_STREAM = re.compile(rb'"stream":\s*true')
_RESULTS = (b'"tool_call_id"', b'"tool_result"', b'"function_call_output"')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_PATHS = {b"/chat/completions": "chat", b"/messages": "messages", b"/responses": "responses"}
_MARK = b"[operator's rules v"

_WHOLE = {(dialect, name): answer(dialect, call) for dialect in _PATHS.values() for name, call in CALLS.items()}
_TEXT = {dialect: answer(dialect) for dialect in _PATHS.values()}
_STREAMED = {dialect: frames(dialect, [" mail"] * EVENTS) for dialect in _PATHS.values()}


class _Counts:
    requests = 0
    pinned = 0


class _Connection(asyncio.Protocol):
    """Requests with a ``content-length``, one after the other."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answering is not None:
            self._answering.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if found and len(rest) >= size:
            self._buffer = rest[size:]
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            dialect = next(name for ending, name in _PATHS.items() if path.endswith(ending))
            self._answering = asyncio.get_running_loop().create_task(self._answer(dialect, rest[:size]))

    async def _answer(self, dialect: str, body: bytes) -> None:
        _Counts.requests += 1
        _Counts.pinned += _MARK in body
        model = _MODEL.search(body)
        name = model[1].decode() if model else "text"
        if name == "thinking":
            await asyncio.sleep(THINKING_SECONDS)
        if _STREAM.search(body):
            await self._stream(dialect)
            return
        told = any(result in body for result in _RESULTS)
        whole = _TEXT[dialect] if told else _WHOLE.get((dialect, name), _TEXT[dialect])
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(whole)
        self._transport.write(head + whole)

    async def _stream(self, dialect: str) -> None:
        kind = b"content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
        self._transport.write(b"HTTP/1.1 200 OK\r\n" + kind)
        for frame in _STREAMED[dialect]:
            self._transport.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            await asyncio.sleep(EVENT_SECONDS)
        self._transport.write(b"0\r\n\r\n")


def main() -> None:
    """Serve until standard input ends."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=lambda: asyncio.run(_serve(listening)), daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    answer_parent({"url": url}, lambda: {"requests": _Counts.requests, "pinned": _Counts.pinned})


async def _serve(listening: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, sock=listening)
    await server.serve_forever()


if __name__ == "__main__":
    main()
