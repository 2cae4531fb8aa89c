"""What the hosts share. Standard library only: it runs in every framework's environment.

A host is a module with ``PACKAGE`` (the distribution whose version is told), ``WAYS`` (name of a compactor of that framework
to a function, the framework's own default first) and, if its summariser's prompt asks to keep rules or the user's
instructions word for word, ``ASKS_FOR_RULES`` (the names of those ways). A way is ``way(Job) -> messages``, sync or async;
its docstring says which parameters were set, everything else is the framework's default.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["MODEL", "Job", "Message", "Way", "call", "head_and_rest", "said", "tail_starts"]

Message: TypeAlias = dict[str, Any]
MODEL = "gpt-4o"
"""A name that every framework knows a context window and a tokenizer of; the loopback endpoint takes any."""


@dataclass(frozen=True, slots=True)
class Job:
    """One compaction: the messages as Chat Completions writes them, how many may be left, where the summariser is."""

    messages: list[Message]
    budget: int
    url: str
    """The provider's address without a path; OpenAI clients want ``openai_url``."""

    @property
    def openai_url(self) -> str:
        """The base URL of an OpenAI client."""
        return f"{self.url}/v1"

    @property
    def head(self) -> list[Message]:
        """The system messages that the history begins with."""
        return head_and_rest(self.messages)[0]

    @property
    def rest(self) -> list[Message]:
        """What comes after them."""
        return head_and_rest(self.messages)[1]

    @property
    def fits(self) -> bool:
        """Whether nothing has to go."""
        return len(self.rest) <= self.budget


Way: TypeAlias = Callable[[Job], "list[Message] | Awaitable[list[Message]]"]


def head_and_rest(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """Return the system messages at the start, and the rest."""
    at = next((index for index, message in enumerate(messages) if message["role"] != "system"), len(messages))
    return list(messages[:at]), list(messages[at:])


def said(message: Message) -> str:
    """Return the text of a message, empty when it only calls tools."""
    return str(message.get("content") or "")


def call(ident: str, name: str, arguments: object) -> Message:
    """Return a tool call; *arguments* are a JSON text or a value."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": ident, "type": "function", "function": {"name": name, "arguments": text}}


def tail_starts(messages: Sequence[Message], most: int) -> int:
    """Return where the newest *most* messages begin, later if that would cut a result from its call."""
    at = max(0, len(messages) - most)
    while at < len(messages) and messages[at]["role"] == "tool":
        at += 1
    return at
