"""Judges the third held-out part of the corpus and writes totals, never a row, to benchmarks/survival/judge.json.

    python -m tests.compaction.survival_evaluate              # heldout-3.jsonl lies beside the others: the evaluation, once
    python -m tests.compaction.survival_evaluate development  # only the parts to develop with

A summary is judged as the gate judges it, for all the rules that are asked about at once; ``one_by_one`` has the totals of
each rule alone. The evaluation is run once for a judge that is declared finished (survival_corpus/README.md). The file
carries the digest of the judge's code, so that it shows whether the judge has changed since; then its figures are those of
a set that is no longer unseen. Figures of earlier judges and parts stay under ``history``. Nothing is printed of a row.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.compaction.test_survival_corpus import CORPUS, read

from pinnedrules.bench.figures import wilson
from pinnedrules.compaction.survival import judge

__all__ = ["JUDGE", "PARTS", "RESULT", "digest", "main", "totals"]

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "survival" / "judge.json"
JUDGE = (
    "alike",
    "compared",
    "concerns",
    "cues",
    "forms",
    "opposed",
    "outline",
    "pairs",
    "placed",
    "reading",
    "remarks",
    "reordered",
    "standing",
    "survival",
    "unwrapped",
    "weighed",
    "weights",
    "wording",
)
"""The modules of ``pinnedrules.compaction`` that the judge is made of."""
PARTS = ("train", "train-1b", "train-2", "train-2b")
"""The parts that the judge was developed with."""
_FATES = ("kept", "altered", "contradicted", "dropped", "unsure")


def main(arguments: Sequence[str] = ()) -> None:
    """Judge, count, write, and print what was written."""
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    found["development"] = {
        "judge_sha256": digest(),
        "parts": {part: totals(read(part)) for part in PARTS},
        "milliseconds": _milliseconds(),
    }
    if "development" not in arguments:
        _evaluate(found)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    print(text)


def _evaluate(found: dict[str, object]) -> None:
    """Judge the held-out part, if it is the one that was announced; what was current before goes to history."""
    sha = hashlib.sha256((CORPUS / "heldout-3.jsonl").read_bytes()).hexdigest()
    if sha != (CORPUS / "heldout-3.sha256").read_text(encoding="ascii").split()[0]:
        raise SystemExit("heldout-3.jsonl is not the part whose hash was committed")
    history = found.setdefault("history", [])
    if "current" in found and isinstance(history, list):
        history.append(found["current"])
    rows = read("heldout-3")
    found["current"] = {
        "corpus": "tests/compaction/survival_corpus/heldout-3.jsonl",
        "corpus_sha256": sha,
        "judge_sha256": digest(),
        "heldout": totals(rows),
        "one_by_one": totals(rows, together=False),
    }


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


def totals(rows: Iterable[Mapping[str, str]], *, together: bool = True) -> dict[str, object]:
    """Count what became of the rows: by label, by how, and the figures that are claimed, with 95 % Wilson bounds.

    Rows of one summary are not independent: the bounds under ``by_summary`` count each summary once, the most cautious
    number of independent rows.
    """
    by_label: dict[str, Counter[str]] = {}
    by_how: dict[str, Counter[str]] = {}
    told: list[tuple[str, str, str]] = []
    for row, fate in _fates(rows, together=together):
        by_label.setdefault(row["label"], Counter())[fate] += 1
        by_how.setdefault(f"{row['label']}/{row['how']}", Counter())[fate] += 1
        told.append((row["label"], fate, row["summary"]))
    kept = [one for one in told if one[0] == "kept"]
    contradicted = [one for one in told if one[0] == "contradicted"]
    return {
        "false_certificates": _figure([one for one in told if one[0] != "kept"], "kept"),
        "kept_certified": _figure(kept, "kept"),
        "contradicted_found": _figure(contradicted, "contradicted"),
        "contradicted_wrongly": _figure([one for one in told if one[0] != "contradicted"], "contradicted"),
        "by_label": {label: _counted(by_label[label]) for label in sorted(by_label)},
        "by_how": {how: _counted(by_how[how]) for how in sorted(by_how)},
    }


def _fates(rows: Iterable[Mapping[str, str]], *, together: bool) -> Iterable[tuple[Mapping[str, str], str]]:
    """Yield each row with its fate, its summary judged for all its rules at once or for one at a time."""
    asked: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        asked.setdefault(row["summary"], []).append(row)
    for summary, group in asked.items():
        for some in [group] if together else [[row] for row in group]:
            judged = judge([("rule" if len(some) == 1 else row["id"], row["rule"]) for row in some], summary)
            yield from ((row, one.fate) for row, one in zip(some, judged, strict=True))


def _figure(told: Sequence[tuple[str, str, str]], fate: str) -> dict[str, object]:
    """Return the share of the rows that got *fate*, and its bounds by row and by summary."""
    hits = sum(one[1] == fate for one in told)
    summaries = len({one[2] for one in told})
    low, high = _bounds(hits / len(told), summaries)
    found: dict[str, object] = {**_share(hits, len(told))}
    found["by_summary"] = {
        "summaries": summaries,
        "with_hits": len({one[2] for one in told if one[1] == fate}),
        "low": low,
        "high": high,
    }
    return found


def _counted(counts: Counter[str]) -> dict[str, int]:
    return {fate: counts[fate] for fate in _FATES if counts[fate]}


def _share(hits: int, of: int) -> dict[str, float]:
    low, high = _bounds(hits / of, of)
    return {"hits": hits, "of": of, "share": round(hits / of, 4), "low": low, "high": high}


def _bounds(share: float, of: int) -> tuple[float, float]:
    low, high = wilson(share, of)
    return round(low, 4), round(high, 4)


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
    main(sys.argv[1:])
