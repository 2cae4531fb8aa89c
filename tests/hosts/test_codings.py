"""Content codings: what the HTTP library can decode is decoded and gated, anything else is refused by name."""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import zlib
from typing import Any

import pytest
from tests.hosts.surfaces import KINDS, SURFACES, make_client, run
from tests.hosts.test_http import library
from tests.hosts.turns import Surface, Turn
from tests.hosts.ways import Way

from pinnedrules import Guard, Unreadable
from pinnedrules.testing.asserts import assert_pinned
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

USER: list[Any] = [{"role": "user", "content": "tidy"}]
DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "8"})
SENTENCE = "Never delete before the owner confirms."

EACH = pytest.mark.parametrize("kind", KINDS)
HOW = pytest.mark.parametrize("number", [0, 1], ids=["json", "stream"])


def surface(kind: str, number: int) -> Surface:
    return SURFACES[kind.split()[0]][number]


def written(kind: str, number: int) -> bytes:
    """Return an answer with a refused and an allowed call as a provider writes it."""
    with ScriptedProvider(Script([Reply("Both.", calls=[DELETE, ARCHIVE])])) as provider:
        run(surface(kind, number), make_client(kind, provider), USER)
        return bytes(provider.requests[0].answer)


def coded(kind: str, number: int, data: bytes, coding: str) -> Reply:
    """Return a reply whose bytes are these, under this name of a coding."""
    streamed = "text/event-stream" if number else "application/json"
    return Reply(raw=data, encoding=coding, content_type=streamed)


def both_decided(turn: Turn) -> None:
    assert [name for name, _ in turn.calls] == ["archive"]
    assert SENTENCE in turn.text


def zstd(data: bytes) -> bytes:
    """Return *data* as one frame of Zstandard, by whatever the installed HTTP library could decode it with."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return bytes(importlib.import_module(name).compress(data))
        except ImportError:
            continue
    return bytes(importlib.import_module("zstandard").ZstdCompressor().compress(data))


def can_zstd(kind: str, way: Way) -> bool:
    """Say whether the HTTP library that reads the provider's answers decodes zstd here; the sidecar has its own."""
    name = "httpx2" if way.name == "sidecar" else library(kind).__name__
    return "zstd" in importlib.import_module(f"{name}._decoders").SUPPORTED_DECODERS


@EACH
@HOW
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_coded_answers_are_decoded_and_gated(kind: str, number: int, coding: str, way: Way, guard: Guard) -> None:
    """A server that codes its answer although asked for identity does not get a call past the gate."""
    script = Script([Reply("Deleting.", calls=[DELETE], encoding=coding), Reply("ok", encoding=coding)])
    with ScriptedProvider(script) as provider:
        turn = run(surface(kind, number), way.client(kind, provider, guard), USER)

    assert turn.calls == ()
    assert turn.text.endswith("ok")
    assert all(request.header("accept-encoding") == "identity" for request in provider.requests)
    assert_pinned(provider, guard)


@EACH
@HOW
@pytest.mark.parametrize("coding", ["gzip, br", "deflate,gzip", "identity", "GZIP"])
def test_several_codings_are_taken_off_in_their_order(
    kind: str, number: int, coding: str, way: Way, guard: Guard
) -> None:
    """RFC 9110, section 8.4: they are listed in the order in which they were applied."""
    data = written(kind, number)
    for name in coding.lower().replace(" ", "").split(","):
        data = {
            "gzip": gzip.compress,
            "deflate": zlib.compress,
            "br": importlib.import_module("brotli").compress,
            "identity": bytes,
        }[name](data)
    with ScriptedProvider(Script([coded(kind, number, data, coding)])) as provider:
        both_decided(run(surface(kind, number), way.client(kind, provider, guard), USER))


@EACH
@HOW
@pytest.mark.parametrize("coding", ["snappy", "gzip, snappy", "x-none", "aws-chunked"])
def test_an_unknown_coding_is_refused_by_name(kind: str, number: int, coding: str, way: Way, guard: Guard) -> None:
    """Invariant 2: an unknown encoding is never an allow, beside a known one neither."""
    data = written(kind, number)
    data = gzip.compress(data) if coding.startswith("gzip") else data
    with ScriptedProvider(Script([coded(kind, number, data, coding)])) as provider:
        client = way.client(kind, provider, guard)
        with way.refused(kind, Unreadable, coding.split(" ")[-1]):
            run(surface(kind, number), client, USER)

    assert len(provider.requests) == 1


@EACH
@HOW
def test_zstd_is_decoded_where_the_http_library_can(kind: str, number: int, way: Way, guard: Guard) -> None:
    """httpx2 decodes it with ``backports.zstd`` (or Python 3.14), httpx with ``zstandard``."""
    if not can_zstd(kind, way):
        pytest.skip("this installation has nothing that decodes zstd")
    with ScriptedProvider(Script([coded(kind, number, zstd(written(kind, number)), "zstd")])) as provider:
        both_decided(run(surface(kind, number), way.client(kind, provider, guard), USER))


@EACH
@HOW
def test_zstd_is_refused_by_name_where_it_cannot(
    kind: str, number: int, way: Way, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that package the answer is refused, and the refusal names the coding."""
    data = zstd(written(kind, number)) if can_zstd(kind, way) else b"(\xb5/\xfd"
    without_zstd(monkeypatch)
    with ScriptedProvider(Script([coded(kind, number, data, "zstd")])) as provider:
        client = way.client(kind, provider, guard)
        with way.refused(kind, Unreadable, "zstd"):
            run(surface(kind, number), client, USER)

    assert len(provider.requests) == 1


def without_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every host find what it finds where the package is not installed."""
    for name in ("httpx2", "httpx"):
        if importlib.util.find_spec(name) is not None:
            bound = importlib.import_module(f"pinnedrules.hosts.{name}").Transport.library
            monkeypatch.setattr(bound, "decoders", bound.decoders - {"zstd"})
    known = importlib.import_module("httpx2._decoders").SUPPORTED_DECODERS
    kept = {name: value for name, value in known.items() if name != "zstd"}
    monkeypatch.setattr("pinnedrules.hosts.sidecar.provider.SUPPORTED_DECODERS", kept)


@EACH
@HOW
@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_an_answer_that_is_not_coded_as_it_says_releases_nothing(
    kind: str, number: int, coding: str, way: Way, guard: Guard
) -> None:
    """Invariant 2: what cannot be decoded cannot be read."""
    replies = [coded(kind, number, b'{"id":"x"}' * 9, coding)] * 3
    with ScriptedProvider(Script(replies)) as provider:
        client = way.client(kind, provider, guard, max_retries=0)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDKs and HTTP libraries name it differently
            run(surface(kind, number), client, USER)

    assert "archive" not in str(caught.value)
