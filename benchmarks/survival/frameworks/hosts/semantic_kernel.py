"""Semantic Kernel: the two history reducers of its chat history. The summary comes back as an assistant's message."""

from __future__ import annotations

from typing import Any

from openai import AsyncOpenAI
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.contents import (
    ChatHistorySummarizationReducer,
    ChatHistoryTruncationReducer,
    ChatMessageContent,
    FunctionCallContent,
    FunctionResultContent,
    TextContent,
)
from semantic_kernel.contents.history_reducer.chat_history_reducer_utils import SUMMARY_METADATA_KEY

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, call, said

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "semantic-kernel"
_SUMMARIES: set[str] = set()
"""The summaries given out: a reducer knows its own by a mark on the message, not by the words."""


async def summarization(job: Job) -> list[Message]:
    """``target_count``: what the budget leaves, with the system prompt and the summary (it has no default)."""
    async with AsyncOpenAI(base_url=job.openai_url, api_key="none", max_retries=0) as client:
        service = OpenAIChatCompletion(ai_model_id=MODEL, async_client=client)
        return await _reduced(job, ChatHistorySummarizationReducer(target_count=_target(job), service=service))


async def truncation(job: Job) -> list[Message]:
    """``target_count``: what the budget leaves, with the system prompt."""
    return await _reduced(job, ChatHistoryTruncationReducer(target_count=_target(job)))


def _target(job: Job) -> int:
    return max(1, job.budget + len(job.head) - 1)


async def _reduced(job: Job, reducer: Any) -> list[Message]:
    if job.fits:
        return job.messages
    reducer.messages = _theirs(job.messages)
    await reducer.reduce()
    return _messages(reducer.messages)


def _theirs(messages: list[Message]) -> list[Any]:
    made = []
    names: dict[str, str] = {}
    for message in messages:
        text = said(message)
        items: list[Any] = []
        if message["role"] == "tool":
            ident = message["tool_call_id"]
            items.append(FunctionResultContent(id=ident, function_name=names.get(ident, "tool"), result=text))
        elif text:
            items.append(TextContent(text=text))
        for one in message.get("tool_calls") or ():
            names[one["id"]] = one["function"]["name"]
            items.append(
                FunctionCallContent(
                    id=one["id"], function_name=names[one["id"]], arguments=one["function"]["arguments"]
                )
            )
        marks = {SUMMARY_METADATA_KEY: True} if text in _SUMMARIES else {}
        made.append(ChatMessageContent(role=message["role"], items=items, metadata=marks))
    return made


def _messages(theirs: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in theirs:
        if one.metadata.get(SUMMARY_METADATA_KEY):
            _SUMMARIES.add(one.content)
        results = [item for item in one.items if isinstance(item, FunctionResultContent)]
        calls = [
            call(item.id, item.function_name, item.arguments)
            for item in one.items
            if isinstance(item, FunctionCallContent)
        ]
        for item in results:
            messages.append({"role": "tool", "tool_call_id": item.id, "content": str(item.result)})
        if not results:
            plain: Message = {"role": str(one.role.value), "content": one.content or None}
            messages.append(plain | ({"tool_calls": calls} if calls else {}))
    return messages


WAYS = {"summarization": summarization, "truncation": truncation}
