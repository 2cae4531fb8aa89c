"""The inputs of ``pinnedrules attack``, derived from the corpus of bypasses: one place for both.

``python -m tests.attack.deriving`` writes them anew after the corpus has grown.

Of each group of the corpus that can be adapted to other rules it keeps the tool, the argument, what is inside, and the
entries. ``shapes`` says under which forms of the requirement an entry is stopped; rules of another form do not have to stop it
(an amount without a currency is fine where the rule names one only).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pinnedrules.attack import inputs
from pinnedrules.authoring.calls import decided, made, released
from pinnedrules.rules.load import load as _load
from pinnedrules.types import Decision, LedgerState, Moment, SessionId

load = cache(_load)
CORPUS = Path(__file__).parent.parent / "rules" / "bypasses"
FILE = Path(inputs.__file__).parent / "inputs.json"


@dataclass(frozen=True)
class Spec:
    """A group of the corpus (file and number in it) and the forms of its requirement."""

    kind: str
    file: str
    number: int
    argument: str
    inside: str = ""
    limit: int = 0
    shapes: Mapping[str, Mapping[str, Any]] | None = None


_CONTENT = ("secrets", "personal", "links", "images")
SPECS = (
    Spec("recipients", "recipients", 0, "to", "example.com"),
    Spec("url", "urls", 0, "url", "example.com", shapes={"": {"url": {"host_in": ["example.com"]}}}),
    Spec("path", "paths", 0, "path", "/srv/project"),
    Spec(
        "amount", "amounts", 0, "amount", limit=100,
        shapes={
            "": {"amount": {"of": "amount", "max": 100}},
            "currency": {"amount": {"of": "amount", "max": "100 EUR"}},
            "several": {"amount": {"of": "amount", "max": ["100 EUR", "110 USD"]}},
        },
    ),
    Spec(
        "total", "history", 0, "amount", limit=500,
        shapes={
            "": {"total": {"of": "amount", "per": "day", "max": 500}},
            "currency": {"total": {"of": "amount", "per": "day", "max": "500 EUR"}},
        },
    ),
    Spec("at_most_once_per", "history", 6, "invoice"),
    Spec(
        "content", "content", 0, "text", "example.com",
        shapes={kind: {"content": {"without": kind, "hosts_in": "example.com"} if kind != "secrets" else {"without": kind}}
                for kind in _CONTENT},
    ),
    Spec("shell: deletes", "shell", 0, "command"),
    Spec("shell: sends", "shell", 2, "command"),
    Spec(
        "sql", "sql", 0, "sql", "orders",
        shapes={
            "": {"sql": {"statements_in": ["select"]}},
            "tables": {"sql": {"statements_in": ["select"], "tables_in": ["orders", "items", "shop.*"]}},
        },
    ),
    Spec("sql: deletes", "sql", 1, "sql"),
    Spec("names", "names", 0, ""),
)  # fmt: skip


def derived() -> list[dict[str, Any]]:
    """Return the groups as they belong into the file."""
    return [_group(spec) for spec in SPECS]


def _group(spec: Spec) -> dict[str, Any]:
    group = YAML(typ="safe").load(CORPUS / f"{spec.file}.yaml")[spec.number]
    document = YAML(typ="safe").load(group["rules"])
    rule = document["rules"][0]
    on = rule["on"] if isinstance(rule["on"], (str, list)) else group["bypasses"][0]["call"][0]
    entries = []
    for entry in group["bypasses"]:
        shapes = _stopped(spec, group["rules"], document, entry)
        if shapes and "links" not in entry:
            kept = {"why": entry["why"], "call": entry["call"][:2], "shapes": shapes}
            entries.append(kept | ({"after": [call[:2] for call in entry["after"]]} if "after" in entry else {}))
    return {
        "kind": spec.kind,
        "tools": [on] if isinstance(on, str) else on,
        "argument": spec.argument,
        "inside": spec.inside,
        "limit": spec.limit,
        "entries": entries,
    }


def _stopped(spec: Spec, text: str, document: dict[str, Any], entry: Mapping[str, Any]) -> list[str]:
    """Return the forms under which an entry is stopped; for names the effects by which it is."""
    if spec.kind == "names":
        effects = {rule["id"]: rule["on"]["effect"] for rule in document["rules"]}
        return sorted(effects[rule] for rule in _rules(text, entry) if rule in effects)
    found = []
    first, *more = document["rules"]
    shapes = spec.shapes or {"": first.get("require", {})}
    for shape, require in shapes.items():
        rules = [{**first, **({"require": require} if require else {})}, *more]
        if _verdict(json.dumps({**document, "rules": rules}), entry) != "allow":
            found.append(shape)
    return found


def _rules(text: str, entry: Mapping[str, Any]) -> Sequence[str]:
    return _decided(text, entry).rules


def _verdict(text: str, entry: Mapping[str, Any]) -> str:
    return _decided(text, entry).verdict


def _decided(text: str, entry: Mapping[str, Any]) -> Decision:
    sets, ledger = [load(text)], LedgerState(whose=SessionId("s", entry.get("user", "")))
    for number, before in enumerate(entry.get("after", ())):
        call = made(before[0], _text(before[1]), answer=f"a{number}")
        at = _moment(before[3] if len(before) > 3 else entry.get("at"))
        ledger = released(sets, call, decided(sets, call, ledger, at), ledger, at)
    return decided(sets, made(entry["call"][0], _text(entry["call"][1])), ledger, _moment(entry.get("at")))


def _moment(written: str | None) -> Moment:
    at = datetime.fromisoformat(written or "2026-11-22T12:00:00+00:00")
    return Moment(int(at.timestamp()) * 1_000_000, 1, at.date().isoformat())


def _text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def written(groups: list[dict[str, Any]]) -> str:
    """Return the file: one entry a line, so that a change of the corpus is seen as one."""
    lines = []
    for group in groups:
        head = json.dumps({key: value for key, value in group.items() if key != "entries"}, ensure_ascii=True)
        entries = ",\n".join(f"  {json.dumps(entry, ensure_ascii=True)}" for entry in group["entries"])
        lines.append(f'{head[:-1]}, "entries": [\n{entries}\n]}}')
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(written(derived()), encoding="utf-8")
    print(f"{FILE.name}: {sum(len(group['entries']) for group in derived())} inputs")
