"""How a sentence is judged: one procedure for all languages, over words and patterns that each language writes down.

A language sorts words and phrases into classes. A sentence becomes a string with one character for each word or phrase, and
patterns are regular expressions over such strings, in which the name of a class stands for its words, and a word that is no
name for itself. So patterns stay short, and what is searched is never longer than the words of a sentence. No pattern
repeats anything but single words, so that the time for a search cannot explode.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from pinnedrules.chat.text import Sentence
from pinnedrules.types import EFFECTS, Effect

__all__ = ["ALL", "Language", "Patterns", "Sense"]

ALL: tuple[Effect, ...] = EFFECTS[1:]
"""What a limit is about when it does not say what it is about: everything but reading."""
Sense: TypeAlias = Literal["", "stop", "constraint", "work", "shown"]
Words: TypeAlias = tuple[str, ...]

_NAME = re.compile(r"\{[0-9,]+\}|[a-z_][a-z_0-9]*|,| +")
_COMMA = ","
_NEVER = "\uf8ff"
"""A character that stands for no word: a class that has none."""
_FIRST = 0xE000
"""Where the characters that stand for words begin: a range that no text uses."""
_COMMON = frozenset(
    {"a", "all", "and", "are", "be", "can", "do", "for", "from", "give", "have", "i", "in", "is", "it", "make", "me", "more",
     "my", "of", "on", "one", "please", "should", "that", "the", "there", "this", "time", "to", "up", "we", "with", "you",
     "your"}
)  # fmt: skip
_BUILT_IN = frozenset({"any", "end", "close", "query", "number", "gerund"})


@dataclass(frozen=True, slots=True)
class Patterns:
    """What a language says of whole sentences. Names are classes of words; ``any`` is any word, a comma is a comma.

    ``end`` stands before a comma or the end, ``close`` before the end, ``query`` is the end of a question. ``shown``: an
    order for or about a text, whose words are nobody's, or talk of somebody else. ``work``: any other order. ``asks``: a
    question. ``halts``: a stop; ``surely``: one that counts beside work; ``style``: what only sounds like one. ``forbids``:
    forbids an act, ``now`` for what is going on; ``standing``: meant to last. ``firm``: a constraint, whatever it looks like;
    ``limits``: a constraint when it is nothing stronger; ``spares``: what only sounds like one. ``permits`` and
    ``dismisses`` would relax something.
    """

    shown: tuple[str, ...]
    work: tuple[str, ...]
    asks: tuple[str, ...]
    halts: tuple[str, ...]
    surely: tuple[str, ...]
    style: tuple[str, ...]
    forbids: tuple[str, ...]
    standing: tuple[str, ...]
    now: tuple[str, ...]
    firm: tuple[str, ...]
    limits: tuple[str, ...]
    spares: tuple[str, ...]
    permits: tuple[str, ...]
    dismisses: tuple[str, ...]


_DETERMINERS = (
    "a an the any my your our their his her its this that these those no all every another other some "
    "ein eine einen einer der die das den dem keine keinen meine unsere alle "
    "un une des le la les mes mon ma nos aucun aucune tous toutes "
    "el los las una unos unas mi mis ningun ninguna todos todas "
    "o os as um uma meu minha nenhum nenhuma todos "
    "il lo gli i uno mio mia nessun nessuna tutti tutte"
)
_BEFORE_THINGS = frozenset(_DETERMINERS.split())
"""Behind these stands a thing, also where its name is that of an act in English."""

_ARCHIVING = ("archiv", "arquiv")


class Language:
    """Words in classes, patterns over the classes, and what acts do.

    *classes*: name to words, phrases with ``_`` for the gap; a word may be in several classes. *alerts*: the classes one of
    whose words a turn must hold to be judged at all; *relaxes*: the same for ``relaxes``. *effects*: what the words of an
    act do; a word that ends with ``*`` is a beginning. *guesses*: endings of words, and a class that such words are in, too;
    *stems*: classes, and beginnings of words. *inherits*: a class that a phrase is in when its first word is. *opening*:
    classes whose phrases are phrases only where a sentence begins.
    """

    def __init__(
        self,
        classes: Mapping[str, str],
        patterns: Patterns,
        *,
        alerts: str,
        effects: Iterable[tuple[str, tuple[Effect, ...]]],
        guesses: Mapping[str, str] | None = None,
        stems: Mapping[str, str] | None = None,
        relaxes: str = "",
        inherits: str = "",
        opening: str = "",
    ) -> None:
        self._endings = tuple((guesses or {}).items())
        self._starts = tuple((name, tuple(starts.split())) for name, starts in (stems or {}).items())
        literal = {name: name for name in _names(patterns)}
        of = self._classes_of({**literal, **dict.fromkeys(stems or {}, ""), **classes}, inherits)
        kinds = {frozenset(names) for names in of.values()} | {frozenset(), frozenset({"number"}), frozenset({"query"})}
        kinds |= {frozenset({name}) for name, _ in self._starts} | {frozenset({name}) for _, name in self._endings}
        symbols = {kind: chr(_FIRST + at) for at, kind in enumerate(sorted(kinds, key=sorted))}

        self._named = {symbol: tuple(sorted(kind)) for kind, symbol in symbols.items()}
        self._other, self._number = symbols[frozenset()], symbols[frozenset({"number"})]
        self._query = symbols[frozenset({"query"})]
        self._words = {words[0]: symbols[frozenset(names)] for words, names in of.items() if len(words) == 1}
        self._phrases: dict[str, list[tuple[Words, str]]] = {}
        for words in sorted(of, key=len, reverse=True):
            if len(words) > 1:
                self._phrases.setdefault(words[0], []).append((words, symbols[frozenset(of[words])]))
        self._guessed: list[tuple[Words, Words, str]] = [
            *((starts, (), symbols[frozenset({name})]) for name, starts in self._starts),
            *(((), (ending,), symbols[frozenset({name})]) for ending, name in self._endings),
        ]

        names = {*literal, *classes, *(stems or {}), _COMMA, "number", "query", *(name for _, name in self._endings)}
        self._sets = {name: _set_of(name, symbols) for name in names}
        self._sets |= {"any": f"[^{self._query}]", "close": f"(?={self._query}?$)"}
        self._sets["end"] = f"(?=$|{self._sets[_COMMA]}|{self._query})"
        self.alerts, self.relaxing = _alerts(of, set(alerts.split())), _alerts(of, set(relaxes.split()))
        begins, before = set(opening.split()), {"lead", "asked", "number", _COMMA}
        self._opening = frozenset(symbol for kind, symbol in symbols.items() if kind & begins and not kind - begins)
        self._before = frozenset(symbol for kind, symbol in symbols.items() if kind & before)

        self._effects: dict[str, set[Effect]] = {}
        self._begins: list[tuple[str, tuple[Effect, ...]]] = []
        for each, does in effects:
            for word in each.split():
                if word.endswith("*"):
                    self._begins.append((word[:-1], does))
                else:
                    self._effects.setdefault(word, set()).update(does)
        self._written = patterns

    def read(self, sentence: Sentence) -> str:
        """Return *sentence* as one character for each word or phrase, for ``sense``."""
        words = sentence.folded.split()
        said: list[str] = []
        at = 0
        opening = True
        while at < len(words):
            word = words[at]
            opening = opening and (not said or said[-1] in self._before)
            for phrase, symbol in self._phrases.get(word, ()):
                if tuple(words[at : at + len(phrase)]) == phrase and (opening or symbol not in self._opening):
                    said.append(symbol)
                    at += len(phrase)
                    break
            else:
                said.append(self._words.get(word) or self._guess(word))
                at += 1
        return "".join(said) + (self._query if sentence.end == "?" else "")

    def unknown(self, said: str) -> int:
        """Return how many words of a sentence are in no class: the fewer, the likelier is this its language."""
        return said.count(self._other)

    def classes(self, said: str) -> tuple[tuple[str, ...], ...]:
        """Return the names of the classes that each word or phrase of a sentence is in."""
        return tuple(self._named[symbol] for symbol in said)

    def sense(self, said: str, after_work: bool) -> Sense:
        """Return what a sentence says. *after_work*: the same turn gave work before it, so a ban is about that work."""
        says = self._patterns
        if says.shown.search(said):
            return "shown"
        plain, said = said, says.style.sub(self._other, said)
        if says.surely.search(said):
            return "stop"
        if says.asks.search(plain):
            return ""
        if says.firm.search(plain):
            return "constraint"
        work = says.work.search(said) is not None
        if not work and says.halts.search(said):
            return "stop"
        if not work and says.forbids.search(said):
            now = says.now.search(said) and not says.standing.search(said) and not after_work
            return "stop" if now else "constraint"
        if says.limits.search(said) and not says.spares.search(said):
            return "constraint"
        return "work" if work else ""

    def bounds(self, said: str) -> bool:
        """Return whether a constraint says only what is wanted ("analyze only"), and bans nothing by itself."""
        says = self._patterns
        return says.firm.search(said) is None and says.forbids.search(says.style.sub(self._other, said)) is None

    def relaxes(self, said: str) -> Literal["", "permission", "dismissal"]:
        """Return whether a sentence, whoever said it, would relax something."""
        if self._patterns.dismisses.search(said):
            return "dismissal"
        return "permission" if self._patterns.permits.search(said) else ""

    def effects_of(self, folded: str) -> tuple[Effect, ...]:
        """Return what a constraint is about: the effects of the acts that it names, or all when it names none."""
        acts: dict[str, set[Effect]] = {}
        things: set[Effect] = set()
        before = ""
        for word in folded.split():
            does = self._done_by(word)
            if does and (before in _BEFORE_THINGS or (before in acts and before != word)):
                things |= does  # "never delete a mail": the mail is what is deleted, not what is done
            elif does:
                acts[word] = does
            before = word
        named = set().union(*acts.values()) or things
        if "delete" in named:
            # Beside deleting, archiving is one more way of getting rid of something.
            kept = [does for word, does in acts.items() if not word.startswith(_ARCHIVING)]
            named = set().union(*kept) or named
        return tuple(effect for effect in ALL if effect in named) or ALL

    def _done_by(self, word: str) -> set[Effect]:
        found = set(self._effects.get(word, ()))
        for start, does in self._begins:
            if word.startswith(start):
                found.update(does)
        return found

    @cached_property
    def _patterns(self) -> _Compiled:
        """The patterns, compiled when a first turn holds a telling word of this language: that takes most of the time."""
        return _Compiled(*(self._compiled(each) for each in astuple(self._written)))

    def _classes_of(self, classes: Mapping[str, str], inherits: str) -> dict[Words, set[str]]:
        of: dict[Words, set[str]] = {(_COMMA,): {_COMMA}}
        for name, listed in classes.items():
            for entry in listed.split():
                of.setdefault(tuple(entry.split("_")), set()).add(name)
        for words, names in of.items():
            if len(words) == 1:
                names.update(name for ending, name in self._endings if words[0].endswith(ending))
                names.update(name for name, starts in self._starts if words[0].startswith(starts))
        for words, names in of.items():
            if len(words) > 1 and inherits in of.get(words[:1], ()):
                names.add(inherits)
        return of

    def _guess(self, word: str) -> str:
        if word[0].isdigit():
            return self._number
        for starts, endings, symbol in self._guessed:
            if word.startswith(starts) or word.endswith(endings):
                return symbol
        return self._other

    def _compiled(self, patterns: tuple[str, ...]) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_NAME.sub(self._set, pattern)})" for pattern in patterns))

    def _set(self, found: re.Match[str]) -> str:
        name = found.group()
        return "" if name.isspace() else name if name[0] == "{" else self._sets[name]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """``Patterns``, each list as one expression, in the same order."""

    shown: re.Pattern[str]
    work: re.Pattern[str]
    asks: re.Pattern[str]
    halts: re.Pattern[str]
    surely: re.Pattern[str]
    style: re.Pattern[str]
    forbids: re.Pattern[str]
    standing: re.Pattern[str]
    now: re.Pattern[str]
    firm: re.Pattern[str]
    limits: re.Pattern[str]
    spares: re.Pattern[str]
    permits: re.Pattern[str]
    dismisses: re.Pattern[str]


def _alerts(of: Mapping[Words, set[str]], wanted: set[str]) -> frozenset[str]:
    """Return the words one of which has to occur: of a phrase the longest that is not in every other sentence."""
    longest = (
        max(words, key=lambda word: (word not in _COMMON, len(word))) for words, found in of.items() if found & wanted
    )
    return frozenset(longest) - _COMMON


def _names(patterns: Patterns) -> set[str]:
    written = (pattern for each in astuple(patterns) for pattern in each)
    return {name for pattern in written for name in _NAME.findall(pattern) if name[0].isalpha()} - _BUILT_IN


def _set_of(name: str, symbols: Mapping[frozenset[str], str]) -> str:
    return "[" + ("".join(symbol for kind, symbol in symbols.items() if name in kind) or _NEVER) + "]"
