"""``pinnedrules explain``: why a call is decided as it is, and the nearest one that would be decided otherwise."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.authoring.calls import decided, made
from pinnedrules.authoring.cases import moment_of
from pinnedrules.authoring.nearest import Near, nearest
from pinnedrules.authoring.trace import Part, Said, traced
from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import OK
from pinnedrules.cli.printing import Printer, Tone
from pinnedrules.cli.source import rules_from
from pinnedrules.cli.states import states_here
from pinnedrules.cli.story import told
from pinnedrules.clock import moment
from pinnedrules.replay.difference import HELD
from pinnedrules.replay.logged import Again, Logged, logged
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.printable import shown
from pinnedrules.rules.terms import Action, Rewriting
from pinnedrules.types import Call, Decision, LedgerState, Moment, SessionId, Verdict

__all__ = ["run"]

_USAGE = "pinnedrules explain RULES TOOL ['{...}'], or pinnedrules explain RULES --log RECORD"
_TONES: dict[Verdict, Tone] = {"allow": "good", "ask": "open", "deny": "bad"}
_ANSWERS: dict[str, tuple[str, Tone]] = {"holds": ("yes", "good"), "fails": ("NO", "bad"), "": ("CANNOT SAY", "open")}


@dataclass(frozen=True, slots=True)
class _Question:
    """What is explained: a call in its circumstances, from the log if ``logged`` is there."""

    call: Call
    ledger: LedgerState
    now: Moment
    logged: Logged | None = None


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0, whatever the decision is."""
    words: list[str] = list(arguments.words)
    path = Path(words.pop(0)) if words and arguments.profile is None else None
    if len(words) > 2 or (not words and not arguments.log):
        raise Usage("a tool and its arguments were expected", _USAGE)
    if words and arguments.log:
        raise Usage("a call and --log were given; one of them is explained", _USAGE)
    source = rules_from(path, arguments.profile, usage=_USAGE)
    sets: Sequence[RuleSet] = source.sets
    if arguments.log:
        again = Again(sets)
        sets, question = again.sets, _from_log(arguments, again)
    else:
        question = _from_words(arguments, words)
    call, ledger, now = question.call, question.ledger, question.now
    decision = decided(sets, call, ledger, now)
    parts = [part for rules in sets for part in traced(rules, call, ledger, now)]
    others = nearest(sets, call, ledger, now)
    if question.logged is not None:
        _then(printer, question.logged)
    _say(printer, source, call, decision, parts)
    _near(printer, others)
    printer.document(_plain(question, decision, parts, others))
    return OK


def _from_words(arguments: argparse.Namespace, words: list[str]) -> _Question:
    declared = [name.strip() for name in arguments.declared.split(",") if name.strip()] if arguments.declared else None
    try:
        now = moment_of(arguments.at) if arguments.at else moment()
    except ValueError:
        raise Usage(f"{shown(arguments.at)!r} is no time", "--at 2026-01-07T09:00:00+01:00") from None
    ledger = LedgerState(whose=SessionId("explain", arguments.user, arguments.tenant))
    return _Question(made(words[0], words[1] if len(words) > 1 else "", declared=declared), ledger, now)


def _from_log(arguments: argparse.Namespace, again: Again) -> _Question:
    """Find the call, and decide everything before it as well, so that the ledger is as it would have been."""
    wanted: str = arguments.log
    found: _Question | None = None
    for state in (state for state in states_here(arguments.state) if state.log.is_dir()):
        for item in logged(told(state.log)):
            redone = again.decide(item)
            call = again.call(item)
            if call is not None and (wanted == "last" or item.answers_to(wanted)):
                found = _Question(call, redone.ledger, item.at, item)
            elif item.answers_to(wanted):
                raise Usage(f"the arguments of {shown(wanted)} were erased", "pinnedrules log shows what is left of it")
    if found is None:
        raise Usage(
            f"no call in the log is known as {shown(wanted)}",
            "name a ticket, a stamp or the id of a call as `pinnedrules log --json` shows it, or write last",
        )
    return found


def _then(printer: Printer, item: Logged) -> None:
    by = f" by {', '.join(item.rules)}" if item.rules else ""
    how = {"allow": "allowed", "ask": "asked about", "deny": "denied", **HELD}
    printer.line(f"then, in session {shown(item.session.name, 60)}: {how[item.then]}{by}", "quiet")


def _say(printer: Printer, source: RuleFile, call: Call, decision: Decision, parts: Sequence[Part]) -> None:
    printer.line(
        f"{decision.verdict}: {shown(call.name, 80)} {shown(call.arguments, 200)}".rstrip(), _TONES[decision.verdict]
    )
    for number, part in enumerate(parts):
        if number == 0 or part.call != parts[number - 1].call:
            what = "" if part.call.name == call.name else f"{shown(part.call.name, 80)} "
            printer.line(f"{what}counts as {' and '.join(part.effects)} ({part.known})", "quiet")
        for said in part.said:
            _rule(printer, source, said)
    if not any(part.said for part in parts):
        printer.line("no rule speaks of it", "quiet")
    printer.line(f"so: {_decided(decision)}", _TONES[decision.verdict])
    for reason in decision.reasons[len(decision.rules) :]:
        printer.line(f"    {reason}")
    if decision.arguments is not None:
        if decision.tool:
            printer.line(f"    it becomes a call of {decision.tool}")
        printer.line(f"    its arguments become {shown(decision.arguments, 200)}")


def _rule(printer: Printer, source: RuleFile, said: Said) -> None:
    rule = said.rule
    printer.line(f"rule {rule.id} ({source.place(rule.id)}): {rule.text}")
    for one in said.answers:
        word, tone = _ANSWERS.get(one.answer, _ANSWERS[""])
        printer.line(f"  {word}: {one.wanted}" + (f" ({one.why})" if one.why else ""), tone)
    side = "" if not said.answers else " (then)" if said.met else " (else)"
    muted = f", though its permission would: {said.muted}" if said.muted else ""
    printer.line(f"  it says {_word(said.says)}{side}{muted}")


def _word(action: Action | None) -> str:
    if isinstance(action, Rewriting):
        return f"call {action.tool} instead" if action.tool else "change the arguments"
    return action or "nothing"


def _decided(decision: Decision) -> str:
    if decision.rules:
        return f"{decision.verdict}, by {' and '.join(decision.rules)}"
    if decision.reasons:
        return f"{decision.verdict}, by no rule"
    return f"{decision.verdict}, the default for {' and '.join(decision.effects)}"


def _near(printer: Printer, others: Sequence[Near]) -> None:
    if not others:
        printer.line("no single change that was tried gives another verdict", "quiet")
        return
    printer.line("nearest calls with another verdict:")
    for near in others:
        by = f" (by {' and '.join(near.rules)})" if near.rules else ""
        printer.line(f"  {near.said}: {near.verdict}{by}", _TONES[near.verdict])


def _plain(question: _Question, decision: Decision, parts: Sequence[Part], others: Sequence[Near]) -> dict[str, object]:
    return {
        "tool": question.call.name,
        "arguments": question.call.arguments,
        "verdict": decision.verdict,
        "then": question.logged.then if question.logged else None,
        "effects": list(decision.effects),
        "rules": list(decision.rules),
        "reasons": list(decision.reasons),
        "parts": [
            {
                "tool": part.call.name,
                "effects": list(part.effects),
                "known": part.known,
                "rules": [
                    {
                        "rule": said.rule.id,
                        "requirements": [
                            {"name": one.name, "wanted": one.wanted, "answer": one.answer, "why": one.why}
                            for one in said.answers
                        ],
                        "says": _word(said.says),
                        "muted": said.muted,
                    }
                    for said in part.said
                ],
            }
            for part in parts
        ],
        "nearest": [
            {"change": near.said, "verdict": near.verdict, "rules": list(near.rules), "arguments": near.call.arguments}
            for near in others
        ],
    }
