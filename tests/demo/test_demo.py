"""``pinnedrules demo``: the four arms, what it prints, and the same loops against an endpoint."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pinnedrules.demo.arms import ARMS, Arm, Result, run_arm
from pinnedrules.demo.incidents import incidents
from pinnedrules.demo.main import run
from pinnedrules.demo.summary import check_evidence
from pinnedrules.demo.table import WIDTH, incident_table
from pinnedrules.testing.provider import ScriptedProvider

BOTH = incidents(mails=60, posts=36)
SMALL = ("--mails", "60", "--posts", "36", "--budget", "2500")


def _run(name: str, number: int, tmp_path: Path) -> Result:
    incident = next(each for each in BOTH if each.name == name)
    return run_arm(incident, ARMS[number], state=tmp_path, budget=2500)


@pytest.mark.parametrize("name", ["inbox", "forum"])
def test_unprotected_the_rule_is_forgotten_and_harm_is_done(name: str, tmp_path: Path) -> None:
    """Arm 1: after compaction the obedient model does not see the rule, and acts."""
    result = _run(name, 0, tmp_path)

    assert result.finished
    assert result.compactions >= 1
    assert result.acted > 0
    assert result.rule_seen is not None
    assert (result.rule_seen[0], result.refused) == (0, 0)


@pytest.mark.parametrize("name", ["inbox", "forum"])
def test_pinned_the_rule_survives_and_an_obedient_model_keeps_to_it(name: str, tmp_path: Path) -> None:
    """Arm 2: with the pin alone every request after the compaction shows the rule, and nothing is done. Promise 2."""
    result = _run(name, 1, tmp_path)

    assert result.finished
    assert result.compactions >= 1
    assert (result.acted, result.refused) == (0, 0)
    assert result.helped > 0
    assert result.rule_seen is not None
    assert result.rule_seen[0] == result.rule_seen[1] > 0


@pytest.mark.parametrize("name", ["inbox", "forum"])
def test_the_gate_holds_when_the_model_never_saw_the_rule(name: str, tmp_path: Path) -> None:
    """Arm 3: "A denied call stays denied when the model has forgotten the rule, never saw it, or was talked out of it"."""
    result = _run(name, 2, tmp_path)

    assert result.finished
    assert result.acted == 0
    assert result.refused > 0
    assert result.helped > 0, "the loop went on with what was left"
    assert result.rule_seen is not None
    assert result.rule_seen[0] == 0 < result.rule_seen[1]
    assert "did not run" in result.refusal


@pytest.mark.parametrize("name", ["inbox", "forum"])
@pytest.mark.parametrize("number", [3, 4])
def test_with_both_nothing_is_done_whatever_the_model_is_like(name: str, number: int, tmp_path: Path) -> None:
    """Arm 4: neither the defiant nor the obedient model does harm, and both finish the task."""
    result = _run(name, number, tmp_path)

    assert result.finished
    assert result.acted == 0
    assert result.helped > 0
    assert (result.refused > 0) == (result.model == "defiant")
    assert result.rule_seen is not None
    assert result.rule_seen[0] == result.rule_seen[1] > 0


def test_the_evidence_of_a_run_verifies_and_says_what_it_excludes(tmp_path: Path) -> None:
    """The log of an arm is whole and ``unanchored``; a changed byte is found."""
    _run("forum", 3, tmp_path)
    evidence = check_evidence([tmp_path / "log"])

    assert evidence.whole
    assert evidence.records > 0
    assert evidence.verdict == "unanchored"
    assert "cannot show" in evidence.excludes

    segment = next((tmp_path / "log").rglob("*.jsonl"))
    segment.write_bytes(segment.read_bytes().replace(b'"deny"', b'"true"', 1))
    assert not check_evidence([tmp_path / "log"]).whole


def test_no_evidence_is_not_whole_evidence(tmp_path: Path) -> None:
    """A log without a lane does not pass as verified."""
    assert not check_evidence([tmp_path]).whole


def test_the_demo_prints_a_table_that_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """The output has at most 100 columns, no colour off a terminal, both incidents, a refusal, evidence and overhead."""
    assert run(SMALL) == 0

    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\x1b" not in text
    for part in ("The inbox", "The forum", "unprotected", "gate only", "did not run", "unanchored", "Overhead"):
        assert part in text


def test_the_demo_gives_all_numbers_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """``--json`` prints one object with every arm, the evidence and the overhead; ``--keep`` leaves the evidence behind."""
    assert run([*SMALL, "--json", "--keep", str(tmp_path / "kept")]) == 0

    numbers = json.loads(capsys.readouterr().out)
    assert [each["arm"] for each in numbers["results"]] == [arm.name for arm in ARMS] * 2
    assert numbers["evidence"]["whole"] is True
    assert [each["incident"] for each in numbers["overhead"]] == ["inbox", "forum"]
    assert all(each["block_tokens"] > 0 for each in numbers["overhead"])
    assert (tmp_path / "kept" / "inbox" / "log").is_dir()


def test_a_terminal_gets_colour_unless_it_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colour is for terminals and yields to NO_COLOR; it never changes the columns."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    texts = []
    for _ in "ab":
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        assert run(SMALL) == 0
        texts.append(terminal.getvalue())
        monkeypatch.setenv("NO_COLOR", "1")

    assert "\x1b[31m" in texts[0]
    assert "\x1b" not in texts[1]


def test_an_arm_that_harmed_nobody_has_no_line_about_losses() -> None:
    """The line about what mattered stands only where something was lost; a real endpoint's rule column says so."""
    result = Result("inbox", "live", "a-model-with-a-long-name", 0, 0, 3, 0, False, None, 1, 2, 1.0, "", "")

    text = "\n".join(incident_table(BOTH[0], [result], colour=False))

    assert "mattered" not in text
    assert "not known" in text
    assert "a-model-wi " in text


@pytest.mark.parametrize(("sdk", "number"), [("openai", 0), ("anthropic", 1)])
def test_live_runs_the_same_loop_against_an_endpoint(
    sdk: str, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--live`` with a base URL runs the loop of that SDK against it, in the arms that make sense there."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    incident = BOTH[number]
    with ScriptedProvider(incident.watched("obedient"), key="none") as provider:
        url = provider.openai_url if sdk == "openai" else provider.url
        assert run([*SMALL, "--live", "some-model", "--sdk", sdk, "--base-url", url, "--json"]) == 0
        assert {seen.model for seen in provider.seen} == {"some-model"}

    results: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["results"]
    assert [(each["incident"], each["arm"]) for each in results] == [
        (incident.name, "unprotected"),
        (incident.name, "pin only"),
        (incident.name, "pin and gate"),
    ]
    assert results[0]["acted"] > 0
    assert [each["acted"] for each in results[1:]] == [0, 0]
    assert {each["rule_seen"] for each in results} == {None}


def test_live_without_a_key_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a key and a base URL, ``--live`` names the variable and runs nothing."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    assert run(["--live", "some-model"]) == 2
    assert "OPENAI_API_KEY" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--mails", "0"], ["--mails", "many"], ["--unknown"], ["--sdk", "other"]])
def test_wrong_arguments_end_with_a_usage_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments end with status 2 and say what is wrong."""
    with pytest.raises(SystemExit) as caught:
        run(wrong)

    assert caught.value.code == 2
    assert "usage: pinnedrules demo" in capsys.readouterr().err


def test_importing_the_demo_imports_no_sdk() -> None:
    """The SDKs take seconds to import, so nothing imports them before they are used."""
    code = (
        "import sys, pinnedrules.demo.main, pinnedrules.testing.provider; "
        "print([name for name in ('openai', 'anthropic', 'httpx2') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )

    assert done.stdout.strip() == "[]"


def test_the_arms_are_the_four_of_the_comparison() -> None:
    """Nothing, pin alone with the gate off, gate alone with the pin cut out, both; each as the others but for that."""
    assert [(arm.mode, arm.blinded) for arm in ARMS] == [
        (None, False),
        ("monitor", False),
        ("enforce", True),
        ("enforce", False),
        ("enforce", False),
    ]
    assert ARMS[0] == Arm("unprotected", "obedient", None)
