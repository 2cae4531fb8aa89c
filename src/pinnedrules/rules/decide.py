"""One call, the rules, the session's ledger: a decision that names its reasons. Read :func:`decide` first.

Rules of this file:

1. A call that carries another call in its arguments is decided as what it carries, and by the rules that name it: the
   stricter of both. A permission for the outer tool permits nothing that is inside.
2. Where it is not clear what is carried, everything that it may be is decided, and a person is asked at least. What may
   be more calls than can be decided in time is denied: one of them might be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.destinations import MAX_TARGETS, targets
from pinnedrules.rules.meta_tools import MAX_CARRIED, MAX_MAYBE, Carried, is_meta, rewrap, unwrap
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.plan import Candidate
from pinnedrules.rules.printable import shown
from pinnedrules.rules.single import decide_single
from pinnedrules.rules.speaking import Carrier, speaking
from pinnedrules.types import EFFECTS, Call, Decision, Effect, LedgerState, Moment, Verdict

__all__ = ["Reached", "decide", "looked_up", "reached", "traced"]

_RANK: dict[Verdict, int] = {"allow": 0, "ask": 1, "deny": 2}
_TOO_DEEP = f"it carries calls in calls, more than {MAX_CARRIED} deep"
_TOO_MANY = f"it may carry more than {MAX_MAYBE} calls"
_TWICE = "one rule changes it and another one the call that it carries"
_NO_PLACE = "a rule changes the call that it carries, and that cannot be put back into it"


@dataclass(frozen=True, slots=True)
class Reached:
    """One call that a released call comes to: what it does, with which arguments, and the rules that speak of it.

    ``carries`` is true for a call that does nothing but reach the ones before it.
    """

    call: Call
    arguments: dict[str, object]
    effects: tuple[Effect, ...]
    candidates: tuple[Candidate, ...]
    carries: bool = False


def decide(
    rules: RuleSet,
    call: Call,
    ledger: LedgerState,
    now: Moment,
    *,
    effects: tuple[Effect, ...] | None = None,
    places: Mapping[str, str] | None = None,
) -> Decision:
    """Decide one call. Never raises for anything that is in the call.

    *effects* is what a provider-run tool is known to do when the file says nothing about it (see ``server_tools``).
    *places* says where the paths of the call really lead (see :func:`looked_up`), None where nobody can look.

    1. Every rule that speaks of the call is evaluated; a requirement that fails or cannot be decided gives ``else``.
    2. Any deny, else any ask, else any rewrite (and the result is decided again), else any allow, else the default.
    3. Arguments that nobody declared, on a tool with an effect: at least ask. A name that is not plain ASCII, arguments
       that cannot be read: deny.
    """
    if effects is not None or not is_meta(call.name):
        return decide_single(rules, call, ledger, now, effects=effects, places=places)
    return _decide(rules, call, ledger, now, places, 0)


def reached(rules: RuleSet, call: Call) -> list[Reached]:
    """Return what a released call comes to: itself, or everything that it may carry and then itself as the carrier.

    Arguments that cannot be read count as none, so that every amount in them is unknown.
    """
    return _reached(rules, call, 0)


def looked_up(rules: RuleSet, call: Call) -> tuple[str, ...]:
    """Return the paths that :func:`decide` wants to know the real places of; none for most calls."""
    if not rules.plan.looks:
        return ()
    found: dict[str, None] = {}
    for item in reached(rules, call):
        for candidate in item.candidates:
            for look in candidate.looks:
                found.update(dict.fromkeys(look(item.arguments)))
    return tuple(found)


def traced(rules: RuleSet, call: Call) -> tuple[str, ...]:
    """Return the keys of values that :func:`decide` wants to know of whether they came up in the session."""
    if not rules.plan.traces:
        return ()
    found: dict[str, None] = {}
    for item in reached(rules, call):
        for candidate in item.candidates:
            for trace in candidate.traces:
                found.update(dict.fromkeys(trace.keys(item.arguments)))
    return tuple(found)


def _decide(
    rules: RuleSet,
    call: Call,
    ledger: LedgerState,
    now: Moment,
    places: Mapping[str, str] | None,
    depth: int,
    room: int = MAX_MAYBE,
) -> Decision:
    """*room* is how many calls *call* may come to."""
    carried = _carried(rules, call)
    if carried is None:
        return decide_single(rules, call, ledger, now, places=places)
    if carried.many or len(carried.calls) > room:
        whole = decide_single(rules, call, ledger, now, places=places)
        return whole if whole.verdict == "deny" else Decision("deny", whole.effects, reasons=(_TOO_MANY,))
    room //= len(carried.calls) or 1
    if depth == MAX_CARRIED or not carried.calls:
        whole = decide_single(rules, call, ledger, now, places=places)
        return _joined([whole], carried, carried.problem or _TOO_DEEP, whole.effects)
    problem, released, patch = carried.problem, call, None
    inside = [_decide(rules, one, ledger, now, places, depth + 1, room) for one in carried.calls]
    changed = next((one for one in inside if one.arguments is not None), None)
    if changed is not None and changed.arguments is not None:
        if problem or not carried.place:
            problem = problem or _NO_PLACE
        else:
            released, patch = rewrap(call, carried, changed.arguments, changed.patch)
    carrier = _carrier(rules, unwrap(released) or carried, depth, room)
    outer = decide_single(rules, released, ledger, now, carrier=carrier, places=places)
    if outer.arguments is not None:
        released, problem = replace(call, arguments=outer.arguments), problem or (_TWICE if changed else "")
        carried, patch = unwrap(released) or carried, outer.patch
        inside = [_decide(rules, one, ledger, now, places, depth + 1, room) for one in carried.calls]
        problem = problem or carried.problem or (_TWICE if any(one.arguments is not None for one in inside) else "")
    joined = _joined([outer, *inside], carried, problem, [effect for one in inside for effect in one.effects])
    if patch is None or problem or joined.verdict == "deny":
        return joined
    mark = outer.stamp or next((one.stamp for one in inside if one.stamp), "")
    return replace(joined, arguments=released.arguments, patch=patch, stamp=mark)


def _carried(rules: RuleSet, call: Call) -> Carried | None:
    """Return what *call* carries; None also for a tool that the file declares and that names no call this time."""
    carried = unwrap(call)
    if carried is None or not carried.plain:
        return carried
    tool = rules.plan.tool(call.name)
    return None if tool is not None and tool.exact else carried


def _reached(rules: RuleSet, call: Call, depth: int, room: int = MAX_MAYBE) -> list[Reached]:
    carried = _carried(rules, call) if depth < MAX_CARRIED else None
    try:
        arguments = read(call)
    except Unread:
        arguments = {}
    if carried is None or not carried.calls or len(carried.calls) > room:
        return [Reached(call, arguments, *speaking(rules, call, arguments))]
    room //= len(carried.calls)
    inside = [item for one in carried.calls for item in _reached(rules, one, depth + 1, room)]
    outer = speaking(rules, call, arguments, _as_carrier(inside, carried))
    return [*inside, Reached(call, arguments, *outer, carries=True)]


def _carrier(rules: RuleSet, carried: Carried, depth: int, room: int) -> Carrier:
    return _as_carrier([item for one in carried.calls for item in _reached(rules, one, depth + 1, room)], carried)


def _as_carrier(inside: Sequence[Reached], carried: Carried) -> Carrier:
    without = frozenset(candidate.rule.id for item in inside for candidate in item.candidates)
    return Carrier(_in_order(effect for item in inside for effect in item.effects), without, carried.keys)


def _joined(parts: Sequence[Decision], carried: Carried, problem: str, effects: Iterable[Effect]) -> Decision:
    """Return the strictest of *parts* as one decision that tells what the call carries; an ask at least with a problem."""
    undecided = tuple(dict.fromkeys(item for part in parts for item in part.undecided))
    verdict = max(parts, key=lambda part: _RANK[part.verdict]).verdict
    if verdict == "allow" and problem:
        return Decision("ask", _in_order(effects), (), (problem,), (), undecided, _told(parts, carried))
    rules: dict[str, tuple[str, str]] = {}
    more: list[str] = [problem] if problem and verdict == "ask" else []
    for part in (part for part in parts if part.verdict == verdict):
        for number, rule in enumerate(part.rules):
            rules.setdefault(rule, (part.sentences[number], part.reasons[number] if part.reasons else ""))
        more += part.reasons[len(part.rules) :]
    sentences = tuple(sentence for sentence, _ in rules.values())
    if verdict == "allow":
        return Decision("allow", _in_order(effects), tuple(rules), (), sentences, undecided)
    reasons = (*(reason for _, reason in rules.values()), *dict.fromkeys(more))
    return Decision(verdict, _in_order(effects), tuple(rules), reasons, sentences, undecided, _told(parts, carried))


def _told(parts: Sequence[Decision], carried: Carried) -> tuple[str, ...]:
    """Return what a person must see: the tools inside, and where their calls lead."""
    names = dict.fromkeys(shown(call.name, 80) for call in carried.calls)
    lines = [f"calls: {' or '.join(names)}"] if names else []
    for part in parts:
        lines += part.targets
    if not any(part.targets for part in parts):
        for call in carried.calls:
            lines += _leads(call)
    return tuple(dict.fromkeys(lines))[: MAX_TARGETS + 1]


def _leads(call: Call) -> tuple[str, ...]:
    try:
        return targets(read(call))
    except Unread:
        return ()


def _in_order(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    found = set(effects)
    return tuple(effect for effect in EFFECTS if effect in found)
