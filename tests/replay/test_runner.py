"""Recorded conversations through the real gate, in both formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.replay.traces import DELETE, INSIDE, OUTSIDE, RULES, SEARCH, WORDING, chat, messages, write

from pinnedrules.control.state import StateFolder
from pinnedrules.evidence.reader import check, read
from pinnedrules.pins.block import Block
from pinnedrules.replay import report
from pinnedrules.replay.runner import Conversation, Replay
from pinnedrules.replay.trace import read_traces
from pinnedrules.rulefile import RuleFile

BOTH = pytest.mark.parametrize("make", [chat, messages])
Make = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def source(tmp_path: Path) -> RuleFile:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return RuleFile(path, "", None)


@pytest.fixture
def run(source: RuleFile, tmp_path: Path) -> Callable[..., list[Conversation]]:
    def runs(*rows: object, compact_at: int = 0) -> list[Conversation]:
        replay = Replay(source, tmp_path / "state", compact_at=compact_at)
        found = [replay.run(trace) for trace in read_traces(write(tmp_path / "t.jsonl", *rows))]
        replay.close()
        return found

    return runs


@BOTH
def test_every_call_is_decided_as_in_a_real_run(run: Callable[..., list[Conversation]], make: Make) -> None:
    """Reads pass, deletes are denied, mail outside and an unruled write are asked: call by call, in order."""
    (conversation,) = run(make())

    found = [(item.tool, item.outcome) for step in conversation.steps for item in step.judgements]
    assert found == [
        ("search", "allowed"),
        ("delete_mail", "denied"),
        ("send_email", "allowed"),
        ("send_email", "asked"),
        ("archive", "asked"),
    ]
    denied = conversation.steps[1].judgements[0]
    assert (denied.rules, denied.call) == (("no-deletes",), 0)
    assert denied.reasons
    assert conversation.steps[2].judgements[0].targets == ("to: bob@evil.test",)


@BOTH
def test_no_refused_call_is_in_the_answer(run: Callable[..., list[Conversation]], make: Make) -> None:
    """Invariant 1: what was refused is not in the bytes that the caller gets, looked up with other code."""
    (conversation,) = run(make())

    assert not any(step.leaked for step in conversation.steps)


@BOTH
def test_the_block_is_in_every_request(run: Callable[..., list[Conversation]], make: Make) -> None:
    """Every request carries the block, proven by the gate and found again in the bytes by other code."""
    (conversation,) = run(make())

    assert len(conversation.steps) == 4
    assert all(step.verified and step.seen and not step.refused for step in conversation.steps)


@BOTH
def test_a_compaction_loses_the_words_and_keeps_the_block(run: Callable[..., list[Conversation]], make: Make) -> None:
    """After a cut the rule's words are gone from the history; the block is there and the decision is the same.

    Invariant 5: a rule decides the same after any number of compactions as before them.
    """
    turns = [[SEARCH]] * 9 + [[DELETE]]

    (whole,), (cut,) = run(make(turns, filler="x " * 200)), run(make(turns, filler="x " * 200), compact_at=900)

    assert sum(step.compacted for step in cut.steps) >= 2
    assert all(step.rewritten for step in cut.steps if step.compacted)
    assert "no-deletes" in cut.steps[0].worded
    assert "no-deletes" not in cut.steps[-1].worded
    assert "no-deletes" in whole.steps[-1].worded
    assert all(step.seen for step in cut.steps)
    assert cut.steps[-1].judgements[0].outcome == "denied"
    assert [step.judgements[0].outcome for step in cut.steps] == [step.judgements[0].outcome for step in whole.steps]


def test_the_system_prompt_may_hold_the_words(run: Callable[..., list[Conversation]]) -> None:
    """A rule that stands in Anthropic's system prompt is not lost with the history."""
    (conversation,) = run({"messages": messages([[SEARCH]] * 6, filler="x " * 200), "system": WORDING}, compact_at=900)

    assert conversation.steps[-1].compacted or any(step.compacted for step in conversation.steps)
    assert all("no-deletes" in step.worded for step in conversation.steps)


def test_the_records_are_really_written(run: Callable[..., list[Conversation]], tmp_path: Path) -> None:
    """Every request and decision is in the log of the state folder, and the log is whole."""
    run(chat(), messages())

    log = StateFolder(tmp_path / "state").log
    kinds = [record["type"] for record in read(log)]
    assert kinds.count("request") == 8
    assert kinds.count("decision") == 10
    assert all(lane.broken is None for lane in check(log))


def test_each_line_is_a_session_of_its_own(run: Callable[..., list[Conversation]], tmp_path: Path) -> None:
    """Two lines with the same id do not share a ledger."""
    first, second = run({"id": "a\x00b", "messages": chat()}, {"id": "a\x00b", "messages": chat()})

    assert (first.name, second.name) == ("a\x00b", "a\x00b (2)")
    sessions = {record["session"] for record in read(StateFolder(tmp_path / "state").log) if record["session"]}
    assert sessions == {"a b", "a b (2)"}


@BOTH
def test_lost_ids_are_made_up(run: Callable[..., list[Conversation]], make: Make) -> None:
    """A recording whose calls have no ids, or the same one, is decided call by call all the same."""
    row = make([[DELETE, INSIDE, OUTSIDE]])
    for message in row:
        for call in message.get("tool_calls") or []:
            call["id"] = ""
        for block in message["content"] if isinstance(message.get("content"), list) else []:
            if block.get("type") == "tool_use":
                block["id"] = "same"

    (conversation,) = run(row)

    assert [item.outcome for item in conversation.steps[0].judgements] == ["denied", "allowed", "asked"]
    assert not conversation.steps[0].leaked


def test_a_refused_request_is_told(run: Callable[..., list[Conversation]], source: RuleFile) -> None:
    """A request that the gate refuses as a whole is told with its reason, and the replay goes on."""
    row = {"messages": chat([[SEARCH], [SEARCH]]), "tools": [{"type": "function", "function": {"name": "x"}}]}
    row["messages"][2]["tool_calls"][0]["function"]["arguments"] = 5

    (conversation,) = run(row)
    found = report.document(source, [conversation])

    assert conversation.steps[0].refused
    assert conversation.steps[1].judgements[0].outcome == "allowed"
    assert found["requests_refused"][0]["message"] == 2
    assert "whole requests refused (1):" in report.words(found)


def test_a_leak_would_be_seen(
    run: Callable[..., list[Conversation]], source: RuleFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look at the answer is real: with a gate that lets everything out, the refused calls are named."""
    from pinnedrules.replay import runner

    monkeypatch.setattr(runner, "drive", lambda flow, world, channel: [*_run(flow, world, channel), channel.reply])

    (conversation,) = run(chat())
    found = report.document(source, [conversation])

    assert [step.leaked for step in conversation.steps][1] == ("call_1_0",)
    assert "LEAKED: line 1 message 4" in report.words(found)


def _run(flow: Any, world: Any, channel: Any) -> list[bytes]:
    from pinnedrules.drive import drive

    for _ in drive(flow, world, channel):
        pass
    return []


def test_a_missing_block_would_be_seen(source: RuleFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at the request is real: against another text it fails."""
    replay = Replay(source, tmp_path / "state")
    (trace,) = read_traces(write(tmp_path / "t.jsonl", chat()))
    monkeypatch.setattr(replay.source, "block", Block("[another block]", "d", "[another"))

    conversation = replay.run(trace)
    replay.close()

    assert not any(step.seen for step in conversation.steps)
    assert all(step.verified for step in conversation.steps)


def test_the_report_counts_what_happened(run: Callable[..., list[Conversation]], source: RuleFile) -> None:
    """Conversations, requests, calls, rules, tools, words and compactions are counted, and told in words."""
    turns = [[SEARCH]] * 9 + [[DELETE], [OUTSIDE], [("odd", {})]]
    found = report.document(source, run(chat(turns, filler="x " * 200), compact_at=900), compact_at=900)
    told = report.words(found)

    assert (found["conversations"], found["requests"]) == (1, 12)
    assert found["calls"] == {"allowed": 9, "asked": 2, "denied": 1}
    assert found["by_rule"]["no-deletes"] == {"allowed": 0, "asked": 0, "denied": 1}
    assert found["by_rule"]["(default)"] == {"allowed": 9, "asked": 1, "denied": 0}
    assert found["by_tool"]["search"]["allowed"] == 9
    assert found["compactions"]["made"] == found["compactions"]["recorded"] >= 2
    assert found["block_verified"] == found["block_seen_in_bytes"] == 12
    assert 0 < found["block_share"] < 0.5
    words = found["wording"]["no-deletes"]
    assert words["worded_before_cut"] == words["requests_before_cut"] > 0
    assert words["worded_after_cut"] == 0 < words["requests_after_cut"] == words["block_after_cut"]
    assert len(found["stopped"]) == 3
    assert [row["worded"] for row in found["stopped"]] == [[], [], []]
    assert found["guessed_tools"] == ["delete_mail", "odd", "search", "send_email"]
    assert "denied delete_mail(id: 7) in line 1 message" in told
    assert "the words of no-deletes were still in the history of 0 of" in told
    assert "limit: Nobody answers an ask" in told


def test_what_could_not_be_decided_is_counted(run: Callable[..., list[Conversation]], source: RuleFile) -> None:
    """A requirement that could not be decided is counted under its rule."""
    found = report.document(source, run(chat([[("send_email", {"subject": "x"})]])))

    assert found["undecided"] == {"inside": 1}
    assert "could not decide: inside 1 time" in report.words(found)


def test_a_long_list_is_cut_for_people_only(run: Callable[..., list[Conversation]], source: RuleFile) -> None:
    """The words show the first stopped calls and say that there are more; the document has all."""
    found = report.document(source, run(chat([[DELETE]] * 25)))

    assert len(found["stopped"]) == 25
    assert "stopped calls (25, the first 20; --json has all):" in report.words(found)


def test_nothing_to_replay_is_told(source: RuleFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty file gives an empty report, and an estimated token count is called one."""
    from pinnedrules.tokens import Count

    monkeypatch.setattr(report, "count", lambda text: Count(9, exact=False))
    found = report.document(source, [])

    assert found["block_share"] == 0.0
    assert "0 conversations, 0 requests" in report.words(found)
    assert "9 tokens (estimated)" in report.words(found)
