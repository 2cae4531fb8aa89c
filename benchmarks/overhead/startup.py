"""Time to import the package in a fresh process, beside that of an SDK."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import Spread
from benchmarks.report import Row

__all__ = ["rows"]

_ROUNDS = 20
_TARGET_MS = 150.0
_CODE = "import time; start = time.perf_counter_ns(); import {module}; print(time.perf_counter_ns() - start)"


def rows(scale: float) -> Iterator[Row]:
    """Measure the import in turns with that of an SDK."""
    rounds = max(3, int(_ROUNDS * scale))
    taken = [(_import("openai"), _import("pinnedrules")) for _ in range(rounds)]
    plain, own = (Spread.of_ns(series) for series in zip(*taken, strict=True))
    yield Row("import pinnedrules (plain: import openai)", "ms", own, target_p50=_TARGET_MS, plain=plain)


def _import(module: str) -> int:
    code = _CODE.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)
