"""Every way in which a developer can get a tool call out of the Responses API of the OpenAI SDK.

As in ``surfaces.py``: a surface runs one turn and returns what the developer's code would see.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.hosts.turns import TOOLS, Surface, Turn

__all__ = ["RESPONSES", "RESPONSE_TOOLS", "response_turn"]

RESPONSE_TOOLS: list[Any] = [
    {
        "type": "function",
        "name": name,
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {key: {"type": "string"} for key in keys},
            "required": list(keys),
            "additionalProperties": False,
        },
    }
    for name, keys in TOOLS.items()
]
_POLLS = 20


def _request(messages: list[Any]) -> dict[str, Any]:
    return {"model": "gpt", "input": messages, "tools": RESPONSE_TOOLS}


def response_turn(done: Any) -> Turn:
    """Return what a program sees of a whole response."""
    calls = tuple((item.name, item.arguments) for item in done.output if item.type == "function_call")
    parts = [part for item in done.output if item.type == "message" for part in item.content]
    return Turn("".join(part.text for part in parts), calls, done.status)


class _Events:
    """Adds events up as a program does that runs a call as soon as its item is done."""

    def __init__(self) -> None:
        self.text, self.finish = "", ""
        self.calls: list[tuple[str, str]] = []

    def add(self, event: Any) -> None:
        if event.type == "response.output_text.delta":
            self.text += event.delta
        elif event.type == "response.output_item.done" and event.item.type == "function_call":
            self.calls.append((event.item.name, event.item.arguments))
        elif event.type in ("response.completed", "response.incomplete", "response.failed"):
            self.finish = event.response.status
            repeated = response_turn(event.response)
            assert repeated.calls == tuple(self.calls), "the last event repeats other calls than were streamed"
            assert repeated.text == self.text, "the last event repeats another text than was streamed"

    def turn(self) -> Turn:
        return Turn(self.text, tuple(self.calls), self.finish)


def create(client: Any, messages: list[Any]) -> Turn:
    return response_turn(client.responses.create(**_request(messages)))


async def acreate(client: Any, messages: list[Any]) -> Turn:
    return response_turn(await client.responses.create(**_request(messages)))


def stream(client: Any, messages: list[Any]) -> Turn:
    seen = _Events()
    for event in client.responses.create(**_request(messages), stream=True):
        seen.add(event)
    return seen.turn()


async def astream(client: Any, messages: list[Any]) -> Turn:
    seen = _Events()
    async for event in await client.responses.create(**_request(messages), stream=True):
        seen.add(event)
    return seen.turn()


def parse(client: Any, messages: list[Any]) -> Turn:
    return response_turn(client.responses.parse(**_request(messages)))


async def aparse(client: Any, messages: list[Any]) -> Turn:
    return response_turn(await client.responses.parse(**_request(messages)))


def helper(client: Any, messages: list[Any]) -> Turn:
    with client.responses.stream(**_request(messages)) as events:
        for _ in events:
            pass
        return response_turn(events.get_final_response())


async def ahelper(client: Any, messages: list[Any]) -> Turn:
    async with client.responses.stream(**_request(messages)) as events:
        async for _ in events:
            pass
        return response_turn(await events.get_final_response())


def raw(client: Any, messages: list[Any]) -> Turn:
    return response_turn(client.responses.with_raw_response.create(**_request(messages)).parse())


async def araw(client: Any, messages: list[Any]) -> Turn:
    return response_turn((await client.responses.with_raw_response.create(**_request(messages))).parse())


def streaming_response(client: Any, messages: list[Any]) -> Turn:
    with client.responses.with_streaming_response.create(**_request(messages)) as response:
        return response_turn(response.parse())


async def astreaming_response(client: Any, messages: list[Any]) -> Turn:
    async with client.responses.with_streaming_response.create(**_request(messages)) as response:
        return response_turn(await response.parse())


def with_options(client: Any, messages: list[Any]) -> Turn:
    return create(client.with_options(timeout=20, max_retries=0), messages)


async def awith_options(client: Any, messages: list[Any]) -> Turn:
    return await acreate(client.with_options(timeout=20, max_retries=0), messages)


def post(client: Any, messages: list[Any]) -> Turn:
    from openai.types.responses import Response

    return response_turn(client.post("/responses", cast_to=Response, body=_request(messages)))


async def apost(client: Any, messages: list[Any]) -> Turn:
    from openai.types.responses import Response

    return response_turn(await client.post("/responses", cast_to=Response, body=_request(messages)))


def http(client: Any, messages: list[Any]) -> Turn:
    """The HTTP client inside, used directly."""
    from openai.types.responses import Response

    answer = client._client.post(f"{client.base_url}responses", json=_request(messages), headers=_key(client)).json()
    return response_turn(Response.model_validate(answer))


async def ahttp(client: Any, messages: list[Any]) -> Turn:
    from openai.types.responses import Response

    url = f"{client.base_url}responses"
    answer = (await client._client.post(url, json=_request(messages), headers=_key(client))).json()
    return response_turn(Response.model_validate(answer))


def _key(client: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.api_key}"}


def stateless(client: Any, messages: list[Any]) -> Turn:
    return response_turn(client.responses.create(**_request(messages), store=False))


async def astateless(client: Any, messages: list[Any]) -> Turn:
    return response_turn(await client.responses.create(**_request(messages), store=False))


def beta(client: Any, messages: list[Any]) -> Turn:
    return response_turn(_beta(client)(**_request(messages)))


async def abeta(client: Any, messages: list[Any]) -> Turn:
    return response_turn(await _beta(client)(**_request(messages)))


def _beta(client: Any) -> Any:
    if not hasattr(client.beta, "responses"):
        pytest.skip("this SDK has no beta.responses")
    return client.beta.responses.create


def conversation(client: Any, messages: list[Any]) -> Turn:
    if not hasattr(client, "conversations"):
        pytest.skip("this SDK has no conversations")
    held = client.conversations.create()
    return response_turn(client.responses.create(**_request(messages), conversation=held.id))


async def aconversation(client: Any, messages: list[Any]) -> Turn:
    if not hasattr(client, "conversations"):
        pytest.skip("this SDK has no conversations")
    held = await client.conversations.create()
    return response_turn(await client.responses.create(**_request(messages), conversation=held.id))


RESPONSES = [
    Surface("create", create, acreate),
    Surface("create stream", stream, astream),
    Surface("parse", parse, aparse),
    Surface("stream helper", helper, ahelper),
    Surface("raw response", raw, araw),
    Surface("streaming response", streaming_response, astreaming_response),
    Surface("with_options", with_options, awith_options),
    Surface("client.post", post, apost),
    Surface("http client", http, ahttp),
    Surface("not stored", stateless, astateless),
    Surface("beta", beta, abeta),
    Surface("conversation", conversation, aconversation),
]
