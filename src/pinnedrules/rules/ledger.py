"""What the ledger is once a call is released: sums are reserved, and it is noted what was done, and what was read.

Rules of this file:

1. The state that a rule needs has a bounded size, whatever the number of calls, and nothing is forgotten after some of them.
2. A sum goes only up until its hour, its day or its session is over. What one call added is taken back only by
   :func:`given_back`, which is for a call that is proven not to have been run.
3. A call that carries another one counts as what it carries.
4. Nothing is derived from a transcript, so a compaction or a restart changes nothing (design: invariant 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.decide import Reached, reached
from pinnedrules.rules.destinations import names_destination
from pinnedrules.rules.meta_tools import is_meta
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.base import Facts, Note
from pinnedrules.rules.predicates.budgets import over
from pinnedrules.rules.predicates.history import READ_UNTRUSTED
from pinnedrules.rules.rewrite import became
from pinnedrules.rules.server_tools import server_untrusted
from pinnedrules.rules.told import brings_words
from pinnedrules.rules.written import WRITTEN, runs_own, with_written
from pinnedrules.types import Call, Decision, LedgerState, Moment

__all__ = ["Charged", "after", "charged", "given_back"]


@dataclass(frozen=True, slots=True)
class Charged:
    """The ledger with one released call (the very same object when nothing changes), and what was noted of the call."""

    ledger: LedgerState
    notes: tuple[Note, ...]


def after(
    rules: RuleSet, call: Call, decision: Decision, ledger: LedgerState, now: Moment, *, untrusted: bool = False
) -> LedgerState:
    """Return the ledger of :func:`charged`."""
    return charged(rules, call, decision, ledger, now, untrusted=untrusted).ledger


def charged(
    rules: RuleSet, call: Call, decision: Decision, ledger: LedgerState, now: Moment, *, untrusted: bool = False
) -> Charged:
    """Return the ledger once *call* is released under *decision*, and what of it can be taken back.

    Call it for released calls only (allowed, approved, or let through while only watching), with the decision that was
    made for it. *untrusted* says of a tool that the file does not declare that what it brings back comes from outside;
    of those with a provider's own name (``web_search``) it is known. A read at a place that the model chose brings back
    words from outside too, unless the file says that this tool's source is trusted.
    """
    released = became(call, decision)
    call = released if decision.tool else call
    if is_meta(call.name):
        # What is carried counts as if it had been called, and the carrier by the rules that name it.
        notes: list[Note] = []
        for item in reached(rules, released):
            found = _noted(rules, item, ledger, now, untrusted=False)
            ledger = found.ledger
            notes += found.notes
        return Charged(ledger, tuple(notes))
    tool = rules.plan.tool(call.name)
    if tool is None:
        return Charged(ledger, ())
    candidates = rules.plan.candidates(tool, decision.effects).every
    writes = "write" in decision.effects or "execute" in decision.effects
    kept = any(candidate.reserves for candidate in candidates) or bool(rules.plan.watches(tool, decision.effects))
    arguments = _read(released) if writes or kept else {}
    return _noted(rules, Reached(call, arguments, decision.effects, candidates), ledger, now, untrusted=untrusted)


def given_back(ledger: LedgerState, notes: Sequence[Note]) -> LedgerState:
    """Return *ledger* without what *notes* can take back; the very same object when that is nothing.

    Only for a call that is proven not to have been run, and only once for each time that it was charged.
    """
    session, user = dict(ledger.session), dict(ledger.user)
    for note in reversed(notes):
        half = user if note.half == "user" else session
        if note.back is None or note.key not in half:
            continue
        text = note.back(half[note.key])
        if text is None:
            del half[note.key]
        else:
            half[note.key] = text
    if session == ledger.session and user == ledger.user:
        return ledger
    return replace(ledger, session=session, user=user)


def _noted(rules: RuleSet, item: Reached, ledger: LedgerState, now: Moment, *, untrusted: bool) -> Charged:
    """Return the ledger with what is kept of one call."""
    tool = rules.plan.tool(item.call.name)
    if tool is None:
        return Charged(ledger, ())
    fetched = "read" in item.effects and "send" in item.effects and not (tool.trusted or item.carries)
    # What the file does not declare may read as well: with an address, nobody knows what it brought back.
    stranger = not tool.known and (
        untrusted
        or server_untrusted(item.call.name)
        or brings_words(item.call.definition)
        or (not item.carries and names_destination(item.arguments))
    )
    facts = Facts(item.arguments, ledger, now, item.call, item.effects)
    found = [reserve(facts) for candidate in item.candidates for reserve in candidate.reserves]
    found += [reserve(facts) for reserve in rules.plan.watches(tool, item.effects)]
    notes = [note for note in found if note is not None]
    kept = ledger.session.get(WRITTEN, "")
    own = runs_own(kept, item.call.name, item.arguments, item.effects)
    written = kept if item.carries else with_written(kept, item.call.name, item.arguments, item.effects)
    if written != kept:
        notes.append(Note("session", WRITTEN, written))
    if tool.untrusted or fetched or stranger or own:
        notes.append(Note("session", READ_UNTRUSTED, "1"))
    session, user = _texts(notes, "session"), _texts(notes, "user")
    if _holds(ledger.session, session) and _holds(ledger.user, user):
        return Charged(ledger, ())
    changed = replace(
        ledger,
        session={**ledger.session, **session},
        user={**_current(ledger.user, now), **user} if user else ledger.user,
    )
    return Charged(changed, tuple(notes))


def _texts(notes: Iterable[Note], half: str) -> dict[str, str]:
    return {note.key: note.text for note in notes if note.half == half}


def _read(call: Call) -> dict[str, object]:
    """Return the arguments as they run. Those that cannot be read leave every amount unknown."""
    try:
        return read(call)
    except Unread:
        return {}


def _holds(half: Mapping[str, str], news: Mapping[str, str]) -> bool:
    return all(half.get(key) == text for key, text in news.items())


def _current(user: Mapping[str, str], now: Moment) -> dict[str, str]:
    """Return the user half without the sums of hours and days that are over."""
    return {key: text for key, text in user.items() if not over(key, text, now)}
