"""What the scripted Responses refuse, because the real service does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import openai
import pytest
from tests.testing.conftest import Connect

from pinnedrules.testing.asserts import assert_all_accepted
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

USER: Any = {"role": "user", "content": "hi"}


def _call(ident: str, **more: Any) -> Any:
    return {"type": "function_call", "call_id": ident, "name": "f", "arguments": "{}", **more}


def _output(ident: str, **more: Any) -> Any:
    return {"type": "function_call_output", "call_id": ident, "output": "done", **more}


REASONING: dict[str, Any] = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "x"}]}
REFUSED: dict[str, tuple[Any, str]] = {
    "a call without an output": (
        [USER, _call("a"), _call("b"), _output("a")],
        "No tool output found for function call b",
    ),
    "an output to nothing": ([USER, _output("a")], "No tool call found for function call output with call_id a"),
    "an output before its call": ([USER, _output("a"), _call("a")], "No tool output found for function call a"),
    "an output of another kind": (
        [USER, _call("a"), {"type": "custom_tool_call_output", "call_id": "a", "output": "x"}],
        "No tool call found for custom tool call output with call_id a",
    ),
    "a custom call without an output": (
        [USER, {"type": "custom_tool_call", "call_id": "a", "name": "g", "input": "x"}],
        "No tool output found for custom tool call a",
    ),
    "a shell call without an output": (
        [
            USER,
            {"type": "shell_call", "call_id": "a", "action": {"commands": ["ls"]}, "environment": {"type": "local"}},
        ],
        "No tool output found for shell call a",
    ),
    "a search by the caller without an output": (
        [USER, {"type": "tool_search_call", "call_id": "a", "arguments": {}, "execution": "client"}],
        "No tool output found for tool search call a",
    ),
    "an approval of nothing": (
        [USER, {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}],
        "No approval request found with id mcpr_1",
    ),
    "an unknown kind": ([USER, {"type": "teleport"}], "Invalid value: 'teleport'. Supported values are: 'message'"),
    "an unknown role": ([{"role": "robot", "content": "x"}], "Invalid value: 'robot'"),
    "no content": ([{"role": "user", "content": None}], "Invalid type for 'input\\[0\\].content'.*got null"),
    "a user who outputs": (
        [{"role": "user", "content": [{"type": "output_text", "text": "x"}]}],
        "Invalid value: 'output_text'. Supported values are: 'input_text'",
    ),
    "a model that inputs": (
        [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}],
        "Invalid value: 'input_text'. Supported values are: 'output_text' and|'refusal'",
    ),
    "a call without a name": (
        [USER, {"type": "function_call", "call_id": "a", "arguments": "{}"}],
        "Missing required parameter: 'input\\[1\\].name'",
    ),
    "an id twice": ([{**USER, "id": "msg_1"}, {**USER, "id": "msg_1"}], "Duplicate item found with id msg_1"),
    "an id of another kind": ([USER, _call("a", id="call_a"), _output("a")], "Expected an ID that begins with 'fc'"),
    "an id that is too long": ([USER, _call("a" * 65), _output("a" * 65)], "maximum length 64, but got .* length 65"),
    "reasoning at the end": ([USER, {**REASONING, "id": "rs_1"}], "without its required following item"),
    "reasoning before a user": ([USER, {**REASONING, "id": "rs_1"}, USER], "without its required following item"),
    "a trigger that is not last": ([{"type": "compaction_trigger"}, USER], "must be the last input item"),
    "a summary that is not the service's": (
        [{"type": "compaction", "encrypted_content": "gAAAmine"}, USER],
        "could not be verified",
    ),
    "reasoning that is not the service's": (
        [USER, {"type": "reasoning", "summary": [], "encrypted_content": "gAAAmine"}, _call("a"), _output("a")],
        "could not be verified",
    ),
}


@pytest.mark.parametrize(("items", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_responses_refuses(connect: Connect, items: Any, says: str) -> None:
    """Input that the service would refuse is refused with status 400 and the service's error object."""
    line = connect()

    with pytest.raises(openai.BadRequestError, match=says) as caught:
        line.openai.responses.create(model="m", input=items, store=False)

    assert caught.value.type == "invalid_request_error"
    assert line.provider.seen == ()


FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no model": ({"input": "hi"}, "Missing required parameter: 'model'"),
    "nothing to answer": ({"model": "m"}, "must be provided"),
    "an empty input": ({"model": "m", "input": []}, "must be provided"),
    "input of another type": ({"model": "m", "input": {"role": "user"}}, "Invalid type for 'input'.*got an object"),
    "instructions of another type": (
        {"model": "m", "input": "hi", "instructions": [USER]},
        "Invalid type for 'instructions'.*got an array",
    ),
    "two histories": (
        {"model": "m", "input": "hi", "previous_response_id": "resp_1", "conversation": "conv_1"},
        "Mutually exclusive parameters",
    ),
    "a background that is not kept": (
        {"model": "m", "input": "hi", "background": True, "store": False},
        "Background mode requires `store`",
    ),
    "an unknown previous response": (
        {"model": "m", "input": "hi", "previous_response_id": "resp_1"},
        "Previous response with id 'resp_1' not found",
    ),
}


@pytest.mark.parametrize(("body", "says"), FIELDS.values(), ids=FIELDS.keys())
def test_responses_refuses_fields(connect: Connect, body: dict[str, Any], says: str) -> None:
    """Missing, contradicting and unknown fields are refused with status 400."""
    line = connect()

    with pytest.raises(openai.BadRequestError, match=says):
        line.openai.post("/responses", body=body, cast_to=object)


UNKNOWN: dict[str, dict[str, Any]] = {
    "a reference": {"type": "item_reference", "id": "msg_x"},
    "a bare reference": {"id": "msg_x"},
    "a message of the model": {
        "type": "message",
        "role": "assistant",
        "id": "msg_x",
        "content": [{"type": "output_text", "text": "x"}],
    },
    "reasoning": {"type": "reasoning", "summary": [], "id": "rs_x"},
}


@pytest.mark.parametrize("item", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_item_that_the_service_never_made_is_not_found(connect: Connect, item: Any) -> None:
    """An id that names nothing gives status 404, as when a placeholder was not put back."""
    line = connect()

    with pytest.raises(openai.NotFoundError, match=f"Item with id '{item['id']}' not found"):
        line.openai.responses.create(model="m", input=[USER, item, _call("a"), _output("a")])


def test_an_item_that_was_not_kept_is_not_found(connect: Connect) -> None:
    """Reasoning without its encrypted content, made with ``store: false``, is refused with the service's advice."""
    line = connect(Reply("done", thinking="hmm"))
    made = line.openai.responses.create(model="m", input="hi", store=False)
    back: Any = [item.to_dict() for item in made.output]

    with pytest.raises(openai.NotFoundError, match="Items are not persisted when `store` is set to false"):
        line.openai.responses.create(model="m", input=[USER, *back, USER], store=False)


def test_a_call_without_the_reasoning_before_it_is_refused(connect: Connect) -> None:
    """The service wants a call back together with the reasoning that led to it."""
    line = connect(Reply(thinking="hmm", calls=[ProposedCall("f", id="a")]))
    made = line.openai.responses.create(model="m", input="hi")
    call: Any = made.output[1].to_dict()

    with pytest.raises(openai.BadRequestError, match="without its required 'reasoning' item: 'rs_"):
        line.openai.responses.create(model="m", input=[USER, call, _output("a")])


def test_what_the_service_takes_is_taken(connect: Connect) -> None:
    """Outputs in any order, a developer's message in the middle, what the service ran itself, and asynchronous calls."""
    line = connect(Reply("ok"))
    container = {"type": "container_reference", "container_id": "cntr_1"}
    items: Any = [
        USER,
        {"type": "message", "role": "developer", "content": "x"},
        _call("a"),
        _call("b"),
        _call("later", **{"async": True}),
        {"type": "shell_call", "call_id": "c", "action": {"commands": []}, "environment": container},
        {"type": "tool_search_call", "call_id": "d", "arguments": {}, "execution": "server"},
        {"type": "local_shell_call", "call_id": "e", "action": {"command": ["ls"]}},
        _output("b"),
        USER,
        _output("a"),
        {"type": "local_shell_call_output", "id": "e", "output": "x"},
        {**REASONING},
        {"role": "assistant", "content": "so"},
    ]

    line.openai.responses.create(model="m", input=items)

    assert_all_accepted(line.provider)


@pytest.mark.parametrize("include", [True, False])
def test_reasoning_comes_back_as_it_went(connect: Connect, include: bool) -> None:
    """Reasoning is taken back sealed when nothing is kept, and by its id when it is."""
    line = connect(Reply(thinking="hmm", calls=[ProposedCall("f", id="a")]), Reply("ok"))
    how: Any = {"store": False, "include": ["reasoning.encrypted_content"]} if include else {}
    made = line.openai.responses.create(model="m", input="hi", **how)
    back: Any = [item.to_dict() for item in made.output]

    line.openai.responses.create(model="m", input=[USER, *back, _output("a")], **how)

    assert ("encrypted_content" in back[0]) == include
    assert_all_accepted(line.provider)
    assert line.provider.dropped_reasoning == ()


def test_reasoning_under_another_prefix_is_dropped_and_told(connect: Connect) -> None:
    """Where an earlier item changed, the service goes on without the reasoning and says so; instructions may change."""
    line = connect(Reply(thinking="hmm", calls=[ProposedCall("f", id="a")]), Reply("ok"), Reply("ok"))
    made = line.openai.responses.create(model="m", input="hi", instructions="one")
    back: Any = [item.to_dict() for item in made.output]

    kept = line.openai.responses.create(model="m", input=[USER, *back, _output("a")], instructions="two")
    moved: Any = {"role": "user", "content": "hi there"}
    told = line.openai.responses.create(model="m", input=[moved, *back, _output("a")]).to_dict()

    assert "input_transformations" not in kept.to_dict()
    assert [entry["id"] for entry in told["input_transformations"]] == [back[0]["id"]]  # type: ignore[attr-defined]
    assert line.provider.dropped_reasoning == ((2, back[0]["id"]),)


def test_paths_that_belong_to_nothing_are_not_found(connect: Connect) -> None:
    """Beside the known endpoints of a kept response or conversation there is nothing."""
    line = connect(Reply("ok"))
    made = line.openai.responses.create(model="m", input="hi")
    conversation = line.openai.conversations.create()

    for path in (
        "/responses",
        f"/responses/{made.id}/items",
        "/conversations",
        f"/conversations/{conversation.id}/cancel",
    ):
        with pytest.raises(openai.NotFoundError, match="Invalid URL"):
            line.openai.get(path, cast_to=object)
    with pytest.raises(openai.BadRequestError, match="teleport"):
        line.openai.post(
            "/responses/input_tokens", body={"model": "m", "input": [{"type": "teleport"}]}, cast_to=object
        )


def test_a_legacy_call_is_no_item(connect: Connect) -> None:
    """A reply that the service could not give is the script's mistake, and is said at the end."""
    with (
        pytest.raises(ValueError, match="legacy call"),
        ScriptedProvider(Script([Reply(calls=[ProposedCall("f", kind="legacy")])])) as provider,
        openai.OpenAI(base_url=provider.openai_url, api_key="k", max_retries=0) as client,
        suppress(openai.InternalServerError),
    ):
        client.responses.create(model="m", input="hi")


def test_a_websocket_is_refused_so_that_clients_fall_back(connect: Connect) -> None:
    """An upgrade gets status 426, after which a client speaks HTTP at once."""
    line = connect()

    with pytest.raises(openai.APIStatusError) as caught:
        line.openai.get("/responses", cast_to=object, options={"headers": {"Upgrade": "websocket"}})

    assert caught.value.status_code == 426
