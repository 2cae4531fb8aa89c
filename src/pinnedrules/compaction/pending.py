"""Compactions that no request has followed yet, as facts of a session's ledger, and what of them was recorded already.

Until a request that is proven to carry the rules has gone out after a compaction, nobody knows that the model has them
before it again. What is here outlives the context and the process (design, invariant 5). It is bounded: what is too much
is thrown together, so that more is held up by it, never less.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

__all__ = [
    "ANY",
    "Pending",
    "concerning",
    "ever",
    "fetched",
    "held_up",
    "holds_up",
    "knows",
    "learned",
    "opened",
    "outside",
    "pending",
    "raised",
    "without",
]

ANY = "*"
"""The name that stands for every conversation."""

_KEY = "compactions"
_SEEN = "compactions:seen:"
_HELD = "compactions:held"
_ENTRIES = 32
_NAMES = 64
_SILENT = "truncation"


@dataclass(frozen=True, slots=True)
class Pending:
    """A compaction that waits for the request that follows it.

    ``names`` are where it happened: the conversation (see ``lineage``), places at which the provider keeps answers, and
    ``item:DIGEST`` for what came out of it. ``followed`` says that a request with the rules has followed it, whose history
    nobody here has seen; ``told`` that its record is written; ``shut`` that no request of the session with the rules has
    gone out since. ``rules`` are the ids of those that its summary contradicts.
    """

    id: str
    kind: str
    names: tuple[str, ...]
    followed: bool = False
    told: bool = True
    shut: bool = True
    rules: tuple[str, ...] = ()


def pending(facts: Mapping[str, str]) -> tuple[Pending, ...]:
    """Return what waits in a session, the oldest first."""
    if _KEY not in facts:
        return ()
    return tuple(
        Pending(
            one["id"], one["kind"], tuple(one["names"]), one["followed"], one["told"], one["shut"], tuple(one["rules"])
        )
        for one in json.loads(facts[_KEY])
    )


def ever(facts: Mapping[str, str]) -> bool:
    """Say whether anything waited in this session, now or before."""
    return _KEY in facts


def raised(facts: Mapping[str, str], entry: Pending) -> dict[str, str]:
    """Return the facts with *entry*, in the place of one of its id, whose names it has as well."""
    waiting = pending(facts)
    former = [name for one in waiting if one.id == entry.id for name in one.names]
    entries = [one for one in waiting if one.id != entry.id]
    entries.append(replace(entry, names=_bounded((*former, *entry.names))))
    while len(entries) > _ENTRIES:
        first, second, *rest = entries
        entries = [_both(first, second), *rest]
    return _written(facts, entries)


def without(facts: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the facts without the compactions of these ids."""
    gone = frozenset(names)
    return _written(facts, [one for one in pending(facts) if one.id not in gone])


def concerning(entries: Iterable[Pending], names: Iterable[str]) -> tuple[Pending, ...]:
    """Return those of *entries* that happened in one of these places."""
    asked = {ANY, *names}
    return tuple(one for one in entries if not asked.isdisjoint(one.names))


def outside(facts: Mapping[str, str]) -> Pending | None:
    """Return a compaction that holds up a call of which nobody knows whose answer it stands in, None without any."""
    return next((one for one in pending(facts) if one.shut and one.kind != _SILENT), None)


def fetched(entries: Iterable[Pending]) -> bool:
    """Say whether one of *entries*, which concern an answer that is fetched again, held it up when it was made.

    That the provider may drop messages without a word is no reason before a request has followed.
    """
    return any(one.followed or one.kind != _SILENT for one in entries)


def held_up(facts: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the facts with *names* among the answers that continue what a compaction left, whatever ends that later."""
    return {**facts, _HELD: json.dumps(_bounded((*json.loads(facts.get(_HELD, "[]")), *names)))}


def holds_up(facts: Mapping[str, str], name: str) -> bool:
    """Say whether the answer at this place was made behind a compaction that no request had followed then."""
    return not {ANY, name}.isdisjoint(json.loads(facts.get(_HELD, "[]")))


def opened(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts after a request of the session with the rules: calls that stand in no answer go on."""
    return _written(facts, [replace(one, shut=False) for one in pending(facts)])


def knows(facts: Mapping[str, str], what: str, names: Iterable[str]) -> bool:
    """Say whether *what* was learned of one of *names*."""
    key = _SEEN + what
    return key in facts and not frozenset(json.loads(facts[key])).isdisjoint(names)


def learned(facts: Mapping[str, str], what: str, names: Sequence[str]) -> dict[str, str]:
    """Return the facts with *names* among the newest of which *what* is known."""
    key = _SEEN + what
    known = [name for name in json.loads(facts.get(key, "[]")) if name not in names]
    return {**facts, key: json.dumps([*known, *names][-_NAMES:])}


def _written(facts: Mapping[str, str], entries: Sequence[Pending]) -> dict[str, str]:
    # It stays when it is empty: in such a session a person may have said no to a call that no rule asks about.
    found = [{name: getattr(one, name) for name in Pending.__slots__} for one in entries]
    return {**facts, _KEY: json.dumps(found)}


def _both(one: Pending, other: Pending) -> Pending:
    return Pending(
        other.id,
        other.kind if one.kind == _SILENT else one.kind,
        _bounded((*one.names, *other.names)),
        one.followed and other.followed,
        one.told and other.told,
        one.shut or other.shut,
        tuple(dict.fromkeys((*one.rules, *other.rules))),
    )


def _bounded(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(names))
    return found if len(found) <= _NAMES else (ANY, *found[-_NAMES:])
