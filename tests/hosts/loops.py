"""Loops as developers write them: ask, run what is called, send the results, until nothing is called any more."""

from __future__ import annotations

import json
from typing import Any

from tests.hosts.surfaces import CHAT_TOOLS, MESSAGE_TOOLS
from tests.hosts.surfaces_responses import RESPONSE_TOOLS

__all__ = ["LOOPS", "ChatLoop", "HeldLoop", "Loop", "MessagesLoop", "ResponsesLoop"]


class Loop:
    """One conversation. ``ran`` are the calls that the program ran, as ``name {arguments}``.

    A step is asked for by :meth:`ask` (or, with a stream helper, :meth:`streamed`) and taken by :meth:`take`, so that the
    same loop serves both kinds of client.
    """

    kind = ""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.history: list[Any] = []
        self.text = ""

    def say(self, text: str) -> None:
        """A person says something."""
        self.history.append({"role": "user", "content": text})

    def ask(self, client: Any) -> Any:
        """Return the next answer of the model, or what to await for it."""
        raise NotImplementedError

    def streamed(self, client: Any) -> tuple[Any, str]:
        """Return the SDK's stream helper for the next answer, and the method that gives its end."""
        raise NotImplementedError

    def take(self, answer: Any) -> bool:
        """Run the calls of an answer; return whether there were any."""
        raise NotImplementedError

    def run(self, name: str, arguments: str) -> str:
        """Run a tool."""
        self.ran.append(f"{name} {json.dumps(json.loads(arguments))}")
        return "done"

    def step(self, client: Any, *, stream: bool) -> bool:
        """One step with a synchronous client."""
        if not stream:
            return self.take(self.ask(client))
        manager, end = self.streamed(client)
        with manager as events:
            return self.take(getattr(events, end)())

    async def astep(self, client: Any, *, stream: bool) -> bool:
        """One step with an asynchronous client."""
        if not stream:
            return self.take(await self.ask(client))
        manager, end = self.streamed(client)
        async with manager as events:
            return self.take(await getattr(events, end)())


class ChatLoop(Loop):
    """Chat Completions."""

    kind = "openai"

    def _request(self) -> dict[str, Any]:
        return {"model": "gpt", "messages": self.history, "tools": CHAT_TOOLS}

    def ask(self, client: Any) -> Any:
        return client.chat.completions.create(**self._request())

    def streamed(self, client: Any) -> tuple[Any, str]:
        return client.chat.completions.stream(**self._request()), "get_final_completion"

    def take(self, answer: Any) -> bool:
        message = answer.choices[0].message
        self.text = message.content or ""
        self.history.append(message)
        for call in message.tool_calls or ():
            result = self.run(call.function.name, call.function.arguments)
            self.history.append({"role": "tool", "tool_call_id": call.id, "content": result})
        return bool(message.tool_calls)


class MessagesLoop(Loop):
    """Messages."""

    kind = "anthropic"

    def _request(self) -> dict[str, Any]:
        return {"model": "claude", "max_tokens": 1000, "messages": self.history, "tools": MESSAGE_TOOLS}

    def ask(self, client: Any) -> Any:
        return client.messages.create(**self._request())

    def streamed(self, client: Any) -> tuple[Any, str]:
        return client.messages.stream(**self._request()), "get_final_message"

    def take(self, answer: Any) -> bool:
        self.text = "".join(getattr(block, "text", "") for block in answer.content)
        self.history.append({"role": "assistant", "content": answer.content})
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": self.run(block.name, json.dumps(block.input))}
            for block in answer.content
            if block.type == "tool_use"
        ]
        if results:
            self.history.append({"role": "user", "content": results})
        return bool(results)


class ResponsesLoop(Loop):
    """Responses, with the history in the program."""

    kind = "responses"

    def _request(self) -> dict[str, Any]:
        kept = {"store": False, "include": ["reasoning.encrypted_content"]}
        return {"model": "gpt", "input": self.history, "tools": RESPONSE_TOOLS, **kept}

    def ask(self, client: Any) -> Any:
        return client.responses.create(**self._request())

    def streamed(self, client: Any) -> tuple[Any, str]:
        return client.responses.stream(**self._request()), "get_final_response"

    def take(self, answer: Any) -> bool:
        self.text = answer.output_text
        self.history += answer.output
        return self._results(answer)

    def _results(self, answer: Any) -> bool:
        calls = [item for item in answer.output if item.type == "function_call"]
        for call in calls:
            result = self.run(call.name, call.arguments)
            self.history.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
        return bool(calls)


class HeldLoop(ResponsesLoop):
    """Responses, with the history at the provider."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, str] = {}

    def _request(self) -> dict[str, Any]:
        return {"model": "gpt", "input": self.history, "tools": RESPONSE_TOOLS, **self._last}

    def take(self, answer: Any) -> bool:
        self.text, self.history = answer.output_text, []
        self._last = {"previous_response_id": answer.id}
        return self._results(answer)


LOOPS: dict[str, type[Loop]] = {
    "chat": ChatLoop,
    "messages": MessagesLoop,
    "responses": ResponsesLoop,
    "responses held": HeldLoop,
}
