"""The way back: text passes, calls are held, decided, and released, rewritten or refused.

When every call of an answer is refused, the gate by default answers the model itself and the caller gets the model's next
answer in the same response, so that an ordinary loop goes on (design, step 11).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from pinnedrules.commands import Begin, Forward, Head, Record
from pinnedrules.compaction.markers import late
from pinnedrules.errors import PathRefused, Refused, Unreadable
from pinnedrules.gate.between import HELD_BYTES, all_of_it, bare, deliver, forward, receive, relay
from pinnedrules.gate.calls import Judged, judge, recall, settle
from pinnedrules.gate.charges import gone
from pinnedrules.gate.compacting import compacts, concluded
from pinnedrules.gate.context import Context, Flow, check_stop, now, record
from pinnedrules.gate.held import released_before, remember
from pinnedrules.gate.lines import counted
from pinnedrules.gate.outcomes import Turn, outcomes_of
from pinnedrules.gate.request import prepare_again, send
from pinnedrules.types import Call, Entry, Offer, Outcome, Release, Replace
from pinnedrules.wire.base import Answer, Frame, Key, StreamReader
from pinnedrules.wire.hidden import refuse_calls_in_error
from pinnedrules.wire.paths import route

__all__ = ["read_answer"]


def read_answer(ctx: Context, head: Head) -> Flow[None]:
    """Hand the answer that *head* begins to the caller, with every call gated."""
    if not ctx.answer:
        # What tells this answer from all others: no two begin at the same time by both clocks.
        moment = yield from now(ctx)
        ctx.answer = f"{moment.utc_us:x}-{moment.mono_ns:x}"
    turns: list[Turn] = []
    begun = False
    while True:
        if not 200 <= head.status < 300:
            # No SDK runs anything of an error answer, but not every program looks at the status.
            if not ctx.enforcing:
                yield from relay(ctx, head)
                return
            _refuse_detour(ctx, head)
            data = yield from all_of_it(ctx)
            refuse_calls_in_error(data)
            yield from deliver(ctx, head, data)
            return
        media = head.get("content-type").split(";")[0].strip().lower()
        readable = (ctx.dialect.framing.media, "application/json")
        if not ctx.enforcing and media not in readable:
            yield from relay(ctx, head)
            return
        if media not in readable or (begun and media == "application/json"):
            raise Unreadable(
                f"The answer has the content type {media or 'none'!r}, which cannot be checked for tool calls.",
                next_step="use an endpoint that answers with JSON or an event stream",
            )
        if media == "application/json":
            turn = yield from _whole(ctx, head, turns)
        else:
            if not begun:
                yield from check_stop(ctx)
                yield Begin(bare(head))
                begun = True
            turn = yield from (_streamed(ctx, turns) if ctx.enforcing else _watched(ctx))
        if turn is None:
            return
        turns.append(turn)
        if ctx.kept or begun:
            # The client may have seen the id of this answer only; the provider goes on from the next one.
            ctx.former = (*ctx.former, *turn.answer.places)
        again = yield from _again(ctx, turn)
        if again is None:
            # The model cannot be asked again; the caller still gets an answer that ends, with the refusal in it.
            yield from (forward(ctx, turn.closing) if begun else deliver(ctx, head, turn.closing))
            return
        head = again


def _whole(ctx: Context, head: Head, turns: Sequence[Turn]) -> Flow[Turn | None]:
    data = yield from all_of_it(ctx)
    before = _before(turns)
    try:
        answer = ctx.dialect.read_json(data)
    except Unreadable:
        if ctx.enforcing:
            raise
        yield from deliver(ctx, head, data)
        return None
    yield from compacts(ctx, answer)
    judged: dict[Key, Judged] = {}
    for key, call in answer.calls.items():
        judged[key] = yield from _decided(ctx, call)
    judged = dict(zip(judged, (yield from settle(ctx, list(judged.values()))), strict=True))
    yield from check_stop(ctx)
    judged = yield from recall(ctx, judged, judged.keys())
    yield from _noted(ctx, answer, judged)
    outcomes, turn = yield from outcomes_of(ctx, answer, judged)
    if turn is not None:
        shown = {**outcomes, next(iter(outcomes)): Replace(turn.placeholder)}
        return replace(turn, closing=ctx.dialect.write_json(data, shown, before))
    yield from deliver(ctx, head, ctx.dialect.write_json(data, outcomes, before))
    gone(item.charge for item in judged.values())
    return None


def _streamed(ctx: Context, turns: Sequence[Turn]) -> Flow[Turn | None]:
    reader = ctx.dialect.read_stream(_before(turns))
    ctx.noted = False
    held: deque[Frame] = deque()
    judged: dict[Key, Judged] = {}
    # Where the answer says only at its end that the history was edited before, its calls wait for that.
    waits = ctx.facts is not None and late(ctx.facts.markers)
    coming: list[tuple[Key, Call]] = []
    weight = 0
    while True:
        data = yield from receive(ctx)
        for frame in reader.feed(data) if data else reader.end():
            if frame.compacts:
                yield from compacts(ctx, reader.answer())
            if not (held or frame.keys or frame.done or frame.ending or turns):
                # Plain text, which is most of what streams: nothing waits before it and nothing in it can.
                yield from check_stop(ctx)
                yield Forward(frame.raw)
                continue
            held.append(frame)
            weight += len(frame.raw)
            coming += frame.done
            while coming and (frame.ending or not waits):
                key, call = coming.pop(0)
                judged[key] = yield from _decided(ctx, call)
            weight -= yield from _flush(ctx, reader, held, judged, bool(turns))
        if weight > HELD_BYTES:
            raise Unreadable(f"More than {HELD_BYTES >> 20} MiB of one answer are held back.")
        if not data:
            break
    answer = reader.answer()
    for key, call in coming:
        judged[key] = yield from _decided(ctx, call)
    keep_alive = ctx.dialect.framing.keep_alive
    judged = dict(zip(judged, (yield from settle(ctx, list(judged.values()), keep_alive=keep_alive)), strict=True))
    judged = yield from recall(ctx, judged, {key for frame in held for key in frame.keys if key in judged})
    if not ctx.noted:
        yield from _noted(ctx, answer, judged)
    outcomes, turn = yield from outcomes_of(ctx, answer, judged)
    closing: list[Frame] = []
    for frame in held:
        if turn is not None and frame.ending:
            closing.append(frame)
        else:
            yield from forward(ctx, reader.render(frame, outcomes))
            gone(judged[key].charge for key in frame.keys if key in judged)
    if turn is None:
        gone(item.charge for item in judged.values())
        return None
    yield from forward(ctx, ctx.dialect.close_stream(reader, turn.placeholder))
    return replace(turn, closing=b"".join(reader.render(frame, outcomes) for frame in closing))


def _watched(ctx: Context) -> Flow[None]:
    """Monitor mode: everything passes as it comes; calls are decided and recorded beside it."""
    reader: StreamReader | None = ctx.dialect.read_stream()
    judged: dict[Key, Judged] = {}
    while True:
        data = yield from receive(ctx)
        yield from forward(ctx, data)
        try:
            frames = [] if reader is None else (reader.feed(data) if data else reader.end())
        except Unreadable as unreadable:
            yield Record(_entry(ctx, "refusal", {"error": "Unreadable", "enforced": False}, {"why": str(unreadable)}))
            reader, frames = None, []
        for frame in frames:
            if frame.compacts and reader is not None:
                yield from compacts(ctx, reader.answer())
            for key, call in frame.done:
                judged[key] = yield from _decided(ctx, call)
        if not data:
            break
    if reader is not None:
        yield from _noted(ctx, reader.answer(), judged)


def _flush(
    ctx: Context, reader: StreamReader, held: deque[Frame], judged: Mapping[Key, Judged], again: bool
) -> Flow[int]:
    """Forward what need not wait any longer: frames in order, up to the first call that is not (yet) released as it is."""
    released = 0
    while held:
        frame = held[0]
        if any(key not in judged or not _unchanged(judged[key]) for key in frame.keys):
            break
        if frame.ending and any(not _unchanged(item) for item in judged.values()):
            break
        held.popleft()
        released += len(frame.raw)
        if frame.ending and not ctx.noted:
            # Before the end is shown: a caller that has seen it may close, and nothing runs after that.
            yield from _noted(ctx, reader.answer(), judged)
        outcomes: dict[Key, Outcome] = {key: Release() for key in judged}
        yield from forward(ctx, reader.render(frame, outcomes) if again else frame.raw)
        gone(judged[key].charge for key in frame.keys)
    return released


def _unchanged(judged: Judged) -> bool:
    return not judged.refused and not judged.open and judged.decision.arguments is None


def _again(ctx: Context, turn: Turn) -> Flow[Head | None]:
    """Answer the model: its own calls plus refusals, through the same checks, recorded. None when that fails."""
    ctx.rounds += 1
    yield from check_stop(ctx)
    position = yield from prepare_again(ctx, ctx.dialect.go_on(ctx.body, turn.answer, turn.results))
    try:
        head = yield from send(ctx, position, waits=False)
    except Refused:
        raise
    except Exception:  # noqa: BLE001 - whatever the network did, send() recorded it; the caller's answer still ends
        return None
    return head if 200 <= head.status < 300 else None


def _noted(ctx: Context, answer: Answer, judged: Mapping[Key, Judged]) -> Flow[None]:
    ctx.noted = True
    if ctx.enforcing and all(_unchanged(item) for item in judged.values()):
        yield from remember(ctx, answer, judged)
    yield from concluded(ctx, answer)
    yield from counted(ctx, answer.places if ctx.facts is not None and ctx.facts.keeps else ())
    body = {
        "finish": answer.finish,
        "calls": len(judged),
        "refused": sum(item.refused for item in judged.values()),
        "rewritten": sum(item.decision.arguments is not None for item in judged.values()),
        "text_chars": len(answer.text),
    }
    yield from record(ctx, _entry(ctx, "answer", body))


def _decided(ctx: Context, call: Call) -> Flow[Judged]:
    """Decide a call of an answer; what was released when this very answer was first given is released again."""
    before = released_before(ctx, call)
    return before if before is not None else (yield from judge(ctx, _declared(ctx, call), ask=not ctx.pending))


def _declared(ctx: Context, call: Call) -> Call:
    """Tell the call what the request itself says of its tool; where it says nothing, what the answer says counts."""
    names, said, offer = call.declared, call.definition, None
    if ctx.facts is not None:
        names, said = ctx.facts.tools.get(call.name, names), ctx.facts.definitions.get(call.name, said)
        offer = Offer(ctx.facts.functions, ctx.facts.tools, ctx.facts.definitions)
    return replace(call, declared=names, definition=said, answer=ctx.answer, offer=offer)


def _entry(ctx: Context, kind_: str, body: Mapping[str, object], private: Mapping[str, object] | None = None) -> Entry:
    return Entry(kind_, ctx.session, body, private or {}, epoch=ctx.epoch, conversation=ctx.conversation)


def _before(turns: Sequence[Turn]) -> list[tuple[Answer, str]]:
    return [(turn.answer, turn.placeholder) for turn in turns]


def _refuse_detour(ctx: Context, head: Head) -> None:
    """Refuse a redirect that leaves the gate: the SDKs follow it and read what answers there as this answer."""
    location = head.get("location")
    if not (300 <= head.status < 400 and location):
        return
    method, _, here = ctx.path.partition(" ")
    there = urlsplit(urljoin(here, location)).path
    found = route(method or "POST", there)
    if head.status not in (307, 308) or (found.verdict, found.kind) != ("gate", ctx.kind):
        raise PathRefused(
            f"The provider redirects this request to {there!r} with status {head.status}, where it would not be gated.",
            next_step="give the client the base URL that the redirect leads to",
        )
