"""The dialect of ``POST .../messages``: Anthropic, Vertex AI's rawPredict, and compatible servers.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.errors import Unreadable
from pinnedrules.types import Outcome, Restore
from pinnedrules.wire import anthropic_answer, anthropic_restore, anthropic_threads
from pinnedrules.wire.anthropic_blocks import text_block, visible_text
from pinnedrules.wire.anthropic_render import MessagesStream
from pinnedrules.wire.anthropic_restore import result_block, user_message
from pinnedrules.wire.anthropic_tools import sort_tools, tool_definitions
from pinnedrules.wire.base import Answer, Key, RequestFacts, Restored, ServerTool, Slot, StreamReader
from pinnedrules.wire.json_text import Object, array, dumps, escapes_ascii, items, loads, quote
from pinnedrules.wire.openrouter import plugin_tools
from pinnedrules.wire.placeholder import SEPARATOR, tokens
from pinnedrules.wire.request import (
    Mine,
    append_lines,
    by_model,
    count_elsewhere,
    flag,
    named_text,
    read_messages,
    refuse_lookalikes,
)
from pinnedrules.wire.sse import SSE, Framing

__all__ = ["AnthropicMessages"]


class AnthropicMessages:
    """See :class:`pinnedrules.wire.base.Dialect`."""

    name = anthropic_restore.NAME
    framing: Framing = SSE
    slot_is_resent = False

    def read_request(self, body: bytes) -> RequestFacts:
        """Read a request body. Raises Unreadable."""
        request, messages = read_messages(body)
        tools, server_tools = _tools(body, request, messages)
        return RequestFacts(
            messages=messages,
            tools=tools,
            server_tools=(*server_tools, *plugin_tools(request)),
            model=named_text(request, "model"),
            stream=flag(request, "stream"),
            structured=_structured(request),
            choices=1,
            markers=_markers(request),
            last_user_text=_last_user_text(messages),
            keeps=anthropic_threads.in_thread(request),
            continues=anthropic_threads.place_of(request),
            definitions=tools.definitions,
            functions=frozenset(tools.functions),
        )

    def place(self, body: bytes, block: str) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put *block* first into the top-level ``system``; a request that continues a thread is left as it is.

        Raises Unreadable.
        """
        request, _ = read_messages(body)
        if anthropic_threads.place_of(request):
            return body, ()
        system = request.get("system") or b"null"
        if system.startswith(b"["):
            blocks = items(system)
            if blocks and _block_text(blocks[0]) == block:
                return body, ()
            value: object = {"type": "text", "text": block}
            operation = {"op": "add", "path": "/system/0", "value": value}
            return request.edit({"system": array([text_block(block), *blocks])}), (operation,)
        text = loads(system)
        if text is None:
            value = [{"type": "text", "text": block}]
            operation = {"op": "add", "path": "/system", "value": value}
            return request.edit({"system": array([text_block(block)])}), (operation,)
        if not isinstance(text, str):
            raise Unreadable("a system that is neither text nor a list")
        if text == block or text.startswith(block + SEPARATOR):
            return body, ()
        text = block + SEPARATOR + text if text else block
        return request.edit({"system": quote(text)}), ({"op": "add", "path": "/system", "value": text},)

    def slot(self, body: bytes, marker: str) -> Slot:
        """Read the slot from the bytes that will leave. Raises Unreadable."""
        request, _ = read_messages(body)
        system = request.get("system") or b"null"
        path, text = "/system", ""
        if system.startswith(b"["):
            path += "/0"
            text = _block_text(next(iter(items(system)), b"{}"))
        else:
            value = loads(system)
            if not isinstance(value, str | None):
                raise Unreadable("a system that is neither text nor a list")
            text = value or ""
        return Slot(text, "system", path, count_elsewhere(body, marker, text))

    def answers(self, messages: Sequence[bytes]) -> Sequence[int]:
        """Return the indexes of the model's messages. Raises Unreadable."""
        return by_model(messages)

    def append(
        self, body: bytes, lines: Sequence[tuple[int, str]], block: str
    ) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put each line behind what a user's message holds, results of tools included. Raises Unreadable."""
        return append_lines(body, lines, text_block)

    def tokens(self, body: bytes) -> tuple[str, ...]:
        """Return candidate tokens found anywhere in the bytes, and the place that a request in a thread continues."""
        if b'"thread"' not in body and not escapes_ascii(body):
            return tokens(body)
        place = anthropic_threads.place_of(read_messages(body)[0])
        return (*tokens(body), place) if place else tokens(body)

    def restore(self, body: bytes, known: Mapping[str, Restore]) -> Restored:
        """Turn placeholders and rewritten calls back. Raises Unreadable."""
        restored = anthropic_restore.restore(body, known)
        request, messages = read_messages(restored.body)
        row = known.get(anthropic_threads.place_of(request))
        if row is None:
            return restored
        changes, patch, used = anthropic_threads.settled(request, messages, row)
        return Restored(
            request.edit(changes) if changes else restored.body,
            (*restored.used, *used),
            tuple(token for token in restored.inert if token not in used),
            (*restored.patch, *patch),
        )

    def force_approval(self, body: bytes, servers: frozenset[str]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Return the same bytes: this API cannot be told to ask."""
        return body, ()

    def kept(self, body: bytes) -> str:
        """Return the tools of a request in a thread: those that continue it may not repeat them."""
        request, _ = read_messages(body)
        return anthropic_threads.kept(request) if anthropic_threads.in_thread(request) else ""

    def completed(self, body: bytes, kept: str) -> bytes:
        """Return the request with the tools of its thread."""
        request, _ = read_messages(body)
        return anthropic_threads.completed(request, kept)

    def lost(self) -> bytes:
        """Return the error by which the SDK replays the whole conversation as a new thread."""
        return anthropic_threads.LOST

    def read_items(self, body: bytes) -> None:
        """Raise Unreadable: this API keeps no items."""
        raise Unreadable("items for an API that keeps none")

    def go_on(self, body: bytes, answer: Answer, results: Sequence[tuple[str, str]]) -> bytes:
        """Return the request that continues after *answer*. Raises Unreadable when it cannot be repeated."""
        if answer.message is None:
            raise Unreadable("an answer that cannot be repeated in a request")
        request, messages = read_messages(body)
        if anthropic_threads.in_thread(request):
            changes = anthropic_threads.continuing(request, answer, results)
            return request.edit({**changes, **_unforced(request)})
        told = user_message([result_block(*result) for result in results])
        return request.edit({"messages": array([*messages, answer.message, told]), **_unforced(request)})

    def read_json(self, body: bytes) -> Answer:
        """Read a whole ``message``. Raises Unreadable."""
        return anthropic_answer.read_json(body)

    def write_json(self, body: bytes, outcomes: Mapping[Key, Outcome], before: Sequence[tuple[Answer, str]]) -> bytes:
        """Return the answer's bytes for the caller."""
        return anthropic_answer.write_json(body, outcomes, before)

    def read_stream(self, before: Sequence[tuple[Answer, str]] = ()) -> StreamReader:
        """Return a reader for one streamed answer."""
        return MessagesStream(before, self.framing)

    def close_stream(self, reader: StreamReader, text: str) -> bytes:
        """Return frames that show *text* as a block of its own and leave the stream open."""
        assert isinstance(reader, MessagesStream)
        return reader.close(text)


def _unforced(request: Object) -> dict[str, bytes]:
    """Return the change by which the model may answer in words: forced to call, it would repeat the refused call."""
    choice = request.value("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") in ("auto", "none"):
        return {}
    kept = {key: value for key, value in choice.items() if key not in ("type", "name")}
    return {"tool_choice": dumps({"type": "auto", **kept})}


def _tools(body: bytes, request: Object, messages: Sequence[bytes]) -> tuple[Mine, list[ServerTool]]:
    """Return the tools that the caller runs, and those that the provider runs."""
    mine, theirs = sort_tools(request.value("tools"))
    if b"tool_definition" in body or escapes_ascii(body):
        for message in messages:
            more, others = sort_tools(list(tool_definitions(loads(message))))
            mine.join(more)
            theirs += others
    servers = request.value("mcp_servers")
    for server in servers if isinstance(servers, list) else ():
        name = server.get("name") if isinstance(server, dict) else None
        theirs.append(ServerTool(str(name or "mcp_servers"), "mcp_servers"))
    container = request.value("container")
    if isinstance(container, dict) and container.get("skills"):
        theirs.append(ServerTool("skills", "container_skills"))
    return mine, theirs


def _structured(request: Object) -> bool:
    """Say whether the model's text must be JSON, be it only that of a model that stands in (``fallbacks``)."""
    fallbacks = request.value("fallbacks")
    others = fallbacks if isinstance(fallbacks, list) else []
    configs = [request.value("output_config")]
    configs += [entry.get("output_config") for entry in others if isinstance(entry, dict)]
    if not all(isinstance(config, dict | None) for config in configs):
        raise Unreadable("an output_config that is not an object")
    formats = [config.get("format") for config in configs if isinstance(config, dict)]
    return request.value("output_format") is not None or any(each is not None for each in formats)


def _markers(request: Object) -> tuple[str, ...]:
    """Name the provider-side compaction that a request asks for."""
    markers = ["request:compaction"] if request.value("compaction") else []
    management = request.value("context_management")
    edits = management.get("edits") if isinstance(management, dict) else None
    for edit in edits if isinstance(edits, list) else ():
        markers.append(f"request:{edit.get('type') if isinstance(edit, dict) else edit}")
    return tuple(markers)


def _last_user_text(messages: Sequence[bytes]) -> str:
    """Return the text of the user messages that follow the last answer; older ones were seen before."""
    texts: list[str] = []
    for raw in reversed(messages):
        message = Object(raw)
        role = message.value("role")
        if role == "assistant":
            break
        if role == "user":
            content = message.value("content")
            texts.insert(0, content if isinstance(content, str) else visible_text(_list(content)))
    return "\n".join(text for text in texts if text)


def _list(content: object) -> list[object]:
    if not isinstance(content, list | None):
        raise Unreadable("a message whose content is neither text nor a list")
    return content or []


def _block_text(block: bytes) -> str:
    value = Object(block)
    refuse_lookalikes(value.names)
    text = value.value("text")
    return text if value.value("type") == "text" and isinstance(text, str) else ""
