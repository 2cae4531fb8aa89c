"""The tools that the SDKs' own runners are given, and the ways to make those run."""

from __future__ import annotations

import inspect
from typing import Any

import anthropic
import pytest

__all__ = ["FORMS", "message_tools", "responses_functions", "runner"]

FORMS = pytest.mark.parametrize(
    "form", [{}, {"stream": True}, {"stream": True, "run_tools_eagerly": True}], ids=["plain", "stream", "eager"]
)
"""How Anthropic's runner can be made to run: the last runs calls while the answer is still under way."""


def message_tools(ran: list[str], *, asynchronous: bool = False) -> list[Any]:
    """Return ``archive`` and ``delete_mail`` for Anthropic's runner; each notes in *ran* that it ran."""

    def archive(id: str) -> str:  # noqa: A002 - the tool's own word
        """Archive a mail."""
        ran.append(f"archive {id}")
        return "archived"

    def delete_mail(id: str) -> str:  # noqa: A002 - the tool's own word
        """Delete a mail."""
        ran.append(f"delete {id}")
        return "deleted"

    async def aarchive(id: str) -> str:  # noqa: A002 - the tool's own word
        return archive(id)

    async def adelete(id: str) -> str:  # noqa: A002 - the tool's own word
        return delete_mail(id)

    if asynchronous:
        return [
            anthropic.beta_async_tool(aarchive, name="archive", description="Archive a mail."),
            anthropic.beta_async_tool(adelete, name="delete_mail", description="Delete a mail."),
        ]
    return [anthropic.beta_tool(archive), anthropic.beta_tool(delete_mail)]


def runner(client: Any, ran: list[str], form: dict[str, Any], **more: Any) -> Any:
    """Return Anthropic's runner in this form, the conversation being kept in the program."""
    known = inspect.signature(client.beta.messages.tool_runner).parameters
    for option in (*form, *more):
        if option not in known:
            pytest.skip(f"this SDK's runner has no {option}")
    if "thread" in known:
        more["thread"] = False
    tools = message_tools(ran, asynchronous=type(client).__name__.startswith("Async"))
    asked = [{"role": "user", "content": "tidy"}]
    return client.beta.messages.tool_runner(model="c", max_tokens=99, messages=asked, tools=tools, **form, **more)


def responses_functions(tools: list[Any], ran: list[str], *, asynchronous: bool = False) -> list[Any]:
    """Return these tools for the runner of the Responses API; each notes in *ran* that it ran."""
    module = pytest.importorskip("openai.lib.responses_tool_runner", reason="this SDK has no runner for Responses")

    def one(tool: Any) -> Any:
        def run(arguments: dict[str, object]) -> str:
            ran.append(f"{tool['name']} {arguments['id']}")
            return "done"

        async def arun(arguments: dict[str, object]) -> str:
            return run(arguments)

        return module.AsyncRegisteredFunction(tool, arun) if asynchronous else module.RegisteredFunction(tool, run)

    return [one(tool) for tool in tools]
