"""Every way in which a developer can get a tool call out of the two SDKs, in the two dialects of this release.

A surface runs one turn and returns what the developer's code would see: the text and the calls (name, arguments text).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.hosts.surfaces_responses import RESPONSES
from tests.hosts.turns import TOOLS, Surface, Turn

__all__ = ["ANTHROPIC", "CHAT_TOOLS", "KINDS", "MESSAGE_TOOLS", "OPENAI", "SURFACES", "make_client", "run"]

CHAT_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {key: {"type": "string"} for key in keys},
                "required": list(keys),
                "additionalProperties": False,
            },
        },
    }
    for name, keys in TOOLS.items()
]
MESSAGE_TOOLS = [
    {"name": name, "input_schema": {"type": "object", "properties": {key: {"type": "string"} for key in keys}}}
    for name, keys in TOOLS.items()
]


def _chat(messages: list[Any]) -> dict[str, Any]:
    return {"model": "gpt", "messages": messages, "tools": CHAT_TOOLS}


def _messages(messages: list[Any]) -> dict[str, Any]:
    return {"model": "claude", "max_tokens": 1000, "messages": messages, "tools": MESSAGE_TOOLS}


def _completion(done: Any) -> Turn:
    message = done.choices[0].message
    calls = tuple((call.function.name, call.function.arguments) for call in message.tool_calls or ())
    return Turn(message.content or "", calls, done.choices[0].finish_reason)


def _message(done: Any) -> Turn:
    calls = tuple((block.name, json.dumps(block.input)) for block in done.content if block.type == "tool_use")
    return Turn("".join(getattr(block, "text", "") for block in done.content), calls, done.stop_reason)


class _Chunks:
    """Adds chat chunks up, as a developer's loop does."""

    def __init__(self) -> None:
        self.text, self.finish = "", ""
        self.calls: dict[int, list[str]] = {}

    def add(self, chunk: Any) -> None:
        for choice in chunk.choices:
            self.text += choice.delta.content or ""
            self.finish = choice.finish_reason or self.finish
            for part in choice.delta.tool_calls or ():
                call = self.calls.setdefault(part.index, ["", ""])
                call[0] += part.function.name or ""
                call[1] += part.function.arguments or ""

    def turn(self) -> Turn:
        return Turn(self.text, tuple((name, arguments) for name, arguments in self.calls.values()), self.finish)


class _Events:
    """Adds message events up, as a developer's loop does."""

    def __init__(self) -> None:
        self.text, self.finish = "", ""
        self.calls: dict[int, list[str]] = {}

    def add(self, event: Any) -> None:
        if event.type == "content_block_start" and event.content_block.type == "tool_use":
            self.calls[event.index] = [event.content_block.name, ""]
        elif event.type == "content_block_delta":
            self.text += getattr(event.delta, "text", "")
            if event.index in self.calls:
                self.calls[event.index][1] += getattr(event.delta, "partial_json", "")
        elif event.type == "content_block_start":
            self.text += getattr(event.content_block, "text", "")
        elif event.type == "message_delta":
            self.finish = event.delta.stop_reason

    def turn(self) -> Turn:
        calls = tuple((name, json.dumps(json.loads(arguments or "{}"))) for name, arguments in self.calls.values())
        return Turn(self.text, calls, self.finish)


# -- Chat Completions --------------------------------------------------------------------------------------------


def chat_create(client: Any, messages: list[Any]) -> Turn:
    return _completion(client.chat.completions.create(**_chat(messages)))


async def achat_create(client: Any, messages: list[Any]) -> Turn:
    return _completion(await client.chat.completions.create(**_chat(messages)))


def chat_stream(client: Any, messages: list[Any]) -> Turn:
    seen = _Chunks()
    for chunk in client.chat.completions.create(**_chat(messages), stream=True, stream_options={"include_usage": True}):
        seen.add(chunk)
    return seen.turn()


async def achat_stream(client: Any, messages: list[Any]) -> Turn:
    seen = _Chunks()
    async for chunk in await client.chat.completions.create(**_chat(messages), stream=True):
        seen.add(chunk)
    return seen.turn()


def chat_parse(client: Any, messages: list[Any]) -> Turn:
    return _completion(client.chat.completions.parse(**_chat(messages)))


async def achat_parse(client: Any, messages: list[Any]) -> Turn:
    return _completion(await client.chat.completions.parse(**_chat(messages)))


def chat_beta(client: Any, messages: list[Any]) -> Turn:
    return _completion(client.beta.chat.completions.parse(**_chat(messages)))


async def achat_beta(client: Any, messages: list[Any]) -> Turn:
    return _completion(await client.beta.chat.completions.parse(**_chat(messages)))


def chat_helper(client: Any, messages: list[Any]) -> Turn:
    with client.chat.completions.stream(**_chat(messages)) as stream:
        for _ in stream:
            pass
        return _completion(stream.get_final_completion())


async def achat_helper(client: Any, messages: list[Any]) -> Turn:
    async with client.chat.completions.stream(**_chat(messages)) as stream:
        async for _ in stream:
            pass
        return _completion(await stream.get_final_completion())


def chat_raw(client: Any, messages: list[Any]) -> Turn:
    return _completion(client.chat.completions.with_raw_response.create(**_chat(messages)).parse())


async def achat_raw(client: Any, messages: list[Any]) -> Turn:
    return _completion((await client.chat.completions.with_raw_response.create(**_chat(messages))).parse())


def chat_streaming_response(client: Any, messages: list[Any]) -> Turn:
    with client.chat.completions.with_streaming_response.create(**_chat(messages)) as response:
        return _completion(response.parse())


async def achat_streaming_response(client: Any, messages: list[Any]) -> Turn:
    async with client.chat.completions.with_streaming_response.create(**_chat(messages)) as response:
        return _completion(await response.parse())


def chat_with_options(client: Any, messages: list[Any]) -> Turn:
    return chat_create(client.with_options(timeout=20, max_retries=0), messages)


async def achat_with_options(client: Any, messages: list[Any]) -> Turn:
    return await achat_create(client.with_options(timeout=20, max_retries=0), messages)


def chat_post(client: Any, messages: list[Any]) -> Turn:
    from openai.types.chat import ChatCompletion

    return _completion(client.post("/chat/completions", cast_to=ChatCompletion, body=_chat(messages)))


async def achat_post(client: Any, messages: list[Any]) -> Turn:
    from openai.types.chat import ChatCompletion

    return _completion(await client.post("/chat/completions", cast_to=ChatCompletion, body=_chat(messages)))


def chat_http(client: Any, messages: list[Any]) -> Turn:
    """The HTTP client inside, used directly."""
    answer = client._client.post(f"{client.base_url}chat/completions", json=_chat(messages)).json()
    return _completion(_as_completion(answer))


async def achat_http(client: Any, messages: list[Any]) -> Turn:
    answer = (await client._client.post(f"{client.base_url}chat/completions", json=_chat(messages))).json()
    return _completion(_as_completion(answer))


def _as_completion(answer: Any) -> Any:
    from openai.types.chat import ChatCompletion

    return ChatCompletion.model_validate(answer)


# -- Messages ----------------------------------------------------------------------------------------------------


def messages_create(client: Any, messages: list[Any]) -> Turn:
    return _message(client.messages.create(**_messages(messages)))


async def amessages_create(client: Any, messages: list[Any]) -> Turn:
    return _message(await client.messages.create(**_messages(messages)))


def messages_stream(client: Any, messages: list[Any]) -> Turn:
    seen = _Events()
    for event in client.messages.create(**_messages(messages), stream=True):
        seen.add(event)
    return seen.turn()


async def amessages_stream(client: Any, messages: list[Any]) -> Turn:
    seen = _Events()
    async for event in await client.messages.create(**_messages(messages), stream=True):
        seen.add(event)
    return seen.turn()


def messages_helper(client: Any, messages: list[Any]) -> Turn:
    with client.messages.stream(**_messages(messages)) as stream:
        for _ in stream:
            pass
        return _message(stream.get_final_message())


async def amessages_helper(client: Any, messages: list[Any]) -> Turn:
    async with client.messages.stream(**_messages(messages)) as stream:
        async for _ in stream:
            pass
        return _message(await stream.get_final_message())


def messages_beta(client: Any, messages: list[Any]) -> Turn:
    return _message(client.beta.messages.create(**_messages(messages)))


async def amessages_beta(client: Any, messages: list[Any]) -> Turn:
    return _message(await client.beta.messages.create(**_messages(messages)))


def messages_parse(client: Any, messages: list[Any]) -> Turn:
    return _message(_parser(client)(**_messages(messages)))


async def amessages_parse(client: Any, messages: list[Any]) -> Turn:
    return _message(await _parser(client)(**_messages(messages)))


def _parser(client: Any) -> Any:
    if not hasattr(client.messages, "parse"):
        pytest.skip("this SDK has no messages.parse")
    return client.messages.parse


def _beta_stream(client: Any) -> Any:
    if not hasattr(client.beta.messages, "stream"):
        pytest.skip("this SDK's client has no beta.messages.stream")
    return client.beta.messages.stream


def messages_beta_helper(client: Any, messages: list[Any]) -> Turn:
    with _beta_stream(client)(**_messages(messages)) as stream:
        for _ in stream:
            pass
        return _message(stream.get_final_message())


async def amessages_beta_helper(client: Any, messages: list[Any]) -> Turn:
    async with _beta_stream(client)(**_messages(messages)) as stream:
        async for _ in stream:
            pass
        return _message(await stream.get_final_message())


def messages_raw(client: Any, messages: list[Any]) -> Turn:
    return _message(client.messages.with_raw_response.create(**_messages(messages)).parse())


async def amessages_raw(client: Any, messages: list[Any]) -> Turn:
    # The newest SDK parses an asynchronous raw response in a coroutine, older ones at once.
    found = (await client.messages.with_raw_response.create(**_messages(messages))).parse()
    return _message(await found if asyncio.iscoroutine(found) else found)


def messages_streaming_response(client: Any, messages: list[Any]) -> Turn:
    with client.messages.with_streaming_response.create(**_messages(messages)) as response:
        return _message(response.parse())


async def amessages_streaming_response(client: Any, messages: list[Any]) -> Turn:
    async with client.messages.with_streaming_response.create(**_messages(messages)) as response:
        return _message(await response.parse())


def messages_with_options(client: Any, messages: list[Any]) -> Turn:
    return messages_create(client.with_options(timeout=20, max_retries=0), messages)


async def amessages_with_options(client: Any, messages: list[Any]) -> Turn:
    return await amessages_create(client.with_options(timeout=20, max_retries=0), messages)


OPENAI = [
    Surface("create", chat_create, achat_create),
    Surface("create stream", chat_stream, achat_stream),
    Surface("parse", chat_parse, achat_parse),
    Surface("beta", chat_beta, achat_beta),
    Surface("stream helper", chat_helper, achat_helper),
    Surface("raw response", chat_raw, achat_raw),
    Surface("streaming response", chat_streaming_response, achat_streaming_response),
    Surface("with_options", chat_with_options, achat_with_options),
    Surface("client.post", chat_post, achat_post),
    Surface("http client", chat_http, achat_http),
]
ANTHROPIC = [
    Surface("create", messages_create, amessages_create),
    Surface("create stream", messages_stream, amessages_stream),
    Surface("stream helper", messages_helper, amessages_helper),
    Surface("parse", messages_parse, amessages_parse),
    Surface("beta", messages_beta, amessages_beta),
    Surface("beta stream helper", messages_beta_helper, amessages_beta_helper),
    Surface("raw response", messages_raw, amessages_raw),
    Surface("streaming response", messages_streaming_response, amessages_streaming_response),
    Surface("with_options", messages_with_options, amessages_with_options),
]


SURFACES = {"openai": OPENAI, "responses": RESPONSES, "anthropic": ANTHROPIC}
KINDS = tuple(f"{api}{form}" for api in SURFACES for form in ("", " async"))
"""One API through one kind of client, as in ``openai async``."""


def make_client(kind: str, server: Any, **more: Any) -> Any:
    """Return a plain client of this kind for *server*, whose ``url`` has no version."""
    import anthropic
    import openai

    api, _, form = kind.partition(" ")
    if api == "anthropic":
        made: Any = anthropic.AsyncAnthropic if form else anthropic.Anthropic
        return made(base_url=server.url, api_key="test-key", **more)
    made = openai.AsyncOpenAI if form else openai.OpenAI
    return made(base_url=f"{server.url}/v1", api_key="test-key", **more)


def run(surface: Surface, client: Any, messages: list[Any]) -> Turn:
    """Run one turn on a client of either kind."""
    if type(client).__name__.startswith("Async"):

        async def main() -> Turn:
            try:
                turn: Turn = await surface.asynchronous(client, messages)
            finally:
                await client.close()
            return turn

        return asyncio.run(main())
    try:
        return surface.plain(client, messages)
    finally:
        client.close()
