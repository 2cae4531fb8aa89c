"""Values that are remembered by a digest: which ones were there before, in bounded room, nothing forgotten.

Rules of this file:

1. At most 1,000 digests of 96 bits under one key. When it is full, nothing is dropped for a new one: what is not among them
   can then no longer be said.
   They stand in their order, each with a sign before it, so that one of them is looked for in a small part of the text.
   Older ledgers have them as they came, with blanks between: those are read as well, and written anew.
2. ``alike`` gives the same digest to all forms of a value that a lenient program may take for one (case, blanks, full-width
   letters, ``007`` and ``7``, a number and its text); ``exact`` only to a number and its text.
3. A value that could pass for another one to a person's eyes (letters of several scripts) has no digest.
"""

from __future__ import annotations

import re
import string
import unicodedata
from binascii import b2a_base64
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import sha256

from pinnedrules.rules.memory import remembered
from pinnedrules.rules.predicates.base import Cannot
from pinnedrules.rules.printable import shown

__all__ = ["MAX_MARKS", "alike", "both", "exact", "has", "joined", "plus", "room", "sound", "too_strange", "without"]

MAX_MARKS = 1_000
"""Digests that one key holds."""

MAX_VALUE = 256
"""Longest text that has a digest, in characters."""

MAX_STRANGE = 4_096
"""Characters of texts that are not plain ASCII that are looked at in one call."""

_SIGN = "="
_STEP = 17  # the sign and 16 letters
_FEW = 200
_ASIDE = 48  # three times what 1,000 digests are mostly off the place that their first letter says
_AT_ONCE = 16
_RANK = {letter: rank for rank, letter in enumerate(sorted(f"-_{string.digits}{string.ascii_letters}"))}
_BLANK = re.compile(r"[\x00-\x20\x7f]+")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")

# Scripts none of whose letters look like Latin ones.
_APART = frozenset(
    {"ARABIC", "BENGALI", "CJK", "DEVANAGARI", "HANGUL", "HEBREW", "HIRAGANA", "KATAKANA", "LATIN", "TAMIL", "THAI"}
)


def alike(name: str, value: object) -> str | Cannot:
    """Return the digest of all forms of *value* that may be taken for it; *name* is where it stands."""
    if isinstance(value, str) and len(value) <= MAX_VALUE:
        text = value
    else:
        told = _value(name, value)
        if isinstance(told, Cannot):
            return told
        text = told
    if text.isascii():
        normal = (text if text.isprintable() and " " not in text else _BLANK.sub("", text)).lower()
    else:
        normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        normal = "".join(char for char in normal if not _unseen(char))
        if not all(_plain(char) for char in normal):
            return Cannot(f"{name} may look like another value: {shown(text, 60)}")
    if not normal:
        return Cannot(f"{name} is empty")
    return _digest(_number(normal) if normal[-1].isdigit() and _NUMBER.fullmatch(normal) else normal)


def exact(name: str, value: object) -> str | Cannot:
    """Return the digest of *value* just as it is; *name* is where it stands."""
    text = _value(name, value)
    return text if isinstance(text, Cannot) else _digest(text)


def too_strange(values: Iterable[object]) -> bool:
    """True for more unusual characters than can be looked at in time."""
    return sum(len(value) for value in values if isinstance(value, str) and not value.isascii()) > MAX_STRANGE


def joined(digests: Iterable[str]) -> str:
    """Return one digest for several in their order."""
    return _digest(" ".join(digests))


def has(marks: str, digest: str) -> bool:
    """True when *digest* is among *marks*."""
    count, unsorted = divmod(len(marks), _STEP)
    if unsorted or count < _FEW:
        return digest in marks
    near = count * _RANK[digest[0]] // len(_RANK)
    low, high = max(near - _ASIDE, 0) * _STEP, (near + count // len(_RANK) + _ASIDE) * _STEP
    if marks.find(digest, low, high) >= 0:
        return True
    # Digests that somebody chose may be anywhere: it is only certain that it is none of the others if it belongs here.
    here = (not low or marks[low - _STEP + 1 : low] < digest) and (
        high >= len(marks) or digest < marks[high + 1 : high + _STEP]
    )
    return not here and digest in marks


def sound(marks: str) -> bool:
    """True when *marks* can be what is kept here."""
    left = len(marks) % _STEP
    return not marks or left == _STEP - 1 or (left == 0 and marks[0] == _SIGN)


def room(marks: str) -> int:
    """Return how many more digests there is room for."""
    return MAX_MARKS - (len(marks) + 1) // _STEP


def plus(marks: str, digests: Sequence[str]) -> str:
    """Return *marks* with these, which are not among them."""
    if len(marks) % _STEP or len(digests) > _AT_ONCE:
        return _text([*_each(marks), *digests])
    for digest in digests:
        at = _STEP * bisect_left(
            range(len(marks) // _STEP), digest, key=lambda place: marks[_STEP * place + 1 : _STEP * (place + 1)]
        )
        marks = f"{marks[:at]}{_SIGN}{digest}{marks[at:]}"
    return marks


def both(marks: str, others: str) -> str:
    """Return the digests of *marks* and those of *others*, none of which is in both."""
    return plus(marks, _each(others))


def without(marks: str, digests: Iterable[str]) -> str:
    """Return *marks* without these."""
    gone = set(digests)
    return _text([one for one in _each(marks) if one not in gone])


def _each(marks: str) -> list[str]:
    return marks.replace(_SIGN, " ").split()


def _text(digests: Iterable[str]) -> str:
    return "".join([f"{_SIGN}{digest}" for digest in sorted(digests)])


def _number(text: str) -> str:
    """Return the one form of a plain number: no sign of more than zero, no zeros that change nothing."""
    whole, _, part = text.lstrip("+-").partition(".")
    plain = ".".join(filter(None, (whole.lstrip("0") or "0", part.rstrip("0"))))
    return f"-{plain}" if text.startswith("-") and plain != "0" else plain


def _value(name: str, value: object) -> str | Cannot:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return Cannot(f"{name} is no text or number")
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) < MAX_VALUE):
        return Cannot(f"{name} is too large a number")
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text if len(text) <= MAX_VALUE else Cannot(f"{name} is longer than {MAX_VALUE} characters")


@remembered()
def _plain(char: str) -> bool:
    if char.isascii():
        return True
    kind = unicodedata.category(char)
    return kind[0] == "L" and unicodedata.name(char, "").partition(" ")[0] in _APART


@remembered()
def _unseen(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Mn")


def _digest(text: str) -> str:
    short = sha256(text.encode("utf-8", "surrogatepass")).digest()[:12]
    return b2a_base64(short, newline=False).translate(_URL_SAFE).decode()
