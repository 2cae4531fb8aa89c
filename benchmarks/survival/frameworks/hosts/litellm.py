"""LiteLLM: ``trim_messages`` and ``compress``, which a program calls on a history before it sends it. Neither summarises."""

from __future__ import annotations

from typing import Any

import litellm
from litellm.utils import trim_messages as trim

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, said, tail_starts

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "litellm"


def trim_messages(job: Job) -> list[Message]:
    """``max_tokens``: what the newest messages of the budget come to, with the system prompt; ``trim_ratio=1``."""
    if job.fits:
        return job.messages
    left: list[Message] = trim(_full(job.messages), model=MODEL, max_tokens=_limit(job), trim_ratio=1.0)
    return left


def compress(job: Job) -> list[Message]:
    """``compression_trigger=1``, ``compression_target``: what the newest messages of the budget come to."""
    if job.fits:
        return job.messages
    answer: Any = litellm.compress(
        _full(job.messages), model=MODEL, compression_trigger=1, compression_target=_limit(job)
    )
    left: list[Message] = answer["messages"]
    return left


def _limit(job: Job) -> int:
    newest = job.head + job.rest[tail_starts(job.rest, job.budget) :]
    return int(litellm.token_counter(model=MODEL, messages=_full(newest)))


def _full(messages: list[Message]) -> list[Any]:
    """Both want a text in every message, also in one that only calls tools."""
    return [{**message, "content": said(message)} for message in messages]


WAYS = {"trim-messages": trim_messages, "compress": compress}
