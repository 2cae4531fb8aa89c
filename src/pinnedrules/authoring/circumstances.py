"""What a decision depends on besides the call: the moment, the user, what came before. Other circumstances to try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pinnedrules.authoring.calls import decided, released
from pinnedrules.rules.arguments import Unread, read
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.base import Facts, Note, texts
from pinnedrules.rules.predicates.history import READ_UNTRUSTED
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.terms import Rule
from pinnedrules.types import Call, LedgerState, Moment, Verdict

__all__ = ["Circumstance", "at", "circumstances", "moments", "satisfied", "with_note"]

MAX_REPEATED = 1_000
_QUARTER_US = 900_000_000
_QUARTERS = 4 * 24 * 7 + 1


@dataclass(frozen=True, slots=True)
class Circumstance:
    """Another ledger or another moment, in words: ``in a session in which nothing was read from outside``."""

    said: str
    ledger: LedgerState
    now: Moment


def circumstances(
    sets: Sequence[RuleSet], rules: Sequence[Rule], call: Call, ledger: LedgerState, now: Moment
) -> Iterator[Circumstance]:
    """Return other circumstances for a call of which *rules* speak."""
    if ledger.session or ledger.user:
        yield Circumstance("as the first call of a new session", LedgerState(whose=ledger.whose), now)
    for rule in rules:
        for name, options in (rule.require or {}).items():
            if name == "time":
                yield from moments(rule, call, ledger, now)
            elif name == "who":
                yield from _people(options, ledger, now)
            elif name == "never_after" and "source" in options:
                if READ_UNTRUSTED not in ledger.session:
                    note = Note("session", READ_UNTRUSTED, "1")
                    yield Circumstance("after something from outside was read", with_note(ledger, note), now)
            elif name in ("never_after", "only_after"):
                found = satisfied(rule, name, call, ledger, now)
                if found is not None:
                    yield found
    if any(entry.reserves for one in sets for entry in one.plan.active if entry.rule in rules):
        yield from _repeated(sets, call, ledger, now)


def satisfied(rule: Rule, name: str, call: Call, ledger: LedgerState, now: Moment) -> Circumstance | None:
    """Return the circumstance in which the call that *rule* looks back for was released, None if that is told otherwise."""
    options = (rule.require or {})[name]
    watch = PREDICATES[name].build(options, rule.id).watch
    if watch is None:
        return None
    note = watch.reserve(Facts(_arguments(call), ledger, now, replace(call, answer="earlier"), ()))
    if note is None:
        return None
    what = f"a call that {watch.rule} is about" if watch.rule else " or ".join((*watch.on.tools, *watch.on.effects))
    return Circumstance(f"after {what}", with_note(ledger, note), now)


def moments(rule: Rule, call: Call, ledger: LedgerState, now: Moment) -> Iterator[Circumstance]:
    """Return the first quarter of an hour of the coming week at which the rule's time is another answer than now."""
    options = (rule.require or {})["time"]
    check = PREDICATES["time"].build(options, rule.id).check
    here = check(Facts(_arguments(call), ledger, now, call, ())) is None
    first = now.utc_us // _QUARTER_US
    for quarter in range(first + 1, first + _QUARTERS):
        moment = at(quarter * _QUARTER_US)
        if (check(Facts(_arguments(call), ledger, moment, call, ())) is None) != here:
            when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment.utc_us)
            yield Circumstance(f"on {when:%A at %H:%M} UTC", ledger, moment)
            return


def at(utc_us: int) -> Moment:
    """Return a moment whose day is that of UTC."""
    day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_us)).date().isoformat()
    return Moment(utc_us, utc_us * 1000, day)


def with_note(ledger: LedgerState, note: Note) -> LedgerState:
    """Return *ledger* with one note."""
    if note.half == "user":
        return replace(ledger, user={**ledger.user, note.key: note.text})
    return replace(ledger, session={**ledger.session, note.key: note.text})


def _people(options: object, ledger: LedgerState, now: Moment) -> Iterator[Circumstance]:
    assert isinstance(options, dict)
    users, tenants = texts(options, "user_in"), texts(options, "tenant_in")
    whose = replace(
        ledger.whose,
        user=users[0] if users else ledger.whose.user,
        tenant=tenants[0] if tenants else ledger.whose.tenant,
    )
    who = " of ".join(names[0] for names in (users, tenants) if names)
    yield Circumstance(f"for {who}", replace(ledger, whose=whose), now)
    other = replace(ledger.whose, user="somebody else", tenant="another tenant")
    yield Circumstance("for somebody else", replace(ledger, whose=other), now)


def _repeated(sets: Sequence[RuleSet], call: Call, ledger: LedgerState, now: Moment) -> Iterator[Circumstance]:
    """Return the circumstance in which this call was released so often before that it is decided otherwise."""
    first: Verdict | None = None
    for times in range(MAX_REPEATED):
        decision = decided(sets, call, ledger, now)
        first = first or decision.verdict
        if decision.verdict != first:
            how = "once" if times == 1 else "twice" if times == 2 else f"{times} times"
            yield Circumstance(f"after it was released {how} before", ledger, now)
            return
        further = released(sets, call, decision, ledger, now)
        if further == ledger:
            return
        ledger = further


def _arguments(call: Call) -> dict[str, object]:
    try:
        return read(call)
    except Unread:
        return {}
