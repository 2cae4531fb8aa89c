"""The calls of one's own log, decided under other rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.replay.logs import ANNA, decision

from pinnedrules.cli.story import Told
from pinnedrules.replay.logged import _WORDS, Again, Redone, logged
from pinnedrules.rules.load import load
from pinnedrules.rules.verbs import added_by_description
from pinnedrules.types import Entry, SessionId

RULES = """\
version: 1
tools:
  search: {effect: read, source: untrusted}
  refund: spend
  send_email: send
rules:
  - id: cap
    text: Refund at most 500 a day.
    on: refund
    require: {total: {of: amount, per: day, max: 500}}
    then: allow
    else: ask
  - id: mail
    text: Send mail inside example.com.
    on: send_email
    require: {recipients: {domain_in: [example.com]}, never_after: {source: untrusted}}
    then: allow
    else: deny
"""
NOON_US = 1_767_787_200_000_000


def _told(entry: Entry, number: int, ts: int) -> Told:
    record: dict[str, Any] = {
        "type": entry.type,
        "session": entry.session.name,
        "tenant": entry.session.tenant,
        "ts": ts,
        "seq": number,
        "body": dict(entry.body),
    }
    return Told(record, dict(entry.private), entry.session.user)


def _redone(entries: Sequence[Entry], rules: str = RULES, *, apart_us: int = 1_000_000) -> list[Redone]:
    again = Again([load(rules)])
    items = [_told(entry, number, NOON_US + number * apart_us) for number, entry in enumerate(entries)]
    return [again.decide(item) for item in logged(items)]


def _verdicts(entries: Sequence[Entry], rules: str = RULES, **more: Any) -> list[str]:
    return [item.decision.verdict if item.decision else "?" for item in _redone(entries, rules, **more)]


def _refund(amount: object, **more: Any) -> Entry:
    return decision("refund", {"amount": amount}, effects=("spend",), **more)


def test_sums_are_carried_along() -> None:
    """What these rules let through counts, per user and day, over all of the user's sessions."""
    other = SessionId("other", "anna")
    assert _verdicts([_refund(300), _refund(200, session=other), _refund(1)]) == ["allow", "allow", "ask"]
    assert _verdicts([_refund(300), _refund(300, session=SessionId("inbox", "bob"))]) == ["allow", "allow"]
    assert _verdicts([_refund(300), _refund(300)], apart_us=86_400_000_000) == ["allow", "allow"]
    nobody = SessionId("a"), SessionId("b")
    assert _verdicts([_refund(300, session=one) for one in nobody]) == ["allow", "allow"]


def test_what_is_stopped_now_is_not_charged() -> None:
    """The ledger is the one of these rules: a call that they ask about counts if it ran, one that they deny does not."""
    assert _verdicts([_refund(300), _refund(400), _refund(100)]) == ["allow", "ask", "ask"]
    held = _refund(400, verdict="deny", ticket="t")
    assert _verdicts([_refund(300), held, _refund(100)]) == ["allow", "ask", "allow"]
    strict = RULES.replace("else: ask", "else: deny")
    assert _verdicts([_refund(300), _refund(400), _refund(100)], strict) == ["allow", "deny", "allow"]


def test_what_was_read_is_carried_along() -> None:
    """After something from outside, mail is stopped, also if what was read is not known any more."""
    mail = decision("send_email", {"to": "a@example.com"}, effects=("send",))
    assert _verdicts([mail, decision("search", {"q": "x"}), mail]) == ["allow", "allow", "deny"]
    assert _verdicts([decision("search", None), mail]) == ["?", "deny"]
    assert _verdicts([decision("search", None, verdict="deny"), mail]) == ["?", "allow"]
    assert _verdicts(
        [decision("search", {"q": 1}), decision("send_email", {"to": "a@example.com"}, session=SessionId("b"))]
    ) == [
        "allow",
        "allow",
    ]


def test_what_was_given_back_does_not_count() -> None:
    """A call that is proven not to have been run uses nothing up."""
    back = Entry("returned", ANNA, {"tool": "refund", "call": "c1", "from": ["total:cap"], "why": "NotDone"})
    assert _verdicts([_refund(400, call="c1"), back, _refund(400, call="c2")]) == ["allow", "allow"]


def test_a_difference_is_one_of_rules() -> None:
    """An ask counts as an ask, however it was answered; what a pause or a silent store held back is no verdict."""
    mail = {"to": "a@example.com"}
    found = _redone(
        [
            decision("send_email", mail, ticket="t1", approved_by="bo"),
            decision("send_email", mail, verdict="deny", ticket="t2"),
            decision("send_email", mail, verdict="deny", reasons=("paused: by anna",)),
            decision("send_email", mail, verdict="deny", reasons=("the store does not answer (x)",)),
            decision("send_email", mail, verdict="deny"),
            decision("send_email", mail),
            decision("send_email", None),
            decision("send_email", mail, verdict="deny", ticket="t3", rules=("chat-1", "pin-2")),
            decision("send_email", mail, verdict="deny", ticket="t4", rules=("chat-1", "mail")),
            decision("send_email", mail, approved_by="permit p1 of bo"),
        ]
    )
    assert [(item.logged.then, item.differs) for item in found] == [
        ("ask", True),
        ("ask", True),
        ("paused", False),
        ("unavailable", False),
        ("deny", True),
        ("allow", False),
        ("allow", False),
        ("session", False),
        ("ask", True),
        ("ask", True),
    ]
    assert [item.logged.prompted for item in found[-2:]] == [True, False]


def test_the_schema_is_told_by_the_reasons() -> None:
    """An argument that nobody declared then is not declared now; all others were."""
    asked = _refund(1, verdict="deny", ticket="t", reasons=("undeclared arguments: amount",))
    assert _verdicts([asked, _refund(1)]) == ["ask", "allow"]


@pytest.mark.parametrize(("effect", "verdict"), [("delete", "deny"), ("send", "allow"), ("write", "allow")])
def test_what_a_definition_added_is_taken_from_the_record(effect: str, verdict: str) -> None:
    """A tool that nobody declared counts as what it counted as then, by its definition."""
    rules = "version: 1\ndefault: allow\nrules:\n- {id: no, text: Never delete., on: {effect: delete}, then: deny}\n"
    assert _verdicts([decision("crm.go", {}, effects=("write", effect))], rules) == [verdict]
    declared = rules.replace("rules:", "tools: {crm.go: write}\nrules:")
    assert _verdicts([decision("crm.go", {}, effects=("write", effect))], declared) == ["allow"]


def test_the_words_for_effects_say_just_these() -> None:
    """What stands in for a definition tells of the effect that was recorded and of no other."""
    assert {effect: added_by_description(words) for effect, words in _WORDS.items()} == {
        effect: (effect,) for effect in _WORDS
    }


def test_where_a_value_came_from_is_not_in_the_log() -> None:
    """What people and results said is not in the log, so a rule that asks for it leaves the call undecided."""
    rules = RULES.replace("require: {recipients: {domain_in: [example.com]}, never", "require: {came_from: {%s}, never")
    asked = decision("send_email", {"to": "bo@elsewhere.example"}, effects=("send",))
    (found,) = _redone([asked], rules % "of: to, in: [user]")
    assert found.decision is None
    assert "is not in the log" in found.unknown


def test_pins_count_as_kept() -> None:
    """A definition is not in the log, so it is not asked about as a changed one."""
    pinned = RULES.replace("rules:", f"servers: {{crm: {{tools: {{refund: 'sha256:{'0' * 64}'}}}}}}\nrules:", 1)
    assert _verdicts([_refund(1)], pinned) == ["allow"]


def test_free_text_and_unreadable_arguments() -> None:
    """The text of a custom tool is its one argument; what could not be read then cannot be read now."""
    rules = "version: 1\ntools: {note: write}\nrules:\n- {id: n, text: Note., on: note, then: allow}\n"
    broken = decision("note", "{", verdict="deny", reasons=("the arguments are not JSON",))
    assert _verdicts([decision("note", "hello"), broken], rules) == ["allow", "deny"]


def test_a_call_is_known_by_its_ticket_its_stamp_and_its_id() -> None:
    """Whatever the log shows of a call names it; nothing names a call that has none."""
    (item,) = [one.logged for one in _redone([_refund(1, call="c1", ticket="t1", stamp="abc")])]
    assert [item.answers_to(name) for name in ("c1", "t1", "abc", "x", "")] == [True, True, True, False, False]
    assert item.undone is False
