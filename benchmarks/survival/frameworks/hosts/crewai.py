"""CrewAI: what an agent does when the model says that its context is full (``respect_context_window``, on by default).

All that is no system message becomes one summary.
"""

from __future__ import annotations

from typing import Any

from crewai import LLM
from crewai.llms.context_window import summarize_messages

from benchmarks.survival.frameworks.kit import MODEL, Job, Message

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "crewai"


def respect_context_window(job: Job) -> list[Message]:
    """Nothing is set: it does not ask how much may be left."""
    if job.fits:
        return job.messages
    messages: list[Any] = [dict(message) for message in job.messages]
    llm = LLM(model=f"openai/{MODEL}", base_url=job.openai_url, api_key="none")
    summarize_messages(llm, messages, callbacks=[], verbose=False)
    return [{"role": message["role"], "content": message["content"]} for message in messages]


WAYS = {"respect-context-window": respect_context_window}
