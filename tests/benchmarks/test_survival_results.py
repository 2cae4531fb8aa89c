"""The committed run of the survival benchmark: of the frozen suite, and told in the README as it was measured."""

from __future__ import annotations

import json
from typing import Any

from tests.pages import ROOT, rows

from pinnedrules.bench.markdown import NAMES, YES, markdown, targets
from pinnedrules.bench.page import page
from pinnedrules.bench.suite import load

RESULTS = ROOT / "benchmarks" / "survival" / "results"
SAID: dict[str, Any] = json.loads((RESULTS / "survival.json").read_text(encoding="utf-8"))
ARMS = SAID["figures"]["arms"]


def test_the_results_are_those_of_the_frozen_suite() -> None:
    """A changed scenario makes these figures another suite's."""
    assert SAID["suite"] == {"version": load().version, "sha256": load().sha256}
    assert (ROOT / "benchmarks" / "survival" / "suite.sha256").read_text().split()[0] == load().sha256


def test_the_pages_are_written_from_the_figures() -> None:
    """Markdown and page say what the JSON says; nobody edits them."""
    assert (RESULTS / "survival.md").read_text(encoding="utf-8") == markdown(SAID)
    assert (RESULTS / "survival.html").read_text(encoding="utf-8") == page(SAID)


def test_the_readme_tells_what_was_measured() -> None:
    """Each arm's row, and each aim that was missed."""
    told = {row.cells[0]: row.cells[1:] for row in rows(ROOT / "README.md") if row.cells[0] in NAMES.values()}
    for arm, one in ARMS.items():
        share = one["executed"]
        counted = f"{share['hits']} of {share['of']} ({share['low']} to {share['high']} %)"
        assert list(told[NAMES[arm]]) == [counted, f"{one['task done']['percent']} %"]
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    missed = [aim for aim, _, reached in targets(SAID["figures"]) if reached is False]
    assert all(aim in readme for aim in missed)
    assert f"{ARMS['all'][YES]} of them by a person's yes" in readme or not ARMS["all"][YES]
