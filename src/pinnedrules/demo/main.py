"""``pinnedrules demo``: replays two incidents with the real SDKs over HTTP on this machine, without a key
or a network.

With ``--live MODEL`` the same loops run against a real endpoint, where the model decides.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pinnedrules.demo.arms import ARMS, LIVE_ARMS, Endpoint, Result, run_arm
from pinnedrules.demo.incidents import Incident, incidents
from pinnedrules.demo.overhead import Overhead, measure
from pinnedrules.demo.summary import as_json, check_evidence
from pinnedrules.demo.table import closing, incident_table

__all__ = ["run"]

_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_INTRODUCTION = """\
Two incidents, replayed over HTTP with the real SDKs. The loops are ordinary ones that compact
their history. The models are scripted and decide only from the request they receive: "obedient"
keeps to a rule that it can read there, "defiant" ignores rules. No outcome is written down
beforehand: every number is counted where it happens.
"pin only" runs the gate in monitor mode: it decides and records, and holds nothing back. In "gate
only" the pinned text is cut out again after it left the guard, before the model reads the request.
"""
_LIVE_INTRODUCTION = """\
The same loops against a real endpoint, model {model}. What happens is up to the model; every
number is counted where it happens.
"""


def run(args: Sequence[str]) -> int:
    """Run the demo with command line *args*.

    Returns 0, 1 when the evidence of the run does not verify, and 2 when ``--live`` lacks a key. Wrong
    arguments exit with 2.
    """
    options = _parser().parse_args(args)
    live = None
    if options.live is not None:
        key = os.environ.get(_KEYS[options.sdk])
        if key is None and options.base_url is None:
            sys.stderr.write(
                f"--live needs {_KEYS[options.sdk]} in the environment, or a --base-url that needs no key\n"
            )
            return 2
        live = Endpoint(options.live, options.base_url, key or "none")
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pinnedrules-demo-")))
        return _show(options, live, folder)


def _show(options: argparse.Namespace, live: Endpoint | None, state: Path) -> int:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    if not options.json:
        _say(_INTRODUCTION if live is None else _LIVE_INTRODUCTION.format(model=live.model))
    results: list[Result] = []
    overhead: list[Overhead] = []
    logs: list[Path] = []
    for incident in incidents(mails=options.mails, posts=options.posts):
        if live is not None and incident.sdk != options.sdk:
            continue
        # One state folder for each rule file, as they have by default.
        logs.append(state / incident.name / "log")
        found = _run_incident(incident, options, live, state / incident.name)
        overhead.append(measure(incident, state=state / incident.name))
        results += found
        if not options.json:
            _say("\n".join(incident_table(incident, found, colour=colour)))
    evidence = check_evidence(logs)
    if options.json:
        _say(json.dumps(as_json(results, evidence, overhead), indent=2))
    else:
        _say("\n".join(closing(evidence, overhead)))
    return 0 if evidence.whole else 1


def _run_incident(incident: Incident, options: argparse.Namespace, live: Endpoint | None, state: Path) -> list[Result]:
    arms = ARMS if live is None else LIVE_ARMS
    return [run_arm(incident, arm, state=state, budget=options.budget, live=live) for arm in arms]


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="pinnedrules demo", description="Replay two incidents with and without the rules."
    )
    made.add_argument("--json", action="store_true", help="print all the numbers as JSON")
    made.add_argument("--mails", type=_positive, default=240, metavar="N", help="size of the inbox (240)")
    made.add_argument("--posts", type=_positive, default=96, metavar="N", help="length of the thread (96)")
    made.add_argument(
        "--budget", type=_positive, default=6000, metavar="TOKENS", help="when the loops compact their history (6000)"
    )
    made.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep state and evidence here instead of throwing it away"
    )
    made.add_argument("--live", metavar="MODEL", help="run against a real endpoint with this model")
    made.add_argument("--base-url", metavar="URL", help="with --live: the endpoint (default: the SDK's own)")
    made.add_argument(
        "--sdk", choices=sorted(_KEYS), default="openai", help="with --live: openai runs the inbox, anthropic the forum"
    )
    return made


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
