"""The second corpus of summaries: whole summaries with all the rules of an agent, one part of it fixed by its hash."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from tests.compaction.test_survival_corpus import CORPUS, HELDOUT, LABELS, LANGUAGES, Row, bare, read

HOWS = LABELS | {"altered": LABELS["altered"] | {"reported"}}
"""The second parts know one more loss: the rule as something that was told once, or to somebody else."""
KINDS = (*HELDOUT, "reported")
PARTS = {part: read(part) for part in ("train-2", "train-2b")}
LEAST = {
    "train-2": {"verbatim": 40, "reworded": 40, "altered": 180, "contradicted": 50, "dropped": 40},
    "train-2b": {"verbatim": 80, "reworded": 80, "altered": 360, "contradicted": 100, "dropped": 80},
}
"""Rows that a part has at least: kept ones by how, the others by label."""


def kinds(rows: list[Row]) -> Counter[str]:
    """How many rows there are of each kind of :data:`KINDS`."""
    return Counter(row["how"] if row["label"] in ("kept", "altered") else row["label"] for row in rows)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_row_has_the_form_of_the_first_parts(part: str) -> None:
    """Each row is complete, has no key that the data card does not name, and a how that belongs to its label."""
    for row in PARTS[part]:
        assert set(row) - {"lang"} == {"id", "rule", "summary", "label", "how"}
        assert all(isinstance(value, str) and value.strip() == value and value for value in row.values())
        assert row["how"] in HOWS[row["label"]]
        assert row.get("lang", "de") in LANGUAGES


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_has_the_rows_that_were_asked_for(part: str) -> None:
    """No label is too rare to be measured, and no loss is missing."""
    rows = PARTS[part]
    counts = Counter(row["label"] for row in rows) + kinds([row for row in rows if row["label"] == "kept"])
    assert {kind: counts[kind] for kind, least in LEAST[part].items() if counts[kind] < least} == {}
    assert HOWS["altered"] <= {row["how"] for row in rows}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_summary_has_the_length_of_real_ones(part: str) -> None:
    """Between 60 and 400 words, and at least six rules are asked about in each."""
    rules = Counter(row["summary"] for row in PARTS[part])
    assert [text for text in rules if not 60 <= len(text.split()) <= 400] == []
    assert min(rules.values()) >= 6


@pytest.mark.parametrize("part", sorted(PARTS))
def test_the_rule_stands_letter_by_letter_where_the_label_says_so_here_too(part: str) -> None:
    """Verbatim rows hold the rule's sentence; reworded, dropped, unsure and most altered rows do not."""
    for row in PARTS[part]:
        if row["how"] == "verbatim":
            assert row["rule"] in row["summary"], row["id"]
        if row["how"] in ("reworded", "absent", "mentioned", "paraphrased", "value"):
            assert row["rule"] not in row["summary"], row["id"]


@pytest.mark.parametrize("part", sorted(PARTS))
def test_the_sentence_stands_in_rows_of_every_label_that_can_hold_it(part: str) -> None:
    """Finding the sentence is not enough here either: altered and contradicted rows hold it too."""
    counts = Counter(row["label"] for row in PARTS[part] if row["rule"] in row["summary"])
    assert set(counts) == {"kept", "altered", "contradicted"}


def test_no_rule_is_in_two_parts() -> None:
    """A rule sentence is in one part only, of the first parts and the second, whatever its case and punctuation."""
    parts = [*PARTS.values(), read("train"), read("train-1b")]
    counts = Counter(rule for rows in parts for rule in {bare(row["rule"]) for row in rows})
    assert [rule for rule, times in counts.items() if times > 1] == []


def test_no_question_and_no_id_occurs_twice() -> None:
    """A rule is asked about once for a summary, a summary is in one part only, and ids differ over all parts."""
    rows = [row for part in PARTS.values() for row in part]
    asked = Counter((bare(row["rule"]), bare(row["summary"])) for row in rows)
    assert [pair for pair, times in asked.items() if times > 1] == []
    everywhere = [*PARTS.values(), read("train"), read("train-1b")]
    texts = Counter(text for part in everywhere for text in {bare(row["summary"]) for row in part})
    assert [text for text, times in texts.items() if times > 1] == []
    ids = Counter(row["id"] for part in everywhere for row in part)
    assert [one for one, times in ids.items() if times > 1] == []


@pytest.mark.parametrize("part", sorted(PARTS))
def test_the_data_card_tells_the_true_counts_of_the_second_parts(part: str) -> None:
    """The second table of the README is computed from the files."""
    rows = PARTS[part]
    counts = kinds(rows)
    sizes = (len(rows), len({row["rule"] for row in rows}), len({row["summary"] for row in rows}))
    cells = " | ".join(map(str, (*(counts[kind] for kind in KINDS), *sizes)))
    assert f"| `{part}.jsonl` | {cells} |" in (CORPUS / "README.md").read_text(encoding="utf-8")


def test_the_second_held_out_part_is_the_one_whose_hash_was_committed() -> None:
    """The second held-out summaries, used since and called train-2b, never change: their hash is the one written first."""
    digest, name = (CORPUS / "heldout-2.sha256").read_text(encoding="ascii").split()
    assert name == "heldout-2.jsonl"
    assert digest in (CORPUS / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256((CORPUS / "train-2b.jsonl").read_bytes()).hexdigest() == digest
