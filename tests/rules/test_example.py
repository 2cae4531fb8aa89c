"""The design's example rule file as a table of calls and decisions."""

from __future__ import annotations

import pytest
from tests.rules.making import AFTER_READING, EMPTY, EXAMPLE, NOW, call, judged

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.types import LedgerState

RULES = load(EXAMPLE, file="rules.yaml")

INSIDE = {"to": "boss@example.com", "subject": "Report", "body": "Here it is."}
OUTSIDE = {"to": "bob@evil.com", "subject": "Report", "body": "Here it is."}

TABLE = [
    ("a search of one's own mail", "gmail.search", {"query": "invoices"}, EMPTY, "allow", ()),
    ("a search after a search", "gmail.search", {"query": "invoices"}, AFTER_READING, "allow", ()),
    ("mail inside", "send_email", INSIDE, EMPTY, "allow", ("internal-mail",)),
    ("mail inside after reading from outside", "send_email", INSIDE, AFTER_READING, "ask", ("no-exfiltration",)),
    ("mail outside", "send_email", OUTSIDE, EMPTY, "deny", ("internal-mail",)),
    ("mail outside after reading", "send_email", OUTSIDE, AFTER_READING, "deny", ("internal-mail",)),
    ("mail to nobody", "send_email", {"subject": "x"}, EMPTY, "deny", ("internal-mail",)),
    ("a refund of 10", "refund", {"amount": 10}, EMPTY, "allow", ("refund-cap",)),
    ("a refund of exactly 100", "refund", {"amount": 100}, EMPTY, "allow", ("refund-cap",)),
    ("a refund of 101", "refund", {"amount": 101}, EMPTY, "ask", ("refund-cap",)),
    ("a refund of 100.01", "refund", '{"amount": 100.01}', EMPTY, "ask", ("refund-cap",)),
    ("a refund without an amount", "refund", {"order": 7}, EMPTY, "ask", ("refund-cap",)),
    ("a refund after reading", "refund", {"amount": 10}, AFTER_READING, "allow", ("refund-cap",)),
    ("a deletion", "gmail.delete", {"id": "m1"}, EMPTY, "ask", ("suggest-only",)),
    ("a deletion in another spelling", "batchDelete", {"ids": ["m1"]}, EMPTY, "ask", ("suggest-only",)),
    ("an unknown tool", "transfer_ownership", {"to": "bob"}, EMPTY, "ask", ()),
    ("an unknown tool without arguments", "shut_down", {}, EMPTY, "ask", ()),
    ("mail inside under a gateway's name", "mcp__gmail__send_email", INSIDE, EMPTY, "ask", ()),
    ("mail outside under a gateway's name", "mcp__gmail__send_email", OUTSIDE, EMPTY, "deny", ("internal-mail",)),
    ("mail outside under another spelling", "Send_Email", OUTSIDE, EMPTY, "deny", ("internal-mail",)),
    ("a search under another spelling", "Gmail.Search", {"query": "invoices"}, EMPTY, "ask", ()),
]


@pytest.mark.parametrize(
    ("what", "name", "arguments", "ledger", "verdict", "ids"), TABLE, ids=[row[0] for row in TABLE]
)
def test_the_example_decides_as_the_design_says(
    what: str, name: str, arguments: object, ledger: LedgerState, verdict: str, ids: tuple[str, ...]
) -> None:
    """This example as a table of calls and decisions is a test."""
    declared = frozenset({"amount"}) if isinstance(arguments, str) else frozenset()
    found = decide(RULES, call(name, arguments, declared=declared), ledger, NOW)
    assert (found.verdict, found.rules) == (verdict, ids), what


def test_the_day_s_refunds_are_added_up() -> None:
    """Refund at most 500 EUR a day without asking: the sixth hundred is asked about, the next day begins anew."""
    ledger = EMPTY
    made = call("refund", {"amount": 100})
    for _ in range(5):
        decision = decide(RULES, made, ledger, NOW)
        assert decision.verdict == "allow"
        ledger = after(RULES, made, decision, ledger, NOW)
    assert decide(RULES, made, ledger, NOW).verdict == "ask"
    tomorrow = type(NOW)(NOW.utc_us, NOW.mono_ns, "2026-11-23")
    assert decide(RULES, made, ledger, tomorrow).verdict == "allow"


def test_reading_from_outside_is_remembered_without_the_transcript() -> None:
    """A rule over history decides the same after any number of compactions and restarts as before them (invariant 5)."""
    search = call("gmail.search", {"query": "x"})
    ledger = after(RULES, search, decide(RULES, search, EMPTY, NOW), EMPTY, NOW)
    stored = LedgerState(session=dict(ledger.session), user=dict(ledger.user))
    assert judged(RULES, "send_email", INSIDE, EMPTY).verdict == "allow"
    assert judged(RULES, "send_email", INSIDE, stored).verdict == "ask"


def test_a_denial_says_what_failed_and_quotes_the_rule() -> None:
    """A decision names the rules that decided, with their sentence, what failed and where the call would have gone."""
    found = judged(RULES, "send_email", OUTSIDE)
    assert found.reasons == ("recipients: bob@evil.com is not in example.com",)
    assert found.sentences == ("Send e-mail only inside example.com.",)
    assert found.targets == ("to: bob@evil.com",)
    assert found.effects == ("send",)


def test_a_rule_that_could_not_be_decided_is_named() -> None:
    """Whatever could not be decided is named in the decision."""
    found = judged(RULES, "refund", {"amount": "lots"})
    assert found.verdict == "ask"
    assert [entry.rule for entry in found.undecided] == ["refund-cap", "refund-cap"]
    assert "amount is not an amount: lots" in found.undecided[0].why


def test_the_file_s_texts_come_in_order() -> None:
    """The texts are what is pinned, in the order of the file."""
    assert [name for name, _ in RULES.texts] == ["suggest-only", "internal-mail", "refund-cap", "no-exfiltration"]
    assert RULES.texts[1] == ("internal-mail", "Send e-mail only inside example.com.")
    rule = RULES.rule("refund-cap")
    assert rule is not None
    assert rule.text == RULES.texts[2][1]
    assert RULES.rule("nothing") is None
