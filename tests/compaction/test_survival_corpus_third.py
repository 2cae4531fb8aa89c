"""The third held-out part of the corpus of summaries: longer summaries, trivial rewordings, remarks elsewhere."""

from __future__ import annotations

import hashlib
from collections import Counter

from tests.compaction.test_survival_corpus import CORPUS, read
from tests.compaction.test_survival_corpus_second import HOWS

ROWS = read("heldout-3")
LEAST = {"verbatim": 135, "reworded": 135, "altered": 230, "contradicted": 120, "dropped": 70}
ORDER = ("verbatim", "reworded", "paraphrased", "weakened", "value", "scope", "reported", "contradicted", "dropped")


def test_it_is_the_part_whose_hash_was_committed_first() -> None:
    """The file is what was announced, to the letter."""
    written = (CORPUS / "heldout-3.sha256").read_text(encoding="ascii").split()[0]
    assert hashlib.sha256((CORPUS / "heldout-3.jsonl").read_bytes()).hexdigest() == written


def test_a_row_has_the_form_of_the_other_parts() -> None:
    """Each row is complete, and its how belongs to its label."""
    for row in ROWS:
        assert set(row) - {"lang"} == {"id", "rule", "summary", "label", "how"}
        assert row["how"] in HOWS[row["label"]]
        assert row["rule"].strip()
        assert row["summary"].strip()
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_it_has_the_rows_that_were_asked_for() -> None:
    """No label is too rare to be measured; many lost rules stand there letter by letter, and only a remark takes them back."""
    counts = Counter(row["label"] for row in ROWS) + Counter(row["how"] for row in ROWS if row["label"] == "kept")
    assert {kind: counts[kind] for kind, least in LEAST.items() if counts[kind] < least} == {}
    assert sum(row["label"] != "kept" and row["rule"] in row["summary"] for row in ROWS) >= 45
    assert all(row["rule"] in row["summary"] for row in ROWS if row["how"] == "verbatim")


def test_its_rules_are_its_own() -> None:
    """No rule stands in a part that the judge was made with."""
    known = {row["rule"] for part in ("train", "train-1b", "train-2", "train-2b") for row in read(part)}
    assert known.isdisjoint(row["rule"] for row in ROWS)


def test_the_data_card_tells_its_true_counts() -> None:
    """The table of the README is computed from the file."""
    counts = Counter(row["how"] if row["label"] in ("kept", "altered") else row["label"] for row in ROWS)
    sizes = (len(ROWS), len({row["rule"] for row in ROWS}), len({row["summary"] for row in ROWS}))
    cells = " | ".join(map(str, (*(counts[kind] for kind in ORDER), *sizes)))
    assert f"| `heldout-3.jsonl` | {cells} |" in (CORPUS / "README.md").read_text(encoding="utf-8")
