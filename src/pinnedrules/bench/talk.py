"""One way to ask a model for both SDKs: messages as Chat Completions writes them go in, a text and calls come out.

The clients are the providers' own, wrapped or not. Nothing here knows the guard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pinnedrules.bench.model import Message
from pinnedrules.testing.script import PastCall

__all__ = ["Answer", "ask", "for_anthropic", "open_client"]

_MOST = 2048


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a text, calls, and the message to keep in the history."""

    text: str
    calls: tuple[PastCall, ...]

    @property
    def message(self) -> Message:
        """The assistant's message in the words of Chat Completions."""
        message: Message = {"role": "assistant", "content": self.text or None}
        if self.calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.calls
            ]
        return message


def open_client(sdk: Literal["openai", "anthropic"], url: str | None, key: str | None) -> Any:
    """Return the SDK's client. The SDKs take seconds to import, so only here."""
    if sdk == "openai":
        import openai

        return openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    import anthropic

    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)


def ask(
    client: Any, sdk: Literal["openai", "anthropic"], model: str, messages: Sequence[Message], tools: Sequence[Any]
) -> Answer:
    """Ask for one answer. Raises what the SDK and the guard raise."""
    if sdk == "openai":
        return _chat(client.chat.completions.create(model=model, messages=list(messages), tools=list(tools)))
    system = "\n\n".join(str(message["content"]) for message in messages if message["role"] == "system")
    answer = client.messages.create(
        model=model,
        max_tokens=_MOST,
        system=system,
        messages=for_anthropic(messages),
        tools=[_anthropic_tool(tool) for tool in tools],
    )
    return Answer(
        "".join(block.text for block in answer.content if block.type == "text"),
        tuple(
            PastCall(block.id, block.name, json.dumps(block.input), None)
            for block in answer.content
            if block.type == "tool_use"
        ),
    )


def _chat(answer: Any) -> Answer:
    message = answer.choices[0].message
    calls = tuple(
        PastCall(call.id, call.function.name, call.function.arguments, None)
        for call in message.tool_calls or ()
        if call.type == "function"
    )
    return Answer(message.content or "", calls)


def for_anthropic(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the messages as Anthropic's Messages takes them: results as blocks of a user message, system apart."""
    written: list[dict[str, Any]] = []
    for message in messages:
        role, blocks = message["role"], _blocks(message)
        if role == "system" or not blocks:
            continue
        role = "assistant" if role == "assistant" else "user"
        if written and written[-1]["role"] == role:
            written[-1]["content"] += blocks
        else:
            written.append({"role": role, "content": blocks})
    if written and written[0]["role"] == "assistant":
        written.insert(0, {"role": "user", "content": [{"type": "text", "text": "(earlier turns are left out)"}]})
    return written


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message["role"] == "tool":
        return [{"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}]
    blocks: list[dict[str, Any]] = []
    if message.get("content"):
        blocks.append({"type": "text", "text": message["content"]})
    for call in message.get("tool_calls") or ():
        asked = PastCall(call["id"], call["function"]["name"], call["function"]["arguments"], None)
        blocks.append({"type": "tool_use", "id": asked.id, "name": asked.name, "input": asked.input})
    return blocks


def _anthropic_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool["function"]
    return {
        "name": function["name"],
        "description": function.get("description", ""),
        "input_schema": function["parameters"],
    }
