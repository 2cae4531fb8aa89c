"""aegis-kernel: a list of tools with constraints on their arguments; the kernel's own decision, with its record."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "tools.allow, args: matches; no subject rules (one constraint an argument)"
_MANY = 10**9


def build(rules: int) -> Callable[[str, str], str]:
    aegis, policy = import_module("aegis"), import_module("aegis.policy")
    fillers = max(1, (rules - 3) * 7 // 10)
    any_text = {"max_len": 10_000}
    tools: list[dict[str, object]] = [
        {"name": f"read_{what}", "args": {"query": any_text, "folder": any_text}}
        for what in ("mail", "file", "calendar")
    ]
    inside = {"matches": r"[A-Za-z0-9._+-]+@example\.com"}
    tools.append(
        {"name": "send_email", "require_args": ["to"], "args": {"to": inside, "subject": any_text, "body": any_text}}
    )
    for n in range(fillers):
        limits = {"path": {"matches": rf"/srv/{n}/[A-Za-z0-9._-]+"}}
        tools.append({"name": f"tool_{n}", "require_args": ["path"], "args": limits})
    raw = {
        "name": "policy",
        "version": 1,
        "effects": ["read", "write", "network", "egress", "spawn", "compute"],
        "tools": {"allow": tools},
        "budget": {"usd": _MANY, "tokens": _MANY, "wall_clock_s": _MANY, "tool_calls": _MANY},
    }
    registry = aegis.ToolRegistry()
    for tool in tools:
        registry.tool(str(tool["name"]), effects={"read"})(lambda **_arguments: None)
    kernel, root = aegis.build_kernel(policy.parse_policy(raw), registry)

    def decided(tool: str, arguments: str) -> str:
        try:
            kernel.invoke(root, tool, **json.loads(arguments))
        except aegis.PolicyViolation:
            return "deny"
        return "allow"

    return decided
