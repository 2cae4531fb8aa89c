"""docs/chat.md says what benchmarks/chat/results.json says, the misses included."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import pytest
from tests.chat.evaluate import CORPUS, RESULTS, USED, share
from tests.pages import ROOT

PAGE = (ROOT / "docs" / "chat.md").read_text(encoding="utf-8")
MEASURED: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
HELD_OUT = MEASURED["held-out"]
MEASURES = [
    "stop recall",
    "stop precision",
    "pauses on ordinary work",
    "constraint recall",
    "constraint precision",
    "constraints on ordinary work",
    "pauses on one-time limits",
]


def test_wilsons_interval_is_that_of_the_paper() -> None:
    """A known value (10 of 100 gives 5.5 to 17.4 %), the ends, and nothing for nothing."""
    assert share(10, 100) == {"hits": 10, "of": 100, "percent": 10.0, "low": 5.5, "high": 17.4}
    assert share(0, 10)["low"] == 0.0
    assert share(10, 10)["high"] == 100.0
    assert share(0, 0) == {"hits": 0, "of": 0}


@pytest.mark.parametrize("measure", MEASURES)
def test_the_page_has_each_figure_with_its_bounds(measure: str) -> None:
    """The table is that of the one evaluation."""
    one = HELD_OUT[measure]
    row = f"| {measure} | {one['hits']} | {one['of']} | {one['percent']} | {one['low']} to {one['high']} |"
    assert row in PAGE


def test_the_page_has_the_stops_apart_that_were_not_learned_word_for_word() -> None:
    """Common stops stand in the held-out part as well as in what was learned from; without them the figure is told, too."""
    one = MEASURED["stop recall, new words"]
    assert one["of"] < HELD_OUT["stop recall"]["of"]
    counted = f"| {one['hits']} | {one['of']} | {one['percent']} | {one['low']} to {one['high']} | |"
    assert f"| stop recall, of those that stand word for word in nothing learned from {counted}" in PAGE


def test_the_page_says_which_aims_are_missed() -> None:
    """Stop recall of 98 % and pauses on ordinary work of 1 % are the aims; what is below or above them is called missed."""
    for measure, missed, aim in (
        ("stop recall", HELD_OUT["stop recall"]["percent"] < 98, "98"),
        ("pauses on ordinary work", HELD_OUT["pauses on ordinary work"]["percent"] > 1, "1"),
    ):
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {measure} |")]
        assert row.endswith(f"| {aim}: **missed** |") is missed
    assert f"**{HELD_OUT['stop recall']['percent']} %**" in PAGE
    assert f"**{HELD_OUT['pauses on ordinary work']['percent']} %**" in PAGE
    counts = HELD_OUT["counts"]["stop"]
    lost = counts["constraint"] + counts["nothing"]
    became = f"{counts['constraint']} became a limit (asked about) and {counts['nothing']} nothing"
    assert f"Of the {lost} stops that did not pause, {became}." in PAGE


def test_the_page_has_the_languages_and_the_real_turns() -> None:
    """Small groups are shown as counts, real turns by whose words they are."""
    for language, one in HELD_OUT["stop recall by language"].items():
        assert f"| {language} | {one['hits']} | {one['of']} |" in PAGE
    for whose, one in MEASURED["real"].items():
        pauses, limits = one["pauses"], one["constraints"]
        row = f"| {whose} | {pauses['hits']} | {pauses['of']} | {pauses['percent']} | {pauses['low']} to {pauses['high']} |"
        assert f"{row} {limits['hits']} | {limits['percent']} |" in PAGE
    cost = MEASURED["microseconds"]
    assert f"{cost['p50']} µs of processor time (95 %: {cost['p95']} µs)" in PAGE


def test_the_page_has_the_ordinary_turns_apart() -> None:
    """Everyday, hard and real ordinary turns are told apart where they were evaluated apart."""
    for name, one in MEASURED.get("ordinary", {}).items():
        pauses, limits = one["pauses"], one["constraints"]
        row = f"| {name} | {pauses['hits']} | {pauses['of']} | {pauses['percent']} | {pauses['low']} to {pauses['high']} |"
        assert f"{row} {limits['hits']} | {limits['percent']} |" in PAGE


def test_the_results_are_whole() -> None:
    """Every label's counts add up to the held-out part, and each share lies between its bounds."""
    sizes = {label: sum(counts.values()) for label, counts in HELD_OUT["counts"].items()}
    part = USED.get(MEASURED["part"], MEASURED["part"])
    lines = (CORPUS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    written = Counter(json.loads(line)["label"] for line in lines)
    real = MEASURED.get("ordinary", {}).get("real", {}).get("pauses", {}).get("of", 0)
    assert sizes == {**written, "ordinary": written["ordinary"] + real}
    for measure in MEASURES:
        one = HELD_OUT[measure]
        assert one["low"] <= one["percent"] <= one["high"]
        assert math.isclose(one["percent"], 100 * one["hits"] / one["of"], abs_tol=0.05)


def test_the_page_says_that_texts_and_labels_have_one_origin() -> None:
    """The data card's reservation stands beside the figures."""
    assert "Texts and labels of the corpus have **one origin**" in PAGE
    assert "there is no second annotator" in (ROOT / "tests/chat/corpus/README.md").read_text(encoding="utf-8")
