"""``pinnedrules bench``: a run from the command line, its files, its exit codes, and two runs side by side."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.ran import Cli

from pinnedrules.bench.suite import load
from pinnedrules.testing import Reply, ScriptedProvider

FAMILY = next(iter(load().families))
SMALL = ("--families", FAMILY, "--situations", "1", "--workers", "1", "--attacks", "none")


def test_a_run_writes_its_reports_and_goes_on(cli: Cli, tmp_path: Path) -> None:
    """JSON, Markdown, a page and the episodes; a second run finds them all there and says the same."""
    out = tmp_path / "out"
    first = cli("bench", "survival", *SMALL, "--arms", "nothing,all", "--out", str(out))
    assert sorted(path.name for path in out.iterdir()) == [
        "episodes.jsonl",
        "survival.html",
        "survival.json",
        "survival.md",
    ]
    again = cli("bench", "survival", *SMALL, "--arms", "nothing,all", "--out", str(out), "--json")

    assert (first.code, again.code) == (0, 0)
    assert "all                  0 of" in first.out
    assert "no executed violation in 600 episodes" in first.out
    said = json.loads((out / "survival.json").read_text())
    assert again.json == said
    assert said["figures"]["arms"]["nothing"]["executed"]["hits"] > 0
    assert said["figures"]["arms"]["all"]["executed"]["hits"] == 0
    assert (out / "survival.html").read_text().startswith("<!doctype html>")


def test_two_reports_are_compared(cli: Cli, tmp_path: Path) -> None:
    """A run with itself differs by nothing; what is no report is refused."""
    out = tmp_path / "out"
    cli("bench", "survival", *SMALL, "--arms", "all", "--out", str(out))
    report = str(out / "survival.json")

    ran = cli("bench", "compare", report, report)
    assert ran.code == 0
    assert "within chance" in ran.out
    broken = tmp_path / "x.json"
    broken.write_text("{}")
    assert cli("bench", "compare", report, str(broken)).code == 2
    assert cli("bench", "compare", report).code == 2
    assert cli("bench", "survival", report).code == 2


def test_an_estimate_asks_nobody(cli: Cli, tmp_path: Path) -> None:
    """Requests, tokens, and a price if one is given, before a model is paid for anything."""
    live = ("--live", "some-model", "--estimate", "--out", str(tmp_path / "out"))
    plain = cli("bench", "survival", *SMALL, *live)
    priced = cli("bench", "survival", *SMALL, *live, "--price", "3/15", "--json")

    assert "no price known" in plain.out
    assert priced.json["requests"] > priced.json["episodes"]
    assert priced.json["price"] > 0
    assert not (tmp_path / "out").exists()
    assert cli("bench", "survival", *SMALL, *live, "--price", "much").code == 2


@pytest.mark.parametrize("option", ["--live", "--agent-url"])
def test_a_model_or_an_agent_of_one_s_own_is_asked_over_http(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """A live model by its name, an agent by its address; which one made the numbers stands in the report."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with ScriptedProvider(lambda seen: Reply("All right.")) as provider:
        where: tuple[str, ...] = ("--live", "some-model", "--base-url", provider.openai_url)
        if option == "--agent-url":
            where = ("--agent-url", provider.openai_url)
        ran = cli("bench", "survival", *SMALL, *where, "--arms", "nothing", "--out", str(tmp_path / "out"), "--json")

    assert ran.code == 0
    assert ran.json["agents"] == ("model some-model" if option == "--live" else "model agent")
    assert ran.json["compactors"] == (["none"] if option == "--agent-url" else ran.json["compactors"])
    assert provider.requests


@pytest.mark.parametrize(
    "wrong", [("--arms", "everything"), ("--families", "cats"), ("--attacks", "shouting"), ("--compactor", "shrink")]
)
def test_what_there_is_not_is_refused_with_what_there_is(cli: Cli, tmp_path: Path, wrong: tuple[str, str]) -> None:
    """Names are checked before anything runs."""
    ran = cli("bench", "survival", "--situations", "1", "--out", str(tmp_path / "out"), *wrong)

    assert ran.code == 2
    assert wrong[1] in ran.err


def test_a_compactor_of_one_s_own_is_found_in_the_current_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--compactor pkg.mod:fn`` is looked for where one stands."""
    (tmp_path / "my_memory.py").write_text("def keep(messages, budget):\n    return messages\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    ran = cli("bench", "survival", *SMALL, "--arms", "all", "--compactor", "my_memory:keep", "--out", "out", "--json")

    assert ran.code == 0
    assert ran.json["compactors"] == ["my_memory:keep"]
