"""New records of a log, as they are written. Reads only; keeps its place in every file."""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinnedrules.cli.story import Told, opened
from pinnedrules.evidence.lanes import lane_folders, private_file, segments
from pinnedrules.evidence.record import parse_line

__all__ = ["Follower"]


class Follower:
    """Reads the log in *folder* from its beginning, each line once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[Path, int] = {}

    def fresh(self) -> list[Told]:
        """Return what was written since the last time, by time, in its written order within a lane."""
        lanes = [self._lane(lane) for lane in lane_folders(self._folder)]
        return list(heapq.merge(*lanes, key=lambda item: int(item.record["ts"])))

    def _lane(self, lane: Path) -> list[Told]:
        found: list[Told] = []
        for segment in segments(lane):
            # The private values of a line are written before the line.
            records = self._lines(segment)
            rows = {row.get("seq"): row for line in self._lines(private_file(segment)) if (row := _row(line))}
            found += [opened(record, rows.get(record["seq"], {})) for line in records if (record := _record(line))]
        return found

    def _lines(self, path: Path) -> list[bytes]:
        """Return the whole lines that are new in one file. One that is still being written waits for the next time."""
        try:
            with path.open("rb") as file:
                # What never became durable is taken out again.
                place = min(self._places.get(path, 0), file.seek(0, 2))
                file.seek(place)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._places[path] = place + len(whole)
        return whole.splitlines()


def _record(line: bytes) -> Mapping[str, Any] | None:
    try:
        record = parse_line(line)
    except ValueError:
        return None
    return record if type(record["ts"]) is int else None


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
