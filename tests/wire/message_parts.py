"""Builds Messages bytes for tests, by hand rather than with the code under test."""

from __future__ import annotations

from typing import Any

from tests.wire.chat_parts import dump

USAGE = {"input_tokens": 10, "cache_read_input_tokens": 3, "output_tokens": 1}


def event(kind: str, **data: object) -> bytes:
    """Return one named event."""
    return b"event: " + kind.encode() + b"\ndata: " + dump({"type": kind, **data}) + b"\n\n"


def start(**more: object) -> bytes:
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    return event("message_start", message={**message, "stop_reason": None, "usage": USAGE, **more})


def block(index: int, value: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    """Return a whole content block."""
    pieces = [event("content_block_delta", index=index, delta=delta) for delta in deltas]
    return opened(index, value) + b"".join(pieces) + event("content_block_stop", index=index)


def opened(index: int, value: dict[str, Any]) -> bytes:
    return event("content_block_start", index=index, content_block=value)


def text(index: int, *pieces: str) -> bytes:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))


def tool_use(call_id: str, name: str = "delete", **more: object) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}, **more}


def piece(partial: object) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": partial}


def call(index: int, call_id: str, name: str = "delete", *pieces: str) -> bytes:
    return block(index, tool_use(call_id, name), *(piece(one) for one in pieces))


def end(reason: str = "tool_use", output: int = 5, **more: object) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage={"output_tokens": output}, **more) + event("message_stop")


def answer(*blocks: dict[str, Any], stop_reason: str = "tool_use", **more: object) -> bytes:
    """Return a whole JSON answer."""
    base = {"id": "msg_9", "type": "message", "role": "assistant", "model": "m", "content": list(blocks)}
    return dump(
        {**base, "stop_reason": stop_reason, "stop_sequence": None, "usage": {**USAGE, "output_tokens": 6}, **more}
    )
