"""What a request says of its tools comes out in one shape, whatever the API calls it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.chat_parts import dump
from tests.wire.feeding import read_stream
from tests.wire.response_parts import DELETE, answer, approval, function, stream

from pinnedrules.types import Definition
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect
from pinnedrules.wire.openai_chat import OpenAIChat
from pinnedrules.wire.openai_responses import OpenAIResponses

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}
HINTS = {"readOnlyHint": True}
SAID = {"name": "get_issue", "description": "Gets an issue."}
WANTED = Definition("Gets an issue.", SCHEMA, HINTS)
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: A"}
LISTED: dict[str, Any] = {
    "id": "mcpl_1",
    "type": "mcp_list_tools",
    "server_label": "crm",
    "tools": [
        {
            "name": "wipe",
            "description": "Deletes all.",
            "input_schema": SCHEMA,
            "annotations": {"destructiveHint": True},
        },
        "?",
    ],
}
WIPE = Definition("Deletes all.", SCHEMA, {"destructiveHint": True})
USER = {"role": "user", "content": "hi"}

OPENAI = {**SAID, "parameters": SCHEMA, "annotations": HINTS}
MESSAGES = {**SAID, "input_schema": SCHEMA, "annotations": HINTS}
CASES: list[tuple[str, Dialect, dict[str, Any]]] = [
    ("chat", OpenAIChat(), {"messages": [USER], "tools": [{"type": "function", "function": OPENAI}]}),
    ("chat functions", OpenAIChat(), {"messages": [USER], "functions": [OPENAI]}),
    (
        "messages",
        AnthropicMessages(),
        {"messages": [USER], "max_tokens": 9, "tools": [{**MESSAGES, "cache_control": {"type": "ephemeral"}}]},
    ),
    (
        "messages added",
        AnthropicMessages(),
        {
            "messages": [
                USER,
                {
                    "role": "user",
                    "content": [{"type": "tool_addition", "tool": {"type": "tool_definition", "definition": MESSAGES}}],
                },
            ],
            "max_tokens": 9,
        },
    ),
    ("responses", OpenAIResponses(), {"input": "hi", "tools": [{"type": "function", **OPENAI, "strict": True}]}),
    (
        "responses added",
        OpenAIResponses(),
        {"input": [{"type": "additional_tools", "role": "developer", "tools": [{"type": "function", **OPENAI}]}]},
    ),
]


@pytest.mark.parametrize(("dialect", "body"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_definition_has_one_shape_in_all_dialects(dialect: Dialect, body: dict[str, Any]) -> None:
    """Description, schema and annotations, and nothing of what an API puts around them."""
    facts = dialect.read_request(dump({"model": "m", **body}))

    assert facts.definitions == {"get_issue": WANTED}
    assert facts.tools == {"get_issue": frozenset({"id"})}


def test_the_tools_of_a_namespace_and_free_text_tools_are_defined_too() -> None:
    """Under the names that their calls have; the grammar of a free-text tool stands for its schema."""
    inner = {"type": "namespace", "name": "crm", "tools": [{"type": "function", **OPENAI}]}
    custom = {"type": "custom", "name": "note", "format": GRAMMAR}
    found = OpenAIResponses().read_request(dump({"model": "m", "input": "hi", "tools": [inner, custom]})).definitions

    assert found == {"crm.get_issue": WANTED, "note": Definition("", GRAMMAR)}
    chat = {"messages": [USER], "tools": [{"type": "custom", "custom": {"name": "note", "format": GRAMMAR}}]}
    assert OpenAIChat().read_request(dump({"model": "m", **chat})).definitions == {"note": Definition("", GRAMMAR)}


def test_what_is_no_definition_says_nothing() -> None:
    """Members of the wrong kind are as if they were not there."""
    odd = {"name": "x", "description": 7, "input_schema": {"type": "object"}, "annotations": ["readOnlyHint"]}
    facts = AnthropicMessages().read_request(dump({"model": "m", "max_tokens": 9, "messages": [USER], "tools": [odd]}))

    assert facts.definitions == {"x": Definition("", {"type": "object"})}


def test_the_listed_tools_of_a_remote_server_are_defined_where_they_are_repeated() -> None:
    """An ``mcp_list_tools`` item of a former answer defines the tools that the server's calls name."""
    facts = OpenAIResponses().read_request(dump({"model": "m", "input": [LISTED, {"type": "message", **USER}]}))

    assert facts.definitions == {"mcp:crm.wipe": WIPE}
    assert facts.tools == {}


def test_an_answer_defines_what_it_asks_for() -> None:
    """A remote server's call comes with its listed definition, a function's with the one that the answer repeats."""
    items = (LISTED, approval("1"), function("2"))

    whole = OpenAIResponses().read_json(answer(*items))
    _, _, streamed = read_stream(OpenAIResponses(), stream(*items))
    for found in (whole, streamed):
        assert found.calls[1,].name == "mcp:crm.wipe"
        assert found.calls[1,].definition == WIPE
        assert found.calls[2,].definition == Definition("", DELETE["parameters"])
