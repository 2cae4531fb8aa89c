"""Strands Agents: the sliding window that every agent has unless told otherwise, and the summarising manager.

An agent's system prompt is no part of its messages: it stays in front.
"""

from __future__ import annotations

import json
from typing import Any

from strands import Agent
from strands.agent.conversation_manager import SlidingWindowConversationManager, SummarizingConversationManager
from strands.models.openai import OpenAIModel
from strands.types.exceptions import ContextWindowOverflowException

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, call, said

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "strands-agents"
_RECENT = 10


def sliding_window(job: Job) -> list[Message]:
    """``window_size=budget`` instead of 40; applied as after an invocation."""
    manager = SlidingWindowConversationManager(window_size=job.budget)
    agent = _agent(job, manager)
    manager.apply_management(agent)
    return job.head + _messages(agent.messages)


def summarizing(job: Job) -> list[Message]:
    """``preserve_recent_messages``: 10 (the default) or what the budget leaves; ``summary_ratio``: what is above the budget,
    at most the 0.8 that it allows; reduced as after an overflow until the budget is met.
    """
    most = job.budget
    recent = min(_RECENT, max(1, most - 1))
    manager = SummarizingConversationManager(preserve_recent_messages=recent)
    agent = _agent(job, manager)
    while len(agent.messages) > most:
        before = len(agent.messages)
        manager.summary_ratio = max(0.1, min(0.8, (before - most + 1) / before))
        manager.reduce_context(agent, ContextWindowOverflowException("too long"))
        if len(agent.messages) >= before:
            break
    return job.head + _messages(agent.messages)


def _agent(job: Job, manager: Any) -> Any:
    model = OpenAIModel(client_args={"base_url": job.openai_url, "api_key": "none"}, model_id=MODEL)
    return Agent(model=model, messages=_strands(job.rest), conversation_manager=manager, callback_handler=None)


def _strands(messages: list[Message]) -> list[Any]:
    made: list[Any] = []
    results: list[Any] = []
    for message in messages:
        if message["role"] == "tool":
            content = [{"text": said(message)}]
            result = {"toolUseId": message["tool_call_id"], "status": "success", "content": content}
            if not results:
                made.append({"role": "user", "content": results})
            results.append({"toolResult": result})
            continue
        results = []
        blocks: list[Any] = [{"text": said(message)}] if said(message) else []
        for one in message.get("tool_calls") or ():
            use = {"toolUseId": one["id"], "name": one["function"]["name"]}
            blocks.append({"toolUse": use | {"input": json.loads(one["function"]["arguments"])}})
        made.append({"role": message["role"], "content": blocks})
    return made


def _messages(strands: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in strands:
        text = "\n".join(block["text"] for block in one["content"] if "text" in block)
        uses = [block["toolUse"] for block in one["content"] if "toolUse" in block]
        for block in (block for block in one["content"] if "toolResult" in block):
            result = block["toolResult"]
            shown = "\n".join(str(part.get("text", part.get("json", ""))) for part in result["content"])
            messages.append({"role": "tool", "tool_call_id": result["toolUseId"], "content": shown})
        if uses:
            calls = [call(use["toolUseId"], use["name"], use["input"]) for use in uses]
            messages.append({"role": "assistant", "content": text or None, "tool_calls": calls})
        elif text:
            messages.append({"role": one["role"], "content": text})
    return messages


WAYS = {"sliding-window": sliding_window, "summarizing": summarizing}
