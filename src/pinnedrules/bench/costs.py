"""What a guard costs in input tokens, and what it takes from a prompt cache.

Both providers bill a repeated prefix for less: OpenAI caches prefixes of 1,024 tokens and more by itself, Anthropic up to
the marked block. What can be served is the longest common prefix of a request with an earlier one. So a request is written
as one text in the order in which the provider reads it, tools, system, messages, and prefixes of such texts are compared,
once for what the program sent and once for what left the guard. Tokens are characters divided by four.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Costs", "written"]

_CHARACTERS = 4


def written(body: Mapping[str, Any]) -> str:
    """Return a request's body of Chat Completions or Messages as one text, in reading order."""
    parts: list[Any] = [body.get("tools"), body.get("system"), *body.get("messages", ())]
    return "\x1e".join(json.dumps(part, ensure_ascii=False, sort_keys=True) for part in parts)


@dataclass(slots=True)
class Costs:
    """Adds up requests: what the program sent (*plain*), and what left for each of them, retries of the gate included."""

    requests: int = 0
    sent: int = 0
    added: int = 0
    cacheable: int = 0
    cache_lost: int = 0
    _plain: list[str] = field(default_factory=list)
    _left: list[str] = field(default_factory=list)

    def add(self, plain: str, left: Sequence[str]) -> None:
        """Count one request of the program and the requests that left for it."""
        everything = sum(len(text) for text in left)
        self.requests += len(left)
        self.sent += everything // _CHARACTERS
        self.added += max(0, everything - len(plain)) // _CHARACTERS
        could = _served(plain, self._plain)
        can = _served(left[0], self._left) if left else could
        self.cacheable += could // _CHARACTERS
        self.cache_lost += max(0, could - can) // _CHARACTERS
        self._plain = [*self._plain[-3:], plain]
        self._left = [*self._left[-3:], *left][-4:]


def _served(text: str, earlier: Sequence[str]) -> int:
    return max((_common(text, other) for other in earlier), default=0)


def _common(one: str, other: str) -> int:
    """Return how long the common start of two texts is, by halving: texts are long, and mostly the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
