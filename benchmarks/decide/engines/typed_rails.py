"""agent-tool-guardrails (typed_rails): predicates in its own language, and the template of tools that may be called.

Its trust governance is set aside, because it slows down an agent after refusals, whatever the next call is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "predicate: matches(...), template: allowed_tools"


def build(rules: int) -> Callable[[str, str], str]:
    typed_rails = import_module("typed_rails")
    fillers = max(1, (rules - 3) * 7 // 10)
    tools = ["send_email", "read_mail", "read_file", "read_calendar", *(f"tool_{n}" for n in range(fillers))]
    made: list[dict[str, object]] = [{"template": "allowed_tools", "tools": tools}]
    made.append(_matches("inside", "send_email", "to", r"^[A-Za-z0-9._+-]+@example[.]com$"))
    made += [_matches(f"path-{n}", f"tool_{n}", "path", rf"^/srv/{n}/[A-Za-z0-9._-]+$") for n in range(fillers)]
    for n in range(max(0, rules - 3 - fillers)):
        made.append(_matches(f"subject-{n}", "send_email", "subject", rf"^(?:Project {n}: )?[^\x00-\x1f]*$"))
    policy = {"version": 1, "name": "policy", "defaults": {"on_fail": "deny"}, "requirements": made}
    config = import_module("typed_rails.engine").EngineConfig(governance_enforcement=False)
    engine = typed_rails.PolicyEngine(typed_rails.compile_policy(policy), config=config)

    def decided(tool: str, arguments: str) -> str:
        found = engine.evaluate(typed_rails.CallContext(tool=tool, args=json.loads(arguments)))
        return "allow" if found.allowed else "deny"

    return decided


def _matches(name: str, tool: str, field: str, pattern: str) -> dict[str, object]:
    written = json.dumps(pattern)
    return {"id": name, "tools": [tool], "predicate": f"matches(args.{field}, {written})", "on_fail": "deny"}
