"""Ways around the gate that came with the Responses API, or that its review found; tried once, kept for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gate.scenario import Scenario, user

from pinnedrules.errors import Unreadable

DENIED: dict[str, Any] = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_denied",
    "name": "delete_mail",
    "arguments": '{"id":"7"}',
    "status": "completed",
}
DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])


def make(dialect: str, **more: Any) -> Scenario:
    return Scenario(anthropic=dialect == "messages", responses=dialect == "responses", **more)


def response(*output: dict[str, Any], **more: Any) -> bytes:
    """A whole answer of the Responses API."""
    return json.dumps({"id": "resp_1", "object": "response", "status": "completed", "output": output, **more}).encode()


def proposing(dialect: str) -> bytes:
    """A whole JSON answer with a call that is denied."""
    if dialect == "responses":
        return response(DENIED)
    if dialect == "messages":
        call = {"type": "tool_use", "id": "call_denied", "name": "delete_mail", "input": {"id": "7"}}
        said: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "content": [call]}
        return json.dumps({**said, "stop_reason": "tool_use", "usage": {}}).encode()
    function = {"name": "delete_mail", "arguments": '{"id":"7"}'}
    message = {"role": "assistant", "tool_calls": [{"id": "call_denied", "type": "function", "function": function}]}
    return json.dumps({"id": "c", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}).encode()


# -- answers that are not what their head says ---------------------------------------------------------------------


@DIALECTS
@pytest.mark.parametrize("form", ["{}", " \n{}\n", "\ufeff{}", "event: x\n{}\n\n", "{}\n\ndata: [DONE]\n\n"])
def test_json_that_says_it_is_an_event_stream_is_refused(dialect: str, form: str) -> None:
    """Invariant 2. Both SDKs read JSON as the answer to a request without ``stream`` under any content type."""
    scenario = make(dialect, media="text/event-stream")

    result = scenario.exchange(scenario.request(user("go")), form.replace("{}", proposing(dialect).decode()).encode())

    assert isinstance(result.error, Unreadable)
    assert b"delete_mail" not in result.body


# -- answers that the provider keeps -------------------------------------------------------------------------------

POLL = "GET /v1/responses/resp_1"
CHANGED = {
    "its name": {"name": "delete_mail"},
    "its namespace": {"namespace": "trash"},
    "its arguments": {"arguments": '{"id":"8"}'},
    "its kind": {"type": "custom_tool_call", "input": '{"id":"7"}'},
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED.keys())
def test_a_call_that_comes_again_as_another_one_is_decided_again(change: dict[str, str]) -> None:
    """What was released once is released again without a decision only if it is the same call in all that it is."""
    scenario = Scenario(responses=True, policy={"on_denied": "end"})
    archive = {**DENIED, "name": "archive"}
    scenario.exchange(scenario.request(user("go"), background=True), response(archive))

    same = scenario.exchange(b"", response(archive), path=POLL, kind="poll")
    assert b"call_denied" in same.body
    assert len(scenario.recorded("decision")) == 1

    other = scenario.exchange(b"", response({**archive, **change}), path=POLL, kind="poll")
    assert other.error is None
    assert b'"delete_mail"' not in other.body
    assert len(scenario.recorded("decision")) == 2
