"""The benchmark against other engines runs, leaves out what cannot be installed, and counts what it says it counts."""

from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path

import pytest
from benchmarks.decide.__main__ import compare, main
from benchmarks.decide.calls import DELETES, LEGITIMATE, MAIL, timed
from benchmarks.decide.peers import ENGINES, Engine
from benchmarks.decide.table import markdown

OURS = ENGINES[0]


def test_the_benchmark_runs_without_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What needs no installation is measured, printed and written, as a table and as values."""
    main(["--tiny", "--offline", "--results", str(tmp_path)])

    (values,) = tmp_path.glob("decide-*-tiny.json")
    (table,) = tmp_path.glob("decide-*-tiny.md")
    written = json.loads(values.read_text(encoding="utf-8"))
    assert [one["engine"] for one in written["engines"]] == ["pinnedrules", "hand-written Python"]
    assert table.read_text(encoding="utf-8").strip() in capsys.readouterr().out
    assert {row["name"] for row in written["rows"]} >= {"shell, a new text", "10 rules, 0 calls before"}


def test_this_package_lets_nothing_through_and_refuses_nothing_wrongly(tmp_path: Path) -> None:
    """Every call that must not run is stopped, every everyday call gets through, and all timed calls as the policy says."""
    (found,) = compare([OURS], tmp_path, sizes=[3, 40], calls=60, rounds=1)

    assert found.mail == (len(MAIL), len(MAIL))
    assert found.deletes == (len(DELETES), len(DELETES))
    assert found.false_alarms == (0, len(LEGITIMATE))
    assert found.wrong == {3: 0, 40: 0}


def test_what_cannot_be_installed_is_left_out_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that cannot be installed or does not start is named below the table, and the others are measured."""

    def refused(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "pip", stderr="looking\nno such version\n")

    monkeypatch.setattr(subprocess, "run", refused)
    monkeypatch.setattr(venv, "create", lambda *_, **__: None)
    broken = Engine("does not start", "no_such_file")
    found = compare([OURS, Engine("gone", "gone", "gone==1"), broken], tmp_path, sizes=[3], calls=5, rounds=1)

    table = markdown(found)
    assert "gone: not measured, cannot be installed: no such version" in table
    assert "does not start: not measured, ended:" in table
    assert "| pinnedrules |" in table


def test_timed_calls_all_differ() -> None:
    """No engine can answer a timed call from memory of another one's arguments."""
    calls = timed(1_000, 300)
    assert len({arguments for _, arguments, _ in calls}) == len(calls)
    assert {allowed for _, _, allowed in calls} == {True, False}
