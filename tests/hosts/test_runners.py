"""The SDKs' own runners, which call tools by themselves: none ever runs a call that was refused."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest
from tests.hosts.recorder import Recorder
from tests.hosts.runners import FORMS, responses_functions, runner
from tests.hosts.surfaces import make_client
from tests.hosts.surfaces_responses import RESPONSE_TOOLS
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.evidence.reader import read
from pinnedrules.testing.asserts import assert_all_accepted, assert_blocked, assert_pinned, assert_prefix_stable
from pinnedrules.testing.evidence import recorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

DELETE = ProposedCall("delete_mail", {"id": "7"})


def archive(mail: str) -> ProposedCall:
    return ProposedCall("archive", {"id": mail})


SCRIPT = [
    Reply("Two.", calls=[DELETE, archive("8")]),
    Reply("", calls=[DELETE]),
    Reply("", calls=[archive("9"), DELETE]),
    Reply("All done."),
]


async def driven(made: Any, client: Any) -> Any:
    """Run a runner of the asynchronous client to its end."""
    try:
        return await made.until_done()
    finally:
        await client.close()


@FORMS
@pytest.mark.parametrize("kind", ["anthropic", "anthropic async"])
def test_anthropic_s_runner(kind: str, form: dict[str, Any], way: Way, guard: Guard) -> None:
    """Invariant 1: not through an eager runner. The conversation is the program's own; threads have a page of theirs."""
    ran: list[str] = []
    with ScriptedProvider(Script(SCRIPT)) as provider:
        client = way.client(kind, provider, guard)
        made = runner(client, ran, form)
        final = asyncio.run(driven(made, client)) if kind.endswith("async") else made.until_done()

    assert ran == ["archive 8", "archive 9"]
    assert final.content[-1].text == "All done."
    assert len(provider.seen) == 4
    assert_all_accepted(provider)
    assert_blocked(provider, "delete_mail")
    assert_pinned(provider, guard)
    assert_prefix_stable(provider)


@FORMS
@pytest.mark.parametrize("kind", ["anthropic", "anthropic async"])
def test_anthropic_s_runner_unguarded_would_have_deleted(kind: str, form: dict[str, Any]) -> None:
    """The negative control."""
    ran: list[str] = []
    with ScriptedProvider(Script([Reply("Two.", calls=[DELETE, archive("8")]), Reply("All done.")])) as provider:
        client = make_client(kind, provider)
        made = runner(client, ran, form)
        if kind.endswith("async"):
            asyncio.run(driven(made, client))
        else:
            made.until_done()
            client.close()

    assert sorted(ran) == ["archive 8", "delete 7"]


@pytest.mark.parametrize("kind", ["anthropic", "anthropic async"])
def test_a_runner_that_has_the_provider_compact(kind: str, way: Way, guard: Guard) -> None:
    """Invariant 5: before and after ``compact_before_next_turn`` the rules are there and decide the same."""
    ran: list[str] = []
    script = Script(
        [
            Reply("", calls=[archive("8")]),
            Reply(compaction="Tidy the inbox."),
            Reply("", calls=[DELETE]),
            Reply("Done."),
        ]
    )

    async def main(client: Any) -> None:
        made = runner(client, ran, {})
        if not hasattr(made, "compact_before_next_turn"):
            await client.close()
            pytest.skip("this SDK's runner has no compact_before_next_turn")
        turns = 0
        async for _ in made:
            turns += 1
            if turns == 1:
                made.compact_before_next_turn()
        await client.close()

    with ScriptedProvider(script) as provider:
        client = way.client(kind, provider, guard)
        if kind.endswith("async"):
            asyncio.run(main(client))
        else:
            made = runner(client, ran, {})
            if not hasattr(made, "compact_before_next_turn"):
                pytest.skip("this SDK's runner has no compact_before_next_turn")
            for number, _ in enumerate(made):
                if number == 0:
                    made.compact_before_next_turn()

    assert ran == ["archive 8"]
    assert len(provider.seen) == 4
    assert provider.requests[1].json["compaction"] == {"type": "summarize"}
    assert_all_accepted(provider)
    assert_blocked(provider, "delete_mail")
    assert_pinned(provider, guard)


@pytest.mark.api("anthropic")
def test_a_runner_that_compacts_by_itself(way: Way, guard: Guard) -> None:
    """Former releases ask for a summary without system text and tools; the rules are in that request too."""
    ran: list[str] = []
    replies = [Reply("Hm.", calls=[archive("8")], context_tokens=9000), Reply("Tidy the inbox."), *SCRIPT[1:]]
    with ScriptedProvider(Script(replies)) as provider, warnings.catch_warnings():
        # Some of these releases say that it will go.
        warnings.simplefilter("ignore", DeprecationWarning)
        client = way.client("anthropic", provider, guard)
        control = {"enabled": True, "context_token_threshold": 5000}
        runner(client, ran, {}, compaction_control=control).until_done()

    assert ran == ["archive 9"]
    assert [exchange.header("x-stainless-helper") for exchange in provider.requests][1] == "compaction"
    assert_all_accepted(provider)
    assert_blocked(provider, "delete_mail")
    assert_pinned(provider, guard)
    guard.close()
    kinds = [line["body"]["kind"] for line in read(guard.folder.log) if line["type"] == "compaction"]  # type: ignore[index]
    assert "client" in kinds


@pytest.mark.parametrize("kind", ["responses", "responses async"])
@pytest.mark.parametrize(
    "form", [{}, {"stream": True}, {"stream": True, "eager": True}], ids=["plain", "stream", "eager"]
)
def test_the_runner_for_responses(kind: str, form: dict[str, Any], way: Way, guard: Guard) -> None:
    """Invariant 1: not through one that runs calls while the stream is still open."""
    ran: list[str] = []
    functions = responses_functions(RESPONSE_TOOLS, ran, asynchronous=kind.endswith("async"))
    ask: Any = {"model": "gpt", "input": "tidy"}

    async def main(client: Any) -> Any:
        from openai.lib.responses_tool_runner import AsyncResponsesToolRunner

        try:
            return await AsyncResponsesToolRunner(functions=functions).run(client, ask, max_steps=5, **form)
        finally:
            await client.close()

    with ScriptedProvider(Script(SCRIPT)) as provider:
        client = way.client(kind, provider, guard)
        if kind.endswith("async"):
            final = asyncio.run(main(client))
        else:
            from openai.lib.responses_tool_runner import ResponsesToolRunner

            final = ResponsesToolRunner(functions=functions).run(client, ask, max_steps=5, **form)

    assert ran == ["archive 8", "archive 9"]
    assert final.output_text.endswith("All done.")
    assert_all_accepted(provider)
    assert_blocked(provider, "delete_mail")
    assert_pinned(provider, guard)


@pytest.mark.parametrize("kind", ["responses", "responses async"])
def test_the_runner_for_responses_takes_no_answer_that_comes_later(kind: str, way: Way, guard: Guard) -> None:
    """The SDK's runner refuses background answers itself, so there is no such way around the gate to hold shut."""
    ran: list[str] = []
    functions = responses_functions(RESPONSE_TOOLS, ran, asynchronous=kind.endswith("async"))
    ask: Any = {"model": "gpt", "input": "tidy", "background": True}

    async def main(client: Any) -> Any:
        from openai.lib.responses_tool_runner import AsyncResponsesToolRunner

        async with client:
            await AsyncResponsesToolRunner(functions=functions).run(client, ask, max_steps=5)

    def plainly(client: Any) -> Any:
        from openai.lib.responses_tool_runner import ResponsesToolRunner

        return ResponsesToolRunner(functions=functions).run(client, ask, max_steps=5)

    with ScriptedProvider(Script([])) as provider:
        client = way.client(kind, provider, guard)
        with pytest.raises(ValueError, match="foreground"):
            asyncio.run(main(client)) if kind.endswith("async") else plainly(client)

    assert provider.requests == ()
    assert ran == []


@pytest.mark.parametrize("kind", ["openai", "openai async"])
def test_the_runner_for_decisions_runs_nothing(kind: str, way: Way, guard: Guard) -> None:
    """The action that it runs is picked by a model, and that choice is not gated, so its door is shut."""
    module: Any = pytest.importorskip("openai.lib.decisions_tool_runner", reason="this SDK has no runner for decisions")
    ran: list[str] = []

    def delete() -> None:
        ran.append("delete")

    async def adelete() -> None:
        delete()

    def choices(run: Any) -> Any:
        wanted = {"id": "delete", "description": "Delete mail 7.", "execute": run}
        return lambda seen: [wanted, {"id": "done", "description": "Nothing is left to do.", "done": True}]

    async def looked() -> str:
        return "one mail"

    async def offered(seen: Any) -> Any:
        return choices(adelete)(seen)

    async def main(client: Any) -> Any:
        async with client:
            runner = module.AsyncDecisionsToolRunner(observe=looked, candidates=offered)
            return await runner.run(client, {"model": "gpt", "input": "tidy"})

    def plainly(client: Any) -> Any:
        runner = module.DecisionsToolRunner(observe=lambda: "one mail", candidates=choices(delete))
        return runner.run(client, {"model": "gpt", "input": "tidy"})

    with Recorder() as recorder:
        client = way.client(kind, recorder, guard)
        # The runner keeps to itself why it stopped; the record says it.
        with pytest.raises(module.DecisionsToolRunnerError):
            asyncio.run(main(client)) if kind.endswith("async") else plainly(client)

    assert recorder.knocks == []
    assert ran == []
    assert {refusal.error for refusal in recorded(guard).refusals} == {"PathRefused"}
