"""The path of a request to the sidecar."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.hosts.sidecar.address import Address, base_path, read_address, usable_name

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=50).filter(usable_name)


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/v1/messages", Address("/v1/messages")),
        ("/t/abc/v1/messages", Address("/v1/messages", "abc")),
        ("/t/abc/s/inbox/v1/messages", Address("/v1/messages", "abc", "inbox")),
        ("/s/inbox/v1/messages", Address("/v1/messages", "", "inbox")),
        ("/t/abc/s/my%20inbox/v1/x", Address("/v1/x", "abc", "my inbox")),
        ("/t/abc/anthropic/v1/models", Address("/v1/models", "abc", "", "anthropic")),
        ("/t/abc/s/i/openai/v1/models", Address("/v1/models", "abc", "i", "openai")),
        ("/t/abc/openai", Address("/", "abc", "", "openai")),
        ("/t/abc", Address("/", "abc")),
        ("/t/abc/", Address("/", "abc")),
        ("/", Address("/")),
        ("/s/i/t/abc/v1/x", Address("/t/abc/v1/x", "", "i")),
        ("/openais/v1/x", Address("/openais/v1/x")),
    ],
)
def test_a_base_url_says_who_and_where(path: str, read: Address) -> None:
    """A base URL is the one thing that every agent can be given."""
    assert read_address(path) == read


@pytest.mark.parametrize("path", ["/s//v1/x", "/s/%00/v1/x", "/s/a%0ab/v1/x", "/s/%ff/v1/x", f"/s/{'x' * 201}/v1/x"])
def test_a_session_in_the_base_url_is_a_name_or_an_error(path: str) -> None:
    """A broken name never makes the request one of the shared session, where other rules of history count."""
    assert read_address(path).broken


def test_a_whole_url_as_target_is_an_error() -> None:
    """A sidecar is no forward proxy."""
    assert read_address("http://api.openai.com/v1/models").broken


@given(NAMES)
def test_a_base_url_brings_back_the_session_it_was_made_for(name: str) -> None:
    """Whatever the name holds."""
    path = urlsplit("http://127.0.0.1" + base_path("openai-chat", token="secret", session=name)).path

    found = read_address(f"{path}/chat/completions")

    assert (found.token, found.session, found.path) == ("secret", name, "/v1/chat/completions")


def test_a_base_url_for_anthropic_has_no_version() -> None:
    """Its SDKs add the version themselves."""
    assert base_path("anthropic-messages", token="x") == "/t/x"
    assert base_path("openai-responses", token="x") == "/t/x/v1"


def test_no_base_url_for_what_is_no_name() -> None:
    """It would be refused at the first request."""
    with pytest.raises(ValueError, match="printable"):
        base_path("openai", token="x", session="a\nb")
