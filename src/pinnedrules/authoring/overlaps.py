"""Rules that get in each other's way: unreachable ones, permissions that never count, contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pinnedrules.authoring.findings import Finding
from pinnedrules.authoring.meeting import apart, asks_no_less
from pinnedrules.authoring.points import Point, points
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.terms import Rule

__all__ = ["overlaps"]


def overlaps(rules: RuleSet) -> Iterator[Finding]:
    """Yield what is found, in the order of the file."""
    places = {rule.id: index for index, rule in enumerate(rules.rules)}
    every = points(rules)
    for index, rule in enumerate(rules.rules):
        if rule.on is None:
            continue
        here = [point for point in every if rule.id in point.candidates]
        found = (
            _shadowed(rule, here, places)
            or _redundant(rules.rules, rule, here, places)
            or _never_counts(rules, rule, here, places)
        )
        if found is not None:
            yield found
        yield from _contradicted(rules.rules[:index], rule, here, places)


def _shadowed(rule: Rule, here: Sequence[Point], places: Mapping[str, int]) -> Finding | None:
    """Find that every call that *rule* is about is denied anyway."""
    denying = _always(rule, here, ("deny",))
    if denying is None or not here:
        return None
    other, path = denying[0], ("rules", places[rule.id])
    named = " and ".join(one.id for one in denying)
    says = (rule.then, rule.otherwise)
    if all(action in (None, "deny") for action in says):
        # Another deny says the same once more, in other words: that is harmless, unless it is the very same.
        if rule.on != other.on or rule.require or places[other.id] > places[rule.id]:
            return None
        return Finding(
            "unreachable", path, f"rule {rule.id} says the same as {other.id}",
            "both deny the same calls, so that a change of one of them changes nothing",
            "take one of them out, or put both sentences into one text",
            ("rules", places[other.id]),
        )  # fmt: skip
    if rule.on == other.on and rule.then == "allow":
        return Finding(
            "conflict", path, f"rule {rule.id} allows exactly what {other.id} denies",
            "the deny always wins, and the model reads two sentences that contradict each other",
            f"take one of them out, or give {other.id} a requirement under which it does not object",
            ("rules", places[other.id]),
        )  # fmt: skip
    return Finding(
        "unreachable", path, f"rule {rule.id} can never decide anything",
        f"every call that it is about is denied by {named}, which has no requirement",
        f"take {rule.id} out, or give {named} a requirement: what holds there is let through to {rule.id}",
        ("rules", places[other.id]),
    )  # fmt: skip


def _never_counts(rules: RuleSet, rule: Rule, here: Sequence[Point], places: Mapping[str, int]) -> Finding | None:
    """Find that the permission of *rule* never counts."""
    if rule.then != "allow":
        return None
    path: tuple[str | int, ...] = ("rules", places[rule.id])
    counting = [point for point in here if point.candidates[rule.id].then == "allow"]
    if not counting:
        return Finding(
            "outweighed", path, f"the permission of rule {rule.id} never counts", _why_not(rules, rule, here),
            "on: with all effects of those tools, or with their names as they are declared under tools",
        )  # fmt: skip
    objecting = _always(rule, counting, ("ask", "deny"))
    if objecting is None:
        return None
    named = " and ".join(one.id for one in objecting)
    return Finding(
        "outweighed", path, f"the permission of rule {rule.id} never counts",
        f"every call that it permits is objected to by {named}, and an objection always wins",
        f"narrow {named} (other tools, other effects, a requirement), or take the permission out",
        ("rules", places[objecting[0].id]),
    )  # fmt: skip


def _why_not(rules: RuleSet, rule: Rule, here: Sequence[Point]) -> str:
    wanted = rule.on.effects if rule.on else ()
    beyond: dict[str, None] = {}
    for name in dict.fromkeys(point.tool for point in here):
        tool = rules.plan.tool(name)
        if tool is not None and tool.exact:
            beyond.update(dict.fromkeys(effect for effect in tool.effects if effect not in (*wanted, "read")))
    if wanted and beyond:
        return f"every declared tool that it is about does {' or '.join(beyond)} as well, which it does not name"
    return (
        "no tool is declared that it could permit, and a tool that is not declared by its exact name is never permitted"
    )


def _always(rule: Rule, here: Sequence[Point], verdicts: tuple[str, ...]) -> list[Rule] | None:
    """Return the rules without a requirement one of which gives one of *verdicts* at every point; None if at one none does."""
    found: dict[str, Rule] = {}
    for point in here:
        against = [
            one.rule
            for one in point.candidates.values()
            if one.rule.id != rule.id and not one.rule.require and one.rule.then in verdicts
        ]
        if not against:
            return None
        if not any(one.id in found for one in against):
            found[against[0].id] = against[0]
    return list(found.values()) or None


def _redundant(rules: Sequence[Rule], rule: Rule, here: Sequence[Point], places: Mapping[str, int]) -> Finding | None:
    """Find that another rule objects wherever *rule* does, and no weaker."""
    for other in rules:
        if other is rule or not here or not all(other.id in point.candidates for point in here):
            continue
        if not asks_no_less(other, rule):
            continue
        if asks_no_less(rule, other) and places[other.id] > places[rule.id]:
            continue  # They say the same, and the later one is told.
        return Finding(
            "unreachable", ("rules", places[rule.id]), f"rule {rule.id} never objects where {other.id} does not",
            f"{other.id} is about the same calls, asks for no less, and its objection is no weaker",
            f"take {rule.id} out, or ask for more in it than {other.id} does",
            ("rules", places[other.id]),
        )  # fmt: skip
    return None


def _contradicted(
    before: Sequence[Rule], rule: Rule, here: Sequence[Point], places: Mapping[str, int]
) -> Iterator[Finding]:
    """Find requirements of two rules about one tool that nothing can meet at once."""
    for other in before:
        if not any(other.id in point.candidates for point in here) or None in (other.otherwise, rule.otherwise):
            continue
        found = apart(other.require or {}, rule.require or {})
        if found is not None:
            first, second = (
                PREDICATES[name].say((one.require or {})[name]) for name, one in zip(found, (other, rule), strict=True)
            )
            yield Finding(
                "conflict", ("rules", places[rule.id], "require", found[1]),
                f"nothing can meet both {other.id} and {rule.id}",
                f"one wants that {first}, the other that {second}, and both object to everything else",
                "put what both permit into one rule: its lists may have several entries",
                ("rules", places[other.id], "require", found[0]),
            )  # fmt: skip
