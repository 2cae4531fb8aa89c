"""Reading a Chat Completions request, and the pin block's place in it."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.chat_parts import call, completion, dump

from pinnedrules.errors import Unreadable
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.openai_chat import OpenAIChat

CHAT = OpenAIChat()
BLOCK = "<rules v=1>\nNever delete.\n</rules pin:4f2a>"
MARKER = "pin:4f2a"
USER = {"role": "user", "content": "Tidy up"}


def body(*messages: dict[str, Any], **more: object) -> bytes:
    return dump({"model": "m", "messages": list(messages), **more})


def function(name: str, parameters: object = None) -> dict[str, Any]:
    inner = {"name": name} if parameters is None else {"name": name, "parameters": parameters}
    return {"type": "function", "function": inner}


def schema(*names: str, **more: object) -> dict[str, object]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, **more}


def test_a_request_is_read() -> None:
    """Model, stream, messages and defaults are what the body says."""
    facts = CHAT.read_request(body({"role": "system", "content": "x"}, USER, stream=True))

    assert (facts.model, facts.stream, facts.structured, facts.choices) == ("m", True, False, 1)
    assert [json.loads(raw) for raw in facts.messages] == [{"role": "system", "content": "x"}, USER]
    assert (facts.tools, facts.server_tools, facts.markers) == ({}, (), ())


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ([function("a", schema("x", "y"))], {"a": frozenset({"x", "y"})}),
        ([function("a")], {"a": frozenset()}),
        ([function("a", {})], {"a": frozenset()}),
        ([function("a", schema("x", additionalProperties=False))], {"a": frozenset({"x"})}),
        ([function("a", schema("x", additionalProperties=True))], {"a": None}),
        ([function("a", schema("x", additionalProperties={}))], {"a": None}),
        ([function("a", schema("x", patternProperties={".*": {}}))], {"a": None}),
        ([function("a", {"$ref": "#/x"})], {"a": None}),
        ([function("a", True)], {"a": None}),
        ([function("a", {"anyOf": [schema("x"), schema("y")]})], {"a": frozenset({"x", "y"})}),
        ([function("a", schema("z", allOf=[{"$ref": "#/x"}]))], {"a": None}),
        ([function("a", {"oneOf": [{"oneOf": [{"oneOf": [{"oneOf": [schema("x")]}]}]}]})], {"a": None}),
        ([function("a", {"properties": None, "anyOf": None})], {"a": frozenset()}),
        ([{"function": {"name": "a"}}], {"a": frozenset()}),
        ([{"type": "custom", "custom": {"name": "sql", "format": {"type": "text"}}}], {"sql": None}),
    ],
)
def test_tools_of_the_caller_have_their_declared_arguments(tools: list[Any], expected: object) -> None:
    """A schema declares the names it lists; one that accepts more is open."""
    facts = CHAT.read_request(body(USER, tools=tools))

    assert facts.tools == expected
    assert facts.server_tools == ()


def test_legacy_functions_are_tools() -> None:
    """``functions`` declares tools like ``tools`` does."""
    facts = CHAT.read_request(body(USER, functions=[{"name": "a", "parameters": schema("x")}]))

    assert facts.tools == {"a": frozenset({"x"})}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"web_search_options": {}}, [ServerTool("web_search_options", "web_search")]),
        ({"search_parameters": {"mode": "auto"}}, [ServerTool("search_parameters", "web_search")]),
        ({"enable_search": True}, [ServerTool("enable_search", "web_search")]),
        ({"enable_search": False}, []),
        ({"tools": [{"type": "web_search"}]}, [ServerTool("web_search", "web_search")]),
        ({"tools": [{"type": "mcp", "server_label": "jira"}]}, [ServerTool("jira", "mcp")]),
        ({"tools": [{"type": "shell", "name": "sh"}]}, [ServerTool("sh", "shell")]),
        ({"tools": [{"type": "function"}]}, [ServerTool("function", "function")]),
        ({"model": "gpt-6-search-preview"}, [ServerTool("web_search", "web_search")]),
        ({"model": "gpt-6-search"}, [ServerTool("web_search", "web_search")]),
        ({"model": "research-1"}, []),
    ],
)
def test_tools_that_the_provider_runs_are_named(more: dict[str, Any], expected: list[ServerTool]) -> None:
    """Tools that the provider runs itself are decided on the request, by tool; an unknown type is one of them."""
    facts = CHAT.read_request(body(USER, **more))

    assert list(facts.server_tools) == expected
    assert facts.tools == {}


@pytest.mark.parametrize(
    ("form", "structured"),
    [({"type": "json_object"}, True), ({"type": "json_schema"}, True), ({"type": "text"}, False), (None, False)],
)
def test_structured_output_is_seen(form: object, structured: bool) -> None:
    """An answer whose text must be JSON cannot carry a sentence."""
    assert CHAT.read_request(body(USER, response_format=form)).structured is structured


def test_several_choices_and_compaction_settings_are_seen() -> None:
    """``n`` and the settings of servers that shorten the conversation themselves."""
    facts = CHAT.read_request(body(USER, n=3, transforms=["middle-out"], truncation=None))

    assert (facts.choices, facts.markers) == (3, ("request:transforms",))


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([USER], "Tidy up"),
        ([USER, {"role": "assistant", "content": "ok"}], ""),
        ([USER, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "Stop"}], "Stop"),
        (
            [
                USER,
                {"role": "assistant", "tool_calls": [call("c")]},
                {"role": "tool", "tool_call_id": "c", "content": "Stop"},
            ],
            "",
        ),
        ([{"role": "user", "content": "Stop"}, {"role": "user", "content": "reminder"}], "Stop\nreminder"),
        (
            [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "St"}, {"type": "image_url"}, {"type": "text", "text": "op"}],
                }
            ],
            "Stop",
        ),
        ([], ""),
    ],
)
def test_the_new_words_of_the_user_are_what_follows_the_last_answer(messages: list[Any], text: str) -> None:
    """Only the new trailing user text of an extended conversation counts on the wire; no tool result does."""
    assert CHAT.read_request(body(*messages)).last_user_text == text


BAD: dict[str, bytes] = {
    "not JSON": b"{",
    "not an object": b"[]",
    "no messages": dump({"model": "m"}),
    "messages as an object": dump({"messages": {}}),
    "a message as text": dump({"messages": ["x"]}),
    "messages twice": b'{"messages":[],"messages":[]}',
    "a stream that is not true or false": body(USER, stream=1),
    "a model that is not text": body(USER, model=7),
    "tools as an object": body(USER, tools={}),
    "a tool as text": body(USER, tools=["x"]),
    "a nameless function": body(USER, functions=[{}]),
    "a response format as text": body(USER, response_format="json"),
    "choices without end": body(USER, n=100000),
    "no choices": body(USER, n=0),
    "choices as text": body(USER, n="1"),
    "choices as a boolean": body(USER, n=True),
    "user content as a number": body({"role": "user", "content": 7}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_request_that_cannot_be_read_is_refused(name: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with pytest.raises(Unreadable):
        CHAT.read_request(BAD[name])


# -- the place of the block ----------------------------------------------------------------------------------------

SYSTEM_PART = {"type": "text", "text": "Be kind"}
PLACES: dict[str, tuple[bytes, object, str]] = {
    "no system message": (body(USER), [{"role": "system", "content": BLOCK}, USER], "/messages/0/content"),
    "no messages": (body(), [{"role": "system", "content": BLOCK}], "/messages/0/content"),
    "system text": (
        body({"role": "system", "content": "Be kind", "name": "x"}, USER),
        [{"role": "system", "content": f"{BLOCK}\n\nBe kind", "name": "x"}, USER],
        "/messages/0/content",
    ),
    "developer text": (
        body({"role": "developer", "content": "Be kind"}, USER),
        [{"role": "developer", "content": f"{BLOCK}\n\nBe kind"}, USER],
        "/messages/0/content",
    ),
    "empty system text": (
        body({"role": "system", "content": ""}),
        [{"role": "system", "content": BLOCK}],
        "/messages/0/content",
    ),
    "null system text": (
        body({"role": "system", "content": None}),
        [{"role": "system", "content": BLOCK}],
        "/messages/0/content",
    ),
    "no system text": (body({"role": "system"}), [{"role": "system", "content": BLOCK}], "/messages/0/content"),
    "system parts": (
        body({"role": "system", "content": [SYSTEM_PART]}, USER),
        [{"role": "system", "content": [{"type": "text", "text": BLOCK}, SYSTEM_PART]}, USER],
        "/messages/0/content/0/text",
    ),
    "no system parts": (
        body({"role": "system", "content": []}),
        [{"role": "system", "content": [{"type": "text", "text": BLOCK}]}],
        "/messages/0/content/0/text",
    ),
    "a system message further down": (
        body(USER, {"role": "system", "content": "Be kind"}),
        [{"role": "system", "content": BLOCK}, USER, {"role": "system", "content": "Be kind"}],
        "/messages/0/content",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_block_has_one_place(name: str) -> None:
    """The block goes first into the first system message, or into a new first message; the patch says exactly that."""
    data, messages, path = PLACES[name]

    placed, patch = CHAT.place(data, BLOCK)

    assert json.loads(placed)["messages"] == messages
    assert jsonpatch.apply_patch(json.loads(data), list(patch)) == json.loads(placed)
    slot = CHAT.slot(placed, MARKER)
    assert slot.text.startswith(BLOCK)
    assert slot.path.removesuffix("/text") == path.removesuffix("/text")
    assert (slot.role in ("system", "developer"), slot.elsewhere) == (True, 0)


@pytest.mark.parametrize("name", PLACES)
def test_placing_twice_is_placing_once(name: str) -> None:
    """A block that stands there already is left alone, byte for byte."""
    placed, _ = CHAT.place(PLACES[name][0], BLOCK)

    assert CHAT.place(placed, BLOCK) == (placed, ())


def test_what_is_not_edited_stays_byte_identical() -> None:
    """Rule 4: other members keep their very bytes, odd spacing and big numbers included."""
    tail = b'"tools" : [ {"n": 18446744073709551617, "x":1.10} ]'
    data = (
        b'{ "messages":[{"role":"user","content":"\\u00fc \\ud83d"} , {"role":"user","content":"b"}], ' + tail + b" }"
    )

    placed, _ = CHAT.place(data, BLOCK)

    assert b'{"role":"user","content":"\\u00fc \\ud83d"},{"role":"user","content":"b"}' in placed
    assert b'[ {"n": 18446744073709551617, "x":1.10} ]' in placed


def test_the_prefix_is_the_same_in_every_request_of_a_conversation() -> None:
    """Invariant 3: the block is byte-identical from a conversation's first request on."""
    first, _ = CHAT.place(body({"role": "system", "content": "Be kind"}, USER), BLOCK)
    second, _ = CHAT.place(
        body({"role": "system", "content": "Be kind"}, USER, {"role": "assistant", "content": "ok"}), BLOCK
    )

    assert second.startswith(first[: first.rindex(b"]")])


@pytest.mark.parametrize("content", [7, {"a": 1}])
def test_a_system_message_that_cannot_be_read_is_refused(content: object) -> None:
    """Invariant 2: no block is put where it cannot be proven."""
    for act in (lambda data: CHAT.place(data, BLOCK), lambda data: CHAT.slot(data, MARKER)):
        with pytest.raises(Unreadable):
            act(body({"role": "system", "content": content}))


@pytest.mark.parametrize(
    ("data", "text", "role"),
    [
        (body(USER), "", "user"),
        (body(), "", ""),
        (body({"role": "system", "content": []}), "", "system"),
        (body({"role": "system", "content": [{"type": "image_url", "text": BLOCK}]}), "", "system"),
        (body({"role": "system", "content": "Other"}), "Other", "system"),
    ],
)
def test_a_missing_block_shows(data: bytes, text: str, role: str) -> None:
    """The slot says what stands in the bytes that will leave, whatever was meant."""
    slot = CHAT.slot(data, MARKER)

    assert (slot.text, slot.role) == (text, role)


@pytest.mark.parametrize(
    ("data", "elsewhere"),
    [
        (body({"role": "system", "content": BLOCK}, {"role": "user", "content": f"{MARKER} {MARKER}"}), 2),
        (body({"role": "system", "content": BLOCK}, tools=[function("a", {"description": MARKER})]), 1),
        (body({"role": "system", "content": BLOCK + BLOCK}), 0),
        (dump({"messages": [{"role": "system", "content": BLOCK}], "x": 1}).replace(b'"x"', b'"\\u0070in:4f2a"'), 1),
        (b'{"messages":[{"role":"user","content":"\\u0070in:4f2a"}]}', 1),
        (b'{"messages":[{"role":"user","content":"\\\\u0070in:4f2a"}]}', 0),
    ],
)
def test_copies_of_the_marker_are_counted(data: bytes, elsewhere: int) -> None:
    """Copies are found in any decoded text, behind escapes as well."""
    assert CHAT.slot(data, MARKER).elsewhere == elsewhere


MARKERS = st.text('0123456789abcdef/é"\\', max_size=4).map(lambda tail: "[pin:" + tail)


@given(st.lists(st.text() | MARKERS), MARKERS)
def test_counting_the_marker_agrees_with_decoding(texts: list[str], marker: str) -> None:
    """The short way of counting gives the same as reading every string."""
    text = "".join(texts)
    for ascii_only in (True, False):
        raw = json.dumps({"messages": [{"role": "user", "content": text}]}, ensure_ascii=ascii_only).encode()
        assert CHAT.slot(raw, marker).elsewhere == text.count(marker)


def test_the_model_can_be_answered() -> None:
    """The request that goes on has the answer and one result for each of its calls, and is else unchanged."""
    data = body(USER, tools=[function("a")])
    answer = CHAT.read_json(completion({"content": "Hm", "tool_calls": [call("c1"), call("c2")]}))

    more = json.loads(CHAT.go_on(data, answer, [("c1", "DENIED 1"), ("c2", "DENIED 2")]))

    assert answer.message is not None
    assert more["messages"] == [
        USER,
        json.loads(answer.message),
        {"role": "tool", "tool_call_id": "c1", "content": "DENIED 1"},
        {"role": "tool", "tool_call_id": "c2", "content": "DENIED 2"},
    ]
    assert more["tools"] == [function("a")]


def test_results_find_calls_that_have_no_id() -> None:
    """A legacy call gets a function message; a call without an id gets the one made up for it."""
    legacy = CHAT.read_json(completion({"function_call": {"name": "a", "arguments": "{}"}}))
    nameless = CHAT.read_json(completion({"tool_calls": [{**call("x"), "id": ""}, call("c2")]}))

    assert json.loads(CHAT.go_on(body(USER), legacy, [("", "DENIED")]))["messages"][-1] == {
        "role": "function",
        "name": "a",
        "content": "DENIED",
    }
    found = json.loads(CHAT.go_on(body(USER), nameless, [("", "DENIED 1"), ("c2", "DENIED 2")]))["messages"][-2:]
    assert [message["tool_call_id"] for message in found] == ["call_0", "c2"]


def test_an_answer_that_cannot_be_repeated_is_not_answered() -> None:
    """Nothing is sent back that the provider did not say."""
    with pytest.raises(Unreadable):
        CHAT.go_on(body(USER), CHAT.read_json(dump({"error": {"message": "x"}})), [])


@pytest.mark.parametrize(
    ("forced", "left"),
    [
        ({}, {}),
        ({"tool_choice": None}, {"tool_choice": None}),
        ({"tool_choice": "auto"}, {"tool_choice": "auto"}),
        ({"tool_choice": "none"}, {"tool_choice": "none"}),
        ({"tool_choice": "required"}, {"tool_choice": "auto"}),
        ({"tool_choice": "any"}, {"tool_choice": "auto"}),
        ({"tool_choice": {"type": "function", "function": {"name": "a"}}}, {"tool_choice": "auto"}),
        ({"tool_choice": {"type": "custom", "custom": {"name": "a"}}}, {"tool_choice": "auto"}),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [1]}}},
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [1]}}},
        ),
        ({"function_call": {"name": "a"}}, {"function_call": "auto"}),
        ({"function_call": "none"}, {"function_call": "none"}),
    ],
)
def test_a_model_that_was_refused_is_not_forced_to_call_again(forced: dict[str, Any], left: dict[str, Any]) -> None:
    """A correction lets the model answer in words; it never widens what the model may call."""
    given = CHAT.read_json(completion({"content": None, "tool_calls": [call("c1")]}))
    more = json.loads(CHAT.go_on(body(USER, **forced), given, [("c1", "DENIED")]))
    same = json.loads(body(USER))

    assert {key: value for key, value in more.items() if key != "messages"} == {
        **{key: value for key, value in same.items() if key != "messages"},
        **left,
    }
