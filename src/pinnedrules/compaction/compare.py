"""Compares a request with one history that it does not continue, and says which of the two stories fits.

A history is given up in a rewrite and left standing in a fork. Both share a start, so what tells them apart
is what became of the rest. Rule of this file: a sign counts only if a fork, a sub-agent or a second sample
of the same prompt would not show it as well. Where that cannot be had, the answer is the name that claims
less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pinnedrules.compaction.history import History, Request

__all__ = ["Match", "compare"]

_ROW = 3


@dataclass(frozen=True, slots=True)
class Match:
    """How a history compares with a request: the highest ``rank``, then ``strength``, of a session's
    histories wins.

    Rank 0 is nothing in common. ``seen`` names the signs.
    """

    rank: int = 0
    strength: int = 0
    kind: Literal["new", "rewritten", "forked"] = "new"
    common: int = 0
    seen: tuple[str, ...] = ()


def compare(old: History, request: Request, *, same_system: bool, newest: bool, summary: str) -> Match:
    """Compare *old* with a request that does not begin with all of it.

    *same_system* says whether both have the same system text, as far as known, and *newest* whether no other
    conversation with that system text was active since. *summary* is "asked" when the conversation's last request
    asked for a summary, "told" when this request brings one, else empty.
    """
    common = old.common(request)
    shorter = request.count < old.count
    starts = common >= old.anchor
    if length := _end_kept(old, request, common, same_system=same_system):
        return Match(5, length, "rewritten", common, ("tail",))
    if starts and _edited_in_place(old, request, common):
        return Match(4, common, "rewritten", common, ("in place",))
    if starts and shorter and summary:
        return Match(3, common, "rewritten", common, ("start", summary))
    if starts and _start_kept(old, request, common):
        return Match(3, common, "rewritten", common, ("start", "shorter"))
    if starts:
        return Match(2, common, "forked", common, ("start",))
    # Who asked for a summary may then put its later system texts elsewhere, as codex does; the first one stays.
    if (same_system or (summary == "asked" and common)) and newest and shorter and summary:
        return Match(1, old.count, "rewritten", common, (summary,))
    return Match()


def _end_kept(old: History, request: Request, common: int, *, same_system: bool) -> int:
    """Return how many last messages of *old* stand in the request behind something else, or 0 if too few to
    tell.

    One telling message is enough when a summary could stand before it, since a sub-agent may be handed one
    too. Three in a row are enough however short they are. Two samples of one prompt, answered by the same
    scripted user, share their last message at the same place and differ in an assistant's: they are not a
    rewrite.
    """
    tail = old.tail(request, common)
    if not tail.telling and tail.length < _ROW:
        return 0
    if tail.length == 1 and not (same_system and request.count - request.lead > 1):
        return 0
    if request.count == old.count:
        changed = old.changed(request, common)
        in_place = old.count - 1 not in changed
        if in_place and any(request.role(index) == "assistant" for index in changed):
            return 0
    return tail.length


def _edited_in_place(old: History, request: Request, common: int) -> bool:
    """Say whether the conversation went on over a few replaced messages: cleared tool results, dropped reminders."""
    if request.count <= old.count or old.role(common) != request.role(common):
        return False
    changed = old.changed(request, common)
    return 2 * len(changed) <= old.count and all(old.role(index) == request.role(index) for index in changed)


def _start_kept(old: History, request: Request, common: int) -> bool:
    """Say whether at least half is gone, and a message of another role stands where a fork would have the same one."""
    if 2 * request.count > old.count or common == request.count:
        return False
    return old.role(common) != request.role(common)
