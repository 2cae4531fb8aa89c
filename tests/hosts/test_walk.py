"""A walk through everything that a client offers: no method of it leads around the gate.

Every public method of every place is called, directly and through both response wrappers, synchronously and not, against a
server that writes down what arrives. What the plain client asks for is the measure of what the wrapped one must do. The
clients for the clouds are walked as well, directly; what the SDK itself refuses on some of them is told apart by its words.

Run once for each SDK generation (``make sdk-matrix``).
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.hosts import clouds
from tests.hosts.coverage_page import verdict
from tests.hosts.knocking import WRAPPERS, Tried, make, plainly, try_all
from tests.hosts.recorder import Knock, Recorder, shows_a_call
from tests.hosts.silent import SILENT, UNSUPPORTED, Unsupported, unsupported
from tests.hosts.test_contract import KINDS
from tests.wire.test_path_table import NEWEST

from pinnedrules import Guard, Refused
from pinnedrules.wire.path_table import BEDROCK, BEDROCK_STREAM

KIND = pytest.mark.parametrize("kind", KINDS)
ON_CLOUDS = pytest.mark.parametrize("kind", clouds.KINDS)
WRAPPER = pytest.mark.parametrize("wrapper", WRAPPERS, ids=["direct", "raw", "streaming"])


@pytest.fixture
def ending(make_guard: Callable[..., Guard]) -> Guard:
    return make_guard(on_denied="end")


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of this machine's is used, and none is looked for."""
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "ANTHROPIC_AWS_API_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@KIND
@WRAPPER
def test_every_method_is_gated_passes_with_a_reason_or_is_refused(kind: str, wrapper: str, ending: Guard) -> None:
    """Invariants 1 and 2: nothing arrives but what the gate saw, and no call comes back that it did not allow.

    The plain client is the negative control: from every door that is gated it gets a call that could be run.
    """
    plain = walked(kind, wrapper, ending)

    assert len(plain) > (100 if kind.startswith("openai") else 30)


@ON_CLOUDS
def test_every_method_of_a_client_for_a_cloud_is_gated_passes_or_is_refused(
    kind: str, no_keys: None, ending: Guard
) -> None:
    """The same verdicts wherever a cloud mounts the API, however it carries it and whoever signs; or the SDK refuses it."""
    found, own = verdicts(walked(kind, "", ending)), verdicts(plainly(clouds.own_of(kind)))

    assert {name: said for name, said in found.items() if said - own[name]} == {}
    assert {"gate"} in found.values()


def walked(kind: str, wrapper: str, guard: Guard) -> list[Tried]:
    """Walk a wrapped client beside a plain one, and return what the plain one did."""
    plain = plainly(kind, wrapper)
    with Recorder() as recorder:
        wrapped = try_all(kind, guard.wrap(make(kind, recorder.url)), recorder, wrapper)

    assert [tried.name for tried in wrapped] == [tried.name for tried in plain]
    pairs = zip(plain, wrapped, strict=True)
    found = [mistake for one, other in pairs if (mistake := wrong(kind, one, other, guard.block))]
    assert not found, "\n".join(found)
    return plain


def verdicts(walk: list[Tried]) -> dict[str, set[str]]:
    """Return what becomes of each method that sends something: every verdict on its first requests."""
    found: dict[str, set[str]] = {}
    for knock, name in ((tried.knocks[0], tried.name) for tried in walk if tried.knocks):
        found.setdefault(name, set()).add("refuse" if _completes_a_text(knock) else verdict(knock).verdict)
    return found


def wrong(kind: str, plain: Tried, wrapped: Tried, block: str) -> str:
    """Return what is wrong with the way a method of the wrapped client ended, empty if nothing is."""
    if not plain.knocks:
        if wrapped.knocks:
            return f"{plain.name} sends nothing without a guard, and with one {wrapped.knocks}"
        if _known(plain.name):
            return ""
        if unsupported(kind, plain.name, plain.error) is None:
            return f"{plain.name} sends nothing: {plain.error!r}"
        # The guard may be asked first; else the SDK says the same as ever.
        same = wrapped.refused is not None or unsupported(kind, plain.name, wrapped.error) is not None
        return "" if same else f"{plain.name} ends in another way than without a guard: {wrapped.error!r}"
    expected = verdict(plain.knocks[0])
    if expected.verdict == "refuse" or _completes_a_text(plain.knocks[0]):
        if wrapped.knocks:
            return f"{plain.name} is open: {wrapped.knocks}"
        return "" if wrapped.refused is not None else f"{plain.name} is not refused: {wrapped.error!r}"
    if not wrapped.knocks:
        return f"{plain.name} does not arrive: {wrapped.error!r}"
    if expected.verdict == "gate" and expected.kind in ("request", "poll") and not shows_a_call(plain.seen):
        return f"{plain.name} shows no call without a guard, so that this proves nothing: {plain.error!r}"
    for knock in wrapped.knocks:
        if mistake := _passed_wrongly(knock, block):
            return f"{plain.name}: {mistake}"
    if any(verdict(knock).verdict == "gate" for knock in wrapped.knocks) and shows_a_call(wrapped.seen):
        return f"{plain.name} shows a call that was not allowed: {wrapped.seen}"
    return ""


def _known(name: str) -> bool:
    for wrapper in WRAPPERS[1:]:
        name = name.replace(f".{wrapper}", "").removeprefix(f"{wrapper}.")
    return name in SILENT


def _completes_a_text(knock: Knock) -> bool:
    """Bedrock's one door takes text completions too, from older SDKs: only the body tells that rules have no place there."""
    return verdict(knock).dialect in (BEDROCK, BEDROCK_STREAM) and "messages" not in json.loads(knock.body)


def _passed_wrongly(knock: Knock, block: str) -> str:
    found = verdict(knock)
    if found.verdict == "pass":
        return "" if found.reason else f"{knock.path} passes without a reason"
    if found.verdict == "refuse":
        return f"{knock.method} {knock.path} arrived and should have been refused"
    # A request that goes on with a thread repeats nothing: the provider has the block.
    continues = b'"type":"continue"' in knock.body
    if (
        found.kind == "request"
        and not continues
        and json.dumps(block, ensure_ascii=False)[1:-1].encode() not in knock.body
    ):
        return f"{knock.method} {knock.path} arrived without the block: {knock.body!r}"
    return ""


@NEWEST
@pytest.mark.parametrize("entry", UNSUPPORTED, ids=lambda entry: entry.says)
def test_what_an_sdk_is_said_to_refuse_it_refuses(entry: Unsupported, no_keys: None) -> None:
    """No line of that list stays when the SDK sends the request after all: then the gate's verdict counts."""
    for kind in entry.clouds:
        refused = [tried.name for tried in plainly(kind) if not tried.knocks and entry.says in str(tried.error)]
        assert [pattern for pattern in entry.methods if fnmatch.filter(refused, pattern)] == list(entry.methods)


@KIND
def test_what_sends_nothing_gives_a_client_that_is_gated(kind: str, guard: Guard) -> None:
    """Every method that makes a client of a client makes a guarded one on the same HTTP client."""
    client: Any = guard.wrap(make(kind, "http://127.0.0.1:1"))
    for name in ("copy", "with_options", "with_middleware"):
        if hasattr(client, name):
            made = getattr(client, name)()
            assert type(made) is type(client)
            assert made._client is client._client


@KIND
def test_the_verbs_of_the_client_are_gated_like_everything_else(kind: str, ending: Guard) -> None:
    """``client.post`` and the others take any path: what is gated there is gated, what is unknown is refused."""
    import asyncio

    path = "/v1/messages" if kind.startswith("anthropic") else "/chat/completions"
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with Recorder() as recorder:
        client: Any = ending.wrap(make(kind, recorder.url))

        def sent(verb: str, path: str) -> Any:
            return getattr(client, verb)(path, cast_to=object, **({} if verb == "get" else {"body": body}))

        async def asent() -> str:
            async with client:
                said = repr(await sent("post", path))
                for verb in ("post", "put", "patch", "delete", "get"):
                    with pytest.raises(Refused):
                        await sent(verb, "/v1/unheard_of")
            return said

        if kind.endswith("async"):
            said = asyncio.run(asent())
        else:
            said = repr(sent("post", path))
            for verb in ("post", "put", "patch", "delete", "get"):
                with pytest.raises(Refused):
                    sent(verb, "/v1/unheard_of")
            client.close()

    assert "DENIED" in said
    assert not shows_a_call(said)
    assert len(recorder.knocks) == 1
