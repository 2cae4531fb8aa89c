"""Reminders, with the providers' own SDKs: what the provider caches and keeps moves by their appending and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.hosts.conftest import RULES
from tests.hosts.surfaces_responses import RESPONSE_TOOLS
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.gate.lines import reminder
from pinnedrules.testing.asserts import assert_all_accepted
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

LINE = reminder("often", "Never shout.")
DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
pytestmark = pytest.mark.api("responses")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES + "  - {id: often, text: Never shout., remind: 2}\n", encoding="utf-8")
    return path


def told(provider: ScriptedProvider) -> list[int]:
    """Say for each request how often the reminder stands in its input."""
    asked = [one for one in provider.requests if "input" in one.json]
    return [json.dumps(one.json["input"]).count(json.dumps(LINE)[1:-1]) for one in asked]


def ask(client: Any, given: Any, stream: bool, **more: Any) -> Any:
    asked: dict[str, Any] = {"model": "gpt", "input": given, "tools": RESPONSE_TOOLS, **more}
    if not stream:
        return client.responses.create(**asked)
    *_, end = client.responses.create(**asked, stream=True)
    return end.response


@STREAMED
def test_in_a_full_input_it_stands_where_it_stood(stream: bool, way: Way, guard: Guard) -> None:
    """Invariant 3: appended once and put back at the same place. A refusal between does not move it either."""
    script = [Reply("0", calls=[DELETE]), Reply("no"), *(Reply(str(n)) for n in range(1, 5))]
    talk: list[Any] = [{"role": "user", "content": "turn 0"}]
    with ScriptedProvider(Script(script)) as provider:
        client = way.client("responses", provider, guard)
        for n in range(5):
            answer = ask(client, talk, stream, store=False)
            talk += [item.model_dump(exclude_none=True) for item in answer.output]
            talk.append({"role": "user", "content": f"turn {n + 1}"})

    assert_all_accepted(provider)
    assert provider.moved_prefixes == ()
    assert told(provider) == [0, 0, 0, 1, 1, 2]


@STREAMED
@pytest.mark.parametrize("kept", ["response", "conversation"])
def test_what_the_provider_keeps_is_told_in_the_new_input_alone(
    kept: str, stream: bool, way: Way, make_guard: Callable[..., Guard]
) -> None:
    """Once after so many answers, since the provider keeps it. The count outlives the guard (invariant 5)."""
    with ScriptedProvider(Script([Reply(str(n)) for n in range(6)])) as provider:
        more: dict[str, Any] = {}
        for n in range(6):
            guard = make_guard()
            client = way.client("responses", provider, guard)
            with guard.session("inbox"):
                if kept == "conversation" and not n:
                    more = {"conversation": client.conversations.create().id}
                answer = ask(
                    client, f"turn {n}" if n % 2 else [{"role": "user", "content": f"turn {n}"}], stream, **more
                )
            if kept == "response":
                more = {"previous_response_id": answer.id}
            guard.close()

    assert_all_accepted(provider)
    assert provider.moved_prefixes == ()
    assert told(provider) == [0, 0, 1, 0, 1, 0]


def test_a_reply_of_the_gate_to_the_model_counts_as_one_answer(way: Way, guard: Guard) -> None:
    """A refused call is answered within the turn, and the next request continues from there."""
    script = [Reply("0", calls=[DELETE]), Reply("no"), Reply("1"), Reply("2")]
    with ScriptedProvider(Script(script)) as provider:
        client = way.client("responses", provider, guard)
        answer = ask(client, "a", False)
        answer = ask(client, "b", False, previous_response_id=answer.id)
        ask(client, "c", False, previous_response_id=answer.id)

    assert_all_accepted(provider)
    assert told(provider) == [0, 0, 0, 1]
