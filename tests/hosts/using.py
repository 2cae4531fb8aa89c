"""Uses up whatever a method of an SDK gave back: streams are read, managers entered, runners run, pages and threads asked."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from itertools import islice
from typing import Any

__all__ = ["ause", "use"]

_FEW = 12
"""A runner whose model never stops proposing calls never ends."""
_TEXT = {"role": "user", "content": "hi"}
_PLAIN = (str, bytes, int, float, bool, dict, list, tuple, type(None))


def use(value: Any, depth: int = 0, entered: bool = False) -> str:
    """Use *value* up and return all that was seen of it."""
    kind = _kind(value, depth, entered)
    if kind == "connection":
        return repr(value.enter())
    if kind == "artifacts":
        return use(value.content("x1"), depth + 1)
    if kind == "thread":
        return "".join([use(made, depth + 1) for made in _turns(value)])
    if kind == "response":
        return use(value.parse(), depth + 1)
    if kind == "items":
        return "".join(use(each, depth + 1) for each in islice(value, _FEW))
    if kind == "manager":
        with value as inside:
            return use(inside, depth + 1, entered=True)
    return repr(value)


async def ause(value: Any, depth: int = 0, entered: bool = False) -> str:
    """The same on an event loop."""
    if inspect.isawaitable(value) and not hasattr(value, "__aenter__"):
        return await ause(await value, depth)
    kind = _kind(value, depth, entered)
    if kind == "connection":
        return repr(await value.enter())
    if kind == "worker":
        return repr(await value.run())
    if kind == "artifacts":
        return await ause(value.content("x1"), depth + 1)
    if kind == "thread":
        return "".join([await ause(made, depth + 1) for made in _turns(value)])
    if kind == "response":
        return await ause(value.parse(), depth + 1)
    if kind == "items":
        seen = []
        try:
            async for each in value:
                seen.append(await ause(each, depth + 1))
                if len(seen) == _FEW:
                    break
        finally:
            await _close(value)
        return "".join(seen)
    if kind == "manager":
        async with value as inside:
            return await ause(inside, depth + 1, entered=True)
    return repr(value)


async def _close(items: Any) -> None:
    """Close what was perhaps not read to its end: an event loop that ends closes the generators inside in any order."""
    # The runners of older SDKs can only be closed inside.
    held = (items, getattr(items, "_iterator", None))
    closed = next((each for one in held for name in ("aclose", "close") if (each := getattr(one, name, None))), None)
    if closed is not None and inspect.isawaitable(done := closed()):
        await done


def _turns(thread: Any) -> Iterator[Any]:
    """Ask a thread in each of its ways, one after the other."""
    yield thread.send(_TEXT)
    yield thread.stream(_TEXT)
    yield thread.tool_runner()


def _kind(value: Any, depth: int, entered: bool) -> str:
    """Return what is to be done with *value*; empty for what only says itself."""
    if isinstance(value, _PLAIN) or depth > 4 or hasattr(value, "model_dump") or hasattr(value, "with_options"):
        return ""
    if hasattr(value, "enter"):
        return "connection"
    if type(value).__name__.endswith("AgentResultArtifacts"):
        return "artifacts"
    if hasattr(value, "handle_item") and asyncio.iscoroutinefunction(value.run):
        return "worker"
    if hasattr(value, "send") and hasattr(value, "tool_runner"):
        return "thread"
    if not entered and (hasattr(value, "__enter__") or hasattr(value, "__aenter__")):
        return "manager"
    if hasattr(value, "parse") and hasattr(value, "http_response"):
        return "response"
    if hasattr(value, "__aiter__") or hasattr(value, "__iter__"):
        return "items"
    return ""
