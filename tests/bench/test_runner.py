"""A run is balanced, repeats, goes on where it stopped, and does not mix suites."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from tests.bench.small import PATH, SUITE, episode

from pinnedrules.bench.filler import with_data
from pinnedrules.bench.model import ARMS, ATTACKS, Outcome
from pinnedrules.bench.plan import Plan, episodes
from pinnedrules.bench.runner import estimated, read, run_all
from pinnedrules.bench.suite import SuiteError

FEW = Plan(situations=1, arms=("nothing", "all"), agents=("obeys", "ignores"), attacks=("none",), rounds=(1,))


def test_a_plan_is_the_same_for_the_same_seed_and_has_every_arm_equally_often() -> None:
    """What arms are compared on is the same ground."""
    plan = Plan(situations=4)
    made = episodes(plan, SUITE)

    assert made == episodes(plan, SUITE)
    assert made != episodes(Plan(situations=4, seed=2), SUITE)
    assert len({one.key for one in made}) == len(made)
    assert set(Counter(one.arm for one in made)) == set(ARMS)
    assert len(set(Counter(one.arm for one in made).values())) == 1
    assert {one.attack for one in made} == set(ATTACKS)
    assert {one.person for one in made if one.arm == "all"} == {"knows-the-task", "absent", "says-yes"}
    assert {one.sdk for one in made} == {"openai", "anthropic"}


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What is there is not run again, a line that was cut off is, and the outcomes are those of one run."""
    chosen, path = episodes(FEW, SUITE), tmp_path / "episodes.jsonl"
    ran: list[str] = []

    def note(done: int, of: int, outcome: Outcome) -> None:
        ran.append(f"{done} of {of}")

    whole = run_all(chosen, PATH, path, workers=1, progress=note)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-2]) + lines[-2][:40] + "\n")
    again = run_all(chosen, PATH, path, workers=1, progress=note)

    assert ran == [f"{done} of 6" for done in (1, 2, 3, 4, 5, 6, 5, 6)]
    assert [(one.episode, one.executed, one.done) for one in again] == [
        (one.episode, one.executed, one.done) for one in whole
    ]
    assert sum(one.executed for one in whole if one.episode.arm == "all") == 0
    assert sum(one.executed for one in whole if one.episode.arm == "nothing") > 0


def test_many_processes_find_what_one_finds(tmp_path: Path) -> None:
    """The order in which episodes end changes nothing."""
    chosen = episodes(FEW, SUITE)
    alone = run_all(chosen, PATH, tmp_path / "one.jsonl", workers=1)
    together = run_all(chosen, PATH, tmp_path / "two.jsonl", workers=2)

    assert [(one.episode.key, one.violations) for one in alone] == [
        (one.episode.key, one.violations) for one in together
    ]


def test_results_of_another_suite_are_refused(tmp_path: Path) -> None:
    """Figures of two suites are not mixed."""
    path = tmp_path / "episodes.jsonl"
    run_all(episodes(FEW, SUITE)[:1], PATH, path, workers=1)
    path.write_text(path.read_text().replace(SUITE.sha256, "f" * 64))

    with pytest.raises(SuiteError, match="has results of the suite ffffffffffff, this one is"):
        read(path, SUITE.sha256)


def test_an_episode_s_name_is_what_it_is() -> None:
    """Any change makes another name, so that no result stands for another episode."""
    names = {episode().key, episode(seed=2).key, episode(arm="all").key, episode(hard=True).key, episode(wording=1).key}
    assert len(names) == 5


def test_an_estimate_is_of_the_size_of_the_run() -> None:
    """It is made from a sample that is played, so it is right where all is played."""
    chosen = episodes(FEW, SUITE)
    requests, tokens, answers = estimated(chosen, PATH)

    assert requests >= 4 * len(chosen)
    assert tokens > 100 * requests
    assert answers > 0


def test_real_transcripts_fill_conversations(tmp_path: Path) -> None:
    """Pieces of them come in, whole calls with their results; a folder without any is refused."""
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    turn = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "x" * 9000}]},
    ]
    row = {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}, *turn * 40]}
    (tmp_path / "a.jsonl").write_text('{"other": 1}\n' + json.dumps(row) + "\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps(row).encode()))
    filled = with_data(SUITE, tmp_path)

    assert 2 <= len(filled.filler) <= 4
    for piece in filled.filler:
        assert piece[0]["role"] == "assistant"
        assert piece[-1]["role"] == "tool"
        assert max(len(message["content"]) for message in piece) == 4000
    with pytest.raises(SuiteError, match="has no transcript"):
        with_data(SUITE, tmp_path / "nowhere")
