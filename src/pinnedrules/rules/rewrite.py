"""A rule's JSON Patch (RFC 6902) applied to the arguments of a call.

Rules of this file:

1. In a text that the patch puts in, ``{value}`` stands for the text that was at that place and ``{record}`` for the stamp
   by which the record of the decision is found. Anything else in braces, and all that comes from the call, is literal.
2. What was done is kept as the operations that were really applied, with the stamp in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256

from pinnedrules.rules.arguments import MAX_CHARS, read, write
from pinnedrules.rules.terms import Rewriting
from pinnedrules.types import Call, Moment

__all__ = ["CannotRewrite", "rewritten", "stamp"]

_HELD = re.compile(r"\{(value|record)\}")
_STAMP = 12


class CannotRewrite(ValueError):
    """The patch does not fit the call (a path that is not there, a ``test`` that fails, no object left)."""


def stamp(call: Call, now: Moment) -> str:
    """Return what ``{record}`` stands for: 12 hex digits, the same for one call that is decided at one moment.

    It is made of the call's id, its name and the time, and not of its arguments: what stands in published texts and in
    records that are kept for ever says nothing of them.
    """
    return sha256(f"{now.utc_us} {call.name} {call.id}".encode("utf-8", "surrogatepass")).hexdigest()[:_STAMP]


def rewritten(
    rewriting: Rewriting, call: Call, arguments: dict[str, object], mark: str
) -> tuple[Call, tuple[Mapping[str, object], ...]]:
    """Return *call* with patched arguments, as they would be read from the wire, and the operations that were applied.

    *mark* is the :func:`stamp`. Raises :class:`CannotRewrite`. The operations are copied first: a patch puts its own values
    into the result, where a later one could change them.
    """
    import jsonpatch

    applied: list[Mapping[str, object]] = []
    try:
        patched = deepcopy(arguments)
        for one in rewriting.operations:
            operation = dict(one)
            if "value" in operation:
                operation["value"] = _filled(operation["value"], str(operation["path"]), patched, mark)
            applied.append(operation)
            jsonpatch.JsonPatch([deepcopy(operation)]).apply(patched, in_place=True)
        result = replace(call, arguments=write(call, patched))
        read(result)
    except (
        jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, ArithmeticError, LookupError, TypeError, ValueError
    ) as problem:  # fmt: skip
        raise CannotRewrite(f"its patch does not fit: {type(problem).__name__}") from None
    return result, tuple(applied)


def _filled(value: object, path: str, arguments: object, mark: str) -> object:
    """Return the value of an operation with its placeholders filled in; the very same one when it has none."""
    if isinstance(value, Mapping):
        return {key: _filled(item, path, arguments, mark) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, path, arguments, mark) for item in value]
    if not isinstance(value, str) or not _HELD.search(value):
        return value
    # One pass, so that nothing of the former text is taken for a placeholder.
    text = _HELD.sub(lambda held: mark if held[1] == "record" else _text_at(path, arguments), value)
    if len(text) > MAX_CHARS:
        raise ValueError("too long")
    return text


def _text_at(path: str, arguments: object) -> str:
    import jsonpatch

    found = jsonpatch.JsonPointer(path).resolve(arguments)
    if not isinstance(found, str):
        raise TypeError("no text is there")
    return found
