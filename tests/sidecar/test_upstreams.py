"""Where requests go."""

from __future__ import annotations

import pytest

from pinnedrules.hosts.sidecar.address import read_address
from pinnedrules.hosts.sidecar.upstreams import (
    ANTHROPIC_URL,
    OPENAI_URL,
    Upstream,
    Upstreams,
    is_loopback,
    provider_of,
)


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        (OPENAI_URL, "/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        (OPENAI_URL, "/chat/completions", "https://api.openai.com/v1/chat/completions"),
        (OPENAI_URL + "/", "/v1/models", "https://api.openai.com/v1/models"),
        ("https://api.openai.com", "/v1/models", "https://api.openai.com/v1/models"),
        (ANTHROPIC_URL, "/v1/messages", "https://api.anthropic.com/v1/messages"),
        (ANTHROPIC_URL + "/v1", "/v1/messages", "https://api.anthropic.com/v1/messages"),
        ("https://openrouter.ai/api/v1", "/v1/chat/completions", "https://openrouter.ai/api/v1/chat/completions"),
        ("https://gw.example/anthropic", "/v1/messages", "https://gw.example/anthropic/v1/messages"),
        (
            "https://x.openai.azure.com/openai/deployments/gpt",
            "/v1/chat/completions",
            "https://x.openai.azure.com/openai/deployments/gpt/chat/completions",
        ),
        ("http://localhost:8000/v1", "/v1x/chat/completions", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/v1", "/versions", "http://localhost:8000/v1/versions"),
    ],
)
def test_a_base_url_is_given_as_the_provider_s_own_sdk_takes_it(base: str, path: str, url: str) -> None:
    """Whether the client's base URL had a version or not, there is one in the end."""
    assert Upstream(base).url(path) == url


def test_the_query_goes_along() -> None:
    """Azure's api-version and Anthropic's beta=true are part of the request."""
    assert Upstream(ANTHROPIC_URL).url("/v1/messages", "beta=true") == "https://api.anthropic.com/v1/messages?beta=true"


@pytest.mark.parametrize(
    "base",
    ["", "api.openai.com", "ftp://x", "https://", "https://k@x", "http://x:99999", "https://x/?q", "https://x/#f"],
)
def test_what_is_no_base_url_is_refused_at_start(base: str) -> None:
    """Not at the first request, and never with a password in it."""
    with pytest.raises(ValueError, match="base URL"):
        Upstream(base)


def test_a_held_key_is_not_shown() -> None:
    """No key in any log."""
    assert "sk-secret" not in repr(Upstreams(Upstream(OPENAI_URL, "sk-secret")))


ENVIRONMENT = {
    "OPENAI_BASE_URL": "http://localhost:9/v1",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:7717/t/x",
    "OPENAI_API_KEY": "sk-1",
    "ANTHROPIC_API_KEY": "sk-2",
}


def test_the_environment_says_where_unless_it_means_this_very_sidecar() -> None:
    """Whoever pastes what the sidecar prints and starts it again does not send it round in circles."""
    found = Upstreams.from_environment(ENVIRONMENT, port=7717)

    assert found.openai == Upstream("http://localhost:9/v1")
    assert found.anthropic == Upstream(ANTHROPIC_URL)


def test_what_is_named_beats_the_environment() -> None:
    """And the public services are the last resort."""
    found = Upstreams.from_environment(ENVIRONMENT, openai="https://a.example/v1", anthropic="https://b.example")

    assert (found.openai.base, found.anthropic.base) == ("https://a.example/v1", "https://b.example")
    assert Upstreams.from_environment({}) == Upstreams()


def test_keys_are_held_only_when_asked_for() -> None:
    """A key in the environment of the sidecar is not everybody's."""
    assert not Upstreams.from_environment(ENVIRONMENT).openai.key
    held = Upstreams.from_environment(ENVIRONMENT, hold_keys=True)
    assert (held.openai.key, held.anthropic.key) == ("sk-1", "sk-2")


def test_a_variable_that_is_no_url_at_all_is_an_error_with_its_value() -> None:
    """Not silently the public service."""
    with pytest.raises(ValueError, match="no base URL"):
        Upstreams.from_environment({"OPENAI_BASE_URL": "http://[broken"}, port=1)


@pytest.mark.parametrize(
    ("path", "headers", "provider"),
    [
        ("/v1/messages", (), "anthropic"),
        ("/v1/messages/count_tokens", (), "anthropic"),
        ("/v1/messages/batches/b1", (), "anthropic"),
        ("/v1/complete", (), "anthropic"),
        ("/v1/chat/completions", ("anthropic-version",), "openai"),
        ("/v1/responses", (), "openai"),
        ("/v1/responses/r1/messages", (), "openai"),
        ("/v1/threads/t/messages", (), "openai"),
        ("/v1/embeddings", (), "openai"),
        ("/v1/models", (), "openai"),
        ("/v1/models", ("authorization",), "openai"),
        ("/v1/models", ("anthropic-version",), "anthropic"),
        ("/v1/models", ("x-api-key",), "anthropic"),
        ("/v1/files", ("anthropic-version",), "anthropic"),
        ("/anthropic/v1/models", (), "anthropic"),
        ("/openai/v1/messages", ("x-api-key",), "openai"),
        ("/", (), "openai"),
    ],
)
def test_the_provider_is_told_by_path_then_by_header(path: str, headers: tuple[str, ...], provider: str) -> None:
    """A key never goes to the other provider because of a path that both have."""
    assert provider_of(read_address(path), [(name, "x") for name in headers]) == provider


@pytest.mark.parametrize(
    ("host", "answer"),
    [("localhost", True), ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("0.0.0.0", False),
     ("10.0.0.1", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_loopback_is_this_machine_and_nothing_else(host: str, answer: bool) -> None:
    """0.0.0.0 is everybody."""
    assert is_loopback(host) is answer
