"""docs/writing-rules.md, followed to the letter: its files, its commands in their order, and what they print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tests.pages import ROOT, fences, rows
from tests.replay.logs import decision

from pinnedrules.authoring.cases import _KEYS
from pinnedrules.authoring.findings import KINDS
from pinnedrules.cli import main
from pinnedrules.control.state import open_state
from pinnedrules.control.stop import StopFile
from pinnedrules.evidence.log import Log
from pinnedrules.types import Moment

PAGE = ROOT / "docs" / "writing-rules.md"
FENCES = list(fences(PAGE))
SHOWN = {fence.line: fence.text for fence in FENCES if fence.words == "text"}
COMMANDS = [(fence.line, fence.text.strip()) for fence in FENCES if fence.words == "sh"]


def _output(after: int) -> str:
    return next(text for line, text in SHOWN.items() if line > after)


def _matches(shown: str, output: str) -> bool:
    """Say whether an output is the shown one; ``…`` alone on a line stands for any lines, in a line for any text."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern, output) is not None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files, and a log of three calls."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PINNEDRULES_HOME", raising=False)
    (tmp_path / "rules.yaml").write_text(next(fence.text for fence in FENCES if fence.words == "yaml"))
    (tmp_path / "AGENTS.md").write_text(next(fence.text for fence in FENCES if fence.words == "markdown"))
    state = open_state(tmp_path / ".pinnedrules")
    StopFile(state.path)
    log = Log(state.log, origin="page", level="L0", ruleset_version=1, ruleset_sha256="5" * 64)
    mail = ("send",)
    for number, entry in enumerate(
        (
            decision("refund", {"order": "A-17", "amount": 40}, effects=("spend",), ticket="t1", approved_by="ada"),
            decision("send_email", {"to": "bo@example.com"}, effects=mail, verdict="deny", ticket="t2"),
            decision("send_email", {"to": "bob@elsewhere.example"}, effects=mail),
        )
    ):
        log.append(entry, Moment(1_767_787_200_000_000 + number, number, "2026-01-07"))
    log.close()
    return tmp_path


def test_the_page_can_be_followed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command prints what the page shows, the second attack after the changes that it names."""
    codes = []
    for number, (line, command) in enumerate(COMMANDS):
        if command == "pinnedrules test rules.yaml":
            (folder / "rules.test.yaml").write_text(next(one.text for one in FENCES if one.words == "yaml cases"))
        if command in [earlier for _, earlier in COMMANDS[:number]]:
            rules = (folder / "rules.yaml").read_text()
            better = rules.replace('matches: {to: ".*@example.com"}', "recipients: {domain_in: [example.com]}")
            (folder / "rules.yaml").write_text(better.replace("purge_drafts: write", "purge_drafts: [write, delete]"))
        codes.append(main(shlex.split(command)[1:]))
        output = capsys.readouterr().out
        if "limit: …" in _output(line):
            output = re.sub(r"(?:limit: .*\n)+", "limit: …\n", output)
        assert _matches(_output(line), output), output
    assert codes == [1, 1, 0, 1, 0, 1, 1]


def test_every_kind_of_finding_and_every_key_of_a_case_is_described() -> None:
    """The tables know every word that the commands have."""
    described = {cell for row in rows(PAGE) for cell in re.findall(r"`([^`]+)`", row.cells[0])}
    assert set(KINDS) <= described
    assert set(_KEYS) <= described


def test_the_command_is_in_the_table() -> None:
    """The table of commands is the list of what this page is about."""
    table = [row.cells[0].strip("`") for row in rows(PAGE) if row.head[0] == "command"]
    assert table == [f"pinnedrules {word}" for word in ("lint", "test", "explain", "replay", "attack", "import")]
