"""The rule set as a value: what a rule file says, checked, frozen, hashed and indexed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType

from pinnedrules.rules.arguments import dump
from pinnedrules.rules.plan import Plan
from pinnedrules.rules.terms import Action, On, Rewriting, Rule, ServerSpec, ToolSpec
from pinnedrules.types import EFFECTS, Effect, Verdict

__all__ = ["On", "Rewriting", "Rule", "RuleSet", "ToolSpec", "canonical", "rule_set"]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force. Immutable; made by :func:`rule_set`.

    ``default`` maps every effect to the verdict for a call that no rule permits or objects to. ``sha256`` is the hex
    digest of :func:`canonical`: equal for two files that say the same, whatever their layout and comments. ``texts``
    holds (id, text) in the order of the file. ``plan`` is derived: the index that decisions run on.
    """

    version: int
    rules: tuple[Rule, ...]
    tools: Mapping[str, ToolSpec]
    default: Mapping[Effect, Verdict]
    sha256: str
    texts: tuple[tuple[str, str], ...]
    plan: Plan = field(repr=False, compare=False)
    servers: Mapping[str, ServerSpec] = field(default_factory=dict)

    def rule(self, name: str) -> Rule | None:
        """Return the rule with this id."""
        return next((rule for rule in self.rules if rule.id == name), None)


def rule_set(
    version: int,
    rules: Sequence[Rule],
    tools: Mapping[str, ToolSpec],
    default: Mapping[Effect, Verdict],
    servers: Mapping[str, ServerSpec] = MappingProxyType({}),
) -> RuleSet:
    """Freeze, hash and index a rule set. Raises :class:`~pinnedrules.rules.predicates.base.BadOption`."""
    form = canonical(version, rules, tools, default, servers)
    return RuleSet(
        version=version,
        rules=tuple(rules),
        tools=MappingProxyType(dict(tools)),
        default=MappingProxyType(dict(default)),
        sha256=sha256(dump(form, ordered=True).encode()).hexdigest(),
        texts=tuple((rule.id, rule.text) for rule in rules),
        plan=Plan(rules, tools, servers),
        servers=MappingProxyType(dict(servers)),
    )


def canonical(
    version: int,
    rules: Sequence[Rule],
    tools: Mapping[str, ToolSpec],
    default: Mapping[Effect, Verdict],
    servers: Mapping[str, ServerSpec] = MappingProxyType({}),
) -> dict[str, object]:
    """Return the canonical form of a rule set: plain JSON values, everything written out, nothing left to a default."""
    pinned = {name: {"trusted": spec.trusted, "tools": dict(spec.tools)} for name, spec in servers.items()}
    return {
        **({"servers": pinned} if pinned else {}),
        "version": version,
        "default": {effect: default[effect] for effect in EFFECTS},
        "tools": {name: _tool(spec) for name, spec in tools.items()},
        "rules": [_rule(rule) for rule in rules],
    }


def _tool(spec: ToolSpec) -> dict[str, object]:
    return {
        "effect": list(spec.effects),
        "source": spec.source,
        "args": None if spec.args is None else sorted(spec.args),
    }


def _rule(rule: Rule) -> dict[str, object]:
    on = None if rule.on is None else {"tool": list(rule.on.tools), "effect": list(rule.on.effects)}
    return {
        "id": rule.id,
        "text": rule.text,
        "on": on,
        "require": rule.require,
        "then": _action(rule.then),
        "else": _action(rule.otherwise),
        **({"remind": rule.remind} if rule.remind else {}),
    }


def _action(action: Action | None) -> object:
    if not isinstance(action, Rewriting):
        return action
    operations = list(action.operations)
    if not action.tool:
        return {"rewrite": operations}
    return {"rewrite": {"tool": action.tool, **({"patch": operations} if operations else {})}}
