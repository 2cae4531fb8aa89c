"""Managed agents, behind a setting: what configures them, what is said to them, and the calls in their events.

Rules of this file:

1. Words go only to a session that was seen to carry the block and to ask before every call of the provider's. So does
   whatever builds on an agent. What was seen is kept for all sessions of the guard, under the block that it was seen with.
2. Every call that waits is decided once. One that the program would run is shown only if it is allowed; one that waits for
   a yes gets yes or no from here. The provider is told before the caller sees anything of it.
3. A yes, or a result, that the program sends leaves only for a call that was allowed here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from pinnedrules.commands import Begin, Failed, Head, Keep, Post, Random
from pinnedrules.errors import Denied, PathRefused, Unpinned, Unreadable
from pinnedrules.gate.between import all_of_it, bare, deliver, forward, receive, relay
from pinnedrules.gate.calls import Judged, judge, settle
from pinnedrules.gate.charges import gone
from pinnedrules.gate.context import Context, Flow, as_text, check_stop, record
from pinnedrules.gate.held import find, mark, released_before
from pinnedrules.gate.request import send, server_tools
from pinnedrules.gate.tokens import placed, scope, stamp
from pinnedrules.types import Entry, Restore, SessionId
from pinnedrules.wire.agents import AgentDialect, Fate, Page, Pending, Shown
from pinnedrules.wire.base import RequestFacts, ServerTool
from pinnedrules.wire.hidden import refuse_calls_in_error
from pinnedrules.wire.sse import Event

__all__ = ["manage"]

_Tools: TypeAlias = Mapping[str, frozenset[str] | None]
_Patch: TypeAlias = tuple[Mapping[str, object], ...]
_ASKS = "asks"
_EVERYBODY = SessionId("managed agents")


def manage(ctx: Context, agents: AgentDialect, body: bytes) -> Flow[None]:
    """Gate one request to a door of managed agents. Raises Refused, or what the host raised."""
    path = ctx.path.partition(" ")[2]
    edits: dict[str, _Patch] = {}
    tools: _Tools = {}
    theirs: tuple[ServerTool, ...] = ()
    ctx.body = body
    if ctx.kind in ("agent", "session"):
        setup = agents.configure(path, body, ctx.policy.block.text, force=ctx.enforcing)
        theirs = setup.theirs
        for place in setup.needs:
            theirs += (yield from _seen(ctx, place)).theirs
        theirs = theirs if setup.starts else ()
        ctx.body, edits = setup.body, {"block": setup.placed, "forced approval": setup.forced}
    elif ctx.kind == "say":
        ctx.body, edits["correction"], theirs = yield from _said(ctx, agents, path, body)
    elif body.strip() not in (b"", b"{}"):
        raise Unreadable("a body where none belongs")
    if ctx.kind == "events":
        tools = (yield from _seen(ctx, agents.session_of(path))).tools
    if ctx.sealed and ctx.body != body:
        raise Unpinned("The request is signed for AWS (SigV4) and would have to be changed after that.")
    ctx.facts = RequestFacts((), {}, theirs, "", stream=False, structured=False, choices=1)
    waits, _ = yield from server_tools(ctx)
    head = yield from send(ctx, (yield from record(ctx, _request(ctx, agents, edits))), waits)
    yield from _answer(ctx, agents, path, head, tools)


def _answer(ctx: Context, agents: AgentDialect, path: str, head: Head, tools: _Tools) -> Flow[None]:
    media = head.get("content-type").split(";")[0].strip().lower()
    if not ctx.enforcing and (head.status >= 300 or media not in ("application/json", agents.framing.media)):
        yield from relay(ctx, head)
    elif 300 <= head.status < 400 and head.get("location"):
        raise PathRefused("The provider redirects this request, where it would not be gated.", next_step="mend the URL")
    elif not 200 <= head.status < 300:
        data = yield from all_of_it(ctx)
        refuse_calls_in_error(data)
        yield from deliver(ctx, head, data)
    elif media == "application/json":
        data = yield from all_of_it(ctx)
        if not data.strip():
            yield from deliver(ctx, head, data)
            return
        try:
            shown = agents.shown(data, ctx.policy.block.text)
        except Unreadable:
            if ctx.enforcing:
                raise
            shown = ()
        for each in shown:
            yield from _remember(ctx, each)
            tools = each.tools if len(shown) == 1 else {}
        yield from deliver(ctx, head, (yield from _gated(ctx, agents, path, data, tools)))
    elif media == agents.framing.media:
        yield from _stream(ctx, agents, path, head, tools)
    elif data := (yield from all_of_it(ctx)):
        raise Unreadable(
            f"The answer has the content type {media or 'none'!r}, which cannot be checked for tool calls."
        )
    else:
        yield from deliver(ctx, head, data)


def _stream(ctx: Context, agents: AgentDialect, path: str, head: Head, tools: _Tools) -> Flow[None]:
    """Hand events on, one by one: each is looked at whole, and a stop is looked for before each."""
    yield from check_stop(ctx)
    yield Begin(bare(head))
    splitter = agents.framing.splitter()
    while True:
        data = yield from receive(ctx)
        for event in splitter.feed(data) if data else splitter.end():
            yield from check_stop(ctx)
            # One request may make a session and listen to it.
            for each in agents.shown(event.data, ctx.policy.block.text) if ctx.kind == "session" and event.data else ():
                yield from _remember(ctx, each)
                tools = each.tools
            yield from forward(ctx, (yield from _event(ctx, agents, path, event, tools)))
        if not data:
            return


def _event(ctx: Context, agents: AgentDialect, path: str, event: Event, tools: _Tools) -> Flow[bytes]:
    if event.data is None:
        return event.raw
    shown = yield from _gated(ctx, agents, path, event.data, tools)
    if shown is event.data:
        return event.raw
    return event.with_data(shown) if shown else b""


def _gated(ctx: Context, agents: AgentDialect, path: str, data: bytes, tools: _Tools) -> Flow[bytes]:
    """Decide the calls in one event or page, tell the provider, and return what the caller may see of it."""
    try:
        page = agents.read(data)
    except Unreadable:
        if ctx.enforcing:
            raise
        return data
    if not page.pending and not page.named:
        return data
    fates = yield from _fates(ctx, agents, path, page, tools)
    if not ctx.enforcing:
        return data
    shown = agents.render(data, fates)
    return data if shown == data else shown


def _fates(ctx: Context, agents: AgentDialect, path: str, page: Page, tools: _Tools) -> Flow[dict[str, Fate]]:
    names = dict.fromkeys([*(one.id for one in page.pending), *page.named])
    known = yield from find(ctx, tuple(f"call:{name}" for name in names))
    rows = {name: known[f"call:{name}"] for name in names if f"call:{name}" in known}
    fresh = [one for one in page.pending if one.id not in rows or not _holds(ctx, one, rows[one.id], tools)]
    judged = []
    for one in fresh:
        call = replace(one.call, declared=tools[one.call.name]) if one.call.name in tools else one.call
        judged.append((yield from judge(ctx, call, grant=not call.name.startswith("mcp:"))))
    settled = yield from settle(ctx, judged)
    # What is allowed is told to the provider or shown before anything else is done.
    gone(item.charge for item in settled)
    for one, item in zip(fresh, settled, strict=True):
        rows[one.id] = yield from _kept(ctx, one, item)
    if ctx.enforcing:
        owed = [one for one in page.pending if not rows[one.id].closed]
        for session in dict.fromkeys(one.session for one in owed):
            yield from _tell(ctx, agents, path, [one for one in owed if one.session == session], rows)
    return {name: _fate(row) for name, row in rows.items()}


def _holds(ctx: Context, one: Pending, row: Restore, tools: _Tools) -> bool:
    """Say whether what was decided about a call still stands: a refusal does, a permission until the next stop."""
    if row.results:
        return True
    call = replace(one.call, declared=tools[one.call.name]) if one.call.name in tools else one.call
    ctx.released = frozenset(row.released)
    return released_before(ctx, call) is not None


def _fate(row: Restore) -> Fate:
    refused = row.results[0][1] if row.results else ""
    return Fate(refused, answered=row.closed and (row.kept == _ASKS or bool(refused)))


def _tell(
    ctx: Context, agents: AgentDialect, path: str, owed: Sequence[Pending], rows: dict[str, Restore]
) -> Flow[None]:
    """Answer calls at the provider; what it did not take stays owed."""
    told = [(one, _fate(rows[one.id]).refused) for one in owed]
    old, new, body = agents.answers(path, owed[0].session, told)
    ctx.rounds += 1
    yield from check_stop(ctx)
    entry = Entry(
        type="request",
        session=ctx.session,
        epoch=ctx.epoch,
        body={
            "dialect": agents.name,
            "path": f"POST {path.removesuffix(old)}{new}",
            "kind": "say",
            "change": "answered by the gate",
            "calls": len(told),
            "refused": sum(bool(text) for _, text in told),
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        },
    )
    yield from record(ctx, entry)
    head = yield Post(old, new, body)
    if isinstance(head, Head) and 200 <= head.status < 300:
        for one in owed:
            rows[one.id] = replace(rows[one.id], closed=True)
            yield Keep(rows[one.id], (placed(ctx, f"call:{one.id}"),))
        return
    why = f"status {head.status}" if isinstance(head, Head) else _why(head)
    answer = {"finish": "no answer", "error": why}
    yield from record(ctx, Entry("answer", ctx.session, answer, epoch=ctx.epoch))


def _why(reply: object) -> str:
    return type(reply.error).__name__ if isinstance(reply, Failed) else "no answer"


def _kept(ctx: Context, one: Pending, item: Judged) -> Flow[Restore]:
    """Keep what became of a call, by its id. A failure costs a second decision, and a yes of the program's, later."""
    text = item.text if item.refused else ""
    if not text and item.decision.arguments is not None and ctx.enforcing:
        text = f"The call to {one.call.name!r} had to be changed, which a call of a managed agent cannot be."
    message = one.id.encode("utf-8", "surrogatepass")
    nonce = yield Random(8)
    row = Restore(
        token=stamp(ctx, nonce if isinstance(nonce, bytes) else bytes(8), message),
        session=scope(ctx),
        dialect=ctx.dialect.name,
        message=message,
        placeholder="",
        visible="",
        results=((one.id, text),) if text else (),
        closed=not (text or one.asks),
        released=() if text else (mark(ctx, item.call),),
        kept=_ASKS if one.asks else "",
        block=ctx.policy.block.digest,
    )
    yield Keep(row, (placed(ctx, f"call:{one.id}"),))
    return row


def _said(
    ctx: Context, agents: AgentDialect, path: str, body: bytes
) -> Flow[tuple[bytes, _Patch, tuple[ServerTool, ...]]]:
    """Return the body with each yes to a refused call turned into a no, and the tools that the provider runs because of it.

    Raises Denied, Unpinned, Unreadable (rules 1, 3).
    """
    if not ctx.enforcing:
        return body, (), ()
    said = agents.said(body)
    theirs: tuple[ServerTool, ...] = ()
    if any(one.kind == "words" for one in said):
        theirs = (yield from _seen(ctx, agents.session_of(path))).theirs
    answers = {number: one for number, one in enumerate(said) if one.kind in ("yes", "result")}
    rows = yield from find(ctx, tuple(dict.fromkeys(f"call:{one.id}" for one in answers.values())))
    refusals: dict[int, str] = {}
    for number, one in answers.items():
        row = rows.get(f"call:{one.id}")
        if row is None:
            raise Denied(
                f"This answers a call ({one.id!r}) that was not decided here.",
                next_step="read the session's events through the guard first: its calls are decided there",
            )
        if row.results and one.kind == "result":
            raise Denied(f"This is the result of a call that was refused. {row.results[0][1]}")
        if row.results:
            refusals[number] = row.results[0][1]
        elif one.kind == "yes" and not any(each.startswith(f"{ctx.epoch}:") for each in row.released):
            raise Denied(
                f"This says yes to a call ({one.id!r}) that was allowed before a stop.",
                next_step="read the session's events again: the call is decided anew there",
            )
    return (*(agents.say_no(body, refusals) if refusals else (body, ())), theirs)


def _seen(ctx: Context, place: str) -> Flow[Shown]:
    """Return how an agent or session was last seen, if that was as it must be. Raises Unpinned (rule 1)."""
    kind, _, name = place.partition(":")
    retrieve = f"let the guard see it first: retrieve({name!r}) of the {kind}s"
    rows = yield from find(_shared(ctx), (place,)) if name else find(ctx, ())
    row = rows.get(place)
    if row is not None and row.block == ctx.policy.block.digest and not row.visible:
        kept = json.loads(row.kept)
        tools = {tool: None if names is None else frozenset(names) for tool, names in kept["tools"].items()}
        return Shown(place, "", tools, tuple(ServerTool(*one) for one in kept["theirs"]))
    if not ctx.enforcing:
        return Shown(place, "")
    why, step = "the guard has not seen it", retrieve
    if row is not None:
        why = row.visible if row.visible and row.block == ctx.policy.block.digest else "it was seen under other rules"
        step = (
            "write the agent anew through the guard (agents.update with its prompt and its tools), or retrieve it again, and "
            "use a session that is made from it then"
        )
    raise Unpinned(f"The {kind} {name!r} cannot be used: {why}.", next_step=step)


def _remember(ctx: Context, shown: Shown) -> Flow[None]:
    """Keep how an agent or session was last seen. What cannot be kept is not known later."""
    shared = _shared(ctx)
    nonce = yield Random(8)
    if not isinstance(nonce, bytes):
        return
    message = shown.place.encode("utf-8", "surrogatepass")
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
    yield Keep(row, (placed(shared, shown.place),))


def _shared(ctx: Context) -> Context:
    """Return the context under which all sessions of a guard keep what they saw: it is the same for each of them."""
    return replace(ctx, sessions=(_EVERYBODY,))


def _request(ctx: Context, agents: AgentDialect, edits: Mapping[str, _Patch]) -> Entry:
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
