"""Google ADK: the events compaction of an ``App``, and the contents that its next request is made of.

An agent's instruction is no event: it stays in front. A summary comes back in the role of the model.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

from google.adk.agents import LlmAgent
from google.adk.apps import App
from google.adk.apps._configs import EventsCompactionConfig
from google.adk.apps.compaction import _run_compaction_for_token_threshold
from google.adk.events import Event, EventActions
from google.adk.events.event_actions import EventCompaction
from google.adk.flows.llm_flows.context._contents import _get_contents
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.adk.plugins.context_filter_plugin import ContextFilterPlugin
from google.adk.sessions import InMemorySessionService
from google.genai.types import Content, FunctionCall, FunctionResponse, Part
from openai import AsyncOpenAI

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, call, said, tail_starts

__all__ = ["PACKAGE", "WAYS"]

PACKAGE = "google-adk"
_AGENT = "agent"
_SUMMARIES: set[str] = set()
"""The summaries given out: ADK knows its own by the event that they are in, not by the words."""


class _Loopback(BaseLlm):
    """The model of the agent, which the summariser uses: a text goes to the loopback endpoint, a text comes back."""

    url: str

    async def generate_content_async(self, llm_request: Any, stream: bool = False) -> AsyncGenerator[Any, None]:
        text = "\n".join(part.text or "" for content in llm_request.contents for part in content.parts)
        async with AsyncOpenAI(base_url=self.url, api_key="none", max_retries=0) as client:
            answer = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}])
        yield LlmResponse(content=Content(role="model", parts=[Part(text=answer.choices[0].message.content)]))


async def token_threshold(job: Job) -> list[Message]:
    """``token_threshold=1``, ``event_retention_size``: what the budget leaves, one being the summary (no defaults)."""
    if job.fits:
        return job.messages
    agent = LlmAgent(name=_AGENT, model=_Loopback(model=MODEL, url=job.openai_url))
    config = EventsCompactionConfig(token_threshold=1, event_retention_size=max(0, job.budget - 1))
    app = App(name="episode", root_agent=agent, events_compaction_config=config)
    service = InMemorySessionService()
    session = await service.create_session(app_name="episode", user_id="user")
    for event in _events(job.rest):
        await service.append_event(session, event)
    await _run_compaction_for_token_threshold(app, session, service)
    written = [event.actions.compaction for event in session.events if event.actions.compaction]
    _SUMMARIES.update(str(part.text) for one in written for part in one.compacted_content.parts)
    return job.head + _messages(_get_contents(None, session.events, _AGENT, preserve_function_call_ids=True))


async def context_filter(job: Job) -> list[Message]:
    """``ContextFilterPlugin(num_invocations_to_keep)``: the user's turns that are whole within the budget (no default)."""
    if job.fits:
        return job.messages
    newest = job.rest[tail_starts(job.rest, job.budget) :]
    turns = max(1, sum(message["role"] == "user" for message in newest))
    request = LlmRequest(contents=_get_contents(None, _events(job.rest), _AGENT, preserve_function_call_ids=True))
    await ContextFilterPlugin(turns).before_model_callback(callback_context=None, llm_request=request)
    return job.head + _messages(request.contents)


def _events(messages: list[Message]) -> list[Any]:
    events: list[Any] = []
    names: dict[str, str] = {}
    for number, message in enumerate(messages, 1):
        text = said(message)
        moment = float(number)
        if text in _SUMMARIES:
            summary = EventCompaction(
                start_timestamp=moment,
                end_timestamp=moment,
                compacted_content=Content(role="model", parts=[Part(text=text)]),
            )
            actions = EventActions(compaction=summary)
            events.append(Event(author="user", timestamp=moment, invocation_id=f"i{number}", actions=actions))
            continue
        author = _AGENT if message["role"] == "assistant" else "user"
        parts = [Part(text=text)] if text and message["role"] != "tool" else []
        for one in message.get("tool_calls") or ():
            names[one["id"]] = name = one["function"]["name"]
            arguments = json.loads(one["function"]["arguments"])
            parts.append(Part(function_call=FunctionCall(id=one["id"], name=name, args=arguments)))
        if message["role"] == "tool":
            ident = message["tool_call_id"]
            answer = FunctionResponse(id=ident, name=names.get(ident, "tool"), response={"result": text})
            parts, author = [Part(function_response=answer)], _AGENT
        role = "model" if message["role"] == "assistant" else "user"
        content = Content(role=role, parts=parts)
        events.append(Event(author=author, timestamp=moment, invocation_id=f"i{number}", content=content))
    return events


def _messages(contents: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for content in contents:
        text = "\n".join(part.text for part in content.parts if part.text)
        calls = [part.function_call for part in content.parts if part.function_call]
        answers = [part.function_response for part in content.parts if part.function_response]
        for answer in answers:
            result = str((answer.response or {}).get("result", ""))
            messages.append({"role": "tool", "tool_call_id": answer.id, "content": result})
        if calls or text:
            plain: Message = {"role": "assistant" if content.role == "model" else "user", "content": text or None}
            made = [call(one.id, one.name, one.args) for one in calls]
            messages.append(plain | ({"tool_calls": made} if made else {}))
    return messages


WAYS = {"token-threshold": token_threshold, "context-filter": context_filter}
