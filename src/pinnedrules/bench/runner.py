"""Runs many episodes on all cores, tells how far it is, and goes on where an earlier run stopped.

Each outcome is one JSON line, appended when it is there; a run that finds lines of the same suite in its file skips their
episodes. Lines of another suite are refused: figures of two suites are not to be mixed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pinnedrules.bench.compactors import Compactor, named
from pinnedrules.bench.episode import Live, run_episode
from pinnedrules.bench.filler import with_data
from pinnedrules.bench.model import Call, Episode, Outcome
from pinnedrules.bench.suite import Suite, SuiteError, load

__all__ = ["Live", "estimated", "outcome_from", "read", "run_all"]

_SAMPLE = 12
_ANSWER = 120
"""Output tokens of an ordinary answer with a call: an assumption, said as such in the estimate's help."""


def run_all(
    episodes: Sequence[Episode],
    suite: Path,
    results: Path,
    *,
    live: Live | None = None,
    data: Path | None = None,
    workers: int = 0,
    progress: Callable[[int, int, Outcome], None] = lambda done, of, outcome: None,
) -> list[Outcome]:
    """Run what *results* does not have yet and return all outcomes of *episodes*, in their order.

    *data* has transcripts to fill conversations with (see ``filler``). *workers* processes, by default one a core; one
    runs them here. Raises SuiteError for results of another suite.
    """
    had = read(results, load(suite).sha256)
    missing = [episode for episode in episodes if episode.key not in had]
    done = len(episodes) - len(missing)
    with results.open("a", encoding="utf-8") as lines:
        for outcome in _outcomes(missing, _Material(suite, data, live), workers or os.cpu_count() or 1):
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


def estimated(episodes: Sequence[Episode], suite: Path) -> tuple[int, int, int]:
    """Return requests, input tokens and output tokens of *episodes*, from a sample of them played with a scripted agent."""
    loaded = load(suite)
    sample = [replace(episode, agent="obeys") for episode in episodes[:: max(1, len(episodes) // _SAMPLE)]]
    played = [run_episode(episode, loaded, compactor=_own(episode)) for episode in sample]
    factor = len(episodes) / max(1, len(played))
    requests = sum(outcome.requests for outcome in played) * factor
    return round(requests), round(sum(outcome.sent for outcome in played) * factor), round(requests * _ANSWER)


@dataclass(frozen=True, slots=True)
class _Material:
    """What every process of a run needs."""

    suite: Path
    data: Path | None
    live: Live | None

    def loaded(self) -> Suite:
        suite = load(self.suite)
        return with_data(suite, self.data) if self.data is not None else suite


def _outcomes(episodes: Sequence[Episode], material: _Material, workers: int) -> Iterator[Outcome]:
    if workers == 1 or len(episodes) < 2 * workers:
        suite = material.loaded()
        for episode in episodes:
            yield run_episode(episode, suite, compactor=_own(episode), live=material.live)
        return
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(material,)) as pool:
        waiting = [pool.submit(_there, episode) for episode in episodes]
        for ready in as_completed(waiting):
            yield ready.result()


_HERE: dict[str, Any] = {}


def _begin(material: _Material) -> None:
    _HERE.update(suite=material.loaded(), live=material.live)


def _there(episode: Episode) -> Outcome:
    return run_episode(episode, _HERE["suite"], compactor=_own(episode), live=_HERE["live"])


def _own(episode: Episode) -> Compactor | None:
    return named(episode.compactor, seed=episode.seed, hard=episode.hard) if ":" in episode.compactor else None
