"""A call that a rule makes one of another tool: sending becomes drafting."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.rules.making import EMPTY, NOW

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.decide import decide
from pinnedrules.rules.layers import objected, stricter
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.rewrite import as_if_offered, became
from pinnedrules.rules.show import show
from pinnedrules.types import Call, Decision, Definition, Offer

FILE = """\
version: 1
default: {read: allow, other: ask}
tools:
  send_email: {effect: send, args: [to, subject, body]}
  create_draft: {effect: write, args: [to, subject, text]}
  delete_mail: delete
rules:
  - id: drafts
    text: Mail is only drafted.
    on: send_email
    then:
      rewrite:
        tool: create_draft
        patch:
          - {op: move, from: /body, path: /text}
  - id: drafting
    text: Draft as you see fit.
    on: create_draft
    then: allow
  - id: no-deletes
    text: Never delete.
    on: {effect: delete}
    then: deny
"""
ARGUMENTS = {"to": "ann@example.com", "subject": "Hi", "body": "Hello."}
OFFER = Offer(
    frozenset({"send_email", "create_draft", "delete_mail"}),
    {
        "send_email": frozenset(ARGUMENTS),
        "create_draft": frozenset({"to", "subject", "text"}),
        "delete_mail": frozenset(),
    },
    {"create_draft": Definition("Creates a draft.")},
)


def mail(arguments: Any = ARGUMENTS, **more: Any) -> Call:
    call = Call("send_email", json.dumps(arguments), "c1", declared=frozenset(ARGUMENTS), offer=OFFER)
    return replace(call, **more)


def swapped(old: str, new: str) -> RuleSet:
    assert old in FILE
    return load(FILE.replace(old, new))


def test_send_becomes_draft() -> None:
    """Issue: send becomes draft. The result is decided again under the new name and effect."""
    found = decide(load(FILE), mail(), EMPTY, NOW)

    assert (found.verdict, found.tool, found.effects) == ("allow", "create_draft", ("write",))
    assert json.loads(found.arguments or "") == {"to": "ann@example.com", "subject": "Hi", "text": "Hello."}
    assert found.rules == ("drafts", "drafting")
    assert list(found.patch) == [{"op": "move", "from": "/body", "path": "/text"}]


def test_what_runs_has_what_the_request_says_of_its_own_tool() -> None:
    """The new call is one as the model could have made it."""
    call = mail()
    made = became(call, decide(load(FILE), call, EMPTY, NOW))

    assert (made.name, made.id) == ("create_draft", "c1")
    assert made.declared == OFFER.declared["create_draft"]
    assert made.definition == Definition("Creates a draft.")
    assert became(call, Decision("allow")) is call


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("    on: create_draft\n    then: allow", "    on: create_draft\n    then: ask", "ask"),
        ("    on: create_draft\n    then: allow", "    on: create_draft\n    then: deny", "deny"),
        ("    on: create_draft\n    then: allow", "    on: send_email\n    then: allow", "ask"),
        ("create_draft: {effect: write", "create_draft: {effect: delete", "deny"),
    ],
)
def test_no_permission_of_the_one_tool_is_one_of_the_other(old: str, new: str, verdict: str) -> None:
    """The new tool's rules decide, and its effects."""
    found = decide(swapped(old, new), mail(), EMPTY, NOW)

    assert found.verdict == verdict
    assert (found.tool == "create_draft") == (verdict != "deny")


def test_an_objection_to_the_call_as_it_was_stands() -> None:
    """A deny or an ask comes before a rewrite, as ever."""
    file = FILE + "  - {id: never, text: Never mail., on: {effect: send}, then: ask}\n"
    found = decide(load(file), mail(), EMPTY, NOW)

    assert (found.verdict, found.tool, found.arguments) == ("ask", "", None)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (mail(offer=None), "no request says whether that tool is there"),
        (mail(offer=replace(OFFER, functions=frozenset({"send_email"}))), "does not offer as a function"),
        (mail(offer=replace(OFFER, functions=frozenset({"create_draft"}))), "not one of a plain function"),
        (mail(kind="custom"), "a call of this kind cannot become"),
        (mail(kind="legacy"), "a call of this kind cannot become"),
        (mail(kind="builtin"), "a call of this kind cannot become"),
        (mail(kind="approval"), "a call of this kind cannot become"),
    ],
)
def test_what_cannot_become_one_of_the_other_tool_is_refused_by_name(call: Call, why: str) -> None:
    """A tool that was not offered is refused, not asked about: a yes would run the call that the rule does away with."""
    found = decide(
        swapped("send_email: {effect: send, args: [to, subject, body]}", "send_email: send"), call, EMPTY, NOW
    )

    assert found.verdict == "deny"
    assert found.rules == ("drafts",)
    assert why in found.reasons[0]
    assert "create_draft" in found.reasons[0]
    assert (found.tool, found.arguments) == ("", None)


def test_a_call_that_is_carried_by_another_is_refused() -> None:
    """Nobody can put another tool into what a carrier names, so nothing runs."""
    carried = json.dumps({"name": "send_email", "arguments": ARGUMENTS})
    call = Call("call_tool", carried, "c1", declared=frozenset({"name", "arguments"}), offer=OFFER)
    found = decide(load(FILE), call, EMPTY, NOW)

    assert found.verdict == "deny"
    assert found.tool == ""


def test_a_patch_that_does_not_fit_is_asked_about() -> None:
    """As ever: the call as it is needs a person's yes."""
    found = decide(load(FILE), mail({"to": "ann@example.com"}), EMPTY, NOW)

    assert (found.verdict, found.tool) == ("ask", "")
    assert "does not fit" in found.reasons[0]


def test_without_a_patch_the_arguments_stay() -> None:
    """Only the tool changes."""
    file = swapped("        patch:\n          - {op: move, from: /body, path: /text}\n", "")
    found = decide(file, mail({"to": "ann@example.com"}), EMPTY, NOW)

    assert (found.verdict, found.tool) == ("allow", "create_draft")
    assert json.loads(found.arguments or "") == {"to": "ann@example.com"}


def test_an_argument_that_the_new_tool_has_not_is_asked_about() -> None:
    """What was declared for the one tool is not for the other."""
    file = swapped("        patch:\n          - {op: move, from: /body, path: /text}\n", "")
    found = decide(file, mail(), EMPTY, NOW)

    assert found.verdict == "ask"
    assert any("undeclared arguments: body" in reason for reason in found.reasons)


def test_a_chain_goes_on_under_the_rules_of_the_new_tool() -> None:
    """Each rule once, and the last form is what is decided."""
    file = FILE.replace(
        "  - id: drafting\n",
        "  - {id: stamp, text: Stamped., on: create_draft, then: {rewrite: [{op: replace, path: /subject,"
        ' value: "[AI] {value}"}]}}\n  - id: drafting\n',
    )
    found = decide(load(file), mail(), EMPTY, NOW)

    assert (found.verdict, found.tool, found.rules) == ("allow", "create_draft", ("drafts", "stamp", "drafting"))
    assert json.loads(found.arguments or "")["subject"] == "[AI] Hi"


def test_the_ledger_counts_what_ran() -> None:
    """A budget of the tool that ran is charged, that of the one that did not is not."""
    file = FILE.replace(
        "    on: create_draft\n    then: allow",
        "    on: create_draft\n    require: {count: {per: session, max: 1}}\n    then: allow\n    else: deny",
    )
    found, call = load(file), mail()
    decision = decide(found, call, EMPTY, NOW)
    ledger = after(found, call, decision, EMPTY, NOW)
    assert decision.verdict == "allow"
    assert decide(found, call, ledger, NOW).verdict == "deny"

    once = "  - {id: once, text: One mail., on: send_email, require: {count: {per: session, max: 1}}, else: deny}\n"
    found = load(FILE + once)
    ledger = after(found, call, decide(found, call, EMPTY, NOW), EMPTY, NOW)
    assert decide(found, call, ledger, NOW).verdict == "allow"


def test_two_rule_sets_that_make_different_tools_of_it_are_asked_about() -> None:
    """Of two that change the call differently, neither is right."""
    one = Decision("allow", arguments="{}", tool="create_draft")
    assert stricter(one, replace(one, tool="save_note")).verdict == "ask"
    assert stricter(one, one) == one


def test_what_another_rule_set_says_to_the_result_counts() -> None:
    """The strictest of all decides about what runs, and both are named."""
    made = Decision("allow", ("write",), ("drafts",), (), ("Drafted.",), arguments="{}", tool="create_draft")
    denied = Decision("deny", ("write",), ("org",), ("no",), ("Never draft.",))
    asked = Decision("ask", ("write",), (), ("nobody permits it",), ())

    assert objected(made, [Decision("allow")]) is None
    found = objected(made, [asked, denied])
    assert found is not None
    assert (found.verdict, found.tool, found.rules) == ("deny", "", ("drafts", "org"))
    assert found.sentences == ("Drafted.", "Never draft.")
    found = objected(made, [asked])
    assert found is not None
    assert (found.verdict, found.tool, found.arguments) == ("ask", "create_draft", "{}")
    found = objected(made, [replace(made, arguments='{"a":1}')])
    assert found is not None
    assert (found.verdict, found.arguments) == ("ask", "{}")
    assert "one after the other" in found.reasons[-1]


WRONG = [
    ("tool: create_draft\n", "tool: create.draft\n", 13, "no call can become one of 'create.draft'"),
    ("tool: create_draft\n", "tool: save_note\n", 13, "the tool save_note is not declared"),
    ("tool: create_draft\n", "tool: call_tool\n", 13, "call_tool carries calls of other tools"),
    ("        tool: create_draft\n", "        tol: create_draft\n", 13, "unknown key 'tol'"),
    ("        tool: create_draft\n", "", 13, "'tool' is missing"),
    ("path: /text}", "path: /txt}", 15, "has no argument 'txt'"),
    ("{op: move, from: /body, path: /text}", "{op: mov, from: /body, path: /text}", 15, "'mov' is not known here"),
    ("{op: move, from: /body, path: /text}", "{op: move, frm: /body, path: /text}", 15, "unknown key 'frm'"),
]


@pytest.mark.parametrize(("old", "new", "line", "problem"), WRONG)
def test_what_is_written_wrong_is_an_error_at_its_place(old: str, new: str, line: int, problem: str) -> None:
    """File, line, column, and a way out."""
    assert old in FILE
    with pytest.raises(RuleFileError, match=problem) as error:
        load(FILE.replace(old, new), file="rules.yaml")
    assert error.value.line == line
    assert error.value.hint


def test_a_file_without_it_is_the_same_rule_set_as_before() -> None:
    """What was written keeps its hash; a list stays a patch."""
    listed = load(
        "version: 1\ntools: {post: publish}\nrules:\n"
        "  - {id: a, text: A., on: post, then: {rewrite: [{op: add, path: /x, value: 1}]}}\n"
    )
    assert listed.sha256 == "5bb9365e2afec17a2a6d8d763498ec9152610b6cafa3779110a4cdfc8e0ad5d4"
    assert load(FILE).sha256 != swapped("tool: create_draft", "tool: delete_mail").sha256


def test_it_is_read_aloud() -> None:
    """A person reads what will be called."""
    assert "call create_draft instead, with changed arguments (move /text)" in show(load(FILE))


def test_where_there_is_no_request_the_declared_tools_count_as_offered() -> None:
    """For trying a file: check, cases, replay."""
    call = replace(mail(), offer=None)
    assert decide(load(FILE), as_if_offered(call, [load(FILE)]), EMPTY, NOW).tool == "create_draft"
    open_file = load(FILE.replace(", args: [to, subject, text]", "").replace(", args: [to, subject, body]", ""))
    assert decide(open_file, as_if_offered(call, [open_file]), EMPTY, NOW).verdict == "allow"
    assert as_if_offered(mail(), [open_file]).offer is OFFER
