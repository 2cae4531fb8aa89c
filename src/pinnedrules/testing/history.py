"""What a provider remembers of former requests: how much of a prefix it has seen, and whether a prefix
moved.

Both services cache by prefix in the order tools, system, messages, and newer models refuse or forget
reasoning made under another prefix (Anthropic "prefix checks", OpenAI "keep the prefix unchanged"). A
``cache_control`` mark is not part of the prefix.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

__all__ = ["History", "Moved", "canonical"]


@dataclass(frozen=True, slots=True)
class Moved:
    """A request that shares a conversation with an earlier one, and not its bytes.

    ``extended``: the same turns and more, under another system text or other tools (a lost prompt cache,
    lost reasoning). ``rewritten``: the same first turn, and then other turns (a compaction, an edit or a
    fork). ``where`` names the first part that differs: ``tools``, ``system`` or ``messages/<index>``.
    """

    kind: Literal["extended", "rewritten"]
    earlier: int
    later: int
    where: str


def canonical(value: object) -> str:
    """Return *value* as compact JSON without cache marks, a text content written as the one block it stands
    for.
    """
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _plain(item) for key, item in value.items() if key != "cache_control"}
    if isinstance(plain.get("content"), str):
        plain["content"] = [{"type": "text", "text": plain["content"]}]
    return plain


@dataclass(frozen=True, slots=True)
class _Prefix:
    number: int
    parts: tuple[tuple[str, str], ...]
    turns: tuple[str, ...]


class History:
    """The prefixes that one provider has been sent. Thread-safe."""

    def __init__(self) -> None:
        self._known: list[_Prefix] = []
        self._moved: list[Moved] = []
        self._lock = threading.Lock()

    def add(self, number: int, body: Mapping[str, Any]) -> int:
        """Remember a request and return how many characters of its prefix were sent before."""
        new = _prefix(number, body)
        with self._lock:
            shared = max((_shared(old.parts, new.parts) for old in self._known), default=0)
            moved = self._compare(new)
            if moved is not None:
                self._moved.append(moved)
            self._known.append(new)
        return sum(len(text) for _, text in new.parts[:shared])

    def moved(self, kind: Literal["extended", "rewritten"]) -> tuple[Moved, ...]:
        """Return what moved, in the order of the requests."""
        with self._lock:
            return tuple(moved for moved in self._moved if moved.kind == kind)

    def _compare(self, new: _Prefix) -> Moved | None:
        same = [old for old in self._known if old.turns[:1] == new.turns[:1]]
        if not same:
            return None
        extended = [old for old in same if new.turns[: len(old.turns)] == old.turns]
        # The longest history is the one that this request goes on with; among equals the newest.
        old = max(extended or same, key=lambda prefix: (len(prefix.turns), prefix.number))
        shared = _shared(old.parts, new.parts)
        if shared == len(old.parts):
            return None
        where = new.parts[shared][0] if shared < len(new.parts) else old.parts[shared][0]
        return Moved("extended" if extended else "rewritten", old.number, new.number, where)


def _prefix(number: int, body: Mapping[str, Any]) -> _Prefix:
    system = body.get("system", "")
    if isinstance(system, str):
        system = [{"type": "text", "text": system}] if system else []
    messages: Sequence[Mapping[str, Any]] = body["messages"]
    parts = [("tools", canonical(body.get("tools", []))), ("system", canonical(system))]
    parts += [(f"messages/{index}", canonical(message)) for index, message in enumerate(messages)]
    # The turns tell which conversation this is; instructions are not among them, as they may be what moved.
    turns = tuple(canonical(message) for message in messages if message.get("role") not in ("system", "developer"))
    return _Prefix(number, tuple(parts), turns)


def _shared(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
