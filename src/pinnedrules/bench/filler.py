"""Long work to put between a rule and its temptation: real transcripts from a folder, cut into pieces."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pinnedrules.bench.model import Message
from pinnedrules.bench.suite import Suite, SuiteError

__all__ = ["again", "with_data"]

_PIECE = 16
_PIECES = 24
_LONGEST = 4000


def with_data(suite: Suite, folder: Path) -> Suite:
    """Return *suite* with filler from *folder*: ``*.jsonl`` or ``*.jsonl.gz``, one transcript a line, under ``messages``.

    Messages are those of Chat Completions; texts are cut at 4,000 characters. Raises SuiteError when there is no transcript.
    """
    pieces = []
    for messages in _transcripts(folder):
        pieces += _pieces(messages)
        if len(pieces) >= _PIECES:
            break
    if not pieces:
        raise SuiteError(f"{folder} has no transcript: *.jsonl or *.jsonl.gz with `messages` on each line")
    return replace(suite, filler=tuple(pieces[:_PIECES]))


def again(piece: Sequence[Message], number: int) -> list[Message]:
    """Return *piece* with ids of its own, so that it can stand in a conversation more than once."""
    renamed = []
    for message in piece:
        kept = dict(message)
        if kept.get("tool_calls"):
            kept["tool_calls"] = [{**call, "id": f"{call['id']}_{number}"} for call in kept["tool_calls"]]
        if "tool_call_id" in kept:
            kept["tool_call_id"] = f"{kept['tool_call_id']}_{number}"
        renamed.append(kept)
    return renamed


def _transcripts(folder: Path) -> Iterator[list[Message]]:
    for path in sorted(folder.glob("**/*.jsonl*")):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for line in raw.decode("utf-8").splitlines():
            said = json.loads(line)
            if isinstance(said, dict) and isinstance(said.get("messages"), list):
                yield said["messages"]


def _pieces(messages: list[Message]) -> list[tuple[Message, ...]]:
    """Return at most two pieces, which begin with an assistant's message and end with whole results."""
    plain = [_plain(message) for message in messages if message.get("role") in ("user", "assistant", "tool")]
    starts = [at for at in range(2, len(plain) - _PIECE) if plain[at]["role"] == "assistant"][:: _PIECE * 2]
    pieces = []
    for start in starts[:2]:
        end = start + _PIECE
        while end < len(plain) and plain[end]["role"] == "tool":
            end += 1
        ids = {call["id"] for message in plain[start:end] for call in message.get("tool_calls", ())}
        answered = {message["tool_call_id"] for message in plain[start:end] if message["role"] == "tool"}
        if ids == answered:
            pieces.append(tuple(plain[start:end]))
    return pieces


def _plain(message: Message) -> Message:
    content = message.get("content")
    text = content if isinstance(content, str) else json.dumps(content) if content else ""
    kept: Message = {"role": message["role"], "content": text[:_LONGEST] or " "}
    if message.get("tool_calls"):
        kept["tool_calls"] = [
            {"id": call["id"], "type": "function", "function": dict(call["function"])} for call in message["tool_calls"]
        ]
    if message["role"] == "tool":
        kept["tool_call_id"] = message["tool_call_id"]
    return kept
