"""Rules that a session gets after it began, or loses: written into its ledger by whoever may.

Anybody may add a rule, the agent too, because it can only make things stricter. Only a person withdraws one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping

from pinnedrules.control.principals import person, principal
from pinnedrules.control.store import Store
from pinnedrules.errors import RuleFileError, StateError
from pinnedrules.rules.arguments import dump
from pinnedrules.rules.born import CHAT, Born, added, born, confirmed, in_force, withdrawn
from pinnedrules.types import LedgerState, SessionId

__all__ = ["PIN", "change", "confirm", "dismiss", "from_chat", "pin", "rules_of", "worded"]

PIN = "pin-"
"""Ids of rules that were given to a session begin with this."""

_ATTEMPTS = 64
_FROM_CHAT = re.compile(rf"{CHAT}(?:[0-9a-f]{{6}}(?:-[0-9]+)?|more)")


def change(store: Store, session: SessionId, make: Callable[[LedgerState], LedgerState | None]) -> bool:
    """Write what *make* makes of the ledger, over what it was given only; False when it makes nothing of it.

    Raises StateError, and what *make* raises.
    """
    for _ in range(_ATTEMPTS):
        ledger = store.read_ledger(session)
        new = make(ledger)
        if new is None or (new.session == ledger.session and new.user == ledger.user):
            return False
        if store.write_ledger(session, new):
            return True
    raise StateError("the ledger is written by too many at once; try again")


def worded(rule: Mapping[str, object] | str, *, on: object = None, then: str = "ask", by: str) -> Born:
    """Return the rule that *by* gives: in the words of a rule file, or a sentence with what it is about.

    Its id begins with ``pin-``; a sentence gets one. Raises RuleFileError for what is no rule that can only tighten, and
    ApprovalError when *by* is nobody.
    """
    if isinstance(rule, str):
        words: dict[str, object] = {"text": rule}
        if on is not None:
            words |= {"on": on, "then": then}
        words["id"] = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:6]
    else:
        if on is not None:
            raise RuleFileError("`on` goes with a sentence", hint="write it into the rule")
        words = dict(rule)
    name = str(words.get("id", ""))
    if name.startswith(CHAT):
        raise RuleFileError(f"{name} is the name of a rule from the chat", hint="give it another id")
    if any(sign in str(words.get("text", "")) for sign in "[]"):
        # The line that tells the model of it stands in brackets.
        raise RuleFileError("square brackets in the text", hint="take them out")
    name = name if name.startswith(PIN) else f"{PIN}{name}"
    try:
        made = Born(name, dump({**words, "id": name}), by=principal(by))
    except TypeError as error:
        raise RuleFileError(f"it cannot be written as JSON ({error})") from error
    added(LedgerState(), made)
    return made


def pin(store: Store, session: SessionId, rule: Born) -> bool:
    """Add *rule* (see :func:`worded`) to a session; False when it is in force already.

    Raises RuleFileError when another one of its id is, or the session has too many; StateError.
    """

    def make(ledger: LedgerState) -> LedgerState:
        same = in_force(ledger, rule.id)
        if same is not None and {**json.loads(same.rule), "id": rule.id} != json.loads(rule.rule):
            raise RuleFileError(f"another rule {rule.id} is in force in this session", hint="give it another id")
        new = added(ledger, rule)
        if new is not ledger and in_force(new, rule.id) is None:
            raise RuleFileError("the session has as many rules as it can", hint="write this one into the rule file")
        return new

    return change(store, session, make)


def from_chat(text: object) -> bool:
    """Say whether *text* is the id of a rule that words in the chat brought about."""
    return isinstance(text, str) and _FROM_CHAT.fullmatch(text) is not None


def confirm(store: Store, session: SessionId, name: str, *, by: str) -> bool:
    """Confirm that the words which a rule of a session came from are a person's, so that the model may read them.

    False when it has none of this id in force whose words are not confirmed yet. Raises ApprovalError when *by* is nobody
    or the agent, and StateError.
    """
    who = person(by)
    return change(store, session, lambda ledger: confirmed(ledger, name, who))


def dismiss(store: Store, session: SessionId, name: str, *, by: str) -> bool:
    """Withdraw a rule of a session; False when it has none of this id in force.

    Raises ApprovalError when *by* is nobody or the agent, and StateError.
    """
    who = person(by)
    return change(store, session, lambda ledger: withdrawn(ledger, name, who))


def rules_of(store: Store, session: SessionId) -> list[Born]:
    """Return the rules of a session in the order in which they came, withdrawn ones too."""
    return list(born(store.read_ledger(session)))
