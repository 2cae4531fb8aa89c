"""A scripted world for the gate: no sockets, no disk, no clock. A test reads as a conversation.

The provider is the real scripted one of ``pinnedrules.testing`` as far as bytes go (its wire modules render the answers and
check pairing), without its HTTP server. Every command that the gate yields is kept in order, so a test can say what was
recorded before what was released.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pinnedrules.commands import (
    Ask,
    Begin,
    Command,
    Failed,
    Find,
    Forward,
    Grant,
    Head,
    Keep,
    Known,
    Learn,
    Now,
    Pause,
    Random,
    ReadLedger,
    ReadLineage,
    ReadRules,
    ReadStop,
    Receive,
    Record,
    Redeem,
    Reply,
    Resolve,
    Send,
    Sync,
    Take,
    Wait,
    WriteLedger,
    WriteLineage,
)  # fmt: skip
from pinnedrules.compaction.lineage import Lineage
from pinnedrules.control.grants import Grants
from pinnedrules.gate.context import Context, Flow, Health, Policy
from pinnedrules.gate.exchange import exchange
from pinnedrules.pins.block import render
from pinnedrules.rules.load import load
from pinnedrules.testing.chat import Chat
from pinnedrules.testing.messages import Messages
from pinnedrules.testing.responses import Responses
from pinnedrules.testing.script import Reply as Says
from pinnedrules.testing.shapes import Turn
from pinnedrules.types import Entry, LedgerState, Moment, Proposal, Restore, SessionId, StopState, Ticket
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect
from pinnedrules.wire.openai_chat import OpenAIChat
from pinnedrules.wire.openai_responses import OpenAIResponses

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  list_mail: {effect: read, source: untrusted}
  search: read
  send_email: send
  delete_mail: delete
  archive: write
  refund: spend
  post: publish
rules:
  - id: no-deletes
    text: Only suggest deletions. Never delete before the owner confirms.
    on: {effect: delete}
    then: deny
  - id: inside
    text: Send e-mail only inside example.com.
    on: send_email
    require: {recipients: {domain_in: [example.com]}}
    else: deny
    then: allow
  - id: archive-freely
    text: Archiving is fine.
    on: archive
    then: allow
  - id: refund-cap
    text: Refund at most 100 EUR at once and 500 EUR a day without asking.
    on: refund
    require: {amount: {of: amount, max: 100}, total: {of: amount, per: day, max: 500}}
    else: ask
    then: allow
  - id: stamp-posts
    text: What is posted carries a stamp.
    on: post
    then: {rewrite: [{op: add, path: /stamp, value: written by an agent}]}
  - id: posts
    text: Stamped posts may go out.
    on: post
    then: allow
"""

SCHEMAS: Mapping[str, tuple[str, ...]] = {
    "list_mail": ("folder",),
    "search": ("query",),
    "send_email": ("to", "subject", "body"),
    "delete_mail": ("id",),
    "archive": ("id",),
    "refund": ("amount",),
    "post": ("text", "stamp"),
}

KIM = SessionId("inbox-42", "kim@example.com")


@dataclass
class Result:
    """What the caller got of one exchange."""

    head: Head | None
    chunks: list[bytes]
    error: BaseException | None
    sent: list[dict[str, Any]]
    sent_bytes: list[bytes]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Scenario:
    """One session of one agent before one gate. ``anthropic`` and ``responses`` choose the dialect, ``stream`` the form.

    ``media`` and ``status`` are what the provider says of its answer in the place of what it should say.
    """

    anthropic: bool = False
    responses: bool = False
    stream: bool = False
    rules: str = RULES
    policy: dict[str, Any] = field(default_factory=dict)
    session: SessionId = KIM
    sessions: tuple[SessionId, ...] = ()
    fails: dict[type, BaseException] = field(default_factory=dict)
    replies: dict[type, Reply] = field(default_factory=dict)
    states: dict[SessionId, StopState] = field(default_factory=dict)
    ledgers: dict[SessionId, LedgerState] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    restores: dict[str, Restore] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    kept_lineages: dict[str, bytes] = field(default_factory=dict)
    learned: dict[SessionId, dict[str, str]] = field(default_factory=dict)
    grants: Grants = field(default_factory=lambda: Grants(3600))
    commands: list[Command] = field(default_factory=list)
    on_ask: Callable[[Ticket], Ticket | None] | None = None
    on_command: Callable[[Command], None] | None = None
    redirect: tuple[int, str] = (0, "")
    media: str = ""
    status: int = 0
    users: dict[str, tuple[Mapping[str, str], int]] = field(default_factory=dict)
    clock_ns: int = 1_000_000_000_000
    day: str = "2026-11-22"
    split: int = 0
    lineage: Lineage = field(default_factory=Lineage)
    health: Health = field(default_factory=Health)
    messages: Messages = field(default_factory=lambda: Messages(b"k" * 32))
    kept: Responses = field(default_factory=Responses)

    @property
    def dialect(self) -> Dialect:
        if self.responses:
            return OpenAIResponses()
        return AnthropicMessages() if self.anthropic else OpenAIChat()

    @property
    def wire(self) -> Messages | Responses | Chat:
        """The provider's side of the dialect."""
        if self.responses:
            return self.kept
        return self.messages if self.anthropic else Chat()

    @property
    def records(self) -> list[Entry]:
        return [command.entry for command in self.commands if isinstance(command, Record)]

    def recorded(self, kind: str) -> list[Entry]:
        return [entry for entry in self.records if entry.type == kind]

    def request(self, *messages: Mapping[str, Any], **more: Any) -> bytes:
        """Return a request body of this dialect with all tools declared."""
        if self.responses:
            tools: list[dict[str, Any]] = [
                {
                    "type": "function",
                    "name": name,
                    "parameters": {"type": "object", "properties": {key: {} for key in keys}},
                }
                for name, keys in SCHEMAS.items()
            ]
            body: dict[str, Any] = {"model": "gpt", "input": list(messages), "tools": tools}
        elif self.anthropic:
            tools = [
                {"name": name, "input_schema": {"type": "object", "properties": {key: {} for key in keys}}}
                for name, keys in SCHEMAS.items()
            ]
            body = {
                "model": "claude",
                "max_tokens": 1000,
                "messages": list(messages),
                "tools": tools,
            }
        else:
            tools = [
                {
                    "type": "function",
                    "function": {
                        "name": name,
                        "parameters": {"type": "object", "properties": {key: {} for key in keys}},
                    },
                }
                for name, keys in SCHEMAS.items()
            ]
            body = {"model": "gpt", "messages": list(messages), "tools": tools}
        if self.stream:
            body["stream"] = True
        return json.dumps({**body, **more}).encode()

    def exchange(
        self,
        body: bytes,
        *replies: Says | bytes | BaseException | list[bytes | Callable[[], None]],
        **context: Any,
    ) -> Result:
        """Run one exchange against these replies of the provider, in order."""
        flow = self.flow(body, **context)
        upstream = _Upstream(self, list(replies))
        result = Result(None, [], None, [], [])
        reply: Reply = None
        while True:
            try:
                command = flow.send(reply)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - the test looks at it
                result.error = error
                break
            self.commands.append(command)
            if self.on_command:
                self.on_command(command)
            self.clock_ns += 1000
            if type(command) in self.fails:
                reply = Failed(self.fails[type(command)])
            elif type(command) in self.replies:
                reply = self.replies[type(command)]
            elif isinstance(command, Begin):
                result.head, reply = command.head, None
            elif isinstance(command, Forward):
                result.chunks.append(command.data)
                reply = None
            elif isinstance(command, Send):
                result.sent.append(_json(command.body))
                result.sent_bytes.append(command.body)
                reply = upstream.send(command.body)
            elif isinstance(command, Receive):
                reply = upstream.receive()
            else:
                reply = self._answer(command)
        return result

    def flow(self, body: bytes, **context: Any) -> Flow[None]:
        """Return the gate's flow for one request under this scenario's rules and policy."""
        return exchange(self.context(**context), body)

    def context(self, **context: Any) -> Context:
        """Return a context under this scenario's rules and policy."""
        rules = load(self.rules, file="rules.yaml")
        policy = Policy(rules=rules, block=render(rules.texts, version=rules.version), secret=b"s" * 32, **self.policy)
        sessions = self.sessions or (self.session,)
        return Context(policy, sessions, self.dialect, self.lineage, self.health, ask_wait=policy.ask_wait, **context)

    def _answer(self, command: Command) -> Reply:
        match command:
            case ReadStop():
                return self.states.get(command.session, self.states.get(SessionId("*"), StopState()))
            case Now():
                return Moment(self.clock_ns // 1000, self.clock_ns, self.day)
            case Random():
                return hashlib.sha256(str(len(self.commands)).encode()).digest()[: command.size]
            case Record():
                return len(self.commands)
            case Pause():
                epoch = self.states.get(command.session, StopState()).epoch + 1
                self.states[command.session] = StopState("pause", epoch, command.reason, "the chat")
                return self.states[command.session]
            case ReadRules():
                return load(self.rules), self.policy.get("proposed"), self.policy.get("layers", ())
            case ReadLedger():
                return self.ledger(command.session)
            case WriteLedger():
                return self._write(command.session, command.state)
            case ReadLineage():
                return tuple(self.kept_lineages.values())
            case WriteLineage():
                self.kept_lineages.pop(command.conversation, None)
                self.kept_lineages[command.conversation] = command.data
                return None
            case Known():
                kept = self.learned.get(command.session, {})
                return {key: kept[key] for key in command.keys if key in kept}
            case Learn():
                kept = self.learned.setdefault(command.session, {})
                for key in command.forget:
                    kept.pop(key, None)
                kept.update({key: text for key, text in command.keys.items() if key not in kept})
                return None
            case Keep():
                self.restores |= dict.fromkeys((command.restore.token, *command.places), command.restore)
                return None
            case Resolve():
                return {path: self.links.get(path, path) for path in command.paths}
            case Grant():
                self.grants.add(command)
                return None
            case Redeem():
                return self.grants.redeem(command)
            case Find():
                return {token: self.restores[token] for token in command.tokens if token in self.restores}
            case Ask():
                return self._ask(command.proposal) if command.fresh else self._denied(command.proposal)
            case Wait():
                self.clock_ns += int(command.seconds * 1e9)
                for ticket in [self.tickets[name] for name in command.tickets]:
                    if self.on_ask and (answered := self.on_ask(ticket)):
                        self.tickets[ticket.id] = answered
                return tuple(self.tickets[name] for name in command.tickets)
            case Take():
                ticket = self.tickets[command.ticket]
                if ticket.state != "approved" or ticket.call_sha256 != command.proposal.call_sha256:
                    return False
                self.tickets[ticket.id] = replace(ticket, state="used")
                return True
            case Sync():
                return None
            case _:
                raise AssertionError(command)

    def ledger(self, session: SessionId) -> LedgerState:
        """Return the ledger as the store would: the user half belongs to the user, not to the session."""
        kept = self.ledgers.get(session, LedgerState())
        user, version = self.users.get(session.user or f"session {session.name}", ({}, 0))
        return replace(kept, user=user, version=(kept.version[0], version))

    def _write(self, session: SessionId, state: LedgerState) -> bool:
        now = self.ledger(session)
        if state.version != now.version:
            return False
        self.ledgers[session] = LedgerState(state.session, {}, (now.version[0] + 1, 0))
        self.users[session.user or f"session {session.name}"] = (state.user, now.version[1] + 1)
        return True

    def _denied(self, proposal: Proposal) -> Ticket | None:
        same = [ticket for ticket in self.tickets.values() if ticket.call_sha256 == proposal.call_sha256]
        return next((ticket for ticket in same if ticket.state == "denied"), None)

    def _ask(self, proposal: Proposal) -> Ticket:
        for ticket in self.tickets.values():
            if ticket.call_sha256 == proposal.call_sha256 and ticket.state in ("open", "approved", "denied"):
                return ticket
        ticket = Ticket(
            f"t-{len(self.tickets)}",
            "open",
            proposal.session.name,
            proposal.call.name,
            proposal.call_sha256,
            "",
            0,
            0,
        )
        self.tickets[ticket.id] = ticket
        return ticket


class _Upstream:
    """The provider's answers, one for each Send."""

    def __init__(self, scenario: Scenario, replies: list[Any]) -> None:
        self._scenario, self._replies, self._number = scenario, replies, 0
        self._parts: Iterable[bytes | Callable[[], None]] = iter(())

    def send(self, body: bytes) -> Reply:
        parsed = _json(body)
        wire = self._scenario.wire
        problem = wire.problem(parsed) if parsed else None
        if problem is not None:
            raise AssertionError(f"the provider would refuse this request: {problem.message}")
        assert self._replies, "the gate sent more requests than the scenario has replies"
        reply = self._replies.pop(0)
        self._number += 1
        stream = bool(parsed.get("stream"))
        kind = "text/event-stream; charset=utf-8" if stream else "application/json"
        status = 200
        if isinstance(reply, BaseException):
            return Failed(reply)
        if isinstance(reply, Says):
            turn = Turn(self._number, parsed)
            status = reply.status
            if status != 200:
                kind = "application/json"
                from pinnedrules.testing.shapes import Problem

                self._parts = iter([wire.error(status, Problem(reply.message), "req")])
            elif stream:
                self._parts = iter(_split(b"".join(wire.frames(reply, turn)), self._scenario.split))
            else:
                self._parts = iter([wire.json(reply, turn)])
            kind = reply.content_type or kind
        else:
            self._parts = iter(reply if isinstance(reply, list) else [reply])
        status, location = self._scenario.redirect if self._scenario.redirect[0] else (status, "")
        return Head(
            self._scenario.status or status,
            (
                ("location", location),
                ("content-type", self._scenario.media or kind),
                ("content-length", "9"),
                ("x-request-id", "r1"),
            ),
        )

    def receive(self) -> Reply:
        for part in self._parts:
            if callable(part):
                try:
                    part()
                except ConnectionError as error:
                    return Failed(error)
                continue
            return part
        return b""


def _json(body: bytes) -> dict[str, Any]:
    """Return the parsed body; nothing for one that is no JSON, which only monitor mode lets out."""
    try:
        found: dict[str, Any] = json.loads(body)
    except ValueError:
        return {}
    return found


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)] if size else [data]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}
