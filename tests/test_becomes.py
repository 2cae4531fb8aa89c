"""Sending becomes drafting, with a real client, a real state folder and a person who is asked."""

from __future__ import annotations

import asyncio
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


def test_a_gated_function_alone_cannot_become_another_one(tmp_path: Path) -> None:
    """Where no other function is gated, it is refused, saying why."""
    with guarded(tmp_path, "allow") as guard:

        @guard.tool
        def send_email(to: str, body: str) -> str:
            raise AssertionError("it ran")

        with pytest.raises(Denied, match="it should become a call of create_draft, and no request says"):
            send_email(**MAIL)


# Functions of the program that are gated where they run. At module level, as they are in programs: they need nothing else.

RAN: list[tuple[str, dict[str, str]]] = []


def send_email(to: str, body: str) -> str:
    RAN.append(("send_email", {"to": to, "body": body}))
    return "sent"


def create_draft(to: str, body: str) -> str:
    RAN.append(("create_draft", {"to": to, "body": body}))
    return "drafted"


async def create_draft_later(to: str, body: str) -> str:
    return create_draft(to, body)


def open_draft(**more: str) -> str:
    return create_draft(**more)


def headless_draft(to: str) -> str:
    return create_draft(to, "")


@pytest.fixture
def ran() -> list[tuple[str, dict[str, str]]]:
    RAN.clear()
    return RAN


def test_a_gated_function_becomes_another_gated_one(tmp_path: Path, ran: list[Any]) -> None:
    """The function that sends never runs; the one that drafts does, with the arguments that were decided, and is recorded."""
    with guarded(tmp_path, "allow") as guard, guard.session("inbox"):
        send, kept = guard.tool(send_email), guard.tool(create_draft)
        assert send(**MAIL) == "drafted"
        found = [one.record for one in recorded(guard).records]
    assert kept is not create_draft
    assert ran == [("create_draft", MAIL)]
    assert [one["body"].get("became") for one in found if one["type"] == "decision"] == ["create_draft"]
    assert [one["body"]["tool"] for one in found if one["type"] == "execution"] == ["create_draft"]


def test_an_async_function_becomes_an_async_one(tmp_path: Path, ran: list[Any]) -> None:
    """Whoever awaits the call gets something to await."""

    async def send(to: str, body: str) -> str:
        return send_email(to, body)

    with guarded(tmp_path, "allow") as guard, guard.session("inbox"):
        kept = guard.tool(name="create_draft")(create_draft_later)
        assert asyncio.run(guard.tool(name="send_email")(send)(**MAIL)) == "drafted"
    assert kept is not None
    assert ran == [("create_draft", MAIL)]


def of_an_account(account: str) -> Any:
    """Return a function that needs something besides its arguments."""

    def draft(to: str, body: str) -> str:
        return create_draft(f"{to} {account}", body)

    return draft


def of_a_context(context: object, to: str, body: str) -> str:
    return create_draft(to, body)


class Account:
    """Something with a state of its own."""

    def draft(self, to: str, body: str) -> str:
        return create_draft(to, body)


def draft_by_default(to: str, body: str, account: Account | None = Account()) -> str:  # noqa: B008 - what is tested
    return create_draft(to, body)


def draft_by_keyword(to: str, body: str, *, accounts: tuple[str, ...] = ("ann",)) -> str:
    return create_draft(to, body)


def draft_in_a_folder(to: str, body: str, folder: str = "drafts", *, copies: int = 1) -> str:
    return create_draft(to, body)


def test_constants_as_defaults_are_nothing_of_the_programs(tmp_path: Path, ran: list[Any]) -> None:
    """A function with plain defaults needs nothing but its arguments."""
    with guarded(tmp_path, "allow") as guard, guard.session("inbox"):
        kept = guard.tool(name="create_draft")(draft_in_a_folder)
        assert guard.tool(send_email)(**MAIL) == "drafted"
    assert kept is not None
    assert ran == [("create_draft", MAIL)]


@pytest.mark.parametrize(
    ("functions", "left_out"),
    [
        ([], []),
        ([create_draft, create_draft], []),
        ([create_draft_later], []),
        ([open_draft], []),
        ([of_an_account("ann")], []),
        ([of_a_context], ["context"]),
        ([Account().draft], []),
        ([draft_by_default], []),
        ([draft_by_keyword], []),
    ],
    ids=[
        "none",
        "two of one name",
        "another kind",
        "one that takes anything",
        "one of an account",
        "one with a context",
        "a method of an object",
        "one with an object as a default",
        "one with a list as a default",
    ],
)
def test_it_becomes_nothing_of_which_it_is_not_sure(
    tmp_path: Path, ran: list[Any], functions: list[Any], left_out: list[str]
) -> None:
    """Which function is meant, and with what, must be clear: else the call is refused, and nothing runs."""
    with guarded(tmp_path, "allow") as guard, guard.session("inbox"):
        kept = [guard.tool(name="create_draft", leave_out=left_out)(function) for function in functions]
        with pytest.raises(Denied, match="become a call of create_draft"):
            guard.tool(send_email)(**MAIL)
    assert len(kept) == len(functions)
    assert ran == []


def test_what_is_gone_becomes_nothing(tmp_path: Path, ran: list[Any]) -> None:
    """A function that nobody holds any more is no longer there to become."""
    with guarded(tmp_path, "allow") as guard, guard.session("inbox"):
        send, kept = guard.tool(send_email), guard.tool(create_draft)
        assert send(**MAIL) == "drafted"
        del kept
        with pytest.raises(Denied, match="become a call of create_draft"):
            send(**MAIL)
    assert len(ran) == 1


def test_arguments_that_the_other_function_does_not_take_are_refused(tmp_path: Path, ran: list[Any]) -> None:
    """The error says what to do about the rule."""
    with guarded(tmp_path, "allow") as guard, guard.session("inbox"):
        send, kept = guard.tool(send_email), guard.tool(name="create_draft")(headless_draft)
        with pytest.raises(Denied, match="'create_draft' does not take"):
            send(**MAIL)
    assert kept is not None
    assert ran == []
