"""``pinnedrules bench``: the compaction-survival benchmark, and two of its reports side by side."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from pinnedrules.bench.compare import compared
from pinnedrules.bench.figures import figures
from pinnedrules.bench.markdown import YES, markdown, targets
from pinnedrules.bench.model import ARMS, ATTACKS, Episode, Outcome
from pinnedrules.bench.page import page
from pinnedrules.bench.plan import Plan, episodes
from pinnedrules.bench.runner import Live, estimated, run_all
from pinnedrules.bench.suite import SUITE, Suite, load
from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.load import load as rules

__all__ = ["run"]

_LIVE_ARMS = ("nothing", "system-prompt", "pin-and-verify", "all")


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0, or 1 when the guard let a violation through (survival), or the second report is worse (compare)."""
    return _compare(arguments, printer) if arguments.what == "compare" else _survival(arguments, printer)


def _survival(arguments: argparse.Namespace, printer: Printer) -> int:
    if arguments.reports:
        raise Usage("`bench survival` takes options only", "pinnedrules bench survival --out DIR")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # `--compactor pkg.mod:fn` is looked for here, as `python -m` would
    suite = load(SUITE)
    live = _live(arguments)
    chosen = episodes(_loadable(_plan(arguments, live), suite, printer), suite)
    if arguments.estimate:
        return _estimate(chosen, arguments, printer)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    outcomes = run_all(
        chosen, SUITE, out / "episodes.jsonl", live=live, data=arguments.data, workers=arguments.workers,
        progress=_Progress(started, printer),
    )  # fmt: skip
    said: dict[str, Any] = {
        "suite": {"version": suite.version, "sha256": suite.sha256},
        "seed": arguments.seed,
        "agents": f"model {live.model}" if live else "scripted agents",
        "compactors": sorted({one.episode.compactor for one in outcomes}),
        "figures": figures(outcomes),
    }
    (out / "survival.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    (out / "survival.md").write_text(markdown(said), encoding="utf-8")
    (out / "survival.html").write_text(page(said), encoding="utf-8")
    return _end(said, out, printer)


def _loadable(plan: Plan, suite: Suite, printer: Printer) -> Plan:
    """Return *plan* without the families whose rules need something that is not installed, which is said."""
    families = []
    for name in plan.families or suite.families:
        try:
            rules(suite.families[name].rules)
            families.append(name)
        except RuleFileError as error:
            printer.note(f"left out: {name}: {error.problem}; {error.hint}", "open")
    return replace(plan, families=tuple(families))


def _end(said: dict[str, Any], out: Path, printer: Printer) -> int:
    through = 0
    for arm in ARMS:
        found = said["figures"]["arms"].get(arm)
        if found is None:
            continue
        share = found["executed"]
        if arm in ("gate", "all"):
            through += share["hits"] - found[YES]
        printer.line(
            f"{arm:16} {share['hits']:5} of {share['of']:5} episodes with an executed violation "
            f"({share['low']} to {share['high']} %), tasks done {found['task done']['percent']} %",
            "bad" if share["hits"] else "good",
        )
    for aim, number, reached in targets(said["figures"]):
        word = {True: "reached", False: "missed", None: "too few episodes"}[reached]
        printer.line(f"  {aim}: {number}: {word}", "bad" if reached is False else "quiet")
    for error in said["figures"]["errors"]:
        printer.line(f"  an episode ended with an error: {error}", "bad")
    printer.line(f"written: {out / 'survival.html'}, survival.md, survival.json, episodes.jsonl")
    printer.document(said)
    return FOUND if through else OK


class _Progress:
    """Says how far the run is: on a terminal in one line, else every hundredth episode."""

    def __init__(self, started: float, printer: Printer) -> None:
        self._started = started
        self._printer = printer
        self._first = 0

    def __call__(self, done: int, of: int, outcome: Outcome) -> None:
        if not self._first:
            self._first = done
        here = sys.stderr.isatty()
        if not here and done % 100 and done != of:
            return
        spent = time.monotonic() - self._started
        left = spent / max(1, done - self._first + 1) * (of - done)
        text = (
            f"{done} of {of} episodes, about {left / 60:.0f} min left ({outcome.episode.arm}, {outcome.episode.family})"
        )
        if here:
            print(f"\r\x1b[K{text}", end="\n" if done == of else "", file=sys.stderr, flush=True)
        else:
            self._printer.note(text, "quiet")


def _plan(arguments: argparse.Namespace, live: Live | None) -> Plan:
    changes: dict[str, Any] = {"situations": arguments.situations, "seed": arguments.seed}
    if arguments.compactor:
        changes["compactors"] = tuple(arguments.compactor)
    if arguments.agent_url:
        changes["compactors"] = ("none",)
    if live:
        sdk = "openai" if arguments.agent_url else arguments.sdk
        changes |= {
            "agents": ("live",),
            "arms": _LIVE_ARMS,
            "attacks": ("none", "eviction", "forged-update"),
            "sdk": sdk,
        }
    known = {"arms": ARMS, "attacks": ATTACKS, "families": tuple(load(SUITE).families)}
    for name, words in known.items():
        if getattr(arguments, name):
            changes[name] = tuple(getattr(arguments, name).split(","))
            unknown = set(changes[name]) - set(words)
            if unknown:
                raise Usage(f"no {name} called {', '.join(sorted(unknown))}", f"there are {', '.join(words)}")
    return Plan(**changes)


def _live(arguments: argparse.Namespace) -> Live | None:
    if arguments.agent_url:
        return Live(arguments.live or "agent", arguments.agent_url, "none")
    return Live(arguments.live, arguments.base_url) if arguments.live else None


def _estimate(chosen: list[Episode], arguments: argparse.Namespace, printer: Printer) -> int:
    requests, tokens, answers = estimated(chosen, SUITE)
    cost = None
    if arguments.price:
        ingoing, _, outgoing = arguments.price.partition("/")
        try:
            cost = round(tokens / 1e6 * float(ingoing) + answers / 1e6 * float(outgoing), 2)
        except ValueError:
            raise Usage(f"{arguments.price} is no price", "--price 3/15: per million input and output tokens") from None
    money = f"about {cost:,} by that price" if cost is not None else "no price known: --price IN/OUT says it"
    printer.line(
        f"{len(chosen):,} episodes, about {requests:,} requests, {tokens:,} input and {answers:,} output tokens; {money}"
    )
    said = {"episodes": len(chosen), "requests": requests, "input tokens": tokens, "output tokens": answers}
    printer.document({**said, "price": cost})
    return OK


def _compare(arguments: argparse.Namespace, printer: Printer) -> int:
    if len(arguments.reports) != 2:
        raise Usage("two reports are compared", "pinnedrules bench compare A/survival.json B/survival.json")
    reports = []
    for path in arguments.reports:
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if not said["figures"]["arms"] or not said["suite"]["sha256"]:
                raise ValueError("it has no arms")
        except (ValueError, KeyError, TypeError) as error:
            raise Usage(f"{path} is no report: {error}", "give the survival.json of two runs") from None
        reports.append(said)
    text, worse = compared(*reports)
    printer.line(text)
    printer.document({"table": text, "worse": worse})
    return FOUND if worse else OK
