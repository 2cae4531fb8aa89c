"""Reads a streamed answer of the Responses API and finds the calls in it.

Named events whose data repeats the name as ``type`` (``types/responses/response_stream_event.py`` of openai-python 3.54,
https://platform.openai.com/docs/api-reference/responses-streaming). SDKs go by the ``type``, other programs by the name,
so an event that has both must have the same twice.

An item is shown by ``response.output_item.added``, grows by events that name its ``output_index``, and is complete at
``response.output_item.done``: there openai-python's eager runner runs a call. The last event repeats the whole output;
a call that stands only there, as in a stream that is resumed after it, is a call of that event. A stream may be resumed
anywhere (``GET /responses/ID?stream=true&starting_after=N``), so parts may come of items whose beginning was not seen.

Events of unknown types pass if they carry no item and nothing that looks like a call, and do not belong to a call:
compatible servers send some of their own (keep-alives, rate limits).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pinnedrules.errors import Unreadable
from pinnedrules.wire.base import Frame, Key
from pinnedrules.wire.hidden import may_hide_call, refuse_hidden_calls
from pinnedrules.wire.json_text import array, dig, items, loads, loads_unique
from pinnedrules.wire.openai_responses_answer import (
    ResponsesAnswer,
    Shown,
    compactions,
    found_markers,
    kept_at,
    refuse_beside_output,
    visible_text,
    was_cut,
)
from pinnedrules.wire.openai_responses_output import Item, Output
from pinnedrules.wire.openai_responses_parts import PARTS
from pinnedrules.wire.sse import Event

__all__ = ["EventReader", "ResponsesFrame"]

Kind = Literal["item", "whole", "part", "begin", "end", "other"]

_NO_EVENT = Event(b"", None)
_BEGIN = frozenset({"response.created", "response.in_progress", "response.queued"})
_STOPPED = frozenset({"response.cancelled", "response.failed", "response.incomplete"})
_END = _STOPPED | {"response.completed", "response.done"}
# Events of what the provider runs itself, which have "_call" in their names too.
_PROVIDER_RUN = (
    "response.code_interpreter_call",
    "response.file_search_call",
    "response.image_generation_call",
    "response.mcp_call",
    "response.shell_call_output_content.",
    "response.web_search_call",
)
_COMPACTING = "response.compaction.compacting"
_ITEMS = 1 << 16  # of one answer


@dataclass(frozen=True, slots=True)
class ResponsesFrame(Frame):
    """A frame with what is needed to write it anew.

    ``index`` is the output index of its event and ``number`` its sequence number, if it has them. ``slots`` are, of an
    event that repeats the output, the indices of the items in their order (-1 for one that holds no call). ``first`` says
    that a part is the first of its call that carries text.
    """

    event: Event = _NO_EVENT
    kind: Kind = "other"
    index: int = -1
    number: int | None = None
    slots: tuple[int, ...] = ()
    first: bool = False


class EventReader:
    """Reads event after event of one answer; knows nothing of what becomes of its calls."""

    def __init__(self) -> None:
        self.output = Output()
        self.response: Mapping[str, object] = {}  # as the last event gave it, without its output
        self.failed = False  # whether the provider ended the answer with an error
        self._begun = False
        self._ended = False
        self._over = False
        self._repeated = False

    @property
    def items(self) -> Mapping[int, Item]:
        """The output items by their index."""
        return self.output.items

    def read(self, event: Event) -> list[ResponsesFrame]:
        """Read one event; after an error of the provider only how the answer ended. Raises Unreadable."""
        if event.data is None or not event.data.strip():
            return [ResponsesFrame(event.raw, event=event)]
        if event.data.strip() == b"[DONE]":
            # Some compatible servers end like Chat Completions; SDKs read nothing after that line.
            self._over = True
            return [ResponsesFrame(event.raw, ending=True, event=event)]
        if self._over:
            raise Unreadable("data after the end of the stream")
        searched = may_hide_call(event.data)
        data = loads_unique(event.data) if searched else loads(event.data)
        if not isinstance(data, dict):
            raise Unreadable("an event that is not a JSON object")
        kind = data.get("type")
        if self.failed and kind not in _STOPPED:
            return []
        frame = self._failure(data) if data.get("error") or kind == "error" else self._read(event, data, searched)
        number = data.get("sequence_number")
        numbered = isinstance(number, int) and not isinstance(number, bool)
        return [replace(frame, raw=event.raw, event=event, number=number if numbered else None)]

    def close(self) -> None:
        """Say that the stream is at its end. Raises Unreadable when a call is still open."""
        if not self.failed and self.output.open:
            raise Unreadable("a stream that ends in the middle of a tool call")

    def answer(self, shown: Shown) -> ResponsesAnswer:
        """Return what was read as a whole."""
        ordered = [self.items[index] for index in sorted(self.items)]
        # A stream that was resumed may lack items, unless its end repeats them.
        intact = self._ended and not self.failed and self.output.faithful and (self._begun or self._repeated)
        values = [loads(item.whole) for item in ordered if item.whole]
        response, usage = self.response, self.response.get("usage")
        status, identifier = response.get("status"), response.get("id")
        return ResponsesAnswer(
            calls={(index,): item.told for index, item in sorted(self.items.items()) if item.told is not None},
            message=array(item.whole for item in ordered) if intact and all(item.whole for item in ordered) else None,
            text=visible_text(values),
            finish="error" if self.failed else status if isinstance(status, str) else "",
            cut=self.failed or not self._ended or was_cut(status),
            usage=usage if isinstance(usage, dict) else {},
            markers=found_markers(response, [*values, *(item.added for item in ordered if item.added)]),
            places=kept_at(response),
            compactions=compactions(item.whole for item in ordered if item.whole),
            id=identifier if isinstance(identifier, str) else "",
            began_as=shown.began_as,
            shown=shown,
        )

    def _failure(self, data: Mapping[str, object]) -> ResponsesFrame:
        """openai-python raises data with an ``error`` and reads nothing after it; an ``error`` event it hands on.

        The service sends both, and then ``response.failed``, which other programs wait for.
        """
        refuse_hidden_calls(data)
        if _stem(data.get("type")) in (*PARTS, "response.output_item"):
            raise Unreadable("an event that is an error and a part of an answer")
        self.failed = True
        self.output.lose()
        return ResponsesFrame(b"")

    def _read(self, event: Event, data: dict[str, object], searched: bool) -> ResponsesFrame:
        kind = data.get("type")
        if not isinstance(kind, str):
            raise Unreadable("an event without a type")
        if event.name not in ("", kind) or kind.startswith("thread."):
            # An event named thread.* openai-python wraps into an object of another API.
            raise Unreadable("an event whose name and type differ")
        stem, _, step = kind.rpartition(".")
        shows = stem == "response.output_item" or stem in PARTS or kind in _BEGIN or kind in _END
        if shows and self._ended:
            raise Unreadable("an event after the end of the answer")
        if kind in ("response.output_item.added", "response.output_item.done"):
            return self._item(event.data or b"", data, step)
        if stem in PARTS:
            return self._part(data, stem, step)
        if isinstance(data.get("response"), dict):
            return self._snapshot(event.data or b"", data, kind)
        if shows:
            raise Unreadable("an event of a response without the response")
        return self._other(data, kind, searched)

    def _item(self, source: bytes, data: dict[str, object], step: str) -> ResponsesFrame:
        value = data.pop("item", None)
        refuse_hidden_calls(data)
        if value is None and step == "added":
            return ResponsesFrame(b"", index=_index(data))  # openai-python skips it
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(kind, str):
            raise Unreadable("an output item without a type")
        index, raw = _index(data), dig(source, ("item",))
        key: Key = (index,)
        if step == "added":
            keys = frozenset({key}) if self.output.begin(index, value, raw) else frozenset[Key]()
            return ResponsesFrame(b"", keys=keys, kind="item", index=index, compacts=kind == "compaction")
        was_call = index in self.items and self.items[index].call
        done = self.output.finish(index, value, raw)
        keys = frozenset({key}) if was_call or done else frozenset()
        return ResponsesFrame(b"", keys=keys, done=done, kind="whole", index=index, compacts=kind == "compaction")

    def _part(self, data: dict[str, object], stem: str, step: str) -> ResponsesFrame:
        index, (kind, member) = _index(data), PARTS[stem]
        if step not in ("added", "delta", "done"):
            raise Unreadable("a part of a tool call of an unknown kind")
        refuse_hidden_calls(list(data.values()))
        item = self.output.part(index, kind, data.get("item_id"))
        first = item.pieces.add(step, member, data)
        keys = frozenset({(index,)}) if item.call else frozenset()
        return ResponsesFrame(b"", keys=keys, kind="part", index=index, first=first)

    def _snapshot(self, source: bytes, data: dict[str, object], kind: str) -> ResponsesFrame:
        """Read an event that repeats the response, and what it has of the output."""
        response = data.pop("response")
        assert isinstance(response, dict)
        refuse_hidden_calls(data)
        refuse_beside_output(response)
        output = response.pop("output", None)
        if not isinstance(output, list | None):
            raise Unreadable("a response whose output is not a list")
        self._begun = self._begun or kind in _BEGIN
        self.response = {**self.response, **response}
        self.output.tools = self.response.get("tools")
        raws = items(dig(source, ("response", "output"))) if output else []
        found = [self.output.repeat(position, raw, failed=self.failed) for position, raw in enumerate(raws)]
        slots = tuple(slot for slot, _ in found)
        calls = [slot for slot in slots if slot >= 0]
        if len(calls) != len(set(calls)):
            raise Unreadable("a tool call that stands twice in one output")
        if kind in _END:
            self._end(kind, bool(raws))
        return ResponsesFrame(
            b"",
            keys=frozenset((slot,) for slot in calls) - self.output.lost,
            done=tuple(one for _, done in found for one in done),
            ending=kind in _END,
            kind="end" if kind in _END else "begin",
            slots=slots,
            compacts=bool(compactions(raws) or found_markers(response, ())),
        )

    def _end(self, kind: str, repeats: bool) -> None:
        self._ended, self._repeated = True, repeats
        if kind in _STOPPED:
            self.output.lose()
        elif self.output.open:
            raise Unreadable("an answer that is complete in the middle of a tool call")

    def _other(self, data: Mapping[str, object], kind: str, searched: bool) -> ResponsesFrame:
        if "item" in data or ("_call" in kind and not kind.startswith(_PROVIDER_RUN)):
            raise Unreadable("an event of an unknown type that could be a part of a tool call")
        if searched:
            refuse_hidden_calls(list(data.values()) if kind.startswith(_PROVIDER_RUN) else data)
        index = _index(data) if data.get("output_index") is not None else -1
        if index >= 0:
            self.output.speak(index, data.get("item_id"))
        return ResponsesFrame(b"", index=index, compacts=kind == _COMPACTING)


def _stem(kind: object) -> str:
    return kind.rpartition(".")[0] if isinstance(kind, str) else ""


def _index(data: Mapping[str, object]) -> int:
    index = data.get("output_index")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < _ITEMS:
        raise Unreadable("an event without an output index")
    return index
