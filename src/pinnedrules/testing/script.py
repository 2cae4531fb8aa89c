"""What a scripted model is shown and what it answers: plain values, no HTTP.

A model is any callable ``(Seen) -> Reply``. It is shown the request as the provider received it and nothing
else, so what it "knows" is exactly what was in the bytes on the wire. :class:`Script` is the model for a
fixed sequence of replies.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["DialectName", "Model", "PastCall", "ProposedCall", "Reply", "Script", "ScriptEndedError", "Seen"]

DialectName: TypeAlias = Literal["chat", "messages", "responses"]
Garbling: TypeAlias = Literal["json", "utf8", "html"]
Role: TypeAlias = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A tool call that the model proposes.

    ``arguments`` given as a mapping is serialised; given as text it goes out exactly as written, so that
    malformed JSON and duplicate keys can be sent. ``id`` is made up when ``None``. ``kind`` ``custom``
    (free text input) exists in Chat Completions and Responses, ``legacy`` (``function_call``) in Chat Completions only.
    """

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str | None = None
    kind: Literal["function", "custom", "legacy"] = "function"

    @property
    def text(self) -> str:
        """The arguments as they go on the wire."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answers, and what goes wrong on the way back.

    Answer: ``text``, ``calls``, ``thinking`` (a signed ``thinking`` block in Messages, a ``reasoning`` item in
    Responses, ``reasoning_content`` in Chat Completions as DeepSeek and vLLM send it), ``blocks`` (content
    blocks of Messages or output items of Responses passed as they are, before the text), ``more_choices`` (Chat
    Completions choices 1, 2, ...; only their text, calls and finish count), ``finish`` (in Responses ``failed``, or
    the reason why the answer is incomplete) and ``usage`` (token counts, else estimated at four characters a token).
    ``polls`` says how many times a background response is asked for before it is there.

    Compaction: ``compaction`` is the summary that the provider itself makes before it answers, if the request asks
    for one (Messages and Responses; whoever asks a compaction endpoint gets ``text`` as its summary).

    Faults: ``status`` other than 200 gives an error body in the provider's own shape with ``message``;
    ``retry_after`` in seconds. ``cut_after_bytes`` and ``cut_after_frames`` drop the connection there, or
    end the body in good order with ``cut_cleanly``. ``error_after_frames`` sends the provider's error event
    and ends. ``delay`` and ``frame_delay`` in seconds. ``chunk_bytes`` writes the body in pieces of that
    size. ``crlf`` ends lines with CR LF. ``garbled`` spoils one frame in the middle (or the whole JSON answer):
    ``json`` loses the second half of it, ``utf8`` has a byte in it that is no UTF-8, ``html`` puts a gateway's error
    page in the place of the whole answer. ``encoding`` ``gzip``, ``deflate`` or ``br`` really encodes; any
    other value is only claimed in the header. ``raw`` replaces the body.

    Habits of compatible servers: ``whole_calls`` (name and all arguments in one delta), ``no_index``,
    ``null_ids`` (later deltas repeat ``"id": null``), ``no_ids`` (calls carry an empty id), ``no_done`` (no
    ``[DONE]`` line), ``comments`` (keep-alive comment lines between frames), ``extra`` (unknown fields at
    the top of every object).
    """

    text: str = ""
    calls: Sequence[ProposedCall] = ()
    thinking: str = ""
    blocks: Sequence[Mapping[str, Any]] = ()
    more_choices: Sequence[Reply] = ()
    finish: str | None = None
    usage: Mapping[str, int] | None = None
    polls: int = 1
    compaction: str | None = None
    context_tokens: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    fragment_chars: int = 7

    status: int = 200
    message: str = ""
    retry_after: float | None = None
    cut_after_bytes: int | None = None
    cut_after_frames: int | None = None
    cut_cleanly: bool = False
    error_after_frames: int | None = None
    delay: float = 0.0
    frame_delay: float = 0.0
    chunk_bytes: int | None = None
    crlf: bool = False
    garbled: Garbling | None = None
    encoding: str = ""
    raw: bytes | None = None
    content_type: str = ""

    whole_calls: bool = False
    no_index: bool = False
    null_ids: bool = False
    no_ids: bool = False
    no_done: bool = False
    comments: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastCall:
    """A tool call in the history that the model is shown, with its result's text (``None`` while it has
    none).
    """

    id: str
    name: str
    arguments: str
    result: str | None

    @property
    def input(self) -> dict[str, Any]:
        """The arguments as an object; empty when they are not one."""
        try:
            value = json.loads(self.arguments)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the model sees it.

    ``texts`` are (role, text) in order: every system, developer, user and assistant text, and tool results
    under ``tool``. ``number`` counts the requests of this provider from 0. Header names are in lower case.
    ``history`` are the items that the provider held already (Responses, of a stateful request); texts and calls
    include theirs.
    """

    number: int
    dialect: DialectName
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    raw: bytes
    texts: Sequence[tuple[Role, str]]
    calls: Sequence[PastCall]
    tools: Sequence[str]
    history: Sequence[Mapping[str, Any]] = ()

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The messages as they came; in Responses the input items, a text as the one user message it stands for."""
        came = self.body.get("input", ()) if self.dialect == "responses" else self.body["messages"]
        messages: Sequence[Mapping[str, Any]]
        messages = [{"role": "user", "content": came}] if isinstance(came, str) else came
        return messages

    @property
    def stream(self) -> bool:
        """Whether an event stream was asked for."""
        return bool(self.body.get("stream"))

    @property
    def model(self) -> str:
        """The model's name as asked for."""
        return str(self.body.get("model", ""))

    @property
    def system(self) -> str:
        """All system and developer text."""
        return "\n".join(self.by_role("system"))

    @property
    def user(self) -> str:
        """All user text."""
        return "\n".join(self.by_role("user"))

    @property
    def text(self) -> str:
        """Every text that the model can read."""
        return "\n".join(text for _, text in self.texts)

    @property
    def last_text(self) -> str:
        """The newest text of any role, or an empty string."""
        return self.texts[-1][1] if self.texts else ""

    def by_role(self, role: Role) -> tuple[str, ...]:
        """Return the texts of *role* in order."""
        return tuple(text for whose, text in self.texts if whose == role)


Model: TypeAlias = Callable[[Seen], Reply]


class ScriptEndedError(AssertionError):
    """A request came after the script's last reply."""


class Script:
    """The model that gives these replies one after the other. Thread-safe."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self._replies = list(replies)
        self._given = 0
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Reply:
        """Return the next reply. Raises ScriptEndedError."""
        with self._lock:
            if self._given == len(self._replies):
                raise ScriptEndedError(
                    f"all {len(self._replies)} replies are used up; newest text: {seen.last_text[:200]!r}"
                )
            self._given += 1
            return self._replies[self._given - 1]

    @property
    def left(self) -> int:
        """How many replies were not asked for."""
        with self._lock:
            return len(self._replies) - self._given
