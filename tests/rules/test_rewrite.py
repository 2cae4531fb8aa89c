"""A patched call: limits clamped, stamps put on what is published, and what is kept of it."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.rewrite import stamp
from pinnedrules.types import Call, Decision, Moment

STAMP = "{value}\n\n(written by an agent, unreviewed, record {record})"


def rules(*operations: dict[str, Any]) -> RuleSet:
    return load(
        json.dumps(
            {
                "version": 1,
                "default": "allow",
                "tools": {"post": {"effect": "publish"}, "page": {"effect": "read"}},
                "rules": [
                    {"id": "stamps", "text": "Stamped.", "on": ["post", "page"], "then": {"rewrite": list(operations)}}
                ],
            }
        )
    )


def decided(
    found: RuleSet, arguments: dict[str, Any], name: str = "post", call_id: str = "c1", at: Moment = NOW
) -> Decision:
    return decide(found, Call(name, json.dumps(arguments), call_id, declared=frozenset(arguments)), EMPTY, at)


def test_a_stamp_is_put_behind_what_is_published() -> None:
    """``{value}`` is the text that stood there, ``{record}`` the stamp that the decision carries for its record."""
    found = decided(rules({"op": "replace", "path": "/body", "value": STAMP}), {"title": "t", "body": "Hello."})

    assert (found.verdict, len(found.stamp)) == ("allow", 12)
    assert json.loads(found.arguments or "") == {
        "title": "t",
        "body": f"Hello.\n\n(written by an agent, unreviewed, record {found.stamp})",
    }


def test_the_patch_that_is_kept_is_the_one_that_was_applied() -> None:
    """The operations of the decision lead from the original to what runs, with no rule at hand."""
    original = {"body": "Hello.", "more": [{"text": "x"}], "limit": 500}
    found = decided(
        rules(
            {"op": "replace", "path": "/body", "value": STAMP},
            {"op": "replace", "path": "/more/0/text", "value": "<{value}>"},
            {"op": "replace", "path": "/more/0/text", "value": "[{value}]"},
            {"op": "replace", "path": "/limit", "value": 100},
            {"op": "add", "path": "/by", "value": {"agent": ["record {record}"]}},
        ),
        original,
    )
    patched = jsonpatch.JsonPatch([dict(one) for one in found.patch]).apply(original)

    assert patched == json.loads(found.arguments or "")
    assert patched["more"] == [{"text": "[<x>]"}]
    assert patched["by"] == {"agent": [f"record {found.stamp}"]}


def test_a_limit_is_clamped() -> None:
    """A replace brings an amount down to what the rule requires, and the result is decided again."""
    found = load(
        "version: 1\ntools: {page: read, refund: spend}\nrules:\n"
        "- {id: cap, text: At most 100., on: refund, require: {amount: {of: amount, max: 100}},"
        " then: allow, else: {rewrite: [{op: replace, path: /amount, value: 100}]}}\n"
    )
    clamped = decide(found, Call("refund", '{"amount": 5000}', declared=frozenset({"amount"})), EMPTY, NOW)
    assert (clamped.verdict, clamped.arguments, clamped.rules) == ("allow", '{"amount":100}', ("cap",))
    assert decide(found, Call("refund", '{"note": 1}', declared=frozenset({"amount"})), EMPTY, NOW).verdict == "ask"
    unchanged = decide(found, Call("refund", '{"amount": 5}', declared=frozenset({"amount"})), EMPTY, NOW)
    assert (unchanged.arguments, unchanged.stamp) == (None, "")


@pytest.mark.parametrize("value", ["{ value}", "{VALUE}", "{}", "{values}", "{record", "{{x}}", "%s {0}", "{call}"])
def test_anything_else_in_braces_is_literal(value: str) -> None:
    """Only these two names are placeholders."""
    found = decided(rules({"op": "replace", "path": "/body", "value": value}), {"body": "Hello."})

    assert json.loads(found.arguments or "") == {"body": value}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ({"op": "replace", "path": "/body", "value": STAMP}, {"body": 7}),
        ({"op": "replace", "path": "/body", "value": STAMP}, {"body": None}),
        ({"op": "replace", "path": "/body", "value": STAMP}, {"body": ["Hello."]}),
        ({"op": "replace", "path": "/body", "value": STAMP}, {"text": "Hello."}),
        ({"op": "add", "path": "/body", "value": STAMP}, {"text": "Hello."}),
        ({"op": "add", "path": "/list/-", "value": STAMP}, {"list": ["Hello."]}),
        ({"op": "replace", "path": "/a/b", "value": STAMP}, {"a": "text"}),
        ({"op": "replace", "path": "/body", "value": "{value}" * 40}, {"body": "x" * 50_000}),
    ],
)
def test_what_has_no_text_to_stamp_is_asked_about(operation: dict[str, Any], arguments: dict[str, Any]) -> None:
    """A stamp that cannot be put on is an ask, and nothing is published without it."""
    found = decided(rules(operation), arguments)

    assert (found.verdict, found.arguments, found.patch, found.stamp) == ("ask", None, (), "")
    assert [item.rule for item in found.undecided] == ["stamps"]


@given(st.text())
def test_nothing_of_the_call_is_a_placeholder(text: str) -> None:
    """A model that writes ``{record}`` or ``{value}`` itself gets just that published, before the real stamp."""
    body = f"{text}{{record}}{{value}}{text}"
    try:
        body.encode()
    except UnicodeEncodeError:
        return
    found = decided(rules({"op": "replace", "path": "/body", "value": "{value} record {record}"}), {"body": body})

    assert json.loads(found.arguments or "") == {"body": f"{body} record {found.stamp}"}


def test_a_stamp_says_nothing_of_the_arguments() -> None:
    """It stands in public and in records that are never erased: the same call with other words has the same stamp."""
    patch = rules({"op": "add", "path": "/by", "value": "{record}"})
    stamps = [decided(patch, {"body": body}).stamp for body in ("a secret", "another")]
    others = [
        decided(patch, {"body": "a secret"}, name="page").stamp,
        decided(patch, {"body": "a secret"}, call_id="c2").stamp,
        decided(patch, {"body": "a secret"}, at=Moment(NOW.utc_us + 1, 1, NOW.day)).stamp,
    ]

    assert len(set(stamps)) == 1
    assert len({*stamps, *others}) == 4
    assert len(stamp(Call("\ud800", "{}", "\udfff"), NOW)) == 12


def test_what_a_carrier_carries_is_stamped_in_its_place() -> None:
    """A meta tool's inner call is stamped, and the outer decision carries the same stamp."""
    made = Call("use_tool", json.dumps({"tool": "post", "arguments": {"body": "Hello."}}), "c1")
    found = decide(
        load(
            "version: 1\ndefault: allow\ntools: {post: {effect: publish, args: [body]}}\n"
            "rules: [{id: s, text: S., on: post, then: {rewrite: [{op: replace, path: /body, value: '{value} {record}'}]}}]\n"
        ),
        made,
        EMPTY,
        NOW,
    )

    assert found.stamp
    assert json.loads(found.arguments or "")["arguments"] == {"body": f"Hello. {found.stamp}"}


def test_the_ledger_counts_what_runs() -> None:
    """What is charged is what was rewritten: 100, not the 5,000 that the model asked for."""
    found = load(
        "version: 1\ndefault: allow\ntools: {refund: {effect: spend, args: [amount]}}\nrules:\n"
        "- {id: cap, text: At most 100., on: refund, then: {rewrite: [{op: replace, path: /amount, value: 100}]}}\n"
        "- {id: sum, text: Not too much., on: refund, require: {total: {of: amount, per: session, max: 5150}}, else: ask}\n"
    )
    made = Call("refund", '{"amount": 5000}')
    first = decide(found, made, EMPTY, NOW)

    assert first.verdict == "allow"
    assert decide(found, made, after(found, made, first, EMPTY, NOW), NOW).verdict == "allow"
