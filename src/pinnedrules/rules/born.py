"""Rules that were added to one session after it began: by a person, or by words in the chat. They live in its ledger.

Rules of this file:

1. Such a rule can only tighten (design: invariant 4): it asks, denies or rewrites, and never allows.
2. It is one key of the session's ledger, so a compaction, a restart or another process changes nothing about it.
3. It is never taken out, only withdrawn, because the model was told of it and has to be told of that, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.load import load
from pinnedrules.rules.meaning import Fault, check
from pinnedrules.rules.mentioned import stated
from pinnedrules.rules.model import RuleSet, rule_set
from pinnedrules.rules.terms import Rule
from pinnedrules.types import EFFECTS, Effect, LedgerState, Verdict

__all__ = [
    "CHAT",
    "MAX_RULES",
    "Born",
    "added",
    "born",
    "confirmed",
    "fits",
    "from_words",
    "in_force",
    "name_of",
    "session_rules",
    "told_of",
    "withdrawn",
]

CHAT = "chat-"
"""Ids of rules that words in the chat brought about begin with this; a rule file cannot use them."""

MAX_RULES = 64
"""Rules that one session may get in addition. What comes after that asks about everything with an effect."""

_AGENT = "agent"
_KEY = "rule:"
_OVERFLOW = "chat-more"
_SILENT: Mapping[Effect, Verdict] = dict.fromkeys(EFFECTS, "allow")
_MEMORY = 256
_known: dict[tuple[str, tuple[str, ...]], RuleSet] = {}


@dataclass(frozen=True, slots=True)
class Born:
    """A rule of one session.

    ``rule`` is the rule as JSON text, in the words of a rule file. ``by`` names the person who gave it, and is empty for
    words in the chat; those are quoted in ``quote`` (one line). ``confirmed`` names the person who said or confirmed them,
    so that the model is shown the quotation; ``withdrawn`` names the person who withdrew it.
    """

    id: str
    rule: str
    by: str = ""
    quote: str = ""
    confirmed: str = ""
    withdrawn: str = ""

    @property
    def text(self) -> str:
        """The sentence that the model reads."""
        return str(json.loads(self.rule)["text"])

    @property
    def limits(self) -> bool:
        """True for a rule that asks or denies; one that only rewrites holds nobody back."""
        said = json.loads(self.rule)
        return any(said.get(key) in ("ask", "deny") for key in ("then", "else"))

    @property
    def agents(self) -> bool:
        """True for a rule that the agent gave itself."""
        return self.by == _AGENT or self.by.startswith(f"{_AGENT}:")


def from_words(id: str, text: str, effects: tuple[Effect, ...], quote: str) -> Born:  # noqa: A002 - the rule's own word
    """Return the conservative rule for words in the chat: calls with one of *effects* are asked about."""
    rule = {"id": id, "text": text, "on": {"effect": list(effects)}, "then": "ask"}
    return Born(id, json.dumps(rule, ensure_ascii=False), quote=quote)


def name_of(effects: tuple[Effect, ...], quote: str) -> str:
    """Return the id of the rule for these words: the same words about the same things are the same rule."""
    return f"{CHAT}{sha256(f'{effects} {quote}'.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def fits(base: RuleSet, rule: Born) -> None:
    """Raise RuleFileError unless *rule* makes sense for the tools that *base* declares."""
    try:
        check(base.tools, [_parsed(rule.rule)], base.servers)
    except Fault as fault:
        raise RuleFileError(f"{rule.id}: {fault}", hint=fault.hint) from None


def born(ledger: LedgerState) -> Iterator[Born]:
    """Yield the rules of this session in the order in which they came, withdrawn ones too."""
    for key, text in ledger.session.items():
        if key.startswith(_KEY):
            yield Born(**json.loads(text))


def added(ledger: LedgerState, rule: Born) -> LedgerState:
    """Return the ledger with *rule*, unless one of its id is in force. Raises RuleFileError for what cannot be one.

    One of its id that was withdrawn stays so, for the model was told of it; the new one has a number behind its id.
    """
    _parsed(rule.rule)
    known = {former.id: former for former in born(ledger)}
    name = _latest(known, rule.id)
    if name in known:
        return ledger
    if len(known) >= MAX_RULES:
        if _OVERFLOW in known and not known[_OVERFLOW].withdrawn:
            return ledger
        name, rule = _OVERFLOW, from_words(_OVERFLOW, "Ask before every call that has an effect.", EFFECTS[1:], "")
    return _with(ledger, rule if name == rule.id else _renamed(rule, name))


def in_force(ledger: LedgerState, name: str) -> Born | None:
    """Return the rule that was given under this id and is not withdrawn."""
    known = {rule.id: rule for rule in born(ledger)}
    return known.get(_latest(known, name))


def withdrawn(ledger: LedgerState, name: str, by: str) -> LedgerState | None:
    """Return the ledger with this rule withdrawn by the person *by*; None when there is none in force."""
    for rule in born(ledger):
        if rule.id == name and not rule.withdrawn:
            return _with(ledger, replace(rule, withdrawn=by))
    return None


def confirmed(ledger: LedgerState, name: str, by: str) -> LedgerState | None:
    """Return the ledger in which the person *by* confirms the words of this rule; None when there is nothing to confirm."""
    for rule in born(ledger):
        if rule.id == name and rule.quote and not rule.withdrawn and not rule.confirmed:
            return _with(ledger, replace(rule, confirmed=by))
    return None


def session_rules(base: RuleSet, ledger: LedgerState) -> RuleSet | None:
    """Return the rules of this session as a rule set that says nothing about all other calls; None without any.

    What tools do is as *base* declares it.
    """
    if not any(key.startswith(_KEY) for key in ledger.session):
        return None
    texts = tuple(rule.rule for rule in born(ledger) if not rule.withdrawn)
    found = _known.get((base.sha256, texts))
    if found is None:
        if len(_known) >= _MEMORY:
            _known.clear()
        rules = [_noted(_parsed(rule.rule), rule) for rule in born(ledger) if not rule.withdrawn]
        found = _known[base.sha256, texts] = rule_set(base.version, rules, base.tools, _SILENT, base.servers)
        if found.plan.traces:
            # What a session's rules mention is no source: the agent may add rules.
            found.plan.stated = stated(base.rules)
    return found


def told_of(rule: Born) -> Iterator[tuple[str, str]]:
    """Yield (name, line) of what the model is told of *rule*: that it is there, is confirmed, is withdrawn.

    A line never changes, so words that were confirmed later stand in a line of their own.
    """
    said = rule.quote.replace('"', "'")
    quote = f' The user\'s words: "{said}"' if rule.confirmed and said else ""
    whose = ("the agent" if rule.agents else "the operator") if rule.by else "the guard"
    yield rule.id, f"[rule added by {whose}: {rule.text}{quote if rule.by else ''}]"
    if quote and not rule.by:
        yield f"{rule.id}/confirmed", f"[rule confirmed by the operator: {rule.text}{quote}]"
    if rule.withdrawn:
        yield f"{rule.id}/withdrawn", f"[rule withdrawn by the operator: {rule.text}]"


def _noted(rule: Rule, said: Born) -> Rule:
    """Return *rule* with what its refusals say besides: whose words it comes from, and how a person dismisses it."""
    by = f" by {said.by}" if said.by else ""
    whose = f'said in this chat{by}: "{said.quote}"; ' if said.quote else f"given for this session{by}; " if by else ""
    return replace(rule, note=f"{whose}a person dismisses it with: pinnedrules dismiss {said.id}")


def _latest(known: Mapping[str, Born], name: str) -> str:
    """Return the id under which the rule called *name* is in force, or would be."""
    found, number = name, 1
    while found in known and known[found].withdrawn:
        number += 1
        found = f"{name}-{number}"
    return found


def _renamed(rule: Born, name: str) -> Born:
    return replace(rule, id=name, rule=json.dumps({**json.loads(rule.rule), "id": name}, ensure_ascii=False))


def _with(ledger: LedgerState, rule: Born) -> LedgerState:
    fields = {name: value for name in Born.__slots__ if (value := getattr(rule, name))}
    text = json.dumps(fields, ensure_ascii=False)
    return replace(ledger, session={**ledger.session, f"{_KEY}{rule.id}": text})


def _parsed(text: str) -> Rule:
    """Read one rule by the rules of a rule file. Raises RuleFileError."""
    (rule,) = load(f'{{"version": 1, "default": "allow", "rules": [{text}]}}', file="the rule").rules
    if rule.then == "allow":
        raise RuleFileError(
            f"{rule.id}: a rule of one session can only tighten, and this one allows",
            hint="leave `then: allow` out; permit calls with a grant (pinnedrules permit), or in the rule file",
        )
    return rule
