"""Who answers asks: a person at this terminal, a callback, or whoever looks at the open tickets later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pinnedrules.control.approvers import Approver, CallbackApprover, TerminalApprover
from pinnedrules.errors import StateError

__all__ = ["who_answers"]


def who_answers(
    approver: str | Callable[..., Any], answered: Callable[[str], bool]
) -> tuple[str, Approver | None, float]:
    """Return who answers in words, the approver, and how long an answer may be held for it."""
    if callable(approver):
        return "asks go to a callback", CallbackApprover(approver), 300.0
    if approver == "tickets":
        return "asks become tickets (pinnedrules approvals list)", None, 0.0
    if approver not in ("auto", "terminal"):
        raise ValueError(f'approver must be "auto", "terminal", "tickets" or a callable, not {approver!r}')
    terminal = TerminalApprover(closed=answered)
    unusable = terminal.usable() or ("an event loop is running" if _loop_running() else "")
    if not unusable:
        return "asks are answered at this terminal", terminal, 300.0
    if approver == "terminal":
        raise StateError(f'no terminal to ask at: {unusable}; use approver="tickets" or a callable')
    return (
        f"nobody to ask here ({unusable}), so asks are refused with a ticket (pinnedrules approvals list)",
        None,
        0.0,
    )


def _loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
