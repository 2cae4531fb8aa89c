"""Turns recorded conversations in the Chat Completions format into the Messages format, line by line.

::

    python benchmarks/replay/to_messages.py < chat.jsonl > messages.jsonl

All other members of a line stay. ``at`` is added: for every message of the new conversation, its place in the old one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["converted", "main"]


def main() -> None:
    """Convert standard input."""
    for line in sys.stdin:
        row = json.loads(line)
        print(json.dumps(row | converted(row["messages"]), ensure_ascii=False))


def converted(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return ``messages``, ``system`` and ``at``; results of one turn are put into one user message."""
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    found: list[dict[str, Any]] = []
    at: list[int] = []
    ids: dict[str, str] = {}
    for index, message in enumerate(messages):
        if message["role"] == "system":
            continue
        if message["role"] == "tool":
            call = ids.get(message["tool_call_id"], message["tool_call_id"])
            block = {"type": "tool_result", "tool_use_id": call, "content": message["content"] or ""}
            if found and found[-1]["role"] == "user" and isinstance(found[-1]["content"], list):
                found[-1]["content"].append(block)
                continue
            made: dict[str, Any] = {"role": "user", "content": [block]}
        elif message["role"] == "assistant":
            made = {"role": "assistant", "content": _blocks(message, index, ids)}
        else:
            made = {"role": "user", "content": message["content"]}
        found.append(made)
        at.append(index)
    return {"messages": found, "system": system, "at": at}


def _blocks(message: Mapping[str, Any], index: int, ids: dict[str, str]) -> list[dict[str, Any]]:
    blocks = [{"type": "text", "text": message["content"]}] if message["content"] else []
    for number, call in enumerate(message.get("tool_calls") or []):
        # An id of its own for every call: some recordings use the same ones again in each turn.
        name = ids[call["id"]] = f"toolu_{index}_{number}"
        given = json.loads(call["function"]["arguments"] or "{}")
        blocks.append({"type": "tool_use", "id": name, "name": call["function"]["name"], "input": given})
    return blocks


if __name__ == "__main__":
    main()
