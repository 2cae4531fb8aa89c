"""What a running guard is told besides its rule file: stops, rules of a session, and a person's own words."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pinnedrules.commands import Failed, Record
from pinnedrules.errors import Unrecorded
from pinnedrules.types import Entry, SessionId, StopState

if TYPE_CHECKING:
    import asyncio

    from pinnedrules.control.revisions import Revision
    from pinnedrules.control.stop import Resumed, StopFile
    from pinnedrules.control.store import Store
    from pinnedrules.revising import Patch, Revising
    from pinnedrules.rulefile import RuleFile
    from pinnedrules.sessions import Sessions
    from pinnedrules.turns import Said
    from pinnedrules.world import World

__all__ = ["Wishes"]


class Wishes:
    """The part of :class:`pinnedrules.Guard` that people and programs talk to.

    Wherever a *session* is named, its name or the :class:`~pinnedrules.types.SessionId` does; a name alone means the open
    sessions called so, else those that the state folder knows. Without one it is the open session, else all sessions of
    this guard. Raises ValueError for a name that nobody knows.
    """

    _source: RuleFile
    _revising: Revising
    _quiet: bool
    _stop: StopFile
    _store: Store
    _world: World
    _sessions: Sessions

    def stop(self, reason: str, *, session: str = "", pause: bool = False) -> StopState:
        """Stop (or pause) everything under this guard's state, or one session. Survives restarts."""
        from pinnedrules.notes import stopped

        state = self._stop.set("pause" if pause else "stop", scope=_scope(session), reason=reason, actor="program")
        self._note(stopped(state))
        return state

    def resume(self, reason: str, *, session: str = "", user: str) -> Resumed:
        """Resume. *user* names the person who says so: an agent may stop itself, never resume.

        The answer says what was lifted and what still stands. Raises ApprovalError when *user* is nobody.
        """
        from pinnedrules.notes import lifted

        resumed = self._stop.resume(actor=user, reason=reason, scope=_scope(session))
        self._note(lifted(resumed, resumed.removed))
        return resumed

    def user_turn(self, text: str, *, user: str, session: str | SessionId = "") -> Said:
        """Say that *text* is what a person, *user*, said in a session just now, in their own words.

        The only way by which words relax anything, so call it with what came from that person's keyboard and nothing else:
        no summary, no document, no other agent's prompt. Limits ("only suggest", "stop") are in force when it returns;
        what permits something must be the whole turn (docs/python-loop.md has the forms). Send the text to the model as ever.

        Returns what came of it: ``.did``, ``.text`` for the person to read, ``.about`` the id of the rule or ticket.
        Raises ApprovalError when *user* is nobody or the agent, StateError when it cannot be kept, and Unrecorded, with
        nothing relaxed, when it cannot be recorded.
        """
        return self._heard(text, user, session, None)

    async def auser_turn(self, text: str, *, user: str, session: str | SessionId = "") -> Said:
        """Like :meth:`user_turn`, on an event loop."""
        import asyncio  # only where there is a loop: the pytest plugin imports this module in every run

        return await asyncio.to_thread(self._heard, text, user, session, asyncio.get_running_loop())

    def _heard(self, text: str, user: str, session: str | SessionId, loop: asyncio.AbstractEventLoop | None) -> Said:
        from pinnedrules.rules.permits import fits
        from pinnedrules.turns import Turns

        ears = self._world.ears
        turns = Turns(
            self._store,
            self._stop,
            note=self._note,
            record=self._record,
            fits=lambda permit: fits(self._source.rules, permit),
            hears=None if ears is None else lambda text: ears.ask(text, loop),
        )
        return turns.heard(self._meant(session), text, user)

    def pin(
        self,
        rule: Mapping[str, object] | str,
        *,
        user: str,
        session: str | SessionId = "",
        on: object = None,
        then: Literal["ask", "deny"] = "ask",
    ) -> str:
        """Add a rule to a session that runs; return its id, which begins with ``pin-``.

        *rule* is one rule in the words of a rule file, or a sentence: with *on* (a tool, tools, or ``{"effect": ...}``)
        what it is about is asked about or denied, without it the model only reads it. It can only tighten, so *user* may
        be the agent, too. The model is told with its next request.

        The id of a rule from the chat (``chat-1a2b3c``) confirms that rule: its words are the person's, and the model may
        read them besides our sentence.

        Raises RuleFileError for what is no rule, allows something, or speaks of no tool here; ApprovalError when *user*
        is nobody, or is the agent and confirms; StateError.
        """
        from pinnedrules.control.session_rules import from_chat, pin, worded
        from pinnedrules.notes import ruled
        from pinnedrules.rules.born import fits

        if isinstance(rule, str) and from_chat(rule):
            return self._confirm(rule, user, session)
        made = worded(rule, on=on, then=then, by=user)
        fits(self._source.rules, made)
        for one in self._meant(session):
            if pin(self._store, one, made):
                self._note(ruled(one, made, by=made.by, state="added"))
        return made.id

    def _confirm(self, rule: str, user: str, session: str | SessionId) -> str:
        from pinnedrules.control.principals import person
        from pinnedrules.control.session_rules import confirm, rules_of
        from pinnedrules.errors import RuleFileError
        from pinnedrules.notes import ruled

        who, found = person(user), False
        for one in self._meant(session):
            known = next((born for born in rules_of(self._store, one) if born.id == rule and not born.withdrawn), None)
            found = found or known is not None
            if known is not None and confirm(self._store, one, rule, by=who):
                self._note(ruled(one, known, by=who, state="confirmed"))
        if not found:
            raise RuleFileError(f"no rule {rule} is in force in this session", hint="pinnedrules show --session NAME")
        return rule

    def dismiss(self, rule: str, *, user: str, session: str | SessionId = "") -> bool:
        """Withdraw the rule of this id from a session; False when it has none in force. The model is told.

        Rules of the file stay. Raises ApprovalError when *user* is nobody or the agent, StateError, and Unrecorded.
        """
        from pinnedrules.control.principals import person
        from pinnedrules.control.session_rules import dismiss, rules_of
        from pinnedrules.notes import ruled

        who, done = person(user), False
        for one in self._meant(session):
            for known in rules_of(self._store, one):
                if known.id == rule and not known.withdrawn:
                    self._record(ruled(one, known, by=who, state="withdrawn"))
                    done = dismiss(self._store, one, rule, by=who) or done
        return done

    def permit(
        self,
        on: object,
        *,
        most: int,
        seconds: float,
        user: str,
        per: Literal["hour", "total"] = "total",
        require: Mapping[str, object] | None = None,
        session: str | SessionId = "",
        all_sessions: bool = False,
    ) -> str:
        """Allow calls beforehand that would be asked about; return the permit's id.

        *on* is a tool, tools or ``{"effect": ...}``, named exactly, *require* what their arguments must be, in the words
        of a rule. At most *most* calls, in all or per hour, for *seconds* (at most 24 hours), in the one session that is
        open or named, or in all sessions of its user. It lifts asks, never a deny; a stop or a resume ends it.

        Raises RuleFileError for what cannot be permitted beforehand, ApprovalError when *user* is nobody or the agent,
        ValueError when several sessions could be meant, StateError, and Unrecorded.
        """
        from pinnedrules.control.permits import give, new_permit
        from pinnedrules.notes import permitted
        from pinnedrules.rules.permits import fits

        meant = self._meant(session)
        if len(meant) != 1:
            raise ValueError("a permit is for one session: name it, or open it")
        made = new_permit(self._stop, on, require, most=most, per=per, seconds=seconds, by=user)
        fits(self._source.rules, made)
        self._record(permitted(meant[0], made, by=made.by, state="given"))
        give(self._store, meant[0], made, whole_user=all_sessions)
        return made.id

    def revoke(self, permit: str, *, user: str, session: str | SessionId = "") -> bool:
        """End a permit at once; False when none of this id is in force. Anybody may: it only tightens. Raises StateError."""
        from pinnedrules.control.permits import permits_of, revoke
        from pinnedrules.control.principals import principal
        from pinnedrules.notes import permitted

        who, done = principal(user), False
        for one in self._meant(session):
            for found in permits_of(self._store, one):
                if found.permit.id == permit and revoke(self._store, one, permit, by=who):
                    self._note(permitted(one, found.permit, by=who, state="revoked"))
                    done = True
        return done

    def revise(self, patch: Patch, *, user: str, why: str) -> Revision:
        """Change the rules by a JSON Patch (RFC 6902); the new version is in force when it is returned, here and for all
        other guards of the same rule file and state folder. The file itself stays as it is.

        *patch* is ``{"version": 2, "patch": [...]}``, the version being the one in force (``pinnedrules revisions``), as
        values or JSON text. A tightening may come from anybody, the agent too; what some call comes off better under needs
        an owner of the state folder (see docs/rule-file.md). Conversations keep their block; they are told in lines.

        Raises RuleFileError for a patch that does not fit or makes no rules; ApprovalError when *user* is nobody or may
        not; Unrecorded, with nothing relaxed, when it cannot be recorded; StateError.
        """
        return self._revising.revise(patch, user=user, why=why, record=self._record, note=self._note)

    def accept_file(self, *, user: str, why: str) -> Revision:
        """Put in force what the rule file holds now. Who may, and what is raised: as for :meth:`revise`."""
        return self._revising.accept(user=user, why=why, record=self._record, note=self._note)

    def _meant(self, session: str | SessionId) -> tuple[SessionId, ...]:
        if isinstance(session, SessionId):
            return (session,)
        if not session:
            return self._sessions.meant()
        found = self._sessions.called(session) or tuple(self._store.sessions(session))
        if not found:
            raise ValueError(
                f"no session {session!r} is open or known here; name its user, too: SessionId({session!r}, user=...)"
            )
        return found

    def _note(self, entry: Entry) -> None:
        # What limits stands whether or not it can be written down, so a failure is said, not raised.
        failed = self._world.attempt(Record(entry))
        if isinstance(failed, Failed):
            self._say(f"pinnedrules: this could not be recorded: {failed.error}")

    def _record(self, entry: Entry) -> None:
        failed = self._world.attempt(Record(entry))
        if isinstance(failed, Failed):
            raise Unrecorded(
                f"It cannot be recorded ({failed.error}), so nothing was relaxed.",
                next_step="free space or mend the state folder, then try again",
            )

    def _say(self, line: str) -> None:
        if not self._quiet:
            sys.stderr.write(line + "\n")


def _scope(session: str) -> str:
    from pinnedrules.control.stop import EVERYTHING, session_scope

    return session_scope(session) if session else EVERYTHING
