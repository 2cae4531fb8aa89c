"""Small makers of rule sets and calls for the tests of the rules."""

from __future__ import annotations

import json

from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import Call, Decision, LedgerState, Moment

NOW = Moment(utc_us=1_795_000_000_000_000, mono_ns=1, day="2026-11-22")
EMPTY = LedgerState()
AFTER_READING = LedgerState(session={"read_untrusted": "1"})

EXAMPLE = """\
version: 1
default: {read: allow, other: ask}   # a call that no rule below permits or objects to
tools:                               # what tools do
  gmail.search: {effect: read, source: untrusted}
  send_email: send                   # its arguments: the schema in the request, unless narrowed here with args: [...]
  "*delete*": delete
  refund: spend
rules:
  - id: suggest-only
    text: Only suggest deletions. Never delete, trash or archive before the owner confirms.
    on: {effect: delete}
    then: ask
  - id: internal-mail
    text: Send e-mail only inside example.com.
    on: send_email
    require: {recipients: {domain_in: [example.com]}}
    else: deny
    then: allow
  - id: refund-cap
    text: Refund at most 100 EUR at once and 500 EUR a day without asking.
    on: refund
    require: {amount: {of: amount, max: 100}, total: {of: amount, per: day, max: 500}}
    else: ask
    then: allow
  - id: no-exfiltration
    text: After reading anything from outside, send nothing out without asking.
    on: {effect: [send, publish]}
    require: {never_after: {source: untrusted}}
    else: ask
"""


def call(name: str, arguments: object = None, *, declared: frozenset[str] | None = frozenset()) -> Call:
    """Return a call; its arguments are declared unless *declared* says something else. A text goes as it is."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    if declared == frozenset() and isinstance(arguments, dict):
        declared = frozenset(arguments)
    return Call(name, text, declared=declared)


def rules(body: str, *, tools: str = "", default: str = "{read: allow, other: ask}") -> RuleSet:
    """Return a rule set from the entries of ``rules:`` (and ``tools:``), as YAML."""
    head = f"version: 1\ndefault: {default}\n"
    return load(head + (f"tools: {tools}\n" if tools else "") + "rules:\n" + body)


def judged(
    rule_set: RuleSet, name: str, arguments: object = None, ledger: LedgerState = EMPTY, *, declared: bool = True
) -> Decision:
    """Decide one call."""
    made = call(name, arguments, declared=frozenset() if declared else None)
    return decide(rule_set, made, ledger, NOW)


def one(require: str, *, tool: str = "act", on: str = "act", otherwise: str = "deny") -> RuleSet:
    """Return a rule set that allows *on* when *require* holds, and else denies; the tool writes."""
    body = f"  - {{id: r, text: The rule., on: {on}, require: {require}, else: {otherwise}, then: allow}}\n"
    return rules(body, tools=f"{{{tool}: write}}")
