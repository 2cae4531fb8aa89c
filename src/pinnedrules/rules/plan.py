"""The index that decisions run on: requirements compiled to closures, rules found by tool and effect.

Rules of this file:

1. A decision never looks at a rule that cannot match: 1,000 rules cost as much as the few that speak of this tool.
2. Everything looked up by a name is remembered per name, in a bounded memory: names are the model's choice.
3. A name that only loosely equals a declared one brings that one's effects and objections, never its permissions.
4. What the verbs of a name say is added for every tool that the file does not name exactly; nothing is ever taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pinnedrules.rules.builtin_tools import added_by_name, brings_strangers, server_of
from pinnedrules.rules.mentioned import stated
from pinnedrules.rules.names import MAX_NAME, glob_forms, glob_pattern, is_glob, matches, name_keys, plain, rule_key
from pinnedrules.rules.predicates.base import Check, Facts, Look, Reserve, Trace, Watch
from pinnedrules.rules.predicates.patterns import together
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.terms import Action, On, Rule, ServerSpec, ToolSpec
from pinnedrules.rules.told import Pin, Pins
from pinnedrules.rules.verbs import added_by_verbs, reads_outside
from pinnedrules.types import EFFECTS, Effect, Verdict

__all__ = ["MANY", "MEMORY", "Active", "Candidate", "Candidates", "Plan", "Tool"]

MANY = 8
"""From so many patterns on one argument on, matching them together pays."""

MEMORY = 4096
"""Tool names that are remembered at once."""


@dataclass(frozen=True, slots=True)
class Active:
    """A rule that decides something, with its requirements compiled."""

    rule: Rule
    on: On
    checks: tuple[Check, ...]
    reserves: tuple[Reserve, ...]
    pattern: tuple[str, str] | None
    looks: tuple[Look, ...]
    watches: tuple[Watch, ...]
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that speaks of a call, with what it says when its requirements hold and when they do not.

    ``then`` is None for a permission that does not count for this name or these effects.
    """

    rule: Rule
    checks: tuple[Check, ...]
    then: Action | None
    otherwise: Action | None
    reserves: tuple[Reserve, ...]
    pattern: tuple[str, str] | None
    looks: tuple[Look, ...] = ()
    traces: tuple[Trace, ...] = ()


class Candidates:
    """The rules that speak of calls to one tool, in the order of the file.

    Where many of them only object when one argument does not match a pattern, those patterns are matched in one pass.
    """

    def __init__(self, every: Iterable[Candidate]) -> None:
        self.every = tuple(every)
        groups: dict[str, dict[int, str]] = {}
        for index, candidate in enumerate(self.every):
            if candidate.pattern is not None and candidate.then is None:
                argument, pattern = candidate.pattern
                groups.setdefault(argument, {})[index] = pattern
        self._groups = [found for argument, patterns in groups.items() for found in together(argument, patterns, MANY)]
        grouped = {index for _, indices in self._groups for index in indices}
        self.grouped = bool(self._groups)
        self._others = [candidate for index, candidate in enumerate(self.every) if index not in grouped]

    def objecting(self, facts: Facts) -> Iterable[Candidate]:
        """Return the candidates without those that certainly hold and then say nothing; all of them without ``grouped``."""
        held = [(together.holding(facts), indices) for together, indices in self._groups]
        if all(len(holding) == len(indices) for holding, indices in held):
            return self._others
        quiet = {indices[number] for holding, indices in held for number in holding}
        return [candidate for index, candidate in enumerate(self.every) if index not in quiet]


@dataclass(frozen=True, slots=True)
class Tool:
    """What is known of one called name.

    ``written`` is true when a declaration is this very name, ``exact`` also when a glob matches it as it is written;
    ``known`` when any does, however loosely. ``plain`` are its effects without those that only its name tells. ``pins``
    are the definitions that it may have. What is found out for all of its calls is remembered in the last three.
    """

    name: str
    written: bool
    exact: bool
    known: bool
    effects: tuple[Effect, ...]
    untrusted: bool
    trusted: bool
    args: frozenset[str] | None
    plain: tuple[Effect, ...]
    pins: tuple[Pin, ...] = ()
    candidates: dict[tuple[Effect, ...], Candidates] = field(default_factory=dict, compare=False)
    watches: dict[tuple[Effect, ...], tuple[Reserve, ...]] = field(default_factory=dict, compare=False)
    refusals: dict[tuple[tuple[Effect, ...], Verdict], str] = field(default_factory=dict, init=False, compare=False)


class _Names:
    """Patterns of tool names with what they stand for, found by a called name."""

    def __init__(self, entries: Iterable[tuple[str, int]]) -> None:
        self._written: dict[str, list[int]] = {}
        self._keys: dict[str, list[int]] = {}
        self._globs: list[tuple[str, str, int]] = []
        for pattern, index in entries:
            if is_glob(pattern):
                self._globs.append((pattern, glob_pattern(pattern), index))
            else:
                self._written.setdefault(pattern, []).append(index)
                self._keys.setdefault(rule_key(pattern), []).append(index)

    def named(self, name: str) -> list[int]:
        """Return the indices of exactly this name."""
        return self._written.get(name, [])

    def globbed(self, name: str) -> list[int]:
        """Return the indices of globs that match the name as it is written."""
        return [index for pattern, _, index in self._globs if matches(pattern, name)]

    def loose(self, name: str) -> set[int]:
        """Return the indices of all that the normalised name or its inner namespaces answer to."""
        found: set[int] = set()
        for key in name_keys(name):
            found.update(self._keys.get(key, ()))
        if self._globs:
            forms = glob_forms(name)
            found.update(index for _, loose, index in self._globs if any(matches(loose, form) for form in forms))
        return found


class Plan:
    """The compiled rule set. Safe to share between threads: all it changes are its bounded memories."""

    def __init__(
        self,
        rules: Sequence[Rule],
        tools: Mapping[str, ToolSpec],
        servers: Mapping[str, ServerSpec] = MappingProxyType({}),
    ) -> None:
        self.active = tuple(_activate(rule, rule.on) for rule in rules if rule.on is not None)
        self._specs = tuple(tools.values())
        self._pins = Pins(servers)
        self._vouched: dict[tuple[str, tuple[Effect, ...]], Tool] = {}
        self._declared = _Names((name, index) for index, name in enumerate(tools))
        self._about = _Names((name, index) for index, entry in enumerate(self.active) for name in entry.on.tools)
        self._by_effect: dict[Effect, list[int]] = {effect: [] for effect in EFFECTS}
        for index, entry in enumerate(self.active):
            if not entry.on.tools:
                for effect in entry.on.effects:
                    self._by_effect[effect].append(index)
        self._watches = _watches(self.active)
        self._watched = _Names((name, index) for index, (on, _) in enumerate(self._watches) for name in on.tools)
        self.looks = any(entry.looks for entry in self.active)
        self.traces = any(entry.traces for entry in self.active)
        self.trusting = any(trace.trusted for entry in self.active for trace in entry.traces)
        self.stated = stated(rules) if self.traces else frozenset()
        self._memory: dict[str, Tool | None] = {}

    def tool(self, name: str) -> Tool | None:
        """Return what is known of *name*, or None when it is no plain ASCII name."""
        try:
            return self._memory[name]
        except KeyError:
            if len(name) > MAX_NAME:
                return None
        found = self._look_up(name)
        if found is not None and (pins := self._pins.of(plain(name) or "")):
            found = replace(found, pins=pins)
        if len(self._memory) >= MEMORY:
            self._memory.clear()
        self._memory[name] = found
        return found

    def vouched(self, tool: Tool, effects: tuple[Effect, ...]) -> Tool:
        """Return *tool* as one that the file declares with *effects*: it vouches for what its definition says."""
        known = self._vouched.get((tool.name, effects))
        if known is None:
            known = self._vouched[tool.name, effects] = replace(
                tool, exact=True, known=True, effects=effects, plain=effects, candidates={}, watches={}
            )
        return known

    def candidates(self, tool: Tool, effects: tuple[Effect, ...]) -> Candidates:
        """Return the rules that speak of a call to *tool* with these effects."""
        found = tool.candidates.get(effects)
        if found is None:
            found = tool.candidates[effects] = Candidates(self._candidates(tool, effects))
        return found

    def watches(self, tool: Tool, effects: tuple[Effect, ...]) -> tuple[Reserve, ...]:
        """Return what some rule wants noted of released calls to *tool* with these effects."""
        if not self._watches:
            return ()
        found = tool.watches.get(effects)
        if found is None:
            found = tool.watches[effects] = tuple(self._noted(tool, effects))
        return found

    def _look_up(self, name: str) -> Tool | None:
        normal = plain(name)
        if normal is None:
            return None
        written = self._declared.named(name)
        if written:
            return _tool(name, [self._specs[index] for index in written], written=True, exact=True)
        # Only a name that is plain as it stands is what a person wrote a glob for.
        globbed = self._declared.globbed(name) if normal == name else []
        loose = self._declared.loose(normal)
        server = server_of(normal)
        if server and not globbed:
            # What the file says of a remote server it says of that server's tools, unless it says more of one of them.
            globbed = self._declared.named(server) if normal == name else []
            loose |= self._declared.loose(server)
        loose -= set(globbed)
        sure = {effect for index in globbed for effect in self._specs[index].effects}
        more = {effect for index in loose for effect in self._specs[index].effects}
        specs = [self._specs[index] for index in sorted({*globbed, *loose})]
        return _tool(name, specs, exact=bool(globbed) and more <= sure)

    def _candidates(self, tool: Tool, effects: tuple[Effect, ...]) -> Iterable[Candidate]:
        exact, about = _meant(self._about, tool)
        for effect in effects:
            about.update(self._by_effect[effect])
        for index in sorted(about):
            entry = self.active[index]
            wanted = entry.on.effects
            if wanted and not set(wanted) & set(effects):
                continue
            named = index in exact if entry.on.tools else tool.exact
            permits = named and (not wanted or _covers(wanted, effects))
            rule = entry.rule
            then = None if rule.then == "allow" and not permits else rule.then
            yield Candidate(
                rule, entry.checks, then, rule.otherwise, entry.reserves, entry.pattern, entry.looks, entry.traces
            )

    def _noted(self, tool: Tool, effects: tuple[Effect, ...]) -> Iterable[Reserve]:
        exact, about = _meant(self._watched, tool)
        for index, (on, watch) in enumerate(self._watches):
            named = index in (exact if watch.sure else about) if on.tools else tool.exact or not watch.sure
            does = tool.plain if watch.sure else effects
            if named and (not on.effects or set(on.effects) & set(does)):
                yield watch.reserve


def _meant(names: _Names, tool: Tool) -> tuple[set[int], set[int]]:
    """Return the indices of what certainly means this tool, and of all that may mean it."""
    normal = plain(tool.name) or ""
    exact: set[int] = set()
    about = names.loose("mcp") if normal.startswith("mcp:") else set()
    for name in filter(None, (normal, server_of(normal))):
        if normal == tool.name:
            exact.update(names.named(name), names.globbed(name))
        about |= names.loose(name)
    return exact, about | exact


def _watches(active: Sequence[Active]) -> tuple[tuple[On, Watch], ...]:
    """Return what is to be noted of which calls. A rule that is not there is about none."""
    by_id = {entry.rule.id: entry.on for entry in active}
    found = [(by_id.get(watch.rule) if watch.rule else watch.on, watch) for entry in active for watch in entry.watches]
    return tuple((on, watch) for on, watch in found if on is not None)


def _covers(permitted: tuple[Effect, ...], effects: tuple[Effect, ...]) -> bool:
    """A permission by effect counts only for a call all of whose effects it names; reading along is no further effect."""
    return set(effects) <= {*permitted, "read"} and (effects != ("read",) or "read" in permitted)


def _tool(name: str, specs: Sequence[ToolSpec], *, exact: bool, written: bool = False) -> Tool:
    found = {effect for spec in specs for effect in spec.effects}
    if not exact:
        found.discard("read")
    found = found or {"write"}
    told = set(found) if exact else found.union(added_by_name(name))
    if not written:
        told.update(added_by_verbs(name))
    args = [spec.args for spec in specs if spec.args is not None]
    return Tool(
        name=name,
        written=written,
        exact=exact,
        known=bool(specs),
        effects=tuple(effect for effect in EFFECTS if effect in told),
        untrusted=any(spec.source == "untrusted" for spec in specs)
        or (not exact and brings_strangers(name))
        or (not specs and reads_outside(name)),
        trusted=exact and all(spec.source == "trusted" for spec in specs),
        args=frozenset.intersection(*args) if args else None,
        plain=tuple(effect for effect in EFFECTS if effect in found),
    )


def _activate(rule: Rule, on: On) -> Active:
    built = [PREDICATES[name].build(options, rule.id) for name, options in (rule.require or {}).items()]
    return Active(
        rule,
        on,
        tuple(entry.check for entry in built),
        tuple(entry.reserve for entry in built if entry.reserve is not None),
        built[0].pattern if len(built) == 1 else None,
        tuple(entry.look for entry in built if entry.look is not None),
        tuple(entry.watch for entry in built if entry.watch is not None),
        tuple(entry.trace for entry in built if entry.trace is not None),
    )
