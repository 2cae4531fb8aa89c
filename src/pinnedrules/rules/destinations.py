"""Where a call leads, told by its arguments: reads that also send, and what a person must see before saying yes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import overload

from pinnedrules.rules.bearing import (
    TooMany,
    bears_amount,
    bears_machine,
    bears_path,
    bears_place,
    bears_recipients,
    bears_url,
    strings,
)
from pinnedrules.rules.memory import remembered
from pinnedrules.rules.predicates.urls import is_url
from pinnedrules.rules.printable import shown
from pinnedrules.rules.shell.summary import table

__all__ = ["MAX_TARGETS", "Targets", "names_destination", "targets"]

MAX_TARGETS = 8
MAX_SEEN = 500
"""Values of a call that are looked at for what a person must see."""

# A dot, port, path or number: an IP address can be written without any dot.
_PLACE = re.compile(r"[./:\\]|^\s*[0-9]|[^\x00-\x7f]")
# An IP address with or without a port, or what a copying program takes (``user@host:path``).
_ADDRESS = re.compile(
    r"\s*(?:\w+:)?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-f:.]*:[0-9a-f:.]*\])(?::[0-9]{1,5})?\s*|[\w.-]+@[\w-]+(?:\.[\w-]+)+:\S+",
    re.IGNORECASE | re.ASCII,
)


# What stands under ``page`` and the like: ``example.com``, in any script. A file's name without port, path or query is none.
_HOST = re.compile(
    r"\s*(?:[a-z0-9_\-\u0080-\U0010ffff]{1,63}\.){1,126}(?P<last>xn--[a-z0-9-]{1,59}|[a-z\u0080-\U0010ffff]{2,24})\.?"
    r"(?P<rest>(?::[0-9]{1,5})?(?:[/?]\S*)?)(?:#\S*)?\s*",
    re.IGNORECASE,
)
_FILES = table("""
    asp aspx cfg conf csv doc docx gif gz htm html ico ini jpeg jpg js json jsx log md pdf php png ppt pptx py rst sh sql
    svg toml ts tsx txt webp xls xlsx xml yaml yml zip
""")


def names_destination(arguments: Mapping[str, object]) -> bool:
    """True when an argument names a place on the network: a URL or an IP address as a whole, or a host under a name like
    ``url``, ``host``, ``proxy``, ``page``.

    What is asked of a machine that the model chose reaches whoever runs it, so that such a read also sends. A bare word
    (``server: db1``) is a name that only the own network knows. Among more values than are looked at, there may be one.
    """
    try:
        every = strings(arguments)
    except TooMany:
        return True
    for key, value in every:
        if not isinstance(value, str):
            continue
        if _asks(key) and _PLACE.search(value):
            return True
        # Most texts have none of the signs that every URL and address has.
        dotted = "." in value or ":" in value
        if (dotted or "/" in value or "\\" in value) and is_url(value):
            return True
        host = _HOST.fullmatch(value) if dotted and bears_place(key) else None
        if host and (host["rest"] or host["last"].lower() not in _FILES):
            return True
        if dotted and _ADDRESS.fullmatch(value) and not key.lower().endswith("version"):
            return True
    return False


def targets(arguments: Mapping[str, object]) -> tuple[str, ...]:
    """Return ``name: value`` for what says where the call goes and how much it is about, safe to print and bounded.

    When no argument says so, the first arguments of the call stand in.
    """
    telling: list[tuple[str, object]] = []
    others: list[tuple[str, object]] = []
    every, unseen = _first(arguments)
    for key, value in every:
        if value is None or value == "":
            continue
        if _tells(key) or (isinstance(value, str) and is_url(value)):
            telling.append((key, value))
        else:
            others.append((key, value))
    chosen = telling or others
    lines = [f"{_label(key)}: {shown(value)}" for key, value in chosen[:MAX_TARGETS]]
    if len(chosen) > MAX_TARGETS:
        lines.append(f"and {len(chosen) - MAX_TARGETS} more")
    if unseen:
        lines.append(f"and values behind the first {MAX_SEEN}, which were not looked at")
    return tuple(lines)


def _first(arguments: Mapping[str, object]) -> tuple[list[tuple[str, object]], bool]:
    """Return the first values of a call, each with the key it stands under, and whether there are more."""
    found: list[tuple[str, object]] = []
    left: list[Iterator[tuple[str, object]]] = [iter(arguments.items())]
    while left:
        item = next(left[-1], None)
        if item is None:
            left.pop()
            continue
        key, value = item
        if isinstance(value, Mapping):
            left.append(iter(value.items()))
        elif isinstance(value, list):
            left.append(zip(repeat(key), value))
        elif len(found) == MAX_SEEN:
            return found, True
        else:
            found.append((key, value))
    return found, False


class Targets(Sequence[str]):
    """What :func:`targets` returns, found once somebody looks: of several decisions about a call only one is read."""

    __slots__ = ("_arguments", "_found")

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self._arguments = arguments
        self._found: tuple[str, ...] | None = None

    def _lines(self) -> tuple[str, ...]:
        found = self._found
        if found is None:
            found = self._found = targets(self._arguments)
            self._arguments = {}
        return found

    def __len__(self) -> int:
        return len(self._lines())

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self._lines()[index]

    def __eq__(self, other: object) -> bool:
        return self._lines() == (other._lines() if isinstance(other, Targets) else other)

    def __hash__(self) -> int:
        return hash(self._lines())

    def __repr__(self) -> str:
        return repr(self._lines())


# Names of arguments are few and come again with every call.


@remembered()
def _tells(key: str) -> bool:
    return bears_recipients(key) or bears_path(key) or bears_url(key) or bears_amount(key)


@remembered()
def _asks(key: str) -> bool:
    return bears_url(key) or bears_machine(key)


@remembered()
def _label(key: str) -> str:
    return shown(key, 40)
