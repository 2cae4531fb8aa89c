"""What is found in rule files that load."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.authoring.making import EXAMPLE, NOW, example

from pinnedrules.authoring.findings import KINDS, Finding
from pinnedrules.authoring.lint import lint
from pinnedrules.authoring.points import stands_for
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.names import matches
from pinnedrules.rules.profiles import PROFILES
from pinnedrules.types import Call, LedgerState

TOOLS = """\
version: 1
tools:
  list_mail: read
  delete_mail: {effect: delete, args: [id]}
  send_email: {effect: send, args: [to, body]}
  deploy: {effect: [execute, publish], args: []}
  fetch: {effect: [read, send], args: [url, target]}
  pay: {effect: spend, args: [amount]}
rules:
"""
TESTED = frozenset((f"r{number}", side) for number in range(1, 9) for side in ("then", "else"))


def _found(rules: str, head: str = TOOLS) -> list[Finding]:
    return lint(load(head + rules), TESTED, cases="rules.test.yaml")


def _kinds(rules: str, head: str = TOOLS) -> list[str]:
    return [one.kind for one in _found(rules, head)]


@pytest.mark.parametrize(
    ("rules", "kind", "says"),
    [
        (
            "- {id: r1, text: No., on: {effect: delete}, then: deny}\n"
            "- {id: r2, text: Ask., on: delete_mail, then: ask}\n",
            "unreachable", "rule r2 can never decide anything",
        ),
        (
            "- {id: r1, text: Ask., on: delete_mail, then: ask}\n"
            "- {id: r2, text: No., on: {effect: delete}, then: deny}\n",
            "unreachable", "rule r1 can never decide anything",
        ),
        (
            "- {id: r1, text: No., on: delete_mail, then: deny}\n"
            "- {id: r2, text: No., on: send_email, then: deny}\n"
            "- {id: r3, text: Ask., on: [delete_mail, send_email], then: ask}\n",
            "unreachable", "rule r3 can never decide anything",
        ),
        (
            "- {id: r1, text: No., on: {effect: delete}, then: deny}\n"
            "- {id: r2, text: Never., on: {effect: delete}, then: deny}\n",
            "unreachable", "rule r2 says the same as r1",
        ),
        (
            "- {id: r1, text: No., on: {effect: delete}, then: deny}\n"
            "- {id: r2, text: Yes., on: {effect: delete}, then: allow}\n",
            "conflict", "rule r2 allows exactly what r1 denies",
        ),
        (
            "- {id: r1, text: Ask., on: {effect: send}, then: ask}\n"
            "- {id: r2, text: Yes., on: send_email, then: allow}\n",
            "outweighed", "the permission of rule r2 never counts",
        ),
        (
            "- {id: r1, text: Run., on: {effect: execute}, then: allow}\n",
            "outweighed", "the permission of rule r1 never counts",
        ),
        (
            "- {id: r1, text: Publish., on: {tool: stranger, effect: write}, then: allow}\n"
            "- {id: r2, text: Send., on: {effect: publish}, then: allow}\n",
            "outweighed", "the permission of rule r2 never counts",
        ),
        (
            "- {id: r1, text: A., on: fetch, require: {url: {host_in: [a.example]}}, else: deny}\n"
            "- {id: r2, text: B., on: fetch, require: {url: {host_in: [b.example]}}, else: ask}\n",
            "conflict", "nothing can meet both r1 and r2",
        ),
        (
            "- {id: r1, text: A., on: pay, require: {amount: {of: amount, max: 100}}, else: deny}\n"
            "- {id: r2, text: B., on: {effect: spend}, require: {amount: {of: amount, min: 200}}, else: ask}\n",
            "conflict", "nothing can meet both r1 and r2",
        ),
        (
            "- {id: r1, text: A., on: send_email, require: {matches: {to: '.+@example.com'}}, else: deny}\n",
            "pattern", "a pattern decides about to, which recipients knows how to read",
        ),
        (
            "- {id: r1, text: A., on: pay, require: {matches: {amount: '[0-9]'}}, else: deny}\n",
            "pattern", "a pattern decides about amount, which amount knows how to read",
        ),
        (
            "- {id: r1, text: A., on: send_email, require: {matches: {body: '.*'}}, else: deny}\n",
            "pattern", "the pattern for body matches everything",
        ),
    ],
)  # fmt: skip
def test_rules_that_do_not_do_what_they_say_are_found(rules: str, kind: str, says: str) -> None:
    """A rule that can never decide, a permission that never counts, a contradiction, a pattern in the wrong place."""
    (found,) = _found(rules)
    assert (found.kind, found.what) == (kind, says)
    assert found.why
    assert found.write


@pytest.mark.parametrize(
    "rules",
    [
        "- {id: r1, text: No., on: {effect: delete}, then: deny}\n- {id: r2, text: Ask., on: {effect: send}, then: ask}\n",
        "- {id: r1, text: No., on: delete_mail, then: deny}\n- {id: r2, text: Ask., on: {effect: delete}, then: ask}\n",
        "- {id: r1, text: No., on: {effect: delete}, then: deny}\n- {id: r2, text: Not this., on: delete_mail, then: deny}\n",
        "- {id: r1, text: Only here., on: send_email, require: {recipients: {domain_in: [a.example]}}, else: deny}\n"
        "- {id: r2, text: Ask., on: send_email, then: ask}\n",
        "- {id: r1, text: Run., on: {effect: [execute, publish]}, then: allow}\n",
        "- {id: r1, text: Run., on: deploy, then: allow}\n- {id: r2, text: No., on: delete_mail, then: deny}\n",
        "- {id: r1, text: A., on: fetch, require: {url: {host_in: [a.example, b.example]}}, else: deny}\n"
        "- {id: r2, text: B., on: fetch, require: {url: {host_in: [b.example]}}, else: ask}\n",
        "- {id: r1, text: A., on: fetch, require: {url: {host_in: [a.example]}}, else: deny}\n"
        "- {id: r2, text: B., on: fetch, require: {url: {of: target, host_in: [b.example]}}, then: allow}\n",
        "- {id: r1, text: A., on: fetch, require: {path: {inside: /a}}, else: deny}\n"
        "- {id: r2, text: B., on: delete_mail, require: {path: {inside: /b, of: id}}, else: deny}\n",
        "- {id: r1, text: A., on: send_email, else: deny,\n"
        "   require: {matches: {to: a.+}, recipients: {domain_in: [a.example]}}}\n",
        "- {id: r1, text: Be kind.}\n",
    ],
)
def test_rules_in_order_give_no_finding(rules: str) -> None:
    """A narrower objection, two rules that some call meets, a second look: none of that is a fault."""
    assert _found(rules) == []


@pytest.mark.parametrize(
    ("tools", "kind", "says"),
    [
        ("purge_inbox: read", "looser", "purge_inbox is declared as read, and its name says delete"),
        ("bash: read", "looser", "bash is declared as read, and its name says execute"),
        ('"trash_*": read', "looser", "trash_* is declared as read, and its name says delete"),
        ("publish_post: send", "looser", "publish_post is declared as send, and its name says publish"),
        ('"note*": spend\n  note_down: write', "looser", "note_down is declared as write, and note* as spend"),
        ("notes: read\n  crm.notes: write", "twice", "crm.notes and notes may be one tool"),
        ('"a*": read\n  "a*b": write', "twice", "a*b and a* may be one tool"),
        ("pay: spend", "no-args", "pay is permitted with any argument that its schema has"),
    ],
)
def test_declarations_that_let_too_much_through_are_found(tools: str, kind: str, says: str) -> None:
    """A tool that does more than it is said to do, or is said to do two things."""
    found = _found(
        "  - {id: r1, text: Pay., on: pay, require: {amount: {of: amount, max: 5}}, then: allow}\n",
        f"version: 1\ntools:\n  {tools}\nrules:\n",
    )
    assert [(one.kind, one.what) for one in found if one.kind != "no-args" or kind == "no-args"][:1] == [(kind, says)]


@pytest.mark.parametrize(
    "tools",
    [
        "list_deleted: read",
        "delete_mail: [write, delete]",
        "delete_mail: execute",
        "send_money: spend",
        "share_file: publish",
        "notes: read\n  crm.notes: read",
        '"a*": read\n  "b*": write',
        '"*mail*": write\n  list_mail: read',
    ],
)
def test_declarations_in_order_give_no_finding(tools: str) -> None:
    """A stricter effect covers a weaker one, and a pattern with an exception is one."""
    rules = "  - {id: r1, text: Ask., on: {effect: spend}, then: ask}\n"
    assert _kinds(rules, f"version: 1\ntools:\n  {tools}\nrules:\n") == []


def test_arguments_matter_only_where_something_is_permitted() -> None:
    """A tool that is always asked about, one that reads, and one with args need no list of arguments."""
    head = "version: 1\ntools: {pay: spend, look: read, book: {effect: spend, args: [id]}}\nrules:\n"
    asked = "  - {id: r1, text: Ask., on: {effect: spend}, then: ask}\n"
    assert _kinds(asked, head) == []
    assert _kinds("  - {id: r1, text: Pay., on: [pay, book, look], then: allow}\n", head) == ["no-args"]
    assert _kinds("  - {id: r1, text: Be kind.}\n", head.replace("version: 1", "version: 1\ndefault: allow")) == [
        "no-args"
    ]


def test_the_arguments_that_rules_name_are_proposed() -> None:
    """What to write begins with what is known."""
    (found,) = _found(
        "- {id: r1, text: Pay., on: pay, require: {amount: {of: amount, max: 5}}, then: allow}\n",
        "version: 1\ntools: {pay: spend}\nrules:\n",
    )
    assert found.write == "pay: {effect: spend, args: [amount, ...]}"


def test_rules_that_no_case_comes_to_are_found() -> None:
    """Without any case that is one finding, with some one for each rule; text alone needs none."""
    every = [one for one in lint(example(), None, cases="c.yaml") if one.kind == "untested"]
    assert [one.path for one in every] == [("rules",)]
    some = [one for one in lint(example(), {("refund-cap", "else")}, cases="c.yaml") if one.kind == "untested"]
    assert [one.path for one in some] == [("rules", 0), ("rules", 1), ("rules", 3)]
    assert lint(load("version: 1\nrules: [{id: a, text: Be kind.}]\n"), None, cases="c.yaml") == []


@pytest.mark.parametrize("text", [EXAMPLE, *PROFILES.values()])
def test_what_this_package_ships_has_no_such_fault(text: str) -> None:
    """The documentation's example and every profile decide what they say; profiles declare no tools that they could permit."""
    harmful = [one.what for one in lint(load(text), set(), cases="c.yaml") if one.kind not in ("untested", "no-args")]
    assert [what for what in harmful if "ordinary-work" not in what and "rule drafts" not in what] == []


@pytest.mark.parametrize("pattern", ["*delete*", "gmail.*", "*", "a?b*c", "get_*_x", "*.send", "plain"])
def test_a_name_stands_for_a_pattern(pattern: str) -> None:
    """The name that a pattern is looked at with is one that it matches."""
    assert matches(pattern, stands_for(pattern))


def test_every_kind_has_its_words() -> None:
    """The help of the command says what each kind is."""
    assert len(KINDS) == 8
    assert all(KINDS.values())


_ON = st.sampled_from(
    ["{effect: delete}", "{effect: [delete, send]}", "{effect: send}", "delete_mail", "[delete_mail, send_email]",
     "send_email", "'*_mail'", "{tool: send_email, effect: send}", "{effect: execute}", "deploy"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_ON, st.sampled_from(["allow", "ask", "deny"])), min_size=1, max_size=5))
def test_what_never_decides_can_be_taken_out(written: list[tuple[str, str]]) -> None:
    """A rule that is said to decide nothing, taken out of the file, changes no decision."""
    lines = [f"- {{id: r{number}, text: T., on: {on}, then: {then}}}\n" for number, (on, then) in enumerate(written)]
    try:
        rules = load(TOOLS + "".join(lines))
    except RuleFileError:
        return
    for found in lint(rules, TESTED, cases="c.yaml"):
        if found.kind in ("unreachable", "conflict", "outweighed") and len(lines) > 1:
            index = found.path[1]
            less = load(TOOLS + "".join(line for number, line in enumerate(lines) if number != index))
            names = (
                "list_mail",
                "delete_mail",
                "send_email",
                "deploy",
                "fetch",
                "Send-Email",
                "x.delete_mail",
                "purge",
                "z",
            )
            for name, arguments in itertools.product(names, ("{}", '{"id": 1}')):
                call = Call(name, arguments, declared=frozenset({"id"}))
                assert (
                    decide(rules, call, LedgerState(), NOW).verdict == decide(less, call, LedgerState(), NOW).verdict
                ), (found, name)
