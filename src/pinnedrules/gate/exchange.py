"""One request from the caller's bytes to the caller's bytes. THE file to read first; each step has its own module.

Rules of this package:

1. Nothing here does IO: it yields commands and is resumed with replies; a command that failed is a reply too.
2. Nothing leaves unproven (``request.py``), nothing comes back undecided (``answer.py``), every call goes through one
   place (``calls.py``).
3. A refusal is an exception that names its reason, and it is recorded before it is raised.
"""

from __future__ import annotations

from pinnedrules.commands import Begin, Forward, Grant, Head, Record, Redeem
from pinnedrules.errors import Broken, PathRefused, Refused, Unpinned, Unreadable
from pinnedrules.gate.agents import manage
from pinnedrules.gate.answer import read_answer
from pinnedrules.gate.between import relay
from pinnedrules.gate.calls import Judged, judge, settle
from pinnedrules.gate.charges import abandon, give_back, gone
from pinnedrules.gate.context import Charge, Context, Flow, check_stop, record
from pinnedrules.gate.held import Lost
from pinnedrules.gate.request import prepare, send
from pinnedrules.types import Call, Decision, Entry

__all__ = ["CUT", "check", "exchange", "execution", "not_done", "note", "objected", "passing", "refused"]

CUT = "nothing of the call had left when the answer was cut"


def exchange(ctx: Context, body: bytes) -> Flow[None]:
    """Gate one model request. Raises Refused, or what the host raised when the request could not be sent."""
    try:
        yield from check_stop(ctx, first=True)
        if ctx.agents is not None:
            yield from manage(ctx, ctx.agents, body)
            return
        prepared = yield from _prepared(ctx, body)
        if prepared is None:
            yield from relay(ctx, (yield from send(ctx, -1, waits=False)))
            return
        head = yield from send(ctx, *prepared)
        # The answer to items repeats them, and they were checked: there is no call among them.
        yield from relay(ctx, head) if ctx.kind == "items" else read_answer(ctx, head)
    except Lost:
        refusal = Unpinned("The request continues a thread that was not created under the rules in force.")
        yield from note(ctx, refusal)
        yield Begin(Head(400, (("content-type", "application/json"), ("x-should-retry", "false"))))
        yield Forward(ctx.dialect.lost())
    except Refused as refusal:
        yield from abandon(ctx, CUT)
        yield from note(ctx, refusal)
        raise
    except Exception as error:
        yield from abandon(ctx, CUT)
        if error is ctx.host_error:
            raise
        broken = Broken(
            f"The guard failed on this request ({type(error).__name__}: {error}); nothing was released.",
            next_step="report this with the traceback; the guard can be run in monitor mode meanwhile",
        )
        yield from note(ctx, broken)
        raise broken from error


def _prepared(ctx: Context, body: bytes) -> Flow[tuple[int, bool] | None]:
    """Prepare the request; in monitor mode one that cannot be prepared is noted and leaves as it came (None)."""
    try:
        return (yield from prepare(ctx, body))
    except (Unreadable, Unpinned) as refusal:
        if ctx.enforcing:
            raise
        yield from note(ctx, refusal)
        ctx.body = body
        return None


def passing(ctx: Context) -> Flow[None]:
    """Let a request through that cannot reach a model, unless everything is stopped."""
    try:
        yield from check_stop(ctx, first=True)
    except Refused as refusal:
        yield from note(ctx, refusal)
        raise


def refused(ctx: Context, reason: str, next_step: str) -> Flow[None]:
    """Refuse a door that is not guarded; in monitor mode only say so in the log."""
    yield from objected(ctx, PathRefused(reason, next_step=next_step))


def objected(ctx: Context, refusal: Refused) -> Flow[None]:
    """Raise *refusal* once it is in the log; in monitor mode only say it there."""
    yield from note(ctx, refusal)
    if ctx.enforcing:
        raise refusal


def check(ctx: Context, call: Call) -> Flow[Judged]:
    """Decide one call outside any exchange, asking and recording as ever."""
    try:
        yield from check_stop(ctx, first=True)
        judged = yield from judge(ctx, call)
        (judged,) = yield from settle(ctx, [judged])
    except Refused:
        yield from abandon(ctx, CUT)
        raise
    gone([judged.charge])
    return judged


def execution(ctx: Context, call: Call) -> Flow[Judged]:
    """Say whether a tool may run *call* now (design, step 13).

    A call that was released here and has not run yet runs without a second decision or charge; anything else is decided
    afresh. A pause decides everything afresh. Stop is checked last, so that nothing runs under a stop that came while a
    person was asked. Raises Stopped, Unrecorded.
    """
    try:
        yield from check_stop(ctx, first=True)
        grant = None if ctx.paused else (yield Redeem(ctx.sessions, call, ctx.epoch, ctx.outside))
        made = grant.charge if isinstance(grant, Grant) and isinstance(grant.charge, Charge) else None
        # What was given back has been refused since, whatever was granted before that.
        matched = isinstance(grant, Grant) and (made is None or made.state != "back")
        if matched:
            judged = Judged(call, Decision("allow", reasons=("released before, not yet run",)), charge=made)
        else:
            judged = yield from judge(ctx, call, grant=False)
            (judged,) = yield from settle(ctx, [judged])
        if not judged.refused:
            body = {"tool": judged.decision.tool or call.name, "released_before": matched}
            private = {"arguments": judged.decision.arguments or call.arguments}
            yield from record(ctx, Entry("execution", ctx.session, body, private, epoch=ctx.epoch))
            yield from check_stop(ctx)
    except Refused as refusal:
        yield from abandon(ctx, CUT)
        yield from note(ctx, refusal)
        raise
    gone([judged.charge])
    return judged


def not_done(ctx: Context, judged: Judged) -> Flow[None]:
    """Give back what *judged*, from :func:`execution`, was charged: the tool itself said that nothing was done."""
    yield from give_back(ctx, judged.charge, "the tool said that nothing was done")


def note(ctx: Context, refusal: Refused) -> Flow[None]:
    """Write a refusal down."""
    # The reply does not matter: the refusal stands whether or not it can be written down.
    yield Record(
        Entry(
            type="refusal",
            session=ctx.session,
            epoch=ctx.epoch,
            conversation=ctx.conversation,
            body={"error": type(refusal).__name__, "path": ctx.path, "enforced": ctx.enforcing},
            private={"why": str(refusal)},
        )
    )
