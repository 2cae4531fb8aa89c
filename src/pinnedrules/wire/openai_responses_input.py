"""The items that a request of the Responses API puts in, cut out of the bytes and told apart by type.

``openai.types.responses.response_input_item_param`` of openai-python 3.54 and its ``beta`` twin. A type that is not known
here is Unreadable: such an item could bring tools in or change settings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from pinnedrules.errors import Unreadable
from pinnedrules.wire.json_text import Object, dumps, items, loads, obj
from pinnedrules.wire.openai_responses_items import INPUT_ONLY, OUTPUT
from pinnedrules.wire.request import refuse_lookalikes

__all__ = ["Input", "is_output", "item_kind", "last_user_text", "message_text", "read_input", "shown_text"]

_ROLES = ("user", "assistant", "developer", "system")
_CONFIGURES = frozenset({"agent", "id", "reasoning", "text", "type"})
_TEXTS = ("input_text", "output_text", "text")
_KNOWN = INPUT_ONLY | OUTPUT
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLAIN_KINDS = {dumps(kind): kind for kind in _KNOWN - {"configuration_update"}}
_PLAIN_ROLES = frozenset(map(dumps, _ROLES))
_LARGE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Input:
    """A request, its input as raw items, and the type of each.

    ``listed`` is false when the input is one text, or missing: then the bytes have no list to edit.
    """

    request: Object
    items: tuple[bytes, ...]
    kinds: tuple[str, ...]
    listed: bool


_last: tuple[bytes, Input, bytes] | None = None


def read_input(body: bytes) -> Input:
    """Return what a request puts in. Raises Unreadable.

    The same bytes object is read several times on its way (facts, tokens, place), and its input again once the block is
    placed, so the last reading is kept. One name is bound at once, so that threads see a whole reading or none.
    """
    global _last
    last = _last
    if last is not None and last[0] is body:
        return last[1]
    request = Object(body)
    refuse_lookalikes(request.names)
    raw = request.get("input") or b"null"
    found = replace(last[1], request=request) if last is not None and last[2] == raw else _read(request, raw)
    if len(body) <= _LARGE:
        _last = (body, found, raw)
    return found


def _read(request: Object, raw: bytes) -> Input:
    if raw.startswith(b"["):
        found = tuple(items(raw))
        return Input(request, found, tuple(item_kind(item) for item in found), listed=True)
    text = loads(raw)
    if not isinstance(text, str | None):
        raise Unreadable("an input that is neither text nor a list of items")
    said = obj([("type", b'"message"'), ("role", b'"user"'), ("content", raw)])
    return Input(request, () if text is None else (said,), () if text is None else ("message",), listed=False)


def item_kind(raw: bytes) -> str:
    """Return the type of an item. Raises Unreadable.

    A message may leave its type out (EasyInputMessageParam), and so may a reference.
    """
    return _plain_kind(raw) or _told_kind(raw)


def _plain_kind(raw: bytes) -> str:
    """Return the type of an item that is written plainly; empty when it takes a closer look."""
    try:
        members = _MEMBERS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    # Without blanks, escapes in a key and a repeated key, an object is exactly as long as its members.
    length = 1 + 4 * len(members) + sum(map(len, members)) + sum(map(len, map(bytes, members.values())))
    if length != len(raw):
        return ""
    names = "".join(members)
    if names != names.casefold():
        return ""
    kind = _PLAIN_KINDS.get(bytes(members.get("type", b"")), "")
    return kind if kind != "message" or bytes(members.get("role", b"")) in _PLAIN_ROLES else ""


def _told_kind(raw: bytes) -> str:
    item = Object(raw)
    refuse_lookalikes(item.names)
    kind = item.value("type")
    if kind is None:
        kind = "message" if item.get("role") else "item_reference" if item.get("id") else None
    if not isinstance(kind, str) or kind not in _KNOWN:
        raise Unreadable(
            f"The request puts in an item of the type {str(kind)[:40]!r}, of which it is not known what it does.",
            next_step="leave that item out",
        )
    if kind == "message" and item.value("role") not in _ROLES:
        raise Unreadable("a message whose role is none of user, assistant, system and developer")
    if kind == "configuration_update" and not _CONFIGURES.issuperset(item.names):
        raise Unreadable("a configuration update of settings that are not known")
    return kind


def is_output(raw: bytes, kind: str) -> bool:
    """Say whether an item repeats what a model or its provider put out, or refers to it."""
    if kind == "message":
        return Object(raw).value("role") == "assistant"
    if kind == "tool_search_output":
        return Object(raw).value("execution") == "server"
    return kind in OUTPUT or kind == "item_reference"


def shown_text(raw: bytes) -> str:
    """Return what a person reads of a message: a string, or the texts among its parts."""
    return "".join(_texts(raw)[0])


def message_text(raw: bytes) -> str | None:
    """Return the text of a message that is nothing but text; None when it has other parts."""
    texts, whole = _texts(raw)
    return "".join(texts) if whole else None


def _texts(raw: bytes) -> tuple[list[str], bool]:
    """Return the texts of a message, and whether they are all that it holds."""
    content = Object(raw).value("content")
    if isinstance(content, str):
        return [content], True
    parts = content if isinstance(content, list) else [None]
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") in _TEXTS else None for part in parts]
    found = [text for text in texts if isinstance(text, str)]
    return found, len(found) == len(texts)


def last_user_text(read: Input) -> str:
    """Return the text of the user messages that follow the last answer; older ones were seen before. Raises Unreadable."""
    texts: list[str] = []
    for raw, kind in zip(reversed(read.items), reversed(read.kinds), strict=True):
        if is_output(raw, kind):
            break
        message = Object(raw)
        if kind != "message" or message.value("role") != "user":
            continue
        content = message.value("content")
        parts = content if isinstance(content, list) else []
        if not isinstance(content, str | list | None) or not all(isinstance(part, dict) for part in parts):
            raise Unreadable("a message whose content is neither text nor a list of parts")
        texts.insert(0, shown_text(raw))
    return "\n".join(texts)
