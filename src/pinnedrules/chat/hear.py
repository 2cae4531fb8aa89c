"""Finds standing constraints and stops in a user's turn. Deterministic, offline, bounded."""

from __future__ import annotations

import re
from typing import Literal

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
    introduces = False
    skipped = -1
    for sentence in sentences(text):
        if sentence.block == skipped:
            continue
        shown = _shown_after(intro, introduces, sentence) if intro is not None else ""
        if shown == "to the end":
            break
        if shown:
            skipped, intro = sentence.block, None
            continue
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
        intro = sentence
        introduces = "shown" in senses or sentence.end == "?"
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
    r"transcript|paragraph|email|senders?|line|says|poem|story|article|post|tweet|note|wrote|feedback|complaint|reply)\b"
)
_SPEAKS = re.compile(r"\b(?:you|your|youre)\b")
_OPINION = re.compile(r"\b(?:do you think|would you say|do you make)\b")


def _shown_after(intro: Sentence, asks: bool, sentence: Sentence) -> Literal["", "a paragraph", "to the end"]:
    """Return how much of what begins with *sentence*, on a new line, is shown and not said.

    All of it after an order or a question about a text (*asks*); one paragraph after a line that ends with a colon and names one.
    """
    if sentence.line == intro.line:
        return ""
    points = _POINTS.search(intro.folded) is not None
    if intro.end == "?":
        about = points and (not _SPEAKS.search(intro.folded) or _OPINION.search(intro.folded) is not None)
        return "to the end" if about else ""
    if asks and (intro.end == ":" or sentence.block > intro.block or points):
        return "to the end"
    return "a paragraph" if intro.end == ":" and points else ""
