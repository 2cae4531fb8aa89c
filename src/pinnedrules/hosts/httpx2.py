"""The gated transports for httpx2."""

from __future__ import annotations

import httpx2
from httpx2._decoders import SUPPORTED_DECODERS

from pinnedrules.hosts.transport import AsyncChunks, AsyncGated, Chunks, Gated, Library

__all__ = ["AsyncTransport", "Transport"]


class _Stream(Chunks, httpx2.SyncByteStream):
    pass


class _AsyncStream(AsyncChunks, httpx2.AsyncByteStream):
    pass


_LIBRARY = Library(httpx2, frozenset(SUPPORTED_DECODERS), _Stream, _AsyncStream)


class Transport(Gated, httpx2.BaseTransport):
    """A gated httpx2 transport."""

    library = _LIBRARY


class AsyncTransport(AsyncGated, httpx2.AsyncBaseTransport):
    """A gated httpx2 transport for an event loop."""

    library = _LIBRARY
