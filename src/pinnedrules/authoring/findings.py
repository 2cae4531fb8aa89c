"""What is wrong with a rule file that nevertheless loads: one finding, and the kinds of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

__all__ = ["KINDS", "Finding", "Kind"]

Kind: TypeAlias = Literal["unreachable", "outweighed", "conflict", "untested", "twice", "looser", "pattern", "no-args"]

KINDS: Mapping[Kind, str] = MappingProxyType(
    dict(
        zip(
            get_args(Kind),
            (
                "a rule that can never decide anything",
                "a permission that never counts",
                "two rules that contradict each other",
                "a rule that no case comes to",
                "a tool that is declared twice",
                "a tool that is declared to do less than its name, or a pattern, says",
                "a pattern where there is a requirement that knows better",
                "a permitted tool with an effect whose arguments are not listed",
            ),
            strict=True,
        )
    )
)
"""What each kind is, for people."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: where (a path in the file, as in ``meaning.Fault``), what, why it matters, what to write instead.

    ``other`` is the path of what it has to do with, if there is such a thing.
    """

    kind: Kind
    path: tuple[str | int, ...]
    what: str
    why: str
    write: str
    other: tuple[str | int, ...] = ()
