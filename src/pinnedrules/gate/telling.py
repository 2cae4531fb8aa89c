"""Tells the model of rules that a session got after it began (design: invariant 3).

The block stays byte-identical. A line for the added rule is appended to the newest message, once, and put back at the same
place in every later request of the conversation, so that the prefix that the provider caches and checks never moves. A
withdrawn rule is a second line. After a compaction the place is gone, and the line is appended anew. Where a dialect sends
its slot with every request and keeps it out of the history (Responses), the lines stand behind the block.

The places are digests of the messages up to there; they live in the session's ledger. A line that cannot be placed costs
nothing but the telling: the rule is enforced whatever the model reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TypeAlias

from pinnedrules.commands import ReadLedger, WriteLedger
from pinnedrules.compaction.digests import SIZE, digest
from pinnedrules.gate.context import Context, Flow
from pinnedrules.rules.born import born, told_of
from pinnedrules.types import LedgerState

__all__ = ["Patch", "tell"]

_KEY = "told:"
_THREAD = "thread"
_PLACES = 32
"""Conversations of one session in which the place of a line is remembered; beyond, it is told again."""
_DIGITS = 24

Patch: TypeAlias = tuple[Mapping[str, object], ...]


def tell(
    ctx: Context, body: bytes, messages: Sequence[bytes], *, shift: int, thread: str = ""
) -> Flow[tuple[bytes, Patch]]:
    """Return *body* with the lines about this session's added rules, and the JSON Patch that says so.

    *messages* are those of the caller's own request, *shift* how many stand before them in *body*. *thread* says that
    the provider keeps what came before them.
    """
    ledger = yield ReadLedger(ctx.session)
    if not isinstance(ledger, LedgerState):
        return body, ()
    lines = [*ctx.policy.told, *(line for rule in born(ledger) for line in told_of(rule))]
    if not lines or not messages:
        return body, ()
    if ctx.dialect.slot_is_resent:
        return ctx.dialect.append(body, [(0, text) for _, text in lines], ctx.policy.block.text)
    # An adapter above put them behind the block already.
    slot = ctx.dialect.slot(body, ctx.policy.block.marker).text
    lines = [(name, text) for name, text in lines if text not in slot]
    found, news = _placed(ledger, lines, messages, thread)
    body, patch = ctx.dialect.append(body, [(index + shift, text) for index, text in found], ctx.policy.block.text)
    if news:
        yield from _remember(ctx, ledger, news)
    return body, patch


def _placed(
    ledger: LedgerState, lines: Sequence[tuple[str, str]], messages: Sequence[bytes], thread: str
) -> tuple[list[tuple[int, str]], dict[str, str]]:
    """Return (index of the message, line) for every line that is told in this request, and the places that are new."""
    places = [_THREAD] if thread else _prefixes(messages)
    found: list[tuple[int, str]] = []
    news: dict[str, str] = {}
    for name, text in lines:
        known: list[str] = json.loads(ledger.session.get(_KEY + name, "[]"))
        index = next((index for index, place in enumerate(places) if place in known), -1)
        if index >= 0 and thread:
            continue  # The provider keeps the message that it was told in.
        if index < 0:
            index = len(messages) - 1
            news[_KEY + name] = json.dumps([*known, places[-1]][-_PLACES:])
        found.append((index, text))
    return found, news


def _prefixes(messages: Sequence[bytes]) -> list[str]:
    """Return a digest of the conversation up to each message."""
    digests, running, found = digest(messages), sha256(), []
    for start in range(0, len(digests), SIZE):
        running.update(digests[start : start + SIZE])
        found.append(running.copy().hexdigest()[:_DIGITS])
    return found


def _remember(ctx: Context, ledger: LedgerState, news: Mapping[str, str]) -> Flow[None]:
    # Somebody else may have written meanwhile. Then the line is told anew with the next request, which does no harm.
    yield WriteLedger(ctx.session, replace(ledger, session={**ledger.session, **news}))
