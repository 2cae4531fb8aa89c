"""A websocket of the Responses API on loopback: what a client sends is asked of a scripted provider over HTTP.

So the provider's own checks (every call answered, histories kept, nothing unknown) hold for websockets as well.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from pinnedrules.testing.provider import ScriptedProvider

__all__ = ["Bridge", "Message"]

Message = str | bytes | None
"""A message of the server's; None closes the connection instead."""

CUT = 1011  # an error of the server's, after which the SDK may connect again


class Bridge:
    """Serves from ``with`` to the end of its block. *spoil* changes the messages of an answer.

    ``frames`` are the messages that arrived, ``connections`` how many were opened, ``closed`` the codes that clients
    closed them with.
    """

    def __init__(
        self,
        provider: ScriptedProvider,
        spoil: Callable[[Iterator[str]], Iterable[Message]] = lambda messages: messages,
    ) -> None:
        self.provider = provider
        self.spoil = spoil
        self.frames: list[str | bytes] = []
        self.connections = 0
        self.closed: list[int | None] = []
        self._over = threading.Condition()
        self._server: Server = serve(self._serve, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Bridge:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()

    @property
    def url(self) -> str:
        """The base URL of websockets."""
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/v1"

    @property
    def creates(self) -> list[dict[str, Any]]:
        """The requests that arrived."""
        return [json.loads(frame) for frame in self.frames]

    def until_closed(self) -> int | None:
        """Return the code with which the last connection was closed, once it is."""
        with self._over:
            assert self._over.wait_for(lambda: 0 < self.connections == len(self.closed), timeout=10)
            return self.closed[-1]

    def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        try:
            for frame in connection:
                self.frames.append(frame)
                for message in self.spoil(self._answer(json.loads(frame))):
                    if message is None:
                        connection.close(CUT)
                        return
                    connection.send(message)
        except ConnectionClosed:
            pass
        finally:
            with self._over:
                self.closed.append(connection.close_code)
                self._over.notify_all()

    def _answer(self, asked: dict[str, Any]) -> Iterator[str]:
        kind, stream, store = asked.pop("type"), asked.pop("stream_id", None), asked.pop("store", True)
        assert kind == "response.create", f"the client sent a {kind}"
        request = urllib.request.Request(
            f"{self.provider.openai_url}/responses",
            json.dumps({**asked, "stream": True}).encode(),
            {"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                for line in answer:
                    if line.startswith(b"data: "):
                        yield _told(json.loads(line.removeprefix(b"data: ")), stream, store)
        except urllib.error.HTTPError as error:
            with error:
                yield _told({"type": "error", "status": error.code, **json.loads(error.read())}, stream, store)


def _told(event: dict[str, Any], stream: str | None, store: bool) -> str:
    if stream is not None:
        event["stream_id"] = stream
    if not store and "response" in event:
        event["response"]["store"] = False
    return json.dumps(event)
