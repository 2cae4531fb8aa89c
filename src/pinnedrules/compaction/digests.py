"""Turns messages into digests, so that two requests can be compared without keeping what they say.

A digest is the SHA-256 of a message's raw JSON bytes, with two things made alike first, because callers
change them every turn without touching the history:

* ``cache_control`` members are left out: callers move Anthropic's cache mark to the newest message
  (https://platform.claude.com/docs/en/build-with-claude/prompt-caching).
* A content list of one plain text block is read as that text: the mark needs such a list, and many callers go
  back to the bare string when they take the mark away.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate

import msgspec

__all__ = ["LEADING", "ROLES", "SIZE", "WEAK", "Known", "digest", "digest_after", "kinds", "normal"]

SIZE = 32
ROLES = ("system", "developer", "user", "assistant", "tool", "function", "other")
LEADING = frozenset({ROLES.index("system"), ROLES.index("developer")})
# A message this short ("yes", "continue") may stand in two histories by chance: bytes, with the JSON around
# it.
WEAK = 0x80
_WEAK_BYTES = 64

_MARK = rb'"cache_control"\s*:\s*(?:null|\{\s*"type"\s*:\s*"ephemeral"[^{}]{0,80}\})'
_MARKS = re.compile(rb",\s*" + _MARK + rb"|" + _MARK + rb"\s*,\s*|" + _MARK)
_TEXT_STARTS = re.compile(rb'"content"\s*:\s*(\[\s*\{\s*"type"\s*:\s*"text"\s*,\s*"text"\s*:\s*)"')
_TEXT_GOES_ON = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*"', re.S)
_TEXT_ENDS = re.compile(rb"\s*\}\s*\]")
_MARKED = b"cache_control"
_LISTED = b'[{"type"'
_STARTS_WITHIN = 64


class _Message(msgspec.Struct, gc=False):
    role: str = ""


_role = msgspec.json.Decoder(_Message)
_CODES = {role: code for code, role in enumerate(ROLES)}


@dataclass(frozen=True, slots=True)
class Known:
    """The raw bytes at the start of a former request, up to its first cache mark.

    ``count`` messages of ``length`` bytes in all. A request that starts with the same bytes has the same digests
    there, which saves most of the work of a turn. (Messages are JSON objects, so where one ends in the joined bytes
    is not in doubt.)
    """

    count: int
    length: int
    sha256: bytes
    digests: bytes


def digest(messages: Sequence[bytes]) -> bytes:
    """Return the digests of *messages*, 32 bytes each, one after the other."""
    return _digests(messages, marked=b"".join(messages).find(_MARKED) >= 0)


def _digests(messages: Sequence[bytes], *, marked: bool) -> bytes:
    if marked:
        return b"".join([sha256(normal(message)).digest() for message in messages])
    # What normal() would do, without a call and a search for each of them: that takes as long as the hash.
    return b"".join(
        [sha256(one if one.find(_LISTED, 0, _STARTS_WITHIN) < 0 else _unlisted(one)).digest() for one in messages]
    )


def digest_after(messages: Sequence[bytes], former: Iterable[Known], limit: int) -> tuple[bytes, Known]:
    """Return what :func:`digest` would, using the first of *former* that fits, and what is known now.

    At most *limit* messages are remembered.
    """
    raw = b"".join(messages)
    view = memoryview(raw)
    ends = [0, *accumulate(map(len, messages))]
    mark = raw.find(_MARKED)
    clean = len(messages) if mark < 0 else bisect_right(ends, mark) - 1
    count = min(clean, limit)
    running, start, head = sha256(), 0, b""
    for known in former:
        if known.count <= count and ends[known.count] == known.length:
            trial = sha256(view[: known.length])
            if trial.digest() == known.sha256:
                running, start, head = trial, known.count, known.digests
                break
    digests = head + _digests(messages[start:clean], marked=False) + digest(messages[clean:])
    running.update(view[ends[start] : ends[count]])
    return digests, Known(count, ends[count], running.digest(), digests[: count * SIZE])


def normal(message: bytes) -> bytes:
    """Return the bytes that stand for *message*: itself, but for cache marks and a list of one text."""
    if _MARKED in message:
        message = _MARKS.sub(b"", message)
    if message.find(_LISTED, 0, _STARTS_WITHIN) < 0:
        return message
    return _unlisted(message)


def kinds(messages: Sequence[bytes]) -> bytes:
    """Return one byte per message: the index of its role in ROLES, plus WEAK for a very short one."""
    return bytes([_kind(message) for message in messages])


def _kind(message: bytes) -> int:
    try:
        role = _role.decode(message).role
    except msgspec.MsgspecError:
        role = ""
    return _CODES.get(role, _CODES["other"]) | (WEAK if len(message) < _WEAK_BYTES else 0)


def _unlisted(message: bytes) -> bytes:
    """Replace a content list by its text if one plain text block is all it holds."""
    starts = _TEXT_STARTS.search(message, 0, 2 * _STARTS_WITHIN)
    if starts is None:
        return message
    begin = starts.end()
    end = message.find(b'"', begin) + 1
    if message[end - 2 : end - 1] == b"\\":  # maybe an escaped quotation mark: read the string properly
        goes_on = _TEXT_GOES_ON.match(message, begin)
        end = goes_on.end() if goes_on else 0
    ends = _TEXT_ENDS.match(message, end)
    if ends is None:
        return message
    return message[: starts.start(1)] + message[begin - 1 : end] + message[ends.end() :]
