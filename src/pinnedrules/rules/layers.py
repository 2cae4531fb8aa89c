"""Rule sets above an agent's own: its tenant's, its organisation's. Each decides for itself, the strictest counts.

Rules of this file:

1. What a tool does is one matter for all: whoever declares an effect of it, it has that effect for everybody.
2. Of two declarations the stricter holds: effects are united, arguments must be declared by both, and a source is trusted
   only if nobody says otherwise. So is a server; where two pin another definition of one tool, each goes by its own.
3. A rule is called by its layer and its id, so that no two rules share a name, or what the ledger keeps for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pinnedrules.rules.model import RuleSet, rule_set
from pinnedrules.rules.terms import Rule, ServerSpec, ToolSpec
from pinnedrules.types import EFFECTS, Decision, Effect, Verdict

__all__ = ["REFERRING", "SEPARATOR", "layered", "stricter", "united"]

_RANK: Mapping[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}

SEPARATOR = ":"
"""Between the name of a layer and the id of a rule. No id of a file has it."""

REFERRING = ("never_after", "only_after")
"""Requirements that may name another rule."""


def layered(sets: Sequence[tuple[str, RuleSet]]) -> list[RuleSet]:
    """Return the rule sets, each under the name of its layer (empty for the agent's own), with the tools of all."""
    tools = united([rules.tools for _, rules in sets])
    return [
        rule_set(
            rules.version,
            [_called(rule, name) if name else rule for rule in rules.rules],
            tools,
            rules.default,
            _pinned(rules.servers, [other.servers for _, other in sets]),
        )
        for name, rules in sets
    ]


def _called(rule: Rule, layer: str) -> Rule:
    """Return *rule* under the name of its layer, and so the rules that its requirements name."""
    require = None if rule.require is None else dict(rule.require)
    for word in REFERRING:
        options = (require or {}).get(word, {})
        if require is not None and "rule" in options:
            require[word] = {**options, "rule": f"{layer}{SEPARATOR}{options['rule']}"}
    return replace(rule, id=f"{layer}{SEPARATOR}{rule.id}", require=require)


def united(every: Sequence[Mapping[str, ToolSpec]]) -> dict[str, ToolSpec]:
    """Return what all of them say of tools, the strictest of it."""
    found: dict[str, ToolSpec] = {}
    for tools in every:
        for name, spec in tools.items():
            known = found.get(name)
            found[name] = spec if known is None else _both(known, spec)
    return found


def _both(one: ToolSpec, other: ToolSpec) -> ToolSpec:
    found = {*one.effects, *other.effects}
    effects: tuple[Effect, ...] = tuple(effect for effect in EFFECTS if effect in found)
    named = [spec.args for spec in (one, other) if spec.args is not None]
    return ToolSpec(
        effects=effects,
        source="untrusted" if "untrusted" in (one.source, other.source) else one.source and other.source,
        args=frozenset.intersection(*named) if named else None,
    )


def _pinned(own: Mapping[str, ServerSpec], every: Sequence[Mapping[str, ServerSpec]]) -> dict[str, ServerSpec]:
    """Return what all of them pin, as one that pins *own* sees it."""
    found: dict[str, ServerSpec] = {}
    for servers in (*every, own):
        for name, spec in servers.items():
            known = found.get(name, spec)
            found[name] = ServerSpec(known.trusted and spec.trusted, {**known.tools, **spec.tools})
    return found


def stricter(one: Decision | None, other: Decision) -> Decision:
    """Return the stricter of two decisions; of two that allow, the one that rewrites; two rewrites are asked about."""
    if one is None:
        return other
    if _RANK[one.verdict] != _RANK[other.verdict]:
        return max(one, other, key=lambda decision: _RANK[decision.verdict])
    if one.arguments is not None and other.arguments is not None and not same(one, other):
        why = "two rule sets change this call differently"
        return replace(one, verdict="ask" if one.verdict == "allow" else one.verdict, reasons=(*one.reasons, why))
    return other if one.arguments is None and other.arguments is not None else one


def same(one: Decision, other: Decision) -> bool:
    """Say whether two decisions make the same of their call."""
    return (one.tool, one.arguments) == (other.tool, other.arguments)


def objected(decision: Decision, others: Sequence[Decision]) -> Decision | None:
    """Return what *others* object to in what one rule set made of a call; None for nothing.

    *decision* is that of the rule set, *others* are what those that did not make the same of the call say to the result.
    """
    strictest: Decision | None = None
    for found in others:
        if found.arguments is not None:
            why = "two rule sets change this call, one after the other"
            verdict: Verdict = "ask" if found.verdict == "allow" else found.verdict
            found = replace(found, verdict=verdict, reasons=(*found.reasons, why), arguments=None)
        if found.verdict != "allow":
            strictest = stricter(strictest, found)
    if strictest is None:
        return None
    # Rules that changed the call are named first.
    first = list(zip(decision.rules, decision.sentences, strict=True))[:1]
    before = [(rule, sentence) for rule, sentence in first if rule not in strictest.rules]
    kept = decision if strictest.verdict != "deny" else Decision("deny")
    return replace(
        strictest,
        rules=(*[rule for rule, _ in before], *strictest.rules),
        sentences=(*[sentence for _, sentence in before], *strictest.sentences),
        reasons=(*["rewritten by the rule" for _ in before], *strictest.reasons),
        arguments=kept.arguments,
        patch=kept.patch,
        stamp=kept.stamp,
        tool=kept.tool,
    )
