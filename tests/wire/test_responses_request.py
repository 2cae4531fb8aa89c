"""Reading a request of the Responses API, the pin block's place in it, and the request by which the gate goes on."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import responses as sdk
from tests.wire.chat_parts import dump
from tests.wire.feeding import TOKEN
from tests.wire.response_parts import (
    Item,
    answer,
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
from pinnedrules.types import Restore
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.openai_responses import OpenAIResponses
from pinnedrules.wire.openai_responses_input import item_kind
from pinnedrules.wire.placeholder import mark

RESPONSES = OpenAIResponses()
BLOCK = "<rules v=1>\nNever delete.\n</rules pin:4f2a>"
MARKER = "pin:4f2a"
USER: Item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Tidy up"}]}
MCP_TOOL: Item = {"type": "mcp", "server_label": "crm", "server_url": "https://x.example", "require_approval": "never"}


def body(*items: object, **more: object) -> bytes:
    return dump({"model": "m", "input": list(items), **more})


def tool(name: str, parameters: object = None, **more: object) -> Item:
    return {"type": "function", "name": name, "parameters": parameters, **more}


def schema(*names: str, **more: object) -> Item:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, **more}


def output(call_id: str, text: object = "done", kind: str = "function_call") -> Item:
    return {"type": f"{kind}_output", "call_id": call_id, "output": text}


def yes(identifier: str, approve: object = True) -> Item:
    return {"type": "mcp_approval_response", "approval_request_id": identifier, "approve": approve}


def more_tools(*tools: object) -> Item:
    return {"type": "additional_tools", "role": "developer", "tools": list(tools)}


def found_tools(*tools: object) -> Item:
    return {"type": "tool_search_output", "call_id": "t", "execution": "client", "tools": list(tools)}


# -- what a request says -------------------------------------------------------------------------------------------


def test_a_request_is_read() -> None:
    """Model, stream, items and defaults are what the body says."""
    facts = RESPONSES.read_request(body(USER, reasoning(), function("1"), output("call_1"), stream=True))

    assert (facts.model, facts.stream, facts.structured, facts.choices) == ("m", True, False, 1)
    assert [json.loads(raw) for raw in facts.messages] == [USER, reasoning(), function("1"), output("call_1")]
    assert (facts.tools, facts.server_tools, facts.markers, facts.approved) == ({}, (), (), ())


def test_a_text_is_one_message_of_the_user() -> None:
    """The short form of an input is read like the long one."""
    facts = RESPONSES.read_request(dump({"model": "m", "input": "Stop \u00e9"}))

    assert [json.loads(raw) for raw in facts.messages] == [
        {"type": "message", "role": "user", "content": "Stop \u00e9"}
    ]
    assert facts.last_user_text == "Stop \u00e9"


@pytest.mark.parametrize("data", [{"model": "m"}, {"model": "m", "input": None, "previous_response_id": "resp_1"}])
def test_a_request_may_put_nothing_in(data: dict[str, Any]) -> None:
    """What the provider keeps can be continued, or compacted, without a word."""
    assert RESPONSES.read_request(dump(data)).messages == ()


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ([tool("a", schema("x", "y"))], {"a": frozenset({"x", "y"})}),
        ([tool("a")], {"a": frozenset()}),
        ([tool("a", schema("x", additionalProperties=True))], {"a": None}),
        ([tool("a", defer_loading=True), tool("b")], {"a": frozenset(), "b": frozenset()}),
        ([{"type": "custom", "name": "sql", "format": {"type": "text"}}], {"sql": None}),
        (
            [
                {
                    "type": "namespace",
                    "name": "crm",
                    "tools": [tool("a", schema("x")), {"type": "custom", "name": "crm"}],
                }
            ],
            {"crm.a": frozenset({"x"}), "crm": None},
        ),
        ([{"type": "apply_patch"}], {"apply_patch": frozenset({"type", "path", "diff"})}),
        ([{"type": "shell"}], {"shell": frozenset({"commands", "max_output_length", "timeout_ms"})}),
        (
            [{"type": "shell", "environment": {"type": "local"}}],
            {"shell": frozenset({"commands", "max_output_length", "timeout_ms"})},
        ),
        (
            [{"type": "tool_search", "execution": "client", "parameters": schema("query")}],
            {"tool_search": frozenset({"query"})},
        ),
    ],
)
def test_tools_of_the_caller_have_their_declared_arguments(tools: list[Any], expected: object) -> None:
    """A schema declares the names it lists; tools that the provider defines have those of their actions."""
    facts = RESPONSES.read_request(body(USER, tools=tools))

    assert facts.tools == expected
    assert facts.server_tools == ()


ACTIONS: dict[str, list[Item]] = {
    "local_shell": [local_shell("1")],
    "shell": [shell("1", "ls")],
    "apply_patch": [patch("1")],
    "computer": [computer("1"), {**computer("1"), "action": None, "actions": [{"type": "wait"}]}],
    "computer_use_preview": [computer("1")],
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_a_call_of_a_tool_that_the_provider_defines_has_declared_arguments(kind: str) -> None:
    """Else every such call would be asked about for arguments that nobody declared."""
    facts = RESPONSES.read_request(body(USER, tools=[{"type": kind, "environment": {"type": "local"}}]))

    for item in ACTIONS[kind]:
        (call,) = RESPONSES.read_json(answer(item)).calls.values()
        declared = facts.tools[call.name]
        assert declared is not None
        assert declared >= json.loads(call.arguments).keys()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"type": "web_search"}, ServerTool("web_search", "web_search")),
        (
            {"type": "web_search_preview_2025_03_11"},
            ServerTool("web_search_preview_2025_03_11", "web_search_preview_2025_03_11"),
        ),
        ({"type": "file_search", "vector_store_ids": []}, ServerTool("file_search", "file_search")),
        ({"type": "code_interpreter", "container": "c"}, ServerTool("code_interpreter", "code_interpreter")),
        ({"type": "image_generation"}, ServerTool("image_generation", "image_generation")),
        ({"type": "programmatic_tool_calling"}, ServerTool("programmatic_tool_calling", "programmatic_tool_calling")),
        ({"type": "tool_search"}, ServerTool("tool_search", "tool_search")),
        ({"type": "tool_search", "execution": "server"}, ServerTool("tool_search", "tool_search")),
        ({"type": "shell", "environment": {"type": "container_auto"}}, ServerTool("shell", "shell")),
        ({"type": "shell", "environment": {"type": "moon"}}, ServerTool("shell", "shell")),
        ({"type": "shell", "environment": "local"}, ServerTool("shell", "shell")),
        (MCP_TOOL, ServerTool("crm", "mcp", approval=True)),
        ({"type": "new", "name": "delete"}, ServerTool("new", "new")),
    ],
)
@pytest.mark.parametrize("where", ["tools", "additional_tools", "tool_search_output", "namespace"])
def test_tools_that_the_provider_runs_are_named(entry: Item, expected: ServerTool, where: str) -> None:
    """Tools that the provider runs are decided on the request, wherever in it they are brought in."""
    request = {
        "tools": body(USER, tools=[entry]),
        "additional_tools": body(USER, more_tools(entry)),
        "tool_search_output": body(USER, found_tools(entry)),
        "namespace": body(USER, tools=[{"type": "namespace", "name": "n", "tools": [entry]}]),
    }
    facts = RESPONSES.read_request(request[where])

    assert facts.server_tools == (expected,)
    assert facts.tools == {}


def test_a_tool_is_named_once() -> None:
    """The same server in the request and in an item is one question."""
    facts = RESPONSES.read_request(body(more_tools(MCP_TOOL, tool("b")), found_tools(MCP_TOOL), tools=[MCP_TOOL]))

    assert facts.server_tools == (ServerTool("crm", "mcp", approval=True),)
    assert facts.tools == {"b": frozenset()}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"enabled": True}, (ServerTool("multi_agent", "multi_agent"),)),
        ({}, (ServerTool("multi_agent", "multi_agent"),)),
        (True, (ServerTool("multi_agent", "multi_agent"),)),
        ({"enabled": False}, ()),
        (None, ()),
    ],
)
def test_agents_that_the_provider_runs_are_a_tool(value: object, expected: object) -> None:
    """A tree of agents at the provider is decided on the request."""
    assert RESPONSES.read_request(body(USER, multi_agent=value)).server_tools == expected


@pytest.mark.parametrize(
    ("more", "markers"),
    [
        ({"truncation": "auto"}, ("request:truncation",)),
        ({"truncation": "disabled"}, ()),
        ({"context_management": [{"type": "compaction"}]}, ("request:context_management",)),
        ({"context_management": []}, ()),
        ({"background": True}, ("request:background",)),
        ({"background": False}, ()),
        ({"previous_response_id": "resp_1"}, ("request:previous_response_id",)),
        ({"conversation": "conv_1"}, ("request:conversation",)),
        ({"input": [USER, {"type": "compaction_trigger"}]}, ("request:compaction_trigger",)),
        ({"input": [{"id": "msg_1"}, USER]}, ("request:item_reference",)),
        ({"input": [{"type": "item_reference", "id": "msg_1"}, USER]}, ("request:item_reference",)),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}, USER]}, ()),
    ],
)
def test_settings_of_the_provider_are_marked(more: dict[str, Any], markers: tuple[str, ...]) -> None:
    """What can shorten the history, or keeps it out of sight, is named for the record."""
    assert RESPONSES.read_request(body(USER, **more)).markers == markers


@pytest.mark.parametrize(
    ("more", "structured"),
    [
        ({}, False),
        ({"text": None}, False),
        ({"text": {"verbosity": "low"}}, False),
        ({"text": {"format": {"type": "text"}}}, False),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}}, True),
        ({"text": {"format": {"type": "json_object"}}}, True),
        ({"input": [{"type": "configuration_update", "reasoning": {"effort": "low"}}]}, False),
        ({"input": [{"type": "configuration_update", "text": {"format": {"type": "json_schema"}}}]}, True),
    ],
)
def test_structured_output_is_seen(more: dict[str, Any], structured: bool) -> None:
    """An answer whose text must be JSON cannot carry a sentence."""
    assert RESPONSES.read_request(body(**more)).structured is structured


def test_a_yes_to_calls_of_the_provider_is_seen() -> None:
    """What the provider runs after a yes is matched with what was released; a no needs no match."""
    facts = RESPONSES.read_request(body(approval("1"), yes("mcpr_1"), yes("mcpr_2", approve=False), yes("mcpr_3")))

    assert facts.approved == ("mcpr_1", "mcpr_3")


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([USER], "Tidy up"),
        ([USER, message("ok")], ""),
        ([USER, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "Stop"}], "Stop"),
        ([USER, function("1"), output("call_1", "Stop")], ""),
        ([USER, function("1"), output("call_1", "x"), {"role": "user", "content": "Stop"}], "Stop"),
        ([{"role": "user", "content": "Stop"}, {"role": "user", "content": "reminder"}], "Stop\nreminder"),
        ([{"role": "user", "content": [{"type": "input_text", "text": "St"}, {"type": "input_image"}]}], "St"),
        ([{"role": "developer", "content": "Stop"}], ""),
        ([USER, {"type": "item_reference", "id": "msg_1"}], ""),
        ([USER, {"type": "tool_search_output", "execution": "server", "tools": []}], ""),
        ([USER, found_tools()], "Tidy up"),
        ([], ""),
    ],
)
def test_the_new_words_of_the_user_are_what_follows_the_last_answer(items: list[Any], text: str) -> None:
    """Only the new trailing user text of an extended conversation counts on the wire; no tool result does."""
    assert RESPONSES.read_request(body(*items)).last_user_text == text


def test_a_prompt_template_is_refused_with_a_way_out() -> None:
    """Invariant 2: a text, instructions and tools that are stored at the provider cannot be read."""
    with pytest.raises(Unreadable) as refused:
        RESPONSES.read_request(body(USER, prompt={"id": "pmpt_1"}))

    assert "into the request itself" in refused.value.next_step


BAD: dict[str, bytes] = {
    "not JSON": b"{",
    "not an object": b"[]",
    "input twice": b'{"input":[],"input":[{"type":"additional_tools","tools":[]}]}',
    "input as an object": dump({"input": {}}),
    "input as a number": dump({"input": 7}),
    "an item as text": body("x"),
    "an item without a type": body({"content": "x"}),
    "an empty item": body({}),
    "an unknown item": body({"type": "steer", "role": "developer"}),
    "an item whose type is a list": body({"type": ["message"], "role": "user"}),
    "a type twice": b'{"input":[{"type":"message","role":"user","content":"x","type":"additional_tools"}]}',
    "a type twice, spaced": b'{"input":[{"type": "message", "role":"user", "content":"x","type":"message"}]}',
    "a role of its own": body({"type": "message", "role": "owner", "content": "x"}),
    "a role that is a list": body({"type": "message", "role": ["user"], "content": "x"}),
    "a configuration update of more": body({"type": "configuration_update", "tools": []}),
    "a stream that is not true or false": body(USER, stream=1),
    "a model that is not text": body(USER, model=7),
    "tools as an object": body(USER, tools={}),
    "a tool as text": body(USER, tools=["x"]),
    "a tool without a type": body(USER, tools=[{"name": "x"}]),
    "a tool whose type is a list": body(USER, tools=[{"type": ["function"]}]),
    "a nameless function": body(USER, tools=[{"type": "function"}]),
    "a function of another API": body(USER, tools=[{"type": "function", "function": {"name": "x"}}]),
    "a nameless server": body(USER, tools=[{"type": "mcp"}]),
    "a nameless namespace": body(USER, tools=[{"type": "namespace", "tools": [tool("a")]}]),
    "a namespace without a list": body(USER, tools=[{"type": "namespace", "name": "n", "tools": None}]),
    "a namespace in a namespace": body(
        USER,
        tools=[{"type": "namespace", "name": "n", "tools": [{"type": "namespace", "name": "m", "tools": []}]}],
    ),
    "a tool of two types": b'{"input":"x","tools":[{"type":"function","name":"a","type":"mcp"}]}',
    "tools of an item as text": body({"type": "additional_tools", "role": "developer", "tools": "all"}),
    "a text setting as text": body(USER, text="json"),
    "a format as text": body(USER, text={"format": "json"}),
    "an approval that is neither": body(yes("mcpr_1", approve=1)),
    "an approval of nothing": body({"type": "mcp_approval_response", "approve": True}),
    "user content as a number": body({"role": "user", "content": 7}),
    "user content of texts": body({"role": "user", "content": ["x"]}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_request_that_cannot_be_read_is_refused(name: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with pytest.raises(Unreadable):
        RESPONSES.read_request(BAD[name])


@pytest.mark.parametrize("more", [{"previous_response_id": 7}, {"conversation": 7}, {"conversation": {"id": 7}}])
def test_a_place_that_cannot_be_read_is_refused(more: dict[str, Any]) -> None:
    """Invariant 2: what a request continues must be known."""
    for act in (RESPONSES.tokens, RESPONSES.read_request):
        with pytest.raises(Unreadable):
            act(body(USER, **more))


def test_a_large_request_is_read_every_time() -> None:
    """Only small readings are kept in memory; both are the same."""
    data = body({"role": "user", "content": "x" * (9 << 20)})

    assert RESPONSES.read_request(data).messages == RESPONSES.read_request(data).messages


def test_odd_json_is_read_like_any_other() -> None:
    """Blanks, escapes in keys and lone surrogates change nothing."""
    odd = b'{"input":[ { "\\u0074ype" : "message" , "role":"user", "content":"\\ud800" } ]}'

    assert RESPONSES.read_request(odd).messages == (
        b'{ "\\u0074ype" : "message" , "role":"user", "content":"\\ud800" }',
    )


# -- the place of the block ----------------------------------------------------------------------------------------

PLACES: dict[str, tuple[bytes, str]] = {
    "no instructions": (body(USER), BLOCK),
    "null": (body(USER, instructions=None), BLOCK),
    "empty": (body(USER, instructions=""), BLOCK),
    "text": (body(USER, instructions="Be kind"), f"{BLOCK}\n\nBe kind"),
    "a text as input": (dump({"input": "x", "instructions": "Be kind"}), f"{BLOCK}\n\nBe kind"),
    "a block that is not first": (body(instructions="Be kind\n\n" + BLOCK), f"{BLOCK}\n\nBe kind\n\n{BLOCK}"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_block_has_one_place(name: str) -> None:
    """The block stands in front of the instructions, and the patch says exactly that."""
    data, instructions = PLACES[name]

    placed, edits = RESPONSES.place(data, BLOCK)

    assert json.loads(placed) == {**json.loads(data), "instructions": instructions}
    assert jsonpatch.apply_patch(json.loads(data), list(edits)) == json.loads(placed)
    slot = RESPONSES.slot(placed, MARKER)
    assert (slot.text, slot.role, slot.path, slot.elsewhere) == (instructions, "instructions", "/instructions", 0)


@pytest.mark.parametrize("name", PLACES)
def test_placing_twice_is_placing_once(name: str) -> None:
    """A block that stands there already is left alone, byte for byte."""
    placed, _ = RESPONSES.place(PLACES[name][0], BLOCK)

    assert RESPONSES.place(placed, BLOCK) == (placed, ())


@given(st.none() | st.text(), st.text(min_size=1))
def test_any_block_is_placed_once(instructions: str | None, block: str) -> None:
    """Placing twice is placing once, whatever the texts."""
    data = dump({"input": "x", "instructions": instructions}) if instructions is not None else b'{"input":"x"}'
    placed, _ = RESPONSES.place(data, block)

    assert RESPONSES.place(placed, block) == (placed, ())
    assert RESPONSES.slot(placed, MARKER).text.startswith(block)


def test_what_is_not_edited_stays_byte_identical() -> None:
    """Rule 4: other members keep their very bytes, odd spacing and big numbers included."""
    data = b'{ "input":[ {"role":"user","content":"\\u00fc \\ud83d"} ], "n" : 18446744073709551617, "x":1.10 }'

    placed, _ = RESPONSES.place(data, "B")

    assert placed == (
        b'{"input":[ {"role":"user","content":"\\u00fc \\ud83d"} ],"n":18446744073709551617,"x":1.10,"instructions":"B"}'
    )


@pytest.mark.parametrize("instructions", [7, ["Be kind"], {"text": "Be kind"}])
def test_instructions_that_are_not_text_are_refused(instructions: object) -> None:
    """Invariant 2: no block is put where it cannot be proven."""
    data = body(USER, instructions=instructions)
    with pytest.raises(Unreadable):
        RESPONSES.place(data, BLOCK)
    with pytest.raises(Unreadable):
        RESPONSES.slot(data, MARKER)


def test_a_missing_block_shows() -> None:
    """The slot says what stands in the bytes that will leave, whatever was meant."""
    for data, expected in [(body(USER), ("", "")), (body(USER, instructions="Other"), ("Other", "instructions"))]:
        slot = RESPONSES.slot(data, MARKER)
        assert (slot.text, slot.role) == expected


def test_copies_of_the_marker_are_counted() -> None:
    """Copies are found in any decoded text, in items, tools and behind escapes."""
    data = body({"role": "user", "content": MARKER}, instructions=BLOCK, tools=[tool("a", description=MARKER)])

    assert RESPONSES.slot(data, MARKER).elsewhere == 2
    assert RESPONSES.slot(data.replace(b'"pin:4f2a"', b'"\\u0070in:4f2a"'), MARKER).elsewhere == 2


# -- approvals by the provider's own servers -----------------------------------------------------------------------

NEVER: list[object] = ["never", None, {"never": {"tool_names": ["read"]}}, {"always": {}}, {}, "", True]


@pytest.mark.parametrize("policy", NEVER)
@pytest.mark.parametrize("where", ["tools", "additional_tools", "tool_search_output", "namespace"])
def test_a_server_is_made_to_ask(policy: object, where: str) -> None:
    """A remote server's calls are decided one by one, wherever the request brings the server in."""
    entry = {**MCP_TOOL, "require_approval": policy}
    other = {**MCP_TOOL, "server_label": "wiki"}
    request = {
        "tools": body(USER, tools=[tool("a"), entry, other]),
        "additional_tools": body(USER, more_tools(tool("a"), entry, other)),
        "tool_search_output": body(USER, found_tools(tool("a"), entry, other)),
        "namespace": body(USER, tools=[{"type": "namespace", "name": "n", "tools": [entry, other]}]),
    }
    changed, edits = RESPONSES.force_approval(request[where], frozenset({"crm"}))

    before, after = json.loads(request[where]), json.loads(changed)
    assert jsonpatch.apply_patch(before, list(edits)) == after
    assert json.dumps(after) == json.dumps(before).replace(
        f'"require_approval": {json.dumps(policy)}', '"require_approval": "always"', 1
    )
    assert RESPONSES.force_approval(changed, frozenset({"crm"})) == (changed, ())


@pytest.mark.parametrize(
    "data",
    [
        body(USER, tools=[{**MCP_TOOL, "require_approval": "always"}]),
        body(USER, tools=[{"type": "mcp", "server_label": "crm"}]),
        body(USER, tools=[{**MCP_TOOL, "server_label": "wiki"}]),
        body(more_tools({**MCP_TOOL, "type": "function", "name": "crm"})),
        body({"type": "additional_tools", "role": "developer"}),
        body({"type": "additional_tools", "role": "developer", "tools": None}, tools=None),
        body(USER),
        dump({"input": "x", "tools": []}),
    ],
)
def test_a_server_that_asks_is_left_alone(data: bytes) -> None:
    """The same bytes when the provider asks already: ``always``, or nothing said, which means the same."""
    assert RESPONSES.force_approval(data, frozenset({"crm"})) == (data, ())


def test_forcing_keeps_what_it_does_not_edit() -> None:
    """Rule 4: the entry's other members, other tools and a text as input keep their bytes."""
    data = b'{"input": "x", "tools": [ {"type":"function","name":"a", "n":1.50}, {"type":"mcp", "server_label":"crm",'
    data += b' "require_approval":"never"} ]}'

    assert RESPONSES.force_approval(data, frozenset({"crm"}))[0] == (
        b'{"input":"x","tools":[{"type":"function","name":"a", "n":1.50},'
        b'{"type":"mcp","server_label":"crm","require_approval":"always"}]}'
    )


# -- items that are only put in ------------------------------------------------------------------------------------

HARMLESS: list[Item] = [
    USER,
    message("ok"),
    message(f"No. {mark(TOKEN)}"),
    {"role": "developer", "content": "x"},
    {"role": "system", "content": "x"},
    reasoning(),
    output("call_1"),
    output("call_1", kind="custom_tool_call"),
    output("call_1", kind="shell_call"),
    output("call_1", kind="local_shell_call"),
    output("call_1", kind="apply_patch_call"),
    output("call_1", kind="computer_call"),
    {"type": "item_reference", "id": "msg_1"},
]


@pytest.mark.parametrize("item", HARMLESS)
def test_words_and_results_may_be_put_in(item: Item) -> None:
    """Items without an effect of their own reach a conversation unasked."""
    RESPONSES.read_items(dump({"items": [item], "metadata": {"a": "b"}}))


@pytest.mark.parametrize("data", [{}, {"items": None}, {"items": []}, {"metadata": {}}])
def test_a_conversation_may_begin_empty(data: dict[str, Any]) -> None:
    """A conversation needs no items."""
    RESPONSES.read_items(dump(data))


@pytest.mark.parametrize(
    "item",
    [
        function("1"),
        custom("1"),
        shell("1", "ls"),
        search("1"),
        approval("1"),
        yes("mcpr_1"),
        more_tools(MCP_TOOL),
        found_tools(),
        {"type": "configuration_update", "reasoning": {"effort": "low"}},
        {"type": "mcp_list_tools", "id": "x", "server_label": "crm", "tools": []},
        {"type": "compaction", "encrypted_content": "x"},
        {"type": "new"},
        {"role": "owner", "content": "x"},
        "x",
        [],
    ],
)
def test_items_that_do_more_than_speak_are_not_put_in(item: object) -> None:
    """Invariant 2: nothing approves, brings tools in or changes settings unseen."""
    with pytest.raises(Unreadable):
        RESPONSES.read_items(dump({"items": [USER, item]}))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"items":{}}', b'{"items":"x"}', b'{"input":[]}', b'{"items":[],"items":[]}']
)
def test_a_body_that_is_no_list_of_items_is_refused(data: bytes) -> None:
    """Invariant 2, for bodies that only put items in."""
    with pytest.raises(Unreadable):
        RESPONSES.read_items(data)


# -- going on ------------------------------------------------------------------------------------------------------

RESULTS = [("call_1", "DENIED 1"), ("call_2", "DENIED 2")]
SAID = (reasoning(), message("Hm"), function("1"), custom("2"))


def went_on(data: bytes, *items: Item, **more: object) -> dict[str, Any]:
    read = RESPONSES.read_json(answer(*items, **more))
    found: dict[str, Any] = json.loads(RESPONSES.go_on(data, read, RESULTS))
    return found


ANSWERS = [output("call_1", "DENIED 1"), output("call_2", "DENIED 2", "custom_tool_call")]


def test_the_model_is_answered_with_what_it_said() -> None:
    """When the provider keeps nothing: the input, the whole answer and one result for each of its calls."""
    data = body(USER, tools=[tool("a")], store=False, instructions=BLOCK)

    assert went_on(data, *SAID, store=False) == {**json.loads(data), "input": [USER, *SAID, *ANSWERS]}


def test_a_text_is_answered_as_well() -> None:
    """The short form of an input becomes the long one."""
    found = went_on(dump({"input": "Tidy up", "store": False}), *SAID, store=False)

    assert found["input"] == [{"type": "message", "role": "user", "content": "Tidy up"}, *SAID, *ANSWERS]


def test_reasoning_that_the_provider_cannot_find_is_left_out() -> None:
    """Nothing is kept and nothing is enclosed: repeated by its id alone it would be an error."""
    bare = {"id": "rs_9", "type": "reasoning", "summary": []}

    assert went_on(body(USER), bare, *SAID, store=False)["input"] == [USER, *SAID, *ANSWERS]


def test_what_the_provider_keeps_is_continued() -> None:
    """The kept answer is named, and only the results are sent; the instructions with the block go along."""
    data = body(USER, previous_response_id="resp_0", instructions=BLOCK)

    assert went_on(data, *SAID, id="resp_9") == {
        **json.loads(data),
        "previous_response_id": "resp_9",
        "input": ANSWERS,
    }


def test_what_was_not_to_be_kept_is_not_continued() -> None:
    """A server that does not say whether it keeps an answer is believed to have done as it was told."""
    assert went_on(body(USER, store=False), *SAID)["input"] == [USER, *SAID, *ANSWERS]


@pytest.mark.parametrize("conversation", ["conv_1", {"id": "conv_1"}])
def test_a_conversation_is_continued(conversation: object) -> None:
    """A conversation has the answer already; a response cannot be named beside it."""
    data = body(USER, conversation=conversation)
    found = went_on(data, *SAID, conversation={"id": "conv_1"})

    assert found == {**json.loads(data), "input": ANSWERS}


@pytest.mark.parametrize(
    ("choice", "after"),
    [
        ("required", "auto"),
        ("auto", "auto"),
        ("none", "none"),
        (None, None),
        ({"type": "function", "name": "delete"}, "auto"),
        ({"type": "mcp", "server_label": "crm"}, "auto"),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "shell"}]},
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "shell"}]},
        ),
    ],
)
def test_a_model_that_was_forced_to_call_may_answer_in_words(choice: object, after: object) -> None:
    """Forced, it could only repeat what was refused; what forbids or narrows calls stays."""
    assert went_on(body(USER, tool_choice=choice), *SAID)["tool_choice"] == after


def test_an_answer_that_cannot_be_repeated_is_not_gone_on_with() -> None:
    """Nothing is made up: without the answer, or without its call, the model is not asked again."""
    gone = RESPONSES.read_json(b'{"error":{"message":"x"}}')
    with pytest.raises(Unreadable):
        RESPONSES.go_on(body(USER), gone, [])
    with pytest.raises(Unreadable):
        RESPONSES.go_on(body(USER), RESPONSES.read_json(answer(function("1"))), [("call_7", "DENIED")])


# -- whatever arrives ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["response_create_params", "response_compact_params"])
def test_no_member_of_a_request_is_new(name: str) -> None:
    """A member that the SDK adds must be looked at: it could drop the block, approve or bring tools in."""
    seen = {
        "access_programs", "background", "background_options", "context_management", "conversation", "image", "include",
        "input", "instructions", "max_output_tokens", "max_tool_calls", "metadata", "model", "moderation",
        "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_options",
        "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store", "stream_options",
        "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
    }  # fmt: skip
    module = getattr(sdk, name)
    params = getattr(module, "ResponseCreateParamsBase", None) or module.ResponseCompactParams

    assert set(params.__annotations__) <= seen


ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        2**70,
        "",
        "x",
        "message",
        "function_call",
        "assistant",
        "mcp",
        [],
        {},
        ["x"],
        [{}],
        {"type": []},
        {"id": {}},
    ]
)
ID = f"pinnedrules:call:{TOKEN}:0"
BODY: Item = {
    "model": "m",
    "stream": True,
    "instructions": "Be kind",
    "previous_response_id": "resp_1",
    "conversation": {"id": "conv_1"},
    "text": {"format": {"type": "text"}},
    "multi_agent": {"enabled": False},
    "tool_choice": {"type": "allowed_tools", "mode": "required"},
    "tools": [
        tool("a", {"properties": {"x": {}}}),
        MCP_TOOL,
        {"type": "namespace", "name": "n", "tools": [tool("b")]},
        {"type": "shell", "environment": {"type": "local"}},
    ],
    "input": [
        USER,
        reasoning(),
        message("Hm."),
        message(f"\n\nNo.\n{mark(TOKEN)}\n\nSo."),
        {**function("2"), "call_id": ID},
        {**shell("3", "ls")},
        {"type": "item_reference", "id": f"msg_pin_{TOKEN}"},
        output(ID),
        output(ID, [{"type": "input_text", "text": "x"}]),
        yes("mcpr_1"),
        more_tools(MCP_TOOL),
        {"type": "configuration_update", "text": {"format": {"type": "text"}}},
    ],
}
ROW = Restore(
    token=TOKEN,
    session="s",
    dialect="openai-responses",
    message=dump([reasoning(), message("Hm."), function("1"), custom("2"), shell("3", "ls")]),
    placeholder=f"\n\nNo.\n{mark(TOKEN)}\n\n",
    visible="Hm.",
    results=(("call_1", "DENIED"),),
    rewritten={ID: ("call_2", "ls", "noted\n")},
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all values in *value*."""
    found = [path]
    if isinstance(value, dict):
        found += [inner for key in value for inner in places(value[key], (*path, key))]
    elif isinstance(value, list):
        found += [inner for number, one in enumerate(value) for inner in places(one, (*path, number))]
    return found


@settings(max_examples=500)
@given(st.data(), st.booleans())
def test_a_broken_request_is_read_or_refused(data: st.DataObject, closed: bool) -> None:
    """Invariant 2: whatever arrives is read or refused as unreadable; it never fails in another way."""
    value = copy.deepcopy(BODY)
    for _ in range(data.draw(st.integers(0, 3))):
        path = data.draw(st.sampled_from(places(value)[1:]))
        holder: Any = value
        for step in path[:-1]:
            holder = holder[step]
        if data.draw(st.booleans()):
            holder[path[-1]] = copy.deepcopy(data.draw(ODD))
        else:
            del holder[path[-1]]
    row = Restore(**{**{name: getattr(ROW, name) for name in ROW.__slots__}, "closed": closed})
    raw = dump(value)
    try:
        RESPONSES.read_request(raw)
        found = RESPONSES.tokens(raw)
        restored = RESPONSES.restore(raw, dict.fromkeys((*found, "response:resp_1", "conversation:conv_1"), row))
        assert jsonpatch.apply_patch(json.loads(raw), list(restored.patch)) == json.loads(restored.body)
        forced, _ = RESPONSES.force_approval(restored.body, frozenset({"crm"}))
        placed, _ = RESPONSES.place(forced, BLOCK)
        assert RESPONSES.slot(placed, MARKER).text.startswith(BLOCK)
        RESPONSES.read_request(placed)
        RESPONSES.go_on(placed, RESPONSES.read_json(answer(function("1"))), [("call_1", "DENIED")])
    except Unreadable:
        return


@given(st.binary() | st.recursive(st.none() | st.text(), lambda inner: st.lists(inner), max_leaves=3).map(dump))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Invariant 2, for bytes that are no request at all."""
    for act in (RESPONSES.read_request, RESPONSES.read_items):
        with pytest.raises(Unreadable):
            act(data)


KINDS = st.sampled_from(["message", "function_call", "additional_tools", "configuration_update", "new", "", None, 7])
ROLES = st.sampled_from(["user", "assistant", "owner", "", None])
MEMBERS = st.lists(
    st.tuples(st.just('"type"') | st.just('"\\u0074ype"'), KINDS.map(json.dumps))
    | st.tuples(st.just('"role"'), ROLES.map(json.dumps))
    | st.tuples(st.sampled_from(['"id"', '"content"', '"\u00e9"', '"tools"']), st.just('"x"')),
    max_size=4,
)


@settings(max_examples=400)
@given(MEMBERS, st.sampled_from([",", ", ", " ,"]), st.sampled_from([":", ": "]))
def test_the_short_way_of_telling_an_item_agrees_with_the_long_one(
    members: list[tuple[str, str]], comma: str, colon: str
) -> None:
    """However an item is written, no repeated key and no escape hides its type."""
    raw = ("{" + comma.join(name + colon + value for name, value in members) + "}").encode()
    names = [json.loads(name) for name, _ in members]
    value = json.loads(raw)
    kind = value.get("type")
    if kind is None:
        kind = "message" if "role" in value else "item_reference" if "id" in value else None
    known = kind in ("message", "function_call", "additional_tools", "configuration_update", "item_reference")
    readable = known and len(names) == len(set(names))
    readable = readable and (kind != "message" or value.get("role") in ("user", "assistant"))
    readable = readable and (kind != "configuration_update" or {"type", "id"} >= set(names))
    try:
        assert item_kind(raw) == kind
    except Unreadable:
        assert not readable
    else:
        assert readable
