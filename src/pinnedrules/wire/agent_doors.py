"""The doors of managed agents, for an owner who opens their gate (``Guard(paths={"managed-agents": "gate"})``).

Agents run at the provider; what comes out are events, and what goes in are configurations, messages, results and answers to
questions. A door is known by its path from the family's first word on. What is not listed stays shut.

Sources: ``resources/beta/{agents,sessions,environments}`` of anthropic-sdk-python 2.12, ``resources/beta/agents`` of
openai-python 3.54.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pinnedrules.wire.path_table import Door

__all__ = ["AGENT_DOORS", "SESSIONS", "agent_door"]

SESSIONS = "anthropic-sessions"

_ENDED = "what ends proposes no call"
_NAMED = "it tells names and states, no call"
_PLACE = "a place where tools run proposes no call; the calls themselves are asked about"
_WORK = "a piece of work names a session; its calls come with the session's events"

AGENT_DOORS: tuple[Door, ...] = (
    Door(("POST",), "agents(?:/(?!sessions|environments|automations|vaults){id})?", "gate", dialect=SESSIONS, kind="agent"),
    Door(("GET",), "agents/(?!sessions|environments|automations|vaults){id}", "gate", dialect=SESSIONS, kind="look"),
    Door(("GET",), "agents(?:/(?!sessions|environments|automations|vaults){id}/versions)?", "pass", _NAMED),
    Door(("POST",), "agents/(?!sessions|environments|automations|vaults){id}/archive", "pass", _ENDED),
    Door(("POST",), "sessions(?:/{id})?", "gate", dialect=SESSIONS, kind="session"),
    Door(("GET",), "sessions/{id}", "gate", dialect=SESSIONS, kind="look"),
    Door(("POST",), "sessions/{id}/events", "gate", dialect=SESSIONS, kind="say"),
    Door(("GET",), "sessions/{id}/events(?:/stream)?", "gate", dialect=SESSIONS, kind="events"),
    Door(("GET",), "sessions/{id}/threads/{id}/(?:events|stream)", "gate", dialect=SESSIONS, kind="events"),
    Door(("GET",), "sessions(?:/{id}/threads(?:/{id})?)?", "pass", _NAMED),
    Door(("POST",), "sessions/{id}(?:/threads/{id})?/archive", "pass", _ENDED),
    Door(("DELETE",), "sessions/{id}", "pass", _ENDED),
    Door(("GET", "POST", "DELETE"), "sessions/{id}/resources(?:/{id})?", "pass", "a resource is read, if at all, by calls"),
    Door(("GET", "POST", "DELETE"), "environments(?:/{id}(?:/archive)?)?", "pass", _PLACE),
    Door(("GET", "POST"), "environments/{id}/work(?:/.+)?", "pass", _WORK),
)  # fmt: skip
"""Every door of managed agents that is known; the first that opens counts."""


@lru_cache(maxsize=64)
def _pattern(end: str) -> re.Pattern[str]:
    return re.compile(end.replace("{id}", "[^/]+"))


def agent_door(method: str, words: Sequence[str]) -> Door | None:
    """Return the door that *method* and *words* (a path from the family's first word on) knock at, None if none is known."""
    path = "/".join(words)
    return next(
        (door for door in AGENT_DOORS if method in door.methods and _pattern(door.end).fullmatch(path)),
        None,
    )
