"""Splits an event stream into frames, by the WHATWG rules for server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

A frame is everything up to and including an empty line. Feeding the same bytes in other chunks gives the same frames:
a carriage return that ends a frame waits for the next byte, which may be its line feed.

A byte order mark before an event's first field is refused: by the specification it is skipped, but both SDKs take it
for a part of the field's name and skip the field, so that an event would be read by one of two readers only.

Both SDKs never dispatch an event whose empty line is missing, so bytes left over at the end are refused. Two
leftovers carry nothing that an SDK could read and are let through: comments, and the ``[DONE]`` line.

A line that begins as JSON is refused: by the specification it is an unknown field and skipped, but it can be a whole JSON
answer, and both SDKs read one as the answer to a request without ``stream``, whatever its content type says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pinnedrules.errors import Unreadable

__all__ = ["LIMIT", "SSE", "Event", "EventSplitter", "Framing", "Splitter", "frame"]

LIMIT = 16 * 1024 * 1024  # bytes of one frame; the largest real ones carry an image or audio in base64

_LINE = re.compile(rb"\r\n|\n|\r")
_EMPTY_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(\r\n|\n|\r(?!\n))")
_BOM = b"\xef\xbb\xbf"


class EventSplitter(Protocol):
    """Turns the chunks of one stream into events."""

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that *data* completes. Raises Unreadable."""
        ...

    def end(self) -> list[Event]:
        """Say that no more bytes come. Raises Unreadable when an event is left over."""
        ...


@dataclass(frozen=True, slots=True)
class Framing:
    """How the events of a stream are written.

    ``media`` is the content type. ``keep_alive`` are bytes that may stand between two events and that every reader skips.
    ``splitter`` makes a reader, ``frame`` writes an event of (data, name).
    """

    media: str
    keep_alive: bytes
    splitter: Callable[[], EventSplitter]
    frame: Callable[[bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class Event:
    """One frame: its bytes, the event name (empty when unnamed) and its data (None when it has no data field)."""

    raw: bytes
    data: bytes | None
    name: str = ""

    def with_data(self, data: bytes) -> bytes:
        """Return the frame with other data; its other lines stay as they are."""
        kept = [line for line in _lines(self.raw.removeprefix(_BOM)) if line and _field(line)[0] != b"data"]
        lines = kept + [b"data: " + line for line in _LINE.split(data)]
        return b"\n".join(lines) + b"\n\n"


def frame(data: bytes, name: str = "") -> bytes:
    """Return a new frame that carries one line of *data*, under an event name if one is given."""
    head = b"event: " + name.encode() + b"\n" if name else b""
    return head + b"data: " + data + b"\n\n"


def _lines(raw: bytes) -> list[bytes]:
    return _LINE.split(raw)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value[1:] if value.startswith(b" ") else value


def _is_one_frame(data: bytes) -> bool:
    """Say quickly that a chunk is exactly one frame with plain line feeds, as almost every chunk is."""
    if b"\r" in data or data.startswith(b"\n"):
        return False
    return data.endswith(b"\n\n") and data.find(b"\n\n") == len(data) - 2


def _read(raw: bytes, first: bool) -> Event:
    body = raw[len(_BOM) :] if first and raw.startswith(_BOM) else raw
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("an event stream that is not UTF-8") from error
    if body is not raw and _field(_lines(body)[0])[0] in (b"data", b"event"):
        raise Unreadable("an event stream that begins with a byte order mark")
    if body.startswith(b"data: ") and body.find(b"\n") == len(body) - 2 and b"\r" not in body:
        return Event(raw, body[6:-2])
    name = ""
    data: list[bytes] = []
    for line in _lines(body):
        key, value = _field(line)
        if key == b"data":
            data.append(value)
        elif key == b"event":
            name = value.decode()
        elif key.lstrip().startswith((b"{", b"[")):
            raise Unreadable("an event stream that holds JSON outside of its events")
    return Event(raw, b"\n".join(data) if data else None, name)


class Splitter:
    """Turns chunks of an event stream into :class:`Event` values."""

    __slots__ = ("_buffer", "_first", "_limit", "_scan")

    def __init__(self, limit: int = LIMIT) -> None:
        self._buffer = bytearray()
        self._first = True
        self._limit = limit
        self._scan = 0

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that *data* completes. Raises Unreadable on a frame that is too long or not UTF-8."""
        if not self._buffer and len(data) <= self._limit and _is_one_frame(data):
            event = _read(data, self._first)
            self._first = False
            return [event]
        self._buffer += data
        return self._cut(final=False)

    def end(self) -> list[Event]:
        """Say that no more bytes come. Raises Unreadable when an event is left over."""
        events = self._cut(final=True)
        if self._buffer:
            event = _read(bytes(self._buffer), self._first)
            if event.data is not None and event.data.strip() != b"[DONE]":
                raise Unreadable("an event stream that ends in the middle of an event")
            self._buffer.clear()
            events.append(event)
        return events

    def _cut(self, final: bool) -> list[Event]:
        events: list[Event] = []
        start = 0
        while (stop := self._frame_end(start, final)) > 0:
            events.append(_read(bytes(self._buffer[start:stop]), self._first))
            self._first = False
            start = stop
        if start:
            del self._buffer[:start]
        self._scan = len(self._buffer)
        if len(self._buffer) > self._limit:
            raise Unreadable(f"an event of more than {self._limit} bytes")
        return events

    def _frame_end(self, start: int, final: bool) -> int:
        """Return where the frame that begins at *start* ends, 0 when it does not end yet."""
        buffer = self._buffer
        found = _LINE.match(buffer, start)
        if found is None:
            # An empty line needs at most four bytes, so the last three of a former look are looked at again.
            found = _EMPTY_LINE.search(buffer, max(start, self._scan - 3))
        if found is None:
            return 0
        stop = found.end()
        if stop == len(buffer) and buffer[stop - 1] == 0x0D and not final:
            return 0
        if stop - start > self._limit:
            raise Unreadable(f"an event of more than {self._limit} bytes")
        return stop


# A comment line alone: an empty line after it would end an event for readers that saw an id before.
SSE = Framing("text/event-stream", b": waiting for a person\n", Splitter, frame)
