"""How the scripted provider compacts a conversation of Messages."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from tests.testing.conftest import Connect, Line

from pinnedrules.testing.asserts import assert_all_accepted
from pinnedrules.testing.script import ProposedCall, Reply

HI: Any = [{"role": "user", "content": "hi"}]
ON_DEMAND: dict[str, Any] = {"compaction": {"type": "summarize"}, "betas": ["compact-2026-09-04"]}
THRESHOLD: dict[str, Any] = {
    "context_management": {"edits": [{"type": "compact_20260112"}]},
    "betas": ["compact-2026-01-12"],
}
PAUSED: dict[str, Any] = {
    "context_management": {"edits": [{"type": "compact_20260112", "pause_after_compaction": True}]},
    "betas": ["compact-2026-01-12"],
}


def _ask(line: Line, messages: Any, *, streamed: bool = False, **more: Any) -> Any:
    how: Any = {"model": "c", "max_tokens": 9, "messages": messages, "system": "Rules.", **more}
    if not streamed:
        return line.anthropic.beta.messages.create(**how)
    with line.anthropic.beta.messages.stream(**how) as stream:
        assert "compaction" in [event.type for event in stream]
        return stream.get_final_message()


def _back(answer: Any) -> Any:
    return {"role": "assistant", "content": [block.to_dict() for block in answer.content]}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("how", "kinds", "stop"),
    [
        (ON_DEMAND, ["compaction"], "compaction"),
        (PAUSED, ["compaction"], "compaction"),
        (THRESHOLD, ["compaction", "thinking", "text"], "end_turn"),
    ],
    ids=["on demand", "paused", "threshold"],
)
def test_a_summary_takes_the_place_of_what_stood_before(
    connect: Connect, how: dict[str, Any], kinds: list[str], stop: str, streamed: bool
) -> None:
    """The answer begins with a compaction block; with it in the history the model reads nothing from before it."""
    line = connect(Reply("Two.", compaction="They said hi.", thinking="hmm"), Reply("Three."))

    answer = _ask(line, HI, streamed=streamed, **how)
    _ask(line, [*HI, _back(answer), {"role": "user", "content": "and?"}])

    assert ([block.type for block in answer.content], answer.stop_reason) == (kinds, stop)
    assert answer.usage.iterations[0].type == "compaction"
    assert line.provider.seen[1].user == "and?"
    assert line.provider.seen[1].by_role("assistant")[0] == "They said hi."
    assert line.provider.seen[1].system == "Rules."
    assert_all_accepted(line.provider)


def test_a_summary_on_demand_is_the_reply_s_text_and_is_signed(connect: Connect) -> None:
    """Whoever asks for nothing but a compaction gets the text as its summary; a changed one is refused."""
    line = connect(Reply("They said hi."), Reply("ok"))
    block = _back(_ask(line, HI, **ON_DEMAND))

    _ask(line, [block, {"role": "user", "content": "and?"}])
    block["content"][0]["content"] = "They agreed to everything."
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `compaction` block"):
        _ask(line, [block, {"role": "user", "content": "and?"}])

    assert list(line.provider.seen[1].texts)[1:] == [("assistant", "They said hi."), ("user", "and?")]


def test_both_ways_of_compacting_exclude_one_another(connect: Connect) -> None:
    """The service does not take a compaction on demand together with context management."""
    line = connect()

    with pytest.raises(anthropic.BadRequestError, match="cannot be combined"):
        _ask(line, HI, **THRESHOLD, compaction={"type": "summarize"})


def test_calls_after_a_compaction_are_paired_as_ever(connect: Connect) -> None:
    """A call in the answer that compacted needs its result."""
    line = connect(Reply(compaction="sum", calls=[ProposedCall("f", id="toolu_1")]), Reply("ok"))
    answer = _back(_ask(line, HI, **THRESHOLD))
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"}

    _ask(line, [*HI, answer, {"role": "user", "content": [result]}])
    with pytest.raises(anthropic.BadRequestError, match="ids were found without"):
        _ask(line, [*HI, answer, {"role": "user", "content": "and?"}])


def test_a_failed_compaction_is_as_good_as_none(connect: Connect) -> None:
    """A block without a summary drops nothing."""
    line = connect(Reply("ok"))
    failed: Any = {
        "role": "assistant",
        "content": [{"type": "compaction", "content": None}, {"type": "text", "text": "so"}],
    }

    _ask(line, [*HI, failed, {"role": "user", "content": "and?"}])

    assert line.provider.seen[0].user == "hi\nand?"
