"""Every signal of a compaction becomes one record, whoever gives it and in how many places it shows.

Rules of this file:

1. A compaction is recorded where it is seen first. The record of the request that follows it names it, with whether the
   block was verified there; a rewrite that only brings the outcome of one that was seen is no other one.
2. What is recorded decides nothing but the fence (``fence.py``): a call that is asked about.
3. A request that asks for a summary compacts nothing, and neither do a fork and a sub-agent. What may drop messages and
   not say so counts as done, once for a conversation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from pinnedrules.commands import ReadLedger
from pinnedrules.compaction.digests import ROLES, WEAK, kinds
from pinnedrules.compaction.lineage import Change
from pinnedrules.compaction.markers import kind, silent
from pinnedrules.compaction.pending import Pending, knows, learned
from pinnedrules.errors import Unreadable
from pinnedrules.gate.context import Context, Flow, now, record
from pinnedrules.gate.fence import answered, keep_facts, noted, put_up, waiting
from pinnedrules.gate.surviving import Survival, contradicted, in_answer
from pinnedrules.types import Entry, LedgerState
from pinnedrules.wire.base import Answer
from pinnedrules.wire.json_text import items, loads

__all__ = ["begun", "compacts", "concluded", "follows", "managed", "seen_in_request"]

_BY_PROVIDER = frozenset({"on-demand", "threshold", "endpoint", "provider"})
"""Kinds after which the next request may hold another history, without another compaction."""
_OUTCOME = ("encrypted_content", "signature", "content", "id")
_DIGITS = 12
_ITEMS, _EDITS, _SILENT, _STATEFUL = "items", "edits", "truncation", "stateful"
_THOUGHTS = "clear_thinking"


def begun(ctx: Context, change: Change, places: Sequence[str]) -> Flow[None]:
    """See what the request follows, and which compactions show in it. *places* are what it continues."""
    facts = ctx.facts
    assert facts is not None
    ctx.change = change
    brought = [f"item:{one}" for one in _outcomes(facts.messages[change.common :])]
    names = [name for name in (change.conversation, *places, *brought) if name]
    ctx.waiting = yield from waiting(ctx, names)
    fresh = [one for one in ctx.waiting if not one.followed]
    if places and fresh:
        ctx.fence = "continued"
    ledger = yield ReadLedger(ctx.session)
    known = ledger.session if isinstance(ledger, LedgerState) else {}
    found = []
    if not any(one.kind in _BY_PROVIDER for one in ctx.waiting) and ctx.kind != "compact":
        strange = [name for name in brought if not knows(known, _ITEMS, [name])]
        if strange or change.kind == "rewritten":
            found.append("provider" if strange else "client")
        yield from _learn(ctx, _ITEMS, strange)
    if silent((*facts.markers, *ctx.markers)) and not knows(known, _SILENT, _chains(names)):
        found.append("truncation")
        yield from _learn(ctx, _SILENT, _chains(names))
    if places and not knows(known, _STATEFUL, _chains(places)):
        found.append("thread" if facts.continues else "stateful")
        yield from _learn(ctx, _STATEFUL, _chains(places))
    for one in found:
        ctx.own = (*ctx.own, (one, (yield from _id(ctx, one))))
    for entry in fresh:
        if not entry.told:
            # Its answer did not come to its end, or nobody read it so far.
            body = {"id": entry.id, "kind": entry.kind, "seen_in": "answer", "cut": True, "summary": "unseen"}
            yield from record(ctx, _entry(ctx, body))


def seen_in_request(ctx: Context, survival: Survival) -> Flow[None]:
    """Record the compactions that the request itself shows, with *survival* for a rewrite."""
    change = ctx.change
    assert change is not None
    for how, name in ctx.own:
        body: dict[str, object] = {"id": name, "kind": how, "seen_in": "request"}
        private: Mapping[str, object] = {}
        if change.kind == "rewritten" and how in ("client", "provider"):
            body |= {**_rewrite(change), **survival[0]}
            private = survival[1]
        else:
            body["summary"] = "unseen"
        body["block_verified"] = ctx.verified
        yield from record(ctx, _entry(ctx, body, private))


def follows(ctx: Context) -> dict[str, object]:
    """Return what the record of the request says of the compactions that it follows; nothing without any."""
    change = ctx.change
    if ctx.rounds:
        return {}  # It is the gate's own, within the same turn.
    names = [one.id for one in ctx.waiting if not one.followed]
    names += [name for how, name in ctx.own if how in ("client", "provider")]
    found: dict[str, object] = {"follows": names} if names else {}
    if change is not None and change.kind == "rewritten" and not any(how == "client" for how, _ in ctx.own):
        found["rewrite"] = _rewrite(change)
    return found


def compacts(ctx: Context, answer: Answer) -> Flow[None]:
    """Put up the fence if the answer, as far as it has come, compacts: before any call behind that is decided."""
    how = _kind(ctx, answer)
    if not how or ctx.compacted:
        return
    ledger = yield ReadLedger(ctx.session)
    known = ledger.session if isinstance(ledger, LedgerState) else {}
    names = [f"item:{one}" for one in _outcomes(answer.compactions)]
    again = names and all(knows(known, _ITEMS, [name]) for name in names)
    if how == "edits" and not names:
        # Every later request is cut at the same places; what was cleared before is no other compaction.
        again = knows(known, _EDITS, [_cleared(ctx, answer)])
    if again:
        ctx.fence = ctx.fence or ("answer" if names else "")
        return
    cut = next((one for one in ctx.waiting if ctx.kind == "poll" and not one.told), None)
    if cut is not None:
        # It is the very compaction behind which the answer broke off when it came first.
        ctx.waiting = tuple(one for one in ctx.waiting if one is not cut)
        ctx.compacted, ctx.fence = cut.id, "answer"
        return
    ctx.compacted = yield from _id(ctx, how)
    if not names and answer.edits and all(each.startswith(_THOUGHTS) for each in answer.edits):
        # Nobody says a rule in the model's own thoughts. These go at every turn, and an ask at every turn is read by nobody.
        return
    yield from put_up(ctx, Pending(ctx.compacted, how, _where(ctx, answer), told=False), "answer")


def concluded(ctx: Context, answer: Answer) -> Flow[None]:
    """Record what an answer that is over showed of a compaction, once."""
    yield from compacts(ctx, answer)
    change, rewritten = ctx.change, ctx.change is not None and ctx.change.kind == "rewritten"
    if ctx.compacted:
        how = _kind(ctx, answer)
        told: Survival = ({"summary": "none"}, {})
        if how != "edits":
            told = yield from in_answer(ctx, answer)
        body = {"id": ctx.compacted, "kind": how, "seen_in": "answer", **_sizes(ctx, answer, how), **told[0]}
        yield from record(ctx, _entry(ctx, body, told[1]))
        yield from noted(ctx, Pending(ctx.compacted, how, _where(ctx, answer), rules=contradicted(told)))
        yield from _learn(ctx, _ITEMS, [f"item:{one}" for one in _outcomes(answer.compactions)])
        yield from _learn(ctx, _EDITS, [_cleared(ctx, answer)] if answer.edits else [])
        ctx.compacted = ""
    elif kind(answer.markers) == "prefix" and change is not None and not (rewritten or ctx.waiting):
        said = [marker for marker in answer.markers if kind([marker]) == "prefix"]
        body = {"id": (yield from _id(ctx, "prefix")), "kind": "prefix", "seen_in": "answer", "said": said}
        yield from record(ctx, _entry(ctx, {**body, "summary": "unseen"}))
    for how, name in ctx.own:
        if how == "truncation":
            yield from noted(ctx, Pending(name, how, _where(ctx, answer)), must=True)
    ctx.own = ()
    if ctx.kind != "poll":
        # What waits where an answer is fetched from waits there still.
        yield from answered(ctx, answer.places)


def managed(ctx: Context, place: str) -> Flow[None]:
    """Record that the provider compacted the context of a managed agent, and put up the fence in its session."""
    name = yield from _id(ctx, "managed")
    body = {"id": name, "kind": "managed", "seen_in": "answer", "summary": "unseen"}
    yield from put_up(ctx, Pending(name, "managed", (place,)), "answer")
    yield from record(ctx, _entry(ctx, body))


def _kind(ctx: Context, answer: Answer) -> str:
    if ctx.kind == "compact":
        return "endpoint" if answer.compactions else ""
    found = kind(answer.markers, ctx.facts.markers if ctx.facts else ())
    return "" if found == "prefix" else found


def _where(ctx: Context, answer: Answer) -> tuple[str, ...]:
    """Return by which names the next request is known to follow this answer."""
    names = [ctx.conversation, *ctx.continued, *ctx.former, *answer.places]
    names += [f"item:{one}" for one in _outcomes(answer.compactions)]
    return tuple(dict.fromkeys(name for name in names if name)) or ("*",)


def _chains(names: Sequence[str]) -> list[str]:
    """Return names that stay the same from answer to answer: of answers that follow each other by id, only that they do."""
    chained = ("response:", "message:")
    found = [name.partition(":")[0] if name.startswith(chained) else name for name in names]
    return [name for name in found if not name.startswith("item:")]


def _cleared(ctx: Context, answer: Answer) -> str:
    return f"{ctx.conversation or 'continued'} {sorted(answer.edits.items())}"


def _outcomes(messages: Sequence[bytes]) -> Iterator[str]:
    """Yield what tells apart each outcome of a provider's compaction in *messages*, which may be blocks or items."""
    for raw in messages:
        if b"compaction" not in raw:
            continue
        try:
            value = loads(raw)
        except Unreadable:
            continue
        content = value.get("content") if isinstance(value, dict) else None
        for part in (value, *(content if isinstance(content, list) else ())):
            if isinstance(part, dict) and part.get("type") == "compaction":
                what = next((part[key] for key in _OUTCOME if isinstance(part.get(key), str) and part[key]), "")
                if what:
                    yield sha256(what.encode("utf-8", "surrogatepass")).hexdigest()[: 2 * _DIGITS]


def _sizes(ctx: Context, answer: Answer, how: str) -> dict[str, object]:
    """Return what is known of the sizes before and after, and of what was dropped."""
    found: dict[str, object] = {}
    change, facts = ctx.change, ctx.facts
    if change is not None and change.conversation and facts is not None:
        found |= {"messages_before": change.after, "before_sha256": change.after_sha256}
        if how in ("on-demand", "threshold") and ctx.dialect.name == "anthropic-messages":
            # The service reads nothing that stands before its summary.
            roles = Counter(ROLES[one & ~WEAK] for one in kinds(facts.messages))
            found["dropped_by_role"] = dict(sorted(roles.items()))
    if how == "endpoint" and answer.message:
        found["messages_after"] = len(items(answer.message))
    if answer.compactions:
        found["after_sha256"] = sha256(b"".join(answer.compactions)).hexdigest()
    if answer.edits:
        found["edits"] = dict(answer.edits)
    return found | _tokens(answer, how)


def _tokens(answer: Answer, how: str) -> dict[str, object]:
    usage = answer.usage
    if how == "edits":
        after = _number(usage, "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        cleared = sum(number for name, number in answer.edits.items() if name.endswith(".cleared_input_tokens"))
        return {"tokens_before": after + cleared, "tokens_after": after} if after else {}
    iterations = usage.get("iterations")
    listed = iterations if isinstance(iterations, list) else [usage] if how == "endpoint" else []
    for one in listed:
        if isinstance(one, dict) and (one.get("type") == "compaction" or how == "endpoint"):
            before = _number(one, "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
            return {"tokens_before": before, "tokens_after": _number(one, "output_tokens")}
    return {}


def _number(usage: Mapping[str, object], *names: str) -> int:
    return sum(value for name in names if isinstance(value := usage.get(name), int))


def _rewrite(change: Change) -> dict[str, object]:
    return {
        "messages_before": change.before,
        "messages_after": change.after,
        "common": change.common,
        "before_sha256": change.before_sha256,
        "after_sha256": change.after_sha256,
        "dropped_by_role": dict(change.dropped_by_role),
    }


def _learn(ctx: Context, what: str, names: Sequence[str]) -> Flow[None]:
    if names:
        yield from keep_facts(ctx, lambda facts: learned(facts, what, names))


def _id(ctx: Context, how: str) -> Flow[str]:
    moment = yield from now(ctx)
    text = f"{ctx.session.name} {ctx.conversation} {how} {moment.utc_us} {moment.mono_ns}"
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def _entry(ctx: Context, body: Mapping[str, object], private: Mapping[str, object] | None = None) -> Entry:
    found = {**body, "block": ctx.policy.block.digest}
    return Entry("compaction", ctx.session, found, private or {}, epoch=ctx.epoch, conversation=ctx.conversation)
