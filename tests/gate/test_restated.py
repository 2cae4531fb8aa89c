"""Somebody says a rule that is in force once more: it stays one rule, and only its own words count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gate.scenario import KIM, Result, Scenario, user

from pinnedrules.chat.hear import hear
from pinnedrules.gate.restated import restated
from pinnedrules.rules.born import Born, added, born, from_words, withdrawn
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import LedgerState, SessionId

ONLY = "Only suggest deletions, never delete a mail yourself."
RULES = f"""\
version: 1
default: {{read: allow, other: ask}}
tools: {{send_email: send, delete_mail: delete, archive: write, refund: spend, search: read, post: publish}}
rules:
  - id: inside
    text: Never send e-mail to anybody outside example.com.
    on: send_email
    require: {{recipients: {{domain_in: [example.com]}}}}
    then: allow
    else: deny
  - id: suggest-only
    text: {ONLY}
    on: delete_mail
    then: ask
  - id: two
    text: Never refund anything by yourself. Never promise a refund.
    on: refund
    then: ask
  - id: pinned-only
    text: Never archive anything before you have read it.
  - id: free
    text: Never delete without a reason.
    on: archive
    then: allow
  - id: stamp
    text: What is posted carries a stamp.
    on: post
    then: {{rewrite: [{{op: add, path: /stamp, value: written by an agent}}]}}
"""
INSIDE = "Never send e-mail to anybody outside example.com."
MAIL = ProposedCall("send_email", {"to": "ben@example.com", "subject": "Blades", "body": "They fit."}, id="call_1")


def turn(scenario: Scenario, text: str, **more: Any) -> Result:
    result = scenario.exchange(scenario.request(user(text)), Reply("ok", calls=[MAIL]), Reply("I will ask."), **more)
    assert result.error is None
    return result


def said(text: str, rules: str = RULES, **more: Any) -> tuple[list[str], list[object]]:
    """Return the rules that a turn brought about, and what the records say that it led to."""
    scenario = Scenario(rules=rules, **more)
    turn(scenario, text)
    return [rule.id for rule in born(scenario.ledger(KIM))], [one.body["led_to"] for one in scenario.recorded("heard")]


def test_a_rule_of_the_file_said_in_the_chat_asks_about_no_call_that_the_file_allows() -> None:
    """A rule restated in the chat must not become a second, blinder rule; the record says which one it restates."""
    scenario = Scenario(rules=RULES)
    assert hear(INSIDE).kind == "constraint", "heard, so that without the file's rule it is asked about"
    result = turn(scenario, f"Answer the enquiries.\n{INSIDE}")

    assert "call_1" in result.body.decode()
    assert not list(born(scenario.ledger(KIM)))
    (heard,) = scenario.recorded("heard")
    assert heard.body["kind"] == "constraint"
    assert heard.body["led_to"] == "nothing: restates inside"


@pytest.mark.parametrize(
    "text",
    [
        INSIDE,
        "never send E-mail to anybody outside example.com",
        "Never  send email\tto anybody outside example.com!",
        f"Have a look at the enquiries, please.\n\n{INSIDE}\n\nThank you, and have a nice day.",
        f"- {INSIDE}\n- {ONLY}",
        "Only suggest deletions; never delete a mail yourself.".replace(";", ","),
        "Never refund anything by yourself. Never promise a refund.",
        f"{INSIDE} Never refund anything by yourself. Never promise a refund.",
    ],
)
def test_case_spacing_and_the_weight_of_punctuation_are_trivial(text: str) -> None:
    """The very sentence of a rule in force counts however it is typed, alone, in a list and among other paragraphs."""
    rules, led_to = said(text)
    assert not rules
    assert [str(one).partition(" restates ")[0] for one in led_to] == ["nothing:"]


@pytest.mark.parametrize(
    "text",
    [
        "Never send e-mail to anybody.",
        "Never send e-mail to anybody outside.",
        "Never send e-mail to anybody outside example.org.",
        "Never send e-mail or letters to anybody outside example.com.",
        "Never send e-mail to anybody outside example.com, and never delete anything.",
        "Never send or delete e-mail to anybody outside example.com.",
        f"{INSIDE} And never delete anything.",
        f"{INSIDE} No exceptions, also for drafts.",
        f"{ONLY[:-1]}, nor send one.",
        "Only suggest deletions. Never delete a mail yourself, and never send one.",
        "Never refund anything by yourself.",
        "Never promise a refund. Never send anything.",
        "Never archive anything before you have read it.",
        "Never delete without a reason.",
        f"{INSIDE[:-1]}:\n\n- letters, too\n- and no faxes",
        f"{INSIDE[:-1]}...\n\nand the same for letters.",
        f"This goes for letters, too. {INSIDE}",
    ],
)
def test_a_sentence_that_says_more_or_something_else_is_a_limit_of_its_own(text: str) -> None:
    """Invariant 4: text on the wire can only tighten. A part of a rule, more than it, a rule without teeth: all are asked."""
    rules, led_to = said(text)
    assert led_to == [f"rule {name}" for name in rules]
    assert [name.startswith("chat-") for name in rules] == [hear(text).kind == "constraint"]


def test_what_else_the_turn_says_is_kept_and_only_that() -> None:
    """Of a turn with a known rule and a new one, the new one becomes a rule of the session."""
    scenario = Scenario(rules=RULES)
    result = turn(scenario, f"{INSIDE}\n\nNever delete anything.")

    (rule,) = born(scenario.ledger(KIM))
    assert rule.quote == "Never delete anything."
    assert rule.text == "Ask before deleting anything."
    assert "call_1" in result.body.decode(), "the mail is not what the new rule is about"


def test_where_anything_goes_by_default_a_rule_said_again_still_limits() -> None:
    """What the file's rule does not name would be allowed by the default, so the words may mean more than it."""
    rules, _ = said(INSIDE, RULES.replace("other: ask", "other: allow"))
    assert [name.startswith("chat-") for name in rules] == [True]


def test_a_question_is_not_the_rule() -> None:
    """Words with a question mark are somebody's question and restate nothing."""
    assert not restated(f"{INSIDE[:-1]}?", [("inside", INSIDE)])


def test_the_same_words_twice_on_a_line_and_once_with_more_behind_them_count_as_more() -> None:
    """In doubt about which of two equal sentences is meant, none is known."""
    twice = "Never refund anything. Never promise one. Never refund anything. Also none that is small."
    known = [("one", "Never refund anything. Never promise one."), ("other", "Never refund anything.")]
    assert not restated(twice, known)


def test_a_stop_is_a_stop_whatever_else_is_said() -> None:
    """Invariant 7: a turn that stops the agent stops it, also when it says a rule of the file again."""
    scenario = Scenario(rules=RULES)
    scenario.exchange(scenario.request(user("go on")), Reply("ok"))
    history = [user("go on"), {"role": "assistant", "content": "ok"}, user(f"STOP. Do not touch anything.\n\n{INSIDE}")]
    result = scenario.exchange(scenario.request(*history), Reply("ok", calls=[MAIL]), Reply("I stop."))
    assert "call_1" not in result.body.decode()
    assert scenario.states[KIM].state == "pause"


class TestRulesOfTheSession:
    """Rules that a session got besides those of the file."""

    GIVEN = Born(
        "pin-1", '{"id": "pin-1", "text": "Never delete anything.", "on": {"effect": "delete"}, "then": "deny"}'
    )

    def test_one_that_a_person_gave_is_known(self) -> None:
        """The operator's rule is in force, so the user's same words are no second one."""
        given = replace(self.GIVEN, by="kim@example.com")
        rules, led_to = said("Never delete anything.", ledgers={KIM: added(LedgerState(), given)})
        assert (rules, led_to) == (["pin-1"], ["nothing: restates pin-1"])

    def test_one_that_the_agent_gave_itself_is_not(self) -> None:
        """The agent can tighten, never relax: it gives itself no rule that takes the place of the user's words."""
        given = replace(self.GIVEN, by="agent")
        rules, _ = said("Never delete anything.", ledgers={KIM: added(LedgerState(), given)})
        assert [name[:4] for name in rules] == ["pin-", "chat"]

    def test_one_that_was_withdrawn_is_not(self) -> None:
        """What is not in force any more is said anew."""
        ledger = withdrawn(added(LedgerState(), replace(self.GIVEN, by="kim@example.com")), "pin-1", "kim@example.com")
        assert ledger is not None
        rules, _ = said("Never delete anything.", ledgers={KIM: ledger})
        assert [name[:4] for name in rules] == ["pin-", "chat"]

    def test_it_has_to_be_in_force_in_every_session_that_may_be_meant(self) -> None:
        """Invariant 5: a request that cannot be tied to one session gets the strictest of the candidates."""
        other = SessionId("inbox-43", "kim@example.com")
        ledger = added(LedgerState(), replace(self.GIVEN, by="kim@example.com"))
        scenario = Scenario(rules=RULES, sessions=(KIM, other), ledgers={KIM: ledger})
        turn(scenario, "Never delete anything.")
        assert [rule.id[:4] for rule in born(scenario.ledger(other))] == ["chat"]

    def test_only_a_rule_that_asks_or_denies_limits(self) -> None:
        """One that rewrites a call holds nobody back."""
        rewriting = (
            '{"id": "r", "text": "T", "on": "post", "then": {"rewrite": [{"op": "add", "path": "/a", "value": 1}]}}'
        )
        assert not Born("r", rewriting).limits
        assert from_words("chat-1", "Ask.", ("write",), "ask").limits


WORDS = st.lists(
    st.sampled_from(["send", "never", "mail", "to", "Ann", "the", "not", "unless", "or", "EU", "don't"]), max_size=8
)


@given(WORDS, WORDS)
def test_a_word_more_or_a_word_less_is_another_sentence(one: list[str], other: list[str]) -> None:
    """Whatever the words are: with one of them more, or less, a sentence is not the rule, and as it is it is."""
    rule = " ".join([*one, "anything", *other])
    assert list(restated(f"{rule}.", [("rule", rule)]).values()) == ["rule"]
    assert not restated(f"{rule} today.", [("rule", rule)])
    assert not restated(f"{rule}.", [("rule", f"{rule} today.")])
    assert not restated(" ".join([*one, *other]), [("rule", rule)])


def test_a_rule_about_one_tool_is_not_all_that_its_words_say_of_the_others() -> None:
    """A sentence that bans publishing bans it with each tool: another one, which the file allows, is asked about."""
    ban = "Never publish anything before I have said yes."
    rules = f"""\
version: 1
default: {{read: allow, other: ask}}
tools: {{forum_post: publish, tweet: publish, send_email: send}}
rules:
  - {{id: forum, text: {ban}, on: forum_post, then: deny}}
  - {{id: tweets, text: Tweets are free., on: tweet, then: allow}}
"""
    born_of_it, _ = said(ban, rules)
    assert born_of_it
    none, led_to = said(ban, rules.replace("on: forum_post", "on: {effect: [send, publish]}"))
    assert not none
    assert led_to == ["nothing: restates forum"]
