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

__all__ = [
    "MessagesAnswer",
    "Shown",
    "applied_edits",
    "found_markers",
    "is_compaction",
    "message_bytes",
    "places",
    "read_json",
    "was_cut",
    "write_json",
]

_PREFIX = frozenset({"messages_changed", "system_changed"})
_NAME = 80
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


def found_markers(blocks: Sequence[Mapping[str, object]], said: Mapping[str, object]) -> tuple[str, ...]:
    """Name the provider-side compaction that an answer reports; *said* are the members beside its content.

    A compaction that failed gives a block with null content, which the provider takes for nothing
    (``beta_compaction_block.py`` of anthropic-sdk-python 2.12). A cache miss counts if the history or the system text is
    its reason (``beta_cache_miss_reason.py``).
    """
    markers = ["answer:compaction"] if any(map(is_compaction, blocks)) or _iterated(said.get("usage")) else []
    management, diagnostics = said.get("context_management"), said.get("diagnostics")
    if isinstance(management, dict) and management.get("applied_edits"):
        markers.append("answer:applied_edits")
    if said.get("input_transformations"):
        markers.append("answer:input_transformations")
    reason = diagnostics.get("cache_miss_reason") if isinstance(diagnostics, dict) else None
    if isinstance(reason, dict) and reason.get("type") in _PREFIX:
        markers.append(f"answer:{reason['type']}")
    return tuple(markers)


def is_compaction(block: Mapping[str, object]) -> bool:
    """Say whether a content block is the outcome of a compaction."""
    return block.get("type") == "compaction" and bool(block.get("content") or block.get("encrypted_content"))


def applied_edits(management: object) -> dict[str, int]:
    """Return what the edits of a request cleared: ``TYPE.MEMBER`` to a number, summed over edits of one type."""
    found: dict[str, int] = {}
    edits = management.get("applied_edits") if isinstance(management, dict) else None
    for edit in edits if isinstance(edits, list) else ():
        for name, number in edit.items() if isinstance(edit, dict) else ():
            if isinstance(number, int) and not isinstance(number, bool):
                key = f"{edit.get('type')}.{name}"[:_NAME]
                found[key] = found.get(key, 0) + number
    return found


def _iterated(usage: object) -> bool:
    iterations = usage.get("iterations") if isinstance(usage, dict) else None
    listed = iterations if isinstance(iterations, list) else []
    return any(isinstance(one, dict) and one.get("type") == "compaction" for one in listed)


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
        markers=found_markers(content, answer),
        places=places(answer.get("id")),
        compactions=tuple(raw for block, raw in zip(content, raws, strict=True) if is_compaction(block)),
        edits=applied_edits(answer.get("context_management")),
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
