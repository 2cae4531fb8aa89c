"""The reading side of a log. Takes no lock and changes nothing; a log can be read while it is written."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path

from pinnedrules.evidence.lanes import lane_folders, segments
from pinnedrules.evidence.record import LaneReport, parse_line, verify_lines

__all__ = ["check", "read"]


def read(folder: Path) -> Iterator[dict[str, object]]:
    """Yield the records of all lanes of the log *folder* by their time, in their written order within a lane.

    Lines that are no records are left out; :func:`check` tells of them.
    """
    lanes = [_records(lane) for lane in lane_folders(folder)]
    yield from heapq.merge(*lanes, key=lambda record: int(str(record["ts"])))


def check(folder: Path) -> list[LaneReport]:
    """Verify every lane of the log *folder*, as :func:`pinnedrules.evidence.record.verify_lines` does."""
    return [verify_lines(_lines(lane), lane=lane.name) for lane in lane_folders(folder)]


def _lines(lane: Path) -> Iterator[bytes]:
    for segment in segments(lane):
        with segment.open("rb") as file:
            yield from file


def _records(lane: Path) -> Iterator[dict[str, object]]:
    for line in _lines(lane):
        try:
            record = parse_line(line.removesuffix(b"\n"))
        except ValueError:
            continue
        if type(record["ts"]) is int:
            yield record
