"""Reads a streamed answer of Chat Completions and finds the calls in it.

Unnamed events with a ``chat.completion.chunk`` each, then ``[DONE]``
(https://platform.openai.com/docs/api-reference/chat/streaming). openai-python reads an event whatever it is called,
except for names that begin with ``thread.``, whose data it wraps into another object: those are refused.

A call is complete when the next call of its choice starts, when the choice has a finish reason, or when ``[DONE]``
arrives and its arguments are a whole JSON object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.base import Frame, Key
from pinnedrules.wire.hidden import may_hide_call, refuse_hidden_calls
from pinnedrules.wire.json_text import Object, loads, loads_unique
from pinnedrules.wire.openai_chat_answer import (
    CUT_FINISHES,
    ChatAnswer,
    choice_finish,
    choice_index,
    refuse_repeated_ids,
    refuse_repeated_index,
    text_of,
)
from pinnedrules.wire.openai_chat_calls import LEGACY, Fragment, Growing, read_entry, read_legacy
from pinnedrules.wire.openai_chat_choice import Choice
from pinnedrules.wire.openai_chat_deltas import grown
from pinnedrules.wire.sse import Event

__all__ = ["ChatFrame", "ChunkReader", "Part"]

_DONE = b"[DONE]"
_NO_EVENT = Event(b"", None)
_EMPTY: tuple[object, ...] = (None, "", [], {})
_ENVELOPE_LEFT_OUT = frozenset({"choices", "usage", "error", "obfuscation"})
_DELTA_READ = frozenset({"role", "content", "refusal", "tool_calls", "function_call"})


class Part(NamedTuple):
    """Where in a chunk a part of a call stands: place in ``choices``, place in ``tool_calls`` (or LEGACY)."""

    choice: int
    slot: int
    key: Key
    first: bool


@dataclass(frozen=True, slots=True)
class ChatFrame(Frame):
    """A frame with what is needed to write it anew.

    An event that carries content or calls and also says how the answer ended becomes two frames, because the end may
    have to wait, or never be shown: the first has the bytes and shows the content, the second has no bytes of its own.
    ``choices`` are the indices of its choices in order; ``spoken`` are the choices that have visible text up to and
    including this event.
    """

    event: Event = _NO_EVENT
    shows: Literal["all", "content", "finish"] = "all"
    parts: tuple[Part, ...] = ()
    choices: tuple[int, ...] = ()
    spoken: frozenset[int] = frozenset()
    role: bool = False


@dataclass(slots=True)
class _Reading:
    """What one frame turned out to carry."""

    parts: list[Part] = field(default_factory=list)
    done: list[tuple[Key, Call]] = field(default_factory=list)
    choices: list[int] = field(default_factory=list)
    carries: bool = False
    role: bool = False
    finished: bool = False


class ChunkReader:
    """Reads event after event of one answer; knows nothing of what becomes of its calls."""

    def __init__(self) -> None:
        self.envelope: dict[str, bytes] = {}
        self.spoken: frozenset[int] = frozenset()
        self._choices: dict[int, Choice] = {}
        self._unnumbered = False  # whether a choice came without an index
        self.failed = False  # whether the provider ended the answer with an error
        self.lost: tuple[Key, ...] = ()  # calls that the error cut
        self._usage: Mapping[str, object] = {}
        self._done = False

    def read(self, event: Event) -> list[ChatFrame]:
        """Read one event; after an error of the provider, none. Raises Unreadable."""
        if self.failed:
            return []
        if event.data is None or not event.data.strip():
            return [ChatFrame(event.raw, event=event)]
        if event.data.strip() == _DONE:
            return [self._end_mark(event)]
        if self._done:
            raise Unreadable("data after the end of the stream")
        if event.name.startswith("thread."):
            raise Unreadable("an event of another API")
        searched = may_hide_call(event.data)
        chunk = loads_unique(event.data) if searched else loads(event.data)
        if not isinstance(chunk, dict):
            raise Unreadable("an event that is not a JSON object")
        if chunk.get("error"):
            refuse_hidden_calls(chunk)
            return [self._failure(event)]
        reading = _Reading()
        choices = chunk.get("choices")
        if not isinstance(choices, list | None):
            raise Unreadable("a chunk whose choices are not a list")
        seen: set[int] = set()
        for position, choice in enumerate(choices or ()):
            self._choice(choice, position, event.data, reading)
            refuse_repeated_index(reading.choices[-1], seen)
        if searched:
            refuse_hidden_calls(chunk)
        return self._frames(event, chunk, reading)

    def name_of(self, key: Key) -> str:
        """Return the name of a call that was read."""
        return self._choices[key[0]].calls[key[1]].name

    def close(self) -> None:
        """Say that the stream is at its end. Raises Unreadable when a call is still open."""
        if not self.failed and any(choice.open for choice in self._choices.values()):
            raise Unreadable("a stream that ends in the middle of a tool call")

    def answer(self) -> ChatAnswer:
        """Return what was read as a whole."""
        calls = [call for choice in self._choices.values() for call in choice.calls.values() if call.complete]
        first = self._choices.get(0, Choice())
        return ChatAnswer(
            calls={call.key: call.call() for call in calls},
            message=first.message() if list(self._choices) == [0] and not self.failed else None,
            text="".join(first.content or ()),
            finish="error" if self.failed else first.finish,
            cut=self.failed or any(choice.finish in CUT_FINISHES for choice in self._choices.values()),
            usage=self._usage,
            envelope=self.envelope,
        )

    def _failure(self, event: Event) -> ChatFrame:
        """The SDK raises an object with an ``error`` that is not empty as an APIError, and reads nothing after it."""
        self.failed = True
        self.lost = tuple(choice.open.key for choice in self._choices.values() if choice.open is not None)
        return ChatFrame(event.raw, event=event)

    def _end_mark(self, event: Event) -> ChatFrame:
        self._done = True
        done = []
        for choice in self._choices.values():
            if choice.open is not None:
                if choice.open.kind == "custom" or not _is_object("".join(choice.open.pieces)):
                    raise Unreadable("a stream that ends in the middle of a tool call")
                done.append(self._complete(choice))
        return ChatFrame(event.raw, done=tuple(done), ending=True, event=event)

    def _frames(self, event: Event, chunk: Mapping[str, object], reading: _Reading) -> list[ChatFrame]:
        if reading.choices and not self.envelope:
            members = Object(event.data or b"")
            names = [key for key in members.names if key not in _ENVELOPE_LEFT_OUT]
            self.envelope = {key: members.get(key) or b"null" for key in names}
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._usage = usage
        finished = bool(self._choices) and all(choice.finish for choice in self._choices.values())
        # Some servers repeat the usage in every chunk; only the last one says how the answer ended.
        ending = reading.finished or (isinstance(usage, dict) and (finished or not reading.choices))
        whole = ChatFrame(
            event.raw,
            keys=frozenset(part.key for part in reading.parts),
            done=tuple(reading.done),
            ending=ending,
            event=event,
            parts=tuple(reading.parts),
            choices=tuple(reading.choices),
            spoken=self.spoken,
            role=reading.role,
        )
        if not ending or not reading.carries:
            return [whole]
        end = replace(whole, raw=b"", keys=frozenset(), done=(), shows="finish", role=False)
        return [replace(whole, ending=False, shows="content"), end]

    def _choice(self, choice: object, position: int, data: bytes, reading: _Reading) -> None:
        if not isinstance(choice, dict):
            raise Unreadable("a choice that is not an object")
        index = choice_index(choice, position)
        state = self._choices.setdefault(index, Choice())
        reading.choices.append(index)
        self._unnumbered = self._unnumbered or choice.get("index") is None
        if self._unnumbered and len(self._choices) > 1:
            raise Unreadable("several choices of which one carries no index")
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._delta(state, index, delta, reading)
            path = ("choices", position, "delta")
            legacy, entries = delta.pop("function_call", None), delta.pop("tool_calls", None)
            if legacy:
                fragment = read_legacy(legacy, data, (*path, "function_call"))
                self._fragment(state, LEGACY, fragment, Part(position, LEGACY, (index, LEGACY), False), reading)
            if not isinstance(entries, list | None):
                raise Unreadable("tool calls that are not a list")
            for slot, entry in enumerate(entries or ()):
                fragment = read_entry(entry, data, (*path, "tool_calls", slot))
                number = state.number(entry.get("index"), fragment)
                self._fragment(state, number, fragment, Part(position, slot, (index, number), False), reading)
        elif delta is not None:
            raise Unreadable("a delta that is not an object")
        finish = choice_finish(choice)
        if finish:
            state.finish = finish
            reading.finished = True
            if state.open is not None:
                reading.done.append(self._complete(state))

    def _delta(self, state: Choice, index: int, delta: Mapping[str, object], reading: _Reading) -> None:
        content = delta.get("content")
        if content is not None:
            text = text_of(content)
            state.content = state.content or []
            state.content.append(text)
            if text and index not in self.spoken:
                self.spoken |= {index}
        refusal = delta.get("refusal")
        if isinstance(refusal, str):
            state.refusal = (state.refusal or "") + refusal
        reading.role = reading.role or delta.get("role") is not None
        reading.carries = reading.carries or any(value not in _EMPTY for value in delta.values())
        for key, value in delta.items():
            if key not in _DELTA_READ and value is not None:
                state.extras[key] = grown(key, state.extras.get(key), value)

    def _fragment(self, state: Choice, number: int, fragment: Fragment, part: Part, reading: _Reading) -> None:
        if state.finish:
            raise Unreadable("a tool call after the choice was finished")
        if list(self._choices) != list(range(len(self._choices))):
            # openai-python looks a choice up by its place: to one that came too early it adds the parts of another.
            raise Unreadable("a tool call in choices that do not come in order")
        if any(known.key == part.key for known in reading.parts):
            # openai-python before 3 takes the entries of a choice's first list for one call each.
            raise Unreadable("two parts of one tool call in one chunk")
        growing = state.calls.get(number)
        first = growing is None
        if growing is None:
            if state.open is not None:
                reading.done.append(self._complete(state))
            if any(known > number for known in state.calls):
                raise Unreadable("tool calls whose indices do not grow")
            growing = state.calls[number] = state.open = Growing(part.key)
        growing.add(fragment)
        reading.parts.append(part._replace(first=first))

    def _complete(self, state: Choice) -> tuple[Key, Call]:
        growing = state.open
        assert growing is not None
        state.open = None
        call = growing.call()
        refuse_repeated_ids([other.call() for other in state.calls.values() if other.complete])
        return growing.key, call


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text.encode("utf-8", "surrogatepass")), dict)
    except Unreadable:
        return False
