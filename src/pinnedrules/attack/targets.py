"""What in a rule file can be attacked: a tool, an argument, the requirement that guards it, a call that is allowed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pinnedrules.authoring.calls import decided, made, released
from pinnedrules.authoring.patterns import example
from pinnedrules.authoring.points import stands_for
from pinnedrules.authoring.samples import Sample, bearing, samples
from pinnedrules.rules.arguments import Unread, dump, read
from pinnedrules.rules.bearing import bears_amount, bears_path, bears_recipients, bears_url
from pinnedrules.rules.builtin_tools import added_by_name
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob
from pinnedrules.rules.predicates.base import texts
from pinnedrules.rules.shell.reading import bears_command
from pinnedrules.rules.sql import bears_sql
from pinnedrules.rules.terms import Rule
from pinnedrules.types import Call, LedgerState, Moment, SessionId

__all__ = ["Baseline", "Target", "allowed", "arguments_of", "ledger_after", "targets", "tools"]

MAX_TRIED = 256
_BY_PATTERN = (
    ("recipients", bears_recipients),
    ("url", bears_url),
    ("path", bears_path),
    ("shell", bears_command),
    ("sql", bears_sql),
    ("amount", bears_amount),
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A call that is allowed after some others."""

    call: Call
    after: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One argument of a tool that a rule guards.

    ``kind`` is the requirement that does, or the one that should (a pattern on a path). ``options`` are empty for those.
    ``inside`` is a value that it permits, ``limit`` the greatest amount with its currency. ``permits`` is true when the rule
    only permits: where its requirement fails it says nothing, so that what another rule permits is none of its business.
    """

    kind: str
    tool: str
    argument: str
    rule: str
    options: Mapping[str, object]
    inside: str = ""
    limit: str = ""
    permits: bool = False


def tools(rules: RuleSet) -> list[str]:
    """Return every tool that the file speaks of, patterns by a name that they match."""
    named = [name for rule in rules.rules if rule.on for name in rule.on.tools]
    found = dict.fromkeys(stands_for(name) for name in (*rules.tools, *named))
    return [name for name in found if name and rules.plan.tool(name) is not None and not name.startswith("mcp:")]


def targets(rules: RuleSet, tool: str, baseline: Mapping[str, object]) -> Iterator[Target]:
    """Yield what is guarded in calls to *tool*; *baseline* are arguments with which one is allowed."""
    known = rules.plan.tool(tool)
    if known is None:
        return
    declared = known.args or frozenset()
    seen: set[tuple[str, str]] = set()
    for rule in _speaking(rules, tool):
        for name, options in (rule.require or {}).items():
            for found in _targets(rule, name, options, tool, baseline, declared):
                if (found.kind, found.argument) not in seen:
                    seen.add((found.kind, found.argument))
                    yield found
    # What a command or a statement does counts, whichever rule is about that.
    keys = (*baseline, *sorted(declared))
    shell = not declared and "execute" in added_by_name(tool)
    command = next((key for key in keys if bears_command(key)), "command" if shell else "")
    if "execute" in known.effects and command and ("shell", command) not in seen:
        yield Target("shell", tool, command, "", {})
    for key in keys:
        if bears_sql(key) and ("sql", key) not in seen:
            yield Target("sql", tool, key, "", {})
            return


def allowed(
    sets: Sequence[RuleSet], tool: str, given: Sequence[Baseline], now: Moment, whose: SessionId
) -> Baseline | None:
    """Return a call to *tool* that is allowed: one of *given*, else one made up from the requirements; None without any."""
    for one in given:
        if one.call.name == tool and _allows(sets, one, now, whose):
            return one
    wanted: dict[str, list[Sample]] = {}
    before: dict[str, Call] = {}
    for rules in sets:
        known = rules.plan.tool(tool)
        declared = known.args if known is not None and known.args is not None else frozenset[str]()
        for rule in _speaking(rules, tool):
            for name, options in (rule.require or {}).items():
                for sample in samples(name, options, {}, declared):
                    if sample.holds:
                        wanted.setdefault(sample.argument, []).append(sample)
                if name == "only_after":
                    before.update((one, made(stands_for(one), "{}")) for one in texts(options, "tool")[:1])
    for chosen in itertools.islice(itertools.product(*wanted.values()), MAX_TRIED):
        arguments = dump({sample.argument: sample.value for sample in chosen})
        # What has to come before is about the same thing.
        after = tuple(made(one.name, arguments if chosen else "{}") for one in before.values())
        found = Baseline(made(tool, arguments), after)
        if _allows(sets, found, now, whose):
            return found
    return None


def ledger_after(sets: Sequence[RuleSet], after: Sequence[Call], now: Moment, whose: SessionId) -> LedgerState | None:
    """Return the ledger after some calls, each in an answer of its own; None when one is denied, so never released."""
    ledger = LedgerState(whose=whose)
    for number, call in enumerate(after):
        call = call if call.answer else replace(call, answer=f"before-{number}")
        decision = decided(sets, call, ledger, now)
        if decision.verdict == "deny":
            return None
        ledger = released(sets, call, decision, ledger, now)
    return ledger


def _allows(sets: Sequence[RuleSet], one: Baseline, now: Moment, whose: SessionId) -> bool:
    ledger = ledger_after(sets, one.after, now, whose)
    return ledger is not None and decided(sets, one.call, ledger, now).verdict == "allow"


def _speaking(rules: RuleSet, tool: str) -> list[Rule]:
    """Return the rules that may speak of calls to *tool*, whatever its arguments add."""
    known = rules.plan.tool(tool)
    if known is None:
        return []
    return [one.rule for one in rules.plan.candidates(known, known.effects).every]


def _targets(
    rule: Rule,
    name: str,
    options: Mapping[str, object],
    tool: str,
    baseline: Mapping[str, object],
    declared: frozenset[str],
) -> Iterator[Target]:
    only = rule.otherwise is None
    if name == "matches":
        for argument, pattern in options.items():
            kind = next((kind for kind, bears in _BY_PATTERN if bears(argument)), "")
            value = baseline.get(argument) or example(str(pattern))
            if kind and isinstance(value, str):
                yield Target(kind, tool, argument, rule.id, {}, _inside(kind, {}, value), permits=only)
        return
    for place in bearing(name, options, baseline, declared)[:1] or [""]:
        limit = options.get("max")
        most = next(iter(limit), None) if isinstance(limit, list) else limit
        inside = _inside(name, options, "")
        yield Target(name, tool, place, rule.id, options, inside, "" if most is None else str(most), only)


def _inside(kind: str, options: Mapping[str, object], value: str) -> str:
    """Return a domain, a host, a folder or a table that is permitted; told by a permitted value where no option says it."""
    if kind == "recipients":
        return _exact(texts(options, "domain_in"), "mail.") or value.rpartition("@")[2]
    if kind == "url":
        return _exact(texts(options, "host_in"), "www.") or value.partition("://")[2].partition("/")[0]
    if kind == "path":
        return next(iter(texts(options, "inside")), value.rpartition("/")[0]).rstrip("/")
    if kind == "sql":
        return next((table for table in texts(options, "tables_in") if not table.endswith("*")), "")
    return _exact(texts(options, "hosts_in"), "www.") if kind == "content" else ""


def _exact(names: Sequence[str], below: str) -> str:
    return next((name for name in names if not is_glob(name)), "") or next(
        (name.replace("*.", below) for name in names), ""
    )


def arguments_of(call: Call | None) -> dict[str, object]:
    """Return the arguments of a call, none for no call or for one that cannot be read."""
    try:
        return read(call) if call is not None else {}
    except Unread:
        return {}
