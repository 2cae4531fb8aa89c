"""The provider's side of ``POST /v1/messages``: its checks, its answers and its event stream.

Shapes after the ``anthropic.types`` models of anthropic-sdk-python 2.12 and the service's API reference;
error texts after the ones that the service is known to send, except the one for a moved prefix, whose
wording is ours. A thinking block's ``signature`` is a keyed hash of everything before it (system, tools,
messages), so a request that shows reasoning under another prefix is refused as newer models do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pinnedrules.testing.history import canonical
from pinnedrules.testing.messages_checks import blocks_of, pairing_problems, shape_problems
from pinnedrules.testing.messages_compaction import asked_for, left, summary_of
from pinnedrules.testing.script import DialectName, PastCall, ProposedCall, Reply, Role
from pinnedrules.testing.shapes import Problem, Shown, Turn, compact, fragments, name_from, text_of, tokens

__all__ = ["Messages"]

_ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Messages:
    """Messages as the service serves it. *key* signs thinking blocks."""

    name: DialectName = "messages"

    def __init__(self, key: bytes) -> None:
        self._key = key

    def problem(self, body: Mapping[str, Any]) -> Problem | None:
        """Return the first reason to refuse *body*."""
        for key in ("model", "max_tokens", "messages"):
            if key not in body:
                return Problem(f"{key}: Field required")
        messages = body["messages"]
        if not isinstance(messages, list) or not messages:
            return Problem("messages: at least one message is required")
        messages = left(messages)
        if messages[0].get("role") != "user" and not _compacted(messages):
            return Problem('messages: first message must use the "user" role')
        if any(not block.get("text") for block in blocks_of(body.get("system"))):
            return Problem("system: text content blocks must be non-empty")
        if asked_for(body) == "summarize" and body.get("context_management"):
            return Problem("compaction: cannot be combined with context_management")
        checks = (shape_problems(messages), pairing_problems(messages), self._signature_problems(body, messages))
        return next((problem for check in checks for problem in check), None)

    def shown(self, body: Mapping[str, Any]) -> Shown:
        """Return texts, calls with their results, and tool names."""
        texts: list[tuple[Role, str]] = [("system", block["text"]) for block in blocks_of(body.get("system"))]
        results: dict[str, str] = {}
        asked: list[tuple[str, str, str]] = []
        for message in left(body["messages"]):
            for block in blocks_of(message["content"]):
                if block["type"] == "compaction":
                    texts.append(("assistant", block["content"] or ""))
                elif block["type"] == "text":
                    texts.append((message["role"], block["text"]))
                elif block["type"] == "tool_result":
                    results[block["tool_use_id"]] = text_of(block.get("content"))
                    texts.append(("tool", results[block["tool_use_id"]]))
                elif block["type"] == "tool_use":
                    asked.append((block["id"], block["name"], compact(block["input"])))
        calls = [PastCall(ident, name, arguments, results.get(ident)) for ident, name, arguments in asked]
        return Shown(texts, calls, [str(tool.get("name")) for tool in body.get("tools") or ()])

    def prefix(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return *body*, which has the three keys itself."""
        return body

    def json(self, reply: Reply, turn: Turn) -> bytes:
        """Return a ``message`` object. A call's arguments stand in it exactly as the reply has them."""
        marks: dict[str, str] = {}
        content: list[dict[str, Any]] = []
        for block, inner in self._content(reply, turn):
            whole = dict(block)
            if whole["type"] == "tool_use":
                mark = name_from("arguments-", turn.number, len(content))
                marks[mark], whole["input"] = inner, mark
            elif whole["type"] in _INNER:
                whole[_INNER[whole["type"]]] = inner
            content.append(whole)
        text = compact(
            _envelope(reply, turn, content, _stop_reason(reply, turn), _usage(reply, turn)) | dict(reply.extra)
        )
        for mark, arguments in marks.items():
            text = text.replace(f'"{mark}"', arguments)
        return text.encode()

    def frames(self, reply: Reply, turn: Turn) -> list[bytes]:
        """Return the named events, with a ``ping`` after the first block has begun."""
        usage = _usage(reply, turn)
        start = _envelope(reply, turn, [], None, usage | {"output_tokens": 1}) | dict(reply.extra)
        events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
        for index, (block, inner) in enumerate(self._content(reply, turn)):
            signature = block.get("signature")
            begun = dict(block) | ({"signature": ""} if block["type"] == "thinking" else {})
            events.append({"type": "content_block_start", "index": index, "content_block": begun})
            if index == 0:
                events.append({"type": "ping"})
            deltas = list(_deltas(block["type"], inner, reply))
            if block["type"] == "thinking":
                deltas.append({"type": "signature_delta", "signature": signature})
            events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
            events.append({"type": "content_block_stop", "index": index})
        last = {key: usage[key] for key in _DELTA_USAGE if key in usage}
        events.append(
            {
                "type": "message_delta",
                "delta": {"stop_reason": _stop_reason(reply, turn), "stop_sequence": None},
                "usage": last,
            }
        )
        events.append({"type": "message_stop"})
        return [_frame(event, turn.number + number) for number, event in enumerate(events)]

    def error(self, status: int, problem: Problem, request_id: str) -> bytes:
        """Return the service's error object."""
        kind = _ERROR_TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error")
        details = {} if problem.details is None else {"details": dict(problem.details)}
        error = {
            "type": "error",
            "error": {"type": kind, "message": problem.message} | details,
            "request_id": request_id,
        }
        return compact(error).encode()

    def error_frame(self, problem: Problem, number: int = 0) -> bytes:
        """Return an ``error`` event, which the SDK raises as an ``APIStatusError``."""
        return _frame({"type": "error", "error": {"type": "overloaded_error", "message": problem.message}}, 0)

    def _content(self, reply: Reply, turn: Turn) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield each block as ``content_block_start`` shows it, with the text that its deltas bring."""
        before = left(turn.body["messages"])
        summary = summary_of(reply, turn.body)
        if summary is not None:
            block: dict[str, Any] = {"type": "compaction", "content": None}
            how = asked_for(turn.body)
            if how == "summarize":
                block |= {"signature": self._sealed(summary), "tool_changes": []}
            yield block, summary
            if how != "go on":
                return
            before = [{"type": "compaction", "content": summary}]
        if reply.thinking:
            signature = self._signature(turn.body, before, reply.thinking)
            yield {"type": "thinking", "thinking": "", "signature": signature}, reply.thinking
        for given in reply.blocks:
            called = given.get("type") == "tool_use"
            yield ({**given, "input": {}}, compact(given.get("input") or {})) if called else (dict(given), "")
        if reply.text:
            yield {"type": "text", "text": ""}, reply.text
        for index, call in enumerate(reply.calls):
            ident = "" if reply.no_ids else _call_id(call, turn, index)
            yield (
                {
                    "type": "tool_use",
                    "id": ident,
                    "name": call.name,
                    "input": {},
                    "caller": {"type": "direct"},
                },
                call.text,
            )

    def _signature(self, body: Mapping[str, Any], before: Sequence[object], thinking: str) -> str:
        prefix = canonical([blocks_of(body.get("system")), body.get("tools") or [], list(before), thinking])
        return hmac.new(self._key, prefix.encode(), hashlib.sha256).hexdigest()

    def _sealed(self, summary: str) -> str:
        return hmac.new(self._key, summary.encode(), hashlib.sha256).hexdigest()

    def _signature_problems(self, body: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
        first = [
            {"type": "compaction", "content": block["content"]}
            for block in blocks_of(messages[0]["content"])
            if block["type"] == "compaction"
        ]
        for index, message in enumerate(messages):
            # What was made right after a compaction was made under its summary alone.
            before = messages[:index] if index else first
            for number, block in enumerate(blocks_of(message["content"])):
                where = f"messages.{index}.content.{number}: Invalid `signature` in `{block['type']}` block"
                signature = str(block.get("signature"))
                if block["type"] == "compaction" and block.get("signature") is not None:
                    if not hmac.compare_digest(self._sealed(str(block["content"])), signature):
                        yield Problem(where)
                elif block["type"] == "thinking":
                    made = self._signature(body, before, str(block.get("thinking")))
                    if not hmac.compare_digest(made, signature):
                        yield Problem(
                            f"{where}: `system`, `tools` or an earlier message differs from what was sent when it was made"
                        )


def _compacted(messages: Sequence[Mapping[str, Any]]) -> bool:
    return any(block.get("type") == "compaction" for block in blocks_of(messages[0].get("content"))[:1])


# Where a block keeps the text that its deltas bring.
_INNER = {"text": "text", "thinking": "thinking", "compaction": "content"}
_DELTA_USAGE = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "iterations",
)


def _envelope(
    reply: Reply, turn: Turn, content: list[dict[str, Any]], stop_reason: str | None, usage: dict[str, Any]
) -> dict[str, Any]:
    return {
        "model": turn.model,
        "id": name_from("msg_01", turn.number, "answer", length=22),
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "stop_details": None,
        "usage": usage,
    }


def _stop_reason(reply: Reply, turn: Turn) -> str:
    if summary_of(reply, turn.body) is not None and asked_for(turn.body) != "go on":
        return "compaction"
    return reply.finish if reply.finish is not None else ("tool_use" if reply.calls else "end_turn")


def _call_id(call: ProposedCall, turn: Turn, index: int) -> str:
    return call.id if call.id is not None else name_from("toolu_01", turn.number, index, length=22)


def _usage(reply: Reply, turn: Turn) -> dict[str, Any]:
    # Only a request with a cache mark reads or writes the cache.
    marked = '"cache_control"' in compact(turn.body)
    prompt = turn.prompt_tokens if reply.context_tokens is None else reply.context_tokens
    cached = min(turn.known_chars // 4, prompt) if marked else 0
    written = prompt - cached if marked else 0
    spoken = reply.thinking + reply.text + "".join(call.text for call in reply.calls)
    usage: dict[str, Any] = {
        "input_tokens": prompt - cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": tokens(spoken),
        "service_tier": "standard",
    }
    summary = summary_of(reply, turn.body)
    if summary is not None:
        one = {key: usage[key] for key in _DELTA_USAGE if key in usage}
        compacting = {"type": "compaction", **one, "output_tokens": tokens(summary)}
        going_on = [{"type": "message", **one}] if asked_for(turn.body) == "go on" else []
        usage["iterations"] = [compacting, *going_on]
    return usage | dict(reply.usage or {})


def _deltas(kind: str, inner: str, reply: Reply) -> Iterator[dict[str, Any]]:
    if kind == "tool_use":
        # The service opens every tool input with an empty piece.
        yield {"type": "input_json_delta", "partial_json": ""}
        pieces = [inner] if reply.whole_calls else fragments(inner, reply.fragment_chars)
        yield from ({"type": "input_json_delta", "partial_json": piece} for piece in pieces)
    elif kind == "thinking":
        yield from ({"type": "thinking_delta", "thinking": piece} for piece in fragments(inner, reply.fragment_chars))
    elif kind == "compaction":
        yield {"type": "compaction_delta", "content": inner}
    elif kind == "text":
        yield from ({"type": "text_delta", "text": piece} for piece in fragments(inner, reply.fragment_chars))


def _frame(event: Mapping[str, Any], number: int) -> bytes:
    # The service pads events with spaces before the closing brace, and writes ping with one after the colon.
    padding = " " * (number * 5 % 11)
    data = json.dumps(event) if event["type"] == "ping" else compact(event)[:-1] + padding + "}"
    return f"event: {event['type']}\ndata: {data}\n\n".encode()
