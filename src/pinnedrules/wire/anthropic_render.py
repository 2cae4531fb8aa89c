"""Writes the frames of a streamed Messages answer once its calls are decided.

What the SDK's accumulator needs (``anthropic/lib/streaming/_messages.py``): one ``message_start``, block indices that
grow by one from 0, running totals in ``message_delta``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.types import Outcome, Release, Replace, Rewrite
from pinnedrules.wire.anthropic_answer import MessagesAnswer, ended
from pinnedrules.wire.anthropic_blocks import rewritten_block, text_block
from pinnedrules.wire.anthropic_stream import BlockReader, MessageFrame
from pinnedrules.wire.base import Answer, Frame, Key
from pinnedrules.wire.json_text import Object, dumps, obj, quote
from pinnedrules.wire.sse import SSE, Framing
from pinnedrules.wire.usage import add_usage

__all__ = ["MessagesStream"]


class MessagesStream:
    """One streamed answer; see :class:`pinnedrules.wire.base.StreamReader`."""

    def __init__(self, before: Sequence[tuple[Answer, str]] = (), framing: Framing = SSE) -> None:
        self._splitter = framing.splitter()
        self._framing = framing
        self._reader = BlockReader()
        self._before = tuple(before)
        former = before[-1][0] if before else None
        shown = former.shown if isinstance(former, MessagesAnswer) else None
        self._offset = shown.next_index if shown is not None else 0
        self._fate: dict[Key, Outcome] = {}
        self._closed = 0  # blocks of our own after the answer's

    @property
    def next_index(self) -> int:
        """The index of the next content block in the caller's stream."""
        return self._shown_as(len(self._reader.blocks)) + self._closed

    def feed(self, data: bytes) -> list[Frame]:
        """See :meth:`pinnedrules.wire.base.StreamReader.feed`."""
        events = [] if self._reader.failed else self._splitter.feed(data)
        return [frame for event in events for frame in self._reader.read(event)]

    def end(self) -> list[Frame]:
        """See :meth:`pinnedrules.wire.base.StreamReader.end`."""
        events = [] if self._reader.failed else self._splitter.end()
        frames: list[Frame] = [frame for event in events for frame in self._reader.read(event)]
        self._reader.close()
        return frames

    def answer(self) -> MessagesAnswer:
        """See :meth:`pinnedrules.wire.base.StreamReader.answer`."""
        return self._reader.answer(self)

    def render(self, frame: Frame, outcomes: Mapping[Key, Outcome]) -> bytes:
        """See :meth:`pinnedrules.wire.base.StreamReader.render`.

        Frames are rendered in their order; after the first call that is not released, every frame is.
        """
        assert isinstance(frame, MessageFrame)
        self._fate.update(outcomes)
        self._fate.update(dict.fromkeys(self._reader.lost, Replace("")))
        if frame.index >= 0:
            return self._block(frame)
        if frame.kind == "start" and self._before:
            return b""
        if frame.kind == "end":
            return self._end(frame)
        return frame.raw

    def close(self, text: str) -> bytes:
        """Return frames that show *text* as a text block of its own."""
        if not text:
            return b""
        index = self.next_index
        self._closed += 1
        return self._text(index, text)

    def _shown_as(self, index: int) -> int:
        """Return the caller's index for a block: blocks that vanished leave no gap."""
        gone = [
            key
            for key, outcome in self._fate.items()
            if key[0] < index and isinstance(outcome, Replace) and not outcome.text
        ]
        return self._offset + index - len(gone)

    def _block(self, frame: MessageFrame) -> bytes:
        index = self._shown_as(frame.index)
        fate = self._fate[(frame.index,)] if frame.keys else Release()
        if isinstance(fate, Release):
            return frame.raw if index == frame.index else _renumbered(frame, index)
        if isinstance(fate, Replace):
            return self._text(index, fate.text) if fate.text and frame.kind == "block" else b""
        if frame.kind == "block":
            return self._rewritten(frame, index, fate)
        return b"" if frame.kind == "delta" else _renumbered(frame, index)

    def _end(self, frame: MessageFrame) -> bytes:
        data = Object(frame.event.data or b"{}")
        changes: dict[str, bytes | None] = {}
        delta = data.get("delta")
        calls = [(index,) for index, block in enumerate(self._reader.blocks) if block.call]
        if delta is not None and calls and all(isinstance(self._fate[key], Replace) for key in calls):
            edit = ended(Object(delta))
            if edit:
                changes["delta"] = Object(delta).edit(edit)
        if self._before:
            changes["usage"] = dumps(add_usage(*(one.usage for one, _ in self._before), self._reader.usage))
        return frame.event.with_data(data.edit(changes)) if changes else frame.raw

    def _rewritten(self, frame: MessageFrame, index: int, fate: Rewrite) -> bytes:
        data = Object(frame.event.data or b"{}")
        block = rewritten_block(data.get("content_block") or b"{}", fate, b"{}")
        start = frame.event.with_data(data.edit({"index": str(index).encode(), "content_block": block}))
        return start + self._delta(index, "input_json_delta", "partial_json", fate.arguments)

    def _text(self, index: int, text: str) -> bytes:
        number = str(index).encode()
        start = [("type", b'"content_block_start"'), ("index", number), ("content_block", text_block(""))]
        stop = [("type", b'"content_block_stop"'), ("index", number)]
        return (
            self._framing.frame(obj(start), "content_block_start")
            + self._delta(index, "text_delta", "text", text)
            + self._framing.frame(obj(stop), "content_block_stop")
        )

    def _delta(self, index: int, kind: str, member: str, text: str) -> bytes:
        delta = obj([("type", quote(kind)), (member, quote(text))])
        data = obj([("type", b'"content_block_delta"'), ("index", str(index).encode()), ("delta", delta)])
        return self._framing.frame(data, "content_block_delta")


def _renumbered(frame: MessageFrame, index: int) -> bytes:
    return frame.event.with_data(Object(frame.event.data or b"{}").edit({"index": str(index).encode()}))
