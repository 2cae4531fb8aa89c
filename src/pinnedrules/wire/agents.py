"""What the gate of managed agents must be able to say about bytes. Bytes in, values and bytes out; no IO, no SDK.

An agent runs at the provider. Requests configure it and speak to it; what it does comes back as events, one by one or in
pages, and some of them are calls that wait: for a yes, or for somebody who runs them. The rules of ``base`` hold here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pinnedrules.types import Call
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.json_text import Object, array, dumps
from pinnedrules.wire.sse import Framing

__all__ = ["AgentDialect", "Fate", "Page", "Pending", "Said", "Setup", "Shown", "said_instead"]


@dataclass(frozen=True, slots=True)
class Setup:
    """A request that configures, as it may leave, and the JSON Patches by which the block went in and tools were made to ask.

    ``needs`` are places of what it builds on (``agent:ID``), ``theirs`` the tools that the provider runs unasked because of
    it, and ``starts`` says that the agent begins to work by it; ``text`` is what the user says in it.
    """

    body: bytes
    placed: tuple[Mapping[str, object], ...] = ()
    forced: tuple[Mapping[str, object], ...] = ()
    needs: tuple[str, ...] = ()
    theirs: tuple[ServerTool, ...] = ()
    starts: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """An agent or a session as the provider shows it.

    ``place`` names it (``agent:ID``, ``session:ID``). ``why`` says what is wrong with it, empty when it carries the block
    and every call of the provider's own that can be asked about is. ``tools`` maps each tool whose calls come back to its
    argument names; ``theirs`` are those that the provider runs unasked.
    """

    place: str
    why: str
    tools: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    theirs: tuple[ServerTool, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """A call that waits: for a yes to a call that the provider runs or lets run (``asks``), or for its result.

    ``type`` is what the provider calls it, ``session`` the id of its session where the path does not tell.
    """

    id: str
    call: Call
    asks: bool
    type: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one event, or one page of them, holds: calls that wait, and ids of other calls that it names or repeats.

    ``compacted`` says that the provider has compacted the agent's context.
    """

    pending: tuple[Pending, ...] = ()
    named: tuple[str, ...] = ()
    compacted: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a call that waits.

    ``refused`` is the refusal in words; empty for one that is allowed. ``answered`` says that the provider was told.
    """

    refused: str = ""
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that is said to a session: a ``yes`` to a call, the ``result`` of one, ``words``, or what only ends.

    ``text`` is what the user says in words.
    """

    kind: Literal["yes", "result", "words", "end"]
    id: str = ""
    text: str = ""


class AgentDialect(Protocol):
    """One provider's managed agents."""

    name: str
    framing: Framing

    def configure(self, path: str, body: bytes, block: str, *, force: bool) -> Setup:
        """Put *block* into what the body configures and, with *force*, make every tool of the provider's ask.

        Raises Unreadable for tools or helpers that can neither be read nor be made to ask.
        """
        ...

    def shown(self, body: bytes, block: str) -> tuple[Shown, ...]:
        """Return the agents and sessions that an answer shows. Raises Unreadable."""
        ...

    def session_of(self, path: str) -> str:
        """Return the place of the session that a path belongs to, empty when it names none."""
        ...

    def read(self, data: bytes) -> Page:
        """Read one event, or one page of them. Raises Unreadable for calls in a form that is not known."""
        ...

    def render(self, data: bytes, fates: Mapping[str, Fate]) -> bytes:
        """Return *data* as the caller may see it: refused calls as sentences, nothing waiting that was answered.

        Byte-identical when nothing changes; empty when nothing of it may be seen.
        """
        ...

    def said(self, body: bytes) -> tuple[Said, ...]:
        """Return what is said, in order. Raises Unreadable for what is not known."""
        ...

    def say_no(self, body: bytes, refusals: Mapping[int, str]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Turn each yes at these numbers into a no, and return the body with the JSON Patch that says so."""
        ...

    def answers(self, path: str, session: str, fates: Sequence[tuple[Pending, str]]) -> tuple[str, str, bytes]:
        """Return the request that answers these calls of one session: no with its words, or yes where they are empty.

        It is a POST to *path* with another ending: the ending, the one in its place, and the body.
        """
        ...


def said_instead(
    body: bytes, refusals: Mapping[int, str], no: Callable[[Object, str], Mapping[str, object]]
) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
    """Return a request in which *no* made something else of the events with these numbers, and the JSON Patch that says so."""
    request = Object(body)
    patch: list[Mapping[str, object]] = []
    written = []
    for number, raw in enumerate(request.elements("events") or ()):
        if number in refusals:
            said = no(Object(raw), refusals[number])
            patch.append({"op": "replace", "path": f"/events/{number}", "value": said})
            raw = dumps(said)
        written.append(raw)
    return request.edit({"events": array(written)}), tuple(patch)
