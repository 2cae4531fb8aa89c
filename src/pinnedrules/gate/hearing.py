"""What a user's newest words bring about: a pause, a rule of this session, or a note that somebody tried.

Rules of this file:

1. Words on the wire can only tighten (design: invariant 4). Permission in words is recorded as an attempt and changes
   nothing: summaries, documents, reminders and parent agents have the role ``user``, too.
2. Only what is new counts: the user text at the end of a conversation that goes on. Of what a rewrite brings, only a stop
   does that is new, at the very end, and nearly all that is said there; an attempt is noted, too.
3. A stop that cannot be put in force and a rule that cannot be kept refuse the request.
4. A model that is plugged in is asked only about what the patterns heard nothing in. It can do what they can: limit. That
   it fails, or takes too long, is recorded, and the turn goes on as the patterns heard it.
5. Who says a rule that is in force once more gives no second one (see ``restated.py``). That is recorded, too.
"""

from __future__ import annotations

from dataclasses import replace

from pinnedrules.chat.hear import hear
from pinnedrules.chat.heard import NOTHING, Heard, sentence
from pinnedrules.chat.text import bounded, quotable
from pinnedrules.commands import Failed, Hear, Heed, Pause, ReadLedger, WriteLedger
from pinnedrules.compaction.lineage import ChangeKind
from pinnedrules.errors import Unrecorded
from pinnedrules.gate.attempts import SAID, Origin, Ration, attempted, heard_entry, stood
from pinnedrules.gate.context import Context, Flow, check_stop, record
from pinnedrules.gate.restated import in_words, restated
from pinnedrules.rules.born import Born, added, born, from_words, name_of
from pinnedrules.types import LedgerState

__all__ = ["listen"]

_ATTEMPTS = 16
_SLICE = 0.25
_SLICES = 240
_REST = 40
"""Characters that may stand beside a stop with which a conversation begins."""


def listen(ctx: Context, change: ChangeKind, *, fresh: bool = False) -> Flow[str]:
    """Hear what the request's newest user text says, and return it. Raises Unrecorded when that cannot be put in force.

    *fresh*: what stands last in a rewritten history was not in the former one.
    """
    facts = ctx.facts
    assert facts is not None
    text = facts.last_user_text
    if change == "rewritten" and ctx.turn:
        # An adapter knows the user's turn apart from what the rewrite brought.
        text, change = ctx.turn, "extended"
    if (ctx.kind != "request" and ctx.agents is None) or not text:
        return text
    heard = hear(text)
    origin: Origin = "patterns"
    if ctx.policy.hears and not heard.kind and change != "rewritten":
        heard = yield from _asked(ctx, text)
        origin = "model"
    if heard.kind == "constraint" and change != "rewritten" and origin == "patterns":
        heard = yield from _news(ctx, heard, text)
    if change in ("new", "rewritten") and heard.kind == "stop":
        heard = _at_first(heard, text, len(heard.quote) if origin == "patterns" else 0)
    if change == "rewritten" and (heard.kind == "constraint" or (heard.kind == "stop" and not fresh)):
        return text
    if heard.kind == "stop":
        yield from _pause(ctx, heard, origin)
    elif heard.kind == "constraint":
        yield from _keep(ctx, heard, origin)
    else:
        tried = heard if heard.kind else attempted(text, Ration())
        if tried.kind:
            led_to = "nothing: words on the wire permit nothing"
            yield from record(ctx, heard_entry(ctx, tried, led_to, stands=stood(change, text)))
    return text


def _at_first(heard: Heard, text: str, quoted: int) -> Heard:
    """Return what a stop is with which a conversation begins or a rewrite ends, where the words may be somebody else's.

    It is one if it is nearly all that is said (*quoted* characters say it): somebody opened another window for it, or typed
    it while the history was compacted, which is when a stop is wanted most. In a longer turn ("read the thread; publish
    nothing") it limits the work that the turn asks for, or it is somebody else's in
    a summary.
    """
    if len(text.strip()) <= quoted + _REST:
        return heard
    return replace(heard, kind="constraint") if heard.effects else NOTHING


def _asked(ctx: Context, text: str) -> Flow[Heard]:
    """Return what the model that is plugged in heard in *text*; nothing when it fails, which is recorded."""
    pending = reply = yield Hear(bounded(text))
    for _ in range(_SLICES):
        if isinstance(reply, (Heard, Failed)):
            break
        # A stop is seen while the model thinks.
        yield from check_stop(ctx)
        reply = yield Heed(pending, _SLICE)
    if isinstance(reply, Heard) and reply.kind in ("", "stop", "constraint"):
        return replace(reply, quote=quotable(text)) if reply.kind else NOTHING
    error = reply.error if isinstance(reply, Failed) else TimeoutError("no answer")
    failed = heard_entry(ctx, NOTHING, f"hears failed: {type(error).__name__}", stands="user", origin="model")
    yield from record(ctx, replace(failed, private={"quote": quotable(text), "why": quotable(str(error))}))
    return NOTHING


def _news(ctx: Context, heard: Heard, text: str) -> Flow[Heard]:
    """Return what *text* says besides the rules that are in force already, in their own words."""
    common: list[Born] = []
    for number, session in enumerate(ctx.sessions):
        ledger = yield ReadLedger(session)
        own = [rule for rule in born(ledger) if not rule.withdrawn] if isinstance(ledger, LedgerState) else []
        common = [rule for rule in own if not number or rule in common]
    known = restated(text, in_words(ctx.policy, common, heard.effects))
    if not known:
        return heard
    left = hear(text, known)
    if left.kind != "constraint":
        names = ", ".join(dict.fromkeys(known.values()))
        yield from record(ctx, heard_entry(ctx, heard, f"nothing: restates {names}", stands="user"))
    return left


def _pause(ctx: Context, heard: Heard, origin: Origin) -> Flow[None]:
    reason = f'{SAID[origin]} "{heard.quote}"'
    for session in ctx.sessions:
        reply = yield Pause(session, reason)
        if isinstance(reply, Failed):
            raise Unrecorded(
                f"The user asked to stop, and the pause could not be put in force ({reply.error}).",
                next_step="mend the state folder, or stop the agent with: pinnedrules stop",
            )
    ctx.paused = reason
    yield from record(ctx, heard_entry(ctx, heard, "pause", stands="user", origin=origin))


def _keep(ctx: Context, heard: Heard, origin: Origin) -> Flow[None]:
    rule = from_words(name_of(heard.effects, heard.quote), sentence(heard.effects), heard.effects, heard.quote)
    fresh = False
    for session in ctx.sessions:
        for _ in range(_ATTEMPTS):
            ledger = yield ReadLedger(session)
            if not isinstance(ledger, LedgerState):
                raise _not_kept(ledger)
            kept = added(ledger, rule)
            if kept.session == ledger.session:
                break
            reply = yield WriteLedger(session, kept)
            if isinstance(reply, Failed):
                raise _not_kept(reply)
            if reply is True:
                fresh = True
                break
        else:
            raise _not_kept(Failed(OSError("it is written by too many at once")))
    if fresh:
        yield from record(ctx, heard_entry(ctx, heard, f"rule {rule.id}", stands="user", origin=origin))


def _not_kept(reply: object) -> Unrecorded:
    why = reply.error if isinstance(reply, Failed) else "no answer"
    return Unrecorded(
        f"The user limited what may be done, and the store cannot keep it ({why}).",
        next_step="mend the state folder, then send the request again",
    )
