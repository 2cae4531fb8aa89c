"""The values that travel between the layers. No behaviour beyond small derived facts, no IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "EFFECTS",
    "OFFERED",
    "Call",
    "Decision",
    "Definition",
    "Effect",
    "Entry",
    "Fence",
    "LedgerState",
    "Mode",
    "Moment",
    "Offer",
    "Outcome",
    "Proposal",
    "Release",
    "Replace",
    "Restore",
    "Rewrite",
    "SessionId",
    "StopState",
    "Ticket",
    "Undecided",
    "Verdict",
]

Effect: TypeAlias = Literal["read", "write", "delete", "send", "publish", "spend", "execute"]
EFFECTS: tuple[Effect, ...] = ("read", "write", "delete", "send", "publish", "spend", "execute")
OFFERED = "offered"
Verdict: TypeAlias = Literal["allow", "ask", "deny"]
Fence: TypeAlias = Literal["", "answer", "continued", "unverified", "session"]
Mode: TypeAlias = Literal["enforce", "monitor"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a request says of a tool, in one shape for all APIs: others' words, which can make a call stricter.

    ``schema`` is the JSON value of its parameters (or of a custom tool's format), ``annotations`` those of MCP
    (``readOnlyHint``, ``destructiveHint``, ``openWorldHint``), where an API carries them.
    """

    description: str = ""
    schema: object = None
    annotations: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools that a request offers to the model: what :class:`Call` says of its own tool, of each of them by name.

    ``functions`` are those of them that a plain call by name and JSON arguments reaches.
    """

    functions: frozenset[str]
    declared: Mapping[str, frozenset[str] | None]
    definitions: Mapping[str, Definition]


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call as a model proposed it.

    ``arguments`` is the JSON text exactly as it arrived (free text for ``kind="custom"``). ``id`` is the
    provider's id and may be empty (legacy ``function_call``, some compatible servers). ``declared`` holds the
    argument names of the tool's schema in the request, ``None`` when the request declares no such tool; ``definition``
    is all that the request says of the tool.

    ``builtin`` is a call of a tool that the provider defines and the caller runs (shell, apply-patch, computer): its
    arguments are the JSON text of its action. ``approval`` is the provider's question whether it may run a call
    itself. Neither can be rewritten, and nor can ``legacy``.

    ``answer`` names the model's answer that the call stands in: calls of one answer were made without seeing each
    other's results. It is empty for a call that is decided by itself, and :data:`OFFERED` for a tool that the provider
    may run on its own, of which nobody knows whether it will.

    ``offer`` is what else the request offers to the model, None when there is no request.
    """

    name: str
    arguments: str
    id: str = ""
    kind: Literal["function", "custom", "legacy", "builtin", "approval"] = "function"
    declared: frozenset[str] | None = None
    definition: Definition | None = field(default=None, compare=False, repr=False)
    answer: str = field(default="", compare=False)
    offer: Offer | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A rule that could not be decided, and why."""

    rule: str
    why: str


@dataclass(frozen=True)
class Decision:
    """The answer to one call: a verdict that names its reasons and what could not be decided.

    ``arguments``, ``patch`` and ``stamp`` are set when a rule rewrote the call: the new JSON text, the RFC 6902 operations,
    and what a rewritten text may carry so that the record is found (12 hex digits). ``tool`` is the tool that is called
    instead, empty when the rule left that as it was.
    ``targets`` are the values a person needs to see (recipients, paths, amounts), already shortened and safe to print;
    they may be picked out only once somebody looks at them.
    ``permit`` names the permit by which an ask became an allow, and who gave it. ``fence`` says why an allow became an ask
    although no rule asks (see ``gate/fence.py``).
    """

    verdict: Verdict
    effects: tuple[Effect, ...] = ()
    rules: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    targets: Sequence[str] = ()
    arguments: str | None = None
    patch: tuple[Mapping[str, object], ...] = ()
    stamp: str = ""
    permit: str = ""
    tool: str = ""
    fence: Fence = ""

    @property
    def harmless(self) -> bool:
        """True when the call only reads."""
        return all(effect == "read" for effect in self.effects)


@dataclass(frozen=True, slots=True)
class SessionId:
    """Whose run this is. ``user`` and ``tenant`` may be empty."""

    name: str
    user: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as the driver read it: UTC microseconds, monotonic nanoseconds, and the local calendar day."""

    utc_us: int
    mono_ns: int
    day: str


@dataclass(frozen=True, slots=True)
class StopState:
    """The stop state in force for one session. ``epoch`` grows with every stop and every resume that concern it."""

    state: Literal["run", "pause", "stop"] = "run"
    epoch: int = 0
    reason: str = ""
    actor: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class LedgerState:
    """A snapshot of the facts that must outlive a context.

    ``session`` and ``user`` map keys to text (amounts as decimal text); ``version`` is opaque and is handed back to
    the store with the next write, which fails when somebody else wrote in between. ``whose`` says whose facts these are.

    ``known`` are those of the values that were looked up for one decision which came up in the session (``user`` or
    ``trusted`` and a digest); None when nobody looked.
    """

    session: Mapping[str, str] = field(default_factory=dict)
    user: Mapping[str, str] = field(default_factory=dict)
    version: tuple[int, int] = (0, 0)
    whose: SessionId = field(default=SessionId(""), compare=False)
    known: frozenset[str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that a person is asked about. ``call_sha256`` is the hash of the exact canonical call."""

    session: SessionId
    call: Call
    decision: Decision
    call_sha256: str
    ruleset_sha256: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A person's yes or no to one exact call, or the place where it is still open.

    ``by`` is the authenticated principal who answered; ``used`` says that the one permission was consumed.
    """

    id: str
    state: Literal["open", "approved", "denied", "used", "expired"]
    session: str
    tool: str
    call_sha256: str
    summary: str
    asked_us: int
    expires_us: int
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Restore:
    """What the provider really said and what it must be told, kept under the token that the app sees instead.

    ``message`` is the provider's assistant message as JSON bytes; ``visible`` the text that stands before the
    placeholder in what the app was given; ``results`` pairs of (call id, text) for the calls that did not run;
    ``rewritten`` maps the id the app sees to (original id, original arguments, note for its result);
    ``closed`` is true when the app saw the rest of this very answer (other calls of it, or nothing more), false when
    the model's next answer follows in the same message. ``released`` names the calls of the answer that the caller got.

    ``names`` maps the ids of those rewritten calls that became calls of another tool to the tool that the model called.

    ``answer`` is the name under which its calls were decided (see :class:`Call`).

    ``at`` is the place of the answer that the provider continues from, ``kept`` what requests that continue it do not
    repeat, ``block`` the digest of the block that it was made under; empty where none of that matters.
    """

    token: str
    session: str
    dialect: str
    message: bytes
    placeholder: str
    visible: str
    results: tuple[tuple[str, str], ...]
    rewritten: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    closed: bool = True
    released: tuple[str, ...] = ()
    at: str = ""
    kept: str = ""
    block: str = ""
    answer: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of evidence before the log adds its envelope (sequence, chain, clock, level).

    ``body`` holds only text, integers, booleans, lists and objects (no floats) and nothing personal;
    ``private`` holds values that are committed to with a salt and kept apart, so that they can be erased.
    """

    type: str
    session: SessionId
    body: Mapping[str, object]
    private: Mapping[str, object] = field(default_factory=dict)
    epoch: int = 0
    conversation: str = ""


# What becomes of one proposed call in the bytes that the caller gets.


@dataclass(frozen=True, slots=True)
class Release:
    """The call passes byte-identical."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The call passes with other arguments, under an id that carries the token; ``name`` is another tool, if it is one."""

    id: str
    arguments: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Replace:
    """The call is not shown; ``text`` (may be empty) stands in its place."""

    text: str


Outcome: TypeAlias = Release | Rewrite | Replace
