"""Whole conversations: what the model was refused stays refused, and the provider's history stays exactly its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pytest
from tests.hosts.loops import LOOPS, Loop
from tests.hosts.surfaces import make_client
from tests.hosts.surfaces_responses import RESPONSE_TOOLS
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.testing.asserts import (
    assert_all_accepted,
    assert_blocked,
    assert_pinned,
    assert_prefix_stable,
    assert_reasoning_kept,
    assert_released,
)
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

ALL = pytest.mark.parametrize("talk", list(LOOPS), indirect=True)
FORMS = pytest.mark.parametrize("form", ["", " async"], ids=["sync", "async"])
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["create", "stream helper"])


@pytest.fixture
def talk(request: pytest.FixtureRequest) -> Loop:
    made: Loop = LOOPS[request.param]()
    return made


def delete(mail: str) -> ProposedCall:
    return ProposedCall("delete_mail", {"id": mail}, id=f"call_delete_{mail}")


def archive(mail: str) -> ProposedCall:
    return ProposedCall("archive", {"id": mail}, id=f"call_archive_{mail}")


SCRIPT = [
    Reply("Two.", calls=[delete("7"), archive("8")], thinking="One to go, one to keep."),
    Reply("Again.", calls=[delete("9")], thinking="Perhaps this one."),
    Reply("Then not.", calls=[archive("10")], thinking="I may archive."),
    Reply("Done."),
]


def converse(loop: Loop, client: Any, stream: bool, *, questions: tuple[str, ...] = ("tidy",), steps: int = 9) -> None:
    """Run a conversation to its end, with either kind of client, and close that."""

    async def main() -> None:
        try:
            for question in questions:
                loop.say(question)
                for _ in range(steps):
                    if not await loop.astep(client, stream=stream):
                        break
        finally:
            await client.close()

    if type(client).__name__.startswith("Async"):
        asyncio.run(main())
        return
    for question in questions:
        loop.say(question)
        for _ in range(steps):
            if not loop.step(client, stream=stream):
                break
    client.close()


@ALL
@FORMS
@STREAM
@pytest.mark.parametrize("on_denied", ["continue", "end"])
def test_a_conversation_goes_on_over_refusals(
    talk: Loop, form: str, stream: bool, on_denied: str, way: Way, make_guard: Callable[..., Guard]
) -> None:
    """Design, step 12: placeholder on the client's side, truth on the wire; pairing, prefix and reasoning stay whole."""
    guard = make_guard(on_denied=on_denied)
    with ScriptedProvider(Script(SCRIPT)) as provider:
        client = way.client(talk.kind + form, provider, guard)
        # Where the turn ends with the refusal, the person says something.
        converse(talk, client, stream, questions=("tidy",) if on_denied == "continue" else ("tidy", "why?"))

    assert talk.ran == ['archive {"id": "8"}', 'archive {"id": "10"}']
    assert talk.text == "Done."
    assert len(provider.seen) == 4
    assert_all_accepted(provider)
    assert_blocked(provider, "delete_mail")
    assert_released(provider, "archive")
    assert_pinned(provider, guard)
    assert_prefix_stable(provider)
    assert_reasoning_kept(provider)
    assert not [exchange for exchange in provider.requests if b"pinnedrules:denied" in exchange.body]


@ALL
@FORMS
def test_the_unguarded_conversation_would_have_deleted(talk: Loop, form: str) -> None:
    """The negative control."""
    with ScriptedProvider(Script(SCRIPT)) as provider:
        converse(talk, make_client(talk.kind + form, provider), stream=False)

    assert 'delete_mail {"id": "7"}' in talk.ran


@pytest.mark.parametrize("held", [False, True], ids=["stateless", "held"])
def test_a_refused_call_that_is_only_left_out_would_be_an_error(held: bool) -> None:
    """The negative control of what is put back: the provider knows what it said."""
    reply = Reply("", calls=[delete("7")], thinking="It must go.")
    with ScriptedProvider(Script([reply, reply])) as provider, make_client("responses", provider) as client:
        first = client.responses.create(model="gpt", input="tidy")
        kept: Any = {"role": "user", "content": "why?"}
        again: dict[str, Any] = {"input": [kept], "previous_response_id": first.id}
        if not held:
            left = [item for item in first.output if item.type != "function_call"]
            again = {"input": [{"role": "user", "content": "tidy"}, *left, kept]}
        with pytest.raises(openai.BadRequestError):
            client.responses.create(model="gpt", **again)


@pytest.mark.api("responses")
def test_a_background_response_is_gated_on_an_event_loop(way: Way, guard: Guard) -> None:
    """Invariant 1: not through a background poll, nor through a stream that is taken up again in its middle."""
    ask: dict[str, Any] = {"model": "gpt", "input": "tidy", "tools": RESPONSE_TOOLS, "background": True}
    seen: list[str] = []

    async def main(client: Any) -> Any:
        done = await client.responses.create(**ask)
        while done.status in ("queued", "in_progress"):
            done = await client.responses.retrieve(done.id)
        stream = await client.responses.create(**ask, stream=True)
        (ident,) = [event.response.id async for event in stream if event.type == "response.created"]
        for start in (0, 5, 12):
            again = await client.responses.retrieve(ident, stream=True, starting_after=start)
            seen.extend([event.model_dump_json() async for event in again])
        await client.close()
        return done

    replies = [Reply("Two.", calls=[delete("7"), archive("8")], polls=3), Reply("One.", calls=[delete("9" * 60)])]
    with ScriptedProvider(Script(replies)) as provider:
        done = asyncio.run(main(way.client("responses async", provider, guard)))

    assert [item.name for item in done.output if item.type == "function_call"] == ["archive"]
    assert "Never delete before the owner confirms." in done.output_text
    assert seen
    assert not [event for event in seen if "function_call" in event]
