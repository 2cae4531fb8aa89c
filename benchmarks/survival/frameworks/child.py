"""Runs one host inside its framework's environment: ``python -I child.py <name>``; JSON lines in, JSON lines out.

First line out: ``{"package", "version", "ways", "asks"}``, or ``{"error"}``. Then for each line in, ``{"messages", "budget",
"hard", "url", "way"}``, one out: ``{"messages"}`` or ``{"error"}``. What the framework prints goes to stderr.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
from collections.abc import Awaitable
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks.survival.frameworks.kit import Job, Message, Way


def _compacted(ways: dict[str, Way], said: dict[str, Any], runner: asyncio.Runner) -> list[Message]:
    way = ways[said["way"]] if said.get("way") else next(iter(ways.values()))
    answer = way(Job(said["messages"], said["budget"], said["url"]))
    return runner.run(_awaited(answer)) if inspect.isawaitable(answer) else answer


async def _awaited(answer: Awaitable[list[Message]]) -> list[Message]:
    return await answer


def _say(out: IO[str], value: dict[str, Any]) -> None:
    out.write(json.dumps(value) + "\n")
    out.flush()


def main(name: str) -> int:
    """Serve until stdin ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        host = importlib.import_module(f"benchmarks.survival.frameworks.hosts.{name}")
        asks = sorted(getattr(host, "ASKS_FOR_RULES", ()))
        ready = {"package": host.PACKAGE, "version": version(host.PACKAGE), "ways": list(host.WAYS), "asks": asks}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told
        _say(out, {"error": f"{type(error).__name__}: {error}"})
        return 1
    _say(out, ready)
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            try:
                _say(out, {"messages": _compacted(host.WAYS, json.loads(line), runner)})
            except Exception as error:  # noqa: BLE001
                _say(out, {"error": f"{type(error).__name__}: {error}"[:2000]})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
