"""Requirements of two rules, compared: what nothing can meet together, and what asks for no less. Never a false warning."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.authoring.making import NOW

from pinnedrules.authoring.lint import lint
from pinnedrules.authoring.meeting import apart
from pinnedrules.authoring.patterns import every
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.types import Call, LedgerState, Moment, SessionId

TOOLS: dict[str, Any] = {
    "act": {"effect": "write", "args": ["n", "to", "url", "path", "word", "command", "sql", "body"]},
    "look": {"effect": "read", "source": "untrusted"},
}
TESTED = frozenset((f"r{number}", side) for number in range(4) for side in ("then", "else"))


def file(*rules: dict[str, Any]) -> RuleSet:
    numbered = [{"id": f"r{number}", "text": "T.", "on": "act", **rule} for number, rule in enumerate(rules)]
    return load(json.dumps({"version": 1, "default": "allow", "tools": TOOLS, "rules": numbered}))


def kinds(*rules: dict[str, Any]) -> set[str]:
    return {str(one.kind) for one in lint(file(*rules), TESTED, cases="c.yaml")} & {"conflict", "unreachable"}


def unreachable(*rules: dict[str, Any]) -> list[object]:
    """Return the places of the rules that never decide."""
    return [one.path[1] for one in lint(file(*rules), TESTED, cases="c.yaml") if one.kind == "unreachable"]


def both(one: dict[str, Any], two: dict[str, Any]) -> set[str]:
    return kinds({"require": one, "else": "deny"}, {"require": two, "else": "deny"})


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"matches": {"word": "main|master"}}, {"matches": {"word": "feature/.+"}}),
        ({"matches": {"word": ".+", "to": "a(b|c)?"}}, {"matches": {"to": "[x-z]+"}}),
        ({"who": {"user_in": ["ada"]}}, {"who": {"user_in": ["bo", "cy"]}}),
        ({"who": {"tenant_in": ["x"]}}, {"who": {"tenant_in": ["y"], "user_in": ["ada"]}}),
        ({"time": {"days": ["mon"], "zone": "UTC"}}, {"time": {"days": ["tue", "wed"], "zone": "UTC"}}),
        (
            {"time": {"between": "09:00-12:00", "zone": "Europe/Berlin"}},
            {"time": {"between": "12:00-18:00", "zone": "Europe/Berlin"}},
        ),
        ({"only_after": {"tool": "look"}}, {"never_after": {"tool": "look"}}),
        ({"never_after": {"effect": "read"}}, {"only_after": {"effect": ["read"], "same": "n"}}),
        ({"amount": {"of": "n", "max": 3}}, {"amount": {"of": "n", "min": 4}}),
    ],
)
def test_what_nothing_can_meet_together_is_a_conflict(one: dict[str, Any], two: dict[str, Any]) -> None:
    """Two rules that both object to everything but what the other objects to let nothing through."""
    assert both(one, two) == {"conflict"}
    assert both(two, one) == {"conflict"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"matches": {"word": "main|master"}}, {"matches": {"word": "m.+"}}),
        ({"matches": {"word": "[a-b]+"}}, {"matches": {"word": "[c-d]+"}}),
        ({"matches": {"word": "(?i)main"}}, {"matches": {"word": "MAIN"}}),
        ({"matches": {"word": "main"}}, {"matches": {"to": "other"}}),
        ({"who": {"user_in": ["ada"]}}, {"who": {"tenant_in": ["y"]}}),
        ({"who": {"user_in": ["ada", "bo"]}}, {"who": {"user_in": ["bo", "cy"]}}),
        ({"time": {"days": ["mon"], "zone": "UTC"}}, {"time": {"days": ["tue"], "zone": "Asia/Tokyo"}}),
        (
            {"time": {"between": "09:00-12:01", "zone": "UTC"}},
            {"time": {"between": "12:00-18:00", "zone": "UTC"}},
        ),
        ({"only_after": {"tool": "look"}}, {"never_after": {"tool": "act"}}),
        ({"only_after": {"tool": "look"}}, {"never_after": {"source": "untrusted"}}),
        ({"total": {"of": "n", "per": "day", "max": 3}}, {"total": {"of": "n", "per": "session", "max": 9}}),
        ({"content": {"without": ["links"]}}, {"content": {"without": ["secrets"], "of": ["body"]}}),
        ({"came_from": {"of": "to", "in": ["user"]}}, {"came_from": {"of": "to", "in": ["rules"]}}),
    ],
)
def test_what_cannot_be_compared_is_no_finding(one: dict[str, Any], two: dict[str, Any]) -> None:
    """A requirement that it cannot compare stays "cannot tell", never a false warning."""
    assert "conflict" not in both(one, two)
    assert apart(one, two) is None
    assert apart(two, one) is None


@pytest.mark.parametrize(
    ("strict", "lax"),
    [
        ({"amount": {"of": "n", "max": 3}}, {"amount": {"of": "n", "max": 4}}),
        ({"who": {"user_in": ["ada"]}}, {"who": {"user_in": ["ada", "bo"]}}),
        ({"url": {"host_in": ["a.example"]}}, {"url": {"host_in": ["a.example", "b.example"]}}),
        ({"recipients": {"domain_in": ["a.example"]}}, {"recipients": {"domain_in": ["a.example", "b.example"]}}),
        ({"matches": {"word": "x", "to": "y"}}, {"matches": {"word": "x"}}),
        ({"time": {"days": ["mon"], "zone": "UTC"}}, {"time": {"days": ["mon", "tue"], "zone": "UTC"}}),
        ({"path": {"inside": "/srv"}}, {"path": {"inside": "/srv"}}),
        ({"sql": {"statements_in": ["select"]}}, {"sql": {"statements_in": ["select", "insert"]}}),
        ({"shell": {"programs_in": ["ls"]}}, {"shell": {"programs_in": ["ls", "cat"]}}),
        ({"content": {"without": ["links", "images"]}}, {"content": {"without": ["images"]}}),
        ({"came_from": {"of": "to", "in": ["user"]}}, {"came_from": {"of": "to", "in": ["user", "rules"]}}),
        ({"count": {"of": "to", "per": "call", "max": 2}}, {"count": {"of": "to", "per": "call", "max": 3}}),
    ],
)
def test_a_rule_that_asks_for_less_than_another_one_is_unreachable(strict: dict[str, Any], lax: dict[str, Any]) -> None:
    """It never objects where the other does not, so its limit is not the one that holds."""
    one, two = {"require": strict, "else": "deny"}, {"require": lax, "else": "deny"}
    assert unreachable(one, two) == [1]
    assert unreachable(two, one) == ([1] if strict == lax else [0])
    assert unreachable(one, {**two, "else": "ask"}) == [1]
    assert unreachable({**one, "require": {**strict, "never_after": {"tool": "look"}}}, two) == [1]
    assert 1 not in unreachable({**one, "else": "ask"}, two)
    assert 1 not in unreachable(one, {**two, "then": "allow"})
    assert unreachable({**one, "on": ["act", "look"]}, two) == []


@pytest.mark.parametrize(
    ("strict", "lax"),
    [
        ({"path": {"inside": "/srv"}}, {"path": {"inside": ["/srv", "/tmp"]}}),
        ({"total": {"of": "n", "per": "day", "max": 3}}, {"total": {"of": "n", "per": "day", "max": 4}}),
        ({"rate": {"max": 3, "per": "hour"}}, {"rate": {"max": 4, "per": "hour"}}),
        ({"count": {"per": "session", "max": 3}}, {"count": {"per": "session", "max": 4}}),
        ({"at_most_once_per": {"of": "n", "per": "day"}}, {"at_most_once_per": {"of": "n", "per": "day"}}),
        ({"never_after": {"tool": "look"}}, {"never_after": {"tool": "look"}}),
        ({"python": {"call": "checks:one"}}, {"python": {"call": "checks:one"}}),
    ],
)
def test_what_counts_for_its_own_rule_is_not_compared(strict: dict[str, Any], lax: dict[str, Any]) -> None:
    """Two budgets are two: what one has counted, the other may not have."""
    assert "unreachable" not in both(strict, lax)


REQUIRE = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.fixed_dictionaries(
            {"of": st.just("n")}, optional={"max": st.integers(0, 3), "min": st.integers(0, 3)}
        ),
        "who": st.fixed_dictionaries({"user_in": st.lists(st.sampled_from("ab"), min_size=1, unique=True)}),
        "time": st.fixed_dictionaries(
            {"days": st.lists(st.sampled_from(["mon", "tue"]), min_size=1, unique=True), "zone": st.just("UTC")}
        ),
        "matches": st.dictionaries(
            st.sampled_from(["word", "to"]), st.sampled_from(["x", "y", "x|y", "[xy]"]), min_size=1
        ),
        "recipients": st.fixed_dictionaries(
            {"domain_in": st.lists(st.sampled_from(["a.example", "b.example"]), min_size=1, unique=True)}
        ),
        "url": st.fixed_dictionaries(
            {"host_in": st.lists(st.sampled_from(["a.example", "b.example"]), min_size=1, unique=True)}
        ),
        "count": st.fixed_dictionaries({"of": st.just("to"), "per": st.just("call"), "max": st.integers(1, 2)}),
        "never_after": st.just({"tool": "look"}),
        "only_after": st.just({"tool": "look"}),
        "sql": st.fixed_dictionaries(
            {"statements_in": st.lists(st.sampled_from(["select", "delete"]), min_size=1, unique=True)}
        ),
    },
).filter(bool)
CALLS = [
    {"n": n, "word": word, "to": to, "url": url, "sql": sql}
    for n, word, (to, url), sql in itertools.product(
        range(4),
        ["x", "y", "z"],
        [
            ("x@a.example", "https://a.example/"),
            (["y@b.example", "x@a.example"], "https://b.example/"),
            ("x", "nowhere"),
        ],
        ["select 1", "delete from t", "select 1; delete from t"],
    )
][::3]
MOMENTS = [Moment(NOW.utc_us + day * 86_400_000_000, 1, "2026-01-07") for day in range(7)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(REQUIRE, st.sampled_from(["ask", "deny"])), min_size=2, max_size=3))
def test_what_is_found_is_true_of_every_call(written: list[tuple[dict[str, Any], str]]) -> None:
    """An unreachable rule changes no decision; of two that conflict, one objects to every call."""
    made = [{"require": require, "else": otherwise} for require, otherwise in written]
    try:
        rules = file(*made)
    except RuleFileError:
        return
    looked = LedgerState(session={"done:r0": "", "done:r1": "", "done:r2": ""})
    for found in lint(rules, TESTED, cases="c.yaml"):
        if found.kind not in ("unreachable", "conflict"):
            continue
        index = found.path[1]
        less = file(*[rule if number != index else {"on": "look", "then": "ask"} for number, rule in enumerate(made)])
        for arguments, user, now in itertools.product(CALLS, ("a", "b", ""), MOMENTS[::2]):
            call = Call("act", json.dumps(arguments), declared=frozenset(arguments))
            for ledger in (LedgerState(whose=SessionId("s", user)), looked):
                verdict = decide(rules, call, ledger, now).verdict
                if found.kind == "conflict":
                    assert verdict != "allow", (found, arguments)
                else:
                    assert verdict == decide(less, call, ledger, now).verdict, (found, arguments)


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("main|master", {"main", "master"}),
        ("a(b|c)?d", {"ad", "abd", "acd"}),
        (r"v1\.0(?:-rc)?", {"v1.0", "v1.0-rc"}),
        ("x?", {"", "x"}),
        ("", {""}),
        ("a|", {"a", ""}),
        *[
            (pattern, None)
            for pattern in ("a+", "a*", ".", "[ab]", "a{2}", "(?i)a", "^a$", r"\d", "(a", "a)", "a??", "(a)+", "\\")
        ],
        ("(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)", None),
    ],
)
def test_the_texts_of_a_small_pattern(pattern: str, texts: set[str] | None) -> None:
    """All of them, or none: what is left out would be a call that nobody looked at."""
    assert every(pattern) == texts


@given(st.text("ab|()?\\.[", max_size=10), st.text("ab.", max_size=5))
def test_all_texts_are_those_that_match(pattern: str, text: str) -> None:
    """Exactly what RE2 matches, for every pattern whose texts are listed."""
    texts = every(pattern)
    try:
        matcher = re2.compile(pattern)
    except re2.error:
        return
    if texts is not None:
        assert (text in texts) == (matcher.fullmatch(text) is not None)


def test_every_requirement_is_compared_or_left_out_on_purpose() -> None:
    """A new requirement has to say which it is."""
    from pinnedrules.authoring import meeting

    counts = {"at_most_once_per", "count", "only_after", "never_after", "python", "rate", "total"}
    assert counts | meeting._OF_THE_CALL == set(PREDICATES)
