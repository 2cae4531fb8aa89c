"""An agent that looks and acts: some definitions written out, some functions under a decorator. Messages."""

from __future__ import annotations

from typing import Any

from anthropic import beta_tool

TOOLS: list[Any] = [
    {
        "name": "list_mail",
        "description": "List the mails in a folder.",
        "input_schema": {"type": "object", "properties": {"folder": {"type": "string"}}},
    },
    {
        "name": "delete_mail",
        "description": "Delete a mail for good.",
        "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}},
    },
    {
        "name": "send_mail",
        "description": "Send a mail.",
        "input_schema": {"type": "object", "properties": {"to": {"type": "string"}, "body": {"type": "string"}}},
    },
    {
        "name": "get_or_create_label",
        "description": "Get a label, making it where there is none.",
        "input_schema": {"type": "object", "properties": {"label": {"type": "string"}}},
    },
]


@beta_tool
def pay_invoice(invoice: str, amount: str) -> str:
    """Pay an invoice from the company's account.

    Args:
        invoice: its number
        amount: how much
    """
    return f"paid {amount} for {invoice}"


@beta_tool
def summary(text: str) -> str:
    """Get a summary of a text.

    Args:
        text: the text
    """
    return text[:10]


def run_agent(client: Any) -> list[str]:
    """Go on until the model wants nothing more; return the names of the tools that were run."""
    ran: list[str] = []
    messages: list[Any] = [{"role": "user", "content": "Clear my inbox."}]
    tools = [*TOOLS, pay_invoice.to_dict(), summary.to_dict()]
    while True:
        answer = client.messages.create(model="m", max_tokens=100, messages=messages, tools=tools)
        messages.append({"role": "assistant", "content": answer.content})
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            return ran
        ran += [call.name for call in calls]
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "done"} for call in calls]
        messages.append({"role": "user", "content": results})
