"""Evaluates what is heard on the held-out turns and on the real ones, once, and writes the totals: no turn is shown.

``python -m tests.chat.evaluate`` from the checkout writes ``benchmarks/chat/results.json``. The held-out part is
``heldout-4.jsonl``, and with it, as ordinary turns, those real ones (where the shared traces lie beside the checkout) whose
sha256 stands in ``heldout-4-real.txt``. What the first held-out part gave, before it was used for development, stays under
``history``. Bounds are Wilson's score interval
at 95 % (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927).
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.chat.corpus.real import real_turns
from tests.chat.test_corpus import bare
from tests.chat.train import material

from pinnedrules.bench.figures import wilson
from pinnedrules.chat.hear import hear

__all__ = ["evaluated", "real", "share"]

CORPUS = Path(__file__).parent / "corpus"
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "chat" / "results.json"
_TAU = ("tau", "tau2")
PART = "heldout-4"
USED = {"heldout-2": "train-2b", "heldout-3": "train-3h"}
"""What a held-out part is called since it has been used for its one evaluation."""


def share(hits: int, of: int) -> dict[str, Any]:
    """Return hits, total, share and the 95 % bounds, in per cent."""
    if not of:
        return {"hits": hits, "of": of}
    low, high = wilson(hits / of, of)
    return {
        "hits": hits,
        "of": of,
        "percent": round(100 * hits / of, 1),
        "low": round(100 * low, 1),
        "high": round(100 * high, 1),
    }


def evaluated(rows: list[dict[str, str]]) -> dict[str, Any]:
    """Return the counts of label and what was heard, and the measures, for rows of the corpus."""
    seen: Counter[tuple[str, str]] = Counter()
    languages: Counter[tuple[str, str, bool]] = Counter()
    for row in rows:
        kind = hear(row["text"]).kind
        found = kind if kind in ("stop", "constraint") else "nothing"
        # A note says where both readings of a turn are right.
        right = found == row["label"] or (bool(found) and row.get("note") == f"also:{found}")
        seen[row["label"], row["label"] if right else found] += 1
        languages[row["label"], row["lang"], right] += 1
    labels = ("stop", "constraint", "one-time", "ordinary")
    heard = ("stop", "constraint", "nothing")
    total = {label: sum(seen[label, found] for found in heard) for label in labels}
    every = {found: sum(seen[label, found] for label in labels) for found in heard}
    return {
        "counts": {label: {found: seen[label, found] for found in heard} for label in labels},
        "stop recall": share(seen["stop", "stop"], total["stop"]),
        "stop precision": share(seen["stop", "stop"], every["stop"]),
        "constraint recall": share(seen["constraint", "constraint"], total["constraint"]),
        "constraint precision": share(seen["constraint", "constraint"], every["constraint"]),
        "pauses on ordinary work": share(seen["ordinary", "stop"], total["ordinary"]),
        "constraints on ordinary work": share(seen["ordinary", "constraint"], total["ordinary"]),
        "pauses on one-time limits": share(seen["one-time", "stop"], total["one-time"]),
        "stop recall by language": {
            lang: share(languages["stop", lang, True], languages["stop", lang, True] + languages["stop", lang, False])
            for lang in sorted({row["lang"] for row in rows if row["label"] == "stop"})
        },
    }


def real() -> dict[str, Any]:
    """Return false pauses and false constraints on the real ordinary turns, by whose words they are."""
    groups: dict[str, Counter[str]] = {}
    for row in real_turns():
        source = row["source"]
        whose = "shell" if source == "nl2bash" else "customers" if source in _TAU else "tasks"
        groups.setdefault(whose, Counter())[hear(row["text"]).kind] += 1
    return {
        whose: {
            "pauses": share(counts["stop"], counts.total()),
            "constraints": share(counts["constraint"], counts.total()),
        }
        for whose, counts in sorted(groups.items())
    }


def _read(part: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (CORPUS / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]


def _microseconds(rows: list[dict[str, str]]) -> dict[str, float]:
    """Return processor time per turn on the ordinary training turns of at most 100 characters, best of five passes."""
    texts = [row["text"] for row in rows if row["label"] == "ordinary" and len(row["text"]) <= 100]
    best = [math.inf] * len(texts)
    for _ in range(5):
        for at, text in enumerate(texts):
            start = time.process_time_ns()
            hear(text)
            best[at] = min(best[at], (time.process_time_ns() - start) / 1000)
    best.sort()
    return {"turns": len(best), "p50": round(best[len(best) // 2], 1), "p95": round(best[len(best) * 95 // 100], 1)}


def _held_out_real() -> list[dict[str, str]]:
    """Return the real turns that belong to the held-out part; none without the shared traces."""
    listed = set(re.findall(r"\b[0-9a-f]{64}\b", (CORPUS / f"{PART}-real.txt").read_text(encoding="utf-8")))
    return [row for row in real_turns() if hashlib.sha256(row["text"].encode()).hexdigest() in listed]


def _ordinary(rows: list[dict[str, str]]) -> dict[str, Any]:
    found = [hear(row["text"]).kind for row in rows]
    return {
        "pauses": share(found.count("stop"), len(rows)),
        "constraints": share(found.count("constraint"), len(rows)),
    }


def _new(written: list[dict[str, str]]) -> dict[str, Any]:
    """Return the recall of stops that stand word for word in nothing the model learned from: common ones do."""
    learned = {bare(row["text"]) for row in material()}
    new = [row for row in written if row["label"] == "stop" and bare(row["text"]) not in learned]
    return share(sum(hear(row["text"]).kind == "stop" for row in new), len(new))


def _history() -> dict[str, Any]:
    """Return what was measured on held-out parts that are not held out any more."""
    before: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    history: dict[str, Any] = before["history"]
    if before["part"] != PART:
        history[USED[before["part"]]] = {name: before[name] for name in ("held-out", "ordinary", "real")}
    return history


def main() -> None:
    """Write the results."""
    train = _read("train")
    written, real_ones = _read(PART), _held_out_real()
    plain = [row for row in written if row["label"] == "ordinary"]
    hard = [row for row in plain if "hard" in row.get("note", "")]
    groups = {
        "in all": [*plain, *real_ones],
        "written, everyday": [row for row in plain if row not in hard],
        "written, hard": hard,
        "real": real_ones,
    }
    results = {
        "part": PART,
        "held-out": evaluated([*written, *real_ones]),
        "stop recall, new words": _new(written),
        "ordinary": {name: _ordinary(rows) for name, rows in groups.items()},
        "train": {path.stem: evaluated(_read(path.stem)) for path in sorted(CORPUS.glob("train*.jsonl"))},
        "real": real(),
        "microseconds": _microseconds(train),
        "python": platform.python_version(),
        "history": _history(),
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
