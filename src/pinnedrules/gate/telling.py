"""Tells the model of rules that a session got after it began (design: invariant 3).

The block stays byte-identical. A line for the added rule is appended to the newest message, once, and put back at the same
place in every later request of the conversation, so that the prefix that the provider caches and checks never moves. A
withdrawn rule is a second line. After a compaction the place is gone, and the line is appended anew. Where a dialect sends
its slot with every request and keeps it out of the history (Responses), the lines stand behind the block, all but reminders.

The places are digests of the messages up to there; they live in the session's ledger. A line that cannot be placed costs
nothing but the telling: the rule is enforced whatever the model reads. Corrections and reminders (``lines``) go the same way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from pinnedrules.commands import ReadLedger, WriteLedger
from pinnedrules.gate.context import Context, Flow
from pinnedrules.gate.lines import Line, due, lines, prefixes, reminds, with_lines
from pinnedrules.rules.born import born, told_of
from pinnedrules.types import LedgerState
from pinnedrules.wire.base import SLOT

__all__ = ["Patch", "Told", "tell"]

_KEY = "told:"
_THREAD = "thread"
_PLACES = 32
"""Conversations of one session in which the place of a line is remembered; beyond, it is told again."""

Patch: TypeAlias = tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What telling edited: the JSON Patch, and which of the closed list of edits it was."""

    patch: Patch = ()
    edits: tuple[str, ...] = ()


def tell(
    ctx: Context,
    body: bytes,
    messages: Sequence[bytes],
    *,
    shift: int,
    thread: str = "",
    held: Sequence[str] = (),
    new: Sequence[Line] = (),
) -> Flow[tuple[bytes, Told]]:
    """Return *body* with the lines about this session's added rules and those of its conversations, and what was done.

    *messages* are those of the caller's own request, *shift* how many stand before them in *body*. *thread* says that
    the provider keeps the block and what came before the messages, *held* are the places of what it keeps if it keeps
    anything, and *new* are lines for this request alone (see ``lines.py``).
    """
    ledger = yield ReadLedger(ctx.session)
    if not isinstance(ledger, LedgerState) or not messages:
        return body, Told()
    rules = [*ctx.policy.told, *(line for rule in born(ledger) for line in told_of(rule))]
    kept, reminding = list(lines(ledger.session)), reminds(ctx)
    if not (rules or kept or reminding or new):
        return body, Told()
    places = [] if thread else prefixes(messages)
    at = {place: index for index, place in enumerate(places)}
    fresh = due(ctx, ledger.session, messages, places, held) if reminding else []
    if held:
        new, fresh = (*new, *fresh), []
        kept = [line for line in kept if line.edit == "correction"]
    news: Mapping[str, str] = {}
    if ctx.dialect.slot_is_resent:
        # It is no part of the history. A correction is as good there; a reminder is to stand near the newest message.
        found, slot = [(SLOT, text) for _, text in rules], ""
    else:
        # An adapter above put them behind the block already.
        slot = ctx.dialect.slot(body, ctx.policy.block.marker).text
        rules = [(name, text) for name, text in rules if text not in slot]
        found, news = _placed(ledger, rules, messages, thread, places)
    here = [line for line in (*kept, *fresh) if line.place in at and line.text not in slot]
    placed = [*found, *((_index_of(ctx, line, at), line.text) for line in here)]
    placed += [(len(messages) - 1, line.text) for line in new]
    placed = [(index if index == SLOT else index + shift, text) for index, text in sorted(placed, key=_index)]
    body, patch = ctx.dialect.append(body, placed, ctx.policy.block.text)
    if news or fresh:
        yield from _remember(ctx, ledger, with_lines({**ledger.session, **news}, fresh))
    return body, _done(patch, rules, [*here, *new])


def _index_of(ctx: Context, line: Line, at: Mapping[str, int]) -> int:
    return SLOT if ctx.dialect.slot_is_resent and line.edit == "correction" else at[line.place]


def _index(line: tuple[int, str]) -> int:
    return line[0]


def _done(patch: Patch, rules: Sequence[object], here: Sequence[Line]) -> Told:
    edits = ["appended rule"] if rules else []
    edits += [line.edit for line in here]
    return Told(patch, tuple(dict.fromkeys(edits)) if patch else ())


def _placed(
    ledger: LedgerState, lines: Sequence[tuple[str, str]], messages: Sequence[bytes], thread: str, places: Sequence[str]
) -> tuple[list[tuple[int, str]], dict[str, str]]:
    """Return (index of the message, line) for every line that is told in this request, and the places that are new."""
    places = [_THREAD] if thread else places
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


def _remember(ctx: Context, ledger: LedgerState, facts: Mapping[str, str]) -> Flow[None]:
    # Somebody else may have written meanwhile. Then the line is told anew with the next request, which does no harm.
    yield WriteLedger(ctx.session, replace(ledger, session=facts))
