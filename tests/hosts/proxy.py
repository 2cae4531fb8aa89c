"""A proxy on loopback as an environment names one: it makes tunnels (CONNECT) and hands plain requests on (RFC 9110, 9.3.6).

Every tunnel ends in a server that speaks TLS as ``model.invalid`` and hands what it reads to the provider. Its certificate
and key (``model_invalid.pem``) were made for these tests and vouch for no other name.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from pinnedrules.testing.provider import ScriptedProvider

__all__ = ["CERTIFICATE", "Proxy"]

CERTIFICATE = Path(__file__).with_name("model_invalid.pem")
_HEAD = b"\r\n\r\n"


class Proxy:
    """Serves from ``with`` to the end of its block. ``asked`` are the first lines of what it was asked, without version."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.asked: list[str] = []
        self.port = 0
        self._provider = urlsplit(provider.url)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="proxy")

    def __enter__(self) -> Proxy:
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
        """What a variable of the environment holds."""
        return f"http://127.0.0.1:{self.port}"

    async def _run(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        inside = await asyncio.start_server(self._to_provider, "127.0.0.1", 0, ssl=context)
        self._inside = inside.sockets[0].getsockname()[1]
        outside = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = outside.sockets[0].getsockname()[1]
        self._ready.set()
        await self._leave.wait()
        outside.close()
        inside.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(_HEAD)
        except asyncio.IncompleteReadError:
            writer.close()
            return
        self.asked.append(head.split(b"\r\n")[0].decode().rpartition(" ")[0])
        if head.startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established" + _HEAD)
            await _join(reader, writer, self._inside)
        else:
            await _join(reader, writer, self._provider.port, head)

    async def _to_provider(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, self._provider.port)


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int | None, first: bytes = b""
) -> None:
    """Carry bytes both ways until either side ends."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(first)
    ways = [asyncio.ensure_future(_carry(reader, back)), asyncio.ensure_future(_carry(there, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in ways:
            each.cancel()
        for end in (back, writer):
            end.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
