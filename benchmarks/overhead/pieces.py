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

__all__ = ["rows"]

_DIALECTS: dict[str, Dialect] = {"chat": OpenAIChat(), "messages": AnthropicMessages()}
_ROUNDS = {10: 1000, 100: 300, 1000: 60}


def rows(scale: float) -> Iterator[Row]:
    """Measure each piece at every size; no targets of their own."""
    block = render(load(rule_file(20)).texts, version=1)
    for name, dialect in _DIALECTS.items():
        for messages, most in _ROUNDS.items():
            raw = json.dumps(body(name, messages), separators=(",", ":")).encode()
            placed, _ = dialect.place(raw, block.text)
            facts, lineage = dialect.read_request(raw), Lineage()
            works = {
                "read": lambda dialect=dialect, raw=raw: dialect.read_request(raw),
                "compare": lambda lineage=lineage, facts=facts: lineage.observe([*facts.messages]),
                "place": lambda dialect=dialect, raw=raw: dialect.place(raw, block.text),
                "prove": lambda dialect=dialect, placed=placed: dialect.slot(placed, block.marker),
            }
            for piece, work in works.items():
                taken = repeated(work, max(5, int(most * scale)), time.thread_time_ns)
                yield Row(f"  {piece}, {name}, {messages} messages", "ms", Spread.of_ns(taken))
