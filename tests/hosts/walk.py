"""Walks a client object: every public place of it, every public method there, and one call of each in every form.

The arguments are made up from the method's own signature, and as few as it takes. What a call gives back is used up
(streams are read, managers entered, runners run), because much of an SDK sends nothing before that.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_overloads

from pinnedrules import PathRefused

__all__ = ["Form", "arguments", "forms", "places", "wrapped_places"]

Form = tuple[str, Callable[..., Any], dict[str, Any]]
_WRAPPERS = ("with_raw_response", "with_streaming_response")
_USER = [{"role": "user", "content": "hi"}]

# What a parameter of this name gets, where its annotation does not say enough.
_NAMED: dict[str, Any] = {
    "messages": _USER,
    "input": "hi",
    "items": [{"type": "message", "role": "user", "content": "hi"}],
    "model": "m",
    "max_tokens": 9,
    "path": "/x1",
    "cast_to": object,
    "tools": [],
    "purpose": "assistants",
    "stream_cls": None,
    "files": [],
    "event_handler": None,
    "parse_as": None,
    "base_url": "https://x.invalid",
}
# What the methods of these names need besides, or instead.
_WANTED: dict[str, dict[str, Any]] = {
    "environments.files.upload": {"path": "/workspace/x"},
    "environments.files.prepare": {"files": {"/workspace/x": __file__}},
    "environments.files.prepare_directory": {
        "root": str(Path(__file__).parent),
        "destination": "/workspace",
        "include": ["walk.py"],
    },
    # Azure's asks for one, the others take one.
    "realtime.connect": {"model": "m"},
    "environments.work.worker": {"environment_id": "x1", "environment_key": "x1"},
    "sessions.artifacts.for_result": {"result": SimpleNamespace(session_id="x1", turn_id="x1", id="x1")},
}
_TYPED: list[tuple[str, Any]] = [
    (r"Literal\['([^']*)'", None),
    (r"^(Optional\[)?(Union\[)?str\b", "x1"),
    (r"FileTypes|[vV]ideo_\w+_params", ("x.bin", b"x")),
    (r"^(str \| )?bytes", b"x"),
    (r"^os.PathLike", __file__),
    (r"^(Union\[)?int|datetime|date\b|float", 1),
    (r"bool", False),
    (r"Iterable|List|Sequence|SequenceNotStr", []),
    (r"Model|Purpose|Seconds|Voice|Size|Role", "x1"),
]


def places(client: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the client and every resource of it, with their dotted names."""
    yield name, client
    for attribute in _public(client):
        if attribute in _WRAPPERS:
            continue
        found = _read(client, attribute)
        if _is_resource(found):
            yield from places(found, f"{name}.{attribute}".lstrip("."))


def wrapped_places(client: Any, wrapper: str) -> Iterator[tuple[str, Any]]:
    """Yield every resource of *client* as this response wrapper has it."""
    for name, place in places(client):
        if hasattr(type(place), wrapper):
            yield f"{name}.{wrapper}".lstrip("."), getattr(place, wrapper)


def forms(place: Any, name: str) -> Iterator[Form]:
    """Yield every public method of *place* with the arguments of each of its forms: (name, method, arguments)."""
    for attribute in _public(place):
        method = _read(place, attribute)
        if not callable(method) or isinstance(method, type) or _is_resource(method):
            continue
        called = f"{name}.{attribute}".lstrip(".")
        internal = _internal(place, attribute)
        wanted = next((each for end, each in _WANTED.items() if called.endswith(end)), {})
        for made in [internal] if internal else _each_form(method):
            yield called, method, {**made, **wanted}


def _internal(place: Any, attribute: str) -> dict[str, Any]:
    """Return what the methods of the client itself take, which are written for the SDK's own use."""
    if attribute not in ("request", "get_api_list") or _is_resource(place):
        return {}
    package = importlib.import_module(type(place).__mro__[-4].__module__.split(".")[0])
    if attribute == "get_api_list":
        kind = "AsyncPage" if type(place).__name__.startswith("Async") else "SyncPage"
        return {"path": "/x1", "page": getattr(package.pagination, kind), "model": object}
    return {
        "cast_to": object,
        "options": package._models.FinalRequestOptions.construct(method="post", url="/x1", json_data={}),
    }


def _each_form(method: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    for signature in get_overloads(inspect.unwrap(method)) or [method]:
        if "unrestricted_paths" in inspect.signature(signature).parameters:
            continue  # A form that the SDK has given up, and answers with an error.
        made = arguments(signature)
        if made not in seen:
            seen.append(made)
            yield made


def arguments(signature: Callable[..., Any]) -> dict[str, Any]:
    """Return the fewest arguments that this form of a method can be called with."""
    return {
        name: _value(name, str(parameter.annotation))
        for name, parameter in inspect.signature(signature).parameters.items()
        if parameter.default is parameter.empty
        and name != "self"
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }


def _value(name: str, annotation: str) -> Any:
    if name == "stream":
        return "Literal[False]" not in annotation
    if name in _NAMED:
        return _NAMED[name]
    for pattern, value in _TYPED:
        if found := re.search(pattern, annotation):
            return found[1] if value is None else value
    return {}


def _read(place: Any, attribute: str) -> Any:
    """Return an attribute, or None where reading it is refused, which is a verdict of its own."""
    try:
        return getattr(place, attribute)
    except PathRefused:
        return None


def _public(place: Any) -> list[str]:
    found = {name for name in dir(type(place)) if not name.startswith("_")}
    # The response wrappers keep what they wrap in instances.
    return sorted(found | {name for name in vars(place) if not name.startswith("_")})


def _is_resource(found: Any) -> bool:
    names = {kind.__name__ for kind in type(found).__mro__}
    return bool(names & {"SyncAPIResource", "AsyncAPIResource"})
