"""LangChain's messages, tools and calls in the words of the guard: bodies of Chat Completions, and calls.

What the guard reads of a model call is made here from LangChain's own types, whatever the provider. Nothing is sent anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from pinnedrules import Call, Definition

__all__ = ["call_of", "chat_request", "noted", "refusal", "turn_of", "with_system"]

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "tool"}
# Tools that Anthropic defines and the caller runs; all its other typed tools run at the provider.
_CALLER_RUNS = ("custom", "bash_", "text_editor_", "computer_", "memory_")
_MEMBERS = ("web_search_options", "plugins", "functions", "tool_choice", "response_format")
_OURS = "pinnedrules:call:"
"""How the ids begin that a wrapped client gives to calls that a rule changed; the guard knows those calls under others."""


def chat_request(model: str, messages: Sequence[BaseMessage], settings: Mapping[str, Any], *, stream: bool) -> Any:
    """Return the body of Chat Completions that says what *messages* and *settings* (those of the call) say."""
    body: dict[str, Any] = {"model": model, "stream": stream, "messages": [_message(one) for one in messages]}
    tools = [made for one in settings.get("tools") or () for made in _tools(one)]
    if tools:
        body["tools"] = tools
    return body | {key: settings[key] for key in _MEMBERS if _plain(settings.get(key))}


def turn_of(messages: Sequence[BaseMessage]) -> str:
    """Return the text of the user's newest turn; empty when the last message is another's, or a summary of LangChain's."""
    last = messages[-1] if messages else None
    if not isinstance(last, HumanMessage) or last.additional_kwargs.get("lc_source"):
        return ""
    return last.text


def with_system(messages: Sequence[BaseMessage], text: str) -> list[BaseMessage]:
    """Return *messages* with *text* as the text of the first system message; what follows it there stays as it is."""
    first = messages[0] if messages else None
    if not isinstance(first, SystemMessage):
        return [SystemMessage(content=text), *messages]
    former = first.text
    if isinstance(first.content, str) or not text.endswith(former):
        return [first.model_copy(update={"content": text}), *messages[1:]]
    # Parts (with a provider's cache marks, for example) are kept; ours goes before them as one of its own.
    added = text.removesuffix(former) if former else text
    content = [{"type": "text", "text": added}, *first.content] if added else first.content
    return [first.model_copy(update={"content": content}), *messages[1:]]


def call_of(call: ToolCall, tool: BaseTool | None, answer: str) -> Call:
    """Return the guard's view of a call. Raises TypeError, ValueError for arguments that are no JSON."""
    name = call.get("id") or ""
    function = _function(tool)
    parameters = function.get("parameters") if function else None
    declared = None
    if isinstance(parameters, dict) and parameters.get("additionalProperties") in (None, False):
        declared = frozenset(map(str, parameters.get("properties") or ()))
    return Call(
        call["name"],
        json.dumps(call["args"], allow_nan=False),
        id="" if name.startswith(_OURS) else name,
        declared=declared,
        definition=None if function is None else _definition(function, tool),
        answer=answer,
    )


def refusal(call: ToolCall, text: str) -> ToolMessage:
    """Return the result of a call that did not run."""
    return ToolMessage(content=text, name=call["name"], tool_call_id=call["id"] or "", status="error")


def noted(result: Any, arguments: str) -> Any:
    """Return the result of a call that a rule changed, with a note of the arguments that were used."""
    note = f"[pinnedrules ran this call with changed arguments: {arguments}]\n"
    if not isinstance(result, ToolMessage):
        return result
    content: Any = result.content
    content = note + content if isinstance(content, str) else [{"type": "text", "text": note}, *content]
    return result.model_copy(update={"content": content})


def _message(message: BaseMessage) -> dict[str, Any]:
    role = getattr(message, "role", None) or _ROLES.get(message.type, message.type)
    if isinstance(message, SystemMessage):
        return {"role": "system", "content": message.text}
    said: dict[str, Any] = {"role": role, "content": _content(message.content)}
    if isinstance(message, ToolMessage):
        said["tool_call_id"] = message.tool_call_id
    if isinstance(message, AIMessage):
        calls = [*message.tool_calls, *message.invalid_tool_calls]
        if calls:
            said["tool_calls"] = [_proposed(one) for one in calls]
    return said


def _content(content: Any) -> Any:
    if isinstance(content, str):
        return content
    return [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]


def _proposed(call: Any) -> dict[str, Any]:
    arguments = call["args"] if isinstance(call["args"], str) else json.dumps(call["args"], default=str)
    return {"id": call["id"] or "", "type": "function", "function": {"name": call["name"], "arguments": arguments}}


def _tools(tool: Any) -> list[dict[str, Any]]:
    """Return a bound tool in the form of Chat Completions; what is no function of the caller's keeps its type."""
    if not isinstance(tool, dict):
        declarations = getattr(tool, "function_declarations", None)
        return (
            [{"type": type(tool).__name__}]
            if declarations is None
            else [_named(_named_of(one)) for one in declarations]
        )
    if isinstance(tool.get("function_declarations"), list):
        return [_named(_named_of(one)) for one in tool["function_declarations"]]
    if isinstance(tool.get("function"), dict):
        return [tool]
    kind = tool.get("type")
    if kind in (None, "function") and isinstance(tool.get("name"), str):
        schema = tool.get("parameters", tool.get("input_schema"))
        return [_named(str(tool["name"]), str(tool.get("description") or ""), schema)]
    if isinstance(kind, str) and kind.startswith(_CALLER_RUNS):
        return [_named(str(tool.get("name") or kind), str(tool.get("description") or ""), tool.get("input_schema"))]
    return [tool]


def _named(name: str, description: str = "", schema: object = None) -> dict[str, Any]:
    function: dict[str, Any] = {"name": name, "description": description}
    return {"type": "function", "function": function | ({} if schema is None else {"parameters": schema})}


def _named_of(declaration: Any) -> str:
    return str(declaration["name"] if isinstance(declaration, dict) else declaration.name)


def _function(tool: BaseTool | None) -> dict[str, Any] | None:
    if tool is None:
        return None
    found: dict[str, Any] = convert_to_openai_tool(tool)["function"]
    return found


def _definition(function: Mapping[str, Any], tool: BaseTool | None) -> Definition:
    """Return what is said of the tool, and the annotations of one that came from an MCP server."""
    metadata = (tool.metadata if tool is not None else None) or {}
    hints = {key: value for key, value in metadata.items() if key.endswith("Hint")}
    return Definition(str(function.get("description") or ""), function.get("parameters"), hints)


def _plain(value: object) -> bool:
    try:
        return value is not None and bool(json.dumps(value))
    except (TypeError, ValueError):
        return False
