"""A trick that was written against one rule, rewritten against another: its tool, its argument, its limit, what is inside.

A trick is left out where it would be no trick: an address below a domain whose sub-domains the rule permits, an amount
without a currency where the rule names one only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from pinnedrules.attack.inputs import Entry, Group
from pinnedrules.attack.targets import Target
from pinnedrules.authoring.calls import made
from pinnedrules.rules.arguments import Unread, dump, read
from pinnedrules.rules.meta_tools import is_meta
from pinnedrules.rules.predicates.amounts import money, thousands
from pinnedrules.rules.predicates.base import texts
from pinnedrules.types import Call

__all__ = ["Trick", "adapted", "fits", "shape_of"]

_EXACT = Context(prec=300)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Trick:
    """A call that must not be allowed, after the calls that it comes after."""

    kind: str
    why: str
    call: Call
    after: tuple[Call, ...] = ()


def fits(group: Group, target: Target) -> bool:
    """Say whether the tricks of a group are about what a target guards."""
    return group.kind == target.kind or group.kind.partition(":")[0] == target.kind


def shape_of(target: Target) -> frozenset[str]:
    """Return the forms that a target's requirement has, in the words of :class:`~pinnedrules.attack.inputs.Entry`."""
    options = target.options
    if target.kind in ("amount", "total"):
        limit = options.get("max")
        if isinstance(limit, list) and len(limit) > 1:
            return frozenset({"several"})
        found = money(limit[0] if isinstance(limit, list) else limit)
        return frozenset({"currency" if found is not None and found[1] else ""})
    if target.kind == "content":
        return frozenset(texts(options, "without"))
    if target.kind == "sql" and "tables_in" in options:
        return frozenset({"tables"})
    return frozenset({""})


def adapted(
    group: Group, entry: Entry, target: Target, baseline: Mapping[str, object], others: Sequence[str]
) -> Trick | None:
    """Return the trick against *target*, None where it is none. *others* are further tools under the same rule."""
    if not entry.shapes & shape_of(target) or not _sensible(group, entry, target):
        return None
    change = _Change(group, target, baseline, others)
    call = change.call(entry.call)
    after = [change.call(one) for one in entry.after]
    if call is None or None in after:
        return None
    return Trick(group.kind, entry.why, call, tuple(one for one in after if one is not None))


def _sensible(group: Group, entry: Entry, target: Target) -> bool:
    """Leave out what the target's own options make legitimate."""
    options, inside = target.options, group.inside
    text = dump(entry.call[1]) if isinstance(entry.call[1], dict) else str(entry.call[1])
    if target.kind in ("recipients", "url"):
        written = (*texts(options, "domain_in"), *texts(options, "host_in"))
        longer = re.search(rf"[\w.-]{re.escape(inside)}", text)
        return not (longer and any(name.startswith("*.") for name in written))
    if target.kind == "path":
        last = target.inside.rpartition("/")[2]
        if last and last in re.split(r'[/"]', text.replace(inside, "")):
            return False  # it leads to a folder that is called as the permitted one is
        return not (options.get("case") and inside.lower() in text.lower() and inside not in text)
    if target.kind == "sql" and options:
        # Other statements, and another server's way to quote, are another rule.
        return texts(options, "statements_in") == ("select",) and "dialect" not in options
    if target.kind == "shell" and group.kind.partition(": ")[2].rstrip("s") in texts(options, "effects_in"):
        return False
    if shape_of(target) == {"several"} and "USD" in text:
        return False  # the limits of its currencies may be in another proportion
    if target.kind in ("amount", "total", "at_most_once_per") and "." in target.argument:
        return False
    return target.kind not in ("recipients", "url", "path") or bool(target.inside)


@dataclass(frozen=True, slots=True)
class _Change:
    group: Group
    target: Target
    baseline: Mapping[str, object]
    others: Sequence[str]

    def call(self, written: tuple[str, object]) -> Call | None:
        """Return one call of the trick as a call under the target's rules."""
        name, given = written
        tool = self._tool(name)
        if tool is None:
            return None
        if isinstance(given, str):
            return None if self.group.limit else self._raw(tool, given)
        assert isinstance(given, dict)
        arguments = self._inner(given)
        assert isinstance(arguments, dict)
        if not is_meta(name):
            arguments = {
                **{key: value for key, value in self.baseline.items() if key != self.target.argument},
                **arguments,
            }
        return made(tool, dump(arguments))

    def _tool(self, name: str) -> str | None:
        if is_meta(name):
            return name
        if name not in self.group.tools:
            return None
        number = self.group.tools.index(name)
        known = (self.target.tool, *self.others)
        return known[number] if number < len(known) else None

    def _raw(self, tool: str, text: str) -> Call:
        """Rewrite text that is no readable JSON, or not in one way only, as text."""
        text = self._text(text.replace(f'"{self.group.argument}"', dump(self.target.argument)))
        more = {key: value for key, value in self.baseline.items() if key != self.target.argument}
        if more and text.startswith("{"):
            text = f"{dump(more)[:-1]},{text[1:]}"
        call = Call(tool, text)
        try:
            declared = frozenset(read(call))
        except Unread:
            declared = frozenset()
        return Call(tool, text, declared=declared)

    def _inner(self, value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {self._key(name): self._inner(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._inner(item, key) for item in value]
        if self.group.limit and key == self.group.argument:
            return self._scaled(value)
        if isinstance(value, float):
            value = Decimal(str(value))
        return self._text(value) if isinstance(value, str) else value

    def _key(self, name: str) -> str:
        return self.target.argument if name == self.group.argument else self._text(name)

    def _text(self, text: str) -> str:
        if text in self.group.tools:
            return self._tool(text) or text
        if self.group.inside and self.target.inside:
            text = text.replace(self.group.inside, self.target.inside)
        if self.group.limit:
            text = self._currency(text)
        return text

    def _currency(self, text: str) -> str:
        """Write the target's currency for the one of the trick, and another one for another one."""
        found = money(self.target.limit)
        own = found[1] if found else ""
        if not own or own == "EUR":
            return text
        other = "CHF" if own == "USD" else "USD"
        swapped = text.replace("USD", "\0").replace("EUR", own).replace("€", f"{own} ")
        return swapped.replace("\0", other)

    def _scaled(self, value: object) -> object:
        """Return an amount that is as much of the target's limit as it was of the trick's."""
        found = money(self.target.limit)
        factor = _EXACT.divide(found[0], Decimal(self.group.limit)) if found else Decimal(1)
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return _short(_EXACT.multiply(Decimal(str(value)), factor))
        if not isinstance(value, str) or factor == 1 or money(value.strip()) is None or thousands(value):
            return self._text(value) if isinstance(value, str) else value
        return self._text(
            _NUMBER.sub(lambda number: f"{_short(_EXACT.multiply(Decimal(number[0]), factor))}", value, count=1)
        )


def _short(value: Decimal) -> Decimal | int:
    return int(value) if value == value.to_integral_value() else _EXACT.create_decimal(value).normalize(_EXACT)
