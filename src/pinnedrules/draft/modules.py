"""The tools that a module holds once it is imported, which runs its code. For programs that put them together at run time."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pinnedrules.draft.definitions import collected
from pinnedrules.draft.found import Found, FoundTool
from pinnedrules.draft.traces import DraftError

__all__ = ["from_module"]

# What objects are asked for their definition, as SDKs and frameworks write it.
_METHODS = ("to_params", "to_param", "to_dict", "to_openai_tool", "schema")
_SCHEMAS = ("params_json_schema", "input_schema", "inputSchema", "parameters", "args")
_MOST = 2000


def from_module(name: str) -> Found:
    """Import ``package.module`` or take ``package.module:attribute``, and return the tools there. Raises DraftError.

    The attribute may be a function that takes nothing and returns tools.
    """
    module_name, _, attribute = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        value: object = importlib.import_module(module_name)
        for part in attribute.split(".") if attribute else ():
            value = getattr(value, part)
        if attribute and callable(value) and _one(value, name) is None:
            value = value()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the user's code, and it may do anything
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DraftError(
            f"{name} cannot be imported ({said})", "pinnedrules init FILE.py reads a program without running it"
        ) from None
    found = Found()
    for item in vars(value).values() if not attribute else [value]:
        _take(item, name, found)
    return found


def _take(value: object, where: str, found: Found) -> None:
    """Add the tools in a list, a mapping or an object."""
    if isinstance(value, Mapping):
        one = collected(value, where)
        found.add(one)
        if not one.tools:
            _all(value.values(), where, found)
    elif isinstance(value, (list, tuple, set, frozenset)):
        _all(value, where, found)
    else:
        found.add(_one(value, where) or Found())


def _all(values: Iterable[object], where: str, found: Found) -> None:
    for _, item in zip(range(_MOST), values, strict=False):
        if isinstance(item, (Mapping, list, tuple)):
            found.add(collected(item, where))
        else:
            found.add(_one(item, where) or Found())


def _one(value: object, where: str) -> Found | None:
    """Return what one object defines, None when it is no tool."""
    if isinstance(value, (type, Path, str, bytes, int, float)) or value is None:
        return None
    for method in _METHODS:
        found = _asked(_attribute(value, method), where)
        if found is not None:
            return found
    name, said = _attribute(value, "name"), _attribute(value, "description")
    schema = next((item for key in _SCHEMAS if isinstance(item := _attribute(value, key), Mapping)), None)
    if not isinstance(name, str) or not isinstance(said, str) or schema is None:
        return None
    properties = schema.get("properties", schema)
    arguments = tuple(str(key) for key in properties) if isinstance(properties, Mapping) else ()
    return Found([FoundTool(name, said, arguments, where=where)])


def _asked(method: object, where: str) -> Found | None:
    if not callable(method):
        return None
    try:
        value = method()
    except Exception:  # noqa: BLE001 - a method that means something else
        return None
    found = collected(value, where) if isinstance(value, (Mapping, list)) else Found()
    return found if found.tools else None


def _attribute(value: object, name: str) -> object:
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 - a property of somebody else's
        return None
