"""A rule set as a document that can be patched, kept and loaded again, and the JSON Patches between two of them (RFC 6902).

Rules of this file:

1. The document is what a rule file that says the same would hold, with every default written out: :func:`text` of it loads
   to a rule set of the same digest.
2. A patch is read with suspicion: ``add``, ``remove``, ``replace`` and ``test`` only, never the whole document, and nothing
   is taken away or replaced that the patch does not show to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeAlias

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.arguments import dump
from pinnedrules.rules.model import RuleSet, canonical
from pinnedrules.rules.printable import shown

__all__ = ["Operation", "difference", "document", "guarded", "patched", "text"]

Operation: TypeAlias = Mapping[str, object]

MAX_OPERATIONS = 256

_KEYS = {"add": ("path", "value"), "remove": ("path",), "replace": ("path", "value"), "test": ("path", "value")}


def document(rules: RuleSet) -> dict[str, object]:
    """Return *rules* as a document: plain JSON values, and nothing that a rule file could not hold."""
    form: Any = canonical(rules.version, rules.rules, rules.tools, rules.default, rules.servers)
    return {
        **form,
        "tools": {name: _without(spec, None, "") for name, spec in form["tools"].items()},
        "rules": [
            {**_without(rule, None), **({"on": _without(rule["on"], [])} if rule["on"] else {})}
            for rule in form["rules"]
        ],
    }


def text(found: Mapping[str, object]) -> str:
    """Return a document as JSON text, which is YAML that ``load`` takes."""
    return dump(found)


def _without(form: Mapping[str, object], *empty: object) -> dict[str, object]:
    """Leave out what only says that nothing was said."""
    return {key: value for key, value in form.items() if value not in empty}


def patched(found: Mapping[str, object], patch: Sequence[Operation], *, known: bool) -> dict[str, object]:
    """Return the document with *patch* applied. Raises RuleFileError, which says which operation does not fit.

    *known* says that the patch names the version that it is for; without that, what it removes or replaces must have been
    tested before.
    """
    import jsonpatch

    if not patch or len(patch) > MAX_OPERATIONS:
        raise RuleFileError(f"the patch has {len(patch)} operations", hint=f"give it 1 to {MAX_OPERATIONS}")
    result = deepcopy(dict(found))
    tested: set[str] = set()
    for number, operation in enumerate(patch):
        path = _checked(operation, number)
        if operation["op"] == "test":
            tested.add(path)
        elif operation["op"] != "add" and not known and path not in tested:
            raise RuleFileError(
                f"operation {number} {operation['op']}s {shown(path, 80)} without a test of what is there",
                hint="put {op: test, path: ..., value: ...} before it, or name the version that the patch is for",
            )
        try:
            jsonpatch.JsonPatch([deepcopy(dict(operation))]).apply(result, in_place=True)
        except (
            jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, LookupError, TypeError, ValueError
        ) as problem:  # fmt: skip
            what = "is not what is there" if operation["op"] == "test" else f"does not fit ({type(problem).__name__})"
            raise RuleFileError(
                f"operation {number} ({operation['op']} {shown(path, 80)}) {what}",
                hint="make the patch for the version in force: pinnedrules revisions show",
            ) from None
    return result


def _checked(operation: object, number: int) -> str:
    """Return where an operation acts. Raises RuleFileError for one that is not taken."""
    if not isinstance(operation, Mapping):
        raise RuleFileError(f"operation {number} is no operation", hint="see RFC 6902")
    op, path = operation.get("op"), operation.get("path")
    if op not in _KEYS:
        raise RuleFileError(f"operation {number}: {shown(op, 20)} is not taken", hint=f"known: {', '.join(_KEYS)}")
    if set(operation) != {"op", *_KEYS[str(op)]}:
        raise RuleFileError(f"operation {number}: {op} takes {' and '.join(_KEYS[str(op)])}", hint="see RFC 6902")
    if path == "":
        raise RuleFileError(
            f"operation {number} is about the whole document, and nobody sees what changes in it",
            hint="patch what changes (/rules/0/then), or change the file and take it over: pinnedrules revise --accept-file",
        )
    if not isinstance(path, str) or not path.startswith("/"):
        raise RuleFileError(
            f"operation {number}: {shown(path, 40)} is no JSON Pointer", hint="begin it with a stroke: /rules/0/then"
        )
    return path


def guarded(found: Mapping[str, object], patch: Sequence[Operation]) -> list[Operation]:
    """Return *patch* with a test before whatever it takes away or replaces; *found* is what it applies to."""
    import jsonpatch

    result, kept = deepcopy(dict(found)), list[Operation]()
    for operation in patch:
        if operation["op"] in ("remove", "replace"):
            former = jsonpatch.JsonPointer(str(operation["path"])).resolve(result)
            test: Operation = {"op": "test", "path": operation["path"], "value": deepcopy(former)}
            if not kept or kept[-1] != test:
                kept.append(test)
        kept.append(operation)
        jsonpatch.JsonPatch([deepcopy(dict(operation))]).apply(result, in_place=True)
    return kept


def difference(old: Mapping[str, object], new: Mapping[str, object]) -> list[Operation]:
    """Return a patch with tests that makes *new* of *old*."""
    return guarded(old, list(_between("", old, new)))


def _between(path: str, old: object, new: object) -> Iterator[Operation]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old:
            if key not in new:
                yield {"op": "remove", "path": f"{path}/{_escaped(key)}"}
        for key, value in new.items():
            place = f"{path}/{_escaped(key)}"
            if key not in old:
                yield {"op": "add", "path": place, "value": value}
            else:
                yield from _between(place, old[key], value)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    elif not _same(old, new):
        yield {"op": "replace", "path": path, "value": new}


def _lists(path: str, old: list[object], new: list[object]) -> Iterator[Operation]:
    """Take out and put in what lies between an equal beginning and an equal end; entries that stay are compared."""
    begin = next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if not _same(one, other)),
        min(len(old), len(new)),
    )
    end = 0
    while end < min(len(old), len(new)) - begin and _same(old[-1 - end], new[-1 - end]):
        end += 1
    first, second = old[begin : len(old) - end], new[begin : len(new) - end]
    both = min(len(first), len(second))
    for at in range(both):
        yield from _between(f"{path}/{begin + at}", first[at], second[at])
    for at in reversed(range(both, len(first))):
        yield {"op": "remove", "path": f"{path}/{begin + at}"}
    for at in range(both, len(second)):
        yield {"op": "add", "path": f"{path}/{begin + at}", "value": second[at]}


def _same(one: object, other: object) -> bool:
    """Whether both are one JSON value, at every depth: true is not 1 there, nor false 0."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
