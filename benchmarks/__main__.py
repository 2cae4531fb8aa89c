"""Measures what the guard costs, beside the same without it in the same run, and prints target, measured, met or not.

::

    python -m benchmarks [--full | --tiny] [--only PART ...] [--json FILE]

Nothing fails when a target is not met: times depend on the machine and on what else it does. Run it on an idle one.
benchmarks/README.md says what is measured and how.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.machine import load, machine, versions
from benchmarks.overhead import compaction, decisions, first_token, pieces, requests, startup, streams
from benchmarks.report import Row, as_json, summary, table
from benchmarks.sidecar import latency
from benchmarks.sidecar import load as sidecar_load

__all__ = ["PARTS", "main"]

PARTS: Mapping[str, Callable[[float], Iterator[Row]]] = {
    "requests": requests.rows,
    "pieces": pieces.rows,
    "compaction": compaction.rows,
    "streams": streams.rows,
    "first-token": first_token.rows,
    "decisions": decisions.rows,
    "startup": startup.rows,
    "sidecar": latency.rows,
    "sidecar-load": sidecar_load.rows,
}
_SCALES = {"full": 1.0, "short": 0.25, "tiny": 0.005}
_RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print, and write what was measured."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    size = made.add_mutually_exclusive_group()
    size.add_argument("--full", dest="size", action="store_const", const="full", help="all rounds: about ten minutes")
    size.add_argument("--tiny", dest="size", action="store_const", const="tiny", help="only to see that it runs")
    made.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS), metavar="PART")
    made.add_argument("--json", type=Path, metavar="FILE", help="default: benchmarks/results/DATE[-SIZE].json")
    options = made.parse_args(arguments)
    chosen = options.size or "short"
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    found = {"date": date, "size": chosen, "machine": machine(), "versions": versions()}
    rows: list[Row] = []
    for part in options.only:
        rows += PARTS[part](_SCALES[chosen])
    print(table(rows))
    print(summary(rows))
    if chosen == "tiny":
        print("(so few rounds say only that it runs)")
    file = options.json or _RESULTS / f"{date}{'' if chosen == 'full' else '-' + chosen}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {**found, "load_after": load(), "rows": as_json(rows)}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"written to {file.name}")


if __name__ == "__main__":
    main()
