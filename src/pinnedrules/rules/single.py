"""What the rules say to one form of one call, without looking for calls that it carries (``decide`` does that).

Rules of this file:

1. It does nothing but decide: no clock, no disk, no memory of what it decided before.
2. Whatever cannot be read, matched or evaluated ends in a deny, an ask or the rule's ``else``; never in an allow.
3. A permission needs certainty about the name, the effects and every requirement; an objection needs none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pinnedrules.rules.arguments import INPUT, Unread, read
from pinnedrules.rules.bearing import TooMany
from pinnedrules.rules.destinations import Targets
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.plan import Tool
from pinnedrules.rules.predicates.base import Cannot, Facts
from pinnedrules.rules.printable import shown
from pinnedrules.rules.rewrite import CannotRewrite, NotOffered, rewritten, stamp
from pinnedrules.rules.speaking import UNKNOWN, Carrier, asked, effects_of, tool_of
from pinnedrules.rules.terms import Action, Rewriting, Rule
from pinnedrules.rules.told import moved
from pinnedrules.rules.written import WRITTEN, runs_own
from pinnedrules.types import Call, Decision, Effect, LedgerState, Moment, Undecided, Verdict

__all__ = ["MAX_REWRITES", "decide_single"]

MAX_REWRITES = 16
"""Rules that may rewrite one call, each once."""

_FREE_TEXT = frozenset({INPUT})
_READ: tuple[Effect, ...] = ("read",)
_RANK: Mapping[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


def decide_single(
    rules: RuleSet,
    call: Call,
    ledger: LedgerState,
    now: Moment,
    *,
    effects: tuple[Effect, ...] | None = None,
    carrier: Carrier | None = None,
    places: Mapping[str, str] | None = None,
) -> Decision:
    """Decide one call as it stands. Never raises for anything that is in the call."""
    tool = tool_of(rules, call, effects)
    if tool is None:
        return Decision(
            "deny", effects or UNKNOWN, reasons=(f"the tool name {shown(call.name, 80)} is not plain ASCII",)
        )
    try:
        arguments = read(call)
    except Unread as problem:
        return Decision("deny", tool.effects, reasons=(str(problem),))
    facts = Facts(arguments, ledger, now, call, effects_of(tool, arguments, carrier), places, rules.plan.stated)
    round_ = _evaluate(rules, tool, facts, carrier)
    return _rewrite(rules, round_) if round_.patched else _conclude(rules, round_)


_Said = tuple[Action, Rule, str | None]
"""What one rule says, and why when its requirements are not met."""


@dataclass(slots=True)
class _Round:
    """What the rules say to one form of the call. ``patched`` is true when one of them is, or was, a patch.

    ``own`` is what the call runs that the session may have written, empty for nothing.
    """

    facts: Facts
    tool: Tool
    carrier: Carrier | None
    said: list[_Said]
    undecided: list[Undecided]
    patched: bool
    own: str

    @property
    def rewrites(self) -> bool:
        """True when no rule objects and some would rewrite."""
        return _strictest(self.said) not in ("deny", "ask") and any(
            isinstance(said, Rewriting) for said, _, _ in self.said
        )


def _strictest(said: Sequence[_Said]) -> Verdict | None:
    """Return the strictest verdict that a rule gave."""
    found: Verdict | None = None
    for action, _, _ in said:
        if isinstance(action, Rewriting):
            continue
        if action == "deny":
            return action
        if action == "ask" or (action == "allow" and found is None):
            found = action
    return found


def _evaluate(
    rules: RuleSet, tool: Tool, facts: Facts, carrier: Carrier | None, used: frozenset[str] = frozenset()
) -> _Round:
    """Step 1: ask every rule that speaks of the call. *used* are the rules that have rewritten it already."""
    said: list[_Said] = []
    undecided: list[Undecided] = []
    patched = False
    about = tool.candidates.get(facts.effects) or rules.plan.candidates(tool, facts.effects)
    candidates = about.objecting(facts) if about.grouped else about.every
    for candidate in candidates if carrier is None else asked(candidates, carrier):
        why: str | None = None
        for check in candidate.checks:
            try:
                outcome = check(facts)
            except TooMany as problem:
                outcome = Cannot(str(problem))
            except Exception as problem:  # noqa: BLE001 - a check that breaks is a check that cannot be decided
                outcome = Cannot(f"the check failed: {type(problem).__name__}")
            if outcome is not None:
                # Every requirement is asked, so that all that cannot be decided are named.
                why = why or outcome.why
                if isinstance(outcome, Cannot):
                    undecided.append(Undecided(candidate.rule.id, outcome.why))
        action = candidate.then if why is None else candidate.otherwise
        if action is None:
            continue
        if isinstance(action, Rewriting):
            patched = True
            if candidate.rule.id in used:
                # Its one patch did not bring about what the rule requires.
                if why is None:
                    continue
                action = "ask"
        said.append((action, candidate.rule, why))
    own = ""
    if "execute" in facts.effects:
        own = runs_own(facts.ledger.session.get(WRITTEN, ""), facts.call.name, facts.arguments, facts.effects)
    return _Round(facts, tool, carrier, said, undecided, patched, own)


@dataclass(slots=True)
class _Trail:
    """What rewriting left behind on the way to the form of the call that was decided."""

    stamp: str
    rules: list[Rule] = field(default_factory=list)
    patch: list[Mapping[str, object]] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)


def _rewrite(rules: RuleSet, round_: _Round) -> Decision:
    """Step 2, rewrite: apply the first patch and decide the result again, until no rule rewrites any more."""
    first = round_.facts.call.name
    trail = _Trail(stamp(round_.facts.call, round_.facts.now))
    while round_.rewrites:
        rule, rewriting = next((rule, said) for said, rule, _ in round_.said if isinstance(said, Rewriting))
        try:
            if len(trail.rules) == MAX_REWRITES:
                raise CannotRewrite(f"more than {MAX_REWRITES} rules rewrite the call")
            call, applied = rewritten(rewriting, round_.facts.call, round_.facts.arguments, trail.stamp)
        except CannotRewrite as problem:
            # Whoever says yes to an ask says yes to the call as it is, and not to what it should have become.
            round_.said.append(("deny" if isinstance(problem, NotOffered) else "ask", rule, str(problem)))
            round_.undecided.append(Undecided(rule.id, str(problem)))
            break
        trail.undecided.extend(round_.undecided)
        trail.rules.append(rule)
        trail.patch.extend(applied)
        used = frozenset(rule.id for rule in trail.rules)
        tool, carrier, arguments = round_.tool, round_.carrier, read(call)
        if call.name != round_.facts.call.name:
            tool = tool_of(rules, call, None) or tool
        effects = effects_of(tool, arguments, carrier)
        # Other arguments: nothing that was read of the ones before it counts.
        round_ = _evaluate(
            rules, tool, replace(round_.facts, arguments=arguments, call=call, effects=effects), carrier, used
        )
    decision = _conclude(rules, round_)
    return _with_trail(decision, trail, round_.facts.call, first) if trail.rules else decision


def _with_trail(decision: Decision, trail: _Trail, call: Call, first: str) -> Decision:
    """Name the rules that rewrote the call before those that decided on the result, and one that did both there."""
    runs = decision.verdict != "deny"
    before = [rule for rule in trail.rules if rule.id not in decision.rules]
    why = tuple("rewritten by the rule" for _ in before) if decision.verdict != "allow" else ()
    return replace(
        decision,
        rules=tuple(rule.id for rule in before) + decision.rules,
        sentences=tuple(rule.text for rule in before) + decision.sentences,
        reasons=why + decision.reasons,
        undecided=tuple(dict.fromkeys([*trail.undecided, *decision.undecided])),
        arguments=call.arguments if runs else None,
        patch=tuple(trail.patch) if runs else (),
        stamp=trail.stamp if runs else "",
        tool=call.name if runs and call.name != first else "",
    )


def _conclude(rules: RuleSet, round_: _Round) -> Decision:
    """Steps 2 and 3: turn what the rules said into the decision."""
    tool, facts, effects = round_.tool, round_.facts, round_.facts.effects
    deciding: Sequence[_Said] = ()
    extra: list[str] = []
    verdict: Verdict
    said = _strictest(round_.said) if round_.said else None
    if said == "ask" and not tool.written and _by_default(rules, round_) == "deny":
        # A rule that only what is told of the name brings in does not lift what the default refuses.
        verdict = "deny"
        extra.append(_default_reason(tool, effects, verdict))
    elif said is not None:
        verdict = said
        deciding = round_.said
    elif round_.carrier is not None:
        verdict = "allow"
    else:
        verdict = _default(rules, effects)
        if verdict != "allow":
            extra.append(_default_reason(tool, effects, verdict))
    strangers = _undeclared(round_)
    if strangers and verdict != "deny":
        extra.append(f"undeclared arguments: {', '.join(shown(name, 40) for name in strangers[:8])}")
        if verdict == "allow":
            verdict, deciding = "ask", ()
    if tool.pins and verdict != "deny" and (why := moved(tool.pins, facts.call.definition)):
        extra.append(why)
        if verdict == "allow":
            verdict, deciding = "ask", ()
    if round_.own and verdict != "allow":
        extra.append(f"it runs {shown(round_.own, 80)}, which this session may have written")
    undecided = tuple(round_.undecided)
    if not deciding:
        if verdict == "allow":
            return _allowed(effects, (), (), undecided)
        return _refused(verdict, effects, (), tuple(extra), (), undecided, facts.arguments)
    names: list[str] = []
    sentences: list[str] = []
    reasons: list[str] = []
    for action, rule, problem in deciding:
        if action != verdict:
            continue
        names.append(rule.id)
        sentences.append(rule.text)
        if verdict != "allow":
            why = problem or _objects(rule, effects, facts.call.name, verdict)
            reasons.append(f"{why}; {rule.note}" if rule.note else why)
    if verdict == "allow":
        return _allowed(effects, tuple(names), tuple(sentences), undecided)
    reasons += extra
    return _refused(verdict, effects, tuple(names), tuple(reasons), tuple(sentences), undecided, facts.arguments)


def _by_default(rules: RuleSet, round_: _Round) -> Verdict | None:
    """Return the default for what is known of a tool besides its name, None when a rule speaks of that."""
    tool = round_.tool
    if tool.plain == round_.facts.effects or round_.carrier is not None:
        return None
    for _, rule, _ in round_.said:
        if rule.on is None or not rule.on.effects or set(rule.on.effects) & set(tool.plain):
            return None
    return _default(rules, tool.plain)


def _default(rules: RuleSet, effects: tuple[Effect, ...]) -> Verdict:
    if len(effects) == 1:
        return rules.default[effects[0]]
    return max((rules.default[effect] for effect in effects), key=_RANK.__getitem__)


@lru_cache(maxsize=1024)
def _allowed(
    effects: tuple[Effect, ...], names: tuple[str, ...], sentences: tuple[str, ...], undecided: tuple[Undecided, ...]
) -> Decision:
    """Return a permission; most calls of a session get the same few of them."""
    return Decision("allow", effects, names, (), sentences, undecided)


def _refused(
    verdict: Verdict,
    effects: tuple[Effect, ...],
    names: tuple[str, ...],
    reasons: tuple[str, ...],
    sentences: tuple[str, ...],
    undecided: tuple[Undecided, ...],
    arguments: Mapping[str, object],
) -> Decision:
    """Return an ask or a deny. A frozen dataclass sets its fields one by one, which here would cost as much as a check."""
    found = object.__new__(Decision)
    fields = found.__dict__
    fields["verdict"] = verdict
    fields["effects"] = effects
    fields["rules"] = names
    fields["reasons"] = reasons
    fields["sentences"] = sentences
    fields["undecided"] = undecided
    fields["targets"] = Targets(arguments)
    return found


def _undeclared(round_: _Round) -> list[str]:
    """Return the arguments that neither the file nor the request's schema declares, for a call with an effect."""
    facts = round_.facts
    if facts.effects == _READ:
        return []
    declared = round_.tool.args
    if declared is None:
        declared = facts.call.declared
    if declared is None:
        declared = _FREE_TEXT if facts.call.kind == "custom" else frozenset()
    if round_.carrier is not None:
        declared |= round_.carrier.keys
    if declared.issuperset(facts.arguments):
        return []
    return [name for name in facts.arguments if name not in declared]


def _default_reason(tool: Tool, effects: tuple[Effect, ...], verdict: Verdict) -> str:
    """Return why the default decides; the same words for each call to a tool with these effects."""
    found = tool.refusals.get((effects, verdict))
    if found is None:
        found = tool.refusals[effects, verdict] = _no_permission(tool, effects, verdict)
    return found


def _no_permission(tool: Tool, effects: tuple[Effect, ...], verdict: Verdict) -> str:
    what = ""
    if not tool.known:
        what = f"the tool {shown(tool.name, 80)} is not declared; "
    elif not tool.exact:
        what = f"the tool {shown(tool.name, 80)} is not declared by exactly this name; "
    elif effects == ("read", "send") and tool.effects == ("read",):
        what = "it reads at a place that its arguments name, so it also sends; "
    elif tool.effects != effects:
        what = "the command or statement in its arguments adds to what the tool does; "
    told = [effect for effect in effects if effect in tool.effects and effect not in tool.plain]
    named = f"its name or definition says {' and '.join(told)}; " if told else ""
    return f"{what}{named}no rule permits it: {verdict} ({', '.join(effects)})"


def _objects(rule: Rule, effects: tuple[Effect, ...], name: str, verdict: Verdict) -> str:
    """Return in a rule's own terms what it is about, where no requirement says why it objects."""
    return _meets(rule.on.effects if rule.on and not rule.on.tools else (), effects, name, verdict)


@lru_cache(maxsize=1024)
def _meets(wanted: tuple[Effect, ...], effects: tuple[Effect, ...], name: str, verdict: Verdict) -> str:
    met = [effect for effect in effects if effect in wanted]
    what = f"the effect {' and '.join(met)}" if met else shown(name, 80)
    return f"the rule {'denies' if verdict == 'deny' else 'asks about'} {what}"
