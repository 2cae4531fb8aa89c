"""What comes of a person's own words: the one place where text may relax something (design: invariant 4).

Rules of this file:

1. What limits the agent is heard liberally and put in force first. What gives it more room has to be the whole turn.
2. Words relax what concerns this session alone: its one open question, its rules from the chat, a pause from the chat.
   Never a rule of the file, never a stop, never what somebody else limited.
3. Where it is not clear which question or rule is meant, nothing happens, and the answer says so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pinnedrules.chat.hear import hear
from pinnedrules.chat.heard import NOTHING, Heard, sentence
from pinnedrules.chat.orders import Answer, Dismiss, Grant, Order, Resume, ordered
from pinnedrules.chat.text import bounded, quotable
from pinnedrules.commands import Failed
from pinnedrules.control.permits import give, new_permit
from pinnedrules.control.principals import in_chat, person
from pinnedrules.control.scopes import session_scope
from pinnedrules.control.session_rules import change, confirm, dismiss, rules_of
from pinnedrules.control.stop import StopFile
from pinnedrules.control.store import Store
from pinnedrules.errors import ApprovalError, RuleFileError
from pinnedrules.gate.attempts import SAID, Origin
from pinnedrules.notes import answered, heard, lifted, permitted, ruled, stopped
from pinnedrules.rules.born import CHAT, added, from_words, name_of
from pinnedrules.rules.mentioned import mentioned
from pinnedrules.rules.permits import Permit
from pinnedrules.rules.printable import counted, shown
from pinnedrules.types import Entry, SessionId, Ticket

__all__ = ["Said", "Turns"]

_QUOTE = 200


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a person's turn.

    ``text`` says it in a sentence for that person (empty when nothing was meant for the guard); ``about`` is the id of the
    rule, the ticket or the permit.
    """

    did: Literal["nothing", "rule", "pause", "resume", "dismissed", "approved", "denied", "permit"]
    text: str = ""
    about: str = ""


class Turns:
    """Hears people's turns for one guard. Thread-safe.

    *note* writes a record of what is done all the same; *record* raises when it cannot, before anything is relaxed. *fits*
    raises RuleFileError for a permit that makes no sense with the tools that there are. *hears* asks the model that is
    plugged in for what the patterns leave open; it takes bounded time.
    """

    def __init__(
        self,
        store: Store,
        stop: StopFile,
        *,
        note: Callable[[Entry], None],
        record: Callable[[Entry], None],
        fits: Callable[[Permit], None],
        hears: Callable[[str], Heard | Failed] | None = None,
    ) -> None:
        self._fits = fits
        self._hears = hears
        self._store = store
        self._stop = stop
        self._note = note
        self._record = record

    def heard(self, sessions: Sequence[SessionId], text: str, user: str) -> Said:
        """Return what came of *text*, said by *user* in *sessions*.

        Raises ApprovalError when *user* is nobody or the agent, StateError when it cannot be kept.
        """
        who = person(user)
        values = {f"user {digest}": "" for digest in mentioned(text)}
        for session in sessions if values else ():
            self._store.learn(session, values)
        # Words of permission count in the exact forms only: what is heard of them may be quoted, pasted or told.
        said, order = hear(text), ordered(text)
        origin: Origin = "patterns"
        if not said.kind and order is None and self._hears is not None:
            said, origin = self._asked(sessions, text, who), "model"
        if said.kind == "stop" and order is None:
            kind, done = "stop", self._pause(sessions, said, who, origin)
        elif said.kind == "constraint" and order is None:
            kind, done = "constraint", self._limit(sessions, said, who)
        elif order is not None:
            kind, done = self._obeyed(sessions, order, who)
        elif said.kind in ("permission", "dismissal"):
            told = "It is not clear what this permits. Say only: approve and the ticket, or: dismiss and the rule."
            kind, done = said.kind, Said("nothing", told)
        else:
            return Said("nothing")
        led_to = f"{done.did} {done.about}".strip()
        quote = said.quote or shown(text, _QUOTE)
        self._note(heard(sessions, kind, by=who, led_to=led_to, quote=quote, origin=origin))
        return done

    def _asked(self, sessions: Sequence[SessionId], text: str, who: str) -> Heard:
        """Return what the model that is plugged in heard; nothing when it fails, which is recorded."""
        found = self._hears(bounded(text)) if self._hears is not None else NOTHING
        if isinstance(found, Heard):
            return replace(found, quote=quotable(text)) if found.kind else found
        led_to, why = f"hears failed: {type(found.error).__name__}", quotable(str(found.error))
        self._note(heard(sessions, "", by=who, led_to=led_to, quote=quotable(text), origin="model", why=why))
        return NOTHING

    def _obeyed(self, sessions: Sequence[SessionId], order: Order, who: str) -> tuple[str, Said]:
        match order:
            case Answer():
                return "permission", self._answer(sessions, order, who)
            case Dismiss():
                return "dismissal", self._dismiss(sessions, order.rule, who)
            case Resume():
                return "resume", self._resume(sessions, who)
            case Grant():
                return "permission", self._permit(sessions, order, who)

    def _pause(self, sessions: Sequence[SessionId], said: Heard, who: str, origin: Origin) -> Said:
        for session in sessions:
            scope = session_scope(session.name)
            reason = f'{SAID[origin]} "{said.quote}"'
            state = self._stop.set("pause", scope=scope, reason=reason, actor=in_chat(who))
            self._note(stopped(state))
        return Said("pause", "Paused: nothing with an effect runs until you say: resume.")

    def _resume(self, sessions: Sequence[SessionId], who: str) -> Said:
        lifted_any = False
        for session in sessions:
            scope = session_scope(session.name)
            done = self._stop.resume(actor=in_chat(who), reason="said in the chat", scope=scope, chat=True)
            if done.removed:
                self._note(lifted(done, done.removed))
                lifted_any = True
        left = [state for session in sessions if (state := self._stop.read(session)).state != "run"]
        if left:
            by = f" by {left[0].actor}" if left[0].actor else ""
            word = "stopped" if left[0].state == "stop" else "paused"
            told = f"Work is {word}{by}, and that is not lifted in the chat: pinnedrules resume --reason WHY"
            return Said("resume" if lifted_any else "nothing", told)
        return Said("resume", "Work goes on.") if lifted_any else Said("nothing", "Nothing was paused from the chat.")

    def _limit(self, sessions: Sequence[SessionId], said: Heard, who: str) -> Said:
        words = from_words(name_of(said.effects, said.quote), sentence(said.effects), said.effects, said.quote)
        rule = replace(words, by=who, confirmed=who)
        for session in sessions:
            if change(self._store, session, lambda ledger: added(ledger, rule)):
                self._note(ruled(session, rule, by=who, state="added"))
            elif confirm(self._store, session, rule.id, by=who):
                self._note(ruled(session, rule, by=who, state="confirmed"))
        return Said("rule", f"In force for this session: {rule.text} To end it, say: dismiss {rule.id}", rule.id)

    def _dismiss(self, sessions: Sequence[SessionId], name: str, who: str) -> Said:
        """Withdraw the rule *name*, or the one that there is. What another person gave stays."""
        found = {
            (session, rule.id): rule
            for session in sessions
            for rule in rules_of(self._store, session)
            if not rule.withdrawn and (rule.by == who or (rule.id.startswith(CHAT) and not rule.by))
        }
        names = {rule.id for rule in found.values()}
        meant = {one for one in names if one == name or (not name and one.startswith(CHAT))}
        if len(meant) != 1:
            what = f"No rule of yours here is called {shown(name)}." if name else "No rule was dismissed."
            which = f" Say: dismiss and one of {', '.join(sorted(names))}" if names else ""
            return Said("nothing", f"{what}{which}")
        text = ""
        for (session, one), rule in found.items():
            if one in meant:
                self._record(ruled(session, rule, by=who, state="withdrawn"))
                dismiss(self._store, session, one, by=who)
                text = rule.text
        return Said("dismissed", f"Not in force any more: {text}", *meant)

    def _answer(self, sessions: Sequence[SessionId], order: Answer, who: str) -> Said:
        now_us = time.time_ns() // 1000
        waiting: list[Ticket] = []
        for session in sessions:
            waiting += self._store.asked_in(session, now_us=now_us, epoch_of=self._epoch_of)
        meant = [ticket for ticket in waiting if order.ticket in ("", ticket.id)]
        if len(meant) != 1:
            listed = "; ".join(f"{ticket.id}: {shown(ticket.summary)}" for ticket in waiting)
            what = f"{counted(len(waiting), 'call')} of this session wait for an answer" if waiting else ""
            which = (
                f"{what}. Say: approve and one of {listed}" if what else "Nothing in this session waits for an answer."
            )
            return Said("nothing", which)
        try:
            done = self._store.answer(
                meant[0].id, order.yes, by=who, now_us=now_us, why="said in the chat", epoch_of=self._epoch_of
            )
        except ApprovalError as error:
            return Said("nothing", str(error))
        self._note(answered(done))
        word = "Approved, once" if order.yes else "Denied"
        return Said("approved" if order.yes else "denied", f"{word}: {shown(done.summary, 400)}", done.id)

    def _permit(self, sessions: Sequence[SessionId], order: Grant, who: str) -> Said:
        if len(sessions) != 1:
            return Said("nothing", "A permit is for one session, and several could be meant here.")
        require = {"matches": {name: _exactly(value) for name, value in order.where.items()}} if order.where else None
        per: Literal["hour", "total"] = "hour" if order.hourly else "total"
        try:
            permit = new_permit(
                self._stop, order.tool, require, most=order.most, per=per, seconds=order.seconds, by=who
            )
            self._fits(permit)
            self._record(permitted(sessions[0], permit, by=who, state="given"))
            give(self._store, sessions[0], permit)
        except RuleFileError as error:
            return Said("nothing", f"That cannot be permitted: {error}")
        minutes = counted(order.seconds // 60, "minute")
        return Said("permit", f"Permitted for {minutes}: {permit.about}. What a rule denies stays denied.", permit.id)

    def _epoch_of(self, session: SessionId) -> int:
        return self._stop.read(session).epoch


def _exactly(value: str) -> str:
    """Return the pattern that this value alone matches (RE2 reads a backslash before punctuation as that sign)."""
    return re.sub(r"([^A-Za-z0-9_ ])", r"\\\1", value)
