"""A model for what the patterns leave open: asked when they heard nothing, it can limit, and its failure changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gate.scenario import KIM, Result, Scenario, user

from pinnedrules.chat.hear import hear
from pinnedrules.chat.heard import NOTHING, Heard
from pinnedrules.commands import Failed, Grant, Hear, Heed, Pause
from pinnedrules.errors import Stopped
from pinnedrules.gate import hearing
from pinnedrules.rules.born import born
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import SessionId, StopState

CALL = "call_1"
ARCHIVE = ProposedCall("archive", {"id": "7"}, id=CALL)
OPEN = "I would rather you left my inbox as it is from here on."
LIMIT = Heard("constraint", ("write",))
DIALECTS = pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])


@pytest.fixture(autouse=True)
def left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence is left open by the patterns, whatever they learn to hear."""
    monkeypatch.setattr(hearing, "hear", lambda text: NOTHING if OPEN in text else hear(text))


def scene(hears: object, dialect: str = "chat", **more: Any) -> Scenario:
    """A scenario whose model answers at once with *hears*."""
    return Scenario(
        anthropic=dialect == "messages",
        responses=dialect == "responses",
        policy={"hears": True, "on_denied": "end"},
        replies={Hear: hears},
        **more,
    )


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def turn(scenario: Scenario, *messages: dict[str, Any]) -> Result:
    return scenario.exchange(scenario.request(*messages), Reply("", calls=[ARCHIVE]), Reply("I will ask."))


def later(scenario: Scenario, text: str) -> Result:
    """The second turn of a conversation."""
    scenario.replies, kept = {Hear: NOTHING}, scenario.replies
    scenario.exchange(scenario.request(user("tidy up")), Reply("ok"))
    scenario.commands.clear()
    scenario.replies = kept
    return turn(scenario, user("tidy up"), said("ok"), user(text))


def asked(scenario: Scenario) -> list[str]:
    return [command.text for command in scenario.commands if isinstance(command, Hear)]


@DIALECTS
def test_a_limit_that_only_the_model_heard_is_in_force_for_the_answer(dialect: str) -> None:
    """Issue: a model can be plugged in for what the patterns leave open. What it hears becomes the rule that they make."""
    scenario = scene(LIMIT, dialect)
    result = later(scenario, OPEN)

    assert CALL not in result.body.decode()
    (rule,) = born(scenario.ledger(KIM))
    assert rule.text == "Ask before changing anything."
    assert rule.quote == OPEN
    (entry,) = scenario.recorded("heard")
    assert (entry.body["origin"], entry.body["kind"], entry.body["effects"]) == ("model", "constraint", ["write"])


def test_a_stop_that_only_the_model_heard_pauses_and_says_whose_word_it_is() -> None:
    """The pause names the model, so that a person sees why work stands still."""
    scenario = scene(Heard("stop"))
    result = later(scenario, OPEN)

    assert CALL not in result.body.decode()
    (pause,) = [command for command in scenario.commands if isinstance(command, Pause)]
    assert pause.reason == f'a model took it for a stop that the user said "{OPEN}"'
    assert scenario.recorded("heard")[0].body["origin"] == "model"


@pytest.mark.parametrize(
    "text", ["Stop deleting my mails!", "Never archive anything without asking me.", "Go ahead, you may archive it."]
)
def test_what_the_patterns_heard_is_not_asked_about(text: str) -> None:
    """It is asked only when the patterns heard nothing; those cost no model and no time."""
    scenario = scene(NOTHING)
    later(scenario, text)

    assert asked(scenario) == []
    assert [entry.body["origin"] for entry in scenario.recorded("heard")] == ["patterns"]


def test_it_is_asked_once_about_each_new_turn_and_never_about_results() -> None:
    """The steps of an agent's loop end with results of tools and ask nobody."""
    scenario = scene(NOTHING)
    history = [user("tidy up"), said("ok"), user(OPEN)]
    turn(scenario, *history)
    called = {"id": "c", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    history += [{"role": "assistant", "tool_calls": [called]}, {"role": "tool", "tool_call_id": "c", "content": OPEN}]
    turn(scenario, *history)

    assert asked(scenario) == [OPEN]


def test_it_sees_no_more_than_the_patterns_do() -> None:
    """Bounded: of a long turn the two ends."""
    scenario = scene(NOTHING)
    later(scenario, f"{OPEN} {'x ' * 50_000}")

    (text,) = asked(scenario)
    assert len(text) < 5_100
    assert text.startswith(OPEN)


@DIALECTS
def test_nothing_first_seen_in_a_rewrite_is_asked_about(dialect: str) -> None:
    """Only what is new counts, and what a compaction brings is not."""
    scenario = scene(LIMIT, dialect)
    scenario.replies = {Hear: NOTHING}
    history = [user("tidy up"), *[each for n in range(8) for each in (said(f"did part {n}"), user(f"now part {n}"))]]
    scenario.exchange(scenario.request(*history), Reply("ok"))
    scenario.commands.clear()
    scenario.replies = {Hear: LIMIT}
    turn(scenario, user("<summary>Parts 0 to 7 are done.</summary>"), history[-2], user(OPEN))

    assert asked(scenario) == []
    assert not list(born(scenario.ledger(KIM)))


def test_a_long_first_turn_is_limited_and_not_paused() -> None:
    """As for the patterns: a conversation may begin with somebody else's summary."""
    scenario = scene(Heard("stop", ("write",)))
    turn(scenario, user(f"{OPEN} And then read the thread and tell me what is in it."))
    assert not [command for command in scenario.commands if isinstance(command, Pause)]
    assert [rule.text for rule in born(scenario.ledger(KIM))] == ["Ask before changing anything."]

    scenario = scene(Heard("stop"))
    turn(scenario, user(f"{OPEN} And then read the thread and tell me what is in it."))
    assert not [command for command in scenario.commands if isinstance(command, Pause)]
    assert not list(born(scenario.ledger(KIM)))


@DIALECTS
@pytest.mark.parametrize(
    "reply",
    [
        Failed(RuntimeError("no such model")),
        Failed(TimeoutError("no answer within 2 s")),
        Heard("permission"),
        Heard("dismissal"),
    ],
)
def test_its_failure_is_recorded_and_the_turn_goes_on_as_the_patterns_heard_it(dialect: str, reply: object) -> None:
    """A failure, a time-out and nonsense never relax and never block; there is no word for a permission."""
    scenario = scene(reply, dialect)
    result = later(scenario, OPEN)

    assert result.error is None
    assert [command for command in scenario.commands if isinstance(command, Grant)]
    assert not list(born(scenario.ledger(KIM)))
    (entry,) = scenario.recorded("heard")
    assert str(entry.body["led_to"]).startswith("hears failed: ")
    assert (entry.body["kind"], entry.body["origin"]) == ("", "model")


def test_what_it_failed_with_is_private() -> None:
    """An error's text may hold what was said, so the open part of the record has its class only."""
    scenario = scene(Failed(ValueError("cannot read 'kim@example.com'")))
    later(scenario, OPEN)

    (entry,) = scenario.recorded("heard")
    assert entry.body["led_to"] == "hears failed: ValueError"
    assert entry.private == {"quote": OPEN, "why": "cannot read 'kim@example.com'"}


def test_a_stop_is_seen_while_the_model_thinks() -> None:
    """The stop state is looked at between two waits, so a slow model holds no stop back."""
    scenario = scene(object())
    scenario.replies[Heed] = None
    heeded = 0

    def on_command(command: object) -> None:
        nonlocal heeded
        heeded += isinstance(command, Heed)
        if heeded == 3:
            scenario.states[SessionId("*")] = StopState("stop", 1, "enough", "kim")

    scenario.on_command = on_command
    result = turn(scenario, user(OPEN))

    assert isinstance(result.error, Stopped)
    assert heeded == 3
    assert result.sent == []


def test_a_world_that_never_says_that_it_is_too_late_holds_nothing_for_ever() -> None:
    """Bounded here, too, so that a broken driver is a failed hearing and not a hang."""
    scenario = scene(object())
    scenario.replies[Heed] = None
    result = turn(scenario, user(OPEN))

    assert result.error is None
    assert scenario.recorded("heard")[0].body["led_to"] == "hears failed: TimeoutError"


def test_without_a_model_nobody_is_asked() -> None:
    """What is not plugged in costs nothing."""
    scenario = Scenario()
    turn(scenario, user(OPEN))

    assert asked(scenario) == []


def test_that_the_rules_have_changed_is_recorded_and_the_model_is_asked_all_the_same() -> None:
    """A pasted document cannot silence the model by words that the patterns take for an attempt."""
    scenario = scene(LIMIT)
    later(scenario, f"{OPEN} The rules have changed.")

    assert len(asked(scenario)) == 1
    assert len(list(born(scenario.ledger(KIM)))) == 1
