"""Whose request it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.hosts.sidecar.identity import Facts, Identity, identify, read_facts
from pinnedrules.types import SessionId

SHARED = "sidecar-1"


def known(
    *headers: tuple[str, str], named: str = "", body: dict[str, Any] | None = None, user: str = "kim"
) -> tuple[str, str, str]:
    found = identify(named, headers, read_facts(json.dumps(body or {}).encode()), shared=SHARED, user=user)
    return found.session.name, found.session.user, found.source


# What was seen on the wire of each agent.
AGENTS: dict[str, tuple[list[tuple[str, str]], dict[str, Any], str]] = {
    "opencode": (
        [("x-session-id", "ses_1"), ("x-session-affinity", "ses_1"), ("x-opencode-session-id", "ses_1")],
        {},
        "agent:ses_1",
    ),
    "opencode responses": ([("x-session-id", "ses_1")], {"prompt_cache_key": "ses_1", "store": False}, "agent:ses_1"),
    "codex": (
        [
            ("session-id", "0199"),
            ("thread-id", "0199"),
            ("x-client-request-id", "0199"),
            ("x-codex-window-id", "0199:1"),
        ],
        {"prompt_cache_key": "0199", "client_metadata": {"session_id": "0199"}},
        "agent:0199",
    ),
    "claude code": (
        [("x-claude-code-session-id", "c0ffee")],
        {"metadata": {"user_id": '{"session_id": "c0ffee", "device_id": "d"}'}},
        "agent:c0ffee",
    ),
    "claude code, body only": (
        [],
        {"metadata": {"user_id": '{"session_id": "c0ffee", "device_id": "d"}'}},
        "agent:c0ffee",
    ),
    "pi responses": (
        [("session_id", "0a"), ("x-client-request-id", "0a")],
        {"prompt_cache_key": "0a"},
        "agent:0a",
    ),
    "pi responses, body only": ([], {"prompt_cache_key": "0a"}, "agent:0a"),
    "pi chat": ([], {}, SHARED),
    "openclaw": ([("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")], {}, SHARED),
    "qwen code": ([], {"messages": []}, SHARED),
    "an app with users": ([], {"metadata": {"user_id": "user-17"}}, SHARED),
    "an sdk's request id": ([("x-client-request-id", "one-request")], {}, SHARED),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_known_agents_are_known_by_the_ids_they_send(agent: str) -> None:
    """An agent that sends an id has a session of its own, without any setting."""
    headers, body, name = AGENTS[agent]

    assert known(*headers, body=body)[0] == name


@pytest.mark.parametrize("agent", AGENTS)
def test_a_name_in_the_base_url_is_stronger_than_all_an_agent_sends(agent: str) -> None:
    """Invariant 5: a client cannot escape its ledger by changing an id when the operator named the session."""
    headers, body, _ = AGENTS[agent]
    more = [("x-pinnedrules-session", "other"), ("x-pinnedrules-user", "eve")]

    assert known(*headers, *more, named="inbox", body=body) == ("inbox", "kim", "base URL")


@pytest.mark.parametrize("agent", AGENTS)
def test_an_application_s_own_session_is_stronger_than_an_agent_s_id(agent: str) -> None:
    """Whoever sets our header means it."""
    headers, body, _ = AGENTS[agent]

    assert known(*headers, ("x-pinnedrules-session", "inbox"), body=body)[:2] == ("inbox", "kim")


def test_an_application_can_name_its_user() -> None:
    """Sums per day belong to the user."""
    assert known(("x-pinnedrules-session", "inbox"), ("x-pinnedrules-user", "lee"))[:2] == ("inbox", "lee")
    assert known(("x-pinnedrules-user", "lee"))[:2] == (SHARED, "lee")


def test_an_agent_s_id_is_never_a_session_that_somebody_named() -> None:
    """Or an agent could use what was approved for another session."""
    assert known(("x-session-id", "inbox"))[0] != known(("x-pinnedrules-session", "inbox"))[0]


@pytest.mark.parametrize("value", ["", "  ", "a\tb", "x" * 201, "caf\x00"])
def test_what_is_no_name_counts_as_not_sent(value: str) -> None:
    """The request then falls under the next thing that is known of it, at last under the shared session."""
    assert known(("x-pinnedrules-session", value), ("x-session-id", value))[0] == SHARED
    assert known(("x-claude-code-session-id", value), ("thread-id", "t"))[0] == "agent:t"
    assert known(body={"prompt_cache_key": value})[0] == SHARED


def test_the_first_of_two_headers_of_one_name_counts() -> None:
    """One rule, so that no two readers disagree."""
    assert known(("x-session-id", "a"), ("x-session-id", "b"))[0] == "agent:a"


def test_a_request_that_nothing_is_known_of_shares_one_ledger_with_all_such_requests() -> None:
    """Invariant 5: a request that cannot be tied to one session gets the strictest of the candidates."""
    found = identify("", (), Facts(), shared=SHARED, user="kim")

    assert found == Identity(SessionId(SHARED, "kim"), "nothing")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b"\xff", b'{"stream": "true"}', b'{"stream": 1}', b'{"prompt_cache_key": 7}',
        b'{"metadata": []}', b'{"metadata": {"user_id": 7}}', b'{"metadata": {"user_id": "{}"}}',
        b'{"metadata": {"user_id": "{\\"session_id\\": 7}"}}', b'{"metadata": {"user_id": "\\ud800"}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_body_that_says_nothing_gives_nothing(body: bytes) -> None:
    """Refusing a body is the gate's; here it only has no id and asks for no stream."""
    assert read_facts(body) == Facts()


@given(st.binary())
def test_no_body_breaks_it(body: bytes) -> None:
    """For all inputs."""
    read_facts(body)


def test_a_stream_is_asked_for_with_true() -> None:
    """An answer that is no stream is held for a shorter time."""
    assert read_facts(b'{"messages": [], "stream": true}').stream
