"""What the rules say to one form of one call, without looking for calls that it carries (``decide`` does that).

Rules of this file:

1. It does nothing but decide: no clock, no disk, no memory of what it decided before.
2. Whatever cannot be read, matched or evaluated ends in a deny, an ask or the rule's ``else``; never in an allow.
3. A permission needs certainty about the name, the effects and every requirement; an objection needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pinnedrules.rules.arguments import INPUT, Unread, read
from pinnedrules.rules.destinations import targets
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.plan import Tool
from pinnedrules.rules.predicates.base import Cannot, Facts
from pinnedrules.rules.printable import shown
from pinnedrules.rules.rewrite import CannotRewrite, rewritten, stamp
from pinnedrules.rules.speaking import UNKNOWN, Carrier, asked, effects_of, tool_of
from pinnedrules.rules.terms import Action, Rewriting, Rule
from pinnedrules.rules.told import moved
from pinnedrules.rules.written import WRITTEN, runs_own
from pinnedrules.types import Call, Decision, Effect, LedgerState, Moment, Undecided, Verdict

__all__ = ["MAX_REWRITES", "decide_single"]

MAX_REWRITES = 16
"""Rules that may rewrite one call, each once."""

_FREE_TEXT = frozenset({INPUT})
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
    round_ = _evaluate(rules, tool, call, arguments, ledger, now, carrier=carrier, places=places)
    return _rewrite(rules, round_, ledger, now) if round_.patched else _conclude(rules, round_)


@dataclass(slots=True)
class _Round:
    """What the rules say to one form of the call: an action for each, and why when its requirements are not met.

    ``patched`` is true when one of them is, or was, a patch.
    """

    call: Call
    tool: Tool
    arguments: dict[str, object]
    effects: tuple[Effect, ...]
    said: list[tuple[Action, Rule, str | None]]
    undecided: list[Undecided]
    patched: bool
    carrier: Carrier | None
    places: Mapping[str, str] | None
    own: str

    def strictest(self) -> Verdict | None:
        """Return the strictest verdict that a rule gave."""
        found: Verdict | None = None
        for action, _, _ in self.said:
            if isinstance(action, Rewriting):
                continue
            if action == "deny":
                return action
            if action == "ask" or (action == "allow" and found is None):
                found = action
        return found

    @property
    def rewrites(self) -> bool:
        """True when no rule objects and some would rewrite."""
        return self.strictest() not in ("deny", "ask") and any(isinstance(said, Rewriting) for said, _, _ in self.said)


def _evaluate(
    rules: RuleSet,
    tool: Tool,
    call: Call,
    arguments: dict[str, object],
    ledger: LedgerState,
    now: Moment,
    used: frozenset[str] = frozenset(),
    carrier: Carrier | None = None,
    places: Mapping[str, str] | None = None,
) -> _Round:
    """Step 1: ask every rule that speaks of the call. *used* are the rules that have rewritten it already."""
    effects = effects_of(tool, arguments, carrier)
    said: list[tuple[Action, Rule, str | None]] = []
    undecided: list[Undecided] = []
    patched = False
    facts = Facts(arguments, ledger, now, call, effects, places, rules.plan.stated)
    candidates = rules.plan.candidates(tool, effects).objecting(facts)
    for candidate in candidates if carrier is None else asked(candidates, carrier):
        why: str | None = None
        for check in candidate.checks:
            try:
                outcome = check(facts)
            except Exception as problem:  # noqa: BLE001 - a check that breaks is a check that cannot be decided
                outcome = Cannot(f"the check failed: {type(problem).__name__}")
            if outcome is not None:
                # Every requirement is asked, so that all that cannot be decided are named.
                why = why or outcome.why
                if isinstance(outcome, Cannot):
                    undecided.append(Undecided(candidate.rule.id, outcome.why))
        action = candidate.then if why is None else candidate.otherwise
        if isinstance(action, Rewriting):
            patched = True
            if candidate.rule.id in used:
                # Its one patch did not bring about what the rule requires.
                action = None if why is None else "ask"
        if action is not None:
            said.append((action, candidate.rule, why))
    own = ""
    if "execute" in effects:
        own = runs_own(ledger.session.get(WRITTEN, ""), call.name, arguments, effects)
    return _Round(call, tool, arguments, effects, said, undecided, patched, carrier, places, own)


@dataclass(slots=True)
class _Trail:
    """What rewriting left behind on the way to the form of the call that was decided."""

    stamp: str
    rules: list[Rule] = field(default_factory=list)
    patch: list[Mapping[str, object]] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)


def _rewrite(rules: RuleSet, round_: _Round, ledger: LedgerState, now: Moment) -> Decision:
    """Step 2, rewrite: apply the first patch and decide the result again, until no rule rewrites any more."""
    trail = _Trail(stamp(round_.call, now))
    while round_.rewrites:
        rule, rewriting = next((rule, said) for said, rule, _ in round_.said if isinstance(said, Rewriting))
        try:
            if len(trail.rules) == MAX_REWRITES:
                raise CannotRewrite(f"more than {MAX_REWRITES} rules rewrite the call")
            call, applied = rewritten(rewriting, round_.call, round_.arguments, trail.stamp)
        except CannotRewrite as problem:
            round_.said.append(("ask", rule, str(problem)))
            round_.undecided.append(Undecided(rule.id, str(problem)))
            break
        trail.undecided.extend(round_.undecided)
        trail.rules.append(rule)
        trail.patch.extend(applied)
        used = frozenset(rule.id for rule in trail.rules)
        round_ = _evaluate(rules, round_.tool, call, read(call), ledger, now, used, round_.carrier, round_.places)
    decision = _conclude(rules, round_)
    return _with_trail(decision, trail, round_.call) if trail.rules else decision


def _with_trail(decision: Decision, trail: _Trail, call: Call) -> Decision:
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
    )


def _conclude(rules: RuleSet, round_: _Round) -> Decision:
    """Steps 2 and 3: turn what the rules said into the decision."""
    deciding: list[tuple[Rule, str | None]] = []
    extra: list[str] = []
    verdict: Verdict
    said = round_.strictest()
    if said == "ask" and not round_.tool.written and _by_default(rules, round_) == "deny":
        # A rule that only what is told of the name brings in does not lift what the default refuses.
        verdict = "deny"
        extra.append(_default_reason(round_, verdict))
    elif said is not None:
        verdict = said
        deciding = [(rule, why) for action, rule, why in round_.said if action == said]
    elif round_.carrier is not None:
        verdict = "allow"
    else:
        verdict = _default(rules, round_.effects)
        if verdict != "allow":
            extra.append(_default_reason(round_, verdict))
    strangers = _undeclared(round_)
    if strangers and verdict != "deny":
        extra.append(f"undeclared arguments: {', '.join(shown(name, 40) for name in strangers[:8])}")
        if verdict == "allow":
            verdict, deciding = "ask", []
    if round_.tool.pins and verdict != "deny" and (why := moved(round_.tool.pins, round_.call.definition)):
        extra.append(why)
        if verdict == "allow":
            verdict, deciding = "ask", []
    if verdict != "allow" and round_.own:
        extra.append(f"it runs {shown(round_.own, 80)}, which this session may have written")
    undecided = tuple(round_.undecided)
    names: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    if deciding:
        names = tuple([rule.id for rule, _ in deciding])
        sentences = tuple([rule.text for rule, _ in deciding])
    if verdict == "allow":
        return _allowed(round_.effects, names, sentences, undecided)
    reasons = [_noted(rule, why or _said_plainly(round_, rule, verdict)) for rule, why in deciding]
    reasons += extra
    return Decision(verdict, round_.effects, names, tuple(reasons), sentences, undecided, targets(round_.arguments))


def _by_default(rules: RuleSet, round_: _Round) -> Verdict | None:
    """Return the default for what is known of a tool besides its name, None when a rule speaks of that."""
    tool = round_.tool
    if tool.plain == round_.effects or round_.carrier is not None:
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


def _undeclared(round_: _Round) -> list[str]:
    """Return the arguments that neither the file nor the request's schema declares, for a call with an effect."""
    if round_.effects == ("read",):
        return []
    declared = round_.tool.args
    if declared is None:
        declared = round_.call.declared
    if declared is None:
        declared = _FREE_TEXT if round_.call.kind == "custom" else frozenset()
    if round_.carrier is not None:
        declared |= round_.carrier.keys
    if declared.issuperset(round_.arguments):
        return []
    return [name for name in round_.arguments if name not in declared]


def _default_reason(round_: _Round, verdict: Verdict) -> str:
    """Return why the default decides; the same words for each call to a tool with these effects."""
    tool, effects = round_.tool, round_.effects
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


def _noted(rule: Rule, why: str) -> str:
    return f"{why}; {rule.note}" if rule.note else why


def _said_plainly(round_: _Round, rule: Rule, verdict: Verdict) -> str:
    """Return what a rule without a requirement objects to, in its own terms."""
    wanted = rule.on.effects if rule.on and not rule.on.tools else ()
    return _objects(wanted, round_.effects, round_.call.name, verdict)


@lru_cache(maxsize=1024)
def _objects(wanted: tuple[Effect, ...], effects: tuple[Effect, ...], name: str, verdict: Verdict) -> str:
    met = [effect for effect in effects if effect in wanted]
    what = f"the effect {' and '.join(met)}" if met else shown(name, 80)
    return f"the rule {'denies' if verdict == 'deny' else 'asks about'} {what}"
