"""Judges the same compactions with our judge, compaction-guard and compaction-conformance-kit; writes results.json and .md.

::

    python -m benchmarks.survival.yardstick [--wordings 4] [--seed 1] [--kit-sessions FILE] [--results FOLDER]

The two packages are installed from the package index into environments of their own, the first time. One that cannot be
installed is left out, and the table says why. *FILE* has sessions that the kit generated (JSON lines, also gzipped:
``turns`` and ``truth``); only counts of them are written.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.decide.peers import Engine, Skipped, environment
from benchmarks.survival.yardstick.sessions import ROUNDS, Case, kit_cases, suite_cases
from benchmarks.survival.yardstick.table import counted, markdown, survived
from pinnedrules.bench.suite import load
from pinnedrules.compaction import survival

__all__ = ["main"]

_HERE = Path(__file__).resolve().parent
_PEERS = _HERE.parents[2] / ".venv-peers"
_SECONDS = 1800
GUARD = Engine("compaction-guard", "compaction_guard", "compaction-guard==0.1.0")
KIT = Engine("compaction-conformance-kit", "conformance_kit", "compaction-conformance-kit==0.8.0")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, let all judge, and write what they said. Returns 0."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.survival.yardstick", description=__doc__.splitlines()[0])
    made.add_argument("--wordings", type=int, default=4, help="of each family, from the first one")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--kit-sessions", type=Path, metavar="FILE")
    made.add_argument("--results", type=Path, metavar="FOLDER", default=_HERE)
    options = made.parse_args(arguments)
    suite = load()
    missing: dict[str, str] = {}
    cases = list(suite_cases(suite, options.wordings, options.seed))
    sessions = 0
    if options.kit_sessions is not None:
        try:
            kits = _read(options.kit_sessions)
            contexts = _told(KIT, [json.dumps({"turns": one["turns"], "rounds": ROUNDS}) for one in kits], "compact")
            for session, left in zip(kits, contexts, strict=True):
                cases += kit_cases(session, left)
            sessions = len(kits)
        except Skipped as problem:
            missing["the kit's sessions"] = str(problem)
    lines = [case.line for case in cases]
    said: dict[str, list[str]] = {"pinnedrules": [_ours(case) for case in cases]}
    with ThreadPoolExecutor(2) as pool:
        waiting = {engine.name: pool.submit(partial(_told, engine, lines)) for engine in (GUARD, KIT)}
        for name, answers in waiting.items():
            try:
                said[name] = [answer["said"] for answer in answers.result()]
            except Skipped as problem:
                missing[name] = str(problem)
    said["the suite's marks"] = [_marked(case) for case in cases]
    found: dict[str, Any] = {
        "suite": {"version": suite.version, "sha256": suite.sha256},
        "judge_sha256": _digest(),
        "seed": options.seed,
        "judges": {engine.name: engine.package for engine in (GUARD, KIT) if engine.name in said},
        "not_run": missing,
        "kit_sessions": sessions,
        "counts": counted(cases, said),
        "survived": survived(cases, said),
    }
    _write(found, options.results)
    return 0


def _digest() -> str:
    """Return the SHA-256 of our judge's sources."""
    sources = sorted(Path(survival.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _ours(case: Case) -> str:
    """Judge with all rules of the session, as the gate does: what another rule says is no objection to this one."""
    others = [(f"other {at}", text) for at, text in enumerate(case.others)]
    found = survival.judge([("rule", case.rule), *others], case.text)[0]
    return {"kept": "kept", "unsure": "unsure"}.get(found.fate, "not kept")


def _marked(case: Case) -> str:
    return "" if case.marks is None else "not kept" if case.marks == "gone" else "kept"


def _told(engine: Engine, lines: Sequence[str], *words: str) -> list[Any]:
    """Return what a judge answers to each line, from its own environment. Raises Skipped."""
    python = environment(engine, _PEERS)
    command = [str(python), "-I", str(_HERE / "judges" / f"{engine.file}.py"), *words]
    ran = subprocess.run(
        command, input="\n".join(lines), capture_output=True, encoding="utf-8", check=False, timeout=_SECONDS
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    if ran.returncode or len(answers) != len(lines):
        raise Skipped(f"ended: {(ran.stderr.strip().splitlines() or ['without a word'])[-1]}")
    return answers


def _read(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return [json.loads(line) for line in text.decode("utf-8").splitlines()]


def _write(found: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = markdown(found)
    (folder / "results.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
