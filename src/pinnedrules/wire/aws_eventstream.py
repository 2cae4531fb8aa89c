"""Splits Amazon's binary event streams into events, and writes such frames, as Bedrock's streams of Anthropic's models are.

A frame is a prelude (length of the frame, length of the headers, their CRC-32), headers, a payload and the CRC-32 of all
before it, numbers big-endian: https://smithy.io/2.0/aws/amazon-eventstream.html. In ``InvokeModelWithResponseStream`` the
payload of a ``chunk`` is JSON whose ``bytes`` are one event of the Messages API in base64, and the other frames are
exceptions: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html

Rules of this file:

1. Both checksums are checked. What has a header or a type of event that is not known is refused, because the SDK may read
   it in another way than it is read here.
2. A frame that is not edited keeps its bytes, padding included; an edited one keeps its headers.
3. Feeding the same bytes in other chunks gives the same events.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from pinnedrules.errors import Unreadable
from pinnedrules.wire.hidden import refuse_hidden_calls
from pinnedrules.wire.json_text import dumps, loads, loads_unique, obj
from pinnedrules.wire.sse import LIMIT, Event, Framing

__all__ = ["EVENTSTREAM", "MEDIA", "BinaryEvent", "BinarySplitter", "binary_frame", "encode"]

MEDIA = "application/vnd.amazon.eventstream"

_PRELUDE = 12  # bytes: two lengths and a checksum
_CHECKSUM = 4
_LEAST = _PRELUDE + _CHECKSUM
_HEADERS_LIMIT = 128 * 1024  # bytes, as in botocore
_STRING = 7  # the type of a header's value
_KNOWN = frozenset(
    {":content-type", ":error-code", ":error-message", ":event-type", ":exception-type", ":message-type"}
)
_CHUNK: Mapping[str, str] = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}


@dataclass(frozen=True, slots=True)
class BinaryEvent(Event):
    """One frame, with the event of the Messages API in it as ``name`` and ``data``; an exception is called ``error``."""

    headers: Mapping[str, str] = field(default_factory=dict)

    def with_data(self, data: bytes) -> bytes:
        """Return the frame with other data; its headers stay as they are."""
        return encode(self.headers or _CHUNK, _payload(data))


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return a frame; all headers are strings. Raises ValueError for a name or a value that does not fit."""
    try:
        head = b"".join(
            len(name.encode()).to_bytes(1) + name.encode() + _sized(value.encode()) for name, value in headers.items()
        )
    except OverflowError as error:
        raise ValueError("a header that is too long for an event stream") from error
    prelude = _number(_LEAST + len(head) + len(payload)) + _number(len(head))
    message = prelude + _number(zlib.crc32(prelude)) + head + payload
    return message + _number(zlib.crc32(message))


def binary_frame(data: bytes, name: str = "") -> bytes:
    """Return a new frame that carries *data*, which says itself what it is; *name* is not written."""
    return encode(_CHUNK, _payload(data))


class BinarySplitter:
    """Turns chunks of a binary event stream into :class:`BinaryEvent` values."""

    __slots__ = ("_buffer", "_limit")

    def __init__(self, limit: int = LIMIT) -> None:
        self._buffer = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that *data* completes. Raises Unreadable."""
        self._buffer += data
        events: list[Event] = []
        start = 0
        while (size := self._size(start)) and start + size <= len(self._buffer):
            events.append(_read(bytes(self._buffer[start : start + size])))
            start += size
        del self._buffer[:start]
        return events

    def end(self) -> list[Event]:
        """Say that no more bytes come. Raises Unreadable when a frame is left over."""
        if self._buffer:
            raise Unreadable("a binary event stream that ends in the middle of a frame")
        return []

    def _size(self, start: int) -> int:
        """Return the length of the frame that begins at *start*, 0 when that is not known yet. Raises Unreadable."""
        prelude = self._buffer[start : start + _PRELUDE]
        if len(prelude) < _PRELUDE:
            return 0
        # Checked before the length is believed: a wrong one would make everything after it wait.
        if zlib.crc32(prelude[:8]) != _read_number(prelude, 8):
            raise Unreadable("a frame of a binary event stream whose prelude has a wrong checksum")
        size, headers = _read_number(prelude, 0), _read_number(prelude, 4)
        if size > self._limit:
            raise Unreadable(f"an event of more than {self._limit} bytes")
        if size < _LEAST + headers or headers > _HEADERS_LIMIT:
            raise Unreadable("a frame of a binary event stream with an impossible length")
        return size


def _read(raw: bytes) -> BinaryEvent:
    """Read one whole frame whose prelude is right."""
    if zlib.crc32(raw[:-_CHECKSUM]) != _read_number(raw, len(raw) - _CHECKSUM):
        raise Unreadable("a frame of a binary event stream with a wrong checksum")
    stop = _PRELUDE + _read_number(raw, 4)
    headers, payload = _headers(raw[_PRELUDE:stop]), raw[stop:-_CHECKSUM]
    kind = headers.get(":message-type")
    if kind == "event" and headers.get(":event-type") == "chunk":
        name, data = _chunk(payload)
        return BinaryEvent(raw, data, name, headers)
    if (kind == "exception" and headers.get(":exception-type")) or (kind == "error" and headers.get(":error-code")):
        return BinaryEvent(raw, payload or None, "error", headers)
    raise Unreadable("a frame of a binary event stream of a kind that is not known")


def _headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    place = 0
    while place < len(data):
        name, place = _text(data, place, 1)
        if name not in _KNOWN or name in headers or data[place : place + 1] != bytes((_STRING,)):
            raise Unreadable("a frame of a binary event stream with a header that is not known")
        headers[name], place = _text(data, place + 1, 2)
    return headers


def _text(data: bytes, place: int, width: int) -> tuple[str, int]:
    """Return the text at *place*, whose length is told in *width* bytes before it, and where it ends."""
    start = place + width
    stop = start + int.from_bytes(data[place:start])
    if stop > len(data):
        raise Unreadable("a frame of a binary event stream whose headers are cut")
    try:
        return data[start:stop].decode(), stop
    except UnicodeDecodeError as error:
        raise Unreadable("a frame of a binary event stream whose headers are not UTF-8") from error


def _chunk(payload: bytes) -> tuple[str, bytes | None]:
    """Return name and data of the event in a chunk; no data for one that the SDK skips."""
    value = loads_unique(payload)
    if not isinstance(value, dict):
        raise Unreadable("a chunk that is not an object")
    refuse_hidden_calls(value)
    coded = value.get("bytes")
    if coded is None:
        return "", None
    try:
        data = base64.b64decode(coded, validate=True) if isinstance(coded, str) else None
    except (binascii.Error, ValueError):
        data = None
    if data is None:
        raise Unreadable("a chunk whose bytes are not in base64")
    event = loads(data)
    if not isinstance(event, dict):
        raise Unreadable("a chunk that holds no event")
    name = event.get("type")
    if isinstance(name, str):
        return name, data
    # A guardrail's trace has no type, and the SDK skips it; a text completion has none either, and is not gated.
    refuse_hidden_calls(event)
    if "completion" in event or name is not None:
        raise Unreadable("a chunk that holds no event of the Messages API")
    return "", None


def _payload(data: bytes) -> bytes:
    return obj([("bytes", dumps(base64.b64encode(data).decode()))])


def _sized(value: bytes) -> bytes:
    return bytes((_STRING,)) + len(value).to_bytes(2) + value


def _number(value: int) -> bytes:
    return value.to_bytes(4)


def _read_number(data: bytes | bytearray, place: int) -> int:
    return int.from_bytes(data[place : place + 4])


# A chunk without bytes is skipped by the SDK, as a comment is where events are text.
EVENTSTREAM = Framing(MEDIA, encode(_CHUNK, b"{}"), BinarySplitter, binary_frame)
