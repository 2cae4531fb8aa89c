"""What a compaction's summary did to each rule, for its record.

It is told and nothing more: no decision, no block and no ledger depends on it, since a judge that reads words can be wrong
in both directions. The record's body has names and verdicts; the words that they rest on are private.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pinnedrules.commands import ReadLedger
from pinnedrules.compaction.survival import judge
from pinnedrules.gate.context import Context, Flow
from pinnedrules.rules.born import born
from pinnedrules.types import LedgerState
from pinnedrules.wire.base import Answer
from pinnedrules.wire.json_text import Object, loads

__all__ = ["Survival", "contradicted", "in_answer", "in_messages", "judged_rules"]

Survival = tuple[Mapping[str, object], Mapping[str, object]]
"""What a compaction record says of the rules: in its body, and in private."""

_UNSEEN: Mapping[str, object] = {"summary": "unseen"}
"""The body's part for a summary that only the provider can read."""

_RULES = 128
"""Rules that are judged; what is beyond is counted as unread."""
_SPEAKERS = frozenset({"user", "system", "developer", "assistant"})
_TEXTS = frozenset({"text", "input_text", "output_text"})


def in_messages(ctx: Context, messages: Sequence[bytes]) -> Flow[Survival]:
    """Judge what the messages that a rewrite brought say; tool calls and results are no summary."""
    texts: list[str] = []
    opaque = False
    for message in messages:
        hidden = _said(loads(message), texts)
        opaque = opaque or hidden
    return (yield from _judged(ctx, texts, opaque=opaque))


def contradicted(survival: Survival) -> tuple[str, ...]:
    """Return the names of the rules that a summary contradicts."""
    found = survival[0].get("rules")
    return tuple(name for name, fate in found.items() if fate == "contradicted") if isinstance(found, Mapping) else ()


def in_answer(ctx: Context, answer: Answer) -> Flow[Survival]:
    """Judge the compaction that an answer holds, where it can be read."""
    found = [Object(raw).value("content") for raw in answer.compactions]
    texts = [text for text in found if isinstance(text, str)]
    return (yield from _judged(ctx, texts, opaque=not texts))


def _said(message: object, texts: list[str]) -> bool:
    """Add what somebody says in a message to *texts*; return whether a part is a summary that cannot be read."""
    if not isinstance(message, dict):
        return False
    if message.get("type") == "compaction":
        return True
    content = message.get("content")
    if message.get("role") not in _SPEAKERS:
        return False
    if isinstance(content, str):
        texts.append(content)
    opaque = False
    for part in _listed(content):
        if part.get("type") in _TEXTS and isinstance(text := part.get("text"), str):
            texts.append(text)
        elif part.get("type") == "compaction":
            opaque = not isinstance(text := part.get("content"), str)
            texts += [text] if isinstance(text, str) else []
    return opaque


def _listed(content: object) -> Iterable[Mapping[str, object]]:
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _judged(ctx: Context, texts: Sequence[str], *, opaque: bool) -> Flow[Survival]:
    if not texts:
        return (_UNSEEN if opaque else {"summary": "none"}), {}
    found = judge((yield from judged_rules(ctx)), "\n\n".join(texts))
    counts = Counter(one.fate for one in found)
    body = {
        "summary": "partly" if opaque else "judged",
        "fates": dict(sorted(counts.items())),
        "rules": {one.id: one.fate for one in found},
    }
    return body, {"quotes": {one.id: one.quote for one in found if one.quote}}


def judged_rules(ctx: Context) -> Flow[list[tuple[str, str]]]:
    """Return names and sentences of the rules in the block and of those that this session got besides."""
    rules = [text for one in (ctx.policy.rules, *ctx.policy.layers) for text in one.texts]
    ledger = yield ReadLedger(ctx.session)
    if isinstance(ledger, LedgerState):
        rules += [(rule.id, rule.text) for rule in born(ledger) if not rule.withdrawn]
    named: dict[str, str] = {}
    for name, text in rules[:_RULES]:
        named[name if name not in named else f"{name} ({len(named)})"] = text
    return list(named.items())
