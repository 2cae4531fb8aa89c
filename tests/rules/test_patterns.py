"""Patterns: whole matches, in linear time, before and after normalisation."""

from __future__ import annotations

from typing import Any

import pytest
from tests.rules.making import EMPTY, NOW

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


def test_no_pattern_takes_more_than_linear_time() -> None:
    """A pattern that hangs a backtracking engine is an ordinary one here."""
    assert isinstance(outcome({"n": "a" * 100_000 + "!"}, n="(a+)+"), Fails)
