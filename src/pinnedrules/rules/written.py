"""What a session wrote and later runs: code that nobody but the model has seen, so words from outside.

Rules of this file:

1. Of each file that a released call may have written, its last name is kept as a short digest, in a set of bounded size;
   once that is full, everything that runs may have been written here. Nothing is ever taken out.
2. Names are compared without case and without their folders: a file can be reached by many paths.
3. What cannot be told by name (a build tool, ``python -m pytest``) runs what was written if that changes what it does:
   a ``Makefile``, a ``conftest.py``, a ``package.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from pinnedrules.rules.bearing import TooMany, bears_path, strings
from pinnedrules.rules.shell.reading import bears_command, summaries
from pinnedrules.rules.shell.summary import ANYTHING, PROJECT
from pinnedrules.types import Effect

__all__ = ["MAX_WRITTEN", "WRITTEN", "runs_own", "with_written"]

WRITTEN = "written"
"""The session half's key under which the names of written files are kept."""

MAX_WRITTEN = 256
"""Names that are kept at most."""

MAX_NAME = 255
"""Characters of a file's name that are looked at: file systems take no longer ones (NAME_MAX)."""

_ALL = "*"
_RECIPE = "recipe"
_RECIPES = re.compile(
    r"(?:gnu)?makefile|justfile|taskfile\.ya?ml|rakefile|gemfile|package\.json|setup\.(?:py|cfg)|pyproject\.toml|tox\.ini"
    r"|pytest\.ini|noxfile\.py|conftest\.py|(?:test_.*|.*_test)\.py|.*\.(?:test|spec)\.[cm]?[jt]sx?|build\.(?:rs|gradle|xml|sbt)"
    r"|build\.gradle\.kts|settings\.gradle|pom\.xml|cmakelists\.txt|.*\.(?:mk|cmake)|\.pre-commit-config\.yaml|dockerfile"
)
_WRITES: frozenset[Effect] = frozenset({"write", "execute"})


def with_written(kept: str, tool: str, arguments: Mapping[str, object], effects: tuple[Effect, ...]) -> str:
    """Return the text under :data:`WRITTEN` with what this released call may have written; the same one for nothing new."""
    if kept == _ALL or not arguments or _WRITES.isdisjoint(effects):
        return kept
    try:
        names = set(_written(tool, arguments))
    except TooMany:
        return _ALL
    if not names:
        return kept
    known = set(kept.split())
    if ANYTHING in names or len(names) > MAX_WRITTEN:
        return _ALL
    fresh = {mark for name in names for mark in _marks(name)} - known
    if not fresh:
        return kept
    return _ALL if len(known) + len(fresh) > MAX_WRITTEN else " ".join(sorted(known | fresh))


def runs_own(kept: str, tool: str, arguments: Mapping[str, object], effects: tuple[Effect, ...]) -> str:
    """Return the name of something that this call runs and that the session may have written; empty for nothing."""
    if not kept or "execute" not in effects:
        return ""
    known = set(kept.split())
    try:
        for name in _run(tool, arguments):
            mark = _RECIPE if name == PROJECT else _digest(name)
            if kept == _ALL or mark in known:
                return "the project" if name == PROJECT else name
    except TooMany:
        return "one of more files than are looked at"
    return ""


def _written(tool: str, arguments: Mapping[str, object]) -> Iterator[str]:
    for one in summaries(tool, arguments):
        yield from one.makes
    for key, value in strings(arguments):
        if isinstance(value, str) and value and bears_path(key):
            yield _last(value)


def _run(tool: str, arguments: Mapping[str, object]) -> Iterator[str]:
    for one in summaries(tool, arguments):
        yield from one.runs
    for key, value in strings(arguments):
        if isinstance(value, str) and value and bears_path(key) and not bears_command(key):
            yield _last(value)


def _marks(name: str) -> tuple[str, ...]:
    return (_digest(name), _RECIPE) if _RECIPES.fullmatch(name) else (_digest(name),)


def _digest(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _last(path: str) -> str:
    text = path.rstrip("/\\")
    return text[max(text.rfind("/"), text.rfind("\\")) + 1 :][:MAX_NAME].lower()
