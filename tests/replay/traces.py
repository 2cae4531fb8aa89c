"""Small recorded conversations in both formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["RULES", "WORDING", "chat", "messages", "write"]

WORDING = "Never delete a mail before the owner confirms."
RULES = f"""\
version: 1
default: {{read: allow, other: ask}}
tools:
  search: {{effect: read, source: untrusted}}
  send_email: send
  delete_mail: delete
  archive: write
rules:
  - id: no-deletes
    text: {WORDING}
    on: {{effect: delete}}
    then: deny
  - id: inside
    text: Send e-mail only inside example.com.
    on: send_email
    require: {{recipients: {{domain_in: [example.com]}}}}
    else: ask
    then: allow
"""
Call = tuple[str, dict[str, Any]]
SEARCH: Call = ("search", {"query": "invoices"})
DELETE: Call = ("delete_mail", {"id": 7})
OUTSIDE: Call = ("send_email", {"to": "bob@evil.test"})
INSIDE: Call = ("send_email", {"to": "boss@example.com"})
TURNS: tuple[tuple[Call, ...], ...] = ((SEARCH,), (DELETE, INSIDE), (OUTSIDE,), (("archive", {"id": 1}),))


def chat(turns: Sequence[Sequence[Call]] = TURNS, *, filler: str = "", user: str = WORDING) -> list[dict[str, Any]]:
    """Return a conversation in the Chat Completions format; *filler* makes every result longer."""
    found: list[dict[str, Any]] = [{"role": "system", "content": "You help."}, {"role": "user", "content": user}]
    for number, turn in enumerate(turns):
        calls = [
            {
                "id": f"call_{number}_{index}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for index, (name, arguments) in enumerate(turn)
        ]
        found.append({"role": "assistant", "content": None, "tool_calls": calls})
        found += [{"role": "tool", "tool_call_id": call["id"], "content": f"done {filler}"} for call in calls]
    return [*found, {"role": "assistant", "content": "That is all."}]


def messages(turns: Sequence[Sequence[Call]] = TURNS, *, filler: str = "", user: str = WORDING) -> list[dict[str, Any]]:
    """Return the same conversation in the Messages format."""
    found: list[dict[str, Any]] = [{"role": "user", "content": user}]
    for number, turn in enumerate(turns):
        blocks = [
            {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": arguments}
            for index, (name, arguments) in enumerate(turn)
        ]
        results = [{"type": "tool_result", "tool_use_id": block["id"], "content": f"done {filler}"} for block in blocks]
        found += [
            {"role": "assistant", "content": [{"type": "text", "text": "So."}, *blocks]},
            {"role": "user", "content": results},
        ]
    return [*found, {"role": "assistant", "content": [{"type": "text", "text": "That is all."}]}]


def write(path: Path, *rows: object) -> Path:
    """Write one row a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
