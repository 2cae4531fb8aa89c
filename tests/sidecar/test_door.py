"""Who gets in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.hosts.sidecar.address import read_address
from pinnedrules.hosts.sidecar.door import Door, foreign
from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.hosts.sidecar.problems import Problem, Turned
from pinnedrules.hosts.sidecar.upstreams import OPENAI_URL, Upstream

TOKEN = "a-long-enough-token"
HOST = ("host", "127.0.0.1:7717")


def turned(
    path: str = f"/t/{TOKEN}/v1/chat/completions",
    *headers: tuple[str, str],
    door: Door | None = None,
    key: str = "",
) -> Problem | None:
    """Return what turns a request away, if anything does."""
    door = door or Door(TOKEN, Limits(body=1000))
    given = headers if any(name == "host" for name, _ in headers) else (HOST, *headers)
    try:
        door.check(read_address(path), given, Upstream(OPENAI_URL, key))
    except Turned as found:
        return found.problem
    return None


def code(*args: object, **more: object) -> str:
    problem = turned(*args, **more)  # type: ignore[arg-type]
    return problem.code if problem else ""


def test_the_token_in_the_base_url_lets_in() -> None:
    """The one form that every agent can be given."""
    assert turned() is None


def test_the_token_in_our_header_lets_in() -> None:
    """For clients that set headers of their own."""
    assert turned("/v1/models", ("x-pinnedrules-token", TOKEN)) is None


@pytest.mark.parametrize("header", [("authorization", f"Bearer {TOKEN}"), ("x-api-key", TOKEN), ("api-key", TOKEN)])
def test_the_token_as_api_key_lets_in_where_the_sidecar_holds_the_key(header: tuple[str, str]) -> None:
    """Then the agent needs nothing but a key and a base URL, as always."""
    assert turned("/v1/models", header, key="sk-real") is None
    assert code("/v1/models", header) == "no_key"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/models", ()),
        ("/t/wrong/v1/models", ()),
        (f"/t/{TOKEN}x/v1/models", ()),
        (f"/t/{TOKEN[:-1]}/v1/models", ()),
        (f"/s/{TOKEN}/v1/models", ()),
        ("/t//v1/models", ()),
        ("/t/%ff/v1/models", ()),
        (f"/T/{TOKEN}/v1/models", ()),
        (f"/v1/t/{TOKEN}/models", ()),
        ("/v1/models", (("x-pinnedrules-token", ""),)),
        ("/v1/models", (("x-pinnedrules-token", "wrong"),)),
        ("/v1/models", (("authorization", TOKEN),)),
        ("/v1/models", (("authorization", "Bearer sk-other"),)),
        ("/v1/models", (("cookie", TOKEN),)),
        ("/t/wrong/v1/models", (("x-api-key", TOKEN),)),
        ("/t/wrong/v1/models", (("x-pinnedrules-token", TOKEN),)),
    ],
)
def test_nobody_gets_in_without_the_token(path: str, headers: tuple[tuple[str, str], ...]) -> None:
    """Loopback is shared by every process of the machine: without the token any of them could use it."""
    problem = turned(path, *headers, key="sk-real")

    assert problem is not None
    assert problem.status == 401
    assert problem.next_step
    assert TOKEN not in problem.message


@given(
    st.text().map("/{}".format) | st.text(st.sampled_from("/ts%2fopenai")).map("/{}".format),
    st.lists(st.tuples(st.sampled_from(["x-pinnedrules-token", "authorization", "x-api-key", "cookie"]), st.text())),
)
def test_nothing_else_that_is_sent_is_taken_for_the_token(path: str, headers: list[tuple[str, str]]) -> None:
    """For all paths and headers without it."""
    assert code(path, *headers, key="sk-real") == "no_token"


def test_the_token_never_goes_to_a_provider_as_a_key() -> None:
    """A token in the path and in the key as well, while the sidecar holds no key: it would be sent on."""
    assert code(f"/t/{TOKEN}/v1/models", ("authorization", f"Bearer {TOKEN}")) == "no_key"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:7717", "localhost", "LOCALHOST:1", "localhost.", "[::1]:7717", "[::1]"]
)
def test_loopback_is_a_host_that_is_answered_for(host: str) -> None:
    """However the client writes it."""
    assert turned(f"/t/{TOKEN}/v1/models", ("host", host)) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:7717",
        "10.0.0.1",
        "[::2]",
        "a b",
        "@localhost",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    """DNS rebinding: a page whose name was bound to 127.0.0.1 carries its own name here."""
    assert code(f"/t/{TOKEN}/v1/models", ("host", host)) == "wrong_host"


def test_a_request_without_a_host_is_refused() -> None:
    """HTTP/1.0 may leave it out."""
    with pytest.raises(Turned):
        Door(TOKEN, Limits()).check(read_address(f"/t/{TOKEN}/v1/models"), (), Upstream(OPENAI_URL))


def test_a_host_can_be_named_and_addresses_count_when_it_listens_on_all() -> None:
    """An agent in a container calls its host by a name; a page cannot be served from a bare address."""
    named = Door(TOKEN, Limits(), hosts=["Host.Docker.Internal"])
    everywhere = Door(TOKEN, Limits(), any_address=True)

    assert turned(f"/t/{TOKEN}/v1/models", ("host", "host.docker.internal:7717"), door=named) is None
    assert code(f"/t/{TOKEN}/v1/models", ("host", "10.0.0.1"), door=named) == "wrong_host"
    assert turned(f"/t/{TOKEN}/v1/models", ("host", "10.0.0.1:7717"), door=everywhere) is None
    assert turned(f"/t/{TOKEN}/v1/models", ("host", "[fe80::1]:7717"), door=everywhere) is None
    assert code(f"/t/{TOKEN}/v1/models", ("host", "evil.example"), door=everywhere) == "wrong_host"


def test_a_broken_path_is_told_only_to_whoever_has_the_token() -> None:
    """Nothing is looked at before the token was."""
    assert code(f"/t/{TOKEN}/s/%00/v1/models") == "bad_path"
    assert code("/t/wrong/s/%00/v1/models") == "no_token"


@pytest.mark.parametrize("value", ["websocket", "WebSocket", "websocket, h2c"])
def test_a_websocket_gets_426(value: str) -> None:
    """Measured on codex: one try, then HTTP at once."""
    problem = turned(f"/t/{TOKEN}/v1/responses", ("connection", "upgrade"), ("upgrade", value))

    assert problem is not None
    assert problem.status == 426


def test_an_offer_of_http_2_is_no_websocket() -> None:
    """Java's client offers it with its first request, which is then served as it is."""
    assert turned(f"/t/{TOKEN}/v1/messages", ("connection", "upgrade, http2-settings"), ("upgrade", "h2c")) is None


@pytest.mark.parametrize(
    ("coding", "status"), [("gzip", 415), ("zstd", 415), ("br, gzip", 415), ("identity", 0), ("", 0)]
)
def test_a_compressed_body_gets_415(coding: str, status: int) -> None:
    """Invariant 2: an unknown encoding is never an allow."""
    problem = turned(f"/t/{TOKEN}/v1/messages", ("content-encoding", coding))

    assert (problem.status if problem else 0) == status


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent() -> None:
    """With Expect: 100-continue the client never sends it."""
    problem = turned(f"/t/{TOKEN}/v1/messages", ("content-length", "1001"))

    assert problem is not None
    assert (problem.status, problem.close) == (413, True)
    assert turned(f"/t/{TOKEN}/v1/messages", ("content-length", "1000")) is None
    assert turned(f"/t/{TOKEN}/v1/messages", ("content-length", "\xb2")) is None  # the server refuses that one


@pytest.mark.parametrize("token", ["", "short", "with space in the middle", "caf\xe9" * 8, "line\n" * 8])
def test_a_token_that_could_be_guessed_or_not_be_sent_is_refused(token: str) -> None:
    """At start, not by being broken into."""
    with pytest.raises(ValueError, match="token"):
        Door(token, Limits())


@pytest.mark.parametrize(
    ("path", "headers", "word"),
    [
        ("/v1/messages", [("authorization", "AWS4-HMAC-SHA256 Credential=x")], "SigV4"),
        ("/model/claude/invoke", [("authorization", "AWS4-HMAC-SHA256 Credential=x")], "SigV4"),
        ("/v1/messages", [("authorization", "AWS4-ECDSA-P256-SHA256 x")], ""),
        ("/v1beta/models/gemini-3:generateContent", [], "Gemini"),
        ("/v1beta/models/gemini-3:streamGenerateContent", [], "Gemini"),
        ("/v1/models/gemini-3:countTokens", [], "Gemini"),
        ("/v1beta/openai/chat/completions", [], ""),
        ("/v1/chat/completions", [("x-goog-api-key", "k")], "Gemini"),
        ("/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict", [], ""),
        ("/v1/models/gpt", [], ""),
    ],
)
def test_what_can_never_be_guarded_here_is_told_by_name(path: str, headers: list[tuple[str, str]], word: str) -> None:
    """What it cannot do (signed cloud calls, Gemini) gets a clear refusal with a way out."""
    found = foreign(path, headers)

    assert (found is not None) is bool(word)
    if found is not None:
        assert word in found[0]
        # A client that signs for AWS can be wrapped (tests/hosts/test_aws.py); wrapping Google's raises TypeError.
        assert ("guard.wrap" in found[1]) is (word == "SigV4")
        assert found[1].startswith("wrap " if word == "SigV4" else "use ")
