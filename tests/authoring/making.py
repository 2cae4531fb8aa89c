"""What the tests of the tools for rule authors share: the example of the documentation, and short ways to calls."""

from __future__ import annotations

import json

from pinnedrules.authoring.calls import made
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import Call, Moment

__all__ = ["EXAMPLE", "NOW", "call", "example"]

NOW = Moment(1_767_787_200_000_000, 1, "2026-01-07")

EXAMPLE = """\
version: 1
default: {read: allow, other: ask}
tools:
  gmail.search: {effect: read, source: untrusted}
  send_email: send
  "*delete*": delete
  refund: spend
rules:
  - id: suggest-only
    text: Only suggest deletions. Never delete before the owner confirms.
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


def example() -> RuleSet:
    """The design's example."""
    return load(EXAMPLE)


def call(name: str, **arguments: object) -> Call:
    """Return a call whose schema declares what it gives."""
    return made(name, json.dumps(arguments))
