"""A server on loopback that writes down whatever reaches it, and answers with a call that no rule allows wherever it can."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.hosts.aws import frames
from tests.wire import chat_parts, message_parts, response_parts

__all__ = ["Knock", "Recorder", "shows_a_call"]

_MARK = "to_be_run"
_INPUT = {"id": "7", _MARK: True}
_ARGUMENTS = json.dumps(_INPUT)
_CALL = response_parts.function("7", "delete_mail", _ARGUMENTS)
_CHAT = chat_parts.opening(0, "delete_mail", "call_7", _ARGUMENTS)
_MESSAGES = ("/messages", ":rawPredict", ":streamRawPredict", "/invoke")
"""How the doors of Anthropic's messages end: at its own API, at Vertex AI, at Amazon Bedrock."""
_PLAIN = {
    "id": "x1",
    "object": "thing",
    "type": "thing",
    "status": "completed",
    "data": [],
    "has_more": False,
    "created_at": 1,
    "output": [],
    "results_url": "/v1/messages/batches/x1/results",
}


@dataclass(frozen=True)
class Knock:
    """One request that arrived."""

    method: str
    path: str
    body: bytes = b""
    upgrade: bool = False


def shows_a_call(seen: str) -> bool:
    """Say whether a call that the recorder proposed is in what was seen; a refusal's words name arguments unquoted."""
    return re.search(rf"[\"']{_MARK}\\?[\"']", seen) is not None


class Recorder(ThreadingHTTPServer):
    """Serves from ``with`` to the end of its block; ``knocks`` is what arrived."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.knocks: list[Knock] = []
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """The base URL of an OpenAI client."""
        return f"{self.url}/v1"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def _serve(self) -> None:
        assert isinstance(self.server, Recorder)
        body = self._body()
        upgrade = "websocket" in self.headers.get("upgrade", "").lower()
        self.server.knocks.append(Knock(self.command, self.path, body, upgrade))
        if upgrade:
            self._write(426, b"{}", "application/json")
            return
        if self.path.split("?")[0].endswith(("/work/poll", "/v1/sessions/x1/events/stream")):
            # What polls for work, or reads the events of a session, would never end.
            self._write(404, b"{}", "application/json")
            return
        path = self.path.split("?")[0]
        if path.endswith("/invoke-with-response-stream"):
            self._write(200, b"".join(frames(_message_stream())), "application/vnd.amazon.eventstream")
            return
        asked = "text/event-stream" in self.headers.get("accept", "")
        streamed = b'"stream":true' in body or "stream" in self.path.lower() or asked
        self._write(200, _answer(self.command, path, streamed), "text/event-stream" if streamed else "application/json")

    def __getattr__(self, name: str) -> Any:
        """Serve every method alike."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _write(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


def _answer(method: str, path: str, streamed: bool) -> bytes:
    if method == "POST" and path.endswith("/chat/completions"):
        return _chat_stream() if streamed else chat_parts.completion({"content": None, "tool_calls": [_called()]})
    if method == "POST" and path.endswith(_MESSAGES) and "/threads/" not in path:
        return _message_stream() if streamed else _message()
    if path.endswith(("/responses", "/responses/x1", "/responses/x1/cancel")) and method != "DELETE":
        return response_parts.stream(_CALL) if streamed else response_parts.answer(_CALL)
    if path.endswith(("/files/x1", "/files")) and "vector_stores" not in path:
        return json.dumps({**_PLAIN, "status": "processed"}).encode()
    return b"data: [DONE]\n\n" if streamed else json.dumps(_PLAIN).encode()


def _called() -> dict[str, Any]:
    return chat_parts.call("call_7", "delete_mail", _ARGUMENTS)


def _chat_stream() -> bytes:
    chunks = [chat_parts.chunk({"role": "assistant", "tool_calls": [_CHAT]}), chat_parts.chunk({}, "tool_calls")]
    return b"".join(b"data: " + chunk + b"\n\n" for chunk in [*chunks, b"[DONE]"])


def _message() -> bytes:
    return message_parts.answer({"type": "tool_use", "id": "toolu_7", "name": "delete_mail", "input": _INPUT})


def _message_stream() -> bytes:
    called = message_parts.call(0, "toolu_7", "delete_mail", _ARGUMENTS)
    return message_parts.start() + called + message_parts.end()
