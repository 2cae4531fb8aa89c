"""Walks the installed SDKs: every method and path that their resources and helpers ask for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import anthropic
import openai

__all__ = ["DOORS", "UNREAD", "Doors", "sdk_doors"]

Doors = tuple[tuple[str, str], ...]

_METHODS = {
    "_get": "GET",
    "_post": "POST",
    "_put": "PUT",
    "_patch": "PATCH",
    "_delete": "DELETE",
    "_get_api_list": "GET",
}
_VERSIONS = {"openai": "/v1", "anthropic": ""}

UNREAD = {"batch.results_url"}
"""What an SDK asks for that is no path of its own but one that an answer named (the results of a batch)."""


@cache
def sdk_doors() -> Doors:
    """Return every (method, path) of both installed SDKs, ids written as ``x1``, and the doors that are websockets."""
    found = {door for package in (openai, anthropic) for door in _walk(package.__name__, str(package.__file__))}
    return tuple(sorted(found))


def _walk(name: str, file: str) -> Iterator[tuple[str, str]]:
    for source in Path(file).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            asks = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS
            if asks and isinstance(node, ast.Call) and ast.unparse(node.func).startswith("self._") and node.args:
                path = _text(node.args[0])
                if path not in UNREAD:
                    assert path.startswith("/"), f"{source.name}:{node.lineno} asks for {path}, which cannot be read"
                    yield _method(node), _VERSIONS[name] + path


def _method(call: ast.Call) -> str:
    """Return the method of one request; some lists are asked for by POST."""
    assert isinstance(call.func, ast.Attribute)
    given = next((word.value for word in call.keywords if word.arg == "method"), None)
    return str(ast.literal_eval(given)).upper() if given is not None else _METHODS[call.func.attr]


def _text(node: ast.expr) -> str:
    """Return a path as text, whatever way it is written in; the source of anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "x1" for part in node.values)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "path_template":
        return re.sub(r"\{[^}]*\}", "x1", _text(node.args[0]))
    return ast.unparse(node)


DOORS = sdk_doors()
