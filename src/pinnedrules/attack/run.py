"""Runs the tricks against a rule file: what got through, what was tried, and what could not be tried.

A trick counts only where the deed itself, done plainly, is stopped: what a rule file permits outright is no way around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pinnedrules.attack.adapt import Trick, adapted, fits
from pinnedrules.attack.inputs import Group, groups
from pinnedrules.attack.targets import Baseline, Target, allowed, arguments_of, ledger_after, targets, tools
from pinnedrules.attack.tricks import history, looked_back_for, many, names
from pinnedrules.authoring.calls import decided, made
from pinnedrules.rules.arguments import dump
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob
from pinnedrules.types import EFFECTS, Decision, Moment, SessionId

__all__ = ["Attack", "Through", "attack"]


@dataclass(frozen=True, slots=True)
class Through:
    """A trick that was allowed. ``plain`` is the same deed done plainly, with what becomes of it."""

    trick: Trick
    tool: str
    rules: tuple[str, ...]
    plain: Trick | None
    stopped: str


@dataclass(slots=True)
class Attack:
    """What came of it: tricks tried by kind, those that got through, and what was not tried, with why."""

    tried: Counter[str] = field(default_factory=Counter)
    through: list[Through] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def attack(sets: Sequence[RuleSet], given: Sequence[Baseline], now: Moment, whose: SessionId) -> Attack:
    """Try every trick that is about something in *sets*.

    *given* are calls that a person says are allowed (the cases beside the rules); tricks are built on them, and on calls
    made up from the requirements where there is none.
    """
    found = _Running(sets, given, now, whose, Attack())
    for tool in tools(sets[-1]):
        found.tool(tool)
    found.aliases()
    return found.result


@dataclass(slots=True)
class _Running:
    sets: Sequence[RuleSet]
    given: Sequence[Baseline]
    now: Moment
    whose: SessionId
    result: Attack

    def tool(self, tool: str) -> None:
        """Attack one tool."""
        baseline = self._allowed(tool)
        arguments = arguments_of(baseline.call if baseline else None)
        every = [target for rules in self.sets for target in targets(rules, tool, arguments)]
        stopped = [plain for target in every for plain in self._target(target, baseline)]
        if not stopped:
            plain = Trick("names", tool, baseline.call if baseline else made(tool, "{}"))
            if not self._allows(plain):
                stopped.append(plain)
        if stopped:
            self._try(names(stopped[0]), tool, stopped[0])
        if baseline is None and every:
            self.result.skipped.append(
                (tool, "no call to it is allowed, as far as was tried; a case that is lets more be tried")
            )

    def aliases(self) -> None:
        """Try other tools that do what a rule by effect objects to."""
        rules = [rule for one in self.sets for rule in one.rules if rule.on and not rule.on.tools]
        objected = {
            effect
            for rule in rules
            if rule.on and {rule.then, rule.otherwise} & {"ask", "deny"}
            for effect in rule.on.effects
        }
        own = {name for one in self.sets for name in one.tools}
        for effect in (effect for effect in EFFECTS if effect in objected):
            tricks = [
                Trick(
                    "names", f"another tool that does {effect}: {entry.why}", made(entry.call[0], _text(entry.call[1]))
                )
                for group in groups()
                if group.kind == "names"
                for entry in group.entries
                if effect in entry.shapes and entry.call[0] not in own and "." not in entry.call[0]
            ]
            self._try(tricks, effect, None)

    def _target(self, target: Target, baseline: Baseline | None) -> list[Trick]:
        """Attack one argument; return the plain deeds that are stopped there."""
        if target.kind == "count":
            return self._all(target, list(many(target, baseline))) if baseline else []
        if target.kind in ("never_after", "only_after"):
            names_ = looked_back_for(self.sets[-1], target)
            found = [(self._allowed(name) or Baseline(made(name, "{}"))).call for name in names_]
            return self._all(target, list(history(self.sets, target, baseline, found))) if baseline else []
        every = [trick for group in groups() if fits(group, target) for trick in self._adapted(group, target, baseline)]
        by_kind: dict[str, list[Trick]] = {}
        for trick in every:
            by_kind.setdefault(trick.kind, []).append(trick)
        return [plain for tricks in by_kind.values() for plain in self._all(target, tricks)]

    def _adapted(self, group: Group, target: Target, baseline: Baseline | None) -> Iterator[Trick]:
        arguments = arguments_of(baseline.call if baseline else None)
        for entry in group.entries:
            trick = adapted(group, entry, target, arguments, self._others(target))
            if trick is not None:
                yield trick if baseline is None else replace(trick, after=(*baseline.after, *trick.after))

    def _others(self, target: Target) -> list[str]:
        """Return the other tools under the rule of a target."""
        rules = [rule for one in self.sets for rule in one.rules if rule.id == target.rule]
        tools_ = [name for rule in rules if rule.on for name in rule.on.tools]
        return [name for name in tools_ if name != target.tool and not is_glob(name)]

    def _all(self, target: Target, tricks: list[Trick]) -> list[Trick]:
        """Try *tricks*, the first of which is the deed itself. Return that one if it is stopped."""
        if not tricks:
            return []
        plain = tricks[0]
        if self._allows(plain):
            what = f"{plain.call.name} {plain.call.arguments}".strip()
            self.result.skipped.append((f"{target.tool}, {plain.kind}", f"the deed itself is allowed: {what}"))
            return []
        self._try(tricks, target.tool, plain, only=target.rule if target.permits else "")
        return [plain]

    def _try(self, tricks: Iterable[Trick], tool: str, plain: Trick | None, *, only: str = "") -> None:
        """Try *tricks*; with *only*, what another rule than this one permits is none that got through."""
        known = self._decided(plain) if plain is not None else None
        for trick in tricks:
            decision = self._decided(trick)
            if decision is None:
                continue
            self.result.tried[trick.kind.partition(":")[0]] += 1
            if decision.verdict == "allow" and (not only or only in decision.rules):
                self.result.through.append(
                    Through(trick, tool, decision.rules, plain, known.verdict if known is not None else "")
                )

    def _allows(self, trick: Trick) -> bool:
        decision = self._decided(trick)
        return decision is not None and decision.verdict == "allow"

    def _allowed(self, tool: str) -> Baseline | None:
        return allowed(self.sets, tool, self.given, self.now, self.whose)

    def _decided(self, trick: Trick) -> Decision | None:
        """Decide the call of a trick after what comes before it; None where that cannot come before it: it is denied."""
        ledger = ledger_after(self.sets, trick.after, self.now, self.whose)
        return None if ledger is None else decided(self.sets, trick.call, ledger, self.now)


def _text(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else dump(arguments)
