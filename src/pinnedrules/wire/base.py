"""What every dialect must be able to say about bytes. Bytes in, values and bytes out; no IO, no SDK.

Rules of this file and of every dialect:

1. Nothing is decided here. A dialect finds calls and says where they are; the gate says what becomes of them.
2. What cannot be read raises :class:`~pinnedrules.errors.Unreadable`; nothing unread is ever passed on.
3. Feeding the same bytes in other chunks gives the same frames.
4. A span that is not edited is given back byte-identical.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from pinnedrules.types import Call, Definition, Outcome, Restore
from pinnedrules.wire.sse import Framing

__all__ = [
    "SLOT",
    "Answer",
    "Dialect",
    "Frame",
    "Key",
    "RequestFacts",
    "Restored",
    "ServerTool",
    "Slot",
    "StreamReader",
]

SLOT = -1
"""In the place of a message's index: behind the block, in a slot that is sent anew with every request."""

Key: TypeAlias = tuple[int, ...]
"""Where a call stands in an answer: (choice, index) in Chat Completions, (block,) in Messages, (item,) in Responses."""


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool that the provider runs itself, so that it can only be decided on the request.

    ``approval`` says that the API can be told to ask before each call of it (see :meth:`Dialect.force_approval`).
    """

    name: str
    type: str
    approval: bool = False


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the gate needs to know of a request body.

    ``messages`` are the raw JSON bytes of each message in order (Anthropic's top-level ``system`` is not one of them).
    ``tools`` maps each tool that the caller runs to its declared argument names (``None`` when its schema is open),
    ``definitions`` those and the tools of remote servers that were listed (``mcp:LABEL.TOOL``) to what is said of them.
    ``functions`` are those of the tools that a plain call by name and JSON arguments reaches. ``markers`` name
    provider-side compaction settings found in the request, for the record. ``approved`` are the ids of the provider's own
    calls (MCP approval items) that this request says yes to.

    ``keeps`` says that the provider may keep the answer. ``continues`` is the place of an answer that the provider keeps
    together with the block, so that this request may not carry it (``message:ID``, Anthropic's threads).
    """

    messages: tuple[bytes, ...]
    tools: Mapping[str, frozenset[str] | None]
    server_tools: tuple[ServerTool, ...]
    model: str
    stream: bool
    structured: bool
    choices: int
    markers: tuple[str, ...] = ()
    last_user_text: str = ""
    approved: tuple[str, ...] = ()
    keeps: bool = True
    continues: str = ""
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Slot:
    """The place where the pin block belongs, as it is in the bytes.

    ``text`` is the decoded text of the whole slot (empty when the slot is missing), ``role`` its role,
    ``path`` its JSON Pointer. ``elsewhere`` counts occurrences of the given marker in any other decoded text.
    """

    text: str
    role: str
    path: str
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A request body with placeholders turned back, which tokens were honoured and which stood in a wrong place."""

    body: bytes
    used: tuple[str, ...]
    inert: tuple[str, ...]
    patch: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer of the provider.

    ``message`` is the assistant message that the next request would carry to repeat this answer faithfully (JSON bytes),
    or ``None`` when it cannot be rebuilt; ``text`` its visible text. ``cut`` says that the provider stopped early
    (length), so that the model cannot be asked to go on. ``markers`` name provider-side compaction found in the answer.

    ``places`` name where the provider itself keeps this answer (``response:ID``, ``conversation:ID``, ``message:ID``), so
    that a later request may continue it without repeating it; empty when it keeps nothing. ``running`` says that the
    provider is still at work in the background and there is no answer yet.

    ``compactions`` are the raw blocks or items in which the provider hands out what it made of the history (JSON bytes),
    ``edits`` what it says that it cleared from it (``TYPE.MEMBER`` to a number).
    """

    calls: Mapping[Key, Call]
    message: bytes | None
    text: str
    finish: str
    cut: bool
    usage: Mapping[str, object] = field(default_factory=dict)
    markers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    running: bool = False
    compactions: tuple[bytes, ...] = ()
    edits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of an event stream.

    ``keys`` are the calls that this frame carries a part of; a frame without keys can pass at once if nothing before it
    is held. ``done`` are calls that this frame proves complete. ``ending`` is true for a frame that says how the answer
    ended or repeats its usage: it must wait until every call of the answer is decided. ``compacts`` is true for a frame
    that shows a compaction by the provider: what follows it was made without what was dropped.

    One event may give two frames, when it both shows something and ends the answer: the first has its bytes, the second
    has none (``raw == b""``) and is ``ending``. Forwarding the first one's ``raw`` is then the whole event, so that may be
    done only if the second need not be rendered: if every call so far is released.
    """

    raw: bytes
    keys: frozenset[Key] = frozenset()
    done: tuple[tuple[Key, Call], ...] = ()
    ending: bool = False
    compacts: bool = False


class StreamReader(Protocol):
    """Reads one streamed answer. Not reusable.

    An error of the provider in the stream (what its SDK raises instead of giving it to the application) ends the answer:
    its frame carries no calls, nothing after it is read, :meth:`end` does not complain of the call that it cut,
    :meth:`answer` does not have that call, and :meth:`render` leaves out its parts. So the caller gets the calls that
    were complete and decided, then the error as the provider wrote it.
    """

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that *data* completes. Raises Unreadable."""
        ...

    def end(self) -> list[Frame]:
        """Say that no more bytes come.

        Raises Unreadable when bytes are left over or the answer is cut inside a call, unless an error of the provider
        ended it before.
        """
        ...

    def answer(self) -> Answer:
        """Return what was read, as a whole. Only after :meth:`end`."""
        ...

    def render(self, frame: Frame, outcomes: Mapping[Key, Outcome]) -> bytes:
        """Return the bytes to forward for *frame* (maybe none) once all its calls, or the whole answer, are decided.

        Before the first call that is not released as it is, a frame's ``raw`` may be forwarded in its place. From that
        call on every frame goes through here, in order, ones without calls included: what is left is numbered anew and
        says that it ended in another way. *outcomes* must hold the fate of every call that was shown or is to be shown
        up to and including this frame, of every call of the answer if the frame is ``ending``. For an answer that
        continues a former one (see :meth:`Dialect.read_stream`) every frame goes through here from the first on.
        """
        ...


class Dialect(Protocol):
    """One wire format; ``framing`` is how its streams are written.

    ``slot_is_resent`` says that the slot of the block is no part of the history, so that lines may be added there.
    """

    name: str
    framing: Framing
    slot_is_resent: bool

    def read_request(self, body: bytes) -> RequestFacts:
        """Read a request body. Raises Unreadable."""
        ...

    def place(self, body: bytes, block: str) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put *block* in its slot and return the body with the JSON Patch that says what was done.

        Gives the same bytes back, and no patch, when the block already stands there.
        """
        ...

    def slot(self, body: bytes, marker: str) -> Slot:
        """Read the slot from the bytes that will leave, and count *marker* everywhere else."""
        ...

    def answers(self, messages: Sequence[bytes]) -> Sequence[int]:
        """Return the index of the last message of each answer of the model; none where nothing may be added behind them."""
        ...

    def append(
        self, body: bytes, lines: Sequence[tuple[int, str]], block: str
    ) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put each line behind the message with its index, or behind *block* (``SLOT``) where that is sent every time.

        Returns the body with the JSON Patch that says what was done; the same bytes when all of it stands there.
        """
        ...

    def tokens(self, body: bytes) -> tuple[str, ...]:
        """Return candidate tokens found anywhere in the bytes, cheaply; empty for almost every request.

        Where a request continues what the provider keeps, also the places it names (see :class:`Answer`).
        """
        ...

    def restore(self, body: bytes, known: Mapping[str, Restore]) -> Restored:
        """Turn placeholders and rewritten calls back into the provider's originals plus results that say what happened.

        *known* maps tokens, and places that the request continues: there the provider has the originals already, and only
        the results are added.
        """
        ...

    def force_approval(self, body: bytes, servers: frozenset[str]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Make the provider ask before every call of these servers (names of ServerTools with ``approval``).

        Returns the body with the JSON Patch that says what was done; the same bytes when it asks already.
        """
        ...

    def kept(self, body: bytes) -> str:
        """Return what a request that continues the answer to this one does not repeat; empty when it repeats all of it."""
        ...

    def completed(self, body: bytes, kept: str) -> bytes:
        """Return a request that continues something with what :meth:`kept` gave for it, to be read, not to be sent."""
        ...

    def lost(self) -> bytes:
        """Return the provider's own answer (status 400, JSON) by which a client sends its whole conversation anew."""
        ...

    def read_items(self, body: bytes) -> None:
        """Check a body that only puts items into what the provider keeps, without asking the model.

        Raises Unreadable for items that would approve something, bring tools in or change settings unseen.
        """
        ...

    def go_on(self, body: bytes, answer: Answer, results: Sequence[tuple[str, str]]) -> bytes:
        """Return the request that continues after *answer* with these (call id, text) results, all of them refusals.

        A setting that forces a call is part of this correction: it becomes ``auto``, because a model that must call can
        only repeat what was refused until the rounds run out. A setting that forbids calls stays.
        """
        ...

    def read_json(self, body: bytes) -> Answer:
        """Read a whole JSON answer. Raises Unreadable."""
        ...

    def write_json(self, body: bytes, outcomes: Mapping[Key, Outcome], before: Sequence[tuple[Answer, str]]) -> bytes:
        """Return the answer's bytes for the caller.

        *before* are former answers of the same turn that the gate replied to itself, each with the placeholder text that
        stands after it; their visible text goes first and their usage is added. Byte-identical when nothing is edited.
        """
        ...

    def read_stream(self, before: Sequence[tuple[Answer, str]] = ()) -> StreamReader:
        """Return a reader for one streamed answer; *before* as in :meth:`write_json` (already forwarded).

        *before* must hold the very objects that :meth:`StreamReader.answer` gave, of readers whose frames were rendered
        and closed in order: they know how far the caller's stream has come (the next block, the ids of its chunks),
        which no copy made of the seven fields of :class:`Answer` does.
        """
        ...

    def close_stream(self, reader: StreamReader, text: str) -> bytes:
        """Return frames that show *text* as assistant text and stay inside the still open stream of *reader*.

        Frames that are ``ending`` are rendered after this, because they may repeat what was shown.
        """
        ...
