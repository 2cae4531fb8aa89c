"""Reading a Messages request, and the pin block's place in it."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest
from tests.wire.chat_parts import dump
from tests.wire.message_parts import answer, tool_use

from pinnedrules.errors import Unreadable
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import ServerTool

MESSAGES = AnthropicMessages()
BLOCK = "<rules v=1>\nNever delete.\n</rules pin:4f2a>"
MARKER = "pin:4f2a"
USER = {"role": "user", "content": "Tidy up"}
SCHEMA = {"type": "object", "properties": {"x": {}, "y": {}}}
EDITOR = frozenset({"command", "path", "file_text", "old_str", "new_str", "insert_line", "insert_text", "view_range"})


def body(*messages: dict[str, Any], **more: object) -> bytes:
    return dump({"model": "m", "max_tokens": 9, "messages": list(messages), **more})


def test_a_request_is_read() -> None:
    """Model, stream, messages and defaults are what the body says; ``system`` is not a message."""
    facts = MESSAGES.read_request(body(USER, system="x", stream=True))

    assert (facts.model, facts.stream, facts.structured, facts.choices) == ("m", True, False, 1)
    assert [json.loads(raw) for raw in facts.messages] == [USER]
    assert (facts.tools, facts.server_tools, facts.markers) == ({}, (), ())


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ({"name": "a", "input_schema": SCHEMA}, {"a": frozenset({"x", "y"})}),
        ({"type": "custom", "name": "a", "input_schema": SCHEMA}, {"a": frozenset({"x", "y"})}),
        ({"type": None, "name": "a"}, {"a": frozenset()}),
        ({"name": "a", "input_schema": {**SCHEMA, "additionalProperties": True}}, {"a": None}),
        ({"type": "bash_20250124", "name": "bash"}, {"bash": frozenset({"command", "restart"})}),
        ({"type": "text_editor_20250728", "name": "edit"}, {"edit": EDITOR}),
        ({"type": "memory_20250818", "name": "memory"}, {"memory": EDITOR | {"old_path", "new_path"}}),
    ],
)
def test_tools_of_the_caller_have_their_arguments(tool: object, expected: object) -> None:
    """Custom tools declare their arguments; the versioned client tools have known ones."""
    facts = MESSAGES.read_request(body(USER, tools=[tool]))

    assert facts.tools == expected
    assert facts.server_tools == ()


def test_computer_tools_have_known_arguments() -> None:
    """The single computer tool and the toolsets are run by the caller, member by member."""
    facts = MESSAGES.read_request(
        body(
            USER,
            tools=[
                {"type": "computer_20251124", "name": "computer"},
                {"type": "computer_toolset_20260801"},
                {"type": "browser_toolset_20260801"},
            ],
        )
    )

    assert facts.tools["computer"] is not None
    assert {"action", "coordinate", "text", "region"} <= facts.tools["computer"]
    assert facts.tools["computer.left_click"] == frozenset({"coordinate", "text"})
    assert facts.tools["computer.screenshot"] == frozenset()
    assert facts.tools["browser.left_click_drag"] == frozenset({"from", "target", "tab_id"})
    assert (len([name for name in facts.tools if "." in name]), facts.server_tools) == (17 + 31, ())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"tools": [{"type": "web_search_20260318", "name": "web_search"}]},
            [ServerTool("web_search", "web_search_20260318")],
        ),
        (
            {"tools": [{"type": "code_execution_20260521", "name": "run"}]},
            [ServerTool("run", "code_execution_20260521")],
        ),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "jira"}]}, [ServerTool("jira", "mcp_toolset")]),
        ({"tools": [{"type": "something_new"}]}, [ServerTool("something_new", "something_new")]),
        ({"tools": [{"type": "custom"}]}, [ServerTool("custom", "custom")]),
        (
            {"tools": [{"type": "robot_toolset_20270101"}]},
            [ServerTool("robot_toolset_20270101", "robot_toolset_20270101")],
        ),
        (
            {"mcp_servers": [{"type": "url", "name": "jira", "url": "https://x"}, 7]},
            [ServerTool("jira", "mcp_servers"), ServerTool("mcp_servers", "mcp_servers")],
        ),
        ({"container": {"id": "c", "skills": [{"skill_id": "pptx"}]}}, [ServerTool("skills", "container_skills")]),
        ({"container": "c"}, []),
        ({"mcp_servers": []}, []),
    ],
)
def test_tools_that_the_provider_runs_are_named(more: dict[str, Any], expected: list[ServerTool]) -> None:
    """Tools that the provider runs itself are decided on the request, by tool; an unknown type is one of them."""
    facts = MESSAGES.read_request(body(USER, **more))

    assert list(facts.server_tools) == expected
    assert facts.tools == {}


@pytest.mark.parametrize("key", ["tool_definition", "tool\\u005fdefinition"])
def test_tools_that_a_message_brings_in_count(key: str) -> None:
    """A tool defined in the middle of the conversation is a tool of the request, behind an escape as well."""
    added = [
        {"type": "tool_addition", "tool": {"type": "KEY", "definition": {"name": "late", "input_schema": SCHEMA}}},
        {
            "type": "tool_addition",
            "tool": {"type": "KEY", "definition": {"type": "mcp_toolset", "mcp_server_name": "j"}},
        },
        {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "early"}},
    ]
    data = body(USER, {"role": "system", "content": added}).replace(b"KEY", key.encode())
    facts = MESSAGES.read_request(data)

    assert facts.tools == {"late": frozenset({"x", "y"})}
    assert facts.server_tools == (ServerTool("j", "mcp_toolset"),)


@pytest.mark.parametrize(
    ("more", "markers"),
    [
        ({"compaction": {"type": "summarize"}}, ("request:compaction",)),
        (
            {"context_management": {"edits": [{"type": "compact_20260112"}, {"type": "clear_thinking_20251015"}]}},
            ("request:compact_20260112", "request:clear_thinking_20251015"),
        ),
        ({"context_management": {}}, ()),
        ({"context_management": {"edits": ["odd"]}}, ("request:odd",)),
    ],
)
def test_compaction_and_held_state_are_named(more: dict[str, Any], markers: tuple[str, ...]) -> None:
    """What the provider is asked to do with the history is named for the record."""
    assert MESSAGES.read_request(body(USER, **more)).markers == markers


@pytest.mark.parametrize(
    ("more", "structured"),
    [
        ({"output_config": {"format": {"type": "json_schema"}}}, True),
        ({"output_format": {"type": "json_schema"}}, True),
        ({"output_config": {"effort": "low"}}, False),
        ({"output_config": None}, False),
    ],
)
def test_structured_output_is_seen(more: dict[str, Any], structured: bool) -> None:
    """An answer whose text must be JSON cannot carry a sentence."""
    assert MESSAGES.read_request(body(USER, **more)).structured is structured


RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "Stop"}


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([USER], "Tidy up"),
        ([USER, {"role": "assistant", "content": "ok"}], ""),
        ([USER, {"role": "assistant", "content": [tool_use("t")]}, {"role": "user", "content": [RESULT]}], ""),
        (
            [
                USER,
                {"role": "assistant", "content": "ok"},
                {"role": "user", "content": [RESULT, {"type": "text", "text": "No"}]},
            ],
            "No",
        ),
        ([{"role": "user", "content": "Stop"}, {"role": "system", "content": "x"}], "Stop"),
        ([{"role": "user", "content": "Stop"}, {"role": "user", "content": "reminder"}], "Stop\nreminder"),
        ([{"role": "user"}], ""),
        ([], ""),
    ],
)
def test_the_new_words_of_the_user_are_what_follows_the_last_answer(messages: list[Any], text: str) -> None:
    """Only the new trailing user text of an extended conversation counts on the wire; no tool result does."""
    assert MESSAGES.read_request(body(*messages)).last_user_text == text


BAD: dict[str, bytes] = {
    "not JSON": b"{",
    "no messages": dump({"model": "m"}),
    "messages twice": b'{"messages":[],"messages":[]}',
    "a message as text": dump({"messages": ["x"]}),
    "a stream that is not true or false": body(USER, stream="yes"),
    "tools as an object": body(USER, tools={}),
    "a tool as text": body(USER, tools=["x"]),
    "a tool type as a number": body(USER, tools=[{"type": 7, "name": "a"}]),
    "output_config as text": body(USER, output_config="x"),
    "user content as a number": body({"role": "user", "content": 7}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_request_that_cannot_be_read_is_refused(name: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with pytest.raises(Unreadable):
        MESSAGES.read_request(BAD[name])


# -- the place of the block ----------------------------------------------------------------------------------------

OWN = {"type": "text", "text": BLOCK}
CACHED = {"type": "text", "text": "Be kind", "cache_control": {"type": "ephemeral"}}
PLACES: dict[str, tuple[bytes, object, str]] = {
    "no system": (body(USER), [OWN], "/system/0"),
    "null system": (body(USER, system=None), [OWN], "/system/0"),
    "system text": (body(USER, system="Be kind"), f"{BLOCK}\n\nBe kind", "/system"),
    "empty system text": (body(USER, system=""), BLOCK, "/system"),
    "system blocks": (body(USER, system=[CACHED]), [OWN, CACHED], "/system/0"),
    "no system blocks": (body(USER, system=[]), [OWN], "/system/0"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_block_has_one_place(name: str) -> None:
    """The block goes first into the top-level system, without a cache mark of its own; the patch says exactly that."""
    data, system, path = PLACES[name]

    placed, patch = MESSAGES.place(data, BLOCK)

    assert json.loads(placed)["system"] == system
    assert jsonpatch.apply_patch(json.loads(data), list(patch)) == json.loads(placed)
    slot = MESSAGES.slot(placed, MARKER)
    assert (slot.text.startswith(BLOCK), slot.path, slot.role, slot.elsewhere) == (True, path, "system", 0)


@pytest.mark.parametrize("name", PLACES)
def test_placing_twice_is_placing_once(name: str) -> None:
    """A block that stands there already is left alone, byte for byte."""
    placed, _ = MESSAGES.place(PLACES[name][0], BLOCK)

    assert MESSAGES.place(placed, BLOCK) == (placed, ())


def test_a_request_that_continues_a_thread_carries_no_block_and_says_what_it_continues() -> None:
    """The provider rejects a repeated system; the gate looks the thread up before such a request leaves."""
    request = body(USER, thread={"type": "continue", "previous_message_id": "m"})

    assert MESSAGES.place(request, BLOCK) == (request, ())
    assert MESSAGES.read_request(request).continues == "message:m"
    assert MESSAGES.tokens(request) == ("message:m",)


def test_a_thread_that_begins_is_pinned() -> None:
    """The request that creates a thread carries the block like any other."""
    placed, _ = MESSAGES.place(body(USER, thread={"type": "create"}), BLOCK)

    assert json.loads(placed)["system"] == [OWN]


@pytest.mark.parametrize("system", [7, {"a": 1}])
def test_a_system_that_cannot_be_read_is_refused(system: object) -> None:
    """Invariant 2: no block is put where it cannot be proven."""
    for act in (lambda data: MESSAGES.place(data, BLOCK), lambda data: MESSAGES.slot(data, MARKER)):
        with pytest.raises(Unreadable):
            act(body(USER, system=system))


@pytest.mark.parametrize(
    ("data", "text", "elsewhere"),
    [
        (body(USER), "", 0),
        (body(USER, system=[]), "", 0),
        (body(USER, system=[{"type": "image", "text": BLOCK}]), "", 1),
        (body({"role": "user", "content": BLOCK}, system="Other"), "Other", 1),
        (body({"role": "system", "content": BLOCK}, system=BLOCK), BLOCK, 1),
    ],
)
def test_the_slot_says_what_stands_there(data: bytes, text: str, elsewhere: int) -> None:
    """The slot is read from the bytes that will leave; a system message further down is not the place."""
    slot = MESSAGES.slot(data, MARKER)

    assert (slot.text, slot.elsewhere) == (text, elsewhere)


def test_the_model_can_be_answered() -> None:
    """The request that goes on has the answer and one result for each of its calls, marked as errors."""
    given = MESSAGES.read_json(answer({"type": "text", "text": "Hm"}, tool_use("t1"), tool_use("t2")))

    more = json.loads(MESSAGES.go_on(body(USER), given, [("t1", "DENIED 1"), ("t2", "DENIED 2")]))

    assert more["messages"] == [
        USER,
        {"role": "assistant", "content": [{"type": "text", "text": "Hm"}, tool_use("t1"), tool_use("t2")]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "DENIED 1", "is_error": True},
                {"type": "tool_result", "tool_use_id": "t2", "content": "DENIED 2", "is_error": True},
            ],
        },
    ]


def test_an_answer_that_cannot_be_repeated_is_not_answered() -> None:
    """Nothing is sent back that the provider did not say."""
    with pytest.raises(Unreadable):
        MESSAGES.go_on(body(USER), MESSAGES.read_json(b'{"error":{"type":"x"}}'), [])


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        (None, None),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"type": "none"}, {"type": "none"}),
        ({"type": "any"}, {"type": "auto"}),
        ({"type": "tool", "name": "a"}, {"type": "auto"}),
        (
            {"type": "tool", "name": "a", "disable_parallel_tool_use": True},
            {"type": "auto", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_a_model_that_was_refused_is_not_forced_to_call_again(choice: object, left: object) -> None:
    """A correction lets the model answer in words."""
    given = MESSAGES.read_json(answer(tool_use("t1")))

    assert json.loads(MESSAGES.go_on(body(USER, tool_choice=choice), given, [("t1", "DENIED")]))["tool_choice"] == left
    assert "tool_choice" not in json.loads(MESSAGES.go_on(body(USER), given, [("t1", "DENIED")]))
