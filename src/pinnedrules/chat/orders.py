"""The few sentences by which a person relaxes something: exact forms, the whole turn and nothing else.

Only what a program knows to be a person's own words is read here (``guard.user_turn``). What limits the agent is heard
liberally (``hear``); what gives it more room has to be said in one of these forms, so that no story, quotation or pasted
letter is taken for it:

- ``approve t-abcd2345``, ``deny t-abcd2345``; ``yes``, ``go ahead``, ``approved`` and the like for the one open question
- ``dismiss chat-12ab34``; ``forget the rule`` and the like for the one rule that there is from the chat
- ``resume``, ``go on``, ``continue``, after a pause from the chat
- ``allow archive where label is promotions, at most 20 an hour, for 1 hour`` (``at most 5 in total``, ``for 30 minutes``);
  further conditions with ``and``: ``where label is promotions and folder is "Old mail"``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["Answer", "Dismiss", "Grant", "Order", "Resume", "ordered"]

_LONGEST = 500

_YES = frozenset(
    (
        "yes", "yes please", "yes go ahead", "go ahead", "please go ahead", "ok go ahead", "okay go ahead", "approve",
        "approved", "i approve", "confirm", "confirmed", "i confirm", "yes do it", "do it", "yes do that", "yes approved",
        "yes you may", "you may", "proceed", "yes proceed", "please proceed", "approve it", "yes approve it",
    )
)  # fmt: skip
_NO = frozenset(("deny", "denied", "deny it", "reject", "reject it", "do not approve", "not approved"))
_GO_ON = frozenset(
    (
        "resume", "go on", "continue", "carry on", "please resume", "please continue", "please go on", "you may resume",
        "you may continue", "you may go on", "you can resume", "you can continue", "you can go on", "ok continue",
        "okay continue", "ok go on", "okay go on", "ok resume", "resume please", "continue please", "go on please",
    )
)  # fmt: skip

_FORGET = frozenset(
    (
        "dismiss it", "dismiss that", "dismiss the rule", "dismiss that rule", "withdraw the rule", "withdraw that rule",
        "forget the rule", "forget that rule", "forget what i said", "forget what i said about asking",
        "you need not ask any more", "you do not need to ask any more", "you don't need to ask any more",
        "you no longer need to ask", "no need to ask any more",
    )
)  # fmt: skip

_TICKET = re.compile(r"(?:yes )?(approve|allow|confirm|deny|refuse|reject)(?: ticket)? (t-[a-z2-7]{8})(?: please)?")
_DISMISS = re.compile(r"(?:please )?(?:dismiss|withdraw)(?: the)?(?: rule)? ((?:chat|pin)-[\w.-]{1,60})")

_NAME = r"[A-Za-z_][\w.:/-]{0,127}"
_VALUE = r"\"[^\"\n]{1,200}\"|[^\s\",]{1,200}"
_ALLOW = re.compile(
    rf"(?:please )?allow ({_NAME})(?: where (.{{1,300}}?))?, (?:at most|up to) (\d{{1,4}})"
    r" (an hour|per hour|in total|altogether), for (\d{1,4}|an?|one) (minutes?|mins?|hours?|h)(?: please)?",
    re.IGNORECASE,
)
_WHERE = re.compile(rf"({_NAME}) is ({_VALUE})(?: and (?=\S)|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A yes or a no: to the question with this ticket, or (empty) to the one that is open."""

    yes: bool
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """The rule of this id, or (empty) the one that there is, shall not be in force any more."""

    rule: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Work may go on after a pause that words in the chat brought about."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Calls of ``tool`` whose arguments are exactly these are permitted: at most ``most``, ``hourly`` or in all."""

    tool: str
    most: int
    hourly: bool
    seconds: int
    where: Mapping[str, str] = field(default_factory=dict)


Order: TypeAlias = Answer | Dismiss | Resume | Grant


def ordered(text: str) -> Order | None:
    """Return what *text* says in one of these forms; None for anything else, and for a text that says more."""
    if len(text) > _LONGEST or not text.isascii() or not text.replace("\n", " ").strip().isprintable():
        return None
    words = _bare(text)
    if words in _YES or words in _NO:
        return Answer(words in _YES)
    if words in _GO_ON:
        return Resume()
    if words in _FORGET:
        return Dismiss("")
    if found := _TICKET.fullmatch(words):
        return Answer(found[1] in ("approve", "allow", "confirm"), found[2])
    if found := _DISMISS.fullmatch(words):
        return Dismiss(found[1])
    return _grant(" ".join(text.split()).rstrip(" .!"))


def _bare(text: str) -> str:
    """Return the words of *text* in lower case, without what stands between and around them."""
    return " ".join(re.sub(r"[,;!]|\.(?=\s|$)", " ", text.lower()).split())


def _grant(line: str) -> Grant | None:
    found = _ALLOW.fullmatch(line)
    if found is None:
        return None
    where: dict[str, str] = {}
    rest = found[2] or ""
    while rest:
        part = _WHERE.match(rest)
        if part is None or part[1] in where:
            return None
        where[part[1]] = part[2][1:-1] if part[2].startswith('"') else part[2]
        rest = rest[part.end() :]
    number = 1 if found[5].lower() in ("a", "an", "one") else int(found[5])
    unit: Literal[60, 3600] = 60 if found[6].lower().startswith("m") else 3600
    return Grant(found[1], int(found[3]), "hour" in found[4].lower(), number * unit, where)
