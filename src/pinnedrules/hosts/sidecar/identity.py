"""Whose request it is. Pure: headers and a few fields of the body in, a session out.

In order of precedence:

1. ``/s/NAME`` in the base URL. The operator's choice, and nothing in the request changes it: neither another id, nor the
   two headers below. This is the one that an agent cannot get out of.
2. ``x-pinnedrules-session`` (and ``x-pinnedrules-user``): an application that knows its own sessions and users.
3. The ids that known agents send by themselves, first in headers, then in the body. They are given a name of their own
   kind (``agent:ID``), so that nothing an agent makes up is a session that somebody named.
4. Nothing. All such requests share one session of this sidecar. Nothing on the wire tells their conversations apart for
   sure (after a compaction neither the first turn nor anything else is left), so every session that one could belong to
   would be a candidate, the strictest would count and every ledger would be charged: that is one ledger. It cannot be
   outgrown by opening many conversations. The conversations still are told apart in the log.

An ``x-client-request-id`` is not looked at: two agents put their session there, next to another header with the same
value; for everybody else it is an id of one request.

A client that chooses its own id (2 and 3) can take a new one and so gets a ledger that is new, except for the sums that
are kept per day, which belong to the user.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pinnedrules.hosts.sidecar.address import usable_name
from pinnedrules.types import SessionId

__all__ = ["Facts", "Identity", "identify", "read_facts"]

SESSION_HEADER = "x-pinnedrules-session"
USER_HEADER = "x-pinnedrules-user"

# Seen on the wire: Claude Code; opencode (three names, one value); codex (two) and pi (one).
_HEADERS = (
    "x-claude-code-session-id",
    "x-opencode-session-id",
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
    "thread-id",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sidecar itself must know of a body: whether a stream is asked for, and the ids in it (source, id)."""

    stream: bool = False
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A session, and what it was known by."""

    session: SessionId
    source: str


class _Body(msgspec.Struct):
    stream: Any = None
    prompt_cache_key: Any = None
    metadata: Any = None


class _UserId(msgspec.Struct):
    session_id: str


_BODY = msgspec.json.Decoder(_Body)
_USER_ID = msgspec.json.Decoder(_UserId)


def read_facts(body: bytes) -> Facts:
    """Read a body. One that cannot be read gives nothing; refusing it is the gate's."""
    try:
        found = _BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Facts()
    ids = []
    if isinstance(found.prompt_cache_key, str):
        ids.append(("prompt_cache_key", found.prompt_cache_key))
    user_id = found.metadata.get("user_id") if isinstance(found.metadata, Mapping) else None
    if isinstance(user_id, str):
        # Most often it is somebody's user, as the API means the field.
        with contextlib.suppress(msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            ids.append(("metadata.user_id", _USER_ID.decode(user_id).session_id))
    return Facts(found.stream is True, tuple(ids))


def identify(named: str, headers: Sequence[tuple[str, str]], facts: Facts, *, shared: str, user: str = "") -> Identity:
    """Return the session of a request.

    *named* is the session in the base URL, *headers* have names in lower case, *shared* is the name of the session of all
    requests that cannot be told apart, *user* whoever this sidecar works for.
    """
    if named:
        return Identity(SessionId(named, user), "base URL")
    given = dict(reversed(headers))  # the first of a name counts
    user = _usable(given, USER_HEADER) or user
    own = _usable(given, SESSION_HEADER)
    if own:
        return Identity(SessionId(own, user), SESSION_HEADER)
    for name in _HEADERS:
        if found := _usable(given, name):
            return Identity(SessionId(f"agent:{found}", user), name)
    for name, found in facts.ids:
        if usable_name(found):
            return Identity(SessionId(f"agent:{found}", user), name)
    return Identity(SessionId(shared, user), "nothing")


def _usable(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    return value if usable_name(value) else ""
