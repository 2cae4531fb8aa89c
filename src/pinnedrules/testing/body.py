"""How an answer's frames become the bytes that are written, with the faults that a reply asks for. Pure: no
sockets.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pinnedrules.testing.script import Garbling, Reply

__all__ = ["Body", "garble", "make_body"]


@dataclass(frozen=True, slots=True)
class Body:
    """What to write: *pieces* one after the other, then the connection is *dropped* or the body ends in
    good order.

    ``length`` is what a ``content-length`` header claims; more than the pieces hold when the body is to be
    cut.
    """

    pieces: tuple[bytes, ...]
    length: int
    dropped: bool


_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>\n"


def garble(frames: Sequence[bytes], how: Garbling) -> list[bytes]:
    """Spoil *frames*: the middle one of them, or with ``html`` all."""
    if how == "html":
        return [_PAGE]
    middle = len(frames) // 2
    frame = frames[middle]
    half = len(frame) // 2
    ends = b"\n\n" if frame.endswith(b"\n\n") else b""
    spoiled = frame[:half] + (ends if how == "json" else b"\xff" + frame[half + 1 :])
    return [*frames[:middle], spoiled, *frames[middle + 1 :]]


def make_body(frames: Sequence[bytes], reply: Reply, *, streamed: bool) -> Body:
    """Apply the reply's line ends, comments, cuts, content coding and chunk size to *frames*."""
    if streamed and reply.comments:
        frames = [part for frame in frames for part in (b": keep-alive\n\n", frame)]
    if streamed and reply.crlf:
        frames = [frame.replace(b"\n", b"\r\n") for frame in frames]
    cut = reply.cut_after_frames is not None and reply.cut_after_frames < len(frames)
    pieces = list(_encoded(frames[: reply.cut_after_frames], reply.encoding))
    length = sum(map(len, pieces))
    if reply.cut_after_bytes is not None and reply.cut_after_bytes < length:
        cut = True
        pieces = _shorten(pieces, reply.cut_after_bytes)
    if reply.chunk_bytes is not None:
        pieces = _split(b"".join(pieces), reply.chunk_bytes)
    dropped = cut and not reply.cut_cleanly
    # A dropped body claims more than it brings, however it was cut.
    claimed = max(length, sum(map(len, pieces)) + 1) if dropped else sum(map(len, pieces))
    return Body(tuple(filter(None, pieces)), claimed, dropped)


def _shorten(pieces: Sequence[bytes], size: int) -> list[bytes]:
    short: list[bytes] = []
    for piece in pieces:
        short.append(piece[:size])
        size -= len(short[-1])
    return short


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def _encoded(frames: Sequence[bytes], coding: str) -> Iterator[bytes]:
    """Code every frame so that a reader gets it whole at once, as the services flush their streams."""
    coder = _coder(coding)
    if coder is None:
        yield from frames
        return
    for frame in frames:
        yield coder.feed(frame)
    yield coder.end()


class _Coder(Protocol):
    def feed(self, data: bytes) -> bytes: ...

    def end(self) -> bytes: ...


def _coder(coding: str) -> _Coder | None:
    """Return the coder, or ``None`` for a coding that is only claimed."""
    if coding == "gzip":
        return _Zlib(16 + zlib.MAX_WBITS)
    if coding == "deflate":
        return _Zlib(zlib.MAX_WBITS)
    return _Brotli() if coding == "br" else None


class _Zlib:
    def __init__(self, bits: int) -> None:
        self._coder = zlib.compressobj(wbits=bits)

    def feed(self, data: bytes) -> bytes:
        return self._coder.compress(data) + self._coder.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._coder.flush()


class _Brotli:
    def __init__(self) -> None:
        # Not a dependency of the package; needed only by who asks for it.
        module: Any = importlib.import_module("brotli")
        self._coder = module.Compressor()

    def feed(self, data: bytes) -> bytes:
        coded: bytes = self._coder.process(data) + self._coder.flush()
        return coded

    def end(self) -> bytes:
        coded: bytes = self._coder.finish()
        return coded
