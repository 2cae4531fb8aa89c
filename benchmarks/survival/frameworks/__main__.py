"""What real compactors leave of a rule: ``python -m benchmarks.survival.frameworks [name ...]`` writes results.json and .md.

Measured are the frameworks whose environments are there (``make frameworks``); rows of others stay as they were, if they are
of the same suite. For every family of the suite a conversation of five rounds is held, with the rule in the system prompt, in
the first user turn, or in a turn in the middle of the first round. Each round brings about 100 messages of long work and a
step of the task, and ends with a compaction. No agent, no guard: only what the next request would hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.survival.frameworks.install import known
from pinnedrules.bench.agents import survival
from pinnedrules.bench.compactors import CompactorError, compacted
from pinnedrules.bench.framework import Framework, close_all, installed
from pinnedrules.bench.model import Family, Message, Place
from pinnedrules.bench.scribe import Scribe
from pinnedrules.bench.shown import Keeper, Summariser
from pinnedrules.bench.suite import Suite, load

__all__ = ["main", "measured", "table"]

HERE = Path(__file__).resolve().parent
BUDGET = 16
ROUNDS = 5
PIECES = 3
"""Pieces of long work in each half of a round: about 100 messages and 5,500 tokens between two compactions."""
TOLD = (1, 3, 5)
PLACES: tuple[Place, ...] = ("system", "first-turn", "middle")
SUMMARISERS = ("faithful", "lossy")
_SHORT = {"verbatim": "v", "in words": "w", "gone": "g"}


def measured(name: str, suite: Suite, seed: int = 1) -> list[dict[str, Any]]:
    """Return the rows of one framework. Raises CompactorError."""
    about = Framework(name, lambda told: Keeper()).about
    rows: list[dict[str, Any]] = []
    for way in about["ways"]:
        first = {"framework": name, "package": about["package"], "version": about["version"], "way": way}
        for summariser in SUMMARISERS:
            places: dict[str, Any] = {}
            asked = False
            for place in PLACES:
                found: dict[int, Counter[str]] = {number: Counter() for number in TOLD}
                for family in suite.families.values():
                    if place in family.places:
                        left, called = _held(f"{name}/{way}", family, place, summariser, suite, seed)
                        asked = asked or called
                        for number in TOLD:
                            found[number][left[number - 1]] += 1
                places[place] = {str(number): dict(sorted(counts.items())) for number, counts in found.items()}
            rows.append({**first, "summariser": summariser if asked else "none", "places": places})
            print(f"{name}/{way} {rows[-1]['summariser']}", file=sys.stderr, flush=True)
            if not asked:
                break
    return rows


def _held(name: str, family: Family, place: Place, summariser: str, suite: Suite, seed: int) -> tuple[list[str], bool]:
    """Hold one conversation. Returns what was left of the rule after each round, and whether a summariser was asked."""
    number = list(suite.families).index(family.id)
    wording = family.wordings[number % len(family.wordings)]
    asked: list[int] = []

    def scribe(told: bool) -> Summariser:
        kept = (
            Keeper([wording]) if summariser == "faithful" else Scribe(told=told, hard=False, seed=100 * seed + number)
        )
        return _Counted(kept, asked)

    compactor = Framework(name, scribe)
    left: list[str] = []
    messages: list[Message] = [
        {"role": "system", "content": family.system + (f"\n{wording}" if place == "system" else "")},
        {"role": "user", "content": family.task + (f"\n{wording}" if place == "first-turn" else "")},
        {"role": "assistant", "content": "I will begin."},
    ]
    for turn, work in enumerate(_work(family, suite)):
        messages += work[0]
        if place == "middle" and turn == 0:
            messages += [{"role": "user", "content": f"One more thing. {wording}"}]
            messages += [{"role": "assistant", "content": "Understood."}]
        messages += work[1]
        messages = compacted(compactor, messages, BUDGET)
        left.append(survival(family, [str(message.get("content") or "") for message in messages]))
    return left, bool(asked)


class _Counted:
    """A summariser that notes that it was asked."""

    def __init__(self, summariser: Summariser, asked: list[int]) -> None:
        self._summariser = summariser
        self._asked = asked

    def summary(self, messages: Any) -> str:
        self._asked.append(len(messages))
        return self._summariser.summary(messages)


def _work(family: Family, suite: Suite) -> Iterator[tuple[list[Message], list[Message]]]:
    """Yield what is done in each round, in two halves."""
    for number in range(ROUNDS):
        step = family.steps[number % len(family.steps)]
        call = {"id": f"call_step_{number}", "type": "function"}
        function = {"name": step.call.name, "arguments": json.dumps(dict(step.call.arguments))}
        first = number * 2 * PIECES
        pieces = [suite.filler[at % len(suite.filler)] for at in range(first, first + 2 * PIECES)]
        halves = [list(chain(*pieces[:PIECES])), list(chain(*pieces[PIECES:]))]
        halves[1] += [
            {"role": "user", "content": f"Go on with step {number + 1}."},
            {"role": "assistant", "content": None, "tool_calls": [{**call, "function": function}]},
            {"role": "tool", "tool_call_id": call["id"], "content": step.result},
            {"role": "assistant", "content": "Done with that."},
        ]
        yield halves[0], halves[1]


def table(said: dict[str, Any]) -> str:
    """Return *said* as Markdown."""
    lines = [
        "# What real compactors leave of a rule",
        "",
        f"Suite {said['suite']['version']}, sha256 `{said['suite']['sha256'][:12]}`, {said['families']} families, seed "
        f"{said['seed']}, {said['budget']} messages may be left. After rounds 1 / 3 / 5; where families differ, how many: v "
        "(verbatim), w (in words), g (gone). *faithful*: the summariser keeps the rule whenever it is shown it; *lossy*: the "
        "benchmark's scribe; *none*: the compactor asks no summariser.",
        "",
        "| compactor | summariser | in the system prompt | in the first turn | in the middle |",
        "|---|---|---|---|---|",
    ]
    for row in said["rows"]:
        cells = [" / ".join(_cell(row["places"][place][str(number)]) for number in TOLD) for place in PLACES]
        name = f"{row['package']} {row['version']}, {row['way']}"
        lines.append(f"| {name} | {row['summariser']} | {' | '.join(cells)} |")
    for name, why in sorted(said["failed"].items()):
        lines += ["", f"Not measured: {name}: {why}"]
    return "\n".join([*lines, ""])


def _cell(counts: dict[str, int]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    return " ".join(f"{counts[word]}{short}" for word, short in _SHORT.items() if word in counts)


def main(words: list[str]) -> int:
    """Measure and write. Returns 1 when a framework failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.survival.frameworks", description=__doc__)
    parser.add_argument("names", nargs="*", help="frameworks, by default all that are installed")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for results.json and results.md")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(words)
    suite = load()
    kept = _former(arguments.out / "results.json", suite, arguments.seed)
    failed: dict[str, str] = {}
    for name in arguments.names or filter(installed, known()):
        try:
            rows = measured(name, suite, arguments.seed)
        except CompactorError as error:
            failed[name] = str(error)
            continue
        finally:
            close_all()
        kept = sorted([row for row in kept if row["framework"] != name] + rows, key=lambda row: str(row["framework"]))
        said = {
            "suite": {"version": suite.version, "sha256": suite.sha256},
            "families": len(suite.families),
            "seed": arguments.seed,
            "budget": BUDGET,
            "rows": kept,
            "failed": failed,
        }
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "results.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        (arguments.out / "results.md").write_text(table(said), encoding="utf-8")
    for name, why in failed.items():
        print(f"{name}: {why}", file=sys.stderr)
    return 1 if failed else 0


def _former(path: Path, suite: Suite, seed: int) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    same = (said["suite"]["sha256"], said["seed"], said["budget"]) == (suite.sha256, seed, BUDGET)
    return list(said["rows"]) if same else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
