"""The corpus of user turns: big enough, labelled, without repeats, its held-out part as it was committed first."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from tests.chat.corpus.real import DATA, EXCLUDED, real_turns

CORPUS = Path(__file__).parent / "corpus"
LABELS = {"constraint", "one-time", "stop", "ordinary"}
PARTS = sorted(path.stem for path in CORPUS.glob("*.jsonl"))
OPENED = ("train", "train-1b")
"""The parts of the first corpus. The second was its held-out part, until it had been used for its one evaluation."""
LEAST = {
    "heldout-4": {"stop": 200, "ordinary": 600, "constraint": 80, "one-time": 40},
    "train-1b": {"stop": 200, "ordinary": 600, "constraint": 80, "one-time": 40},
    "train": {"stop": 150, "ordinary": 400, "constraint": 100, "one-time": 40},
}
COMMON = "heldout-4"
"""The part that was written with the stops that everybody says as often as they come up."""
FULL = ("en", "de", "fr", "es", "pt", "it")
"""Languages with turns of every label."""
WORDS = ("zh", "ja", "ko", "ar", "ru")
"""Languages with exact stop words, and ordinary work to tell them from."""


def read(split: str) -> list[dict[str, str]]:
    """The rows of one part of the corpus."""
    return [json.loads(line) for line in (CORPUS / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def bare(text: str) -> str:
    """The letters and digits of *text*: two turns that differ only in case, spacing or punctuation are one."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


ROWS = {split: read(split) for split in PARTS}


@pytest.mark.parametrize("written", sorted(CORPUS.glob("*.sha256")), ids=lambda path: path.stem)
def test_a_part_that_was_held_out_is_the_one_that_was_committed(written: Path) -> None:
    """Turns that were held out never change: their hash is the one that was written down with them."""
    for line in written.read_text(encoding="ascii").splitlines():
        digest, name = line.split()[:2]
        if (CORPUS / name).exists():  # a part that is still held out may lie elsewhere
            assert hashlib.sha256((CORPUS / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("split", PARTS)
def test_a_row_has_an_id_a_text_a_label_a_language_and_a_source(split: str) -> None:
    """Each row is complete, has no key that the data card does not name, and a label of the four."""
    for row in ROWS[split]:
        assert set(row) - {"note"} == {"id", "text", "label", "lang", "source"}
        assert all(isinstance(value, str) and value.strip() == value and value for value in row.values())
        assert row["label"] in LABELS
        assert row["lang"] in FULL + WORDS
        assert bare(row["text"])


@pytest.mark.parametrize("split", sorted(LEAST))
def test_each_part_is_big_enough_for_the_bounds_that_are_claimed_on_it(split: str) -> None:
    """There are at least as many turns of each label as the issue asks for."""
    counts = Counter(row["label"] for row in ROWS[split])
    assert {label: counts[label] >= least for label, least in LEAST[split].items()} == dict.fromkeys(LABELS, True)


def test_there_are_a_thousand_turns_beyond_the_held_out_minimum() -> None:
    """The corpus as a whole has at least 1,000 turns more than the held-out part must have."""
    assert sum(map(len, ROWS.values())) >= 1000 + sum(LEAST["train-1b"].values())


@pytest.mark.parametrize("split", sorted(LEAST))
def test_every_language_has_every_label_it_is_promised_for(split: str) -> None:
    """Six languages have all four labels; five more have exact stop words and ordinary work; English is the majority."""
    seen = Counter((row["lang"], row["label"]) for row in ROWS[split])
    assert all(seen[lang, label] for lang in FULL for label in LABELS)
    assert all(seen[lang, label] for lang in WORDS for label in ("stop", "ordinary"))
    assert sum(row["lang"] == "en" for row in ROWS[split]) > len(ROWS[split]) / 2


def test_no_turn_and_no_id_occurs_twice() -> None:
    """Neither within a part nor across them is there a repeat, whatever the case, spacing and punctuation.

    The fourth held-out part has the commonest stops, too, which others have, each text at most twice.
    """
    rows = [row for part, of_it in ROWS.items() for row in of_it if part != COMMON]
    assert [text for text, times in Counter(bare(row["text"]) for row in rows).items() if times > 1] == []
    assert max(Counter(bare(row["text"]) for row in ROWS[COMMON]).values()) == 2
    assert len({row["id"] for row in (*rows, *ROWS[COMMON])}) == len(rows) + len(ROWS[COMMON])


def test_no_source_feeds_both_parts() -> None:
    """The parts are split by who speaks: one imagined speaker's phrasings are all on one side (stop words aside)."""
    sources = [{row["source"] for row in ROWS[split]} for split in OPENED]
    assert set.intersection(*sources) == {"stopwords"}


def test_the_data_card_tells_the_true_counts() -> None:
    """The table of the README is computed from the files."""
    card = (CORPUS / "README.md").read_text(encoding="utf-8")
    for split, rows in ROWS.items():
        counts = Counter(row["label"] for row in rows)
        cells = [counts[label] for label in ("stop", "constraint", "one-time", "ordinary")]
        assert f"| `{split}.jsonl` | " + " | ".join(map(str, [*cells, len(rows)])) + " |" in card


def test_without_the_shared_traces_there_are_no_real_turns(tmp_path: Path) -> None:
    """A checkout on its own has the committed corpus only, and no error."""
    assert real_turns(tmp_path / "absent") == []


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared traces do not lie beside this checkout")
def test_real_turns_are_rows_of_the_same_shape_and_no_excluded_one_is_among_them() -> None:
    """Real turns have ids and texts of their own, carry no simulator's marker, and none that was excluded."""
    rows = real_turns()
    assert len(rows) > 5000
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)
    assert not {row["id"] for row in rows} & set(EXCLUDED)
    assert not any("###" in row["text"] for row in rows)
    assert {row["label"] for row in rows} == {"ordinary"}
