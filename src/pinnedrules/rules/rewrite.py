"""A rule's JSON Patch (RFC 6902) applied to the arguments of a call, and a call made one of another tool.

Rules of this file:

1. In a text that the patch puts in, ``{value}`` stands for the text that was at that place and ``{record}`` for the stamp
   by which the record of the decision is found. Anything else in braces, and all that comes from the call, is literal.
2. What was done is kept as the operations that were really applied, with the stamp in them.
3. Only a plain function of the request can become another one of the same request: whoever runs the call must know it, and
   the model must have been offered it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256

from pinnedrules.rules.arguments import MAX_CHARS, read, write
from pinnedrules.rules.meta_tools import is_meta
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob
from pinnedrules.rules.terms import Rewriting
from pinnedrules.types import Call, Decision, Moment, Offer

__all__ = ["CannotRewrite", "NotOffered", "as_if_offered", "became", "rewritten", "stamp"]

_HELD = re.compile(r"\{(value|record)\}")
_STAMP = 12


class CannotRewrite(ValueError):
    """The patch does not fit the call (a path that is not there, a ``test`` that fails, no object left)."""


class NotOffered(CannotRewrite):
    """The call cannot become one of the tool that the rule names."""


def became(call: Call, decision: Decision) -> Call:
    """Return *call* as it is released under *decision*: with what a rule made of it."""
    if decision.arguments is None:
        return call
    made = replace(call, arguments=decision.arguments)
    return _of_tool(made, decision.tool) if decision.tool else made


def as_if_offered(call: Call, sets: Sequence[RuleSet]) -> Call:
    """Return *call* as one of a request that offers every tool that these rule sets declare by its name.

    For trying rules where there is no request. A tool whose arguments no file lists counts as having those of the call and
    those that rules give it.
    """
    functions = {name for rules in sets for name in rules.tools if not is_glob(name)}
    if call.kind != "function" or call.offer is not None:
        return call
    given = call.declared or frozenset()
    for rules in sets:
        for action in (said for rule in rules.rules for said in (rule.then, rule.otherwise)):
            if isinstance(action, Rewriting) and action.tool:
                given |= {str(one["path"]).split("/")[1] for one in action.operations}
    listed = {name: spec.args for rules in sets for name, spec in rules.tools.items() if spec.args is not None}
    declared = {name: listed.get(name, given) for name in functions}
    return replace(call, offer=Offer(frozenset({*functions, call.name}), declared, {}))


def stamp(call: Call, now: Moment) -> str:
    """Return what ``{record}`` stands for: 12 hex digits, the same for one call that is decided at one moment.

    It is made of the call's id, its name and the time, and not of its arguments: what stands in published texts and in
    records that are kept for ever says nothing of them.
    """
    return sha256(f"{now.utc_us} {call.name} {call.id}".encode("utf-8", "surrogatepass")).hexdigest()[:_STAMP]


def rewritten(
    rewriting: Rewriting, call: Call, arguments: Mapping[str, object], mark: str
) -> tuple[Call, tuple[Mapping[str, object], ...]]:
    """Return *call* with patched arguments, as they would be read from the wire, and the operations that were applied.

    *mark* is the :func:`stamp`. Raises :class:`CannotRewrite`, which is :class:`NotOffered` where the other tool is what
    cannot be. The operations are copied first: a patch puts its own values into the result, where a later one could change
    them.
    """
    import jsonpatch

    applied: list[Mapping[str, object]] = []
    if rewriting.tool and rewriting.tool != call.name:
        call = _of_tool(call, _offered(rewriting.tool, call))
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


def _offered(name: str, call: Call) -> str:
    """Return the tool that *call* is to become a call of. Raises NotOffered."""
    if call.kind != "function" or is_meta(call.name):
        raise NotOffered(f"a call of this kind cannot become one of {name}")
    if call.offer is None:
        raise NotOffered(f"it should become a call of {name}, and no request says whether that tool is there")
    if name not in call.offer.functions:
        raise NotOffered(f"it should become a call of {name}, which the request does not offer as a function")
    if call.name not in call.offer.functions:
        raise NotOffered(f"it should become a call of {name}, and is not one of a plain function of the request")
    return name


def _of_tool(call: Call, name: str) -> Call:
    """Return *call* as one of another tool, with what the request says of that one."""
    if call.offer is None:
        return replace(call, name=name)
    return replace(call, name=name, declared=call.offer.declared.get(name), definition=call.offer.definitions.get(name))


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
