"""The nearest call that gets another verdict."""

from __future__ import annotations

import pytest
from tests.authoring.making import EXAMPLE, NOW, call

from pinnedrules.authoring.calls import decided, released
from pinnedrules.authoring.nearest import Near, nearest
from pinnedrules.rules.load import load
from pinnedrules.types import Call, LedgerState, SessionId


def _near(asked: Call, rules: str = EXAMPLE, after: tuple[Call, ...] = (), user: str = "") -> dict[str, str]:
    return {near.verdict: near.said for near in _all(asked, rules, after, user)}


def _all(asked: Call, rules: str = EXAMPLE, after: tuple[Call, ...] = (), user: str = "") -> list[Near]:
    sets = [load(rules)]
    ledger = LedgerState(whose=SessionId("s", user))
    for before in after:
        ledger = released(sets, before, decided(sets, before, ledger, NOW), ledger, NOW)
    return nearest(sets, asked, ledger, NOW)


def test_the_limit_is_the_nearest_amount() -> None:
    """Just above is one step away from allowed, just below one step from asked."""
    assert _near(call("refund", amount=101)) == {"allow": "with amount 100 instead of 101"}
    assert _near(call("refund", amount=99))["ask"] == "with amount 101 instead of 99"


def test_an_address_inside_is_named() -> None:
    """What the rule permits is shown as a call that it permits."""
    found = _near(call("send_email", to="bob@evil.test"))
    assert found == {"allow": "with to ada@example.com instead of bob@evil.test"}


def test_the_right_name_is_named() -> None:
    """A name that is only much like the declared one is a near miss."""
    assert _near(call("sendEmail", to="a@example.com"))["allow"] == "by the name send_email"


def test_an_argument_that_nobody_declared_can_be_left_out() -> None:
    """What turned an allow into an ask is found."""
    asked = Call("send_email", '{"to": "a@example.com", "priority": 1}', declared=frozenset({"to"}))
    assert _near(asked)["allow"] == "without priority"


def test_what_came_before_is_a_circumstance() -> None:
    """A ledger that objects, and one that would, are both said."""
    mail = call("send_email", to="a@example.com")
    assert _near(mail)["ask"] == "after something from outside was read"
    assert _near(mail, after=(call("gmail.search"),))["allow"] == "as the first call of a new session"


TIMES = """\
version: 1
tools: {pay: spend, check: read, read_page: read}
rules:
  - id: rule
    text: Rule.
    on: pay
    require: {%s}
    then: allow
    else: deny
"""


@pytest.mark.parametrize(
    ("requirement", "arguments", "said"),
    [
        ('time: {between: "13:00-14:00", zone: UTC}', {}, "on Wednesday at 13:00 UTC"),
        ("time: {days: [thu], zone: UTC}", {}, "on Thursday at 00:00 UTC"),
        ("who: {user_in: [ada]}", {}, "for ada"),
        ("who: {tenant_in: [acme], user_in: [ada]}", {}, "for ada of acme"),
        ("only_after: {tool: check}", {}, "after check"),
        ("only_after: {tool: check, same: id}", {"id": 7}, "after check"),
    ],
)
def test_what_would_have_to_be_otherwise_is_said(requirement: str, arguments: dict[str, object], said: str) -> None:
    """The moment, the person, the call before: whichever the rule waits for."""
    assert _near(call("pay", **arguments), TIMES % requirement)["allow"] == said


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("count: {max: 3, per: hour}", "after it was released 3 times before"),
        ("rate: {max: 1, per: day}", "after it was released once before"),
        ("rate: {max: 9, per: day, burst: 2}", "after it was released twice before"),
        ("at_most_once_per: {of: id, per: session}", "without id"),
        ("total: {of: id, max: 20, per: day}", "with id 21 instead of 9"),
        ("never_after: {tool: read_page}", "after read_page"),
        ("never_after: {effect: delete}", "after delete"),
        ("never_after: {rule: other}", "after a call that other is about"),
        ("never_after: {source: untrusted}", "after something from outside was read"),
        ('time: {between: "11:00-14:00", zone: UTC}', "on Wednesday at 14:00 UTC"),
        ("who: {user_in: [ada]}", "for somebody else"),
    ],
)
def test_when_an_allowed_call_would_not_be_is_said(requirement: str, said: str) -> None:
    """How often, after what, and until when."""
    rules = f"{TIMES % requirement}  - {{id: other, text: Other., on: check, then: ask}}\n"
    found = {near.said for near in _all(call("pay", id=9), rules, user="ada") if near.verdict == "deny"}
    assert found == {said}


def test_nothing_is_said_where_nothing_was_found() -> None:
    """A rule without a requirement is not talked out of by another value."""
    assert _near(call("delete_mail", id=1)) == {}
    assert _near(Call("delete_mail", "no json")) == {}
    assert _near(Call("delete_mail", "text", kind="custom")) == {}


@pytest.mark.parametrize("asked", [call("refund", amount=5), call("refund"), call("send_email", to=["x@evil.test"])])
def test_every_call_that_is_named_gets_the_verdict_that_is_named(asked: Call) -> None:
    """What is said of a changed call was decided."""
    sets = [load(EXAMPLE)]
    for near in _all(asked):
        if near.call != asked:
            assert decided(sets, near.call, LedgerState(), NOW).verdict == near.verdict


def test_what_was_asked_for_before_is_no_further_circumstance() -> None:
    """A call that was there before is not proposed again, nor is a repetition that changes nothing."""
    rules = TIMES % "only_after: {tool: check}"
    assert "deny" not in {
        near.verdict for near in _all(call("pay"), rules, after=(call("check"),)) if "after" in near.said
    }
    assert _near(Call("pay", "["), TIMES % "never_after: {tool: read_page}") == {}


def test_a_sum_of_the_user_is_a_circumstance() -> None:
    """Budgets that belong to the user count as what came before, too."""
    rules = TIMES % "count: {max: 1, per: day}"
    assert _near(call("pay"), rules, after=(call("pay"),), user="ada")["allow"] == "as the first call of a new session"
