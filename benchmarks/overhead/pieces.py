"""Where the time of a request goes: reading, comparing with the former request, placing the block, proving it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from benchmarks.bodies import body, rule_file
from benchmarks.measure import Spread, repeated
from benchmarks.report import Row
from pinnedrules.compaction.lineage import Lineage
from pinnedrules.pins.block import render
from pinnedrules.rules.load import load
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect
from pinnedrules.wire.openai_chat import OpenAIChat
from pinnedrules.wire.openai_responses import OpenAIResponses

__all__ = ["rows"]

_DIALECTS: dict[str, Dialect] = {"chat": OpenAIChat(), "messages": AnthropicMessages(), "responses": OpenAIResponses()}
_ROUNDS = {10: 1000, 100: 300, 1000: 60}


def rows(scale: float) -> Iterator[Row]:
    """Measure each piece at every size; no targets of their own. On its way a body is read once for two or three of them."""
    block = render(load(rule_file(20)).texts, version=1)
    for name, dialect in _DIALECTS.items():
        for messages, most in _ROUNDS.items():
            rounds = int(most * scale)
            if not rounds:
                continue
            raw = json.dumps(body(name, messages), separators=(",", ":")).encode()
            placed, _ = dialect.place(raw, block.text)
            facts, lineage = dialect.read_request(raw), Lineage()
            works = {
                "read": lambda dialect=dialect, raw=raw: dialect.read_request(_anew(raw)),
                "compare": lambda lineage=lineage, facts=facts: lineage.observe([*facts.messages]),
                "place": lambda dialect=dialect, raw=raw: dialect.place(_anew(raw), block.text),
                "prove": lambda dialect=dialect, placed=placed: dialect.slot(_anew(placed), block.marker),
            }
            for piece, work in works.items():
                taken = repeated(work, rounds, time.thread_time_ns)
                yield Row(f"  {piece}, {name}, {messages} messages", "ms", Spread.of_ns(taken))


def _anew(raw: bytes) -> bytes:
    """Return the same bytes as another object, of which nothing was read yet."""
    return bytes(bytearray(raw))
