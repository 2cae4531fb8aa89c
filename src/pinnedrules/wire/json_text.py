"""JSON as bytes that can be read in part and edited in part, so that what is not edited stays byte-identical.

Rules of this file:

1. ``msgspec`` reads first; the standard library is the fallback for what ``msgspec`` refuses and a provider may
   still send (a lone surrogate as an escape, RFC 8259 section 8.2). What neither can read is ``Unreadable``.
2. NaN and Infinity are not JSON (RFC 8259 section 6) and are refused.
3. Integers of any size stay exact; nothing is re-encoded that was not edited.
4. An object with the same key twice has two readings, so the functions that slice an object refuse it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

import msgspec

from pinnedrules.errors import Unreadable

__all__ = [
    "LARGE",
    "Object",
    "array",
    "as_object",
    "dig",
    "dumps",
    "escapes_ascii",
    "items",
    "loads",
    "loads_unique",
    "obj",
    "quote",
]

LARGE = 8 * 1024 * 1024
"""Nothing of a body of more bytes is kept."""
_LONG = 64 * 1024
_last: tuple[bytes, bool] | None = None
_ASCII_ESCAPE = re.compile(rb"\\u00[2-7]")
_KEY = re.compile(rb'[ \t\n\r]*("(?:[^"\\]|\\.)*")[ \t\n\r]*:[ \t\n\r]*')
_SPACE = re.compile(r"[ \t\n\r]*")
_AFTER = re.compile(rb"[ \t\n\r]*([,}])")
_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAW_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_MSGSPEC_ERRORS = (msgspec.DecodeError, UnicodeDecodeError)


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


_PLAIN = json.JSONDecoder(parse_constant=_not_a_number)
_STRICT = json.JSONDecoder(parse_constant=_not_a_number, object_pairs_hook=_unique)


def escapes_ascii(data: bytes) -> bool:
    """Say whether an escape could hide a printable ASCII character, and with it a key or a mark, from a look at the bytes.

    The same body is asked about several times on its way, so the last answer for a long one is kept.
    """
    global _last
    last = _last
    if last is not None and last[0] is data:
        return last[1]
    found = b"\\u00" in data and _ASCII_ESCAPE.search(data) is not None
    if _LONG <= len(data) <= LARGE:
        _last = (data, found)
    return found


def loads(data: bytes) -> object:
    """Return the value of JSON *data*; of a repeated key the last one counts. Raises Unreadable."""
    try:
        return msgspec.json.decode(data)
    except _MSGSPEC_ERRORS:
        return _fallback(_PLAIN, data)
    except RecursionError as error:
        raise Unreadable("JSON is nested too deeply") from error


def loads_unique(data: bytes) -> object:
    """Return the value of JSON *data* and refuse a repeated key at any depth. Raises Unreadable."""
    return _fallback(_STRICT, data)


def _fallback(decoder: json.JSONDecoder, data: bytes) -> object:
    try:
        return decoder.decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"bytes that are not valid JSON: {error}") from error


def dumps(value: object) -> bytes:
    """Return *value* as compact JSON; a lone surrogate is written as an escape."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def quote(text: str) -> bytes:
    """Return *text* as a JSON string."""
    return dumps(text)


def array(values: Iterable[bytes]) -> bytes:
    """Return the JSON array of these JSON texts."""
    return b"[" + b",".join(values) + b"]"


def obj(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the JSON object of these keys and JSON texts."""
    return b"{" + b",".join(quote(key) + b":" + value for key, value in members) + b"}"


def items(data: bytes | msgspec.Raw) -> list[bytes]:
    """Return the raw elements of a JSON array. Raises Unreadable."""
    try:
        return list(map(bytes, _RAW_ARRAY.decode(data)))
    except _MSGSPEC_ERRORS:
        return _slow_items(bytes(data))
    except RecursionError as error:
        raise Unreadable("JSON is nested too deeply") from error


def as_object(data: bytes) -> dict[str, object]:
    """Return the value of *data* when it is a JSON object with unique keys. Raises Unreadable."""
    value = loads_unique(data)
    if not isinstance(value, dict):
        raise Unreadable("a JSON object was expected")
    return value


def dig(data: bytes, path: Sequence[str | int]) -> bytes:
    """Return the raw bytes of the value at *path*. Raises Unreadable when there is none."""
    for step in path:
        if isinstance(step, int):
            data = items(data)[step]
        else:
            found = Object(data).get(step)
            if found is None:
                raise Unreadable(f"a member {step!r} was expected")
            data = found
    return data


class Object:
    """A JSON object cut into its raw members, in order.

    Keys are decoded; values are the bytes as they stand in the source, copied when they are asked for: one of them is most
    of a request.
    """

    __slots__ = ("_keys", "_values")

    def __init__(self, data: bytes) -> None:
        self._keys: dict[str, bytes] = {}
        self._values: Mapping[str, bytes | msgspec.Raw] = {}
        try:
            raw = _RAW_OBJECT.decode(data)
        except _MSGSPEC_ERRORS:
            self._slow(data)
        except RecursionError as error:
            raise Unreadable("JSON is nested too deeply") from error
        else:
            if not self._cut(data, raw):
                self._walk(data, raw)

    def _cut(self, data: bytes, raw: Mapping[str, msgspec.Raw]) -> bool:
        """Take the members over when *data* has room for nothing else: then no key stands twice.

        Every key and every last value is somewhere in *data*, a key never in fewer bytes than decoded, with a colon and
        commas between them. Where that adds up to all of *data*, a former member of the same name would have no place,
        and no key is escaped.
        """
        names = {key: b'"%b"' % key.encode() for key in raw}
        if len(data) != sum(map(len, names.values())) + sum(map(len, raw.values())) + 2 * len(raw) + (not raw) + 1:
            return False
        self._keys, self._values = names, raw
        return True

    def _walk(self, data: bytes, raw: Mapping[str, msgspec.Raw]) -> None:
        """Find every member again in *data*: a repeated key shows as a member that is not where it must be."""
        position = data.index(b"{") + 1
        ends = b"}"
        values: dict[str, bytes] = {}
        for _ in raw:
            start = _KEY.match(data, position)
            key = str(loads(start[1])) if start else ""
            value = bytes(raw.get(key, b""))
            position = start.end() + len(value) if start else 0
            after = _AFTER.match(data, position)
            if start is None or not value or key in self._keys or after is None:
                raise Unreadable("a key stands twice in one object")
            if not data.startswith(value, start.end()):
                raise Unreadable("a key stands twice in one object")
            self._keys[key], values[key] = start[1], value
            ends, position = after[1], after.end()
        if ends != b"}":
            raise Unreadable("a key stands twice in one object")
        self._values = values

    def _slow(self, data: bytes) -> None:
        text = _text(data)
        position = _skip(text, 0)
        if text[position : position + 1] != "{":
            raise Unreadable("a JSON object was expected")
        position = _skip(text, position + 1)
        values: dict[str, bytes] = {}
        while text[position : position + 1] != "}":
            stop, key = _value(text, position)
            colon = _skip(text, stop)
            if not isinstance(key, str) or text[colon : colon + 1] != ":" or key in self._keys:
                raise Unreadable("bytes that are not a JSON object with unique keys")
            start = _skip(text, colon + 1)
            end, _ = _value(text, start)
            self._keys[key] = text[position:stop].encode()
            values[key] = text[start:end].encode()
            position = _next(text, end, "}")
        _at_end(text, position + 1)
        self._values = values

    def get(self, key: str) -> bytes | None:
        """Return the raw value of *key*, or None."""
        raw = self._values.get(key)
        return None if raw is None else bytes(raw)

    def elements(self, key: str) -> list[bytes] | None:
        """Return the raw elements of the array *key*, or None when it is missing. Raises Unreadable."""
        raw = self._values.get(key)
        return None if raw is None else items(raw)

    def value(self, key: str) -> object:
        """Return the decoded value of *key*; None when it is missing or null."""
        raw = self.get(key)
        return None if raw is None else loads(raw)

    @property
    def names(self) -> tuple[str, ...]:
        """The keys in order."""
        return tuple(self._keys)

    def edit(self, changes: Mapping[str, bytes | None]) -> bytes:
        """Return the object with these members set (in place, or at the end) or removed (None)."""
        members: list[tuple[bytes, bytes | msgspec.Raw | None]]
        members = [(name, changes.get(key, self._values[key])) for key, name in self._keys.items()]
        members += [(quote(key), value) for key, value in changes.items() if key not in self._keys]
        pieces = [piece for name, value in members if value is not None for piece in (b",", name, b":", value)]
        return b"".join([b"{", *pieces[1:], b"}"])


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("bytes that are not UTF-8") from error


def _skip(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _value(text: str, position: int) -> tuple[int, object]:
    try:
        value, end = _PLAIN.raw_decode(text, position)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"bytes that are not valid JSON: {error}") from error
    return end, value


def _next(text: str, position: int, closing: str) -> int:
    """Step over a comma to the next element, or stay on the closing bracket."""
    position = _skip(text, position)
    mark = text[position : position + 1]
    if mark == ",":
        position = _skip(text, position + 1)
        if text[position : position + 1] != closing:
            return position
    elif mark == closing:
        return position
    raise Unreadable("bytes that are not valid JSON")


def _at_end(text: str, position: int) -> None:
    if _skip(text, position) != len(text):
        raise Unreadable("bytes are left over after a JSON value")


def _slow_items(data: bytes) -> list[bytes]:
    text = _text(data)
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise Unreadable("a JSON array was expected")
    position = _skip(text, position + 1)
    found = []
    while text[position : position + 1] != "]":
        end, _ = _value(text, position)
        found.append(text[position:end].encode())
        position = _next(text, end, "]")
    _at_end(text, position + 1)
    return found
