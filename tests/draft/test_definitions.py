"""Tools of recorded requests and of imported modules."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.draft.definitions import collected, definitions
from pinnedrules.draft.found import FoundTool
from pinnedrules.draft.modules import from_module
from pinnedrules.draft.traces import DraftError, from_trace

CHAT = {"type": "function", "function": {"name": "get_a", "parameters": {"properties": {"x": {}}}}}
MESSAGES = {"name": "get_b", "description": "B.", "input_schema": {"properties": {"y": {}}}}
RESPONSES = {"type": "function", "name": "get_c", "parameters": {"properties": {"z": {}}}}


def names(value: object) -> list[str]:
    return [tool.name for tool in collected(value, "t").tools]


def test_definitions_are_found_wherever_they_stand() -> None:
    """A body, a list of bodies, a log around a body: what holds the definitions does not matter."""
    assert names({"model": "m", "messages": [], "tools": [CHAT, MESSAGES]}) == ["get_a", "get_b"]
    assert names([{"request": {"body": {"input": "x", "tools": [RESPONSES]}}}]) == ["get_c"]
    assert names([CHAT, RESPONSES]) == ["get_a", "get_c"]


@pytest.mark.parametrize(
    "call",
    [
        {"type": "tool_use", "id": "1", "name": "look", "input": {"x": 1, "y": {"name": "no", "input_schema": {}}}},
        {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"x": 1, "y": 2}'}},
        {"type": "function_call", "call_id": "1", "name": "look", "arguments": '{"x": 1, "y": 2}'},
    ],
)
def test_a_tool_that_is_only_called_is_found_too(call: dict[str, Any]) -> None:
    """A recording without definitions shows its tools by their calls; what a call was given defines nothing."""
    found = collected([{"role": "assistant", "content": [call]}], "t").tools

    assert found == [FoundTool("look", arguments=("x", "y"), where="t")]


@pytest.mark.parametrize(
    "call",
    [
        {"type": "custom_tool_call", "name": "look", "input": "free text"},
        {"function": {"name": "look", "arguments": "{broken"}},
        {"type": "tool_use", "name": "look"},
    ],
)
def test_a_call_whose_arguments_cannot_be_read_has_none(call: dict[str, Any]) -> None:
    """Broken and free arguments name nothing."""
    assert collected(call, "t").tools == [FoundTool("look", where="t")]


def test_a_defined_tool_is_not_found_again_by_its_calls() -> None:
    """The definition says more than a call."""
    row = {"tools": [CHAT], "messages": [{"tool_calls": [{"function": {"name": "get_a", "arguments": "{}"}}]}]}

    assert names(row) == ["get_a"]


def test_a_nameless_function_is_no_tool() -> None:
    """What no model can call needs no line."""
    assert names({"type": "function", "function": {"name": 3, "parameters": {}}}) == []
    assert names({"type": "function_call", "name": ""}) == []


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_no_json_makes_it_fail(value: object) -> None:
    """A recording is somebody else's: whatever it holds, reading it only finds more or fewer tools."""
    collected(value, "t")
    definitions(value, "t")


def test_what_is_nested_without_end_is_left() -> None:
    """Depth is bounded."""
    value: object = CHAT
    for _ in range(200):
        value = [value]

    assert names(value) == []


@pytest.mark.parametrize("form", ["json", "pretty", "jsonl", "gz"])
def test_a_recording_is_read_in_every_form(tmp_path: Path, form: str) -> None:
    """One JSON value, written over several lines or not, or one per line, gzipped or not."""
    path = tmp_path / ("t.jsonl.gz" if form == "gz" else "t.json")
    rows = [{"tools": [CHAT]}, {"tools": [MESSAGES]}]
    if form in ("json", "pretty"):
        path.write_text(json.dumps(rows, indent=2 if form == "pretty" else None), encoding="utf-8")
    else:
        text = "\n\n".join(json.dumps(row) for row in rows).encode()
        path.write_bytes(gzip.compress(text) if form == "gz" else text)

    found = from_trace(path).tools

    assert [tool.name for tool in found] == ["get_a", "get_b"]
    assert found[1].where == ("t.json" if form in ("json", "pretty") else f"{path.name}:3")


@pytest.mark.parametrize("data", [b"{}\nnot json", b"\xff\xfe", b"\x1f\x8b"])
def test_what_is_no_recording_is_said_with_its_line(tmp_path: Path, data: bytes) -> None:
    """A file that is no JSON is an error with the file and the line, never a traceback."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(data)

    with pytest.raises(DraftError, match=r"t\.jsonl"):
        from_trace(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A file that cannot be opened is an error of its own kind."""
    with pytest.raises(DraftError, match="cannot be read"):
        from_trace(tmp_path / "none.json")


MODULE = """
class Tool:
    def __init__(self, name): self.name = name
    def to_params(self): return {"name": self.name, "input_schema": {"properties": {"x": {}}}}

class Held:
    name, description = "held", "Held."
    def __init__(self): self.params_json_schema = {"type": "object", "properties": {"y": {}}}
    def schema(self): raise RuntimeError("not that kind")

class Odd:
    name, description, args = "odd", "Odd.", {"z": {}}
    @property
    def to_params(self): raise RuntimeError("gone")

class NoTool:
    name = "no"
    def to_dict(self): return {"a": 1}

NAMES = ["get_%s" % letter for letter in "ab"]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in NAMES]
ONE = {"name": "one", "input_schema": {}}
BY_NAME = {"c": Tool("by_name")}
OBJECT = Tool("alone")
MIXED = (Tool("in_list"), Held(), Odd(), NoTool(), None, 3)

def made():
    return [Tool("made")]

class Registry:
    tools = [Tool("registered")]

registry = Registry()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "agent_with_tools.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "agent_that_leaves.py").write_text("raise SystemExit", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("agent_with_tools", None)


@pytest.mark.usefixtures("module")
def test_a_module_is_asked_for_its_tools() -> None:
    """Lists and maps of definitions, objects with to_params() or a schema: whatever the module holds by now."""
    found = from_module("agent_with_tools").tools

    assert [tool.name for tool in found] == [
        "get_a", "get_b", "one", "by_name", "alone", "in_list", "held", "odd",
    ]  # fmt: skip
    assert {tool.name: tool.arguments for tool in found}["held"] == ("y",)
    assert {tool.name: tool.arguments for tool in found}["odd"] == ("z",)
    assert found[0].where == "agent_with_tools"


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("attribute", "expected"),
    [("TOOLS", ["get_a", "get_b"]), ("made", ["made"]), ("registry.tools", ["registered"]), ("OBJECT", ["alone"])],
)
def test_a_part_of_a_module_is_asked(attribute: str, expected: list[str]) -> None:
    """package.module:attribute: a value, or a function that makes it."""
    assert [tool.name for tool in from_module(f"agent_with_tools:{attribute}").tools] == expected


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("name", ["no_such_module_here", "agent_with_tools:nothing", "agent_that_leaves"])
def test_a_module_that_fails_is_one_line(name: str) -> None:
    """Whatever an imported program does, the person gets one line and a way that runs nothing."""
    with pytest.raises(DraftError, match="cannot be imported") as caught:
        from_module(name)

    assert "without running it" in caught.value.next_step
