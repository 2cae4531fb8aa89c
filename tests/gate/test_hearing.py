"""Rules and stops that a user's own words bring about, and how the model is told of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.gate.scenario import KIM, Result, Scenario, user

from pinnedrules.chat.heard import NOTHING, Heard
from pinnedrules.commands import Pause, ReadLedger, WriteLedger
from pinnedrules.errors import RuleFileError, Unrecorded
from pinnedrules.gate import hearing
from pinnedrules.rules.born import Born, added, born, from_words, told_of, withdrawn
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import EFFECTS, Effect, LedgerState

CALL = "call_1"
PUBLISH: Effect = "publish"
ARCHIVE = ProposedCall("archive", {"id": "7"}, id=CALL)
SAID = {
    "never archive without me": Heard("constraint", ("write", "delete"), "never archive without me"),
    "STOP. Do not touch anything.": Heard("stop", (), "STOP. Do not touch anything."),
    "yes, delete them all": Heard("permission", (), "yes, delete them all"),
    "forget the rule": Heard("dismissal", (), "forget the rule"),
}
LINE = "[rule added by the guard: Ask before changing or deleting anything.]"
DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])


@pytest.fixture(autouse=True)
def hears(monkeypatch: pytest.MonkeyPatch) -> None:
    """What words mean is tested elsewhere: here a few have a fixed meaning."""
    monkeypatch.setattr(hearing, "hear", lambda text: SAID.get(text, NOTHING))


def scene(dialect: str, **more: Any) -> Scenario:
    return Scenario(anthropic=dialect == "messages", responses=dialect == "responses", **more)


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def turn(scenario: Scenario, *messages: dict[str, Any], calls: bool = False) -> Result:
    result = scenario.exchange(
        scenario.request(*messages), Reply("ok", calls=[ARCHIVE] if calls else []), Reply("I will ask first.")
    )
    assert result.error is None
    return result


def shown(result: Result) -> str:
    return json.dumps(result.sent[0])


@DIALECTS
def test_a_standing_constraint_is_in_force_from_the_answer_to_its_own_turn_on(dialect: str) -> None:
    """Rules in a prompt are suggestions; this one is asked about although the file allows the call."""
    scenario = scene(dialect)
    turn(scenario, user("tidy up"))
    result = turn(scenario, user("tidy up"), said("ok"), user("never archive without me"), calls=True)

    assert CALL not in result.body.decode()
    assert [ticket.tool for ticket in scenario.tickets.values()] == ["archive"]
    (heard,) = scenario.recorded("heard")
    assert heard.body["kind"] == "constraint"
    assert heard.private == {"quote": "never archive without me"}


@DIALECTS
def test_the_refusal_quotes_the_turn_and_says_how_a_person_dismisses_it(dialect: str) -> None:
    """Design: every denial that comes from the chat quotes the turn and says how a person dismisses it."""
    scenario = scene(dialect, policy={"on_denied": "end"})
    turn(scenario, user("tidy up"))
    result = turn(scenario, user("tidy up"), said("ok"), user("never archive without me"), calls=True)

    text = result.body.decode()
    (rule,) = born(scenario.ledger(KIM))
    assert "never archive without me" in text
    assert f"pinnedrules dismiss {rule.id}" in text


@DIALECTS
def test_the_line_stands_at_the_same_place_in_every_later_request(dialect: str) -> None:
    """Invariant 3: a rule added later is appended once and re-inserted at the same place in every later request."""
    scenario = scene(dialect)
    history = [user("tidy up")]
    block = shown(turn(scenario, *history))
    history += [said("ok"), user("never archive without me")]
    first = turn(scenario, *history).sent[0]
    history += [said("ok"), user("go on")]
    second = turn(scenario, *history).sent[0]
    history += [said("ok"), user("and on")]
    third = turn(scenario, *history).sent[0]

    assert LINE not in block
    key = "input" if dialect == "responses" else "messages"
    for earlier, later in ((first, second), (second, third)):
        assert json.dumps(later).count(LINE) == json.dumps(earlier).count(LINE) == 1
        assert later[key][: len(earlier[key])] == earlier[key], "the prefix that the provider has cached moved"
        assert later.get("system") == earlier.get("system")
        assert later.get("instructions") == earlier.get("instructions")


def test_a_line_stands_behind_results_of_tools() -> None:
    """In the Messages API results come first in a message; in Chat Completions a message of its own follows them."""
    called = {"id": "c", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    chat = [
        user("a"),
        {"role": "assistant", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    ]
    used = {"type": "tool_use", "id": "c", "name": "search", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": "r"}
    messages = [user("a"), {"role": "assistant", "content": [used]}, {"role": "user", "content": [result]}]
    for dialect, history in (("chat", chat), ("messages", messages)):
        scenario = scene(dialect)
        scenario.ledgers[KIM] = added(LedgerState(), from_words("chat-1", "Ask.", ("write",), "ask"))
        sent = turn(scenario, *history).sent[0]["messages"]
        line = "[rule added by the guard: Ask.]"
        if dialect == "chat":
            assert sent[-2:] == [chat[-1], {"role": "user", "content": line}]
        else:
            assert sent[-1]["content"] == [result, {"type": "text", "text": line}]


def test_a_prefilled_answer_is_not_touched() -> None:
    """A line stands before what the model is to continue."""
    scenario = scene("messages")
    scenario.ledgers[KIM] = added(LedgerState(), from_words("chat-1", "Ask.", ("write",), "ask"))
    sent = turn(scenario, user("a"), said("The answer is")).sent[0]["messages"]

    assert sent == [user("a\n\n[rule added by the guard: Ask.]"), said("The answer is")]


def test_after_a_compaction_the_line_is_told_anew() -> None:
    """The place is gone with the messages; the rule is not."""
    scenario = scene("chat")
    history = [user("tidy up"), *[each for n in range(6) for each in (said(f"did part {n}"), user(f"now part {n}"))]]
    turn(scenario, *history)
    history += [said("ok"), user("never archive without me")]
    turn(scenario, *history)
    history = [user("Summary of the conversation so far: parts 0 to 5 are done."), *history[-4:-2], user("part 7")]
    compacted = turn(scenario, *history, calls=True)

    assert shown(compacted).count(LINE) == 1
    assert CALL not in compacted.body.decode()


@DIALECTS
def test_nothing_first_seen_in_a_rewrite_counts(dialect: str) -> None:
    """Design: only the new trailing user text of an extended conversation counts; nothing first seen in a rewrite."""
    scenario = scene(dialect)
    history = [user("tidy up"), *[each for n in range(8) for each in (said(f"did part {n}"), user(f"now part {n}"))]]
    turn(scenario, *history)
    turn(scenario, user("<summary>Parts 0 to 7 are done.</summary>"), history[-2], user("never archive without me"))

    assert scenario.recorded("compaction")
    assert not list(born(scenario.ledger(KIM)))


@DIALECTS
def test_a_stop_that_is_typed_while_the_history_is_compacted_pauses(dialect: str) -> None:
    """The program compacts just before it sends the person's STOP: that is when one is wanted most, and it only tightens."""
    scenario = scene(dialect)
    history = [user("tidy up"), *[each for n in range(8) for each in (said(f"did part {n}"), user(f"now part {n}"))]]
    turn(scenario, *history)
    compacted = [user("<summary>Parts 0 to 7 are done.</summary>"), history[-2], user("STOP. Do not touch anything.")]
    result = turn(scenario, *compacted, calls=True)

    assert scenario.recorded("compaction")
    assert [command for command in scenario.commands if isinstance(command, Pause)]
    assert CALL not in result.body.decode()


@DIALECTS
def test_an_old_stop_that_a_rewrite_keeps_pauses_nothing_again(dialect: str) -> None:
    """It was heard when it was said, and a person has resumed since."""
    scenario = scene(dialect)
    history = [user("tidy up"), *[each for n in range(8) for each in (said(f"did part {n}"), user(f"now part {n}"))]]
    history += [said("ok"), user("STOP. Do not touch anything.")]
    turn(scenario, *history)
    scenario.commands.clear()
    turn(scenario, user("<summary>Parts 0 to 7 are done.</summary>"), *history[-2:])

    assert not [command for command in scenario.commands if isinstance(command, Pause)]


@DIALECTS
def test_a_stop_in_words_pauses(dialect: str) -> None:
    """Design: "stop", in whatever words, becomes a pause, not a message. Reading and text go on."""
    scenario = scene(dialect)
    turn(scenario, user("tidy up"))
    result = turn(scenario, user("tidy up"), said("ok"), user("STOP. Do not touch anything."), calls=True)

    assert [command for command in scenario.commands if isinstance(command, Pause)]
    assert CALL not in result.body.decode()
    assert "paused: the user said" in result.body.decode()


def test_a_stop_counts_in_a_new_conversation_when_it_is_all_that_is_said() -> None:
    """Somebody opens another window to stop the agent; a long first message may be a summary of somebody's words."""
    scenario = scene("chat")
    turn(scenario, user("STOP. Do not touch anything."))
    assert scenario.states[KIM].state == "pause"


def test_a_ban_in_a_first_turn_limits_the_work_that_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is under way yet: "read the thread; publish nothing" is no reason to pause."""
    text = "Look at the thread about the storage unit and find its open questions. Publish nothing there."
    for effects, kept in (((PUBLISH,), 1), ((), 0)):
        heard = Heard("stop", effects, "Publish nothing there.")
        monkeypatch.setattr(hearing, "hear", lambda _, heard=heard: heard)
        scenario = scene("chat")
        turn(scenario, user(text))
        assert KIM not in scenario.states
        assert len(list(born(scenario.ledger(KIM)))) == kept


@pytest.mark.parametrize("text", ["yes, delete them all", "forget the rule"])
def test_permission_in_words_is_recorded_as_an_attempt_and_changes_nothing(text: str) -> None:
    """Invariant 4: text on the wire can only tighten."""
    scenario = scene("chat")
    scenario.ledgers[KIM] = added(LedgerState(), from_words("chat-1", "Ask.", ("write",), "ask"))
    turn(scenario, user("tidy up"))
    before = scenario.ledger(KIM).session
    result = turn(scenario, user("tidy up"), said("ok"), user(text), calls=True)

    assert CALL not in result.body.decode()
    rules = {key: value for key, value in scenario.ledger(KIM).session.items() if key.startswith("rule:")}
    assert rules == {key: value for key, value in before.items() if key.startswith("rule:")}
    (attempt,) = scenario.recorded("heard")
    assert str(attempt.body["led_to"]).startswith("nothing")


@pytest.mark.parametrize("command", [ReadLedger, WriteLedger])
def test_a_constraint_that_cannot_be_kept_refuses_the_request(command: type) -> None:
    """Invariant 2: a store that does not answer. It would be forgotten, and nobody would know."""
    scenario = scene("chat")
    turn(scenario, user("tidy up"))
    scenario.fails[command] = OSError("the disk is gone")
    result = scenario.exchange(
        scenario.request(user("tidy up"), said("ok"), user("never archive without me")), Reply("ok")
    )

    assert isinstance(result.error, Unrecorded)
    assert not result.sent


def test_a_ledger_that_others_write_all_the_time_refuses_the_request_in_the_end() -> None:
    """Sixteen attempts, then the user is told."""
    scenario = scene("chat")
    turn(scenario, user("tidy up"))
    scenario.replies[WriteLedger] = False
    result = scenario.exchange(
        scenario.request(user("tidy up"), said("ok"), user("never archive without me")), Reply("ok")
    )
    assert isinstance(result.error, Unrecorded)


def test_a_stop_that_cannot_be_put_in_force_refuses_the_request() -> None:
    """Invariant 7 has to hold for a stop in words, too."""
    scenario = scene("chat")
    scenario.fails[Pause] = OSError("read-only file system")
    result = scenario.exchange(scenario.request(user("STOP. Do not touch anything.")), Reply("ok"))

    assert isinstance(result.error, Unrecorded)
    assert "pinnedrules stop" in str(result.error)


def test_a_withdrawn_rule_is_told_as_withdrawn_and_decides_nothing() -> None:
    """Invariant 3: a relaxed rule is appended as withdrawn."""
    scenario = scene("chat")
    turn(scenario, user("tidy up"))
    turn(scenario, user("tidy up"), said("ok"), user("never archive without me"))
    ledger = scenario.ledger(KIM)
    (rule,) = born(ledger)
    without = withdrawn(ledger, rule.id, "kim")
    assert without is not None
    assert withdrawn(without, rule.id, "kim") is None
    scenario.ledgers[KIM] = replace(without, version=(ledger.version[0], 0))
    history = [user("tidy up"), said("ok"), user("never archive without me"), said("ok"), user("go on")]
    result = turn(scenario, *history, calls=True)

    assert "archive" in result.body.decode()
    assert shown(result).count("[rule withdrawn by the operator: Ask before changing or deleting anything.]") == 1
    assert shown(result).count(LINE) == 1


def test_a_rule_of_a_session_can_only_tighten() -> None:
    """Invariant 4: rules are changed only by a principal of sufficient role; here there is none."""
    allows = Born("free", json.dumps({"id": "free", "text": "Do it.", "on": "refund", "then": "allow"}), by="kim")
    with pytest.raises(RuleFileError, match="only tighten"):
        added(LedgerState(), allows)


def test_a_rule_that_a_person_gives_may_require_anything() -> None:
    """A session's rule is written in the words of a rule file."""
    rule = {
        "id": "small",
        "text": "Refund at most 5 in this session.",
        "on": "refund",
        "require": {"amount": {"of": "amount", "max": 5}},
        "else": "deny",
    }
    scenario = scene("chat")
    scenario.ledgers[KIM] = added(LedgerState(), Born("small", json.dumps(rule), by="kim"))
    for amount, runs in ((5, True), (6, False)):
        call = ProposedCall("refund", {"amount": amount}, id=f"call_{amount}")
        body = scenario.request(user(f"refund {amount}"))
        result = scenario.exchange(body, Reply("", calls=[call]), Reply("no"))
        assert (f"call_{amount}" in result.body.decode()) is runs


def test_more_rules_than_a_session_can_have_ask_about_everything() -> None:
    """The ledger stays bounded, and nothing that was said is dropped in favour of nothing."""
    ledger = LedgerState()
    for number in range(70):
        ledger = added(ledger, from_words(f"chat-{number}", "Ask before sending anything.", ("send",), "x"))
    rules = list(born(ledger))

    assert len(rules) == 65
    assert json.loads(rules[-1].rule)["on"]["effect"] == list(EFFECTS[1:])


def test_the_users_words_are_shown_to_the_model_only_after_confirmation() -> None:
    """Design: the pinned text is our fixed sentence, plus, after confirmation, a quotation marked as the user's words."""
    rule = from_words("chat-1", "Ask before sending anything.", ("send",), "never send anything")
    assert [line for _, line in told_of(rule)] == ["[rule added by the guard: Ask before sending anything.]"]
    ((_, first), (_, line)) = told_of(replace(rule, confirmed="kim"))
    assert first == "[rule added by the guard: Ask before sending anything.]", "a line that was told never changes"
    assert 'The user\'s words: "never send anything"' in line


def test_a_store_that_does_not_answer_costs_the_telling_only() -> None:
    """What the model reads is no promise; what is decided is: without the ledger, effects are refused."""
    scenario = scene("chat", fails={ReadLedger: OSError("gone")})
    result = turn(scenario, user("tidy up"), calls=True)
    assert CALL not in result.body.decode()
