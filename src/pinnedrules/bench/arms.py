"""The arms: what stands between an agent's loop and its model, opened for one episode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pinnedrules.bench.model import Arm, Call, Family
from pinnedrules.bench.people import Answerer
from pinnedrules.guard import Guard
from pinnedrules.rules.born import CHAT
from pinnedrules.testing.evidence import recorded

__all__ = ["GUARDED", "Asked", "Shield", "shielded"]

GUARDED: tuple[Arm, ...] = ("pin-and-verify", "gate", "all")


@dataclass(frozen=True, slots=True)
class Asked:
    """The calls that a person was asked about: ``all``, those ``approved``, and those that only words ``heard`` held up."""

    all: list[Call] = field(default_factory=list)
    approved: list[Call] = field(default_factory=list)
    heard: list[Call] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shield:
    """What an arm put in the way: a guard, or none."""

    guard: Guard | None

    @property
    def block(self) -> str:
        """The pin block as the requests carry it; empty without a guard."""
        return self.guard.block if self.guard is not None else ""

    @property
    def asked(self) -> Asked:
        """What a person was asked about."""
        if self.guard is None:
            return Asked()
        tickets = {one.ticket: one for one in recorded(self.guard).decisions if one.ticket}
        return Asked(
            [Call(one.tool, one.input) for one in tickets.values()],
            [Call(one.tool, one.input) for one in tickets.values() if one.approved_by],
            [Call(one.tool, one.input) for one in tickets.values() if one.rules and all(map(_heard, one.rules))],
        )


def _heard(rule: str) -> bool:
    return rule.startswith(CHAT)


@contextmanager
def shielded(arm: Arm, family: Family, answerer: Answerer) -> Iterator[Shield]:
    """Open the guard of *arm* with its state in a folder that goes with it."""
    if arm not in GUARDED:
        yield Shield(None)
        return
    with TemporaryDirectory(prefix="pinnedrules-bench-") as folder:
        rules = Path(folder) / "rules.yaml"
        rules.write_text(family.rules, encoding="utf-8")
        absent = answerer.person == "absent"
        with Guard(
            rules,
            mode="monitor" if arm == "pin-and-verify" else "enforce",
            approver="tickets" if absent else answerer,
            ask_wait=0 if absent else 10,
            state=Path(folder) / "state",
            quiet=True,
        ) as guard:
            yield Shield(guard)
