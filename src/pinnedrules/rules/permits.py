"""Permits: what a person allows beforehand, narrowly, a number of times, for a while. They live in the ledger.

A permit answers an ask as an approval does, only earlier. Rules of this file:

1. It never lifts a deny, an argument that nobody declared, or an ask that came about because something could not be decided.
2. A call is covered only with certainty: the tool or its effects are named exactly, every effect of the call is meant, every
   requirement holds, and it carries no other call. Every rule set that has a say must find so, by what it says of tools.
3. What was limited later is not lifted: a rule that the session got after the permit asks all the same, and a stop or a
   resume ends every permit that was given before it.
4. It is used up exactly: each use is written only over what was read for the decision. At most 24 hours, at most 1,000 calls.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.arguments import dump
from pinnedrules.rules.born import born
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.meaning import Fault, check
from pinnedrules.rules.meta_tools import is_meta
from pinnedrules.rules.model import RuleSet, rule_set
from pinnedrules.rules.names import is_glob
from pinnedrules.rules.predicates.base import Note
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.rewrite import became
from pinnedrules.rules.terms import Rule
from pinnedrules.types import EFFECTS, Call, Decision, Effect, LedgerState, Moment, Verdict

__all__ = [
    "LONGEST",
    "MOST",
    "Given",
    "Permit",
    "fits",
    "given",
    "made",
    "permits",
    "permitting",
    "revoked",
    "worded",
]

LONGEST = 24 * 3600
"""Longest life of a permit, in seconds."""

MOST = 1_000
"""Most calls of one permit: in all, or an hour."""

MAX_PERMITS = 32
"""Permits that are in force at once, per session and per user."""

Half = Literal["session", "user"]

_KEY = "permit:"
_USED = "permit.used:"
_HOUR_US = 3_600_000_000
_COUNT = re.compile(r"([0-9]{1,20}) ([0-9]{1,6}) ([0-9]{1,6})")
_ASKS: Mapping[Effect, Verdict] = dict.fromkeys(EFFECTS, "ask")
_MEMORY = 256
_known: dict[tuple[str, str], RuleSet] = {}


@dataclass(frozen=True, slots=True)
class Permit:
    """What a person permits.

    ``rule`` is what is covered, as a rule that allows it (JSON, in the words of a rule file). ``most`` calls are covered, in
    each hour since ``given_us`` when it is ``hourly``, else in all, until ``until_us`` (UTC microseconds). ``over`` are the
    rules of the session that were in force when it was given, ``epoch`` the stop epoch of the state folder then.
    """

    id: str
    rule: str
    most: int
    hourly: bool
    given_us: int
    until_us: int
    by: str
    epoch: int
    over: tuple[str, ...] = ()
    revoked: str = ""

    @property
    def about(self) -> str:
        """What it covers in words."""
        words = json.loads(self.rule)
        on = ", ".join(_listed(words["on"].get("tool", []))) or "any tool"
        effects = f" with the effect {' or '.join(words['on']['effect'])}" if words["on"].get("effect") else ""
        require = f" where {dump(words['require'])}" if words.get("require") else ""
        return f"{on}{effects}{require}, at most {self.most} {'an hour' if self.hourly else 'in all'}"


@dataclass(frozen=True, slots=True)
class Given:
    """A permit as it stands in a ledger: in which half, and how many calls it covered (in this hour, when it is hourly)."""

    permit: Permit
    half: Half
    used: int

    def live(self, now_us: int, epoch: int) -> bool:
        """True while it is in force and not used up."""
        permit = self.permit
        in_time = permit.given_us <= now_us < permit.until_us
        return in_time and not permit.revoked and epoch <= permit.epoch and self.used < permit.most


def worded(name: str, on: object, require: Mapping[str, object] | None) -> str:
    """Return what a permit covers as the text of a rule. Raises RuleFileError for what cannot be permitted beforehand."""
    words: dict[str, object] = {"id": name, "text": "Permitted by a person, for a while.", "on": on, "then": "allow"}
    if require:
        words["require"] = require
    try:
        rule = _parsed(dump(words))
    except TypeError as error:
        raise RuleFileError(f"it cannot be written as JSON ({error})") from error
    if rule.on is None:
        raise RuleFileError("a permit without 'on'", hint="name a tool or an effect")
    for tool in rule.on.tools:
        if is_glob(tool):
            raise RuleFileError(f"a permit for the pattern {tool!r}", hint="name each tool exactly")
    for word, options in (rule.require or {}).items():
        built = PREDICATES[word].build(options, name)
        if built.trace is not None:
            raise RuleFileError(f"a permit cannot require {word!r}", hint="name the values: matches, recipients, path")
        if built.reserve is not None or built.watch is not None:
            raise RuleFileError(f"a permit cannot require {word!r}", hint="it counts its calls itself: give a maximum")
    form: dict[str, object] = {"tool": list(rule.on.tools), "effect": list(rule.on.effects)}
    return dump({**words, "on": {key: value for key, value in form.items() if value}})


def made(permit: Permit) -> Permit:
    """Return *permit*. Raises RuleFileError for one of no end, or of too much."""
    if not 1 <= permit.most <= MOST:
        raise RuleFileError(f"a permit for {permit.most} calls", hint=f"write a whole number, 1 to {MOST}")
    if not 0 < permit.until_us - permit.given_us <= LONGEST * 1_000_000:
        raise RuleFileError("a permit of no end", hint="at most 24 hours; what shall hold longer is a rule of the file")
    return permit


def fits(base: RuleSet, permit: Permit) -> None:
    """Raise RuleFileError unless *permit* makes sense for the tools that *base* declares."""
    try:
        check(base.tools, [_parsed(permit.rule)], base.servers)
    except Fault as fault:
        raise RuleFileError(str(fault), hint=fault.hint) from None


def permits(ledger: LedgerState, now_us: int) -> Iterator[Given]:
    """Yield every permit of this session and of its user, those of the past too, until they are swept out."""
    halves: tuple[tuple[Half, Mapping[str, str]], ...] = (("session", ledger.session), ("user", ledger.user))
    for half, facts in halves:
        for key, text in facts.items():
            if key.startswith(_KEY):
                fields = json.loads(text)
                permit = Permit(**{**fields, "over": tuple(fields["over"])})
                yield Given(permit, half, _count(facts, permit, now_us)[2])


def given(ledger: LedgerState, permit: Permit, half: Half, now_us: int) -> LedgerState:
    """Return the ledger with *permit*, and without those of this half whose time is over. Raises RuleFileError."""
    facts = dict(ledger.user if half == "user" else ledger.session)
    for old in permits(ledger, now_us):
        if old.half == half and old.permit.until_us <= now_us:
            facts.pop(f"{_KEY}{old.permit.id}", None)
            facts.pop(f"{_USED}{old.permit.id}", None)
    if sum(key.startswith(_KEY) for key in facts) >= MAX_PERMITS:
        raise RuleFileError(f"{MAX_PERMITS} permits are in force", hint="pinnedrules permits revoke ID")
    if half == "session":
        permit = replace(permit, over=tuple(rule.id for rule in born(ledger) if not rule.withdrawn))
    facts[f"{_KEY}{permit.id}"] = json.dumps(asdict(made(permit)), ensure_ascii=False)
    return _with(ledger, half, facts)


def revoked(ledger: LedgerState, name: str, by: str, now_us: int) -> LedgerState | None:
    """Return the ledger in which the permit called *name* is revoked by *by*; None when none is in force."""
    for found in permits(ledger, now_us):
        permit = found.permit
        if permit.id == name and not permit.revoked and permit.until_us > now_us:
            facts = dict(ledger.user if found.half == "user" else ledger.session)
            facts[f"{_KEY}{name}"] = json.dumps(asdict(replace(permit, revoked=by)), ensure_ascii=False)
            return _with(ledger, found.half, facts)
    return None


def permitting(
    asking: Sequence[tuple[RuleSet, Decision]],
    session: Decision | None,
    call: Call,
    ledger: LedgerState,
    now: Moment,
    epoch: int,
    places: Mapping[str, str],
) -> tuple[Permit, Note] | None:
    """Return the permit that covers *call*, and what using it once writes; None when none does.

    *asking* are the rule sets in force with what each decided, *session* what the rules of this session did.
    """
    every = [decision for _, decision in asking] + ([] if session is None else [session])
    if is_meta(call.name) or any(found.verdict == "deny" or found.undecided for found in every):
        return None
    changed = {became(call, found) for found in every if found.arguments is not None}
    if len(changed) > 1:
        return None
    released = changed.pop() if changed else call
    limits = set(session.rules) if session is not None and session.verdict == "ask" else set()
    for found in permits(ledger, now.utc_us):
        permit = found.permit
        facts = ledger.user if found.half == "user" else ledger.session
        latest, hour, used = _count(facts, permit, now.utc_us)
        if not replace(found, used=used).live(latest, epoch) or not limits <= set(permit.over):
            continue
        if all(_covers(rules, permit, released, ledger, now, places) for rules, _ in asking):
            return permit, _note(permit, found.half, latest, hour, used)
    return None


def _covers(
    base: RuleSet, permit: Permit, call: Call, ledger: LedgerState, now: Moment, places: Mapping[str, str]
) -> bool:
    """Say whether *call* is certainly what *permit* covers, by what *base* says of tools."""
    found = decide(_alone(base, permit), call, ledger, now, places=places)
    tool = base.plan.tool(call.name)
    if found.verdict != "allow" or found.rules != (permit.id,) or tool is None:
        return False
    meant = json.loads(permit.rule)["on"].get("effect", [])
    return set(found.effects) <= {*meant, *(tool.plain if tool.exact else ())}


def _alone(base: RuleSet, permit: Permit) -> RuleSet:
    """Return the rule set that allows what *permit* covers and asks about everything else."""
    found = _known.get((base.sha256, permit.rule))
    if found is None:
        if len(_known) >= _MEMORY:
            _known.clear()
        rule = _parsed(permit.rule)
        found = _known[base.sha256, permit.rule] = rule_set(base.version, [rule], base.tools, _ASKS, base.servers)
    return found


def _count(facts: Mapping[str, str], permit: Permit, now_us: int) -> tuple[int, int, int]:
    """Return the latest moment that was seen, the hour it is in since the permit was given, and the calls of that hour.

    A clock that goes back frees nothing; a count that cannot be read is a permit that is used up.
    """
    text = facts.get(f"{_USED}{permit.id}")
    kept = _COUNT.fullmatch(text) if text is not None else None
    if text is not None and kept is None:
        return now_us, 0, permit.most
    seen, hour, used = (int(kept[1]), int(kept[2]), int(kept[3])) if kept else (now_us, 0, 0)
    latest = max(seen, now_us)
    current = max(0, latest - permit.given_us) // _HOUR_US if permit.hourly else 0
    return latest, max(hour, current), used if current <= hour else 0


def _note(permit: Permit, half: Half, latest: int, hour: int, used: int) -> Note:
    def back(text: str) -> str | None:
        kept = _COUNT.fullmatch(text)
        if kept is None or int(kept[2]) != hour or int(kept[3]) == 0:
            return text
        return f"{kept[1]} {hour} {int(kept[3]) - 1}"

    return Note(half, f"{_USED}{permit.id}", f"{latest} {hour} {used + 1}", back)


def _with(ledger: LedgerState, half: Half, facts: Mapping[str, str]) -> LedgerState:
    return replace(ledger, user=facts) if half == "user" else replace(ledger, session=facts)


def _listed(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _parsed(text: str) -> Rule:
    (rule,) = load(f'{{"version": 1, "rules": [{text}]}}', file="the permit").rules
    return rule
