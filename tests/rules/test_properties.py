"""What must hold for all rule sets, calls and histories, with every requirement that there is."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.decide.hostile import EXAMPLES
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.rules.making import NOW

from pinnedrules.control.store import Store
from pinnedrules.rules.compare import unproven
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import EFFECTS, Call, Decision, LedgerState, SessionId

TOOLS = {"alpha": ["write"], "bravo": ["send"], "look": ["read"], "run": ["execute"], "charlie": ["spend", "write"]}
STRICT = ["allow", "ask", "deny"]
ANN = SessionId("s", "ann")

# Every requirement as in its example, and some with other options, so that they hold, fail and cannot be decided.
MORE: dict[str, list[dict[str, Any]]] = {
    "amount": [{"of": "amount", "max": 5}, {"of": "amount", "min": 50, "max": 100}],
    "came_from": [{"of": "to", "in": ["user", "trusted"]}],
    "count": [{"per": "session", "max": 1}, {"per": "hour", "max": 2}],
    "never_after": [{"source": "untrusted"}, {"effect": "send"}],
    "only_after": [{"tool": "alpha"}],
    "path": [{"inside": "/srv/a", "of": "path"}],
    "rate": [{"max": 1, "per": "day"}],
    "time": [{"days": ["mon"], "zone": "UTC"}],
    "total": [{"of": "amount", "per": "day", "max": 150}],
    "who": [{"user_in": ["bo"]}, {"tenant_in": ["acme"]}],
}
# One that takes what the rules mention is left out: each further rule mentions more, so that adding one may relax it, which
# is recognised and waits for the role (test_compare).
REQUIREMENTS = st.sampled_from(
    [
        (name, options)
        for name, (first, _) in EXAMPLES.items()
        for options in (first, *MORE.get(name, ()))
        if "rules" not in options.get("in", ())
    ]
)
REQUIRE = st.lists(REQUIREMENTS, min_size=1, max_size=2).map(dict)
ON = st.one_of(
    st.fixed_dictionaries({"tool": st.lists(st.sampled_from([*TOOLS]), min_size=1, max_size=2, unique=True)}),
    st.fixed_dictionaries({"effect": st.sampled_from(EFFECTS)}),
)
RESTRICTING = st.one_of(
    st.fixed_dictionaries({"on": ON, "then": st.sampled_from(["ask", "deny"])}),
    st.fixed_dictionaries({"on": ON, "require": REQUIRE, "else": st.sampled_from(["ask", "deny"])}),
)
ALLOWING = st.one_of(
    st.fixed_dictionaries({"on": ON, "then": st.just("allow")}),
    st.fixed_dictionaries(
        {"on": ON, "require": REQUIRE, "then": st.just("allow")}, optional={"else": st.sampled_from(["ask", "deny"])}
    ),
)


def files(defaults: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return rule files with these defaults; some effect of some tool is always what a rule is about."""
    return st.fixed_dictionaries(
        {
            "default": st.fixed_dictionaries(dict.fromkeys(EFFECTS, st.sampled_from(defaults))),
            "rules": st.lists(RESTRICTING | ALLOWING, min_size=1, max_size=5),
        }
    )


GOOD: dict[str, list[Any]] = {}
for _, _arguments in EXAMPLES.values():
    for _key, _value in _arguments.items():
        GOOD.setdefault(_key, []).append(_value)
VALUES = st.sampled_from(
    ["", "x", "bob@evil.example", "/etc/passwd", "../a", "http://evil.example", "rm -rf a", "drop table t", 7, "7", -1, "150",
     None, True, ["m1", "m2"], {"to": "bob@evil.example"}, "call 030 1234567", "2026-11-22"]
)  # fmt: skip
ARGUMENTS = st.dictionaries(
    st.sampled_from([*GOOD]), st.none(), max_size=3
).flatmap(lambda some: st.fixed_dictionaries({key: st.sampled_from(GOOD[key]) | VALUES for key in some}))  # fmt: skip
CALLS = st.tuples(st.sampled_from([*TOOLS, "other"]), ARGUMENTS, st.booleans()).map(
    lambda one: Call(one[0], json.dumps(one[1]), declared=frozenset(one[1]) if one[2] else frozenset())
)
PAST = st.lists(CALLS, max_size=4)


def made(file: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> RuleSet:
    """Load *file*, or its head with *rules* instead of its own. Rules keep their names wherever they stand."""
    named = [{**rule, "id": rule["id"], "text": "The rule."} for rule in (file["rules"] if rules is None else rules)]
    return load(json.dumps({"version": 1, "default": file["default"], "tools": TOOLS, "rules": named}))


def named(file: dict[str, Any]) -> dict[str, Any]:
    """Return *file* with a name for every rule."""
    return {**file, "rules": [{**rule, "id": f"r{number}"} for number, rule in enumerate(file["rules"])]}


def remembered(rules: RuleSet, past: list[Call]) -> LedgerState:
    """Return the ledger after these calls were released, whatever the rules say to them."""
    ledger = LedgerState(whose=ANN)
    for call in past:
        ledger = after(rules, call, decide(rules, call, ledger, NOW), ledger, NOW)
    return ledger


def said(decision: Decision) -> tuple[object, ...]:
    """Return what of a decision the order of the rules does not change."""
    return decision.verdict, decision.effects, set(decision.rules), set(decision.undecided), set(decision.reasons)


@settings(max_examples=150)
@given(files(STRICT), PAST, CALLS)
def test_deny_dominates(file: dict[str, Any], past: list[Call], call: Call) -> None:
    """Any deny: deny. What one rule alone denies no other rule permits."""
    file = named(file)
    whole = made(file)
    ledger = remembered(whole, past)
    together = decide(whole, call, ledger, NOW)
    for rule in file["rules"]:
        alone = decide(made(file, [rule]), call, ledger, NOW)
        if alone.verdict == "deny" and alone.rules:
            assert together.verdict == "deny"
            assert rule["id"] in together.rules
    event(together.verdict)


@settings(max_examples=150)
@given(files(["allow", "ask"]), RESTRICTING, PAST, CALLS)
def test_one_more_restricting_rule_never_allows_more(
    file: dict[str, Any], more: dict[str, Any], past: list[Call], call: Call
) -> None:
    """A rule that only asks or denies makes no call come off better, and adding it needs no role (invariant 4)."""
    file = named(file)
    more = {**more, "id": "more"}
    before, now = made(file), made(file, [*file["rules"], more])
    ledger = remembered(now, past)
    first, second = decide(before, call, ledger, NOW), decide(now, call, ledger, NOW)
    assert STRICT.index(second.verdict) >= STRICT.index(first.verdict)
    assert unproven(before, now) == ""
    event(f"{first.verdict}, then {second.verdict}")


@settings(max_examples=100)
@given(files(STRICT), RESTRICTING, CALLS)
def test_a_rule_that_objects_never_makes_a_refused_call_allowed(
    file: dict[str, Any], more: dict[str, Any], call: Call
) -> None:
    """Also where the default denies, of which a rule that asks makes a question, nothing becomes an allow."""
    file = named(file)
    ledger = LedgerState(whose=ANN)
    before = decide(made(file), call, ledger, NOW)
    now = decide(made(file, [*file["rules"], {**more, "id": "more"}]), call, ledger, NOW)
    assert before.verdict == "allow" or now.verdict != "allow"
    assert not (before.verdict == "deny" and before.rules) or now.verdict == "deny"


@settings(max_examples=150)
@given(files(STRICT), PAST, CALLS, st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(
    file: dict[str, Any], past: list[Call], call: Call, draw: Any
) -> None:  # fmt: skip
    """A rule file can be read in any order: the same verdict, by the same rules, for the same reasons."""
    file = named(file)
    other = deepcopy(file["rules"])
    draw.shuffle(other)
    whole = made(file)
    ledger = remembered(whole, past)
    assert said(decide(whole, call, ledger, NOW)) == said(decide(made(file, other), call, ledger, NOW))


TIGHTER = ["a default", "an else", "a then", "without an allow"]


@pytest.mark.parametrize("how", TIGHTER)
@settings(max_examples=60)
@given(file=files(["allow", "ask"]))
def test_a_tightening_needs_no_role(how: str, file: dict[str, Any]) -> None:
    """Tightening applies at once, relaxing waits for the role: what is stricter in one word is proven to be."""
    file = named(file)
    tight = deepcopy(file)
    if how == "a default":
        tight["default"] = dict.fromkeys(EFFECTS, "ask")
    for rule in tight["rules"]:
        if how == "an else" and "else" in rule:
            rule["else"] = "deny"
        if how == "a then" and rule.get("then") == "ask":
            rule["then"] = "deny"
    if how == "without an allow":
        tight["rules"] = [rule for rule in tight["rules"] if "allow" not in rule.values() or "else" in rule]
        for rule in tight["rules"]:
            if rule.get("then") == "allow":
                del rule["then"]
        if not all(verdict == "ask" for verdict in tight["default"].values()) or not tight["rules"]:
            return  # where the default allows, an allow may be what kept another rule's ask away; no file is empty
    assert unproven(made(file), made(tight)) == ""


@settings(max_examples=60, deadline=None)
@given(files(["allow", "ask"]), st.lists(st.tuples(CALLS, st.booleans()), min_size=1, max_size=8))
def test_a_restart_and_a_compaction_change_no_decision(
    tmp_path_factory: pytest.TempPathFactory, file: dict[str, Any], steps: list[tuple[Call, bool]]
) -> None:
    """A rule over history decides the same after any number of compactions and restarts as before them (invariant 5).

    Neither takes part in a decision: all that is read are the call, the rules and the ledger, which is read back from disk.
    """
    file = named(file)
    path: Path = tmp_path_factory.mktemp("state") / "store.sqlite"
    store, rules = Store(path), made(file)
    lasting, fresh = LedgerState(whose=ANN), rules
    for number, (call, restart) in enumerate(steps):
        now = replace(NOW, utc_us=NOW.utc_us + number * 1_000_000)
        if restart:
            store.close()
            store, fresh = Store(path), made(file)
        kept = store.read_ledger(ANN)
        decision = decide(fresh, call, kept, now)
        assert decision == decide(rules, call, lasting, now)
        changed, lasting = after(fresh, call, decision, kept, now), after(rules, call, decision, lasting, now)
        assert changed is kept or store.write_ledger(ANN, changed)
    store.close()
