"""Conversations that Anthropic keeps between requests (beta ``message-threads-2026-08-12``).

A request with ``thread: {type: create}`` is like any other, and its answer's id names the thread from then on. A request
with ``{type: continue, previous_message_id}`` carries only new messages; the provider takes ``system`` and ``tools`` from
the thread and rejects a request that repeats them. So the block can only stand in the request that creates the thread, and
a thread that was not created under the block in force is answered as one that the provider has lost: the SDK then sends
the whole conversation as a new thread, block included.

Sources: anthropic-sdk-python 2.12, ``lib/threads/_thread_state.py`` (CREATE_ONLY_FIELDS, the error codes that make the SDK
replay) and ``types/beta/beta_thread_*_params.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.errors import Unreadable
from pinnedrules.types import Restore
from pinnedrules.wire.anthropic_restore import noted, result_block, user_message
from pinnedrules.wire.base import Answer
from pinnedrules.wire.json_text import Object, array, dumps, items, loads, obj, quote
from pinnedrules.wire.placeholder import call_token

__all__ = ["LOST", "completed", "continuing", "in_thread", "kept", "place_of", "settled"]

LOST = dumps(
    {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "This thread was not created under the rules in force; send the whole conversation as a new thread.",
            "details": {"error_code": "thread_not_found"},
        },
    }
)
_PREFIX = "message:"


def in_thread(request: Object) -> bool:
    """Whether the request makes the provider keep the conversation."""
    return request.value("thread") is not None


def place_of(request: Object) -> str:
    """Return where the provider keeps what the request continues; empty when it continues nothing. Raises Unreadable."""
    thread = request.value("thread")
    if thread is None:
        return ""
    kind = thread.get("type") if isinstance(thread, dict) else None
    if kind == "create":
        return ""
    previous = thread.get("previous_message_id") if isinstance(thread, dict) and kind == "continue" else None
    if not isinstance(previous, str) or not previous:
        raise Unreadable("a thread that is neither created nor continued from a message")
    return _PREFIX + previous


def kept(request: Object) -> str:
    """Return what a request that continues the thread does not repeat, as far as decisions need it (JSON text)."""
    tools = request.get("tools")
    return obj([("tools", tools)]).decode() if tools is not None else "{}"


def completed(request: Object, text: str) -> bytes:
    """Return the request with what the provider keeps of its thread, for reading only."""
    tools = Object(text.encode()).get("tools")
    return request.edit({"tools": tools}) if tools is not None else request.edit({})


def settled(
    request: Object, messages: Sequence[bytes], row: Restore
) -> tuple[dict[str, bytes], list[Mapping[str, object]], set[str]]:
    """Return the changes that a request needs which continues the answer of *row*, their JSON Patch, and the tokens used.

    The results of the calls that did not run go first, unless they are there already, ids of rewritten calls become the
    provider's own, and the message that is continued is the last one that the provider knows: the gate may have answered
    the model itself.
    """
    changes: dict[str, bytes] = {}
    patch: list[Mapping[str, object]] = []
    place = place_of(request)
    if row.at and row.at != place:
        thread = {**_thread(request), "previous_message_id": row.at.removeprefix(_PREFIX)}
        changes["thread"] = dumps(thread)
        patch.append({"op": "replace", "path": "/thread", "value": thread})
    written, used = _renamed(messages, row)
    answered = _answered(written)
    told = [result_block(*result) for result in row.results if result[0] not in answered]
    if told:
        first = Object(written[0]) if written else None
        if first is not None and first.value("role") == "user":
            written[0] = first.edit({"content": array([*told, *_blocks(first)])})
        else:
            written.insert(0, user_message(told))
    if written != list(messages):
        changes["messages"] = array(written)
        patch.append({"op": "replace", "path": "/messages", "value": loads(changes["messages"])})
    return changes, patch, used


def continuing(request: Object, answer: Answer, results: Sequence[tuple[str, str]]) -> dict[str, bytes | None]:
    """Return the changes by which a request in a thread becomes the one that answers the calls of *answer*."""
    ident = next((place.removeprefix(_PREFIX) for place in answer.places), "")
    if not ident:
        raise Unreadable("an answer without an id, which no thread can be continued from")
    return {
        "thread": dumps({"type": "continue", "previous_message_id": ident}),
        "messages": array([user_message([result_block(*result) for result in results])]),
        "system": None,
        "tools": None,
    }


def _thread(request: Object) -> dict[str, object]:
    thread = request.value("thread")
    return thread if isinstance(thread, dict) else {}


def _renamed(messages: Sequence[bytes], row: Restore) -> tuple[list[bytes], set[str]]:
    """Give the results of rewritten calls the ids that the provider knows, and say in them what was really done."""
    written: list[bytes] = []
    used: set[str] = set()
    for raw in messages:
        message = Object(raw)
        if b"pinnedrules:call:" not in raw or message.value("role") != "user":
            written.append(raw)
            continue
        blocks = _blocks(message)
        for number, block in enumerate(blocks):
            result = Object(block)
            shown = result.value("tool_use_id")
            if result.value("type") == "tool_result" and isinstance(shown, str) and shown in row.rewritten:
                original, _, note = row.rewritten[shown]
                content = noted(result.get("content") or b"null", note)
                blocks[number] = result.edit({"tool_use_id": quote(original), "content": content})
                used.add(call_token(shown))
        written.append(message.edit({"content": array(blocks)}))
    return written, used


def _answered(messages: Sequence[bytes]) -> set[object]:
    """Return the calls whose results are there, so that a request that was settled already is not changed again."""
    blocks = [Object(block) for message in messages for block in _blocks(Object(message))]
    return {block.value("tool_use_id") for block in blocks if block.value("type") == "tool_result"}


def _blocks(message: Object) -> list[bytes]:
    content = message.get("content") or b"null"
    if content.startswith(b"["):
        return items(content)
    text = loads(content)
    return [dumps({"type": "text", "text": text})] if isinstance(text, str) and text else []
