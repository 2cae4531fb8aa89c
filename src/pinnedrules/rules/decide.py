"""One call, the rules, the session's ledger: a decision that names its reasons. Read :func:`decide` first.

Rules of this file:

1. It does nothing but decide: no clock, no disk, no memory of what it decided before.
2. Whatever cannot be read, matched or evaluated ends in a deny, an ask or the rule's ``else``; never in an allow.
3. A permission needs certainty about the name, the effects and every requirement; an objection needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pinnedrules.rules.arguments import INPUT, Unread, read
from pinnedrules.rules.destinations import names_destination, targets
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.plan import Candidate, Tool
from pinnedrules.rules.predicates.base import Cannot, Check, Facts, Outcome
from pinnedrules.rules.printable import shown
from pinnedrules.rules.rewrite import CannotRewrite, rewritten
from pinnedrules.rules.terms import Rewriting, Rule
from pinnedrules.types import Call, Decision, Effect, LedgerState, Moment, Undecided, Verdict

__all__ = ["MAX_REWRITES", "decide"]

MAX_REWRITES = 16
"""Rules that may rewrite one call, each once."""

_UNKNOWN: tuple[Effect, ...] = ("write",)
_RANK: Mapping[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}


def decide(
    rules: RuleSet,
    call: Call,
    ledger: LedgerState,
    now: Moment,
    *,
    effects: tuple[Effect, ...] | None = None,
) -> Decision:
    """Decide one call. Never raises for anything that is in the call.

    *effects* is what a provider-run tool is known to do when the file says nothing about it (see ``server_tools``).

    1. Every rule that speaks of the call is evaluated; a requirement that fails or cannot be decided gives ``else``.
    2. Any deny, else any ask, else any rewrite (and the result is decided again), else any allow, else the default.
    3. Arguments that nobody declared, on a tool with an effect: at least ask. A name that is not plain ASCII, arguments
       that cannot be read: deny.
    """
    tool = rules.plan.tool(call.name)
    if tool is None:
        return Decision(
            "deny", effects or _UNKNOWN, reasons=(f"the tool name {shown(call.name, 80)} is not plain ASCII",)
        )
    if effects is not None and not tool.known:
        tool = replace(tool, effects=effects, exact=True, candidates={})
    try:
        arguments = read(call)
    except Unread as problem:
        return Decision("deny", tool.effects, reasons=(str(problem),))
    round_ = _evaluate(rules, tool, call, arguments, ledger, now, frozenset())
    if not round_.rewriting:
        return _conclude(rules, round_)
    return _rewrite(rules, round_, ledger, now)


@dataclass(slots=True)
class _Round:
    """What the rules say to one form of the call."""

    call: Call
    tool: Tool
    arguments: dict[str, object]
    effects: tuple[Effect, ...]
    deny: list[tuple[Rule, str]] = field(default_factory=list)
    ask: list[tuple[Rule, str]] = field(default_factory=list)
    rewrite: list[tuple[Rule, Rewriting]] = field(default_factory=list)
    allow: list[Rule] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)

    @property
    def rewriting(self) -> bool:
        return bool(self.rewrite) and not self.deny and not self.ask


def _evaluate(
    rules: RuleSet,
    tool: Tool,
    call: Call,
    arguments: dict[str, object],
    ledger: LedgerState,
    now: Moment,
    used: frozenset[str],
) -> _Round:
    """Step 1: ask every rule that speaks of the call. *used* are the rules that have rewritten it already."""
    effects = tool.effects
    if effects == ("read",) and arguments and names_destination(arguments):
        effects = ("read", "send")
    found = _Round(call, tool, arguments, effects)
    facts = Facts(arguments, ledger, now)
    for candidate in rules.plan.candidates(tool, effects):
        rule = candidate.active.rule
        why = _why(candidate, facts, found.undecided)
        action = rule.then if why is None else rule.otherwise
        if action == "deny":
            found.deny.append((rule, why or f"the rule denies {_named(call, rule, effects)}"))
        elif action == "ask":
            found.ask.append((rule, why or f"the rule asks about {_named(call, rule, effects)}"))
        elif isinstance(action, Rewriting):
            if rule.id not in used:
                found.rewrite.append((rule, action))
            elif why is not None:
                found.ask.append((rule, f"{why} (after it was rewritten)"))
        elif action == "allow" and candidate.permits:
            found.allow.append(rule)
    return found


def _why(candidate: Candidate, facts: Facts, undecided: list[Undecided]) -> str | None:
    """Return why the rule's requirements are not met, None when they hold. Every one is asked, so that all are named."""
    first: str | None = None
    for check in candidate.active.checks:
        outcome = _checked(check, facts)
        if outcome is None:
            continue
        if isinstance(outcome, Cannot):
            undecided.append(Undecided(candidate.active.rule.id, outcome.why))
        first = first or outcome.why
    return first


def _checked(check: Check, facts: Facts) -> Outcome:
    try:
        return check(facts)
    except Exception as problem:  # noqa: BLE001 - a check that breaks is a check that cannot be decided
        return Cannot(f"the check failed: {type(problem).__name__}")


def _rewrite(rules: RuleSet, round_: _Round, ledger: LedgerState, now: Moment) -> Decision:
    """Step 2, rewrite: apply the first patch and decide the result again, until no rule rewrites any more."""
    trail = _Trail()
    while round_.rewriting:
        rule, rewriting = round_.rewrite[0]
        trail.undecided.extend(round_.undecided)
        try:
            if len(trail.rules) == MAX_REWRITES:
                raise CannotRewrite(f"more than {MAX_REWRITES} rules rewrite the call")
            call = rewritten(rewriting, round_.call, round_.arguments)
        except CannotRewrite as problem:
            round_.ask.append((rule, str(problem)))
            round_.undecided.append(Undecided(rule.id, str(problem)))
            break
        trail.rules.append(rule)
        trail.patch.extend(rewriting.operations)
        used = frozenset(rule.id for rule in trail.rules)
        round_ = _evaluate(rules, round_.tool, call, read(call), ledger, now, used)
    return _conclude(rules, round_, trail)


@dataclass(slots=True)
class _Trail:
    """What rewriting left behind on the way to the form of the call that was decided."""

    rules: list[Rule] = field(default_factory=list)
    patch: list[Mapping[str, object]] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)


def _conclude(rules: RuleSet, round_: _Round, trail: _Trail | None = None) -> Decision:
    """Step 2 and 3: turn what the rules said into the decision."""
    verdict: Verdict
    said: list[tuple[Rule, str]]
    extra: list[str] = []
    if round_.deny:
        verdict, said = "deny", round_.deny
    elif round_.ask:
        verdict, said = "ask", round_.ask
    elif round_.allow:
        verdict, said = "allow", [(rule, "") for rule in round_.allow]
    else:
        verdict, said = max((rules.default[effect] for effect in round_.effects), key=_RANK.__getitem__), []
        if verdict != "allow":
            extra.append(_default_reason(round_, verdict))
    strangers = _undeclared(round_) if verdict != "deny" else []
    if strangers:
        extra.append(f"undeclared arguments: {', '.join(shown(name, 40) for name in strangers[:8])}")
        if verdict == "allow":
            verdict, said = "ask", []
    deciding = [*((rule, "rewritten by the rule") for rule in trail.rules), *said] if trail else said
    reasons = tuple(why for _, why in deciding) + tuple(extra) if verdict != "allow" else ()
    runs = trail is not None and verdict != "deny"
    undecided = [*trail.undecided, *round_.undecided] if trail else round_.undecided
    return Decision(
        verdict=verdict,
        effects=round_.effects,
        rules=tuple(rule.id for rule, _ in deciding),
        reasons=reasons,
        sentences=tuple(rule.text for rule, _ in deciding),
        undecided=tuple(dict.fromkeys(undecided)),
        targets=targets(round_.arguments) if verdict != "allow" else (),
        arguments=round_.call.arguments if trail and trail.rules and runs else None,
        patch=tuple(trail.patch) if trail and runs else (),
    )


def _undeclared(round_: _Round) -> list[str]:
    """Return the arguments that neither the file nor the request's schema declares, for a call with an effect."""
    if round_.effects == ("read",):
        return []
    declared = round_.tool.args if round_.tool.args is not None else round_.call.declared
    if declared is None:
        declared = frozenset({INPUT}) if round_.call.kind == "custom" else frozenset()
    return [name for name in round_.arguments if name not in declared]


def _default_reason(round_: _Round, verdict: Verdict) -> str:
    what = "" if round_.tool.known else f"the tool {shown(round_.tool.name, 80)} is not declared; "
    return f"{what}no rule permits it: {verdict} ({', '.join(round_.effects)})"


def _named(call: Call, rule: Rule, effects: Iterable[Effect]) -> str:
    """Return what a rule without a requirement objects to, in its own terms."""
    on = rule.on
    if on is None or on.tools:
        return shown(call.name, 80)
    return f"the effect {' and '.join(effect for effect in effects if effect in on.effects)}"
