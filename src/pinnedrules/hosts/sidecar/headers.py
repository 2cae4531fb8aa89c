"""What is passed on of a request's and an answer's headers. Pure.

Hop-by-hop headers: RFC 9110, section 7.6.1, and what a ``Connection`` header names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

__all__ = ["Headers", "downstream", "read", "upstream"]

Headers: TypeAlias = Sequence[tuple[str, str]]
"""Pairs of (name in lower case, value); both hold bytes as latin-1 does."""

OWN = "x-pinnedrules-"

_HOPS = frozenset({
    "connection", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
    "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip

# Of the next leg, not of the request: our client makes them anew. `accept-encoding` is asked for as identity.
_REQUEST = frozenset({"accept-encoding", "content-encoding", "content-length", "expect", "host"})

# Made anew, or meant for the provider's own origin: a browser must not learn from it that it may read this one.
_ANSWER = frozenset({"alt-svc", "strict-transport-security"})
_CROSS_ORIGIN = "access-control-"

CREDENTIALS = frozenset({"authorization", "x-api-key", "api-key"})


def read(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return headers as text, names in lower case."""
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw]


def upstream(headers: Headers, *, provider: str, key: str = "") -> list[tuple[str, str]]:
    """Return what goes on to the provider. With *key* the sidecar holds the provider's key and puts it in."""
    gone = _HOPS | _REQUEST | _named_by_connection(headers)
    kept = [(name, value) for name, value in headers if name not in gone and not name.startswith(OWN)]
    if key:
        kept = [(name, value) for name, value in kept if name not in CREDENTIALS]
        kept.append(("x-api-key", key) if provider == "anthropic" else ("authorization", f"Bearer {key}"))
    return [*kept, ("accept-encoding", "identity")]


def downstream(headers: Headers) -> list[tuple[str, str]]:
    """Return what goes back to the client: ``request-id``, ``retry-after``, ``x-should-retry`` and the like are kept."""
    gone = _HOPS | _ANSWER | _named_by_connection(headers)
    kept = [
        (name, value)
        for name, value in headers
        if name not in gone and not name.startswith((OWN, _CROSS_ORIGIN)) and name != "x-accel-buffering"
    ]
    # Or a proxy in between keeps a stream until it is complete.
    return [*kept, ("x-accel-buffering", "no")]


def _named_by_connection(headers: Headers) -> frozenset[str]:
    values = (value for name, value in headers if name == "connection")
    return frozenset(word.strip().lower() for value in values for word in value.split(","))
