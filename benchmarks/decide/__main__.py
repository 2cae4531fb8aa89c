"""Decides the same calls with every engine that can be installed: what it catches, what it refuses wrongly, how fast.

::

    python -m benchmarks.decide [--tiny] [--only NAME ...] [--offline] [--results FOLDER]

Each engine runs in an environment of its own, made and filled from the package index the first time. One that cannot be
installed is left out, and the table says why. benchmarks/decide/README.md says what is compared and how.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import random
from collections.abc import Sequence
from pathlib import Path

from benchmarks.decide import flat, hostile
from benchmarks.decide.calls import DELETES, LEGITIMATE, MAIL, Case, timed
from benchmarks.decide.peers import ENGINES, Engine, Running, Skipped, environment
from benchmarks.decide.table import Found, as_json, markdown
from benchmarks.machine import load, machine
from benchmarks.measure import Spread
from benchmarks.report import Row, summary
from benchmarks.report import as_json as rows_as_json
from benchmarks.report import table as rows_table

__all__ = ["main"]

_FEW = 3
_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print, and write what was found."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.decide", description=__doc__.splitlines()[0])
    made.add_argument("--tiny", action="store_true", help="only to see that it runs")
    made.add_argument("--only", nargs="+", choices=[engine.file for engine in ENGINES], metavar="NAME")
    made.add_argument("--offline", action="store_true", help="leave out what would have to be installed")
    made.add_argument("--results", type=Path, metavar="FOLDER", default=_ROOT / "benchmarks" / "results")
    options = made.parse_args(arguments)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    document: dict[str, object] = {"date": date, "machine": machine()}
    engines = [one for one in ENGINES if options.only is None or one.file in options.only]
    engines = [one for one in engines if not (options.offline and one.package)]
    sizes, calls, rounds = ((_FEW, 10), 40, 2) if options.tiny else ((10, 1_000), 300, 5)
    rows: list[Row] = [*flat.rows(0.01 if options.tiny else 1.0)]
    if not options.tiny:
        rows += hostile.rows()
    found = compare(engines, _ROOT / ".venv-peers", sizes=sizes, calls=calls, rounds=rounds)
    print(markdown(found), rows_table(rows), summary(rows), sep="\n\n")
    document |= {"engines": as_json(found), "rows": rows_as_json(rows), "load_after": load()}
    options.results.mkdir(parents=True, exist_ok=True)
    name = f"decide-{date}{'-tiny' if options.tiny else ''}"
    (options.results / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (options.results / f"{name}.md").write_text(markdown(found) + "\n", encoding="utf-8")
    print(f"written to {name}.json and {name}.md")


def compare(engines: Sequence[Engine], folder: Path, *, sizes: Sequence[int], calls: int, rounds: int) -> list[Found]:
    """Return what each engine did. Engines take turns, in an order drawn anew for every round."""
    found = {one.file: Found(one.name, one.package) for one in engines}
    with contextlib.ExitStack() as stack:
        running: dict[str, Running] = {}
        for one in engines:
            try:
                running[one.file] = stack.enter_context(Running(one, environment(one, folder)))
                _catch(running[one.file], found[one.file])
            except Skipped as why:
                found[one.file].skipped = str(why)
                running.pop(one.file, None)
        for size in sizes:
            _time(running, found, size, calls, rounds)
    return list(found.values())


def _catch(engine: Running, found: Found) -> None:
    """Decide the calls that must not get through, and those that must. An engine that raises has let nothing through."""
    found.form = str(engine.ask({"rules": _FEW})["form"])
    stopped = {kind: _stopped(engine, kind) for kind in (MAIL, DELETES, LEGITIMATE)}
    found.mail, found.deletes = ((sum(stopped[kind]), len(kind)) for kind in (MAIL, DELETES))
    found.false_alarms = sum(stopped[LEGITIMATE]), len(LEGITIMATE)
    for kind in (MAIL, DELETES):
        found.missed += [case[0] for case, hit in zip(kind, stopped[kind], strict=True) if not hit]
    found.alarms = [case[0] for case, hit in zip(LEGITIMATE, stopped[LEGITIMATE], strict=True) if hit]


def _stopped(engine: Running, cases: Sequence[Case]) -> list[bool]:
    return [verdict != "allow" for verdict in engine.ask({"decide": [case[1:] for case in cases]})["verdicts"]]


def _time(running: dict[str, Running], found: dict[str, Found], size: int, count: int, rounds: int) -> None:
    """Take the shortest of *rounds* times for each call, so that what else the machine did meanwhile is left out."""
    calls, draw = timed(size, count), random.Random(size)
    told = {"time": [call[:2] for call in calls]}
    shortest: dict[str, list[int]] = {}
    for name in list(running):
        try:
            found[name].build_ms[size] = round(running[name].ask({"rules": size})["ns"] / 1e6, 1)
            verdicts = running[name].ask(told)["verdicts"]
        except Skipped as why:
            found[name].skipped = str(why)
            del running[name]
            continue
        pairs = zip(verdicts, calls, strict=True)
        found[name].wrong[size] = sum((verdict == "allow") != call[2] for verdict, call in pairs)
    for _ in range(rounds):
        for name in draw.sample(sorted(running), len(running)):
            taken = running[name].ask(told)["ns"]
            shortest[name] = list(map(min, shortest.get(name, taken), taken))
    for name, taken in shortest.items():
        spread = Spread.of_ns(taken)
        found[name].times[size] = round(spread.p50 * 1e6, 2), round(spread.p99 * 1e6, 2)


if __name__ == "__main__":
    main()
