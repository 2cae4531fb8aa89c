"""The calls of one's own log, decided once more under other rules: what would have been decided differently.

Rules of this file:

1. Each session's ledger is carried along in the order of the log, and a user's over all of that user's sessions.
2. It is the ledger that the other rules would have kept: charged for what they allow, and for what they ask about if it
   really ran, because then a person said yes or would have.
3. What is not in the log is not made up: arguments that were erased leave a call undecided.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pinnedrules.authoring.calls import decided, released
from pinnedrules.cli.story import Told
from pinnedrules.control.session_rules import PIN
from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.born import CHAT
from pinnedrules.rules.model import RuleSet, rule_set
from pinnedrules.rules.predicates.history import READ_UNTRUSTED
from pinnedrules.types import Call, Decision, Definition, Effect, LedgerState, Moment, SessionId, Verdict

__all__ = ["Again", "Logged", "Redone", "Then", "logged"]

Then: TypeAlias = Verdict | Literal["session", "paused", "fenced", "unavailable"]
"""What was decided then: by the rules; or held back by a rule of that session alone, by a pause, or because the store or the
log did not answer."""

_UNDECLARED = "undeclared arguments: "
_UNANSWERED = ("the store does not answer", "the evidence log cannot be written", "the ledger is written by")
# What a definition says is not in the log; what came of it is. These words tell of the same effects.
_WORDS: dict[Effect, str] = {
    "write": "Writes.",
    "delete": "Deletes.",
    "send": "Sends.",
    "publish": "Publishes.",
    "spend": "Pays.",
    "execute": "Executes.",
}


@dataclass(frozen=True, slots=True)
class Logged:
    """One decision of a log. ``call`` is None when its arguments were erased; ``ran`` says that it was released.

    ``offered`` is a tool that the provider runs, decided on the request; ``undone`` a call that is proven not to have been
    run, so that it was given back.
    """

    session: SessionId
    at: Moment
    tool: str
    call: Call | None
    effects: tuple[Effect, ...]
    then: Then
    ran: bool
    rules: tuple[str, ...]
    targets: tuple[str, ...]
    ticket: str
    approved_by: str
    stamp: str
    offered: bool
    undone: bool = False

    @property
    def prompted(self) -> bool:
        """True when a person was asked, rather than a permit that one had given before."""
        return bool(self.ticket)

    def answers_to(self, name: str) -> bool:
        """True when *name* is its ticket, its stamp, or the provider's id of the call."""
        return bool(name) and name in (self.ticket, self.stamp, self.call.id if self.call else "")


@dataclass(frozen=True, slots=True)
class Redone:
    """A decision of the log beside the one of other rules, with the ledger as it was before.

    Where it cannot be said what they decide, ``decision`` is None and ``unknown`` says why.
    """

    logged: Logged
    decision: Decision | None
    ledger: LedgerState
    unknown: str = ""

    @property
    def differs(self) -> bool:
        """True when the rules decide otherwise now. What a pause held back says nothing about rules."""
        return (
            self.decision is not None
            and self.logged.then in ("allow", "ask", "deny")
            and (self.decision.verdict != self.logged.then)
        )


def logged(items: Iterable[Told]) -> Iterator[Logged]:
    """Yield the decisions among the records of a log, as they come. Reads all of them first."""
    every = list(items)
    back = [item for item in every if item.record["type"] == "returned" and item.body["call"]]
    undone = {(item.record["session"], item.body["call"]) for item in back}
    for item in every:
        if item.record["type"] == "decision":
            yield _logged(item, undone=(item.record["session"], item.body.get("call")) in undone)


def _logged(item: Told, *, undone: bool) -> Logged:
    body, record, values = item.body, item.record, item.values
    reasons = tuple(str(reason) for reason in values.get("reasons", ()))
    name, effects = str(body["call"]) if "call" in body else "", tuple(body.get("effects", ()))
    rules, by = tuple(map(str, body["rules"])), str(body["approved_by"])
    then: Then = "ask" if body["ticket"] or by else body["verdict"]
    if rules and then != "allow" and all(rule.startswith((CHAT, PIN)) for rule in rules):
        then = "session"
    elif body.get("fence"):
        then = "fenced"
    elif then != "allow" and not body["ticket"]:
        if any(reason.startswith("paused: ") for reason in reasons):
            then = "paused"
        elif any(reason.startswith(_UNANSWERED) for reason in reasons):
            then = "unavailable"
    text = values.get("arguments")
    return Logged(
        session=SessionId(str(record["session"]), item.user, str(record["tenant"])),
        at=_moment(int(record["ts"])),
        tool=str(body["tool"]),
        call=None if text is None else _call(str(body["tool"]), str(text), name, reasons),
        effects=effects,
        then=then,
        ran=bool(body["released"]),
        rules=rules,
        targets=tuple(map(str, values.get("targets", ()))),
        ticket=str(body["ticket"]),
        approved_by=by,
        stamp=str(body.get("stamp", "")),
        offered=name.startswith("request:"),
        undone=undone,
    )


def _call(tool: str, text: str, name: str, reasons: Sequence[str]) -> Call:
    """Return the call. Its schema is told by the reasons: whatever they do not call undeclared was declared."""
    call = Call(tool, text, id=name)
    try:
        given = frozenset(read(call))
    except Unread:
        # The free text of a custom tool; arguments that could not be read then cannot be read now either.
        custom = not any(reason.startswith(("the arguments", "a number")) for reason in reasons)
        return replace(call, kind="custom", declared=frozenset({"input"})) if custom else call
    said = next((reason for reason in reasons if reason.startswith(_UNDECLARED)), "")
    return replace(call, declared=given - frozenset(said.removeprefix(_UNDECLARED).split(", ")))


def _moment(utc_us: int) -> Moment:
    here = time.localtime(utc_us // 1_000_000)
    return Moment(utc_us, utc_us * 1000, f"{here.tm_year:04}-{here.tm_mon:02}-{here.tm_mday:02}")


class Again:
    """Decides logged calls under other rules, one after the other."""

    def __init__(self, sets: Sequence[RuleSet]) -> None:
        # Definitions are not in a log, so a pinned one counts as the one that was there.
        self._sets = [rule_set(one.version, one.rules, one.tools, one.default) if one.servers else one for one in sets]
        self._sessions: dict[SessionId, LedgerState] = {}
        self._users: dict[tuple[str, str], LedgerState] = {}

    @property
    def sets(self) -> Sequence[RuleSet]:
        """The rules that it decides under."""
        return self._sets

    def decide(self, item: Logged) -> Redone:
        """Return what the rules say to a logged call, and go on with the ledger that they would have kept."""
        before = self._ledger(item.session)
        if item.call is None:
            self._read_only(item, before)
            return Redone(item, None, before, "its arguments were erased")
        call = self.call(item)
        assert call is not None
        decision = decided(self._sets, call, before, item.at)
        if decision.verdict != "allow" and self._by_origin(decision):
            return Redone(item, None, before, "what was said, and what results said, is not in the log")
        if not item.undone and (decision.verdict == "allow" or (decision.verdict == "ask" and item.ran)):
            self._keep(item.session, released(self._sets, call, decision, before, item.at))
        return Redone(item, decision, before)

    def call(self, item: Logged) -> Call | None:
        """Return the call as it is decided, with what is known of its tool's definition."""
        call = item.call
        if call is None:
            return None
        known = [one.plan.tool(item.tool) for one in self._sets]
        if any(tool is not None and tool.written for tool in known) or not known[-1]:
            return call
        told = " ".join(
            _WORDS[effect] for effect in item.effects if effect in _WORDS and effect not in known[-1].effects
        )
        return replace(call, definition=Definition(told)) if told else call

    def _by_origin(self, decision: Decision) -> bool:
        """True when a rule that decides asks where a value came from."""
        rules = [one.rule(name) for one in self._sets for name in decision.rules]
        return any(rule is not None and "came_from" in (rule.require or {}) for rule in rules)

    def _ledger(self, session: SessionId) -> LedgerState:
        mine = self._sessions.get(session, LedgerState(whose=session))
        user = self._users.get((session.tenant, session.user)) if session.user else None
        return replace(mine, user=user.user if user else {}) if session.user else mine

    def _keep(self, session: SessionId, ledger: LedgerState) -> None:
        self._sessions[session] = ledger
        if session.user:
            self._users[session.tenant, session.user] = ledger

    def _read_only(self, item: Logged, before: LedgerState) -> None:
        """Of a call that ran with arguments that are not known any more, only what its tool alone says is kept."""
        if not item.ran:
            return
        after = released(self._sets, Call(item.tool, "{}"), Decision("allow", item.effects), before, item.at)
        if READ_UNTRUSTED in after.session:
            self._keep(item.session, replace(before, session={**before.session, READ_UNTRUSTED: "1"}))
