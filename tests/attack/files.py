"""Rule files to attack: one that holds, with every kind of requirement, and one that does not."""

from __future__ import annotations

__all__ = ["LEAKY", "TIGHT"]

TIGHT = """\
version: 1
tools:
  send_email: {effect: send, args: [to, cc, body, subject]}
  invite: {effect: send, args: [attendees]}
  write_file: {effect: write, args: [path, content]}
  keep: {effect: write, args: [file]}
  fetch: {effect: [read, send], args: [url]}
  ping: {effect: send, args: [host]}
  run: {effect: execute, args: [command, cwd]}
  pay: {effect: spend, args: [amount, currency, invoice]}
  repay: {effect: spend, args: [amount, currency]}
  tip: {effect: spend, args: [sum]}
  query: {effect: read, args: [sql]}
  post: {effect: publish, args: [text, title]}
  trash: {effect: delete, args: [ids]}
  trash_one: {effect: delete, args: [id]}
  validate: read
  deploy: {effect: execute, args: [build]}
  inbox: {effect: read, source: untrusted}
rules:
  - id: mail
    text: Send mail inside the company, and nothing after reading the inbox.
    on: [send_email]
    require: {recipients: {domain_in: [corp.test, "*.corp.test"]}, never_after: {source: untrusted}}
    then: allow
    else: deny
  - id: invite
    text: Inside.
    on: invite
    require: {recipients: {domain_in: ["*.corp.test"]}}
    then: allow
    else: deny
  - {id: files, text: Inside., on: write_file, require: {path: {inside: [/data/x, ~/notes]}}, then: allow, else: deny}
  - id: keep
    text: Inside.
    on: keep
    require: {path: {inside: ~/notes, case: ignore, home: /home/eve}}
    then: allow
    else: deny
  - id: hosts
    text: Inside.
    on: fetch
    require: {url: {host_in: ["*.corp.test", corp.test]}}
    then: allow
    else: deny
  - {id: ping, text: Inside., on: ping, require: {url: {host_in: [corp.test]}}, then: allow, else: deny}
  - id: shell
    text: Look.
    on: run
    require: {shell: {programs_in: [ls, cat, git status], inside: /data/x}}
    then: allow
    else: deny
  - id: pay
    text: Little, and nothing twice.
    on: pay
    require:
      amount: {of: amount, max: 250 USD}
      total: {of: amount, per: day, max: 700 USD}
      at_most_once_per: {of: invoice, per: session}
    then: allow
    else: ask
  - {id: back, text: Little., on: repay, require: {amount: {of: amount, max: [30 EUR, 40 USD]}}, then: allow, else: ask}
  - {id: tip, text: Little., on: tip, require: {total: {of: sum, per: session, max: 7}}, then: allow, else: ask}
  - id: sql
    text: Look.
    on: query
    require: {sql: {statements_in: [select], tables_in: [customers, shop.*]}}
    then: allow
    else: deny
  - id: post
    text: No links.
    on: post
    require: {content: {without: [links, secrets], hosts_in: [corp.test]}}
    then: allow
    else: deny
  - {id: trash, text: Few., on: trash, require: {count: {of: ids, per: call, max: 3}}, then: allow, else: ask}
  - {id: seldom, text: Few., on: trash_one, require: {count: {per: hour, max: 3}}, then: allow, else: ask}
  - {id: order, text: First validate., on: deploy, require: {only_after: {tool: validate}}, then: allow, else: ask}
  - {id: never, text: Delete little., on: {effect: delete}, require: {count: {per: day, max: 50}}, else: ask}
"""

LEAKY = """\
version: 1
default: {read: allow, other: allow}
tools:
  send_email: send
  write_file: write
  fetch: [read, send]
  run_shell: execute
  wire: spend
  inbox: {effect: read, source: untrusted}
  drop: {effect: send, args: [text]}
rules:
  - {id: mail, text: Inside., on: send_email, require: {matches: {to: ".*@example[.]com.*"}}, else: deny}
  - {id: files, text: Inside., on: write_file, require: {matches: {path: "/srv/project/.*"}}, else: deny}
  - {id: hosts, text: Inside., on: fetch, require: {matches: {url: "https://docs[.]example[.]com.*"}}, else: deny}
  - {id: shell, text: Look., on: run_shell, require: {matches: {command: "ls.*|cat .*"}}, then: allow, else: deny}
  - {id: pay, text: Little., on: wire, require: {matches: {amount: "[0-9]{1,2}( EUR)?"}}, else: deny}
  - {id: quiet, text: No leak., on: drop, require: {never_after: {tool: inbox}}, else: ask}
"""
