"""Trains the model of ``chat/model.py`` on all development material, and writes its weights into the package.

``python -m tests.chat.train`` from the checkout; ``--cross-validate`` only prints what turns of speakers that were left out
are heard as, for the thresholds. Needs numpy, scipy and scikit-learn (``pip install --group retrain``); nothing else does.

How: logistic regression over the features of ``chat/features.py``, scaled by naive Bayes log-count ratios (S. Wang, C. D.
Manning, "Baselines and bigrams", ACL 2012). A label belongs to a turn, not to a sentence, so the sentence of a stop turn
that the last round thought most of is its stop, and the turn's other sentences are left out (multiple-instance learning;
Andrews, Tsochantaridis and Hofmann, NIPS 2002). The largest weights are kept, as whole numbers.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chat.invented import HERE as INVENTED
from tests.chat.invented import invented
from tests.gate.test_synthetic_turns import TEXTS

from pinnedrules.chat import model
from pinnedrules.chat.features import Own, features
from pinnedrules.chat.hear import own
from pinnedrules.chat.text import bounded

__all__ = ["WEIGHTS", "digest", "material"]

HERE = Path(__file__).parent
WEIGHTS = Path(model.__file__).with_name("weights.py")
MODULE = '''"""The weights of ``model.py``, made by ``python -m tests.chat.train``: data, not to be edited."""

from __future__ import annotations

__all__ = ["WEIGHTS"]

WEIGHTS = """
{}
"""
'''
COMMON = 15
"""Speakers that must use a word for it to keep its name in skeletons."""
KEPT = 140_000
ROUNDS = 3
WEIGHT = {"invented": 0.3, "said": 8.0}
"""What a turn counts, by where it is from: a named sentence has to be heard, a template is only breadth."""
REGULAR = 0.25
HEARD_FROM = 2
"""Speakers that must show a feature for it to weigh anything: what only one of them says is noise beside all the rest."""
ONE = 30
"""What a weight of 1.0 is as a whole number."""
STOP = (1.0, 2.4)
LIMIT = (-1.4, 1.0)
"""Thresholds, and what the grammar's own verdict adds: chosen on speakers that were left out."""
TARGETS = ("stop", "constraint")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the material, cut into its person's own sentences."""

    row: dict[str, str]
    said: list[Own]
    weight: float


def material() -> list[dict[str, str]]:
    """Return all rows to train on: the train parts, the named sentences, what hosts write, what templates make."""
    rows: list[dict[str, str]] = []
    for path in sorted((HERE / "corpus").glob("train*.jsonl")):
        rows += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kinds = {"S": "stop", "C": "constraint", "O": "ordinary"}
    for path in sorted((HERE / "said").glob("*.txt")):
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.stem != "missed" else ()):
            name = f"said-{path.stem}-{at}"
            text = line[2:].replace("⏎", "\n")
            rows.append({"id": name, "text": text, "label": kinds[line[0]], "lang": path.stem, "source": name})
    for name, text in TEXTS.items():
        rows.append(
            {"id": f"hosts-{name}", "text": text, "label": "ordinary", "lang": "en", "source": f"said-hosts-{name}"}
        )
    for path in sorted(INVENTED.glob("*.txt")):
        rows += invented(path)
    return rows


def digest(rows: Sequence[dict[str, str]]) -> str:
    """Return a hash of what weights are made from: the rows, this script, and the features of every fortieth row."""
    whole = hashlib.sha256(Path(__file__).read_bytes())
    for row in rows:
        whole.update(f"{row['label']} {row['source']} {row['text']}\n".encode())
    for row in rows[::40]:
        said = own(bounded(row["text"]))
        for at in range(len(said)):
            whole.update(" ".join(map(str, sorted(features(said, at, {"the", "not", "no"})))).encode())
    return whole.hexdigest()


def main() -> None:
    """Train, or cross-validate."""
    rows = material()
    turns = [Turn(row, _said(row), WEIGHT.get(row["source"].partition("-")[0], 1.0)) for row in rows]
    common = _common(turns)
    if "--cross-validate" in sys.argv:
        _cross_validate(turns, common)
        return
    told = {"common": sorted(common), "digest": digest(rows), "rows": len(rows)}
    WEIGHTS.write_text(MODULE.format(_trained(turns, common, told)), encoding="ascii")
    print(WEIGHTS.name, WEIGHTS.stat().st_size, "bytes")


def _said(row: dict[str, str]) -> list[Own]:
    """Return the sentences that the model is asked about."""
    return [each for each in own(bounded(row["text"])) if "exact" not in each.senses]


def _common(turns: Sequence[Turn]) -> frozenset[str]:
    speakers: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for turn in turns:
        if not turn.row["source"].startswith("invented"):
            words = {word for each in turn.said for word in each.sentence.folded.split()}
            fresh = {(word, turn.row["source"]) for word in words} - seen
            seen |= fresh
            speakers.update(word for word, _ in fresh)
    return frozenset(word for word, times in speakers.items() if times >= COMMON)


def _trained(turns: Sequence[Turn], common: frozenset[str], told: dict[str, Any]) -> str:
    import numpy as np

    lists = _known([[sorted(features(turn.said, at, common)) for at in range(len(turn.said))] for turn in turns], turns)
    names, columns = np.unique(np.concatenate([np.array(each, dtype=int) for each in lists]), return_inverse=True)
    fitted = [_fitted(turns, lists, columns, len(names), target) for target in TARGETS]
    largest = np.max(np.abs([weights for weights, _ in fitted]), axis=0)
    whole = [np.clip(np.rint(weights * ONE), -127, 127).astype(int) for weights, _ in fitted]
    kept = sorted(np.argsort(-largest, kind="stable")[:KEPT])
    rows = [(int(names[at]), int(whole[0][at]), int(whole[1][at])) for at in kept if whole[0][at] or whole[1][at]]
    starts = [round(float(start) * ONE) for _, start in fitted]
    for name, start, (least, more) in zip(("stop", "limit"), starts, (STOP, LIMIT), strict=True):
        told = {**told, name: [start, round(least * ONE), round(more * ONE)]}
    return model.packed(rows, told)


def _known(lists: list[list[list[int]]], turns: Sequence[Turn]) -> list[list[int]]:
    """Return the features of each sentence that more than one speaker has."""
    speakers: dict[int, set[str]] = {}
    for turn, sentences in zip(turns, lists, strict=True):
        for each in sentences:
            for feature in each:
                speakers.setdefault(feature, set()).add(turn.row["source"])
    return [[one for one in each if len(speakers[one]) >= HEARD_FROM] for sentences in lists for each in sentences]


def _fitted(turns: Sequence[Turn], lists: list[list[int]], columns: Any, width: int, target: str) -> tuple[Any, float]:
    import numpy as np
    from scipy.sparse import csr_matrix, diags
    from sklearn.linear_model import LogisticRegression

    ends = np.cumsum([0, *map(len, lists)])
    told = csr_matrix((np.ones(ends[-1]), columns, ends), shape=(len(lists), width))
    bag = np.repeat(np.arange(len(turns)), [len(turn.said) for turn in turns])
    right = np.array([turn.row["label"] == target for turn in turns])[bag]
    weight = np.array([turn.weight for turn in turns])[bag]
    heard = np.array([target in each.senses for turn in turns for each in turn.said])
    known = np.zeros(len(turns), dtype=bool)
    np.logical_or.at(known, bag, heard)
    chosen = np.where(right & known[bag], heard, True)
    for _ in range(ROUNDS):
        for_it = 1 + told.T @ (weight * chosen * right)
        against = 1 + told.T @ (weight * chosen * ~right)
        ratio = np.abs(np.log((for_it / for_it.sum()) / (against / against.sum())))
        scaled = (told @ diags(ratio)).tocsr()
        found = LogisticRegression(C=REGULAR, solver="liblinear", tol=1e-2, random_state=0)
        found.fit(scaled[chosen], right[chosen], sample_weight=weight[chosen])
        weights = found.coef_[0] * ratio
        scores = told @ weights + found.intercept_[0]
        best = np.full(len(turns), -np.inf)
        np.maximum.at(best, bag, scores)
        chosen = np.where(right, scores >= best[bag] - 1e-9, True)
    return weights, float(found.intercept_[0])


def _cross_validate(turns: Sequence[Turn], common: frozenset[str], folds: int = 4) -> None:
    """Leave out each speaker of the corpus once, and print shares for several thresholds."""
    corpus = [turn for turn in turns if not turn.row["source"].startswith(("invented", "said"))]
    fixed = [turn for turn in turns if turn.row["source"].startswith(("invented", "said"))]
    sizes = Counter(turn.row["source"] for turn in corpus)
    fold_of, load = {}, [0] * folds
    for source in sorted(sizes, key=lambda each: (-sizes[each], each)):
        fold_of[source] = load.index(min(load))
        load[fold_of[source]] += sizes[source]
    held: list[tuple[Turn, list[tuple[int, int]]]] = []
    for fold in range(folds):
        rest = [turn for turn in corpus if fold_of[turn.row["source"]] != fold]
        raw = _trained([*rest, *fixed], common, {"common": sorted(common)})
        trained = model.unpacked(raw)
        out = [turn for turn in corpus if fold_of[turn.row["source"]] == fold]
        held += [(turn, [trained.weigh(turn.said, at) for at in range(len(turn.said))]) for turn in out]
    for shift in range(-24, 40, 4):
        counts = Counter((turn.row["label"], _kind(scores, shift)) for turn, scores in held)
        labels = Counter(turn.row["label"] for turn, _ in held)
        shares = {
            f"{label} as {kind}": round(100 * counts[label, kind] / labels[label], 1)
            for label in ("stop", "constraint", "ordinary")
            for kind in TARGETS
        }
        print(shift, shares)


def _kind(scores: list[tuple[int, int]], shift: int) -> str:
    found = ""
    for stop, limit in scores:
        if stop - shift > 0 and stop - shift >= limit:
            return "stop"
        if limit > 0:
            found = "constraint"
    return found


if __name__ == "__main__":
    main()
