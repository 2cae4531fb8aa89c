"""A whole answer of the Messages API, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.anthropic_blocks import (
    block_call,
    is_call,
    refuse_repeated_ids,
    rewritten_block,
    text_block,
    visible_text,
)
from pinnedrules.wire.base import Answer, Key
from pinnedrules.wire.hidden import refuse_hidden_calls
from pinnedrules.wire.json_text import Object, array, as_object, dumps, items, loads, obj
from pinnedrules.wire.usage import add_usage

__all__ = ["MessagesAnswer", "Shown", "found_markers", "message_bytes", "places", "read_json", "was_cut", "write_json"]

_WENT_TO_ITS_END = frozenset({"tool_use", "end_turn", "stop_sequence"})


class Shown(Protocol):
    """The stream that an answer was read from."""

    @property
    def next_index(self) -> int:
        """The index of the next content block in the caller's stream."""
        ...


@dataclass(frozen=True, slots=True)
class MessagesAnswer(Answer):
    """An answer that also knows how far the caller's stream has come with it."""

    shown: Shown | None = field(default=None, compare=False)


def was_cut(finish: str) -> bool:
    """Say whether the model cannot simply be asked to go on after this stop reason."""
    return finish not in _WENT_TO_ITS_END


def message_bytes(blocks: Sequence[bytes]) -> bytes | None:
    """Return the assistant message of these raw blocks; the API takes no empty text block and no empty message."""
    kept = [block for block in blocks if loads(block) != {"type": "text", "text": ""}]
    return obj([("role", b'"assistant"'), ("content", array(kept))]) if kept else None


def found_markers(blocks: Sequence[Mapping[str, object]], management: object) -> tuple[str, ...]:
    """Name the provider-side compaction that an answer reports."""
    markers = ["answer:compaction"] if any(block.get("type") == "compaction" for block in blocks) else []
    if isinstance(management, dict) and management.get("applied_edits"):
        markers.append("answer:applied_edits")
    return tuple(markers)


def places(identifier: object) -> tuple[str, ...]:
    """Return where the provider keeps an answer with this id, if it keeps it (message threads)."""
    return (f"message:{identifier}",) if isinstance(identifier, str) and identifier else ()


def read_json(body: bytes) -> MessagesAnswer:
    """Read a whole ``message`` object, or the error a server sends in its place. Raises Unreadable."""
    answer = as_object(body)
    content = answer.get("content")
    if content is None and answer.get("error") is not None:
        refuse_hidden_calls(answer)
        return MessagesAnswer(calls={}, message=None, text="", finish="error", cut=True)
    if not isinstance(content, list):
        raise Unreadable("an answer without content")
    raws = items(Object(body).get("content") or b"[]")
    calls: dict[Key, Call] = {}
    for index, (block, raw) in enumerate(zip(content, raws, strict=True)):
        if is_call(block):
            calls[(index,)] = block_call(block, (Object(raw).get("input") or b"{}").decode())
    refuse_repeated_ids(list(calls.values()))
    refuse_hidden_calls({key: value for key, value in answer.items() if key != "content"})
    finish, usage = str(answer.get("stop_reason") or ""), answer.get("usage")
    return MessagesAnswer(
        calls=calls,
        message=message_bytes(raws),
        text=visible_text(content),
        finish=finish,
        cut=was_cut(finish),
        usage=usage if isinstance(usage, dict) else {},
        markers=found_markers(content, answer.get("context_management")),
        places=places(answer.get("id")),
    )


def write_json(body: bytes, outcomes: Mapping[Key, Outcome], before: Sequence[tuple[Answer, str]]) -> bytes:
    """See :meth:`pinnedrules.wire.base.Dialect.write_json`."""
    if not before and all(isinstance(outcome, Release) for outcome in outcomes.values()):
        return body
    answer = Object(body)
    if answer.get("content") is None:
        return body
    # Thinking of former answers is left out here; it comes back with their originals on the next request.
    blocks = [text_block(text) for one, placeholder in before for text in (one.text, placeholder) if text]
    for index, raw in enumerate(items(answer.get("content") or b"[]")):
        outcome = outcomes.get((index,), Release())
        if isinstance(outcome, Rewrite):
            blocks.append(rewritten_block(raw, outcome, outcome.arguments.encode()))
        elif isinstance(outcome, Release):
            blocks.append(raw)
        elif outcome.text:
            blocks.append(text_block(outcome.text))
    changes: dict[str, bytes | None] = {"content": array(blocks)}
    if outcomes and all(isinstance(outcome, Replace) for outcome in outcomes.values()):
        changes.update(ended(answer))
    usage = answer.value("usage")
    if before and isinstance(usage, dict):
        changes["usage"] = dumps(add_usage(*(one.usage for one, _ in before), usage))
    return answer.edit(changes)


def ended(holder: Object) -> dict[str, bytes | None]:
    """Return the change that a stop reason needs when no call remains."""
    return {"stop_reason": b'"end_turn"'} if holder.value("stop_reason") == "tool_use" else {}
