"""A rule set read aloud."""

from __future__ import annotations

import json

from tests.rules.making import EXAMPLE, rules

from pinnedrules.rules.load import load
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.show import as_json, show

EVERYTHING = rules(
    "  - {id: tone, text: Be polite.}\n"
    "  - {id: p, text: Paths., on: {tool: [put, 'fs.*'], effect: [write, delete]}, require: {path: {inside: [/srv, ~/x]},"
    " url: {host_in: [a.b, '*.c.d']}, matches: {branch: 'f/.+'}}, else: deny}\n"
    "  - {id: w, text: Patch., on: put, then: {rewrite: [{op: remove, path: /x}, {op: add, path: /n, value: 1}]}}\n"
    "  - {id: e, text: Patch else., on: put, require: {amount: {of: n, max: 1.5}},"
    " else: {rewrite: [{op: remove, path: /n}]}}\n"
    "  - {id: o, text: Office., on: put, require: {time: {between: '09:00-17:00', days: [mon, fri], zone: Europe/Berlin},"
    " who: {user_in: [ada, bo], tenant_in: [acme]}}, else: ask}\n"
    "  - {id: c, text: Content., on: put, require: {content: {without: [links, images], of: x, hosts_in: [a.b]}}, else: ask}\n"
    "  - {id: s, text: Shell., on: put, require: {shell: {programs_in: [ls, git status], inside: [/srv, ~/x],"
    " hosts_in: [a.b], of: x}}, else: ask}\n"
    "  - {id: q, text: SQL., on: put, require: {sql: {statements_in: [select, insert], tables_in: [a, b.*], of: x}},"
    " else: ask}\n"
    "  - {id: h1, text: History., on: put, require: {count: {max: 20, per: hour}, rate: {max: 5, per: minute, burst: 2},"
    " only_after: {rule: w, same: n}, at_most_once_per: {of: [n, x], per: day}}, else: ask}\n"
    "  - {id: h2, text: History., on: put, require: {count: {of: x, max: 1, per: call}, rate: {max: 1, per: day},"
    " only_after: {tool: put, effect: write}, never_after: {effect: delete}}, else: ask}\n"
    "  - {id: v, text: Values., on: put, require: {came_from: {of: [n, x], in: [user, rules, trusted]}}, else: ask}\n"
    "  - {id: own, text: Own., on: put, require: {python: 'checks.mail:inside'}, else: ask}\n"
    "  - {id: h3, text: History., on: put, require: {count: {max: 1, per: session}}, else: ask}\n",
    tools="{put: {effect: [write, send], source: trusted, args: [n, x, file, url, branch]}, none: {effect: read, args: []}}",
    default="deny",
)


def test_the_example_reads_aloud() -> None:
    """A person can read what is in force, sentence and check together."""
    assert show(load(EXAMPLE)).splitlines()[1:] == [
        "",
        "1. suggest-only: Only suggest deletions. Never delete, trash or archive before the owner confirms.",
        "   On anything that deletes: ask.",
        "2. internal-mail: Send e-mail only inside example.com.",
        "   On send_email: if every recipient is in example.com, allow; if not, or if that cannot be decided, deny.",
        "3. refund-cap: Refund at most 100 EUR at once and 500 EUR a day without asking.",
        "   On refund: if amount is at most 100 and amount adds up to at most 500 per day, allow; if not, or if that cannot be"
        " decided, ask.",
        "4. no-exfiltration: After reading anything from outside, send nothing out without asking.",
        "   On anything that sends or publishes: if nothing from outside was read before, nothing; if not, or"
        " if that cannot be decided, ask.",
        "",
        "Tools:",
        "  gmail.search reads, from outside",
        "  send_email sends",
        "  *delete* deletes",
        "  refund spends",
        "",
        "Otherwise: allow what reads; ask what writes, deletes, sends, publishes, spends, runs code.",
        "A tool that is not declared counts as one that writes.",
    ]


def test_everything_that_a_rule_can_say_reads_aloud() -> None:
    """Every requirement, patches, pinned rules, sources and closed arguments."""
    text = show(EVERYTHING)
    for line in (
        "Pinned; enforced by nothing else.",
        "On put or fs.* where it writes or deletes: if every path is inside /srv or ~/x and every address is on a.b or *.c.d"
        " and branch matches f/.+, nothing; if not, or if that cannot be decided, deny.",
        "On put: change its arguments (remove /x, add /n).",
        "On put: if there are no links or images in x but those on a.b, nothing;",
        "On put: if the time is 09:00-17:00 on mon or fri in Europe/Berlin and the user is ada or bo and the tenant is acme,"
        " nothing;",
        "change its arguments (remove /n).",
        "On put: if the SQL can be read and is select or insert on a or b.*, nothing;",
        "On put: if the command can be read, runs only ls or git status, does no more than read or write, stays inside /srv"
        " or ~/x and talks only to a.b, nothing;",
        "On put: if at most 20 calls per hour and at most 5 calls per minute, evenly spread, 2 of them at once and only"
        " after a call that w is about with the same n and no n and x comes twice per day, nothing;",
        "On put: if at most 1 x per call and at most 1 call per day, evenly spread and only after put with the effect"
        " write and never after a call with the effect delete, nothing;",
        "On put: if at most 1 call per session, nothing;",
        "On put: if n and x came from a person's words or the rules or a trusted result, nothing;",
        "On put: if the function checks.mail:inside says yes, nothing;",
        "  put writes and sends, from a trusted source, with branch, file, n, url, x",
        "  none reads, with no arguments",
        "Otherwise: deny what reads, writes, deletes, sends, publishes, spends, runs code.",
    ):
        assert line in text, line
    assert {name for rule in (*EVERYTHING.rules, *load(EXAMPLE).rules) for name in rule.require or ()} == set(
        PREDICATES
    )


def test_as_json_is_plain_json_with_the_hash() -> None:
    """For programs: plain values only, decimals as text, and the sha256 of the canonical form."""
    found = as_json(EVERYTHING)
    assert json.loads(json.dumps(found)) == found
    assert found["sha256"] == EVERYTHING.sha256
    assert found["version"] == 1
    text = json.dumps(found)
    assert '"max": "1.5"' in text
    assert '"value": 1' in text
    assert '"source": "trusted"' in text
