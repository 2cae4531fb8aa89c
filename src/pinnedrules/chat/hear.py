"""Finds standing constraints and stops in a user's turn. Deterministic, offline, bounded."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from pinnedrules.chat.features import Own
from pinnedrules.chat.grammar import ALL, Language, Sense
from pinnedrules.chat.heard import NOTHING, Heard
from pinnedrules.chat.model import load
from pinnedrules.chat.text import SHOWN, Sentence, bounded, folded, quotable, sentences
from pinnedrules.chat.words_de import GERMAN
from pinnedrules.chat.words_en import ENGLISH
from pinnedrules.chat.words_es import SPANISH
from pinnedrules.chat.words_exact import exact_stop, foreign
from pinnedrules.chat.words_fr import FRENCH
from pinnedrules.chat.words_it import ITALIAN
from pinnedrules.chat.words_pt import PORTUGUESE
from pinnedrules.types import Effect

__all__ = ["hear", "own"]

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


def hear(text: str, known: Collection[Sentence] = ()) -> Heard:
    """Return the strongest thing that *text* says. Takes some 100 microseconds for an ordinary turn; never raises.

    A stop comes before a constraint, and both before words of permission or dismissal, which count for nothing (see
    ``Heard``) and are looked for in the whole text: also in what is quoted or pasted, and in summaries.

    *known* are sentences of the turn that are no news: they bear on how the others are read, and limit nothing themselves.
    """
    text = bounded(text)
    limit = _limit(own(text), known)
    if limit.kind:
        return limit
    words = set(_WORD.findall(folded(text)))
    relaxing = [language for language in _LANGUAGES if not language.relaxing.isdisjoint(words)]
    return _relaxing(text, relaxing) if relaxing else NOTHING


def own(text: str) -> list[Own]:
    """Return the sentences of *text*, which is bounded already, that the person says, with what the grammar makes of them."""
    words = set(_WORD.findall(folded(text)))
    letters = not text.isascii() and foreign(text)
    languages = [language for language in _LANGUAGES if not language.alerts.isdisjoint(words)]
    found: list[Own] = []
    work = shown = False
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
        each = _read(sentence, languages, work)
        if letters and exact_stop(sentence.folded):
            each = Own(sentence, ("exact", "stop"))
        found.append(each)
        before, shown = sentence, "shown" in each.senses
        work = work or shown or "work" in each.senses
    return found


def _limit(said: list[Own], known: Collection[Sentence]) -> Heard:
    """Return the first stop among the person's own sentences, else the first constraint with the effects of them all."""
    quote = ""
    effects: set[Effect] = set()
    only = False
    for at, each in enumerate(said):
        sense = _sense(said, at)
        if sense == "stop":
            named = _effects_of(each)
            return Heard("stop", () if named == ALL else named, quotable(each.sentence.raw))
        if sense == "constraint" and each.sentence not in known:
            quote = quote or quotable(each.sentence.raw)
            about = _effects_of(each)
            # "Analyze only. Publish nothing.": the second sentence says what the first is about.
            wanted = about == ALL and each.wanted
            only, effects = only or wanted, effects if wanted else effects | set(about)
    found: tuple[Effect, ...] = tuple(effect for effect in ALL if effect in effects)
    found = ALL if only and not found else found
    return Heard("constraint", found, quote) if found else NOTHING


def _sense(said: list[Own], at: int) -> Sense:
    """Return what the model makes of a sentence, which knows what the grammar made of it.

    In letters that are not Latin stops are heard, and no limits.
    """
    each = said[at]
    if "exact" in each.senses:
        return "stop"
    stop, limit = load().weigh(said, at)
    if not each.sentence.latin:
        return "stop" if stop > 0 else ""
    if each.work and "constraint" in each.senses and "stop" not in each.senses and max(stop, limit) > 0:
        return "constraint"  # "Draft it. Don't send it.": a ban within work limits the work
    if stop > 0 and stop >= limit:
        return "stop"
    return "constraint" if limit > 0 else ""


def _effects_of(each: Own) -> tuple[Effect, ...]:
    """Return what a stop or a limit names, in the language that knows most of its words and finds something named."""
    words = each.sentence.folded
    read = sorted(_LANGUAGES, key=lambda language: language.unknown(language.read(each.sentence)))
    named = (language.effects_of(words) for language in read)
    return next((found for found in named if found != ALL), ALL)


def _read(sentence: Sentence, languages: list[Language], work: bool) -> Own:
    """Return what the languages say of *sentence* that it can be in: those that know about as many of its words as any."""
    read = [(language, said := language.read(sentence), language.unknown(said)) for language in languages]
    read.sort(key=lambda each: each[2])
    senses: dict[Sense, bool] = {}
    for language, said, unknown in read:
        if unknown <= read[0][2] + 1:
            found = language.sense(said, work)
            # The language that knows more of the words says whether a ban is for now or for good.
            if not (found == "stop" and "constraint" in senses and unknown > read[0][2]):
                senses.setdefault(found, language.bounds(said))
    if not read:
        return Own(sentence, work=work)
    best, said, unknown = read[0]
    wanted = senses.get("constraint", best.bounds(said))
    return Own(sentence, tuple(senses), best.classes(said), unknown, work, wanted)


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
