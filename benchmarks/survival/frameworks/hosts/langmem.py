"""LangMem: ``summarize_messages``, which its ``SummarizationNode`` runs before every model call.

It keeps its summary beside the messages and shows it as a second system message; here that message is where it is kept.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from langchain_core.messages import convert_to_messages, convert_to_openai_messages
from langchain_core.messages.utils import count_tokens_approximately
from langchain_openai import ChatOpenAI
from langmem.short_term import RunningSummary, summarize_messages

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, said, tail_starts

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "langmem"
_BEFORE = "Summary of the conversation so far: "
_SUMMARY = 256
"""``max_summary_tokens``, the default."""


def summarization(job: Job) -> list[Message]:
    """``max_tokens``: what the system prompt, a summary and the newest messages of the budget come to (it has no default).

    It is also all that the summariser is shown at once. So the node is run where it would have run, before each of the
    assistant's messages, and not once over everything that has come in between.
    """
    if job.fits:
        return job.messages
    earlier = [message for message in job.head if said(message).startswith(_BEFORE)]
    running = None
    if earlier:
        running = RunningSummary(said(earlier[-1]).removeprefix(_BEFORE), set(), None)
    first = _theirs([message for message in job.head if message not in earlier])
    rest = _theirs(job.rest)
    newest = rest[tail_starts(job.rest, max(1, job.budget - 1)) :]
    most = count_tokens_approximately(first) + _SUMMARY + count_tokens_approximately(newest)
    model = ChatOpenAI(model=MODEL, base_url=job.openai_url, api_key="none", max_retries=0)
    left: list[Any] = []
    for end in (at for at, message in enumerate(job.rest) if message["role"] == "assistant" and at):
        result = summarize_messages(first + rest[:end], running_summary=running, model=model, max_tokens=most)
        running = result.running_summary
        left = result.messages + rest[end:]
    written: list[Message] = convert_to_openai_messages(left or first + rest)
    return written


def _theirs(messages: list[Message]) -> list[Any]:
    made: list[Any] = convert_to_messages(messages)
    for message in made:
        message.id = str(uuid4())
    return made


WAYS = {"summarization": summarization}
