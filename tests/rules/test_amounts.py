"""Amounts at once and together: exact, and never guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW

from pinnedrules.rules.arguments import read
from pinnedrules.rules.predicates.amounts import AMOUNT, money
from pinnedrules.rules.predicates.base import BadOption, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.budgets import UNKNOWN
from pinnedrules.rules.predicates.totals import TOTAL
from pinnedrules.types import Call, LedgerState, Moment


def amount(arguments: dict[str, Any], limit: object = 100, ledger: LedgerState = EMPTY) -> Outcome:
    """Return what ``amount`` says to these arguments."""
    return AMOUNT.build({"of": "amount", "max": limit}, "r").check(Facts(arguments, ledger, NOW))


def total(number: object, per: str, ledger: LedgerState, limit: object = 500, now: Moment = NOW) -> Outcome:
    """Return what ``total`` says to this amount."""
    return TOTAL.build({"of": "amount", "per": per, "max": limit}, "r").check(Facts({"amount": number}, ledger, now))


@pytest.mark.parametrize(
    "value", [0, 1, 100, Decimal("99.99"), Decimal("100.00"), "100", "100.00", "+7", Decimal("1E+2")]
)
def test_at_most_the_limit_holds(value: object) -> None:
    """Numbers and plain texts of numbers."""
    assert amount({"amount": value}) is None


@pytest.mark.parametrize(
    "value", [101, Decimal("100.01"), Decimal("100.000000000000000000000000000001"), "100.01", 2**64, 2**64 + 1, 10**59]
)
def test_more_than_the_limit_fails(value: object) -> None:
    """By however little."""
    assert isinstance(amount({"amount": value}), Fails)


@pytest.mark.parametrize(
    "value",
    [None, True, False, "", "x", "1,000", "1.000,50", "1 000", "1e2", "١٠", "１００",
     "-1", -1, Decimal("-0.01"), [100], {"n": 1},
     10**400, Decimal("1E+99"), Decimal("1E-99"), "100 EUR", "€100", "EUR 100 USD", "100 eur", "$100", "100\n",
     "0x10", "∞"],
)  # fmt: skip
def test_what_is_not_plainly_an_amount_cannot_be_decided(value: object) -> None:
    """Missing, another type, separators, look-alike digits, negative, another currency, too large."""
    assert isinstance(amount({"amount": value}), Cannot)


def test_a_missing_amount_cannot_be_decided() -> None:
    """A guard on an argument that is not there fires."""
    found = amount({"Amount": 5})
    assert found == Cannot("amount: the argument amount is missing")


@pytest.mark.parametrize("value", ["100 EUR", "EUR 100", "€100", "€ 100", "100€", "99.99 EUR", 100, "100"])
def test_an_amount_in_the_rule_s_currency_holds(value: object) -> None:
    """A rule that names a currency takes amounts in it, and bare numbers."""
    assert amount({"amount": value}, "100 EUR") is None


@pytest.mark.parametrize(
    "arguments",
    [{"amount": "100 USD"}, {"amount": "£100"}, {"amount": 100, "currency": "BTC"}, {"amount": "5 EUR",
     "currency": "USD"},
     {"amount": 5, "payment": {"settlement_currency": "USD"}}, {"amount": 5, "currency": 7}],
)  # fmt: skip
def test_another_currency_cannot_be_decided(arguments: dict[str, Any]) -> None:
    """100 of something else is not 100 EUR, wherever the call says so."""
    assert isinstance(amount(arguments, "100 EUR"), Cannot)
    assert isinstance(amount(arguments, 100), Cannot)


def test_the_currency_beside_the_amount_is_read() -> None:
    """The same currency, in any case, is fine; a rule without one cannot judge a call with one."""
    assert amount({"amount": 100, "currency": "eur"}, "100 EUR") is None
    assert amount({"amount": 100, "currency": None}, 100) is None
    assert isinstance(amount({"amount": 100, "currency": "EUR"}, 100), Cannot)
    assert isinstance(amount({"amount": 101, "currency": "EUR"}, "100 EUR"), Fails)
    assert amount({"amount": "5 EUR"}, 100) == Cannot("amount: the call says EUR and the rule says no currency")
    assert amount({"amount": "5 USD"}, "9 EUR") == Cannot("amount: the call says USD and the rule says EUR")


def test_numbers_beyond_64_bits_stay_exact_from_the_wire_on() -> None:
    """Integers beyond 2^64 and decimals are compared as they were written, never as floats."""
    limit = 2**64
    assert amount(read(Call("x", '{"amount": 18446744073709551616}')), limit) is None
    assert isinstance(amount(read(Call("x", '{"amount": 18446744073709551617}')), limit), Fails)
    assert isinstance(amount(read(Call("x", '{"amount": 18446744073709551616.000000000000000001}')), limit), Fails)
    assert isinstance(amount(read(Call("x", '{"amount": 0.1000000000000000000000001}')), Decimal("0.1")), Fails)


@given(st.decimals(0, 1000, places=4), st.decimals(0, 1000, places=4))
def test_the_limit_is_a_limit(value: Decimal, limit: Decimal) -> None:
    """It holds exactly when the amount is at most the limit, as a number and as a text."""
    assert (amount({"amount": value}, limit) is None) == (value <= limit)
    assert (amount({"amount": f"{value:f}"}, limit) is None) == (value <= limit)


def test_sums_of_the_day_belong_to_the_user_and_of_a_session_to_the_session() -> None:
    """Sums per day are kept per user (design: words)."""
    day = LedgerState(user={"total:r": "2026-11-22 450"})
    session = LedgerState(session={"total:r": "450"})
    assert total(50, "day", day) is None
    assert isinstance(total(51, "day", day), Fails)
    assert total(51, "day", session) is None
    assert total(50, "session", session) is None
    assert isinstance(total("50.01", "session", session), Fails)
    assert total(51, "session", day) is None


def test_a_new_day_begins_a_new_sum_and_a_clock_that_goes_back_does_not() -> None:
    """Turning the clock back and forth frees no budget."""
    ledger = LedgerState(user={"total:r": "2026-11-22 500"})
    assert total(1, "day", ledger, now=Moment(0, 0, "2026-11-23")) is None
    assert isinstance(total(1, "day", ledger, now=Moment(0, 0, "2026-11-21")), Fails)


@pytest.mark.parametrize("text", [UNKNOWN, "", "x", "NaN", "1e5", "450 EUR"])
def test_a_sum_that_is_not_known_cannot_be_decided(text: str) -> None:
    """A ledger that cannot be read permits nothing."""
    assert isinstance(total(1, "session", LedgerState(session={"total:r": text})), Cannot)
    assert isinstance(total(1, "day", LedgerState(user={"total:r": f"2026-11-22 {text}"})), Cannot)


def test_a_total_of_something_unreadable_cannot_be_decided() -> None:
    """The same readings as for one amount."""
    assert isinstance(total("lots", "day", EMPTY), Cannot)


def test_a_sum_that_cannot_be_exact_cannot_be_decided() -> None:
    """Numbers so far apart that adding them would round."""
    big = Decimal("1E+59")
    long = Decimal("0." + "0" * 58 + "1" + "0" * 180 + "1")
    ledger = LedgerState(session={"total:r": "9" * 60})
    assert isinstance(total(long, "session", ledger, limit=big), Cannot)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("5", (Decimal(5), "")), (5, (Decimal(5), "")), ("5 EUR", (Decimal(5), "EUR")), ("£5.50", (Decimal("5.50"),
     "GBP")),
     ("EUR 5 EUR", None), (float("nan"), None), (Decimal("NaN"), None), (Decimal("Infinity"), None)],
)  # fmt: skip
def test_money_is_a_number_and_a_currency(value: object, expected: object) -> None:
    """What is not exactly one amount is none."""
    assert money(value) == expected


def between(arguments: dict[str, Any], **options: object) -> Outcome:
    """Return what ``amount`` says with these limits."""
    return AMOUNT.build({"of": "amount", **options}, "r").check(Facts(arguments, EMPTY, NOW))


def test_a_lower_limit_is_one() -> None:
    """``min`` alone, and together with ``max``; equal to either is inside."""
    assert between({"amount": 1}, min=1) is None
    assert between({"amount": 10**50}, min=1) is None
    assert isinstance(between({"amount": Decimal("0.99999999999999999999")}, min=1), Fails)
    assert between({"amount": "5 EUR"}, min="5 EUR", max="5 EUR") is None
    assert isinstance(between({"amount": 4}, min="5 EUR", max="9 EUR"), Fails)
    assert isinstance(between({"amount": 10}, min="5 EUR", max="9 EUR"), Fails)
    assert isinstance(between({"amount": -1}, min=0), Cannot)


def test_each_currency_has_its_own_limit() -> None:
    """An amount is compared in the currency that the call names, in one place or the other, and in no other one."""
    several: dict[str, object] = {"max": ["100 EUR", "110 USD", "15000 JPY"]}
    assert between({"amount": "110 USD"}, **several) is None
    assert between({"amount": 110, "currency": "usd"}, **several) is None
    assert between({"amount": "15000 JPY", "currency": "JPY"}, **several) is None
    assert isinstance(between({"amount": "110 EUR"}, **several), Fails)
    assert isinstance(between({"amount": 101, "currency": "EUR"}, **several), Fails)
    for arguments in (
        {"amount": 5},
        {"amount": "5 GBP"},
        {"amount": "5 EUR", "currency": "USD"},
        {"amount": 5, "currency": ""},
    ):
        assert isinstance(between(arguments, **several), Cannot), arguments
    both: dict[str, object] = {"min": ["1 EUR", "2 USD"], "max": ["3 USD", "2 EUR"]}
    assert between({"amount": "3 USD"}, **both) is None
    assert isinstance(between({"amount": "1 USD"}, **both), Fails)
    assert isinstance(between({"amount": "3 EUR"}, **both), Fails)


@pytest.mark.parametrize(
    "options",
    [{}, {"max": []}, {"max": [100, 200]}, {"max": ["100 EUR", 5]}, {"max": ["1 EUR", "€2"]}, {"max": "x"}, {"max": [None]},
     {"min": -1}, {"min": 2, "max": 1}, {"min": "1 EUR", "max": 5}, {"min": ["1 EUR"], "max": ["5 EUR", "5 USD"]},
     {"max": {"EUR": 1}}, {"max": 1, "of": ""}, {"max": 1, "of": 7}],
)  # fmt: skip
def test_a_limit_that_is_none_is_an_error(options: dict[str, object]) -> None:
    """What nothing could meet, or what could be meant in two ways, is not loaded."""
    with pytest.raises(BadOption):
        AMOUNT.build({"of": "amount", **options}, "r")


def test_limits_read_aloud() -> None:
    """A person reads both ends in every currency."""
    say = AMOUNT.say({"of": "n", "min": ["1 EUR", "2 USD"], "max": ["5 EUR", "6 USD"]})
    assert say == "n is at least 1 EUR or 2 USD and at most 5 EUR or 6 USD"


@given(st.decimals(0, 10**9, places=6), st.decimals(0, 10**9, places=6), st.sampled_from(["EUR", "USD"]))
def test_limits_are_exact_in_every_currency(number: Decimal, limit: Decimal, currency: str) -> None:
    """Decimals are compared as they are written, whatever the other currency's limit is."""
    options = {"max": [f"{limit:f} {currency}", f"0 {'USD' if currency == 'EUR' else 'EUR'}"]}
    found = between({"amount": f"{number:f} {currency}"}, **options)
    assert (found is None) == (number <= limit)
