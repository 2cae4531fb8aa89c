"""LangChain: ``SummarizationMiddleware``, the one that its documentation adds to an agent.

The middleware works on the agent's state, where the system prompt is not: it is put back in front, as the agent does.
"""

from __future__ import annotations

from typing import Any

from langchain.agents.middleware import ClearToolUsesEdit, SummarizationMiddleware
from langchain_core.messages import convert_to_messages, convert_to_openai_messages
from langchain_core.messages.modifier import RemoveMessage
from langchain_openai import ChatOpenAI

from benchmarks.survival.frameworks.kit import MODEL, Job, Message

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "langchain"
_KEEP = 20
_UNTRIMMED: dict[str, Any] = {"trim_tokens_to_summarize": None}


def summarization(job: Job) -> list[Message]:
    """``trigger``: anything above the budget; ``keep``: 20 messages (the default), or what the budget leaves, one being the
    summary. Trimming before the summary is the default's 4,000 tokens.
    """
    return _summarized(job, {})


def summarization_untrimmed(job: Job) -> list[Message]:
    """The same with ``trim_tokens_to_summarize=None``: the summariser is shown everything that is dropped."""
    return _summarized(job, _UNTRIMMED)


def clear_tool_uses(job: Job) -> list[Message]:
    """``ClearToolUsesEdit(trigger=0)`` of ``ContextEditingMiddleware``: only the texts of old tool results go."""
    messages = convert_to_messages(job.rest)
    ClearToolUsesEdit(trigger=0).apply(messages, count_tokens=lambda some: sum(len(str(one.content)) for one in some))
    return job.head + _written(messages)


def _summarized(job: Job, more: dict[str, Any]) -> list[Message]:
    model = ChatOpenAI(model=MODEL, base_url=job.openai_url, api_key="none", max_retries=0)
    keep = min(_KEEP, max(1, job.budget - 1))
    middleware = SummarizationMiddleware(model, trigger=("messages", job.budget + 1), keep=("messages", keep), **more)
    update = middleware.before_model({"messages": convert_to_messages(job.rest)}, None)
    if update is None:
        return job.messages
    return job.head + _written([one for one in update["messages"] if not isinstance(one, RemoveMessage)])


def _written(messages: list[Any]) -> list[Message]:
    written: list[Message] = convert_to_openai_messages(messages)
    return written


WAYS = {
    "summarization": summarization,
    "summarization-untrimmed": summarization_untrimmed,
    "clear-tool-uses": clear_tool_uses,
}
