"""The text that stands where a refused call stood, for the model and for the person who reads along; and what the person
who watches the program is told besides, at length the first time.
"""

from __future__ import annotations

from collections.abc import Sequence

from pinnedrules.rules.names import plain
from pinnedrules.rules.printable import counted, shown
from pinnedrules.types import Call, Decision, Ticket

__all__ = ["FENCED", "MAX_RULES", "explained", "in_a_line", "refusal"]

FENCED = "fenced: "
"""How the reason begins for which a call is asked about after a compaction, although no rule asks."""

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


def in_a_line(tool: str, targets: Sequence[str], rules: Sequence[str], reasons: Sequence[str]) -> str:
    """Return one line for the person who watches the program."""
    by = f"by {_some(list(rules))}" if rules else "no rule permits it"
    why = f" ({reasons[0]})" if reasons else ""
    return f"pinnedrules: refused {shown(tool, 80)}({_some(list(targets))}), {by}{why}; {_LOOK}"


def explained(
    tool: str,
    targets: Sequence[str],
    rules: Sequence[tuple[str, str]],
    reasons: Sequence[str],
    *,
    ticket: str,
    source: str,
    place: str,
    state: str,
    waits: bool = False,
) -> str:
    """Return what a person is told who sees a refusal for the first time: what this is, why, and what to do. Some lines.

    *rules* are (id, sentence) of those that decided, *ticket* the id of theirs if there is one, *source* the name of the
    rules and *place* where the first of them stands; *state* is the state folder, quoted for a shell. *waits* says that the
    call is not refused yet: a person may still permit it.
    """
    name = shown(tool, 80)
    fenced = any(reason.startswith(FENCED) for reason in reasons)
    why = [f"rule {rule}: {sentence}" for rule, sentence in rules[:MAX_RULES]]
    why = why or (["no rule objects, but the conversation was compacted."] if fenced else ["no rule permits it."])
    why += [f"({reason})" for reason in reasons[:MAX_RULES]]
    fate = "does not run unless a person permits it." if waits else "did not run."
    told = "Without a yes in time the" if waits else "The"
    lines = [
        "pinnedrules: a tool call was held back. It is the first one here, so this says what that is; later ones get a line.",
        f"  what      The model proposed {name}({_some(list(targets))}). It {fate}",
        *(f"  {'why' if not number else '':10}{line}" for number, line in enumerate(why)),
        "  who       pinnedrules stands between the model and the tools. It puts the rules of",
        f"            {source} into every request, and decides every call by them before it can run.",
        f"  and now   {told} refusal is told to the model (or raised, if the program asked for that).",
        "            Nothing else is held up.",
        "  next",
    ]
    if ticket:
        command = f"pinnedrules approvals approve {shown(ticket, 80)}"
        when = "now or when it is tried again" if waits else "when it is tried again"
        lines.append(f"    to allow exactly this call, once, {when}: {command}")
    lines += [f"    {line}" for line in _from_now_on(tool, rules, reasons, place)]
    lines.append(f"    to see what happened: pinnedrules log --verdict deny --state {state}")
    return "\n".join(lines)


def _from_now_on(tool: str, rules: Sequence[tuple[str, str]], reasons: Sequence[str], place: str) -> Sequence[str]:
    """Return what a person changes so that such calls are allowed."""
    if any(reason.startswith("paused: ") for reason in reasons):
        return ["to go on after the pause: pinnedrules resume --reason WHY"]
    if any(reason.startswith(FENCED) for reason in reasons):
        return ["from the next request on the rules alone decide again"]
    if rules:
        return [f"to allow such calls from now on: change rule {rules[0][0]} ({place})"]
    if plain(tool) != tool:
        return ["no rule can allow it: give the tool a name of letters, digits and _"]
    return [
        f"to allow such calls from now on: say under tools: ({place}) what {tool} does, as in {tool}: read, if it only reads,",
        f"      or write a rule that permits it, with on: {tool} and then: allow",
    ]


def _next(call: Call, decision: Decision, ticket: Ticket | str | None) -> str:
    if ticket:
        return f"Next: {_by_a_person(ticket)}"
    if decision.fence:
        return f"Next: propose it again with the next request; {_LOOK}"
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
