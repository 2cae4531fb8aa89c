"""How an answer leaves the sidecar."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable

import pytest
from tests.sidecar.bench import Bench

from pinnedrules.hosts.sidecar import serving
from pinnedrules.testing.script import Reply


def test_a_body_does_not_wait_until_its_head_is_acknowledged(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Head, body and every event of a stream leave at once: no connection holds small writes back (Nagle's algorithm)."""
    accepted: list[int] = []

    class Watched(serving._Http):
        def connection_made(self, transport: object) -> None:
            connection = transport.get_extra_info("socket")  # type: ignore[attr-defined]
            accepted.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().connection_made(transport)  # type: ignore[arg-type]

    monkeypatch.setattr(serving, "_Http", Watched)
    bench = make_bench(lambda seen: Reply("Nothing new."))
    connection = http.client.HTTPConnection("127.0.0.1", bench.serving.port, timeout=30)
    connection.request("HEAD", f"/t/{bench.serving.token}/")
    connection.getresponse().read()
    connection.close()

    assert len(accepted) == 1
    assert accepted[0]  # macOS answers with another number than 1
