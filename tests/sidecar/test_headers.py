"""Which headers go on and which stay."""

from __future__ import annotations

import pytest

from pinnedrules.hosts.sidecar.headers import downstream, read, upstream

HOPS = [
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade", "http2-settings",
]  # fmt: skip


def names(pairs: list[tuple[str, str]]) -> set[str]:
    return {name for name, _ in pairs}


@pytest.mark.parametrize("name", HOPS)
def test_what_belongs_to_one_connection_stays_there(name: str) -> None:
    """RFC 9110, section 7.6.1, both ways."""
    assert name not in names(upstream([(name, "x")], provider="openai"))
    assert name not in names(downstream([(name, "x")]))


@pytest.mark.parametrize("listed", ["x-secret, close", "close,X-Secret", " X-SECRET "])
def test_what_a_connection_header_names_stays_there_too(listed: str) -> None:
    """RFC 9110, section 7.6.1."""
    given = [("connection", listed), ("x-secret", "1"), ("x-other", "2")]

    assert "x-secret" not in names(upstream(given, provider="openai"))
    assert "x-other" in names(upstream(given, provider="openai"))
    assert "x-secret" not in names(downstream(given))


@pytest.mark.parametrize("name", ["host", "content-length", "expect", "content-encoding"])
def test_what_is_made_anew_is_not_passed_on(name: str) -> None:
    """The body is another one, and so is the host."""
    assert name not in names(upstream([(name, "x")], provider="openai"))


def test_the_provider_is_asked_for_a_plain_answer() -> None:
    """A coded answer would have to be decoded before it can be gated."""
    assert upstream([("accept-encoding", "gzip, br")], provider="openai") == [("accept-encoding", "identity")]


def test_nothing_of_ours_reaches_the_provider_or_comes_from_it() -> None:
    """The token and the session's name are nobody else's business, and nobody else speaks for us."""
    ours = [("x-pinnedrules-token", "secret"), ("x-pinnedrules-session", "s"), ("x-pinnedrules-anything", "x")]

    assert names(upstream(ours, provider="openai")) == {"accept-encoding"}
    assert names(downstream(ours)) == {"x-accel-buffering"}


def test_the_client_s_key_goes_to_the_provider() -> None:
    """Pass Authorization and x-api-key through."""
    given = [("authorization", "Bearer k"), ("x-api-key", "k"), ("anthropic-version", "v")]

    assert names(upstream(given, provider="anthropic")) >= {"authorization", "x-api-key", "anthropic-version"}


@pytest.mark.parametrize(
    ("provider", "put"), [("openai", ("authorization", "Bearer real")), ("anthropic", ("x-api-key", "real"))]
)
def test_a_key_that_the_sidecar_holds_takes_the_place_of_whatever_the_client_sent(
    provider: str, put: tuple[str, str]
) -> None:
    """The agent never has the key; what it sends instead may be the token."""
    given = [("authorization", "Bearer token"), ("x-api-key", "token"), ("api-key", "token"), ("x-other", "1")]

    found = upstream(given, provider=provider, key="real")

    assert put in found
    assert not any("token" in value for _, value in found)


def test_what_an_sdk_needs_of_an_answer_is_kept() -> None:
    """Keep request-id, retry-after, x-should-retry."""
    needed = [("request-id", "r"), ("x-request-id", "r"), ("retry-after", "2"), ("retry-after-ms", "9"),
              ("x-should-retry", "false"), ("anthropic-ratelimit-tokens-remaining", "1")]  # fmt: skip

    assert set(needed) <= set(downstream(needed))


def test_a_browser_learns_nothing_from_the_provider_s_headers() -> None:
    """No page may read an answer, whatever the provider allows for its own origin."""
    given = [("access-control-allow-origin", "*"), ("access-control-allow-headers", "*"), ("alt-svc", "h3=:443"),
             ("strict-transport-security", "max-age=1")]  # fmt: skip

    assert names(downstream(given)) == {"x-accel-buffering"}


def test_no_proxy_keeps_a_stream_back() -> None:
    """x-accel-buffering: no, once."""
    assert downstream([("x-accel-buffering", "yes")]) == [("x-accel-buffering", "no")]


def test_names_are_read_in_lower_case_and_bytes_survive() -> None:
    """HTTP header values are bytes."""
    assert read([(b"X-Name", b"caf\xe9")]) == [("x-name", "caf\xe9")]
