"""The gated transports for httpx."""

from __future__ import annotations

import httpx
from httpx._decoders import SUPPORTED_DECODERS

from pinnedrules.hosts.transport import AsyncChunks, AsyncGated, Chunks, Gated, Library

__all__ = ["AsyncTransport", "Transport"]


class _Stream(Chunks, httpx.SyncByteStream):
    pass


class _AsyncStream(AsyncChunks, httpx.AsyncByteStream):
    pass


_LIBRARY = Library(httpx, frozenset(SUPPORTED_DECODERS), _Stream, _AsyncStream)


class Transport(Gated, httpx.BaseTransport):
    """A gated httpx transport."""

    library = _LIBRARY


class AsyncTransport(AsyncGated, httpx.AsyncBaseTransport):
    """A gated httpx transport for an event loop."""

    library = _LIBRARY
