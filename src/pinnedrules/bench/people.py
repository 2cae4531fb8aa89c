"""People who answer asks, simulated: one who knows only the task, one who is not there, one who says yes to 93 of 100.

The share of the last is what Anthropic published of its users' answers (see docs/survival.md).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from pinnedrules.bench.model import Call, Person
from pinnedrules.testing.script import PastCall
from pinnedrules.types import Proposal, Ticket

__all__ = ["Answerer"]

_YES = 0.93


@dataclass(slots=True)
class Answerer:
    """An approver for ``Guard(approver=...)``; whoever is absent is asked by tickets, which nobody reads.

    ``asked`` has the calls that it was asked about.
    """

    person: Person
    task: Sequence[Call]
    chance: random.Random
    asked: list[Call] = field(default_factory=list)

    def __call__(self, ticket: Ticket, proposal: Proposal) -> bool:
        """Answer one ask."""
        call = Call(proposal.call.name, PastCall("", proposal.call.name, proposal.call.arguments, None).input)
        self.asked.append(call)
        return self.chance.random() < _YES if self.person == "says-yes" else call in self.task
