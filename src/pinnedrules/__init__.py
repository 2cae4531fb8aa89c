"""Keeps an LLM agent's safety rules outside its context, and checks every tool call against them before it runs.

>>> from pinnedrules import Guard                                          # doctest: +SKIP
>>> guard = Guard("rules.yaml")                                            # doctest: +SKIP
>>> client = guard.wrap(OpenAI())                                          # doctest: +SKIP
"""

from __future__ import annotations

from pinnedrules.errors import (
    ApprovalError,
    Broken,
    Denied,
    NotDone,
    PathRefused,
    PinnedRulesError,
    Refused,
    RuleFileError,
    StateError,
    Stopped,
    Unpinned,
    Unreadable,
    Unrecorded,
)
from pinnedrules.guard import Guard
from pinnedrules.types import Call, Decision, Definition, Proposal, SessionId, StopState, Ticket

__all__ = [
    "ApprovalError",
    "Broken",
    "Call",
    "Decision",
    "Definition",
    "Denied",
    "Guard",
    "NotDone",
    "PathRefused",
    "PinnedRulesError",
    "Proposal",
    "Refused",
    "RuleFileError",
    "SessionId",
    "StateError",
    "StopState",
    "Stopped",
    "Ticket",
    "Unpinned",
    "Unreadable",
    "Unrecorded",
    "__version__",
]

__version__ = "0.1.0"
