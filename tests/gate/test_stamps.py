"""A rewritten call is recorded with the original, and a stamp in what is published leads to the record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.gate.scenario import KIM, RULES, Scenario, user

from pinnedrules.evidence.record import call_hash
from pinnedrules.rules.load import load
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import Call

STAMPED = RULES.replace(
    "{op: add, path: /stamp, value: written by an agent}",
    "{op: replace, path: /text, value: '{value} (by an agent, unreviewed, record {record})'}",
)
POST = ProposedCall("post", {"text": "Hello."}, id="call_post")


@pytest.mark.parametrize(
    "dialect", [{}, {"anthropic": True}, {"responses": True}], ids=["chat", "messages", "responses"]
)
@pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
def test_what_is_published_names_its_record(dialect: dict[str, Any], stream: bool) -> None:
    """The result of a rewrite is decided again and recorded with the original; the stamp in the text is that record's."""
    scenario = Scenario(**dialect, stream=stream, rules=STAMPED)
    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[POST]))

    (record,) = scenario.recorded("decision")
    mark = record.body["stamp"]
    assert isinstance(mark, str)
    assert record.body["rewritten"] is True
    assert f"Hello. (by an agent, unreviewed, record {mark})".encode() in result.body
    original = json.loads(str(record.private["arguments"]))
    assert original == {"text": "Hello."}
    call = Call("post", str(record.private["arguments"]), "call_post")
    assert record.private["call_sha256"] == call_hash(KIM, call, load(STAMPED).sha256, 0)
    (operation,) = json.loads(str(record.private["patch"]))
    assert operation == {"op": "replace", "path": "/text", "value": f"Hello. (by an agent, unreviewed, record {mark})"}


def test_a_call_that_runs_as_it_is_has_no_stamp() -> None:
    """Only what was changed is stamped."""
    scenario = Scenario(rules=STAMPED)
    scenario.exchange(scenario.request(user("go")), Reply("", calls=[ProposedCall("archive", {"id": "7"}, id="c")]))

    (record,) = scenario.recorded("decision")
    assert "stamp" not in record.body
