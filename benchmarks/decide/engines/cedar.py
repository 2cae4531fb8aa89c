"""cedarpy (Cedar): a permission for every tool, and a prohibition unless the text looks right; no patterns but ``like``."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module

FORM = "permit, forbid ... unless { like }; no subject rules (no patterns)"


def build(rules: int) -> Callable[[str, str], str]:
    cedarpy = import_module("cedarpy")
    fillers = max(1, (rules - 3) * 7 // 10)
    tools = ["send_email", "read_mail", "read_file", "read_calendar", *(f"tool_{n}" for n in range(fillers))]
    made = [f'permit(principal, action == Action::"{tool}", resource);' for tool in tools]
    made.append(_unless("send_email", "to", "*@example.com"))
    made += [_unless(f"tool_{n}", "path", f"/srv/{n}/*") for n in range(fillers)]
    policies = cedarpy.PolicySet.from_str("\n".join(made))
    entities = cedarpy.Entities.from_json_str("[]")

    def decided(tool: str, arguments: str) -> str:
        request = {
            "principal": {"type": "Agent", "id": "a"},
            "action": {"type": "Action", "id": tool},
            "resource": {"type": "Mail", "id": "m"},
            "context": {"args": json.loads(arguments)},
        }
        return "allow" if cedarpy.is_authorized(request, policies, entities).allowed else "deny"

    return decided


def _unless(tool: str, field: str, like: str) -> str:
    return f'forbid(principal, action == Action::"{tool}", resource) unless {{ context.args.{field} like "{like}" }};'
