"""The host table for the clouds: the same promises on the paths and with the keys of Azure, Vertex AI, Foundry and others."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.hosts.platforms import PLATFORMS, Platform
from tests.hosts.surfaces import SURFACES, run
from tests.hosts.turns import Surface
from tests.hosts.ways import Way

from pinnedrules import Guard, PathRefused
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

BIG = ProposedCall("archive", '{"id":"18446744073709551617"}')
DELETE = ProposedCall("delete_mail", {"id": "7"})
USER = [{"role": "user", "content": "tidy"}]

AT = pytest.mark.parametrize("platform", PLATFORMS, ids=[platform.name for platform in PLATFORMS])
FORMS = pytest.mark.parametrize("form", ["", "async"], ids=["sync", "async"])
SOME = pytest.mark.parametrize("how", ["create", "create stream"])


def surface(platform: Platform, how: str) -> Surface:
    return next(each for each in SURFACES[platform.api] if each.name == how)


@AT
@FORMS
@SOME
def test_an_allowed_call_arrives_exactly_and_a_refused_one_never(
    platform: Platform, form: str, how: str, way: Way, guard: Guard
) -> None:
    """Invariants 1 and 8 and promise 2, wherever the cloud mounts the provider's API."""
    script = Script([Reply("Both.", calls=[DELETE, BIG])])
    with ScriptedProvider(script) as provider:
        turn = run(surface(platform, how), way.at(platform, form, provider, guard), USER)

    assert [(name, json.loads(arguments)) for name, arguments in turn.calls] == [
        ("archive", {"id": "18446744073709551617"})
    ]
    assert "Never delete before the owner confirms." in turn.text
    assert re.fullmatch(platform.path, provider.requests[0].path.removesuffix("?beta=true"))
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


@AT
@FORMS
@SOME
def test_the_model_is_told_and_its_next_answer_arrives(
    platform: Platform, form: str, how: str, way: Way, guard: Guard
) -> None:
    """Where no call is left the gate answers the model itself, at the same door and with the same credentials."""
    script = Script([Reply("Deleting.", calls=[DELETE]), Reply("I suggest deleting mail 7.")])
    with ScriptedProvider(script) as provider:
        turn = run(surface(platform, how), way.at(platform, form, provider, guard), USER)

    assert turn.calls == ()
    assert turn.text.endswith("I suggest deleting mail 7.")
    assert len({request.path for request in provider.requests}) == 1
    assert all(
        _credentials(request.headers) == _credentials(provider.requests[0].headers) for request in provider.requests
    )
    assert _credentials(provider.requests[0].headers) <= {"test-key", "Bearer test-key", "Bearer test-token"}
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


def _credentials(headers: Any) -> set[str]:
    return {value for name, value in headers if name.lower() in ("api-key", "authorization", "x-api-key")}


@AT
@FORMS
@pytest.mark.parametrize("how", ["create", "create stream"])
def test_the_unguarded_client_would_have_run_it(platform: Platform, form: str, how: str) -> None:
    """The negative control: without a guard the dangerous call arrives."""
    with ScriptedProvider(Script([Reply("Deleting.", calls=[DELETE])])) as provider:
        turn = run(surface(platform, how), platform.make(form, provider.url + platform.mount), USER)

    assert turn.calls[0][0] == "delete_mail"


@AT
@FORMS
def test_a_copy_stays_guarded(platform: Platform, form: str, guard: Guard) -> None:
    """Every way to make another client of one gives a guarded one on the same HTTP client."""
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("ok")])) as provider:
        plain = platform.make(form, provider.url + platform.mount)
        try:
            plain.copy()
        except TypeError:
            pytest.skip("this SDK's own client cannot be copied")
        client = guard.wrap(plain)
        assert isinstance(client, type(plain))
        copies = [client.copy(), client.with_options(max_retries=0).with_options(timeout=5)]
        if hasattr(client, "with_middleware"):
            copies.append(client.with_middleware())
        for copied in copies:
            assert type(copied) is type(client)
            assert copied._client is client._client
        with pytest.raises(PathRefused, match="http_client"):
            client.copy(http_client=platform.make(form, provider.url)._client)
        turn = run(surface(platform, "create"), copies[-1], USER)

    assert turn.calls == ()


@pytest.mark.api("openai")
@pytest.mark.parametrize("name", ["azure", "azure deployment", "azure v1"])
def test_what_proposes_no_call_passes_at_azure(name: str, way: Way, guard: Guard) -> None:
    """There a model's deployment stands in the path, which is a managed agent's word elsewhere."""
    platform = next(each for each in PLATFORMS if each.name == name)
    with ScriptedProvider(Script([])) as provider:
        client = way.at(platform, "", provider, guard)
        assert client.embeddings.create(model="gpt", input="words").data[0].embedding

    assert provider.requests[0].path.startswith("/openai/")
