"""The sockets of the scripted provider: HTTP/1.1 on loopback, one thread per connection, nothing left
behind when it stops.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pinnedrules.testing.body import Body

__all__ = ["Handler", "Server"]


class Server(ThreadingHTTPServer):
    """Calls *serve* with a :class:`Handler` for every request.

    Stopping closes the kept-alive connections and joins every thread, so that none outlives its test.
    """

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, serve: Callable[[Handler], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.serve = serve
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def start(self) -> None:
        """Begin to serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, end every connection and every thread."""
        self.closing.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                _end(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in its own thread."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Serve requests until the connection ends; a client that goes away is no error."""
        with suppress(ConnectionError):
            super().handle()

    def do_POST(self) -> None:
        """Serve one request."""
        self._server.serve(self)

    def do_GET(self) -> None:
        """Serve one request."""
        self._server.serve(self)

    def do_DELETE(self) -> None:
        """Serve one request."""
        self._server.serve(self)

    @property
    def _server(self) -> Server:
        assert isinstance(self.server, Server)
        return self.server

    def read_body(self) -> bytes:
        """Return the request's body, with or without chunked transfer coding."""
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def wait(self, seconds: float) -> None:
        """Sleep, or less when the server stops."""
        if seconds:
            self._server.closing.wait(seconds)

    def write(
        self,
        status: int,
        headers: Mapping[str, str],
        body: Body,
        *,
        chunked: bool,
        pause: float = 0.0,
        log: bytearray,
    ) -> None:
        """Send an answer and append what was written of its body to *log*. Raises ConnectionError when the
        client has gone.
        """
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        length = ("transfer-encoding", "chunked") if chunked else ("content-length", str(body.length))
        self.send_header(*length)
        self.end_headers()
        for piece in body.pieces:
            # Noted first: whoever has read the last byte finds it in the log.
            log += piece
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            self.wait(pause)
        if body.dropped:
            self.close_connection = True
            _end(self.connection)
        elif chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: what happened is in the record."""


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
