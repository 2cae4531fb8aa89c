"""``path: {inside: /srv/project, home: /home/ada, case: ignore}``: every path of the call stays inside one of these folders.

Which arguments: those whose name says that they are a path (``path``, ``file_name``, ``cwd``, ``destination``, ...),
at any depth, those named in ``of``, and any other text that begins like a path that may lead out of a folder (``/``,
``/etc/passwd``, ``../a``, ``~/a``, ``$HOME``, ``file:``) or has ``/../`` in it, because a tool may open what it calls
``item``. Left out are those whose name says that they are prose, an address of a machine, or words of some language (a
command, a pattern), what looks like a sentence (:func:`_begins`), and one small word behind a slash that is no folder of
a system (``/help``). A relative path is relative to the folder that the rule names.

- holds: at least one path was found, and after taking out ``.`` and ``..`` every one is inside; and so is the place to
  which it really leads, where somebody can look.
- fails: a path outside, one that leads outside through a symbolic link, or one with a control character.
- cannot be decided: no path, more than 256, one longer than 4,096 characters or all than 64,000, a value of another type,
  a pattern or variable that a shell would expand (``*?[{$``), a backslash or drive letter (a separator on some systems),
  percent-encoding, a URL, look-alike characters, blanks at an end, another user's home, a place that cannot be looked up.

The core reads no disk. It says which places it wants to know (:attr:`Built.look`): for every path the one as it is written,
because ``link/..`` leads elsewhere than a text tells, the one without dots, because a tool may take them out first, and the
folders of the rule, which may be links themselves. What comes back stands in ``facts.places``. Where nobody can look (a rule
file tried out with ``pinnedrules check``) the text alone decides. Hard links and mounts look like what they are linked as,
and whoever can change a link after the decision is faster than any check.

``home`` says what ``~``, ``$HOME`` and ``${HOME}`` stand for. Without it ``~`` stands only for itself (a rule for ``~/notes``
permits ``~/notes/a``), and a variable cannot be decided. ``case: ignore`` is for file systems that do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from pinnedrules.rules.bearing import (
    TooMany,
    bears_path,
    bears_prose,
    bears_remark,
    bears_url,
    bears_words,
    strings,
)
from pinnedrules.rules.memory import remembered
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Facts,
    Fails,
    Outcome,
    Predicate,
    closed,
    texts,
)
from pinnedrules.rules.printable import shown

__all__ = ["MAX_PATHS", "PATH", "resolved"]

MAX_PATHS = 256
MAX_TEXT = 64_000
"""Characters of all paths of one call together."""

MAX_PATH = 4096
"""Longest path that is read, in characters: Linux takes no longer one (PATH_MAX in limits.h)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SIMPLE = re.compile(r"/?[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
# From a folder of the system or of somebody's home on, or out of the one where one is; no sentence with a slash in it.
_LEADING = re.compile(
    r"/[\w.@+-]+/|\.\./|~[\w.-]*/|\$HOME(?![\w\s])|\$\{HOME\}(?!\s)|(?i:file:)(?!\s)|(?:~|\.\.|\$HOME|\$\{HOME\})\Z"
)
_COMMAND = re.compile(r"/[a-z][a-z0-9_@-]*")
_BLANK = re.compile(r"\s")
# hier(7), and the folders that macOS has at its root.
_SYSTEM = re.compile(
    r"applications|bin|boot|cores|data|dev|etc|home|lib(?:rary|32|64)?|media|mnt|net|nix|opt|private|proc|root|run|sbin|srv|sys(?:tem)?"
    r"|tmp|users|usr|var|volumes"
)
_HOME = re.compile(r"(?:~|\$HOME|\$\{HOME\})(?=/|\Z)")
# A segment that routers take for a parameter: src/[id]/page.tsx, [...slug], [[...slug]].tsx. Read as a pattern it is one
# letter, so that it stays in its folder either way.
_PARAMETER = re.compile(
    r"(?:(?<=/)|\A(?=[^/]*/))(?:\[(?:\.\.\.)?[A-Za-z]\w{0,60}\]|\[\[\.\.\.[A-Za-z]\w{0,60}\]\])(?=\Z|/|\.[A-Za-z][\w.]*(?:/|\Z))"
)
_UNCLEAR = (
    (re.compile(r"[*?\[\]{}]"), "it is a pattern, not one path"),
    (re.compile(r"[$`]"), "it holds a variable"),
    (re.compile(r"\\"), "it holds a backslash"),
    (re.compile(r"%[0-9A-Fa-f]{2}"), "it is percent-encoded"),
    (re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:"), "it begins with a drive or a scheme"),
    (re.compile(r"^//|^~[^/]"), "it begins on another machine or in another home"),
    (re.compile(r"^\s|\s$|^$"), "it is empty or has blanks at an end"),
)

_FIRST = frozenset("/~.$fF")

Parts = tuple[str, ...]


def resolved(path: str, base: Parts) -> Parts:
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
    if len(path) > MAX_PATH:
        return Cannot(f"path: {shown(path, 80)} is longer than {MAX_PATH} characters")
    if _CONTROL.search(path):
        return Fails(f"path: {shown(path, 80)} holds a control character")
    if not path.isascii() and unicodedata.normalize("NFKC", path) != unicodedata.normalize("NFC", path):
        return Cannot(f"path: {shown(path, 80)}: it holds look-alike characters")
    if "[" in path:
        path = _PARAMETER.sub("x", path)
    for pattern, why in _UNCLEAR:
        if pattern.search(path):
            return Cannot(f"path: {shown(path, 80)}: {why}")
    return None


@dataclass(frozen=True, slots=True)
class _Folders:
    """The folders of one rule, and how paths are read under it."""

    roots: tuple[Parts, ...]
    written: str
    extra: frozenset[str]
    home: str
    fold: bool
    prefixes: tuple[str, ...]

    def paths(self, arguments: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        """Yield name and value of every argument that is a path, with ``~`` written out."""
        for key, value in strings(arguments):
            if value is None or (isinstance(value, bool) and key not in self.extra):
                continue  # create_dirs: true is a switch
            if bears_path(key) or key in self.extra or (isinstance(value, str) and _leads(key, value)):
                yield key, _homed(value, self.home) if self.home and isinstance(value, str) else value

    def plainly(self, path: str) -> bool:
        """True for an ordinary path without any dot to take out, below a folder of the rule or relative to it."""
        simple = len(path) <= MAX_PATH and _SIMPLE.fullmatch(path) is not None
        return simple and (path[0] != "/" or f"{path}/".startswith(self.prefixes))

    def inside(self, parts: Parts, roots: tuple[Parts, ...]) -> bool:
        """Say whether *parts* are in one of *roots*."""
        if self.fold:
            parts = tuple(part.casefold() for part in parts)
            roots = tuple(tuple(part.casefold() for part in root) for root in roots)
        return any(parts[: len(root)] == root for root in roots)

    def lexically(self, path: str) -> Outcome:
        """Say by the text alone whether *path* is inside."""
        problem = _problem(path)
        if problem is not None:
            return problem
        normal = unicodedata.normalize("NFC", path)
        if all(self.inside(resolved(normal, root), self.roots) for root in self.roots):
            return None
        return Fails(f"path: {shown(path, 80)} is not inside {self.written}")

    def really(self, path: str, places: Mapping[str, str]) -> Outcome:
        """Say whether *path* is inside once links are followed."""
        roots = [places.get(_text(root)) for root in self.roots]
        found = [(spelling, places.get(spelling)) for spelling in self.spellings(path)]
        if None in roots or any(place is None for _, place in found):
            return Cannot(f"path: where {shown(path, 80)} leads cannot be looked up")
        real = tuple(_parts(root) for root in roots if root is not None)
        for _, place in found:
            if place is None or not self.inside(_parts(place), real):
                return Fails(f"path: {shown(path, 80)} leads to {shown(place, 80)}, which is not inside {self.written}")
        return None

    def spellings(self, path: str) -> Iterator[str]:
        """Yield *path* from every folder on, as it is written and without dots."""
        for root in self.roots:
            yield path if path[0] in "/~" else f"{_text(root)}/{path}"
            yield _text(resolved(path, root))

    def look(self, arguments: Mapping[str, object]) -> tuple[str, ...]:
        """Return the places that :meth:`really` will want to know."""
        found: dict[str, None] = {}
        size = 0
        try:
            paths = list(islice(self.paths(arguments), MAX_PATHS + 1))
        except TooMany:
            return ()
        for count, (_, path) in enumerate(paths):
            size += len(path) if isinstance(path, str) else 0
            if count == MAX_PATHS or size > MAX_TEXT:
                return ()
            if isinstance(path, str) and (self.plainly(path) or self.lexically(path) is None):
                found.update(dict.fromkeys(self.spellings(path)))
        return (*map(_text, self.roots), *found) if found else ()

    def check(self, facts: Facts) -> Outcome:
        """Say whether every path is inside."""
        count = size = 0
        unclear: Outcome = None
        places = facts.places
        try:
            for key, path in self.paths(facts.arguments):
                count += 1
                if count > MAX_PATHS:
                    return Cannot(f"path: there are more than {MAX_PATHS} paths")
                if not isinstance(path, str):
                    unclear = Cannot(f"path: {shown(key, 40)} is not a text")
                    continue
                size += len(path)
                if size > MAX_TEXT:
                    return Cannot(f"path: the paths are longer than {MAX_TEXT} characters together")
                problem = None if self.plainly(path) else self.lexically(path)
                if problem is None:
                    if places is None:
                        continue
                    problem = self.really(path, places)
                if isinstance(problem, Fails):
                    return problem
                unclear = problem or unclear
        except TooMany as many:
            return Cannot(f"path: {many}")
        return unclear or (None if count else Cannot("path: no path was found"))


def _leads(key: str, text: str) -> bool:
    """True for a text that may be a path out of a folder, under a name that says nothing of paths."""
    bare = text.strip()
    return (bare[:1] in _FIRST or "/.." in bare) and _open(key) and _begins(bare)


def _begins(bare: str) -> bool:
    """Say whether a text without blanks at its ends may be a path; every step takes time in proportion to its length."""
    if _LEADING.match(bare):
        return True
    blank = _BLANK.search(bare)
    if bare[0] == "/" and not blank:
        return not _COMMAND.fullmatch(bare) or _SYSTEM.fullmatch(bare, 1) is not None
    first = bare[: blank.start()] if blank else bare
    if "/../" in first or first.endswith("/.."):
        return True
    last = len(bare) - 3 if bare.endswith("/..") else bare.rfind("/../")
    return last >= 0 and not _BLANK.search(bare, last)


@remembered()
def _open(key: str) -> bool:
    return not (bears_prose(key) or bears_url(key) or bears_remark(key) or bears_words(key))


def _homed(path: str, home: str) -> str:
    found = _HOME.match(path)
    return home + path[found.end() :] if found else path


def _text(parts: Parts) -> str:
    return "/".join(("" if parts[0] == "/" else parts[0], *parts[1:])) or "/"


def _parts(place: str) -> Parts:
    return ("/", *(part for part in unicodedata.normalize("NFC", place).split("/") if part))


def _plain_folder(folder: str, *place: str | int) -> str:
    if not (folder == "~" or folder.startswith(("/", "~/"))) or _problem(folder) is not None:
        raise BadOption(f"not a folder: {shown(folder)!r}", *place, hint="write it from / or ~/ on, without patterns")
    if ".." in folder.split("/"):
        raise BadOption(f"not a plain folder: {shown(folder)!r}", *place, hint="write it without ..")
    return unicodedata.normalize("NFC", folder)


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("inside",), optional=("of", "home", "case"))
    written, extra, home = texts(options, "inside"), texts(options, "of"), options.get("home", "")
    if options.get("case", "ignore") != "ignore":
        raise BadOption("must be ignore", "case", word=str(options["case"]), known=("ignore",), hint="or leave it out")
    if not isinstance(home, str) or (home and not home.startswith("/")) or ("home" in options and not home):
        raise BadOption(f"not a folder: {shown(home)!r}", "home", hint="write it from / on")
    home = _text(resolved(_plain_folder(home, "home"), ())) if home else ""
    folders = [_plain_folder(folder, "inside", index) for index, folder in enumerate(written)]
    roots = tuple(resolved(_homed(folder, home) if home else folder, ()) for folder in folders)
    prefixes = tuple("/".join(("", *root[1:], "")) for root in roots if root[0] == "/")
    found = _Folders(roots, " or ".join(written), frozenset(extra), home, "case" in options, prefixes)
    return Built(found.check, dict.fromkeys(extra, ("of",)), bears_path, look=found.look)


def _say(options: Mapping[str, object]) -> str:
    home = f", where ~ is {options['home']}" if "home" in options else ""
    case = ", whatever its case" if "case" in options else ""
    return f"every path is inside {' or '.join(texts(options, 'inside'))}{home}{case}"


PATH = Predicate("path", _build, _say)
