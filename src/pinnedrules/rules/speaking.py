"""What a call does, and which rules speak of it: told by its name, its kind, its arguments, and by what it carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pinnedrules.rules.builtin_tools import added_by_arguments, known_by_kind
from pinnedrules.rules.destinations import names_destination
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.plan import Candidate, Tool
from pinnedrules.rules.shell.reading import effects_of_commands
from pinnedrules.rules.sql import effects_of_sql
from pinnedrules.rules.told import added_by_definition, vouched
from pinnedrules.types import EFFECTS, Call, Definition, Effect

__all__ = ["UNKNOWN", "Carrier", "asked", "effects_of", "speaking", "tool_of"]

UNKNOWN: tuple[Effect, ...] = ("write",)
"""What a tool does of which nothing is known."""


_READ: tuple[Effect, ...] = ("read",)


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a call is decided that carries another one: only by rules that name its tool, besides what is decided inside.

    ``effects`` are those of what it carries, ``without`` the rules that speak of that too, and are asked there; ``keys``
    the arguments that carry it.
    """

    effects: tuple[Effect, ...]
    without: frozenset[str]
    keys: frozenset[str]


def speaking(
    rules: RuleSet, call: Call, arguments: dict[str, object], carrier: Carrier | None = None
) -> tuple[tuple[Effect, ...], tuple[Candidate, ...]]:
    """Return what *call* does, as it is decided, and the rules that speak of it. Nothing for a name that is not plain."""
    tool = tool_of(rules, call, None)
    if tool is None:
        return UNKNOWN, ()
    effects = effects_of(tool, arguments, carrier)
    return effects, tuple(asked(rules.plan.candidates(tool, effects).every, carrier))


def tool_of(rules: RuleSet, call: Call, effects: tuple[Effect, ...] | None) -> Tool | None:
    """Return what is known of the tool of *call*, None for a name that is not plain.

    *effects* are those of a tool that the provider runs; they count where no declaration says anything.
    """
    tool = rules.plan.tool(call.name)
    if tool is None or tool.written:
        return tool
    effects = effects or known_by_kind(call)
    if effects and not tool.known:
        return replace(tool, effects=effects, written=True, exact=True, candidates={})
    return tool if call.definition is None else _defined(rules, tool, call.definition)


def _defined(rules: RuleSet, tool: Tool, definition: Definition) -> Tool:
    """Return what is known of a tool that the file does not name exactly, with what the request says of it."""
    if tool.pins and not tool.known and (says := vouched(tool.pins, definition)):
        return rules.plan.vouched(tool, says)
    added = added_by_definition(definition)
    if set(added) <= set(tool.effects):
        return tool
    return replace(tool, effects=tuple(effect for effect in EFFECTS if effect in (*tool.effects, *added)))


def effects_of(tool: Tool, arguments: dict[str, object], carrier: Carrier | None) -> tuple[Effect, ...]:
    """Return what a call does, told by its tool and its arguments; by what it carries, if it does."""
    if carrier is not None:
        own = tool.effects if tool.known else ()
        return tuple(effect for effect in EFFECTS if effect in (*own, *carrier.effects))
    if not arguments:
        return tool.effects
    # What a command or a statement does is done by whoever runs it: the file's word on the tool is no excuse for it.
    known = tool.effects
    added = effects_of_sql(tool.name, arguments)
    if not tool.exact:
        added = (*added, *added_by_arguments(tool.name, arguments))
    if "execute" in known:
        added = (*added, *effects_of_commands(tool.name, arguments))
    elif known == _READ and names_destination(arguments):
        added = (*added, "send")
    if added and not set(added) <= set(known):
        return tuple(effect for effect in EFFECTS if effect in (*known, *added))
    return known


def asked(candidates: Iterable[Candidate], carrier: Carrier | None) -> Iterable[Candidate]:
    """Leave out the rules that are not asked about a call that carries another one."""
    if carrier is None:
        return candidates
    return (one for one in candidates if one.rule.on and one.rule.on.tools and one.rule.id not in carrier.without)
