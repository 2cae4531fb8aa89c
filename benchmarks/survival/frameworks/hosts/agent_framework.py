"""Microsoft Agent Framework: its compaction strategies, applied by its own ``apply_compaction``."""

from __future__ import annotations

from typing import Any

from agent_framework import Content
from agent_framework import Message as Theirs
from agent_framework._compaction import (
    SlidingWindowStrategy,
    SummarizationStrategy,
    TruncationStrategy,
    apply_compaction,
)
from agent_framework_openai import OpenAIChatCompletionClient

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, call, said

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "agent-framework-core"


async def summarization(job: Job) -> list[Message]:
    """``target_count``: 4 (the default); ``threshold``: what lies between that and the budget, instead of 2."""
    client = OpenAIChatCompletionClient(MODEL, base_url=job.openai_url, api_key="none")
    return await _compacted(job, SummarizationStrategy(client=client, threshold=max(0, job.budget - 4)))


async def truncation(job: Job) -> list[Message]:
    """``max_n`` and ``compact_to``: the budget (they have no default)."""
    return await _compacted(job, TruncationStrategy(max_n=job.budget, compact_to=job.budget))


async def sliding_window(job: Job) -> list[Message]:
    """``keep_last_groups``: a third of the budget (it has no default); a call with its results is one group."""
    return await _compacted(job, SlidingWindowStrategy(keep_last_groups=max(1, job.budget // 3)))


async def _compacted(job: Job, strategy: Any) -> list[Message]:
    if job.fits:
        return job.messages
    return _messages(await apply_compaction(_theirs(job.messages), strategy=strategy))


def _theirs(messages: list[Message]) -> list[Any]:
    made = []
    for message in messages:
        contents: list[Any] = []
        if message["role"] == "tool":
            contents.append(Content.from_function_result(message["tool_call_id"], result=said(message)))
        elif said(message):
            contents.append(Content.from_text(said(message)))
        for one in message.get("tool_calls") or ():
            function = one["function"]
            contents.append(Content.from_function_call(one["id"], function["name"], arguments=function["arguments"]))
        made.append(Theirs(message["role"], contents))
    return made


def _messages(theirs: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in theirs:
        results = [content for content in one.contents if content.type == "function_result"]
        for content in results:
            messages.append({"role": "tool", "tool_call_id": content.call_id, "content": str(content.result)})
        if results:
            continue
        calls = [
            call(content.call_id, content.name, content.arguments)
            for content in one.contents
            if content.type == "function_call"
        ]
        plain: Message = {"role": str(one.role), "content": one.text or (None if calls else "")}
        messages.append(plain | ({"tool_calls": calls} if calls else {}))
    return messages


WAYS = {"summarization": summarization, "truncation": truncation, "sliding-window": sliding_window}
