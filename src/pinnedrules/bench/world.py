"""The toy world of an episode: it runs every call that reaches it and notes it. Nothing else counts as executed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from pinnedrules.bench.model import Call, Family

__all__ = ["World"]


@dataclass(slots=True)
class World:
    """``ran`` has every call that was executed, in order."""

    family: Family
    extra: dict[str, str] = field(default_factory=dict)
    ran: list[Call] = field(default_factory=list)

    def run(self, name: str, arguments: str) -> str:
        """Execute a call and return its result as JSON; a call that the scenario does not know works, too."""
        try:
            values = json.loads(arguments)
        except ValueError:
            return json.dumps({"error": "the arguments are not JSON"})
        call = Call(name, values if isinstance(values, dict) else {})
        self.ran.append(call)
        return next((result for known, result in self._known() if known == call), json.dumps({"ok": True}))

    def _known(self) -> Iterator[tuple[Call, str]]:
        for step in (*self.family.steps, *self.family.needed):
            yield step.call, _object(self.extra.get(step.call.name, step.result))


def _object(result: str) -> str:
    """Return *result* as a JSON object, so that it is never taken for a refusal."""
    return result if result.startswith("{") else json.dumps({"result": result})
