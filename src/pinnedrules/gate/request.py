"""The way out: read the body, turn placeholders back, see a compaction, put the block in, prove it is there, record it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnedrules.commands import Failed, Head, Send
from pinnedrules.compaction.lineage import Change
from pinnedrules.compaction.markers import asks
from pinnedrules.errors import Denied, Unpinned, Unreadable
from pinnedrules.gate.attempts import note_attempts
from pinnedrules.gate.calls import judge, settle
from pinnedrules.gate.charges import gone
from pinnedrules.gate.compacting import begun, follows, seen_in_request
from pinnedrules.gate.context import Context, Flow, as_text, now, record, sync
from pinnedrules.gate.former import compared, on_record
from pinnedrules.gate.hearing import listen
from pinnedrules.gate.held import approvals, continued, find, prepare_items, prepare_poll
from pinnedrules.gate.lines import correct
from pinnedrules.gate.origins import learn_results
from pinnedrules.gate.surviving import in_messages
from pinnedrules.gate.telling import Told, tell
from pinnedrules.pins.verify import verify
from pinnedrules.rules.behind import objects_behind, one_by_one
from pinnedrules.rules.decide import decide
from pinnedrules.rules.server_tools import server_effects, server_name, server_untrusted
from pinnedrules.types import OFFERED, Call, Entry, LedgerState, Restore
from pinnedrules.wire.base import Restored, ServerTool
from pinnedrules.wire.json_text import loads

__all__ = ["call_by_call", "find_known", "prepare", "prepare_again", "send", "server_tools"]

_ROLES = {
    "openai-chat": frozenset({"system", "developer"}),
    "openai-responses": frozenset({"instructions"}),
    "anthropic-messages": frozenset({"system"}),
    "framework": frozenset({"system"}),
}


_CONTINUED = Change("extended", "", 0, 0, 0, "", "", {})


@dataclass(frozen=True, slots=True)
class _Proof:
    """What the bytes about to leave show of the block."""

    verified: bool
    elsewhere: int


def prepare(ctx: Context, body: bytes) -> Flow[tuple[int, bool]]:
    """Bring *body* into the form that may leave and record it.

    Returns the position of the record and whether it must be durable before the request leaves (provider-run tools
    with an effect). The body itself is left in ``ctx.body``.
    """
    if ctx.kind == "poll":
        return (yield from prepare_poll(ctx, body))
    if ctx.kind == "items":
        return (yield from prepare_items(ctx, body))
    came = body
    tokens = ctx.dialect.tokens(body)
    known = yield from find_known(ctx, tokens)
    facts = ctx.facts = continued(ctx, body, ctx.dialect.read_request(body), known)
    yield from approvals(ctx, facts.approved)
    # The provider's documentation wants a compaction endpoint without instructions; what it gives back is history,
    # and the block is in every request that uses it (the design's second promise).
    pinned = ctx.kind != "compact" and not facts.continues
    body, added = ctx.dialect.place(body, ctx.policy.block.text) if pinned else (body, ())
    slot = _slot_sha256(ctx, body) if pinned else ""
    # Only what is new stands in a request that continues something, so no compaction can be seen by it.
    continuing = [token for token in tokens if ":" in token]
    change = _CONTINUED if continuing else (yield from compared(ctx, facts.messages, slot))
    ctx.conversation = change.conversation
    yield from begun(ctx, change, continuing)
    survival = yield from in_messages(ctx, [facts.messages[index] for index in change.fresh])
    newest = yield from listen(ctx, change.kind, fresh=len(facts.messages) - 1 in change.fresh)
    yield from note_attempts(ctx, change, newest)
    yield from learn_results(ctx, change.kind)
    told, new = Told(), (yield from correct(ctx, survival, facts.messages, thread=bool(facts.continues)))
    if ctx.kind == "request" and not ctx.sealed:
        shift = int(any(operation["path"] == "/messages/0" for operation in added))
        body, told = yield from tell(
            ctx, body, facts.messages, shift=shift, thread=facts.continues, held=continuing, new=new
        )
    restored = ctx.dialect.restore(body, known) if tokens else Restored(body, (), (), ())
    body, edits, inert = restored.body, restored.patch, restored.inert
    if _unsealed(ctx, came, body):
        body, edits, added = came, (), ()
    placed = (*ctx.placed, *added)
    ctx.body = body
    proof = _proven(ctx, body) if pinned else _Proof(False, 0)
    ctx.verified = proof.verified
    if pinned and not proof.verified:
        ctx.fence = ctx.fence or "unverified"
    waits, asked = yield from server_tools(ctx)
    ctx.body, forced = ctx.dialect.force_approval(body, asked) if asked else (body, ())
    if _unsealed(ctx, came, ctx.body):
        ctx.body, forced = came, ()
    telling = dict.fromkeys((*ctx.amended.told_as, *told.edits))
    edits, forced = (*ctx.amended.restored, *edits), (*ctx.amended.forced, *forced)
    if pinned and ctx.body is not body:
        proof = _proven(ctx, ctx.body)
    yield from seen_in_request(ctx, survival)
    found = (("restored call", edits), ("forced approval", forced))
    names = [*(["block"] if placed else []), *telling, *(name for name, made in found if made)]
    patch = (*placed, *ctx.amended.told, *told.patch, *edits, *forced)
    entry = _request(ctx, proof, change=change.kind, edits=names, inert=len(inert), patch=patch)
    position = yield from record(ctx, entry)
    return position, waits


def prepare_again(ctx: Context, body: bytes) -> Flow[int]:
    """Check and record the request by which the gate answers the model itself; return the record's position."""
    continues = ctx.dialect.read_request(body).continues
    proof = _Proof(False, 0) if continues else _proven(ctx, body)
    patch = _difference(ctx.body, body)
    ctx.body = body
    entry = _request(ctx, proof, change="answered by the gate", edits=["correction"], patch=patch)
    return (yield from record(ctx, entry))


def send(ctx: Context, position: int, waits: bool) -> Flow[Head]:
    """Send the prepared body. Nothing of the answer is read before the request's record is durable (invariant 6).

    Raises what the host raised when the request could not be sent, so that the SDK's own retries work as ever.
    """
    if waits:
        yield from sync(ctx, position)
    # From here on the provider may run what it was offered.
    gone(ctx.charges)
    head = yield Send(ctx.body)
    yield from sync(ctx, position)
    yield from on_record(ctx, position)
    if isinstance(head, Head):
        return head
    error = head.error if isinstance(head, Failed) else Unreadable("The host gave no answer.")
    body = {"finish": "no answer", "error": type(error).__name__}
    yield from record(ctx, Entry("answer", ctx.session, body, epoch=ctx.epoch, conversation=ctx.conversation))
    ctx.host_error = error
    raise error


def find_known(ctx: Context, tokens: tuple[str, ...]) -> Flow[Mapping[str, Restore]]:
    """Return what was kept under the tokens and places that the request names, as far as it is this session's."""
    if not tokens:
        return {}
    known = yield from find(ctx, tokens)
    ctx.continued = tuple(token for token in known if ":" in token)
    return known


def _unsealed(ctx: Context, came: bytes, body: bytes) -> bool:
    """Say whether a signed request would have to be edited: in monitor mode it leaves without. Raises Unpinned."""
    if not ctx.sealed or body == came:
        return False
    if ctx.enforcing:
        raise Unpinned(
            "The request is signed for AWS (SigV4) and would have to be changed after that.",
            next_step="send it with the client that guard.wrap() returned: there the rules go in before it is signed",
        )
    return True


def _proven(ctx: Context, body: bytes) -> _Proof:
    """Verify the block in the bytes about to leave. Raises Unpinned; in monitor mode only the record says so."""
    block = ctx.policy.block
    slot = ctx.dialect.slot(body, block.marker)
    verified = verify(
        block, slot_text=slot.text, role=slot.role, roles=_ROLES[ctx.dialect.name], elsewhere=slot.elsewhere
    )
    if not verified.ok and ctx.enforcing:
        raise Unpinned(
            f"The rules are not in the request as they must be: {verified.why}.",
            next_step="do not put the pin block into your own prompts; the guard does it",
        )
    return _Proof(verified.ok, verified.elsewhere)


def _slot_sha256(ctx: Context, body: bytes) -> str:
    text = ctx.dialect.slot(body, ctx.policy.block.marker).text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def server_tools(ctx: Context) -> Flow[tuple[bool, frozenset[str]]]:
    """Decide tools that the provider would run itself.

    Returns whether one with an effect was allowed, and the servers that the provider has to be told to ask about: their
    calls then come back one by one and are decided there.
    """
    assert ctx.facts is not None
    waits = False
    asked: set[str] = set()
    for tool in ctx.facts.server_tools:
        call = Call(
            server_name(tool.type, tool.name), "{}", id=f"request:{tool.type}", declared=frozenset(), answer=OFFERED
        )
        if ctx.enforcing and (yield from call_by_call(ctx, call, tool)):
            asked.add(tool.name)
            continue
        judged = yield from judge(
            ctx,
            call,
            effects=server_effects(tool.type),
            untrusted=server_untrusted(tool.type),
            grant=False,
            ask=not tool.approval,
        )
        if tool.approval and judged.decision.verdict == "ask" and ctx.enforcing:
            asked.add(tool.name)
            continue
        (judged,) = yield from settle(ctx, [judged])
        if judged.refused:
            raise Denied(
                f"The provider would run the tool {call.name!r} ({tool.type}) itself. {judged.text}",
                next_step="take it out of the request, or give it an effect under `tools:` and a rule that allows it",
                decisions=(judged.decision,),
            )
        waits = waits or not judged.decision.harmless
    return waits, frozenset(asked)


def call_by_call(ctx: Context, server: Call, tool: ServerTool) -> Flow[bool]:
    """Say whether the calls behind a remote server have to be decided each, although the server is not denied.

    Raises Denied where the provider cannot be told to ask and a rule objects to some of them.
    """
    if not server.name.startswith("mcp:"):
        return False
    effects, moment = server_effects(tool.type), (yield from now(ctx))
    sets = ctx.policy.rule_sets
    if any(decide(rules, server, LedgerState(), moment, effects=effects).verdict == "deny" for rules in sets):
        return False
    if tool.approval:
        return any(one_by_one(rules, server.name, moment) for rules in sets)
    if any(objects_behind(rules, server.name, moment) for rules in sets):
        raise Denied(
            f"The provider would run the tools of {server.name!r} itself, and the rules speak of some of them apart.",
            next_step="use an API that asks before each call, or let the rules speak of the server as a whole",
        )
    return False


def _request(
    ctx: Context,
    proof: _Proof,
    *,
    change: str,
    edits: list[str],
    inert: int = 0,
    patch: Sequence[Mapping[str, object]] = (),
) -> Entry:
    facts = ctx.facts
    assert facts is not None
    return Entry(
        type="request",
        session=ctx.session,
        epoch=ctx.epoch,
        conversation=ctx.conversation,
        body={
            "dialect": ctx.dialect.name,
            "path": ctx.path,
            "kind": ctx.kind,
            "model": facts.model or ctx.model,
            "stream": facts.stream,
            "messages": len(facts.messages),
            "bytes": len(ctx.body),
            "sha256": hashlib.sha256(ctx.body).hexdigest(),
            "change": change,
            **({"summarises": True} if _summarises(ctx) else {}),
            **follows(ctx),
            "block": ctx.policy.block.digest,
            "block_verified": proof.verified,
            "block_elsewhere": proof.elsewhere,
            "edits": edits,
            # What may shorten the history at the provider, or keeps it out of sight; answers may not say so. The names of
            # edits are the program's own words, so they are cut.
            "markers": [marker[:80] for marker in (*facts.markers, *ctx.markers)[:20]],
            "inert_tokens": inert,
            "candidates": len(ctx.sessions),
        },
        private={"patch": as_text(patch)} if patch else {},
    )


def _summarises(ctx: Context) -> bool:
    """Say whether the request asks for a summary of a conversation, by its words or by a mark."""
    facts = ctx.facts
    marked = facts is not None and asks((*facts.markers, *ctx.markers))
    return marked or ctx.kind == "compact" or (ctx.change is not None and ctx.change.asks)


def _difference(before: bytes, after: bytes) -> list[Mapping[str, object]]:
    """Return the JSON Patch between two request bodies; lists that grew at their end are added to, not replaced."""
    old, new = loads(before), loads(after)
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    patch: list[Mapping[str, object]] = [{"op": "remove", "path": f"/{key}"} for key in old if key not in new]
    for key, value in new.items():
        former = old.get(key)
        if former == value and key in old:
            continue
        if isinstance(former, list) and isinstance(value, list) and value[: len(former)] == former:
            patch += [{"op": "add", "path": f"/{key}/-", "value": one} for one in value[len(former) :]]
        else:
            patch.append({"op": "add", "path": f"/{key}", "value": value})
    return patch
