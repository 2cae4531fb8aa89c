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
    """What the guard cost in this run.

    ``plain_ms`` and ``guarded_ms`` are medians of what the same loop with the same model waited for one
    answer, without a guard and with pin and gate. ``block_tokens`` maps each incident to the tokens that
    its block adds to every request.
    """

    plain_ms: float
    guarded_ms: float
    block_tokens: dict[str, int]


def check_evidence(log: Path) -> Evidence:
    """Verify every lane of the log folder *log*."""
    from pinnedrules.evidence.reader import check

    reports = check(log)
    return Evidence(
        lanes=len(reports),
        records=sum(report.records for report in reports),
        whole=bool(reports) and all(report.broken is None and not report.torn for report in reports),
        verdict=", ".join(sorted({report.status for report in reports})),
        excludes=next((report.excludes for report in reports), ""),
    )


def measure(results: Sequence[Result]) -> Overhead:
    """Compare the unprotected runs with those under pin and gate of the same, obedient model."""
    plain = [each.request_ms for each in results if each.arm == "unprotected"]
    guarded = [each.request_ms for each in results if each.arm == "pin and gate" and each.model != "defiant"]
    return Overhead(
        plain_ms=sum(plain) / len(plain),
        guarded_ms=sum(guarded) / len(guarded),
        block_tokens={each.incident: count(each.block).tokens for each in results if each.block},
    )


def as_json(results: Sequence[Result], evidence: Evidence, overhead: Overhead) -> dict[str, Any]:
    """Return all the numbers as one JSON object."""
    return {
        "results": [asdict(result) for result in results],
        "evidence": asdict(evidence),
        "overhead": asdict(overhead),
    }
