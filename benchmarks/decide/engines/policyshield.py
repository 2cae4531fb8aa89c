"""PolicyShield: rules that block what does not look right, its default turned to BLOCK and failing closed.

A prohibition needs the outside in words, so what is inside is allowed and the rest is blocked by the default.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "when: tool, args regex; default_verdict: BLOCK, fail_open=False"


def build(rules: int) -> Callable[[str, str], str]:
    parser, shield = import_module("policyshield.core.parser"), import_module("policyshield.shield.engine")
    fillers = max(1, (rules - 3) * 7 // 10)
    made = [_rule("inside", "send_email", "to", r"\A[A-Za-z0-9._+-]+@example\.com\Z", "ALLOW")]
    made.append({"id": "delete", "when": {"tool": "delete_.*"}, "then": "BLOCK"})
    made.append({"id": "read", "when": {"tool": "read_.*"}, "then": "ALLOW"})
    made += [_rule(f"path-{n}", f"tool_{n}", "path", rf"\A/srv/{n}/[A-Za-z0-9._-]+\Z", "ALLOW") for n in range(fillers)]
    for n in range(max(0, rules - 3 - fillers)):
        made.append(_rule(f"subject-{n}", "send_email", "subject", rf"\AProject {n}[^ ]", "BLOCK"))
    policy = {"shield_name": "policy", "version": 1, "default_verdict": "BLOCK", "rules": made}
    engine = shield.ShieldEngine(parser.parse_rules_from_string(json.dumps(policy)), fail_open=False)

    def decided(tool: str, arguments: str) -> str:
        found = engine.check(tool, json.loads(arguments)).verdict.value
        return {"ALLOW": "allow", "REDACT": "allow", "APPROVE": "ask"}.get(found, "deny")

    return decided


def _rule(name: str, tool: str, field: str, pattern: str, then: str) -> dict[str, object]:
    return {"id": name, "when": {"tool": tool, "args": {field: {"regex": pattern}}}, "then": then}
