"""The figures that are told of the judge are those that were measured, of this judge and of this held-out part."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.compaction.survival_evaluate import PARTS, RESULT, ROOT, digest, totals
from tests.compaction.test_survival_corpus import CORPUS, read

FOUND: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
LAST: dict[str, Any] = FOUND.get("current") or FOUND["history"][-1]
"""The last figures on summaries that were unseen: of this judge, or of an earlier one and told as such."""


def test_the_figures_are_of_the_held_out_part_as_it_was_committed() -> None:
    """The corpus came first, and its hash with it."""
    name = Path(LAST["corpus"]).with_suffix(".sha256").name
    assert LAST["corpus_sha256"] == (CORPUS / name).read_text(encoding="utf-8").split()[0]


def test_the_figures_are_of_this_judge_or_are_told_as_those_of_an_earlier_one() -> None:
    """A judge that was changed since has no unseen figures: the page says so, or the judge is changed back."""
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    earlier = "An earlier version of the judge" in re.sub(r"\s+", " ", page)
    assert earlier == (LAST["judge_sha256"] != digest())


@pytest.mark.parametrize("part", PARTS)
def test_the_parts_to_develop_with_give_the_same_totals(part: str) -> None:
    """The judge is deterministic, and the development figures are those of this judge."""
    assert FOUND["development"]["judge_sha256"] == digest()
    assert FOUND["development"]["parts"][part] == totals(read(part))


@pytest.mark.parametrize("part", PARTS)
def test_no_rule_that_was_lost_is_certified_in_what_the_judge_was_made_with(part: str) -> None:
    """Zero false certificates, at least where every row could be read."""
    assert FOUND["development"]["parts"][part]["false_certificates"]["hits"] == 0


@pytest.mark.parametrize(
    "told",
    [
        ("certified {0} of {1} kept rules", "kept_certified"),
        ("found {0} of {1} contradictions", "contradicted_found"),
        ("called {0} of the {1} others contradicted", "contradicted_wrongly"),
        ("gave {0} certificates to the {1} rules that were not kept", "false_certificates"),
    ],
)
def test_the_page_tells_what_was_measured(told: tuple[str, str]) -> None:
    """Figures are published whatever they are."""
    sentence, name = told
    page = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
    figure = LAST["heldout"][name]
    assert sentence.format(figure["hits"], figure["of"]) in re.sub(r"\s+", " ", page)
