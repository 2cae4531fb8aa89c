"""A call that comes off better under one rule set than under another: looked for among calls that the rules suggest.

The calls have the tools that the rules name, in some spellings, and arguments on both sides of every limit that a
requirement draws. Each is tried with an empty ledger, after reading from outside, after calls like itself, and at other
times of the week. Not to find one proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob
from pinnedrules.rules.predicates.amounts import money
from pinnedrules.rules.predicates.history import READ_UNTRUSTED
from pinnedrules.rules.terms import Rule
from pinnedrules.types import Call, Decision, LedgerState, Moment, SessionId

__all__ = ["Witness", "rank", "witness"]

MAX_DECISIONS = 12_000
MAX_CALLS = 48
"""Calls that are tried of one tool."""

_RANK = {"allow": 0, "ask": 2, "deny": 3}
_HOUR_US = 3_600_000_000
_MONDAY_US = 1_794_787_200_000_000
"""2026-11-16, 00:00 UTC."""

_UNKNOWN = ("change_it", "delete_it", "send_it", "publish_it", "pay_it", "run_it", "list_it")
_ELSEWHERE = "elsewhere.example"
_SQL = {
    "select": "select * from {}", "insert": "insert into {} values (1)", "update": "update {} set a = 1 where b = 2",
    "delete": "delete from {} where a = 1", "drop": "drop table {}", "create": "create table {} (a int)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Witness:
    """A call with its two verdicts. ``told`` says after what, or when, if that matters."""

    call: Call
    was: str
    becomes: str
    told: str = ""


def rank(decision: Decision) -> int:
    """Return how strict a decision is. A call that is rewritten is held back more than one that is allowed as it is."""
    return 1 if decision.verdict == "allow" and decision.arguments is not None else _RANK[decision.verdict]


def witness(old: RuleSet, new: RuleSet) -> Witness | None:
    """Return a call with a weaker verdict under *new*, None when none was found among some thousand."""
    every = [rule for rule in (*new.rules, *old.rules) if rule.on is not None]
    tried = islice(_tries(old, new, every), MAX_DECISIONS // 2)
    for call, ledger, now, told in tried:
        was, becomes = decide(old, call, ledger, now), decide(new, call, ledger, now)
        if rank(becomes) < rank(was):
            return Witness(call, _word(was), _word(becomes), told)
    return None


def _word(decision: Decision) -> str:
    return "rewrite" if rank(decision) == 1 else decision.verdict


def _tries(old: RuleSet, new: RuleSet, every: list[Rule]) -> Iterator[tuple[Call, LedgerState, Moment, str]]:
    now = _moment(0)
    users = [name for rule in every for name in _texts(rule, "who", "user_in")]
    tenants = [name for rule in every for name in _texts(rule, "who", "tenant_in")] or [""]
    whose = [SessionId("s", user, tenant) for user in ("", *users, "somebody") for tenant in tenants]
    plain = [LedgerState(whose=one) for one in dict.fromkeys(whose)]
    calls = [call for name in _names(old, new, every) for call in _calls(name, old, new, every)]
    for call in calls:
        yield call, plain[0], now, ""
    for call in calls:
        yield call, replace(plain[0], session={READ_UNTRUSTED: "1"}), now, " after reading from outside"
        for ledger in plain[1:]:
            yield call, ledger, now, f" of the user {ledger.whose.user or 'nobody'}"
    for call in calls:
        ledger = plain[0]
        for _ in range(2):
            for rules in (old, new):
                ledger = _released(rules, call, ledger, now)
            yield call, ledger, now, " after calls like it"
    if any("time" in (rule.require or {}) for rule in every):
        for call, hour in product(calls[:MAX_CALLS], range(7 * 24)):
            yield call, plain[0], _moment(hour), f" on hour {hour} of the week (UTC)"
    for first, call in product(calls[: MAX_CALLS * 2], calls):
        if first.name != call.name:
            ledger = _released(new, first, _released(old, first, plain[0], now), now)
            if ledger is not plain[0]:
                yield call, ledger, now, f" after {first.name}"


def _released(rules: RuleSet, call: Call, ledger: LedgerState, now: Moment) -> LedgerState:
    decision = decide(rules, call, ledger, now)
    return after(rules, replace(call, answer="before"), replace(decision, verdict="allow"), ledger, now)


def _moment(hour: int) -> Moment:
    return Moment(_MONDAY_US + hour * _HOUR_US, 1, f"2026-11-{16 + hour // 24}")


def _names(old: RuleSet, new: RuleSet, every: Iterable[Rule]) -> Iterator[str]:
    """Yield the names of tools: those that are named, a name for each pattern, other spellings, and unknown ones."""
    named = dict.fromkeys((*(name for rule in every if rule.on for name in rule.on.tools), *old.tools, *new.tools))
    whole = [name.replace("*", "").replace("?", "x") if is_glob(name) else name for name in named]
    yield from filter(None, whole)
    yield from _UNKNOWN
    for name in whole:
        yield f"mcp__hub__{name}"


def _calls(name: str, old: RuleSet, new: RuleSet, every: Iterable[Rule]) -> Iterator[Call]:
    values: dict[str, list[object]] = {}
    for rule in every:
        if rule.on is None or (rule.on.tools and not any(_about(name, one) for one in rule.on.tools)):
            continue
        for word, options in (rule.require or {}).items():
            for argument, value in _values(word, options):
                known = values.setdefault(argument, [])
                if value not in known:
                    known.append(value)
    for rules in (old, new):
        tool = rules.plan.tool(name)
        for argument in tool.args or () if tool is not None else ():
            values.setdefault(argument, ["x"])
    yield _call(name, {})
    every_one = islice(product(*values.values()), MAX_CALLS) if values else ()
    for some in every_one:
        yield _call(name, dict(zip(values, some, strict=True)))
    for argument, several in values.items():
        for value in several:
            yield _call(name, {argument: value})
    yield _call(name, {"further": "x"}, declared=False)


def _about(name: str, pattern: str) -> bool:
    return is_glob(pattern) or name.endswith(pattern)


def _call(name: str, arguments: Mapping[str, object], *, declared: bool = True) -> Call:
    return Call(name, json.dumps(arguments), declared=frozenset(arguments) if declared else frozenset())


def _values(word: str, options: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield arguments on both sides of what a requirement asks for."""
    match word:
        case "amount" | "total":
            for value in (number for key in ("max", "min") for number in _amounts(options.get(key))):
                yield str(options["of"]), value
        case "count" | "at_most_once_per":
            for name in _list(options.get("of")):
                most = options.get("max", 1)
                for number in (most, int(str(most)) + 1) if isinstance(most, int) and most < 100 else (1,):
                    yield name, [f"x{item}" for item in range(number)]
        case "matches":
            for name, pattern in options.items():
                yield from ((name, text) for text in (*_like(str(pattern)), "elsewhere"))
        case "recipients":
            named = [*_list(options.get("address_in")), *_list(options.get("not_in"))]
            domains = [domain.replace("*", "sub") for domain in _list(options.get("domain_in"))]
            for address in (*named, *(f"ada@{domain}" for domain in domains), f"ada@{_ELSEWHERE}"):
                yield "to", address
        case "url":
            for host in (*_list(options.get("host_in")), _ELSEWHERE):
                for scheme in (*_list(options.get("schemes_in")), "http", "https"):
                    yield _of(options, "url"), f"{scheme}://{host.replace('*', 'sub')}/"
        case "path":
            for folder in (*_list(options.get("inside")), "/elsewhere"):
                yield from ((_of(options, "path"), path) for path in (f"{folder}/x", "x"))
        case "shell":
            for line in (*_list(options.get("programs_in")), "ls", "touch x", "rm -r x", f"curl https://{_ELSEWHERE}/"):
                yield _of(options, "command"), line
        case "sql":
            for table in (*_list(options.get("tables_in")), "elsewhere"):
                for statement in _SQL.values():
                    yield _of(options, "query"), statement.format(table.replace("*", "x"))
        case "content":
            texts = ("hello", f"https://{_ELSEWHERE}/", f"![x](https://{_ELSEWHERE}/)", "ada@example.com")
            yield from ((_of(options, "body"), text) for text in texts)
        case "only_after":
            yield from ((name, "x") for name in _list(options.get("same")))
        case _:
            return


def _amounts(value: object) -> Iterator[object]:
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        found = money(one)
        if found is None:
            continue
        limit, currency = found
        for number in (limit, limit + 1, limit - 1, limit / 2):
            if number >= 0:
                yield (
                    f"{number:f} {currency}"
                    if currency
                    else int(number)
                    if number == number.to_integral()
                    else str(number)
                )


def _like(pattern: str) -> Iterator[str]:
    """Yield texts that a simple pattern may match."""
    for part in pattern.replace("(", "").replace(")", "").split("|"):
        text = part.replace("\\", "")
        for wild in (".+", ".*", "[a-z]+", "[0-9]+", "w+", "d+", "."):
            text = text.replace(wild, "x" if wild != "." else ".")
        yield text


def _of(options: Mapping[str, object], usual: str) -> str:
    return next(iter(_list(options.get("of"))), usual)


def _texts(rule: Rule, word: str, key: str) -> list[str]:
    return _list((rule.require or {}).get(word, {}).get(key))


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [] if value is None else [str(value)]
