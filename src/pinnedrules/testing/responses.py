"""The provider's side of ``POST /responses``: its checks, its answers, its event stream and what it keeps.

Shapes after the ``openai.types.responses`` models of openai-python 3.54 and the service's API reference. A response is
kept unless the request says ``store: false``; a request that names a ``previous_response_id`` or a ``conversation``
continues what is kept, without the instructions of before. A ``reasoning`` or ``compaction`` item's encrypted content is
opaque outside and opened again when it comes back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pinnedrules.testing.responses_checks import field_problems, item_problems, pairing_problems
from pinnedrules.testing.responses_events import event_frame, event_frames
from pinnedrules.testing.responses_items import (
    ID_PREFIX,
    as_items,
    essence,
    list_of,
    made_items,
    past_calls,
    text_in,
    texts_in,
)
from pinnedrules.testing.responses_store import Held, NotHeld, Store, conversation_of, shortened
from pinnedrules.testing.script import DialectName, Reply, Role
from pinnedrules.testing.shapes import Problem, Shown, Turn, compact, name_from, tokens

__all__ = ["CREATED", "Compact", "Responses", "indented", "with_ids"]

CREATED = 1_790_000_000  # a fixed time, so that the same conversation gives the same bytes


class Responses:
    """Responses as the service serves them.

    ``dropped`` are the reasoning items, each with the number of its request, that the model was not shown because what
    stands before them is not what they were made under (the service says so and goes on without them).
    """

    name: DialectName = "responses"

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or Store()
        self.dropped: list[tuple[int, str]] = []

    def problem(self, body: Mapping[str, Any]) -> Problem | None:
        """Return the first reason to refuse *body*."""
        problem = next(field_problems(body), None) or next(item_problems(as_items(body.get("input"))), None)
        if problem is not None:
            return problem
        try:
            with self.store.lock:
                items = self._items(body)
                return next(pairing_problems(items), None) or self.store.unreasoned(items)
        except NotHeld as missing:
            return missing.problem

    def shown(self, body: Mapping[str, Any]) -> Shown:
        """Return texts, calls with their results, and tool names; what the provider holds comes first."""
        with self.store.lock:
            items, history = self._items(body), self.store.history(body)
            texts: list[tuple[Role, str]] = [("system", body["instructions"])] if body.get("instructions") else []
            texts += texts_in(items, self.store.open)
        tools = [name for tool in _tools(body, items) for name in _tool_names(tool)]
        return Shown([pair for pair in texts if pair[1]], list(past_calls(items)), tools, history)

    def prefix(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return tools, instructions and what the model reads of the items."""
        with self.store.lock:
            messages = [essence(item) for item in self._items(body)]
        return {"tools": body.get("tools") or [], "system": body.get("instructions") or "", "messages": messages}

    def _items(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self.store.history(body) + self.store.given(body)

    def json(self, reply: Reply, turn: Turn) -> bytes:
        """Return a ``response`` object, indented as the service sends it; one in the background is only queued."""
        made = self._make(reply, turn, polls=reply.polls + 1 if turn.body.get("background") else 0)
        if made.polls:
            queued = {**made.shown(), "status": "queued"}
            made.polls -= 1
            return indented(queued)
        return indented(made.final)

    def frames(self, reply: Reply, turn: Turn) -> list[bytes]:
        """Return the named events of a response."""
        made = self._make(reply, turn, polls=0)
        begun = {**made.final, "output": [], "usage": None, "completed_at": None, "error": None}
        begun |= {"incomplete_details": None, "status": "queued" if turn.body.get("background") else "in_progress"}
        made.events = event_frames(begun, made.final, reply, turn)
        return made.events

    def error(self, status: int, problem: Problem, request_id: str) -> bytes:
        """Return the service's error object."""
        kind = {401: "invalid_request_error", 429: "rate_limit_exceeded"}.get(status)
        kind = kind or ("invalid_request_error" if status < 500 else "server_error")
        error = {"message": problem.message, "type": kind, "param": problem.param, "code": problem.code}
        return indented({"error": error})

    def error_frame(self, problem: Problem, number: int = 0) -> bytes:
        """Return an ``error`` event, which the SDK gives to its caller."""
        error = {"type": "error", "code": "server_error", "message": problem.message, "param": None}
        return event_frame({**error, "sequence_number": number})

    def _make(self, reply: Reply, turn: Turn, *, polls: int) -> Held:
        """Make the response, and keep it if the request asks for that."""
        body = turn.body
        _check_compaction(reply, body)
        with self.store.lock:
            context, asked = self.store.history(body), with_ids(self.store.given(body), turn)
            made = made_items(_summarised(reply, body), turn, self.store.seal)
            final = _response(reply, turn, made)
            dropped = self.store.reasoned([*context, *asked], made, body.get("tools") or [])
            self.dropped += [(turn.number, ident) for ident in dropped]
            if dropped:
                why = {"action": "removed", "reason": "prefix_mismatch", "type": "reasoning"}
                final["input_transformations"] = [{"id": ident, **why} for ident in dropped]
            held = Held(final, asked, shortened([*context, *asked], made), reply, polls, conversation_of(body))
            kept = body.get("store") is not False and reply.error_after_frames is None
            self.store.learn([*asked, *made], kept=kept)
            if kept:
                self.store.responses[final["id"]] = held
                self.store.settle(held)
        return held


class Compact(Responses):
    """``POST /responses/compact``: the model writes the summary, the user's messages and one item come back."""

    def json(self, reply: Reply, turn: Turn) -> bytes:
        """Return a ``response.compaction`` object."""
        with self.store.lock:
            items = self._items(turn.body)
            users = [item for item in items if item["type"] == "message" and item["role"] == "user"]
            made = {"type": "compaction", "encrypted_content": self.store.seal(reply.text)}
            output = with_ids([*users, {"id": name_from("cmp_", turn.number, length=40), **made}], turn)
            self.store.learn(output, kept=False)
        kept = {"status": "completed"}
        return indented(
            {
                "id": name_from("resp_", turn.number, "answer", length=48),
                "object": "response.compaction",
                "created_at": CREATED + turn.number,
                "output": [{**item, **kept} if item["type"] == "message" else item for item in output],
                "usage": _usage(reply, turn, output),
            }
        )


def _tools(body: Mapping[str, Any], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    brought = [item for item in items if item["type"] in ("additional_tools", "tool_search_output")]
    return [tool for holder in (body, *brought) for tool in list_of(holder.get("tools"))]


def _tool_names(tool: Mapping[str, Any]) -> list[str]:
    if tool["type"] == "namespace":
        return [str(inner["name"]) for inner in list_of(tool.get("tools"))]
    return [str(tool.get("name") or tool["type"])]


def indented(value: object) -> bytes:
    """Return JSON as the service writes it."""
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


def with_ids(items: list[dict[str, Any]], turn: Turn) -> list[dict[str, Any]]:
    """Return *items* with ids, where they have none."""
    return [
        {"id": name_from(ID_PREFIX.get(item["type"], f"{item['type']}_"), turn.number, "in", index, length=40)} | item
        for index, item in enumerate(items)
    ]


def _triggered(body: Mapping[str, Any]) -> bool:
    return any(item["type"] == "compaction_trigger" for item in as_items(body.get("input")))


def _summarised(reply: Reply, body: Mapping[str, Any]) -> Reply:
    """Return what is answered: to a ``compaction_trigger`` exactly one compaction item."""
    if not _triggered(body):
        return reply
    return Reply(compaction=reply.text if reply.compaction is None else reply.compaction)


def _check_compaction(reply: Reply, body: Mapping[str, Any]) -> None:
    asked = any(entry.get("type") == "compaction" for entry in list_of(body.get("context_management")))
    if reply.compaction is not None and not asked and not _triggered(body):
        raise ValueError("the reply compacts, and the request has no context_management that asks for it")


def _response(reply: Reply, turn: Turn, output: list[dict[str, Any]]) -> dict[str, Any]:
    body = turn.body
    whole: dict[str, Any] = {
        "id": name_from("resp_", turn.number, "answer", length=48),
        "object": "response",
        "created_at": CREATED + turn.number,
        **_ending(reply),
        "completed_at": CREATED + turn.number,
        "background": bool(body.get("background")),
        "model": turn.model,
        "output": output,
        "service_tier": "default",
        "usage": _usage(reply, turn, output),
        "tools": [
            {"strict": True, **tool} if tool["type"] == "function" else tool for tool in list_of(body.get("tools"))
        ],
    }
    named = conversation_of(body)
    if named:
        whole["conversation"] = {"id": named}
    echoed = {key: body[key] if body.get(key) is not None else usual for key, usual in _ECHOED.items()}
    return whole | echoed | dict(reply.extra)


# What the service repeats of a request, and what it says when the request does not say.
_ECHOED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_REASONS: Mapping[str, str] = {"length": "max_output_tokens", "incomplete": "max_output_tokens"}


def _ending(reply: Reply) -> dict[str, Any]:
    whole: dict[str, Any] = {"status": "completed", "error": None, "incomplete_details": None}
    if reply.finish == "failed":
        error = {"code": "server_error", "message": reply.message or "The service had an error."}
        return whole | {"status": "failed", "error": error}
    if reply.finish not in (None, "completed"):
        reason = _REASONS.get(str(reply.finish), reply.finish)
        return whole | {"status": "incomplete", "incomplete_details": {"reason": reason}}
    return whole


def _usage(reply: Reply, turn: Turn, output: list[dict[str, Any]]) -> dict[str, Any]:
    told = dict(reply.usage or {})
    prompt = turn.prompt_tokens if reply.context_tokens is None else reply.context_tokens
    asked = told.pop("input_tokens", prompt)
    said = told.pop("output_tokens", tokens(compact(output)))
    cached = told.pop("cached_tokens", min(turn.known_chars // 4, asked))
    thought = "".join(text_in(item["summary"]) for item in output if item["type"] == "reasoning")
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": tokens(thought) if thought else 0},
        "total_tokens": asked + said,
    } | told
