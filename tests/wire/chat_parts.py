"""Builds Chat Completions bytes for tests, by hand rather than with the code under test."""

from __future__ import annotations

import json
from typing import Any

from tests.wire.feeding import TOKEN

from pinnedrules.types import Restore

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_tokens_details": {"cached_tokens": 3}}


def dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def chunk(delta: object = None, finish: str | None = None, index: int | None = 0, **more: object) -> bytes:
    """Return one chunk with one choice."""
    choice: dict[str, object] = {"delta": {} if delta is None else delta, "finish_reason": finish}
    if index is not None:
        choice = {"index": index, **choice}
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 17, "model": "m"}
    return dump({**base, "choices": [choice], **more})


def usage_chunk(**usage: object) -> bytes:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 17, "model": "m"}
    return dump({**base, "choices": [], "usage": {**USAGE, **usage}})


def part(index: int | None, arguments: object = "", **more: object) -> dict[str, Any]:
    """Return one entry of ``tool_calls``; with id and name it opens a call."""
    name = more.pop("name", None)
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    entry = {"function": function, **more}
    return entry if index is None else {"index": index, **entry}


def opening(index: int | None, name: str, call_id: str | None, arguments: object = "") -> dict[str, Any]:
    return part(index, arguments, name=name, id=call_id, type="function")


def calls(*entries: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"tool_calls": list(entries), **more}


def completion(message: dict[str, Any], finish: str = "tool_calls", **more: object) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "logprobs": None, "finish_reason": finish}
    base = {"id": "chatcmpl-9", "object": "chat.completion", "created": 17, "model": "m"}
    return dump({**base, "choices": [choice], "usage": USAGE, **more})


def call(call_id: str, name: str = "delete", arguments: str = '{"id":7}') -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def mark(token: str = TOKEN) -> str:
    return f"[pinnedrules:denied:{token}]"


def sentence(token: str = TOKEN) -> str:
    """Return a placeholder text as the gate writes it."""
    return f"\n\nThat was refused.\n{mark(token)}\n\n"


def record(
    message: dict[str, Any],
    results: dict[str, str],
    *,
    visible: str = "",
    token: str = TOKEN,
    closed: bool = True,
    rewritten: dict[str, tuple[str, str, str]] | None = None,
    dialect: str = "openai-chat",
    placeholder: str | None = None,
) -> Restore:
    """Return what the gate keeps about one answer."""
    return Restore(
        token=token,
        session="s",
        dialect=dialect,
        message=dump(message),
        placeholder=sentence(token) if placeholder is None else placeholder,
        visible=visible,
        results=tuple(results.items()),
        rewritten=rewritten or {},
        closed=closed,
    )
