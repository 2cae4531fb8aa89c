"""What a command line comes to: its programs and what they do; collected while it is read.

Rules of this file:

1. What is not certainly known is said to be unclear, with the reason; it is never left out.
2. Everything is bounded: so many programs, so deep; what is beyond is unclear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pinnedrules.rules.printable import shown
from pinnedrules.types import EFFECTS, Effect

__all__ = [
    "ANYTHING",
    "MAX_DEPTH",
    "MAX_PROGRAMS",
    "PROJECT",
    "SOMETHING",
    "Sink",
    "Summary",
    "Unclear",
    "Word",
    "table",
]

MAX_PROGRAMS = 128
MAX_DEPTH = 8
"""Commands in commands (``sh -c``, ``xargs``, substitutions)."""

ANYTHING = "*"
"""Stands among the files that a line makes for some that cannot be told."""

PROJECT = "(project)"
"""Stands among the files that a line runs for those that say how a project is built and tested."""

SOMETHING: tuple[Effect, ...] = ("write", "execute")
"""What a program does of which nothing is known: it writes as an unknown tool does, and it is code that runs."""

_MAX_WHY = 8
_PAPERS = re.compile(r"\.(?:log|txt|out|md|csv|html)\Z|(?<!package)\.json\Z")
_NOWHERE = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty"})


def table(text: str) -> frozenset[str]:
    """Return the words of a table as a set."""
    return frozenset(text.split())


class Unclear(ValueError):
    """A piece of a command line that cannot be read in one way only; the text says why."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command.

    ``text`` is what it is, or as much of its beginning as is known. ``pattern`` is true when file names are put in its
    place, ``splits`` when what is not known of it may become several words, or none.
    """

    text: str
    known: bool = True
    pattern: bool = False
    splits: bool = False

    @property
    def plain(self) -> bool:
        """True when this is the word that the program gets."""
        return self.known and not self.pattern

    @property
    def maybe_option(self) -> bool:
        """True when the program may get an option in its place that does not stand here."""
        if self.pattern:
            return self.text.lstrip("-")[:1] in ("*", "?", "[")
        return not self.known and (self.splits or self.text[:1] in ("", "-"))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a command line does, as far as that can be told from it.

    ``programs`` holds the leading words of every program that it starts, ``effects`` what those do together.
    ``paths`` is every word that may name a file, those of ``writes`` and ``deletes`` among them; ``unplaced`` says why
    there are paths that cannot be told. ``hosts`` are the machines that it talks to, ``elsewhere`` says why there may
    be others. ``unclear`` says what could not be read: with anything in it, the line may do everything. ``makes`` and
    ``runs`` are the last names of files that it writes and of files whose content it runs (``ANYTHING``, ``PROJECT``).
    """

    programs: tuple[tuple[str, ...], ...] = ()
    effects: tuple[Effect, ...] = ()
    writes: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    unplaced: str = ""
    elsewhere: str = ""
    unclear: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


@dataclass(slots=True)
class Sink:
    """Collects what is read of one line."""

    programs: list[tuple[str, ...]] = field(default_factory=list)
    effects: set[Effect] = field(default_factory=set)
    writes: list[str] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    unplaced: str = ""
    elsewhere: str = ""
    unclear: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    scripts: set[str] = field(default_factory=set)
    nodes: int = 0

    def doubt(self, why: str) -> None:
        """Note something that cannot be read."""
        if why not in self.unclear and len(self.unclear) < _MAX_WHY:
            self.unclear.append(why)

    def does(self, *effects: Effect) -> None:
        self.effects.update(effects)

    def program(self, words: Sequence[str]) -> None:
        """Note a program that is started. Raises :class:`Unclear` when there are too many."""
        if len(self.programs) >= MAX_PROGRAMS:
            # What comes behind is not read any more, so that it may do everything.
            self.does(*EFFECTS)
            raise Unclear(f"it runs more than {MAX_PROGRAMS} programs")
        self.programs.append(tuple(words))

    def path(self, word: Word, *, made: bool = False, gone: bool = False) -> None:
        """Note a word that may name a file; *made* when it is written, *gone* when it is deleted."""
        if not word.known:
            self.unplaced = self.unplaced or f"which files it means is not known: {shown(word.text, 40)}..."
            self.made.update([ANYTHING] if made else [])
            return
        if word.text in _NOWHERE:
            return
        self.paths.append(word.text)
        if made:
            self.writes.append(word.text)
            self.made.add(ANYTHING if word.pattern else _last(word.text))
        if gone:
            self.deletes.append(word.text)

    def script(self, word: Word) -> None:
        """Note a file whose content is run."""
        if not word.plain or word.text.startswith(("/dev/", "/proc/")):
            self.doubt("it runs a script that is not known")
        self.does(*SOMETHING)
        self.scripts.add(_last(word.text))

    def host(self, name: str) -> None:
        """Note a machine that is talked to."""
        self.hosts.append(name)

    def away(self, why: str) -> None:
        """Note that it talks to machines that the line does not name."""
        self.elsewhere = self.elsewhere or why

    def summary(self) -> Summary:
        """Return what was collected. What a line makes and then runs is code that nobody has seen."""
        telling = {name for name in self.made if not _PAPERS.search(name)}
        if self.scripts and (
            ANYTHING in self.made or self.scripts & self.made or (PROJECT in self.scripts and telling)
        ):
            self.doubt("it runs what it has just written")
        return Summary(
            _once(self.programs),
            tuple(effect for effect in EFFECTS if effect in self.effects),
            _once(self.writes),
            _once(self.deletes),
            _once(self.paths),
            _once(self.hosts),
            self.unplaced,
            self.elsewhere,
            tuple(self.unclear),
            tuple(sorted(self.made)),
            tuple(sorted(self.scripts)),
        )


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].lower()


def _once(items: Iterable[tuple[str, ...] | str]) -> tuple:  # type: ignore[type-arg]
    return tuple(dict.fromkeys(items))
