"""One spelling for every JSON value: the form that is hashed.

This is the JSON Canonicalization Scheme (RFC 8785: members sorted by UTF-16 code units, no white space, the
shortest escapes) for values without floats, with three additions that keep different values different:

* an integer of 2^53 or more in size is written ``{"$int": "123…"}``, because other readers would round it;
* a number with a fraction or an exponent is written ``{"$num": "1.50"}``, digits as they came
  (:func:`exact` only; elsewhere a float is an error);
* a member name that begins with ``$`` gets one more ``$``, so that nobody can spell the two above by hand.

A lone surrogate, for which RFC 8785 has no spelling, is written as its ``\\uXXXX`` escape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import msgspec

__all__ = ["MAX_DEPTH", "canonical", "exact", "untagged", "written"]

MAX_DEPTH = 100
"""Objects and lists nested deeper than this are not read or written."""

_SAFE = 2**53
_ENCODER = msgspec.json.Encoder(order="sorted")
_DIGITS = re.compile(r"-?[0-9]{1,4000}")
_SURROGATE = re.compile("[\ud800-\udfff]")
# A string (maybe cut off), or one bracket. Possessive, so that no input makes it slow.
_SHAPE = re.compile(r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)


class _Number(str):
    """The digits of a number with a fraction or an exponent, as they came."""


def canonical(value: object) -> bytes:
    """Return the canonical bytes of *value*: text, integers, booleans, None, lists, tuples and mappings.

    Raises TypeError for anything else (floats too), and ValueError for nesting beyond :data:`MAX_DEPTH` and
    for member names that become equal.
    """
    return _spelled(value) if _quick(value, 0) else written(_tagged(value, 0))


def written(value: object) -> bytes:
    """Return the bytes of a value that carries its tags already, such as one read from a line of evidence."""
    return _spelled(value) if _quick(value, 0) else _write(value, 0).encode()


def _spelled(value: object) -> bytes:
    """Return the bytes of a quick value."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _write(value, 0).encode()  # a lone surrogate somewhere, which this way escapes


def untagged(value: object) -> object:
    """Return what :func:`canonical` was given, from the parsed canonical form."""
    if isinstance(value, dict):
        digits = value.get("$int")
        if isinstance(digits, str) and len(value) == 1 and _DIGITS.fullmatch(digits):
            return int(digits)
        return {name[name.startswith("$$") :]: untagged(item) for name, item in value.items()}
    if isinstance(value, list):
        return [untagged(item) for item in value]
    return value


def exact(text: str) -> object:
    """Parse JSON without losing anything: integers exact, other numbers by their digits.

    Raises ValueError for what is not JSON (RFC 8259), for duplicate member names and for nesting beyond
    :data:`MAX_DEPTH`. The result is for :func:`canonical` only.
    """
    depth = 0
    for piece in _SHAPE.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(piece[0], 0)
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return json.loads(text, object_pairs_hook=_members, parse_float=_Number, parse_constant=_no_constant)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name stands twice in one object")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _quick(value: object, depth: int) -> bool:
    """Say whether the fast encoder writes *value* exactly as RFC 8785 would."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_SAFE < value < _SAFE  # type: ignore[operator]
    if depth >= MAX_DEPTH:
        return False
    if kind is dict:
        for name, item in value.items():  # type: ignore[attr-defined]
            if type(name) is not str or not name.isascii() or name.startswith("$") or not _quick(item, depth + 1):
                return False
        return True
    if kind is list or kind is tuple:
        return all(_quick(item, depth + 1) for item in value)  # type: ignore[attr-defined]
    return False


def _tagged(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    match value:
        case None | bool():
            return value
        case _Number():
            return {"$num": str(value)}
        case str():
            # Two halves of one character are that character, as in every JSON reader.
            return str.__str__(value).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        case int():
            return int(value) if -_SAFE < value < _SAFE else {"$int": str(int(value))}
        case Mapping():
            return _members([(_name(name), _tagged(item, depth + 1)) for name, item in value.items()])
        case list() | tuple():
            return [_tagged(item, depth + 1) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form here")


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a member name must be text, not {type(name).__name__}")
    whole = name.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return "$" + whole if whole.startswith("$") else whole


def _write(value: object, depth: int) -> str:
    if depth > MAX_DEPTH + 2:  # room for the record around the value and a tag inside it
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_text(name)}:{_write(value[name], depth + 1)}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write(item, depth + 1) for item in value) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool) or (isinstance(value, int) and -_SAFE < value < _SAFE):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} has no canonical form here without a tag")


def _text(text: str) -> str:
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(text, ensure_ascii=False))
