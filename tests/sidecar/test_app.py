"""The ASGI application and its server, apart from what goes through them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sidecar.bench import Bench, chat

from pinnedrules import Guard
from pinnedrules.commands import Head
from pinnedrules.hosts.sidecar import serving as module
from pinnedrules.hosts.sidecar.answer import Answer
from pinnedrules.hosts.sidecar.problems import Problem
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply

Make = Callable[..., Bench]
TOKEN = "a-token-of-my-own"


@pytest.fixture
def guard(rules: Path) -> Iterator[Guard]:
    with Guard(rules, approver="tickets", quiet=True) as made:
        yield made


def ask(app: Any, scope: dict[str, Any], *received: dict[str, Any]) -> list[dict[str, Any]]:
    """Call an ASGI application with these messages, then a disconnect; return what it sent."""
    sent: list[dict[str, Any]] = []

    async def main() -> None:
        waiting = list(received)

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.sleep(3600)
            return waiting.pop(0)

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await app(scope, receive, send)
        await _shut_down(app)

    asyncio.run(main())
    return sent


async def _shut_down(app: Any) -> None:
    async def receive() -> dict[str, str]:
        return {"type": "lifespan.shutdown"}

    async def send(message: Any) -> None:
        assert message["type"] == "lifespan.shutdown.complete"

    await app({"type": "lifespan"}, receive, send)


def http(path: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        **more,
    }


def test_it_runs_in_a_server_of_one_s_own(guard: Guard) -> None:
    """Guard.app: an ASGI application like any other; a server need not tell the raw path."""
    with ScriptedProvider(lambda seen: Reply("hello")) as provider:
        app = guard.app(token=TOKEN, upstreams=Upstreams(Upstream(provider.openai_url), Upstream(provider.url)))
        sent = ask(
            app,
            http(f"/t/{TOKEN}/s/my inbox/v1/chat/completions"),
            {"type": "http.request", "body": json.dumps(chat()).encode()},
        )

    assert sent[0]["status"] == 200
    assert b"hello" in b"".join(message.get("body", b"") for message in sent)


def test_its_client_ends_with_it(guard: Guard) -> None:
    """Lifespan: connections to the provider are closed at the end."""
    sent = ask(
        guard.app(token=TOKEN), {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
    )

    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_server_that_speaks_websocket_gets_426_too(guard: Guard) -> None:
    """Whoever's server it is, a websocket is no way around the gate."""
    scope = {"type": "websocket", "path": "/v1/responses", "headers": [], "extensions": {"websocket.http.response": {}}}
    sent = ask(guard.app(token=TOKEN), scope, {"type": "websocket.connect"})

    assert sent[0]["type"] == "websocket.http.response.start"
    assert sent[0]["status"] == 426
    assert sent[1]["type"] == "websocket.http.response.body"

    assert ask(guard.app(token=TOKEN), {**scope, "extensions": {}}, {"type": "websocket.connect"}) == [
        {"type": "websocket.close", "code": 1008}
    ]


def test_a_token_that_could_be_guessed_is_refused(guard: Guard) -> None:
    """For a server of one's own as well."""
    with pytest.raises(ValueError, match="token"):
        guard.app(token="1234")


def test_its_own_server_listens_on_ipv6(guard: Guard) -> None:
    """Where the machine has it."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("no IPv6 here")
    with Serving(guard, host="::1") as served:
        assert served.url == f"http://[::1]:{served.port}"
        with socket.create_connection(("::1", served.port), timeout=30) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 401"


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1")]
)
def test_its_address_is_one_that_can_be_called(host: str, shown: str, guard: Guard) -> None:
    """Nobody can call 0.0.0.0 everywhere."""
    serving = Serving(guard, host=host)
    serving.close()

    assert serving.url == f"http://{shown}:{serving.port}"


def test_a_token_is_made_up_unless_one_is_given(guard: Guard) -> None:
    """256 random bits."""
    with Serving(guard) as one, Serving(guard) as two:
        assert one.token != two.token
        assert len(one.token) >= 43


def test_what_keeps_it_from_starting_is_raised_and_the_port_is_free_again(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a thread that died silently."""

    async def fail(self: Any, sockets: Any = None) -> None:
        raise RuntimeError("no server today")

    with pytest.raises(ValueError, match="token"):
        Serving(guard, token="short")
    monkeypatch.setattr(module._Server, "startup", fail)
    serving = Serving(guard)
    with pytest.raises(RuntimeError, match="no server today"):
        serving.start()
    serving.close()
    with socket.create_server(("127.0.0.1", serving.port)):
        pass


def test_it_can_be_closed_without_having_been_started(guard: Guard) -> None:
    """As after an error between the two."""
    Serving(guard).close()


def test_it_goes_where_the_environment_says(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without upstreams of one's own, OPENAI_BASE_URL and ANTHROPIC_BASE_URL count."""
    with ScriptedProvider(lambda seen: Reply("hello")) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.openai_url)
        with Serving(guard) as served:
            assert Bench(provider, guard, served).chat().status == 200


def test_it_leaves_the_log_of_other_servers_alone(guard: Guard) -> None:
    """Its own paths hold the token and are not logged; another uvicorn in the process keeps its access log."""
    import logging

    access = logging.getLogger("uvicorn.access")
    handler = logging.NullHandler()
    access.addHandler(handler)
    with Serving(guard):
        pass

    assert handler in access.handlers
    access.removeHandler(handler)


@pytest.mark.parametrize(
    ("last", "parted"),
    [(b"data: {}\n\n", False), (b"data: {}\r\n\r\n", False), (b": waiting for a person\n", False), (b"data: {", True)],
)
def test_an_error_event_stands_by_itself(last: bytes, parted: bool) -> None:
    """Whatever the stream had come to."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def main() -> None:
        answer = Answer(send, "openai")
        await answer.begin(Head(200, (("content-type", "text/event-stream; charset=utf-8"),)))
        await answer.forward(last)
        await answer.fail(Problem(403, "stopped", "Stopped."))
        await answer.fail(Problem(403, "stopped", "Again."))

    asyncio.run(main())

    assert sent[-2]["body"].startswith(b"\n\ndata: " if parted else b"data: ")
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert len(sent) == 4
