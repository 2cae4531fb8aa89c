"""Counts what each judge said of each kind of compaction, and writes the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from benchmarks.survival.yardstick.sessions import Case

__all__ = ["JUDGES", "Counts", "counted", "markdown", "survived"]

Counts: TypeAlias = dict[str, dict[str, dict[str, dict[str, int]]]]
"""By source of the sessions, what is left of the rule, and judge: how often it said what."""

JUDGES = ("pinnedrules", "compaction-guard", "compaction-conformance-kit", "the suite's marks")
_SAYS = ("kept", "not kept", "unsure")
_DISPUTED = ("stands in part", "older value too")
"""What may or may not do: nobody is right or wrong there."""
_LEFT = {
    "stands": "all that obliges stands, word for word",
    "stands in part": "a part of it, or a sentence much like it",
    "looser": "a looser word in it (`only` became `usually`)",
    "gone": "nothing",
    "taken back": "it stands, and a later sentence takes it back",
    "older value too": "it stands, and so does a value that it replaced",
}
_SOURCES = {"suite": "our suite, built-in compactors", "kit": "the kit's own sessions and compactors"}

# Read off the cases behind the counts. A reason is printed where the cell has something to explain.
_REASONS = {
    ("suite", "stands", "pinnedrules"): (
        "ours doubts a rule where any other line could be said of it: here mostly `Done with that.`, which these agents say "
        "after each step; it takes some orders of the task for contradictions, and certifies no rule that was put as a "
        "question. It was made and trained with summaries, not with histories that were cut. Both packages are right more "
        "often here."
    ),
    ("suite", "stands", "compaction-guard"): (
        "compaction-guard does not decide where the courtesies around the rule are missing."
    ),
    ("suite", "looser", "compaction-guard"): (
        "compaction-guard calls a rule preserved that says `only` or `at most` twice, when one of the two became looser."
    ),
    ("suite", "looser", "compaction-conformance-kit"): (
        "the kit finds its tokens anywhere in the context, so also those that the rule has twice."
    ),
    ("suite", "looser", "the suite's marks"): (
        "the suite's marks ask whether a passage names what the rule speaks of and one word that obliges, not how strictly."
    ),
    ("suite", "gone", "pinnedrules"): (
        "ours says unsure where other sentences share words with the rule; the kit, which asks for tokens only, is right "
        "more often."
    ),
    ("suite", "gone", "compaction-guard"): (
        "compaction-guard does not decide where words of the rule stand in other sentences."
    ),
    ("suite", "taken back", "compaction-guard"): (
        "compaction-guard looks for the rule, not for what is said against it; its README says that contradictions need the "
        "extra with a model, which was not run here."
    ),
    ("suite", "taken back", "compaction-conformance-kit"): "the kit looks for tokens, and they are all there.",
    ("suite", "taken back", "the suite's marks"): (
        "the suite's marks say what an agent can read, and are no judge of what else it reads."
    ),
    ("kit", "stands", "pinnedrules"): (
        "the kit's compactors leave a transcript in one text (`[user] ...`), whose lines ours runs together, and other rules "
        "and values beside a rule, which it takes for remarks on it. Both packages are right more often."
    ),
    ("kit", "gone", "pinnedrules"): "ours says unsure where other sentences share words with the rule.",
    ("kit", "gone", "compaction-guard"): (
        "compaction-guard does not decide where words of the rule stand in other sentences."
    ),
    ("kit", "gone", "compaction-conformance-kit"): (
        "a canary whose only token is a code counts as held when another rule names the same code."
    ),
    ("kit", "older value too", "compaction-guard"): (
        "both packages say kept; the kit's diagnosis names the older value, its score does not. Nobody is counted wrong here."
    ),
}


def counted(cases: Sequence[Case], said: Mapping[str, Sequence[str]]) -> Counts:
    """Count by source, by what is left, and by judge. An empty answer is that of a judge who was not asked."""
    found: Counts = {}
    for judge, answers in said.items():
        for case, answer in zip(cases, answers, strict=True):
            if answer:
                cell = found.setdefault(case.source, {}).setdefault(case.truth, {}).setdefault(judge, {})
                cell[answer] = cell.get(answer, 0) + 1
    return found


def survived(cases: Sequence[Case], said: Mapping[str, Sequence[str]]) -> dict[str, dict[str, int]]:
    """Return for each built-in compactor and number of rounds: how many sessions, in how many the rule stands, and how
    often each judge says so. Sessions with a rule taken back are left out: no compactor did that."""
    found: dict[str, dict[str, int]] = {}
    for at, case in enumerate(cases):
        if case.source == "suite" and case.truth != "taken back":
            row = found.setdefault(f"{case.compactor}, {case.round}", {"sessions": 0, "stands": 0})
            row["sessions"] += 1
            row["stands"] += case.truth == "stands"
            for judge, answers in said.items():
                row[judge] = row.get(judge, 0) + (answers[at] == "kept")
    return found


def markdown(found: Mapping[str, Any]) -> str:
    """Return the page."""
    counts: Counts = found["counts"]
    judges = [name for name in JUDGES if any(name in cells for left in counts.values() for cells in left.values())]
    versions = [found["judges"].get(name, name).replace("==", " ") for name in judges]
    suite = found["suite"]
    lines = [
        "# Judges of a compaction, beside each other",
        "",
        f"Suite {suite['version']}, sha256 `{suite['sha256'][:12]}`, seed {found['seed']}, "
        f"judge `{found['judge_sha256'][:12]}`, {found['kit_sessions']} sessions of the kit. "
        "Each cell: kept / not kept / does not say. **Bold**: most right answers "
        "less wrong ones. What is left of a rule is known by construction, not by a judge.",
        "",
        f"| sessions | what is left of the rule | number | {' | '.join(versions)} |",
        f"|---|---|---|{'---|' * len(judges)}",
    ]
    for source, title in _SOURCES.items():
        for left, words in _LEFT.items():
            if cells := counts.get(source, {}).get(left):
                lines.append(f"| {title} | {words} | {_row(left, cells, judges)} |")
    lines += ["", *_sums(counts, judges), *(f"- Not run: {name}: {why}" for name, why in found["not_run"].items())]
    lines += ["", "## Whether the rule survived, by compactor", "", "How often each judge says kept."]
    lines += [
        "",
        f"| compactor, rounds | sessions | stands | {' | '.join(versions)} |",
        f"|---|---|---|{'---|' * len(judges)}",
    ]
    for name, row in found["survived"].items():
        lines.append(
            f"| {name} | {row['sessions']} | {row['stands']} | {' | '.join(str(row[one]) for one in judges)} |"
        )
    lines += ["", "## Why they differ", ""]
    for (source, left, judge), why in _REASONS.items():
        cell = counts.get(source, {}).get(left, {}).get(judge, {})
        if sum(cell.values()) > cell.get("kept" if left == "stands" else "not kept", 0):
            lines.append(f"- {_SOURCES[source]}, {left}: {why}")
    return "\n".join(lines) + "\n"


def _row(left: str, cells: Mapping[str, Mapping[str, int]], judges: Sequence[str]) -> str:
    right, wrong = ("kept", "not kept") if left == "stands" else ("not kept", "kept")
    points = {name: cell.get(right, 0) - cell.get(wrong, 0) for name, cell in cells.items()}
    row = [str(sum(next(iter(cells.values())).values()))]
    for name in judges:
        cell = cells.get(name, {})
        text = " / ".join(str(cell.get(word, 0)) for word in _SAYS) if cell else "-"
        bold = left not in _DISPUTED and points.get(name) == max(points.values())
        row.append(f"**{text}**" if bold else text)
    return " | ".join(row)


def _sums(counts: Counts, judges: Sequence[str]) -> list[str]:
    """Say for each judge how much of what stands it certified, and how often it certified what does not."""
    lines = []
    for source, title in _SOURCES.items():
        for name in judges:
            cells = {left: cell[name] for left, cell in counts.get(source, {}).items() if name in cell}
            if not cells:
                continue
            stands = cells.get("stands", {})
            others = [cell for left, cell in cells.items() if left not in ("stands", *_DISPUTED)]
            wrong, of = sum(cell.get("kept", 0) for cell in others), sum(sum(cell.values()) for cell in others)
            said = f"{stands.get('kept', 0)} of {sum(stands.values())} that stand, {wrong} of {of} that do not"
            lines.append(f"- {title}, kept according to {name}: {said}.")
    return lines
