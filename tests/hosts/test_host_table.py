"""The host table: every surface of the two SDKs, sync and async, against a real provider over real HTTP.

Run once for each SDK generation (``make sdk-matrix``).
"""

from __future__ import annotations

import asyncio
import json
from inspect import signature
from typing import Any

import openai
import pytest
from tests.hosts.platforms import Platform
from tests.hosts.surfaces import KINDS, OPENAI, SURFACES, make_client, run
from tests.hosts.turns import Surface
from tests.hosts.ways import Way

from pinnedrules import Guard, PathRefused, Unreadable
from pinnedrules.testing.asserts import assert_all_accepted, assert_seen_in_every_request
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "7"})
LONG = ProposedCall("archive", {"id": "7" * 80})
SENTENCE = "Never delete before the owner confirms."
TABLE = [
    pytest.param(kind, surface, id=f"{kind} {surface.name}") for kind in KINDS for surface in SURFACES[kind.split()[0]]
]
# A server that only speaks like OpenAI's, at a path of its own.
SERVER = Platform(
    "compatible", "openai", "", lambda form, url: openai.OpenAI(base_url=url, api_key="test-key"), "/serve/api/v7"
)
EVERY = pytest.mark.parametrize(("kind", "surface"), TABLE)
EACH = pytest.mark.parametrize("kind", KINDS)


def streamed(kind: str) -> Surface:
    return SURFACES[kind.split()[0]][1]


def plain(kind: str) -> Surface:
    return SURFACES[kind.split()[0]][0]


@EVERY
def test_an_allowed_call_arrives_with_its_exact_arguments(kind: str, surface: Surface, way: Way, guard: Guard) -> None:
    """Invariant 8, and promise 2: every request carries the rules."""
    big = ProposedCall("archive", '{"id":"18446744073709551617"}')
    with ScriptedProvider(Script([Reply("Archiving.", calls=[big])])) as provider:
        turn = run(surface, way.client(kind, provider, guard), [{"role": "user", "content": "archive"}])

    assert turn.calls[0][0] == "archive"
    assert json.loads(turn.calls[0][1]) == {"id": "18446744073709551617"}
    assert turn.text == "Archiving."
    assert_seen_in_every_request(provider, guard.block)


@EVERY
def test_a_refused_call_never_arrives_and_the_next_answer_does(
    kind: str, surface: Surface, way: Way, guard: Guard
) -> None:
    """Invariant 1: not in a stream, not in a final event, not through with_options, a raw response or the HTTP client."""
    script = Script([Reply("Deleting.", calls=[DELETE]), Reply("I suggest deleting mail 7.")])
    with ScriptedProvider(script) as provider:
        turn = run(surface, way.client(kind, provider, guard), [{"role": "user", "content": "tidy"}])

    assert turn.calls == ()
    assert turn.text.endswith("I suggest deleting mail 7.")
    assert turn.finish in ("stop", "end_turn", "completed")
    assert len(provider.seen) == 2
    assert_all_accepted(provider)
    assert_seen_in_every_request(provider, guard.block)


@EVERY
def test_the_unguarded_client_would_have_run_it(kind: str, surface: Surface) -> None:
    """The negative control: without a guard the dangerous call arrives on every surface."""
    with ScriptedProvider(Script([Reply("Deleting.", calls=[DELETE])])) as provider:
        turn = run(surface, make_client(kind, provider), [{"role": "user", "content": "tidy"}])

    assert turn.calls[0][0] == "delete_mail"


@EACH
@pytest.mark.parametrize("number", [0, 1], ids=["json", "stream"])
def test_retries_send_identical_bytes(kind: str, number: int, way: Way, guard: Guard) -> None:
    """A retry is the same request to the byte, block included."""
    script = Script([Reply(status=500, retry_after=0.01), Reply(status=429, retry_after=0.01), Reply("ok")])
    with ScriptedProvider(script) as provider:
        surface = SURFACES[kind.split()[0]][number]
        turn = run(surface, way.client(kind, provider, guard), [{"role": "user", "content": "hi"}])

    assert turn.text == "ok"
    assert len({request.body for request in provider.requests}) == 1
    assert len(provider.requests) == 3


@EACH
def test_a_connection_that_is_dropped_is_tried_again_with_identical_bytes(kind: str, way: Way, guard: Guard) -> None:
    """The SDK's own retries work as without a guard; the sidecar says that it was its provider who left."""
    script = Script([Reply("lost", cut_after_bytes=9), Reply("lost", cut_after_bytes=9), Reply("ok")])
    with ScriptedProvider(script) as provider:
        turn = run(plain(kind), way.client(kind, provider, guard), [{"role": "user", "content": "hi"}])

    assert turn.text == "ok"
    assert len({request.body for request in provider.requests}) == 1
    assert len(provider.requests) == 3


@EACH
def test_a_stream_cut_in_the_middle_of_a_call_releases_nothing(kind: str, way: Way, guard: Guard) -> None:
    """Invariant 2: a stream cut in the middle of a call."""
    with ScriptedProvider(Script([Reply("", calls=[LONG], cut_after_frames=4)])) as provider:
        client = way.client(kind, provider, guard, max_retries=0)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDKs and HTTP libraries name it differently
            run(streamed(kind), client, [{"role": "user", "content": "hi"}])

    assert "archive" not in str(caught.value)


@EACH
def test_a_stream_that_ends_in_good_order_inside_a_call_is_unreadable(kind: str, way: Way, guard: Guard) -> None:
    """Invariant 2: the call is never released, and the error says why."""
    reply = Reply("", calls=[LONG], cut_after_frames=4, cut_cleanly=True)
    with ScriptedProvider(Script([reply])) as provider:
        client = way.client(kind, provider, guard)
        with way.refused(kind, Unreadable):
            run(streamed(kind), client, [{"role": "user", "content": "hi"}])


@pytest.mark.api("openai")
@pytest.mark.parametrize(
    "habit",
    [
        {"whole_calls": True},
        {"no_index": True},
        {"null_ids": True},
        {"no_ids": True, "whole_calls": True},
        {"no_done": True},
        {"comments": True},
        {"extra": {"x_served_by": "vllm", "nested": {"a": [1]}}},
        {"whole_calls": True, "finish": "stop"},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", [0, 1], ids=["json", "stream"])
def test_habits_of_compatible_servers(habit: dict[str, Any], form: int, way: Way, guard: Guard) -> None:
    """vLLM, Ollama and OpenRouter habits work: refused calls stay refused, allowed ones arrive."""
    script = Script(
        [Reply("a", calls=[DELETE], **habit), Reply("b", calls=[ARCHIVE], **habit)],
    )
    with ScriptedProvider(script) as provider:
        turn = run(OPENAI[form], way.at(SERVER, "", provider, guard), [{"role": "user", "content": "tidy"}])

    assert [name for name, _ in turn.calls if name] == ["archive"]
    assert provider.requests[0].path == "/serve/api/v7/chat/completions"


@pytest.mark.parametrize("kind", ["openai", "openai async"])
@pytest.mark.parametrize("door", ["completions", "batches", "stored", "input items"])
def test_other_doors_to_a_model_are_refused_by_name(kind: str, door: str, way: Way, guard: Guard) -> None:
    """What no gate covers and can reach a model, or shows what was refused, is refused by name with a way out."""

    def knock(client: Any) -> Any:
        return {
            "completions": lambda: client.completions.create(model="gpt", prompt="hi"),
            "batches": lambda: client.batches.list(),
            "stored": lambda: client.chat.completions.retrieve("chatcmpl-1"),
            "input items": lambda: client.responses.input_items.list("resp_1"),
        }[door]()

    async def aknock(client: Any) -> Any:
        try:
            return await knock(client)
        finally:
            await client.close()

    with ScriptedProvider(Script([])) as provider:
        client = way.client(kind, provider, guard)
        with way.refused(kind, PathRefused) as caught:
            knock(client) if kind == "openai" else asyncio.run(aknock(client))

    assert provider.requests == ()
    assert "Next: " in str(caught.value)


@pytest.mark.api("openai")
def test_what_cannot_reach_a_model_passes(way: Way, guard: Guard) -> None:
    """Models, embeddings, moderations and counted tokens are no proposals: the provider's own answer is what is seen."""
    with ScriptedProvider(Script([])) as provider, way.client("openai", provider, guard) as client:
        assert client.models.list().data
        assert client.embeddings.create(model="e", input="words").data[0].embedding
        assert client.moderations.create(input="words").results
        if hasattr(client.responses, "input_tokens"):
            assert client.responses.input_tokens.count(model="gpt", input="words").input_tokens

    assert provider.requests[0].path == "/v1/models"
    assert provider.seen == ()


# -- of a wrapped client only; through the sidecar the client is what the SDK made, and no part of what is promised ------


@EACH
def test_isinstance_still_holds(kind: str, guard: Guard) -> None:
    """Same class, same methods."""
    with ScriptedProvider(Script([])) as provider:
        client = make_client(kind, provider)
        wrapped = guard.wrap(client)

    assert isinstance(wrapped, type(client))
    assert type(wrapped).__name__ == type(client).__name__
    assert guard.wrap(wrapped) is wrapped


@EACH
def test_the_client_that_was_passed_in_is_gated_too(kind: str, guard: Guard) -> None:
    """There is no ungated twin left over."""
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("ok")])) as provider:
        client = make_client(kind, provider)
        guard.wrap(client)
        turn = run(plain(kind), client, [{"role": "user", "content": "tidy"}])

    assert turn.calls == ()


@EACH
def test_another_http_client_in_copy_is_refused(kind: str, guard: Guard) -> None:
    """A foreign http_client would not be gated."""
    with ScriptedProvider(Script([])) as provider:
        client = guard.wrap(make_client(kind, provider))
        other = make_client(kind, provider)._client
        with pytest.raises(PathRefused, match="http_client"):
            client.with_options(http_client=other)
        with pytest.raises(PathRefused, match="http_client"):
            client.copy(http_client=other)


@EACH
def test_a_replaced_http_client_is_gated_again(kind: str, guard: Guard) -> None:
    """Somebody who swaps the HTTP client inside does not get out."""
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("ok")])) as provider:
        client = guard.wrap(make_client(kind, provider))
        client._client = make_client(kind, provider)._client
        turn = run(plain(kind), client, [{"role": "user", "content": "tidy"}])

    assert turn.calls == ()


@pytest.mark.parametrize("kind", ["openai", "openai async"])
@pytest.mark.parametrize("door", ["realtime", "beta.realtime", "responses", "beta.responses", "live"])
def test_websockets_are_refused(kind: str, door: str, guard: Guard) -> None:
    """A websocket would bypass the gate; every connect method of the installed SDK is refused before it connects."""
    with ScriptedProvider(Script([])) as provider:
        client = guard.wrap(make_client(kind, provider))
        place: Any = client
        for step in door.split("."):
            place = getattr(place, step, None)
        if not hasattr(place, "connect"):
            pytest.skip(f"this SDK has no {door}.connect")
        needed = [name for name, value in signature(place.connect).parameters.items() if value.default is value.empty]
        options = dict.fromkeys(needed, "gpt-realtime")

        async def aconnect() -> None:
            try:
                await place.connect(**options).enter()
            finally:
                await client.close()

        with pytest.raises(PathRefused, match="websocket"):
            place.connect(**options).enter() if kind == "openai" else asyncio.run(aconnect())

    assert provider.requests == ()
