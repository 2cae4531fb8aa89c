"""What makes a history shorter: the usual ways, written plainly, and one's own function by name.

A compactor is ``compact(messages, budget) -> messages``, sync or async: *messages* are those of Chat Completions, with the
system prompt first if there is one; *budget* is how many messages may be left. What it returns is what the model is sent next.
Calls and their results stay together: whoever cuts between them gets the cut moved.

The summaries here are scripted (``scribe``), so that a run repeats: what a real summariser does is measured with real
ones (``--live``, ``benchmarks/survival/frameworks``).
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pinnedrules.bench.framework import CompactorError, Framework, require
from pinnedrules.bench.model import Message
from pinnedrules.bench.scribe import Scribe

__all__ = ["BUILT_IN", "Compactor", "CompactorError", "compacted", "named"]

Compactor: TypeAlias = Callable[[list[Message], int], "list[Message] | Awaitable[list[Message]]"]
BUILT_IN = ("truncate", "head-tail", "hierarchical", "summary", "summary-told")
_FRAMEWORK = "framework:"
_SUMMARY = "Summary of the conversation so far:\n{}"


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the usual ways, with the scribe that writes its summaries."""

    name: str
    scribe: Scribe

    def __call__(self, messages: list[Message], budget: int) -> list[Message]:
        head = messages[:1] if messages and messages[0]["role"] == "system" else []
        rest = messages[len(head) :]
        if len(rest) <= budget:
            return messages
        if self.name == "truncate":
            return head + _tail(rest, budget)
        if self.name == "head-tail":
            first = _whole(rest[:2])
            return head + first + _tail(rest[len(first) :], max(1, budget - len(first)))
        if self.name == "hierarchical":
            tail = _tail(rest, max(1, budget // 2))
            old = rest[: len(rest) - len(tail)]
            halves = [old[: len(old) // 2], old[len(old) // 2 :]]
            text = "\n".join(self.scribe.summary(_as_text([self.scribe.summary(half)])) for half in halves if half)
        else:
            tail = _tail(rest, max(1, budget // 3))
            text = self.scribe.summary(rest[: len(rest) - len(tail)])
        return [*head, {"role": "user", "content": _SUMMARY.format(text)}, *tail]


def named(name: str, *, seed: int = 0, hard: bool = False) -> Compactor:
    """Return a compactor: one of ``BUILT_IN``, ``framework:name``, or ``pkg.mod:function``. Raises CompactorError.

    *seed* and *hard* go to the scribe of those built in and of the frameworks.
    """
    if name == "none":
        return _kept
    if name.startswith(_FRAMEWORK):
        require(name.removeprefix(_FRAMEWORK))
        return Framework(name.removeprefix(_FRAMEWORK), lambda told: Scribe(told=told, hard=hard, seed=seed), hard)
    if name in BUILT_IN:
        return _Way(name, Scribe(told=name == "summary-told", hard=hard, seed=seed))
    module, colon, function = name.partition(":")
    if not colon:
        raise CompactorError(
            f"there is no compactor {name!r}; built in are {', '.join(BUILT_IN)}; "
            "frameworks are framework:name; yours is pkg.mod:function"
        )
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise CompactorError(f"{name} cannot be loaded: {error}") from error
    if not callable(found):
        raise CompactorError(f"{name} is no function")
    return found  # type: ignore[no-any-return]


def _kept(messages: list[Message], budget: int) -> list[Message]:
    """Leave the history alone, for agents that compact by themselves, and for whoever wants to see the full context."""
    return messages


def compacted(compactor: Compactor, messages: Sequence[Message], budget: int) -> list[Message]:
    """Run *compactor* on copies and check what it returned. Raises CompactorError, and what the compactor raises."""
    given = [dict(message) for message in messages]
    answered = compactor(given, budget)
    result = asyncio.run(_awaited(answered)) if inspect.isawaitable(answered) else answered
    if not isinstance(result, list) or not all(isinstance(one, dict) and "role" in one for one in result):
        raise CompactorError(f"a compactor returns a list of messages, not {type(result).__name__}")
    if not any(message["role"] != "system" for message in result):
        raise CompactorError("the compactor left no message")
    return _paired(result)


async def _awaited(answer: Awaitable[list[Message]]) -> list[Message]:
    return await answer


def _as_text(texts: list[str]) -> list[Message]:
    return [{"role": "user", "content": text} for text in texts]


def _tail(messages: list[Message], most: int) -> list[Message]:
    """Return the last *most* messages, less those at the start that answer a call that is cut off."""
    tail = messages[-most:]
    while tail and tail[0]["role"] == "tool":
        tail = tail[1:]
    return tail


def _whole(messages: list[Message]) -> list[Message]:
    """Return *messages* without a call at the end whose result is cut off."""
    return messages[:-1] if messages and messages[-1].get("tool_calls") else messages


def _paired(messages: list[Message]) -> list[Message]:
    """Drop results without their call, and calls without all their results: both SDKs' services refuse them."""
    results = {message["tool_call_id"] for message in messages if message["role"] == "tool"}
    calls: set[str] = set()
    kept: list[Message] = []
    for message in messages:
        ids = {call["id"] for call in message.get("tool_calls") or ()}
        if ids and not ids <= results:
            if message.get("content"):
                kept.append({"role": "assistant", "content": message["content"]})
            continue
        if message["role"] == "tool" and message["tool_call_id"] not in calls:
            continue
        calls |= ids
        kept.append(message)
    return kept
