"""The results of tools in the messages of a request, in the forms of all three APIs: the call's id and the text.

Chat Completions: messages of the role ``tool``. Messages: blocks ``tool_result``; Responses: items that end in ``_output``.
Parts that are no text are left out, and so are results that say that they are errors, unless they are wanted, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

__all__ = ["LATEST", "results"]

LATEST = 64
"""Messages that are looked at, from the end: a result is new when it is sent for the first time."""

_SIGNS = (b'"tool_call_id"', b'"tool_use_id"', b'"call_id"')


def results(messages: Sequence[bytes], *, errors: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (id of the call, text) of the results in the last messages, the newest message first."""
    for message in reversed(messages[-LATEST:]):
        if not any(sign in message for sign in _SIGNS):
            continue
        try:
            value = json.loads(message)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield from _of_message(value, errors)


def _of_message(message: dict[str, object], errors: bool) -> Iterator[tuple[str, str]]:
    kind, content = message.get("type"), message.get("content")
    if isinstance(kind, str) and kind.endswith("_call_output"):
        yield from _result(message.get("call_id"), message.get("output"))
    elif message.get("role") == "tool":
        yield from _result(message.get("tool_call_id"), content)
    elif message.get("role") == "user" and isinstance(content, list):
        for block in content:
            if isinstance(block, dict) and block.get("type") == "tool_result" and (errors or not block.get("is_error")):
                yield from _result(block.get("tool_use_id"), block.get("content"))


def _result(name: object, content: object) -> Iterator[tuple[str, str]]:
    if not isinstance(name, str) or not name:
        return
    if isinstance(content, str):
        yield name, content
    elif isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        yield name, "\n".join(part for part in parts if isinstance(part, str))
