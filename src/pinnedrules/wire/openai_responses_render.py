"""Writes the events of a streamed Responses answer once its calls are decided.

What the SDK's accumulator needs (``openai/lib/streaming/responses/_responses.py``): one response id, output indices that
are not used twice, the same item when it begins, when it is done and in the last event; its eager tool runner also needs
the last event to repeat exactly the items that were done. So an item of ours comes with all its events, and after the
first item that vanishes or is put in, every later event is numbered anew.

An answer that continues a former one in the same stream keeps the id that the stream began with (see
:class:`~pinnedrules.wire.openai_responses_answer.ResponsesAnswer`), and its last event repeats the items of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.types import Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Answer, Frame, Key
from pinnedrules.wire.json_text import Object, array, dumps, items, loads, quote
from pinnedrules.wire.openai_responses_answer import (
    ResponsesAnswer,
    message_item,
    summed_usage,
    written_item,
)
from pinnedrules.wire.openai_responses_items import rewritten_item
from pinnedrules.wire.openai_responses_output import Item
from pinnedrules.wire.openai_responses_parts import PARTS
from pinnedrules.wire.openai_responses_stream import EventReader, ResponsesFrame
from pinnedrules.wire.sse import SSE, Framing

__all__ = ["ResponsesStream"]


class ResponsesStream:
    """One streamed answer; see :class:`pinnedrules.wire.base.StreamReader`."""

    def __init__(self, before: Sequence[tuple[Answer, str]] = (), framing: Framing = SSE) -> None:
        self._splitter, self._new_frame = framing.splitter(), framing.frame
        self._reader = EventReader()
        self._before = tuple(before)
        former = before[-1][0] if before else None
        self._former = former.shown if isinstance(former, ResponsesAnswer) else None
        self._fate: dict[Key, Outcome] = {}
        self._placed: set[int] = set()  # items that are shown as a message of ours
        self._closed: list[bytes] = []  # messages of ours after the answer's items
        self._next = self._former.next_number if self._former else 0
        self._shift: int | None = None if self._former else 0  # from the provider's sequence numbers to the caller's

    @property
    def next_index(self) -> int:
        """The index of the next output item in the caller's stream."""
        return self._shown_as(self._reader.output.size) + len(self._closed)

    @property
    def next_number(self) -> int:
        """The sequence number of the next event in the caller's stream, if it does not end here."""
        return self._next

    @property
    def visible(self) -> tuple[bytes, ...]:
        """The output items that the caller's stream has shown, as JSON."""
        told = [(index, item.whole) for index, item in sorted(self._reader.items.items()) if item.whole]
        mine = [written_item(whole, self._fate_of(index)) for index, whole in told]
        return (*(self._former.visible if self._former else ()), *(item for item in mine if item), *self._closed)

    @property
    def began_as(self) -> str:
        """The id of the response that the caller's stream began with."""
        identifier = self._reader.response.get("id")
        own = identifier if isinstance(identifier, str) else ""
        return self._former.began_as if self._former else own

    def feed(self, data: bytes) -> list[Frame]:
        """See :meth:`pinnedrules.wire.base.StreamReader.feed`."""
        return [frame for event in self._splitter.feed(data) for frame in self._reader.read(event)]

    def end(self) -> list[Frame]:
        """See :meth:`pinnedrules.wire.base.StreamReader.end`."""
        if self._reader.failed:
            return []
        frames: list[Frame] = [frame for event in self._splitter.end() for frame in self._reader.read(event)]
        self._reader.close()
        return frames

    def answer(self) -> ResponsesAnswer:
        """See :meth:`pinnedrules.wire.base.StreamReader.answer`."""
        return self._reader.answer(self)

    def render(self, frame: Frame, outcomes: Mapping[Key, Outcome]) -> bytes:
        """See :meth:`pinnedrules.wire.base.StreamReader.render`.

        Frames are rendered in their order; after the first call that is not released, every frame is.
        """
        assert isinstance(frame, ResponsesFrame)
        self._fate.update(outcomes)
        self._fate.update(dict.fromkeys(self._reader.output.lost, Replace("")))
        data = (frame.event.data or b"").strip()
        if data in (b"", b"[DONE]"):
            return frame.raw
        if self._shift is None and frame.number is not None:
            self._shift = self._next - frame.number
        if frame.kind in ("begin", "end"):
            return self._response(frame)
        fate = Release() if frame.kind == "other" else self._fate_of(frame.index)
        if isinstance(fate, Replace):
            return self._replaced(frame, fate)
        if isinstance(fate, Rewrite):
            return self._rewritten(frame, fate)
        return self._passed(frame, {})

    def close(self, text: str) -> bytes:
        """Return events that show *text* as a message item of its own."""
        if not text:
            return b""
        index, item = self.next_index, message_item(text)
        self._closed.append(item)
        return self._message(index, item, text)

    def _shown_as(self, index: int) -> int:
        """Return the caller's index for an item: items that vanished leave no gap."""
        offset = self._former.next_index if self._former else 0
        gone = [key for key, fate in self._fate.items() if key[0] < index and fate == Replace("")]
        return offset + index - len(gone)

    def _fate_of(self, index: int) -> Outcome:
        """Return what becomes of an item. Raises KeyError for a call of which that was not said."""
        item = self._reader.items.get(index)
        return self._fate[(index,)] if item is not None and item.call else Release()

    def _passed(self, frame: ResponsesFrame, changes: dict[str, bytes | None]) -> bytes:
        """Return an event with these members changed, at its place in the caller's stream."""
        if frame.index >= 0 and (index := self._shown_as(frame.index)) != frame.index:
            changes["output_index"] = str(index).encode()
        if frame.number is not None:
            number = frame.number + (self._shift or 0)
            if number != frame.number:
                changes["sequence_number"] = str(number).encode()
            if not frame.ending:
                self._next = number + 1
        return frame.event.with_data(Object(frame.event.data or b"{}").edit(changes)) if changes else frame.raw

    def _dropped(self, frame: ResponsesFrame) -> bytes:
        if frame.number is not None:
            self._next = frame.number + (self._shift or 0)
            self._shift = (self._shift or 0) - 1
        return b""

    def _replaced(self, frame: ResponsesFrame, fate: Replace) -> bytes:
        """Return the message that stands for a call where the call began, and nothing of what it was."""
        self._dropped(frame)
        if not fate.text or frame.index in self._placed:
            return b""
        self._placed.add(frame.index)
        call = self._reader.items[frame.index].told
        return self._message(self._shown_as(frame.index), message_item(fate.text, call.id if call else ""), fate.text)

    def _rewritten(self, frame: ResponsesFrame, fate: Rewrite) -> bytes:
        item = self._reader.items[frame.index]
        data = Object(frame.event.data or b"{}")
        if frame.kind == "part":
            stem, _, step = str(data.value("type")).rpartition(".")
            if step == "delta" and not frame.first:
                return self._dropped(frame)
            changes: dict[str, bytes | None] = {"delta" if step == "delta" else PARTS[stem][1]: quote(fate.arguments)}
            if data.value("call_id") is not None:
                changes["call_id"] = quote(fate.id)
            if fate.name and data.value("name") is not None:
                changes["name"] = quote(fate.name)
            return self._passed(frame, changes)
        raw = data.get("item") or b"{}"
        if frame.kind == "whole":
            return self._passed(frame, {"item": written_item(raw, fate)})
        # Not complete yet, so it may lack what a call must have.
        text = fate.arguments if _told_at_once(item) else ""
        return self._passed(frame, {"item": rewritten_item(raw, fate.id, text, fate.name)})

    def _response(self, frame: ResponsesFrame) -> bytes:
        """Return an event that repeats the response, with the items that the caller sees."""
        if self._former and frame.kind == "begin":
            return self._dropped(frame)
        data = Object(frame.event.data or b"{}")
        response = Object(data.get("response") or b"{}")
        changes: dict[str, bytes | None] = {}
        output = response.get("output") or b"null"
        raws = items(output) if frame.slots else []
        written = [written_item(raw, self._fate_of(slot)) for slot, raw in zip(frame.slots, raws, strict=True)]
        if frame.kind == "end":
            # A server that repeats nothing of what it showed goes on to do so.
            silent = not raws and any(item.whole for item in self._reader.items.values())
            if not silent:
                former = self._former.visible if self._former else ()
                written = [*former, *written, *self._closed]
            changes.update(self._joined(response))
        if written != raws:
            changes["output"] = array(item for item in written if item)
        return self._passed(frame, {"response": response.edit(changes)} if changes else {})

    def _joined(self, response: Object) -> dict[str, bytes | None]:
        """Return what changes in the last event because other answers stand before this one."""
        changes: dict[str, bytes | None] = {}
        if self._former and self._former.began_as:
            changes["id"] = quote(self._former.began_as)
        usage = response.value("usage")
        if self._before and isinstance(usage, dict):
            changes["usage"] = summed_usage(self._before, usage)
        return changes

    def _message(self, index: int, item: bytes, text: str) -> bytes:
        """Return all events of a message item of ours."""
        whole = loads(item)
        assert isinstance(whole, dict)
        (part,) = whole["content"]
        where = {"item_id": whole["id"], "output_index": index, "content_index": 0}
        begun = {**whole, "status": "in_progress", "content": []}
        events: list[tuple[str, dict[str, object]]] = [
            ("response.output_item.added", {"output_index": index, "item": begun}),
            ("response.content_part.added", {**where, "part": {**part, "text": ""}}),
            ("response.output_text.delta", {**where, "delta": text, "logprobs": []}),
            ("response.output_text.done", {**where, "text": text, "logprobs": []}),
            ("response.content_part.done", {**where, "part": part}),
            ("response.output_item.done", {"output_index": index, "item": whole}),
        ]
        shown = b""
        for kind, members in events:
            shown += self._new_frame(dumps({"type": kind, "sequence_number": self._next, **members}), kind)
            self._next += 1
        self._shift = (self._shift or 0) + len(events)
        return shown


def _told_at_once(item: Item) -> bool:
    """Say whether a call came with its text where it began, and without events that repeat a part of it."""
    return not item.pieces.begun and bool(item.added and (item.added.get("arguments") or item.added.get("input")))
