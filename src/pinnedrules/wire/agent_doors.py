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

__all__ = ["AGENTS", "AGENT_DOORS", "BOTH", "SESSIONS", "agent_door"]

BOTH = "managed-agents"
"""Doors that both providers have; which one is knocked at, only a header tells."""
SESSIONS = "anthropic-sessions"
AGENTS = "openai-agents"

_ENDED = "what ends proposes no call"
_NAMED = "it tells names and states, no call"
_PLACE = "a place where tools run proposes no call; the calls themselves are asked about"
_WORK = "a piece of work names a session; its calls come with the session's events"

_FILE = "a file that an agent made proposes no call"
_TOLD = "agents/sessions/{id}/(?:subagents/{id}/)?(?:events|items|turns(?:/{id}(?:/items)?)?)"

AGENT_DOORS: tuple[Door, ...] = (
    # OpenAI's sessions are mounted under the agents, so they are looked for first.
    Door(("POST",), "agents/sessions(?:/{id})?", "gate", dialect=AGENTS, kind="session"),
    Door(("GET",), "agents/sessions(?:/{id})?", "gate", dialect=AGENTS, kind="look"),
    Door(("POST",), "agents/sessions/{id}/events", "gate", dialect=AGENTS, kind="say"),
    Door(("GET",), _TOLD, "gate", dialect=AGENTS, kind="events"),
    Door(("GET",), "agents/sessions/{id}/subagents(?:/{id})?", "pass", _NAMED),
    Door(("GET", "DELETE"), "agents/sessions/{id}/artifacts(?:/{id}(?:/content)?)?", "pass", _FILE),
    Door(("DELETE",), "agents/sessions/{id}", "pass", _ENDED),
    Door(("GET", "POST", "DELETE"), "agents/environments(?:/.+)?", "pass", _PLACE),
    Door(("POST",), "agents(?:/{agent})?", "gate", dialect=BOTH, kind="agent"),
    Door(("GET",), "agents/{agent}", "gate", dialect=BOTH, kind="look"),
    Door(("GET",), "agents(?:/{agent}/versions)?", "pass", _NAMED),
    Door(("POST",), "agents/{agent}/archive", "pass", _ENDED),
    Door(("DELETE",), "agents/{agent}", "pass", _ENDED),
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
    return re.compile(
        end.replace("{id}", "[^/]+").replace("{agent}", "(?!(?:sessions|environments|automations)(?:/|$))[^/]+")
    )


def agent_door(method: str, words: Sequence[str]) -> Door | None:
    """Return the door that *method* and *words* (a path from the family's first word on) knock at, None if none is known."""
    path = "/".join(words)
    return next(
        (door for door in AGENT_DOORS if method in door.methods and _pattern(door.end).fullmatch(path)),
        None,
    )
