"""Whether a rule set is weaker than another: whether some call gets a weaker verdict under it (pure, no ledger, no clock).

Rules of this file:

1. :func:`weaker` returns None only where it is proven, rule by rule, that no call gets a weaker verdict whatever the ledger
   holds. What is not proven counts as weaker, whether or not a call is found that shows it.
2. The proof knows how a decision comes about (``single``): any deny, else any ask, else any allow, else the default. So a
   rule that asks is a tightening only where the default does not deny, because an ask stands before the default.
3. Rewriting decides on another call than the one that was proposed. Where a rule rewrites, only what ends in a deny is proven.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pinnedrules.rules.layers import REFERRING
from pinnedrules.rules.mentioned import stated
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob
from pinnedrules.rules.narrower import narrower
from pinnedrules.rules.printable import shown
from pinnedrules.rules.terms import Action, On, Rewriting, Rule, ToolSpec
from pinnedrules.rules.witness import Witness, witness
from pinnedrules.types import EFFECTS, Verdict

__all__ = ["Weaker", "unproven", "weaker"]

_RANK: Mapping[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}
_SOURCES = ("trusted", "", "untrusted")
_Pair = tuple[Action | None, Action | None]
"""What a rule said of a call, and what it says now. None for nothing."""


@dataclass(frozen=True, slots=True)
class Weaker:
    """Why a rule set counts as weaker, and a call that shows it; without one it is only not proven."""

    why: str
    witness: Witness | None

    def __str__(self) -> str:
        if self.witness is None:
            return f"that no call gets a weaker verdict is not proven: {self.why}"
        found = self.witness
        arguments = shown(json.dumps(json.loads(found.call.arguments), ensure_ascii=False), 200)
        return f"{shown(found.call.name, 80)} {arguments}{found.told}: was {found.was}, becomes {found.becomes}"


def weaker(old: RuleSet, new: RuleSet) -> Weaker | None:
    """Return why *new* may be weaker than *old*, None when it is proven not to be.

    Takes milliseconds where it is proven, and at most about a second where a call is looked for.
    """
    why = unproven(old, new)
    return Weaker(why, witness(old, new)) if why else None


def unproven(old: RuleSet, new: RuleSet) -> str:
    """Return what keeps *new* from being proven no weaker than *old*; empty when nothing does."""
    if old.sha256 == new.sha256:
        return ""
    return _default(old, new) or _servers(old, new) or _tools(old, new) or _rules(old, new)


def _default(old: RuleSet, new: RuleSet) -> str:
    laxer = [effect for effect in EFFECTS if _RANK[new.default[effect]] < _RANK[old.default[effect]]]
    return f"the default for {' and '.join(laxer)} is weaker" if laxer else ""


def _servers(old: RuleSet, new: RuleSet) -> str:
    if old.servers == new.servers:
        return ""
    if not old.servers and not any(spec.trusted for spec in new.servers.values()):
        return ""
    return "servers are pinned otherwise"


# Tools. What a call does decides which rules speak of it, so almost no change here is certain to be stricter.


def _tools(old: RuleSet, new: RuleSet) -> str:
    for name in {**old.tools, **new.tools}:
        first, second = old.tools.get(name), new.tools.get(name)
        if first is None or second is None:
            return f"the tool {name} is {'' if first is None else 'no longer '}declared"
        why = "" if first == second else _tool(first, second) or _effects(name, first, second, old, new)
        if why:
            return f"the tool {name}: {why}"
    return ""


def _tool(old: ToolSpec, new: ToolSpec) -> str:
    if _SOURCES.index(new.source) < _SOURCES.index(old.source):
        return "its source is believed more"
    if new.args != old.args and (new.args is None or old.args is None or not new.args <= old.args):
        return "other arguments are declared"
    return ""


def _effects(name: str, first: ToolSpec, second: ToolSpec, old: RuleSet, new: RuleSet) -> str:
    """Say why calls of a tool with other effects, or from another source, may come off better under the former rules."""
    if first.source != second.source and "deny" in old.default.values():
        return "from another source a rule may ask about what the default denied"
    if first.effects == second.effects:
        return ""
    if not set(first.effects) <= set(second.effects):
        return "it has fewer effects"
    if first.effects == ("read",) and not {"write", "send"} <= set(second.effects):
        # A read at a place that the model chose sends, too; one by another name counts as a write.
        return "what only reads gets further effects by itself, and this one would lose them"
    if name.startswith("mcp:") or any(map(is_glob, (*old.tools, *new.tools))):
        return "other names have its effects, too, and may now be taken for declared"
    if "deny" in old.default.values():
        return "a rule by effect may ask about what the default denied"
    for rule in old.rules:
        if rule.on is None or not rule.on.effects:
            continue
        if rule.then == "allow" or rule.on.tools or _rewrites(rule):
            return f"the rule {rule.id} goes by effects"
    if any("effect" in _options(rule, "only_after") for rule in old.rules):
        return "a rule goes by the effects of calls before"
    return ""


# Rules.


def _rules(old: RuleSet, new: RuleSet) -> str:
    rewriting = [rule.id for rule in (*old.rules, *new.rules) if _rewrites(rule)]
    patched = {rule.id: rule for rule in old.rules if _rewrites(rule)}
    patches = {rule.id: rule for rule in new.rules if _rewrites(rule)}
    other = next((rule for rule in rewriting if not _rewrites_alike(patched.get(rule), patches.get(rule))), "")
    if other or list(patched) != list(patches):
        return f"the rule {other or rewriting[0]} rewrites otherwise"
    if rewriting and any(spec != new.tools[name] for name, spec in old.tools.items() if name in new.tools):
        return f"the rule {rewriting[0]} rewrites calls, and what tools do changes"
    by_mention = any("rules" in _listed(_options(rule, "came_from").get("in")) for rule in new.rules)
    if by_mention and not stated(new.rules) <= stated(old.rules):
        # In a sentence, too.
        return "a rule takes what the rules mention, and they mention more"
    before = {rule.id: rule for rule in old.rules if rule.on is not None}
    after = {rule.id: rule for rule in new.rules if rule.on is not None}
    denies = "deny" in old.default.values()
    for name in {**before, **after}:
        first, second = before.get(name), after.get(name)
        if first is not None and second is not None:
            why = _about(first, second)
            if why or (first.on != second.on and name in _named(new.rules)):
                return f"the rule {name}: {why or 'another rule goes by what it is about'}"
        for was, now in _pairs(first, second):
            if not _no_weaker(was, now, denies=denies, rewriting=bool(rewriting)):
                return f"the rule {name}: what was {_said(was)} may become {_said(now)}"
    return ""


def _no_weaker(was: Action | None, now: Action | None, *, denies: bool, rewriting: bool) -> bool:
    """Whether a call comes off no better when one rule says *now* instead of *was*, and all others say what they did."""
    if was == now or now == "deny":
        return True
    if isinstance(was, Rewriting) or isinstance(now, Rewriting) or was == "deny":
        return False
    if now is None:
        return was == "allow"
    # An ask keeps a call from being rewritten, and stands before a default that denies.
    return now == "ask" and not denies and not rewriting


def _pairs(old: Rule | None, new: Rule | None) -> Iterator[_Pair]:
    """Yield what the rule may have said of one call and says of it now, for all calls."""
    if old is None or new is None or old.on != new.on:
        # Calls that only one of them is about.
        grown = old is None or (new is not None and _within(old.on, new.on))
        rule = new if grown else old
        for said in _says(rule) if rule is not None else ():
            yield (None, said) if grown else (said, None)
    if old is None or new is None:
        return
    yield old.then, new.then
    if old.then == "allow" or new.then == "allow":
        # A permission does not count for a name that is only loosely equal, nor for further effects.
        yield _unless_allowed(old.then), _unless_allowed(new.then)
    if new.require is not None and not _asks_no_less(new, old):
        yield old.then, new.otherwise
        yield _unless_allowed(old.then), new.otherwise
    if old.require is not None and new.require is not None:
        yield old.otherwise, new.otherwise
    if old.require is not None and not _asks_no_less(old, new):
        yield old.otherwise, new.then
        yield old.otherwise, _unless_allowed(new.then)


def _asks_no_less(old: Rule, new: Rule) -> bool:
    """Whether everything for which the new requirements hold also meets the former ones."""
    wanted = new.require or {}
    return all(
        name in wanted and narrower(name, options, wanted[name]) for name, options in (old.require or {}).items()
    )


def _about(old: Rule, new: Rule) -> str:
    """Say why a rule that is about other calls may be weaker for reasons of its own."""
    if old.on == new.on:
        return ""
    if _within(old.on, new.on):
        # A call that carries another one is asked inside or outside, and there with other arguments.
        by_name = new.on is not None and new.on.tools
        if by_name and (old.require is not None or new.require is not None):
            return "it is about more calls, and carried ones may meet it where those that carry them did not"
        return "it permits more calls" if "allow" in (old.then, new.then) else ""
    permits = all(said is None or said == "allow" for said in (*_says(old), *_says(new)))
    return "" if permits and _within(new.on, old.on) else "it is about other calls"


def _within(small: On | None, large: On | None) -> bool:
    """Whether everything that the first is about the second is about, too."""
    if small is None or large is None or bool(small.tools) != bool(large.tools):
        return False
    effects = not large.effects or (bool(small.effects) and set(small.effects) <= set(large.effects))
    return effects and set(small.tools) <= set(large.tools)


def _named(rules: Sequence[Rule]) -> set[object]:
    """Return the ids of rules that requirements of others name."""
    return {
        options.get("rule") for rule in rules for word, options in (rule.require or {}).items() if word in REFERRING
    }


def _options(rule: Rule, word: str) -> Mapping[str, object]:
    return (rule.require or {}).get(word, {})


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _says(rule: Rule) -> tuple[Action | None, ...]:
    return (rule.then,) if rule.require is None else (rule.then, rule.otherwise)


def _unless_allowed(action: Action | None) -> Action | None:
    return None if action == "allow" else action


def _rewrites(rule: Rule) -> bool:
    return any(isinstance(said, Rewriting) for said in (rule.then, rule.otherwise))


def _rewrites_alike(old: Rule | None, new: Rule | None) -> bool:
    """Whether every call, and every form that others bring one into, is rewritten as before, or denied now."""
    if old is None or new is None or (old.on, old.then) != (new.on, new.then):
        return False
    if (old.require, old.otherwise) == (new.require, new.otherwise):
        return True
    # What asks for more gives its "else" to calls that met it before: only a denial is certainly no weaker.
    return new.otherwise == "deny" and (old.require is None or old.otherwise == "deny") and _asks_no_less(old, new)


def _said(action: Action | None) -> str:
    return "rewritten" if isinstance(action, Rewriting) else action or "left to others"
