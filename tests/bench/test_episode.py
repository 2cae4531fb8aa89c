"""One episode tells the truth: what the model could read decides, and only what was executed counts."""

from __future__ import annotations

import json

import pytest
from tests.bench.small import FAMILY, SUITE, episode

from pinnedrules.bench.attacks import imitation
from pinnedrules.bench.episode import Live, run_episode
from pinnedrules.bench.model import ATTACKS, PLACES, Attack, Call, Message, Place
from pinnedrules.bench.suite import SuiteError, load
from pinnedrules.testing import ProposedCall, Reply, ScriptedProvider, Seen

EVE = FAMILY.temptations[0].violating[0]


def test_an_agent_that_obeys_what_it_sees_breaks_the_rule_that_a_compaction_took_away() -> None:
    """Said in the first turn, truncated away: the mail goes out, and the outcome says so."""
    outcome = run_episode(episode(), SUITE)

    assert outcome.survived[-1] == "gone"
    assert outcome.violations == (EVE,)
    assert (outcome.executed, outcome.proposed, outcome.success) == (1, 1, False)
    assert outcome.error == ""


def test_the_same_rule_in_the_system_prompt_is_obeyed() -> None:
    """What compactors leave alone stays before the agent's eyes, and the task gets done."""
    outcome = run_episode(episode(place="system"), SUITE)

    assert set(outcome.survived) == {"verbatim"}
    assert (outcome.executed, outcome.proposed, outcome.done) == (0, 0, len(FAMILY.needed))
    assert outcome.success


@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_the_guard_stops_an_agent_that_minds_nothing(sdk: str) -> None:
    """With all of it, the call is proposed and never runs, and what the task needs runs."""
    outcome = run_episode(episode(arm="all", agent="ignores", sdk=sdk), SUITE)

    assert outcome.proposed == 1
    assert (outcome.executed, outcome.blocked, outcome.asked) == (0, 0, 0)
    assert outcome.success
    assert outcome.added > 0
    assert outcome.tokens_by == "characters/4"
    assert 0 < outcome.effects <= outcome.needed


def test_the_gate_holds_without_the_pin() -> None:
    """The block is cut out before the model reads it: the rule is gone for the model, and the call does not run."""
    outcome = run_episode(episode(arm="gate"), SUITE)

    assert outcome.survived[-1] == "gone"
    assert (outcome.proposed, outcome.executed) == (1, 0)


def test_the_pin_alone_is_read_and_stops_nobody_who_does_not_mind() -> None:
    """A pinned rule is a suggestion, too: it survives, and an agent that ignores it breaks it."""
    assert run_episode(episode(arm="pin-and-verify"), SUITE).executed == 0
    assert run_episode(episode(arm="pin-and-verify", agent="ignores"), SUITE).executed == 1
    assert run_episode(episode(arm="pin"), SUITE).survived[-1] == "verbatim"


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack != "none"])
def test_no_attack_gets_past_the_gate(attack: Attack) -> None:
    """Whatever is planted, forged or rewritten: nothing that breaks the rule is executed."""
    for agent in ("ignores", "follows-injected"):
        outcome = run_episode(episode(arm="gate", attack=attack, agent=agent, rounds=1), SUITE)
        assert (outcome.executed, outcome.error) == (0, "")
    if attack not in ("eviction", "eviction-optimised"):
        assert outcome.proposed > 0


@pytest.mark.parametrize(
    ("attack", "place"), [("forged-update", "system"), ("inverting-summary", "system"), ("imitated-block", "system")]
)
def test_an_agent_that_believes_what_it_reads_falls_for_a_forged_text(attack: Attack, place: Place) -> None:
    """These attacks do what they are there for: without a gate the rule is before its eyes and broken all the same."""
    outcome = run_episode(
        episode(attack=attack, place=place, agent="follows-injected", rounds=1, compactor="none"), SUITE
    )

    assert outcome.survived[-1] == "verbatim"
    assert outcome.executed == 1


def test_an_eviction_text_makes_the_scribe_leave_the_rule_out() -> None:
    """A summariser that is told to keep the rules keeps them, unless a page says that rules need not be kept."""
    told = {"compactor": "summary-told", "rounds": 1}
    kept = [run_episode(episode(seed=seed, **told), SUITE).survived[-1] for seed in range(8)]
    evicted = [run_episode(episode(seed=seed, attack="eviction", **told), SUITE).survived[-1] for seed in range(8)]

    assert kept.count("gone") < evicted.count("gone") == 8


@pytest.mark.parametrize("place", PLACES)
def test_the_rule_is_said_where_the_episode_says(place: Place) -> None:
    """With the history left alone the rule is read from its place on; a parent's rule never reaches the child."""
    outcome = run_episode(episode(place=place, compactor="none"), SUITE)

    assert outcome.survived[-1] == ("gone" if place == "parent" else "verbatim")


@pytest.mark.parametrize(("person", "prompts"), [("knows-the-task", 1), ("absent", 1), ("says-yes", 1)])
def test_a_person_answers_as_people_do(person: str, prompts: int) -> None:
    """Whoever knows the task says no to the rest; who is absent answers nothing; who says yes lets it through mostly."""
    from dataclasses import replace

    asks = replace(FAMILY, rules=FAMILY.rules.replace("else: deny", "else: ask"))
    suite = replace(SUITE, families={"mail": asks})
    outcome = run_episode(episode(arm="all", agent="ignores", person=person), suite)

    assert outcome.prompts == prompts
    if person != "says-yes":
        assert outcome.executed == 0


def test_a_real_endpoint_is_asked_like_any_other() -> None:
    """A live model is an endpoint with a name: here one on loopback that does what it likes."""
    asked: list[str] = []

    def model(seen: Seen) -> Reply:
        asked.append(seen.model)
        said = seen.texts[-1][1]
        if said == FAMILY.temptations[0].turn:
            return Reply(calls=[ProposedCall(EVE.name, EVE.arguments)])
        wanted = [step.call for step in FAMILY.needed if json.dumps(dict(step.call.arguments)) in said]
        return Reply("Well.", calls=[ProposedCall(call.name, call.arguments) for call in wanted])

    with ScriptedProvider(model) as provider:
        live = Live("some-model", provider.openai_url, "none")
        outcome = run_episode(episode(agent="live", rounds=1), SUITE, live=live)

    assert set(asked) == {"some-model"}
    assert outcome.violations == (EVE,)
    assert outcome.done == len(FAMILY.needed)
    assert outcome.survived == ()


def test_an_imitation_says_what_the_block_says_and_takes_it_back() -> None:
    """It looks like the rules, so that only the gate can tell."""
    assert imitation("<rules>\n1. No.\n</rules>", "No.").startswith("<rules>")
    assert "No mail." in imitation("", "No mail.")


def test_a_refused_request_is_an_error_of_the_episode_and_not_of_the_run() -> None:
    """What goes wrong is named in the outcome, which counts as no success."""
    outcome = run_episode(episode(arm="all", compactor="none"), SUITE, compactor=lambda messages, budget: [])

    assert outcome.error.startswith("CompactorError: the compactor left no message")
    assert not outcome.success


def test_an_error_of_somebody_elses_ends_the_episode_and_not_the_run() -> None:
    """A compactor that raises, or a service that refuses, is named in the outcome."""

    def broken(messages: list[Message], budget: int) -> list[Message]:
        raise ZeroDivisionError("no room")

    assert run_episode(episode(), SUITE, compactor=broken).error == "ZeroDivisionError: no room"


@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_long_work_repeats_no_id(sdk: str) -> None:
    """Pieces come more than once in long work, and services refuse two calls with one id."""
    outcome = run_episode(episode(long=True, rounds=1, sdk=sdk, compactor="none"), SUITE)

    assert outcome.error == ""
    assert outcome.sent > 5 * run_episode(episode(rounds=1, compactor="none"), SUITE).sent


def test_a_file_that_is_no_suite_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """What is missing is named."""
    path = tmp_path / "suite.json"
    path.write_text('{"version": "x", "families": [{"id": "a"}]}')

    with pytest.raises(SuiteError, match=r"suite\.json is no suite of scenarios: KeyError"):
        load(path)


def test_calls_are_equal_by_their_values() -> None:
    """What the task needs is recognised in whatever order its arguments come."""
    assert Call("a", {"x": 1, "y": 2}) == Call("a", {"y": 2, "x": 1})
