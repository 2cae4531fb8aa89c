"""Makes the environments that the frameworks' compactors run in: ``.frameworks/<name>/`` of the checkout, one for each.

``python benchmarks/survival/frameworks/install.py [name ...]``, or ``make frameworks``. Each environment is filled from
``<name>.txt`` beside this file; one whose first line says ``# python 3.12`` needs that Python or a newer one. What is there
already is left alone, unless its file has changed. Two are installed at a time, and one that fails stops no other.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

__all__ = ["INSTALLED", "NotInstalled", "install", "known", "ready"]

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[2] / ".frameworks"
_PYTHON = re.compile(r"# python 3\.(\d+)")
_SECONDS = 1800
_AT_ONCE = 2


class NotInstalled(Exception):
    """An environment that cannot be made here, and why."""


def known() -> tuple[str, ...]:
    """Return the names of all frameworks that there is a requirement file for."""
    return tuple(sorted(path.stem for path in HERE.glob("*.txt")))


def ready(name: str) -> bool:
    """Whether this environment is there, made from the file as it is now."""
    marker = INSTALLED / name / "ready"
    return marker.exists() and marker.read_text(encoding="ascii") == _digest(name)


def install(name: str) -> str:
    """Make one environment unless it is there. Returns its size in words. Raises NotInstalled."""
    home = INSTALLED / name
    if not ready(name):
        python = _interpreter((HERE / f"{name}.txt").read_text(encoding="utf-8"))
        shutil.rmtree(home, ignore_errors=True)
        _run([python, "-m", "venv", str(home)])
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, "--upgrade", "pip"])
        _run([*pip, "-r", str(HERE / f"{name}.txt")])
        (home / "ready").write_text(_digest(name), encoding="ascii")
    return f"{sum(path.stat().st_size for path in home.rglob('*') if path.is_file()) / 1e6:.0f} MB"


def _interpreter(requirements: str) -> str:
    found = _PYTHON.match(requirements)
    if found is None or sys.version_info >= (3, int(found[1])):
        return sys.executable
    names = [f"python3.{minor}" for minor in range(int(found[1]), int(found[1]) + 3)]
    for python in filter(None, map(shutil.which, names)):
        if not subprocess.run([python, "--version"], capture_output=True, check=False).returncode:
            return python
    raise NotInstalled(f"it needs Python 3.{found[1]} or newer, and none is on PATH")


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as problem:
        said = str(getattr(problem, "stderr", "") or problem).strip().splitlines()
        told = [line for line in said if line.startswith("ERROR")] or said or [type(problem).__name__]
        raise NotInstalled(told[-1]) from None


def _digest(name: str) -> str:
    return hashlib.sha256((HERE / f"{name}.txt").read_bytes()).hexdigest()


def main(names: Sequence[str]) -> int:
    """Install those named, or all. Returns 0, or 1 when one could not be installed, which is said at the end."""
    unknown = set(names) - set(known())
    if unknown:
        raise SystemExit(f"no such framework: {', '.join(sorted(unknown))}; there are {', '.join(known())}")
    failed: dict[str, str] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = {pool.submit(install, name): name for name in names or known()}
        for done in as_completed(waiting):
            name = waiting[done]
            try:
                print(f"{name}: {done.result()}", flush=True)
            except NotInstalled as problem:
                failed[name] = str(problem)
    for name, why in sorted(failed.items()):
        print(f"{name} is not installed: {why}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
