"""The forms in which a text may be read: as it is, with its entities, escapes and encodings undone.

What is found in any of them is in the text. What cannot be undone and is large, or cannot be seen, leaves it unclear.
Every step is linear in the text, and there is a bounded number of them.
"""

from __future__ import annotations

import base64
import html
import quopri
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["MAX_CODED", "MAX_FORMS", "forms"]

MAX_CODED = 1_000
"""Longest run of base64 or hexadecimal that may stand in a text without being text itself, in characters."""

MAX_FORMS = 32
MAX_RUNS = 64
MAX_TOGETHER = 16_384
"""How long all forms of a text besides itself may be together, in characters."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ENTITY = re.compile(r"&#?[A-Za-z0-9]+;?")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_BACKSLASH = re.compile(r"\\([!-/:-@\[-`{-~])")
_QUOTED = re.compile(r"=(?:[0-9A-F]{2}|\r?\n)")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]{24,76}\r?\n)*[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"[0-9A-Fa-f]{32,}")
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]")
# What Unicode calls a format (general category Cf), and what else takes no room on a screen.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Tag characters and variation selectors carry whole sentences that nobody sees; so do long runs of joiners.
_UNSEEN = re.compile("[\U000e0020-\U000e007e]{8,}|[\U000e0100-\U000e01ef]{2,}|[\u200b-\u200f\u2060-\u2064\ufeff]{8,}")


def forms(text: str) -> tuple[tuple[str, ...], str]:
    """Return the forms of *text*, itself first, and what makes it unclear (empty: nothing)."""
    found: dict[str, None] = {text: None}
    left = MAX_TOGETHER
    unclear = "it holds invisible text" if not text.isascii() and _UNSEEN.search(text) else ""
    waiting = [(text, 0)]
    while waiting:
        form, depth = waiting.pop()
        for more in _undone(form):
            if isinstance(more, _Coded):
                unclear = unclear or f"it holds {more.size} characters of encoded data"
            elif more not in found and depth < 3:
                left -= len(more)
                if len(found) == MAX_FORMS or left < 0:
                    return tuple(found), unclear or "it is encoded in too many ways"
                found[more] = None
                waiting.append((more, depth + 1))
    return tuple(found), unclear


class _Coded:
    """A run of encoded data that is no text."""

    def __init__(self, size: int) -> None:
        self.size = size


def _undone(text: str) -> Iterator[str | _Coded]:
    """Yield *text* with one kind of coding undone, for every kind that it may have."""
    if not text.isascii():
        yield unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    if _CONTROL.search(text):
        yield _CONTROL.sub("", text)
    if "&" in text and _ENTITY.search(text):
        yield html.unescape(text)
    if "%" in text and _PERCENT.search(text):
        yield unquote(text, errors="replace")
    if "=" in text and _QUOTED.search(text):
        yield quopri.decodestring(text.encode()).decode("utf-8", "replace")
    if "\\" in text and _BACKSLASH.search(text):
        yield _BACKSLASH.sub(r"\1", text)
    if "\\" in text and _ESCAPE.search(text):
        yield _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text).encode("utf-8", "replace").decode()
    yield from _runs(text)


def _runs(text: str) -> Iterator[str | _Coded]:
    count = 0
    for pattern, decode in ((_HEX, _hexadecimal), (_BASE64, _base64)):
        for run in pattern.finditer(text):
            count += 1
            if count > MAX_RUNS:
                yield _Coded(len(text))
                return
            inner = decode(run[0])
            if inner:
                yield inner
            elif len(run[0]) > MAX_CODED:
                yield _Coded(len(run[0]))


def _hexadecimal(run: str) -> str:
    return _readable(bytes.fromhex(run[: len(run) // 2 * 2]))


def _base64(run: str) -> str:
    """Return the text that *run* is, read from each of the four places where a group of four may begin."""
    plain = "".join(run.split()).rstrip("=").translate({45: 43, 95: 47})
    for start in range(4):
        part = plain[start:]
        whole = len(part) // 4 * 4
        inner = _readable(base64.b64decode(part[:whole] + _padded(part[whole:])))
        if inner:
            return inner
    return ""


def _padded(rest: str) -> str:
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def _readable(data: bytes) -> str:
    """Return *data* as text when nearly all of it is printable ASCII, else nothing."""
    printable = len(_PRINTABLE.findall(data[:4096]))
    return data.decode("utf-8", "replace") if len(data) >= 12 and printable * 20 >= len(data[:4096]) * 19 else ""
