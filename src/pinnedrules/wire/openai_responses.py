"""The dialect of ``POST .../responses`` and of the bodies that put items into conversations: OpenAI, Azure and others.

https://platform.openai.com/docs/api-reference/responses

The block stands in front of ``instructions``: they are sent with every request, are not carried over by
``previous_response_id``, and no compaction reaches them (``response_create_params.py`` of openai-python 3.54).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.errors import Unreadable
from pinnedrules.types import Outcome, Restore
from pinnedrules.wire import openai_responses_answer, openai_responses_restore
from pinnedrules.wire.base import SLOT, Answer, Key, RequestFacts, Restored, Slot, StreamReader
from pinnedrules.wire.json_text import Object, array, as_object, dumps, items, quote
from pinnedrules.wire.openai_responses_input import Input, item_kind, last_user_text, read_input
from pinnedrules.wire.openai_responses_lines import answers_in, with_lines
from pinnedrules.wire.openai_responses_match import entries, refusals
from pinnedrules.wire.openai_responses_render import ResponsesStream
from pinnedrules.wire.openai_responses_restore import candidates, kept_places, repeatable
from pinnedrules.wire.openai_responses_tools import always_asking, sort_tools
from pinnedrules.wire.placeholder import SEPARATOR
from pinnedrules.wire.request import count_elsewhere, flag, named_text
from pinnedrules.wire.sse import SSE

__all__ = ["OpenAIResponses"]

_SLOT = "/instructions"
_MARKED = ("background", "context_management", "conversation", "previous_response_id")
_MARKED_ITEMS = ("compaction_trigger", "item_reference")
_KEPT = frozenset({"items", "metadata"})
_HARMLESS = frozenset(
    {
        "apply_patch_call_output",
        "computer_call_output",
        "custom_tool_call_output",
        "function_call_output",
        "item_reference",
        "local_shell_call_output",
        "message",
        "reasoning",
        "shell_call_output",
    }
)


class OpenAIResponses:
    """See :class:`pinnedrules.wire.base.Dialect`."""

    name = openai_responses_restore.NAME
    framing = SSE
    slot_is_resent = True
    _always_kept = False
    """Whether the last answer can be continued by its id although the request says that it shall not be stored."""

    def read_request(self, body: bytes) -> RequestFacts:
        """Read the body of ``/responses`` or ``/responses/compact``. Raises Unreadable."""
        read = read_input(body)
        request = read.request
        if request.value("prompt") is not None:
            raise Unreadable(
                "The request uses a prompt template, whose text, instructions and tools are stored at the provider.",
                next_step="put the template's text and tools into the request itself",
            )
        kept_places(read)  # raises when it cannot be read what the request continues
        tools, server_tools = sort_tools(read)
        return RequestFacts(
            messages=read.items,
            tools=tools,
            server_tools=server_tools,
            model=named_text(request, "model"),
            stream=flag(request, "stream"),
            structured=_structured(read),
            choices=1,
            markers=_markers(read),
            last_user_text=last_user_text(read),
            approved=_approved(read),
            definitions=tools.definitions,
            functions=frozenset(tools.functions),
        )

    def place(self, body: bytes, block: str) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put *block* in front of the instructions. Raises Unreadable."""
        read = read_input(body)
        text = named_text(read.request, "instructions")
        if text == block or text.startswith(block + SEPARATOR):
            return body, ()
        value = block + SEPARATOR + text if text else block
        operation = {"op": "add", "path": _SLOT, "value": value}
        return read.request.edit({"instructions": quote(value)}), (operation,)

    def slot(self, body: bytes, marker: str) -> Slot:
        """Read the instructions from the bytes that will leave. Raises Unreadable."""
        text = named_text(read_input(body).request, "instructions")
        return Slot(text, "instructions" if text else "", _SLOT, count_elsewhere(body, marker, text))

    def answers(self, messages: Sequence[bytes]) -> Sequence[int]:
        """Return the index of the last item of each answer. Raises Unreadable."""
        return answers_in(messages)

    def append(
        self, body: bytes, lines: Sequence[tuple[int, str]], block: str
    ) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put lines behind *block* in the instructions, the others behind items of the input. Raises Unreadable."""
        changed, patch = _behind_block(body, [line for index, line in lines if index == SLOT], block)
        changed, more = with_lines(changed, [(index, line) for index, line in lines if index != SLOT])
        return changed, (*patch, *more)

    def tokens(self, body: bytes) -> tuple[str, ...]:
        """Return candidate tokens found anywhere in the bytes, and the places that the request continues."""
        found = candidates(body)
        if b"previous_response_id" in body or b"conversation" in body:
            found += kept_places(read_input(body))
        return found

    def restore(self, body: bytes, known: Mapping[str, Restore]) -> Restored:
        """Turn placeholders and rewritten calls back, or add what the provider lacks. Raises Unreadable."""
        return openai_responses_restore.restore(body, known)

    def force_approval(self, body: bytes, servers: frozenset[str]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Set ``require_approval`` of these MCP servers to ``always``. Raises Unreadable."""
        return always_asking(read_input(body), servers) or (body, ())

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
        """Check the body of ``/conversations`` or ``/conversations/{id}/items``. Raises Unreadable."""
        request = Object(body)
        raw = request.get("items") or b"null"
        if not _KEPT.issuperset(request.names) or not (raw == b"null" or raw.startswith(b"[")):
            raise Unreadable("a body that is not a list of items and metadata")
        for item in items(raw) if raw != b"null" else ():
            kind = item_kind(item)
            if kind not in _HARMLESS:
                raise Unreadable(
                    f"An item of the type {kind!r} would be put into a conversation without asking the model: calls, "
                    "approvals, tools and settings would be taken for what was decided before.",
                    next_step="send it as input of the next responses.create",
                )

    def go_on(self, body: bytes, answer: Answer, results: Sequence[tuple[str, str]]) -> bytes:
        """Return the request that continues after *answer*. Raises Unreadable when it cannot be repeated."""
        if answer.message is None:
            raise Unreadable("an answer that cannot be repeated in a request")
        read = read_input(body)
        added = refusals(answer.message, results)
        changes: dict[str, bytes | None] = dict(_unforced(read.request))
        kept = next((place for place in answer.places if place.startswith("response:")), "")
        if read.request.value("conversation") is not None:
            changes["input"] = array(added)
        elif kept and (self._always_kept or read.request.value("store") is not False):
            changes["previous_response_id"] = quote(kept.removeprefix("response:"))
            changes["input"] = array(added)
        else:
            repeated = [entry.raw for entry in entries(answer.message) if repeatable(entry)]
            changes["input"] = array([*read.items, *repeated, *added])
        return read.request.edit(changes)

    def read_json(self, body: bytes) -> Answer:
        """Read a whole ``response``. Raises Unreadable."""
        return openai_responses_answer.read_json(body)

    def write_json(self, body: bytes, outcomes: Mapping[Key, Outcome], before: Sequence[tuple[Answer, str]]) -> bytes:
        """Return the answer's bytes for the caller."""
        return openai_responses_answer.write_json(body, outcomes, before)

    def read_stream(self, before: Sequence[tuple[Answer, str]] = ()) -> StreamReader:
        """Return a reader for one streamed answer."""
        return ResponsesStream(before)

    def close_stream(self, reader: StreamReader, text: str) -> bytes:
        """Return frames that show *text* and leave the stream open."""
        assert isinstance(reader, ResponsesStream)
        return reader.close(text)


def _behind_block(body: bytes, lines: Sequence[str], block: str) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
    read = read_input(body)
    text = named_text(read.request, "instructions")
    told = SEPARATOR.join([block, *lines])
    if not lines or not text.startswith(block) or text == told or text.startswith(told + SEPARATOR):
        return body, ()
    value = told + text[len(block) :]
    return read.request.edit({"instructions": quote(value)}), ({"op": "replace", "path": _SLOT, "value": value},)


def _markers(read: Input) -> tuple[str, ...]:
    found = [f"request:{key}" for key in _MARKED if read.request.value(key)]
    if read.request.value("truncation") not in (None, "disabled"):
        found.append("request:truncation")
    return (*found, *(f"request:{kind}" for kind in _MARKED_ITEMS if kind in read.kinds))


def _structured(read: Input) -> bool:
    """Say whether the model's text must be JSON; an update of the configuration counts as well."""
    settings = [read.request.value("text")]
    settings += [Object(raw).value("text") for raw, kind in _of_kind(read, "configuration_update")]
    return any(_is_json(setting) for setting in settings)


def _is_json(setting: object) -> bool:
    form = setting.get("format") if isinstance(setting, dict) else setting
    if not isinstance(form, dict | None):
        raise Unreadable("a text format that is not an object")
    return form is not None and form.get("type") != "text"


def _approved(read: Input) -> tuple[str, ...]:
    found = []
    for raw, _ in _of_kind(read, "mcp_approval_response"):
        answer = as_object(raw)
        identifier, approve = answer.get("approval_request_id"), answer.get("approve")
        if not isinstance(identifier, str) or not isinstance(approve, bool):
            raise Unreadable("an approval that says neither yes nor no to a call")
        if approve:
            found.append(identifier)
    return tuple(found)


def _of_kind(read: Input, wanted: str) -> list[tuple[bytes, str]]:
    return [(raw, kind) for raw, kind in zip(read.items, read.kinds, strict=True) if kind == wanted]


def _unforced(request: Object) -> dict[str, bytes]:
    """Return the change by which the model may answer in words: forced to call, it would repeat the refused call."""
    choice = request.value("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        return {"tool_choice": dumps({**choice, "mode": "auto"})}
    return {} if choice in (None, "auto", "none") else {"tool_choice": b'"auto"'}
