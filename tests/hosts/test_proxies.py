"""Proxies do not lead around the gate: those that the environment names, and transports mounted by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.hosts.proxy import CERTIFICATE, Proxy
from tests.hosts.surfaces import KINDS, SURFACES, make_client, run
from tests.hosts.test_http import http_client, library
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

USER: list[Any] = [{"role": "user", "content": "tidy"}]
DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "8"})
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

EACH = pytest.mark.parametrize("kind", KINDS)
HOW = pytest.mark.parametrize("number", [0, 1], ids=["json", "stream"])


@pytest.fixture(autouse=True)
def _no_other_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def elsewhere(scheme: str) -> Any:
    """Return a provider under a name that only the proxy knows."""
    return SimpleNamespace(url=f"{scheme}://model.invalid", openai_url=f"{scheme}://model.invalid/v1")


def script() -> Script:
    return Script([Reply("", calls=[DELETE]), Reply("Both.", calls=[DELETE, ARCHIVE])])


def held(kind: str, number: int, provider: ScriptedProvider, client: Any, guard: Guard) -> None:
    """One refused call after the other is held, and the allowed one arrives."""
    turn = run(SURFACES[kind.split()[0]][number], client, USER)

    assert [name for name, _ in turn.calls] == ["archive"]
    assert len(provider.seen) == 2
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


def past_the_sidecar(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the sidecar itself goes out by the proxy, as `serve` says to everybody who has one."""
    if way.name == "sidecar":
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@EACH
@HOW
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy"])
def test_a_tunnel_through_a_proxy_is_gated(
    kind: str, number: int, name: str, way: Way, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a provider with https the proxy sees a tunnel; what is in it was gated before."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with ScriptedProvider(script()) as provider, Proxy(provider) as proxy:
        monkeypatch.setenv(name, proxy.url)
        past_the_sidecar(way, monkeypatch)
        held(kind, number, provider, way.client(kind, elsewhere("https"), guard), guard)

    assert set(proxy.asked) == {"CONNECT model.invalid:443"}


@EACH
@HOW
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_requests_that_a_proxy_hands_on_are_gated(
    kind: str, number: int, name: str, way: Way, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a provider without https the proxy sees the request, with the rules in it."""
    with ScriptedProvider(script()) as provider, Proxy(provider) as proxy:
        monkeypatch.setenv(name, proxy.url)
        past_the_sidecar(way, monkeypatch)
        held(kind, number, provider, way.client(kind, elsewhere("http"), guard), guard)

    assert {line.startswith("POST http://model.invalid") for line in proxy.asked} == {True}


@EACH
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_without_a_guard_it_is_the_proxy_that_is_asked(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: these clients do use the variable, and a refused call does come through."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with ScriptedProvider(Script([Reply("", calls=[DELETE])])) as provider, Proxy(provider) as proxy:
        monkeypatch.setenv(name, proxy.url)
        turn = run(SURFACES[kind.split()[0]][0], make_client(kind, elsewhere("https")), USER)

    assert [call[0] for call in turn.calls] == ["delete_mail"]
    assert proxy.asked == ["CONNECT model.invalid:443"]


@EACH
def test_what_needs_no_proxy_is_gated_as_well(
    kind: str, way: Way, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that NO_PROXY names is a mount without a transport of its own; requests go by the client's main one."""
    for name in NAMES[:3]:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,model.invalid")
    with ScriptedProvider(script()) as provider:
        held(kind, 0, provider, way.client(kind, provider, guard), guard)


@EACH
@HOW
@pytest.mark.parametrize("pattern", ["http://", "all://127.0.0.1"])
def test_mounts_given_by_hand_are_gated(kind: str, number: int, pattern: str, way: Way, guard: Guard) -> None:
    """A transport of the program's own under a pattern of URLs; it sees the requests with the rules in them."""
    module, seen = library(kind), []
    base = module.AsyncHTTPTransport if kind.endswith("async") else module.HTTPTransport

    class Noting(base):  # type: ignore[misc, valid-type]
        def handle_request(self, request: Any) -> Any:
            seen.append(request.url.path)
            return super().handle_request(request)

        async def handle_async_request(self, request: Any) -> Any:
            seen.append(request.url.path)
            return await super().handle_async_request(request)

    with ScriptedProvider(script()) as provider:
        client = way.client(kind, provider, guard, http_client=http_client(kind, mounts={pattern: Noting()}))
        held(kind, number, provider, client, guard)

    assert seen


@EACH
def test_a_mount_that_is_added_later_is_gated(kind: str, guard: Guard) -> None:
    """Whoever adds a way out to the HTTP client inside does not get out by it."""
    module = library(kind)
    made = (module.AsyncHTTPTransport if kind.endswith("async") else module.HTTPTransport)()
    pattern = next(iter(http_client(kind, mounts={"http://": made})._mounts))
    with ScriptedProvider(script()) as provider:
        client = guard.wrap(make_client(kind, provider))
        client._client._mounts[pattern] = made
        held(kind, 0, provider, client, guard)
