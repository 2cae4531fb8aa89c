"""The decider against an obvious reference implementation, over generated rule sets, calls and ledgers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.rules import reference
from tests.rules.making import NOW

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.predicates.times import DAYS
from pinnedrules.types import EFFECTS, Call, Decision, LedgerState, SessionId

TOOLS = ["alpha", "bravo", "charlie", "delta"]
ARGUMENTS = ["n", "m", "word"]
VERDICTS = st.sampled_from(["allow", "ask", "deny"])
SOME_EFFECTS = st.lists(st.sampled_from(EFFECTS), min_size=1, max_size=3, unique=True).map(
    lambda some: sorted(some, key=EFFECTS.index)
)
SMALL = st.integers(0, 4)

AMOUNTS = st.tuples(st.sampled_from(["n", "m"]), SMALL, SMALL | st.none()).map(
    lambda one: {"of": one[0], "max": one[1], **({"min": min(one[1], one[2])} if one[2] is not None else {})}
)
REQUIRE = st.fixed_dictionaries(
    {},
    optional={
        "amount": AMOUNTS,
        "who": st.fixed_dictionaries({"user_in": st.lists(st.sampled_from(["ada", "bo"]), min_size=1, unique=True)}),
        "time": st.fixed_dictionaries(
            {"days": st.lists(st.sampled_from(DAYS), min_size=1, unique=True), "zone": st.just("UTC")}
        ),
        "path": st.just({"inside": "/srv", "of": "word"}),
        "recipients": st.just({"domain_in": ["example.com"]}),
        "url": st.just({"host_in": ["example.com"]}),
        "total": st.fixed_dictionaries({"of": st.just("n"), "per": st.just("session"), "max": SMALL}),
        "matches": st.dictionaries(st.sampled_from(ARGUMENTS), st.sampled_from(["x", "y"]), min_size=1),
        "never_after": st.sampled_from([{"source": "untrusted"}, {"tool": "look"}]),
        "only_after": st.just({"tool": "look"}),
        "count": st.fixed_dictionaries({"per": st.just("session"), "max": SMALL})
        | st.fixed_dictionaries({"of": st.sampled_from(["n", "m"]), "per": st.just("call"), "max": SMALL}),
    },
).filter(bool)

STRICT = ["allow", "ask", "deny"]


def _possible(rule: dict[str, Any]) -> bool:
    """Leave out what the loader refuses: then stricter than else, and saying nothing."""
    then, otherwise = rule.get("then"), rule.get("else")
    if "require" not in rule:
        return otherwise is None
    rank = STRICT.index(then) if then else 0
    return (then is not None or otherwise is not None) and rank <= (STRICT.index(otherwise) if otherwise else 0)


RULES = st.fixed_dictionaries(
    {"on": st.one_of(
        st.fixed_dictionaries({"tool": st.lists(st.sampled_from(TOOLS), min_size=1, max_size=2, unique=True)}),
        st.fixed_dictionaries({"effect": SOME_EFFECTS}),
        st.fixed_dictionaries({"tool": st.lists(st.sampled_from(TOOLS), min_size=1, max_size=2, unique=True),
        "effect": SOME_EFFECTS}),
    )},
    optional={"require": REQUIRE, "then": VERDICTS, "else": st.sampled_from(["ask", "deny"])},
).filter(_possible)  # fmt: skip

FILES = st.fixed_dictionaries(
    {
        "default": st.fixed_dictionaries(dict.fromkeys(EFFECTS, VERDICTS)),
        "tools": st.dictionaries(st.sampled_from(TOOLS[:3]), SOME_EFFECTS),
        "rules": st.lists(RULES, min_size=1, max_size=6),
    }
)
VALUES = SMALL | st.sampled_from(["x", "y", "", None, True, -1, [1]])
ADDRESSES = st.sampled_from(["ann@example.com", "bob@evil.example", "", None, 7, "nobody"])
URLS = st.sampled_from(["https://example.com/a", "https://evil.example/a", "", None])
GIVEN = st.tuples(
    st.dictionaries(st.sampled_from([*ARGUMENTS, "other"]), VALUES),
    st.fixed_dictionaries({}, optional={"to": ADDRESSES | st.lists(ADDRESSES, max_size=3), "url": URLS}),
).map(lambda two: {**two[0], **two[1]})
CALLS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(TOOLS),
        "arguments": GIVEN,
        "declared": st.lists(st.sampled_from([*ARGUMENTS, "other", "to", "url"]), min_size=2, unique=True),
    }
)
FACTS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["", "ada", "eve"]),
        "untrusted": st.booleans(),
        "looked": st.booleans(),
        "spent": SMALL,
        "counted": SMALL,
    }
)


def matchable(file: dict[str, Any]) -> bool:
    """Leave out rules that can never match, which the loader refuses."""
    always = {"read", "write", "send", "execute"}.union(*file["tools"].values())
    for rule in file["rules"]:
        wanted, tools = set(rule["on"].get("effect", EFFECTS)), rule["on"].get("tool")
        reach = set() if tools else always
        for tool in tools or ():
            effects = file["tools"].get(tool, ["write", "execute"])
            reach |= {*effects, "send"} if effects == ["read"] else set(effects)
        if not reach & wanted:
            return False
    return True


def numbered(file: dict[str, Any]) -> None:
    """Give every rule an id and a text. One that names what it is about and says no more is asked about."""
    for number, rule in enumerate(file["rules"]):
        rule.update(id=f"r{number}", text=f"Rule {number}.")
        if not {"require", "then", "else"} & set(rule):
            rule["then"] = "ask"


@settings(max_examples=400)
@given(FILES.filter(matchable), st.lists(CALLS, min_size=1, max_size=4), FACTS)
def test_the_decider_does_what_the_design_s_three_steps_say(
    file: dict[str, Any], calls: list[dict[str, Any]], facts: dict[str, Any]
) -> None:
    """How a call is decided, exactly: verdict, deciding rules and undecided rules equal the reference's."""
    numbered(file)
    rules = load(reference.text(file))
    spent = {f"total:r{number}": str(facts["spent"]) for number in range(len(file["rules"]))}
    counted = {f"count:r{number}": str(facts["counted"]) for number in range(len(file["rules"]))}
    ledger = LedgerState(session={**spent, **counted, **({"read_untrusted": "1"} if facts["untrusted"] else {})})
    if facts["looked"]:
        noted = after(rules, Call("look", "{}"), Decision("allow", ("write",)), LedgerState(), NOW).session
        looked = {key: text for key, text in noted.items() if key.startswith(("done:", "was:"))}
        ledger = LedgerState(session={**ledger.session, **looked})
    ledger = replace(ledger, whose=SessionId("s", facts["user"]))
    facts["weekday"] = DAYS[datetime.fromtimestamp(NOW.utc_us / 1e6, UTC).weekday()]
    for call in calls:
        made = Call(call["name"], json.dumps(call["arguments"]), declared=frozenset(call["declared"]))
        found = decide(rules, made, ledger, NOW)
        verdict, deciding, undecided = reference.verdict(file, call, facts)
        assert found.verdict == verdict
        assert set(found.rules) == deciding
        assert {entry.rule for entry in found.undecided} == undecided
        event(f"{verdict}, {'by a rule' if deciding else 'by default'}{', something undecided' if undecided else ''}")
