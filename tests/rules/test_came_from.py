"""came_from: which values a text mentions, which are the same, and what the requirement answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, call, judged, one, rules

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.compare import weaker
from pinnedrules.rules.decide import decide, traced
from pinnedrules.rules.mentioned import MAX_TEXT, forms, mentioned, stated
from pinnedrules.rules.predicates.base import Cannot
from pinnedrules.rules.predicates.origins import CAME_FROM
from pinnedrules.types import LedgerState

ASKS = one("{came_from: {of: value, in: [user, trusted]}}")


def said(text: str, source: str = "user") -> LedgerState:
    """Return the ledger of a session in which this came up."""
    return LedgerState(known=frozenset(f"{source} {digest}" for digest in mentioned(text)))


def answer(value: object, ledger: LedgerState) -> str:
    """Return what the requirement says to this value: holds, fails, or cannot be decided."""
    found = judged(ASKS, "act", {"value": value}, ledger)
    if found.verdict == "allow":
        return "holds"
    return "cannot be decided" if found.undecided else "fails"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Mail it to Bob@Example.com, please.", "bob@example.com"),
        ("to: bob@example.com;eve@example.com", "eve@example.com"),
        ("Bob Example <bob@example.com>", "Bob <BOB@example.com>"),
        ("bob@example.com and ada@example.com", "bob@example.com, Ada <ada@example.com>"),
        ("mailto:bob@example.com", "bob@example.com"),
        ("bob@bücher.example", "bob@xn--bcher-kva.example"),
        ("see https://Example.com/a?b=1.", "https://example.com/a?b=1"),
        ("see https://example.com/a", "example.com"),
        ("open http://example.com", "http://example.com/"),
        ("what is on example.com?", "EXAMPLE.COM."),
        ("ping 192.0.2.7", "192.0.2.7"),
        ("cancel order INV-4711!", "INV-4711"),
        ("cancel #4711", 4711),
        ("cancel #4711", "4711"),
        ("id=ab12cd", "ab12cd"),
        ("clean /srv/build/out.txt,", "/srv/build/out.txt"),
        ('open "/srv/My Documents/x"', "/srv/My Documents/x"),
        ("edit report.pdf", "report.pdf"),
        ("edit ./a/b and ~/c/d", "~/c/d"),
        ("C:\\Temp\\x.log", "C:\\Temp\\x.log"),
        ("refund 12.50 EUR", 12.5),
        ("refund €12", "12.00"),
        ("refund 1,234.50", 1234.5),
        ("überweise 1.234,50", "1234.5"),
        ("refund 12,5", "12.50 EUR"),
        ("refund -3", -3),
        (json.dumps({"to": "bob@example.com", "n": [{"total": 99.5}]}), "bob@example.com"),
        (json.dumps({"to": "a\nbob@example.com", "n": [{"total": 99.5}]}), "bob@example.com"),
        (json.dumps({"to": "bob@example.com", "n": [{"total": 99.5}]}), 99.5),
        (json.dumps({"INV-4711": True}), "INV-4711"),
        (json.dumps(["My Folder/a b.txt"]), "My Folder/a b.txt"),
    ],
)
def test_a_value_that_was_mentioned_holds(text: str, value: object) -> None:
    """However a person writes it: case, names, brackets, punctuation, JSON."""
    assert answer(value, said(text)) == "holds"
    assert answer(value, said(text, "trusted")) == "holds"
    assert answer(value, said("something else")) == "fails"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bob@example.com", "example.com"),
        ("bob@example.com", "eve@example.com"),
        ("bob@example.com", "bob+x@example.com"),
        ("bob@example.com", "bob@example.com.evil.example"),
        ("bob@example.com", "bob@example.com, eve@evil.example"),
        ("https://example.com/a", "https://example.com/b"),
        ("https://example.com/a", "http://example.com/a"),
        ("https://example.com/a", "https://example.com:8443/a"),
        ("https://example.com/", "sub.example.com"),
        ("/srv/a/b", "/srv/a"),
        ("/srv/a", "/srv/a/b"),
        ("/srv/a", "/srv/b/../a"),
        ("/srv/a", "/SRV/a"),
        ("INV-4711", "INV-47110"),
        ("INV-4711", "inv-4711"),
        ("INV-4711", "4711"),
        ("100", "1000"),
        ("100", 100.01),
        ("p\u0430ypal.example", "paypal.example"),
    ],
)
def test_a_piece_or_a_neighbour_of_it_does_not(text: str, value: object) -> None:
    """A value counts as a whole, and as itself."""
    assert answer(value, said(text)) == "fails"


@pytest.mark.parametrize(
    "value",
    [
        "please send it to everyone",
        "",
        "   ",
        "bob@example.com\r\nBcc: eve@evil.example",
        "bob\uff20example.com",
        "bob@example.com@evil.example",
        "https://bob@example.com/a",
        "https://bob\u2028example.com",
        "http://",
        "http://exa mple.com/a",
        "http://example.com:x/",
        "x" * 3_000,
        True,
        None,
        {"a": 1},
        [],
        ["bob@example.com", {}],
        10**70,
        "a/" * 900 + "b",
    ],
    ids=repr,
)
def test_what_is_no_such_value_cannot_be_decided_or_fails(value: object) -> None:
    """Prose, two readings, another type: never holds, whatever was said."""
    found = answer(value, said(f"bob@example.com example.com https://example.com/a {str(value)[:100]}"))
    assert found in ("cannot be decided", "fails")


def test_every_item_must_have_been_given() -> None:
    """A list is as good as its worst item, and with several arguments each of them."""
    ledger = said("bob@example.com ada@example.com INV-4711")
    assert answer(["bob@example.com", "ada@example.com"], ledger) == "holds"
    assert answer(["bob@example.com", "eve@evil.example"], ledger) == "fails"
    two = one("{came_from: {of: [to, order.id], in: user}}")
    good = {"to": "bob@example.com", "order": {"id": "INV-4711"}}
    assert judged(two, "act", good, ledger).verdict == "allow"
    assert judged(two, "act", {"to": "bob@example.com"}, ledger).undecided
    assert judged(two, "act", {**good, "order": {"id": "INV-4712"}}, ledger).verdict == "deny"


def test_a_source_that_is_not_named_does_not_count() -> None:
    """What a trusted tool brought back is no person's word, and the other way round."""
    only = one("{came_from: {of: value, in: user}}")
    assert judged(only, "act", {"value": "INV-4711"}, said("INV-4711", "trusted")).verdict == "deny"
    assert judged(only, "act", {"value": "INV-4711"}, said("INV-4711")).verdict == "allow"


def test_what_nobody_looked_up_cannot_be_decided() -> None:
    """Without the index nothing is known, and that is no permission; what fails all the same says so."""
    assert answer("INV-4711", EMPTY) == "cannot be decided"


def test_the_rules_are_a_source_without_any_index() -> None:
    """Texts and requirements of the rule set; not what only looks like a part of them."""
    found = rules(
        "  - {id: a, text: Reports go to boss@example.com and to /srv/reports/out.txt., on: act,"
        " require: {came_from: {of: value, in: rules}}, else: deny, then: allow}\n"
        "  - {id: b, text: Refunds., on: other, require: {amount: {of: n, max: 250}, matches: {m: INV-1}}, else: ask}\n",
        tools="{act: write, other: spend}",
    )
    for value, verdict in (
        ("boss@example.com", "allow"), ("/srv/reports/out.txt", "allow"), (250, "allow"), ("INV-1", "allow"),
        ("eve@example.com", "deny"), ("example.com", "deny"), (251, "deny"),
    ):  # fmt: skip
        assert judged(found, "act", {"value": value}).verdict == verdict
    assert traced(found, call("act", {"value": "x1234"})) == ()


def test_what_is_wanted_is_told_by_the_rules_that_speak() -> None:
    """Nothing is looked up for calls that no such rule is about, nor for a value that cannot be read."""
    assert traced(ASKS, call("other", {"value": "INV-4711"})) == ()
    assert traced(ASKS, call("act", {"value": "some words"})) == ()
    assert traced(ASKS, call("act", {})) == ()
    assert {key.split()[0] for key in traced(ASKS, call("act", {"value": "INV-4711"}))} == {"user", "trusted"}
    carried = call("tool_call", {"name": "act", "arguments": {"value": "INV-4711"}})
    assert traced(ASKS, carried) == traced(ASKS, call("act", {"value": "INV-4711"}))


@pytest.mark.parametrize(
    "options",
    ["{of: value}", "{in: user}", "{of: value, in: [wire]}", "{of: value, in: []}", "{of: value, in: user, x: 1}"],
)
def test_a_wrong_option_is_an_error_at_load(options: str) -> None:
    """Closed: what is not known is not guessed."""
    with pytest.raises(RuleFileError):
        one(f"{{came_from: {options}}}")


def test_an_argument_that_the_tool_does_not_have_is_an_error() -> None:
    """A rule that could never hold is told apart from one that does."""
    with pytest.raises(RuleFileError, match="no argument"):
        rules(
            "  - {id: r, text: T., on: act, require: {came_from: {of: too, in: user}}, else: deny}\n",
            tools="{act: {effect: write, args: [to]}}",
        )


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    """Never raises, and what it finds is digests only."""
    assert all(len(digest) == 24 for digest in mentioned(text))
    found = forms(text, "x")
    assert isinstance(found, Cannot) or all(form and all(len(one) == 24 for one in form) for form in found)


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_holds_that_was_not_said(text: str, value: str) -> None:
    """For any text and value: what holds is, up to case and blanks, a part of what was said."""
    if answer(value, said(text)) == "holds":
        bare = "".join(char for char in value.lower() if char.isalnum())
        assert bare.strip("0") in "".join(char for char in text.lower() if char.isalnum())


def test_a_long_list_cannot_be_decided() -> None:
    """Ten thousand values are not looked up one by one."""
    for number, found in ((250, "holds"), (251, "cannot be decided"), (10_000, "cannot be decided")):
        assert answer(["INV-4711"] * number, said("INV-4711")) == found


def test_what_a_prohibition_names_was_not_given() -> None:
    """The sentence "never mail bob" is no source of bob's address; and adding it lets nothing more through."""
    permits = (
        "  - {id: r, text: Mail on., on: act, require: {came_from: {of: to, in: rules}}, then: allow, else: deny}\n"
    )
    old = rules(permits, tools="{act: write}")
    new = rules(
        permits + "  - {id: n, text: Never mail eve@evil.example., on: mail, then: deny}\n", tools="{act: write}"
    )
    assert stated(new.rules) == stated(old.rules)
    assert weaker(old, new) is None
    required = "{recipients: {domain_in: a.example, not_in: [l@a.example]}}"
    listed = f"  - {{id: r, text: Mail., on: act, require: {required}, else: deny}}\n"
    assert mentioned("l@a.example").isdisjoint(stated(rules(listed, tools="{act: send}").rules))


def test_a_rule_that_mentions_more_is_weaker() -> None:
    """Where the rules are a source, a new sentence with an address in it lets more through: changing it needs the role."""
    body = "  - {{id: r, text: Mail {}., on: act, require: {{came_from: {{of: to, in: {}}}}}, else: deny}}\n"
    old = rules(body.format("ada@example.com or bob@example.com", "rules"), tools="{act: write}")
    for text, sources, weak in (
        ("ada@example.com", "rules", False),
        ("ada@example.com or eve@evil.example", "rules", True),
    ):
        new = rules(body.format(text, sources), tools="{act: write}")
        assert (weaker(old, new) is not None) is weak
    old, new = (
        rules(body.format(text, "user"), tools="{act: write}") for text in ("ada@example.com", "bob@example.com")
    )
    assert weaker(old, new) is None


def test_megabytes_are_bounded() -> None:
    """Hostile texts cost what their first part costs: nested, endless or all one word."""
    for text in (
        "a" * (1 << 21),
        "a@" * (1 << 20),
        "[" * (1 << 20),
        '{"a":' * 5_000,
        "1," * (1 << 20),
        '"' * (1 << 20),
    ):
        assert len(mentioned(text)) < 50_000
    late = "x " * MAX_TEXT + "INV-4711"
    assert answer("INV-4711", said(late)) == "fails"


def test_the_differences_of_one_value_are_one_digest() -> None:
    """What is stored tells nothing but whether a value is the same."""
    assert mentioned("Bob@EXAMPLE.com") == mentioned("bob@example.com") == mentioned("<BOB@example.com>,")
    assert stated(ASKS.rules) == stated([replace(ASKS.rules[0], note="x")])
    assert CAME_FROM.say({"of": "to", "in": ["user", "rules"]}) == "to came from a person's words or the rules"


def test_a_decision_after_a_rewrite_asks_for_the_new_value() -> None:
    """A value that a patch put in was not looked up, so it did not come from anybody."""
    found = rules(
        "  - {id: p, text: To the list., on: act, then: {rewrite: [{op: replace, path: /value, value: INV-4712}]}}\n"
        "  - {id: r, text: T., on: act, require: {came_from: {of: value, in: user}}, else: deny, then: allow}\n",
        tools="{act: write}",
    )
    assert decide(found, call("act", {"value": "INV-4711"}), said("INV-4711"), NOW).verdict == "deny"
