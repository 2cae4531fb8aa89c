"""Which items of the Responses API are calls that the caller runs, and what answers them."""

from __future__ import annotations

import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import responses as sdk
from openai.types.beta.beta_response_input_item import BetaResponseInputItem
from openai.types.beta.beta_response_output_item import BetaResponseOutputItem
from pydantic import BaseModel
from tests.wire.chat_parts import dump
from tests.wire.response_parts import (
    MCP,
    WEB,
    Item,
    approval,
    computer,
    custom,
    function,
    local_shell,
    message,
    patch,
    reasoning,
    search,
    shell,
)

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.openai_responses_items import (
    CALLS,
    INPUT_ONLY,
    OUTPUT,
    answers,
    full_name,
    read_call,
    result_items,
    rewritten_item,
)

REFUSED = "DENIED by no-deletes: never delete."


def call(item: Item) -> Call | None:
    return read_call(dump(item))


def results(item: Item) -> list[Item]:
    return [json.loads(raw) for raw in result_items(dump(item), REFUSED)]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (function("1"), Call("delete", '{"id": 1}', "call_1", "function")),
        (function("1", arguments=""), Call("delete", "", "call_1", "function")),
        (function("1", namespace="crm"), Call("crm.delete", '{"id": 1}', "call_1", "function")),
        (function("1", namespace="delete"), Call("delete", '{"id": 1}', "call_1", "function")),
        (function("1", namespace=None), Call("delete", '{"id": 1}', "call_1", "function")),
        (
            function("1", caller={"type": "program", "caller_id": "p"}),
            Call("delete", '{"id": 1}', "call_1", "function"),
        ),
        (custom("1"), Call("bash", "rm -rf /", "call_1", "custom")),
        ({**custom("1"), "namespace": "ns"}, Call("ns.bash", "rm -rf /", "call_1", "custom")),
        (approval("1"), Call("mcp:crm.wipe", '{"all":true}', "mcpr_1", "approval")),
        (patch("1"), Call("apply_patch", '{"type":"update_file","path":"a.py","diff":"+x"}', "call_1", "builtin")),
        (computer("1"), Call("computer", '{"type":"type","text":"secret words"}', "call_1", "builtin")),
        (
            {**computer("1"), "action": None, "actions": [{"type": "wait"}]},
            Call("computer", '{"actions":[{"type":"wait"}]}', "call_1", "builtin"),
        ),
        (
            {**computer("1"), "action": {"type": "wait"}, "actions": [{"type": "wait"}]},
            Call("computer", '{"action":{"type":"wait"},"actions":[{"type":"wait"}]}', "call_1", "builtin"),
        ),
        (
            local_shell("1"),
            Call("local_shell", '{"type":"exec","command":["rm","-rf","/"],"env":{}}', "call_1", "builtin"),
        ),
        (
            shell("1", "ls"),
            Call("shell", '{"commands":["ls"],"timeout_ms":9,"max_output_length":null}', "call_1", "builtin"),
        ),
        (search("1"), Call("tool_search", '{"query":"mail"}', "call_1", "builtin")),
        ({**search("1"), "call_id": None}, Call("tool_search", '{"query":"mail"}', "tsc_1", "builtin")),
    ],
)
def test_every_kind_of_call_is_found(item: Item, expected: Call) -> None:
    """Calls of every kind are gated, under the name that the rules know and with the text of their arguments."""
    assert call(item) == expected


@pytest.mark.parametrize("where", [None, {"type": "local"}, {"type": "moon"}, "local", []])
def test_a_shell_that_is_not_known_to_run_at_the_provider_is_a_call(where: object) -> None:
    """Only a container of the provider makes a shell call none of the caller's."""
    item = {**shell("1", "ls"), "environment": where}

    assert call(item) is not None


def test_a_shell_without_an_environment_is_a_call() -> None:
    """The environment may be left out, which means the caller's own."""
    item = shell("1", "ls")
    del item["environment"]

    assert call(item) is not None


@pytest.mark.parametrize(
    "item",
    [
        message("hello"),
        reasoning(),
        WEB,
        MCP,
        shell("1", "ls", where="container"),
        search("1", "server"),
        {"type": "program", "id": "p", "call_id": "c", "code": "x()", "fingerprint": "f"},
        {"type": "multi_agent_call", "action": "spawn_agent", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
        {"type": "additional_tools", "id": "x", "role": "developer", "tools": []},
    ],
)
def test_what_nobody_has_to_run_is_no_call(item: Item) -> None:
    """Words, reasoning, results and what the provider runs itself pass."""
    assert call(item) is None


@pytest.mark.parametrize(
    "item",
    [
        {"type": "new_call", "call_id": "c", "name": "x", "arguments": "{}"},
        {"type": "computer_use_call", "action": {}},
        {"type": "x"},
        {"type": ""},
        {"type": None},
        {"type": ["function_call"]},
        {},
        function("1", arguments={"id": 1}),  # type: ignore[arg-type]
        function("1", arguments=None),  # type: ignore[arg-type]
        function("1", name=""),
        function("1", namespace=7),
        {**function("1"), "call_id": None},
        {**function("1"), "call_id": ""},
        {**custom("1"), "input": None},
        {**approval("1"), "server_label": None},
        {**approval("1"), "arguments": {}},
        {**approval("1"), "id": ""},
        {**patch("1"), "operation": "delete"},
        {**patch("1"), "operation": None},
        {**computer("1"), "action": None},
        {**computer("1"), "actions": {"type": "wait"}},
        {**computer("1"), "actions": ["wait"]},
        {**computer("1"), "action": [], "actions": [{"type": "wait"}]},
        {**shell("1", "ls"), "action": ["ls"]},
        {**search("1"), "arguments": "mail"},
        {**search("1"), "call_id": None, "id": None},
    ],
)
def test_an_item_that_cannot_be_told_is_refused(item: Item) -> None:
    """Invariant 2: an unknown type could be a call, and a call that cannot be read is not released."""
    with pytest.raises(Unreadable):
        call(item)


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b'{"type":"message","type":"function_call"}',
        b'{"type":"apply_patch_call","call_id":"c","operation":{"type":"\xff"}}',
        b'{"type":"computer_call","call_id":"c","actions":[{"type":"\xff"}]}',
        b"{",
    ],
)
def test_bytes_that_can_be_read_in_two_ways_are_refused(raw: bytes) -> None:
    """Invariant 2: a repeated key, other encodings and broken JSON."""
    with pytest.raises(Unreadable):
        read_call(raw)


def test_arguments_are_the_very_text() -> None:
    """Nothing is parsed and written again: blanks, order, long numbers and escapes stay."""
    text = '{ "b":1e2, "a": 18446744073709551617, "c":"\\u00e9\\ud800", "b":2 }'

    assert call(function("1", arguments=text)) == Call("delete", text, "call_1", "function")
    raw = b'{"type":"shell_call","call_id":"c","action": { "commands" : ["\\u0072m"], "n": 1.50 } }'
    assert read_call(raw) == Call("shell", '{ "commands" : ["\\u0072m"], "n": 1.50 }', "c", "builtin")


def test_a_name_that_is_its_own_namespace_is_known_without_it() -> None:
    """A tool that was loaded late may repeat its name; two names for one tool would need two rules."""
    assert full_name("refund", "refund") == "refund"
    assert full_name("", "refund") == full_name(None, "refund") == "refund"
    assert full_name("crm", "refund") == "crm.refund"


# -- the SDK's own lists -------------------------------------------------------------------------------------------


def models_of(union: object) -> dict[str, type[BaseModel]]:
    """Return the models in a union of the SDK by the values of their ``type``."""
    found: dict[str, type[BaseModel]] = {}
    for model in typing.get_args(typing.get_args(union)[0]):
        kinds = [model.model_fields["type"].annotation]
        while kinds:
            kind = kinds.pop()
            if isinstance(kind, str):
                found.setdefault(kind, model)
            kinds += typing.get_args(kind)
    return found


OUTPUTS = models_of(sdk.ResponseOutputItem).keys() | models_of(BetaResponseOutputItem).keys()
MODELS = models_of(sdk.ResponseInputItem)
INPUTS = MODELS.keys() | models_of(BetaResponseInputItem).keys()


# -- results -------------------------------------------------------------------------------------------------------


EVERY_CALL = {
    "function": function("1"),
    "program": function("1", caller={"type": "program", "caller_id": "p"}),
    "custom": custom("1"),
    "computer": computer("1"),
    "local_shell": local_shell("1"),
    "shell": shell("1", "ls", "rm -rf /"),
    "apply_patch": patch("1"),
    "tool_search": search("1"),
    "approval": approval("1"),
}


@pytest.mark.parametrize("name", EVERY_CALL)
def test_a_result_is_an_item_of_the_sdk(name: str) -> None:
    """Every result, and what stands behind it, has the shape that the SDK declares and no member beyond it."""
    for item in results(EVERY_CALL[name]):
        model = MODELS[item["type"]].model_validate(item)
        assert not model.model_extra
        assert {**item, **model.model_dump(exclude_unset=True, by_alias=True)} == item


@pytest.mark.parametrize("name", EVERY_CALL)
def test_every_refusal_says_its_text_and_names_its_call(name: str) -> None:
    """A refused call is answered under its own id, and the model reads why."""
    item = EVERY_CALL[name]
    found = call(item)
    assert found is not None
    answer, *behind = results(item)

    assert answers(answer) == found.id
    assert REFUSED in json.dumps([answer, *behind])
    assert all(one["type"] == "message" and one["role"] == "developer" for one in behind)


def test_no_result_says_that_something_was_done() -> None:
    """A refusal fails where the API lets it, and shows nothing where it does not."""
    assert results(approval("1"))[0]["approve"] is False
    assert results(patch("1"))[0]["status"] == "failed"
    assert results(search("1"))[0]["tools"] == []
    assert results(computer("1"))[0]["output"]["image_url"].startswith("data:image/png;base64,")
    assert json.loads(results(local_shell("1"))[0]["output"])["exit_code"] == 126
    outputs = results(shell("1", "ls", "rm -rf /"))[0]["output"]
    assert [one["outcome"] for one in outputs] == [{"type": "exit", "exit_code": 126}] * 2


def test_pending_safety_checks_are_not_acknowledged() -> None:
    """Invariant 4: confirmation comes from a person only."""
    checks = [{"id": "c", "code": "malicious", "message": "x"}]

    assert "acknowledged_safety_checks" not in results({**computer("1"), "pending_safety_checks": checks})[0]


def test_a_result_repeats_what_its_call_asks_to_have_repeated() -> None:
    """The program that made a call gets its answer; a shell keeps its bound on output."""
    caller = {"type": "program", "caller_id": "p"}
    limited = {**shell("1", "ls"), "action": {"commands": ["ls"], "max_output_length": 9}}

    assert results(function("1", caller=caller))[0]["caller"] == caller
    assert results(limited)[0]["max_output_length"] == 9
    assert len(results({**shell("1"), "action": {"commands": "ls"}})[0]["output"]) == 1


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "function_call_output", "call_id": "c"}, "c"),
        ({"type": "local_shell_call_output", "id": "c"}, "c"),
        ({"type": "local_shell_call_output", "call_id": "c", "id": "lsh_1"}, "c"),
        ({"type": "mcp_approval_response", "approval_request_id": "m", "call_id": "c"}, "m"),
        ({"type": "function_call", "call_id": "c"}, ""),
        ({"type": "message"}, ""),
        ({"type": ["function_call_output"], "call_id": "c"}, ""),
        ({"type": "function_call_output", "call_id": 7}, ""),
        ({}, ""),
    ],
)
def test_a_result_names_the_call_it_answers(item: Item, expected: str) -> None:
    """Under whichever member its type has for it."""
    assert answers(item) == expected


def test_a_rewritten_call_keeps_all_but_its_id_and_arguments() -> None:
    """Invariant 8: the rest of a changed call stays byte-identical."""
    raw = b'{ "type":"function_call", "id": "fc_1", "call_id":"c","name":"x","arguments":"{}","n":1.50 }'
    free = dump(custom("1"))

    expected = b'{"type":"function_call","id":"fc_1","call_id":"z","name":"x","arguments":"{\\"a\\":1}","n":1.50}'
    assert rewritten_item(raw, "z", '{"a":1}') == expected
    assert json.loads(rewritten_item(free, "z", "ls")) == {**custom("1"), "call_id": "z", "input": "ls"}


def test_every_item_of_the_sdk_is_known() -> None:
    """A release of the SDK with a new item fails here before it fails at a user's."""
    assert OUTPUTS | INPUTS <= OUTPUT | INPUT_ONLY
    assert CALLS <= OUTPUTS
    assert not OUTPUT & INPUT_ONLY


@given(st.text(), st.dictionaries(st.text(), st.none() | st.text() | st.integers()))
def test_no_unknown_type_passes(kind: str, more: dict[str, Any]) -> None:
    """Invariant 2: only listed types pass as something other than a call."""
    item = {**more, "type": kind}
    if kind in OUTPUT | INPUT_ONLY:
        return
    with pytest.raises(Unreadable):
        call(item)


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_any_arguments_survive(arguments: str, name: str, identifier: str) -> None:
    """Invariant 8: what is decided is what runs, whatever the text."""
    found = call({**function("1", name, arguments), "call_id": identifier})

    assert found == Call(name, arguments, identifier, "function")
