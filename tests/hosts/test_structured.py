"""Answers that must be JSON of a shape: they parse as without a guard, and a refusal never stands in them as text."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from tests.hosts.surfaces import CHAT_TOOLS, KINDS, MESSAGE_TOOLS
from tests.hosts.surfaces_responses import RESPONSE_TOOLS
from tests.hosts.ways import Way

from pinnedrules import Denied, Guard
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "8"})
USER: list[Any] = [{"role": "user", "content": "tidy"}]


class Plan(BaseModel):
    """What the model is asked for."""

    keep: list[str]
    why: str


PLAN = Plan(keep=["7", "9"], why="The owner has not confirmed.")


def chat(client: Any, stream: bool) -> tuple[Any, str]:
    asked = {"model": "gpt", "messages": USER, "tools": CHAT_TOOLS, "response_format": Plan}
    chat = client.chat.completions
    return (chat.stream(**asked), "get_final_completion") if stream else (chat.parse(**asked), "")


def responses(client: Any, stream: bool) -> tuple[Any, str]:
    asked = {"model": "gpt", "input": USER, "tools": RESPONSE_TOOLS, "text_format": Plan}
    if stream:
        return client.responses.stream(**asked), "get_final_response"
    return client.responses.parse(**asked), ""


def messages(client: Any, stream: bool) -> tuple[Any, str]:
    asked = {"model": "c", "max_tokens": 99, "messages": USER, "tools": MESSAGE_TOOLS, "output_format": Plan}
    place = client.messages if hasattr(client.messages, "parse") else client.beta.messages
    if not hasattr(place, "parse"):
        pytest.skip("this SDK has no messages.parse")
    if stream and "output_format" not in inspect.signature(place.stream).parameters:
        pytest.skip("this SDK's stream helper has no output_format")
    return (place.stream(**asked), "get_final_message") if stream else (place.parse(**asked), "")


ASKING: dict[str, Callable[[Any, bool], tuple[Any, str]]] = {
    "openai": chat,
    "responses": responses,
    "anthropic": messages,
}


def parsed(kind: str, client: Any, stream: bool) -> Any:
    """Ask with either kind of client and return (the parsed answer, the names of its calls)."""
    ask = ASKING[kind.split()[0]]

    async def main() -> Any:
        try:
            given, end = ask(client, stream)
            if not stream:
                return await given
            async with given as events:
                return await getattr(events, end)()
        finally:
            await client.close()

    if kind.endswith("async"):
        return read(kind, asyncio.run(main()))
    given, end = ask(client, stream)
    if stream:
        with given as events:
            given = getattr(events, end)()
    return read(kind, given)


def read(kind: str, answer: Any) -> tuple[Any, list[str]]:
    if kind.startswith("openai"):
        message = answer.choices[0].message
        return message.parsed, [call.function.name for call in message.tool_calls or ()]
    if kind.startswith("responses"):
        return answer.output_parsed, [item.name for item in answer.output if item.type == "function_call"]
    return answer.parsed_output, [block.name for block in answer.content if block.type == "tool_use"]


EACH = pytest.mark.parametrize("kind", KINDS)
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["parse", "stream helper"])


@EACH
@STREAM
def test_an_answer_parses_as_without_a_guard(kind: str, stream: bool, way: Way, guard: Guard) -> None:
    """Allowed calls come beside it."""
    replies = [Reply(PLAN.model_dump_json()), Reply("", calls=[ARCHIVE])]
    for reply, expected in zip(replies, [(PLAN, []), (None, ["archive"])], strict=True):
        with ScriptedProvider(Script([reply])) as provider:
            assert parsed(kind, way.client(kind, provider, guard), stream) == expected

        assert_all_accepted(provider)
        assert_pinned(provider, guard)


@EACH
@STREAM
@pytest.mark.parametrize("calls", [[DELETE], [DELETE, ARCHIVE]], ids=["alone", "beside another"])
def test_a_refusal_never_stands_in_it(
    kind: str, stream: bool, calls: list[ProposedCall], way: Way, guard: Guard
) -> None:
    """Design, step 11: structured output raises instead of breaking its JSON."""
    with ScriptedProvider(Script([Reply("", calls=calls), Reply(PLAN.model_dump_json())])) as provider:
        client = way.client(kind, provider, guard)
        with way.refused(kind, Denied, "delete_mail"):
            parsed(kind, client, stream)
