"""A model provider on loopback, served over real HTTP, that says what it is scripted to say and refuses
what the real ones refuse.

::

    with ScriptedProvider(Script([Reply("hello")])) as provider:
        client = openai.OpenAI(base_url=provider.openai_url, api_key="any")

It serves ``POST <any base>/chat/completions``, ``POST <any base>/messages`` and ``POST <any base>/responses`` as JSON and
as event streams with chunked transfer coding over kept-alive connections (messages also as Vertex AI does, with the model
in the path), what belongs to the last (conversations, the compaction endpoint, background responses), models, embeddings,
moderations and token counts. It records the exact bytes of every request and answer. It shares no code with what it is
used to test: a mistake made in reading a wire format is not made here a second time.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pinnedrules.testing.body import garble, make_body
from pinnedrules.testing.chat import Chat
from pinnedrules.testing.doors import plain_door
from pinnedrules.testing.exchange import Exchange, HttpError, object_in
from pinnedrules.testing.history import History, Moved
from pinnedrules.testing.messages_threads import Threaded
from pinnedrules.testing.responses import Compact, Responses
from pinnedrules.testing.responses_doors import Doors
from pinnedrules.testing.responses_store import NotHeld
from pinnedrules.testing.script import Model, Reply, Seen
from pinnedrules.testing.server import Handler, Server
from pinnedrules.testing.shapes import Given, Problem, Turn, Wire

__all__ = ["ScriptedProvider"]


_ASKING = ("/chat/completions", "/messages", "/responses", "/responses/compact")
_VERTEX = re.compile(r".*/publishers/anthropic/models/([^/:]+):(?:rawPredict|streamRawPredict)")


class ScriptedProvider:
    """Serves *model* from ``with`` to the end of its block; leaving it raises what the model function
    raised.

    With *key*, requests must carry it (``Authorization: Bearer`` or ``x-api-key``), else 401 as the
    services do.
    """

    def __init__(self, model: Model, *, key: str | None = None) -> None:
        self._model = model
        self._key = key
        self._chat = Chat()
        self._messages = Threaded(secrets.token_bytes(32))
        self._responses = Responses()
        self._compact = Compact(self._responses.store)
        self._doors = Doors(self._responses)
        self._history = History()
        self._lock = threading.Lock()
        self._requests: list[Exchange] = []
        self._errors: list[Exception] = []
        self._server = Server(self._serve)

    def __enter__(self) -> ScriptedProvider:
        """Start serving."""
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving; raise the model function's first error, or add it as a note to the error on its
        way.
        """
        self._server.stop()
        for mistake in self._errors[:1]:
            if error is None:
                raise mistake
            error.add_note(f"the scripted model raised {mistake!r}")

    @property
    def url(self) -> str:
        """The server's address, without a path: the base URL of an Anthropic client."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """The base URL of an OpenAI client."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """Everything that was asked so far, refused or not."""
        with self._lock:
            return tuple(self._requests)

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What the model was shown so far."""
        return tuple(exchange.seen for exchange in self.requests if exchange.seen is not None)

    @property
    def moved_prefixes(self) -> tuple[Moved, ...]:
        """Requests that go on with an earlier conversation and changed what stands before its end: a lost
        prompt cache.
        """
        return self._history.moved("extended")

    @property
    def rewritten_histories(self) -> tuple[Moved, ...]:
        """Requests that begin as an earlier conversation did and go on otherwise: compactions, edits,
        forks.
        """
        return self._history.moved("rewritten")

    @property
    def dropped_reasoning(self) -> tuple[tuple[int, str], ...]:
        """Reasoning items of Responses (number of the request, id) that the model was not shown, because what stood
        before them had changed.
        """
        return tuple(self._responses.dropped)

    def _serve(self, handler: Handler) -> None:
        exchange = self._record(handler)
        wire = self._wire(exchange)
        try:
            self._admit(exchange)
            given = self._without_model(exchange)
            if given is not None:
                _write(handler, exchange, wire, list(given.frames), _habits(given.habits), streamed=given.streamed)
                return
            reply, turn = self._ask(exchange, wire)
            handler.wait(reply.delay)
            self._answer(handler, exchange, wire, reply, turn)
        except HttpError as refusal:
            error = wire.error(refusal.status, refusal.problem, exchange.request_id)
            _write(
                handler,
                exchange,
                wire,
                [error],
                Reply(status=refusal.status, headers=refusal.headers),
                streamed=False,
            )

    def _record(self, handler: Handler) -> Exchange:
        body = handler.read_body()
        headers = tuple((name, value) for name, value in handler.headers.items())
        with self._lock:
            exchange = Exchange(len(self._requests), handler.command, handler.path, headers, body)
            self._requests.append(exchange)
        return exchange

    def _wire(self, exchange: Exchange) -> Wire:
        path = urlsplit(exchange.path).path
        if exchange.header("anthropic-version") or "/messages" in path or _VERTEX.fullmatch(path):
            return self._messages
        if path.endswith("/responses/compact"):
            return self._compact
        return self._responses if "/responses" in path or "/conversations" in path else self._chat

    def _admit(self, exchange: Exchange) -> None:
        """Check key and protocol. Raises HttpError."""
        keys = (exchange.header("x-api-key"), exchange.header("authorization").removeprefix("Bearer "))
        if self._key is not None and self._key not in keys:
            raise HttpError(401, Problem("Incorrect API key provided.", None, "invalid_api_key"))
        if exchange.header("upgrade"):
            raise HttpError(426, Problem("This server speaks plain HTTP only."))

    def _without_model(self, exchange: Exchange) -> Given | None:
        """Answer what is no question to the model. Raises HttpError."""
        path, query = urlsplit(exchange.path).path, dict(parse_qsl(urlsplit(exchange.path).query))
        if exchange.method == "POST" and (path.endswith(_ASKING) or _VERTEX.fullmatch(path)):
            return None
        body = object_in(exchange.body) if exchange.body else {}
        anthropic = bool(exchange.header("anthropic-version"))
        given = plain_door(exchange.method, path, body, exchange.number, anthropic=anthropic)
        if given is None:
            try:
                given = self._doors.answer(exchange.method, path, query, body, exchange.number)
            except NotHeld as missing:
                raise HttpError(missing.problem.status, missing.problem) from None
        if given is None:
            raise HttpError(404, Problem(f"Invalid URL ({exchange.method} {exchange.path})"))
        return given

    def _ask(self, exchange: Exchange, wire: Wire) -> tuple[Reply, Turn]:
        """Check a request as the service would and ask the model. Raises HttpError."""
        body = object_in(exchange.body)
        if named := _VERTEX.fullmatch(urlsplit(exchange.path).path):
            # There the model is in the path, and only there.
            body = {"model": named[1], **body}
        problem = wire.problem(body)
        if problem is not None:
            raise HttpError(problem.status, problem)
        known = self._history.add(exchange.number, wire.prefix(body))
        exchange.seen = _see(exchange, wire, body)
        try:
            exchange.reply = self._model(exchange.seen)
        except Exception as error:
            raise self._mistake(error) from error
        return exchange.reply, Turn(exchange.number, body, known)

    def _mistake(self, error: Exception) -> HttpError:
        """Note what the scripted model did wrong."""
        with self._lock:
            self._errors.append(error)
        return HttpError(500, Problem(f"the scripted model raised {error!r}"))

    def _answer(self, handler: Handler, exchange: Exchange, wire: Wire, reply: Reply, turn: Turn) -> None:
        streamed = turn.body.get("stream") is True and wire is not self._compact
        if reply.raw is not None:
            frames = [reply.raw]
        elif reply.status != 200:
            wait = {} if reply.retry_after is None else {"retry-after": f"{reply.retry_after:g}"}
            raise HttpError(
                reply.status,
                Problem(reply.message or "The service had an error."),
                wait | dict(reply.headers),
            )
        else:
            try:
                frames = wire.frames(reply, turn) if streamed else [wire.json(reply, turn)]
            except ValueError as error:
                raise self._mistake(error) from error
        if reply.error_after_frames is not None:
            frames = [
                *frames[: reply.error_after_frames],
                wire.error_frame(Problem(reply.message or "Overloaded"), reply.error_after_frames),
            ]
        if reply.garbled is not None:
            frames = garble(frames, reply.garbled)
        _write(handler, exchange, wire, frames, reply, streamed=streamed)


def _write(
    handler: Handler, exchange: Exchange, wire: Wire, frames: list[bytes], reply: Reply, *, streamed: bool
) -> None:
    kind = "text/event-stream; charset=utf-8" if streamed else "application/json"
    headers = {
        "content-type": reply.content_type or ("text/html" if reply.garbled == "html" else kind),
        "request-id" if wire.name == "messages" else "x-request-id": exchange.request_id,
    }
    if reply.encoding:
        headers["content-encoding"] = reply.encoding
    exchange.status = reply.status
    body = make_body(frames, reply, streamed=streamed)
    try:
        handler.write(
            reply.status,
            headers | dict(reply.headers),
            body,
            chunked=streamed,
            pause=reply.frame_delay,
            log=exchange.answer,
        )
    except ConnectionError:
        exchange.gone = True
        raise


def _habits(reply: Reply) -> Reply:
    """Return how a reply is written, without its faults: they belong to the request that the model was asked by."""
    return Reply(
        crlf=reply.crlf,
        comments=reply.comments,
        chunk_bytes=reply.chunk_bytes,
        encoding=reply.encoding,
        frame_delay=reply.frame_delay,
    )


def _see(exchange: Exchange, wire: Wire, body: Mapping[str, Any]) -> Seen:
    shown = wire.shown(body)
    headers = {name.lower(): value for name, value in exchange.headers}
    return Seen(
        exchange.number,
        wire.name,
        exchange.path,
        headers,
        body,
        exchange.body,
        shown.texts,
        shown.calls,
        shown.tools,
        shown.history,
    )
