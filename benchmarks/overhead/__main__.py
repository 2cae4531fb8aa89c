"""Measures what the guard costs, beside the plain SDK in the same run, and prints target, measured, met or not.

::

    python -m benchmarks.overhead [--json FILE] [--quick] [--only PART ...]

Nothing fails when a target is not met: times depend on the machine and on what else it does. Run it on an
idle one.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path

from benchmarks.overhead import decisions, first_token, pieces, requests, startup, streams
from benchmarks.overhead.machine import machine, versions
from benchmarks.overhead.report import Row, as_json, table

_PARTS = {
    "requests": requests.rows,
    "pieces": pieces.rows,
    "streams": streams.rows,
    "first-token": first_token.rows,
    "decisions": decisions.rows,
    "startup": startup.rows,
}
_QUICK = 0.1


def main() -> None:
    """Read the command line, measure, print, and write what was measured if a file is named."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__.splitlines()[0])
    made.add_argument("--json", type=Path, metavar="FILE", help="write the results, with machine and versions")
    made.add_argument("--quick", action="store_true", help="a tenth of the rounds")
    made.add_argument("--only", nargs="+", choices=sorted(_PARTS), default=list(_PARTS), metavar="PART")
    options = made.parse_args()
    found = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions(),
    }
    rows: list[Row] = []
    for part in options.only:
        rows += _PARTS[part](_QUICK if options.quick else 1.0)
    print(table(rows))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        document = {**found, "quick": options.quick, "rows": as_json(rows)}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
