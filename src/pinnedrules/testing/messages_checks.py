"""What the Messages API refuses in a conversation: contents, roles, and the pairing of calls and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pinnedrules.testing.shapes import Problem

__all__ = ["blocks_of", "pairing_problems", "shape_problems"]


def blocks_of(content: object) -> list[dict[str, Any]]:
    """Return the blocks of a content, a text as the one block it stands for."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content) if isinstance(content, list) else []


def shape_problems(messages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield what is wrong with single messages."""
    for index, message in enumerate(messages):
        role = message.get("role")
        if role not in ("user", "assistant", "system"):
            yield Problem(f"messages.{index}.role: Input should be 'user', 'assistant' or 'system'")
        blocks = blocks_of(message.get("content"))
        final = index == len(messages) - 1
        if not blocks and not (final and role == "assistant"):
            yield Problem(
                f"messages.{index}: all messages must have non-empty content except for the optional final "
                "assistant message"
            )
        texts = [str(block.get("text", "")) for block in blocks if block.get("type") == "text"]
        if "" in texts:
            yield Problem("messages: text content blocks must be non-empty")
        if any(not text.strip() for text in texts):
            yield Problem("messages: text content blocks must contain non-whitespace text")
        if role == "system":
            yield from _system_problems(messages, index)


def _system_problems(messages: Sequence[Mapping[str, Any]], index: int) -> Iterator[Problem]:
    """A system message inside the conversation follows the newest user message, and only an answer may
    follow it.
    """
    before = messages[index - 1]["role"]
    after = messages[index + 1]["role"] if index + 1 < len(messages) else "assistant"
    if before == "assistant" or after == "user":
        yield Problem(f"messages.{index}: a `system` message must come after the newest user message")


def pairing_problems(messages: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Every tool_use is answered first thing in the next message, and no tool_result answers another."""
    seen: set[str] = set()
    waiting: list[str] = []
    for index, message in enumerate([*messages, {"role": "end", "content": []}]):
        blocks = blocks_of(message["content"])
        for number, block in enumerate(blocks):
            if block["type"] != "tool_result":
                continue
            if message["role"] != "user" or block.get("tool_use_id") not in waiting:
                yield Problem(
                    f"messages.{index}.content.{number}: unexpected `tool_use_id` found in `tool_result` "
                    f"blocks: {block.get('tool_use_id')}. Each `tool_result` block must have a corresponding "
                    "`tool_use` block in the previous message."
                )
            elif all(earlier["type"] == "tool_result" for earlier in blocks[:number]):
                waiting.remove(block["tool_use_id"])
        if waiting:
            yield Problem(
                f"messages.{index - 1}: `tool_use` ids were found without `tool_result` blocks immediately "
                f"after: {', '.join(waiting)}. Each `tool_use` block must have a corresponding `tool_result` "
                "block in the next message."
            )
        waiting = [str(block.get("id")) for block in blocks if block["type"] == "tool_use"]
        if seen.intersection(waiting) or len(set(waiting)) < len(waiting):
            yield Problem(f"messages.{index}: `tool_use` ids must be unique")
        seen.update(waiting)
