"""``pinnedrules check``: validate a rule file, or decide one call under it."""

from __future__ import annotations

import argparse
import json

from pinnedrules.authoring.calls import decided
from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import FOUND, OK
from pinnedrules.cli.printing import Printer, Tone
from pinnedrules.cli.source import rules_from
from pinnedrules.clock import moment
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.printable import counted
from pinnedrules.rules.refusal import refusal
from pinnedrules.types import Call, Decision, LedgerState, Verdict

__all__ = ["run"]

_USAGE = "pinnedrules check RULES [TOOL [ARGUMENTS_JSON]], or with --profile NAME instead of RULES"
_TONES: dict[Verdict, Tone] = {"allow": "good", "ask": "open", "deny": "bad"}


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Return 0 for rules in order and for an allowed call, 1 for any other decision."""
    words: list[str] = list(arguments.words)
    path = words.pop(0) if words and arguments.profile is None else None
    if len(words) > 2:
        raise Usage(f"{len(words)} words where a tool and its arguments were expected", _USAGE)
    source = rules_from(path, arguments.profile, usage=_USAGE)
    if not words:
        return _valid(source, printer)
    given = words[1] if len(words) > 1 else "{}"
    call = Call(words[0], given, id="check", declared=_declared(arguments.declared, given))
    return _decided(source, call, printer)


def _valid(source: RuleFile, printer: Printer) -> int:
    rules = source.rules
    active = sum(rule.on is not None for rule in rules.rules)
    printer.line(f"{source.name} is in order: {counted(len(rules.rules), 'rule')}, {active} to decide calls", "good")
    printer.line(f"version {rules.version}, sha256 {rules.sha256}")
    printer.document(
        {
            "rules": source.name,
            "valid": True,
            "version": rules.version,
            "sha256": rules.sha256,
            "rule_ids": [rule.id for rule in rules.rules],
        }
    )
    return OK


def _declared(names: str | None, given: str) -> frozenset[str]:
    """Return the names the schema has: those told, else those of the arguments themselves."""
    if names is not None:
        return frozenset(name.strip() for name in names.split(",") if name.strip())
    try:
        value = json.loads(given)
    except ValueError:
        return frozenset()  # the decision says what is wrong with them
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _decided(source: RuleFile, call: Call, printer: Printer) -> int:
    now = moment()
    decision = decided(source.sets, call, LedgerState(), now)
    allowed = decision.verdict == "allow"
    text = "" if allowed else refusal(call, decision)
    printer.line(f"{decision.verdict}: {call.name}({', '.join(decision.targets)})", _TONES[decision.verdict])
    printer.line(f"  effect: {', '.join(decision.effects)}")
    for rule in decision.rules:
        found = source.rule(rule)
        printer.line(f"  rule {rule}: {found.text if found else ''}")
    for reason in decision.reasons:
        printer.line(f"  why: {reason}")
    for item in decision.undecided:
        printer.line(f"  could not decide: {item.rule}: {item.why}", "open")
    if decision.arguments is not None:
        became = f"{decision.tool} " if decision.tool else ""
        printer.line(f"  rewritten to: {became}{decision.arguments}")
    if text:
        printer.line("what the model is told:")
        printer.line(text)
    printer.document(_plain(call, decision, text))
    return OK if allowed else FOUND


def _plain(call: Call, decision: Decision, text: str) -> dict[str, object]:
    return {
        "verdict": decision.verdict,
        "tool": call.name,
        "effects": list(decision.effects),
        "rules": list(decision.rules),
        "reasons": list(decision.reasons),
        "sentences": list(decision.sentences),
        "undecided": [{"rule": item.rule, "why": item.why} for item in decision.undecided],
        "targets": list(decision.targets),
        "arguments": decision.arguments,
        "became": decision.tool,
        "patch": [dict(operation) for operation in decision.patch],
        "refusal": text,
    }
