"""Clients that sign for AWS: the host table against a server that computes every signature anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from tests.hosts import surfaces
from tests.hosts.aws import ACCESS, CLIENTS, MODEL, SECRET, Amazon, Client, chunk, message
from tests.hosts.surfaces import SURFACES, run
from tests.hosts.turns import Surface

from pinnedrules import Guard, PathRefused, Unpinned, Unreadable
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned, assert_seen_in_every_request
from pinnedrules.testing.evidence import recorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

pytest.importorskip("botocore", reason="the SDKs sign with botocore")
pytest.importorskip("boto3", reason="the SDKs sign with boto3")

DELETE = ProposedCall("delete_mail", {"id": "7"})
BIG = ProposedCall("archive", '{"id":"18446744073709551617"}')
USER = [{"role": "user", "content": "tidy"}]
SENTENCE = "Never delete before the owner confirms."
# The HTTP client inside signs nothing.
TABLE = [
    pytest.param(client, surface, id=f"{client.name} {surface.name}")
    for client in CLIENTS
    for surface in SURFACES[client.api]
    if surface.name != "http client"
]
EVERY = pytest.mark.parametrize(("client", "surface"), TABLE)
EACH = pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])
FORMS = pytest.mark.parametrize("form", ["", "async"], ids=["sync", "async"])


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of this machine's is used, and the models have names that Bedrock would know."""
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "ANTHROPIC_AWS_API_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    plain = surfaces._messages
    monkeypatch.setattr(surfaces, "_messages", lambda messages: {**plain(messages), "model": MODEL})


Serve = Callable[..., tuple[ScriptedProvider, Amazon]]


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """A function that starts a scripted provider, and Amazon in front of it."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(*replies: Reply, pieces: int = 1 << 20) -> tuple[ScriptedProvider, Amazon]:
            provider = stack.enter_context(ScriptedProvider(Script(replies)))
            return provider, stack.enter_context(Amazon(provider, pieces=pieces))

        yield start


def surface_of(client: Client, name: str) -> Surface:
    return next(each for each in SURFACES[client.api] if each.name == name)


def made(client: Client, form: str, amazon: Amazon, surface: Surface, guard: Guard) -> Any:
    wrapped = guard.wrap(client.make(form, amazon.url))
    return shared(wrapped) if surface.name == "with_options" else wrapped


def all_signed(amazon: Amazon, service: str) -> None:
    assert {(each.right, each.service) for each in amazon.asked} == {(True, service)}


@EVERY
@FORMS
def test_an_allowed_call_arrives_and_a_refused_one_never(
    client: Client, form: str, surface: Surface, serve: Serve, guard: Guard
) -> None:
    """Invariants 1 and 8 and promise 2, under a signature that the provider computes anew."""
    provider, amazon = serve(Reply("Both.", calls=[DELETE, BIG]))
    turn = run(surface, made(client, form, amazon, surface, guard), USER)

    assert [(name, json.loads(arguments)) for name, arguments in turn.calls] == [
        ("archive", {"id": "18446744073709551617"})
    ]
    assert SENTENCE in turn.text
    all_signed(amazon, client.service)
    assert_all_accepted(provider)
    assert_seen_in_every_request(provider, guard.block)


@EVERY
@FORMS
def test_the_gate_s_own_request_is_signed_too(
    client: Client, form: str, surface: Surface, serve: Serve, guard: Guard
) -> None:
    """Where no call is left the gate answers the model itself, with a second request under a signature of its own."""
    provider, amazon = serve(Reply("Deleting.", calls=[DELETE]), Reply("I suggest deleting mail 7."))
    turn = run(surface, made(client, form, amazon, surface, guard), USER)

    assert turn.calls == ()
    assert turn.text.endswith("I suggest deleting mail 7.")
    assert len(provider.seen) == 2
    assert len({each.headers["authorization"] for each in amazon.asked}) == len(amazon.asked)
    all_signed(amazon, client.service)
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


@EACH
@FORMS
@pytest.mark.parametrize("how", ["create", "create stream"])
def test_the_unguarded_client_would_have_run_it(client: Client, form: str, how: str, serve: Serve) -> None:
    """The negative control: without a guard the dangerous call arrives, and the signature is right."""
    _, amazon = serve(Reply("Deleting.", calls=[DELETE]))
    turn = run(surface_of(client, how), client.make(form, amazon.url), USER)

    assert turn.calls[0][0] == "delete_mail"
    all_signed(amazon, client.service)


@EACH
def test_an_edit_after_signing_breaks_the_signature(client: Client, serve: Serve) -> None:
    """The other negative control: the provider does notice a body that was changed behind the signer."""
    _, amazon = serve(Reply("ok"))
    plain = client.make("", amazon.url, max_retries=0)
    inner = plain._client._transport

    class Editing(type(inner)):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

        def handle_request(self, request: Any) -> Any:
            body = request.content.replace(b"tidy", b"calm")
            request.stream = type(request.stream)(body)
            return inner.handle_request(request)

        def close(self) -> None:
            inner.close()

    plain._client._transport = Editing()
    with pytest.raises(Exception, match="signature"):
        run(surface_of(client, "create"), plain, USER)

    assert [each.right for each in amazon.asked] == [False]


@EACH
@FORMS
def test_a_request_that_was_signed_without_the_rules_does_not_leave(
    client: Client, form: str, serve: Serve, guard: Guard
) -> None:
    """The wire host verifies and refuses; it never rewrites what is signed. The client passed in is gated too."""
    _, amazon = serve(Reply("", calls=[DELETE]))
    plain = client.make(form, amazon.url)
    guard.wrap(plain)
    # Older SDKs wrap what a transport raises and try again, in a client that is not the wrapped one.
    with pytest.raises((Unpinned, anthropic.APIConnectionError, openai.APIConnectionError)):
        run(surface_of(client, "create"), plain, USER)

    assert amazon.asked == []
    assert {each.error for each in recorded(guard).refusals} == {"Unpinned"}


@EACH
def test_in_monitor_mode_a_signed_request_leaves_as_it_came(
    client: Client, serve: Serve, make_guard: Callable[..., Guard]
) -> None:
    """Monitor mode holds nothing back, and breaks no signature."""
    _, amazon = serve(Reply("Deleting.", calls=[DELETE]))
    plain = client.make("", amazon.url)
    make_guard(mode="monitor").wrap(plain)
    turn = run(surface_of(client, "create"), plain, USER)

    assert turn.calls[0][0] == "delete_mail"
    all_signed(amazon, client.service)


@EACH
@FORMS
@pytest.mark.parametrize("how", ["create", "create stream"])
def test_a_placeholder_is_turned_back_before_the_request_is_signed(
    client: Client, form: str, how: str, serve: Serve, make_guard: Callable[..., Guard]
) -> None:
    """Design, step 12: the provider gets its own call and what became of it, under a right signature."""
    guard = make_guard(on_denied="end")
    provider, amazon = serve(Reply("Deleting.", calls=[DELETE]), Reply("Then not."))
    # Each turn has a client of its own, as a turn closes its client.
    with guard.session("one"):
        first = run(surface_of(client, how), guard.wrap(client.make(form, amazon.url)), USER)
        history = [*USER, {"role": "assistant", "content": first.text}, {"role": "user", "content": "well?"}]
        second = run(surface_of(client, how), guard.wrap(client.make(form, amazon.url)), history)

    assert "[pinnedrules:denied:" in first.text
    assert second.text == "Then not."
    assert b"pinnedrules:denied" not in amazon.asked[-1].body
    assert provider.seen[-1].calls[0].name == "delete_mail"
    assert "restored call" in recorded(guard).requests[-1].edits
    all_signed(amazon, client.service)
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


@EACH
@FORMS
def test_retries_send_identical_bytes_each_signed(client: Client, form: str, serve: Serve, guard: Guard) -> None:
    """A retry is the same request to the byte, block included, under a signature of its time."""
    _, amazon = serve(Reply(status=500, retry_after=0.01), Reply(status=429, retry_after=0.01), Reply("ok"))
    turn = run(surface_of(client, "create"), guard.wrap(client.make(form, amazon.url)), USER)

    assert turn.text == "ok"
    assert len(amazon.asked) == 3
    assert len({each.body for each in amazon.asked}) == 1
    all_signed(amazon, client.service)


@EACH
@FORMS
def test_a_copy_stays_guarded_and_signs(client: Client, form: str, serve: Serve, guard: Guard) -> None:
    """Every way to make another client of one gives a guarded one on the same HTTP client."""
    _, amazon = serve(Reply("", calls=[DELETE]), Reply("ok"))
    wrapped = shared(guard.wrap(client.make(form, amazon.url)))
    copies = [wrapped.copy(), wrapped.with_options(max_retries=0).with_options(timeout=5)]
    if hasattr(wrapped, "with_middleware"):
        copies.append(wrapped.with_middleware())
    for copied in copies:
        assert type(copied) is type(wrapped)
        assert copied._client is wrapped._client
    with pytest.raises(PathRefused, match="http_client"):
        wrapped.copy(http_client=client.make(form, amazon.url)._client)
    turn = run(surface_of(client, "create"), copies[-1], USER)

    assert turn.calls == ()
    all_signed(amazon, client.service)


@FORMS
def test_a_guarded_client_can_be_copied_onto_one_that_signs(form: str, serve: Serve, guard: Guard) -> None:
    """The provider is an option of a copy in the newest SDK: what it signs has the rules in it."""
    providers = pytest.importorskip("openai.providers", reason="this SDK has no providers")
    _, amazon = serve(Reply("", calls=[DELETE]), Reply("ok"))
    kind: Any = openai.AsyncOpenAI if form else openai.OpenAI
    client = guard.wrap(kind(base_url=f"{amazon.url}/v1", api_key="test-key"))
    keys = {"access_key_id": ACCESS, "secret_access_key": SECRET}
    signing = client.with_options(
        provider=providers.bedrock(region="us-east-1", base_url=f"{amazon.url}/openai/v1", **keys)
    )
    turn = run(surface_of(CLIENTS[-1], "create"), signing, USER)

    assert turn.calls == ()
    all_signed(amazon, "bedrock-mantle")


def shared(client: Any) -> Any:
    """Return this client where a copy of it has its HTTP client, as in the newest SDKs; nothing closes another one."""
    copied = client.copy()
    if copied._client is not client._client:
        if not type(copied).__name__.startswith("Async"):
            copied.close()
            client.close()
        pytest.skip("in this SDK a copy has an HTTP client of its own")
    return client


def keyed(client: Client, amazon: Amazon) -> Any:
    try:
        return client.make("", amazon.url, key=True)
    except TypeError:
        pytest.skip("this SDK's client takes no key")


@EACH
def test_a_key_in_place_of_a_signature_needs_none(client: Client, serve: Serve, guard: Guard) -> None:
    """With a bearer token the request is not signed, and is gated as any other."""
    provider, amazon = serve(Reply("", calls=[DELETE]), Reply("ok"))
    amazon.open = True
    turn = run(surface_of(client, "create"), guard.wrap(keyed(client, amazon)), USER)

    assert turn.calls == ()
    assert [each.right for each in amazon.asked] == [None, None]
    assert {each.headers.get("authorization", "Bearer test-key") for each in amazon.asked} == {"Bearer test-key"}
    assert_pinned(provider, guard)


# -- Bedrock's own streams ---------------------------------------------------------------------------------------------

STREAMS = pytest.mark.parametrize("how", ["create stream", "stream helper", "beta stream helper"])
BEDROCK = CLIENTS[0]


@FORMS
@STREAMS
@pytest.mark.parametrize("pieces", [1, 7, 100])
def test_a_binary_stream_is_read_however_it_is_cut(
    form: str, how: str, pieces: int, serve: Serve, guard: Guard
) -> None:
    """The same bytes in other pieces give the same answer."""
    _, amazon = serve(Reply("Deleting.", calls=[DELETE]), Reply("No.", calls=[BIG]), pieces=pieces)
    turn = run(surface_of(BEDROCK, how), guard.wrap(BEDROCK.make(form, amazon.url)), USER)

    assert turn.calls == (("archive", '{"id": "18446744073709551617"}'),)
    assert turn.text.endswith("No.")


def test_what_is_not_edited_passes_byte_identical(serve: Serve, guard: Guard) -> None:
    """Invariant 8: an allowed stream arrives as it left, padding and checksums included."""
    _, amazon = serve(Reply("Archiving.", calls=[BIG]))
    client = guard.wrap(BEDROCK.make("", amazon.url))
    with client.messages.with_streaming_response.create(**surfaces._messages(USER), stream=True) as response:
        received = b"".join(response.iter_bytes())
    client.close()

    assert received == bytes(amazon.answered)


def _flipped(frames: list[bytes]) -> list[bytes]:
    last = bytearray(frames[-1])
    last[20] ^= 1
    return [*frames[:-1], bytes(last)]


BROKEN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a wrong checksum": _flipped,
    "a cut frame": lambda frames: [*frames[:-1], frames[-1][:-3]],
    "an unknown header": lambda frames: [*frames, message(b"{}", {":message-type": "event", ":surprise": "x"})],
    "an unknown event": lambda frames: [*frames, message(b"{}", {":message-type": "event", ":event-type": "other"})],
    "a call that ends nowhere": lambda frames: frames[:4],
    "text events": lambda frames: [b"data: {}\n\n"],
}


@FORMS
@pytest.mark.parametrize("broken", BROKEN)
def test_a_stream_that_cannot_be_read_releases_no_call(form: str, broken: str, serve: Serve, guard: Guard) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    _, amazon = serve(Reply("", calls=[BIG]))
    amazon.spoil = BROKEN[broken]
    with pytest.raises(Unreadable):
        run(surface_of(BEDROCK, "create stream"), guard.wrap(BEDROCK.make(form, amazon.url)), USER)


def test_text_events_are_not_what_this_client_reads(serve: Serve, guard: Guard) -> None:
    """A door has one kind of stream; another one would be read here and not there."""
    _, amazon = serve(Reply("", calls=[BIG]))
    amazon.media = "text/event-stream"
    with pytest.raises(Unreadable, match="text/event-stream"):
        run(surface_of(BEDROCK, "create stream"), guard.wrap(BEDROCK.make("", amazon.url)), USER)


@FORMS
def test_an_exception_in_a_stream_is_the_sdk_s_own_error(form: str, serve: Serve, guard: Guard) -> None:
    """An exception passes as the provider wrote it, and nothing after it is read."""
    throttled = message(
        b'{"message":"Too many requests"}',
        {":exception-type": "throttlingException", ":content-type": "application/json", ":message-type": "exception"},
    )
    _, amazon = serve(Reply("Wait.", calls=[DELETE]))
    amazon.spoil = lambda frames: [*frames[:4], throttled, *frames[4:]]
    with pytest.raises(Exception, match="Too many requests") as caught:
        run(surface_of(BEDROCK, "create stream"), guard.wrap(BEDROCK.make(form, amazon.url)), USER)

    assert not isinstance(caught.value, Unreadable)


def test_a_guardrail_s_trace_passes(serve: Serve, guard: Guard) -> None:
    """A chunk without a type is none of the Messages API's events; the SDK skips it."""
    _, amazon = serve(Reply("Fine."))
    amazon.spoil = lambda frames: [*frames, chunk(b'{"amazon-bedrock-trace":{"guardrail":{}}}')]
    turn = run(surface_of(BEDROCK, "create stream"), guard.wrap(BEDROCK.make("", amazon.url)), USER)

    assert turn.text == "Fine."


@FORMS
def test_an_approval_keeps_the_stream_alive_with_what_the_sdk_skips(
    form: str, serve: Serve, make_guard: Callable[..., Guard]
) -> None:
    """While a person is asked the stream does not fall silent, and what is sent meanwhile is no event."""
    guard = make_guard(ask_wait=1)
    _, amazon = serve(Reply("Refund.", calls=[ProposedCall("refund", {"amount": 900})]), Reply("Not now."))
    turn = run(surface_of(BEDROCK, "create stream"), guard.wrap(BEDROCK.make(form, amazon.url)), USER)

    assert turn.calls == ()
    assert turn.text.endswith("Not now.")


def test_other_models_and_converse_stay_shut(serve: Serve, guard: Guard) -> None:
    """Bedrock's own formats are not gated, so they do not leave."""
    _, amazon = serve()
    client = guard.wrap(BEDROCK.make("", amazon.url))
    for path in ("/model/amazon.nova-pro-v1:0/invoke", f"/model/{MODEL}/converse"):
        with pytest.raises(PathRefused, match="Bedrock"):
            client.post(path, cast_to=object, body={"messages": []})
    client.close()

    assert amazon.asked == []
