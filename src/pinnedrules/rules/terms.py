"""The parts of a rule set as values: a rule, what it is about, what it does, and what a tool does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pinnedrules.types import Effect, Verdict

__all__ = ["Action", "On", "Rewriting", "Rule", "ServerSpec", "ToolSpec"]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """RFC 6902 operations on the arguments of a call; with ``tool`` it becomes a call of that tool."""

    operations: tuple[Mapping[str, object], ...]
    tool: str = ""


Action: TypeAlias = Verdict | Rewriting


@dataclass(frozen=True, slots=True)
class On:
    """What a rule is about: tools by name or glob, effects, or both (then both must match)."""

    tools: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One constraint: the sentence that the model reads and the check that is enforced.

    ``on`` is None for a rule that is only pinned. ``require`` maps a requirement's name to its options. ``then`` is
    None when the rule has nothing to say once its requirement holds, ``otherwise`` (``else`` in the file) when it has
    nothing to say once it does not. ``note`` is for people, behind the reason of a refusal. ``remind`` says after how many
    answers of the model the sentence is repeated, 0 for never.
    """

    id: str
    text: str
    on: On | None = None
    require: Mapping[str, Mapping[str, object]] | None = None
    then: Action | None = None
    otherwise: Action | None = None
    note: str = ""
    remind: int = 0


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What the file says that a tool does.

    ``source`` says whose words its results are (empty: not said); ``args`` the argument names it may be called with,
    None to go by the schema in the request.
    """

    effects: tuple[Effect, ...]
    source: Literal["", "trusted", "untrusted"] = ""
    args: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """What the file says of a server of tools: their pinned definitions (tool to hex SHA-256, see ``told``).

    ``trusted`` says that the annotations of its pinned tools are believed.
    """

    trusted: bool
    tools: Mapping[str, str]
