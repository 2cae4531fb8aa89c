"""Patterns: whole matches, in linear time, before and after normalisation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, judged, rules

from pinnedrules.rules.plan import MANY
from pinnedrules.rules.predicates.base import Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.patterns import MATCHES


def outcome(arguments: dict[str, Any], **patterns: str) -> Outcome:
    """Return what ``matches`` says to these arguments."""
    return MATCHES.build(patterns, "r").check(Facts(arguments, EMPTY, NOW))


def test_the_whole_argument_must_match() -> None:
    """A part of it is not enough, nor is a last line."""
    assert outcome({"branch": "feature/x"}, branch="feature/.+") is None
    for branch in ("main", "xfeature/x", "feature/", "feature/x\nmain", "main\nfeature/x"):
        assert isinstance(outcome({"branch": branch}, branch="feature/.+"), Fails), branch
    assert isinstance(outcome({"branch": "a\n"}, branch="a$"), Fails)


@pytest.mark.parametrize("value", [None, 5, True, ["feature/x"], {"x": 1}])
def test_what_is_not_a_text_cannot_be_decided(value: Any) -> None:
    """A number is not read as its digits."""
    assert outcome({"branch": value}, branch=".*") == Cannot("matches: the argument branch is not a text")


def test_a_missing_argument_cannot_be_decided() -> None:
    """Also beside one that matches; one that fails counts more."""
    assert outcome({}, branch=".*") == Cannot("matches: the argument branch is missing")
    assert isinstance(outcome({"a": "x"}, a="x", b="y"), Cannot)
    assert isinstance(outcome({"a": "z"}, b="y", a="x"), Fails)


def test_look_alikes_neither_match_nor_slip_past() -> None:
    """Strings are compared after normalisation; a look-alike never satisfies an allow."""
    assert isinstance(outcome({"n": "１２"}, n="[0-9]+"), Fails)
    assert isinstance(outcome({"n": "ａ"}, n="[^a]"), Fails)
    assert outcome({"n": "ü"}, n=".") is None
    assert isinstance(outcome({"n": "u\u0308"}, n="ü"), Fails)


PATTERNS = ["[a-c]*", "a.*", "(?s).*b", "", "x|y", "[0-9]+", "(?i)ABC", "a{2,}", "[^é]*", "é", "[^a]*"]


@example("\uff41")
@given(st.text("abcxyé1\n\uff41", max_size=6) | st.none() | st.integers())
def test_many_patterns_at_once_decide_as_one_by_one(value: Any) -> None:
    """Rules on one argument are matched in one pass; the decision is the one that each of them alone would give."""
    entries = [
        f"  - {{id: r{number}, text: T., on: act, require: {{matches: {{word: {json.dumps(pattern)}}}}}, else: deny}}\n"
        for number, pattern in enumerate(PATTERNS)
    ]
    assert len(entries) >= MANY
    together = judged(rules("".join(entries), tools="{act: write}"), "act", {"word": value})
    alone = [judged(rules(entry, tools="{act: write}"), "act", {"word": value}) for entry in entries]
    assert together.rules == tuple(name for found in alone for name in found.rules)
    assert together.undecided == tuple(entry for found in alone for entry in found.undecided)


def test_many_patterns_beside_others_keep_the_order_of_the_file() -> None:
    """Matching together leaves out only rules that hold and have nothing to say."""
    matching = [f"  - {{id: m{n}, text: T., on: act, require: {{matches: {{w: a*}}}}, else: deny}}\n" for n in range(9)]
    permitting = "  - {id: p, text: T., on: act, require: {matches: {w: a*}}, then: allow}\n"
    both = "  - {id: b, text: T., on: act, require: {matches: {w: a*}, amount: {of: n, max: 1}}, else: deny}\n"
    many = "".join(both.replace("id: b", f"id: b{n}") for n in range(MANY))
    assert judged(rules(many, tools="{act: write}"), "act", {"w": "aa", "n": 2}).verdict == "deny"
    found = rules("".join([*matching[:4], both, permitting, *matching[4:]]), tools="{act: write}")
    assert judged(found, "act", {"w": "aa", "n": 1}).rules == ("p",)
    assert judged(found, "act", {"w": "aa", "n": 2}).rules == ("b",)
    assert judged(found, "act", {"w": "ab", "n": 2}).rules == (
        "m0",
        "m1",
        "m2",
        "m3",
        "b",
        "m4",
        "m5",
        "m6",
        "m7",
        "m8",
    )


def test_rules_that_hold_and_say_nothing_are_not_asked() -> None:
    """A hundred pattern rules on one tool cost one pass over the argument."""
    body = "".join(
        f"  - {{id: m{n}, text: T., on: act, require: {{matches: {{w: '[a-z]|x{n}'}}}}, else: deny}}\n"
        for n in range(100)
    )
    plan = rules(body, tools="{act: write}").plan
    tool = plan.tool("act")
    assert tool is not None
    speaking = plan.candidates(tool, tool.effects)
    assert len(speaking.every) == 100
    assert [one.rule.id for one in speaking.objecting(Facts({"w": "a"}, EMPTY, NOW))] == []
    assert len(list(speaking.objecting(Facts({"w": "x7"}, EMPTY, NOW)))) == 99
    assert len(list(speaking.objecting(Facts({}, EMPTY, NOW)))) == 100


def test_patterns_too_large_for_one_pass_are_matched_in_several() -> None:
    """However much room a rule file's patterns take together, every call is decided, and as each pattern alone would."""
    body = "".join(
        f"  - {{id: m{n}, text: T., on: act, require: {{matches: {{w: '(?:x{n} )?[^y]{{0,200}}'}}}}, else: deny}}\n"
        for n in range(300)
    )
    found_rules = rules(body, tools="{act: write}", default="allow")
    assert judged(found_rules, "act", {"w": "hello"}).verdict == "allow"
    assert judged(found_rules, "act", {"w": "x7 " + "z" * 200}).rules == tuple(f"m{n}" for n in range(300) if n != 7)


def test_no_pattern_takes_more_than_linear_time() -> None:
    """A pattern that hangs a backtracking engine is an ordinary one here."""
    assert isinstance(outcome({"n": "a" * 100_000 + "!"}, n="(a+)+"), Fails)
