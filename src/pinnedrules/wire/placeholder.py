"""The tokens that stand in an app's history for what the provider really said.

A denied call leaves ``[pinnedrules:denied:<32 hex digits>]`` inside a placeholder text; a rewritten call carries
``pinnedrules:call:<32 hex digits>:<n>`` as its id. The token is the 32 hex digits. Nothing here proves a token: the
gate has authenticated what it hands in as ``known``, and the dialects honour it only at its recorded place.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pinnedrules.types import Restore

__all__ = ["SEPARATOR", "Found", "attach", "call_id", "call_token", "count", "find", "mark", "squeezed", "tokens"]

SEPARATOR = "\n\n"  # sets a placeholder off from the text around it, where both are one string

_CANDIDATE = re.compile(rb"pinnedrules:(?:denied|call):([0-9a-f]{32})")
_MARK = re.compile(r"\[pinnedrules:denied:([0-9a-f]{32})\]")
_CALL_ID = re.compile(r"pinnedrules:call:([0-9a-f]{32}):[0-9]{1,4}\Z")


class Found(NamedTuple):
    """A placeholder at its recorded place: where in the text it starts, and where the next answer begins after it.

    ``closed`` says that what follows is the rest of this very answer.
    """

    restore: Restore
    start: int
    stop: int
    closed: bool


def mark(token: str) -> str:
    """Return the mark that a placeholder text must hold once."""
    return f"[pinnedrules:denied:{token}]"


def call_id(token: str, number: int) -> str:
    """Return the id that a rewritten call carries."""
    return f"pinnedrules:call:{token}:{number}"


def call_token(identifier: object) -> str:
    """Return the token of a rewritten call's id, or an empty string."""
    match = _CALL_ID.match(identifier) if isinstance(identifier, str) else None
    return match[1] if match else ""


def tokens(body: bytes) -> tuple[str, ...]:
    """Return every candidate token in the bytes, each once, in order of appearance."""
    if b"pinnedrules:" not in body:
        return ()
    return tuple(dict.fromkeys(match[1].decode() for match in _CANDIDATE.finditer(body)))


def count(body: bytes, token: str) -> int:
    """Return how many marks and call ids of this token stand in the bytes."""
    return body.count(b"pinnedrules:denied:" + token.encode()) + body.count(b"pinnedrules:call:" + token.encode())


def attach(left: str, right: str) -> str:
    """Put *right* after *left*, with an empty line between them unless one of them brings its own white space."""
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return left + right
    return left + SEPARATOR + right


def find(
    text: str,
    start: int,
    known: Mapping[str, Restore],
    dialect: str,
    spent: Container[str],
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> Found | None:
    """Return the first placeholder at or after *start* that stands where it was recorded, or None.

    All that stands before it in *text* must equal the recorded visible text, or the text before and after it together
    (a refused call between two texts). White space does not count: applications strip and rejoin texts. Tokens in
    *spent* were honoured before.

    Where an answer is several texts, *before* and *after* are those around *text*, in order: as many of the nearest
    ones as it takes belong to the answer.
    """
    for match in _MARK.finditer(text, start):
        restore = known.get(match[1])
        if restore is None or restore.dialect != dialect or match[1] in spent:
            continue
        sentence, _, tail = restore.placeholder.partition(match[0])
        here, lead = squeezed(text[: match.start()]), squeezed(sentence)
        length = _tail(text[match.end() :], tail)
        if match[0] not in restore.placeholder or not here.endswith(lead) or length is None:
            continue
        begin, stop = _back(text, match.start(), len(lead)), match.end() + length
        visible = squeezed(restore.visible)
        ahead = list(_growing(here[: len(here) - len(lead)], reversed(before), len(visible), in_front=True))
        if visible in ahead:
            return Found(restore, begin, stop, restore.closed)
        behind = list(_growing(squeezed(text[stop:]), after, len(visible)))
        if any(left + right == visible for left in ahead for right in behind):
            return Found(restore, begin, stop, True)
    return None


def squeezed(text: str) -> str:
    """Return *text* without its white space."""
    return "".join(text.split())


def _growing(text: str, more: Iterable[str], limit: int, *, in_front: bool = False) -> Iterator[str]:
    """Yield *text*, then *text* with more and more of the others, until it is longer than *limit*."""
    yield text
    for one in more:
        text = squeezed(one) + text if in_front else text + squeezed(one)
        if len(text) > limit:
            return
        yield text


def _back(text: str, end: int, characters: int) -> int:
    """Return where the last so many *characters* before *end* begin, white space not counted."""
    while characters:
        end -= 1
        characters -= not text[end].isspace()
    return end


def _tail(after: str, tail: str) -> int | None:
    """Return how much of *after* belongs to the placeholder or only sets it off; None when part of it is missing."""
    core = tail.rstrip()
    for ending in (tail if tail != core else core + SEPARATOR, core):
        if after.startswith(ending):
            return len(ending)
    return None
