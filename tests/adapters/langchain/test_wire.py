"""The adapter above LangChain's own classes for OpenAI and Anthropic, over HTTP, with and without a wrapped client below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr
from tests.adapters.contract.harness import MODES, Mode
from tests.adapters.contract.mailbox import RULES, Mailbox
from tests.adapters.langchain.agents import SYSTEM, Running, on_loop

from pinnedrules import Guard, Stopped
from pinnedrules.testing import (
    Evidence,
    ProposedCall,
    Reply,
    ScriptedProvider,
    assert_all_accepted,
    assert_pinned,
    assert_prefix_stable,
    assert_seen_in_every_request,
)
from pinnedrules.testing.plugin import MakeGuard, MakeProvider
from pinnedrules_adapters.langchain import PinnedRules

Recorded = Callable[[], Evidence]
Wrap = Callable[[Any], Any]


def _plainly(client: Any) -> Any:
    return client


def _chat(provider: ScriptedProvider, wrap: Wrap, **more: Any) -> ChatOpenAI:
    sync = wrap(openai.OpenAI(base_url=provider.openai_url, api_key="any", max_retries=0))
    loop = wrap(openai.AsyncOpenAI(base_url=provider.openai_url, api_key="any", max_retries=0))
    clients = {
        "client": sync.chat.completions,
        "root_client": sync,
        "async_client": loop.chat.completions,
        "root_async_client": loop,
    }
    return ChatOpenAI(model="scripted", api_key=SecretStr("any"), **clients, **more)


def _responses(provider: ScriptedProvider, wrap: Wrap) -> ChatOpenAI:
    return _chat(provider, wrap, use_responses_api=True)


def _messages(provider: ScriptedProvider, wrap: Wrap) -> ChatAnthropic:
    made = ChatAnthropic(model_name="claude-scripted", timeout=20, stop=None)
    made.__dict__["_client"] = wrap(anthropic.Anthropic(base_url=provider.url, api_key="any", max_retries=0))
    made.__dict__["_async_client"] = wrap(anthropic.AsyncAnthropic(base_url=provider.url, api_key="any", max_retries=0))
    return made


@pytest.fixture(params=[_chat, _responses, _messages], ids=["chat", "responses", "messages"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """A function that makes a chat model over clients, wrapped as it is told, that are closed after the test."""
    opened: list[Any] = []

    def made(provider: ScriptedProvider, wrap: Wrap) -> Any:
        def noted(client: Any) -> Any:
            opened.append(client)
            return wrap(client)

        return request.param(provider, noted)

    yield made
    for client in opened:
        closed = client.close()
        if closed is not None:
            on_loop(closed)


@pytest.fixture
def guard(pinned_guard: MakeGuard) -> Guard:
    return pinned_guard(RULES)


def _agent(model: Any, guard: Guard, box: Mailbox, mode: Mode) -> Running:
    graph = create_agent(
        model,
        [tool(one) for one in box.tools],
        system_prompt=SYSTEM,
        middleware=[PinnedRules(guard)],
        checkpointer=InMemorySaver(),
    )
    return Running(graph, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "plain"])
def test_calls_are_decided_and_counted_once(
    make: Callable[..., Any],
    guard: Guard,
    pinned_provider: MakeProvider,
    pinned_evidence: Recorded,
    mode: Mode,
    wrapped: bool,
) -> None:
    """With and without a wrapped client below, a call is decided, charged and asked about once; the block is there once."""
    box = Mailbox()
    provider = pinned_provider(
        Reply(
            "Let me see.",
            [
                ProposedCall("refund", {"amount": 60}),
                ProposedCall("delete_mail", {"mail": "m1"}),
                ProposedCall("look", {"n": 1}),
            ],
        ),
        Reply("", [ProposedCall("refund", {"amount": 40}), ProposedCall("look", {"n": 2})]),
        Reply("", [ProposedCall("refund", {"amount": 1}), ProposedCall("look", {"n": 3})]),
        Reply("Done."),
    )
    agent = _agent(make(provider, guard.wrap if wrapped else _plainly), guard, box, mode)
    (waiting,) = agent.say("Tidy up.").waiting
    assert agent.answer({waiting: True}).text == "Done."
    assert sorted(box.did) == ["delete_mail m1", "look 1", "look 2", "look 3", "refund 40", "refund 60"]
    found = pinned_evidence()
    released = [(one.tool, one.arguments.replace(" ", "")) for one in found.decisions if one.released]
    assert len(released) == len(set(released)) == 6
    assert len(found.decided("refund", {"amount": 1})) == 1
    assert all(one.released_before for one in found.executions)
    assert len(found.executions) == 6
    assert_pinned(provider, guard)
    assert_seen_in_every_request(provider, "operator's rules v1")
    assert_prefix_stable(provider)
    assert_all_accepted(provider)
    assert {one.session for one in found.requests} == {"thread"}


@pytest.mark.parametrize("mode", MODES)
def test_what_the_client_below_refuses_never_reaches_the_agent(
    make: Callable[..., Any], guard: Guard, pinned_provider: MakeProvider, pinned_evidence: Recorded, mode: Mode
) -> None:
    """A call that is denied on the wire is answered there; the agent gets the model's next answer."""
    box = Mailbox()
    provider = pinned_provider(Reply("", [ProposedCall("wipe", {"everything": True})]), Reply("I may not."))
    agent = _agent(make(provider, guard.wrap), guard, box, mode)
    assert "I may not." in agent.say("Wipe it.").text
    assert box.did == []
    assert len(pinned_evidence().decided("wipe")) == 1
    assert len(provider.requests) == 2
    assert_all_accepted(provider)


def test_a_call_that_the_agent_does_not_run_itself_is_not_handed_on_undecided(
    make: Callable[..., Any], guard: Guard, pinned_provider: MakeProvider, pinned_evidence: Recorded
) -> None:
    """Invariant 1: of a tool that is only described to the model, and run by who knows whom, no undecided call comes out."""
    provider = pinned_provider(Reply("", [ProposedCall("delete_mail", {"mail": "m1"})]), Reply("I may not."))
    parameters = {"type": "object", "properties": {"mail": {"type": "string"}}}
    described = {"type": "function", "function": {"name": "delete_mail", "description": "", "parameters": parameters}}
    model = make(provider, guard.wrap)
    agent: Any = create_agent(model, [described], middleware=[PinnedRules(guard)], checkpointer=InMemorySaver())
    ended = agent.invoke({"messages": [("user", "Tidy up.")]}, {"configurable": {"thread_id": "thread"}})
    assert not any(getattr(message, "tool_calls", ()) for message in ended["messages"])
    assert pinned_evidence().decided("delete_mail")[0].ticket


@pytest.mark.parametrize("mode", MODES)
def test_a_rule_of_the_session_is_told_once(
    make: Callable[..., Any], guard: Guard, pinned_provider: MakeProvider, mode: Mode
) -> None:
    """What the adapter told behind the block, the client below does not tell again."""
    provider = pinned_provider(Reply("Fine."), Reply("Fine."), Reply("Fine."))
    agent = _agent(make(provider, guard.wrap), guard, Mailbox(), mode)
    agent.say("Hello.")
    agent.say("Don't act until I tell you to.")
    agent.say("What is new?")
    texts = [one.body.decode() for one in provider.requests]
    assert [text.count("rule added by the guard") for text in texts] == [0, 1, 1]
    assert_all_accepted(provider)


def test_a_stop_in_the_middle_of_a_stream_ends_it(
    make: Callable[..., Any], guard: Guard, pinned_provider: MakeProvider
) -> None:
    """Invariant 7: the stop is seen at every piece of a streamed answer."""
    provider = pinned_provider(
        Reply("one two three four five six seven eight nine ten", [ProposedCall("look", {"n": 1})])
    )
    box = Mailbox()
    agent = _agent(make(provider, _plainly), guard, box, "sync")
    seen: list[str] = []

    def read() -> None:
        given, config = {"messages": [("user", "Count.")]}, {"configurable": {"thread_id": "t"}}
        for message, _ in agent.graph.stream(given, config, stream_mode="messages"):
            seen.append(message.text)
            if len(seen) == 2:
                guard.stop("enough")

    with pytest.raises(Stopped):
        read()
    assert len(seen) < 20
    assert box.did == []
