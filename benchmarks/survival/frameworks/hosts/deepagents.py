"""Deep Agents: the summarisation that every agent of ``create_deep_agent`` has, around its model calls.

The whole history is also written to a file; the summary names it. Here nobody reads that file.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deepagents.backends import FilesystemBackend
from deepagents.middleware.summarization import SummarizationMiddleware
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, SystemMessage, convert_to_messages, convert_to_openai_messages
from langchain_openai import ChatOpenAI

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, said

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "deepagents"
_KEEP = 6


def summarization(job: Job) -> list[Message]:
    """``trigger``: anything above the budget; ``keep``: six messages, its default for a model without a profile;
    ``trim_tokens_to_summarize=None``, as ``create_deep_agent`` sets it.
    """
    with TemporaryDirectory() as folder:
        return _summarized(job, FilesystemBackend(Path(folder), virtual_mode=True))


def _summarized(job: Job, backend: Any) -> list[Message]:
    model = ChatOpenAI(model=MODEL, base_url=job.openai_url, api_key="none", max_retries=0)
    middleware = SummarizationMiddleware(
        model,
        backend=backend,
        trigger=("messages", job.budget + 1),
        keep=("messages", min(_KEEP, max(1, job.budget - 1))),
        trim_tokens_to_summarize=None,
        truncate_args_settings={"trigger": ("messages", 20), "keep": ("messages", 20)},
    )
    asked: list[Any] = []

    def answer(request: Any) -> Any:
        asked.append(request)
        return ModelResponse(result=[AIMessage("Understood.")])

    system = SystemMessage("\n\n".join(said(message) for message in job.head)) if job.head else None
    messages = convert_to_messages(job.rest)
    state = {"messages": messages}
    middleware.wrap_model_call(ModelRequest(model=model, system_message=system, messages=messages, state=state), answer)
    written: list[Message] = convert_to_openai_messages(asked[-1].messages)
    return job.head + written


WAYS = {"summarization": summarization}
