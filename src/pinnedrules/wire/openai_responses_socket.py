"""The Responses API over a websocket: every message is one JSON object, the same that an event stream would carry.

https://developers.openai.com/api/docs/guides/websocket-mode and ``types/responses/responses_client_event.py``,
``responses_server_event.py`` of openai-python 3.54. A ``response.create`` is a request body with a ``type`` and maybe a
``stream_id``, which names one of several answers that come at the same time; ``stream`` goes without saying.

Inside the gate a message is ended by a record separator (as in RFC 7464), which no JSON text can hold. The connection keeps
its last answer whatever ``store`` says, so that answer can be continued by its id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pinnedrules.errors import PathRefused, Unreadable
from pinnedrules.wire.base import Answer, RequestFacts, StreamReader
from pinnedrules.wire.json_text import Object, loads, quote
from pinnedrules.wire.openai_responses import OpenAIResponses
from pinnedrules.wire.openai_responses_answer import ResponsesAnswer
from pinnedrules.wire.openai_responses_render import ResponsesStream
from pinnedrules.wire.openai_responses_stream import EventReader
from pinnedrules.wire.sse import LIMIT, Event, Framing

__all__ = [
    "MESSAGES",
    "Heard",
    "ResponsesSocket",
    "hear",
    "messages",
    "not_asked_for",
    "on_stream",
    "pack",
    "said_on",
]

_END = b"\x1e"
_CREATE = "response.create"
_LAST = frozenset(
    {
        "error",
        "response.cancelled",
        "response.completed",
        "response.done",
        "response.failed",
        "response.incomplete",
    }
)
_STEERS = (
    "it changes what the model is asked while it answers, where neither the rules nor the history could be checked"
)
_REFUSED: Mapping[str, tuple[str, str]] = {
    "response.steer": (_STEERS, "wait for the end of the answer and send the text with the next response.create"),
    "response.inject": (_STEERS, "wait for the end of the answer and send the items with the next response.create"),
}


@dataclass(frozen=True, slots=True)
class MessageEvent(Event):
    """One message of the provider's."""

    def with_data(self, data: bytes) -> bytes:
        """Return a message with other data."""
        return pack(data)


class MessageSplitter:
    """Turns the messages of one answer into :class:`MessageEvent` values."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        """Return the messages that *data* completes. Raises Unreadable on one that is too long."""
        *whole, self._rest = (self._rest + data).split(_END)
        if any(len(one) > LIMIT for one in (*whole, self._rest)):
            raise Unreadable(f"a message of more than {LIMIT} bytes")
        return [MessageEvent(pack(one), one) for one in whole]

    def end(self) -> list[Event]:
        """Say that no more bytes come. Raises Unreadable when a part of a message is left over."""
        if self._rest:
            raise Unreadable("a part of a message")
        return []


def pack(data: bytes, name: str = "") -> bytes:
    """Return one message as the gate reads and writes it; *data* says itself what it is, so *name* is not written."""
    return data + _END


def messages(data: bytes) -> list[bytes]:
    """Return the messages that the gate wrote."""
    return data.split(_END)[:-1]


MESSAGES = Framing("application/x-websocket-messages", b"", MessageSplitter, pack)


class SocketStream(ResponsesStream):
    """One answer over a websocket."""

    def __init__(self, before: Sequence[tuple[Answer, str]] = ()) -> None:
        super().__init__(before, MESSAGES)

    def answer(self) -> ResponsesAnswer:
        """Return the answer; it can be continued by its id as long as the connection is open, at least."""
        found = super().answer()
        place = f"response:{found.id}"
        return found if not found.id or place in found.places else replace(found, places=(place, *found.places))


class ResponsesSocket(OpenAIResponses):
    """The Responses API as a websocket carries it; see :class:`pinnedrules.wire.base.Dialect`."""

    framing = MESSAGES
    _always_kept = True

    def read_request(self, body: bytes) -> RequestFacts:
        """Read a ``response.create``. Raises Unreadable."""
        if Object(body).get("response") is not None:
            raise Unreadable("a response.create with a second request inside of it")
        return replace(super().read_request(body), stream=True)

    def read_stream(self, before: Sequence[tuple[Answer, str]] = ()) -> StreamReader:
        """Return a reader for one answer."""
        return SocketStream(before)


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a message of the provider's belongs.

    ``stream`` is empty when it names none. ``last`` says that no more of the answer comes, ``failed`` that an error ended
    it. ``response`` is the id of the response that the message repeats, if it does.
    """

    stream: str
    last: bool
    response: str = ""
    failed: bool = False


def said_on(data: str | bytes) -> tuple[bytes, str]:
    """Return the request in a message of the client's and the name of its stream.

    Raises PathRefused for anything that is no ``response.create``, and Unreadable.
    """
    if isinstance(data, bytes):
        raise Unreadable("A binary message is no request.", next_step="send text")
    body = _encoded(data)
    request = Object(body)
    kind = request.value("type")
    if kind != _CREATE:
        reason, instead = _REFUSED.get(str(kind), ("of which it is not known what it does", f"send {_CREATE} only"))
        raise PathRefused(f"A message {str(kind)[:40]!r} is not gated: {reason}.", next_step=instead)
    stream = request.value("stream_id")
    if not isinstance(stream, str | None) or stream == "":
        raise Unreadable("a stream_id that is no name")
    return body, stream or ""


def hear(data: str | bytes) -> tuple[bytes, Heard]:
    """Read where a message of the provider's belongs. Raises Unreadable."""
    if isinstance(data, bytes):
        raise Unreadable("The provider sent a binary message, in which no call could be found.")
    body = _encoded(data)
    value = loads(body)
    if not isinstance(value, dict):
        raise Unreadable("a message that is not a JSON object")
    stream = value.get("stream_id")
    if not isinstance(stream, str | None):
        raise Unreadable("a stream_id that is no name")
    # What has an error is read as one, whatever it is called (see EventReader).
    failed = value.get("type") == "error" or bool(value.get("error"))
    response = value.get("response")
    identifier = response.get("id") if isinstance(response, dict) else ""
    named = identifier if isinstance(identifier, str) else ""
    return body, Heard(stream or "", failed or value.get("type") in _LAST, named, failed)


def not_asked_for(body: bytes, *, late: bool = False) -> None:
    """Check a message that belongs to no answer under way. Raises Unreadable when it is more than a notice or an error.

    *late* says that an error ended its answer: the service may still say how it ended.
    """
    for frame in EventReader().read(MessageEvent(pack(body), body)):
        expected = frame.kind == "other" or (late and frame.kind == "end")
        if not expected or frame.keys or frame.done:
            raise Unreadable("an answer that nobody asked for")


def on_stream(body: bytes, stream: str) -> bytes:
    """Return a message that names its stream, as the provider's own do."""
    message = Object(body)
    return body if not stream or message.get("stream_id") else message.edit({"stream_id": quote(stream)})


def _encoded(data: str) -> bytes:
    try:
        body = data.encode()
    except UnicodeEncodeError as error:
        raise Unreadable("a message that is not Unicode text") from error
    if _END in body:
        raise Unreadable("a message with a control character in it")
    return body
