"""Sending becomes drafting, with a real client, a real state folder and a person who is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from pinnedrules import Denied, Guard
from pinnedrules.testing.evidence import recorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply

RULES = """\
version: 1
tools:
  send_email: {effect: send, args: [to, body]}
  create_draft: {effect: write, args: [to, body]}
rules:
  - {id: drafts, text: Mail is only drafted., on: send_email, then: {rewrite: {tool: create_draft}}}
  - {id: drafting, text: Draft as you see fit., on: create_draft, then: VERDICT}
"""
MAIL = {"to": "ann@example.com", "body": "Hello."}
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {"to": {}, "body": {}}}},
    }
    for name in ("send_email", "create_draft")
]


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    """A model that mails, and then says what it was told of it."""

    def model(seen: Any) -> Reply:
        if "ann@example.com" in seen.last_text:
            return Reply(f"I was told: {seen.last_text}")
        return Reply("", calls=[ProposedCall("send_email", MAIL)])

    with ScriptedProvider(model) as running:
        yield running


def guarded(tmp_path: Path, verdict: str, **more: Any) -> Guard:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace("VERDICT", verdict), encoding="utf-8")
    return Guard(path, quiet=True, **{"approver": "tickets", **more})


def test_the_loop_runs_the_draft_and_the_model_hears_of_it(tmp_path: Path, provider: ScriptedProvider) -> None:
    """Issue: send becomes draft. The application's own loop runs the other function; the tool that sends never runs."""
    drafted: list[dict[str, str]] = []
    with guarded(tmp_path, "allow") as guard:

        @guard.tool
        def create_draft(to: str, body: str) -> str:
            drafted.append({"to": to, "body": body})
            return "drafted"

        messages: list[Any] = [{"role": "user", "content": "mail Ann"}]
        with guard.session("inbox"), guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="k")) as client:
            first = client.chat.completions.create(model="m", messages=messages, tools=TOOLS).choices[0].message
            (call,) = first.tool_calls or []
            assert call.type == "function"
            assert call.function.name == "create_draft"
            result = create_draft(**MAIL)
            messages += [first, {"role": "tool", "tool_call_id": call.id, "content": result}]
            client.chat.completions.create(model="m", messages=messages, tools=TOOLS)
        bodies = [one.record["body"] for one in recorded(guard).records if one.record["type"] == "decision"]

    assert drafted == [MAIL]
    assert [(body["tool"], body.get("became")) for body in bodies] == [("send_email", "create_draft")]
    sent = provider.requests[-1].json["messages"]
    assert sent[-2]["tool_calls"][0]["function"]["name"] == "send_email"
    assert sent[-1]["content"].startswith("[pinnedrules ran create_draft instead of this call, with: ")
    assert sent[-1]["content"].endswith("drafted")


def test_a_person_is_asked_about_what_would_run(tmp_path: Path, provider: ScriptedProvider) -> None:
    """The question names the tool that was called and the one that would be; the yes is for that one."""
    asked: list[str] = []

    def approve(ticket: Any, proposal: Any) -> bool:
        asked.append(f"{ticket.summary} {proposal.decision.tool}")
        return True

    with (
        guarded(tmp_path, "ask", approver=approve, ask_wait=20) as guard,
        guard.session("inbox"),
        guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="k")) as client,
    ):
        answer = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "mail Ann"}], tools=TOOLS
        )
    assert [call.function.name for call in answer.choices[0].message.tool_calls or [] if call.type == "function"] == [
        "create_draft"
    ]
    assert asked[0].startswith("send_email as create_draft(")


def test_a_gated_function_cannot_become_another_one(tmp_path: Path) -> None:
    """What is gated where it runs is the tool that it is, so it is refused, saying why."""
    with guarded(tmp_path, "allow") as guard:

        @guard.tool
        def send_email(to: str, body: str) -> str:
            raise AssertionError("it ran")

        with pytest.raises(Denied, match="it should become a call of create_draft, and no request says"):
            send_email(**MAIL)
