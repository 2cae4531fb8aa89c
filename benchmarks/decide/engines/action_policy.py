"""agent-action-policy: first match wins, one pattern on all arguments glued together; its default turned to DENY."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "match: tool, args_pattern; default_action=DENY; no subject rules (one pattern a call)"


def build(rules: int) -> Callable[[str, str], str]:
    action_policy = import_module("action_policy")
    fillers = max(1, (rules - 3) * 7 // 10)
    made = [_rule("inside", "send_email", r"(^|\s)to=[A-Za-z0-9._+-]+@example\.com(\s|$)")]
    made.append({"name": "read", "match": {"tool": "read_*"}, "action": "approve"})
    made += [_rule(f"path-{n}", f"tool_{n}", rf"path=/srv/{n}/[A-Za-z0-9._-]+$") for n in range(fillers)]
    engine = action_policy.PolicyEngine.from_dict({"policies": made}, default_action=action_policy.Action.DENY)

    def decided(tool: str, arguments: str) -> str:
        found = engine.evaluate(tool=tool, args=json.loads(arguments))
        return "deny" if found.denied else "ask" if found.escalated else "allow"

    return decided


def _rule(name: str, tool: str, pattern: str) -> dict[str, object]:
    return {"name": name, "match": {"tool": tool, "args_pattern": pattern}, "action": "approve"}
