"""The same rules written by hand in Python, as a lower limit: patterns compiled before, found by a tool's name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

FORM = "hand-written Python, one pattern an argument"


def build(rules: int) -> Callable[[str, str], str]:
    fillers = max(1, (rules - 3) * 7 // 10)
    inside = re.compile(r"[A-Za-z0-9._+-]+@example\.com")
    paths = {f"tool_{n}": re.compile(rf"/srv/{n}/[A-Za-z0-9._-]+") for n in range(fillers)}
    subjects = [re.compile(rf"(?:Project {n}: )?[^\x00-\x1f]*") for n in range(max(0, rules - 3 - fillers))]

    def decided(tool: str, arguments: str) -> str:
        given = json.loads(arguments)
        if tool == "send_email":
            met = inside.fullmatch(given["to"]) and all(one.fullmatch(given["subject"]) for one in subjects)
            return "allow" if met else "deny"
        if tool in paths:
            return "allow" if paths[tool].fullmatch(given["path"]) else "deny"
        return "deny" if tool.startswith("delete_") else "allow"

    return decided
