"""The figures that are told of the judge are those that were measured, of this judge and of this held-out part."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.compaction.survival_evaluate import RESULT, ROOT, digest, totals
from tests.compaction.test_survival_corpus import CORPUS, read

FOUND: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))


def test_the_figures_are_of_the_held_out_part_as_it_was_committed() -> None:
    """The corpus came first, and its hash with it."""
    assert FOUND["corpus_sha256"] == (CORPUS / "heldout.sha256").read_text(encoding="utf-8").split()[0]


def test_the_figures_are_of_this_judge() -> None:
    """A judge that was changed since has no unseen figures: change the file and what is told of it, or the judge back."""
    assert FOUND["judge_sha256"] == digest()


def test_the_train_part_gives_the_same_totals() -> None:
    """The judge is deterministic."""
    assert FOUND["train"] == totals(read("train"))


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
    figure = FOUND["heldout"][name]
    assert sentence.format(figure["hits"], figure["of"]) in re.sub(r"\s+", " ", page)
