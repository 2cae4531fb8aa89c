"""frenum: every rule a pattern on an argument; a list of tools that may be called."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "regex_require, tool_allowlist"


def build(rules: int) -> Callable[[str, str], str]:
    frenum = import_module("frenum")
    fillers = max(1, (rules - 3) * 7 // 10)
    tools = ["send_email", "read_mail", "read_file", "read_calendar", *(f"tool_{n}" for n in range(fillers))]
    made = [_require("inside", "send_email", "to", r"[A-Za-z0-9._+-]+@example\.com")]
    made += [{"name": "tools", "type": "tool_allowlist", "params": {"allowed_tools": tools}}]
    made += [_require(f"path-{n}", f"tool_{n}", "path", rf"/srv/{n}/[A-Za-z0-9._-]+") for n in range(fillers)]
    for n in range(max(0, rules - 3 - fillers)):
        made.append(_require(f"subject-{n}", "send_email", "subject", rf"(?:Project {n}: )?[^\x00-\x1f]*"))
    engine = frenum.Engine.from_dict({"rules": made})

    def decided(tool: str, arguments: str) -> str:
        found = engine.evaluate(frenum.ToolCall(tool, json.loads(arguments)))
        return "allow" if found.decision == frenum.Decision.ALLOW else "deny"

    return decided


def _require(name: str, tool: str, field: str, pattern: str) -> dict[str, object]:
    params = {"fields": [field], "pattern": pattern}
    return {"name": name, "type": "regex_require", "applies_to": [tool], "params": params}
