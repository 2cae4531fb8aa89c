"""Finds standing constraints and stops in a user's turn. Deterministic, offline, bounded."""

from __future__ import annotations

import re
from typing import Literal

from pinnedrules.chat.grammar import ALL, Language, Sense
from pinnedrules.chat.heard import NOTHING, Heard
from pinnedrules.chat.text import SHOWN, Sentence, bounded, folded, quotable, sentences
from pinnedrules.chat.words_de import GERMAN
from pinnedrules.chat.words_en import ENGLISH
from pinnedrules.chat.words_es import SPANISH
from pinnedrules.chat.words_exact import exact_stop, foreign
from pinnedrules.chat.words_fr import FRENCH
from pinnedrules.chat.words_it import ITALIAN
from pinnedrules.chat.words_pt import PORTUGUESE
from pinnedrules.types import Effect

__all__ = ["hear"]

_LANGUAGES: tuple[Language, ...] = (ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN)
_WORD = re.compile(r"\^?\w+(?:\+\w+)?")
_POINTS = re.compile(
    r"\b(?:this|these|those|following|below|above|letter|mail|text|clause|sentence|comments?|message|error|code|log|review|"
    r"contract|transcript|paragraph|email|senders?|line|says|poem|story|article|post|tweet|note|wrote|feedback|complaint|reply|"
    r"policy|notice|sign|rules|lyrics|ticket|checklist|tone|speech|script|brief|schreiben|satz|schild|aushang|nachricht|"
    r"lettre|texte|phrase|panneau|affiche|reglement|carta|texto|frase|cartel|letra|aviso|regulamento|placa|lettera|testo|cartello)\b"
)
_ORDERS = re.compile(r"(?:please )?(?:can|could|would|will) you\b")
_SPEAKS = re.compile(r"\b(?:you|your|youre)\b")
_SAYS = re.compile(
    r"\b(?:you|your|youre|i|me|my|du|dein|dich|ich|mir|sie|tu|te|ton|vous|je|moi|usted|tus?|yo|mi|voce|vc|eu|meu|lei|io|mio|"
    r"please|now|things?|points?|punkte?|dinge|choses?|cosas?|coisas?|cose|cosa)\b"
)
"""Words of somebody who speaks for himself before a colon: what follows is his, too."""
_OPINION = re.compile(r"\b(?:do you think|would you say|do you make)\b")


def hear(text: str) -> Heard:
    """Return the strongest thing that *text* says. Takes microseconds for an ordinary turn; never raises.

    A stop comes before a constraint, and both before words of permission or dismissal, which count for nothing (see
    ``Heard``) and are looked for in the whole text: also in what is quoted or pasted, and in summaries.
    """
    text = bounded(text)
    words = set(_WORD.findall(folded(text)))
    letters = not text.isascii() and foreign(text)
    languages = [language for language in _LANGUAGES if not language.alerts.isdisjoint(words)]
    if languages or letters:
        limit = _limit(text, languages, letters)
        if limit.kind:
            return limit
    relaxing = [language for language in _LANGUAGES if not language.relaxing.isdisjoint(words)]
    return _relaxing(text, relaxing) if relaxing else NOTHING


def _limit(text: str, languages: list[Language], letters: bool) -> Heard:
    """Return the first stop among the person's own sentences, else the first constraint with the effects of them all."""
    quote = ""
    effects: set[Effect] = set()
    work = shown = only = False
    before: Sentence | None = None
    skipped = -1
    for sentence in sentences(text):
        if sentence.folded == SHOWN:
            before, shown, skipped = None, False, -1
            continue
        if sentence.block == skipped:
            continue
        follows = _shown_after(before, shown, sentence) if before is not None else ""
        if follows == "to the end":
            break
        if follows:
            skipped, before = sentence.block, None
            continue
        senses = _senses(sentence, languages, work)
        if "stop" in senses or (letters and exact_stop(sentence.folded)):
            named = senses["stop"].effects_of(sentence.folded) if "stop" in senses else ALL
            return Heard("stop", () if named == ALL else named, quotable(sentence.raw))
        if "constraint" in senses:
            quote = quote or quotable(sentence.raw)
            language = senses["constraint"]
            about = language.effects_of(sentence.folded)
            # "Analyze only. Publish nothing.": the second sentence says what the first is about.
            wanted = about == ALL and language.bounds(language.read(sentence))
            only, effects = only or wanted, effects if wanted else effects | set(about)
        before, shown = sentence, "shown" in senses
        work = work or shown or "work" in senses
    found: tuple[Effect, ...] = tuple(effect for effect in ALL if effect in effects)
    found = ALL if only and not found else found
    return Heard("constraint", found, quote) if found else NOTHING


def _senses(sentence: Sentence, languages: list[Language], work: bool) -> dict[Sense, Language]:
    """Return what the languages say of *sentence* that it can be in: those that know about as many of its words as any."""
    read = [(language, said := language.read(sentence), language.unknown(said)) for language in languages]
    fewest = min((unknown for _, _, unknown in read), default=0)
    senses: dict[Sense, Language] = {}
    for language, said, unknown in sorted(read, key=lambda each: each[2]):
        if unknown <= fewest + 1:
            found = language.sense(said, work)
            # The language that knows more of the words says whether a ban is for now or for good.
            if not (found == "stop" and "constraint" in senses and unknown > fewest):
                senses.setdefault(found, language)
    return senses


def _relaxing(text: str, languages: list[Language]) -> Heard:
    for sentence in sentences(text, own=False):
        for language in languages:
            kind = language.relaxes(language.read(sentence))
            if kind:
                return Heard(kind, (), quotable(sentence.raw))
    return NOTHING


def _shown_after(before: Sentence, asks: bool, sentence: Sentence) -> Literal["", "a paragraph", "to the end"]:
    """Return how much of what begins with *sentence*, on a new line, is shown and not said.

    All of it after an order or a question about a text (*asks*); one paragraph after a line that ends with a colon and names
    a text.
    """
    if sentence.line == before.line:
        return ""
    points = _POINTS.search(before.folded) is not None
    if before.end == "?":
        speaks = _SPEAKS.search(before.folded) and not _ORDERS.match(before.folded)
        about = points and (not speaks or _OPINION.search(before.folded) is not None)
        return "to the end" if about else ""
    if asks and (before.end == ":" or sentence.block > before.block or points):
        return "to the end"
    return "a paragraph" if before.end == ":" and not _SAYS.search(before.folded) else ""
