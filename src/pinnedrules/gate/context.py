"""What one exchange knows: who, under which rules, in which dialect, and what was learned on the way."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from pinnedrules.commands import Command, Failed, Now, ReadStop, Record, Reply, Sync
from pinnedrules.compaction.lineage import Change, Lineage
from pinnedrules.compaction.pending import Pending
from pinnedrules.errors import Stopped, Unrecorded
from pinnedrules.pins.block import Block
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.base import Note
from pinnedrules.types import Call, Entry, Fence, Mode, Moment, SessionId, StopState
from pinnedrules.wire.agents import AgentDialect
from pinnedrules.wire.base import Dialect, RequestFacts
from pinnedrules.wire.path_table import Kind

__all__ = [
    "Amended",
    "Charge",
    "Context",
    "Flow",
    "Health",
    "OnDenied",
    "Policy",
    "as_text",
    "check_stop",
    "graceful",
    "now",
    "record",
    "sync",
]

T = TypeVar("T")
Flow: TypeAlias = Generator[Command, Reply, T]
OnDenied: TypeAlias = Literal["continue", "end", "raise"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is in force. ``proposed`` is a rule set that somebody wrote to the file since: it can only make stricter.

    ``layers`` are rule sets above the agent's own (its tenant's, its organisation's); the strictest of all decides.

    ``hears`` says that a model is plugged in for what the patterns leave open in a user's turn.

    ``told`` are names and lines of what the model is told of rules that changed since the block was made.

    ``ask_wait`` is how many seconds an ask may hold an answer; ``grace`` how many seconds plain text and declared reads
    go on while the store or the log fails. ``ticket_life`` is how many seconds a call that was allowed may wait for an
    interrupt to be answered without being decided again.
    """

    rules: RuleSet
    block: Block
    secret: bytes
    mode: Mode = "enforce"
    on_denied: OnDenied = "continue"
    ask_wait: float = 0.0
    grace: float = 60.0
    ticket_life: float = 3600.0
    proposed: RuleSet | None = None
    layers: tuple[RuleSet, ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    hears: bool = False

    @property
    def rule_sets(self) -> tuple[RuleSet, ...]:
        """Every rule set that has a say in all sessions."""
        proposed = () if self.proposed is None else (self.proposed,)
        return (self.rules, *self.layers, *proposed)


@dataclass(slots=True)
class Health:
    """Since when the log and the store have been failing, shared by all exchanges of one guard. 0 means it works."""

    log_ns: int = 0
    store_ns: int = 0


@dataclass(frozen=True, slots=True)
class Amended:
    """The JSON Patches of what was edited in a request before it was signed, besides the block."""

    told: tuple[Mapping[str, object], ...] = ()
    told_as: tuple[str, ...] = ()
    restored: tuple[Mapping[str, object], ...] = ()
    forced: tuple[Mapping[str, object], ...] = ()


@dataclass(slots=True)
class Charge:
    """What one call was charged: the notes in the ledgers of each session (see ``charges.py``).

    It is ``held`` while nothing of the call has left, ``out`` once it may have been run, ``back`` when it was given back.
    """

    call: Call
    noted: list[tuple[SessionId, tuple[Note, ...]]]
    state: Literal["held", "out", "back"] = "held"


@dataclass(slots=True)
class Context:
    """One exchange.

    ``sessions`` has more than one member when the request cannot be tied to one: the strictest counts. ``outside``
    says that nobody named one. ``kind`` and ``model`` are those of the :class:`~pinnedrules.wire.paths.Route`.
    ``placed`` is the JSON Patch by which the host put the block in already. ``released`` are the calls of this very
    answer that were released when it was first given, ``continued`` the places of pending results that the request
    answered. ``kept`` is what the provider keeps of the request and no later one repeats, ``former`` the places of
    answers of the same turn that the gate replied to itself (see ``held.py``).

    ``sealed`` says that the request is signed, so that it leaves as it is or not at all; its edits were made before that
    (see ``sealing.py``), and ``amended`` is what they were. ``signer`` says that the host can sign a request that the gate
    makes itself.

    ``agents`` is how a door of managed agents is read, None at any other door; ``dialect`` does not count there.

    ``pending`` says that an adapter above, which gates every tool of the agent, has asked for this answer: a call that has
    to be asked about is released undecided, because the adapter asks (invariant 1's exception).

    ``named`` is what an adapter calls the conversation (see :mod:`pinnedrules.compaction.lineage`), ``turn`` the user's newest
    turn, where it knows that apart from what a compaction brought.

    ``answer`` names the model's answer that is read (see :class:`~pinnedrules.types.Call`), ``charges`` are what the calls
    of this exchange were charged.

    ``reminded`` says of the rules that are repeated after how many answers of the model since they were (see ``lines.py``).

    ``change`` is what the request is to the former ones, ``verified`` says that the block was proven to be in it. ``fence``
    says why calls with an effect are asked about whatever the rules say, ``waiting`` are the compactions that the request
    follows (``shut``: there is one that holds up calls in no answer), ``own`` (kind, id) of those that it shows itself,
    ``compacted`` names one in the answer that is read (see ``fence.py``, ``compacting.py``).
    """

    policy: Policy
    sessions: tuple[SessionId, ...]
    dialect: Dialect
    lineage: Lineage
    health: Health
    path: str = ""
    kind: Kind = "request"
    outside: bool = False
    markers: tuple[str, ...] = ()
    placed: tuple[Mapping[str, object], ...] = ()
    ask_wait: float = 0.0
    epoch: int = 0
    paused: str = ""
    degraded: str = ""
    conversation: str = ""
    facts: RequestFacts | None = None
    body: bytes = b""
    rounds: int = 0
    shown: list[str] = field(default_factory=list)
    host_error: BaseException | None = None
    noted: bool = False
    released: frozenset[str] = frozenset()
    continued: tuple[str, ...] = ()
    kept: str = ""
    former: tuple[str, ...] = ()
    model: str = ""
    sealed: bool = False
    signer: bool = False
    amended: Amended = field(default_factory=lambda: Amended())
    agents: AgentDialect | None = None
    pending: bool = False
    named: str = ""
    turn: str = ""
    answer: str = ""
    charges: list[Charge] = field(default_factory=list)
    change: Change | None = None
    verified: bool = False
    fence: Fence = ""
    waiting: tuple[Pending, ...] = ()
    shut: bool = False
    own: tuple[tuple[str, str], ...] = ()
    compacted: str = ""
    reminded: dict[str, int] = field(default_factory=dict)

    @property
    def session(self) -> SessionId:
        """The session that the records are written under."""
        return self.sessions[0]

    @property
    def enforcing(self) -> bool:
        """False in monitor mode, where everything is decided and recorded and nothing is held back."""
        return self.policy.mode == "enforce"


def check_stop(ctx: Context, *, first: bool = False) -> Flow[None]:
    """Raise Stopped when a stop is in force or came and went since the request; note a pause.

    Invariant 7: nothing is released under an epoch older than the current one. A pause lets text finish.
    """
    for session in ctx.sessions:
        state = yield ReadStop(session)
        if not isinstance(state, StopState):
            why = state.error if isinstance(state, Failed) else "no answer"
            raise Stopped(f"The stop state cannot be read ({why}).", next_step="mend the state folder, then try again")
        if state.state == "stop":
            by = f" by {state.actor}" if state.actor else ""
            raise Stopped(
                f"Stopped{by}: {state.reason or 'no reason given'}.", next_step="pinnedrules resume --reason WHY"
            )
        if first:
            ctx.epoch = max(ctx.epoch, state.epoch)
        elif state.epoch > ctx.epoch and (state.state == "run" or state.epoch > ctx.epoch + 1):
            raise Stopped(
                "This answer was under way when a stop came; it is void although work was resumed since.",
                next_step="send the request again",
            )
        if state.state == "pause":
            ctx.paused = state.reason or "no reason given"
            ctx.epoch = max(ctx.epoch, state.epoch)


def now(ctx: Context) -> Flow[Moment]:
    """Return the time; a driver without a clock is a broken driver."""
    moment = yield Now()
    if not isinstance(moment, Moment):
        raise Unrecorded("The clock cannot be read.", next_step="mend the host, then try again")
    return moment


def record(ctx: Context, entry: Entry) -> Flow[int]:
    """Write a record and return its position, or -1 after a failure that the grace period still covers."""
    reply = yield Record(entry)
    if isinstance(reply, int):
        return reply
    yield from _failed(ctx, reply)
    return -1


def sync(ctx: Context, position: int) -> Flow[None]:
    """Wait until the record is durable; a failure counts like one to write it."""
    if position < 0:
        return
    reply = yield Sync(position)
    if isinstance(reply, Failed):
        yield from _failed(ctx, reply)
    else:
        ctx.health.log_ns = 0


def _failed(ctx: Context, reply: object) -> Flow[None]:
    why = f"{type(reply.error).__name__}: {reply.error}" if isinstance(reply, Failed) else "no answer"
    moment = yield from now(ctx)
    ctx.health.log_ns = ctx.health.log_ns or moment.mono_ns
    ctx.degraded = f"the evidence log cannot be written ({why})"
    if ctx.enforcing and not graceful(ctx, ctx.health.log_ns, moment):
        raise Unrecorded(
            f"The evidence log cannot be written ({why}).",
            next_step="free space or mend the state folder, then try again",
        )


def graceful(ctx: Context, since_ns: int, moment: Moment) -> bool:
    """Whether what has been failing since then is still within the grace period."""
    return moment.mono_ns - since_ns < ctx.policy.grace * 1e9


def as_text(patch: Sequence[Mapping[str, object]]) -> str:
    """Return a JSON Patch as text for the record, whose canonical form has no fractions and a bounded depth."""
    try:
        return json.dumps([dict(operation) for operation in patch])
    except (ValueError, RecursionError) as error:
        return f"not writable as JSON: {error}"
