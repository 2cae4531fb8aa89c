"""LlamaIndex: the chat memories that its agents and chat engines read their history from.

They count tokens, not messages: the limit is what the newest messages of the budget come to. A system prompt is no part of
a memory: it stays in front. A summary comes back as a system message, after it.
"""

from __future__ import annotations

from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer, Memory
from llama_index.llms.openai_like import OpenAILike

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, said, tail_starts

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "llama-index-core"
_KEYS = ("tool_calls", "tool_call_id")


def memory_buffer(job: Job) -> list[Message]:
    """``ChatMemoryBuffer``, which an agent gets unless it is given another memory; ``token_limit`` instead of 3,000."""
    if job.fits:
        return job.messages
    buffer = ChatMemoryBuffer.from_defaults(_theirs(_own(job)), token_limit=_limit(job), tokenizer_fn=_tokens)
    return _prompt(job) + _messages(buffer.get())


def summary_buffer(job: Job) -> list[Message]:
    """``ChatSummaryMemoryBuffer``, ``token_limit`` instead of 2,000."""
    if job.fits:
        return job.messages
    llm = OpenAILike(model=MODEL, api_base=job.openai_url, api_key="none", is_chat_model=True, max_retries=0)
    buffer = ChatSummaryMemoryBuffer.from_defaults(
        _theirs(_own(job)), llm=llm, token_limit=_limit(job), tokenizer_fn=_tokens
    )
    return _prompt(job) + _messages(buffer.get())


async def memory(job: Job) -> list[Message]:
    """``Memory`` without blocks; ``token_limit`` instead of 30,000, all of it for the history."""
    if job.fits:
        return job.messages
    held = Memory.from_defaults(token_limit=_limit(job), chat_history_token_ratio=1.0, tokenizer_fn=_tokens)
    await held.aput_messages(_theirs(_own(job)))
    return _prompt(job) + _messages(await held.aget())


def _prompt(job: Job) -> list[Message]:
    return job.head[:1]


def _own(job: Job) -> list[Message]:
    return job.head[1:] + job.rest


def _tokens(text: str) -> list[Any]:
    """One for every four characters: the default wants a file from the network on first use."""
    return [None] * (len(text) // 4 + 1)


def _limit(job: Job) -> int:
    newest = _theirs(job.rest[tail_starts(job.rest, max(1, job.budget - 1)) :])
    counter = ChatMemoryBuffer.from_defaults(token_limit=1, tokenizer_fn=_tokens)
    return max(1, int(counter._token_count_for_messages(newest)))


def _theirs(messages: list[Message]) -> list[Any]:
    made = []
    for message in messages:
        more = {key: message[key] for key in _KEYS if message.get(key)}
        made.append(ChatMessage(role=MessageRole(message["role"]), content=said(message), additional_kwargs=more))
    return made


def _messages(theirs: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in theirs:
        more = {key: one.additional_kwargs[key] for key in _KEYS if key in one.additional_kwargs}
        messages.append({"role": one.role.value, "content": one.content or None} | more)
    return messages


WAYS = {"memory-buffer": memory_buffer, "summary-buffer": summary_buffer, "memory": memory}
