"""Bad rule files: every one is refused at load, with file, line, column and a way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EXAMPLE

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.load import load
from pinnedrules.rules.meaning import MAX_TEXT
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.source import MAX_CHARS

TEXT = "version: 1\nrules:\n  - id: a\n    text: Text.\n"
ON = TEXT + "    on: act\n"
CLOSED = (
    "version: 1\ntools:\n  act: {effect: write, args: [n, note]}\nrules:\n  - id: a\n    text: Text.\n    on: act\n"
)
REQUIRE = CLOSED + "    else: deny\n    require: "

BAD = [
    # what is no YAML, or not the part of it that a person reads as it is meant
    ("", 1, 1, "the file is empty", "begin with version: 1"),
    ("# nothing\n", 1, 1, "the file is empty", "begin with version: 1"),
    ("a: [1\nb: 2", 2, 2, "not YAML: expected ',' or ']', but got ':'", "check the indentation"),
    ("a: b: c", 1, 5, "not YAML: mapping values are not allowed here", "check the indentation"),
    ("\tversion: 1", 1, 1, "not YAML: found character '\\t' that cannot start any token", "check the indentation"),
    ("- version: 1", 1, 1, "a rule file is a map", "begin with version: 1"),
    ("just text", 1, 1, "a rule file is a map", "begin with version: 1"),
    ("version: 1\nrules: \x07", 2, 8, "control character \\u0007", "take it out"),
    ("version: 1\n\x00", 2, 1, "control character \\u0000", "take it out"),
    ("version: 1\nrules: \ud800", 2, 8, "control character \\ud800", "take it out"),
    ("version: 1\nversion: 1\n" + TEXT[11:], 2, 1, "the key 'version' twice", "the first is on line 1; keep one"),
    (TEXT + "    text: Again.\n", 5, 5, "the key 'text' twice", "the first is on line 4; keep one"),
    ("version: &v 1\n" + TEXT[11:], 1, 10, "an anchor or alias", "write the value out where it is used"),
    ("version: 1\nrules: *r\n", 2, 8, "an anchor or alias", "write the value out where it is used"),
    ("version: !!int 1\n" + TEXT[11:], 1, 10, "the tag tag:yaml.org,2002:int", "take it out; use quotes for a text"),
    ("version: 1\nrules: !!python/object:os.system x\n", 2, 8, "the tag tag:yaml.org,2002:python/object:os.system",
     "take it out; use quotes for a text"),
    ("version: 1\n<<: {a: 1}\n", 2, 1, "a merge key", "write the values out"),
    ("version: 1\n1: 2\n", 2, 1, "a key that is not a text", "put it in quotes"),
    ("version: 1\n? [a]\n: 2\n", 2, 3, "a key that is not a text", "put it in quotes"),
    ("%YAML 1.1\n---\nversion: 1\n", 2, 1, "a YAML directive", "take out the line that begins with %"),
    ('version: 1\nrules: "\\UFFFFFFFF"\n', 1, 1, "not YAML: a number or an escape that cannot be read",
     "check quotes and escapes"),
    ("version: 1\n---\nversion: 1\n", 2, 1, "a second document", "write everything into one"),
    ("a: " + "[" * 30 + "]" * 30, 1, 24, "nested deeper than 20 levels", "a rule file is flat"),
    # the shape
    ("rules:\n  - {id: a, text: T.}\n", 1, 1, "'version' is missing", "write version: ..."),
    ("version: 2\n" + TEXT[11:], 1, 10, "must be 1", "write 1"),
    ("version: '1'\n" + TEXT[11:], 1, 10, "must be 1", "write 1"),
    ("version: 1\n", 1, 1, "'rules' is missing", "write rules: ..."),
    ("version: 1\nrules: []\n", 2, 8, "is empty", "see the rule file's page"),
    ("version: 1\nrules:\n", 2, 1, "nothing stands after 'rules'", "write a value or take it out"),
    ("version: 1\nrules:\n  -\n", 3, 4, "an empty entry", "write a value or take it out"),
    ("version: 1\nrules: {a: b}\n", 2, 8, "must be a list", "see the rule file's page"),
    ("version: 1\nrules: [text]\n", 2, 9, "must be a map", "see the rule file's page"),
    ("version: 1\nrule:\n  - {id: a, text: T.}\n", 2, 1, "unknown key 'rule'", "did you mean 'rules'?"),
    (TEXT + "    thn: ask\n", 5, 5, "unknown key 'thn'", "did you mean 'then'?"),
    (TEXT + "    xyz: ask\n", 5, 5, "unknown key 'xyz'", "known: id, text, on, require, then, else, remind"),
    (TEXT + "    otherwise: ask\n", 5, 5, "unknown key 'otherwise'", "known: id, text, on, require, then, else, remind"),
    (TEXT + "    remind: often\n", 5, 13, "must be a whole number", "write remind: 20"),
    (TEXT + "    remind: 1.5\n", 5, 13, "must be a whole number", "write remind: 20"),
    (TEXT + "    remind: 0\n", 5, 13, "0 turns", "write a number from 1 to 10,000"),
    (TEXT + "    remind: -3\n", 5, 13, "-3 turns", "write a number from 1 to 10,000"),
    (TEXT + "    remind: true\n", 5, 13, "must be a whole number", "write remind: 20"),
    (TEXT + "    on: {tol: x}\n", 5, 10, "unknown key 'tol'", "did you mean 'tool'?"),
    ("version: 1\ndefault: {reed: allow}\n" + TEXT[11:], 2, 11, "unknown key 'reed'", "did you mean 'read'?"),
    ("version: 1\ndefault: {read: alow}\n" + TEXT[11:], 2, 17, "'alow' is not known here", "did you mean 'allow'?"),
    ("version: 1\ndefault: maybe\n" + TEXT[11:], 2, 10, "'maybe' is not known here", "write allow, ask or deny"),
    ("version: 1\ntools: {x: {efect: read}}\n" + TEXT[11:], 2, 13, "unknown key 'efect'", "did you mean 'effect'?"),
    ("version: 1\ntools: {x: {effect: read, soruce: trusted}}\n" + TEXT[11:], 2, 27, "unknown key 'soruce'",
     "did you mean 'source'?"),
    ("version: 1\ntools: {x: raed}\n" + TEXT[11:], 2, 12, "'raed' is not known here", "did you mean 'read'?"),
    ("version: 1\ntools: {x: [read, sned]}\n" + TEXT[11:], 2, 19, "'sned' is not known here", "did you mean 'send'?"),
    ("version: 1\ntools: {x: []}\n" + TEXT[11:], 2, 12, "is empty", "see the rule file's page"),
    ("version: 1\ntools: {x: 5}\n" + TEXT[11:], 2, 12, "must be a map", "see the rule file's page"),
    ("version: 1\ntools: {x: {effect: read, args: [1]}}\n" + TEXT[11:], 2, 34, "must be a text", "put it in quotes"),
    ("version: 1\nrules:\n  - {id: 7, text: T.}\n", 3, 10, "must be a text", "put it in quotes"),
    ("version: 1\nrules:\n  - {id: a, text: 0.5}\n", 3, 19, "must be a text", "put it in quotes"),
    ("version: 1\nrules:\n  - {id: a, text: true}\n", 3, 19, "must be a text", "put it in quotes"),
    ("version: 1\nrules:\n  - {id: a, text: null}\n", 3, 13, "nothing stands after 'text'",
     "write a value or take it out"),
    ("version: 1\nrules:\n  - {id: a, text: [T.]}\n", 3, 19, "must be a text", "put it in quotes"),
    ("version: 1\nrules:\n  - {text: T.}\n", 3, 5, "'id' is missing", "write id: ..."),
    (ON + "    then: dney\n", 6, 11, "'dney' is not known here", "did you mean 'deny'?"),
    (ON + "    then: [deny]\n", 6, 11, "must be a word", "write allow, ask or deny"),
    (ON + "    require: {amount: {of: n, max: 1}}\n    else: allow\n", 7, 11, "'allow' is not known here",
     "write ask or deny"),
    (ON + "    require: amount\n", 6, 14, "must be a map", "see the rule file's page"),
    (ON + "    require: {amount: 5}\n", 6, 23, "must be a map", "see the rule file's page"),
    # two errors: the first in reading order is told
    (ON + "    thn: ask\nversion2: 1\n", 6, 5, "unknown key 'thn'", "did you mean 'then'?"),
    # ids and texts
    ("version: 1\nrules:\n  - {id: a b, text: T.}\n", 3, 10, "not an id: 'a b'", "letters, digits, . _ -, at most 64"),
    ("version: 1\nrules:\n  - {id: '', text: T.}\n", 3, 10, "not an id: ''", "letters, digits, . _ -, at most 64"),
    (TEXT + "  - {id: a, text: T.}\n", 5, 10, "the id 'a' is used twice", "give every rule its own"),
    (TEXT + "  - {id: A, text: T.}\n", 5, 10, "the id 'A' is used twice", "give every rule its own"),
    ("version: 1\nrules:\n  - {id: a, text: '  '}\n", 3, 19, "the text is empty",
     "write the sentence that the model shall read"),
    ("version: 1\nrules:\n  - {id: a, text: 'x" + "y" * MAX_TEXT + "'}\n", 3, 19,
     "the text is longer than 2000 characters",
     "split the rule"),
    ('version: 1\nrules:\n  - {id: a, text: "a\\u0007b"}\n', 3, 19, "the text holds the invisible character \\u0007",
     "take it out"),
    ('version: 1\nrules:\n  - {id: a, text: "a\\u202eb"}\n', 3, 19, "the text holds the invisible character \\u202e",
     "take it out"),
    ("version: 1\nrules:\n  - {id: a, text: a\u200bb}\n", 3, 19, "the text holds the invisible character \\u200b",
     "take it out"),
    ("version: 1\nrules:\n  - id: a\n    text: |\n      a\n      b\n", 4, 11, "the text has several lines",
     "begin it with >- so that the lines are joined"),
    # rules that would do nothing, or the wrong thing
    (TEXT + "    then: ask\n", 5, 5, "'then' without 'on'", "say what the rule is about: on: ..."),
    (TEXT + "    else: ask\n", 5, 5, "'else' without 'on'", "say what the rule is about: on: ..."),
    (TEXT + "    require: {never_after: {source: untrusted}}\n", 5, 5, "'require' without 'on'",
     "say what the rule is about: on: ..."),
    (ON + "    else: ask\n", 6, 5, "'else' without 'require'", "use then"),
    (ON + "    require: {}\n    else: ask\n", 6, 5, "'require' is empty", "take it out or write a requirement"),
    (ON + "    require: {amount: {of: n, max: 1}}\n", 3, 5,
     "the rule says nothing, whether its requirement holds or not",
     "add else: ask or else: deny"),
    (ON + "    require: {amount: {of: n, max: 1}}\n    then: deny\n", 7, 5,
     "'then' is stricter than 'else', so a call that cannot be read would slip past",
     "require what is permitted and put the objection in else"),
    (ON + "    require: {amount: {of: n, max: 1}}\n    then: deny\n    else: ask\n", 7, 5,
     "'then' is stricter than 'else', so a call that cannot be read would slip past",
     "require what is permitted and put the objection in else"),
    (ON + "    require: {amount: {of: n, max: 1}}\n    then: {rewrite: [{op: remove, path: /n}]}\n", 7, 5,
     "'then' is stricter than 'else', so a call that cannot be read would slip past",
     "require what is permitted and put the objection in else"),
    # servers
    ("version: 1\nservers: {git__hub: {tools: {x: 'sha256:" + "a" * 64 + "'}}}\n" + TEXT[11:], 2, 11,
     "no server can have the name 'git__hub'",
     "write it as it stands in the names of its tools, without mcp__: github for mcp__github__get_me"),
    ("version: 1\nservers: {github: {trusted: true}}\n" + TEXT[11:], 2, 19, "'tools' is missing", "write tools: ..."),
    ("version: 1\nservers: {github: {tools: {}}}\n" + TEXT[11:], 2, 27, "it pins no tool, so nothing of it is known",
     "pinnedrules init --from TRACE writes the digests of tools"),
    ("version: 1\nservers: {github: {trusted: yes, tools: {}}}\n" + TEXT[11:], 2, 29, "must be something else",
     "see the rule file's page"),
    ("version: 1\nservers: {github: {trust: true, tools: {}}}\n" + TEXT[11:], 2, 20, "unknown key 'trust'",
     "did you mean 'trusted'?"),
    ("version: 1\nservers: {github: {tools: {x: 'sha256:12'}}}\n" + TEXT[11:], 2, 31, "not a digest",
     "write sha256: and 64 characters of 0-9 and a-f"),
    ("version: 1\nservers: {github: {tools: {'x*': 'sha256:" + "a" * 64 + "'}}}\n" + TEXT[11:], 2, 28,
     "a pattern has no definition", "name one tool"),
    ("version: 1\nservers: {github: {tools: {'x y': 'sha256:" + "a" * 64 + "'}}}\n" + TEXT[11:], 2, 28,
     "no tool can have the name 'x y'", "letters, digits, _ . : / - and the wildcards * ?"),
    # rules that can never match
    (TEXT + "    on: []\n", 5, 9, "is empty", "see the rule file's page"),
    (TEXT + "    on: {}\n", 5, 5, "'on' is empty", "name a tool or an effect"),
    (TEXT + "    on: {effect: delet}\n", 5, 18, "'delet' is not known here", "did you mean 'delete'?"),
    (TEXT + "    on: {tool: act, effect: send}\n", 5, 29, "the rule can never match: no tool here has the effect send",
     'declare the tools that have it under tools, e.g. "*delete*": delete'),
    ("version: 1\ntools: {pay: spend}\nrules:\n  - id: a\n    text: T.\n    on: {tool: pay, effect: delete}\n", 6, 29,
     "the rule can never match: no tool here has the effect delete",
     'declare the tools that have it under tools, e.g. "*delete*": delete'),
    (TEXT + "    on: löschen\n", 5, 9, "no tool can have the name 'löschen'",
     "letters, digits, _ . : / - and the wildcards * ?"),
    (TEXT + "    on: [act, send mail]\n", 5, 15, "no tool can have the name 'send mail'",
     "letters, digits, _ . : / - and the wildcards * ?"),
    (TEXT + "    on: '__'\n", 5, 9, "no tool can have the name '__'",
     "letters, digits, _ . : / - and the wildcards * ?"),
    ("version: 1\ntools: {'a b': read}\n" + TEXT[11:], 2, 9, "no tool can have the name 'a b'",
     "letters, digits, _ . : / - and the wildcards * ?"),
    ("version: 1\ntools: {send_email: send}\nrules:\n  - {id: a, text: T., on: send_emial, then: deny}\n", 4, 27,
     "no tool is declared as 'send_emial'", "did you mean 'send_email'? if not, declare send_emial under tools"),
    ("version: 1\ntools: {send_email: send, SendEmail: send}\n" + TEXT[11:], 2, 27,
     "'SendEmail' and 'send_email' are one name to a lenient program", "keep one"),
    ("version: 1\ntools: {x: {effect: read, args: ['']}}\n" + TEXT[11:], 2, 33, "an argument without a name",
     "take it out"),
    # requirements
    (REQUIRE + "{recipient: {domain_in: [a.b]}}\n", 9, 15, "unknown requirement 'recipient'",
     "did you mean 'recipients'?"),
    (REQUIRE + "{xyz: {}}\n", 9, 15, "unknown requirement 'xyz'",
     f"known: {', '.join(PREDICATES)}"),
    (REQUIRE + "{amount: {of: n}}\n", 9, 23, "amount: 'max' is missing", "write max: ..."),
    (REQUIRE + "{amount: {of: n, max: 1, maxx: 2}}\n", 9, 39, "amount: unknown key 'maxx'", "did you mean 'max'?"),
    (REQUIRE + "{amount: {of: n, max: lots}}\n", 9, 36, "amount: not an amount: lots", "write 100, or 100 EUR"),
    (REQUIRE + "{amount: {of: n, max: -1}}\n", 9, 36, "amount: not an amount: -1", "write 100, or 100 EUR"),
    (REQUIRE + "{amount: {of: 5, max: 1}}\n", 9, 28, "amount: must be the name of an argument", ""),
    (REQUIRE + "{amount: {of: m, max: 1}}\n", 9, 28, "act has no argument 'm'", "its args: n, note"),
    (REQUIRE + "{amount: {of: nte, max: 1}}\n", 9, 28, "act has no argument 'nte'", "did you mean 'note'?"),
    (REQUIRE + "{total: {of: n, per: week, max: 1}}\n", 9, 35, "total: must be call, hour, day or session", ""),
    (REQUIRE + "{total: {of: n, per: sesion, max: 1}}\n", 9, 35, "total: must be call, hour, day or session",
     "did you mean 'session'?"),
    (REQUIRE + "{never_after: {source: untrsted}}\n", 9, 37, "never_after: must be untrusted",
     "did you mean 'untrusted'?"),
    (REQUIRE + "{never_after: {}}\n", 9, 28, "never_after: 'source', 'tool', 'effect' or 'rule' is missing",
     "say after what: tool: ..."),
    (REQUIRE + "{never_after: {source: trusted}}\n", 9, 37, "never_after: must be untrusted",
     "did you mean 'untrusted'?"),
    (REQUIRE + "{never_after: {source: untrusted, tool: act}}\n", 9, 37, "never_after: 'source' beside others",
     "write a rule for each"),
    (REQUIRE + "{only_after: {same: n}}\n", 9, 27, "only_after: 'tool', 'effect' or 'rule' is missing",
     "say after what: tool: ..."),
    (REQUIRE + "{only_after: {source: untrusted}}\n", 9, 28, "only_after: unknown key 'source'",
     "known: tool, effect, rule, same"),
    (REQUIRE + "{only_after: {effect: zap}}\n", 9, 36, "only_after: 'zap' is no effect", ""),
    (REQUIRE + "{only_after: {effect: [read, wriet]}}\n", 9, 43, "only_after: 'wriet' is no effect",
     "did you mean 'write'?"),
    (REQUIRE + "{only_after: {rule: a}}\n", 9, 34, "only_after: a rule that refers to itself", "name another rule"),
    (REQUIRE + "{only_after: {rule: 7}}\n", 9, 34, "only_after: must be the id of a rule", ""),
    (REQUIRE + "{only_after: {rule: b, tool: act}}\n", 9, 34, "only_after: 'rule' beside 'tool' or 'effect'",
     "keep one of them"),
    (REQUIRE + "{only_after: {rule: b}}\n", 9, 34, "no rule that is about calls has the id 'b'", "known: a"),
    (REQUIRE + "{only_after: {tool: act, same: m}}\n", 9, 45, "act has no argument 'm'", "its args: n, note"),
    (REQUIRE + "{only_after: {tool: acct}}\n", 9, 34, "no tool is declared as 'acct'",
     "did you mean 'act'? if not, declare acct under tools"),
    (REQUIRE + "{count: {max: 1}}\n", 9, 22, "count: 'per' is missing", "write per: ..."),
    (REQUIRE + "{count: {max: 1, per: week}}\n", 9, 36, "count: must be call, hour, day or session", ""),
    (REQUIRE + "{count: {max: 1.5, per: day}}\n", 9, 28, "count: not a number of things: 1.5",
     "write a whole number, 0 or more"),
    (REQUIRE + "{count: {max: 1, per: call}}\n", 9, 36, "count: per: call without 'of': a call is one call",
     "name what is counted with of: ..."),
    (REQUIRE + "{count: {max: 1, per: session, scope: user}}\n", 9, 52, "count: 'scope' with per: session",
     "take it out, or write per: hour or per: day"),
    (REQUIRE + "{count: {max: 1, per: day, scope: usr}}\n", 9, 48, "count: must be user or session",
     "did you mean 'user'?"),
    (REQUIRE + "{count: {max: 1, per: call, of: ids.x}}\n", 9, 46, "act has no argument 'ids'", "its args: n, note"),
    (REQUIRE + "{rate: {max: 0, per: day}}\n", 9, 27, "rate: not a number of calls: 0",
     "write a whole number, 1 to 1000000"),
    (REQUIRE + "{rate: {max: 3, per: day, burst: 4}}\n", 9, 47, "rate: not a number of calls: 4",
     "write a whole number, 1 to 3"),
    (REQUIRE + "{rate: {max: 3, per: second}}\n", 9, 35, "rate: must be minute, hour or day", ""),
    (REQUIRE + "{at_most_once_per: {of: n, per: hour}}\n", 9, 46, "at_most_once_per: must be day or session", ""),
    (REQUIRE + "{matches: {}}\n", 9, 24, "matches: names no argument", "write matches: {branch: 'feature/.+'}"),
    (REQUIRE + "{matches: {n: '(a'}}\n", 9, 28, "matches: not an RE2 pattern: missing ): (a",
     "RE2 has no look-around and no back-references"),
    (REQUIRE + "{matches: {n: '(?=a)'}}\n", 9, 28, "matches: not an RE2 pattern: invalid perl operator: (?=",
     "RE2 has no look-around and no back-references"),
    (REQUIRE + "{matches: {n: '" + "a" * 1001 + "'}}\n", 9, 28, "matches: a pattern is longer than 1000 characters",
     ""),
    (REQUIRE + "{matches: {n: 5}}\n", 9, 28, "matches: a pattern must be a text", "put it in quotes"),
    (REQUIRE + "{matches: {m: x}}\n", 9, 28, "act has no argument 'm'", "its args: n, note"),
    (REQUIRE + "{recipients: {domain_in: [a.b]}}\n", 9, 15, "none of the args of act is one that recipients looks at",
     "name one with of: n, note"),
    (REQUIRE + "{recipients: {domain_in: [a.b], of: to}}\n", 9, 50, "act has no argument 'to'", "its args: n, note"),
    (REQUIRE + "{recipients: {domain_in: []}}\n", 9, 39, "recipients: 'domain_in' is empty",
     "a requirement that nothing can meet"),
    (REQUIRE + "{recipients: {domain_in: [a.b, 5]}}\n", 9, 45, "recipients: must be a text", "put it in quotes"),
    (REQUIRE + "{recipients: {domain_in: {a: b}}}\n", 9, 39,
     "recipients: 'domain_in' must be a text or a list of texts", ""),
    (REQUIRE + "{recipients: {domain_in: '@a.b', of: n}}\n", 9, 39, "recipients: not a host name: '@a.b'",
     "write example.com, or *.example.com for all below it"),
    (REQUIRE + "{recipients: {domain_in: [a.b, 127.0.0.1], of: n}}\n", 9, 45,
     "recipients: not a host name: '127.0.0.1'",
     "write example.com, or *.example.com for all below it"),
    (REQUIRE + "{url: {host_in: ['https://a.b'], of: n}}\n", 9, 31, "url: not a host name: 'https://a.b'",
     "write example.com, or *.example.com for all below it"),
    (REQUIRE + "{url: {host_in: ['*.1.2.3.4'], of: n}}\n", 9, 31, "url: not a host name: '*.1.2.3.4'",
     "write example.com, or *.example.com for all below it"),
    (REQUIRE + "{url: {host_in: ['[fe80::1%eth0]'], of: n}}\n", 9, 31, "url: not a host name: '[fe80::1%eth0]'",
     "write example.com, or *.example.com for all below it"),
    (REQUIRE + "{url: {host_in: ['::1'], of: n}}\n", 9, 31, "url: not a host name: '::1'",
     "write example.com, or *.example.com for all below it"),
    (REQUIRE + "{url: {host_in: ['[127.0.0.1]'], of: n}}\n", 9, 31, "url: not a host name: '[127.0.0.1]'",
     "write example.com, or *.example.com for all below it"),
    (REQUIRE + "{path: {inside: srv, of: n}}\n", 9, 30, "path: not a folder: 'srv'",
     "write it from / or ~/ on, without patterns"),
    (REQUIRE + "{path: {inside: ['/srv/*'], of: n}}\n", 9, 31, "path: not a folder: '/srv/*'",
     "write it from / or ~/ on, without patterns"),
    (REQUIRE + "{path: {inside: /srv/../etc, of: n}}\n", 9, 30, "path: not a plain folder: '/srv/../etc'",
     "write it without .."),
    # rewrites
    (CLOSED + "    then: {rewrite: []}\n", 8, 21, "is empty", "see the rule file's page"),
    (CLOSED + "    then: {rewrit: []}\n", 8, 12, "unknown key 'rewrit'", "did you mean 'rewrite'?"),
    (CLOSED + "    then: {rewrite: [{op: remove, path: /n}], x: 1}\n", 8, 47, "unknown key 'x'", "known: rewrite"),
    (CLOSED + "    then: {rewrite: [{op: del, path: /n}]}\n", 8, 27, "'del' is not known here",
     "write add, remove, replace, move, copy or test"),
    (CLOSED + "    then: {rewrite: [{op: remove, pth: /n}]}\n", 8, 35, "unknown key 'pth'", "did you mean 'path'?"),
    (CLOSED + "    then: {rewrite: [{op: remove, path: /n, vlue: 1}]}\n", 8, 45, "unknown key 'vlue'",
     "did you mean 'value'?"),
    (CLOSED + "    then: {rewrite: [{op: add, path: /n}]}\n", 8, 22, "add takes path and value", "see RFC 6902"),
    (CLOSED + "    then: {rewrite: [{op: remove, path: /n, value: 1}]}\n", 8, 22, "remove takes path", "see RFC 6902"),
    (CLOSED + "    then: {rewrite: [{op: add, path: /n, value: {a: [1, 0.5]}}]}\n", 8, 49, "a number with a fraction",
     "write a whole number, or a text in quotes"),
    (CLOSED + "    then: {rewrite: [{op: move, path: /n}]}\n", 8, 22, "move takes path and from", "see RFC 6902"),
    (CLOSED + "    then: {rewrite: [{op: remove, path: n}]}\n", 8, 41, "not a JSON Pointer to an argument: 'n'",
     "write /name"),
    (CLOSED + "    then: {rewrite: [{op: remove, path: ''}]}\n", 8, 41, "not a JSON Pointer to an argument: ''",
     "write /name"),
    (CLOSED + "    then: {rewrite: [{op: remove, path: /a~2}]}\n", 8, 41, "not a JSON Pointer to an argument: '/a~2'",
     "write /name"),
    (CLOSED + "    then: {rewrite: [{op: move, from: /m/x, path: /n}]}\n", 8, 39, "act has no argument 'm'",
     "its args: n, note"),
    (CLOSED + "    then: {rewrite: [{op: add, path: /m, value: null}]}\n", 8, 38, "act has no argument 'm'",
     "its args: n, note"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "column", "problem", "hint"), BAD, ids=[f"{row[3]}-{n}" for n, row in enumerate(BAD)]
)
def test_a_bad_file_is_refused_with_place_and_way_out(
    text: str, line: int, column: int, problem: str, hint: str
) -> None:
    """An unknown key, an unknown predicate, a bad pattern, a rule that can never match: an error at load, with file, line,
    column and a way out."""
    with pytest.raises(RuleFileError) as caught:
        load(text, file="rules.yaml")
    found = caught.value
    assert (found.line, found.column, found.problem, found.hint) == (line, column, problem, hint)
    assert str(found) == f"rules.yaml:{line}:{column}: {problem}" + (f"; {hint}" if hint else "")


def test_a_file_that_is_too_long_is_refused_before_it_is_parsed() -> None:
    """A rule file has a size that a person can read."""
    with pytest.raises(RuleFileError, match="longer than"):
        load("#" * (MAX_CHARS + 1))


GOOD = [
    "\ufeff" + TEXT,
    TEXT.replace("\n", "\r\n"),
    ON,
    ON + "    then: {rewrite: [{op: add, path: /a~1b~0c/0, value: null}]}\n",
    CLOSED + "    then: {rewrite: [{op: add, path: /note, value: {deep: [null, 1]}}]}\n",
    TEXT + "    on: {effect: [delete, write]}\n",
    TEXT + "    on: {effect: send}\n",
    TEXT + "    on: {tool: web_fetch, effect: send}\n",
    TEXT + "    on: 'mcp__*'\n",
    TEXT + "    on: [a, b.c, 'd:e/f-*']\n",
    "version: 1\ntools: {look: read}\nrules:\n  - {id: a, text: T., on: {tool: look, effect: send}}\n",
    "version: 1\ntools: {'del*': delete}\nrules:\n  - {id: a, text: T., on: delete_file, then: deny}\n",
    "version: 1\ntools: {send_email: send}\nrules:\n  - {id: a, text: T., on: gmail.send_email, then: deny}\n",
    "version: 1\ntools: {send_email: send}\nrules:\n  - {id: a, text: T., on: something_else, then: deny}\n",
    "version: 1\nrules:\n  - id: a\n    text: >\n      Two lines\n      are one.\n",
    "version: 1\nrules:\n  - id: a\n    text: Das dürfen Sie nicht — niemals.\n",
    CLOSED + "    require: {recipients: {domain_in: a.b, of: note}}\n    else: deny\n",
    ON + "    require: {amount: {of: n, max: 0.5}}\n    then: ask\n    else: deny\n",
    ON + "    require: {amount: {of: n, max: .5}}\n    else: {rewrite: [{op: remove, path: /n}]}\n",
]


@pytest.mark.parametrize("text", GOOD, ids=range(len(GOOD)))
def test_a_good_file_loads(text: str) -> None:
    """What a person may reasonably write is in force."""
    assert load(text).rules[0].text


def test_shorthand_means_what_it_is_short_for() -> None:
    """One word, a list and the long form say the same."""
    short = load("version: 1\ndefault: ask\ntools: {a: send}\nrules:\n  - {id: r, text: T., on: a}\n")
    long = load(
        "version: 1\ndefault: {read: ask, other: ask}\ntools: {a: {effect: [send]}}\n"
        "rules:\n  - {id: r, text: T., on: {tool: [a]}, then: ask}\n"
    )
    assert short == long


def test_the_default_default_allows_reads_and_asks_about_the_rest() -> None:
    """A file that says nothing gets the design's default."""
    assert load(TEXT).default == load(TEXT.replace("rules:", "default: {read: allow, other: ask}\nrules:")).default


def test_words_that_other_yaml_reads_as_booleans_are_words() -> None:
    """``on`` is a key and ``no`` a text: YAML 1.2, not 1.1."""
    assert load("version: 1\nrules:\n  - {id: no, text: yes, on: off}\n").rules[0].id == "no"


def refusal(text: str) -> RuleFileError | None:
    """Return why *text* is refused; nothing else may be raised."""
    try:
        assert load(text, file="f").rules
    except RuleFileError as error:
        return error
    return None


@given(st.text(max_size=80))
def test_no_text_makes_loading_fail_otherwise(text: str) -> None:
    """Whatever the file holds, it is in force or refused with a place."""
    for candidate in (text, TEXT + "    on: " + text, REQUIRE + text):
        found = refusal(candidate)
        assert found is None or (found.line >= 1 and found.column >= 1)


@given(st.integers(0, len(EXAMPLE) - 1), st.sampled_from("{}[]:,-#&*!|>'\"%@` \n\tx0"))
def test_no_slip_of_the_finger_makes_loading_fail_otherwise(at: int, char: str) -> None:
    """One wrong character in a good file: refused with a place, or a file that still says what it enforces."""
    found = refusal(EXAMPLE[:at] + char + EXAMPLE[at + 1 :])
    assert found is None or (found.line >= 1 and found.column >= 1)
