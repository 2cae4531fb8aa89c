"""Reading recorded conversations."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.replay.traces import chat, messages, write

from pinnedrules.replay.trace import ToolBook, TraceError, read_tools, read_traces

CHAT_TOOL = {
    "type": "function",
    "function": {"name": "search", "parameters": {"type": "object", "properties": {"q": {}}}},
}
BARE_TOOL = {"name": "search", "parameters": {"type": "object", "properties": {"q": {}}}}
MESSAGES_TOOL = {"name": "search", "input_schema": {"type": "object", "properties": {"q": {}}}}


@pytest.mark.parametrize(
    ("row", "dialect"),
    [
        (chat(), "openai-chat"),
        ({"messages": chat()}, "openai-chat"),
        ([{"role": "user", "content": "hi"}], "openai-chat"),
        ([{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "openai-chat"),
        (messages(), "anthropic-messages"),
        ({"messages": [{"role": "user", "content": "hi"}], "system": "You help."}, "anthropic-messages"),
    ],
)
def test_the_format_is_told_by_its_shape(tmp_path: Path, row: object, dialect: str) -> None:
    """Each line is read in the format that only it can be in; plain text is read as Chat Completions."""
    (trace,) = read_traces(write(tmp_path / "t.jsonl", row))

    assert trace.dialect == dialect


def test_a_line_has_its_own_facts(tmp_path: Path) -> None:
    """Id, model, suite and system prompt are taken from the line; a line without an id is called by its number."""
    row = {"messages": messages(), "id": "run-1", "model": "m", "suite": "bank", "system": "You help."}

    named, bare = read_traces(write(tmp_path / "t.jsonl", row, chat()))

    assert (named.name, named.model, named.suite, named.system) == ("run-1", "m", "bank", "You help.")
    assert (bare.name, bare.line) == ("line 2", 2)


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    """A name that ends in .gz is decompressed; empty lines are passed over."""
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" + json.dumps(chat()).encode() + b"\n\n"))

    assert len(list(read_traces(path))) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"{not json}\n",
        b'{"a": 1}\n',
        b'"text"\n',
        b'{"messages": {}}\n',
        b'{"messages": [1]}\n',
        b'{"messages": [{"content": "x"}]}\n',
        b'{"messages": [{"role": 5}]}\n',
        b'{"messages": [], "tools": [{"x": 1}]}\n',
        b'{"messages": [], "tools": ["x"]}\n',
        b"\xff\xfe\n",
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, text: bytes) -> None:
    """What is no conversation is an error that names the file, never a conversation left out."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(text)

    with pytest.raises(TraceError, match=r"t\.jsonl"):
        list(read_traces(path))


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"x" * 999)[:-9]])
def test_a_damaged_archive_is_named(tmp_path: Path, content: bytes) -> None:
    """A file that is no gzip file, or a cut one, is an error."""
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(content)

    with pytest.raises(TraceError):
        list(read_traces(path))


@pytest.mark.parametrize("tool", [CHAT_TOOL, BARE_TOOL, MESSAGES_TOOL])
def test_definitions_come_in_either_shape(tmp_path: Path, tool: dict[str, Any]) -> None:
    """A tool definition is brought into the shape of the conversation it is used in."""
    in_chat, in_messages = read_traces(
        write(tmp_path / "t.jsonl", {"messages": chat(), "tools": [tool]}, {"messages": messages(), "tools": [tool]})
    )

    first, second = in_chat.tools[0], in_messages.tools[0]
    assert (first["type"], first["function"]["name"]) == ("function", "search")
    assert set(first["function"]["parameters"]["properties"]) == {"q"}
    assert (second["name"], set(second["input_schema"]["properties"])) == ("search", {"q"})


def test_tools_of_the_provider_stay_as_they_are(tmp_path: Path) -> None:
    """A tool that the provider defines has no schema to bring into shape."""
    server = {"type": "web_search_20250305", "name": "web_search"}
    custom = {"type": "custom", "name": "free"}

    (anthropic,) = read_traces(write(tmp_path / "t.jsonl", {"messages": messages(), "tools": [server]}))
    (openai,) = read_traces(write(tmp_path / "u.jsonl", {"messages": chat(), "tools": [custom]}))

    assert server in anthropic.tools
    assert custom in openai.tools


def test_a_tool_without_a_definition_is_guessed_and_named(tmp_path: Path) -> None:
    """Without a schema, the arguments that the trace uses count as declared, and the tools are named."""
    turns = ((("search", {"a": 1}), ("odd", {"x": 1})), (("search", {"b": 2}),))
    broken = [{"role": "assistant", "tool_calls": [{"function": {"name": "bad", "arguments": "{"}}, {"custom": {}}, 7]}]

    found = list(read_traces(write(tmp_path / "t.jsonl", chat(turns), messages(turns), broken)))

    assert [trace.guessed for trace in found] == [("search", "odd"), ("search", "odd"), ("bad",)]
    assert set(found[0].tools[0]["function"]["parameters"]["properties"]) == {"a", "b"}
    assert set(found[1].tools[0]["input_schema"]["properties"]) == {"a", "b"}


def test_a_file_of_definitions_serves_all_or_by_suite(tmp_path: Path) -> None:
    """--tools takes a list for every conversation, or a mapping from which a line's suite picks."""
    common = read_tools(write(tmp_path / "a.json", [CHAT_TOOL]))
    suites = read_tools(write(tmp_path / "b.json", {"bank": [CHAT_TOOL], "mail": []}))
    path = write(tmp_path / "t.jsonl", {"messages": chat(), "suite": "bank"}, {"messages": chat(), "suite": "mail"})

    assert [len(trace.guessed) for trace in read_traces(path, common)] == [3, 3]
    assert [len(trace.guessed) for trace in read_traces(path, suites)] == [3, 4]
    assert ToolBook().find("any") == ()


@pytest.mark.parametrize("value", [5, {"bank": 1}, [{"x": 1}], [1]])
def test_a_file_that_is_no_definitions_is_named(tmp_path: Path, value: object) -> None:
    """A file of definitions that holds something else is an error."""
    with pytest.raises(TraceError, match=r"a\.json"):
        read_tools(write(tmp_path / "a.json", value))


def test_definitions_that_are_not_json_are_named(tmp_path: Path) -> None:
    """A file of definitions that is not JSON is an error."""
    (tmp_path / "a.json").write_text("{", encoding="utf-8")

    with pytest.raises(TraceError, match="not JSON"):
        read_tools(tmp_path / "a.json")
