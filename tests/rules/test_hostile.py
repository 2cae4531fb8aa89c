"""Inputs made to take long, or to be read in two ways, for every requirement: a decision, and no permission by mistake."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from benchmarks.decide.hostile import EXAMPLES, hostile, made, rule
from tests.rules.making import EMPTY, NOW, judged, rules

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.arguments import read
from pinnedrules.rules.decide import decide
from pinnedrules.rules.destinations import targets
from pinnedrules.rules.load import load
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.predicates.urls import is_url
from pinnedrules.types import Call, LedgerState, SessionId

ANN = LedgerState(whose=SessionId("s", "ann"))

# What of a hostile text does meet the requirement, said as simply as can be. A requirement that is missing here meets none.
HARMLESS: Mapping[str, Callable[[str], object]] = {
    "content": lambda text: len(text) <= 16_384 and not re.search("http|AKIA|[a-z]@[a-z]", text),
    "path": lambda text: ".." not in text and (not text.startswith("/") or text.startswith("/srv/a")),
    "recipients": lambda text: text.strip() == "ann@example.com",
    "shell": lambda text: re.fullmatch(r"(ls)?[\s\"]*|ls(''|\")+|(ls)?(a=)+", text),
    "sql": lambda text: re.fullmatch(r"select a from t[\w\u0301]*\s*", text),
    "url": lambda text: re.fullmatch(r"https://example\.com/a[^\s\\]*", text) and "b.example" not in text,
}

# These look at nothing but the arguments that their rule names, so that others beside them change nothing.
NAMING = {"at_most_once_per", "count", "matches"}


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """End a test that computes for a minute: what is bounded takes a small part of that on any machine."""

    def hung(*_: object) -> None:
        raise TimeoutError("a decision does not end")

    before = signal.signal(signal.SIGVTALRM, hung)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def test_every_requirement_has_an_example() -> None:
    """A new requirement cannot be added without being attacked here."""
    assert set(EXAMPLES) == set(PREDICATES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_hostile_input_is_decided_and_not_allowed_by_mistake(name: str) -> None:
    """What cannot be read cannot be allowed (invariant 2): megabytes, depth bombs, 10,000 items, for every requirement."""
    found, good = load(rule(name)), EXAMPLES[name][1]
    for what, call in hostile(name):
        decision = decide(found, call, ANN, NOW)
        if decision.verdict != "allow" or not good:
            continue
        given = read(call)
        if all(given.get(key) == value for key, value in good.items()):
            assert name in NAMING, what
            continue
        (value,) = (given[key] for key in given if given[key] != good.get(key))
        if isinstance(value, str):
            assert name in HARMLESS, what
            assert HARMLESS[name](value), what
        else:
            # One number is one thing to count, and holds no text.
            assert isinstance(value, (int, Decimal)), what
            assert name in ("count", "content"), what


@pytest.mark.parametrize("name", [name for name, (_, good) in EXAMPLES.items() if not good])
def test_a_requirement_that_reads_no_argument_lets_none_change_its_mind(name: str) -> None:
    """Where a requirement is about something else than arguments, hostile ones decide nothing, unless they cannot be read."""
    found = load(rule(name))
    plain = decide(found, made({}), ANN, NOW).verdict
    assert {decide(found, call, ANN, NOW).verdict for _, call in hostile(name)} <= {plain, "deny"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_hostile_input_for_one_requirement_is_bounded_for_all_others(name: str) -> None:
    """Every requirement decides what was made for another one, too, without an exception."""
    others = [load(rule(other)) for other in EXAMPLES if other != name]
    for number, (_, call) in enumerate(hostile(name)):
        decide(others[number % len(others)], call, ANN, NOW)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){25}", "a{1,1000}", "(?i)(x+x+)+y", ".*" * 100 + "b"])
def test_a_hostile_pattern_is_refused_at_load_or_linear(pattern: str) -> None:
    """A pattern that hangs a backtracking engine is an ordinary one here, alone and among many."""
    try:
        many = rules(
            "".join(
                f"  - {{id: r{number}, text: T., on: act, require: {{matches: {{w: '{pattern}'}}}}, else: deny}}\n"
                for number in range(10)
            ),
            tools="{act: write}",
        )
    except RuleFileError:
        return
    assert judged(many, "act", {"w": "a" * 1_000_000 + "!"}).verdict == "deny"


@pytest.mark.parametrize(
    "text",
    ["www." + "a." * 500_000 + " x", " " * 1_000_000 + "x", "a" * 1_000_000 + ":", "//" + "a" * 1_000_000 + " x"],
    ids=["dots", "blanks", "a scheme", "a blank at the end"],
)
def test_what_a_person_is_shown_is_found_in_linear_time(text: str) -> None:
    """Looking for addresses in a text that begins like one costs as much as reading it."""
    assert not is_url(text)
    assert len("".join(targets({"text": text}))) < 400


@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: {"a": text}, lambda text: [text] * 100])
def test_hostile_names_of_arguments_are_bounded(wrap: Callable[[str], Any]) -> None:
    """Names of arguments are the model's words as well: long ones, and many."""
    found = rules("  - {id: r, text: T., on: act, require: {recipients: {domain_in: [example.com]}}, then: allow}\n")
    for key in ("to" * 100_000, "a_" * 100_000, "_" * 200_000, "\u0301" * 100_000, "A" * 200_000):
        call = Call("act", json.dumps({key: wrap("ann@evil.example")}), declared=frozenset({key}))
        assert decide(found, call, EMPTY, NOW).verdict != "allow"


@pytest.mark.parametrize("name", ["a" * 1_000_000, "a__" * 80, "delete_" * 36, "A" * 256, "aA" * 128, "mcp__" * 51])
def test_hostile_names_of_tools_are_bounded(name: str) -> None:
    """Names of tools are the model's words: none is allowed because nobody could read it."""
    found = rules("  - {id: r, text: T., on: '*e*d*', then: ask}\n", tools="{'*a*b*c*': write}", default="ask")
    assert judged(found, name).verdict != "allow"
