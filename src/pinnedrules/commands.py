"""What the gate may ask of the world: a closed union, answered by the two drivers.

Rules of this file:

1. The gate yields a command and is resumed with its reply, or with :class:`Failed`; it never gets an exception.
2. Nothing here knows a socket, a file, a clock or an SDK.
3. A new command must be answered by both drivers; ``assert_never`` there makes forgetting one a type error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pinnedrules.types import Call, Entry, LedgerState, Proposal, Restore, SessionId

__all__ = [
    "Ask",
    "Begin",
    "Command",
    "Failed",
    "Find",
    "Forward",
    "Grant",
    "Head",
    "Hear",
    "Heed",
    "Keep",
    "Known",
    "Learn",
    "Now",
    "Pause",
    "Post",
    "Random",
    "ReadLedger",
    "ReadLineage",
    "ReadRules",
    "ReadStop",
    "Receive",
    "Record",
    "Redeem",
    "Resolve",
    "Send",
    "Sync",
    "Take",
    "Wait",
    "WriteLedger",
    "WriteLineage",
]


@dataclass(frozen=True, slots=True)
class Failed:
    """The reply to a command that could not be carried out."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer; header names in lower case, content coding already removed."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return the first header called *name* (lower case), or an empty string."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request with this body; a former answer is closed first. Reply: :class:`Head`."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Receive:
    """Read on from the answer. Reply: bytes, empty at its end."""


@dataclass(frozen=True, slots=True)
class Post:
    """Send another request of the gate's own to the same provider, with the same credentials, while the answer goes on.

    It is JSON, by POST; its path is that of the request under way, with *new* in the place of its ending *old*. Reply:
    :class:`Head`; the answer itself is thrown away.
    """

    old: str
    new: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Begin:
    """Give the caller status and headers. Reply: None."""

    head: Head


@dataclass(frozen=True, slots=True)
class Forward:
    """Give the caller bytes. Reply: None."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """Append evidence and start making it durable. Reply: a position for :class:`Sync`."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Sync:
    """Wait until the record at *position*, and all before it, are durable. Reply: None."""

    position: int


@dataclass(frozen=True, slots=True)
class ReadStop:
    """Reply: the :class:`~pinnedrules.types.StopState` in force for *session*."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Pause:
    """Pause *session*, durably; never loosens what is in force. Reply: the StopState that is then in force."""

    session: SessionId
    reason: str


@dataclass(frozen=True, slots=True)
class Hear:
    """Begin to ask the model that is plugged in what *text*, a user's turn, says. Reply: what was heard, or something for
    :class:`Heed` to wait for. Never waits.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Heed:
    """Wait up to *seconds* for what :class:`Hear` began. Reply: what was heard, or None when it is not there yet."""

    hearing: object
    seconds: float


@dataclass(frozen=True, slots=True)
class ReadLedger:
    """Reply: a :class:`~pinnedrules.types.LedgerState`."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Known:
    """Reply: a mapping of those of *keys* that were learned in *session*, and are not forgotten, to their texts."""

    session: SessionId
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learn:
    """Remember *keys* with a text each in *session*, the newest ones, and forget others. Reply: None, durable."""

    session: SessionId
    keys: Mapping[str, str]
    forget: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadLineage:
    """Reply: what was kept of conversations of *session* in this form (``wire`` or ``framework``), a tuple of bytes."""

    session: SessionId
    form: str


@dataclass(frozen=True, slots=True)
class WriteLineage:
    """Keep *data* as the newest of this conversation; it may be lost with the machine's power. Reply: None."""

    session: SessionId
    form: str
    conversation: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ReadRules:
    """Reply: the rule set in force, the one that the file proposes (None when it proposes none), those of all layers."""


@dataclass(frozen=True, slots=True)
class WriteLedger:
    """Write both halves if nobody else did since they were read. Reply: True, or False to read and decide again."""

    session: SessionId
    state: LedgerState


@dataclass(frozen=True, slots=True)
class Ask:
    """Open or join the ticket of this exact call. Reply: :class:`~pinnedrules.types.Ticket` (maybe answered already).

    Not *fresh*, nobody is asked. Reply: the ticket by which a person said no to this call, else None.
    """

    proposal: Proposal
    fresh: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait up to *seconds* for any of these tickets to be answered. Reply: all of them, a tuple of tickets."""

    tickets: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Take:
    """Use up an approved ticket for this exact call. Reply: True once, then False."""

    ticket: str
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Keep:
    """Store what must be put back on a later request. Reply: None, durable.

    It is found under its token, and under every one of *places* (where the provider keeps this answer, see
    :class:`~pinnedrules.wire.base.Answer`), in which it takes the place of what was kept there before.
    """

    restore: Restore
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Find:
    """Reply: a mapping of the known ones of these tokens and places to their :class:`~pinnedrules.types.Restore`."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """Note that *call*, as it was released, may be run once by a gated tool in any of *sessions*. Reply: None.

    *outside* says that nobody named a session, so that a tool run outside any session may redeem it. *charge* is the
    gate's own, and comes back with the grant.
    """

    sessions: tuple[SessionId, ...]
    call: Call
    epoch: int
    outside: bool = False
    charge: object = None


@dataclass(frozen=True, slots=True)
class Redeem:
    """Use up a grant for exactly this call under this epoch. Reply: the :class:`Grant`, once; else None."""

    sessions: tuple[SessionId, ...]
    call: Call
    epoch: int
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Resolve:
    """Reply: a mapping of these paths to where they really lead on this machine, every symbolic link followed.

    ``~`` is the home of whoever runs this program. What is not there yet leads to where it would be.
    """

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Now:
    """Reply: a :class:`~pinnedrules.types.Moment`."""


@dataclass(frozen=True, slots=True)
class Random:
    """Reply: *size* unpredictable bytes."""

    size: int


Command: TypeAlias = (
    Ask
    | Begin
    | Find
    | Forward
    | Grant
    | Hear
    | Heed
    | Keep
    | Known
    | Learn
    | Now
    | Pause
    | Post
    | Random
    | ReadLedger
    | ReadLineage
    | ReadRules
    | ReadStop
    | Receive
    | Record
    | Redeem
    | Resolve
    | Send
    | Sync
    | Take
    | Wait
    | WriteLedger
    | WriteLineage
)
Reply: TypeAlias = object
