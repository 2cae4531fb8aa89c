"""Conversations as real clients keep them, and the ways in which real clients compact them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Message: TypeAlias = dict[str, object]
Strategy: TypeAlias = Callable[[Sequence[Message], int], list[Message]]

SYSTEM: Message = {"role": "system", "content": "You are a mail assistant for the accounts department."}
ASK = (
    "You have been working on the task described above. Write a summary of what was done so far, so that the work "
    "can go on in a new context."
)
INTRO = "Here is a summary of the conversation so far: "


def raw(messages: Sequence[Message]) -> list[bytes]:
    """Return messages as an SDK serialises them, as fresh objects."""
    return [json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() for message in messages]


def user(text: str) -> Message:
    """Return a user message."""
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    """Return an assistant message."""
    return {"role": "assistant", "content": text}


@dataclass
class Client:
    """An agent loop that appends one answer, its tool result and now and then a user turn to its history."""

    name: str = "a"
    system: bool = True
    history: list[Message] = field(default_factory=list)
    turn: int = 0

    def __post_init__(self) -> None:
        """Begin with the system prompt, where there is one, and a task."""
        self.history = [SYSTEM] if self.system else []
        self.history.append(user(f"Task of {self.name}: tidy up the mailbox, and ask before anything is deleted."))

    def request(self) -> list[bytes]:
        """Return the messages of the next request."""
        return raw(self.history)

    def go_on(self) -> None:
        """Take in an answer: a tool call with its result, and in every third turn a sentence and a user's reply."""
        self.turn += 1
        n = f"{self.name}-{self.turn}"
        if self.turn % 3:
            call = {"id": f"call_{n}", "type": "function", "function": {"name": "search", "arguments": "{}"}}
            self.history.append({"role": "assistant", "content": None, "tool_calls": [call]})
            self.history.append({"role": "tool", "tool_call_id": f"call_{n}", "content": f"Result {n}: 3 mails."})
        else:
            self.history.append(assistant(f"I have looked at the mails of batch {n}; shall I go on with the next?"))
            self.history.append(user(f"Yes, go on after batch {n}, but delete nothing."))


def lead(messages: Sequence[Message]) -> int:
    """Return how many system messages a history begins with."""
    return sum(message["role"] == "system" for message in messages[:1])


def truncate(messages: Sequence[Message], turn: int) -> list[Message]:
    """Drop the oldest messages, keep the system prompt (sliding window)."""
    first = lead(messages)
    return [*messages[:first], *messages[first:][-6:]]


def head_tail(messages: Sequence[Message], turn: int) -> list[Message]:
    """Keep the first and the last messages, drop the middle."""
    first = lead(messages) + 1
    return [*messages[:first], *messages[first:][-5:]]


def summary_keep_tail(messages: Sequence[Message], turn: int) -> list[Message]:
    """Replace all but the last messages by one summary."""
    first = lead(messages)
    return [*messages[:first], user(f"Context: {turn} batches were looked at."), *messages[first:][-4:]]


def summary_keep_last(messages: Sequence[Message], turn: int) -> list[Message]:
    """Replace all but the very last exchange by one summary."""
    first = lead(messages)
    return [*messages[:first], user(f"Context: {turn} batches were looked at."), *messages[first:][-3:]]


def hierarchical(messages: Sequence[Message], turn: int) -> list[Message]:
    """Turn the oldest half into a summary of level one, and summaries of level one into one of level two."""
    first = lead(messages)
    rest = messages[first:]
    older = [m for m in rest if str(m["content"]).startswith("[level")]
    newer = [m for m in rest if m not in older]
    half = len(newer) // 2
    level = user(f"[level 1] batch up to {turn}: 3 mails, nothing deleted.")
    merged = [user(f"[level 2] everything before {turn}")] if len(older) >= 2 else older
    return [*messages[:first], *merged, level, *newer[half:]]


def clear_results(messages: Sequence[Message], turn: int) -> list[Message]:
    """Blank all tool results but the newest two, where they stand (context editing done by the client)."""
    results = [index for index, message in enumerate(messages) if message["role"] == "tool"]
    cleared = set(results[:-2])
    return [{**m, "content": "[cleared]"} if i in cleared else m for i, m in enumerate(messages)]


def summary_in_system(messages: Sequence[Message], turn: int) -> list[Message]:
    """Write the summary into the system prompt and keep the last messages."""
    first = lead(messages)
    system: Message = {"role": "system", "content": f"{SYSTEM['content']} Until turn {turn} the mailbox was searched."}
    return [system, *messages[first:][-4:]]


def summary_replace(messages: Sequence[Message], turn: int) -> list[Message]:
    """Replace everything but the system prompt and the task by one summary."""
    first = lead(messages) + 1
    return [*messages[:first], user(f"{INTRO}{turn} batches were looked at.")]


def one_message(messages: Sequence[Message], turn: int) -> list[Message]:
    """Replace everything but the system prompt by one summary."""
    return [*messages[: lead(messages)], user(f"{INTRO}{turn} batches were looked at, none deleted.")]


def one_plain_message(messages: Sequence[Message], turn: int) -> list[Message]:
    """Replace everything but the system prompt by one message that does not say what it is."""
    return [*messages[: lead(messages)], user(f"Goal: tidy up. Done: {turn} batches. Next: the following batch.")]


SHOWING: tuple[Strategy, ...] = (
    truncate,
    head_tail,
    summary_keep_tail,
    summary_keep_last,
    hierarchical,
    clear_results,
    summary_in_system,
    summary_replace,
    one_message,
)
