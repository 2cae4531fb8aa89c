"""Connections: who ends them, how much goes through them, and what HTTP allows."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.sidecar.bench import Bench, chat, until

from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.testing.script import Reply, Script, Seen

Make = Callable[..., Bench]


@contextlib.contextmanager
def raw(bench: Bench, *, window: int = 0) -> Iterator[socket.socket]:
    """A bare connection to the sidecar."""
    with socket.socket() as connection:
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", bench.serving.port))
        yield connection


def head(bench: Bench, path: str = "/v1/chat/completions", *lines: str, method: str = "POST") -> bytes:
    given = "".join(f"{line}\r\n" for line in lines)
    return f"{method} {bench.prefix}{path} HTTP/1.1\r\nHost: localhost\r\n{given}\r\n".encode()


def read_head(connection: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, found
        found += byte
    return found


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_ends_the_request_at_the_provider(stream: bool, make_bench: Make) -> None:
    """Disconnect closes upstream: nothing is generated, or billed, for nobody."""
    bench = make_bench(lambda seen: Reply("word " * 2000, frame_delay=0.005, chunk_bytes=20))
    body = json.dumps(chat(stream=stream)).encode()
    with raw(bench) as connection:
        connection.sendall(head(bench, "/v1/chat/completions", f"Content-Length: {len(body)}") + body)
        until(lambda: bench.provider.requests and bench.provider.requests[0].answer)

    until(lambda: bench.provider.requests[0].gone)


def test_a_client_that_leaves_before_its_request_is_complete_is_no_request(make_bench: Make) -> None:
    """Nothing is sent on, and the sidecar goes on serving."""
    bench = make_bench(lambda seen: Reply("hello"))
    with raw(bench) as connection:
        connection.sendall(head(bench, "/v1/chat/completions", "Content-Length: 1000") + b'{"model')

    assert bench.chat().status == 200
    assert len(bench.provider.requests) == 1


def test_a_client_that_reads_slowly_slows_the_provider_down(make_bench: Make) -> None:
    """Backpressure: an answer is never collected in memory; the provider waits until the client takes it."""
    word = json.dumps({"choices": [{"index": 0, "delta": {"content": "x" * 60_000}}]}).encode()
    whole = b"data: " + word + b"\n\n"
    total = 1000 * len(whole)
    bench = make_bench(
        lambda seen: Reply(raw=whole * 1000 + b"data: [DONE]\n\n", content_type="text/event-stream", chunk_bytes=65536)
    )
    body = json.dumps(chat(stream=True)).encode()
    with raw(bench, window=65536) as connection:
        connection.sendall(head(bench, "/v1/chat/completions", f"Content-Length: {len(body)}") + body)
        read_head(connection)
        until(lambda: bench.provider.requests[0].answer)
        written = _standstill(lambda: len(bench.provider.requests[0].answer))
        assert written < total / 2

        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            got = got[-10:] + connection.recv(1 << 20)
    assert len(bench.provider.requests[0].answer) > total


def _standstill(size: Callable[[], int]) -> int:
    """Return the size once it has not grown for a while."""
    last, calm = -1, 0
    while calm < 20:
        now = size()
        calm, last = (calm + 1, now) if now == last else (0, now)
        time.sleep(0.05)
    return last


def test_a_body_beyond_the_limit_is_refused_however_it_comes(make_bench: Make) -> None:
    """413, before or while it is sent."""
    bench = make_bench(lambda seen: Reply("hello"), limits=Limits(body=2000))

    assert bench.chat("x" * 100).status == 200
    assert bench.chat("x" * 3000).status == 413
    with raw(bench) as connection:
        connection.sendall(head(bench, "/v1/chat/completions", "Transfer-Encoding: chunked"))
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        assert read_head(connection).startswith(b"HTTP/1.1 413")
    assert len(bench.provider.requests) == 1


def test_a_body_that_never_comes_ends_with_408(make_bench: Make) -> None:
    """A client that stalls does not hold a place for ever."""
    bench = make_bench(Script([]), limits=Limits(idle=0.2))
    with raw(bench) as connection:
        connection.sendall(head(bench, "/v1/chat/completions", "Content-Length: 1000"))

        assert read_head(connection).startswith(b"HTTP/1.1 408")


def test_a_head_beyond_the_limit_is_refused(make_bench: Make) -> None:
    """Headers are bounded too."""
    bench = make_bench(Script([]), limits=Limits(header=4096))
    with raw(bench) as connection:
        connection.sendall(head(bench, "/v1/models", "X-Long: " + "x" * 10_000, method="GET"))

        assert read_head(connection).startswith(b"HTTP/1.1 431")
    with raw(bench) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(head(bench, "/v1/models", method="GET")[:-2] + b"X-Endless: ")
        while not _readable(connection):
            connection.sendall(b"x" * 1000)
        assert read_head(connection).startswith(b"HTTP/1.1 400")


def _readable(connection: socket.socket) -> bool:
    return bool(select.select([connection], [], [], 0)[0])


def test_more_requests_than_it_serves_at_once_are_told_to_come_back(make_bench: Make) -> None:
    """A limit on concurrent requests, with retry-after."""
    going, go = threading.Event(), threading.Event()

    def model(seen: Seen) -> Reply:
        going.set()
        go.wait(30)
        return Reply("hello")

    bench = make_bench(model, limits=Limits(requests=1))
    first = threading.Thread(target=bench.chat)
    first.start()
    assert going.wait(30)

    got = bench.chat()
    go.set()
    first.join()

    assert (got.status, got.headers["retry-after"], got.json["error"]["code"]) == (503, "1", "pinnedrules_busy")
    until(lambda: bench.chat().status == 200)


def test_a_chunked_request_body_is_read(make_bench: Make) -> None:
    """Not every client knows the length beforehand; the provider gets one."""
    bench = make_bench(lambda seen: Reply("hello"))
    body = json.dumps(chat()).encode()
    with raw(bench) as connection:
        connection.sendall(head(bench, "/v1/chat/completions", "Transfer-Encoding: chunked"))
        for start in range(0, len(body), 100):
            part = body[start : start + 100]
            connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        connection.sendall(b"0\r\n\r\n")
        assert read_head(connection).startswith(b"HTTP/1.1 200")

    (request,) = bench.provider.requests
    assert request.header("content-length") == str(len(request.body))
    assert not request.header("transfer-encoding")


def test_expect_100_continue_works(make_bench: Make) -> None:
    """curl sends it with larger bodies and waits."""
    bench = make_bench(lambda seen: Reply("hello"))
    body = json.dumps(chat()).encode()
    with raw(bench) as connection:
        connection.sendall(head(bench, "/v1/chat/completions", "Expect: 100-continue", f"Content-Length: {len(body)}"))
        assert read_head(connection).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert read_head(connection).startswith(b"HTTP/1.1 200")
    assert not bench.provider.requests[0].header("expect")


def test_expect_100_continue_is_refused_without_the_token(make_bench: Make) -> None:
    """The body need not come at all."""
    bench = make_bench(Script([]))
    with raw(bench) as connection:
        connection.sendall(
            b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
        )

        assert read_head(connection).startswith(b"HTTP/1.1 401")


def test_a_websocket_gets_426_on_the_wire(make_bench: Make) -> None:
    """What codex sees: one refusal with a JSON body, and it goes on with HTTP on the same port."""
    bench = make_bench(lambda seen: Reply("hello"))
    upgrade = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA==")
    with raw(bench) as connection:
        connection.sendall(
            head(bench, "/v1/responses", *upgrade, "openai-beta: responses_websockets=2026-02-06", method="GET")
        )

        found = read_head(connection).lower()

        assert found.startswith(b"http/1.1 426")
        assert b"content-type: application/json" in found
    assert bench.chat().status == 200


def test_an_offer_of_http_2_is_passed_over(make_bench: Make) -> None:
    """Java's client offers it with its first request."""
    bench = make_bench(lambda seen: Reply("hello"))
    body = json.dumps(chat()).encode()
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAB")
    with raw(bench) as connection:
        for _ in range(2):
            connection.sendall(head(bench, "/v1/chat/completions", *offer, f"Content-Length: {len(body)}") + body)
            assert read_head(connection).startswith(b"HTTP/1.1 200")
            while not connection.recv(65536).endswith(b"0\r\n\r\n"):
                pass

    assert not bench.provider.requests[0].header("upgrade")


def test_connections_to_the_provider_are_kept(make_bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pooled keep-alive upstream: no handshake for every request."""
    ports = set()
    bench = make_bench(lambda seen: Reply("hello"))
    real = bench.provider._server.process_request

    def count(request: Any, client_address: Any) -> None:
        ports.add(client_address)
        real(request, client_address)

    monkeypatch.setattr(bench.provider._server, "process_request", count)
    for _ in range(5):
        assert bench.chat(stream=True).status == 200

    assert len(ports) == 1


def test_headers_of_one_hop_stay_there(make_bench: Make) -> None:
    """Header hygiene, seen at both ends."""
    sent = {"x-request-id": "r", "connection": "x-hop", "x-hop": "1", "alt-svc": "h3", "access-control-allow-origin": "*",
            "set-cookie": "a=b"}  # fmt: skip
    bench = make_bench(lambda seen: Reply("hello", headers=sent))

    got = bench.chat(
        connection="x-mine, close",
        x_mine="1",
        te="trailers",
        x_pinnedrules_session="s",
        x_kept="1",
        accept_encoding="br",
    )
    bench.chat()

    (first, second) = bench.provider.requests
    assert first.header("x-kept") == "1"
    assert first.header("accept-encoding") == "identity"
    assert first.header("host") == bench.provider.url.removeprefix("http://")
    assert not any(first.header(name) for name in ("x-mine", "te", "x-pinnedrules-session"))
    assert bench.serving.token not in str(first.headers) + first.path
    assert not second.header("cookie")  # the first client's cookie
    assert got.headers["x-accel-buffering"] == "no"
    assert not {"x-hop", "alt-svc", "access-control-allow-origin"} & set(got.headers)


def test_a_held_key_is_put_in_and_the_agent_never_has_it(make_bench: Make) -> None:
    """As the API key itself, the token lets an agent in that can be given nothing else."""
    bench = make_bench(lambda seen: Reply("hello"), key="sk-real")

    got = bench.ask("POST", "/v1/chat/completions", chat(), {"authorization": f"Bearer {bench.serving.token}"})

    assert got.status == 200
    assert bench.provider.requests[0].header("authorization") == "Bearer sk-real"


def test_options_gives_a_browser_nothing(make_bench: Make) -> None:
    """No CORS."""
    bench = make_bench(Script([]))

    got = bench.ask("OPTIONS", f"{bench.prefix}/v1/messages", headers={"origin": "http://evil.example"})

    assert got.status == 204
    assert not [name for name in got.headers if name.startswith("access-control")]
    assert bench.ask("OPTIONS", "/v1/messages").status == 401


def test_head_of_the_base_url_is_alive(make_bench: Make) -> None:
    """Some agents look before they ask."""
    bench = make_bench(Script([]))

    assert bench.ask("HEAD", bench.prefix).status == 200
    assert bench.ask("HEAD", "/").status == 401


def test_its_own_endpoint_says_how_it_is_only_with_the_token(make_bench: Make) -> None:
    """For `doctor` and for scripts that wait until it is up."""
    bench = make_bench(Script([]))
    path = "/_pinnedrules/health"

    assert bench.ask("GET", path).status == 401
    found = bench.ask("GET", f"{bench.prefix}/s/inbox{path}").json
    assert (found["state"], found["session"], found["known_by"]) == ("run", "inbox", "base URL")
    assert found["rules"]["sha256"] == bench.guard.rules.sha256
    bench.guard.stop("x")
    assert bench.ask("GET", bench.prefix + path).json["state"] == "stop"
    assert bench.provider.requests == ()


def test_a_request_for_a_whole_url_is_no_way_out(make_bench: Make) -> None:
    """A sidecar is no forward proxy."""
    bench = make_bench(Script([]))
    with raw(bench) as connection:
        connection.sendall(
            b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: localhost\r\nx-pinnedrules-token: "
            + bench.serving.token.encode() + b"\r\n\r\n"
        )  # fmt: skip
        assert read_head(connection).startswith(b"HTTP/1.1 400")
