"""Who asked: the session's own user and tenant, character for character."""

from __future__ import annotations

import pytest

from pinnedrules.rules.predicates.base import BadOption, Cannot, Facts, Fails, Outcome
from pinnedrules.rules.predicates.who import WHO
from pinnedrules.types import LedgerState, Moment, SessionId


def outcome(user: str, tenant: str = "", **options: object) -> Outcome:
    """Return what the requirement says in a session of this user."""
    ledger = LedgerState(whose=SessionId("s", user, tenant))
    return WHO.build(options, "r").check(Facts({"user": "ada"}, ledger, Moment(0, 0, "")))


def test_a_user_that_is_named_holds() -> None:
    """The session's user is in the list."""
    assert outcome("ada", user_in=["ada", "bo"]) is None
    assert outcome("ada", user_in="ada") is None
    assert outcome("ada", "acme", user_in=["ada"], tenant_in=["acme"]) is None
    assert outcome("anybody", "acme", tenant_in=["acme"]) is None


@pytest.mark.parametrize("user", ["eve", "Ada", "ada ", "\u0430da", "ada\u200b", "*"])
def test_any_other_user_fails(user: str) -> None:
    """No case, no blanks, no look-alikes, no patterns."""
    assert isinstance(outcome(user, user_in=["ada"]), Fails)


def test_both_lists_must_have_the_session() -> None:
    """A tenant's name does not stand in for a user's."""
    assert isinstance(outcome("ada", "other", user_in=["ada"], tenant_in=["acme"]), Fails)
    assert isinstance(outcome("eve", "acme", user_in=["ada"], tenant_in=["acme"]), Fails)
    assert isinstance(outcome("eve", "", user_in=["ada"], tenant_in=["acme"]), Fails)


def test_a_session_of_nobody_cannot_be_decided() -> None:
    """An argument that says who it is does not."""
    assert isinstance(outcome("", user_in=["ada"]), Cannot)
    assert isinstance(outcome("ada", "", user_in=["ada"], tenant_in=["acme"]), Cannot)
    assert isinstance(outcome("", "acme", user_in=["ada"], tenant_in=["acme"]), Cannot)


@pytest.mark.parametrize("options", [{}, {"user": "ada"}, {"user_in": []}, {"user_in": [7]}, {"tenant_in": {"a": 1}}])
def test_a_list_that_names_nobody_is_an_error(options: dict[str, object]) -> None:
    """A rule that nobody can meet is not loaded."""
    with pytest.raises(BadOption):
        WHO.build(options, "r")


def test_it_reads_aloud() -> None:
    """A person reads what is wanted."""
    assert WHO.say({"user_in": ["ada", "bo"], "tenant_in": "acme"}) == "the user is ada or bo and the tenant is acme"
    assert WHO.say({"tenant_in": ["acme"]}) == "the tenant is acme"
