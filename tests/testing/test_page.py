"""The page about testing, held to what it says: its examples are run, its tables are complete."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from tests.pages import ROOT, code, fences, rows

import pinnedrules.testing
from pinnedrules.testing import Evidence, Reply, plugin
from pinnedrules.testing.script import ProposedCall

PAGE = ROOT / "docs" / "testing.md"
FILES = {fence.text.splitlines()[0].removeprefix("# "): fence.text for fence in fences(PAGE) if fence.words == "python"}
RULES = next(fence.text for fence in fences(PAGE) if fence.words == "yaml")


def _named(head: str) -> set[str]:
    return {name.split("(")[0] for row in rows(PAGE) if row.head[0] == head for name in code(row.cells[0])}


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("test_")])
def test_every_example_passes(name: str, tmp_path: Path) -> None:
    """A reader who copies the files has tests that pass without a conftest."""
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    for file in ("agent.py", name):
        (tmp_path / file).write_text(FILES[file], encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]

    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_example_is_a_file() -> None:
    """No example stays out because it has no name."""
    assert len(FILES) == sum(fence.words == "python" for fence in fences(PAGE)) == 6


def test_every_field_of_a_reply_is_described() -> None:
    """Whoever looks for a fault finds it in the table."""
    assert _named("field") >= {field.name for field in fields(Reply)}


def test_every_public_name_is_on_the_page() -> None:
    """What can be imported is described, and what is described as evidence or fixture is there."""
    text = PAGE.read_text(encoding="utf-8")

    assert [name for name in pinnedrules.testing.__all__ if f"`{name}" not in text] == []
    assert _named("statement") == {name for name in pinnedrules.testing.__all__ if name.startswith("assert_")}
    assert _named("fixture") == {name for name in plugin.__all__ if name.startswith("pinned_")}
    assert {field.name for field in fields(Evidence)} <= _named("field")
    assert "`kind=" in text
    assert {field.name for field in fields(ProposedCall)} == {"name", "arguments", "id", "kind"}
