"""Refusals in the shapes of both providers."""

from __future__ import annotations

import json

import pytest

from pinnedrules import errors
from pinnedrules.errors import Refused
from pinnedrules.hosts.sidecar.problems import Problem, as_event, as_json, broken, of_refusal

REFUSALS = [getattr(errors, name) for name in errors.__all__ if issubclass(getattr(errors, name), Refused)]


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_no_refusal_is_a_status_that_agents_try_again(kind: type[Refused]) -> None:
    """Measured on seven agents: a 5xx makes all of them try again for minutes, a 403 stops them and is shown."""
    problem = of_refusal(kind("why.", next_step="do this"))

    assert problem.status in (400, 403)
    assert ("x-should-retry", "false") in problem.headers
    assert problem.message == "pinnedrules: why. Next: do this"


def test_the_code_names_the_error() -> None:
    """Programs need not read sentences."""
    assert of_refusal(errors.PathRefused("x")).code == "path_refused"
    assert json.loads(as_json(of_refusal(errors.Stopped("x")), "openai"))["error"]["code"] == "pinnedrules_stopped"


def test_openai_s_shape() -> None:
    """What every OpenAI client reads."""
    error = json.loads(as_json(Problem(403, "stopped", "Stopped."), "openai"))["error"]

    assert error == {
        "message": "pinnedrules: Stopped.",
        "type": "permission_error",
        "param": None,
        "code": "pinnedrules_stopped",
    }


def test_anthropic_s_shape() -> None:
    """What every Anthropic client reads."""
    found = json.loads(as_json(Problem(401, "no_token", "No token."), "anthropic"))

    assert found["type"] == "error"
    assert found["error"]["type"] == "authentication_error"
    assert found["error"]["message"] == "pinnedrules: No token."


@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses", "anthropic-messages"])
def test_an_event_is_one_whole_frame(dialect: str) -> None:
    """It stands after whole frames, so it must be one itself."""
    event = as_event(Problem(403, "stopped", "Stopped."), dialect)

    data = event.decode().split("data: ")[1]
    assert event.endswith(b"\n\n")
    assert json.loads(data)["error"]["message"] == "pinnedrules: Stopped."
    assert event.startswith(b"data: " if dialect == "openai-chat" else b"event: error\n")


def test_what_passes_by_itself_may_be_tried_again() -> None:
    """A busy sidecar says when."""
    assert Problem(503, "busy", "x", retry=True).headers[-1] == ("retry-after", "1")
    assert ("x-should-retry", "false") not in Problem(502, "cut", "x", retry=True).headers


def test_a_defect_says_nothing_of_the_request() -> None:
    """An exception's text may hold a header."""
    assert "secret" not in broken(ValueError("authorization: secret")).message
