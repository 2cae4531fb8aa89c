"""This package, as its rule file is written."""

from __future__ import annotations

from collections.abc import Callable

from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.types import Call, LedgerState, Moment

FORM = "rule file: recipients, path, matches, effects"
_DECLARED = {"send_email": frozenset({"to", "cc", "bcc", "reply_to", "subject", "body"})}
_ANY = frozenset({"id", "ids", "path", "query", "folder", "command", "method", "url", "name", "arguments", "to"})


def build(rules: int) -> Callable[[str, str], str]:
    fillers = max(1, (rules - 3) * 7 // 10)
    lines = ["version: 1", "default: {read: allow, other: ask}", "tools:"]
    lines += ["  send_email: {effect: send, args: [to, cc, bcc, reply_to, subject, body]}", '  "read_*": read']
    lines += [
        '  "delete_*": delete',
        *(f"  tool_{n}: {{effect: write, args: [path]}}" for n in range(fillers)),
        "rules:",
    ]
    lines += ["  - id: inside", "    text: Mail only inside example.com.", "    on: send_email"]
    lines += ["    require: {recipients: {domain_in: [example.com]}}", "    then: allow", "    else: deny"]
    lines += ["  - {id: confirm, text: Delete nothing before a person said yes., on: {effect: delete}, then: ask}"]
    for n in range(fillers):
        lines += [
            f"  - {{id: path-{n}, text: Only in its folder., on: tool_{n}, require: {{path: {{inside: /srv/{n}}}}},"
        ]
        lines += ["     then: allow, else: deny}"]
    for n in range(max(0, rules - 3 - fillers)):
        lines += [f"  - {{id: subject-{n}, text: A short subject., on: send_email, else: deny,"]
        lines += [f"     require: {{matches: {{subject: '(?:Project {n}: )?[^\\x00-\\x1f]*'}}}}}}"]
    made = load("\n".join(lines) + "\n")
    ledger, now = LedgerState(), Moment(1_800_000_000_000_000, 1, "2027-01-15")

    def decided(tool: str, arguments: str) -> str:
        return decide(made, Call(tool, arguments, declared=_DECLARED.get(tool, _ANY)), ledger, now).verdict

    return decided
