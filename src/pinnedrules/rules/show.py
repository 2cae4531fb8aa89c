"""A rule set read aloud: for a person (:func:`show`, :func:`effective`) and for a program (:func:`as_json`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from pinnedrules.rules.model import RuleSet, canonical
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.printable import counted
from pinnedrules.rules.terms import Action, On, Rewriting, Rule, ServerSpec, ToolSpec
from pinnedrules.types import EFFECTS, Effect, Verdict

__all__ = ["as_json", "effective", "show"]

_RANK: Mapping[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}

_VERBS: Mapping[Effect, str] = {
    "read": "reads",
    "write": "writes",
    "delete": "deletes",
    "send": "sends",
    "publish": "publishes",
    "spend": "spends",
    "execute": "runs code",
}


def show(rules: RuleSet) -> str:
    """Return *rules* as text of some lines: every sentence with what is enforced of it, the tools, the default."""
    lines = [f"{counted(len(rules.rules), 'rule')}, version {rules.version}, sha256 {rules.sha256}", ""]
    for number, rule in enumerate(rules.rules, 1):
        lines += [f"{number}. {rule.id}: {rule.text}", f"   {_rule(rule)}"]
    if rules.tools:
        lines += ["", "Tools:"]
        lines += [f"  {name} {_tool(spec)}" for name, spec in rules.tools.items()]
    if rules.servers:
        lines += ["", "Servers, with the definitions of their tools that are pinned:"]
        lines += [f"  {name} {_server(spec)}" for name, spec in rules.servers.items()]
    lines += ["", f"Otherwise: {_default(rules.default)}.", "A tool that is not declared counts as one that writes."]
    return "\n".join(lines) + "\n"


def effective(sets: Sequence[RuleSet], place: Callable[[str], str]) -> str:
    """Return what all of *sets* come to together: every rule with where it stands, and the strictest default.

    *place* says of a rule's id where it stands.
    """
    every = [rule for rules in sets for rule in rules.rules]
    lines = [f"{counted(len(every), 'rule')} in force, the strictest decides:", ""]
    for number, rule in enumerate(every, 1):
        lines += [f"{number}. {rule.id} ({place(rule.id)}): {rule.text}", f"   {_rule(rule)}"]
    lines += ["", "Tools, as all of them declare them together:"]
    lines += [f"  {name} {_tool(spec)}" for name, spec in sets[-1].tools.items()] or ["  none"]
    default: dict[Effect, Verdict] = {
        effect: _strictest([rules.default[effect] for rules in sets]) for effect in EFFECTS
    }
    lines += ["", f"Otherwise: {_default(default)}."]
    return "\n".join(lines) + "\n"


def _strictest(verdicts: Sequence[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: _RANK[verdict])


def as_json(rules: RuleSet) -> dict[str, object]:
    """Return *rules* as plain JSON values (decimals as text), with the sha256 of their canonical form."""
    plain = _plain(canonical(rules.version, rules.rules, rules.tools, rules.default, rules.servers))
    assert isinstance(plain, dict)
    return {**plain, "sha256": rules.sha256}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


def _rule(rule: Rule) -> str:
    again = f" Repeated after every {counted(rule.remind, 'answer')} of the model." if rule.remind else ""
    if rule.on is None:
        return f"Pinned; enforced by nothing else.{again}"
    parts = [f"On {_on(rule.on)}"]
    if rule.require is not None:
        wanted = " and ".join(PREDICATES[name].say(options) for name, options in rule.require.items())
        parts.append(
            f": if {wanted}, {_action(rule.then)}; if not, or if that cannot be decided, {_action(rule.otherwise)}"
        )
    else:
        parts.append(f": {_action(rule.then)}")
    return "".join(parts) + "." + again


def _on(on: On) -> str:
    effects = " or ".join(_VERBS[effect] for effect in on.effects)
    tools = " or ".join(on.tools)
    if tools and effects:
        return f"{tools} where it {effects}"
    return tools or f"anything that {effects}"


def _action(action: Action | None) -> str:
    if isinstance(action, Rewriting):
        done = ", ".join(f"{one['op']} {one['path']}" for one in action.operations)
        if action.tool:
            return f"call {action.tool} instead" + (f", with changed arguments ({done})" if done else "")
        return f"change its arguments ({done})"
    return action or "nothing"


def _tool(spec: ToolSpec) -> str:
    text = " and ".join(_VERBS[effect] for effect in spec.effects)
    if spec.source:
        text += f", from {'outside' if spec.source == 'untrusted' else 'a trusted source'}"
    if spec.args is not None:
        text += f", with {', '.join(sorted(spec.args)) or 'no arguments'}"
    return text


def _server(spec: ServerSpec) -> str:
    believed = "is believed in what it says of" if spec.trusted else "is asked about when it changes"
    return f"{believed} {', '.join(spec.tools)}"


def _default(default: Mapping[Effect, Verdict]) -> str:
    groups: dict[Verdict, list[str]] = {}
    for effect in EFFECTS:
        groups.setdefault(default[effect], []).append(_VERBS[effect])
    return "; ".join(f"{verdict} what {', '.join(verbs)}" for verdict, verbs in groups.items())
