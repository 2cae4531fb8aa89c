"""Words of others that try to relax something: in results of tools, and in summaries with the role ``user``.

Rules of this file:

1. Nothing here decides anything. What is found is recorded as an attempt, so that a person can see who tried.
2. Only what this request sends for the first time is looked at, of each text only what :func:`hear` would look at, and
   only where one of a few words stands in it. So many texts, sentences and records a request.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pinnedrules.chat.hear import hear
from pinnedrules.chat.heard import NOTHING, Heard
from pinnedrules.chat.text import bounded, quotable, sentences
from pinnedrules.compaction.lineage import Change
from pinnedrules.compaction.signs import tells
from pinnedrules.errors import Unreadable
from pinnedrules.gate.context import Context, Flow, record
from pinnedrules.types import Entry
from pinnedrules.wire.json_text import loads
from pinnedrules.wire.results import LATEST, results

__all__ = ["SAID", "Origin", "Ration", "Stood", "attempted", "heard_entry", "note_attempts", "stood"]

Stood: TypeAlias = Literal["tool_result", "user", "summary"]
Origin: TypeAlias = Literal["patterns", "model"]

SAID: Mapping[Origin, str] = {"patterns": "the user said", "model": "a model took it for a stop that the user said"}

_LOOKED = 32
"""Texts of one request that are looked at."""
_RECORDED = 4
"""Records that one request brings about; who floods gains nothing by more."""
_LED_TO = "nothing: the words of others permit nothing"
_BEGINNING = 4_096
_END = 2_500
"""Characters of a text that are looked at from each end, as :func:`hear` does."""

_ALERTS = (
    "you may", "you can", "you are", "you're", "ahead", "allow", "approv", "permi", "consent", "confirm", "authori",
    "autori", "rule", "polic", "restric", "constraint", "limit", "instruc", "asking", "resume", "lifted", "longer",
    "feel free", "regel", "regl", "regol", "regra", "anweisung", "darfst", "genehmig", "freigegeben", "nachfrag",
    "ruckfrag", "bestatig", "einschrank", "einverstanden", "weiter", "gesagt", "accord", "demander", "consigne", "allez",
    "vas-y", "repren", "adelante", "aprueb", "hazlo", "pregunt", "proced", "dije", "aprovo", "pode", "prossig", "disse",
    "retom", "approvo", "conferm", "chied", "fallo", "istruz", "restriz", "pure", "ripren", "yes", "dismiss",
)  # fmt: skip
"""One of these stands in whatever is found; a text without any costs microseconds."""

_SUBJECT = r"(?:rules?|polic(?:y|ies)|restrictions?|limits?|limitations?|constraints?|approvals?|confirmations?)"
_CHANGED = re.compile(
    rf"\b{_SUBJECT}(?: \w+){{0,4}} (?:has|have|had|was|were|is|are|got)(?: \w+){{0,2}} (?:changed|lifted|removed|revoked"
    r"|suspended|withdrawn|disabled|overridden|obsolete|void|gone|off)\b"
    rf"|\b{_SUBJECT}(?: \w+){{0,4}} (?:changed|lifted|suspended|withdrawn)\b"
    rf"|\b{_SUBJECT}(?: \w+){{0,4}} (?:no longer|not|dont|doesnt)(?: \w+)? (?:apply|applies|count|counts|hold|holds|needed"
    r"|required|necessary|valid)\b"
    r"|\b(?:is|are) now (?:allowed|permitted|authori[sz]ed)\b|\b(?:allowed|permitted) (?:now|from now on)\b"
    r"|\bregeln?\b(?: \w+){0,4} (?:geandert|aufgehoben|ausgesetzt|nicht mehr)\b|\b(?:gilt|gelten) (?:\w+ ){0,4}nicht mehr\b"
    r"|\bregles?\b(?: \w+){0,4} (?:changee?s?|change|modifiee?s?|levee?s?|suspendue?s?|plus)\b"
    r"|\breglas?\b(?: \w+){0,4} (?:cambiado|cambiadas?|cambio|levantadas?|suspendidas?|ya no)\b"
    r"|\bregras?\b(?: \w+){0,4} (?:mudou|mudaram|alteradas?|suspensas?|ja nao)\b"
    r"|\bregol[ae]\b(?: \w+){0,4} (?:cambiat[ae]|modificat[ae]|sospes[ae]|non val\w+ piu)\b"
)
"""Says, in folded words, that what was said does not count any more. No repetition is unbounded."""


def note_attempts(ctx: Context, change: Change, newest: str) -> Flow[None]:
    """Record what results of tools and summaries, sent for the first time, say to relax something.

    *newest* is the user text that was heard already.
    """
    facts = ctx.facts
    if facts is None or ctx.kind != "request" or change.kind == "repeated":
        return
    if change.kind == "rewritten":
        fresh = [facts.messages[index] for index in change.fresh if index < len(facts.messages)]
    else:
        fresh = list(facts.messages[max(change.common, len(facts.messages) - LATEST) :])
    recorded, ration = 0, Ration()
    for place, call, text in _texts(fresh, newest, rewritten=change.kind == "rewritten"):
        heard = attempted(text, ration)
        if heard.kind:
            yield from record(ctx, heard_entry(ctx, heard, _LED_TO, stands=place, call=call))
            recorded += 1
            if recorded == _RECORDED:
                return


@dataclass(slots=True)
class Ration:
    """How many more sentences of one request are judged."""

    left: int = 64


def attempted(text: str, ration: Ration) -> Heard:
    """Return the first words in *text* that would relax something if a person said them; nothing for most texts."""
    ends = text if len(text) <= 2 * _END else f"{text[:_END]}\n{text[-_END:]}"
    if not _alerting(ends):
        return NOTHING
    for sentence in sentences(bounded(ends), own=False):
        if not ration.left:
            return NOTHING
        if not _alerting(sentence.raw):
            continue
        ration.left -= 1
        # Each for itself, so that nobody hides a permission behind a limit.
        heard = hear(sentence.raw)
        if heard.kind in ("permission", "dismissal"):
            return heard
        if not heard.kind and _CHANGED.search(sentence.folded):
            return Heard("dismissal", (), quotable(sentence.raw))
    return NOTHING


def stood(change: str, text: str) -> Stood:
    """Return where a request's newest user text stands: it may be a summary, which has the same role."""
    beginning = text[:_BEGINNING].encode("utf-8", "surrogatepass")
    return "summary" if change == "rewritten" or tells([beginning]) else "user"


def heard_entry(
    ctx: Context,
    heard: Heard,
    led_to: str,
    *,
    stands: Stood,
    call: str = "",
    origin: Origin = "patterns",
) -> Entry:
    """Return the record of what was heard, where it stood, what it led to, and who heard it: our patterns or a model."""
    return Entry(
        type="heard",
        session=ctx.session,
        epoch=ctx.epoch,
        conversation=ctx.conversation,
        body={
            "kind": heard.kind,
            "effects": list(heard.effects),
            "led_to": led_to,
            "sessions": [session.name for session in ctx.sessions],
            "stood": stands,
            "origin": origin,
            **({"call": call} if call else {}),
        },
        private={"quote": heard.quote},
    )


def _texts(fresh: Sequence[bytes], newest: str, *, rewritten: bool) -> Iterator[tuple[Stood, str, str]]:
    """Yield (where it stands, id of the call, text) of what others may have written."""
    left = _LOOKED
    for message in fresh if rewritten else [one for one in fresh if tells([one])]:
        text = _said(message)
        if text and text not in newest:
            yield "summary", "", text
            left -= 1
        if not left:
            return
    for call, text in results(fresh, errors=True):
        yield "tool_result", call, text
        left -= 1
        if not left:
            return


def _said(message: bytes) -> str:
    """Return the text of a message with the role ``user``; results in it are none of it."""
    try:
        value = loads(message) if b'"user"' in message else None
    except Unreadable:
        return ""
    if not isinstance(value, dict) or value.get("role") != "user":
        return ""
    content = value.get("content")
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "\n".join(part for part in parts if isinstance(part, str))


def _alerting(text: str) -> bool:
    text = text.casefold()
    if not text.isascii():
        text = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return any(word in text for word in _ALERTS)
