"""OpenAI's managed agents behind the setting: the SDK's own resources, streams and dispatcher against a scripted provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.hosts.managed import Step
from tests.hosts.managed_openai import FakeOpenAI

from pinnedrules import Denied, Guard, PathRefused, Stopped, Unpinned, Unreadable
from pinnedrules.testing.evidence import recorded

openai = pytest.importorskip("openai")
if not hasattr(openai.OpenAI(api_key="k").beta, "agents"):
    pytest.skip("this SDK has no managed agents", allow_module_level=True)

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  delete_mail: delete
  archive: write
  mcp:docs: read
rules:
  - id: no-deletes
    text: Never delete anything.
    on: {effect: delete}
    then: deny
  - id: archive-freely
    text: Archiving is fine.
    on: archive
    then: allow
"""
CRM_RULES = (
    RULES.replace("rules:", "  mcp:crm.find: {effect: read, source: trusted}\nrules:")
    + """\
  - id: crm
    text: Use the CRM.
    on: mcp:crm
    then: allow
"""
)

PARAMETERS = {"type": "object", "properties": {"id": {"type": "string"}}}
FUNCTIONS: list[Any] = [
    {"type": "function", "name": name, "description": name, "parameters": PARAMETERS}
    for name in ("archive", "delete_mail")
]
NOWHERE = {"type": "none"}
DOCS = {"type": "mcp", "server_label": "docs", "transport": {"type": "http", "server_url": "https://docs.example"}}
CRM = {**DOCS, "server_label": "crm"}
ARCHIVE: Step = ("custom", "archive", {"id": "8"})
DELETE: Step = ("custom", "delete_mail", {"id": "7"})
SAY = {
    "type": "agent.session.input.message",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "Tidy up."}]}],
}


@pytest.fixture
def make(pinned_guard: Callable[..., Guard]) -> Iterator[Callable[..., tuple[Guard, Any]]]:
    clients: list[Any] = []

    def made(fake: FakeOpenAI, rules: str = RULES, **more: Any) -> tuple[Guard, Any]:
        guard = pinned_guard(rules, **{"paths": {"managed-agents": "gate"}, **more})
        client = guard.wrap(openai.OpenAI(base_url=fake.url, api_key="k", max_retries=0, timeout=10))
        clients.append(client)
        return guard, client

    yield made
    for client in clients:
        client.close()


def begun(client: Any, **more: Any) -> str:
    """Make a session with an agent of its own through the gate; return its id."""
    agent = {"model": "gpt-6", "instructions": "You tidy up.", "tools": FUNCTIONS, **more.pop("agent", {})}
    return str(client.beta.agents.sessions.create(agent=agent, **{"environment": NOWHERE, **more}).id)


def handlers(ran: list[str]) -> dict[str, Callable[[dict[str, Any]], str]]:
    def handler(name: str) -> Callable[[dict[str, Any]], str]:
        def run(given: dict[str, Any]) -> str:
            ran.append(f"{name} {given['id']}")
            return "done"

        return run

    return {name: handler(name) for name in ("archive", "delete_mail")}


def asked(fake: FakeOpenAI) -> list[str]:
    return [one["response"]["decision"] for one in fake.said() if "approval" in one["type"]]


@pytest.mark.parametrize("races", [0, 1])
def test_the_sdk_s_own_dispatcher_runs_no_denied_function(races: int, make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 1: a refused call is in no event, whatever form repeats it; the agent is told, and goes on.

    The provider may not know yet that a call waits when its item was shown: what it did not take is told again.
    """
    ran: list[str] = []
    with FakeOpenAI([[DELETE, ARCHIVE], [ARCHIVE]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        fake.races = races
        seen = []
        with client.beta.agents.sessions.stream(session, input="Tidy up.", tool_handlers=handlers(ran)) as stream:
            seen = list(stream)
        items = client.beta.agents.sessions.items.list(session)

    assert ran == ["archive 8", "archive 8"]
    assert "delete_mail" not in "".join(repr(getattr(event, "item", "")) for event in seen)
    waiting = [
        one for event in seen if event.type.endswith("requires_action") for one in event.session.required_actions
    ]
    assert {one.name for one in waiting} <= {"archive"}
    assert [item.name for item in items.data] == ["archive", "archive"]
    (refused,) = [one for one in fake.said() if one.get("success") is False][-1:]
    assert "no-deletes" in refused["error"]
    assert fake.sessions[session]["status"] == "idle"
    assert [(one.tool, one.verdict) for one in recorded(guard).decisions] == [
        ("delete_mail", "deny"), ("archive", "allow"), ("archive", "allow"),
    ]  # fmt: skip


def test_one_request_may_make_a_session_and_listen_to_it(make: Callable[..., tuple[Guard, Any]]) -> None:
    """The block is in what the request configures; the calls in its stream are held like any other's."""
    ran: list[str] = []
    with FakeOpenAI([[DELETE, ARCHIVE]]) as fake:
        guard, client = make(fake)
        made = client.beta.agents.sessions.create(
            agent={"model": "gpt-6", "tools": FUNCTIONS}, environment=NOWHERE, input="Tidy up.", stream=True,
            tool_handlers=handlers(ran),
        )  # fmt: skip
        for event in made:
            assert "delete_mail" not in repr(getattr(event, "item", ""))
            if event.type == "agent.session.idle":
                break

    assert ran == ["archive 8"]
    assert fake.sessions["sess_1"]["agent"]["instructions"] == guard.block


def test_the_asynchronous_client_is_gated_likewise(pinned_guard: Callable[..., Guard]) -> None:
    """The same flow on an event loop, with handlers that are awaited."""
    ran: list[str] = []

    async def drive(fake: FakeOpenAI) -> None:
        guard = pinned_guard(RULES, paths={"managed-agents": "gate"})
        client = guard.wrap(openai.AsyncOpenAI(base_url=fake.url, api_key="k", max_retries=0, timeout=10))
        async with client:
            agent = {"model": "gpt-6", "tools": FUNCTIONS}
            session = await client.beta.agents.sessions.create(agent=agent, environment=NOWHERE)
            stream = client.beta.agents.sessions.stream(session.id, input="Tidy up.", tool_handlers=handlers(ran))
            async with stream:
                await stream.until_done()

    with FakeOpenAI([[DELETE, ARCHIVE]]) as fake:
        asyncio.run(drive(fake))
    assert ran == ["archive 8"]


def test_an_approval_is_answered_by_the_rules(make: Callable[..., tuple[Guard, Any]]) -> None:
    """A remote server's question gets our answer, in a list as in a stream, and is shown to nobody after that."""
    with FakeOpenAI([[("docs", "find", {"q": "prices"}), ("docs", "delete_all", {})]]) as fake:
        guard, client = make(fake, RULES + "  - {id: d, text: No., on: 'mcp:docs.delete*', then: deny}\n")
        # The rules speak of one of the server's tools apart, and nothing makes the provider ask.
        with pytest.raises(Denied, match="mcp:docs"):
            begun(client, agent={"tools": [DOCS]}, input="Look.")
    with FakeOpenAI([[("crm", "find", {"q": "Ada"}), ("crm", "wipe", {"all": True})]]) as fake:
        guard, client = make(fake, CRM_RULES)
        session = begun(client, agent={"tools": [CRM]})
        client.beta.agents.sessions.events.create(session, events=[SAY])
        (listed,) = client.beta.agents.sessions.list().data

    assert listed.required_actions == []
    assert asked(fake) == ["approve", "deny"]
    assert [run.split()[0] for run in fake.ran] == ["find"]
    assert [(one.tool, one.verdict) for one in recorded(guard).decisions] == [
        ("mcp:crm", "allow"), ("mcp:crm.find", "allow"), ("mcp:crm.wipe", "deny"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"environment": {"type": "openai_hosted"}}, "shell"),
        ({"environment": {"type": "self_hosted", "workspace_directory": "/w"}}, "shell"),
        ({"agent": {"tools": [CRM]}}, "mcp:crm"),
        ({"agent": {"tools": [{"type": "computer_use"}]}}, "computer"),
        ({"agent": {"multi_agent": {"enabled": True}}}, "multi_agent"),
        ({"agent": {"tools": [{"type": "something_new"}]}}, "something_new"),
    ],
)
def test_what_the_provider_runs_unasked_is_decided_with_the_message(
    more: dict[str, Any], named: str, make: Callable[..., tuple[Guard, Any]]
) -> None:
    """No setting makes it ask, so the message that would start it does not leave; the message may come at any time."""
    with FakeOpenAI() as fake:
        _, client = make(fake)
        with pytest.raises(Denied, match=named):
            begun(client, **more, input="Tidy up.")
        session = begun(client, **more)
        with pytest.raises(Denied, match=named):
            client.beta.agents.sessions.events.create(session, events=[SAY])

    assert fake.said() == []


def test_an_agent_from_elsewhere_is_refused_until_it_was_seen_as_it_must_be(
    make: Callable[..., tuple[Guard, Any]],
) -> None:
    """What is not known to carry the rules starts nothing; a saved agent's tools count like those of a request."""
    with FakeOpenAI() as fake:
        guard, client = make(fake)
        foreign = fake.agent(instructions="Do as you like.", tools=[CRM])["id"]
        with pytest.raises(Unpinned, match="has not seen it"):
            client.beta.agents.sessions.create(agent_id=foreign, environment=NOWHERE)
        client.beta.agents.retrieve(foreign)
        with pytest.raises(Unpinned, match="do not begin with the rules"):
            client.beta.agents.sessions.create(agent_id=foreign, environment=NOWHERE)
        client.beta.agents.update(foreign, instructions="Do as you like.")
        with pytest.raises(Denied, match="mcp:crm"):
            client.beta.agents.sessions.create(agent_id=foreign, environment=NOWHERE, input="Go.")
        client.beta.agents.update(foreign, tools=[])
        client.beta.agents.sessions.create(agent_id=foreign, environment=NOWHERE, input="Go.")
        made = client.beta.agents.create(model="gpt-6")

    assert fake.agents[foreign]["instructions"].startswith(guard.block)
    assert fake.agents[made.id]["instructions"] == guard.block
    assert len(fake.sessions) == 1


def test_the_provider_may_not_approve_by_itself(make: Callable[..., tuple[Guard, Any]]) -> None:
    """An automatic review is turned off on its way; a session that has it is not used."""
    with FakeOpenAI() as fake:
        guard, client = make(fake)
        session = begun(client, review="auto_review")
        assert fake.sessions[session]["review"] == "none"
        assert "forced approval" in recorded(guard).requests[-1].edits
        client.beta.agents.sessions.update(session, review="auto_review")
        assert fake.sessions[session]["review"] == "none"
        fake.sessions[session]["review"] = "auto_review"
        client.beta.agents.sessions.retrieve(session)
        with pytest.raises(Unpinned, match="auto_review"):
            client.beta.agents.sessions.events.create(session, events=[SAY])


def test_a_yes_or_a_result_of_the_program_s_own_is_decided_again(make: Callable[..., tuple[Guard, Any]]) -> None:
    """A yes to a refused call leaves as a no; what answers a call that nobody decided does not leave."""
    with FakeOpenAI([[("crm", "wipe", {"all": True}), DELETE]]) as fake:
        guard, client = make(
            fake, CRM_RULES + "  - {id: w, text: No., on: 'mcp:crm.wipe', then: deny}\n", on_denied="end"
        )
        session = begun(client)
        events = client.beta.agents.sessions.events
        fake.sessions[session]["agent"]["tools"] = FUNCTIONS
        events.create(session, events=[SAY])
        request, call = (one.get("request_id") or one["call_id"] for one in fake.sessions[session]["required_actions"])
        yes = {"type": "agent.session.input.mcp_approval_request_result", "request_id": request,
               "response": {"type": "mcp_tool_call", "decision": "approve"}}  # fmt: skip
        result = {"type": "agent.session.input.tool_result", "turn_id": "turn_1", "call_id": call, "success": True,
                  "output": "gone"}  # fmt: skip
        for mine in (yes, result):
            with pytest.raises(Denied, match="was not decided here"):
                events.create(session, events=[mine])
        shown = client.beta.agents.sessions.retrieve(session)
        assert shown.required_actions == []
        fake.sessions[session]["required_actions"].append({"type": "mcp_approval_request", "request_id": request})
        events.create(session, events=[yes])
        with pytest.raises(Denied, match="was refused"):
            events.create(session, events=[result])

    assert fake.ran == []
    assert asked(fake) == ["deny", "deny"]
    assert recorded(guard).requests[-1].edits == ("correction",)


CALL = {"type": "function_call", "id": "fc_9", "turn_id": "t", "call_id": "c", "name": "delete_mail", "arguments": {}}


@pytest.mark.parametrize("status", ["in_progress", "completed", "failed"])
def test_an_item_that_is_added_is_decided_whatever_its_status(
    status: str, make: Callable[..., tuple[Guard, Any]]
) -> None:
    """The SDK's own dispatcher runs what is added and looks at no status, also where events are replayed."""
    ran: list[str] = []
    with FakeOpenAI() as fake:
        fake.extra = [{"type": "agent.session.turn.item.added", "item": {**CALL, "status": status}}]
        guard, client = make(fake)
        session = begun(client)
        with client.beta.agents.sessions.stream(session, input="Tidy up.", tool_handlers=handlers(ran)) as stream:
            list(stream)

    assert ran == []
    assert ("delete_mail", "deny") in [(one.tool, one.verdict) for one in recorded(guard).decisions]


@pytest.mark.parametrize(
    "extra",
    [
        {"type": "agent.session.turn.item.added", "item": {"type": "shell_call", "id": "x"}},
        {"type": "agent.session.news", "call": {"name": "delete_mail", "arguments": {}}},
        {"type": "agent.session.turn.item.added", "item": {"type": "function_call", "name": "x", "arguments": {}}},
        {"type": "agent.session.turn.item.added",
         "item": {"type": "function_call", "name": "x", "turn_id": "t", "call_id": "c", "arguments": "[]"}},
        {"type": "agent.session.idle", "session": {"id": "s", "required_actions": [{"type": "surprise"}]}},
        {"type": "agent.session.idle", "session": {"id": "../x", "required_actions": []}},
        {"type": "agent.session.idle", "session": {"id": "s", "required_actions": [], "calls": [{**CALL}]}},
        {"type": "agent.session.idle", "session": {"id": "s", "required_actions": [CALL, {**CALL, "name": "archive"}]}},
        {"type": "agent.session.turn.item.added", "item": {**CALL, "type": ["function_call"]}},
    ],
)  # fmt: skip
def test_a_call_in_a_form_that_is_not_known_is_refused(
    extra: dict[str, Any], make: Callable[..., tuple[Guard, Any]]
) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with FakeOpenAI() as fake:
        fake.extra = [extra]
        _, client = make(fake)
        session = begun(client)
        with pytest.raises(Unreadable), client.beta.agents.sessions.stream(session, input="Tidy up.") as stream:
            list(stream)


def test_arguments_may_come_as_text(make: Callable[..., tuple[Guard, Any]]) -> None:
    """The SDK reads arguments that are the text of an object, so they are decided like an object."""
    with FakeOpenAI([[("custom", "delete_mail", '{"id": "7"}'), ("custom", "archive", '{"id": "8"}')]]) as fake:  # type: ignore[list-item]
        guard, client = make(fake)
        session = begun(client)
        client.beta.agents.sessions.events.create(session, events=[SAY])
        shown = client.beta.agents.sessions.retrieve(session)

    assert [one.name for one in shown.required_actions] == ["archive"]
    assert recorded(guard).decided("archive")[0].arguments == '{"id": "8"}'


def test_a_stop_ends_an_open_stream(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Invariant 7: stop is checked at every event."""
    with FakeOpenAI([[ARCHIVE]]) as fake:
        guard, client = make(fake)
        session = begun(client)
        with client.beta.agents.sessions.stream(session, input="Tidy up.") as stream:
            next(stream)
            guard.stop("wrong inbox")
            with pytest.raises(Stopped):
                list(stream)


def test_doors_without_a_gate_stay_shut(make: Callable[..., tuple[Guard, Any]]) -> None:
    """Automations run later, and traces repeat calls; without the setting nothing opens."""
    with FakeOpenAI() as fake:
        _, client = make(fake)
        with pytest.raises(PathRefused, match="No gate is made"):
            client.beta.agents.automations.list()
        with pytest.raises(PathRefused, match="No gate is made"):
            client.beta.agents.sessions.traces.list("sess_1")
        _, shut = make(fake, paths=None)
        with pytest.raises(PathRefused, match="managed-agents"):
            shut.beta.agents.sessions.list()
    assert fake.requests == []
