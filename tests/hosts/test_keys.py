"""Keys stand nowhere but in the requests: not in the log, not in the state folder, not in what is logged or raised."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.hosts import surfaces
from tests.hosts.aws import ACCESS, CLIENTS, MODEL, SECRET, Amazon, Client
from tests.hosts.platforms import PLATFORMS, Platform
from tests.hosts.surfaces import KINDS, SURFACES, run
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

USER: list[Any] = [{"role": "user", "content": "tidy"}]
DELETE = ProposedCall("delete_mail", {"id": "7"})
KEYS = (b"test-key", b"test-token", SECRET.encode(), ACCESS.encode())

# What can happen to a request whose key must not be told: (replies, settings of the guard).
CASES: dict[str, tuple[list[Reply], dict[str, Any]]] = {
    "allowed": ([Reply("ok")], {}),
    "answered by the gate": ([Reply("", calls=[DELETE]), Reply("ok")], {}),
    "raised": ([Reply("", calls=[DELETE])], {"on_denied": "raise"}),
    "an error of the provider": ([Reply(status=401, message="Wrong key.")], {}),
    "an answer that cannot be read": ([Reply("x", encoding="snappy")], {}),
    "monitored": ([Reply("", calls=[DELETE])], {"mode": "monitor"}),
}
CASE = pytest.mark.parametrize("case", CASES)


def told(act: Callable[[], Any], guard: Guard, caplog: pytest.LogCaptureFixture) -> bytes:
    """Do something with the guard, and return all that it left behind and said about it."""
    error = ""
    with caplog.at_level(logging.DEBUG):
        try:
            act()
        except Exception as failed:  # noqa: BLE001 - whatever it is, no key is in it
            error = repr(failed) + str(failed)
    guard.close()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pinnedrules")]
    folder: Path = guard.folder.path
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "token")
    assert b'"request"' in written or error
    return written + "\n".join([error, repr(guard), *ours]).encode()


@pytest.mark.parametrize("kind", KINDS)
@CASE
def test_no_key_is_told(
    kind: str, case: str, way: Way, make_guard: Callable[..., Guard], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever became of the request; the provider did get its key."""
    replies, settings = CASES[case]
    guard = make_guard(**settings)
    with ScriptedProvider(Script(replies), key="test-key") as provider:
        client = way.client(kind, provider, guard, max_retries=0)
        found = told(lambda: run(SURFACES[kind.split()[0]][0], client, USER), guard, caplog)

    assert provider.requests[0].seen is not None
    assert not [key for key in KEYS if key in found]


@pytest.mark.parametrize("platform", PLATFORMS, ids=[platform.name for platform in PLATFORMS])
def test_no_key_or_token_of_a_cloud_is_told(
    platform: Platform, way: Way, guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither Azure's ``api-key`` nor a bearer token of any cloud's."""
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("ok")])) as provider:
        client = way.at(platform, "", provider, guard)
        found = told(lambda: run(SURFACES[platform.api][0], client, USER), guard, caplog)

    assert len(provider.seen) == 2
    assert not [key for key in KEYS if key in found]


@pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])
def test_no_secret_and_no_signature_is_told(
    client: Client, guard: Guard, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request for AWS shows who signed it, and the gate signs its own one; nothing of both is kept."""
    pytest.importorskip("botocore", reason="the SDKs sign with botocore")
    pytest.importorskip("boto3", reason="the SDKs sign with boto3")
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "ANTHROPIC_AWS_API_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    plain = surfaces._messages
    # A name that Bedrock would know.
    monkeypatch.setattr(surfaces, "_messages", lambda messages: {**plain(messages), "model": MODEL})
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("ok")])) as provider, Amazon(provider) as amazon:
        made = guard.wrap(client.make("", amazon.url))
        found = told(lambda: run(SURFACES[client.api][0], made, USER), guard, caplog)

    signatures = [each.headers["authorization"].rpartition("=")[2].encode() for each in amazon.asked]
    assert len(signatures) == 2
    assert not [key for key in (*KEYS, *signatures) if key in found]
