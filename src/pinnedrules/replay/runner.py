"""Runs recorded conversations through the real gate: request by request, with the records really written.

Rules of this file:

1. Nothing is decided or counted by other means than the gate's own path: ``exchange`` under ``drive``, a real store, a
   real log. Only the provider is missing; its recorded answer is given in the process.
2. Whatever the gate lets out is looked at again with other code: the block in the request, the calls in the answer.
3. Nobody answers an ask. A refused call stays in the recorded history, as if it had been run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pinnedrules.commands import Head
from pinnedrules.control.state import open_state
from pinnedrules.control.stop import StopFile
from pinnedrules.control.store import Store
from pinnedrules.drive import drive
from pinnedrules.errors import Refused, Unreadable
from pinnedrules.evidence.log import Log
from pinnedrules.gate.context import Policy
from pinnedrules.gate.exchange import exchange
from pinnedrules.hosts.keeper import Core
from pinnedrules.pins.block import one_line
from pinnedrules.replay.bodies import answer, calls_in, first_system, request
from pinnedrules.replay.compact import compact
from pinnedrules.replay.trace import DialectName, Message, Trace
from pinnedrules.replay.weights import Weights
from pinnedrules.report import Report
from pinnedrules.rulefile import RuleFile
from pinnedrules.tokens import count
from pinnedrules.types import Entry, SessionId
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect
from pinnedrules.wire.openai_chat import OpenAIChat
from pinnedrules.world import World

__all__ = ["Conversation", "Judgement", "Outcome", "Replay", "Step"]

Outcome: TypeAlias = Literal["allowed", "asked", "denied"]

_DIALECTS: dict[DialectName, Dialect] = {
    "openai-chat": OpenAIChat(),
    "anthropic-messages": AnthropicMessages(),
}
_PATHS: dict[DialectName, str] = {
    "openai-chat": "POST /v1/chat/completions",
    "anthropic-messages": "POST /v1/messages",
}
_JSON = Head(200, (("content-type", "application/json"),))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one recorded call. ``message`` and ``call`` count from 0; ``asked`` means nobody answered."""

    conversation: str
    message: int
    call: int
    tool: str
    outcome: Outcome
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    targets: tuple[str, ...]
    undecided: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One request and its answer.

    ``tokens`` are those of the prompt with the block; ``compacted`` says that the history was cut just before,
    ``rewritten`` that the gate recorded it. ``verified`` is the gate's own proof that the block is in place, ``seen``
    the same looked up by other code in the bytes that would have left. ``worded`` are the rules whose own text
    stands in the history; ``refused`` is the reason when the whole request was refused; ``leaked`` names calls that
    were refused and were in the answer all the same.
    """

    message: int
    tokens: int
    compacted: bool
    rewritten: bool
    verified: bool
    seen: bool
    worded: frozenset[str]
    cpu_ms: float
    judgements: tuple[Judgement, ...] = ()
    refused: str = ""
    leaked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One recorded conversation, replayed; ``guessed`` as in :class:`~pinnedrules.replay.trace.Trace`."""

    name: str
    dialect: DialectName
    steps: tuple[Step, ...]
    guessed: tuple[str, ...]


class _Collector(Report):
    """Keeps the records of the request under way, beside counting them."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        super().add(entry)
        self.entries.append(entry)

    def drain(self) -> list[Entry]:
        entries, self.entries = self.entries, []
        return entries


@dataclass(slots=True)
class _Channel:
    """The provider that is not there: gives the recorded answer, keeps what was sent."""

    reply: bytes
    sent: list[bytes] = field(default_factory=list)
    given: bool = False

    def send(self, body: bytes) -> Head:
        self.sent.append(body)
        return _JSON

    def receive(self) -> bytes:
        data, self.given = (b"" if self.given else self.reply), True
        return data

    def post(self, old: str, new: str, body: bytes) -> Head:
        raise Unreadable("a request beside the recorded one")

    def close(self) -> None:
        """Nothing is held."""


class Replay:
    """The rules of *source* over any number of conversations, with state and log in the folder *state*.

    *compact_at* is the size of a history, in tokens, from which on it is compacted; 0 never. Raises StateError.
    """

    def __init__(self, source: RuleFile, state: Path, *, compact_at: int = 0) -> None:
        folder = open_state(state)
        self.source = source
        self._compact_at = compact_at
        self._block_tokens = count(source.block.text).tokens
        self._wordings = {rule: one_line(text).casefold() for rule, text in source.rules.texts}
        self._collector = _Collector()
        self._store = Store(folder.database)
        self._log = Log(
            folder.log,
            origin=source.name,
            level="L0",
            ruleset_version=source.rules.version,
            ruleset_sha256=source.rules.sha256,
        )
        world = World(
            log=self._log,
            store=self._store,
            stop=StopFile(folder.path),
            approver=None,
            terminal=False,
            report=self._collector,
            rules=lambda: None,
            ticket_seconds=600.0,
        )
        policy = Policy(source.rules, source.block, self._store.secret(), on_denied="end")
        self._core = Core(world=world, policy=lambda: policy, candidates=lambda session: (session,))
        self._names: dict[str, int] = {}

    def close(self) -> None:
        """Flush the log and close the store."""
        self._log.close()
        self._store.close()

    def run(self, trace: Trace) -> Conversation:
        """Replay one conversation as a session of its own."""
        seen = self._names[trace.name] = self._names.get(trace.name, 0) + 1
        name = trace.name if seen == 1 else f"{trace.name} ({seen})"
        session = SessionId(name.replace("\x00", " "))
        weights = Weights(trace, self._wordings)
        history: list[Message] = []
        steps: list[Step] = []
        for index, message in enumerate(trace.messages):
            if calls_in(message):
                compacted = bool(self._compact_at) and weights.total(history) > self._compact_at
                if compacted:
                    shorter = compact(history, self._compact_at, weights.tokens)
                    compacted, history = len(shorter) < len(history), shorter
                steps.append(self._step(trace, session, history, index, compacted, weights))
            history.append(message)
        return Conversation(name, trace.dialect, tuple(steps), trace.guessed)

    def _step(
        self, trace: Trace, session: SessionId, history: list[Message], index: int, compacted: bool, weights: Weights
    ) -> Step:
        message = _with_ids(trace.messages[index])
        body, channel = request(trace, history), _Channel(answer(trace, message, index))
        ctx = self._core.context((session,), _DIALECTS[trace.dialect], _PATHS[trace.dialect], None)
        refused, out = "", b""
        started = time.process_time()
        try:
            for piece in drive(exchange(ctx, body), self._core.world, channel):
                out += piece if isinstance(piece, bytes) else b""
        except Refused as refusal:
            refused = str(refusal)
        cpu_ms = (time.process_time() - started) * 1000
        entries = self._collector.drain()
        judgements = _judgements(session.name, index, calls_in(message), entries)
        requests = [entry for entry in entries if entry.type == "request"]
        return Step(
            message=index,
            tokens=weights.total(history) + weights.fixed + self._block_tokens,
            compacted=compacted,
            rewritten=any(entry.type == "compaction" and entry.body["kind"] == "client" for entry in entries),
            verified=bool(requests) and all(entry.body["block_verified"] is True for entry in requests),
            seen=bool(channel.sent) and all(self._pinned(trace.dialect, sent) for sent in channel.sent),
            worded=weights.worded(history),
            cpu_ms=cpu_ms,
            judgements=judgements,
            refused=refused,
            leaked=_leaked(out, judgements, calls_in(message)),
        )

    def _pinned(self, dialect: DialectName, body: bytes) -> bool:
        """Look the block up where the model reads it first, with no code of the gate."""
        text = first_system(dialect, body)
        return text == self.source.block.text or text.startswith(self.source.block.text + "\n")


def _with_ids(message: Message) -> Message:
    """Give every call an id of its own, as the provider did, where the recording lost it."""
    found = [call for call, _ in calls_in(message)]
    if all(found) and len(set(found)) == len(found):
        return message
    copy: Message = json.loads(json.dumps(message))
    content = copy.get("content")
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    proposed: list[dict[str, Any]] = [block for block in blocks if block.get("type") == "tool_use"]
    proposed += copy.get("tool_calls") or []
    for number, call in enumerate(proposed):
        call["id"] = f"call_replay{number}"
    return copy


def _judgements(
    conversation: str, index: int, calls: Sequence[tuple[str, str]], entries: Sequence[Entry]
) -> tuple[Judgement, ...]:
    places = {call: number for number, (call, _) in enumerate(calls)}
    found: list[Judgement] = []
    for entry in entries:
        call = str(entry.body.get("call", ""))
        if entry.type != "decision" or call.startswith("request:"):
            continue  # a tool that the provider runs is decided on the request
        found.append(
            Judgement(
                conversation=conversation,
                message=index,
                call=places.get(call, 0),
                tool=str(entry.body["tool"]),
                outcome="asked" if entry.body["ticket"] else "allowed" if entry.body["released"] else "denied",
                rules=_strings(entry.body["rules"]),
                reasons=_strings(entry.private.get("reasons")),
                targets=_strings(entry.private.get("targets")),
                undecided=_strings(entry.body["undecided"]),
            )
        )
    return tuple(sorted(found, key=lambda judgement: judgement.call))


def _leaked(out: bytes, judgements: Sequence[Judgement], calls: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the refused calls that are in the answer all the same; read with no code of the gate."""
    if not out:
        return ()
    value = json.loads(out)
    message = value["choices"][0]["message"] if "choices" in value else value
    shown = {call for call, _ in calls_in(message)}
    refused = {calls[judgement.call][0] for judgement in judgements if judgement.outcome != "allowed"}
    return tuple(sorted(shown & refused))


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()
