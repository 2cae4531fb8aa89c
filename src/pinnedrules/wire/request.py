"""What reading and editing a request body has in common in all dialects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pinnedrules.errors import Unreadable
from pinnedrules.types import Definition
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.json_text import LARGE, Object, array, dumps, escapes_ascii, items, loads, quote
from pinnedrules.wire.placeholder import SEPARATOR

__all__ = [
    "Edits",
    "Mine",
    "append_lines",
    "count_elsewhere",
    "declared",
    "definition",
    "flag",
    "named_text",
    "read_messages",
    "refuse_lookalikes",
    "run_by_members",
    "strings",
]

_PLAIN_MARKER = re.compile(r"[ !#-.0-\[\]-~]*\Z")  # characters that JSON never has to escape, without the slash
_OPEN = frozenset({"patternProperties", "propertyNames"})
_PARTS = ("allOf", "anyOf", "oneOf")
_SCHEMAS = ("parameters", "input_schema", "inputSchema", "format")
# Members of a request by which OpenAI, xAI, Azure, DashScope and Groq are told to run something themselves.
_SERVER_RUN = {
    "web_search_options": "web_search",
    "search_parameters": "web_search",
    "enable_search": "web_search",
    "data_sources": "file_search",
    "mcp_servers": "mcp",
}
_KEYS = frozenset({
    *_SERVER_RUN, "approval_request_id", "approve", "background", "content", "conversation", "execution", "function_call",
    "functions", "input", "instructions", "messages", "model", "models", "multi_agent", "plugins", "previous_response_id",
    "prompt", "require_approval", "role", "server_label", "store", "stream", "system", "text", "thread", "tool_choice",
    "tools", "type",
})  # fmt: skip

_last: tuple[bytes, Object, tuple[bytes, ...]] | None = None


def read_messages(body: bytes) -> tuple[Object, tuple[bytes, ...]]:
    """Return the request and the raw messages in it. Raises Unreadable.

    The same bytes object is read several times on its way (facts, place, slot), so the last reading is kept; both parts
    are never changed. One name is bound at once, so that threads see a whole reading or none.
    """
    global _last
    last = _last
    if last is not None and last[0] is body:
        return last[1], last[2]
    request = Object(body)
    messages = _messages(request)
    if len(body) <= LARGE:
        _last = (body, request, messages)
    return request, messages


def _messages(request: Object) -> tuple[bytes, ...]:
    refuse_lookalikes(request.names)
    messages = request.elements("messages")
    if messages is None:
        raise Unreadable("a request without messages")
    if [message for message in messages if not message.startswith(b"{")]:
        raise Unreadable("a message that is not an object")
    return tuple(messages)


def refuse_lookalikes(names: Iterable[str]) -> None:
    """Raise Unreadable for a key that some servers take for one that is read here.

    Go's ``encoding/json`` ignores the case of keys, folds a few letters that are not ASCII, and of two equal ones takes
    the last: ``Instructions`` would stand in the place of the verified ``instructions``.
    """
    for name in names:
        folded = name.casefold()
        if folded != name and folded in _KEYS:
            raise Unreadable(
                f"The request has a key {name[:40]!r}, which can be read as {folded!r}.", next_step="leave it out"
            )


def run_by_members(request: Object) -> list[ServerTool]:
    """Return the tools that the provider runs because of a member of the request that is not in ``tools``."""
    return [ServerTool(key, kind) for key, kind in _SERVER_RUN.items() if request.value(key) not in (None, False)]


def flag(request: Object, key: str) -> bool:
    """Return a member that must be true, false, null or missing. Raises Unreadable."""
    value = request.value(key)
    if not isinstance(value, bool | None):
        raise Unreadable(f"a request whose {key!r} is not true or false")
    return bool(value)


def named_text(request: Object, key: str) -> str:
    """Return a member that must be a string or missing. Raises Unreadable."""
    value = request.value(key)
    if not isinstance(value, str | None):
        raise Unreadable(f"a request whose {key!r} is not text")
    return value or ""


def declared(schema: object, depth: int = 4) -> frozenset[str] | None:
    """Return the argument names that a JSON Schema declares; None when it accepts names that it does not list.

    A schema that says nothing about other names (``additionalProperties`` missing) counts as closed: an argument that
    nobody declared is one to ask about. Parts (``allOf``, ``anyOf``, ``oneOf``) add their names; a reference is open.
    """
    if schema is None:
        return frozenset()
    if not isinstance(schema, Mapping) or depth == 0 or "$ref" in schema:
        return None
    if not _OPEN.isdisjoint(schema) or schema.get("additionalProperties", False) is not False:
        return None
    properties = schema.get("properties")
    names = frozenset(properties) if isinstance(properties, Mapping) else frozenset()
    for key in _PARTS:
        if key not in schema:
            continue
        parts = schema[key]
        for part in parts if isinstance(parts, list) else [parts]:
            more = declared(part, depth - 1)
            if more is None:
                return None
            names |= more
    return names


class Mine(dict[str, "frozenset[str] | None"]):
    """The tools that the caller runs with their declared argument names; ``definitions`` is what is said of each.

    ``functions`` are those that are called plainly, by their name and with JSON arguments.
    """

    def __init__(self) -> None:
        super().__init__()
        self.definitions: dict[str, Definition] = {}
        self.functions: set[str] = set()

    def define(
        self, name: str, entry: Mapping[str, object], names: frozenset[str] | None, *, plain: bool = False
    ) -> None:
        """Take in one tool; of two with one name the last counts."""
        self[name] = names
        self.definitions[name] = definition(entry)
        (self.functions.add if plain else self.functions.discard)(name)

    def join(self, others: Mine) -> None:
        """Take in the tools of another part of the request."""
        self.update(others)
        self.definitions.update(others.definitions)
        self.functions.difference_update(others)
        self.functions.update(others.functions)


def definition(entry: Mapping[str, object]) -> Definition:
    """Return what one entry says of its tool, whatever the API calls it."""
    said, annotations = entry.get("description"), entry.get("annotations")
    return Definition(
        said if isinstance(said, str) else "",
        next((entry[key] for key in _SCHEMAS if entry.get(key) is not None), None),
        annotations if isinstance(annotations, Mapping) else {},
    )


def count_elsewhere(body: bytes, marker: str, slot_text: str) -> int:
    """Return how often *marker* stands in decoded strings of *body* outside the slot.

    The bytes are counted as they are when neither the marker nor the body can hide it behind an escape.
    """
    if _PLAIN_MARKER.match(marker) and not escapes_ascii(body):
        total = body.count(marker.encode())
    else:
        total = sum(text.count(marker) for text in strings(loads(body)))
    return total - slot_text.count(marker)


def strings(value: object) -> Iterator[str]:
    """Yield every string in *value*, keys included."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            pending += current.keys()
            pending += current.values()
        elif isinstance(current, list):
            pending += current


def by_model(messages: Sequence[bytes]) -> list[int]:
    """Return the indexes of the messages that the model wrote."""
    return [index for index, message in enumerate(messages) if Object(message).value("role") == "assistant"]


def append_lines(
    body: bytes, lines: Sequence[tuple[int, str]], part: Callable[[str], bytes]
) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
    """Put each line behind the message with its index, or the nearest before it that the model did not write.

    A user's message gets it as its last text (*part* makes one); behind any other stands a message of its own, because some
    servers take only one system message. Raises Unreadable.
    """
    request, messages = read_messages(body)
    told: dict[int, list[str]] = {}
    roles = [Object(message).value("role") for message in messages]
    for index, line in lines:
        while index > 0 and roles[index] == "assistant":
            index -= 1
        told.setdefault(index, []).append(line)
    edits = Edits()
    for index, message in enumerate(messages):
        text = SEPARATOR.join(told.get(index, ()))
        if not text:
            edits.keep(message)
        elif roles[index] == "user":
            edits.swap([_with_text(Object(message), text, part)])
        else:
            edits.keep(message)
            edits.add(dumps({"role": "user", "content": text}))
    return request.edit({"messages": array(edits.messages)}), tuple(edits.patch)


def _with_text(message: Object, text: str, part: Callable[[str], bytes]) -> bytes:
    content = message.get("content") or b"null"
    if content.startswith(b"["):
        return message.edit({"content": array([*items(content), part(text)])})
    said = loads(content)
    if not isinstance(said, str | None):
        raise Unreadable("a message whose content is neither text nor a list")
    return message.edit({"content": quote(said + SEPARATOR + text if said else text)})


class Edits:
    """Builds a new list of messages and the RFC 6902 operations that lead to it, from first to last.

    *path* is the JSON Pointer of the list.
    """

    def __init__(self, path: str = "/messages") -> None:
        self._path = path
        self.messages: list[bytes] = []
        self.patch: list[Mapping[str, object]] = []

    def keep(self, message: bytes) -> None:
        """Take over a message as it is."""
        self.messages.append(message)

    def swap(self, messages: Sequence[bytes]) -> None:
        """Put one or more messages in the place of one."""
        self.patch.append({"op": "replace", "path": self._here(), "value": loads(messages[0])})
        self.messages.append(messages[0])
        for message in messages[1:]:
            self.add(message)

    def add(self, message: bytes) -> None:
        """Put in a message that was not there."""
        self.patch.append({"op": "add", "path": self._here(), "value": loads(message)})
        self.messages.append(message)

    def remove(self) -> None:
        """Leave out the next message."""
        self.patch.append({"op": "remove", "path": self._here()})

    def take_back(self) -> None:
        """Leave out the last message after all."""
        self.messages.pop()
        self.remove()

    def _here(self) -> str:
        return f"{self._path}/{len(self.messages)}"
