"""What becomes of the calls of managed agents, and of what the program answers to them. The rules are those of ``agents``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from pinnedrules.commands import Failed, Head, Keep, Post, Random
from pinnedrules.errors import Denied
from pinnedrules.gate.calls import Judged, judge, settle
from pinnedrules.gate.charges import gone
from pinnedrules.gate.context import Context, Flow, check_stop, record
from pinnedrules.gate.held import find, mark, released_before
from pinnedrules.gate.tokens import placed, scope, stamp
from pinnedrules.types import Call, Entry, Restore
from pinnedrules.wire.agents import AgentDialect, Fate, Page, Pending, Said

__all__ = ["Tools", "checked", "fates_of"]

Tools: TypeAlias = Mapping[str, frozenset[str] | None]
_Patch: TypeAlias = tuple[Mapping[str, object], ...]
_ASKS = "asks"


def fates_of(
    ctx: Context, agents: AgentDialect, path: str, page: Page, tools: Tools, keep_alive: bytes
) -> Flow[dict[str, Fate]]:
    """Decide the calls that wait, each once, tell the provider what it has to know, and return what became of each.

    *keep_alive* is forwarded while a person is asked.
    """
    pending = {one.id: replace(one, call=_declared(one.call, tools)) for one in page.pending}
    rows = yield from _rows(ctx, agents, [*pending, *page.named])
    fates: dict[str, Fate] = {}
    for name, row in rows.items():
        if ctx.paused and ctx.enforcing and name in pending and row.released:
            # It was let through before the pause. Who looks now must not begin to run it; nothing is taken back.
            fates[name] = Fate(f"paused: {ctx.paused}")
            del pending[name]
    fresh = [one for one in pending.values() if one.id not in rows or not _stands(ctx, one, rows[one.id])]
    judged = []
    for one in fresh:
        # A call of a remote server is run by the provider; of the others a worker of the program's may be the one.
        judged.append((yield from judge(ctx, one.call, grant=not one.call.name.startswith("mcp:"))))
    settled = yield from settle(ctx, judged, keep_alive=keep_alive)
    # What is allowed is told to the provider or shown before anything else is done.
    gone(item.charge for item in settled)
    for one, item in zip(fresh, settled, strict=True):
        rows[one.id] = yield from _kept(ctx, agents, one, item)
    if ctx.enforcing:
        owed = [one for one in pending.values() if not rows[one.id].closed]
        for session in dict.fromkeys(one.session for one in owed):
            yield from _tell(ctx, agents, path, [one for one in owed if one.session == session], rows)
    return {name: _fate(row) for name, row in rows.items()} | fates


def checked(ctx: Context, agents: AgentDialect, said: Sequence[Said], body: bytes) -> Flow[tuple[bytes, _Patch]]:
    """Return the body with each yes to a refused call turned into a no, and the JSON Patch. Raises Denied (rule 3)."""
    answers = {number: one for number, one in enumerate(said) if one.kind in ("yes", "result")}
    if not answers or not ctx.enforcing:
        return body, ()
    rows = yield from _rows(ctx, agents, [one.id for one in answers.values()])
    refusals: dict[int, str] = {}
    for number, one in answers.items():
        row = rows.get(one.id)
        if row is None:
            raise Denied(
                f"This answers a call ({one.id!r}) that was not decided here.",
                next_step="read the session's events through the guard first: its calls are decided there",
            )
        refused = _fate(row).refused
        if refused and one.kind == "result":
            raise Denied(f"This is the result of a call that was refused. {refused}")
        if refused:
            refusals[number] = refused
        elif one.kind == "yes" and not any(each.startswith(f"{ctx.epoch}:") for each in row.released):
            raise Denied(
                f"This says yes to a call ({one.id!r}) that was allowed before a stop.",
                next_step="read the session's events again: the call is decided anew there",
            )
    return agents.say_no(body, refusals) if refusals else (body, ())


def _declared(call: Call, tools: Tools) -> Call:
    return replace(call, declared=tools[call.name]) if call.name in tools else call


def _rows(ctx: Context, agents: AgentDialect, names: Sequence[str]) -> Flow[dict[str, Restore]]:
    """Return what is kept of these calls."""
    wanted = {name: _place(agents, name) for name in names}
    known = yield from find(ctx, tuple(dict.fromkeys(wanted.values())))
    return {name: known[place] for name, place in wanted.items() if place in known}


def _place(agents: AgentDialect, name: str) -> str:
    return f"{agents.name} call:{name}"


def _stands(ctx: Context, one: Pending, row: Restore) -> bool:
    """Say whether what was decided still stands: a refusal does, a permission for this very call until the next stop."""
    ctx.released = frozenset(row.released)
    return bool(row.results) or released_before(ctx, one.call) is not None


def _fate(row: Restore) -> Fate:
    refused = row.results[0][1] if row.results else ""
    return Fate(refused, answered=row.closed and (row.kept == _ASKS or bool(refused)))


def _tell(
    ctx: Context, agents: AgentDialect, path: str, owed: Sequence[Pending], rows: dict[str, Restore]
) -> Flow[None]:
    """Answer calls at the provider; what it did not take stays owed."""
    told = [(one, _fate(rows[one.id]).refused) for one in owed]
    old, new, body = agents.answers(path, owed[0].session, told)
    yield from check_stop(ctx)
    sent = {
        "dialect": agents.name,
        "path": f"POST {path.removesuffix(old)}{new}",
        "kind": "say",
        "change": "answered by the gate",
        "calls": len(told),
        "refused": sum(bool(text) for _, text in told),
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    yield from record(ctx, Entry("request", ctx.session, sent, epoch=ctx.epoch))
    head = yield Post(old, new, body)
    if isinstance(head, Head) and 200 <= head.status < 300:
        for one in owed:
            rows[one.id] = replace(rows[one.id], closed=True)
            yield Keep(rows[one.id], (placed(ctx, _place(agents, one.id)),))
        return
    why = f"status {head.status}" if isinstance(head, Head) else _why(head)
    yield from record(ctx, Entry("answer", ctx.session, {"finish": "no answer", "error": why}, epoch=ctx.epoch))


def _why(reply: object) -> str:
    return type(reply.error).__name__ if isinstance(reply, Failed) else "no answer"


def _kept(ctx: Context, agents: AgentDialect, one: Pending, item: Judged) -> Flow[Restore]:
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
    yield Keep(row, (placed(ctx, _place(agents, one.id)),))
    return row
