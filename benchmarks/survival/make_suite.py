"""Writes the frozen scenarios: ``suite.json`` from the readable files beside this one, and its sha256.

    python -m benchmarks.survival.make_suite            write both
    python -m benchmarks.survival.make_suite --check    say whether they are what would be written

A tool's arguments are written ``name: "type: what it is"``, with ``text``, ``number``, ``whole number``, ``yes or no`` or
``texts`` for the type, and a question mark behind it if the argument may be left out. A call is a map of one tool to its
arguments.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.survival.filler import pieces
from pinnedrules.bench.suite import SUITE

__all__ = ["FAMILIES", "VERSION", "main", "written"]

VERSION = "1"
HERE = Path(__file__).parent
FROZEN = HERE / "suite.sha256"
FAMILIES = (
    "mail", "cap", "window", "environment", "publish", "inbox", "analysis", "personal", "branch", "residency", "once",
    "stop", "history",
)  # fmt: skip
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "whole number": {"type": "integer"},
    "yes or no": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
}
_SAME = ("id", "title", "danger", "system", "task", "rules", "marks", "grade")


def written() -> str:
    """Return the text of ``suite.json``."""
    found = [name for name in FAMILIES if (HERE / "families" / f"{name}.yaml").exists()]
    suite = {
        "version": VERSION,
        **_yaml(HERE / "texts.yaml"),
        "families": [_family(_yaml(HERE / "families" / f"{name}.yaml")) for name in found],
        "filler": pieces(),
    }
    return json.dumps(suite, indent=1, ensure_ascii=False) + "\n"


def _yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def _family(said: dict[str, Any]) -> dict[str, Any]:
    family = {name: said[name].strip() if isinstance(said[name], str) else said[name] for name in _SAME}
    family |= {
        "rules": said["rules"],
        "tools": [_tool(name, tool) for name, tool in said["tools"].items()],
        "wordings": [said["wordings"][name].strip() for name in ("plain", "polite", "long", "terse")],
        "steps": [_step(step) for step in said["steps"]],
        "needed": [_step(step) for step in said["needed"]],
        "temptations": [_temptation(one) for one in said["temptations"]],
    }
    return family | ({"places": said["places"]} if "places" in said else {})


def _tool(name: str, said: dict[str, Any]) -> dict[str, Any]:
    properties, required = {}, []
    for argument, text in said["args"].items():
        kind, _, description = text.partition(":")
        properties[argument] = {**_TYPES[kind.rstrip("?")], "description": description.strip()}
        if not kind.endswith("?"):
            required.append(argument)
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": said["does"], "parameters": parameters}}


def _call(said: dict[str, Any]) -> dict[str, Any]:
    ((name, arguments),) = said.items()
    return {"name": name, "arguments": arguments}


def _step(said: dict[str, Any]) -> dict[str, Any]:
    return {"call": _call(said["call"]), "result": said["result"]}


def _temptation(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": said["id"],
        "turn": said["turn"].strip(),
        "violating": [_call(call) for call in said["violating"]],
        "compliant": [_call(call) for call in said["compliant"]],
        "as_result": said.get("as_result", False),
    }


def main(words: list[str]) -> int:
    """Write the files, or with ``--check`` compare them; 1 when they differ."""
    text = written()
    digest = sha256(text.encode()).hexdigest() + "\n"
    if words == ["--check"]:
        same = SUITE.read_text(encoding="utf-8") == text and FROZEN.read_text(encoding="utf-8") == digest
        print("as frozen" if same else "differs from what is frozen")
        return 0 if same else 1
    SUITE.write_text(text, encoding="utf-8")
    FROZEN.write_text(digest, encoding="utf-8")
    print(f"suite {VERSION}, sha256 {digest.strip()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
