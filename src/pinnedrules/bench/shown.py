"""What a framework's summariser was shown, told from what it sent, and the summary that a scribe writes of it.

Frameworks send a history as messages, as one long text, as JSON or as XML, cut or whole, with their own instructions around
it. So the history is looked for in what they sent, sentence by sentence: a scribe gets those messages, with their roles, of
which something was there, and of them only the sentences that were. The framework's instructions are no part of it.
"""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from pinnedrules.bench.model import Message
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply, Seen

__all__ = ["Desk", "Keeper", "Summariser", "shown"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_SPACE = re.compile(r"(?:\s|\\+[nrt])+")
_SEALED = "sealed:"
_TAGS = ("<summary>", "</summary>")
"""Some prompts want the summary between these, and ask again when they are missing."""
_REMEMBERED = 100


class Summariser(Protocol):
    """Writes a summary of messages, as ``scribe.Scribe`` does."""

    def summary(self, messages: Sequence[Message]) -> str:
        """Return the summary."""
        ...


@dataclass(frozen=True, slots=True)
class Keeper:
    """A summariser that keeps *rules* word for word whenever it is shown them: what is lost with it, the compactor lost."""

    rules: Sequence[str] = ()

    def summary(self, messages: Sequence[Message]) -> str:
        """Return the sentences of the rules that were shown, and how much there was."""
        wanted = {_part(part) for rule in self.rules for part in _sentences(rule)}
        lines: dict[str, None] = {}
        for message in messages:
            for sentence in _sentences(str(message.get("content") or "")):
                if _part(sentence) in wanted:
                    lines.setdefault(sentence)
        return "\n".join([*lines, f"{len(messages)} messages were read."])


@dataclass(slots=True)
class Desk:
    """The scripted model behind a framework's summariser. ``begin`` says of which history the next requests are.

    A provider may seal its summary (Responses' compaction items): a host then returns ``sealed:<text>``, which is opened
    for the reader and sealed again when the history comes back, as the real thing would stay opaque.
    """

    asked: list[int] = field(default_factory=list)
    """How many messages of the history each request showed something of."""
    _known: list[Message] = field(default_factory=list)
    _written: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _summariser: Summariser = field(default_factory=Keeper)
    _seals: dict[str, str] = field(default_factory=dict)

    def begin(self, messages: Sequence[Message], summariser: Summariser) -> None:
        """Start the compaction of *messages*."""
        self._known = [self._unframed(message) for message in messages]
        self._summariser = summariser
        self.asked.clear()

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request of a summariser."""
        text = "\n".join([seen.text, *(call.name for call in seen.calls)])
        found = shown(self._known, text)
        self.asked.append(len(found))
        summary = self._summariser.summary(found)
        self._known.append({"role": "user", "content": summary})
        self._written.append(summary)
        return Reply(f"{_TAGS[0]}\n{summary}\n{_TAGS[1]}" if _TAGS[0] in seen.text else summary)

    def _unframed(self, message: Message) -> Message:
        """Return an earlier summary without what the framework says around it, which no summariser takes for history."""
        text = _flat(str(message.get("content") or ""))
        inside = [summary for summary in self._written if _part(summary) in text] if message["role"] != "tool" else []
        return {**message, "content": "\n".join(dict.fromkeys(inside))} if inside else message

    def holds(self, messages: Sequence[Message]) -> bool:
        """Whether one of *messages* is a sealed summary."""
        return any(message.get("content") in self._seals.values() for message in messages)

    def sealed(self, messages: Sequence[Message]) -> list[Message]:
        """Return *messages* as the host knows them."""
        by_text = {text: seal for seal, text in self._seals.items()}
        return [
            {**message, "content": by_text[message["content"]]} if message.get("content") in by_text else dict(message)
            for message in messages
        ]

    def opened(self, messages: Sequence[Message], provider: ScriptedProvider) -> list[Message]:
        """Return *messages* as a model of this provider reads them."""
        seals = {str(one["content"]) for one in messages if str(one.get("content")).startswith(_SEALED)}
        for seal in seals - set(self._seals):
            self._seals[seal] = _behind(seal.removeprefix(_SEALED), provider)
        return [
            {**message, "content": self._seals[message["content"]]} if message.get("content") in seals else message
            for message in messages
        ]

    def forget(self) -> None:
        """Forget what was sealed: its provider is gone."""
        self._seals.clear()


def shown(messages: Sequence[Message], text: str) -> list[Message]:
    """Return what *text* shows of *messages*."""
    flat = _flat(text)
    found: list[Message] = []
    for message in messages:
        there = [part for part in _sentences(str(message.get("content") or "")) if _part(part) in flat]
        calls = [call for call in message.get("tool_calls") or () if call["function"]["name"] in flat]
        if there or calls:
            one: dict[str, Any] = {"role": message["role"], "content": "\n".join(there)}
            found.append(one | ({"tool_calls": calls} if calls else {}))
    return found


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def _flat(text: str) -> str:
    """Return *text* without what JSON, XML and line breaks do to it."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), html.unescape(text))
    return _SPACE.sub(" ", plain).replace("\\", "").strip()


_part = lru_cache(4096)(_flat)
"""The same for a sentence or a summary, which come again in every round."""


def _behind(seal: str, provider: ScriptedProvider) -> str:
    """Return the summary that this provider sealed so."""
    for exchange in reversed(provider.requests):
        if seal.encode() in bytes(exchange.answer) and exchange.reply is not None:
            return exchange.reply.text
    return ""
