"""A summary that is one JSON value, written as the list that it is: names become introducing lines, texts become bullets."""

from __future__ import annotations

import json
from collections.abc import Iterator

__all__ = ["unwrapped"]

_DEPTH = 6
_LINES = 4000
_SHORT = 3
"""Words of a value that stands in one line with its name, as a state does."""


def unwrapped(summary: str) -> str:
    """Return the text of a summary; one that is no JSON object or list comes back as it is."""
    bare = summary.strip()
    if bare.startswith("```"):
        bare = bare.removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if not (bare.startswith(("{", "[")) and bare.endswith(("}", "]"))):
        return summary
    try:
        found = json.loads(bare)
    except (ValueError, RecursionError):
        return summary
    lines: list[str] = []
    for line in _lines(found, "", 0):
        if len(lines) == _LINES:
            return summary
        lines.append(line)
    return "\n".join(lines)


def _lines(value: object, name: str, depth: int) -> Iterator[str]:
    """Yield the lines of a value; the names above it stand in the line that introduces its texts."""
    if depth > _DEPTH:
        yield f"- {json.dumps(value, ensure_ascii=False)}"
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            said = str(key).replace("_", " ").replace("-", " ")
            yield from _lines(inner, said, depth + 1)
        return
    if name and not isinstance(value, list) and len(str(value).split()) <= _SHORT:
        yield f"- {name}: {value if isinstance(value, str) else json.dumps(value)}"
        return
    listed = value if isinstance(value, list) else [value]
    if name:
        yield f"{name}:"
    for one in listed:
        if isinstance(one, dict | list):
            yield from _lines(one, name, depth + 1)
        else:
            yield f"- {' '.join(str(one).split())}"
