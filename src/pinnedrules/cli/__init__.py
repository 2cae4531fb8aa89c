"""The command line: ``pinnedrules demo | init | doctor | run | serve | show | check | stop | approvals | log ...``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; *argv* without the program's name, by default ``sys.argv``."""
    from pinnedrules.cli.entry import run

    return run(sys.argv[1:] if argv is None else list(argv))
