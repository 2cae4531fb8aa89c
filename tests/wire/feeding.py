"""Feeding streams in pieces, and the golden transcripts."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pinnedrules.types import Outcome, Release
from pinnedrules.wire.base import Answer, Dialect, Frame, Key, StreamReader

GOLDEN = Path(__file__).parent / "golden"
TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


def golden(name: str) -> bytes:
    """Return the bytes of one golden transcript."""
    return (GOLDEN / name).read_bytes()


def streams(prefix: str) -> list[str]:
    """Return the names of the golden streams of one dialect."""
    return sorted(path.name for path in GOLDEN.glob(f"{prefix}_*.sse"))


def whole(data: bytes) -> list[bytes]:
    """Return the data in one piece."""
    return [data]


def byte_by_byte(data: bytes) -> list[bytes]:
    """Return the data in pieces of one byte."""
    return [data[n : n + 1] for n in range(len(data))]


def cut(data: bytes, seed: int, most: int = 60) -> Iterator[bytes]:
    """Yield the data in pieces of random sizes."""
    dice = random.Random(seed)
    start = 0
    while start < len(data):
        stop = start + dice.randint(1, most)
        yield data[start:stop]
        start = stop


def read(reader: StreamReader, chunks: Iterable[bytes]) -> list[Frame]:
    """Feed all chunks, end the stream and return its frames."""
    frames = [frame for chunk in chunks for frame in reader.feed(chunk)]
    return frames + reader.end()


def read_stream(dialect: Dialect, data: bytes) -> tuple[StreamReader, list[Frame], Answer]:
    """Read a whole stream."""
    reader = dialect.read_stream()
    frames = read(reader, [data])
    return reader, frames, reader.answer()


def released(answer: Answer, **_: object) -> dict[Key, Outcome]:
    """Return outcomes that release every call."""
    return {key: Release() for key in answer.calls}


def rendered(reader: StreamReader, frames: Iterable[Frame], outcomes: Mapping[Key, Outcome]) -> bytes:
    """Render all frames in order."""
    return b"".join(reader.render(frame, outcomes) for frame in frames)


def sse(*data: bytes) -> bytes:
    """Return unnamed events of these data lines."""
    return b"".join(b"data: " + line + b"\n\n" for line in data)
