"""regopy (Rego): one rule that allows for every tool, denied otherwise; asked with a prepared bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "default allow := false, regex.match"


def build(rules: int) -> Callable[[str, str], str]:
    regopy = import_module("regopy")
    fillers = max(1, (rules - 3) * 7 // 10)
    lines = ["package agent", "default allow := false"]
    lines += [f'allow if input.tool == "read_{what}"' for what in ("mail", "file", "calendar")]
    lines.append(
        f'allow if {{ input.tool == "send_email"; {_match("to", r"^[A-Za-z0-9._+-]+@example[.]com$")}; not long }}'
    )
    for n in range(fillers):
        lines.append(f'allow if {{ input.tool == "tool_{n}"; {_match("path", rf"^/srv/{n}/[A-Za-z0-9._-]+$")} }}')
    for n in range(max(0, rules - 3 - fillers)):
        lines.append(f"long if {{ not subject_{n} }}")
        lines.append(f"subject_{n} if {{ {_match('subject', f'^(Project {n}: )?[^[:cntrl:]]*$')} }}")
    if rules <= 3 + fillers:
        lines.append("long if { false }")
    made = regopy.Interpreter()
    made.add_module("agent", "\n".join(lines) + "\n")
    bundle = made.build(None, ["agent/allow"])
    asked = regopy.Interpreter()

    def decided(tool: str, arguments: str) -> str:
        asked.set_input(regopy.Input({"tool": tool, "args": json.loads(arguments)}))
        found = json.loads(str(asked.query_bundle_entrypoint(bundle, "agent/allow")))
        return "allow" if found["expressions"] == [True] else "deny"

    return decided


def _match(field: str, pattern: str) -> str:
    return f"regex.match(`{pattern}`, input.args.{field})"
