"""What a requirement is: options checked once at load, a closure that is asked for every call.

Rules of this file:

1. A check has three answers: it holds (None), it fails, or it cannot be decided. It never guesses between them.
2. A check reads arguments, the ledger and the moment it is given, and nothing else.
3. What a check says about a call's data is made printable here, on the way out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from pinnedrules.rules.printable import shown
from pinnedrules.rules.terms import On
from pinnedrules.types import Call, Effect, LedgerState, Moment

__all__ = [
    "BadOption",
    "Built",
    "Cannot",
    "Check",
    "Facts",
    "Fails",
    "Look",
    "Note",
    "Outcome",
    "Predicate",
    "Reserve",
    "Trace",
    "Watch",
    "closed",
    "texts",
]


T = TypeVar("T")
_NO_CALL = Call("", "{}")


@dataclass(slots=True)
class Facts:
    """All that a requirement may look at for one call. Not frozen, which would cost more than many a check.

    ``places`` says where paths really lead, links followed; None where nobody can look at the disk. ``stated`` are the
    digests of values that the rules themselves mention.
    """

    arguments: Mapping[str, object]
    ledger: LedgerState
    now: Moment
    call: Call = _NO_CALL
    effects: tuple[Effect, ...] = ()
    places: Mapping[str, str] | None = None
    stated: frozenset[str] = frozenset()
    _read: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, key: Hashable, make: Callable[[Facts], T]) -> T:
        """Return what *make* returns, made once for this call: many rules read the same argument.

        *key* names what is read; two requirements that use the same one must mean the same. What is made is never None.
        """
        found: T | None = self._read.get(key)
        if found is None:
            found = self._read[key] = make(self)
        return found


@dataclass(slots=True)
class Fails:
    """The requirement is not met. Not frozen, for the reason of :class:`Facts`."""

    why: str


@dataclass(slots=True)
class Cannot:
    """Whether the requirement is met cannot be said. Not frozen, for the reason of :class:`Facts`."""

    why: str


Outcome: TypeAlias = Fails | Cannot | None
Check: TypeAlias = Callable[[Facts], Outcome]
Look: TypeAlias = Callable[[Mapping[str, object]], tuple[str, ...]]
"""The paths in a call's arguments whose real places the check wants to know."""


class Note(NamedTuple):
    """What a released call adds to the ledger: a key of one of its halves and the key's new text.

    ``back`` takes it back once it is proven that the call was never run: it is given the text as it is then and returns
    the one without the call, None for none at all. A note without it stays, because taking it back could make a later
    call's answer less strict than it was.
    """

    half: Literal["session", "user"]
    key: str
    text: str
    back: Callable[[str], str | None] | None = None


Reserve: TypeAlias = Callable[[Facts], Note | None]
"""What is kept of a released call; None for nothing."""


class Trace(NamedTuple):
    """Which values a check wants to know of whether they came up in the session: their keys, told by the arguments.

    ``trusted`` says that it wants to know what trusted tools brought back.
    """

    keys: Callable[[Mapping[str, object]], tuple[str, ...]]
    trusted: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """What a requirement wants noted of released calls that its own rule need not be about.

    Of calls that match ``on`` or, with ``rule``, that the rule of this id is about. With ``sure``, only of those that
    are certainly such calls: a name or an effect that is only guessed is none.
    """

    on: On
    rule: str
    sure: bool
    reserve: Reserve


@dataclass(frozen=True, slots=True)
class Built:
    """A requirement with its options taken in.

    ``arguments`` maps the argument names it reads to the option that names them, so that a rule file can be told where
    it names one that the tool does not have; ``bears`` tells the arguments that it finds by their names. ``pattern`` is
    set when the requirement is nothing but that one argument matches one pattern, so that many can be matched at once.
    ``look`` says which paths it wants followed on the disk, which the driver does; ``trace`` which values it wants looked
    up among those that came up in the session.
    ``reserve`` is what is kept of every released call that the rule is about, ``watch`` what is kept of others.
    """

    check: Check
    arguments: Mapping[str, tuple[str | int, ...]]
    bears: Callable[[str], bool] | None = None
    reserve: Reserve | None = None
    pattern: tuple[str, str] | None = None
    look: Look | None = None
    watch: Watch | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Predicate:
    """One word of the rule language: ``build(options, rule id)`` raises :class:`BadOption`; ``say`` reads it aloud."""

    name: str
    build: Callable[[Mapping[str, object], str], Built]
    say: Callable[[Mapping[str, object]], str]


class BadOption(ValueError):
    """An option that a requirement cannot be built from; ``path`` leads to it below the requirement's name."""

    def __init__(
        self, problem: str, *path: str | int, hint: str = "", word: str = "", known: tuple[str, ...] = ()
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self.hint = hint
        self.word = word
        self.known = known


def closed(options: Mapping[str, object], *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    """Raise :class:`BadOption` unless *options* has every required key and no other than the optional ones."""
    known = required + optional
    for key in options:
        if key not in known:
            raise BadOption(
                f"unknown key {shown(key)!r}", key, word=key, known=known, hint=f"known: {', '.join(known)}"
            )
    for key in required:
        if key not in options:
            raise BadOption(f"{key!r} is missing", hint=f"write {key}: ...")


def texts(options: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return the text or the non-empty list of texts under *key*; empty when the key is missing."""
    if key not in options:
        return ()
    value = options[key]
    if isinstance(value, str):
        value = [value]
        place: tuple[tuple[str | int, ...], ...] = ((key,),)
    elif isinstance(value, (list, tuple)):
        place = tuple((key, index) for index in range(len(value)))
    else:
        raise BadOption(f"{key!r} must be a text or a list of texts", key)
    if not value:
        raise BadOption(f"{key!r} is empty", key, hint="a requirement that nothing can meet")
    found: list[str] = []
    for item, path in zip(value, place, strict=True):
        if not isinstance(item, str) or not item:
            raise BadOption("must be a text", *path, hint="put it in quotes")
        found.append(item)
    return tuple(found)
