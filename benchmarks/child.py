"""Servers of a benchmark in processes of their own, so that one's work does not slow down what is measured in another."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Child", "answer_parent"]

Told = Mapping[str, Any]
_ROOT = Path(__file__).resolve().parents[1]


class Child:
    """Runs ``python -m MODULE ARGUMENTS`` from ``with`` to the end of its block.

    ``hello`` is what it said when it was ready.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self.hello: Told = {}

    def __enter__(self) -> Child:
        """Start. Raises RuntimeError when it ends before it is ready."""
        self._process = subprocess.Popen(
            self._command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self.hello = self._read()
        except RuntimeError:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it end."""
        self._end()

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def usage(self) -> Told:
        """Return its processor time (``cpu``, seconds) and memory (``rss``, bytes) so far, and what else it tells."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Told:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._command[1:])} ended with status {self._process.wait(30)}")
        told: Told = json.loads(line)
        return told


def answer_parent(hello: Told, more: Callable[[], Told] = dict) -> None:
    """Say *hello*, then what :meth:`Child.usage` returns for every line, until the parent is done."""
    _say(hello)
    for _ in sys.stdin:
        _say({"cpu": time.process_time(), "rss": _resident(), **more()})


def _say(told: Told) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _resident() -> int:
    """Return the memory in use; the most that was ever in use where the system does not tell (macOS, in bytes)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * os.sysconf("SC_PAGE_SIZE")
