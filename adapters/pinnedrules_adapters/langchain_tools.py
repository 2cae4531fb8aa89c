"""The calls of an agent's or a graph's tools: decided before one runs, asked about through the graph's interrupt.

Rules of this file:

1. A graph runs the same code again after an interrupt. What was decided is not decided again, and a question that was asked
   takes its answer from the graph each time, so that the interrupts that a tool itself makes keep theirs.
2. A call that may not run gets a result that says why; the agent goes on. Only a stop ends the run.
3. Of several calls in one node nothing runs before all questions are answered, because the node as a whole runs again.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage, ToolCall
from langchain_core.tools import BaseTool
from langgraph.errors import GraphBubbleUp
from langgraph.types import interrupt

from pinnedrules.framework import Framework, Gated
from pinnedrules_adapters.langchain_answers import answers, can_interrupt, question, who
from pinnedrules_adapters.langchain_messages import call_of

__all__ = ["Calls", "Wanted", "answer_of"]

Wanted: TypeAlias = tuple[ToolCall, BaseTool | None]
_REMEMBERED = 10_000


class Calls:
    """Decides calls for one guard. Thread-safe."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        self._asked: OrderedDict[tuple[str, ...], int] = OrderedDict()
        self._lock = threading.Lock()

    def decide(self, wanted: Sequence[Wanted], answer: str, config: Any) -> list[Gated]:
        """Say of each call of one task whether it may run. Raises what interrupts the graph, and Stopped."""
        waits = self._waits(config)
        found = [
            one if isinstance(one, Gated) else self._framework.propose(one, wait=waits).result()
            for one in _calls(wanted, answer)
        ]
        try:
            asked, said = self._ask(wanted, found, config)
        except GraphBubbleUp:
            self._framework.waiting(found).result()
            raise
        for index, (yes, why) in zip(asked, said, strict=True):
            found[index] = self._framework.answer(found[index], yes, by=who(config), why=why).result()
        return found

    async def adecide(self, wanted: Sequence[Wanted], answer: str, config: Any) -> list[Gated]:
        """Like :meth:`decide`, on an event loop."""
        waits = self._waits(config)

        async def propose(one: Any) -> Gated:
            return one if isinstance(one, Gated) else await self._framework.propose(one, wait=waits)

        found = list(await asyncio.gather(*map(propose, _calls(wanted, answer))))
        try:
            asked, said = self._ask(wanted, found, config)
        except GraphBubbleUp:
            await self._framework.waiting(found)
            raise
        for index, (yes, why) in zip(asked, said, strict=True):
            found[index] = await self._framework.answer(found[index], yes, by=who(config), why=why)
        return found

    def over(self, wanted: Sequence[Wanted], config: Any) -> None:
        """Say that the calls of this task ended, so that their question is not asked again."""
        with self._lock:
            self._asked.pop(_task(wanted, config), None)

    def _ask(
        self, wanted: Sequence[Wanted], found: Sequence[Gated], config: Any
    ) -> tuple[list[int], list[tuple[bool, str]]]:
        """Return which calls a person has to decide and what was said; interrupts the graph until something was."""
        asked = [index for index, one in enumerate(found) if one.verdict == "ask"]
        task = _task(wanted, config)
        with self._lock:
            before = self._asked.get(task, 0)
        if not asked and not before:
            return [], []
        said = interrupt(question([found[index] for index in asked]))
        with self._lock:
            self._asked[task] = 1
            if len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
        return asked, answers(said, len(asked)) if asked else []

    def _waits(self, config: Any) -> bool:
        return self._framework.asks_code or not can_interrupt(config)


def answer_of(messages: Sequence[Any], call: str) -> str:
    """Return the name of the model's answer that the call of this id stands in."""
    for message in reversed(messages):
        if isinstance(message, AIMessage) and any(one["id"] == call for one in message.tool_calls):
            return message.id or f"answer of {message.tool_calls[0]['id']}"
    return ""


def _calls(wanted: Sequence[Wanted], answer: str) -> list[Any]:
    """Return the guard's view of each call, or its refusal when there is none."""
    found: list[Any] = []
    for call, tool in wanted:
        try:
            found.append(call_of(call, tool, answer))
        except Exception as error:  # noqa: BLE001 - a schema or a value that cannot be read cannot be decided
            found.append(Framework.refuse(call["name"], call["id"] or "", error))
    return found


def _task(wanted: Sequence[Wanted], config: Any) -> tuple[str, ...]:
    thread = str((config.get("configurable") or {}).get("thread_id", ""))
    return thread, *(f"{call['id']} {json.dumps(call['args'], sort_keys=True, default=str)}" for call, _ in wanted)
