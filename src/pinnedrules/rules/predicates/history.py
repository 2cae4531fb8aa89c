"""``never_after: {source: untrusted}``: nothing from outside was read in this session before.

- holds: the ledger has no note of a released call to a tool whose results come from outside.
- fails: it has.
- cannot be decided: never; a ledger that cannot be read is refused before any rule is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from pinnedrules.rules.predicates.base import BadOption, Built, Facts, Fails, Outcome, Predicate, closed

__all__ = ["NEVER_AFTER", "READ_UNTRUSTED"]

READ_UNTRUSTED = "read_untrusted"
"""The session half's key that says that something from outside was read."""


def _check(facts: Facts) -> Outcome:
    if READ_UNTRUSTED in facts.ledger.session:
        return Fails("never_after: something from outside was read before in this session")
    return None


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("source",))
    if options["source"] != "untrusted":
        raise BadOption("must be untrusted", "source", word=str(options["source"]), known=("untrusted",))
    return Built(_check, {})


def _say(_options: Mapping[str, object]) -> str:
    return "nothing from outside was read before"


NEVER_AFTER = Predicate("never_after", _build, _say)
