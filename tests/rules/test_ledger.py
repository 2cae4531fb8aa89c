"""What the ledger keeps of a released call."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, call, rules

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.types import Call, LedgerState, Moment

RULES = rules(
    "  - {id: day, text: Day., on: pay, require: {total: {of: amount, per: day, max: 500}}, else: ask, then: allow}\n"
    "  - {id: run, text: Run., on: pay, require: {total: {of: amount, per: session, max: 900}}, else: ask}\n"
    "  - {id: hist, text: Out., on: {effect: send}, require: {never_after: {source: untrusted}}, else: ask}\n",
    tools=(
        "{pay: spend, look: {effect: read, source: untrusted}, peek: read, fetch: read, docs: {effect: read, source: trusted},"
        " mail.*: {effect: read, source: untrusted}}"
    ),
)


def released(made: Call, ledger: LedgerState = EMPTY, now: Moment = NOW) -> LedgerState:
    """Return the ledger after *made*, whatever was decided."""
    return after(RULES, made, decide(RULES, made, ledger, now), ledger, now)


def pay(amount: object) -> Call:
    """Return a payment; text goes in as JSON."""
    return call(
        "pay",
        '{"amount": %s}' % (amount if isinstance(amount, str) else json.dumps(amount)),
        declared=frozenset({"amount"}),
    )


def test_nothing_changes_gives_the_same_object() -> None:
    """A call that leaves no trace costs no write."""
    full = LedgerState(session={"read_untrusted": "1"})
    assert released(call("peek", {"q": "x"})) is EMPTY
    assert released(call("look"), full) is full
    assert released(call("wéird")) is EMPTY


def test_sums_are_kept_per_rule_as_exact_text() -> None:
    """Sums are reserved per rule, per user and day or per session, exactly."""
    ledger = released(pay("0.1"), released(pay("0.2")))
    assert ledger.user == {"total:day": "2026-11-22 0.3"}
    assert ledger.session == {"total:run": "0.3"}
    assert ledger.version == EMPTY.version


def test_old_days_are_dropped() -> None:
    """The state of a rule has a constant size: yesterday's sums go, other facts stay."""
    before = LedgerState(
        user={"total:day": "2026-11-21 499", "total:gone": "2026-11-20 5", "denials": "3"}, version=(4, 7)
    )
    ledger = released(pay(10), before)
    assert ledger.user == {"total:day": "2026-11-22 10", "denials": "3"}
    assert ledger.version == (4, 7)


def test_what_a_rule_rewrote_is_what_counts() -> None:
    """The amount that runs is reserved, not the one that was proposed."""
    found = rules(
        "  - {id: cap, text: Cap., on: pay, then: {rewrite: [{op: replace, path: /amount, value: 5}]}}\n"
        "  - {id: day, text: Day., on: pay, require: {total: {of: amount, per: day, max: 50}}, else: ask, then: allow}\n",
        tools="{pay: spend}",
    )
    made = pay(40)
    ledger = after(found, made, decide(found, made, EMPTY, NOW), EMPTY, NOW)
    assert ledger.user == {"total:day": "2026-11-22 5"}


def test_an_amount_that_a_person_let_through_unread_leaves_the_sum_unknown() -> None:
    """What cannot be read cannot be added, so nothing more is permitted until the day is over."""
    ledger = released(pay('"lots"'), released(pay(10)))
    assert ledger.user == {"total:day": "2026-11-22 unknown"}
    assert decide(RULES, pay(1), ledger, NOW).verdict == "ask"
    assert released(pay(1), ledger).user == ledger.user
    tomorrow = Moment(0, 0, "2026-11-23")
    assert released(pay(1), ledger, tomorrow).user == {"total:day": "2026-11-23 1"}
    assert released(pay("{"), EMPTY).user == {"total:day": "2026-11-22 unknown"}


def test_a_sum_that_grows_beyond_all_bounds_is_unknown() -> None:
    """Text in the ledger stays bounded."""
    ledger = EMPTY
    for _ in range(3):
        ledger = released(pay("9" * 60), ledger)
    assert ledger.session == {"total:run": "unknown"}


def test_reading_from_outside_is_noted() -> None:
    """By the tool's declaration, however loosely it matches, or because the model chose the place."""
    for made in (
        call("look"),
        call("Look"),
        call("mail.inbox"),
        call("mcp__mail__inbox"),
        call("fetch", {"url": "https://x.org"}),
        call("web_search"),
        call("web_search_20250305"),
    ):
        assert released(made).session == {"read_untrusted": "1"}, made.name
    for made in (
        call("peek"),
        call("fetch"),
        call("docs", {"url": "https://x.org"}),
        call("pay2"),
        call("tool_search"),
    ):
        assert released(made) is EMPTY, made.name


def test_a_provider_s_tool_can_be_said_to_bring_in_strangers_words() -> None:
    """The gate knows the type of a tool that only has a name here; the file's own word counts more."""
    made, declared = call("server"), call("docs")
    decision = decide(RULES, made, EMPTY, NOW, effects=("execute",))
    assert after(RULES, made, decision, EMPTY, NOW, untrusted=True).session == {"read_untrusted": "1"}
    assert after(RULES, declared, decide(RULES, declared, EMPTY, NOW), EMPTY, NOW, untrusted=True) is EMPTY


def test_the_next_call_sees_what_was_released() -> None:
    """After reading anything from outside, send nothing out without asking."""
    send = call("fetch", {"url": "https://x.org"})
    assert decide(RULES, send, EMPTY, NOW).rules == ()
    assert decide(RULES, send, released(call("look")), NOW).rules == ("hist",)


@given(st.lists(st.integers(0, 10**12), max_size=20))
def test_a_sum_is_what_was_released_and_its_size_does_not_grow(amounts: list[int]) -> None:
    """State for history rules is constant-size per rule (design), and the sum is exact."""
    ledger = EMPTY
    for amount in amounts:
        ledger = released(pay(amount), ledger)
    assert len(ledger.user) <= 1
    if amounts:
        assert ledger.user["total:day"] == f"2026-11-22 {sum(amounts)}"
