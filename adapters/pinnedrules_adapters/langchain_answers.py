"""How people are asked through LangGraph's interrupts, and what they may answer.

The question has the shape of LangChain's HumanInTheLoopMiddleware, so that front ends that know it can show it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pinnedrules.framework import Gated

__all__ = ["answers", "can_interrupt", "question", "who"]

_UNKNOWN = "the answer was neither approve nor reject"
_CHECKPOINTER = "__pregel_checkpointer"


def can_interrupt(config: Any) -> bool:
    """Say whether the graph that runs keeps checkpoints, without which nobody could resume it."""
    settings = config.get("configurable") or {}
    return bool(settings.get("checkpoint_ns") is not None and settings.get(_CHECKPOINTER) not in (None, False))


def question(asked: Sequence[Gated]) -> dict[str, Any]:
    """Return the value of the interrupt."""
    return {
        "action_requests": [
            {"name": one.call.name, "args": json.loads(one.arguments), "description": one.text} for one in asked
        ],
        "review_configs": [{"action_name": one.call.name, "allowed_decisions": ["approve", "reject"]} for one in asked],
        "pinnedrules": [
            {
                "ticket": one.ticket.id if one.ticket else "",
                "tool_call_id": one.call.id,
                "rules": list(one.judged.decision.rules) if one.judged else [],
            }
            for one in asked
        ],
    }


def answers(said: object, count: int) -> list[tuple[bool, str]]:
    """Return for each call that was asked about whether it may run, and what was said to that.

    Known are ``True`` and ``False``, ``{"type": "approve"}`` and ``{"type": "reject", "message": ...}``, a list of those, and
    ``{"decisions": [...]}``. Anything else, and a list of another length, is a no to all.
    """
    if isinstance(said, dict) and "decisions" in said:
        said = said["decisions"]
    every = said if isinstance(said, list) else [said]
    if len(every) != count:
        return [(False, f"{len(every)} answers for {count} calls")] * count
    return [_answer(one) for one in every]


def who(config: Any) -> str:
    """Return who is recorded as the one who answered: the user whom LangGraph's server authenticated, where it did."""
    user = (config.get("configurable") or {}).get("langgraph_auth_user_id")
    return f"interrupt:{user}" if user else "interrupt"


def _answer(said: object) -> tuple[bool, str]:
    if isinstance(said, bool):
        return said, ""
    kind = said.get("type") if isinstance(said, dict) else None
    message = str(said.get("message") or "") if isinstance(said, dict) else ""
    return kind == "approve", message if kind in ("approve", "reject") else _UNKNOWN
