"""A scripted provider in a process of its own, so that its work does not slow down what is measured."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType

from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply

__all__ = ["FIRST_TOKEN_SECONDS", "Provider"]

FIRST_TOKEN_SECONDS = 0.05
"""How long the provider thinks before its first token; real ones take several times that."""


class Provider:
    """Serves both dialects from ``with`` to the end of its block."""

    def __enter__(self) -> str:
        """Start and return the address."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.overhead.provider"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def main() -> None:
    """Serve until standard input ends."""
    with ScriptedProvider(lambda seen: Reply("Three mails are unread.", delay=FIRST_TOKEN_SECONDS)) as provider:
        sys.stdout.write(provider.url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
