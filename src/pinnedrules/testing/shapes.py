"""What the scripted dialects share: the turn being answered, a request's problem, and small pieces of text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pinnedrules.testing.script import DialectName, PastCall, Reply, Role

__all__ = [
    "Given",
    "Problem",
    "Shown",
    "Turn",
    "Wire",
    "compact",
    "fragments",
    "name_from",
    "padding",
    "text_of",
    "tokens",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused, with status 400 unless it says otherwise. ``details`` are for programs (Messages)."""

    message: str
    param: str | None = None
    code: str | None = None
    status: int = 400
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """The request being answered: its number, its body, and how many characters of its prefix were sent
    before.
    """

    number: int
    body: Mapping[str, Any]
    known_chars: int = 0

    @property
    def model(self) -> str:
        """The model's name as asked for."""
        return str(self.body.get("model", ""))

    @property
    def prompt_tokens(self) -> int:
        """An estimate of the size of what was sent."""
        keys = ("instructions", "system", "tools", "messages", "input")
        sent = {key: self.body[key] for key in keys if key in self.body}
        return tokens(compact(sent))


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a request the model reads; ``history`` are the items of it that the provider held already."""

    texts: Sequence[tuple[Role, str]]
    calls: Sequence[PastCall]
    tools: Sequence[str]
    history: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """An answer for which the model is not asked. ``habits`` says how it is written."""

    frames: Sequence[bytes]
    streamed: bool = False
    habits: Reply = field(default_factory=Reply)


class Wire(Protocol):
    """One provider's side of a wire format."""

    name: DialectName

    def problem(self, body: Mapping[str, Any]) -> Problem | None:
        """Return why the real service would refuse this body, or ``None``."""
        ...

    def shown(self, body: Mapping[str, Any]) -> Shown:
        """Return what the model reads of a body that has no problem."""
        ...

    def prefix(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the prompt begins with, under the keys ``tools``, ``system`` and ``messages``."""
        ...

    def json(self, reply: Reply, turn: Turn) -> bytes:
        """Return the whole answer."""
        ...

    def frames(self, reply: Reply, turn: Turn) -> list[bytes]:
        """Return the frames of the answer as an event stream, each with its empty line."""
        ...

    def error(self, status: int, problem: Problem, request_id: str) -> bytes:
        """Return an error body."""
        ...

    def error_frame(self, problem: Problem, number: int = 0) -> bytes:
        """Return the event that ends a stream with an error, after *number* others."""
        ...


def compact(value: object) -> str:
    """Return *value* as JSON without spaces, in the order of its keys."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def tokens(text: str) -> int:
    """Estimate tokens at four characters each, at least one."""
    return max(1, (len(text) + 3) // 4)


def fragments(text: str, size: int) -> list[str]:
    """Cut *text* in pieces of *size* characters; no pieces of no text."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def name_from(prefix: str, *parts: object, length: int = 24) -> str:
    """Return an id that looks like the service's and is the same for the same *parts*."""
    return prefix + hashlib.sha256(repr(parts).encode()).hexdigest()[:length]


def padding(turn: Turn, number: int) -> str:
    """Return the text with which OpenAI pads stream events so that their sizes do not tell the tokens."""
    return name_from("", turn.number, number, length=1 + (turn.number * 7 + number * 5) % 15)


def text_of(content: object) -> str:
    """Return the text of a content field: a string, or the text blocks of a list."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(str(block.get("text", "")) for block in content if block.get("type") == "text")
