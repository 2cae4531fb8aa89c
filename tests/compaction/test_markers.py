"""What providers and SDKs say about compaction themselves is named by a closed table."""

from __future__ import annotations

import json

import pytest

from pinnedrules.compaction.markers import MARKERS, kind
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect
from pinnedrules.wire.openai_chat import OpenAIChat

EDITS = ("compact_20260112", "clear_tool_uses_20250919", "clear_thinking_20251015")


@pytest.mark.parametrize(
    ("markers", "asked", "expected"),
    [
        ((), (), ""),
        (("request:compaction",), (), "on-demand"),
        (("request:compaction_trigger",), (), "on-demand"),
        (("header:x-stainless-helper=compaction",), (), "client"),
        (("answer:compaction",), ("request:compaction",), "on-demand"),
        (("answer:compaction",), ("request:compaction_trigger",), "on-demand"),
        (("answer:compaction",), ("request:context_management",), "threshold"),
        (("answer:compaction",), ("request:compact_20260112",), "threshold"),
        (("answer:compaction",), (), "threshold"),
        (("answer:applied_edits",), ("request:clear_tool_uses_20250919",), "edits"),
        (("answer:applied_edits",), ("request:compaction",), "edits"),
        (("request:clear_thinking_20251015", "request:compaction"), (), "on-demand"),
    ],
)
def test_a_marker_names_the_kind(markers: tuple[str, ...], asked: tuple[str, ...], expected: str) -> None:
    """A compaction that was asked for, came by itself, edited the context or is the client's own is told apart."""
    assert kind(markers, asked) == expected


@pytest.mark.parametrize("name", [name for name, marker in MARKERS.items() if marker.stage == "armed"])
def test_a_setting_alone_is_no_compaction(name: str) -> None:
    """A request that only allows a later compaction is not recorded as one, turn after turn."""
    assert kind((name,)) == ""


def test_an_unknown_marker_means_nothing() -> None:
    """A name outside the table is not guessed at."""
    assert kind(("request:compact_20991231", "answer:something")) == ""


@pytest.mark.parametrize(
    ("dialect", "extra", "expected"),
    [
        (AnthropicMessages(), {"compaction": {"type": "summarize"}}, "on-demand"),
        (AnthropicMessages(), {"context_management": {"edits": [{"type": name} for name in EDITS]}}, ""),
        (OpenAIChat(), {"truncation": "auto", "transforms": ["middle-out"]}, ""),
        (OpenAIChat(), {"context_management": [{"type": "compaction"}]}, ""),
    ],
)
def test_the_dialects_use_the_names_of_the_table(dialect: Dialect, extra: dict[str, object], expected: str) -> None:
    """What a dialect finds in a request is in the table, so that no setting is passed over by a spelling."""
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hello"}], **extra}
    markers = dialect.read_request(json.dumps(body).encode()).markers
    assert markers
    assert set(markers) <= set(MARKERS)
    assert kind(markers) == expected


def test_the_answers_use_the_names_of_the_table() -> None:
    """A compaction block and applied edits in an answer are found and named."""
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "compaction", "content": "short"}, {"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
        "context_management": {"applied_edits": [{"type": "clear_tool_uses_20250919"}]},
    }
    markers = AnthropicMessages().read_json(json.dumps(answer).encode()).markers
    assert set(markers) == {"answer:compaction", "answer:applied_edits"} <= set(MARKERS)
