"""The dialect of ``POST .../chat/completions``: OpenAI, Azure deployments and compatible servers.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.errors import Unreadable
from pinnedrules.types import Outcome, Restore
from pinnedrules.wire import openai_chat_answer, openai_chat_restore
from pinnedrules.wire.base import Answer, Key, RequestFacts, Restored, ServerTool, Slot, StreamReader
from pinnedrules.wire.json_text import Object, array, dumps, items, quote
from pinnedrules.wire.openai_chat_answer import text_of
from pinnedrules.wire.openai_chat_render import ChatStream
from pinnedrules.wire.openai_chat_restore import result_messages
from pinnedrules.wire.openrouter import plugin_tools
from pinnedrules.wire.placeholder import SEPARATOR, tokens
from pinnedrules.wire.request import (
    Mine,
    append_lines,
    by_model,
    count_elsewhere,
    declared,
    flag,
    named_text,
    read_messages,
    refuse_lookalikes,
    run_by_members,
)
from pinnedrules.wire.sse import SSE

__all__ = ["OpenAIChat"]

_SYSTEM = ("system", "developer")
_COMPACTING = ("compaction", "context_management", "transforms", "truncation")
_CHOICES_LIMIT = 128


class OpenAIChat:
    """See :class:`pinnedrules.wire.base.Dialect`."""

    name = openai_chat_restore.NAME
    framing = SSE
    slot_is_resent = False

    def read_request(self, body: bytes) -> RequestFacts:
        """Read a request body. Raises Unreadable."""
        request, messages = read_messages(body)
        tools, server_tools = _tools(request)
        model = named_text(request, "model")
        if "-search-" in model or model.endswith("-search"):
            server_tools.append(ServerTool("web_search", "web_search"))
        return RequestFacts(
            messages=messages,
            tools=tools,
            server_tools=(*server_tools, *plugin_tools(request)),
            model=model,
            stream=flag(request, "stream"),
            structured=_structured(request.value("response_format")),
            choices=_choices(request.value("n")),
            markers=tuple(f"request:{key}" for key in _COMPACTING if request.value(key)),
            last_user_text=_last_user_text(messages),
            definitions=tools.definitions,
            functions=frozenset(tools.functions),
        )

    def place(self, body: bytes, block: str) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put *block* into the first system message, or into a new first message. Raises Unreadable."""
        request, messages = read_messages(body)
        first = Object(messages[0]) if messages else None
        if first is None or first.value("role") not in _SYSTEM:
            value: object = {"role": "system", "content": block}
            operation = {"op": "add", "path": "/messages/0", "value": value}
            return request.edit({"messages": array([dumps(value), *messages])}), (operation,)
        content = first.get("content") or b"null"
        if content.startswith(b"["):
            parts = items(content)
            if parts and _part_text(parts[0]) == block:
                return body, ()
            value = {"type": "text", "text": block}
            operation = {"op": "add", "path": "/messages/0/content/0", "value": value}
            changed = array([dumps(value), *parts])
        else:
            text = _content_text(first)
            if text == block or text.startswith(block + SEPARATOR):
                return body, ()
            value = block + SEPARATOR + text if text else block
            operation = {"op": "add", "path": "/messages/0/content", "value": value}
            changed = quote(value)
        return request.edit({"messages": array([first.edit({"content": changed}), *messages[1:]])}), (operation,)

    def slot(self, body: bytes, marker: str) -> Slot:
        """Read the slot from the bytes that will leave. Raises Unreadable."""
        _, messages = read_messages(body)
        first = Object(messages[0]) if messages else None
        role = first.value("role") if first is not None else ""
        if first is None or role not in _SYSTEM:
            return Slot("", str(role), "/messages/0", count_elsewhere(body, marker, ""))
        refuse_lookalikes(first.names)
        path, text = "/messages/0/content", ""
        content = first.get("content") or b"null"
        if content.startswith(b"["):
            path += "/0"
            text = _part_text(next(iter(items(content)), b"{}"))
        else:
            text = _content_text(first)
        return Slot(text, str(role), path, count_elsewhere(body, marker, text))

    def answers(self, messages: Sequence[bytes]) -> Sequence[int]:
        """Return the indexes of the model's messages. Raises Unreadable."""
        return by_model(messages)

    def append(
        self, body: bytes, lines: Sequence[tuple[int, str]], block: str
    ) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put each line behind the text of a user's message, else into a message of its own behind it. Raises Unreadable."""
        return append_lines(body, lines, _text_part)

    def tokens(self, body: bytes) -> tuple[str, ...]:
        """Return candidate tokens found anywhere in the bytes."""
        return tokens(body)

    def restore(self, body: bytes, known: Mapping[str, Restore]) -> Restored:
        """Turn placeholders and rewritten calls back. Raises Unreadable."""
        return openai_chat_restore.restore(body, known)

    def force_approval(self, body: bytes, servers: frozenset[str]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Return the same bytes: this API cannot be told to ask."""
        return body, ()

    def kept(self, body: bytes) -> str:
        """Return nothing: every request repeats what it needs."""
        return ""

    def completed(self, body: bytes, kept: str) -> bytes:
        """Return the same bytes."""
        return body

    def lost(self) -> bytes:
        """Raise Unreadable: no client of this API would send anything anew."""
        raise Unreadable("a conversation that the provider does not know")

    def read_items(self, body: bytes) -> None:
        """Raise Unreadable: this API keeps no items."""
        raise Unreadable("items for an API that keeps none")

    def go_on(self, body: bytes, answer: Answer, results: Sequence[tuple[str, str]]) -> bytes:
        """Return the request that continues after *answer*. Raises Unreadable when it cannot be repeated."""
        if answer.message is None:
            raise Unreadable("an answer that cannot be repeated in a request")
        request, messages = read_messages(body)
        added = [answer.message, *result_messages(answer.message, results)]
        return request.edit({"messages": array([*messages, *added]), **_unforced(request)})

    def read_json(self, body: bytes) -> Answer:
        """Read a whole ``chat.completion``. Raises Unreadable."""
        return openai_chat_answer.read_json(body)

    def write_json(self, body: bytes, outcomes: Mapping[Key, Outcome], before: Sequence[tuple[Answer, str]]) -> bytes:
        """Return the answer's bytes for the caller."""
        return openai_chat_answer.write_json(body, outcomes, before)

    def read_stream(self, before: Sequence[tuple[Answer, str]] = ()) -> StreamReader:
        """Return a reader for one streamed answer."""
        return ChatStream(before)

    def close_stream(self, reader: StreamReader, text: str) -> bytes:
        """Return a frame that shows *text* and leaves the stream open."""
        assert isinstance(reader, ChatStream)
        return reader.close(text)


def _text_part(text: str) -> bytes:
    return dumps({"type": "text", "text": text})


def _tools(request: Object) -> tuple[Mine, list[ServerTool]]:
    """Return the tools that the caller runs, and those that the provider runs."""
    mine = Mine()
    theirs = run_by_members(request)
    for tool in _list(request, "tools"):
        kind = tool.get("type", "function")
        body = tool.get(kind) if kind in ("function", "custom") else None
        if isinstance(body, dict) and isinstance(body.get("name"), str):
            # A custom tool takes one free text; its grammar declares no argument names.
            plain = kind == "function"
            mine.define(body["name"], body, declared(body.get("parameters")) if plain else None, plain=plain)
        else:
            theirs.append(ServerTool(str(tool.get("name") or tool.get("server_label") or kind), str(kind)))
    for function in _list(request, "functions"):
        if not isinstance(function.get("name"), str):
            raise Unreadable("a function without a name")
        mine.define(str(function["name"]), function, declared(function.get("parameters")))
    return mine, theirs


def _unforced(request: Object) -> dict[str, bytes]:
    """Return the changes by which the model may answer in words: forced to call, it would repeat the refused call.

    ``tool_choice`` and the legacy ``function_call`` become ``auto``; ``none`` stays, and so do the tools that
    ``allowed_tools`` names.
    """
    changes: dict[str, bytes] = {}
    for key in ("tool_choice", "function_call"):
        choice = request.value(key)
        allowed = choice.get("allowed_tools") if isinstance(choice, dict) else None
        if isinstance(choice, dict) and isinstance(allowed, dict):
            changes[key] = dumps({**choice, "allowed_tools": {**allowed, "mode": "auto"}})
        elif choice not in (None, "auto", "none"):
            changes[key] = b'"auto"'
    return changes


def _list(request: Object, key: str) -> list[dict[str, object]]:
    value = request.value(key)
    if not isinstance(value, list | None) or not all(isinstance(one, dict) for one in value or ()):
        raise Unreadable(f"a request whose {key!r} is not a list of objects")
    return value or []


def _structured(form: object) -> bool:
    if not isinstance(form, dict | None):
        raise Unreadable("a response format that is not an object")
    return form is not None and form.get("type") != "text"


def _choices(wanted: object) -> int:
    if wanted is None:
        return 1
    if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= _CHOICES_LIMIT:
        raise Unreadable(f"a number of choices that is not between 1 and {_CHOICES_LIMIT}")
    return wanted


def _last_user_text(messages: Sequence[bytes]) -> str:
    """Return the text of the user messages that follow the last answer; older ones were seen before."""
    texts: list[str] = []
    for raw in reversed(messages):
        message = Object(raw)
        role = message.value("role")
        if role == "assistant":
            break
        if role == "user":
            texts.insert(0, text_of(message.value("content")))
    return "\n".join(texts)


def _content_text(message: Object) -> str:
    content = message.value("content")
    if not isinstance(content, str | None):
        raise Unreadable("a system message whose content is neither text nor a list")
    return content or ""


def _part_text(part: bytes) -> str:
    value = Object(part)
    refuse_lookalikes(value.names)
    text = value.value("text")
    return text if value.value("type") == "text" and isinstance(text, str) else ""
