"""How a sentence is judged: one procedure for all languages, over words and patterns that each language writes down.

A language sorts words and phrases into classes. A sentence becomes a string with one character for each word or phrase, and
patterns are regular expressions over such strings, in which the name of a class stands for its words, and a word that is no
name for itself. So patterns stay short,
and a sentence is never longer than 150 characters, whatever its words are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from itertools import repeat
from typing import Literal, TypeAlias

from pinnedrules.chat.text import Sentence
from pinnedrules.types import EFFECTS, Effect

__all__ = ["ALL", "Language", "Patterns", "Sense"]

ALL: tuple[Effect, ...] = EFFECTS[1:]
"""What a limit is about when it does not say what it is about: everything but reading."""
Sense: TypeAlias = Literal["", "stop", "constraint", "permission", "dismissal", "work", "shown"]
_LONGEST = 150
"""Words of one sentence that are judged."""
_NAME = re.compile(r"\{[0-9,]+\}|[a-z_][a-z_0-9]*|,| +")
_NONE = re.compile(r"(?!)")
_COMMA = ","
_NEVER = "\uf8ff"
"""A character that stands for no word: what a language has no words for."""
_BUILT_IN = frozenset({"any", "end", "close", "query", "number", "gerund"})


@dataclass(frozen=True, slots=True)
class Patterns:
    """What a language says of whole sentences. Names are classes of words; ``any`` is any word, a comma is a comma,
    ``end`` stands before a comma or the end, ``close`` before the end, ``query`` is the end of a question.

    ``shown``: an order for or about a text, whose words are nobody's, or talk of somebody else. ``work``: any other order.
    ``asks``: a question. ``halts``: a stop; ``surely``: one that counts beside work; ``style``: what only sounds like one.
    ``forbids``: forbids an act, for now or for good; ``now``: meant for what is going on; ``standing``: meant to last. ``firm``: a constraint, whatever it looks like; ``limits``: a constraint in itself;
    ``spares``: what only sounds like one. ``permits`` and ``dismisses`` would relax something.
    """

    shown: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    halts: tuple[str, ...] = ()
    surely: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    now: tuple[str, ...] = ()
    firm: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    permits: tuple[str, ...] = ()
    dismisses: tuple[str, ...] = ()


class Language:
    """Words in classes, patterns over the classes, and what acts do.

    *classes*: name to words, phrases with ``_`` for the gap; a word may be in several classes. *alerts*: the classes one of
    whose words a turn must hold to be judged at all. *guesses*: endings of unknown words and the class that they get; *stems*:
    classes, with the beginnings of unknown words that belong to them. *inherits*: a class that a phrase is in when its first word
    is. *opening*: classes whose phrases are
    phrases only where a sentence begins. *effects*: what the words of an act do; a word that ends with ``*`` is a beginning.
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
        inherits: str = "",
        opening: str = "",
    ) -> None:
        stems = stems or {}
        classes = {**dict.fromkeys(stems, ""), **classes}
        written = " ".join(pattern for field in astuple(patterns) for pattern in field)
        named = {name for name in _NAME.findall(written) if name[0].isalpha()} - _BUILT_IN
        classes = {**{name: name for name in named if name not in classes}, **classes}
        of: dict[tuple[str, ...], set[str]] = {(",",): {_COMMA}}
        for name, words in classes.items():
            for entry in words.split():
                of.setdefault(tuple(entry.split("_")), set()).add(name)
        self._guesses = tuple((guesses or {}).items())
        for words, names in of.items():
            names.update(name for ending, name in self._guesses if len(words) == 1 and words[0].endswith(ending))
            names.update(
                name for name, starts in stems.items() if len(words) == 1 and words[0].startswith(tuple(starts.split()))
            )
            if len(words) > 1 and inherits in of.get(words[:1], ()):
                names.add(inherits)
        kinds = {frozenset(names) for names in of.values()} | {frozenset({name}) for _, name in self._guesses}
        kinds |= {frozenset({name}) for name in stems}
        kinds |= {frozenset(), frozenset({"number"}), frozenset({"query"})}
        symbols = {kind: chr(0xE000 + at) for at, kind in enumerate(sorted(kinds, key=sorted))}
        self._other, self._number = symbols[frozenset()], symbols[frozenset({"number"})]
        self._query = symbols[frozenset({"query"})]
        self._guessed = tuple((ending, symbols[frozenset({name})]) for ending, name in self._guesses)
        self._stems = tuple((tuple(starts.split()), symbols[frozenset({name})]) for name, starts in stems.items())
        self._words = {words[0]: symbols[frozenset(of[words])] for words in of if len(words) == 1}
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for words in sorted(of, key=len, reverse=True):
            if len(words) > 1:
                self._phrases.setdefault(words[0], []).append((words, symbols[frozenset(of[words])]))
        self._sets = {
            name: "[" + ("".join(symbol for kind, symbol in symbols.items() if name in kind) or _NEVER) + "]"
            for name in {*classes, _COMMA, "number", "query", *(name for _, name in self._guesses)}
        } | {"any": f"[^{self._query}]", "close": f"(?={self._query}?$)"}
        self._sets["end"] = f"(?=$|{self._sets[_COMMA]}|{self._query})"
        wanted = set(alerts.split())
        self.alerts = frozenset(max(words, key=len) for words, names in of.items() if names & wanted)
        begins, only = set(opening.split()), {"lead", "asked", "number", _COMMA}
        self._opening = frozenset(symbol for kind, symbol in symbols.items() if kind & begins and not kind - begins)
        self._before = frozenset(symbol for kind, symbol in symbols.items() if kind & only)
        self._effects: dict[str, set[Effect]] = {}
        self._begins: list[tuple[str, tuple[Effect, ...]]] = []
        for words_, does in effects:
            for word in words_.split():
                if word.endswith("*"):
                    self._begins.append((word[:-1], does))
                else:
                    self._effects.setdefault(word, set()).update(does)
        self._shown, self._work, self._asks = map(self._compiled, (patterns.shown, patterns.work, patterns.asks))
        self._halts, self._surely, self._style = map(self._compiled, (patterns.halts, patterns.surely, patterns.style))
        self._forbids, self._standing, self._now = map(
            self._compiled, (patterns.forbids, patterns.standing, patterns.now)
        )
        self._firm, self._limits, self._spares = map(self._compiled, (patterns.firm, patterns.limits, patterns.spares))
        self._permits, self._dismisses = map(self._compiled, (patterns.permits, patterns.dismisses))

    def read(self, sentence: Sentence) -> str:
        """Return *sentence* as one character for each word or phrase, for ``sense``."""
        return self._read(sentence.folded) + (self._query if sentence.end == "?" else "")

    def unknown(self, said: str) -> int:
        """Return how many words of a sentence are in no class: the fewer, the likelier is this its language."""
        return said.count(self._other)

    def sense(self, said: str, after_work: bool) -> Sense:
        """Return what a sentence says. *after_work*: the same turn gave work before it, so a ban is about that work."""
        if self._shown.search(said):
            return "shown"
        plain, said = said, self._style.sub(self._other, said)
        if self._surely.search(said):
            return "stop"
        if self._asks.search(plain):
            return ""
        work = self._work.search(said) is not None
        if self._firm.search(plain):
            return "constraint"
        if not work and self._halts.search(said):
            return "stop"
        if not work and self._forbids.search(said):
            now = self._now.search(said) and not self._standing.search(said) and not after_work
            return "stop" if now else "constraint"
        if self._limits.search(said) and not self._spares.search(said):
            return "constraint"
        if self._dismisses.search(said):
            return "dismissal"
        if self._permits.search(said):
            return "permission"
        return "work" if work else ""

    def effects_of(self, folded: str) -> tuple[Effect, ...]:
        """Return what a constraint is about: the effects of the acts that it names, or all when it names none."""
        words = folded.split()
        named = {effect for word in words for effect in self._effects.get(word, ())}
        named |= {
            effect for start, does in self._begins if any(map(str.startswith, words, repeat(start))) for effect in does
        }
        return tuple(effect for effect in ALL if effect in named) or ALL

    def _read(self, folded: str) -> str:
        words = folded.split()[:_LONGEST]
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
        return "".join(said)

    def _guess(self, word: str) -> str:
        if word[0].isdigit():
            return self._number
        for starts, symbol in self._stems:
            if word.startswith(starts):
                return symbol
        return next((symbol for ending, symbol in self._guessed if word.endswith(ending)), self._other)

    def _compiled(self, patterns: tuple[str, ...]) -> re.Pattern[str]:
        if not patterns:
            return _NONE
        return re.compile("|".join(f"(?:{_NAME.sub(self._set, pattern)})" for pattern in patterns))

    def _set(self, found: re.Match[str]) -> str:
        name = found.group()
        return "" if name.isspace() else name if name[0] == "{" else self._sets[name]
