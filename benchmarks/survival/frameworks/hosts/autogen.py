"""AutoGen: its bounded model contexts. The default one is unbounded and compacts nothing; none of them summarises."""

from __future__ import annotations

from typing import Any

from autogen_core import FunctionCall
from autogen_core.model_context import BufferedChatCompletionContext, HeadAndTailChatCompletionContext
from autogen_core.models import (
    AssistantMessage,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    UserMessage,
)

from benchmarks.survival.frameworks.kit import Job, Message, call, said

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "autogen-agentchat"
_HEAD = 2


async def buffered(job: Job) -> list[Message]:
    """``BufferedChatCompletionContext(buffer_size=budget)`` (no default)."""
    return await _held(job, BufferedChatCompletionContext(buffer_size=job.budget))


async def head_and_tail(job: Job) -> list[Message]:
    """``HeadAndTailChatCompletionContext``: two messages at the start, the rest of the budget at the end (no defaults)."""
    return await _held(job, HeadAndTailChatCompletionContext(_HEAD, max(1, job.budget - _HEAD - 1)))


async def _held(job: Job, context: Any) -> list[Message]:
    """An agent's system message is no part of its context: it is put back in front, as the agent does."""
    if job.fits:
        return job.messages
    for message in _theirs(job.rest):
        await context.add_message(message)
    return job.head + _messages(await context.get_messages())


def _theirs(messages: list[Message]) -> list[Any]:
    made: list[Any] = []
    names: dict[str, str] = {}
    for message in messages:
        text = said(message)
        if message["role"] == "tool":
            ident = message["tool_call_id"]
            result = FunctionExecutionResult(content=text, name=names.get(ident, "tool"), call_id=ident)
            if made and isinstance(made[-1], FunctionExecutionResultMessage):
                made[-1].content.append(result)
            else:
                made.append(FunctionExecutionResultMessage(content=[result]))
        elif message["role"] == "assistant":
            calls = []
            for one in message.get("tool_calls") or ():
                names[one["id"]] = one["function"]["name"]
                calls.append(FunctionCall(one["id"], one["function"]["arguments"], names[one["id"]]))
            made.append(AssistantMessage(content=calls or text, thought=text if calls else None, source="assistant"))
        else:
            made.append(UserMessage(content=text, source="user"))
    return made


def _messages(theirs: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in theirs:
        if isinstance(one, FunctionExecutionResultMessage):
            for result in one.content:
                messages.append({"role": "tool", "tool_call_id": result.call_id, "content": result.content})
        elif isinstance(one, AssistantMessage) and not isinstance(one.content, str):
            calls = [call(made.id, made.name, made.arguments) for made in one.content]
            messages.append({"role": "assistant", "content": one.thought or None, "tool_calls": calls})
        else:
            messages.append({"role": "user" if isinstance(one, UserMessage) else "assistant", "content": one.content})
    return messages


WAYS = {"buffered": buffered, "head-and-tail": head_and_tail}
