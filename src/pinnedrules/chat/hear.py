"""Finds standing constraints and stops in a user's turn. Deterministic, offline, bounded."""

from __future__ import annotations

import re

from pinnedrules.chat.grammar import ALL, Language, Sense
from pinnedrules.chat.heard import NOTHING, Heard
from pinnedrules.chat.text import Sentence, bounded, folded, quotable, sentences
from pinnedrules.chat.words_de import GERMAN
from pinnedrules.chat.words_en import ENGLISH
from pinnedrules.chat.words_es import SPANISH
from pinnedrules.chat.words_exact import exact_stop, foreign
from pinnedrules.chat.words_fr import FRENCH
from pinnedrules.chat.words_it import ITALIAN
from pinnedrules.chat.words_pt import PORTUGUESE

__all__ = ["hear"]

_LANGUAGES: tuple[Language, ...] = (ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN)
_WORD = re.compile(r"\^?\w+(?:\+\w+)?")


def hear(text: str) -> Heard:
    """Return the strongest thing that *text* says. Takes microseconds for an ordinary turn; never raises.

    A stop comes before a constraint, and both before words of permission or dismissal, which count for nothing (see
    ``Heard``) and are looked for in the whole text: also in what is quoted or pasted, and in summaries.
    """
    text = bounded(text)
    words = set(_WORD.findall(folded(text)))
    languages = [language for language in _LANGUAGES if not language.alerts.isdisjoint(words)]
    letters = not text.isascii() and foreign(text)
    if not languages and not letters:
        return NOTHING
    limit, relaxing = _own_words(text, languages, letters)
    if limit.kind:
        return limit
    return relaxing


def _own_words(text: str, languages: list[Language], letters: bool) -> tuple[Heard, Heard]:
    limit = relaxing = NOTHING
    effects: set[str] = set()
    work = False
    intro: Sentence | None = None
    for sentence in sentences(text):
        if intro is not None and _introduces(intro, sentence):
            break
        senses = _senses(sentence, languages, work)
        if "stop" in senses or (letters and exact_stop(sentence.folded)):
            return Heard("stop", (), quotable(sentence.raw)), NOTHING
        if "constraint" in senses:
            about = senses["constraint"].effects_of(sentence.folded)
            limit = limit if limit.kind else Heard("constraint", about, quotable(sentence.raw))
            effects.update(about)
        elif not relaxing.kind and ("dismissal" in senses or "permission" in senses):
            kind: Sense = "dismissal" if "dismissal" in senses else "permission"
            relaxing = Heard(kind, (), quotable(sentence.raw))
        work = work or "work" in senses or "shown" in senses
        intro = sentence if "shown" in senses or sentence.end == "?" else None
    if limit.kind:
        limit = Heard("constraint", tuple(effect for effect in ALL if effect in effects), limit.quote)
    return limit, relaxing


def _senses(sentence: Sentence, languages: list[Language], work: bool) -> dict[Sense, Language]:
    """Return what the languages say of *sentence* that it can be in: those that know about as many of its words as any."""
    if not languages:
        return {}
    if len(languages) == 1:
        return {languages[0].sense(languages[0].read(sentence), work): languages[0]}
    read = [(language, said := language.read(sentence), language.unknown(said)) for language in languages]
    fewest = min(unknown for _, _, unknown in read)
    senses: dict[Sense, Language] = {}
    for language, said, unknown in sorted(read, key=lambda each: each[2]):
        if unknown <= fewest + 1:
            found = language.sense(said, work)
            # The language that knows more of the words says whether a ban is for now or for good.
            if not (found == "stop" and "constraint" in senses and unknown > fewest):
                senses.setdefault(found, language)
    return senses


_POINTS = re.compile(
    r"\b(?:this|these|those|following|below|above|letter|mail|text|clause|sentence|comments?|message|error|code|log|review|contract|"
    r"transcript|paragraph|email|senders?|line|says)\b"
)
_SPEAKS = re.compile(r"\b(?:you|your|youre)\b")


def _introduces(intro: Sentence, sentence: Sentence) -> bool:
    """Return whether what begins with *sentence* is shown, not said: *intro* gave work about it and ended its line."""
    if sentence.line == intro.line:
        return False
    if intro.end == "?":
        return _POINTS.search(intro.folded) is not None and not _SPEAKS.search(intro.folded)
    return intro.end == ":" or sentence.block > intro.block or _POINTS.search(intro.folded) is not None
