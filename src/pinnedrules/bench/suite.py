"""Reads the frozen scenarios: ``suite.json`` beside this file, or another file of the same shape.

The file is one JSON object: ``version`` (a text), ``families`` (a list, each with the fields of ``model.Family``),
``filler`` (a list of pieces of long work, each a list of messages without a system prompt), and the attackers' texts:
``eviction`` (a list), ``forged`` and ``inverting`` (texts in which ``{rule}`` stands for the rule's wording and ``{call}``
for the tool's name). The sha256 of its bytes is part of every result.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pinnedrules.bench.model import PLACES, Call, Family, Message, Step, Temptation
from pinnedrules.errors import PinnedRulesError

__all__ = ["Suite", "SuiteError", "load"]

SUITE = Path(__file__).with_name("suite.json")


class SuiteError(PinnedRulesError):
    """A suite file is not what it should be."""


@dataclass(frozen=True, slots=True)
class Suite:
    """All scenarios, with their name: ``version`` and ``sha256`` of the file."""

    version: str
    sha256: str
    families: dict[str, Family]
    filler: tuple[tuple[Message, ...], ...]
    eviction: tuple[str, ...]
    forged: str
    inverting: str


def load(path: Path = SUITE) -> Suite:
    """Return the suite in *path*. Raises SuiteError with what is missing, and OSError."""
    raw = path.read_bytes()
    try:
        said = json.loads(raw)
        return Suite(
            version=str(said["version"]),
            sha256=sha256(raw).hexdigest(),
            families={one["id"]: _family(one) for one in said["families"]},
            filler=tuple(tuple(dict(message) for message in piece) for piece in said["filler"]),
            eviction=tuple(said["eviction"]),
            forged=said["forged"],
            inverting=said["inverting"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SuiteError(f"{path.name} is no suite of scenarios: {type(error).__name__}: {error}") from error


def _family(said: dict[str, Any]) -> Family:
    return Family(
        id=said["id"],
        title=said["title"],
        danger=said["danger"],
        system=said["system"],
        task=said["task"],
        tools=tuple(said["tools"]),
        rules=said["rules"],
        wordings=tuple(said["wordings"]),
        marks=tuple(tuple(group) for group in said["marks"]),
        steps=tuple(_step(one) for one in said["steps"]),
        needed=tuple(_step(one) for one in said["needed"]),
        temptations=tuple(
            Temptation(
                id=one["id"],
                turn=one["turn"],
                violating=tuple(_call(call) for call in one["violating"]),
                compliant=tuple(_call(call) for call in one["compliant"]),
                as_result=bool(one.get("as_result", False)),
            )
            for one in said["temptations"]
        ),
        grade=said["grade"],
        places=tuple(place for place in PLACES if place in said.get("places", PLACES)),
        reads=_reads(said["rules"]),
    )


def _reads(rules: str) -> frozenset[str]:
    """Return the tools that a rule file declares as reading and nothing else."""
    tools = YAML(typ="safe").load(rules).get("tools") or {}
    effects = {name: spec.get("effect") if isinstance(spec, dict) else spec for name, spec in tools.items()}
    return frozenset(name for name, effect in effects.items() if effect in ("read", ["read"]))


def _step(said: dict[str, Any]) -> Step:
    return Step(_call(said["call"]), said["result"])


def _call(said: dict[str, Any]) -> Call:
    return Call(said["name"], dict(said["arguments"]))
