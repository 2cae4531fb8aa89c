"""``path: {inside: /srv/project}``: every path of the call stays inside one of these folders.

Which arguments: those whose name says that they are a path (``path``, ``file_name``, ``cwd``, ``destination``, ...),
at any depth, and those named in ``of``. A relative path is relative to the folder that the rule names.

- holds: at least one path was found, and after taking out ``.`` and ``..`` every one is inside.
- fails: a path outside, or one with a control character.
- cannot be decided: no path, a value of another type, a pattern or variable that a shell would expand (``*?[{$``), a
  backslash or drive letter (another separator on some systems), percent-encoding, a URL, look-alike characters,
  blanks at an end, another user's home.

This is purely lexical. A symbolic link inside a folder can lead out of it, and that takes a look at the disk: it is
decided where the call is run, not here. ``~`` stands only for itself: a rule for ``~/notes`` permits ``~/notes/a``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from pinnedrules.rules.bearing import bears_path, strings
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Check,
    Facts,
    Fails,
    Outcome,
    Predicate,
    closed,
    texts,
)
from pinnedrules.rules.printable import shown

__all__ = ["PATH", "resolved"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SIMPLE = re.compile(r"/?[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_UNCLEAR = (
    (re.compile(r"[*?\[\]{}]"), "it is a pattern, not one path"),
    (re.compile(r"[$`]"), "it holds a variable"),
    (re.compile(r"\\"), "it holds a backslash"),
    (re.compile(r"%[0-9A-Fa-f]{2}"), "it is percent-encoded"),
    (re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:"), "it begins with a drive or a scheme"),
    (re.compile(r"^//|^~[^/]"), "it begins on another machine or in another home"),
    (re.compile(r"^\s|\s$|^$"), "it is empty or has blanks at an end"),
)


def resolved(path: str, base: tuple[str, ...]) -> tuple[str, ...]:
    """Return anchor (``/`` or ``~``) and segments of *path*, ``.`` and ``..`` taken out; a relative one begins at *base*.

    Empty when it leads out of ``~``. Out of ``/`` nothing leads.
    """
    parts = list(base)
    if path == "~" or path.startswith(("/", "~/")):
        parts = [path[0]]
        path = path[1:]
    for segment in path.split("/"):
        if segment == "..":
            if len(parts) == 1 and parts[0] == "~":
                return ()
            parts[1:] = parts[1:-1]
        elif segment not in ("", "."):
            parts.append(segment)
    return tuple(parts)


def _problem(path: str) -> Outcome:
    if _CONTROL.search(path):
        return Fails(f"path: {shown(path, 80)} holds a control character")
    if not path.isascii() and unicodedata.normalize("NFKC", path) != unicodedata.normalize("NFC", path):
        return Cannot(f"path: {shown(path, 80)}: it holds look-alike characters")
    for pattern, why in _UNCLEAR:
        if pattern.search(path):
            return Cannot(f"path: {shown(path, 80)}: {why}")
    return None


def _check(roots: tuple[tuple[str, ...], ...], written: str, extra: frozenset[str]) -> Check:
    prefixes = tuple("/".join(("", *root[1:], "")) for root in roots if root[0] == "/")

    def inside(parts: tuple[str, ...]) -> bool:
        return any(parts[: len(root)] == root for root in roots)

    def plainly(path: str) -> bool:
        """True for an ordinary path without any dot to take out, below a folder of the rule or relative to it."""
        simple = _SIMPLE.fullmatch(path) is not None
        return simple and (path[0] != "/" or f"{path}/".startswith(prefixes))

    def check(facts: Facts) -> Outcome:
        count = 0
        unclear: Outcome = None
        for key, value in strings(facts.arguments):
            if value is None or not (key in extra or bears_path(key)):
                continue
            count += 1
            if not isinstance(value, str):
                unclear = Cannot(f"path: {shown(key, 40)} is not a text")
                continue
            if plainly(value):
                continue
            problem = _problem(value)
            if isinstance(problem, Fails):
                return problem
            if problem is not None:
                unclear = problem
                continue
            if not all(inside(resolved(unicodedata.normalize("NFC", value), root)) for root in roots):
                return Fails(f"path: {shown(value, 80)} is not inside {written}")
        return unclear or (None if count else Cannot("path: no path was found"))

    return check


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("inside",), optional=("of",))
    folders = texts(options, "inside")
    for index, folder in enumerate(folders):
        if not (folder == "~" or folder.startswith(("/", "~/"))) or _problem(folder) is not None:
            raise BadOption(
                f"not a folder: {shown(folder)!r}", "inside", index, hint="write it from / or ~/ on, without patterns"
            )
        if ".." in folder.split("/"):
            raise BadOption(f"not a plain folder: {shown(folder)!r}", "inside", index, hint="write it without ..")
    extra = texts(options, "of")
    roots = tuple(resolved(unicodedata.normalize("NFC", folder), ()) for folder in folders)
    check = _check(roots, " or ".join(folders), frozenset(extra))
    return Built(check, dict.fromkeys(extra, ("of",)), bears_path)


def _say(options: Mapping[str, object]) -> str:
    return f"every path is inside {' or '.join(texts(options, 'inside'))}"


PATH = Predicate("path", _build, _say)
