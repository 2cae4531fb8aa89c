"""Runs many episodes on all cores, tells how far it is, and goes on where an earlier run stopped.

Each outcome is one JSON line, appended when it is there; a run that finds lines of the same suite in its file skips their
episodes. Lines of another suite are refused: figures of two suites are not to be mixed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pinnedrules.bench.compactors import Compactor, named
from pinnedrules.bench.episode import Live, run_episode
from pinnedrules.bench.model import Call, Episode, Outcome
from pinnedrules.bench.suite import Suite, SuiteError, load

__all__ = ["outcome_from", "read", "run_all"]


def run_all(
    episodes: Sequence[Episode],
    suite: Path,
    results: Path,
    *,
    live: Live | None = None,
    workers: int = 0,
    progress: Callable[[int, int, Outcome], None] = lambda done, of, outcome: None,
) -> list[Outcome]:
    """Run what *results* does not have yet and return all outcomes of *episodes*, in their order.

    *workers* processes, by default one a core; one runs them here. Raises SuiteError for results of another suite.
    """
    had = read(results, load(suite).sha256)
    missing = [episode for episode in episodes if episode.key not in had]
    done = len(episodes) - len(missing)
    with results.open("a", encoding="utf-8") as lines:
        for outcome in _outcomes(missing, suite, live, workers or os.cpu_count() or 1):
            lines.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
            lines.flush()
            had[outcome.episode.key] = outcome
            done += 1
            progress(done, len(episodes), outcome)
    return [had[episode.key] for episode in episodes]


def read(results: Path, suite: str) -> dict[str, Outcome]:
    """Return the outcomes in *results* by their episode's key; a line that was cut off is left out. Raises SuiteError."""
    found: dict[str, Outcome] = {}
    if not results.exists():
        return found
    for line in results.read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue  # the run was stopped while it wrote this line
        outcome = outcome_from(said)
        if outcome.suite != suite:
            raise SuiteError(
                f"{results.name} has results of the suite {outcome.suite[:12]}, this one is {suite[:12]}; name another file"
            )
        found[outcome.episode.key] = outcome
    return found


def outcome_from(said: dict[str, Any]) -> Outcome:
    """Return the outcome that one line says."""
    return Outcome(
        **{
            **said,
            "episode": Episode(**said["episode"]),
            "survived": tuple(said["survived"]),
            "violations": tuple(Call(one["name"], one["arguments"]) for one in said["violations"]),
        }
    )


def _outcomes(episodes: Sequence[Episode], suite: Path, live: Live | None, workers: int) -> Iterator[Outcome]:
    if workers == 1 or len(episodes) < 2 * workers:
        loaded = load(suite)
        for episode in episodes:
            yield _one(episode, loaded, live)
        return
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(suite, live)) as pool:
        waiting = [pool.submit(_there, episode) for episode in episodes]
        for ready in as_completed(waiting):
            yield ready.result()


_HERE: dict[str, Any] = {}


def _begin(suite: Path, live: Live | None) -> None:
    _HERE.update(suite=load(suite), live=live)


def _there(episode: Episode) -> Outcome:
    return _one(episode, _HERE["suite"], _HERE["live"])


def _one(episode: Episode, suite: Suite, live: Live | None) -> Outcome:
    return run_episode(episode, suite, compactor=_own(episode), live=live)


def _own(episode: Episode) -> Compactor | None:
    return named(episode.compactor) if ":" in episode.compactor else None
