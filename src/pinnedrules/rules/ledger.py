"""What the ledger is once a call is released: sums are reserved, and it is noted that something from outside was read.

Rules of this file:

1. The state that a rule needs has a constant size: one key per rule, whatever the number of calls.
2. Nothing here is ever lowered: a sum goes only up until its day or its session is over.
3. Nothing is derived from a transcript, so a compaction or a restart changes nothing (design: invariant 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.amounts import TOTAL_KEY
from pinnedrules.rules.predicates.base import Facts
from pinnedrules.rules.predicates.history import READ_UNTRUSTED
from pinnedrules.rules.server_tools import server_untrusted
from pinnedrules.types import Call, Decision, LedgerState, Moment

__all__ = ["after"]


def after(
    rules: RuleSet, call: Call, decision: Decision, ledger: LedgerState, now: Moment, *, untrusted: bool = False
) -> LedgerState:
    """Return the ledger once *call* is released under *decision*; the very same object when nothing changes.

    Call it for released calls only (allowed, approved, or let through while only watching), with the decision that was
    made for it. *untrusted* says of a tool that the file does not declare that what it brings back comes from outside;
    of those with a provider's own name (``web_search``) it is known. A read at a place that the model chose brings back
    words from outside too, unless the file says that this tool's source is trusted.
    """
    tool = rules.plan.tool(call.name)
    if tool is None:
        return ledger
    session: dict[str, str] = {}
    user: dict[str, str] = {}
    fetched = "read" in decision.effects and "send" in decision.effects and not tool.trusted
    stranger = not tool.known and (untrusted or server_untrusted(call.name))
    if tool.untrusted or fetched or stranger:
        session[READ_UNTRUSTED] = "1"
    arguments: dict[str, object] | None = None
    for candidate in rules.plan.candidates(tool, decision.effects).every:
        for reserve in candidate.reserves:
            if arguments is None:
                arguments = _released(call, decision)
            half, key, text = reserve(Facts(arguments, ledger, now))
            (user if half == "user" else session)[key] = text
    if _holds(ledger.session, session) and _holds(ledger.user, user):
        return ledger
    return LedgerState(
        session={**ledger.session, **session},
        user={**_current(ledger.user, now.day), **user} if user else ledger.user,
        version=ledger.version,
    )


def _released(call: Call, decision: Decision) -> dict[str, object]:
    """Return the arguments as they run. Those that cannot be read leave every amount unknown."""
    try:
        return read(call if decision.arguments is None else replace(call, arguments=decision.arguments))
    except Unread:
        return {}


def _holds(half: Mapping[str, str], news: Mapping[str, str]) -> bool:
    return all(half.get(key) == text for key, text in news.items())


def _current(user: Mapping[str, str], day: str) -> dict[str, str]:
    """Return the user half without the sums of days that are over."""
    return {key: text for key, text in user.items() if not (key.startswith(TOTAL_KEY) and text[: len(day)] < day)}
