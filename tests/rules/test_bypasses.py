"""The corpus of named bypass inputs: one file a kind under ``bypasses/``, that only grows, with legitimate controls.

A file is a list of groups. Each has ``rules`` (a rule file as text), ``bypasses`` and ``controls``, and maybe ``at``,
``user``, ``tenant`` and ``said`` for all of its entries. An entry has ``why`` and ``call`` (the tool and its arguments: a map,
or the text as it arrives), and maybe ``after`` (calls that were released before; such a call may also name the model's answer
that it stood in, and then the moment), ``at`` (the moment, with its offset), ``user``, ``tenant``, ``said`` (a
person's words before it), ``links`` (symbolic links: where they are, and what they point to) and, for a bypass, ``at_least``
(``ask``, else it must be denied).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pinnedrules.rules.decide import decide, looked_up
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.rules.mentioned import mentioned
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import Call, Decision, LedgerState, Moment, SessionId

FILES = sorted((Path(__file__).parent / "bypasses").glob("*.yaml"))
KEYS = {"why", "call", "after", "at", "user", "tenant", "said", "links", "at_least"}
STRICTNESS = ["allow", "ask", "deny"]
loaded = cache(load)


@dataclass(frozen=True)
class Case:
    """One entry of the corpus with what its group says."""

    file: str
    rules: str
    bypass: bool
    entry: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.entry['why']}"

    @property
    def moment(self) -> Moment:
        """The moment of the call; the day is that of the offset that it is written with."""
        return _moment(self.entry.get("at", "2026-11-22T12:00:00+00:00"))


def _moment(written: str) -> Moment:
    at = datetime.fromisoformat(written)
    return Moment(int(at.timestamp()) * 1_000_000, 1, at.date().isoformat())


def _cases() -> Iterator[Case]:
    for path in FILES:
        for group in YAML(typ="safe").load(path):
            shared = {key: group[key] for key in ("at", "user", "tenant", "said") if key in group}
            for kind in ("bypasses", "controls"):
                for entry in group[kind]:
                    yield Case(path.stem, group["rules"], kind == "bypasses", {**shared, **entry})


CASES = list(_cases())


def _call(written: list[Any]) -> Call:
    name, arguments, answer = *written[:2], written[2] if len(written) > 2 else ""
    declared = frozenset(arguments) if isinstance(arguments, dict) else None
    return Call(name, json.dumps(arguments) if declared is not None else arguments, declared=declared, answer=answer)


def _decided(case: Case) -> Decision:
    rules, entry = loaded(case.rules), case.entry
    known = frozenset(f"user {digest}" for digest in mentioned(entry.get("said", "")))
    ledger = LedgerState(whose=SessionId("s", entry.get("user", ""), entry.get("tenant", "")), known=known)
    for written in entry.get("after", ()):
        decision = _decide(rules, case, _call(written), ledger)
        moment = _moment(written[3]) if len(written) > 3 else case.moment
        ledger = after(rules, _call(written), decision, ledger, moment)
    return _decide(rules, case, _call(entry["call"]), ledger)


def _decide(rules: RuleSet, case: Case, call: Call, ledger: LedgerState) -> Decision:
    links = case.entry.get("links")
    places = None if links is None else {path: _followed(path, links) for path in looked_up(rules, call)}
    return decide(rules, call, ledger, case.moment, places=places)


def _followed(path: str, links: Mapping[str, str]) -> str:
    """Return where *path* leads on a disk with these links, as a system finds it: one segment after the other."""
    done, rest = "", path.split("/")
    while rest:
        segment = rest.pop(0)
        here = f"{done}/{segment}"
        if segment == "..":
            done = done.rpartition("/")[0]
        elif here in links:
            rest = [*links[here].split("/"), *rest]
            done = "" if links[here].startswith("/") else done
        elif segment not in ("", "."):
            done = here
    return done or "/"


@pytest.mark.parametrize("case", [case for case in CASES if case.bypass], ids=str)
def test_what_once_fooled_somebody_does_not_get_through(case: Case) -> None:
    """No input of the corpus is allowed, and those without ``at_least: ask`` are denied."""
    verdict = _decided(case).verdict
    assert STRICTNESS.index(verdict) >= STRICTNESS.index(case.entry.get("at_least", "deny"))


@pytest.mark.parametrize("case", [case for case in CASES if not case.bypass], ids=str)
def test_legitimate_calls_are_no_false_alarm(case: Case) -> None:
    """What people really want to do beside the bypasses is allowed."""
    assert _decided(case).verdict == "allow"


def test_the_corpus_is_in_order() -> None:
    """Every entry says why it is there and nothing that nobody reads, and every kind has both sides."""
    assert [str(case) for case in CASES if set(case.entry) - KEYS or not case.entry["why"]] == []
    assert len(set(map(str, CASES))) == len(CASES)
    for path in FILES:
        sides = [case.bypass for case in CASES if case.file == path.stem]
        assert sides.count(True) >= 20, path.stem
        assert sides.count(False) >= 5, path.stem
