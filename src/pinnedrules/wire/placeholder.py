"""The tokens that stand in an app's history for what the provider really said.

A denied call leaves ``[pinnedrules:denied:<32 hex digits>]`` inside a placeholder text; a rewritten call carries
``pinnedrules:call:<32 hex digits>:<n>`` as its id. The token is the 32 hex digits. Nothing here proves a token: the
gate has authenticated what it hands in as ``known``, and the dialects honour it only at its recorded place.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import NamedTuple

from pinnedrules.types import Restore

__all__ = ["SEPARATOR", "Found", "attach", "call_id", "call_token", "count", "find", "mark", "same_text", "tokens"]

SEPARATOR = "\n\n"  # sets a placeholder off from the text around it, where both are one string

_CANDIDATE = re.compile(rb"pinnedrules:(?:denied|call):([0-9a-f]{32})")
_MARK = re.compile(r"\[pinnedrules:denied:([0-9a-f]{32})\]")
_CALL_ID = re.compile(r"pinnedrules:call:([0-9a-f]{32}):[0-9]{1,4}\Z")


class Found(NamedTuple):
    """A placeholder at its recorded place, and where in the text the next answer begins after it."""

    restore: Restore
    start: int
    stop: int


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


def same_text(left: str, right: str) -> bool:
    """Compare two texts without their white space, which applications strip and rejoin."""
    return "".join(left.split()) == "".join(right.split())


def find(text: str, start: int, known: Mapping[str, Restore], dialect: str, spent: Container[str]) -> Found | None:
    """Return the first placeholder at or after *start* that stands where it was recorded, or None.

    All that stands before it in *text* must equal the recorded visible text. For a closed one the visible text may
    also go on after it (a refused call between two texts). Tokens in *spent* were honoured before.
    """
    for match in _MARK.finditer(text, start):
        restore = known.get(match[1])
        if restore is None or restore.dialect != dialect or match[1] in spent:
            continue
        placeholder = restore.placeholder.strip()
        begin = match.start() - placeholder.find(match[0])
        if match[0] not in placeholder or begin < start or not text.startswith(placeholder, begin):
            continue
        stop = begin + len(placeholder)
        around = restore.closed and same_text(text[:begin] + text[stop:], restore.visible)
        if around or same_text(text[:begin], restore.visible):
            return Found(restore, begin, stop + _gap(text[stop:], restore.placeholder))
    return None


def _gap(after: str, placeholder: str) -> int:
    """Return how much of *after* only sets the placeholder off from the next answer."""
    gap = placeholder[len(placeholder.rstrip()) :] or SEPARATOR
    return len(gap) if after.startswith(gap) else 0
