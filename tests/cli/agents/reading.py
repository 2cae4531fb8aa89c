"""An ordinary agent as people write it: ten tools, all of which only look. Chat Completions."""

from __future__ import annotations

import json
from typing import Any

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Get the current weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "list_files",
            "description": "List the files in a folder.",
            "parameters": {"type": "object", "properties": {"folder": {"type": "string"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "read_file",
            "description": "Return the content of a text file, cut after 20,000 characters.",
            "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "search_docs",
            "description": "Full-text search in the documentation.",
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "read_calendar",
            "description": "Return the appointments of a day.",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "get_order_status",
            "description": "Look up the status of an order.",
            "parameters": {"type": "object", "properties": {"order_id": {"type": "string"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "find_customer",
            "description": "Find a customer by name or e-mail address.",
            "parameters": {"type": "object", "properties": {"name": {"type": "string"}, "email": {"type": "string"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "list_tickets",
            "description": "List support tickets, newest first.",
            "parameters": {
                "type": "object",
                "properties": {"state": {"type": "string"}, "sort_by": {"type": "string"}},
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "lookupExchangeRate",
            "description": "Exchange rate between two currencies.",
            "parameters": {"type": "object", "properties": {"from": {"type": "string"}, "to": {"type": "string"}}},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "count_unread_mail",
            "description": "Count the messages that are unread.",
            "parameters": {"type": "object", "properties": {}},
        },
    },
]


def run_agent(client: Any, *, stream: bool) -> list[tuple[str, dict[str, Any]]]:
    """Go on until the model wants nothing more; return what was run."""
    ran: list[tuple[str, dict[str, Any]]] = []
    messages: list[Any] = [{"role": "user", "content": "Prepare my day."}]
    while True:
        if stream:
            with client.chat.completions.stream(model="m", messages=messages, tools=TOOLS) as events:
                answer = events.get_final_completion().choices[0].message
        else:
            answer = client.chat.completions.create(model="m", messages=messages, tools=TOOLS).choices[0].message
        calls = answer.tool_calls or ()
        messages.append(
            {
                "role": "assistant",
                "content": answer.content,
                "tool_calls": [call.model_dump(exclude={"index"}) for call in calls],
            }
            if calls
            else {"role": "assistant", "content": answer.content}
        )
        if not calls:
            return ran
        for call in calls:
            ran.append((call.function.name, json.loads(call.function.arguments)))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "all quiet"})
