"""Pydantic AI: the compactions of pydantic-ai-harness, run by its own ``compact_now``.

The system prompt goes along as a part of the first request, as ``system_prompt=`` puts it there.
"""

from __future__ import annotations

from typing import Any

from pydantic_ai.messages import (
    CompactionPart,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai_harness.compaction import SlidingWindowCompaction, SummarizingCompaction, compact_now

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, call, said

__all__ = ["ASKS_FOR_RULES", "PACKAGE", "WAYS"]

PACKAGE = "pydantic-ai-harness"
ASKS_FOR_RULES = ("summarizing", "summarizing-keep-user")
"""The prompt's first section: "The user's overall goal and any standing constraints or preferences"."""
_KEEP = 20
_SUMMARIES: dict[str, Any] = {}
"""The summaries given out, by their text: the harness knows its own by a mark on the part, not by the words."""


async def summarizing(job: Job) -> list[Message]:
    """``SummarizingCompaction``, ``keep_messages``: 20 (the default), or what the budget leaves."""
    return await _compacted(job, SummarizingCompaction(max_messages=job.budget, keep_messages=_kept(job)))


async def summarizing_keep_user(job: Job) -> list[Message]:
    """The same with ``keep_user_messages=True``."""
    strategy = SummarizingCompaction(max_messages=job.budget, keep_messages=_kept(job), keep_user_messages=True)
    return await _compacted(job, strategy)


async def sliding_window(job: Job) -> list[Message]:
    """``SlidingWindowCompaction``, ``keep_messages``: 20 (the default), or what the budget leaves."""
    return await _compacted(job, SlidingWindowCompaction(max_messages=job.budget, keep_messages=_kept(job)))


def _kept(job: Job) -> int:
    return min(_KEEP, max(1, job.budget - 2))


async def _compacted(job: Job, strategy: Any) -> list[Message]:
    if job.fits:
        return job.messages
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=job.openai_url, api_key="none"))
    return _messages(await compact_now(strategy, _history(job.messages), model=model))


def _history(messages: list[Message]) -> list[Any]:
    history: list[Any] = []
    names: dict[str, str] = {}
    for message in messages:
        text = said(message)
        if message["role"] == "assistant":
            parts: list[Any] = [TextPart(text)] if text else []
            for one in message.get("tool_calls") or ():
                names[one["id"]] = one["function"]["name"]
                parts.append(ToolCallPart(names[one["id"]], one["function"]["arguments"], tool_call_id=one["id"]))
            history.append(ModelResponse(parts))
            continue
        part: Any = _SUMMARIES.get(text) or UserPromptPart(text)
        if message["role"] == "system":
            part = SystemPromptPart(text)
        elif message["role"] == "tool":
            ident = message["tool_call_id"]
            part = ToolReturnPart(names.get(ident, "tool"), text, tool_call_id=ident)
        last = history[-1] if history else None
        if isinstance(last, ModelRequest) and not isinstance(part, CompactionPart):
            history[-1] = ModelRequest([*last.parts, part])
        else:
            history.append(ModelRequest([part]))
    return history


def _messages(history: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in history:
        if isinstance(one, ModelResponse):
            text = "\n".join(part.content for part in one.parts if isinstance(part, TextPart))
            calls = [
                call(part.tool_call_id, part.tool_name, part.args)
                for part in one.parts
                if isinstance(part, ToolCallPart)
            ]
            messages.append({"role": "assistant", "content": text or None} | ({"tool_calls": calls} if calls else {}))
            continue
        for part in one.parts:
            if isinstance(part, ToolReturnPart):
                ident, text = part.tool_call_id, part.model_response_str()
                messages.append({"role": "tool", "tool_call_id": ident, "content": text})
                continue
            role = "system" if isinstance(part, SystemPromptPart) else "user"
            if isinstance(part, CompactionPart):
                _SUMMARIES[part.content] = part
            messages.append({"role": role, "content": _text(part.content)})
    return messages


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(one if isinstance(one, str) else str(getattr(one, "content", "")) for one in content)


WAYS = {"summarizing": summarizing, "summarizing-keep-user": summarizing_keep_user, "sliding-window": sliding_window}
