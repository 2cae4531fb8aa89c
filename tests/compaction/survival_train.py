"""Trains the model of ``compaction/weighed.py`` on all development material, and writes its weights into the package.

``python -m tests.compaction.survival_train`` from the checkout; ``--cross-validate`` only prints how rules are judged that
were left out with their summaries. Needs numpy, scipy and scikit-learn (``pip install --group retrain``).

How: logistic regression over the features of ``compaction/pairs.py``, scaled by naive Bayes log-count ratios (S. Wang, C. D.
Manning, "Baselines and bigrams", ACL 2012). A label belongs to a rule and a whole summary, so the sentence of a lost rule
that the last round thought most of is the one that did it, and the others are left out (multiple-instance learning; Andrews,
Tsochantaridis and Hofmann, NIPS 2002). The remarks of ``survival_remarks.jsonl`` are labelled one by one.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tests.compaction.survival_bank import BANK, Case, harmless, taken_back
from tests.compaction.test_survival_corpus import read

from pinnedrules import packing
from pinnedrules.compaction import weighed
from pinnedrules.compaction.compared import Compared
from pinnedrules.compaction.concerns import Concerns
from pinnedrules.compaction.outline import outline
from pinnedrules.compaction.pairs import apart, pair, related
from pinnedrules.compaction.placed import placed
from pinnedrules.compaction.reading import Reading
from pinnedrules.compaction.survival import judge
from pinnedrules.compaction.wording import words

__all__ = ["PARTS", "WEIGHTS", "digest", "material"]

PARTS = ("train", "train-1b", "train-2", "train-2b")
"""The parts of the corpus that are trained with."""
WEIGHTS = Path(weighed.__file__).with_name("weights.py")
REMARKS = Path(__file__).with_name("survival_remarks.jsonl")
MODULE = '''"""The weights of ``weighed.py``, made by ``python -m tests.compaction.survival_train``: data, not to be edited."""

from __future__ import annotations

__all__ = ["WEIGHTS"]

WEIGHTS = """
{}
"""
'''
KEPT = 90_000
ROUNDS = 3
REGULAR = 0.1
SHOWN_BY = 2
"""Rules beside which a feature must have been seen for it to weigh anything: what only one of them shows is noise."""
ONE = 120
"""What a weight of 1.0 is as a whole number."""
LOOSE = (-0.6,)
AGAINST = (-2.1, 1.1, 1.2)
"""Thresholds, what more it takes to contradict a rule that stands there, and what the words alone add: chosen on rules that
were left out."""
WEIGHT = {"bank": 0.8, "rest": 0.5, "other": 0.8}
"""What a sentence counts, by where it is from; templates are only breadth."""
LOST = ("weakened", "value", "scope")
"""How an altered rule's sentence loosens it; one in other words, or told as somebody else's, need not."""


@dataclass(frozen=True, slots=True)
class Bag:
    """Sentences with one rule, of which one at least did what the label says: 1, 0, or -1 where nothing is known."""

    source: str
    rule: str
    summary: str
    loose: int
    against: int
    sentences: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A summary with the rules that are asked about at once, and what is known of each: (source, loose, against)."""

    summary: str
    rules: tuple[str, ...]
    numbers: tuple[int, ...]
    labels: tuple[tuple[str, int, int], ...]
    said: str = ""
    own: str = ""


def material() -> list[_Asked]:
    """Return all summaries to train on, with their rules and labels."""
    return [*_corpus(), *_remarks(), *_bank()]


def _corpus() -> Iterator[_Asked]:
    for part in PARTS:
        asked: dict[str, list[dict[str, str]]] = {}
        for row in read(part):
            asked.setdefault(row["summary"], []).append(row)
        for summary, rows in asked.items():
            labels = tuple((part, _loose(row, summary), int(row["label"] == "contradicted")) for row in rows)
            yield _Asked(summary, tuple(row["rule"] for row in rows), (), labels)


def _loose(row: dict[str, str], summary: str) -> int:
    if row["label"] in ("kept", "dropped"):
        return 0
    lost = row["label"] == "contradicted" or row["how"] in LOST or row["rule"].rstrip(".") in summary
    return 1 if lost and row["label"] != "unsure" else -1


def _remarks() -> Iterator[_Asked]:
    """Yield the remarks, put into summaries with their rules, beside the rule or away from it.

    Each is known for its rule, and leaves the others alone unless it sweeps.
    """
    calm = BANK["harmless"]
    for at, line in enumerate(REMARKS.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        rules = [*row["others"]]
        rules.insert(row["number"] - 1, row["rule"])
        known = "remark", int(row["effect"] != "none"), int(row["effect"] == "takes-back")
        rest = ("other", 0, 0) if known[1] and not row.get("sweeping") else ("other", -1, -1)
        labels = tuple(known if rule == row["rule"] else rest for rule in rules)
        summary = _put(rules, row["number"], row["sentence"], row.get("heading", ""), at)
        yield _Asked(summary, tuple(rules), (), labels, row["sentence"])
        if at % 6 == 0:
            one = calm[at // 6 % len(calm)]
            none = tuple(("calm", 0, 0) for _ in rules)
            yield _Asked(_put(rules, row["number"], one, "", at // 6), tuple(rules), (), none, one)


def _put(rules: Sequence[str], number: int, sentence: str, heading: str, at: int) -> str:
    """Return a summary with a sentence in it: under a heading of its own, in a list or in a paragraph."""
    before, after = rules[:number], rules[number:]
    if heading:
        return "## Rules\n" + "\n".join(f"- {rule}" for rule in rules) + f"\n\n## {heading}\n- {sentence}"
    match at % 6:
        case 0:
            return "Rules:\n" + "\n".join(f"- {rule}" for rule in (*before, sentence, *after))
        case 1:
            return " ".join((*before, sentence, *after))
        case 2:
            return f"{sentence}\n\n" + "\n".join(f"{at}. {rule}" for at, rule in enumerate(rules, 1))
        case 3:
            return " ".join(rules) + f"\n\n{sentence}"
        case _:
            return "## Rules\n" + "\n".join(f"- {rule}" for rule in rules) + f"\n\n## State\n- {sentence}"


def _bank() -> Iterator[_Asked]:
    for number, case in enumerate(chain(taken_back(), islice(harmless(), 0, None, 7))):
        lost = int(case.label != "kept")
        yield _case(case, ("bank", lost, int(case.label == "contradicted")), case.remark)
        if number % 5 == 0:
            yield _case(case, ("rest", 0, 0), "")


def _case(case: Case, known: tuple[str, int, int], remark: str) -> _Asked:
    labels = tuple(known if number == case.asked else ("", -1, -1) for number in range(len(case.rules)))
    return _Asked(case.summary, case.rules, (), labels, remark, case.remark)


def bags(asked: _Asked) -> Iterator[Bag]:
    """Yield the features of a summary's sentences, for each rule of which something is known."""
    reading = Reading(outline(asked.summary), plain=True)
    rules = [words(rule) for rule in asked.rules]
    places = placed([("", rule) for rule in rules], reading.outline)
    reading.stated(places)
    compared = Compared(reading, rules, places, Concerns(rules, reading.outline.sentences), asked.numbers)
    said, own = (frozenset(words(text.replace("_", " ")).folded) for text in (asked.said, asked.own))
    for number, (source, loose, against) in enumerate(asked.labels):
        if loose < 0 and against < 0:
            continue
        found = []
        for at, one, rule, near in compared.of(number):
            of_it = _mostly(reading.outline.sentences[at].folded, said or own)
            if (said and not of_it) or (own and not said and of_it):
                continue
            told = pair(one, rule, near) if related(one, rule, near) else apart(one, near)
            found.append(tuple(sorted(set(map(packing.hashed, chain(one.plain, told))))))
        if found:
            yield Bag(source, asked.rules[number], asked.summary, loose, against, tuple(found))


def _mostly(folded: Sequence[str], said: frozenset[str]) -> bool:
    """Say whether a sentence has mostly words of a text."""
    mine = set(folded)
    return 5 * len(mine & said) >= 3 * len(mine)


def digest(rows: Sequence[_Asked]) -> str:
    """Return a hash of what weights are made from: the rows, this script, and the features of every fiftieth row."""
    whole = hashlib.sha256(Path(__file__).read_bytes())
    for row in rows:
        whole.update(repr((row.summary, row.rules, row.labels)).encode())
    for row in rows[::50]:
        for bag in bags(row):
            whole.update(repr(bag.sentences).encode())
    return whole.hexdigest()


def main() -> None:
    """Train, or cross-validate."""
    rows = material()
    found = [bag for row in rows for bag in bags(row)]
    if "--cross-validate" in sys.argv:
        _cross_validate(found)
        return
    told = {"digest": digest(rows), "rows": len(rows)}
    WEIGHTS.write_text(MODULE.format(trained(found, told)), encoding="ascii")
    print(WEIGHTS.name, WEIGHTS.stat().st_size, "bytes")


def trained(found: Sequence[Bag], told: dict[str, Any]) -> str:
    """Return the text of ``weights.py`` for these bags."""
    import numpy as np

    lists = _known(found)
    names, columns = np.unique(np.concatenate([np.array(each, dtype=int) for each in lists]), return_inverse=True)
    fitted = [_fitted(found, lists, columns, len(names), target) for target in ("loose", "against")]
    largest = np.max(np.abs([weights for weights, _ in fitted]), axis=0)
    whole = [np.clip(np.rint(weights * ONE), -127, 127).astype(int) for weights, _ in fitted]
    kept = np.argsort(-largest, kind="stable")[:KEPT]
    rows = [(int(names[at]), int(whole[0][at]), int(whole[1][at])) for at in kept if whole[0][at] or whole[1][at]]
    for target, (_, start), least in zip(("loose", "against"), fitted, (LOOSE, AGAINST), strict=True):
        told = {**told, target: [round(value * ONE) for value in (start, *least)]}
    return packing.packed(rows, told)


def _known(found: Sequence[Bag]) -> list[tuple[int, ...]]:
    """Return the features of each sentence that were seen beside more than one rule."""
    beside: dict[int, set[str]] = {}
    for bag in found:
        for feature in chain.from_iterable(bag.sentences):
            beside.setdefault(feature, set()).add(bag.rule)
    return [tuple(one for one in each if len(beside[one]) >= SHOWN_BY) for bag in found for each in bag.sentences]


def _fitted(
    found: Sequence[Bag], lists: list[tuple[int, ...]], columns: Any, width: int, target: str
) -> tuple[Any, float]:
    import numpy as np
    from scipy.sparse import csr_matrix, diags
    from sklearn.linear_model import LogisticRegression

    ends = np.cumsum([0, *map(len, lists)])
    told = csr_matrix((np.ones(ends[-1]), columns, ends), shape=(len(lists), width))
    sizes = np.array([len(bag.sentences) for bag in found])
    bag = np.repeat(np.arange(len(found)), sizes)
    label = np.array([getattr(each, target) for each in found])[bag]
    right, known = label == 1, label >= 0
    weight = np.array([WEIGHT.get(each.source, 1.0) for each in found])[bag]
    weights, start = np.zeros(width), 0.0
    chosen, now = known, np.where(right, weight / sizes[bag], weight)
    for _ in range(ROUNDS):
        for_it = 1 + told.T @ (now * (chosen & right))
        against = 1 + told.T @ (now * (known & ~right))
        ratio = np.abs(np.log((for_it / for_it.sum()) / (against / against.sum())))
        scaled = (told @ diags(ratio)).tocsr()
        model = LogisticRegression(C=REGULAR, solver="liblinear", tol=1e-2, random_state=0)
        model.fit(scaled[chosen], right[chosen], sample_weight=now[chosen])
        weights, start = model.coef_[0] * ratio, float(model.intercept_[0])
        scores = told @ weights + start
        best = np.full(len(found), -np.inf)
        np.maximum.at(best, bag, scores)
        chosen, now = known & (~right | (scores >= best[bag] - 1e-9)), weight
    return weights, start


def _folds(found: Sequence[Bag], folds: int) -> dict[str, int]:
    """Put rules into folds so that no summary and no rule is in two."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while above.setdefault(name, name) != name:
            name = above[name]
        return name

    for bag in found:
        above[top("s " + bag.summary)] = top("r " + bag.rule)
    sizes = Counter(top("r " + bag.rule) for bag in found)
    fold_of, load = {}, [0] * folds
    for name in sorted(sizes, key=lambda each: (-sizes[each], each)):
        fold_of[name] = load.index(min(load))
        load[fold_of[name]] += sizes[name]
    return {bag.rule: fold_of[top("r " + bag.rule)] for bag in found}


def _cross_validate(found: Sequence[Bag], folds: int = 6) -> None:
    """Leave out each rule once with its summaries, and print what the judge says of them for several thresholds."""
    fold_of = _folds(found, folds)
    models = []
    for fold in range(folds):
        weights, told = packing.unpacked(trained([bag for bag in found if fold_of[bag.rule] != fold], {}))
        models.append(weighed.Model(weights, tuple(told["loose"]), tuple(told["against"]), told))
    for loose in (-0.8, -0.4, -0.2, 0.0, 0.2, 0.4):
        for part in PARTS:
            print(f"loose {LOOSE[0] + loose:+.1f}", part, dict(_judged(part, models, fold_of, loose, 0.0)))
    for against in (-0.4, 0.0, 0.4):
        for part in PARTS:
            print(f"against {AGAINST[0] + against:+.1f}", part, dict(_judged(part, models, fold_of, 0.0, against)))


def _judged(
    part: str, models: Sequence[weighed.Model], fold_of: dict[str, int], loose: float, against: float
) -> Counter[str]:
    counts: Counter[str] = Counter()
    asked: dict[str, list[dict[str, str]]] = {}
    for row in read(part):
        asked.setdefault(row["summary"], []).append(row)
    for summary, rows in asked.items():
        used = models[fold_of[rows[0]["rule"]]]
        model = weighed.Model(
            used.weights,
            (used.loose[0], used.loose[1] + round(loose * ONE)),
            (used.against[0], used.against[1] + round(against * ONE), *used.against[2:]),
            {},
        )
        for row, one in zip(rows, judge([(row["id"], row["rule"]) for row in rows], summary, model), strict=True):
            kept, lost = row["label"] == "kept", row["label"] == "contradicted"
            counts[f"{row['how'] if kept else 'contradicted' if lost else 'others'}"] += 1
            if one.fate == "kept":
                counts[f"{row['how']} certified" if kept else "FALSE"] += 1
            if one.fate == "contradicted":
                counts["found" if lost else "wrongly contradicted"] += 1
    return counts


if __name__ == "__main__":
    main()
