"""The request an agent would have sent and the answer the provider gave, rebuilt from a recorded conversation.

Nothing here reads with the package's own wire code: a mistake made there must not be made here a second time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pinnedrules.replay.trace import DialectName, Message, Trace

__all__ = ["answer", "calls_in", "first_system", "request", "texts"]

_MAX_TOKENS = 4096


def request(trace: Trace, history: Sequence[Message]) -> bytes:
    """Return the body of the request that asks for what comes after *history*."""
    body: dict[str, Any] = {"model": trace.model or "recorded", "messages": list(history)}
    if trace.dialect == "anthropic-messages":
        body["max_tokens"] = _MAX_TOKENS
        if trace.system:
            body["system"] = trace.system
    if trace.tools:
        body["tools"] = list(trace.tools)
    return _bytes(body)


def answer(trace: Trace, message: Message, number: int) -> bytes:
    """Return the provider's whole JSON answer that carries *message*."""
    if trace.dialect == "anthropic-messages":
        content = message.get("content")
        return _bytes(
            {
                "id": f"msg_replay{number}",
                "type": "message",
                "role": "assistant",
                "model": trace.model or "recorded",
                "content": content if isinstance(content, list) else [{"type": "text", "text": content or ""}],
                "stop_reason": "tool_use",
                "stop_sequence": None,
                "usage": {"input_tokens": 0, "output_tokens": 0},
            }
        )
    return _bytes(
        {
            "id": f"chatcmpl-replay{number}",
            "object": "chat.completion",
            "created": 0,
            "model": trace.model or "recorded",
            "choices": [{"index": 0, "message": {"content": None, **message}, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        }
    )


def calls_in(message: Message) -> list[tuple[str, str]]:
    """Return (id, tool name) of every call in an assistant message, in order; empty for any other message."""
    if message["role"] != "assistant":
        return []
    content, calls = message.get("content"), message.get("tool_calls")
    blocks = content if isinstance(content, list) else []
    found = [(block.get("id"), block.get("name")) for block in blocks if _kind(block) == "tool_use"]
    for call in calls if isinstance(calls, list) else ():
        inner = call.get("function") or call.get("custom") or {}
        found.append((call.get("id"), inner.get("name")))
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        found.append(("", legacy.get("name")))
    return [(str(call or ""), str(name or "")) for call, name in found]


def texts(message: Message) -> list[str]:
    """Return every text of a message that a model reads, calls' arguments included."""
    found: list[str] = []
    stack: list[Any] = [{key: value for key, value in message.items() if key != "role"}]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            stack.extend(
                item for key, item in value.items() if key not in ("id", "tool_call_id", "tool_use_id", "type")
            )
        elif isinstance(value, list):
            stack.extend(value)
    return found


def first_system(dialect: DialectName, body: bytes) -> str:
    """Return the first system text of a request body as the provider would read it; empty when there is none."""
    value = json.loads(body)
    if dialect == "anthropic-messages":
        return _text(value.get("system"))
    first = value["messages"][0] if value["messages"] else {}
    return _text(first.get("content")) if first.get("role") in ("system", "developer") else ""


def _text(content: object) -> str:
    if isinstance(content, list):
        content = content[0].get("text") if content and isinstance(content[0], dict) else ""
    return content if isinstance(content, str) else ""


def _kind(block: object) -> object:
    return block.get("type") if isinstance(block, dict) else None


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
