"""Installs the agents that the tests run, in versions of their own, into ``.agents/`` of the checkout.

``python tests/agents/install.py trio`` brings codex, pi and Claude Code: between them all three dialects, which CI runs.
``python tests/agents/install.py others`` brings opencode, OpenClaw and Qwen Code with the node they need (Linux on x86-64).

What is there already is left alone. No package's own scripts are run; what npm brings for the trio is held to the digests
in ``trio/package-lock.json``, what pip brings to those in ``trio/claude.txt``. Without npm or a network this fails where
the variable ``CI`` is set; elsewhere it says so and the tests that need an agent are skipped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["INSTALLED", "install", "ready"]

HERE = Path(__file__).parent
INSTALLED = HERE.parent.parent / ".agents"
_NPM = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
_SETS = ("trio", "others")


def ready(which: str) -> bool:
    """Whether this set is installed as its files say now."""
    marker = INSTALLED / which / "ready"
    return marker.exists() and marker.read_text(encoding="ascii") == _wanted(which)


def install(which: str) -> None:
    """Install one set unless it is there. Raises OSError and subprocess.CalledProcessError."""
    if ready(which):
        return
    folder = INSTALLED / which
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ready").unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        if (HERE / which / name).exists():
            shutil.copy(HERE / which / name, folder / name)
    locked = (folder / "package-lock.json").exists()
    npm = ["npm", "ci", *_NPM] if locked else ["npm", "install", "--no-package-lock", *_NPM]
    with subprocess.Popen(npm, cwd=folder, stdout=subprocess.DEVNULL) as running:
        if (HERE / which / "claude.txt").exists():
            subprocess.run(_pip(HERE / which / "claude.txt", folder / "claude"), check=True)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, npm)
    (folder / "ready").write_text(_wanted(which), encoding="ascii")


def _pip(requirements: Path, target: Path) -> list[str]:
    """Only the wheel itself: the binary inside needs none of its Python dependencies."""
    shutil.rmtree(target, ignore_errors=True)
    return [
        *(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--no-compile", "--disable-pip-version-check", "--target", str(target), "-r", str(requirements)),
    ]


def _wanted(which: str) -> str:
    digest = hashlib.sha256()
    for file in sorted((HERE / which).iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def main(words: list[str]) -> int:
    """Install the sets named. Returns 0, or 1 in CI when something could not be installed."""
    for which in words:
        if which not in _SETS:
            raise SystemExit(f"no such set: {which}; there are {', '.join(_SETS)}")
        try:
            install(which)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"the agents ({which}) could not be installed: {error}", file=sys.stderr)
            if os.environ.get("CI"):
                return 1
            print("  the tests that run them are skipped; they need npm, node 20.6 or newer and a network")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["trio"]))
