"""What the demo says at the end: the evidence checked, the overhead measured, everything as one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pinnedrules.demo.arms import Result
from pinnedrules.tokens import count

__all__ = ["Evidence", "Overhead", "as_json", "check_evidence", "measure"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The log of the run as the verifier finds it. ``verdict`` is never just "ok"; ``excludes`` says what
    it cannot show.
    """

    lanes: int
    records: int
    whole: bool
    verdict: str
    excludes: str


@dataclass(frozen=True, slots=True)
class Overhead:
    """What the guard cost in one incident of this run.

    ``plain_ms`` and ``guarded_ms`` are the medians of what the same loop with the same model waited for one answer, without a
    guard and with pin and gate; ``block_tokens`` is what the rules add to every request.
    """

    incident: str
    plain_ms: float
    guarded_ms: float
    block_tokens: int


def check_evidence(logs: Sequence[Path]) -> Evidence:
    """Verify every lane of these log folders."""
    from pinnedrules.evidence.reader import check

    reports = [report for log in logs for report in check(log)]
    return Evidence(
        lanes=len(reports),
        records=sum(report.records for report in reports),
        whole=bool(reports) and all(report.broken is None and not report.torn for report in reports),
        verdict=", ".join(sorted({report.status for report in reports})),
        excludes=next((report.excludes for report in reports), ""),
    )


def measure(results: Sequence[Result]) -> list[Overhead]:
    """Compare each unprotected run with the one under pin and gate of the same model."""
    found = []
    for plain in results:
        if plain.arm == "unprotected":
            arms = (each for each in results if each.arm == "pin and gate" and each.incident == plain.incident)
            guarded = next(each for each in arms if each.model == plain.model)
            found.append(Overhead(plain.incident, plain.request_ms, guarded.request_ms, count(guarded.block).tokens))
    return found


def as_json(results: Sequence[Result], evidence: Evidence, overhead: Sequence[Overhead]) -> dict[str, Any]:
    """Return all the numbers as one JSON object."""
    return {
        "results": [asdict(result) for result in results],
        "evidence": asdict(evidence),
        "overhead": [asdict(each) for each in overhead],
    }
