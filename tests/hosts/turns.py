"""What every surface of the host table gives, and the tools that its requests declare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["TOOLS", "Surface", "Turn"]

TOOLS = {
    "search": ("query",),
    "send_email": ("to", "subject", "body"),
    "delete_mail": ("id",),
    "archive": ("id",),
    "refund": ("amount",),
}


@dataclass(frozen=True)
class Turn:
    """What the developer's code sees of one answer."""

    text: str
    calls: tuple[tuple[str, str], ...]
    finish: str


@dataclass(frozen=True)
class Surface:
    """One way in. ``plain`` and ``asynchronous`` take (client, messages)."""

    name: str
    plain: Callable[[Any, list[Any]], Turn]
    asynchronous: Callable[[Any, list[Any]], Any]
