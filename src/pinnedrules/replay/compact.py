"""A naive compactor, as agents use them: it keeps the system prompt, writes one line about the rest, keeps the last turns.

It is careless with the user's words on purpose (what stood in the first message is gone) and careful with the wire:
no tool result ever stands without its call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pinnedrules.replay.bodies import calls_in
from pinnedrules.replay.trace import Message

__all__ = ["compact"]

_KEPT_SHARE = 0.5
_SYSTEM = ("system", "developer")


def compact(history: Sequence[Message], budget: int, weigh: Callable[[Message], int]) -> list[Message]:
    """Return *history* compacted so that its last turns weigh at most half of *budget* tokens, one turn at least.

    A turn begins at a user's text or at an assistant message, so that calls and their results stay together.
    Returns the history unchanged when no turn can be dropped.
    """
    head = 0
    while head < len(history) and history[head]["role"] in _SYSTEM:
        head += 1
    starts = [at for at in range(head, len(history)) if _begins(history[at])]
    room = budget * _KEPT_SHARE
    keep = len(history)
    for at in reversed(starts):
        if keep < len(history) and sum(map(weigh, history[at:])) > room:
            break
        keep = at
    dropped = history[head:keep]
    if len(dropped) < 2:  # one message would only be exchanged for the summary
        return list(history)
    return [*history[:head], _summary(dropped), *history[keep:]]


def _begins(message: Message) -> bool:
    if message["role"] == "assistant":
        return True
    if message["role"] != "user":
        return False
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return not any(isinstance(block, dict) and block.get("type") == "tool_result" for block in blocks)


def _summary(dropped: Sequence[Message]) -> Message:
    tools: dict[str, int] = {}
    for message in dropped:
        for _, name in calls_in(message):
            tools[name] = tools.get(name, 0) + 1
    used = ", ".join(f"{name} {count} times" for name, count in tools.items()) or "no tools"
    return {
        "role": "user",
        "content": f"Summary: {len(dropped)} earlier messages were left out here; used so far: {used}.",
    }
