"""How a refusal reaches the program: once, as what it is, and nothing of the answer after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.hosts.relay import Relay
from tests.hosts.surfaces import KINDS, SURFACES, make_client, run
from tests.hosts.ways import Way

from pinnedrules import Denied, Guard, PathRefused, Refused, Stopped, Unreadable
from pinnedrules.testing.evidence import recorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "8"})
USER: list[Any] = [{"role": "user", "content": "tidy"}]

EACH = pytest.mark.parametrize("kind", KINDS)
HOW = pytest.mark.parametrize("number", [0, 1], ids=["json", "stream"])


def turn(kind: str, number: int, client: Any) -> Any:
    return run(SURFACES[kind.split()[0]][number], client, USER)


@EACH
@HOW
def test_a_denial_is_raised_once(kind: str, number: int, way: Way, make_guard: Callable[..., Guard]) -> None:
    """Neither SDK sends a request again whose answer was refused, nor wraps the refusal in an error of its own."""
    guard = make_guard(on_denied="raise")
    with ScriptedProvider(lambda seen: Reply("", calls=[DELETE])) as provider:
        client = way.client(kind, provider, guard)
        with way.refused(kind, Denied, "delete_mail"):
            turn(kind, number, client)

    assert len(provider.requests) == 1
    assert len(recorded(guard).decisions) == 1


@EACH
@HOW
@pytest.mark.parametrize("left", [[], [ARCHIVE]], ids=["alone", "beside another"])
def test_a_turn_says_truly_how_it_ended(
    kind: str, number: int, left: list[ProposedCall], way: Way, make_guard: Callable[..., Guard]
) -> None:
    """A loop that was told of calls and finds none turns for ever: where none is left the turn is simply over."""
    guard = make_guard(on_denied="end")
    with ScriptedProvider(Script([Reply("", calls=[DELETE, *left])])) as provider:
        found = turn(kind, number, way.client(kind, provider, guard))

    api = kind.split()[0]
    over = {"openai": "stop", "responses": "completed", "anthropic": "end_turn"}
    calling = {"openai": "tool_calls", "responses": "completed", "anthropic": "tool_use"}
    assert len(found.calls) == len(left)
    assert found.finish == (calling if left else over)[api]


@EACH
@HOW
def test_a_stop_is_raised_once(kind: str, number: int, way: Way, guard: Guard) -> None:
    """A program that is stopped does not knock again and again."""
    guard.stop("wrong inbox")
    with ScriptedProvider(Script([])) as provider:
        client = way.client(kind, provider, guard)
        with way.refused(kind, Stopped, "wrong inbox"):
            turn(kind, number, client)

    assert provider.requests == ()
    assert len(recorded(guard).refusals) == 1


@EACH
@pytest.mark.parametrize("error", [Denied, PathRefused, Stopped])
def test_a_wrapped_client_raises_the_sdks_own_kind_of_error(
    kind: str, error: type[Refused], make_guard: Callable[..., Guard]
) -> None:
    """Both at once, so that a program's ``except`` works and the SDK's retries do not. Through the sidecar it is the SDK's
    error for a status, which :meth:`Way.refused` looks at everywhere."""
    import anthropic
    import openai

    base = anthropic.AnthropicError if kind.startswith("anthropic") else openai.OpenAIError
    guard = make_guard(on_denied="raise")
    with ScriptedProvider(lambda seen: Reply("", calls=[DELETE])) as provider:
        client = guard.wrap(make_client(kind, provider))
        if error is PathRefused:
            client = client.with_options(default_headers={"content-encoding": "gzip"})
        elif error is Stopped:
            guard.stop("enough")
        with pytest.raises(error) as caught:
            turn(kind, 0, client)

    assert base in type(caught.value).__mro__
    assert caught.value.__cause__ is None


@EACH
def test_a_stop_in_the_middle_of_a_stream(kind: str, way: Way, guard: Guard) -> None:
    """Invariant 7: stopped between two events of an answer, nothing of what follows is released, and no call of it."""
    seen: list[str] = []
    begun = threading.Event()

    def between(number: int) -> None:
        if number == 6:
            assert begun.wait(30)
            guard.stop("wrong inbox")

    def take(event: Any) -> None:
        seen.append(event.model_dump_json(warnings=False))
        begun.set()

    def events(client: Any) -> Any:
        asked: dict[str, Any] = {"model": "m", "stream": True}
        if kind.startswith("openai"):
            return client.chat.completions.create(messages=USER, **asked)
        if kind.startswith("responses"):
            return client.responses.create(input=USER, **asked)
        return client.messages.create(messages=USER, max_tokens=99, **asked)

    async def main(client: Any) -> None:
        try:
            async for event in await events(client):
                take(event)
        finally:
            await client.close()

    def plain(client: Any) -> None:
        for event in events(client):
            take(event)

    reply = Reply("word " * 40, calls=[ARCHIVE])
    with ScriptedProvider(lambda _: reply) as provider, Relay(provider, between) as relay:
        client = way.client(kind, relay, guard)
        with way.refused(kind, Stopped, "wrong inbox"):
            asyncio.run(main(client)) if kind.endswith("async") else plain(client)
        asked = len(relay.versions)
        again = way.client(kind, relay, guard)
        with way.refused(kind, Stopped, "wrong inbox"):
            turn(kind, 1, again)

    assert 1 <= len(seen) <= 6
    assert "archive" not in "".join(seen)
    assert (asked, len(relay.versions)) == (1, 1)


BROKEN = {
    "cut off": '{"id": "8"',
    "twice": '{"id": "8", "id": "9"}',
    "left over": '{"id": "8"} {"id": "9"}',
    "no object": '["8"]',
}


@EACH
@HOW
@pytest.mark.parametrize("arguments", list(BROKEN.values()), ids=list(BROKEN))
def test_arguments_that_cannot_be_read_are_no_call(
    kind: str, number: int, arguments: str, way: Way, guard: Guard
) -> None:
    """Invariant 2: unparsable, repeated keys, bytes left over; a call that would be allowed otherwise."""
    reply = Reply("", calls=[ProposedCall("archive", arguments)])
    with ScriptedProvider(Script([reply, Reply("Never mind.")])) as provider:
        client = way.client(kind, provider, guard)
        if kind.startswith("anthropic") and number == 0 and arguments != BROKEN["no object"]:
            # There the arguments are a part of the answer's own JSON, which is broken with them.
            with way.refused(kind, Unreadable):
                turn(kind, number, client)
            return
        found = turn(kind, number, client)

    assert found.calls == ()
    # Messages have no way to tell a provider what it wrote there, so the turn ends.
    assert found.text.endswith("Never mind.") or (kind.startswith("anthropic") and "archive did not run" in found.text)
