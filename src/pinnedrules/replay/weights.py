"""How long a history is in tokens, and whose words stand in it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pinnedrules.pins.block import one_line
from pinnedrules.replay.bodies import texts
from pinnedrules.replay.trace import Message, Trace
from pinnedrules.tokens import count

__all__ = ["Weights"]

_PER_MESSAGE = 4  # tokens that a message costs beside its text, roughly the same at both providers


class Weights:
    """What each message of one trace weighs and which rules' own words stand in it, looked at once per message.

    *wordings* maps rule ids to their texts on one line, case folded. ``fixed`` are the tokens of tools and system prompt.
    """

    def __init__(self, trace: Trace, wordings: dict[str, str]) -> None:
        self._wordings = wordings
        self._known: dict[int, tuple[Message, int, frozenset[str]]] = {}
        system = json.dumps(trace.system, ensure_ascii=False) if trace.system else ""
        self.fixed = count(system).tokens + count(json.dumps(trace.tools, ensure_ascii=False)).tokens
        self._system = self._words(system)

    def tokens(self, message: Message) -> int:
        """Return the tokens of one message."""
        return self._look(message)[1]

    def total(self, history: Sequence[Message]) -> int:
        """Return the tokens of a history, without tools and the block."""
        return sum(map(self.tokens, history))

    def worded(self, history: Sequence[Message]) -> frozenset[str]:
        """Return the ids of the rules whose own text stands in *history*, white space and case aside."""
        return self._system.union(*(self._look(message)[2] for message in history))

    def _look(self, message: Message) -> tuple[Message, int, frozenset[str]]:
        # The message itself is kept, so that its id() is not given to another one.
        known = self._known.get(id(message))
        if known is None:
            text = "\n".join(texts(message))
            known = self._known[id(message)] = (message, count(text).tokens + _PER_MESSAGE, self._words(text))
        return known

    def _words(self, text: str) -> frozenset[str]:
        plain = one_line(text).casefold()
        return frozenset(rule for rule, wording in self._wordings.items() if wording in plain)
