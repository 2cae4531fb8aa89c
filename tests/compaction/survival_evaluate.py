"""Judges the held-out part of the corpus and writes totals, never a row, to benchmarks/survival/judge.json.

    python -m tests.compaction.survival_evaluate

It is run once for a judge that is declared finished (survival_corpus/README.md). The file carries the digest of the judge's
code, so that it shows whether the judge has changed since; then its figures are those of a set that is no longer unseen.
Nothing is printed of a row that was judged wrongly.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.compaction.test_survival_corpus import CORPUS, read

from pinnedrules.compaction.survival import judge

__all__ = ["JUDGE", "RESULT", "digest", "main", "totals"]

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "survival" / "judge.json"
JUDGE = ("cues", "opposed", "outline", "reordered", "standing", "survival", "wording")
"""The modules of ``pinnedrules.compaction`` that the judge is made of."""
_Z = 1.959964
_FATES = ("kept", "altered", "contradicted", "dropped", "unsure")


def main() -> None:
    """Judge, count, write, and print what was written."""
    found = {
        "corpus": "tests/compaction/survival_corpus/heldout.jsonl",
        "corpus_sha256": hashlib.sha256((CORPUS / "heldout.jsonl").read_bytes()).hexdigest(),
        "judge_sha256": digest(),
        "run_by": "the judge's author, once, looking at totals only",
        "heldout": totals(read("heldout")),
        "train": totals(read("train")),
        "milliseconds": _milliseconds(),
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    print(text)


def digest() -> str:
    """Return the SHA-256 of the judge's code without its docstrings, comments and layout."""
    sources = ROOT / "src" / "pinnedrules" / "compaction"
    return hashlib.sha256("".join(_code(sources / f"{name}.py") for name in JUDGE).encode()).hexdigest()


def _code(file: Path) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


def totals(rows: Iterable[Mapping[str, str]]) -> dict[str, object]:
    """Count what became of the rows: by label, by how, and the three figures that are claimed, with 95 % Wilson bounds."""
    by_label: dict[str, Counter[str]] = {}
    by_how: dict[str, Counter[str]] = {}
    for row in rows:
        (judged,) = judge([("rule", row["rule"])], row["summary"])
        by_label.setdefault(row["label"], Counter())[judged.fate] += 1
        by_how.setdefault(f"{row['label']}/{row['how']}", Counter())[judged.fate] += 1
    others = Counter[str]()
    for label, counts in by_label.items():
        if label != "kept":
            others += counts
    not_contradicted = sum((counts for label, counts in by_label.items() if label != "contradicted"), Counter[str]())
    return {
        "false_certificates": _share(others["kept"], others.total()),
        "kept_certified": _share(by_label["kept"]["kept"], by_label["kept"].total()),
        "contradicted_found": _share(by_label["contradicted"]["contradicted"], by_label["contradicted"].total()),
        "contradicted_wrongly": _share(not_contradicted["contradicted"], not_contradicted.total()),
        "by_label": {label: _counted(by_label[label]) for label in sorted(by_label)},
        "by_how": {how: _counted(by_how[how]) for how in sorted(by_how)},
    }


def _counted(counts: Counter[str]) -> dict[str, int]:
    return {fate: counts[fate] for fate in _FATES if counts[fate]}


def _share(hits: int, of: int) -> dict[str, float]:
    """Return a share with its bounds (E. B. Wilson, JASA 22, 1927)."""
    share, square = hits / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    spread = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    low, high = max(0.0, middle - spread), min(1.0, middle + spread)
    return {"hits": hits, "of": of, "share": round(share, 4), "low": round(low, 4), "high": round(high, 4)}


def _milliseconds() -> dict[str, float]:
    """Measure ten rules on forty lines of train summaries: the median and the slowest of 200, on this machine."""
    rows = read("train")
    rules = [(str(number), rule) for number, rule in enumerate(list(dict.fromkeys(row["rule"] for row in rows))[:10])]
    lines = dict.fromkeys(line for row in rows for line in row["summary"].splitlines() if line.startswith(("- ", "* ")))
    summary = "\n".join(list(lines)[:40])
    taken = []
    for _ in range(200):
        started = time.perf_counter()
        judge(rules, summary)
        taken.append(1000 * (time.perf_counter() - started))
    taken.sort()
    return {"median": round(taken[100], 2), "slowest": round(taken[-1], 2)}


if __name__ == "__main__":
    main()
