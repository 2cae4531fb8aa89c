"""Relaxing is recognised by meaning: a rule set that some call comes off better under is never taken for a tightening."""

from __future__ import annotations

import json
import time
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.rules import reference
from tests.rules.making import EXAMPLE, NOW
from tests.rules.test_differential import CALLS, FILES, matchable, numbered

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.compare import unproven, weaker
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.narrower import narrower
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.witness import rank
from pinnedrules.types import EFFECTS, Call, Decision, LedgerState, SessionId

EXAMPLE_RULES = load(EXAMPLE)


def changed(*edits: tuple[str, str]) -> RuleSet:
    """Return the example with some of its text replaced."""
    text = EXAMPLE
    for before, now in edits:
        assert before in text
        text = text.replace(before, now)
    return load(text)


TIGHTER = [
    ("max: 100", "max: 50"),
    ("max: 500", "max: 0"),
    ("on: {effect: delete}\n    then: ask", "on: {effect: delete}\n    then: deny"),
    ("on: {effect: delete}", "on: {effect: [delete, write]}"),
    ("else: ask\n    then: allow", "else: deny\n    then: allow"),
    ("else: ask\n    then: allow", "else: ask\n    then: ask"),
    ("else: ask\n    then: allow", "else: ask"),
    ("require: {amount: {of: amount, max: 100}, ", "require: {amount: {of: amount, max: 100}, who: {user_in: [ada]}, "),
    ("recipients: {domain_in: [example.com]}", "recipients: {domain_in: [example.com], not_in: [all@example.com]}"),
    ("other: ask}", "other: deny}"),
    ("{read: allow, ", "{read: ask, "),
    ("Only suggest deletions.", "Never even suggest deletions."),
    (
        "rules:\n",
        "rules:\n  - {id: new, text: N., on: {effect: spend}, require: {time: {days: [mon], zone: UTC}}, else: deny}\n",
    ),
    ("rules:\n", "rules:\n  - {id: new, text: N., on: crm.note}\n"),
    ("rules:\n", "rules:\n  - {id: new, text: Only a sentence.}\n"),
    ("rules:\n", "servers: {hub: {tools: {get: sha256:" + "1" * 64 + "}}}\nrules:\n"),
]


@pytest.mark.parametrize(("before", "now"), TIGHTER)
def test_a_tightening_is_proven(before: str, now: str) -> None:
    """A tightening patch never needs a role."""
    assert weaker(EXAMPLE_RULES, changed((before, now))) is None


RELAXED = [
    ("max: 100", "max: 150", 'refund {"amount": 150}: was ask, becomes allow'),
    ("[example.com]", "[example.com, b.example]", 'send_email {"to": "ada@b.example"}: was deny, becomes allow'),
    ("else: deny\n    then: allow", "else: ask\n    then: allow", "was deny, becomes ask"),
    ("{of: amount, per: day, max: 500}", "{of: amount, per: day, max: 900}", "was ask, becomes allow"),
    ("require: {never_after: {source: untrusted}}\n    else: ask", "require: {never_after: {tool: x}}\n    else: ask",
     "after reading from outside: was ask, becomes allow"),
    ("on: {effect: delete}\n    then: ask", "on: {effect: delete}\n    then: allow", "was ask, becomes allow"),
    ("other: ask}", "other: allow}", "was ask, becomes allow"),
    ("  refund: spend\n", "  refund: spend\n  transfer: read\n", "transfer {}: was ask, becomes allow"),
    ("rules:\n", "rules:\n  - {id: new, text: N., on: act, then: allow}\n", "act {}: was ask, becomes allow"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "now", "shown"), RELAXED)
def test_a_relaxing_is_shown_by_a_call(before: str, now: str, shown: str) -> None:
    """Relaxing is recognised by meaning: some call's verdict gets weaker, and that call is named."""
    found = weaker(EXAMPLE_RULES, changed((before, now)))
    assert found is not None
    assert shown in str(found)
    assert found.witness is not None
    assert found.why


def test_what_is_not_proven_counts_as_weaker() -> None:
    """Without a proof and without a call that shows it, a change counts as a relaxing, and says so."""
    found = weaker(EXAMPLE_RULES, changed(("{effect: read, source: untrusted}", "{effect: read, source: trusted}")))
    assert found is not None
    assert found.witness is None
    assert str(found) == (
        "that no call gets a weaker verdict is not proven: the tool gmail.search: its source is believed more"
    )


def rules(body: str, *, head: str = "") -> RuleSet:
    return load(f"version: 1\n{head}rules:\n{body}")


ACT = "  - {id: a, text: A., on: act, then: allow}\n"
DENIES = "default: {read: allow, other: deny}\n"

# Each looks like a tightening and is none: what a careless proof would let through.
TRAPS = {
    "an ask stands before a default that denies": (
        rules(ACT, head=DENIES),
        rules(ACT + "  - {id: b, text: B., on: {effect: delete}}\n", head=DENIES),
    ),
    "a permission for a loosely equal name was none, so an ask in its place is more": (
        rules(ACT, head=DENIES),
        rules(ACT.replace("allow", "ask"), head=DENIES),
    ),
    "an ask keeps a call from being rewritten into one that is denied": (
        rules(
            "  - {id: a, text: A., on: act, then: {rewrite: [{op: add, path: /to, value: eve@example.org}]}}\n"
            "  - {id: b, text: B., on: act, require: {matches: {to: x}}, else: deny}\n",
            head="tools: {act: {effect: write, args: [to]}}\n",
        ),
        rules(
            "  - {id: a, text: A., on: act, then: {rewrite: [{op: add, path: /to, value: eve@example.org}]}}\n"
            "  - {id: b, text: B., on: act, require: {matches: {to: x}}, else: deny}\n"
            "  - {id: c, text: C., on: act}\n",
            head="tools: {act: {effect: write, args: [to]}}\n",
        ),
    ),
    "a tool with more effects may fall under a permission by effect": (
        rules("  - {id: a, text: A., on: {effect: send}, then: allow}\n", head="default: ask\ntools: {act: read}\n"),
        rules(
            "  - {id: a, text: A., on: {effect: send}, then: allow}\n",
            head="default: ask\ntools: {act: [read, write, send]}\n",
        ),
    ),
    "a tool that no longer only reads loses the send of a read at a place that it names": (
        rules("  - {id: a, text: A., on: {effect: send}, then: deny}\n", head="tools: {act: read}\n"),
        rules("  - {id: a, text: A., on: {effect: send}, then: deny}\n", head="tools: {act: [read, write]}\n"),
    ),
    "a tool that is declared to delete no longer counts as one that writes": (
        rules("  - {id: a, text: A., on: {effect: write}, then: deny}\n"),
        rules("  - {id: a, text: A., on: {effect: write}, then: deny}\n", head="tools: {act: delete}\n"),
    ),
    "arguments that are listed are declared": (
        rules(ACT, head="tools: {act: write}\n"),
        rules(ACT, head="tools: {act: {effect: write, args: [x, further]}}\n"),
    ),
    "with fewer folders a relative path begins elsewhere": (
        rules(
            "  - {id: a, text: A., on: act, require: {path: {inside: [/a/b, /c]}}, then: allow, else: deny}\n",
            head="tools: {act: write}\n",
        ),
        rules(
            "  - {id: a, text: A., on: act, require: {path: {inside: [/c]}}, then: allow, else: deny}\n",
            head="tools: {act: write}\n",
        ),
    ),
    "with a burst, fewer calls are further apart": (
        rules("  - {id: a, text: A., on: act, require: {rate: {max: 60, per: minute, burst: 5}}, else: ask}\n"),
        rules("  - {id: a, text: A., on: act, require: {rate: {max: 6, per: minute, burst: 5}}, else: ask}\n"),
    ),
    "what a carrying call is asked about is asked of the carried one, with other arguments": (
        rules("  - {id: a, text: A., on: execute_tool, require: {amount: {of: n, max: 1}}, else: deny}\n"),
        rules("  - {id: a, text: A., on: [execute_tool, act], require: {amount: {of: n, max: 1}}, else: deny}\n"),
    ),
    "a rule that is about more calls meets what another rule waits for": (
        rules(
            "  - {id: a, text: A., on: look, then: ask}\n"
            "  - {id: b, text: B., on: act, require: {only_after: {rule: a}}, else: deny}\n"
        ),
        rules(
            "  - {id: a, text: A., on: [look, peek], then: ask}\n"
            "  - {id: b, text: B., on: act, require: {only_after: {rule: a}}, else: deny}\n"
        ),
    ),
    "another server's pin of the same tool is met by another definition": (
        rules(ACT, head=f"servers: {{one: {{tools: {{act: {'1' * 64!r}}}}}}}\n"),
        rules(ACT, head=f"servers: {{one: {{tools: {{act: {'1' * 64!r}}}}}, two: {{tools: {{act: {'2' * 64!r}}}}}}}\n"),
    ),
    "without schemes a bare host counts": (
        rules("  - {id: a, text: A., on: act, require: {url: {host_in: [a.org], schemes_in: [https]}}, else: deny}\n"),
        rules("  - {id: a, text: A., on: act, require: {url: {host_in: [a.org]}}, else: deny}\n"),
    ),
    "a limit in another currency reads other amounts": (
        rules("  - {id: a, text: A., on: act, require: {amount: {of: n, max: 100 EUR}}, else: deny}\n"),
        rules("  - {id: a, text: A., on: act, require: {amount: {of: n, max: 50 USD}}, else: deny}\n"),
    ),
    "a sum of another period begins at nothing": (
        rules("  - {id: a, text: A., on: act, require: {total: {of: n, per: session, max: 9}}, else: deny}\n"),
        rules("  - {id: a, text: A., on: act, require: {total: {of: n, per: call, max: 9}}, else: deny}\n"),
    ),
    "a renamed rule begins its sum at nothing": (
        rules("  - {id: a, text: A., on: act, require: {total: {of: n, per: session, max: 9}}, else: deny}\n"),
        rules("  - {id: b, text: A., on: act, require: {total: {of: n, per: session, max: 9}}, else: deny}\n"),
    ),
    "a value that a new sentence mentions may be used where the rules' own values may": (
        rules("  - {id: a, text: A., on: act, require: {came_from: {of: to, in: rules}}, then: allow, else: deny}\n"),
        rules(
            "  - {id: a, text: A., on: act, require: {came_from: {of: to, in: rules}}, then: allow, else: deny}\n"
            "  - {id: b, text: Mail eve@example.org., on: {effect: delete}, require: {who: {user_in: [a]}}, else: ask}\n"
        ),
    ),
    "a rule that is gone": (rules(ACT + "  - {id: b, text: B., on: act, then: deny}\n"), rules(ACT)),
    "a rule that is about fewer calls": (
        rules("  - {id: b, text: B., on: [act, move], then: deny}\n"),
        rules("  - {id: b, text: B., on: [act], then: deny}\n"),
    ),
    "a requirement that is gone": (
        rules("  - {id: b, text: B., on: act, require: {who: {user_in: [a]}, amount: {of: n, max: 1}}, else: deny}\n"),
        rules("  - {id: b, text: B., on: act, require: {who: {user_in: [a]}}, else: deny}\n"),
    ),
    "a rule that only is a sentence now": (
        rules("  - {id: b, text: B., on: act, then: deny}\n"),
        rules("  - {id: b, text: B.}\n"),
    ),
    "a patch that is another one": (
        rules("  - {id: a, text: A., on: act, then: {rewrite: [{op: add, path: /dry, value: true}]}}\n"),
        rules("  - {id: a, text: A., on: act, then: {rewrite: [{op: add, path: /dry, value: false}]}}\n"),
    ),
    "a rewriting rule that is gone": (
        rules(ACT + "  - {id: b, text: B., on: act, then: {rewrite: [{op: add, path: /dry, value: true}]}}\n"),
        rules(ACT),
    ),
    "a trusted server's pins relax": (
        rules(ACT),
        rules(ACT, head=f"servers: {{one: {{trusted: true, tools: {{get: {'1' * 64!r}}}}}}}\n"),
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_what_only_looks_like_a_tightening_is_not_proven(name: str) -> None:
    """Returns None only if it is proven that no call's verdict gets weaker."""
    old, new = TRAPS[name]
    assert weaker(old, new) is not None


def test_what_an_agent_may_take_from_itself() -> None:
    """A permission that is removed or narrowed, and effects that a tool has in addition, are tightenings."""
    two = (
        "  - {id: a, text: A., on: [act, move], then: allow}\n  - {id: b, text: B., on: {effect: send}, then: allow}\n"
    )
    assert weaker(rules(two), rules("  - {id: a, text: A., on: [act], then: allow}\n")) is None
    asks = "  - {id: b, text: B., on: {effect: delete}, then: ask}\n"
    old, new = (rules(asks, head=f"tools: {{act: {effects}}}\n") for effects in ("write", "[write, delete]"))
    assert weaker(old, new) is None
    assert weaker(new, old) is not None
    fewer = [rules(asks, head=f"tools: {{act: {{effect: write, args: {args}}}}}\n") for args in ("[a, b]", "[a]")]
    assert weaker(*fewer) is None
    outside = [
        rules(asks, head=f"tools: {{act: {{effect: read{source}}}}}\n") for source in ("", ", source: untrusted")
    ]
    assert weaker(*outside) is None


NARROWER: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("amount", {"of": "n", "max": 9}, {"of": "n", "max": 8}, True),
    ("amount", {"of": "n", "max": 9}, {"of": "m", "max": 8}, False),
    ("amount", {"of": "n", "max": 9}, {"of": "n", "max": 9, "min": 1}, True),
    ("amount", {"of": "n", "max": 9, "min": 1}, {"of": "n", "max": 9, "min": 2}, True),
    ("amount", {"of": "n", "max": 9, "min": 1}, {"of": "n", "max": 9}, False),
    ("amount", {"of": "n", "max": 9}, {"of": "n", "min": 9}, False),
    ("amount", {"of": "n", "max": ["9 EUR", "9 USD"]}, {"of": "n", "max": ["8 EUR", "9 USD"]}, True),
    ("amount", {"of": "n", "max": ["9 EUR", "9 USD"]}, {"of": "n", "max": "8 EUR"}, False),
    ("count", {"per": "hour", "max": 9}, {"per": "hour", "max": 8}, True),
    ("count", {"per": "hour", "max": 9}, {"per": "day", "max": 8}, False),
    ("count", {"per": "hour", "max": 9}, {"per": "hour", "max": 10}, False),
    ("total", {"of": "n", "per": "day", "max": 9}, {"of": "n", "per": "day", "max": "8 EUR"}, False),
    ("rate", {"per": "hour", "max": 9}, {"per": "hour", "max": 8}, True),
    ("rate", {"per": "hour", "max": 9, "burst": 3}, {"per": "hour", "max": 9, "burst": 2}, True),
    ("rate", {"per": "hour", "max": 9}, {"per": "day", "max": 8}, False),
    ("rate", {"per": "hour", "max": 9}, {"per": "hour", "max": 10}, False),
    ("matches", {"a": "x"}, {"a": "x", "b": "y"}, True),
    ("matches", {"a": "x|y"}, {"a": "x"}, False),
    ("recipients", {"domain_in": ["a.org", "b.org"]}, {"domain_in": ["a.org"]}, True),
    ("recipients", {"domain_in": ["a.org"]}, {"domain_in": ["a.org"], "address_in": ["a@b.org"]}, False),
    ("recipients", {"domain_in": ["a.org"]}, {"domain_in": ["a.org"], "of": "x"}, False),
    ("recipients", {"domain_in": ["a.org"], "not_in": ["a@a.org"]}, {"domain_in": ["a.org"]}, False),
    ("url", {"host_in": ["a.org"]}, {"host_in": ["a.org"], "schemes_in": ["https"]}, True),
    ("url", {"host_in": ["a.org"]}, {"host_in": ["a.org"], "schemes_in": ["ftp"]}, False),
    ("url", {"host_in": "a.org"}, {"host_in": ["a.org", "b.org"]}, False),
    ("shell", {"programs_in": ["ls", "cat"]}, {"programs_in": "ls", "inside": "/a"}, True),
    ("shell", {"programs_in": ["ls"], "inside": ["/a", "/b"]}, {"programs_in": ["ls"], "inside": ["/a"]}, False),
    ("shell", {"programs_in": ["ls"]}, {"programs_in": ["ls"], "effects_in": ["read"]}, True),
    ("shell", {"programs_in": ["ls"]}, {"programs_in": ["ls"], "effects_in": ["read", "delete"]}, False),
    ("shell", {"programs_in": ["ls"]}, {"effects_in": ["read"]}, False),
    ("sql", {"statements_in": ["select"]}, {"statements_in": ["select"], "tables_in": ["a"]}, True),
    ("sql", {"statements_in": ["select"], "tables_in": ["a"]}, {"statements_in": ["select"]}, False),
    ("sql", {"statements_in": ["select"]}, {"statements_in": ["select"], "dialect": "mysql"}, False),
    ("content", {"without": ["links"]}, {"without": ["links", "secrets"]}, True),
    ("content", {"without": ["links"]}, {"without": ["links"], "hosts_in": ["a.org"]}, False),
    ("content", {"without": ["links"], "hosts_in": ["a.org"]}, {"without": ["links"]}, True),
    ("time", {"days": ["mon", "tue"], "zone": "UTC"}, {"days": ["mon"], "between": "09:00-17:00", "zone": "UTC"}, True),
    ("time", {"days": ["mon"], "zone": "UTC"}, {"days": ["mon"], "between": "22:00-06:00", "zone": "UTC"}, False),
    ("time", {"days": ["mon"], "zone": "UTC"}, {"days": ["mon"], "zone": "Europe/Berlin"}, False),
    ("who", {"user_in": ["a", "b"]}, {"user_in": ["a"], "tenant_in": ["t"]}, True),
    ("who", {"user_in": ["a"]}, {"tenant_in": ["t"]}, False),
    ("came_from", {"of": "a", "in": ["user", "trusted"]}, {"of": ["a", "b"], "in": "user"}, True),
    ("came_from", {"of": "a", "in": ["user"]}, {"of": "a", "in": ["user", "trusted"]}, False),
    ("python", {"call": "a:b"}, {"call": "a:c"}, False),
    ("path", {"inside": ["/a"]}, {"inside": ["/a/b"]}, False),
    ("never_after", {"tool": "a"}, {"tool": ["a", "b"]}, False),
    ("a word of tomorrow", {"max": 9}, {"max": 8}, False),
]


@pytest.mark.parametrize(("name", "old", "new", "is_narrower"), NARROWER)
def test_a_requirement_is_narrower_only_where_that_is_certain(
    name: str, old: dict[str, Any], new: dict[str, Any], is_narrower: bool
) -> None:
    """Requirement options only narrower, per predicate; unknown is not provable."""
    assert narrower(name, old, new) is is_narrower
    assert narrower(name, old, old)
    for options in (old, new) if name in PREDICATES else ():
        PREDICATES[name].build(options, "r")


# For all inputs.

_EDITS = ["add", "remove", "then", "else", "max", "default", "effects", "tool", "require", "on", "args"]


@st.composite
def edited(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two rule files, the second the first with some edits, most of which tighten."""
    old: dict[str, Any] = draw(FILES)
    numbered(old)
    if draw(st.booleans()):
        old["default"] = {effect: "ask" if verdict == "deny" else verdict for effect, verdict in old["default"].items()}
    new = deepcopy(old)
    for edit in draw(st.lists(st.sampled_from(_EDITS), min_size=1, max_size=3)):
        rule = draw(st.sampled_from(new["rules"]))
        match edit:
            case "add":
                more: dict[str, Any] = draw(FILES)
                numbered(more)
                for one in more["rules"][:2]:
                    new["rules"].append({**one, "id": f"n{len(new['rules'])}"})
            case "remove" if len(new["rules"]) > 1:
                new["rules"].remove(rule)
            case "then" | "else":
                if edit in rule:
                    rule[edit] = draw(st.sampled_from(["ask", "deny"]))
            case "max":
                for options in rule.get("require", {}).values():
                    if "max" in options:
                        options["max"] = max(0, options["max"] - draw(st.integers(-1, 3)))
            case "default":
                effect = draw(st.sampled_from(EFFECTS))
                new["default"][effect] = draw(st.sampled_from(["ask", "deny"]))
            case "effects" | "tool":
                name = draw(st.sampled_from([*new["tools"], "alpha"]))
                chosen = {*new["tools"].get(name, []), *draw(st.sets(st.sampled_from(EFFECTS), min_size=1, max_size=3))}
                new["tools"][name] = [effect for effect in EFFECTS if effect in chosen]
            case "require":
                more = draw(FILES)
                found: dict[str, Any] = next((one["require"] for one in more["rules"] if "require" in one), {})
                if "require" in rule:
                    rule["require"] = {**found, **rule["require"]}
                elif rule.get("then") == "allow":
                    rule.update(require=found or {"amount": {"of": "n", "max": 1}}, **{"else": "deny"})
            case "on":
                for key in ("tool", "effect"):
                    if key in rule["on"]:
                        rule["on"][key] = list(
                            dict.fromkeys(
                                [
                                    *rule["on"][key],
                                    draw(st.sampled_from(["delta", "alpha"] if key == "tool" else EFFECTS)),
                                ]
                            )
                        )
            case _:
                pass
    return old, new


def _loaded(file: dict[str, Any]) -> RuleSet | None:
    try:
        return load(reference.text(file))
    except RuleFileError:
        return None


def _ledger(sets: tuple[RuleSet, ...], facts: dict[str, Any]) -> LedgerState:
    session = {
        f"{word}:{rule.id}": str(facts["spent"])
        for rules in sets
        for rule in rules.rules
        for word in ("total", "count")
    }
    if facts["untrusted"]:
        session["read_untrusted"] = "1"
    ledger = LedgerState(session=session, whose=SessionId("s", facts["user"]))
    for rules in sets if facts["looked"] else ():
        ledger = after(rules, Call("look", "{}"), Decision("allow", ("write",)), ledger, NOW)
    return ledger


FACTS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["", "ada", "eve"]),
        "untrusted": st.booleans(),
        "looked": st.booleans(),
        "spent": st.integers(0, 5),
    }
)
SPELT = st.sampled_from(["{}", "mcp__hub__{}", "{}_delete", "Send.{}"])
PLACES = st.sampled_from([{}, {}, {"url": "https://a.org/"}, {"query": "drop table x"}, {"command": "rm x"}])


@settings(max_examples=500, deadline=None)
@given(
    edited(),
    st.lists(st.tuples(CALLS, SPELT, PLACES, st.booleans()), min_size=4, max_size=12),
    st.lists(FACTS, min_size=2, max_size=3),
)
def test_no_call_comes_off_better_under_what_is_proven_no_weaker(
    files: tuple[dict[str, Any], dict[str, Any]],
    calls: list[tuple[dict[str, Any], str, dict[str, Any], bool]],
    every: list[dict[str, Any]],
) -> None:
    """If nothing is weaker, then no generated call gets a weaker verdict, whatever its name, its arguments and the ledger."""
    old, new = _loaded(files[0]), _loaded(files[1])
    if old is None or new is None:
        return
    why = unproven(old, new)
    event("proven" if not why else "not proven")
    if why:
        return
    for facts in every:
        ledger = _ledger((old, new), facts)
        for call, spelling, place, carried in calls:
            arguments = {**call["arguments"], **place}
            made = Call(spelling.format(call["name"]), json.dumps(arguments), declared=frozenset(call["declared"]))
            if carried:
                inner = {"tool_name": made.name, "arguments": arguments}
                made = Call("execute_tool", json.dumps(inner), declared=frozenset(inner))
            was, becomes = decide(old, made, ledger, NOW), decide(new, made, ledger, NOW)
            assert rank(becomes) >= rank(was), f"{made.name} {made.arguments}: was {was}, becomes {becomes}"


@given(FILES.filter(matchable))
def test_a_rule_set_is_no_weaker_than_itself(file: dict[str, Any]) -> None:
    """Nothing changed is nothing relaxed, whatever the order of the rules and their sentences."""
    numbered(file)
    rules = load(reference.text(file))
    turned = deepcopy(file)
    turned["rules"].reverse()
    for rule in turned["rules"]:
        rule["text"] = f"{rule['text']} In other words."
    assert weaker(rules, rules) is None
    assert weaker(rules, load(reference.text(turned))) is None


@settings(max_examples=60, deadline=None)
@given(FILES.filter(matchable), FILES.filter(matchable))
def test_a_witness_is_one(first: dict[str, Any], second: dict[str, Any]) -> None:
    """The call that is shown really has these two verdicts."""
    numbered(first)
    numbered(second)
    old, new = load(reference.text(first)), load(reference.text(second))
    found = weaker(old, new)
    if found is None or found.witness is None or found.witness.told:
        return
    call, ledger = found.witness.call, LedgerState(whose=SessionId("s"))
    was, becomes = decide(old, call, ledger, NOW), decide(new, call, ledger, NOW)
    if not any("time" in rule.get("require", {}) for rule in (*first["rules"], *second["rules"])):
        assert rank(becomes) < rank(was)


def test_a_hostile_pair_is_compared_in_bounded_time() -> None:
    """A thousand rules with many values each are no way to hang whoever compares them."""
    domains = ", ".join(f"d{one}.org" for one in range(20))
    require = f"{{recipients: {{domain_in: [{domains}]}}}}"
    body = "".join(
        f"  - {{id: r{number}, text: T., on: t{number}, require: {require}, else: deny}}\n" for number in range(300)
    )
    old, new = rules(body), rules(body.replace("else: deny", "else: ask", 1).replace("r299", "r300"))
    began = time.process_time()
    assert weaker(old, new) is not None
    assert time.process_time() - began < 20


def test_sets_that_rewrite_can_still_be_tightened_by_a_deny() -> None:
    """A deny stays one at every stage of rewriting."""
    patch = "  - {id: a, text: A., on: act, then: {rewrite: [{op: add, path: /dry, value: true}]}}\n"
    old = rules(patch + "  - {id: b, text: B., on: act, require: {amount: {of: n, max: 9}}, else: deny, then: allow}\n")
    new = rules(patch + "  - {id: b, text: B., on: act, require: {amount: {of: n, max: 1}}, else: deny}\n")
    assert weaker(old, new) is None
    assert weaker(new, old) is not None


def rehearsed(
    require: str, then: str = "{rewrite: [{op: add, path: /dry, value: true}]}", otherwise: str = "deny"
) -> RuleSet:
    """Return rules of which one rewrites what meets its requirement."""
    wanted = f"require: {require}, else: {otherwise}, " if require else ""
    return rules(f"  - {{id: a, text: A., on: act, {wanted}then: {then}}}\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{amount: {of: n, max: 100}}", "{amount: {of: n, max: 50}}"),
        ("{recipients: {domain_in: [a.example, b.example]}}", "{recipients: {domain_in: [a.example]}}"),
        ("{amount: {of: n, max: 100}}", "{amount: {of: n, max: 100}, who: {user_in: [ann]}}"),
        ("", "{amount: {of: n, max: 100}}"),
    ],
)
def test_a_rewriting_rule_that_denies_more_is_a_tightening(old: str, new: str) -> None:
    """What no longer meets its requirement is denied at every stage of rewriting, so nobody's role is needed."""
    assert weaker(rehearsed(old), rehearsed(new)) is None
    found = weaker(rehearsed(new), rehearsed(old))
    assert found is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            rehearsed("{amount: {of: n, max: 100}}", otherwise="ask"),
            rehearsed("{amount: {of: n, max: 50}}", otherwise="ask"),
        ),
        (rehearsed("{amount: {of: n, max: 100}}", otherwise="ask"), rehearsed("{amount: {of: n, max: 50}}")),
        (
            rehearsed("{amount: {of: n, max: 100}}", "allow", "{rewrite: [{op: add, path: /n, value: 1}]}"),
            rehearsed("{amount: {of: n, max: 50}}", "allow", "{rewrite: [{op: add, path: /n, value: 1}]}"),
        ),
        (rehearsed("{amount: {of: n, max: 100}}"), rehearsed("{who: {user_in: [ann]}}")),
    ],
    ids=["asks more", "denies instead of asking", "rewrites more", "asks for something else"],
)
def test_other_changes_of_a_rewriting_rule_are_not_proven(old: RuleSet, new: RuleSet) -> None:
    """An ask keeps a call from being rewritten into one that is denied, and what is rewritten may be permitted then."""
    assert unproven(old, new) == "the rule a rewrites otherwise"


def test_the_rule_that_rewrites_otherwise_is_the_one_that_is_named() -> None:
    """A person who reads why a patch counts as relaxing looks at the rule that changed, and not at another one."""
    kept = "  - {id: a, text: A., on: act, then: {rewrite: [{op: add, path: /dry, value: true}]}}\n"
    patched = "  - {id: b, text: B., on: act, then: {rewrite: [{op: add, path: /n, value: %d}]}}\n"
    found = weaker(rules(kept + patched % 1), rules(kept + patched % 2))
    assert found is not None
    assert "the rule b rewrites otherwise" in found.why
