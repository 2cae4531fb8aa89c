"""The decider against an obvious reference implementation, over generated rule sets, calls and ledgers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.rules import reference
from tests.rules.making import NOW

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.mentioned import mentioned
from pinnedrules.rules.predicates.registry import PREDICATES
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


def _some(*words: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, unique=True)


def _could_run(options: dict[str, Any]) -> bool:
    """Leave out what the loader refuses: a program that would never be permitted, and nothing to go by."""
    effects = set(options.get("effects_in", ["read", "write"]))
    programs = options.get("programs_in", [])
    return bool(programs or "effects_in" in options) and all(reference.PROGRAMS[one] <= effects for one in programs)


REFS = ["inv-2041", "inv-9999", "/srv/a.txt"]
SPOKEN = [*REFS, "ann@example.com", "bob@evil.example", "3", "7"]
DOES = ("read", "write", "delete", "send")
SHELL = st.fixed_dictionaries(
    {"of": st.just("line")},
    optional={
        "programs_in": _some(*reference.PROGRAMS) | st.just([*reference.PROGRAMS]),
        "effects_in": _some(*DOES) | st.just([*DOES]),
        "inside": st.just("/srv"),
        "hosts_in": st.just(["example.com"]),
    },
).filter(_could_run)
SQL = st.fixed_dictionaries(
    {"of": st.just("stmt"), "statements_in": _some("select", "insert", "update", "delete", "drop")},
    optional={"tables_in": _some("orders", "items", "shop.*")},
)
CONTENT = st.fixed_dictionaries(
    {"of": st.just("body"), "without": _some("secrets", "personal", "links", "images")},
    optional={"hosts_in": st.just(["example.com"])},
).filter(lambda one: "hosts_in" not in one or one["without"] != ["secrets"])
CAME_FROM = st.fixed_dictionaries({"of": _some("ref", "to"), "in": _some("user", "rules", "trusted")})
OPTIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "shell": SHELL,
    "sql": SQL,
    "content": CONTENT,
    "came_from": CAME_FROM,
    "amount": AMOUNTS,
    "who": st.fixed_dictionaries({"user_in": st.lists(st.sampled_from(["ada", "bo"]), min_size=1, unique=True)}),
    "time": st.fixed_dictionaries(
        {"days": st.lists(st.sampled_from(DAYS), min_size=1, unique=True), "zone": st.just("UTC")}
    ),
    "path": st.just({"inside": "/srv", "of": "word"}),
    "recipients": st.just({"domain_in": ["example.com"]}),
    "url": st.just({"host_in": ["example.com"]}),
    "total": st.fixed_dictionaries({"of": st.just("n"), "per": st.just("session"), "max": SMALL}),
    "matches": st.dictionaries(st.sampled_from(ARGUMENTS), st.sampled_from(["x", "y"]), min_size=1)
    | st.just({"ref": "inv-2041"}),
    "never_after": st.sampled_from([{"source": "untrusted"}, {"tool": "look"}]),
    "only_after": st.just({"tool": "look"}),
    "count": st.fixed_dictionaries({"per": st.just("session"), "max": SMALL})
    | st.fixed_dictionaries({"of": st.sampled_from(["n", "m"]), "per": st.just("call"), "max": SMALL}),
}
REQUIRE = st.fixed_dictionaries({}, optional=OPTIONS).filter(bool)

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
STRANGE = st.sampled_from(["", None, 7, True])
COMMANDS = st.sampled_from(
    ["ls", "ls src", "cat a.txt", "cat /etc/passwd", "cat /srv/a.txt", "git status", "touch x", "rm x", "rm /srv/x",
     "curl https://example.com/", "curl https://evil.example/", reference.HIDDEN]
)  # fmt: skip
LINES = st.lists(COMMANDS, min_size=1, max_size=3).flatmap(
    lambda some: st.lists(st.sampled_from(["; ", " && ", " | "]), min_size=len(some), max_size=len(some)).map(
        lambda signs: "".join(sign + one for sign, one in zip(["", *signs], some, strict=False))
    )
)
STATEMENTS = st.tuples(
    st.sampled_from(
        ["select * from {}", "insert into {} (a) values (1)", "update {} set a = 1 where b = 2",
         "delete from {} where a = 1", "drop table {}", reference.UNREAD]
    ),
    st.sampled_from(["orders", "items", "shop.a"]),
).map(lambda two: two[0].format(two[1]))  # fmt: skip
BODIES = st.sampled_from(list(reference.TEXTS))
GIVEN = st.tuples(
    st.dictionaries(st.sampled_from([*ARGUMENTS, "other"]), VALUES),
    st.fixed_dictionaries({}, optional={"to": ADDRESSES | st.lists(ADDRESSES, max_size=3), "url": URLS}),
    st.fixed_dictionaries(
        {},
        optional={
            "line": LINES | STRANGE,
            "stmt": st.lists(STATEMENTS, min_size=1, max_size=3).map("; ".join) | STRANGE,
            "body": BODIES | STRANGE | st.lists(BODIES, max_size=2),
            "ref": st.sampled_from(REFS) | st.lists(st.sampled_from(REFS), max_size=2) | STRANGE | SMALL,
        },
    ),
).map(lambda parts: {**parts[0], **parts[1], **parts[2]})
CALLS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(TOOLS),
        "arguments": GIVEN,
        "declared": st.lists(st.sampled_from([*ARGUMENTS, "other", "to", "url"]), min_size=2, unique=True).map(
            lambda some: [*some, "line", "stmt", "body", "ref"]
        ),
    }
)
FACTS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["", "ada", "eve"]),
        "untrusted": st.booleans(),
        "looked": st.booleans(),
        "spent": SMALL,
        "counted": SMALL,
        "from user": st.sets(st.sampled_from(SPOKEN)),
        "from trusted": st.sets(st.sampled_from(SPOKEN)),
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


@settings(max_examples=400, deadline=None)
@given(FILES.filter(matchable), st.lists(CALLS, min_size=1, max_size=4), FACTS)
def test_the_decider_does_what_the_design_s_three_steps_say(
    file: dict[str, Any], calls: list[dict[str, Any]], facts: dict[str, Any]
) -> None:
    """How a call is decided, exactly: verdict, deciding rules and undecided rules equal the reference's."""
    numbered(file)
    compare(file, calls, facts)


@pytest.mark.parametrize("name", sorted(OPTIONS))
@settings(max_examples=100, deadline=None)
@given(data=st.data(), calls=st.lists(CALLS, min_size=4, max_size=8), facts=FACTS)
def test_each_requirement_alone_answers_as_the_reference_does(
    name: str, data: st.DataObject, calls: list[dict[str, Any]], facts: dict[str, Any]
) -> None:
    """Holds, fails and cannot be decided, for every requirement by itself, in a rule that is about every call."""
    rule = {"on": {"tool": [*TOOLS]}, "require": {name: data.draw(OPTIONS[name])}, "then": "allow", "else": "deny"}
    file = {"default": dict.fromkeys(EFFECTS, "ask"), "tools": {key: ["write"] for key in TOOLS}, "rules": [rule]}
    numbered(file)
    every = sorted({key for call in calls for key in call["arguments"]})
    compare(file, [{**call, "declared": every} for call in calls], facts)


def test_every_requirement_has_its_reference() -> None:
    """Equal to the obvious reference: what is left out is said here, and why."""
    elsewhere = {"rate", "at_most_once_per"}  # history.py looks through all calls for them
    own = {"python"}  # whatever the function says
    assert {*OPTIONS, *elsewhere, *own} == set(PREDICATES)


def compare(file: dict[str, Any], calls: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    """Decide every call in both ways, after what *facts* say."""
    rules = load(reference.text(file))
    spent = {f"total:r{number}": str(facts["spent"]) for number in range(len(file["rules"]))}
    counted = {f"count:r{number}": str(facts["counted"]) for number in range(len(file["rules"]))}
    ledger = LedgerState(session={**spent, **counted, **({"read_untrusted": "1"} if facts["untrusted"] else {})})
    if facts["looked"]:
        noted = after(rules, Call("look", "{}"), Decision("allow", ("write",)), LedgerState(), NOW).session
        looked = {key: text for key, text in noted.items() if key.startswith(("done:", "was:"))}
        ledger = LedgerState(session={**ledger.session, **looked})
    known = {
        f"{source} {digest}"
        for source in ("user", "trusted")
        for one in facts[f"from {source}"]
        for digest in mentioned(f"It is about {one} now.")
    }
    ledger = replace(ledger, whose=SessionId("s", facts["user"]), known=frozenset(known))
    facts["from rules"] = reference.stated(file)
    facts["weekday"] = DAYS[datetime.fromtimestamp(NOW.utc_us / 1e6, UTC).weekday()]
    for call in calls:
        made = Call(call["name"], json.dumps(call["arguments"]), declared=frozenset(call["declared"]))
        found = decide(rules, made, ledger, NOW)
        verdict, deciding, undecided = reference.verdict(file, call, facts)
        assert found.verdict == verdict
        assert set(found.rules) == deciding
        assert {entry.rule for entry in found.undecided} == undecided
        event(f"{verdict}, {'by a rule' if deciding else 'by default'}{', something undecided' if undecided else ''}")
