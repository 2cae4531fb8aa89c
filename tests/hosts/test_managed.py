"""Managed agents behind their setting: the SDKs' own resources and runners against a scripted provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from tests.hosts.managed import Fake, Step

from pinnedrules import Denied, Guard, PathRefused, Refused, Stopped, Unpinned, Unreadable
from pinnedrules.chat.heard import Heard
from pinnedrules.evidence.reader import read
from pinnedrules.testing.evidence import recorded

if not hasattr(anthropic.AsyncAnthropic(api_key="k").beta, "sessions"):
    pytest.skip("this SDK has no managed agents", allow_module_level=True)

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  search: read
  read: read
  delete_mail: delete
  archive: write
  bash: execute
  mcp:crm.find: {effect: read, source: trusted}
rules:
  - id: no-deletes
    text: Never delete anything.
    on: {effect: delete}
    then: deny
  - id: archive-freely
    text: Archiving is fine.
    on: archive
    then: allow
  - id: no-wiping
    text: Never wipe the CRM.
    on: mcp:crm.wipe
    then: deny
"""

ID_SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}
CUSTOM: list[Any] = [
    {"type": "custom", "name": name, "description": name, "input_schema": ID_SCHEMA}
    for name in ("archive", "delete_mail")
]
TOOLSET: Any = {
    "type": "agent_toolset_20260401",
    "configs": [{"name": "bash", "permission_policy": {"type": "always_allow"}}],
}
CRM: Any = {"type": "mcp_toolset", "mcp_server_name": "crm", "default_config": {"permission_policy": {"type": "auto"}}}
ARCHIVE: Step = ("custom", "archive", {"id": "8"})
DELETE: Step = ("custom", "delete_mail", {"id": "7"})
READ: Step = ("tool", "read", {"file_path": "a.txt"})
BASH: Step = ("tool", "bash", {"command": "rm -rf /"})
FIND: Step = ("crm", "find", {"name": "Ada"})
WIPE: Step = ("crm", "wipe", {})
SAY: Any = {"type": "user.message", "content": [{"type": "text", "text": "Tidy up."}]}


@pytest.fixture
def make(pinned_guard: Callable[..., Guard]) -> Iterator[Callable[..., tuple[Guard, Any]]]:
    clients: list[Any] = []

    def made(fake: Fake, **more: Any) -> tuple[Guard, Any]:
        guard = pinned_guard(more.pop("rules", RULES), **{"paths": {"managed-agents": "gate"}, **more})
        client = guard.wrap(anthropic.Anthropic(base_url=fake.url, api_key="k", max_retries=0, timeout=10))
        clients.append(client)
        return guard, client

    yield made
    for client in clients:
        client.close()


def begun(client: Any, *, tools: list[Any] | None = None, **more: Any) -> str:
    """Make an agent and a session of it through the gate; return the session's id."""
    agent = client.beta.agents.create(
        model="claude-opus-5-5", name="tidy", system="You tidy up.", tools=tools or [TOOLSET, CRM, *CUSTOM]
    )
    return str(client.beta.sessions.create(agent=agent.id, environment_id="env_1", **more).id)


def listen(client: Any, session: str, until: Callable[[Any], bool]) -> list[Any]:
    """Say something, and read the session's stream up to an event."""
    seen = []
    with client.beta.sessions.events.stream(session) as stream:
        client.beta.sessions.events.send(session, events=[SAY])
        for event in stream:
            seen.append(event)
            if until(event):
                break
    return seen


def over(event: Any) -> bool:
    return bool(event.type == "session.status_idle" and event.stop_reason.type == "end_turn")


def test_an_agent_carries_the_block_and_asks_before_every_call(make: Callable[..., tuple[Guard, Any]]) -> None:
    """The block begins the agent's system prompt, and no permission policy of its toolsets lets a call run unasked."""
    with Fake() as fake:
        guard, client = make(fake)
        begun(client)

    (agent,) = fake.agents.values()
    assert agent["system"] == f"{guard.block}\n\nYou tidy up."
    assert [tool["default_config"]["permission_policy"]["type"] for tool in agent["tools"][:2]] == ["always_ask"] * 2
    assert agent["tools"][0]["configs"][0]["permission_policy"] == {"type": "always_ask"}
    created = next(one for one in recorded(guard).requests if one.path.endswith("/v1/agents"))
    assert created.edits == ("block", "forced approval")


def test_a_call_for_the_program_is_shown_only_when_it_is_allowed(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 1: a call that is not allowed is never visible as a runnable call; the agent is told, and goes on."""
    with Fake([[DELETE, ARCHIVE]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        shown: list[str] = []
        with client.beta.sessions.events.stream(session) as stream:
            client.beta.sessions.events.send(session, events=[SAY])
            for event in stream:
                assert event.type != "agent.custom_tool_use" or event.name == "archive"
                if event.type == "session.status_idle" and event.stop_reason.type == "requires_action":
                    shown += event.stop_reason.event_ids
                if event.type == "agent.custom_tool_use":
                    done = {"type": "user.custom_tool_result", "custom_tool_use_id": event.id, "content": []}
                    client.beta.sessions.events.send(session, events=[done])
                if over(event):
                    break
        history = list(client.beta.sessions.events.list(session))

    denied, archived = fake.sessions[session].events[1:3]
    assert denied["name"] == "delete_mail"
    results = {one["custom_tool_use_id"]: one for one in fake.said() if one["type"] == "user.custom_tool_result"}
    assert results[denied["id"]]["is_error"] is True
    assert "no-deletes" in results[denied["id"]]["content"][0]["text"]
    assert results[archived["id"]]["content"] == []
    assert denied["id"] not in shown
    assert [one.name for one in history if one.type == "agent.custom_tool_use"] == ["archive"]
    assert [(one.tool, one.verdict) for one in recorded(guard).decisions] == [
        ("delete_mail", "deny"),
        ("archive", "allow"),
    ]


def test_a_call_that_waits_for_a_yes_is_answered_by_the_rules(make: Callable[..., tuple[Guard, Any]]) -> None:
    """A call of the provider's runs if and only if the rules allow it, and nobody else has to say so."""
    with Fake([[READ, BASH], [FIND, WIPE]]) as fake:
        guard, client = make(fake)
        seen = listen(client, begun(client), over)

    assert [run.split()[0] for run in fake.ran] == ["read", "find"]
    verdicts = [one["result"] for one in fake.said() if one["type"] == "user.tool_confirmation"]
    assert verdicts == ["allow", "deny", "allow", "deny"]
    assert [one.name for one in seen if one.type in ("agent.tool_use", "agent.mcp_tool_use")] == ["read", "find"]
    assert [(one.tool, one.verdict) for one in recorded(guard).decisions] == [
        ("read", "allow"),
        ("bash", "deny"),
        ("mcp:crm.find", "allow"),
        ("mcp:crm.wipe", "deny"),
    ]


@pytest.mark.parametrize("environment_key", [None, "env-key"])
def test_the_sdk_s_own_session_runner_runs_no_denied_tool(
    environment_key: str | None, pinned_guard: Callable[..., Guard]
) -> None:
    """Invariant 1: not through a runner, nor through its scoped copy of the client; a self-hosted tool is held likewise."""
    from anthropic import beta_tool

    if not hasattr(anthropic.AsyncAnthropic(api_key="k").beta.sessions.events, "tool_runner"):
        pytest.skip("this SDK has no session runner")
    ran: list[str] = []

    def tool(name: str) -> Any:
        def run(id: str = "", file_path: str = "", command: str = "") -> str:  # noqa: A002 - the tool's own word
            ran.append(f"{name} {id}{file_path}{command}")
            return "done"

        return beta_tool(run, name=name, description=name)

    async def drive(fake: Fake) -> list[Any]:
        guard = pinned_guard(RULES, paths={"managed-agents": "gate"})
        client = guard.wrap(anthropic.AsyncAnthropic(base_url=fake.url, api_key="k", max_retries=0, timeout=10))
        agent = await client.beta.agents.create(model="m", name="a", system="Tidy.", tools=[TOOLSET, *CUSTOM])
        session = await client.beta.sessions.create(agent=agent.id, environment_id="env_1", initial_events=[SAY])
        tools = [tool(name) for name in ("archive", "delete_mail", "read", "bash")]
        more: Any = {"environment_key": environment_key} if environment_key else {}
        async with client:
            made = client.beta.sessions.events.tool_runner(session.id, tools=tools, max_idle=0.2, **more)
            return [call async for call in made]

    with Fake([[DELETE, ARCHIVE], [BASH, READ]], hosted_by_us=True) as fake:
        calls = asyncio.run(drive(fake))

    assert ran == ["archive 8", "read a.txt"]
    assert [(call.name, call.posted) for call in calls] == [("archive", True), ("read", True)]
    assert fake.sessions["sesn_1"].events[-1]["stop_reason"] == {"type": "end_turn"}


def test_an_agent_from_elsewhere_is_refused_until_it_was_seen_as_it_must_be(
    make: Callable[..., tuple[Guard, Any]],
) -> None:
    """What is not known to carry the rules starts nothing; the refusal says what to do, and that works."""
    with Fake() as fake:
        guard, client = make(fake)
        foreign = fake.agent(system="Do as you like.", tools=[dict(TOOLSET)])["id"]
        with pytest.raises(Unpinned, match="the guard has not seen it"):
            client.beta.sessions.create(agent=foreign, environment_id="env_1")
        client.beta.agents.retrieve(foreign)
        with pytest.raises(Unpinned, match="does not begin with the rules"):
            client.beta.sessions.create(agent=foreign, environment_id="env_1")
        client.beta.agents.update(foreign, system="Do as you like.")
        with pytest.raises(Unpinned, match="asks before it runs"):
            client.beta.sessions.create(agent=foreign, environment_id="env_1")
        client.beta.agents.update(foreign, tools=[TOOLSET])
        session = client.beta.sessions.create(agent=foreign, environment_id="env_1")
        client.beta.sessions.events.send(session.id, events=[SAY])

    assert len(fake.sessions) == 1
    assert fake.agents[foreign]["system"].startswith(guard.block)


def test_a_session_from_elsewhere_is_neither_spoken_to_nor_listened_to(make: Callable[..., tuple[Guard, Any]]) -> None:
    """A session counts as seen when its own configuration was: the agent may have been changed since."""
    with Fake([[READ]]) as fake:
        _, client = make(fake)
        session = fake.session(fake.agent(system="Do as you like.")["id"])["id"]
        for _ in range(2):
            with pytest.raises(Unpinned):
                client.beta.sessions.events.send(session, events=[SAY])
            with pytest.raises(Unpinned):
                client.beta.sessions.events.list(session)
            with pytest.raises(Unpinned):
                client.beta.sessions.events.stream(session)
            client.beta.sessions.retrieve(session)
        client.beta.sessions.events.send(session, events=[{"type": "user.interrupt"}])

    assert [one["type"] for one in fake.said()] == ["user.interrupt"]


def test_another_guard_that_sees_a_session_may_use_it(make: Callable[..., tuple[Guard, Any]]) -> None:
    """What was seen is true for every client and every session of the guard's state."""
    with Fake([[READ]]) as fake:
        _, client = make(fake)
        session = begun(client)
        _, other = make(fake)
        assert over(listen(other, session, over)[-1])

    assert len(fake.ran) == 1


def test_a_session_that_was_seen_under_other_rules_is_not_spoken_to(
    make: Callable[..., tuple[Guard, Any]], tmp_path: Path
) -> None:
    """Promise 2: what was made with a former block does not carry the one in force; it is seen anew, or not used."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    with Fake([[READ]]) as fake:
        guard, client = make(fake, rules=rules)
        session = begun(client)
        guard.close()
        rules.write_text(RULES + "  - {id: more, text: Never archive., on: archive, then: deny}\n", encoding="utf-8")
        guard, client = make(fake, rules=rules)
        with pytest.raises(Unpinned, match="under other rules"):
            client.beta.sessions.events.send(session, events=[SAY])
        with pytest.raises(Unpinned, match="under other rules"):
            client.beta.sessions.events.list(session)
        with pytest.raises(Unpinned, match="under other rules"):
            client.beta.sessions.create(agent=next(iter(fake.agents)), environment_id="env_1")

    assert fake.said() == []


def test_a_yes_of_the_program_s_own_is_decided_again(make: Callable[..., tuple[Guard, Any]]) -> None:
    """An allow of a call that the rules deny leaves as a deny; one of a call that nobody decided does not leave."""
    with Fake([[BASH]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        name = fake.sessions[session].events[1]["id"]
        yes = {"type": "user.tool_confirmation", "tool_use_id": name, "result": "allow"}
        with pytest.raises(Denied, match="was not decided here"):
            client.beta.sessions.events.send(session, events=[yes])
        fake.fail_next = 1
        client.beta.sessions.events.list(session)
        client.beta.sessions.events.send(session, events=[yes])

    assert fake.ran == []
    told = [one for one in fake.said() if one["type"] == "user.tool_confirmation"]
    assert [one["result"] for one in told] == ["deny", "deny"]
    assert "bash did not run" in told[1]["deny_message"]
    assert recorded(guard).requests[-1].edits == ("correction",)


def test_a_result_of_a_refused_call_does_not_leave(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Nobody can answer for a call that was refused, whether or not it was seen."""
    with Fake([[DELETE]]) as fake:
        _, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        name = fake.sessions[session].events[1]["id"]
        result = {"type": "user.custom_tool_result", "custom_tool_use_id": name, "content": []}
        with pytest.raises(Denied, match="was not decided here"):
            client.beta.sessions.events.send(session, events=[result])
        client.beta.sessions.events.list(session)
        with pytest.raises(Denied, match="was refused"):
            client.beta.sessions.events.send(session, events=[result])

    results = [one for one in fake.said() if one["type"] == "user.custom_tool_result"]
    assert [one["is_error"] for one in results] == [True]


def test_a_call_is_decided_once_however_often_it_is_seen(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Streams, pages and repetitions of them show the same call: one decision, one answer, and no second charge."""
    with Fake([[READ, ARCHIVE]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        client.beta.sessions.events.list(session)
        client.beta.sessions.events.list(session)
        page = client.beta.sessions.events.list(session)

    assert [one.name for one in page.data if one.type.endswith("tool_use")] == ["read", "archive"]
    assert [one.tool for one in recorded(guard).decisions] == ["read", "archive"]
    assert len([one for one in fake.said() if one["type"] == "user.tool_confirmation"]) == 1


def test_what_the_provider_did_not_take_is_told_again(make: Callable[..., tuple[Guard, Any]]) -> None:
    """An answer of the gate's that was lost stays owed; nothing is shown as runnable meanwhile."""
    with Fake([[DELETE]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        fake.fail_next = 1
        first = client.beta.sessions.events.list(session)
        second = client.beta.sessions.events.list(session)

    assert not [one for one in (*first.data, *second.data) if one.type.endswith("tool_use")]
    assert fake.sessions[session].events[-1]["stop_reason"] == {"type": "end_turn"}
    assert len(recorded(guard).decisions) == 1


def test_what_holds_no_call_passes_as_it_came(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 8: nothing is changed that need not be. Types of events that are not known pass as well."""
    strange = {"type": "session.something_new", "mood": "fine", "price": 1e-3}
    with Fake() as fake:
        fake.extra = [strange]
        _, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        answer = client.beta.sessions.events.with_raw_response.list(session)

    expected = {"data": fake.sessions[session].events, "next_page": None}
    assert answer.http_response.content == json.dumps(expected).encode()
    assert strange.items() <= fake.sessions[session].events[1].items()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "agent.new_tool_use", "name": "delete_mail", "input": {}},
        {"type": "agent.surprise", "call": {"name": "delete_mail", "input": {}}},
        {"type": "agent.custom_tool_use", "name": "delete_mail", "input": "{}"},
        {"type": "agent.custom_tool_use", "input": {}},
        {"type": "agent.mcp_tool_use", "name": "wipe", "input": {}},
        {"type": ["agent.custom_tool_use"], "name": "delete_mail", "input": {}},
    ],
)
def test_a_call_in_a_form_that_is_not_known_is_refused(
    event: dict[str, Any], make: Callable[..., tuple[Guard, Any]]
) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with Fake() as fake:
        fake.extra = [event]
        _, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        with pytest.raises(Unreadable):
            client.beta.sessions.events.list(session)


def test_two_calls_under_one_id_are_refused(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 1: a decision is kept by the call's id, so of two with the same one only one would be decided."""
    call = {"type": "agent.custom_tool_use", "id": "sevt_9", "name": "archive", "input": {"id": "8"}}
    with Fake() as fake:
        fake.extra = [{**call, "name": "delete_mail"}, call]
        _, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        with pytest.raises(Unreadable, match="under one id"):
            client.beta.sessions.events.list(session)


@pytest.mark.parametrize(
    "after",
    [
        {"type": "agent.tool_result", "tool_use_id": "sevt_9", "content": []},
        {"type": "agent.mcp_tool_result", "mcp_tool_use_id": "sevt_9", "content": []},
        {"type": "user.tool_confirmation", "tool_use_id": "sevt_9", "result": "deny"},
        {"type": "user.tool_confirmation", "tool_use_id": "sevt_9", "result": "maybe"},
    ],
)
def test_an_answer_to_another_kind_of_call_ends_none(
    after: dict[str, Any], make: Callable[..., tuple[Guard, Any]]
) -> None:
    """Only its own result ends a call of the program's; until that came it is decided, whatever else names it."""
    with Fake() as fake:
        call = {"type": "agent.custom_tool_use", "id": "sevt_9", "name": "delete_mail", "input": {"id": "7"}}
        fake.extra = [call, after]
        guard, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        page = client.beta.sessions.events.list(session)

    assert not [one for one in page.data if one.type == "agent.custom_tool_use"]
    assert [(one.tool, one.verdict) for one in recorded(guard).decisions] == [("delete_mail", "deny")]


def test_a_permission_says_nothing_of_a_call_of_the_program_s(make: Callable[..., tuple[Guard, Any]]) -> None:
    """The provider decides nothing about custom tools, so a call that it marks as denied is decided like any other."""
    call = {
        "type": "agent.custom_tool_use",
        "name": "delete_mail",
        "input": {"id": "7"},
        "evaluated_permission": "deny",
    }
    with Fake() as fake:
        fake.extra = [call]
        _, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        page = client.beta.sessions.events.list(session)

    assert not [one for one in page.data if one.type == "agent.custom_tool_use"]


@pytest.mark.parametrize(
    "change",
    [
        {"multiagent": {"type": "coordinator", "agents": ["agent_9"]}},
        {"tools": [{"type": "hands_20270101"}]},
    ],
)
def test_what_cannot_be_made_to_ask_is_refused(change: dict[str, Any], make: Callable[..., tuple[Guard, Any]]) -> None:
    """Agents that start others, and toolsets of an unknown type, do not leave."""
    with Fake() as fake:
        _, client = make(fake)
        with pytest.raises((Unpinned, Unreadable)):
            client.beta.agents.create(model="m", name="a", system="x", **change)
    assert fake.agents == {}


def test_a_stop_ends_an_open_stream_and_says_no_more(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 7: stop is checked at every event, and before the gate itself sends anything."""
    with Fake([[READ], [READ]]) as fake:
        guard, client = make(fake)
        session = begun(client)

        def halt(event: Any) -> bool:
            if event.type == "agent.tool_use":
                guard.stop("wrong inbox")
            return False

        with pytest.raises(Stopped):
            listen(client, session, halt)
        with pytest.raises(Stopped):
            client.beta.sessions.events.list(session)

    assert len(fake.ran) == 1


def test_a_stop_while_a_person_is_asked_is_the_last_word(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 7: stop is checked after every wait. A yes that comes after it is not told to the provider."""

    def yes_after_a_stop(ticket: Any, proposal: Any) -> bool:
        guard.stop("wrong inbox")
        return True

    with Fake([[("tool", "bash", {"command": "make"})]]) as fake:
        guard, client = make(fake, approver=yes_after_a_stop, ask_wait=5.0)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        with pytest.raises(Stopped):
            client.beta.sessions.events.list(session)

    assert [one["type"] for one in fake.said()] == ["user.message"]
    assert fake.ran == []


def test_in_monitor_mode_nothing_is_held_and_nothing_answered(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Everything is decided and recorded; the program sees what the provider sent, and answers itself."""
    with Fake([[BASH]]) as fake:
        guard, client = make(fake, mode="monitor")
        tools = [{**TOOLSET, "configs": [], "default_config": {"permission_policy": {"type": "always_ask"}}}]
        session = begun(client, tools=tools)
        client.beta.sessions.events.send(session, events=[SAY])
        page = client.beta.sessions.events.list(session)
        name = page.data[1].id
        yes = {"type": "user.tool_confirmation", "tool_use_id": name, "result": "allow"}
        client.beta.sessions.events.send(session, events=[yes])

    assert len(fake.ran) == 1
    (decision,) = recorded(guard).decisions
    assert (decision.tool, decision.enforced, decision.released) == ("bash", False, True)


def test_without_the_setting_every_door_stays_shut(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Refused by default, and by a setting for something else."""
    with Fake() as fake:
        _, client = make(fake, paths=None)
        with pytest.raises(PathRefused, match="managed-agents"):
            client.beta.agents.create(model="m", name="a")
        with pytest.raises(PathRefused):
            client.beta.sessions.events.list("sesn_1")
    assert fake.requests == []


def test_doors_without_a_gate_stay_shut_under_the_setting(make: Callable[..., tuple[Guard, Any]]) -> None:
    """A deployment starts sessions later, when nobody listens."""
    with Fake() as fake:
        _, client = make(fake)
        with pytest.raises(PathRefused, match="No gate is made"):
            client.beta.deployments.list()
        client.beta.agents.list()
    assert [path for _, path, _ in fake.requests] == ["/v1/agents"]


def test_a_wrong_family_has_no_gate(pinned_guard: Callable[..., Guard]) -> None:
    """A setting that nothing implements is an error, not a promise."""
    with pytest.raises(ValueError, match="no gate is made for 'batches'"):
        pinned_guard(RULES, paths={"batches": "gate"})


def test_a_person_is_asked_while_the_stream_stays_open(make: Callable[..., tuple[Guard, Any]]) -> None:
    """An ask is a person's to answer; meanwhile comment frames keep the stream alive, and the provider waits."""
    asked: list[str] = []

    def approve(ticket: Any, proposal: Any) -> bool:
        asked.append(proposal.call.arguments)
        return "ls" in proposal.call.arguments

    with Fake([[("tool", "bash", {"command": "ls"}), ("tool", "bash", {"command": "make"})]]) as fake:
        guard, client = make(fake, approver=approve)
        listen(client, begun(client), over)

    assert [run.split()[0] for run in fake.ran] == ["bash"]
    assert len(asked) == 2
    assert [(one.verdict, bool(one.approved_by)) for one in recorded(guard).decisions] == [
        ("allow", True),
        ("deny", False),
    ]


def test_a_pause_hides_what_was_allowed_before_it(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Who looks during a pause must not begin to run a call; what was allowed is not taken back, nor charged again."""
    with Fake([[ARCHIVE, DELETE]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        first = client.beta.sessions.events.list(session)
        guard.stop("lunch", pause=True)
        during = client.beta.sessions.events.list(session)
        done = {"type": "user.custom_tool_result", "custom_tool_use_id": first.data[1].id, "content": []}
        client.beta.sessions.events.send(session, events=[done])

    assert [one.name for one in first.data if one.type == "agent.custom_tool_use"] == ["archive"]
    assert not [one for one in during.data if one.type == "agent.custom_tool_use"]
    assert [one.verdict for one in recorded(guard).decisions] == ["allow", "deny"]
    assert fake.sessions[session].events[-1]["stop_reason"] == {"type": "end_turn"}


def test_a_yes_from_before_a_stop_is_void(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 7: nothing is released under an epoch older than the current one."""
    with Fake([[READ]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        fake.fail_next = 1
        page = client.beta.sessions.events.list(session)
        yes = {"type": "user.tool_confirmation", "tool_use_id": page.data[1].id, "result": "allow"}
        guard.stop("wrong inbox")
        guard.resume("looked", user="ada")
        with pytest.raises(Denied, match="before a stop"):
            client.beta.sessions.events.send(session, events=[yes])
        client.beta.sessions.events.list(session)

    assert len(fake.ran) == 1
    assert len(recorded(guard).decisions) == 2


def test_a_call_that_would_have_to_be_changed_is_refused(make: Callable[..., tuple[Guard, Any]]) -> None:
    """What a rule rewrites cannot be written into a session, so the agent is told no."""
    rules = RULES.replace(
        "    then: allow\n  - id: no-wiping",
        "    then: {rewrite: [{op: replace, path: /id, value: '9'}]}\n  - id: no-wiping",
    )
    with Fake([[ARCHIVE]]) as fake:
        _, client = make(fake, rules=rules)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        page = client.beta.sessions.events.list(session)

    assert not [one for one in page.data if one.type == "agent.custom_tool_use"]
    (told,) = [one for one in fake.said() if one["type"] == "user.custom_tool_result"]
    assert told["is_error"] is True


@pytest.mark.parametrize("at_once", [True, False])
def test_words_to_a_session_are_heard(
    at_once: bool, make: Callable[..., tuple[Guard, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text on the wire can only tighten: what is heard as a stop is a pause, and not only a message."""
    monkeypatch.setattr("pinnedrules.gate.hearing.hear", lambda text: Heard("stop", (), text))
    with Fake([[ARCHIVE]]) as fake:
        guard, client = make(fake)
        session = begun(client, initial_events=[SAY] if at_once else [])
        if not at_once:
            client.beta.sessions.events.send(session, events=[SAY])
        client.beta.sessions.events.list(session)

    (decision,) = recorded(guard).decisions
    assert (decision.tool, decision.verdict) == ("archive", "deny")


def test_a_compaction_at_the_provider_is_recorded(make: Callable[..., tuple[Guard, Any]]) -> None:
    """The block is in the system prompt, which no compaction reaches; the record says that there was one."""
    with Fake() as fake:
        fake.extra = [{"type": "agent.thread_context_compacted"}]
        guard, client = make(fake)
        listen(client, begun(client), over)

    (compacted,) = recorded(guard).compactions
    assert (compacted.kind, compacted.seen_in) == ("managed", "answer")


def test_calls_behind_a_compaction_are_asked_about_until_the_session_is_shown_again(
    make: Callable[..., tuple[Guard, Any]],
) -> None:
    """No request carries the block to a session, so what proves it is the session as the provider shows it."""
    with Fake([[ARCHIVE]]) as fake:
        fake.extra = [{"type": "agent.thread_context_compacted"}]
        guard, client = make(fake)
        session = begun(client)
        shown = [event for event in listen(client, session, over) if event.type == "agent.custom_tool_use"]
        fake.extra, fake.turns = [], [[ARCHIVE]]
        client.beta.sessions.retrieve(session)
        shown += listen(client, session, lambda event: event.type == "agent.custom_tool_use")[-1:]

    assert [event.name for event in shown] == ["archive"]
    guard.flush()
    found: list[Any] = [line["body"] for line in read(guard.folder.log) if line["type"] == "decision"]
    assert [body.get("fence") for body in found] == ["answer", None]


def test_through_the_sidecar_the_same_holds(make: Callable[..., tuple[Guard, Any]]) -> None:
    """The gate's own requests leave with the credentials of the one that they belong to."""
    from pinnedrules.hosts.sidecar.serving import Serving
    from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams

    with Fake([[DELETE, READ]]) as fake:
        guard, _ = make(fake)
        with Serving(guard, upstreams=Upstreams(Upstream(fake.url), Upstream(fake.url))) as serving:
            url = f"{serving.url}/t/{serving.token}/s/table/anthropic"
            with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=10) as client:
                seen = listen(client, begun(client), over)

    assert [run.split()[0] for run in fake.ran] == ["read"]
    assert not [one for one in seen if one.type == "agent.custom_tool_use"]


def test_client_middleware_can_answer_nothing_and_says_so(pinned_guard: Callable[..., Guard]) -> None:
    """It sees one request at a time, so the doors whose gate needs another one are refused there."""
    if not hasattr(anthropic, "Middleware"):
        pytest.skip("this SDK has no client middleware")
    guard = pinned_guard(RULES, paths={"managed-agents": "gate"})
    with (
        Fake() as fake,
        anthropic.Anthropic(base_url=fake.url, api_key="k", max_retries=0, middleware=[guard.middleware()]) as client,
        pytest.raises(Refused),
    ):
        client.beta.sessions.events.list("sesn_1")
    assert fake.requests == []


def test_an_answer_that_cannot_be_checked_is_refused(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Redirects, other content types, and calls in error answers."""
    with Fake([[READ]]) as fake:
        _, client = make(fake)
        session = begun(client)
        fake.answer_next = (307, {"location": "/v1/elsewhere"}, b"")
        with pytest.raises(PathRefused, match="redirects"):
            client.beta.sessions.events.list(session)
        fake.answer_next = (200, {"content-type": "text/html"}, b"<p>hi</p>")
        with pytest.raises(Unreadable, match="text/html"):
            client.beta.sessions.events.list(session)
        fake.answer_next = (
            400,
            {"content-type": "application/json"},
            b'{"type": "tool_use", "name": "x", "input": {}}',
        )
        with pytest.raises(Unreadable):
            client.beta.sessions.events.list(session)
        fake.answer_next = (400, {"content-type": "application/json"}, b'{"type": "error"}')
        with pytest.raises(anthropic.BadRequestError):
            client.beta.sessions.events.list(session)


def test_in_monitor_mode_what_cannot_be_read_passes(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Nothing is held back because the guard does not understand it: no request, no event, no answer."""
    with Fake() as fake:
        fake.extra = [{"type": "agent.new_tool_use", "name": "x", "input": {}}]
        _, client = make(fake, mode="monitor")
        agent = client.beta.agents.create(model="m", name="a", tools=[{"type": "hands_20270101"}])
        session = client.beta.sessions.create(agent=fake.agent()["id"], environment_id="env_1").id
        listen(client, session, over)
        page = client.beta.sessions.events.list(session)
        fake.answer_next = (200, {"content-type": "text/html"}, b"<p>hi</p>")
        assert client.beta.sessions.events.with_raw_response.list(session).http_response.content == b"<p>hi</p>"
        fake.answer_next = (200, {"content-type": "application/json"}, b'{"type": "session", "type": "session"}')
        client.beta.sessions.retrieve(session)

    assert [tool["type"] for tool in fake.agents[agent.id]["tools"]] == ["hands_20270101"]
    assert [one.type for one in page.data][1] == "agent.new_tool_use"


def test_an_answer_that_shows_nothing_readable_is_refused(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 2: a key that stands twice is read by one of two readers only."""
    with Fake() as fake:
        _, client = make(fake)
        session = begun(client)
        fake.answer_next = (200, {"content-type": "application/json"}, b'{"type": "session", "type": "session"}')
        with pytest.raises(Unreadable):
            client.beta.sessions.retrieve(session)
        with pytest.raises(Unreadable, match="a body where none belongs"):
            client._client.request("GET", f"{fake.url}/v1/sessions/{session}/events", content=b'{"limit": 1}')


def test_comments_in_a_stream_pass(make: Callable[..., tuple[Guard, Any]]) -> None:
    """What keeps a stream alive holds nothing."""
    stream = b': ping\n\nevent: x\ndata: {"type": "session.deleted", "id": "e"}\n\n'
    with Fake() as fake:
        _, client = make(fake)
        session = begun(client)
        fake.answer_next = (200, {"content-type": "text/event-stream"}, stream)
        with client.beta.sessions.events.with_streaming_response.stream(session) as answer:
            assert b"".join(answer.iter_bytes()) == stream


def test_a_refused_event_does_not_keep_the_name_of_a_call(make: Callable[..., tuple[Guard, Any]]) -> None:
    """A reader that goes by the names of events finds a message, too."""
    with Fake([[DELETE]]) as fake:
        _, client = make(fake)
        session = begun(client)
        with client.beta.sessions.events.with_streaming_response.stream(session) as answer:
            lines = answer.iter_lines()
            client.beta.sessions.events.send(session, events=[SAY])
            names = [line for line in (next(lines) for _ in range(6)) if line.startswith("event: ")]
    assert names == ["event: user.message", "event: agent.message"]


def test_a_provider_that_is_gone_stays_owed_an_answer(make: Callable[..., tuple[Guard, Any]]) -> None:
    """A failure on the way is recorded, and nothing is shown as runnable because of it."""
    with Fake([[DELETE]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        client.beta.sessions.events.send(session, events=[SAY])
        fake.hang_up_next = True
        page = client.beta.sessions.events.list(session)

    assert not [one for one in page.data if one.type.endswith("tool_use")]
    assert len(recorded(guard).decisions) == 1
