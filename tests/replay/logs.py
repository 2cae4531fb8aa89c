"""Decisions as a guard records them, for the tests that read logs."""

from __future__ import annotations

import json
from typing import Any

from pinnedrules.types import Entry, SessionId

__all__ = ["ANNA", "decision"]

ANNA = SessionId("inbox", "anna")


def decision(
    tool: str,
    arguments: dict[str, Any] | str | None = None,
    *,
    verdict: str = "allow",
    released: bool | None = None,
    effects: tuple[str, ...] = ("read",),
    session: SessionId = ANNA,
    reasons: tuple[str, ...] = (),
    call: str = "",
    ticket: str = "",
    approved_by: str = "",
    rules: tuple[str, ...] = (),
    **more: Any,
) -> Entry:
    """Return the record of one decision; without *arguments* it is as if they had been erased."""
    text = json.dumps(arguments) if isinstance(arguments, dict) else arguments
    body: dict[str, object] = {
        "tool": tool,
        "carries": [],
        "call": call,
        "effects": list(effects),
        "verdict": verdict,
        "enforced": True,
        "released": verdict == "allow" if released is None else released,
        "rewritten": False,
        "rules": list(rules),
        "undecided": [],
        "ticket": ticket,
        "approved_by": approved_by,
    }
    private: dict[str, object] = {"targets": [], "reasons": list(reasons)}
    return Entry("decision", session, body | more, private if text is None else {**private, "arguments": text})
