"""cel-expr-python (CEL): an expression for each rule, found by the tool's name; what is no ``true`` is a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "one expression a rule, found by tool; anything but true refuses"


def build(rules: int) -> Callable[[str, str], str]:
    cel = import_module("cel_expr_python.cel")
    fillers = max(1, (rules - 3) * 7 // 10)
    env = cel.NewEnv(variables={"args": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})
    made = {f"read_{what}": [env.compile("true")] for what in ("mail", "file", "calendar")}
    made["send_email"] = [env.compile(_match("to", r"^[A-Za-z0-9._+-]+@example[.]com$"))]
    for n in range(fillers):
        made[f"tool_{n}"] = [env.compile(_match("path", rf"^/srv/{n}/[A-Za-z0-9._-]+$"))]
    for n in range(max(0, rules - 3 - fillers)):
        made["send_email"].append(env.compile(_match("subject", f"^(Project {n}: )?[^[:cntrl:]]*$")))

    def decided(tool: str, arguments: str) -> str:
        data = {"args": json.loads(arguments)}
        for one in made.get(tool, ()):
            found = one.eval(data=data)
            if found.type() != cel.Type.BOOL or found.value() is not True:
                return "deny"
        return "allow" if tool in made else "deny"

    return decided


def _match(field: str, pattern: str) -> str:
    return f"args.{field}.matches('{pattern}')"
