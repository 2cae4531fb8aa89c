"""Everything that can be found in a rule file that loads. Each finding says where, what, why it matters, what to write."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pinnedrules.authoring.declarations import declarations
from pinnedrules.authoring.findings import Finding
from pinnedrules.authoring.overlaps import overlaps
from pinnedrules.authoring.suite import Side, sides
from pinnedrules.rules.model import RuleSet

__all__ = ["lint"]


def lint(rules: RuleSet, seen: Collection[Side] | None, *, cases: str) -> list[Finding]:
    """Return what is found: declarations, then rules, then what is not tested.

    *seen* are the sides that some case comes to, None when there are no cases; *cases* is the file that they belong into.
    """
    return [*declarations(rules), *overlaps(rules), *_untested(rules, seen, cases)]


def _untested(rules: RuleSet, seen: Collection[Side] | None, cases: str) -> Sequence[Finding]:
    deciding = [(index, rule) for index, rule in enumerate(rules.rules) if rule.on is not None]
    if seen is None:
        if not deciding:
            return []
        return [
            Finding(
                "untested",
                ("rules",),
                "there are no cases for these rules",
                "nobody notices when a change of one rule turns off another one",
                f"a file {cases}: tests: [{{call: {{TOOL: {{...}}}}, expect: ask, rule: {deciding[0][1].id}}}]",
            )
        ]
    tested = {rule for rule, _ in seen}
    known = {rule for rule, _ in sides(rules.rules)}
    return [
        Finding(
            "untested",
            ("rules", index),
            f"no case comes to rule {rule.id}",
            "nobody notices when it stops doing what its text says",
            f"a case in {cases}: {{call: {{TOOL: {{...}}}}, expect: ..., rule: {rule.id}}}",
        )
        for index, rule in deciding
        if rule.id in known - tested
    ]
