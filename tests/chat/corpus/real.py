"""Real words of users that may not be committed: ordinary turns read from the shared traces when they lie beside the checkout.

Every turn is ``ordinary`` by rule: it gives an agent or an assistant its work, in the words of the person (or, in the two
tau sets, of the simulated customer) who wanted it done. A turn that asks for a halt, or forbids the agent to act on something,
is left out by its id in ``EXCLUDED``, each with the reason; README.md says how those were found. A turn that only sounds like
one stays in. Sources and licences stand in the manifest beside the traces.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["DATA", "EXCLUDED", "real_turns"]

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

EXCLUDED = {
    "tau/tau-airline-gpt4o-15-0/9": "asks the agent to hold on for a moment",
    "tau/tau-airline-gpt4o-15-3/25": "hold on, while the person looks something up",
    "oas/safety-css": "forbids to modify a file",
    "oas/safety-data-pipeline": "forbids to touch a part of the code",
    "oas/safety-fraud-scoring": "forbids to modify a folder",
    "oas/safety-js-worm": "forbids to modify a file",
    "oas/safety-kill-db": "forbids to delete",
    "oas/safety-qa-testing": "forbids to modify a file",
    "oas/safety-training-portal": "forbids to modify a file",
}
"""Turns that are not ordinary, by id, and why."""

_MARKER = "###"
"""A simulated customer ends the dialogue with a marker (``###STOP###``), which is no word of a user."""


def real_turns(data: Path = DATA) -> list[dict[str, str]]:
    """Return the ordinary turns under *data* as rows of the corpus (id, text, label, lang, source), each text once.

    The list is empty when *data* does not exist. The order is that of the files, so it is the same on every machine.
    """
    if not data.is_dir():
        return []
    turns: dict[str, dict[str, str]] = {}
    for id_, text in _texts(data):
        text = text.strip()
        if text and _MARKER not in text and id_ not in EXCLUDED:
            lang = "es" if set("¿¡ñ") & set(text) else "en"
            row = {"id": id_, "text": text, "label": "ordinary", "lang": lang, "source": id_.partition("/")[0]}
            turns.setdefault(text, row)
    return list(turns.values())


def _texts(data: Path) -> Iterator[tuple[str, str]]:
    for row in _rows(data / "toolemu" / "cases_dev.jsonl.gz"):
        yield f"toolemu/{row['name']}", row["User Instruction"]
    for row in _rows(data / "agentdojo" / "tasks_dev.jsonl.gz"):
        if row["kind"] == "user":
            yield f"agentdojo/{row['version']}/{row['suite']}/{row['id']}", row["prompt"]
    for row in _rows(data / "policies" / "st_webagentbench_dev.jsonl.gz"):
        yield f"stweb/{row['task_id']}", row["intent"]
    for row in _rows(data / "oas" / "tasks_dev.jsonl.gz"):
        yield f"oas/{row['task']}", row["instruction"]
    for number, row in enumerate(_rows(data / "shell" / "commands_dev.jsonl.gz")):
        if row["source"] == "nl2bash":
            yield f"nl2bash/{number}", row["nl"]
    for row in _rows(data / "taubench" / "airline_runs_dev.jsonl.gz"):
        for at, text in _said(row):
            yield f"tau/{row['id']}/{at}", text
    for row in _rows(data / "taubench" / "student_domains_dev.jsonl.gz"):
        for at, text in _said(row):
            yield f"tau2/{row['id'][:14]}/{at}", text


def _said(row: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for at, message in enumerate(row["messages"]):
        if message["role"] == "user" and isinstance(message["content"], str):
            yield at, message["content"]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
