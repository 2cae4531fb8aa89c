"""The provider's side of ``POST /chat/completions``: its checks, its answers and its event stream.

Shapes after the ``openai.types.chat`` models of openai-python 3.54 and the service's API reference; error
texts after the ones that the service is known to send. Function arguments are a string, streams are unnamed
``data:`` lines that end with ``[DONE]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from pinnedrules.testing.script import DialectName, PastCall, ProposedCall, Reply, Role
from pinnedrules.testing.shapes import Problem, Shown, Turn, compact, fragments, name_from, padding, text_of, tokens

__all__ = ["Chat"]

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_CREATED = 1_790_000_000  # a fixed time, so that the same conversation gives the same bytes


class Chat:
    """Chat Completions as the service serves it."""

    name: DialectName = "chat"

    def problem(self, body: Mapping[str, Any]) -> Problem | None:
        """Return the first reason to refuse *body*."""
        for key in ("model", "messages"):
            if key not in body:
                return Problem(f"Missing required parameter: '{key}'.", key, "missing_required_parameter")
        messages = body["messages"]
        if not isinstance(messages, list) or not messages:
            return Problem(
                "Invalid 'messages': empty array. Expected an array with minimum length 1.",
                "messages",
                "empty_array",
            )
        if "stream_options" in body and not body.get("stream"):
            return Problem("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
        return next(_shape_problems(messages), None) or next(_pairing_problems(messages), None)

    def shown(self, body: Mapping[str, Any]) -> Shown:
        """Return texts, calls with their results, and tool names."""
        texts: list[tuple[Role, str]] = []
        results: dict[str, str] = {}
        asked: list[tuple[str, str, str]] = []
        for message in body["messages"]:
            text = text_of(message.get("content"))
            if text:
                texts.append((_ROLE.get(message["role"], message["role"]), text))
            if message["role"] == "tool":
                results[message["tool_call_id"]] = text
            elif message["role"] == "function":
                results[""] = text
            asked += _asked(message)
        calls = [PastCall(ident, name, arguments, results.get(ident)) for ident, name, arguments in asked]
        return Shown(texts, calls, [_tool_name(tool) for tool in body.get("tools") or body.get("functions") or ()])

    def prefix(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return *body*, which has the three keys itself."""
        return body

    def json(self, reply: Reply, turn: Turn) -> bytes:
        """Return a ``chat.completion`` object, indented as the service sends it."""
        choices = [
            {
                "index": index,
                "message": _message(choice, turn, index),
                "logprobs": None,
                "finish_reason": _finish(choice),
            }
            for index, choice in enumerate((reply, *reply.more_choices))
        ]
        whole = _envelope("chat.completion", turn) | {"choices": choices, "usage": _usage(reply, turn)}
        return json.dumps(whole | dict(reply.extra), ensure_ascii=False, indent=2).encode()

    def frames(self, reply: Reply, turn: Turn) -> list[bytes]:
        """Return ``chat.completion.chunk`` frames; several choices come interleaved."""
        with_usage = bool((turn.body.get("stream_options") or {}).get("include_usage"))
        base = _envelope("chat.completion.chunk", turn)
        tail: dict[str, Any] = {"usage": None} if with_usage else {}
        streams = [
            [
                {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
                for delta, finish in _deltas(choice, reply, turn, index)
            ]
            for index, choice in enumerate((reply, *reply.more_choices))
        ]
        chunks = [
            base | {"choices": [choice]} | tail | dict(reply.extra) | {"obfuscation": padding(turn, number)}
            for number, choice in enumerate(filter(None, chain.from_iterable(zip_longest(*streams))))
        ]
        if with_usage:
            chunks.append(base | {"choices": [], "usage": _usage(reply, turn)} | dict(reply.extra))
        lines = [compact(chunk) for chunk in chunks] + ([] if reply.no_done else ["[DONE]"])
        return [f"data: {line}\n\n".encode() for line in lines]

    def error(self, status: int, problem: Problem, request_id: str) -> bytes:
        """Return the service's error object."""
        kind = {401: "invalid_request_error", 429: "rate_limit_exceeded"}.get(status)
        kind = kind or ("invalid_request_error" if status < 500 else "server_error")
        error = {"message": problem.message, "type": kind, "param": problem.param, "code": problem.code}
        return json.dumps({"error": error}, ensure_ascii=False, indent=2).encode()

    def error_frame(self, problem: Problem, number: int = 0) -> bytes:
        """Return a data line with an error object, which the SDK raises as an ``APIError``."""
        error = {"message": problem.message, "type": "server_error", "param": None, "code": None}
        return f"data: {compact({'error': error})}\n\n".encode()


_ROLE: Mapping[str, Role] = {"developer": "system", "function": "tool"}


def _shape_problems(messages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    for index, message in enumerate(messages):
        role, content = message.get("role"), message.get("content")
        if role not in _ROLES:
            supported = ", ".join(f"'{name}'" for name in _ROLES)
            yield Problem(
                f"Invalid value: '{role}'. Supported values are: {supported}.",
                f"messages[{index}].role",
                "invalid_value",
            )
        empty_handed = role == "assistant" and (message.get("tool_calls") or message.get("function_call"))
        if content is None and not empty_handed:
            yield Problem("Invalid value for 'content': expected a string, got null.", f"messages.[{index}].content")
        if "tool_calls" in message and not message["tool_calls"]:
            where = f"messages[{index}].tool_calls"
            expected = "Expected an array with minimum length 1, but got an empty array instead."
            yield Problem(f"Invalid '{where}': empty array. {expected}", where, "empty_array")


def _pairing_problems(messages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Every tool call is answered right after it, and no tool message answers anything else."""
    waiting: list[str] = []
    end: Mapping[str, Any] = {"role": "end"}
    for index, message in enumerate([*messages, end]):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                yield Problem(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                    "with 'tool_calls'.",
                    f"messages.[{index}].role",
                )
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield Problem(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to "
                "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
                + ", ".join(waiting),
                f"messages.[{index}].role",
            )
        waiting = [str(call.get("id")) for call in message.get("tool_calls") or ()]


def _asked(message: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for call in message.get("tool_calls") or ():
        if call["type"] == "custom":
            yield call["id"], call["custom"]["name"], call["custom"]["input"]
        else:
            yield call["id"], call["function"]["name"], call["function"]["arguments"]
    if message.get("function_call"):
        yield "", message["function_call"]["name"], message["function_call"]["arguments"]


def _tool_name(tool: Mapping[str, Any]) -> str:
    inner = tool.get(str(tool.get("type")), tool)
    return str(inner["name"])


def _envelope(kind: str, turn: Turn) -> dict[str, Any]:
    return {
        "id": name_from("chatcmpl-", turn.number, "answer", length=29),
        "object": kind,
        "created": _CREATED + turn.number,
        "model": turn.model,
        "service_tier": "default",
        "system_fingerprint": "fp_b1f36c9a0d",
    }


def _finish(reply: Reply) -> str:
    if reply.finish is not None:
        return reply.finish
    if any(call.kind == "legacy" for call in reply.calls):
        return "function_call"
    return "tool_calls" if reply.calls else "stop"


def _usage(reply: Reply, turn: Turn) -> dict[str, Any]:
    if reply.compaction is not None:
        raise ValueError("Chat Completions compacts nothing itself; with context_tokens the agent does")
    told = dict(reply.usage or {})
    spoken = "".join(
        (each.text + each.thinking + "".join(call.text for call in each.calls)) for each in (reply, *reply.more_choices)
    )
    full = turn.prompt_tokens if reply.context_tokens is None else reply.context_tokens
    prompt = told.pop("prompt_tokens", full)
    completion = told.pop("completion_tokens", tokens(spoken))
    cached = told.pop("cached_tokens", min(turn.known_chars // 4, prompt))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens(reply.thinking) if reply.thinking else 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    } | told


def _call_id(call: ProposedCall, reply: Reply, turn: Turn, choice: int, index: int) -> str:
    if reply.no_ids:
        return ""
    return call.id if call.id is not None else name_from("call_", turn.number, choice, index)


def _call_object(call: ProposedCall, ident: str, text: str) -> dict[str, Any]:
    if call.kind == "custom":
        return {"id": ident, "type": "custom", "custom": {"name": call.name, "input": text}}
    return {"id": ident, "type": "function", "function": {"name": call.name, "arguments": text}}


def _message(reply: Reply, turn: Turn, choice: int) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": reply.text if reply.text or not reply.calls else None,
    }
    if reply.thinking:
        message["reasoning_content"] = reply.thinking
    modern = [
        _call_object(call, _call_id(call, reply, turn, choice, index), call.text)
        for index, call in enumerate(reply.calls)
        if call.kind != "legacy"
    ]
    if modern:
        message["tool_calls"] = modern
    for call in reply.calls:
        if call.kind == "legacy":
            message["function_call"] = {"name": call.name, "arguments": call.text}
    return message | {"refusal": None, "annotations": []}


def _deltas(reply: Reply, habits: Reply, turn: Turn, choice: int) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield the deltas of one choice, each with its ``finish_reason``."""
    opening = {"role": "assistant", "content": "" if reply.text or not reply.calls else None, "refusal": None}
    rest = list(_later_deltas(reply, habits, turn, choice))
    if len(reply.calls) == 1 and not reply.text and not reply.thinking:
        # A lone call begins in the very delta that brings the role.
        opening |= rest.pop(0)
    yield opening, None
    yield from ((delta, None) for delta in rest)
    yield {}, _finish(reply)


def _later_deltas(reply: Reply, habits: Reply, turn: Turn, choice: int) -> Iterator[dict[str, Any]]:
    yield from ({"reasoning_content": piece} for piece in fragments(reply.thinking, habits.fragment_chars))
    yield from ({"content": piece} for piece in fragments(reply.text, habits.fragment_chars))
    for index, call in enumerate(reply.calls):
        if call.kind == "legacy":
            yield from ({"function_call": part} for part in _legacy_parts(call, habits))
        else:
            for part in _call_parts(call, _call_id(call, habits, turn, choice, index), habits):
                yield {"tool_calls": [part if habits.no_index else {"index": index} | part]}


def _legacy_parts(call: ProposedCall, habits: Reply) -> Iterator[dict[str, Any]]:
    if habits.whole_calls:
        yield {"name": call.name, "arguments": call.text}
        return
    yield {"name": call.name, "arguments": ""}
    yield from ({"arguments": piece} for piece in fragments(call.text, habits.fragment_chars))


def _call_parts(call: ProposedCall, ident: str, habits: Reply) -> Iterator[dict[str, Any]]:
    if habits.whole_calls:
        yield _call_object(call, ident, call.text)
        return
    yield _call_object(call, ident, "")
    key, inner = ("custom", "input") if call.kind == "custom" else ("function", "arguments")
    repeated: dict[str, Any] = {"id": None, "type": "function"} if habits.null_ids else {}
    for piece in fragments(call.text, habits.fragment_chars):
        yield repeated | {key: ({"name": None, inner: piece} if habits.null_ids else {inner: piece})}
