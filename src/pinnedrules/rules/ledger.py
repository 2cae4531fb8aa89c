"""What the ledger is once a call is released: sums are reserved, and it is noted that something from outside was read.

Rules of this file:

1. The state that a rule needs has a constant size: one key per rule, whatever the number of calls.
2. Nothing here is ever lowered: a sum goes only up until its day or its session is over.
3. A call that carries another one counts as what it carries.
4. Nothing is derived from a transcript, so a compaction or a restart changes nothing (design: invariant 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.decide import Reached, reached
from pinnedrules.rules.meta_tools import is_meta
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
    released = call if decision.arguments is None else replace(call, arguments=decision.arguments)
    if is_meta(call.name):
        # What is carried counts as if it had been called, and the carrier by the rules that name it.
        for item in reached(rules, released):
            ledger = _noted(rules, item, ledger, now, untrusted=False)
        return ledger
    tool = rules.plan.tool(call.name)
    if tool is None:
        return ledger
    candidates = rules.plan.candidates(tool, decision.effects).every
    arguments = _read(released) if any(candidate.reserves for candidate in candidates) else {}
    return _noted(rules, Reached(call, arguments, decision.effects, candidates), ledger, now, untrusted=untrusted)


def _noted(rules: RuleSet, item: Reached, ledger: LedgerState, now: Moment, *, untrusted: bool) -> LedgerState:
    """Return the ledger with what is kept of one call; the very same object when nothing changes."""
    tool = rules.plan.tool(item.call.name)
    if tool is None:
        return ledger
    session: dict[str, str] = {}
    user: dict[str, str] = {}
    fetched = "read" in item.effects and "send" in item.effects and not (tool.trusted or item.carries)
    stranger = not tool.known and (untrusted or server_untrusted(item.call.name))
    if tool.untrusted or fetched or stranger:
        session[READ_UNTRUSTED] = "1"
    for candidate in item.candidates:
        for reserve in candidate.reserves:
            half, key, text = reserve(Facts(item.arguments, ledger, now, item.call, item.effects))
            (user if half == "user" else session)[key] = text
    if _holds(ledger.session, session) and _holds(ledger.user, user):
        return ledger
    return LedgerState(
        session={**ledger.session, **session},
        user={**_current(ledger.user, now.day), **user} if user else ledger.user,
        version=ledger.version,
        whose=ledger.whose,
    )


def _read(call: Call) -> dict[str, object]:
    """Return the arguments as they run. Those that cannot be read leave every amount unknown."""
    try:
        return read(call)
    except Unread:
        return {}


def _holds(half: Mapping[str, str], news: Mapping[str, str]) -> bool:
    return all(half.get(key) == text for key, text in news.items())


def _current(user: Mapping[str, str], day: str) -> dict[str, str]:
    """Return the user half without the sums of days that are over."""
    return {key: text for key, text in user.items() if not (key.startswith(TOTAL_KEY) and text[: len(day)] < day)}
