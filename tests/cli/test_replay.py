"""pinnedrules replay"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.ran import Cli
from tests.replay.traces import RULES, SEARCH, chat, messages, write

from pinnedrules.evidence.reader import read


@pytest.fixture
def trace(home: Path) -> Path:
    (home / "replay.yaml").write_text(RULES, encoding="utf-8")
    return write(home / "trace.jsonl", {"messages": chat(), "suite": "mail"}, messages(), chat([[SEARCH]]))


def test_the_report_is_told(cli: Cli, trace: Path, home: Path) -> None:
    """replay tells what was allowed, asked and denied, and returns 1 because calls were stopped."""
    found = cli("replay", trace, "--rules", home / "replay.yaml")

    assert found.code == 1
    assert "3 conversations, 9 requests" in found.out
    assert "calls: 5 allowed, 4 asked, 2 denied" in found.out
    assert "block in place: 9 of 9 requests proven by the gate, 9 found again in the bytes" in found.out
    assert found.err == ""


def test_a_clean_run_returns_0(cli: Cli, trace: Path, home: Path) -> None:
    """A recording in which every call may run returns 0."""
    write(trace, chat([[SEARCH]]))

    assert cli("replay", trace, "--rules", home / "replay.yaml").code == 0


def test_suite_and_limit_choose_lines(cli: Cli, trace: Path, home: Path) -> None:
    """--suite and --limit take a part of the file."""
    by_suite = cli("replay", trace, "--rules", home / "replay.yaml", "--suite", "mail", "--json").json
    limited = cli("replay", trace, "--rules", home / "replay.yaml", "--limit", "2", "--json").json

    assert by_suite["conversations"] == 1
    assert limited["conversations"] == 2


def test_out_and_state_are_kept(cli: Cli, trace: Path, home: Path) -> None:
    """--out writes the report with every call, --state keeps the records; neither is made without being asked for."""
    found = cli(
        "replay", trace, "--rules", home / "replay.yaml", "--out", home / "out.json", "--state", home / "kept", "--json"
    )

    written = json.loads((home / "out.json").read_text(encoding="utf-8"))
    assert len(written["calls_decided"]) == 11
    assert written["names"] == ["line 1", "line 2", "line 3"]
    assert written["calls"] == found.json["calls"]
    assert any(record["type"] == "decision" for record in read(home / "kept" / "log"))


def test_nothing_is_left_behind(cli: Cli, trace: Path, home: Path) -> None:
    """Without --state and --out a replay leaves nothing beside the trace or the rules."""
    before = sorted(home.rglob("*"))

    cli("replay", trace, "--rules", home / "replay.yaml")

    assert sorted(home.rglob("*")) == before


def test_definitions_come_from_a_file(cli: Cli, trace: Path, home: Path) -> None:
    """--tools gives the schemas; an argument outside them makes a call with an effect an ask."""
    tools = write(home / "tools.json", [{"name": name, "parameters": {"properties": {}}} for name in ("send_email",)])

    found = cli("replay", trace, "--rules", home / "replay.yaml", "--tools", tools, "--json").json

    assert found["by_tool"]["send_email"] == {"allowed": 0, "asked": 4, "denied": 0}
    assert "send_email" not in found["guessed_tools"]


def test_compaction_is_asked_for(cli: Cli, trace: Path, home: Path) -> None:
    """--compact-at cuts histories on the way."""
    write(trace, chat([[SEARCH]] * 8, filler="x " * 200))

    found = cli("replay", trace, "--rules", home / "replay.yaml", "--compact-at", "900", "--json").json

    assert found["compact_at"] == 900
    assert found["compactions"]["made"] > 0


def test_a_profile_will_do(cli: Cli, trace: Path) -> None:
    """--profile replaces the rule file."""
    assert cli("replay", trace, "--profile", "analyze", "--json").json["calls"]["allowed"] == 0


def test_a_trace_that_cannot_be_read_is_named(cli: Cli, home: Path) -> None:
    """A broken line is code 2 with the file and the line."""
    (home / "bad.jsonl").write_text("{\n", encoding="utf-8")

    found = cli("replay", home / "bad.jsonl", "--profile", "analyze")

    assert found.code == 2
    assert "bad.jsonl:1" in found.err


def test_it_runs_as_a_program(trace: Path, home: Path) -> None:
    """The whole path in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "pinnedrules",
        "replay",
        str(trace),
        "--rules",
        str(home / "replay.yaml"),
        "--json",
    ]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["calls"] == {"allowed": 5, "asked": 4, "denied": 2}
