"""What one request gets back: one answer, once begun never begun again, and an error wherever it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinnedrules.commands import Head
from pinnedrules.hosts.sidecar.headers import downstream
from pinnedrules.hosts.sidecar.problems import Problem, as_event, as_json

if TYPE_CHECKING:
    from starlette.types import Send

__all__ = ["Answer"]

_FRAME_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


class Answer:
    """The ASGI side of one answer. ``provider`` and ``dialect`` say in whose shape errors are written."""

    def __init__(self, send: Send, provider: str) -> None:
        self._send = send
        self.provider = provider
        self.dialect = provider
        self.begun = False
        self._ended = False
        self._stream = False
        self._inside_frame = False

    async def begin(self, head: Head) -> None:
        """Send status and headers."""
        self._stream = head.get("content-type").split(";")[0].strip().lower() == "text/event-stream"
        await self._start(head.status, downstream(head.headers))

    async def forward(self, data: bytes) -> None:
        """Send bytes of the body. Waits while the client reads more slowly than they come."""
        # A comment stands between two frames; the gate forwards it by itself.
        self._inside_frame = not (data.endswith(_FRAME_ENDS) or data.startswith(b":"))
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """Say that the body is complete."""
        self._ended = True
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def fail(self, problem: Problem) -> None:
        """Say what went wrong: as an answer, as the last event of a stream, or by breaking off a body half sent."""
        if self._ended:
            return
        if not self.begun:
            body = as_json(problem, self.provider)
            await self._start(problem.status, [*problem.headers, ("content-length", str(len(body)))])
            await self._send({"type": "http.response.body", "body": body})
            self._ended = True
        elif self._stream:
            event = as_event(problem, self.dialect)
            await self.forward(b"\n\n" + event if self._inside_frame else event)
            await self.end()
        # Else nothing can be said: the server closes the connection of a body that is not complete.

    async def plain(self, status: int, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        """Send an answer of the sidecar's own."""
        await self._start(status, [*headers, ("content-length", str(len(body)))])
        await self._send({"type": "http.response.body", "body": body})
        self._ended = True

    async def _start(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.begun = True
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
