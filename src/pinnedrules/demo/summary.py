"""What the demo says at the end: the evidence checked, and everything as one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pinnedrules.demo.arms import Result
from pinnedrules.demo.overhead import Overhead

__all__ = ["Evidence", "as_json", "check_evidence"]


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


def as_json(results: Sequence[Result], evidence: Evidence, overhead: Sequence[Overhead]) -> dict[str, Any]:
    """Return all the numbers as one JSON object."""
    return {
        "results": [asdict(result) for result in results],
        "evidence": asdict(evidence),
        "overhead": [asdict(each) for each in overhead],
    }
