"""The text that stands where a refused call stood: one text for the model and for the person who reads along."""

from __future__ import annotations

from pinnedrules.rules.printable import counted, shown
from pinnedrules.types import Call, Decision, Ticket

__all__ = ["MAX_RULES", "refusal"]

_LOOK = "to look into it: pinnedrules log --verdict deny"
MAX_RULES = 4
"""Rules and targets that are named; the rest is counted."""


def refusal(call: Call, decision: Decision, *, ticket: Ticket | str | None = None) -> str:
    """Say which call did not run, where it would have gone, by which rule, and the next step. A few short lines.

    Everything that came from the call is escaped and shortened. *ticket* is the call's, or the id of one that is open.
    """
    waits = decision.verdict == "ask"
    lines = [f"{'WAITING FOR A PERSON' if waits else 'DENIED'}: {shown(call.name, 80)} did not run."]
    if decision.targets:
        lines.append(f"Target: {_some(list(decision.targets))}.")
    for index, rule in enumerate(decision.rules[:MAX_RULES]):
        reason = f" ({decision.reasons[index]})" if index < len(decision.reasons) else ""
        lines.append(f"Rule {rule}: {decision.sentences[index]}{reason}")
    if len(decision.rules) > MAX_RULES:
        lines.append(f"and {counted(len(decision.rules) - MAX_RULES, 'more rule')}.")
    lines += [f"Because: {reason}" for reason in decision.reasons[len(decision.rules) :][:MAX_RULES]]
    lines.append("Do not try to reach the same end with another tool or other arguments.")
    lines.append(_next(call, decision, ticket))
    return "\n".join(lines)


def _next(call: Call, decision: Decision, ticket: Ticket | str | None) -> str:
    if ticket:
        return f"Next: {_by_a_person(ticket)}"
    if decision.rules:
        which = f"rule {_some(list(decision.rules))}"
        return f"Next: if this should be possible, the owner changes {which} in the rule file; {_LOOK}"
    name = shown(call.name, 80)
    return (
        f"Next: if this should be possible, the owner declares {name} under tools: and writes a rule that permits it; "
        f"{_LOOK}"
    )


def _by_a_person(ticket: Ticket | str) -> str:
    """Return what a person can do about it, which depends on what became of the ticket."""
    if isinstance(ticket, Ticket) and ticket.state not in ("open", "denied"):
        return f"ticket {ticket.id} is {ticket.state}; the same call, proposed again, is asked about anew; {_LOOK}"
    name = ticket.id if isinstance(ticket, Ticket) else ticket
    command = f"pinnedrules approvals approve {shown(name, 80)}"
    if isinstance(ticket, Ticket) and ticket.state == "denied":
        by = shown(ticket.by, 80) or "a person"
        return f"{by} said no, and that holds for this session; to change that, a person runs: {command}"
    return f"a person permits exactly this call with: {command}"


def _some(words: list[str]) -> str:
    text = ", ".join(words[:MAX_RULES])
    return f"{text} and {len(words) - MAX_RULES} more" if len(words) > MAX_RULES else text
