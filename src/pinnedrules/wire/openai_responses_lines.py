"""Lines in the input of the Responses API, each an item of its own behind the item that was the newest when it was told.

Instructions stand before every turn, so what is to come near the newest one stands in the input. Its beginning is what the
provider caches and checks, so a line keeps its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.wire.json_text import array, dumps, loads
from pinnedrules.wire.openai_responses_input import is_output, item_kind, read_input
from pinnedrules.wire.request import Edits

__all__ = ["answers_in", "with_lines"]


def answers_in(messages: Sequence[bytes]) -> Sequence[int]:
    """Return the index of the last item of each answer of the model: its items that follow each other. Raises Unreadable."""
    models = [is_output(raw, item_kind(raw)) for raw in messages]
    return [
        number
        for number, (one, following) in enumerate(zip(models, [*models[1:], False], strict=False))
        if one > following
    ]


def with_lines(body: bytes, lines: Sequence[tuple[int, str]]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
    """Return *body* with each line behind the item with its index, and the JSON Patch. Raises Unreadable."""
    if not lines:
        return body, ()
    read = read_input(body)
    edits = Edits("/input")
    for index, raw in enumerate(read.items):
        edits.keep(raw)
        told = [_item(line) for at, line in lines if at == index]
        following = read.items[index + 1 : index + 1 + len(told)]
        for item in told if tuple(told) != following else ():
            edits.add(item)
    if not edits.patch:
        return body, ()
    # An input that was one text becomes a list first.
    listed = [] if read.listed else [{"op": "add", "path": "/input", "value": [loads(raw) for raw in read.items]}]
    return read.request.edit({"input": array(edits.messages)}), (*listed, *edits.patch)


def _item(line: str) -> bytes:
    return dumps({"type": "message", "role": "developer", "content": line})
