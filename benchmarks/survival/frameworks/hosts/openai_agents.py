"""OpenAI Agents SDK: ``OpenAIResponsesCompactionSession``, and a session that shows only its newest items.

The first asks the service's ``/responses/compact``. What comes back is the service's doing: here the user's messages and one
sealed item, as the scripted provider answers. An agent's instructions are no part of its session: they stay in front.
"""

from __future__ import annotations

from typing import Any

from agents.memory import OpenAIResponsesCompactionSession, SessionSettings
from openai import AsyncOpenAI

from agents import SQLiteSession
from benchmarks.survival.frameworks.kit import MODEL, Job, Message, call, said

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "openai-agents"
_SEALED = "sealed:"


async def compaction_session(job: Job) -> list[Message]:
    """``run_compaction({"force": True})`` instead of the default trigger (ten items that are not the user's)."""
    if job.fits:
        return job.messages
    store = SQLiteSession("episode")
    async with AsyncOpenAI(base_url=job.openai_url, api_key="none", max_retries=0) as client:
        session = OpenAIResponsesCompactionSession("episode", store, client=client, model=MODEL)
        await session.add_items(_items(job.rest))
        await session.run_compaction({"force": True})
        items = await session.get_items()
    store.close()
    return job.head + _messages(items)


async def session_limit(job: Job) -> list[Message]:
    """``SessionSettings(limit=budget)`` on a ``SQLiteSession``."""
    session = SQLiteSession("episode", session_settings=SessionSettings(limit=job.budget))
    await session.add_items(_items(job.rest))
    items = await session.get_items()
    session.close()
    return job.head + _messages(items)


def _items(messages: list[Message]) -> list[Any]:
    items: list[Any] = []
    for message in messages:
        text = said(message)
        if message["role"] == "tool":
            items.append({"type": "function_call_output", "call_id": message["tool_call_id"], "output": text})
        elif text.startswith(_SEALED):
            items.append({"type": "compaction", "encrypted_content": text.removeprefix(_SEALED)})
        elif text:
            items.append({"role": message["role"], "content": text})
        for one in message.get("tool_calls") or ():
            name, arguments = one["function"]["name"], one["function"]["arguments"]
            items.append({"type": "function_call", "call_id": one["id"], "name": name, "arguments": arguments})
    return items


def _messages(items: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            made = call(item["call_id"], item["name"], item["arguments"])
            if messages and messages[-1]["role"] == "assistant":
                messages[-1].setdefault("tool_calls", []).append(made)
            else:
                messages.append({"role": "assistant", "content": None, "tool_calls": [made]})
        elif kind == "function_call_output":
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]})
        elif kind == "compaction":
            messages.append({"role": "assistant", "content": _SEALED + item["encrypted_content"]})
        else:
            messages.append({"role": item["role"], "content": _text(item["content"])})
    return messages


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(str(part.get("text", "")) for part in content)


WAYS = {"compaction-session": compaction_session, "session-limit": session_limit}
