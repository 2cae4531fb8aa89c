"""What the provider keeps itself: answers that are fetched later, items put into a conversation, approvals of its calls.

Rules of this file:

1. An answer that is fetched again is decided once: what was released the first time, under the same stop epoch, is
   released again without another charge. Everything else is decided afresh.
2. The provider runs a call of its own only after a yes. That yes leaves only for a call that was released here.
3. What is kept here is found by the place at which the provider keeps the answer (``response:ID``, ``conversation:ID``,
   ``message:ID``).
4. A fetched answer is fenced as it would have been where it was made (see ``fence.py``): what its own request learned of a
   compaction waits at its place, and stays there when a later request has ended it elsewhere.
5. A request that continues something which the provider keeps together with the block leaves without one. It may do so only
   if that was created here, under the very block in force; else the client is told to begin anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pinnedrules.commands import Failed, Find, Keep, Random
from pinnedrules.compaction.pending import fetched
from pinnedrules.errors import Denied, Unreadable
from pinnedrules.evidence.record import args_hash
from pinnedrules.gate.calls import Judged
from pinnedrules.gate.context import Context, Flow, record
from pinnedrules.gate.fence import held, waiting
from pinnedrules.gate.tokens import ours, placed, scope, stamp
from pinnedrules.types import Call, Decision, Entry, Restore
from pinnedrules.wire.base import Answer, Key, RequestFacts

__all__ = [
    "Lost",
    "approvals",
    "continued",
    "find",
    "keep",
    "mark",
    "prepare_items",
    "prepare_poll",
    "released_before",
    "remember",
]

_RESPONSE = re.compile(r"/responses/([^/?]+)")
_NOTHING_ASKED = RequestFacts((), {}, (), "", stream=False, structured=False, choices=1)


class Lost(Exception):
    """The client has to send its whole conversation anew; no error to anybody."""


def find(ctx: Context, names: tuple[str, ...]) -> Flow[Mapping[str, Restore]]:
    """Return what this session kept under these tokens and places."""
    found = yield Find(tuple(placed(ctx, name) for name in names))
    rows = found if isinstance(found, Mapping) else {}
    known = {name: rows.get(placed(ctx, name)) for name in names}
    return {name: row for name, row in known.items() if isinstance(row, Restore) and ours(ctx, row)}


def continued(ctx: Context, body: bytes, facts: RequestFacts, known: Mapping[str, Restore]) -> RequestFacts:
    """Return the facts of a request with what the provider keeps of its thread. Raises Lost (rule 5)."""
    if not facts.continues:
        ctx.kept = ctx.dialect.kept(body)
        return facts
    row = known.get(facts.continues)
    if row is None or row.block != ctx.policy.block.digest:
        if ctx.enforcing:
            raise Lost
        return facts
    ctx.kept = row.kept
    return ctx.dialect.read_request(ctx.dialect.completed(body, row.kept))


def prepare_poll(ctx: Context, body: bytes) -> Flow[tuple[int, bool]]:
    """Record a request for an answer that was made before, and look up what was released of it."""
    if body.strip() not in (b"", b"{}"):
        raise Unreadable("a body where none belongs")
    ctx.body, ctx.facts = body, _NOTHING_ASKED
    asked = _RESPONSE.search(ctx.path)
    if asked is not None:
        place = f"response:{asked[1]}"
        ctx.waiting = yield from waiting(ctx, (place,))
        if fetched(ctx.waiting):
            # Its request was the first to continue what was compacted, or the answer itself compacts.
            ctx.fence = "continued" if any(one.followed for one in ctx.waiting) else "answer"
        elif (yield from held(ctx, place)):
            ctx.fence = "continued"
        rows = yield from find(ctx, (place,))
        ctx.released = frozenset(each for row in rows.values() for each in row.released)
        # It is the very answer that was seen before.
        ctx.answer = next((row.answer for row in rows.values()), "")
    return (yield from record(ctx, _entry(ctx))), False


def prepare_items(ctx: Context, body: bytes) -> Flow[tuple[int, bool]]:
    """Check and record a request that only puts items into what the provider keeps."""
    ctx.dialect.read_items(body)
    ctx.body = body
    return (yield from record(ctx, _entry(ctx))), False


def released_before(ctx: Context, call: Call) -> Judged | None:
    """Return the call as released if that was decided when this very answer was first given; a pause asks again."""
    if ctx.paused or mark(ctx, call) not in ctx.released:
        return None
    why = "released when this answer was first given"
    return Judged(call, Decision("allow", reasons=(why,)))


def approvals(ctx: Context, wanted: Iterable[str]) -> Flow[None]:
    """Let a yes to calls that the provider would run pass only if each of them was released here. Raises Denied."""
    wanted = tuple(wanted)
    if not wanted or not ctx.enforcing:
        return
    rows = yield from find(ctx, tuple(f"approval:{name}" for name in wanted))
    for name in wanted:
        row = rows.get(f"approval:{name}")
        if row is None or not any(_marked(each) == (str(ctx.epoch), name) for each in row.released):
            raise Denied(
                f"This request says yes to a call of the provider's own ({name!r}) that was not released here.",
                next_step="ask the model again; its question is decided when it comes through the guard",
            )


def remember(ctx: Context, answer: Answer, judged: Mapping[Key, Judged]) -> Flow[None]:
    """Keep what was released of an answer that can come again, or that the provider asks about.

    A failure costs a second decision later and nothing else, so the answer goes on.
    """
    asked = [item for item in judged.values() if item.call.kind == "approval"]
    places = _places(ctx, answer)
    owed = ctx.kept or ctx.former or any(place in ctx.continued for place in places)
    wanted = asked or (places and (judged or owed))
    if answer.message is None or not wanted:
        return
    nonce = yield Random(8)
    if isinstance(nonce, bytes):
        row = Restore(
            token=stamp(ctx, nonce, answer.message),
            session=scope(ctx),
            dialect=ctx.dialect.name,
            message=answer.message,
            placeholder="",
            visible=answer.text,
            results=(),
        )
        yield from keep(ctx, row, answer, judged)


def keep(ctx: Context, row: Restore, answer: Answer, judged: Mapping[Key, Judged]) -> Flow[bool]:
    """Keep *row* with what was released of *answer*, under its token and wherever it can be asked for; True when kept."""
    # One that had to be changed is decided, and changed, again: what is released again is the provider's own call.
    free = [item.call for item in judged.values() if not item.refused and _decided(ctx, item)]
    asked = tuple(f"approval:{call.id}" for call in free if call.kind == "approval")
    places = _places(ctx, answer)
    row = replace(
        row,
        released=tuple(mark(ctx, call) for call in free),
        at=next(iter(places), ""),
        kept=ctx.kept,
        block=ctx.policy.block.digest,
        answer=ctx.answer,
    )
    kept = yield Keep(row, tuple(placed(ctx, place) for place in (*places, *ctx.former, *asked)))
    return not isinstance(kept, Failed)


def _decided(ctx: Context, item: Judged) -> bool:
    pending = ctx.pending and item.decision.verdict == "ask"
    return item.decision.arguments is None and not pending


def _places(ctx: Context, answer: Answer) -> tuple[str, ...]:
    return answer.places if ctx.facts is None or ctx.facts.keeps else ()


def mark(ctx: Context, call: Call) -> str:
    """Return the mark of a released call: the epoch, a hash of what it does, and its id, which the provider chooses."""
    what = f"{call.kind} {call.name} {args_hash(call)}"
    return f"{ctx.epoch}:{hashlib.sha256(what.encode('utf-8', 'surrogatepass')).hexdigest()}:{call.id}"


def _marked(text: str) -> tuple[str, str]:
    """Return the epoch of a mark and the id of its call."""
    epoch, _, rest = text.partition(":")
    return epoch, rest.partition(":")[2]


def _entry(ctx: Context) -> Entry:
    return Entry(
        type="request",
        session=ctx.session,
        epoch=ctx.epoch,
        conversation=ctx.conversation,
        body={
            "dialect": ctx.dialect.name,
            "path": ctx.path,
            "kind": ctx.kind,
            "bytes": len(ctx.body),
            "sha256": hashlib.sha256(ctx.body).hexdigest(),
        },
    )
