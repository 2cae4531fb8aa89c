"""Tricks against rule files: what holds is not accused, what leaks is found."""

from __future__ import annotations

from functools import cache

import pytest
from tests.attack.files import LEAKY, TIGHT
from tests.authoring.making import EXAMPLE, NOW

from pinnedrules.attack.run import Attack, attack
from pinnedrules.attack.targets import Baseline
from pinnedrules.authoring.calls import made
from pinnedrules.rules.load import load
from pinnedrules.rules.profiles import PROFILES
from pinnedrules.types import SessionId

WHOSE = SessionId("attack")


@cache
def _attacked(text: str, given: tuple[Baseline, ...] = ()) -> Attack:
    return attack([load(text)], given, NOW, WHOSE)


def _ways(text: str, given: tuple[Baseline, ...] = ()) -> set[tuple[str, str]]:
    return {(one.tool, one.trick.kind) for one in _attacked(text, given).through}


@pytest.mark.parametrize("text", [TIGHT, EXAMPLE, *PROFILES.values()], ids=["tight", "example", *PROFILES])
def test_rules_that_hold_are_not_accused(text: str) -> None:
    """What a rule file permits outright is no way around it, whatever its folders, domains, limits and currencies are."""
    found = _attacked(text)
    assert [(one.tool, one.trick) for one in found.through] == []


def test_every_kind_is_tried() -> None:
    """A requirement of each kind is attacked with its own tricks."""
    found = _attacked(TIGHT)
    assert found.skipped == []
    assert set(found.tried) == {
        "amount", "at_most_once_per", "content", "count", "names", "never_after", "only_after", "path", "recipients", "shell",
        "sql", "total", "url",
    }  # fmt: skip
    assert sum(found.tried.values()) > 1_300


def test_what_leaks_is_found() -> None:
    """Patterns in the place of typed requirements, and a default that allows other names, let tricks through."""
    assert {
        ("send_email", "recipients"),
        ("write_file", "path"),
        ("fetch", "url"),
        ("run_shell", "shell: deletes"),
        ("run_shell", "shell: sends"),
    } <= _ways(LEAKY)


def test_each_way_is_said_with_the_deed_that_is_stopped() -> None:
    """Whoever reads it sees that the deed itself is stopped, and how the same deed is not."""
    way = next(one for one in _attacked(LEAKY).through if one.trick.kind == "path")
    assert way.plain is not None
    assert (way.plain.call.arguments, way.stopped, way.rules) == ('{"path":"/etc/passwd"}', "deny", ())
    assert way.trick.call.arguments == '{"path":"/srv/project/../other/a"}'


ONE = """\
version: 1
tools: {tool: [send, write, spend, execute]}
rules:
  - {id: r, text: T., on: tool, then: allow, else: ask, require: {%s}}
"""


@pytest.mark.parametrize(
    ("require", "kind", "hole"),
    [
        ("recipients: {domain_in: [corp.test]}", "recipients", "recipients: {domain_in: [corp.test, evil.example]}"),
        ("url: {host_in: [corp.test]}", "url", "url: {host_in: [corp.test, evil.example]}"),
        ("path: {inside: /data}", "path", "path: {inside: [/data, /]}"),
        ("amount: {of: amount, max: 50}", "amount", "amount: {of: amount, max: 50 EUR}"),
        ("sql: {statements_in: [select]}", "sql", "sql: {statements_in: [select, drop]}"),
        ("content: {without: links}", "content", "content: {without: images}"),
    ],
)
def test_what_is_permitted_outright_is_not_tried(require: str, kind: str, hole: str) -> None:
    """Where the deed itself is allowed, its tricks prove nothing; that is said."""
    assert _attacked(ONE % require).tried[kind] > 20
    found = _attacked(ONE % hole)
    assert found.through == [], (hole, found.through[:2])


def test_a_case_is_built_on() -> None:
    """Arguments that a requirement says nothing about come from a case that is allowed."""
    rules = (
        "version: 1\ntools: {send: {effect: send, args: [to, team]}}\nrules:\n"
        "- {id: r, text: T., on: send, then: allow, else: ask,\n"
        "   require: {recipients: {domain_in: [corp.test]}, matches: {team: '(?:red|blue)-[0-9]+'}}}\n"
    )
    case = Baseline(made("send", '{"to": "a@corp.test", "team": "red-7"}'))
    found = attack([load(rules)], [case], NOW, WHOSE)
    assert found.skipped == []
    assert found.through == []
    assert found.tried["recipients"] > 40


def test_without_an_allowed_call_that_is_said() -> None:
    """A tool that is never allowed can be attacked less well, and the person is told how to help."""
    rules = ONE.replace("then: allow, ", "") % "recipients: {domain_in: [corp.test]}"
    assert [what for what, _ in _attacked(rules).skipped] == ["tool"]


def test_other_tools_with_an_objected_effect_are_tried() -> None:
    """A rule by effect is about tools that nobody named; one by name, under a default that allows, is not."""
    by_effect = "version: 1\ndefault: allow\nrules:\n- {id: no, text: No., on: {effect: delete}, then: deny}\n"
    assert _attacked(by_effect).through == []
    assert _attacked(by_effect).tried["names"] > 5
    by_name = by_effect.replace("rules:", "tools: {delete_mail: delete}\nrules:").replace(
        "{effect: delete}", "delete_mail"
    )
    assert {one.trick.why for one in _attacked(by_name).through} == {"delete_mail with a number"}


def test_a_permission_for_another_user_is_attacked_as_that_user() -> None:
    """Rules that ask who it is are attacked for whom they permit something."""
    rules = ONE % "who: {user_in: [ada]}, recipients: {domain_in: [corp.test]}"
    assert [what for what, _ in _attacked(rules).skipped] == ["tool"]
    assert attack([load(rules)], [], NOW, SessionId("attack", "ada")).skipped == []


@pytest.mark.parametrize(
    ("require", "why"),
    [
        ("count: {of: ids, per: call, max: 2}", "several in one text"),
        ("never_after: {tool: look}", "after look"),
        ("only_after: {tool: check}", "with nothing before it"),
        ("count: {of: ids, per: call, max: 100}", ""),
        ("rate: {max: 5, per: minute}", ""),
    ],
)
def test_sequences_are_tried(require: str, why: str) -> None:
    """Counts and orders have tricks of their own; a large count is not tried out."""
    found = _attacked(ONE % require)
    assert found.through == []
    assert bool(why) == bool(sum(number for kind, number in found.tried.items() if kind not in ("names", "shell")))


def test_a_pattern_file_has_targets_of_every_kind() -> None:
    """Patterns on commands, SQL and amounts are attacked as what they stand in the place of."""
    rules = """\
version: 1
tools:
  run: {effect: execute, args: [command]}
  db_query: {effect: read, args: [sql]}
  pay: {effect: spend, args: [amount]}
  mcp:crm: write
rules:
  - {id: a, text: T., on: run, require: {matches: {command: "ls|cat a"}}, then: allow, else: deny}
  - {id: b, text: T., on: db_query, require: {matches: {sql: "select 1"}}, else: deny}
  - {id: c, text: T., on: pay, require: {matches: {amount: "[0-9]"}}, then: allow, else: deny}
  - {id: d, text: T., on: pay, require: {matches: {amount: "\\\\pL+"}}, then: allow}
  - {id: e, text: T.}
"""
    found = _attacked(rules)
    assert {"shell", "sql", "amount"} <= set(found.tried)
    assert found.through == []
