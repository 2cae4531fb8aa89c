"""The tools of recorded requests and conversations: JSON, or one JSON value per line, plain or gzipped.

What holds them does not matter: every list of definitions and every call inside is found (see ``definitions``), so that a
request body, a recorded conversation (docs/replay.md), a log of either, or a bare list of tools will do.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

from pinnedrules.draft.definitions import collected
from pinnedrules.draft.found import Found
from pinnedrules.errors import PinnedRulesError

__all__ = ["DraftError", "from_trace"]


class DraftError(PinnedRulesError):
    """A source of tools that cannot be read; ``next_step`` says what to do."""

    def __init__(self, problem: str, next_step: str = "") -> None:
        self.next_step = next_step
        super().__init__(problem)


def from_trace(path: Path) -> Found:
    """Return the tools of the file *path*. Raises DraftError."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = data.decode()
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DraftError(f"{path}: cannot be read ({error})") from None
    try:
        return collected(json.loads(text), path.name)
    except (ValueError, RecursionError):
        pass  # several values then, one per line
    found = Found()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.add(collected(json.loads(line), f"{path.name}:{number}"))
            except (ValueError, RecursionError) as error:
                raise DraftError(
                    f"{path.name}:{number}: not JSON ({error})",
                    "--from takes a JSON or JSONL file of requests, or the name of a module",
                ) from None
    return found
