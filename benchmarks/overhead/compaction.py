"""What seeing and judging a compaction costs: digests, comparing, what the summary did to each rule, what is kept of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from benchmarks.bodies import body, rule_file
from benchmarks.measure import Spread, repeated
from benchmarks.report import Row
from pinnedrules.compaction.lineage import Lineage
from pinnedrules.compaction.survival import judge
from pinnedrules.rules.load import load
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Dialect
from pinnedrules.wire.openai_chat import OpenAIChat
from pinnedrules.wire.openai_responses import OpenAIResponses

__all__ = ["rows"]

_DIALECTS: dict[str, Dialect] = {"chat": OpenAIChat(), "messages": AnthropicMessages(), "responses": OpenAIResponses()}
_ROUNDS = 200
_MESSAGES = 1000
_TARGET_MS = 5.0
_SENTENCE = "The user asked for the invoices of last year, and they were looked up one after the other. "


def rows(scale: float) -> Iterator[Row]:
    """Measure a request of 1,000 messages that goes on, and one in which a summary took the place of half of them."""
    rounds = max(1, int(_ROUNDS * scale))
    rules = load(rule_file(20)).texts
    summary = "Summary of the conversation so far: " + _SENTENCE * 20 + "\n".join(f"- {text}" for _, text in rules[:10])
    told = json.dumps({"role": "user", "content": summary}).encode()
    for name, dialect in _DIALECTS.items():
        raw = json.dumps(body(name, _MESSAGES), separators=(",", ":")).encode()
        messages = list(dialect.read_request(raw).messages)
        half = [told, *messages[len(messages) // 2 :]]
        for what, former, then in (("goes on", messages[:-2], messages), ("was compacted", messages, half)):
            ready = [_seen(former) for _ in range(2 * rounds + 2)]

            def work(then: list[bytes] = then, ready: list[Lineage] = ready) -> None:
                lineage = ready.pop() if len(ready) > 1 else ready[0]
                change = lineage.observe(then, "s")
                if change.kind == "rewritten":
                    judge(rules, "\n\n".join(json.loads(then[index])["content"] for index in change.fresh))
                lineage.dump(change.conversation)

            taken = repeated(work, rounds, time.thread_time_ns)
            yield Row(f"compaction: {what}, {name}, 1,000 messages", "ms", Spread.of_ns(taken), target_p50=_TARGET_MS)
    taken = repeated(lambda: judge(rules, summary), rounds, time.thread_time_ns)
    yield Row(f"  of it: judging {len(summary):,} characters by {len(rules)} rules", "ms", Spread.of_ns(taken))


def _seen(messages: list[bytes]) -> Lineage:
    lineage = Lineage()
    lineage.observe(messages, "s")
    return lineage
