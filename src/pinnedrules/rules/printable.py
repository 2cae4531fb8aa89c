"""What a person is shown: counts in words, and values that came from outside, made safe.

Rules of this file for such values:

1. Nothing invisible, nothing that moves the cursor or the reading direction, and no look-alike of a Latin letter
   next to real ones leaves here as itself; it leaves as its ``\\uXXXX`` escape.
2. Everything that leaves here is one line and has a bounded length; head and tail of a long value are both kept,
   because the end of an address or a host is what says where it leads.

The classes of characters follow Unicode TR 36 (security considerations) and TR 39 (mixed scripts).
"""

from __future__ import annotations

import unicodedata

__all__ = ["LIMIT", "counted", "shown"]

_MOST = 2_000  # values and characters of a list that is written out

LIMIT = 120
"""Default greatest number of characters of a value that is shown."""

# Letters and symbols by category that nevertheless paint nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown(value: object, limit: int = LIMIT) -> str:
    """Return *value* as one printable line of at most *limit* characters and a note of how much was left out."""
    text = value if isinstance(value, str) else _written(value)
    if len(text) <= limit:
        return text if text.isascii() and text.isprintable() and "\\" not in text else _line(text)
    head, tail = text[: limit * 2 // 3], text[-(limit // 3) :]
    return f"{_line(head)}…{_line(tail)} ({len(text)} characters)"


def _written(value: object) -> str:
    """Return *value* as text; of a list or a map that holds much only how much, because writing it out would take long."""
    if not isinstance(value, (list, tuple, dict)):
        return str(value)
    left, level = _MOST, [value]
    while level and left >= 0:
        item = level.pop()
        left -= len(item)
        for inner in (*item, *item.values()) if isinstance(item, dict) else item:
            if isinstance(inner, (list, tuple, dict)):
                level.append(inner)
            elif isinstance(inner, str):
                left -= len(inner)
    if left >= 0:
        return str(value)
    return f"a {'map' if isinstance(value, dict) else 'list'} of {counted(len(value), 'value')}"


def counted(number: int, what: str) -> str:
    """Return a number and what it counts (a noun in the singular), as people write it: ``1 call``, ``2 calls``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _line(text: str) -> str:
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    latin = any(char.isascii() and char.isalpha() for char in text)
    return "".join(_escaped(char) if _suspect(char, latin) else char for char in text)


def _suspect(char: str, latin: bool) -> bool:
    if char == "\\":
        return True
    if char.isascii():
        return not char.isprintable()
    category = unicodedata.category(char)
    if category in _HIDDEN or char in _BLANK or category == "Zs" or 0xFE00 <= ord(char) <= 0xFE0F:
        return True
    if unicodedata.normalize("NFKC", char) != char:
        return True
    return latin and char.isalpha() and not unicodedata.name(char, "").startswith("LATIN ")


def _escaped(char: str) -> str:
    if char == "\\":
        return "\\\\"
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
