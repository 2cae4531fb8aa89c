"""Requests and answers rebuilt from a recording are what both providers accept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.replay.traces import chat, messages, write

from pinnedrules.replay.bodies import answer, calls_in, first_system, request, texts
from pinnedrules.replay.trace import read_traces
from pinnedrules.testing.chat import Chat
from pinnedrules.testing.messages import Messages


def test_chat_requests_are_accepted(tmp_path: Path) -> None:
    """The scripted provider, which refuses what the service refuses, accepts the request."""
    (trace,) = read_traces(write(tmp_path / "t.jsonl", chat()))

    assert Chat().problem(json.loads(request(trace, trace.messages[:4]))) is None


def test_messages_requests_are_accepted(tmp_path: Path) -> None:
    """The scripted provider accepts the request, with and without a system prompt."""
    for more in ({}, {"system": "You help."}):
        (trace,) = read_traces(write(tmp_path / "t.jsonl", {"messages": messages(), **more}))

        body = json.loads(request(trace, trace.messages[:3]))
        assert Messages(b"k" * 32).problem(body) is None
        assert ("system" in body) is bool(more)


def test_a_conversation_without_tools_sends_none(tmp_path: Path) -> None:
    """No tools in the recording, no tools in the request."""
    (trace,) = read_traces(write(tmp_path / "t.jsonl", [{"role": "user", "content": "hi"}]))

    assert "tools" not in json.loads(request(trace, trace.messages))


def test_an_answer_carries_the_recorded_message(tmp_path: Path) -> None:
    """The provider's answer holds the recorded message, unchanged."""
    in_chat, in_messages = read_traces(write(tmp_path / "t.jsonl", chat(), messages()))

    first = json.loads(answer(in_chat, in_chat.messages[2], 2))["choices"][0]["message"]
    second = json.loads(answer(in_messages, in_messages.messages[1], 1))["content"]
    plain = json.loads(answer(in_messages, {"role": "assistant", "content": "hi"}, 3))["content"]

    assert first == in_chat.messages[2]
    assert second == in_messages.messages[1]["content"]
    assert plain == [{"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        ({"role": "user", "content": "x", "tool_calls": [{"id": "a", "function": {"name": "b"}}]}, []),
        ({"role": "assistant", "content": "x"}, []),
        ({"role": "assistant", "content": ["text", {"type": "tool_use", "id": "a", "name": "b"}]}, [("a", "b")]),
        ({"role": "assistant", "tool_calls": [{"function": {"name": "b"}}]}, [("", "b")]),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "custom": {"name": "b"}}, {"id": "c"}]},
            [("a", "b"), ("c", "")],
        ),
        ({"role": "assistant", "function_call": {"name": "old"}}, [("", "old")]),
    ],
)
def test_calls_of_every_kind_are_found(message: dict[str, Any], calls: list[tuple[str, str]]) -> None:
    """Function, custom, legacy calls and tool_use blocks are found; only an assistant proposes."""
    assert calls_in(message) == calls


def test_all_that_a_model_reads_is_text() -> None:
    """Content, results and arguments count; ids and types do not."""
    found = [text for message in (*chat(), *messages()) for text in texts(message)]

    assert "invoices" in found
    assert any("done" in text for text in found)
    assert not any(text.startswith(("call_", "toolu_")) for text in found)


@pytest.mark.parametrize(
    ("dialect", "body", "text"),
    [
        ("openai-chat", {"messages": [{"role": "system", "content": "a"}]}, "a"),
        ("openai-chat", {"messages": [{"role": "developer", "content": [{"type": "text", "text": "a"}]}]}, "a"),
        ("openai-chat", {"messages": [{"role": "user", "content": "a"}]}, ""),
        ("openai-chat", {"messages": []}, ""),
        ("anthropic-messages", {"system": "a"}, "a"),
        ("anthropic-messages", {"system": [{"type": "text", "text": "a"}]}, "a"),
        ("anthropic-messages", {"system": []}, ""),
        ("anthropic-messages", {}, ""),
    ],
)
def test_the_first_system_text_is_found(dialect: Any, body: object, text: str) -> None:
    """The place of the block is read with code of its own, wherever the format has it."""
    assert first_system(dialect, json.dumps(body).encode()) == text
