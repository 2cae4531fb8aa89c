"""tenuo, tier 1: a list of tools with a constraint for each argument; any other argument is refused."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

FORM = "allow(tool, argument=Regex(...)); no subject rules (one constraint an argument)"


def build(rules: int) -> Callable[[str, str], str]:
    tenuo, guard = import_module("tenuo"), import_module("tenuo.openai")
    fillers = max(1, (rules - 3) * 7 // 10)
    any_text = tenuo.Wildcard()
    allowed = {f"read_{what}": {"query": any_text, "folder": any_text} for what in ("mail", "file", "calendar")}
    inside = tenuo.Regex(r"^[A-Za-z0-9._+-]+@example\.com$")
    allowed["send_email"] = {"to": inside, "subject": any_text, "body": any_text}
    for n in range(fillers):
        allowed[f"tool_{n}"] = {"path": tenuo.Regex(rf"^/srv/{n}/[A-Za-z0-9._-]+$")}
    tools = list(allowed)

    def decided(tool: str, arguments: str) -> str:
        try:
            guard.verify_tool_call(tool, tenuo.parse_strict_json(arguments), tools, None, allowed)
        except guard.TenuoOpenAIError:
            return "deny"
        return "allow"

    return decided
