"""Writes the frames of a streamed Chat Completions answer once its calls are decided.

What the SDK's accumulator needs (``openai/lib/streaming/_deltas.py``): the role once, because it adds strings up;
the indices of ``tool_calls`` without a gap; one envelope. Chunks without choices are fine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.types import Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Answer, Frame, Key
from pinnedrules.wire.json_text import Object, array, dumps, items, loads, obj, quote
from pinnedrules.wire.openai_chat_answer import (
    ChatAnswer,
    around,
    ended,
    former_text,
    rewritten_body,
    rewritten_entry,
    text_of,
)
from pinnedrules.wire.openai_chat_calls import LEGACY
from pinnedrules.wire.openai_chat_stream import ChatFrame, ChunkReader, Part
from pinnedrules.wire.placeholder import SEPARATOR, attach
from pinnedrules.wire.sse import Event, Splitter
from pinnedrules.wire.sse import frame as new_frame
from pinnedrules.wire.usage import add_usage

__all__ = ["ChatStream"]

_SAME = ("id", "created", "model")  # members of a chunk that stay the same for one answer
_NOTHING = frozenset({b"null", b'""', b"[]"})


class ChatStream:
    """One streamed answer; see :class:`pinnedrules.wire.base.StreamReader`."""

    def __init__(self, before: Sequence[tuple[Answer, str]] = ()) -> None:
        self._splitter = Splitter()
        self._reader = ChunkReader()
        self._before = tuple(before)
        self._former = next((one.envelope for one, _ in before if isinstance(one, ChatAnswer)), {})
        self._fate: dict[Key, Outcome] = {}
        self._placed: set[int] = set()  # choices that show a text of ours
        self._role = bool(before)
        former = former_text(before)
        self._abrupt = bool(former) and not former[-1].isspace()  # until this answer shows its first text

    def feed(self, data: bytes) -> list[Frame]:
        """See :meth:`pinnedrules.wire.base.StreamReader.feed`."""
        return [] if self._reader.failed else self._read(self._splitter.feed(data))

    def end(self) -> list[Frame]:
        """See :meth:`pinnedrules.wire.base.StreamReader.end`."""
        if self._reader.failed:
            return []
        frames = self._read(self._splitter.end())
        self._reader.close()
        return frames

    def answer(self) -> ChatAnswer:
        """See :meth:`pinnedrules.wire.base.StreamReader.answer`."""
        return self._reader.answer()

    def render(self, frame: Frame, outcomes: Mapping[Key, Outcome]) -> bytes:
        """See :meth:`pinnedrules.wire.base.StreamReader.render`.

        Frames are rendered in their order; after the first call that is not released, every frame is.
        """
        assert isinstance(frame, ChatFrame)
        self._fate.update(outcomes)
        self._fate.update(dict.fromkeys(self._reader.lost, Replace("")))
        data = (frame.event.data or b"").strip()
        if data in (b"", b"[DONE]") or not (self._before or self._touched(frame)):
            return frame.raw
        return self._edited(frame, Object(data))

    def close(self, text: str) -> bytes:
        """Return a frame that shows *text*, in the envelope of this answer."""
        spoken = 0 in self._reader.spoken or 0 in self._placed
        delta = [] if self._role else [("role", b'"assistant"')]
        delta.append(("content", quote(self._gap(text, spoken) + text)))
        choice = obj([("index", b"0"), ("delta", obj(delta)), ("logprobs", b"null"), ("finish_reason", b"null")])
        envelope = {**self._reader.envelope, **{key: self._former[key] for key in _SAME if key in self._former}}
        envelope.setdefault("object", b'"chat.completion.chunk"')
        self._role = True
        self._placed.add(0)
        return new_frame(obj([*envelope.items(), ("choices", array([choice]))]))

    def _read(self, events: Sequence[Event]) -> list[Frame]:
        frames = [frame for event in events for frame in self._reader.read(event)]
        self._role = self._role or any(frame.role and not frame.ending for frame in frames)
        return list(frames)

    def _gap(self, text: str, spoken: bool) -> str:
        """Return what sets *text* off from what was shown before it."""
        apart = bool(text) and not text[0].isspace() and (spoken or self._abrupt)
        if text:
            self._abrupt = False
        return SEPARATOR if apart else ""

    def _touched(self, frame: ChatFrame) -> bool:
        if any(not isinstance(self._fate[part.key], Release) or self._shift(part.key) for part in frame.parts):
            return True
        finished = frame.ending or frame.shows == "content"
        return finished and any(self._all_replaced(choice) for choice in frame.choices)

    def _shift(self, key: Key) -> int:
        """Return how many calls before this one are not shown."""
        return sum(
            1
            for other, outcome in self._fate.items()
            if other[0] == key[0] and LEGACY < other[1] < key[1] and isinstance(outcome, Replace)
        )

    def _all_replaced(self, choice: int) -> bool:
        mine = [outcome for key, outcome in self._fate.items() if key[0] == choice]
        return bool(mine) and all(isinstance(outcome, Replace) for outcome in mine)

    def _edited(self, frame: ChatFrame, chunk: Object) -> bytes:
        changes: dict[str, bytes | None] = {}
        if self._before:
            changes = {key: self._former[key] for key in _SAME if key in self._former and chunk.get(key)}
        usage = chunk.value("usage")
        if usage is not None and frame.shows == "content":
            changes["usage"] = b"null"
        elif isinstance(usage, dict) and self._before:
            changes["usage"] = dumps(add_usage(*(one.usage for one, _ in self._before), usage))
        if frame.choices:
            write = self._finish if frame.shows == "finish" else self._choice
            raws = items(chunk.get("choices") or b"[]")
            kept = [raw for raw in (write(frame, *place) for place in enumerate(raws)) if raw]
            if not kept and (usage is None or frame.shows == "content"):
                return b""
            changes["choices"] = array(kept)
        return frame.event.with_data(chunk.edit(changes))

    def _finish(self, frame: ChatFrame, position: int, raw: bytes) -> bytes:
        """Return of a choice only how it ended, or nothing when it goes on."""
        choice = Object(raw)
        if not choice.value("finish_reason"):
            return b""
        changes = ended(choice) if self._all_replaced(frame.choices[position]) else {}
        return choice.edit({**changes, "delta": b"{}", "logprobs": b"null" if choice.get("logprobs") else None})

    def _choice(self, frame: ChatFrame, position: int, raw: bytes) -> bytes:
        """Return one choice for the caller, or nothing when all it carried is gone."""
        index = frame.choices[position]
        parts = [part for part in frame.parts if part.choice == position]
        choice = Object(raw)
        changes: dict[str, bytes | None] = {}
        if frame.shows == "content" and choice.get("finish_reason"):
            changes["finish_reason"] = b"null"
        elif choice.value("finish_reason") and self._all_replaced(index):
            changes.update(ended(choice))
        if choice.get("delta") in (None, b"null"):
            return choice.edit(changes)
        delta = Object(choice.get("delta") or b"{}")
        edits = self._calls(delta, parts)
        edits.update(self._content(delta, index, self._texts(parts), index in frame.spoken))
        if self._before and delta.get("role"):
            edits["role"] = None
        written = delta.edit(edits)
        edited = Object(written)
        empty = all(edited.get(key) in _NOTHING for key in edited.names)
        if empty and edits and (frame.shows == "content" or not choice.value("finish_reason")):
            return b""
        if parts and choice.get("logprobs"):
            changes["logprobs"] = b"null"
        return choice.edit({**changes, "delta": written})

    def _texts(self, parts: Sequence[Part]) -> str:
        """Return what stands in place of the calls that begin here and are not shown."""
        text = ""
        for part in parts:
            fate = self._fate[part.key]
            if part.first and isinstance(fate, Replace):
                text = attach(text, fate.text)
        return text

    def _content(self, delta: Object, index: int, placed: str, spoken: bool) -> dict[str, bytes | None]:
        """Return the changed content: set off from a former answer, and with *placed* after it."""
        raw = delta.get("content") or b"null"
        text = text_of(loads(raw))
        ahead = self._gap(text, False) if index == 0 else ""
        after = self._gap(placed, spoken or index in self._placed) + placed
        if placed:
            self._placed.add(index)
        return {"content": around(raw, ahead, after)} if ahead or after else {}

    def _calls(self, delta: Object, parts: Sequence[Part]) -> dict[str, bytes | None]:
        changes: dict[str, bytes | None] = {}
        raw = delta.get("tool_calls")
        entries = items(raw) if raw is not None and raw != b"null" else []
        kept = []
        for part in parts:
            fate = self._fate[part.key]
            if part.slot == LEGACY:
                changes["function_call"] = self._legacy(delta.get("function_call") or b"{}", part, fate)
            elif isinstance(fate, Rewrite) and part.first:
                kept.append(
                    self._renumbered(rewritten_entry(entries[part.slot], fate, self._reader.name_of(part.key)), part)
                )
            elif isinstance(fate, Release):
                kept.append(self._renumbered(entries[part.slot], part))
        if any(part.slot != LEGACY for part in parts):
            changes["tool_calls"] = array(kept) if kept else None
        return changes

    def _legacy(self, raw: bytes, part: Part, fate: Outcome) -> bytes | None:
        if isinstance(fate, Release):
            return raw
        if isinstance(fate, Replace) or not part.first:
            return None
        return rewritten_body(raw, "arguments", fate, self._reader.name_of(part.key))

    def _renumbered(self, entry: bytes, part: Part) -> bytes:
        shift = self._shift(part.key)
        if not shift or Object(entry).get("index") in (None, b"null"):
            return entry
        return Object(entry).edit({"index": str(part.key[1] - shift).encode()})
