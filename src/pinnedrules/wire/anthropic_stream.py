"""Reads a streamed answer of the Messages API and finds the calls in it.

Named events whose data repeats the name as ``type`` (https://platform.claude.com/docs/en/build-with-claude/streaming).
Blocks come one after the other, with indices that grow by one; a call is complete at its ``content_block_stop``.
anthropic-sdk-python skips an event by its name and reads the others by their ``type``: 2.12 skips what has no name or an
empty one, 0.75 whatever has none of the names that it knows. So a part of a message must carry its type as its name, or
it would be read here and not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.anthropic_answer import (
    MessagesAnswer,
    Shown,
    applied_edits,
    found_markers,
    is_compaction,
    message_bytes,
    places,
    was_cut,
)
from pinnedrules.wire.anthropic_blocks import block_call, is_call, is_server_run, refuse_repeated_ids, visible_text
from pinnedrules.wire.base import Frame, Key
from pinnedrules.wire.hidden import may_hide_call, refuse_hidden_calls
from pinnedrules.wire.json_text import Object, as_object, dig, dumps, loads, loads_unique, quote
from pinnedrules.wire.sse import Event

__all__ = ["BlockReader", "MessageFrame"]

Kind = Literal["start", "block", "delta", "stop", "end", "last", "other"]

_NO_EVENT = Event(b"", None)
_KINDS: dict[str, Kind] = {
    "message_start": "start",
    "content_block_start": "block",
    "content_block_delta": "delta",
    "content_block_stop": "stop",
    "message_delta": "end",
    "message_stop": "last",
}
_SAID = ("context_management", "diagnostics", "input_transformations")
# Delta type -> the member it grows, and the block's member that takes it. All but these make a block unrepeatable.
_GROWING = {"text_delta": ("text", "text"), "thinking_delta": ("thinking", "thinking")}


@dataclass(frozen=True, slots=True)
class MessageFrame(Frame):
    """A frame with what is needed to write it anew: its event, what it is, and the block it belongs to."""

    event: Event = _NO_EVENT
    kind: Kind = "other"
    index: int = -1


@dataclass(slots=True)
class _Block:
    raw: bytes
    value: dict[str, object]
    call: bool
    complete: bool = False
    faithful: bool = True  # whether its parts are all understood, so that it can be sent back
    input: list[str] = field(default_factory=list)
    grown: dict[str, list[str]] = field(default_factory=dict)
    set: dict[str, object] = field(default_factory=dict)
    citations: list[object] = field(default_factory=list)

    @property
    def seen(self) -> dict[str, object]:
        """The block as far as it has come; one of a compaction that is not understood counts as one."""
        return {**self.value, **self.set, **({} if self.faithful else {"encrypted_content": "?"})}

    @property
    def compacts(self) -> bool:
        """Whether it is the outcome of a compaction."""
        return self.complete and is_compaction(self.seen)

    def call_now(self) -> Call:
        """Return the call of this block as far as it has come."""
        return block_call(self.value, self.arguments())

    def arguments(self) -> str:
        """Return the input as JSON text: the pieces, or what the start of the block had."""
        return "".join(self.input) or dig(self.raw, ("input",)).decode()

    def whole(self) -> bytes | None:
        """Return the whole block for the next request, or None when it cannot be rebuilt."""
        changes: dict[str, bytes | None] = {key: dumps(value) for key, value in self.set.items()}
        for key, pieces in self.grown.items():
            changes[key] = quote(str(self.value.get(key) or "") + "".join(pieces))
        if self.citations:
            changes["citations"] = dumps(self.citations)
        if "".join(self.input):
            try:
                as_object("".join(self.input).encode())
            except (Unreadable, UnicodeEncodeError):
                return None
            changes["input"] = "".join(self.input).encode()
        return Object(self.raw).edit(changes) if self.faithful and self.complete else None


class BlockReader:
    """Reads event after event of one answer; knows nothing of what becomes of its calls."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []
        self.start: Mapping[str, object] = {}
        self.usage: dict[str, object] = {}
        self.failed = False  # whether the provider ended the answer with an error
        self.lost: tuple[Key, ...] = ()  # the call that the error cut
        self._open: _Block | None = None
        self._started = False
        self._ended = False
        self._stopped = False
        self._finish = ""
        self._said: dict[str, object] = {}  # members of the message that stand beside its content

    def read(self, event: Event) -> list[MessageFrame]:
        """Read one event; after an error of the provider, none. Raises Unreadable."""
        if self.failed:
            return []
        return [self._failure(event) if event.name == "error" else self._read(event)]

    def _failure(self, event: Event) -> MessageFrame:
        """The SDK raises an event of this name as a status error, whatever its data is, and reads nothing after it."""
        data = loads_unique(event.data) if event.data and event.data.strip() else {}
        if not isinstance(data, dict) or data.get("type", "error") != "error":
            raise Unreadable("an event whose name and type differ")
        refuse_hidden_calls(data)
        self.failed = True
        if self._open is not None and self._open.call:
            self.lost = ((len(self.blocks) - 1,),)
        return MessageFrame(event.raw, event=event)

    def _read(self, event: Event) -> MessageFrame:
        if event.data is None or event.data.strip() in (b"", b"[DONE]"):
            # Some compatible servers end like Chat Completions; no SDK of this dialect reads that line.
            return MessageFrame(event.raw, ending=bool(event.data), event=event)
        in_call = self._open is not None and self._open.call
        searched = in_call or may_hide_call(event.data)
        data = loads_unique(event.data) if searched else loads(event.data)
        if not isinstance(data, dict) or not isinstance(data.get("type"), str):
            raise Unreadable("an event without a type")
        kind = _KINDS.get(data["type"], "other")
        if event.name != data["type"] and (event.name or kind != "other"):
            raise Unreadable("an event whose name and type differ")
        if kind != "other" and self._stopped:
            raise Unreadable("an event after the end of the message")
        if kind in ("block", "delta", "stop"):
            return self._content(event, kind, data)
        refuse_hidden_calls(data)
        said: object = data
        if kind == "start":
            self._begin(data)
            said = data.get("message")
        elif kind != "other":
            self._end(kind, data)
        compacts = kind != "other" and isinstance(said, dict) and bool(found_markers((), said))
        return MessageFrame(event.raw, ending=kind in ("end", "last"), event=event, kind=kind, compacts=compacts)

    def close(self) -> None:
        """Say that the stream is at its end. Raises Unreadable when a call is still open."""
        if not self.failed and self._open is not None and self._open.call:
            raise Unreadable("a stream that ends in the middle of a tool call")

    def answer(self, shown: Shown) -> MessagesAnswer:
        """Return what was read as a whole."""
        raws = [block.whole() for block in self.blocks]
        whole = [raw for raw in raws if raw is not None]
        texts = [loads(raw) for raw in whole]
        compactions = [raw for block, raw in zip(self.blocks, raws, strict=True) if raw is not None and block.compacts]
        intact = len(whole) == len(raws) and self._ended and not self.failed
        return MessagesAnswer(
            calls={
                (index,): block.call_now() for index, block in enumerate(self.blocks) if block.call and block.complete
            },
            message=message_bytes(whole) if intact else None,
            text=visible_text(texts),
            finish="error" if self.failed else self._finish,
            cut=self.failed or was_cut(self._finish),
            usage=self.usage,
            markers=found_markers([block.seen for block in self.blocks], {**self._said, "usage": self.usage}),
            places=places(self.start.get("id")),
            compactions=tuple(compactions),
            edits=applied_edits(self._said.get("context_management")),
            shown=shown,
        )

    def _begin(self, data: Mapping[str, object]) -> None:
        message = data.get("message")
        if self._started or not isinstance(message, dict) or message.get("content"):
            raise Unreadable("a message that does not begin empty, once")
        self._started = True
        self.start = message
        self._take(message)
        self._add_usage(message.get("usage"))

    def _end(self, kind: Kind, data: Mapping[str, object]) -> None:
        if self._open is not None or not self._started:
            raise Unreadable("a message that ends inside a block")
        self._ended = True
        self._stopped = kind == "last"
        delta = data.get("delta")
        if isinstance(delta, dict) and delta.get("stop_reason"):
            self._finish = str(delta["stop_reason"])
        self._take(data)
        self._add_usage(data.get("usage"))

    def _take(self, data: Mapping[str, object]) -> None:
        self._said.update({name: value for name in _SAID if (value := data.get(name))})

    def _add_usage(self, usage: object) -> None:
        """Counts are running totals: a later one replaces an earlier one."""
        if isinstance(usage, dict):
            self.usage.update({key: value for key, value in usage.items() if value is not None})

    def _content(self, event: Event, kind: Kind, data: Mapping[str, object]) -> MessageFrame:
        index = data.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            raise Unreadable("a content block without an index")
        if kind == "block":
            self._open_block(event, index, data.get("content_block"))
        block = self._open
        if block is None or index != len(self.blocks) - 1:
            raise Unreadable("a part of a content block that is not open")
        key: Key = (index,)
        done: tuple[tuple[Key, Call], ...] = ()
        if kind == "delta":
            _grow(block, data.get("delta"))
        elif kind == "stop":
            block.complete = True
            self._open = None
            if block.call:
                done = ((key, block.call_now()),)
                refuse_repeated_ids([other.call_now() for other in self.blocks if other.call])
        refuse_hidden_calls([value for name, value in data.items() if name not in ("delta", "content_block")])
        keys = frozenset({key}) if block.call else frozenset[Key]()
        compacts = kind == "stop" and block.compacts
        return MessageFrame(event.raw, keys=keys, done=done, event=event, kind=kind, index=index, compacts=compacts)

    def _open_block(self, event: Event, index: int, value: object) -> None:
        if not self._started or self._ended or self._open is not None or index != len(self.blocks):
            raise Unreadable("content blocks that do not come one after the other")
        call = is_call(value)
        assert isinstance(value, dict)
        raw = dig(event.data or b"{}", ("content_block",))
        if call and not isinstance(value.setdefault("input", {}), dict):
            raise Unreadable("a tool call whose input is not an object")
        if call and Object(raw).get("input") is None:
            raw = Object(raw).edit({"input": b"{}"})
        self._open = _Block(raw, value, call)
        self.blocks.append(self._open)


def _grow(block: _Block, delta: object) -> None:
    """Take in one delta. Raises Unreadable when it does not fit the block."""
    kind = delta.get("type") if isinstance(delta, dict) else None
    if not isinstance(delta, dict) or not isinstance(kind, str):
        raise Unreadable("a delta without a type")
    if kind == "input_json_delta":
        _grow_input(block, delta.get("partial_json"))
        return
    if block.call:
        raise Unreadable("a part of a tool call that is none of its input")
    refuse_hidden_calls(delta)
    if kind in _GROWING:
        key, member = _GROWING[kind]
        piece = delta.get(key)
        block.grown.setdefault(member, []).append(piece if isinstance(piece, str) else "")
    elif kind == "signature_delta":
        block.set["signature"] = delta.get("signature")
    elif kind == "citations_delta":
        block.citations.append(delta.get("citation"))
    elif kind == "compaction_delta":
        block.set.update({key: value for key, value in delta.items() if key != "type"})
    else:
        block.faithful = False


def _grow_input(block: _Block, piece: object) -> None:
    if not isinstance(piece, str):
        raise Unreadable("a piece of input that is not text")
    if not block.call and not is_server_run(block.value.get("type")):
        raise Unreadable("input for a block that is not a tool call")
    if block.call and piece and block.value.get("input"):
        raise Unreadable("input given twice for one tool call")
    block.input.append(piece)
