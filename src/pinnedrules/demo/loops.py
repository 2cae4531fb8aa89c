"""Two ordinary agent loops, one for each SDK, as people write them: ask, run the calls, append the results,
compact when it gets long.

Nothing in this file knows the guard: a client goes in, guarded or not. When the history outgrows its
budget, the model is asked for a summary and the history is replaced by it; whatever the summary leaves out
is gone, as in the incidents that this demo replays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pinnedrules.demo.worlds import Tool

if TYPE_CHECKING:
    import anthropic
    import openai

__all__ = ["SUMMARY_REQUEST", "Run", "Setup", "run_chat", "run_messages"]

SUMMARY_REQUEST = (
    "The conversation is getting too long. Summarize the task and the progress so far, so that you can go on from your "
    "summary alone. Be brief."
)
_RESUME = "Summary of the conversation so far:\n{summary}\nGo on with the task."
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Setup:
    """What a loop is started with. *budget* is in tokens, estimated at four characters each."""

    model: str
    system: str
    turns: Sequence[str]
    tools: Sequence[Tool]
    run_tool: Callable[[str, Mapping[str, Any]], str]
    budget: int
    max_steps: int = 200


@dataclass(slots=True)
class Run:
    """How a loop went. *seconds* are those of each request as the loop waited for it; *ended* by the
    model's own words.
    """

    text: str = ""
    ended: bool = False
    calls: int = 0
    compactions: int = 0
    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Note how long the block took."""
        start = time.perf_counter()
        yield
        self.seconds.append(time.perf_counter() - start)


def run_chat(client: openai.OpenAI, setup: Setup) -> Run:
    """Run the loop with Chat Completions, streamed."""
    run = Run()
    tools = [
        {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
        for t in setup.tools
    ]
    system: dict[str, Any] = {"role": "system", "content": setup.system}
    messages: list[Any] = [system, *({"role": "user", "content": turn} for turn in setup.turns)]
    for _ in range(setup.max_steps):
        if _tokens(messages) > setup.budget:
            messages = [system, _chat_summary(client, setup, run, messages, tools)]
        with run.timed():
            answer = _stream_chat(client, setup.model, messages, tools)
        messages.append(answer)
        if not answer.get("tool_calls"):
            run.text, run.ended = answer["content"] or "", True
            return run
        for call in answer["tool_calls"]:
            run.calls += 1
            result = _run_tool(setup, call["function"]["name"], call["function"]["arguments"])
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    return run


def _stream_chat(client: openai.OpenAI, model: str, messages: list[Any], tools: list[Any]) -> dict[str, Any]:
    """Put an answer together from its deltas."""
    text = ""
    calls: dict[int, dict[str, Any]] = {}
    stream: Any = client.chat.completions.create(model=model, messages=messages, tools=tools, stream=True)
    for chunk in stream:
        for choice in chunk.choices:
            text += choice.delta.content or ""
            for part in choice.delta.tool_calls or ():
                call = calls.setdefault(
                    part.index, {"id": part.id, "type": "function", "function": {"name": "", "arguments": ""}}
                )
                call["function"]["name"] += part.function.name or ""
                call["function"]["arguments"] += part.function.arguments or ""
    answer: dict[str, Any] = {"role": "assistant", "content": text or None}
    return answer | ({"tool_calls": list(calls.values())} if calls else {})


def _chat_summary(
    client: openai.OpenAI, setup: Setup, run: Run, messages: list[Any], tools: list[Any]
) -> dict[str, Any]:
    run.compactions += 1
    asked: list[Any] = [*messages, {"role": "user", "content": SUMMARY_REQUEST}]
    with run.timed():
        answer = client.chat.completions.create(model=setup.model, messages=asked, tools=tools, tool_choice="none")
    return {"role": "user", "content": _RESUME.format(summary=answer.choices[0].message.content)}


def run_messages(client: anthropic.Anthropic, setup: Setup) -> Run:
    """Run the loop with Messages, answers as JSON."""
    run = Run()
    tools: Any = [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in setup.tools]
    messages: list[Any] = [{"role": "user", "content": turn} for turn in setup.turns]
    for _ in range(setup.max_steps):
        if _tokens(messages) > setup.budget:
            messages = [_messages_summary(client, setup, run, messages, tools)]
        with run.timed():
            answer = client.messages.create(
                model=setup.model, max_tokens=4096, system=setup.system, messages=messages, tools=tools
            )
        messages.append(
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in answer.content]}
        )
        uses = [block for block in answer.content if block.type == "tool_use"]
        if not uses:
            run.text = "".join(block.text for block in answer.content if block.type == "text")
            run.ended = True
            return run
        results = []
        for use in uses:
            run.calls += 1
            result = _run_tool(setup, use.name, use.input)
            results.append({"type": "tool_result", "tool_use_id": use.id, "content": result})
        messages.append({"role": "user", "content": results})
    return run


def _messages_summary(
    client: anthropic.Anthropic, setup: Setup, run: Run, messages: list[Any], tools: Any
) -> dict[str, Any]:
    run.compactions += 1
    asked: list[Any] = [*messages, {"role": "user", "content": SUMMARY_REQUEST}]
    with run.timed():
        answer = client.messages.create(
            model=setup.model,
            max_tokens=4096,
            system=setup.system,
            messages=asked,
            tools=tools,
            tool_choice={"type": "none"},
        )
    summary = "".join(block.text for block in answer.content if block.type == "text")
    return {"role": "user", "content": _RESUME.format(summary=summary)}


def _run_tool(setup: Setup, name: str, arguments: str | Mapping[str, Any]) -> str:
    """Run a tool; what it raises goes to the model as its result, as in most loops."""
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else arguments
        return setup.run_tool(name, given)
    except (KeyError, TypeError, ValueError) as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"})


def _tokens(messages: Sequence[Any]) -> int:
    return len(json.dumps(messages)) // _CHARACTERS_PER_TOKEN
