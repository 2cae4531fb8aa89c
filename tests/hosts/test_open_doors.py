"""Doors that stay shut unless the owner lets them pass, through a wrapped client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import signature
from types import SimpleNamespace
from typing import Any

import pytest
from tests.hosts.surfaces import make_client

from pinnedrules import Guard, PathRefused, Refused, Stopped
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Script

NOBODY = SimpleNamespace(url="http://127.0.0.1:1")
KINDS = pytest.mark.parametrize("kind", ["openai", "openai async"])
SOCKETS = {
    "realtime": "realtime",
    "beta.realtime": "realtime",
    "responses": "websockets",
    "beta.responses": "websockets",
}


def connected(kind: str, client: Any, door: str) -> Exception:
    """Return how a try to connect ends: nobody listens there, so it always fails."""
    place: Any = client
    for step in door.split("."):
        place = getattr(place, step, None)
    if not hasattr(place, "connect"):
        pytest.skip(f"this SDK has no {door}.connect")
    needed = [name for name, value in signature(place.connect).parameters.items() if value.default is value.empty]
    options = dict.fromkeys(needed, "gpt-realtime")

    async def connect() -> None:
        try:
            await place.connect(**options).enter()
        finally:
            await client.close()

    with pytest.raises(Exception) as found:  # noqa: PT011 - whatever the websocket library makes of a shut port
        place.connect(**options).enter() if kind == "openai" else asyncio.run(connect())
    return found.value


@KINDS
@pytest.mark.parametrize("door", SOCKETS)
def test_a_websocket_reaches_the_provider_only_by_its_setting(
    kind: str, door: str, make_guard: Callable[..., Guard]
) -> None:
    """Refused by default, with the setting in the refusal; with that setting the SDK connects, and with no other."""
    family = SOCKETS[door]
    others = {"batches", "live", "realtime", "websockets", "unknown"} - {family}
    shut = connected(kind, make_guard(paths=dict.fromkeys(others, "pass")).wrap(make_client(kind, NOBODY)), door)
    opened = connected(kind, make_guard(paths={family: "pass"}).wrap(make_client(kind, NOBODY)), door)

    assert isinstance(shut, PathRefused)
    assert f'Guard(paths={{"{family}": "pass"}})' in str(shut)
    assert not isinstance(opened, Refused)


@KINDS
def test_a_websocket_that_may_pass_is_stopped_all_the_same(kind: str, make_guard: Callable[..., Guard]) -> None:
    """Invariant 7: stop is checked before every request, also before one that is not gated."""
    guard = make_guard(paths={"websockets": "pass"})
    guard.stop("wrong inbox")
    found = connected(kind, guard.wrap(make_client(kind, NOBODY)), "responses")

    assert isinstance(found, Stopped)


@KINDS
def test_gating_websockets_is_no_harm_where_there_are_none(kind: str, make_guard: Callable[..., Guard]) -> None:
    """Older SDKs have none, or fewer; what they have besides works as ever."""
    guard = make_guard(paths={"websockets": "gate"})
    with ScriptedProvider(Script([])) as provider:
        client = guard.wrap(make_client(kind, provider))
        plain = make_client(kind, provider)

    assert type(client.responses) is type(plain.responses)
    assert type(client.beta) is type(plain.beta)
    assert client.responses is client.responses


@KINDS
def test_a_refused_door_opens_by_the_setting_that_the_refusal_names(
    kind: str, make_guard: Callable[..., Guard]
) -> None:
    """The way out in the message is one that works; the provider's own answer (here a 404) is then seen."""
    import openai

    def ask(guard: Guard, provider: ScriptedProvider) -> Exception:
        client = guard.wrap(make_client(kind, provider, max_retries=0))

        async def retrieve() -> None:
            try:
                await client.batches.retrieve("b1")
            finally:
                await client.close()

        with pytest.raises(openai.OpenAIError) as found:
            client.batches.retrieve("b1") if kind == "openai" else asyncio.run(retrieve())
        if kind == "openai":
            client.close()
        return found.value

    with ScriptedProvider(Script([])) as provider:
        shut = ask(make_guard(), provider)
        opened = ask(make_guard(paths={"batches": "pass"}), provider)

    assert isinstance(shut, PathRefused)
    assert 'Guard(paths={"batches": "pass"}) or pinnedrules serve --pass batches' in str(shut)
    assert isinstance(opened, openai.NotFoundError)
    assert len(provider.requests) == 1


def test_a_wrong_setting_is_an_error_that_names_the_right_ones(make_guard: Callable[..., Guard]) -> None:
    """A misspelt setting does not silently do nothing."""
    with pytest.raises(ValueError, match="did you mean 'batches'"):
        make_guard(paths={"batch": "pass"})
    with pytest.raises(ValueError, match="pass"):
        make_guard(paths={"batches": "allow"})
