"""A chat model of LangChain's that is played by a function, and answers whole or streamed, on a thread or an event loop."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from tests.adapters.contract.harness import Model, Reply, Said, Seen

__all__ = ["Played", "seen_of"]

_ROLES = {"human": "user", "ai": "assistant"}


class Played(BaseChatModel):
    """Answers what *play* says."""

    play: Any

    @property
    def _llm_type(self) -> str:
        return "played"

    @classmethod
    def by(cls, model: Model, **more: Any) -> Played:
        """Return the model that *model* plays."""
        return cls(play=model, **more)

    def bind_tools(self, tools: Sequence[Any], **more: Any) -> Any:
        """Bind tools as most providers' classes do."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **more)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        reply: Reply = self.play(seen_of(messages, kwargs))
        calls = [{"name": c.tool, "args": dict(c.arguments), "id": c.id, "type": "tool_call"} for c in reply.calls]
        message = AIMessage(content=reply.text, tool_calls=calls)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return self._generate(messages, **kwargs)

    def _stream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        reply: Reply = self.play(seen_of(messages, kwargs))
        for word in reply.text.split(" "):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word + " "))
        for index, call in enumerate(reply.calls):
            text = json.dumps(dict(call.arguments))
            for name, part in ((call.tool, text[:3]), (None, text[3:])):
                chunk: Any = {"name": name, "args": part, "id": call.id if name else None, "index": index}
                yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[chunk]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages, **kwargs):
            yield chunk


def seen_of(messages: Sequence[BaseMessage], settings: Any) -> Seen:
    """Return a request in the words of the contract."""
    said = tuple(
        Said(_ROLES.get(one.type, one.type), one.text, one.tool_call_id if isinstance(one, ToolMessage) else "")
        for one in messages
    )
    return Seen(said, tuple(tool["function"]["name"] for tool in settings.get("tools") or ()))
