"""A rule's JSON Patch (RFC 6902) applied to the arguments of a call."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from pinnedrules.rules.arguments import read, write
from pinnedrules.rules.terms import Rewriting
from pinnedrules.types import Call

__all__ = ["CannotRewrite", "rewritten"]


class CannotRewrite(ValueError):
    """The patch does not fit the call (a path that is not there, a ``test`` that fails, no object left)."""


def rewritten(rewriting: Rewriting, call: Call, arguments: dict[str, object]) -> Call:
    """Return *call* with patched arguments, as they would be read from the wire. Raises :class:`CannotRewrite`.

    The operations are copied first: a patch puts its own values into the result, where a later one could change them.
    """
    import jsonpatch

    try:
        patched = jsonpatch.JsonPatch(deepcopy([dict(one) for one in rewriting.operations])).apply(arguments)
        result = replace(call, arguments=write(call, patched))
        read(result)
    except (
        jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, ArithmeticError, LookupError, TypeError, ValueError
    ) as problem:  # fmt: skip
        raise CannotRewrite(f"its patch does not fit: {type(problem).__name__}") from None
    return result
