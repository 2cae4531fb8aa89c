"""Cases beside the rules: how they are written, and what is said of one that cannot be read."""

from __future__ import annotations

import pytest

from pinnedrules.authoring.cases import Case, moment_of, read_cases
from pinnedrules.errors import RuleFileError


def _one(text: str) -> Case:
    (found,) = read_cases(f"tests:\n  - {text}\n", file="rules.test.yaml")
    return found


@pytest.mark.parametrize(
    ("written", "name", "arguments"),
    [
        ("{refund: {amount: 10.50}}", "refund", '{"amount":10.50}'),
        ("{refund: {}}", "refund", "{}"),
        ("list_mail", "list_mail", ""),
        ("'refund {\"amount\": 1}'", "refund", '{"amount": 1}'),
        ('{refund: \'{"a": 1, "a": 2}\'}', "refund", '{"a": 1, "a": 2}'),
        ("{refund: {note: null, ok: true}}", "refund", '{"note":null,"ok":true}'),
    ],
)
def test_a_call_is_written_as_a_map_or_a_text(written: str, name: str, arguments: str) -> None:
    """Numbers stay exact, and a text reaches the rules as it is, broken or not."""
    case = _one(f"{{call: {written}, expect: ask}}")
    assert (case.call.name, case.call.arguments) == (name, arguments)


def test_what_is_given_counts_as_declared_unless_the_case_says_otherwise() -> None:
    """A case is about a schema that has the arguments that it gives."""
    assert _one("{call: {refund: {amount: 1}}, expect: ask}").call.declared == frozenset({"amount"})
    assert _one("{call: {refund: {amount: 1}}, declared: [id], expect: ask}").call.declared == frozenset({"id"})


def test_a_case_has_a_moment() -> None:
    """A moment has its day from its own offset; without one it is UTC, and without a moment a Wednesday at noon."""
    assert _one("{call: x, expect: ask}").at.day == "2026-01-07"
    written = moment_of("2026-01-07T00:30:00+02:00")
    assert (written.day, written.utc_us) == ("2026-01-07", moment_of("2026-01-06T22:30:00").utc_us)


def test_a_case_is_called_by_its_why_or_its_call() -> None:
    """A failure is found by what the case is about."""
    assert str(_one("{call: 'x {}', why: nothing, expect: ask}")) == "nothing"
    assert str(_one("{call: x, expect: ask}")) == "x"


def test_what_came_before_stands_in_answers_of_its_own() -> None:
    """A rule that wants a result to be seen first counts calls of earlier answers only."""
    case = _one("{call: x, after: [y, {call: {z: {a: 1}}, at: '2026-01-07T08:00:00'}], expect: ask}")
    assert len({before.call.answer for before in case.after} | {case.call.answer}) == 3
    assert [before.at is None for before in case.after] == [True, False]
    assert [before.call.name for before in _one("{call: x, after: y, expect: ask}").after] == ["y"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "1:1: a file of cases is a map"),
        ("test: []", "1:1: unknown key 'test'; did you mean 'tests'?"),
        ("{}", "1:1: 'tests' is missing"),
        ("tests: []", "1:8: 'tests' is no list of cases"),
        ("tests:\n- x", "2:3: a case is a map"),
        ("tests:\n- {call: x}", "2:3: 'expect' is missing"),
        ("tests:\n- {expect: ask}", "2:3: 'call' is missing"),
        ("tests:\n- {call: x, expect: no}", "2:21: not a verdict: 'no'"),
        ("tests:\n- {call: [x], expect: ask}", "2:10: not a call"),
        ("tests:\n- {call: {a: {}, b: {}}, expect: ask}", "2:10: not a call"),
        ("tests:\n- {call: {a: 1}, expect: ask}", "2:10: not a call"),
        ("tests:\n- {call: x, at: noon, expect: ask}", "2:17: not a moment: 'noon'"),
        ("tests:\n- {call: x, at: 12, expect: ask}", "2:17: must be a text"),
        ("tests:\n- {call: x, exspect: ask}", "2:13: unknown key 'exspect'; did you mean 'expect'?"),
        ("tests:\n- {call: x, zzz: ask}", "2:13: unknown key 'zzz'; known: why, call"),
    ],
)
def test_a_case_that_cannot_be_read_is_an_error_with_its_place(text: str, said: str) -> None:
    """Every error says file, line, column and a way out."""
    with pytest.raises(RuleFileError) as error:
        read_cases(text, file="c.yaml")
    assert str(error.value).startswith(f"c.yaml:{said}")
    assert error.value.hint
