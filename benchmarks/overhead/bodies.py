"""Requests, answers and rule files of chosen sizes, the same on every machine."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

__all__ = ["TOOLS", "answer", "body", "frames", "rule_file"]

_WORDS = (
    "mail",
    "invoice",
    "total",
    "unread",
    "archive",
    "please",
    "check",
    "the",
    "of",
    "and",
    "for",
    "last",
    "month",
)
_CHARACTERS = 410
_CALL_EVERY = 6

TOOLS = ("search_mail", "read_mail", "send_mail", "delete_mail", "refund")
Body = dict[str, object]


def body(dialect: str, messages: int, *, stream: bool = False) -> Body:
    """Return a request with a system prompt, five tools and so many messages of about 460 bytes."""
    words = random.Random(messages)
    chat = dialect == "chat"
    history = [_message(words, index, chat=chat) for index in range(messages - 1)]
    history.append({"role": "user", "content": _text(words)})
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "text": {"type": "string"}}}
    system = "You are a mail assistant. " + _text(words)
    if chat:
        tools = [{"type": "function", "function": {"name": name, "parameters": schema}} for name in TOOLS]
        first = {"role": "system", "content": system}
        return {"model": "model", "messages": [first, *history], "tools": tools, "stream": stream}
    tools = [{"name": name, "input_schema": schema} for name in TOOLS]
    return {
        "model": "model",
        "max_tokens": 1000,
        "system": system,
        "messages": history,
        "tools": tools,
        "stream": stream,
    }


def answer(dialect: str) -> bytes:
    """Return a whole answer without tool calls."""
    text = "There are three unread mails."
    if dialect == "chat":
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}
        usage = {"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16}
        top = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "model"}
        return _dump({**top, "choices": [choice], "usage": usage})
    return _dump(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "model",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": 6},
        }
    )


def frames(dialect: str, deltas: int, *, call: bool) -> list[bytes]:
    """Return the events of a streamed answer whose text, or the arguments of whose one call, come in *deltas* pieces."""
    return list(_chat_frames(deltas, call=call) if dialect == "chat" else _messages_frames(deltas, call=call))


def rule_file(rules: int) -> str:
    """Return a rule file with so many rules over a fifth as many tools, and three that speak of effects."""
    tools = [f"tool_{number}" for number in range(max(1, rules // 5))]
    lines = ["version: 1", "default: {read: allow, other: ask}", "tools:"]
    lines += ["  search_mail: {effect: read, source: untrusted}", "  read_mail: read", "  send_mail: send"]
    lines += ["  delete_mail: delete", "  refund: spend"]
    lines += [f"  {tool}: {('send', 'spend', 'write', 'read')[n % 4]}" for n, tool in enumerate(tools)]
    lines += ["rules:", *_EFFECT_RULES]
    for number in range(max(0, rules - 3)):
        tool = tools[number % len(tools)]
        require = _REQUIREMENTS[number % len(_REQUIREMENTS)].format(number=number)
        lines += [
            f"  - id: rule-{number}",
            f"    text: Rule {number} about {tool}, in a sentence as people write them.",
        ]
        lines += [f"    on: {tool}", f"    require: {{{require}}}", "    else: ask"]
    return "\n".join(lines) + "\n"


_EFFECT_RULES = (
    "  - {id: no-delete, text: Never delete before the owner confirms., on: {effect: delete}, then: ask}",
    "  - {id: outside, text: Send nothing out after reading from outside without asking., on: {effect: send},"
    " require: {never_after: {source: untrusted}}, else: ask}",
    "  - {id: cap, text: Spend at most 100 at once without asking., on: {effect: spend},"
    " require: {amount: {of: amount, max: 100}}, else: ask}",
)
_REQUIREMENTS = (
    "recipients: {{domain_in: [example.com, team{number}.example.com]}}",
    "amount: {{of: amount, max: {number}}}",
)


def _text(words: random.Random) -> str:
    chosen = " ".join(words.choices(_WORDS, k=_CHARACTERS // 5))
    return chosen[:_CHARACTERS]


def _message(words: random.Random, index: int, *, chat: bool) -> Body:
    if index % 2 == 0:
        return {"role": "user", "content": _text(words)}
    if index % _CALL_EVERY == 1 and not chat:
        return {"role": "assistant", "content": [{"type": "text", "text": _text(words)}]}
    return {"role": "assistant", "content": _text(words)}


def _chat_frames(deltas: int, *, call: bool) -> Iterator[bytes]:
    top = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "model"}

    def chunk(delta: Body, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: " + _dump({**top, "choices": [choice]}) + b"\n\n"

    yield chunk({"role": "assistant", "content": None if call else ""})
    if call:
        start = {"name": "read_mail", "arguments": '{"id":"'}
        yield chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": start}]})
    for _ in range(deltas):
        piece: Body = (
            {"tool_calls": [{"index": 0, "function": {"arguments": "abcde"}}]} if call else {"content": " mail"}
        )
        yield chunk(piece)
    if call:
        yield chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]})
    yield chunk({}, "tool_calls" if call else "stop")
    yield b"data: [DONE]\n\n"


def _messages_frames(deltas: int, *, call: bool) -> Iterator[bytes]:
    def event(name: str, **members: object) -> bytes:
        return f"event: {name}\n".encode() + b"data: " + _dump({"type": name, **members}) + b"\n\n"

    whole = json.loads(answer("messages"))
    yield event("message_start", message={**whole, "content": [], "stop_reason": None})
    block: Body = {"type": "text", "text": ""}
    if call:
        block = {"type": "tool_use", "id": "toolu_1", "name": "read_mail", "input": {}}
    yield event("content_block_start", index=0, content_block=block)
    pieces = ['{"id":"', *["abcde"] * deltas, '"}'] if call else [" mail"] * deltas
    for piece in pieces:
        delta = {"type": "input_json_delta", "partial_json": piece} if call else {"type": "text_delta", "text": piece}
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    ending = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=ending, usage={"output_tokens": deltas})
    yield event("message_stop")


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
