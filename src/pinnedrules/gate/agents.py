"""Managed agents, behind a setting: what configures them, what is said to them, and the way of their events.

Rules of this file and of ``agent_calls``:

1. Words go only to a session that was seen to carry the block and to ask before every call of the provider's that can be
   asked about. So does whatever builds on an agent. What was seen is kept for all sessions of the guard, under the block that
   it was seen with. What the provider runs unasked is decided with the words, by tool.
2. Every call that waits is decided once. One that the program would run is shown only if it is allowed; one that waits for
   a yes gets yes or no from here. The provider is told before the caller sees anything of it.
3. A yes, or a result, that the program sends leaves only for a call that was allowed here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pinnedrules.commands import Begin, Head, Keep, Random
from pinnedrules.errors import PathRefused, Unpinned, Unreadable
from pinnedrules.gate.agent_calls import Tools, checked, fates_of
from pinnedrules.gate.between import all_of_it, bare, deliver, forward, receive, relay
from pinnedrules.gate.compacting import managed
from pinnedrules.gate.context import Context, Flow, as_text, check_stop, record
from pinnedrules.gate.fence import proven, waiting
from pinnedrules.gate.hearing import listen
from pinnedrules.gate.held import find
from pinnedrules.gate.request import send, server_tools
from pinnedrules.gate.tokens import placed, scope, stamp
from pinnedrules.types import Entry, Restore, SessionId
from pinnedrules.wire.agents import AgentDialect, Shown
from pinnedrules.wire.base import RequestFacts, ServerTool
from pinnedrules.wire.hidden import refuse_calls_in_error
from pinnedrules.wire.json_text import Object
from pinnedrules.wire.sse import Event

__all__ = ["manage"]

_Patch: TypeAlias = tuple[Mapping[str, object], ...]
_EVERYBODY = SessionId("managed agents")


@dataclass(slots=True)
class _Request:
    """A request as it may leave: what was edited in it, what the provider would run because of it, and the user's words."""

    body: bytes
    edits: dict[str, _Patch] = field(default_factory=dict)
    theirs: tuple[ServerTool, ...] = ()
    text: str = ""
    tools: Tools = field(default_factory=dict)


def manage(ctx: Context, agents: AgentDialect, body: bytes) -> Flow[None]:
    """Gate one request to a door of managed agents. Raises Refused, or what the host raised."""
    path = ctx.path.partition(" ")[2]
    try:
        request = yield from _prepared(ctx, agents, path, body)
    except (Unreadable, Unpinned):
        if ctx.enforcing:
            raise
        request = _Request(body)
    if ctx.sealed and request.body != body and ctx.enforcing:
        raise Unpinned("The request is signed for AWS (SigV4) and would have to be changed after that.")
    ctx.body = body if ctx.sealed else request.body
    ctx.facts = RequestFacts(
        (), {}, request.theirs, "", stream=False, structured=False, choices=1, last_user_text=request.text
    )
    place = agents.session_of(path)
    if place and (yield from waiting(ctx, [place])):
        ctx.fence = "continued"
    yield from listen(ctx, "new" if ctx.kind == "session" else "extended")
    waits, _ = yield from server_tools(ctx)
    head = yield from send(ctx, (yield from record(ctx, _entry(ctx, agents, request.edits))), waits)
    yield from _answer(ctx, agents, path, head, request.tools)


def _prepared(ctx: Context, agents: AgentDialect, path: str, body: bytes) -> Flow[_Request]:
    if ctx.kind in ("agent", "session"):
        setup = agents.configure(path, body, ctx.policy.block.text, force=ctx.enforcing)
        theirs = setup.theirs
        for place in setup.needs:
            theirs += (yield from _seen(ctx, agents, place)).theirs
        edits = {"block": setup.placed, "forced approval": setup.forced}
        return _Request(setup.body, edits, theirs if setup.starts else (), setup.text)
    if ctx.kind == "say":
        said = agents.said(body)
        text = "\n".join(one.text for one in said if one.text)
        words = any(one.kind == "words" for one in said)
        theirs = (yield from _seen(ctx, agents, agents.session_of(path))).theirs if words else ()
        made, patch = yield from checked(ctx, agents, said, body)
        return _Request(made, {"correction": patch}, theirs, text)
    if body.strip() not in (b"", b"{}"):
        raise Unreadable("a body where none belongs")
    listens = ctx.kind == "events"
    tools = (yield from _seen(ctx, agents, agents.session_of(path))).tools if listens else {}
    return _Request(body, tools=tools)


def _answer(ctx: Context, agents: AgentDialect, path: str, head: Head, tools: Tools) -> Flow[None]:
    media = head.get("content-type").split(";")[0].strip().lower()
    streams = media == agents.framing.media
    if not ctx.enforcing and (head.status >= 300 or not (streams or media == "application/json")):
        yield from relay(ctx, head)
    elif 300 <= head.status < 400 and head.get("location"):
        raise PathRefused(
            "The provider redirects this request, and where it would be answered it would not be gated.",
            next_step="give the client the base URL that the redirect leads to",
        )
    elif streams and head.status < 300:
        yield from _stream(ctx, agents, path, head, tools)
    else:
        data = yield from all_of_it(ctx)
        if head.status >= 300:
            refuse_calls_in_error(data)
        elif media == "application/json" and data.strip():
            tools = yield from _noted(ctx, agents, data, tools)
            data = yield from _gated(ctx, agents, path, data, tools)
        elif data.strip():
            raise Unreadable(f"The answer has the content type {media or 'none'!r}, which cannot be checked for calls.")
        yield from deliver(ctx, head, data)


def _stream(ctx: Context, agents: AgentDialect, path: str, head: Head, tools: Tools) -> Flow[None]:
    """Hand events on, one by one: each is looked at whole, and a stop is looked for before each."""
    yield from check_stop(ctx)
    yield Begin(bare(head))
    splitter = agents.framing.splitter()
    while True:
        data = yield from receive(ctx)
        for event in splitter.feed(data) if data else splitter.end():
            yield from check_stop(ctx)
            if ctx.kind == "session" and event.data:
                # One request may make a session and listen to it.
                tools = yield from _noted(ctx, agents, event.data, tools)
            yield from forward(ctx, (yield from _event(ctx, agents, path, event, tools)))
        if not data:
            return


def _event(ctx: Context, agents: AgentDialect, path: str, event: Event, tools: Tools) -> Flow[bytes]:
    if event.data is None:
        return event.raw
    shown = yield from _gated(ctx, agents, path, event.data, tools, agents.framing.keep_alive)
    if shown is event.data:
        return event.raw
    if not shown:
        return b""
    kind = Object(shown).value("type")
    renamed = event.name and isinstance(kind, str) and kind != event.name
    return agents.framing.frame(shown, str(kind)) if renamed else event.with_data(shown)


def _gated(
    ctx: Context, agents: AgentDialect, path: str, data: bytes, tools: Tools, keep_alive: bytes = b""
) -> Flow[bytes]:
    """Decide the calls in one event or page, tell the provider, and return what the caller may see of it."""
    try:
        page = agents.read(data)
    except Unreadable:
        if ctx.enforcing:
            raise
        return data
    if page.compacted:
        yield from managed(ctx, agents.session_of(path) or "*")
    if not page.pending and not page.named:
        return data
    fates = yield from fates_of(ctx, agents, path, page, tools, keep_alive)
    if not ctx.enforcing:
        return data
    shown = agents.render(data, fates)
    return data if shown == data else shown


def _noted(ctx: Context, agents: AgentDialect, data: bytes, tools: Tools) -> Flow[Tools]:
    """Keep how agents and sessions are shown; return the tools of the one that is, else those known before."""
    try:
        shown = agents.shown(data, ctx.policy.block.text)
    except Unreadable:
        if ctx.enforcing:
            raise
        return tools
    for each in shown:
        yield from _remember(ctx, agents, each)
        if not each.why:
            # It carries the block now, whatever was compacted before.
            ctx.waiting = yield from waiting(ctx, [each.place])
            yield from proven(ctx)
    return tools if not shown else shown[0].tools if len(shown) == 1 else {}


def _seen(ctx: Context, agents: AgentDialect, place: str) -> Flow[Shown]:
    """Return how an agent or session was last seen, if that was as it must be. Raises Unpinned (rule 1)."""
    kind, _, name = place.partition(":")
    at = f"{agents.name} {place}"
    row = (yield from find(_shared(ctx), (at,))).get(at)
    if row is not None and row.block == ctx.policy.block.digest and not row.visible:
        kept = json.loads(row.kept)
        tools = {tool: None if names is None else frozenset(names) for tool, names in kept["tools"].items()}
        return Shown(place, "", tools, tuple(ServerTool(*one) for one in kept["theirs"]))
    if not ctx.enforcing:
        return Shown(place, "")
    why, step = "the guard has not seen it", f"let the guard see it first: retrieve({name!r}) of the {kind}s"
    if row is not None:
        why = row.visible if row.visible and row.block == ctx.policy.block.digest else "it was seen under other rules"
        step = (
            "write the agent anew through the guard (agents.update with its prompt and its tools), or retrieve it again, "
            "and use a session that is made from it then"
        )
    raise Unpinned(f"The {kind} {name!r} cannot be used: {why}.", next_step=step)


def _remember(ctx: Context, agents: AgentDialect, shown: Shown) -> Flow[None]:
    """Keep how an agent or session was last seen. What cannot be kept is not known later."""
    shared = _shared(ctx)
    nonce = yield Random(8)
    if not isinstance(nonce, bytes):
        return
    place = f"{agents.name} {shown.place}"
    message = place.encode("utf-8", "surrogatepass")
    tools = {name: None if names is None else sorted(names) for name, names in shown.tools.items()}
    row = Restore(
        token=stamp(shared, nonce, message),
        session=scope(shared),
        dialect=ctx.dialect.name,
        message=message,
        placeholder="",
        visible=shown.why,
        results=(),
        kept=json.dumps({"tools": tools, "theirs": [[tool.name, tool.type] for tool in shown.theirs]}),
        block=ctx.policy.block.digest,
    )
    yield Keep(row, (placed(shared, place),))


def _shared(ctx: Context) -> Context:
    """Return the context under which all sessions of a guard keep what they saw: it is the same for each of them."""
    return replace(ctx, sessions=(_EVERYBODY,))


def _entry(ctx: Context, agents: AgentDialect, edits: Mapping[str, _Patch]) -> Entry:
    patch = [operation for made in edits.values() for operation in made]
    return Entry(
        type="request",
        session=ctx.session,
        epoch=ctx.epoch,
        body={
            "dialect": agents.name,
            "path": ctx.path,
            "kind": ctx.kind,
            "bytes": len(ctx.body),
            "sha256": hashlib.sha256(ctx.body).hexdigest(),
            "block": ctx.policy.block.digest,
            "edits": [name for name, made in edits.items() if made],
        },
        private={"patch": as_text(patch)} if patch else {},
    )
