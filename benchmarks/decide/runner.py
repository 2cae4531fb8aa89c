"""Runs in an engine's own environment: builds its decider and decides what it is told to, with the standard library only.

One JSON object a line comes in, one goes out: ``{"rules": N}`` builds, ``{"decide": [...]}`` answers with verdicts,
``{"time": [...]}`` with nanoseconds and verdicts.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["main"]

Decider = Callable[[str, str], str]


def main(file: str) -> None:
    """Serve standard input until it ends. An engine that raises has not let the call through: it counts as ``error``."""
    logging.disable(logging.CRITICAL)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what an engine prints does not get between the answers
    spec = importlib.util.spec_from_file_location("engine", file)
    assert spec is not None
    assert spec.loader is not None
    engine = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(engine)
    decide: Decider = _nothing
    for line in sys.stdin:
        told = json.loads(line)
        if "rules" in told:
            start = time.perf_counter_ns()
            decide = engine.build(told["rules"])
            answer: dict[str, Any] = {"ns": time.perf_counter_ns() - start, "form": engine.FORM}
        elif "decide" in told:
            answer = {"verdicts": [_safely(decide, *call) for call in told["decide"]]}
        else:
            answer = _timed(decide, told["time"])
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _timed(decide: Decider, calls: Sequence[Sequence[str]]) -> dict[str, Any]:
    taken, verdicts = [], []
    for tool, arguments in calls:
        start = time.perf_counter_ns()
        verdict = _safely(decide, tool, arguments)
        taken.append(time.perf_counter_ns() - start)
        verdicts.append(verdict)
    return {"ns": taken, "verdicts": verdicts}


def _safely(decide: Decider, tool: str, arguments: str) -> str:
    try:
        return decide(tool, arguments)
    except Exception:  # noqa: BLE001 - whatever an engine raises
        return "error"


def _nothing(_tool: str, _arguments: str) -> str:
    raise RuntimeError("nothing was built")


if __name__ == "__main__":
    main(sys.argv[1])
