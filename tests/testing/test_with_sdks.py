"""What the real SDKs make of the scripted provider's answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import openai
import pytest
from tests.testing.conftest import Connect

from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

HI: Any = [{"role": "user", "content": "hi"}]
CALLS = (
    ProposedCall("read_mail", {"id": "m-1", "why": "größer"}),
    ProposedCall("list_mail", "{}", id="call_own"),
)
BOTH = Reply("Let me look.", calls=CALLS, thinking="Which one?")


def test_chat_json_is_read_whole_by_the_sdk(connect: Connect) -> None:
    """A JSON answer gives the SDK its text, calls, ids, finish reason and usage."""
    line = connect(BOTH)

    answer = line.openai.chat.completions.create(model="m-large", messages=HI)

    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason, answer.model) == (
        "Let me look.",
        "tool_calls",
        "m-large",
    )
    assert choice.message.tool_calls is not None
    read, listed = choice.message.tool_calls
    assert read.type == "function"
    assert json.loads(read.function.arguments) == {"id": "m-1", "why": "größer"}
    assert (read.id.startswith("call_"), listed.id) == (True, "call_own")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_chat_stream_gives_what_json_gives(connect: Connect) -> None:
    """The event stream adds up to the same text, calls and finish reason as the JSON answer, in several
    fragments.
    """
    line = connect(BOTH, BOTH)
    whole = line.openai.chat.completions.create(model="m", messages=HI)

    with line.openai.chat.completions.stream(model="m", messages=HI, stream_options={"include_usage": True}) as stream:
        deltas = [event for event in stream if event.type == "tool_calls.function.arguments.delta"]
        streamed = stream.get_final_completion()

    assert len(deltas) > len(CALLS)
    assert streamed.choices[0].finish_reason == whole.choices[0].finish_reason
    assert streamed.choices[0].message.content == whole.choices[0].message.content
    assert _chat_calls(streamed) == _chat_calls(whole)
    assert streamed.usage is not None


def test_chat_stream_sends_usage_only_when_asked(connect: Connect) -> None:
    """Without ``include_usage`` no chunk has usage; with it the last one has, and no choices."""
    line = connect(Reply("hello"), Reply("hello"))

    plain = list(line.openai.chat.completions.create(model="m", messages=HI, stream=True))
    asked = list(
        line.openai.chat.completions.create(model="m", messages=HI, stream=True, stream_options={"include_usage": True})
    )

    assert [chunk.usage for chunk in plain] == [None] * len(plain)
    assert asked[-1].choices == []
    assert asked[-1].usage is not None


def test_a_lone_call_begins_with_the_role(connect: Connect) -> None:
    """A stream of one call and no text brings role and call in its first delta, as the service does."""
    line = connect(Reply(calls=CALLS[:1]))

    first = next(iter(line.openai.chat.completions.create(model="m", messages=HI, stream=True)))

    assert first.choices[0].delta.role == "assistant"
    assert first.choices[0].delta.tool_calls is not None
    assert first.choices[0].delta.tool_calls[0].function is not None
    assert first.choices[0].delta.tool_calls[0].function.name == "read_mail"


def test_several_choices_come_interleaved(connect: Connect) -> None:
    """With ``n`` choices the stream alternates between them and each adds up."""
    line = connect(Reply("first answer", more_choices=[Reply("second answer", calls=CALLS)]))

    with line.openai.chat.completions.stream(model="m", messages=HI, n=2) as stream:
        order = [event.chunk.choices[0].index for event in stream if event.type == "chunk"]
        final = stream.get_final_completion()

    assert order[:4] == [0, 1, 0, 1]
    assert [choice.message.content for choice in final.choices] == ["first answer", "second answer"]
    assert [choice.finish_reason for choice in final.choices] == ["stop", "tool_calls"]


@pytest.mark.parametrize("streamed", [False, True])
def test_legacy_and_custom_calls(connect: Connect, streamed: bool) -> None:
    """A legacy ``function_call`` and a custom tool's free text arrive in their own fields."""
    custom = ProposedCall("shell", "ls -la\n", kind="custom")
    legacy = ProposedCall("old", {"a": 1}, kind="legacy")
    line = connect(Reply(calls=[custom]), Reply(calls=[legacy]))
    create = line.openai.chat.completions.create
    if streamed:
        with create(model="m", messages=HI, stream=True) as stream:
            deltas = [chunk.choices[0].delta.model_dump() for chunk in stream]
        parts = [call["custom"] for delta in deltas for call in delta["tool_calls"] or ()]
        with create(model="m", messages=HI, stream=True) as stream:
            old = [chunk.choices[0].delta.function_call for chunk in stream]
        assert "".join(part.get("input", "") for part in parts) == "ls -la\n"
        assert "".join(part.arguments or "" for part in old if part) == '{"a":1}'
    else:
        message = create(model="m", messages=HI).choices[0].message
        assert message.tool_calls is not None
        assert message.tool_calls[0].type == "custom"
        assert message.tool_calls[0].custom.input == "ls -la\n"
        choice = create(model="m", messages=HI).choices[0]
        assert choice.message.function_call is not None
        assert (choice.message.function_call.name, choice.finish_reason) == ("old", "function_call")


@pytest.mark.parametrize("streamed", [False, True])
def test_messages_gives_thinking_text_and_calls(connect: Connect, streamed: bool) -> None:
    """An Anthropic answer has a signed thinking block, the text and every call's input as an object."""
    line = connect(BOTH)
    ask = {"model": "c", "max_tokens": 100, "messages": HI}
    if streamed:
        with line.anthropic.messages.stream(**ask) as stream:
            kinds = [event.type for event in stream]
            message: anthropic.types.Message = stream.get_final_message()
        assert kinds.count("input_json") > len(CALLS)
    else:
        message = line.anthropic.messages.create(**ask)

    thinking, text, read, listed = message.content
    assert thinking.type == "thinking"
    assert len(thinking.signature) == 64
    assert text.type == "text"
    assert (read.type, listed.type) == ("tool_use", "tool_use")
    assert read.type == "tool_use"
    assert (read.name, read.input) == ("read_mail", {"id": "m-1", "why": "größer"})
    assert message.stop_reason == "tool_use"
    assert message.usage.output_tokens > 0


def test_messages_stream_has_every_event(connect: Connect) -> None:
    """The raw stream has message_start, a ping, blocks, message_delta and message_stop, each named and
    typed alike.
    """
    line = connect(Reply("hello", blocks=[{"type": "redacted_thinking", "data": "xyz"}]))

    list(line.anthropic.messages.create(model="c", max_tokens=9, messages=HI, stream=True))

    frames = bytes(line.provider.requests[0].answer).decode().strip().split("\n\n")
    named = [frame.split("\n")[0].removeprefix("event: ") for frame in frames]
    typed = [json.loads(frame.split("\n")[1].removeprefix("data: "))["type"] for frame in frames]
    assert named == typed
    assert named[:3] == ["message_start", "content_block_start", "ping"]
    assert named[-2:] == ["message_delta", "message_stop"]


def test_async_clients_work_over_kept_alive_connections() -> None:
    """Both async clients, JSON and streams, run many requests over connections that are kept alive."""

    async def ask(provider: ScriptedProvider) -> list[Any]:
        chat = openai.AsyncOpenAI(base_url=provider.openai_url, api_key="k")
        claude = anthropic.AsyncAnthropic(base_url=provider.url, api_key="k")
        async with chat, claude:
            got: list[Any] = [(await chat.chat.completions.create(model="m", messages=HI)).choices[0].message.content]
            async with chat.chat.completions.stream(model="m", messages=HI) as stream:
                got.append((await stream.get_final_completion()).choices[0].message.content)
            async with claude.messages.stream(model="c", max_tokens=9, messages=HI) as events:
                got.append(await events.get_final_text())
            many = [claude.messages.create(model="c", max_tokens=9, messages=HI) for _ in range(8)]
            got += [message.content[0].model_dump()["text"] for message in await asyncio.gather(*many)]
            return got

    with ScriptedProvider(lambda seen: Reply(f"to {seen.user}")) as provider:
        assert asyncio.run(ask(provider)) == ["to hi"] * 11
        assert sorted(exchange.number for exchange in provider.requests) == list(range(11))


def test_the_model_sees_what_was_sent(connect: Connect) -> None:
    """``Seen`` tells both dialects alike: system text, user text, tool results, calls with results, tools,
    headers.
    """
    line = connect(Reply("ok"), Reply("ok"))
    line.openai.chat.completions.create(
        model="m",
        messages=[
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                    {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "free"}},
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "one"},
            {"role": "tool", "tool_call_id": "c2", "content": "two"},
        ],
        tools=[{"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "g"}}],
        extra_headers={"X-Case": "a"},
    )
    line.anthropic.messages.create(
        model="m",
        max_tokens=9,
        system=[{"type": "text", "text": "Be brief."}],
        messages=[
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
                    {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": "one"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "c2",
                        "content": [{"type": "text", "text": "two"}],
                    },
                ],
            },
        ],
        tools=[
            {"name": "f", "input_schema": {"type": "object"}},
            {"name": "g", "input_schema": {"type": "object"}},
        ],
        extra_headers={"X-Case": "a"},
    )

    for seen in line.provider.seen:
        assert (seen.system, seen.user, seen.last_text) == ("Be brief.", "hi", "two")
        assert seen.by_role("tool") == ("one", "two")
        assert [(call.id, call.name, call.result) for call in seen.calls] == [
            ("c1", "f", "one"),
            ("c2", "g", "two"),
        ]
        assert (seen.calls[0].input, seen.calls[1].input) == ({"a": 1}, {})
        assert list(seen.tools) == ["f", "g"]
        assert (seen.headers["x-case"], seen.stream, seen.model) == ("a", False, "m")
        assert "Be brief." in seen.text
        assert len(seen.messages) == len(seen.body["messages"])
        assert seen.raw == line.provider.requests[seen.number].body


def test_a_legacy_call_is_answered_by_a_function_message(connect: Connect) -> None:
    """The result of a legacy call is found in the ``function`` message, and its tools in ``functions``."""
    line = connect(Reply("ok"))
    line.openai.chat.completions.create(
        model="m",
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "not json"}},
            {"role": "function", "name": "f", "content": "done"},
        ],
        functions=[{"name": "f"}],
    )

    call = line.provider.seen[0].calls[0]
    assert (call.id, call.name, call.input, call.result) == ("", "f", {}, "done")
    assert list(line.provider.seen[0].tools) == ["f"]


def test_a_script_gives_its_replies_in_order(connect: Connect) -> None:
    """A script's replies come one after the other, and it knows how many are left."""
    script = Script([Reply("one"), Reply("two"), Reply("three")])
    line = connect(model=script)

    said = [line.openai.chat.completions.create(model="m", messages=HI).choices[0].message.content for _ in "ab"]

    assert said == ["one", "two"]
    assert script.left == 1


def _chat_calls(answer: Any) -> list[tuple[str, str]]:
    return [(call.function.name, call.function.arguments) for call in answer.choices[0].message.tool_calls]
