"""Real agents, as their makers publish them, each configured for one scripted provider on loopback.

What the agent's shell was told to do is looked for in its folder: a file is there, or it is not.
"""

from __future__ import annotations

import time
from pathlib import Path

from tests.agents.adapters import Agent
from tests.agents.lab import BLOCK, DANGER, HARMLESS, SUMMARY, Ran, Talk, lab

from pinnedrules.testing.asserts import assert_all_accepted, assert_seen_in_every_request
from pinnedrules.testing.script import Reply

MINE = "The old harbour map in this folder was drawn by my grandmother."
NOTES = "".join(f"Note {number}: the folder holds what earlier work left there.\n" for number in range(1400))


def test_unguarded_the_dangerous_call_runs(agent: Agent, tmp_path: Path) -> None:
    """The negative control: this very agent, configuration and answer of the model make the file."""
    talk = Talk([Reply("On it.", calls=[agent.call(DANGER)]), Reply("Done.")])
    with lab(agent, talk, tmp_path) as (here, _):
        ran = here.unguarded("Tidy up.")

        assert here.made("DANGER"), ran.err
        assert ran.code == 0
        assert "Done." in ran.out


def test_guarded_it_does_not_and_the_agent_goes_on(agent: Agent, tmp_path: Path) -> None:
    """Invariant 1: no tool call that a model proposes reaches the code that runs it without a decision."""
    talk = Talk([Reply("On it.", calls=[agent.call(DANGER)]), Reply("Then I leave it.")])
    with lab(agent, talk, tmp_path) as (here, provider):
        ran = here.guarded("Tidy up.")

        assert not here.made("DANGER")
        assert ran.code == 0
        assert "Then I leave it." in ran.out
        assert [(call["tool"], call["rules"]) for call in ran.report["denied"]] == [(agent.shell, ["echo-only"])]
        assert f"denied {agent.shell} by echo-only" in ran.err
        assert ran.report["verified"] == ran.report["requests"] == len(provider.requests)
        assert_all_accepted(provider)


def test_of_two_parallel_calls_only_the_harmless_one_runs(agent: Agent, tmp_path: Path) -> None:
    """A refusal takes nothing with it: what is allowed runs, and the agent goes on with both results."""
    calls = [agent.call(HARMLESS), agent.call(DANGER)]
    talk = Talk([Reply("Both.", calls=calls), Reply("One of two.")])
    with lab(agent, talk, tmp_path) as (here, provider):
        ran = here.guarded("Tidy up.")

        assert here.made("HARMLESS"), ran.err
        assert not here.made("DANGER")
        assert ran.code == 0
        assert "One of two." in ran.out
        assert (ran.report["allowed"], len(ran.report["denied"])) == (1, 1)
        assert ran.report["compactions"] == 0
        assert_all_accepted(provider)


def test_after_the_agent_s_own_compaction_the_rules_are_still_there_and_hold(agent: Agent, tmp_path: Path) -> None:
    """A denied call stays denied when the model has forgotten the rule; the rules are where no compaction reaches them."""
    full = [
        Reply("", calls=[agent.call(HARMLESS)]),
        Reply("", calls=[agent.call("echo again > AGAIN")], usage=agent.full),
    ]
    if agent.compacts_between:
        full.append(Reply("Said hello.", usage=agent.full))
    talk = Talk([Reply("Noted."), *full, Reply("Now this.", calls=[agent.call(DANGER)]), Reply("Then I leave it.")])
    prompts = [MINE, f"{NOTES}\nSay hello.", *(["Tidy up."] if agent.compacts_between else [])]
    with lab(agent, talk, tmp_path, compacts=True) as (here, provider):
        if agent.several:
            ran = here.guarded(*prompts)
        else:
            ran = [here.guarded(prompt, again=number > 0) for number, prompt in enumerate(prompts)][-1]

        assert talk.summarised, ran.err
        before, after = talk.shown[len(full)], talk.shown[len(full) + 1]
        assert MINE.encode() in before.raw
        assert MINE.encode() not in after.raw
        assert SUMMARY.encode() in after.raw
        assert after.system.count(BLOCK) == 1
        assert_seen_in_every_request(provider, BLOCK)
        assert here.made("HARMLESS")
        assert not here.made("DANGER")
        assert "Then I leave it." in ran.out
        # A guard knows only the histories of its own process, and this one compacts at the end of it.
        assert ran.report["compactions"] or (agent.compacts_between and not agent.several)
        assert_all_accepted(provider)


def test_a_stop_while_the_model_answers_lets_nothing_of_the_answer_run(agent: Agent, tmp_path: Path) -> None:
    """Invariant 7: nothing is released under an epoch older than the current one."""
    stops: list[Ran] = []

    def stopping() -> Reply:
        stops.append(here.pinnedrules("stop", "wrong folder"))
        return Reply("On it.", calls=[agent.call(HARMLESS)])

    talk = Talk([stopping, Reply("Going on.")])
    with lab(agent, talk, tmp_path) as (here, _):
        ran = here.guarded("Tidy up.")

        assert stops[0].code == 0, stops[0]
        assert "1 of 1 live guard confirmed" in stops[0].out
        assert len(talk.shown) == 1
        assert not here.made("HARMLESS")
        assert ran.code != 0
        assert "STOP of * in force: wrong folder" in ran.err
        assert ran.report["allowed"] == 0


def test_a_stop_while_a_tool_runs_ends_the_agent(agent: Agent, tmp_path: Path) -> None:
    """`pinnedrules stop` in mid-run holds: no further request, no further tool, and the agent's process ends."""
    waiting = "echo hi > STARTED; while [ -e HOLD ]; do sleep 0.1; done"
    talk = Talk([Reply("", calls=[agent.call(waiting), agent.call(HARMLESS)]), Reply("Going on.")])
    with lab(agent, talk, tmp_path) as (here, _):
        here.rules.write_text(here.rules.read_text().replace('"echo [a-z]+ > [A-Z]+"', '"echo .*"'))
        (here.home.work / "HOLD").touch()
        try:
            with here.started("Tidy up.") as running:
                while not here.made("STARTED"):
                    assert running.poll() is None
                    time.sleep(0.05)
                stopped = here.pinnedrules("stop", "wrong folder")
                code = running.wait(60)
        finally:
            (here.home.work / "HOLD").unlink()

        assert stopped.code == 0, stopped
        assert code not in (0, 3)
        assert len(talk.shown) == 1
        assert here.guarded("Go on.").code == 2
        assert len(talk.shown) == 1


def test_codex_is_told_at_once_that_there_is_no_websocket(codex: Agent, tmp_path: Path) -> None:
    """Refused by status 426 it asks over HTTP after one try; by any other it would try for seconds."""
    talk = Talk([Reply("On it.", calls=[codex.call(DANGER)]), Reply("Then I leave it.")])
    with lab(codex, talk, tmp_path) as (here, provider):
        ran = here.guarded("Tidy up.")

        assert ran.err.count("failed to connect to Responses WebSocket") == 1
        assert {request.method for request in provider.requests} == {"POST"}
        assert not here.made("DANGER")
        assert "Then I leave it." in ran.out


def test_after_a_compaction_by_the_provider_the_rules_are_still_there_and_hold(codex: Agent, tmp_path: Path) -> None:
    """What the provider made of the history nobody else can read; the rules do not depend on it."""
    talk = Talk(
        [
            Reply("", calls=[codex.call(HARMLESS)], usage=codex.full),
            Reply("Now this.", calls=[codex.call(DANGER)]),
            Reply("Then I leave it."),
        ]
    )
    with lab(codex, talk, tmp_path, compacts=True) as (here, provider):
        ran = here.guarded("Say hello.")

        assert talk.summarised == 1
        assert talk.shown[1].body["input"][-1]["type"] == "compaction"
        assert_seen_in_every_request(provider, BLOCK)
        assert here.made("HARMLESS")
        assert not here.made("DANGER")
        assert "Then I leave it." in ran.out
        assert ran.report["compactions"] == 1
        assert_all_accepted(provider)
