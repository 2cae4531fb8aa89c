"""The YAML of a rule file as a tree that knows where everything stands.

A closed subset of YAML 1.2: one document of maps with text keys, lists and plain values. Anchors, aliases, tags, merge
keys and directives are refused, so that what a person reads is what is in force, and a small file stays a small tree.
Plain values are read by the core schema (YAML 1.2.2 section 10.3.2) with decimal numbers only, kept exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.printable import shown

if TYPE_CHECKING:
    from ruamel.yaml.events import Event

__all__ = ["MAX_CHARS", "Node", "find", "parse", "value_of"]

MAX_CHARS = 1 << 20
"""Longest rule file, in characters."""

MAX_DEPTH = 20

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]{1,1000}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,100}|[0-9]{1,100}(?:\.[0-9]{0,100})?)(?:[eE][-+]?[0-9]{1,3})?")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands (from 1). ``value`` is a scalar, a list of nodes, or a dict of (key node, node)."""

    value: object
    line: int
    column: int


def parse(text: str, *, file: str = "") -> Node:
    """Parse one document. Raises :class:`~pinnedrules.errors.RuleFileError`."""
    if len(text) > MAX_CHARS:
        raise RuleFileError(f"the file is longer than {MAX_CHARS} characters", file=file, line=1, column=1)
    text = text.removeprefix("\ufeff")
    bad = _FORBIDDEN.search(text)
    if bad:
        line, column = _place(text, bad.start())
        problem = f"control character {shown(bad.group())}"
        raise RuleFileError(problem, file=file, line=line, column=column, hint="take it out")
    reader = _Reader(file)
    return reader.document(_events(text, file))


def find(root: Node, path: Sequence[str | int], *, key: bool = False) -> Node:
    """Return the deepest node on *path*; with *key*, the last key itself rather than its value.

    Steps that the file leaves out (``tool`` in ``on: send_email``) are stepped over.
    """
    node = root
    for index, step in enumerate(path):
        if isinstance(node.value, dict) and step in node.value:
            name, inner = node.value[step]
            node = name if key and index == len(path) - 1 else inner
        elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
    return node


def value_of(node: Node) -> object:
    """Return the plain value of a tree."""
    if isinstance(node.value, dict):
        return {name: value_of(inner) for name, (_, inner) in node.value.items()}
    if isinstance(node.value, list):
        return [value_of(inner) for inner in node.value]
    return node.value


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _events(text: str, file: str) -> Iterator[Event]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = str(problem.problem or problem.context or "not YAML")
        raise RuleFileError(
            f"not YAML: {said}", file=file, line=line, column=column, hint="check the indentation"
        ) from None
    except YAMLError as problem:
        hint = "check quotes and escapes"
        raise RuleFileError(f"not YAML: {shown(problem)}", file=file, line=1, column=1, hint=hint) from None
    except (ArithmeticError, LookupError, ValueError):
        # The parser's own slips on numbers and escapes; what they say differs between releases of Python.
        hint = "check quotes and escapes"
        said = "not YAML: a number or an escape that cannot be read"
        raise RuleFileError(said, file=file, line=1, column=1, hint=hint) from None


class _Reader:
    """Builds the tree from parser events, without resolving anything that is not written out."""

    def __init__(self, file: str) -> None:
        self._file = file

    def document(self, events: Iterator[Event]) -> Node:
        root: Node | None = None
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                if getattr(event, "version", None) or getattr(event, "tags", None):
                    raise self._error(event, "a YAML directive", "take out the line that begins with %")
                if root is not None:
                    raise self._error(event, "a second document", "write everything into one")
                root = self._node(next(events), events, 0)
        if root is None:
            raise RuleFileError("the file is empty", file=self._file, line=1, column=1, hint="begin with version: 1")
        return root

    def _node(self, event: Any, events: Iterator[Event], depth: int) -> Node:
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            raise self._error(event, "an anchor or alias", "write the value out where it is used")
        if getattr(event, "tag", None):
            raise self._error(event, f"the tag {shown(event.tag)}", "take it out; use quotes for a text")
        if depth > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels", "a rule file is flat")
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if kind == "SequenceStartEvent":
            items: list[Node] = []
            while type(inner := next(events)).__name__ != "SequenceEndEvent":
                items.append(self._node(inner, events, depth + 1))
            return Node(items, line, column)
        if kind == "MappingStartEvent":
            return Node(self._map(events, depth), line, column)
        plain = event.style is None or event.style == ""
        return Node(_scalar(event.value) if plain else event.value, line, column)

    def _map(self, events: Iterator[Event], depth: int) -> dict[str, tuple[Node, Node]]:
        found: dict[str, tuple[Node, Node]] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            key = self._node(event, events, depth + 1)
            if not isinstance(key.value, str):
                raise self._error(event, "a key that is not a text", "put it in quotes")
            if key.value == "<<":
                raise self._error(event, "a merge key", "write the values out")
            if key.value in found:
                first = found[key.value][0].line
                raise self._error(
                    event, f"the key {shown(key.value)!r} twice", f"the first is on line {first}; keep one"
                )
            found[key.value] = (key, self._node(next(events), events, depth + 1))
        return found

    def _error(self, event: Any, problem: str, hint: str) -> RuleFileError:
        mark = event.start_mark
        return RuleFileError(problem, file=self._file, line=mark.line + 1, column=mark.column + 1, hint=hint)


def _scalar(text: str) -> object:
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return Decimal(text)
    return text
