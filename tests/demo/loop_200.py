"""A small support-desk agent, as an application developer writes one. It knows the two SDKs and its own
tools, nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anthropic
import openai

SYSTEM = "You are the support desk of a small shop. Use the tools. Answer the customer when you are done."


class ToolFailure(Exception):
    """A tool could not do what it was asked to; the message is for the model."""


@dataclass
class Desk:
    """The shop: its orders, and what the agent did."""

    orders: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "A-17": {"item": "lamp", "price": 49, "state": "delivered", "customer": "kim@mail.example"},
            "A-18": {"item": "rug", "price": 310, "state": "lost", "customer": "lou@mail.example"},
        }
    )
    refunds: list[tuple[str, int]] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    drafts: list[tuple[str, str]] = field(default_factory=list)

    def look_up(self, order: str) -> dict[str, Any]:
        """Return an order."""
        try:
            return self.orders[order]
        except KeyError:
            raise ToolFailure(f"no order {order}") from None

    def refund(self, order: str, amount: int) -> str:
        """Give money back."""
        if amount > self.look_up(order)["price"]:
            raise ToolFailure("that is more than the price")
        self.refunds.append((order, amount))
        return f"refunded {amount}"

    def send(self, to: str, text: str) -> str:
        """Send a mail."""
        self.sent.append((to, text))
        return "sent"

    def draft(self, to: str, text: str) -> str:
        """Keep a mail for a colleague to send."""
        self.drafts.append((to, text))
        return "kept as a draft"


@dataclass(frozen=True)
class Tool:
    """A function that the model may call."""

    name: str
    about: str
    arguments: dict[str, str]
    run: Callable[..., Any]

    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": {name: {"type": kind} for name, kind in self.arguments.items()},
            "required": list(self.arguments),
        }


def tools_of(desk: Desk) -> dict[str, Tool]:
    """The tools of a desk, by name."""
    all_of_them = [
        Tool("look_up", "Look up an order.", {"order": "string"}, desk.look_up),
        Tool("refund", "Refund (part of) an order.", {"order": "string", "amount": "integer"}, desk.refund),
        Tool("send_mail", "Send a mail.", {"to": "string", "text": "string"}, desk.send),
        Tool("draft_mail", "Keep a mail as a draft.", {"to": "string", "text": "string"}, desk.draft),
    ]
    return {tool.name: tool for tool in all_of_them}


class TooManyTurns(Exception):
    """The model does not come to an end."""


class Agent:
    """What both agents share: the tools, the transcript on disk, the limit of turns."""

    def __init__(self, desk: Desk, transcript: Path, max_turns: int = 12) -> None:
        self.tools = tools_of(desk)
        self.transcript = transcript
        self.max_turns = max_turns
        self.ran: list[str] = []

    def load(self) -> list[dict[str, Any]]:
        """Read the conversation so far."""
        if not self.transcript.exists():
            return []
        return cast("list[dict[str, Any]]", json.loads(self.transcript.read_text(encoding="utf-8")))

    def save(self, messages: list[dict[str, Any]]) -> None:
        """Write the conversation, so that it can go on after a restart."""
        self.transcript.write_text(json.dumps(messages, indent=1), encoding="utf-8")

    def run_tool(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Run a tool; return its result and whether it failed."""
        tool = self.tools.get(name)
        if tool is None:
            return f"there is no tool called {name}", True
        self.ran.append(name)
        try:
            result = tool.run(**arguments)
        except (ToolFailure, TypeError) as failure:
            return str(failure), True
        return result if isinstance(result, str) else json.dumps(result), False


class OpenAIAgent(Agent):
    """The agent on Chat Completions, streamed so that the customer sees the text as it comes."""

    def __init__(self, client: openai.OpenAI, desk: Desk, transcript: Path, model: str = "gpt-large") -> None:
        super().__init__(desk, transcript)
        self.client = client
        self.model = model
        self.shown: list[str] = []

    def answer(self, customer: str) -> str:
        """Answer one message of a customer."""
        messages = self.load() or [{"role": "system", "content": SYSTEM}]
        messages.append({"role": "user", "content": customer})
        for _ in range(self.max_turns):
            message, reason = self.one_turn(messages)
            messages.append(message)
            self.save(messages)
            if reason != "tool_calls":
                return str(message["content"])
            for call in message["tool_calls"]:
                try:
                    arguments = json.loads(call["function"]["arguments"])
                except json.JSONDecodeError:
                    arguments = {}
                result, _ = self.run_tool(call["function"]["name"], arguments)
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
            self.save(messages)
        raise TooManyTurns

    def one_turn(self, messages: list[dict[str, Any]]) -> tuple[dict[str, Any], str | None]:
        """Ask the model once and put its answer together."""
        functions = [
            {"name": tool.name, "description": tool.about, "parameters": tool.schema()} for tool in self.tools.values()
        ]
        text, calls, reason = "", list[dict[str, Any]](), None
        stream = self.client.chat.completions.create(
            model=self.model,
            messages=cast("Any", messages),
            tools=cast("Any", [{"type": "function", "function": function} for function in functions]),
            stream=True,
        )
        for chunk in stream:
            if not chunk.choices:
                continue
            choice = chunk.choices[0]
            reason = choice.finish_reason or reason
            if choice.delta.content:
                text += choice.delta.content
                self.shown.append(choice.delta.content)
            for part in choice.delta.tool_calls or []:
                while len(calls) <= part.index:
                    calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
                call = calls[part.index]
                call["id"] = part.id or call["id"]
                if part.function:
                    call["function"]["name"] += part.function.name or ""
                    call["function"]["arguments"] += part.function.arguments or ""
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if calls:
            message["tool_calls"] = calls
        return message, reason


class AnthropicAgent(Agent):
    """The agent on Messages."""

    def __init__(
        self,
        client: anthropic.Anthropic,
        desk: Desk,
        transcript: Path,
        model: str = "claude-large",
        stream: bool = True,
    ) -> None:
        super().__init__(desk, transcript)
        self.client = client
        self.model = model
        self.stream = stream

    def answer(self, customer: str) -> str:
        """Answer one message of a customer."""
        messages = self.load()
        messages.append({"role": "user", "content": customer})
        for _ in range(self.max_turns):
            message = self.one_turn(messages)
            messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
            self.save(messages)
            if message.stop_reason != "tool_use":
                return "".join(block.text for block in message.content if block.type == "text")
            results = []
            for block in message.content:
                if block.type == "tool_use":
                    result, failed = self.run_tool(block.name, dict(block.input))
                    results.append(
                        {"type": "tool_result", "tool_use_id": block.id, "content": result, "is_error": failed}
                    )
            messages.append({"role": "user", "content": results})
            self.save(messages)
        raise TooManyTurns

    def one_turn(self, messages: list[dict[str, Any]]) -> anthropic.types.Message:
        """Ask the model once."""
        tools = [
            {"name": tool.name, "description": tool.about, "input_schema": tool.schema()}
            for tool in self.tools.values()
        ]
        request: dict[str, Any] = {"model": self.model, "max_tokens": 1024, "system": SYSTEM}
        request |= {"messages": messages, "tools": tools}
        if not self.stream:
            return cast("anthropic.types.Message", self.client.messages.create(**request))
        with self.client.messages.stream(**request) as stream:
            return stream.get_final_message()
