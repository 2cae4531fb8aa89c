"""The engines, what each is installed from, and the environments that they are installed into at bench time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["ENGINES", "Engine", "Running", "Skipped", "environment"]

_HERE = Path(__file__).resolve().parent
_INSTALL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: its name in the table, its file, and the distribution it needs (none: this environment)."""

    name: str
    file: str
    package: str = ""


ENGINES: tuple[Engine, ...] = (
    Engine("pinnedrules", "pinnedrules"),
    Engine("hand-written Python", "plain"),
    Engine("tenuo", "tenuo", "tenuo==0.3.3"),
    Engine("agent-action-policy", "action_policy", "agent-action-policy==0.1.1"),
    Engine("CEL (cel-expr-python)", "cel", "cel-expr-python==0.1.3"),
    Engine("PolicyShield", "policyshield", "policyshield==0.14.0"),
    Engine("aegis-kernel", "aegis", "aegis-kernel==0.6.0"),
    Engine("Cedar (cedarpy)", "cedar", "cedarpy==4.12.2"),
    Engine("typed_rails", "typed_rails", "agent-tool-guardrails==0.1.1"),
    Engine("Rego (regopy)", "rego", "regopy==1.5.2"),
    Engine("frenum", "frenum", "frenum==0.3.0"),
)


class Skipped(Exception):
    """An engine that cannot be measured here, and why."""


def environment(engine: Engine, folder: Path) -> Path:
    """Return the interpreter of *engine*'s own environment below *folder*, made and filled the first time.

    Raises :class:`Skipped` when it cannot be installed.
    """
    if not engine.package:
        return Path(sys.executable)
    home = folder / engine.package
    python, done = home / "bin" / "python", home / "installed"
    if not done.exists():
        try:
            venv.create(home, with_pip=True, clear=True)
            subprocess.run(
                [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", engine.package],
                check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as problem:
            said = str(getattr(problem, "stderr", "") or problem).strip().splitlines()
            raise Skipped(f"cannot be installed: {said[-1] if said else type(problem).__name__}") from None
        done.touch()
    return python


class Running:
    """An engine in a process of its own, from ``with`` to the end of its block; see ``runner`` for what it is told."""

    def __init__(self, engine: Engine, python: Path) -> None:
        self._command = [str(python), str(_HERE / "runner.py"), str(_HERE / "engines" / f"{engine.file}.py")]

    def __enter__(self) -> Running:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return self

    def ask(self, told: Mapping[str, object]) -> dict[str, Any]:
        """Tell it one thing and return what it answers. Raises :class:`Skipped` when it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            said = self._process.stderr.read().strip().splitlines()
            raise Skipped(f"ended: {said[-1] if said else 'without a word'}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._process.wait(timeout=60)
