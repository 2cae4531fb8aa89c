"""Conversations that Anthropic keeps (message threads): the newest SDK's tool runner uses them unless it is told not to."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import pytest
from tests.hosts.runners import FORMS, message_tools
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

SENTENCE = "Never delete before the owner confirms."
USER: list[Any] = [{"role": "user", "content": "tidy"}]
DELETE = ProposedCall("delete_mail", {"id": "7"}, id="toolu_delete")
ARCHIVE = ProposedCall("archive", {"id": "8"}, id="toolu_archive")

THREADS = pytest.mark.skipif(
    "thread" not in inspect.signature(anthropic.resources.beta.Messages.create).parameters,
    reason="this SDK has no message threads",
)
pytestmark = [pytest.mark.api("anthropic"), THREADS]


def threads(provider: ScriptedProvider) -> list[str]:
    """What each request asked of its thread, and whether it carried the rules."""
    return [
        f"{(exchange.json.get('thread') or {}).get('type')} {SENTENCE in str(exchange.json.get('system'))}"
        for exchange in provider.requests
    ]


@pytest.fixture
def ending(make_guard: Callable[..., Guard]) -> Guard:
    return make_guard(on_denied="end")


@FORMS
def test_the_tool_runner_with_a_thread_never_runs_a_refused_call(form: dict[str, Any], way: Way, guard: Guard) -> None:
    """The thread is created under the rules; what continues it repeats nothing, and the provider knows every result."""
    ran: list[str] = []
    script = Script(
        [
            Reply("Two.", calls=[DELETE, ARCHIVE]),
            Reply("", calls=[ProposedCall("archive", {"id": "9"})]),
            Reply("All done."),
        ]
    )
    with ScriptedProvider(script) as provider:
        client = way.client("anthropic", provider, guard)
        runner = client.beta.messages.tool_runner(
            model="c", max_tokens=99, messages=USER, tools=message_tools(ran), **form
        )
        final = runner.until_done()

    assert ran == ["archive 8", "archive 9"]
    assert final.content[-1].text == "All done."
    assert threads(provider) == ["create True", "continue False", "continue False"]
    assert [exchange.status for exchange in provider.requests] == [200, 200, 200]
    told = provider.requests[1].json["messages"][0]["content"]
    assert {block["tool_use_id"] for block in told} == {"toolu_delete", "toolu_archive"}
    assert "DENIED" in next(block["content"] for block in told if block["tool_use_id"] == "toolu_delete")


@FORMS
def test_the_async_tool_runner_too(form: dict[str, Any], way: Way, guard: Guard) -> None:
    """The same on an event loop."""
    ran: list[str] = []
    script = Script([Reply("Two.", calls=[DELETE, ARCHIVE]), Reply("All done.")])

    async def main(client: Any) -> Any:
        made = client.beta.messages.tool_runner(
            model="c", max_tokens=99, messages=USER, tools=message_tools(ran, asynchronous=True), **form
        )
        try:
            return await made.until_done()
        finally:
            await client.close()

    with ScriptedProvider(script) as provider:
        final = asyncio.run(main(way.client("anthropic async", provider, guard)))

    assert ran == ["archive 8"]
    assert final.content[-1].text == "All done."
    assert threads(provider) == ["create True", "continue False"]


@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_the_gate_answers_the_model_within_the_thread(stream: bool, way: Way, guard: Guard) -> None:
    """After an answer of the gate's own the program continues from the provider's last message, whichever id it saw."""
    script = Script([Reply("", calls=[DELETE]), Reply("I suggest it."), Reply("Bye.")])
    with ScriptedProvider(script) as provider:
        thread = way.client("anthropic", provider, guard).beta.messages.thread(
            model="c", max_tokens=99, tools=[tool.to_dict() for tool in message_tools([])]
        )
        for text in ("tidy", "bye"):
            if stream:
                with thread.stream({"role": "user", "content": text}) as events:
                    said = events.get_final_message()
            else:
                said = thread.send({"role": "user", "content": text})
            assert not [block for block in said.content if block.type == "tool_use"]

    assert threads(provider) == ["create True", "continue False", "continue False"]
    assert [exchange.status for exchange in provider.requests] == [200, 200, 200]
    assert "I suggest it." in provider.seen[2].text


def test_a_refusal_that_the_program_itself_goes_on_from_is_told_to_the_thread(way: Way, ending: Guard) -> None:
    """The provider waits for the result of the call that was refused; the next request brings it."""
    script = Script([Reply("", calls=[DELETE]), Reply("Understood.")])
    with ScriptedProvider(script) as provider:
        thread = way.client("anthropic", provider, ending).beta.messages.thread(
            model="c", max_tokens=99, tools=[tool.to_dict() for tool in message_tools([])]
        )
        assert SENTENCE in thread.send({"role": "user", "content": "tidy"}).content[-1].text
        thread.send({"role": "user", "content": "why?"})

    (message,) = provider.requests[1].json["messages"]
    assert [block["type"] for block in message["content"]] == ["tool_result", "text"]


def test_an_unknown_thread_is_sent_anew_with_the_rules(
    way: Way, tmp_path: Path, make_guard: Callable[..., Guard]
) -> None:
    """A thread that was not created under this guard's rules is one that the provider has lost: the SDK replays it."""
    free = tmp_path / "free"
    free.mkdir()
    (free / "rules.yaml").write_text("version: 1\nrules: [{id: r, text: Be kind., on: none_such, then: ask}]\n")
    with ScriptedProvider(Script([Reply("Hi."), Reply("Bye.")])) as provider:
        guard = make_guard()
        with Guard(free / "rules.yaml", approver="tickets", quiet=True) as other:
            first = way.client("anthropic", provider, other)
            thread = first.beta.messages.thread(model="c", max_tokens=99)
            thread.send({"role": "user", "content": "hello"})
        thread._client = way.client("anthropic", provider, guard)
        thread.send({"role": "user", "content": "bye"})

    assert threads(provider) == ["create False", "create True"]
    assert [message["role"] for message in provider.requests[1].json["messages"]] == ["user", "assistant", "user"]


def test_a_thread_goes_on_after_a_restart(make_guard: Callable[..., Guard], way: Way) -> None:
    """What was created under the rules is known from the store."""
    script = Script([Reply("", calls=[DELETE]), Reply("Understood.")])
    with ScriptedProvider(script) as provider:
        guard = make_guard(on_denied="end")
        with guard.session("table"):
            thread = way.client("anthropic", provider, guard).beta.messages.thread(
                model="c", max_tokens=99, tools=[tool.to_dict() for tool in message_tools([])]
            )
            thread.send({"role": "user", "content": "tidy"})
        guard.close()
        again = make_guard(on_denied="end")
        with again.session("table"):
            thread._client = way.client("anthropic", provider, again)
            thread.send({"role": "user", "content": "why?"})

    assert threads(provider) == ["create True", "continue False"]


def test_arguments_are_known_from_the_tools_that_the_thread_was_created_with(way: Way, guard: Guard) -> None:
    """A request that continues repeats no tools, and an allowed call with declared arguments is allowed all the same."""
    script = Script([Reply("Hi."), Reply("", calls=[ARCHIVE])])
    with ScriptedProvider(script) as provider:
        thread = way.client("anthropic", provider, guard).beta.messages.thread(
            model="c", max_tokens=99, tools=[tool.to_dict() for tool in message_tools([])]
        )
        thread.send({"role": "user", "content": "hello"})
        said = thread.send({"role": "user", "content": "archive 8"})

    assert [block.name for block in said.content if block.type == "tool_use"] == ["archive"]


def test_a_compaction_within_the_runner_changes_nothing(way: Way, guard: Guard) -> None:
    """``compact_before_next_turn`` summarises at the provider; the rules are in the thread and decide the same."""
    ran: list[str] = []
    script = Script([Reply("", calls=[ARCHIVE]), Reply("A summary."), Reply("", calls=[DELETE]), Reply("All done.")])
    with ScriptedProvider(script) as provider:
        client = way.client("anthropic", provider, guard)
        runner = client.beta.messages.tool_runner(model="c", max_tokens=99, messages=USER, tools=message_tools(ran))
        if not hasattr(runner, "compact_before_next_turn"):
            pytest.skip("this SDK's runner has no compact_before_next_turn")
        for number, _ in enumerate(runner):
            if number == 0:
                runner.compact_before_next_turn()

    assert ran == ["archive 8"]
    assert all(exchange.status == 200 for exchange in provider.requests)
    assert provider.seen[-1].system.count(SENTENCE) == 1
