"""Answers of a provider in all three dialects, whole and streamed, the same on every machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from benchmarks.bodies import Body

__all__ = ["READ", "answer", "frames"]

READ = ("read_mail", '{"id":"m-17"}')
"""A call, as (tool, arguments), that the rules of ``bodies.rule_file`` allow."""

_TEXT = "There are three unread mails."
Call = tuple[str, str]


def answer(dialect: str, call: Call | None = None) -> bytes:
    """Return a whole answer: a sentence, or one call."""
    if dialect == "chat":
        message: Body = {"role": "assistant", "content": None if call else _TEXT, "refusal": None}
        if call:
            function = {"name": call[0], "arguments": call[1]}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
        finish = "tool_calls" if call else "stop"
        choice = {"index": 0, "finish_reason": finish, "message": message, "logprobs": None}
        usage = {"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16}
        top = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "model"}
        return _dump({**top, "choices": [choice], "usage": usage})
    if dialect == "responses":
        return _dump(_response([_call_item(*call) if call else _message_item(_TEXT)]))
    block: Body = {"type": "text", "text": _TEXT}
    if call:
        block = {"type": "tool_use", "id": "toolu_1", "name": call[0], "input": json.loads(call[1])}
    return _dump(_message([block], "tool_use" if call else "end_turn"))


def frames(dialect: str, pieces: Sequence[str], call: str = "") -> list[bytes]:
    """Return the events of a streamed answer: a text in these pieces, or one call of the tool *call* with arguments in
    these pieces.
    """
    events = {"chat": _chat_frames, "responses": _responses_frames}.get(dialect, _messages_frames)
    return list(events(pieces, call))


def _chat_frames(pieces: Sequence[str], call: str) -> Iterator[bytes]:
    top = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "model"}

    def chunk(delta: Body, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: " + _dump({**top, "choices": [choice]}) + b"\n\n"

    yield chunk({"role": "assistant", "content": None if call else ""})
    if call:
        start = {"name": call, "arguments": ""}
        yield chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": start}]})
    for piece in pieces:
        grown: Body = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} if call else {"content": piece}
        yield chunk(grown)
    yield chunk({}, "tool_calls" if call else "stop")
    yield b"data: [DONE]\n\n"


def _messages_frames(pieces: Sequence[str], call: str) -> Iterator[bytes]:
    yield _event("message_start", message=_message([], None))
    block: Body = {"type": "text", "text": ""}
    if call:
        block = {"type": "tool_use", "id": "toolu_1", "name": call, "input": {}}
    yield _event("content_block_start", index=0, content_block=block)
    for piece in pieces:
        delta = {"type": "input_json_delta", "partial_json": piece} if call else {"type": "text_delta", "text": piece}
        yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    ending = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    yield _event("message_delta", delta=ending, usage={"output_tokens": len(pieces)})
    yield _event("message_stop")


def _responses_frames(pieces: Sequence[str], call: str) -> Iterator[bytes]:
    whole = "".join(pieces)
    item = _call_item(call, whole) if call else _message_item(whole)
    events: list[tuple[str, Body]] = [
        (f"response.{name}", {"response": _begun()}) for name in ("created", "in_progress")
    ]
    where: Body = {"item_id": item["id"], "output_index": 0}
    empty: Body = {"arguments": ""} if call else {"content": []}
    events.append(
        ("response.output_item.added", {"output_index": 0, "item": {**item, "status": "in_progress", **empty}})
    )
    if call:
        name = "response.function_call_arguments"
        events += [(f"{name}.delta", {**where, "delta": piece}) for piece in pieces]
        events.append((f"{name}.done", {**where, "arguments": whole}))
    else:
        where["content_index"], part = 0, {"type": "output_text", "text": whole, "annotations": [], "logprobs": []}
        events.append(("response.content_part.added", {**where, "part": {**part, "text": ""}}))
        events += [("response.output_text.delta", {**where, "delta": piece, "logprobs": []}) for piece in pieces]
        events.append(("response.output_text.done", {**where, "text": whole, "logprobs": []}))
        events.append(("response.content_part.done", {**where, "part": part}))
    events.append(("response.output_item.done", {"output_index": 0, "item": item}))
    events.append(("response.completed", {"response": _response([item])}))
    for number, (name, members) in enumerate(events):
        yield _event(name, **members, sequence_number=number)


def _message(content: list[Body], stop: str | None) -> Body:
    top: Body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "model", "content": content}
    return {**top, "stop_reason": stop, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 6}}


def _response(output: list[Body]) -> Body:
    top: Body = {"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "model"}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 10, "output_tokens": 6, "total_tokens": 16, **details}
    settings: Body = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "store": False, "metadata": {}}
    return {**top, "error": None, "incomplete_details": None, **settings, "output": output, "usage": usage}


def _begun() -> Body:
    return {**_response([]), "status": "in_progress", "usage": None}


def _message_item(text: str) -> Body:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}


def _call_item(name: str, arguments: str) -> Body:
    item: Body = {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "call_1"}
    return {**item, "name": name, "arguments": arguments}


def _event(name: str, **members: object) -> bytes:
    return f"event: {name}\n".encode() + b"data: " + _dump({"type": name, **members}) + b"\n\n"


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
