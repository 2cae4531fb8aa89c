"""The arguments of a call: JSON text to values and back, with nothing guessed and nothing lost.

Rules of this file:

1. Text that two parsers could read differently is not read at all: duplicate keys at any depth, NaN and Infinity,
   a byte order mark, anything after the value, lone surrogates (RFC 8259 sections 4, 6, 8.1, 8.2).
2. Numbers stay exact: integers of any size as ``int``, everything else as ``Decimal``, never ``float``.
3. Bounds come first: 1 MiB of text, 12,000 values, 64 levels, 1,000 digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

import msgspec

from pinnedrules.types import Call

__all__ = ["INPUT", "MAX_CHARS", "MAX_DEPTH", "MAX_DIGITS", "MAX_VALUES", "Unread", "dump", "read", "write"]

MAX_CHARS = 1 << 20
MAX_VALUES = 12_000
"""Texts, numbers, lists and maps in one call, at all depths; an empty list or map counts twice."""

MAX_DEPTH = 64
MAX_DIGITS = 1000

INPUT = "input"
"""The one argument that the free text of a ``custom`` call is known by."""


class Unread(ValueError):
    """Arguments that cannot be read; the message says why, without quoting them."""


def read(call: Call) -> dict[str, object]:
    """Return the arguments of *call* by name. Raises :class:`Unread`.

    An empty text stands for no arguments: several providers stream nothing for a call without any.
    """
    text = call.arguments
    if len(text) <= MAX_DIGITS and "\\" not in text and call.kind != "custom" and text.isascii():
        short = _short(text)
        if short is not None:
            return short
    if len(text) > MAX_CHARS:
        raise Unread(f"the arguments are longer than {MAX_CHARS} characters")
    if not text.isascii():
        _no_surrogates(text)
    if call.kind == "custom":
        return {INPUT: text}
    if not text:
        return {}
    if len(text) > MAX_VALUES and _many(text):
        deep = "[" * (MAX_DEPTH + 1) in text
        what = f"are nested deeper than {MAX_DEPTH} levels" if deep else f"hold more than {MAX_VALUES} values"
        raise Unread(f"the arguments {what}")
    value = _parse(text)
    if not isinstance(value, dict):
        raise Unread("the arguments are not a JSON object")
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _not_deep(value)
    if "\\u" in text:
        _no_surrogates(dump(value))
    return value


def write(call: Call, arguments: Mapping[str, object]) -> str:
    """Return *arguments* as the text that a call of this kind carries. Raises :class:`Unread`."""
    if call.kind != "custom":
        return dump(arguments)
    text = arguments.get(INPUT)
    if set(arguments) != {INPUT} or not isinstance(text, str):
        raise Unread("a free-text call has one argument, its text")
    return text


def dump(value: object, *, ordered: bool = False) -> str:
    """Return *value* as JSON without insignificant blanks, numbers exact; keys sorted when *ordered*."""
    if isinstance(value, Mapping):
        items = sorted(value.items()) if ordered else value.items()
        return "{" + ",".join(f"{_string(key)}:{dump(item, ordered=ordered)}" for key, item in items) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dump(item, ordered=ordered) for item in value) + "]"
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _short(text: str) -> dict[str, object] | None:
    """Return what most calls carry, read in half the time: None for all that is not certainly read as by :func:`_parse`.

    In ASCII without escapes, as many colons as there are keys say that no key is there twice and no map inside another.
    """
    try:
        value: object = _SHORT.decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    if not isinstance(value, dict) or text.count(":") != len(value) or text.count("[") >= MAX_DEPTH:
        return None
    return value


_SHORT = msgspec.json.Decoder(float_hook=Decimal)


def _many(text: str) -> bool:
    """True when JSON text holds more values than are read, counted without making them: what texts hold does not count."""
    if _signs(text) <= MAX_VALUES:
        return False
    bare = text.replace("\\\\", "").replace('\\"', "") if "\\" in text else text
    # Every value is a text or not, and stands behind a key or not: four quotes at most.
    return bare.count('"') > 4 * MAX_VALUES or _signs("".join(bare.split('"')[::2])) > MAX_VALUES


def _signs(text: str) -> int:
    """Return how many signs a value follows: what begins a list or a map, and the commas in them."""
    return text.count(",") + text.count("[") + text.count("{")


def _parse(text: str) -> object:
    if text[0] in "\t\n\r ":
        text = text.lstrip("\t\n\r ")
    try:
        value, end = _SCAN(text, 0)
    except (json.JSONDecodeError, StopIteration):
        mark = " (it begins with a byte order mark)" if text.startswith("\ufeff") else ""
        raise Unread(f"the arguments are not JSON{mark}") from None
    except RecursionError:
        raise Unread(f"the arguments are nested deeper than {MAX_DEPTH} levels") from None
    if end != len(text) and text[end:].strip("\t\n\r "):
        raise Unread("the arguments go on after their end")
    return value


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unread("the arguments give the same key twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Unread(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > MAX_DIGITS:
        raise Unread(f"a number has more than {MAX_DIGITS} digits")
    try:
        number = Decimal(digits)
    except InvalidOperation:
        raise Unread("a number is too large to be read") from None
    return number


def _constant(name: str) -> object:
    raise Unread(f"the arguments hold {name}, which is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_whole, parse_float=_decimal, parse_constant=_constant)
_SCAN: Callable[[str, int], tuple[object, int]] = _DECODER.scan_once  # type: ignore[attr-defined]


def _not_deep(value: object) -> None:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        level = [item for item in inner if isinstance(item, (dict, list))]
        if not level:
            return
    raise Unread(f"the arguments are nested deeper than {MAX_DEPTH} levels")


def _no_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unread("the arguments hold half a surrogate pair, which is not a character") from None
