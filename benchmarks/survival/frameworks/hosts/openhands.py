"""OpenHands SDK: ``LLMSummarizingCondenser`` on the events of a conversation.

What it shows its summariser is each event's short form: a message is cut after 500 characters there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openhands.sdk import LLM
from openhands.sdk.context.condenser import LLMSummarizingCondenser
from openhands.sdk.context.view import View
from openhands.sdk.event import ActionEvent, MessageEvent, ObservationEvent, SystemPromptEvent
from openhands.sdk.event.base import LLMConvertibleEvent
from openhands.sdk.event.condenser import Condensation, CondensationSummaryEvent
from openhands.sdk.llm import Message as Theirs
from openhands.sdk.llm import MessageToolCall, TextContent
from openhands.sdk.mcp.definition import MCPToolAction, MCPToolObservation
from pydantic import SecretStr

from benchmarks.survival.frameworks.kit import MODEL, Job, Message, call, said

__all__ = ["ASKS_FOR_RULES", "PACKAGE", "WAYS"]

PACKAGE = "openhands-sdk"
ASKS_FOR_RULES = ("summarizing-condenser",)
"""The prompt: "USER_CONTEXT: (Preserve essential user requirements, goals, and clarifications in concise form)"."""
_SUMMARIES: set[str] = set()
"""The summaries given out: the condenser knows its own by the kind of the event, not by the words."""


def summarizing_condenser(job: Job) -> list[Message]:
    """``max_size=budget`` instead of 240 events (it then goes down to half of it); ``keep_first``: 2 (the default), or one
    if the budget is too small for it.
    """
    if job.fits:
        return job.messages
    llm = LLM(
        model=f"openai/{MODEL}", base_url=job.openai_url, api_key=SecretStr("none"), num_retries=0, usage_id="condenser"
    )
    most = max(6, job.budget + len(job.head))
    condenser = LLMSummarizingCondenser(llm=llm, max_size=most, keep_first=min(2, most // 2 - 2))
    events = _events(job.messages)
    condensed = condenser.condense(View.from_events(events))
    if isinstance(condensed, Condensation):
        _SUMMARIES.add(str(condensed.summary))
        condensed = View.from_events([*events, condensed])
    return _messages(
        [message for run in _runs(condensed.events) for message in LLMConvertibleEvent.events_to_messages(run)]
    )


def _events(messages: list[Message]) -> list[Any]:
    events: list[Any] = []
    made: dict[str, Any] = {}
    for message in messages:
        text = said(message)
        if message["role"] == "system":
            events.append(SystemPromptEvent(system_prompt=TextContent(text=text), tools=[]))
        elif message["role"] == "tool":
            action = made[message["tool_call_id"]]
            seen = MCPToolObservation(content=[TextContent(text=text)], tool_name=action.tool_name)
            events.append(
                ObservationEvent(
                    observation=seen,
                    action_id=action.id,
                    tool_name=action.tool_name,
                    tool_call_id=action.tool_call_id,
                )
            )
        elif text in _SUMMARIES:
            events.append(CondensationSummaryEvent(summary=text))
        elif message.get("tool_calls"):
            for one in message["tool_calls"]:
                name, arguments = one["function"]["name"], one["function"]["arguments"]
                made[one["id"]] = ActionEvent(
                    thought=[TextContent(text=text)] if text else [],
                    action=MCPToolAction(data={}),
                    tool_name=name,
                    tool_call_id=one["id"],
                    tool_call=MessageToolCall(id=one["id"], name=name, arguments=arguments, origin="completion"),
                    llm_response_id=f"response_{message['tool_calls'][0]['id']}",
                )
                events.append(made[one["id"]])
                text = ""
        else:
            content = Theirs(role=message["role"], content=[TextContent(text=text)])
            source = "user" if message["role"] == "user" else "agent"
            events.append(MessageEvent(source=source, llm_message=content))
    return events


def _runs(events: Sequence[Any]) -> list[list[Any]]:
    """Return *events* one by one, calls of one answer together: else it would join the summary to what stands beside it."""
    runs: list[list[Any]] = []
    for event in events:
        if runs and isinstance(event, ActionEvent) and isinstance(runs[-1][-1], ActionEvent):
            runs[-1].append(event)
        else:
            runs.append([event])
    return runs


def _messages(theirs: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in theirs:
        text = "\n".join(part.text for part in one.content if isinstance(part, TextContent))
        plain: Message = {"role": one.role, "content": text or None}
        if one.role == "tool":
            plain["tool_call_id"] = one.tool_call_id
        if one.tool_calls:
            plain["tool_calls"] = [call(made.id, made.name, made.arguments) for made in one.tool_calls]
        messages.append(plain)
    return messages


WAYS = {"summarizing-condenser": summarizing_condenser}
