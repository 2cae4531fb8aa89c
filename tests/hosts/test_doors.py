"""The smaller doors of a wrapped client, and what cannot be wrapped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.hosts.surfaces import OPENAI, make_client, run

from pinnedrules import Guard, PathRefused, Unreadable
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

USER = [{"role": "user", "content": "hi"}]
DELETE = ProposedCall("delete_mail", {"id": "7"})


@pytest.mark.parametrize("thing", [object(), "client", None])
def test_only_sdk_clients_can_be_wrapped(guard: Guard, thing: object) -> None:
    """Anything else is a TypeError that names what is gated."""
    with pytest.raises(TypeError, match="OpenAI"):
        guard.wrap(thing)


def test_a_client_of_another_guard_is_not_taken_over(make_guard: Callable[..., Guard]) -> None:
    """Two guards on one client would each see half of it."""
    with ScriptedProvider(Script([])) as provider:
        wrapped = make_guard().wrap(make_client("openai", provider))
        with pytest.raises(TypeError, match="another guard"):
            make_guard().wrap(wrapped)


def test_a_client_whose_http_client_is_unknown_is_refused(guard: Guard) -> None:
    """What cannot be gated is not wrapped."""
    with ScriptedProvider(Script([])) as provider:
        client = make_client("openai", provider)
        client._client.close()
        client._client = object()
        with pytest.raises(TypeError, match="neither"):
            guard.wrap(client)


def test_a_client_that_keeps_an_unknown_helper_of_its_own_is_refused(guard: Guard) -> None:
    """A helper that was made for the client that is passed in would go around the guard."""
    with ScriptedProvider(Script([])) as provider, make_client("openai", provider) as client:
        client.helper = SimpleNamespace(_client=client)
        with pytest.raises(TypeError, match="keeps helper bound to the unguarded client"):
            guard.wrap(client)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_what_was_used_before_it_was_wrapped_leads_nowhere_else(kind: str, guard: Guard) -> None:
    """Resources are kept by a client after their first use; those of the wrapped one are its own."""
    with ScriptedProvider(lambda seen: Reply("ok")) as provider:
        plain = make_client(kind, provider)
        before = plain.chat if kind == "openai" else plain.messages
        client = guard.wrap(plain)
        after = client.chat if kind == "openai" else client.messages
        client.close()

    assert before._client is plain
    assert after._client is client


@pytest.mark.parametrize("kind", ["openai", "openai async", "anthropic", "anthropic async"])
def test_the_response_wrappers_of_a_client_that_is_wrapped_are_its_own(kind: str, guard: Guard) -> None:
    """They are kept after their first use like resources, and the former client behind them opens websockets, say."""
    with ScriptedProvider(Script([])) as provider:
        plain = make_client(kind, provider)
        assert plain.with_raw_response._client is plain
        assert plain.with_streaming_response._client is plain
        client = guard.wrap(plain)

    assert client.with_raw_response._client is client
    assert client.with_streaming_response._client is client


@pytest.mark.parametrize("form", ["", "Async"])
@pytest.mark.parametrize("door", ["realtime", "beta.realtime", "responses"])
def test_clients_for_azure_open_no_websocket(form: str, door: str, guard: Guard) -> None:
    """They make the URL by themselves, past what the other clients ask first."""
    import asyncio
    from operator import attrgetter

    import openai

    made = getattr(openai, f"{form}AzureOpenAI")
    client = guard.wrap(made(azure_endpoint="http://127.0.0.1:1", api_version="2026-01-01", api_key="k"))
    try:
        resource = attrgetter(door)(client)
        connect = resource.connect
    except AttributeError:
        pytest.skip("this SDK opens no such websocket")
    manager = connect() if door == "responses" else connect(model="gpt")

    async def enter() -> None:
        await manager.enter()

    with pytest.raises(PathRefused):
        asyncio.run(enter()) if form else manager.enter()


@pytest.mark.parametrize("kind", ["openai", "openai async"])
def test_a_request_body_that_is_coded_is_refused(kind: str, guard: Guard) -> None:
    """Invariant 2: unknown encoding, on the way out too."""
    with ScriptedProvider(Script([])) as provider:
        client = guard.wrap(make_client(kind, provider))
        surface = OPENAI[0]
        with pytest.raises(PathRefused, match="gzip"):
            run(surface, client.with_options(default_headers={"content-encoding": "gzip"}), list(USER))

    assert provider.requests == ()


def test_monitor_lets_other_doors_through_and_notes_them(make_guard: Callable[..., Guard]) -> None:
    """Monitor never blocks; what the provider answers (here a 404) is what the caller sees."""
    import openai

    guard = make_guard(mode="monitor")
    with ScriptedProvider(Script([])) as provider:
        client = guard.wrap(make_client("openai", provider))
        with pytest.raises(openai.NotFoundError):
            client.completions.create(model="gpt", prompt="hi")
        client.close()

    assert guard.report().refused_requests == 1
    assert len(provider.requests) == 1


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_wrapped_client_is_a_context_manager_like_its_class(kind: str, guard: Guard) -> None:
    """Same class, same methods: `with client` opens and closes the connections."""
    with ScriptedProvider(lambda seen: Reply("ok")) as provider, guard.wrap(make_client(kind, provider)) as client:
        assert not client.is_closed()
        assert client.with_options(timeout=5)._client is client._client

    assert client.is_closed()


def test_an_async_client_is_a_context_manager_like_its_class(guard: Guard) -> None:
    """The same on an event loop, where a list of models passes too."""

    async def main(provider: ScriptedProvider) -> None:
        async with guard.wrap(make_client("openai async", provider)) as client:
            assert [model async for model in client.models.list()]

    with ScriptedProvider(Script([])) as provider:
        asyncio.run(main(provider))


def test_a_redirect_to_another_host_is_gated_as_well(guard: Guard) -> None:
    """The HTTP client follows redirects above the transport, so each hop passes the gate."""
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("ok")])) as target:
        moved = Reply(raw=b"", status=307, headers={"location": f"{target.openai_url}/chat/completions"})

        def redirect(seen: Any) -> Reply:
            return moved

        with ScriptedProvider(redirect) as first:
            turn = run(OPENAI[0], guard.wrap(make_client("openai", first)), list(USER))

    assert turn.calls == ()


def test_a_body_that_is_no_chat_request_is_refused_where_it_is_built(guard: Guard) -> None:
    """Invariant 2: what cannot be read does not leave; the error is the SDK's own kind as well."""
    import openai

    with ScriptedProvider(Script([])) as provider:
        client = guard.wrap(make_client("openai", provider))
        with pytest.raises(Unreadable) as caught:
            client.post("/chat/completions", cast_to=object, body={"model": "gpt", "messages": "hi"})
        client.close()

    assert openai.OpenAIError in type(caught.value).__mro__
    assert provider.requests == ()


def test_monitor_sends_such_a_body_as_it_is(make_guard: Callable[..., Guard]) -> None:
    """Monitor never blocks: the provider says what is wrong with it."""
    import openai

    guard = make_guard(mode="monitor")
    with ScriptedProvider(Script([])) as provider:
        client = guard.wrap(make_client("openai", provider))
        with pytest.raises(openai.APIStatusError):
            client.post("/chat/completions", cast_to=object, body={"model": "gpt", "messages": "hi"})
        client.close()

    assert len(provider.requests) == 1


def test_the_sdks_own_request_for_a_summary_is_told_apart(guard: Guard) -> None:
    """SDK markers are read, here the header of anthropic's own helper: what asks for a summary compacts nothing yet."""
    from pinnedrules.evidence.reader import read

    with ScriptedProvider(lambda seen: Reply("a summary")) as provider:
        client = guard.wrap(make_client("anthropic", provider))
        client.messages.create(
            model="c", max_tokens=9, messages=USER, extra_headers={"x-stainless-helper": "compaction"}
        )
        client.close()
    guard.close()

    lines = [line for line in read(guard.folder.log) if line["type"] in ("request", "compaction")]
    (entry,) = lines
    assert isinstance(entry["body"], dict)
    assert entry["body"]["summarises"] is True
    assert entry["body"]["block_verified"] is True


def test_two_guards_never_share_an_http_client(make_guard: Callable[..., Guard]) -> None:
    """The second guard would be silently without effect; it is refused, whichever way the client comes."""
    import openai

    first, second = make_guard(mode="monitor"), make_guard()
    with ScriptedProvider(Script([])) as provider:
        raw = make_client("openai", provider)
        wrapped = first.wrap(raw)
        with pytest.raises(TypeError, match="another guard"):
            second.wrap(raw)
        twin = openai.OpenAI(base_url=provider.openai_url, api_key="k", http_client=raw._client)
        with pytest.raises(TypeError, match="another guard"):
            second.wrap(twin)
        other = second.wrap(make_client("openai", provider))
        other._client.close()
        other._client = raw._client
        with pytest.raises(PathRefused, match="another guard"):
            run(OPENAI[0], other, list(USER))
        wrapped.close()


def test_a_closed_guard_gives_its_client_free(make_guard: Callable[..., Guard]) -> None:
    """A guard that is made anew may take over the client of the one that was closed."""
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("ok")])) as provider:
        raw = make_client("openai", provider)
        first = make_guard(mode="monitor")
        first.wrap(raw)
        first.close()
        turn = run(OPENAI[0], make_guard().wrap(raw), list(USER))

    assert turn.calls == ()


def test_two_sdks_on_one_http_client_keep_their_own_errors(make_guard: Callable[..., Guard]) -> None:
    """Whose request it is decides which SDK's error a refusal is."""
    import anthropic
    import openai

    guard = make_guard(on_denied="raise")
    with ScriptedProvider(lambda seen: Reply("", calls=[DELETE])) as provider:
        first = make_client("openai", provider)
        try:
            second = anthropic.Anthropic(base_url=provider.url, api_key="k", http_client=first._client)
        except TypeError:
            pytest.skip("these SDKs do not take the same HTTP client")
        chat, messages = guard.wrap(first), guard.wrap(second)
        with pytest.raises(openai.OpenAIError):
            run_plain(chat)
        with pytest.raises(anthropic.AnthropicError):
            messages.messages.create(model="c", max_tokens=9, messages=[{"role": "user", "content": "hi"}])
        chat.close()


def run_plain(client: Any) -> Any:
    return client.chat.completions.create(model="gpt", messages=USER)


def test_a_session_left_in_another_context_is_over(guard: Guard) -> None:
    """A framework may enter and leave a session in two copies of the context; it is closed all the same."""
    import contextvars

    scope = guard.session("inbox-42")
    contextvars.copy_context().run(scope.__enter__)
    contextvars.copy_context().run(scope.__exit__, None, None, None)

    assert not guard._sessions._entered
