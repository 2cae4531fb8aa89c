"""What a transport needs of a guard: which door a request knocks at, and the flow that gates it. No HTTP library here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote
from weakref import WeakSet

from pinnedrules.compaction.lineage import Change, Lineage
from pinnedrules.errors import Refused
from pinnedrules.gate.context import Amended, Context, Flow, Health, Policy
from pinnedrules.gate.exchange import exchange, passing, refused
from pinnedrules.gate.sealing import seal
from pinnedrules.types import SessionId
from pinnedrules.wire.agent_doors import AGENTS, BOTH, SESSIONS
from pinnedrules.wire.agents import AgentDialect
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.anthropic_sessions import AnthropicSessions
from pinnedrules.wire.base import Dialect
from pinnedrules.wire.bedrock import BedrockMessages
from pinnedrules.wire.framework import Framework
from pinnedrules.wire.openai_agents import OpenAIAgents
from pinnedrules.wire.openai_chat import OpenAIChat
from pinnedrules.wire.openai_responses import OpenAIResponses
from pinnedrules.wire.openai_responses_socket import ResponsesSocket
from pinnedrules.wire.path_table import BEDROCK, BEDROCK_STREAM, CHAT, MESSAGES, RESPONSES
from pinnedrules.wire.paths import route
from pinnedrules.world import World

__all__ = ["Admission", "Core", "Keeper", "Patch", "direct_context", "framework_context", "is_presigned", "is_signed"]

_DIALECTS: dict[str, Dialect] = {
    CHAT: OpenAIChat(),
    RESPONSES: OpenAIResponses(),
    MESSAGES: AnthropicMessages(),
    BEDROCK: BedrockMessages(stream=False),
    BEDROCK_STREAM: BedrockMessages(stream=True),
}
_SOCKET = ResponsesSocket()
_FRAMEWORK = Framework()
_AGENTS: dict[str, AgentDialect] = {SESSIONS: AnthropicSessions(), AGENTS: OpenAIAgents()}
_SIGNED = "AWS4-"  # how every signature of Amazon's begins that stands in a header
Patch: TypeAlias = tuple[Mapping[str, object], ...]
_SESSIONS = 1024
_MARGIN_SECONDS = 2.0


class _LockedLineage(Lineage):
    """A lineage that several threads of one session may show their requests to."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def observe(self, messages: Sequence[bytes], slot_sha256: str = "", named: str = "") -> Change:
        with self._lock:
            return super().observe(messages, slot_sha256, named)

    def load(self, kept: Iterable[bytes]) -> None:
        with self._lock:
            super().load(kept)

    def dump(self, conversation: str) -> bytes:
        with self._lock:
            return super().dump(conversation)


class Core:
    """What all wrapped clients of one guard share."""

    def __init__(
        self,
        *,
        world: World,
        policy: Callable[[], Policy],
        candidates: Callable[[SessionId], tuple[SessionId, ...]],
        passed: Collection[str] = (),
        gated: Collection[str] = (),
    ) -> None:
        self.world = world
        self.health = Health()
        self.closed = False
        self.policy = policy
        self.candidates = candidates
        self.passed = frozenset(passed)
        self.gated = frozenset(gated)
        self._functions: WeakSet[Any] = WeakSet()
        self.pending: ContextVar[bool] = ContextVar("pinnedrules pending", default=False)
        """Whether an adapter that gates every tool of its agent asks the model just now."""
        self._lineages: OrderedDict[tuple[SessionId, bool], _LockedLineage] = OrderedDict()
        self._lock = threading.Lock()

    def functions(self, made: object = None) -> list[Any]:
        """Return what gates the functions of the program, as long as they are there; *made* is one more."""
        with self._lock:
            if made is not None:
                self._functions.add(made)
            return list(self._functions)

    def context(
        self, sessions: tuple[SessionId, ...], dialect: Dialect, path: str, read_timeout: float | None
    ) -> Context:
        """Return the context of one new exchange; with several *sessions*, the strictest of them decides."""
        policy = self.policy()
        wait = policy.ask_wait
        if read_timeout is not None:
            # The wait must end before the client gives up by itself and tries again.
            wait = min(wait, max(0.0, read_timeout - _MARGIN_SECONDS))
        return Context(
            policy, sessions, dialect, self._lineage(sessions[0], dialect), self.health, path=path, ask_wait=wait
        )

    def _lineage(self, session: SessionId, dialect: Dialect) -> Lineage:
        # An adapter shows the same conversation in another form than the wire does.
        key = session, dialect is _FRAMEWORK
        with self._lock:
            lineage = self._lineages.setdefault(key, _LockedLineage())
            self._lineages.move_to_end(key)
            if len(self._lineages) > _SESSIONS:
                self._lineages.popitem(last=False)
            return lineage


@dataclass(frozen=True, slots=True)
class Admission:
    """What to do with one request: run ``check`` first; then, with a dialect, gate it, else send it as it is."""

    context: Context
    gated: bool
    check: Flow[None] | None

    def flow(
        self, body: bytes, placed: Patch = (), amended: Amended | None = None, *, signer: bool = False
    ) -> Flow[None]:
        """Return the flow that gates the request with this body.

        *placed* and *amended* are the edits that the host made already; with a *signer* it can sign another request.
        """
        self.context.placed = placed
        self.context.amended = amended or Amended()
        self.context.signer = signer
        return exchange(self.context, body)


class Keeper:
    """The door of one wrapped client. ``error_base`` is the SDK's base error, so that it neither wraps nor retries ours."""

    def __init__(self, core: Core, session: SessionId, error_base: type[Exception]) -> None:
        self.core = core
        self.session = session
        self._error_base = error_base
        self._errors: dict[type[Refused], type[Refused]] = {}

    @property
    def world(self) -> World:
        """The world that flows of this client run against."""
        return self.core.world

    def admit(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        read_timeout: float | None,
        *,
        sessions: tuple[SessionId, ...] | None = None,
        presigned: bool = False,
    ) -> Admission:
        """Look up the door. Raises nothing: a refusal is the admission's ``check``.

        *sessions* are whom the request may belong to; None means what the guard knows of this client. *presigned* says that
        the signature stands in the query.
        """
        found = route(method, path, self.core.passed, self.core.gated)
        agents = _agents(found.dialect, headers)
        dialect = _DIALECTS[OpenAIChat.name if agents is not None or not found.dialect else found.dialect]
        whose = self.core.candidates(self.session) if sessions is None else sessions
        ctx = self.core.context(whose, dialect, f"{method} {path}", read_timeout)
        ctx.kind, ctx.model, ctx.outside = found.kind, found.model, whose == (self.session,)
        ctx.agents = agents
        ctx.pending = self.core.pending.get()
        ctx.sealed = presigned or any(is_signed(name, value) for name, value in headers)
        if found.verdict == "refuse":
            return Admission(ctx, False, refused(ctx, found.reason, found.next_step))
        if found.verdict == "pass":
            return Admission(ctx, False, passing(ctx))
        if any(name.lower() == "x-stainless-helper" and value == "compaction" for name, value in headers):
            ctx.markers = ("header:x-stainless-helper=compaction",)
        coding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
        if coding and coding.lower() != "identity":
            return Admission(ctx, False, refused(ctx, f"The request body is encoded as {coding!r}.", "send it plain"))
        return Admission(ctx, True, None)

    def over_socket(self, path: str) -> Context:
        """Return the context of one exchange over a websocket of the Responses API that was opened at *path*."""
        whose = self.core.candidates(self.session)
        ctx = self.core.context(whose, _SOCKET, f"WEBSOCKET {path}", None)
        ctx.outside = whose == (self.session,)
        return ctx

    def place(self, path: str, body: bytes) -> tuple[bytes, Patch]:
        """Put the block into a request that is being built; return the body and the JSON Patch that says so.

        Raises Unreadable for a body that is no such request, Unpinned for one that has no place for the block.
        """
        found = route("POST", path)
        if found.verdict != "gate" or found.kind != "request":
            return body, ()
        policy = self.core.policy()
        try:
            return _DIALECTS[found.dialect].place(body, policy.block.text)
        except Refused:
            if policy.mode == "enforce":
                raise
            return body, ()

    def seal(self, path: str, body: bytes) -> Flow[tuple[bytes, Amended]] | None:
        """Return the flow that makes the other edits of a request that is about to be signed; None when it has none."""
        found = route("POST", path)
        if found.verdict != "gate":
            return None
        whose = self.core.candidates(self.session)
        ctx = self.core.context(whose, _DIALECTS[found.dialect], f"POST {path}", None)
        ctx.kind = found.kind
        return seal(ctx, body)

    def translate(self, refusal: Refused) -> Refused:
        """Return *refusal* as an error that is also the SDK's own kind (facts: raised once, unwrapped, by both SDKs)."""
        if isinstance(refusal, self._error_base):
            return refusal
        kind = type(refusal)
        both = self._errors.get(kind)
        if both is None:
            both = self._errors[kind] = type(kind.__name__, (kind, self._error_base), {"__module__": kind.__module__})
        error = both.__new__(both)
        error.__dict__.update(refusal.__dict__)
        error.args = refusal.args
        return error


def is_signed(name: str, value: str) -> bool:
    """Whether this header is a signature of Amazon's over the whole request (SigV4)."""
    return name.lower() == "authorization" and value.lstrip().upper().startswith(_SIGNED)


def is_presigned(query: str) -> bool:
    """Whether such a signature stands in the query of a URL."""
    return any(unquote(pair.partition("=")[0]).lower() == "x-amz-signature" for pair in query.split("&"))


def _agents(dialect: str, headers: Sequence[tuple[str, str]]) -> AgentDialect | None:
    """Return how a door of managed agents is read; the first words of both providers' paths are the same."""
    if dialect == BOTH:
        # Anthropic answers no request without this header.
        dialect = SESSIONS if any(name.lower() == "anthropic-version" for name, _ in headers) else AGENTS
    return _AGENTS.get(dialect)


def framework_context(core: Core, session: SessionId, path: str) -> Context:
    """Return a context for a model call that an adapter sees."""
    whose = core.candidates(session)
    ctx = core.context(whose, _FRAMEWORK, path, None)
    ctx.outside = whose == (session,)
    return ctx


def direct_context(core: Core, session: SessionId, path: str) -> Context:
    """Return a context for what the program asks itself, without a request."""
    whose = core.candidates(session)
    ctx = core.context(whose, next(iter(_DIALECTS.values())), path, None)
    ctx.outside = whose == (session,)
    return ctx
