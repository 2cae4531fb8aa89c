"""The statements of the testing kit: true of a good run, and plain about a bad one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai
import pytest

import pinnedrules.testing
from pinnedrules import Denied, Guard
from pinnedrules.testing import (
    Evidence,
    ProposedCall,
    Reply,
    ScriptedProvider,
    assert_all_accepted,
    assert_asked,
    assert_blocked,
    assert_pinned,
    assert_reasoning_kept,
    assert_released,
    recorded,
)
from pinnedrules.testing.plugin import MakeGuard, MakeProvider

RULES = """\
version: 1
default: {read: allow, other: ask}
tools: {delete_mail: delete, send_email: send, archive: write, search: read}
rules:
  - id: suggest-only
    text: Only suggest deletions.
    on: {effect: delete}
    then: deny
  - id: archive-freely
    text: Archiving is fine.
    on: archive
    then: allow
"""
TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {"id": {}, "to": {}}}},
    }
    for name in ("delete_mail", "send_email", "archive", "search")
]
DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "7"})
SEND = ProposedCall("send_email", {"to": "x"})


def _loop(client: Any, *, text: str = "tidy") -> list[str]:
    """An ordinary agent: run what the model proposes until it proposes nothing."""
    messages: list[Any] = [{"role": "user", "content": text}]
    ran: list[str] = []
    while True:
        message = client.chat.completions.create(model="m", messages=messages, tools=TOOLS).choices[0].message
        messages.append(message.to_dict())
        if not message.tool_calls:
            return ran
        for call in message.tool_calls:
            ran.append(call.function.name)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "done"})


@pytest.fixture
def run(pinned_provider: MakeProvider, pinned_guard: MakeGuard) -> Any:
    """A function that runs the loop, guarded by the rules, against these replies."""

    def run(
        *replies: Reply, guard: Guard | None = None, guarded: bool = True
    ) -> tuple[ScriptedProvider, Guard, list[str]]:
        provider, guard = pinned_provider(*replies), guard or pinned_guard(RULES)
        with openai.OpenAI(base_url=provider.openai_url, api_key="k", max_retries=0) as client:
            ran = _loop(guard.wrap(client) if guarded else client)
        return provider, guard, ran

    return run


def test_a_good_run_satisfies_every_statement(run: Any) -> None:
    """What was blocked, released and pinned is so in the guard's record and in what the model was told."""
    provider, guard, ran = run(Reply(calls=[ARCHIVE]), Reply(calls=[DELETE]), Reply("I suggest deleting mail 7."))

    assert ran == ["archive"]
    for where in (provider, guard, recorded(guard)):
        assert_blocked(where, "delete_mail")
        assert_blocked(where, "delete_*", {"id": "7"})
        assert_released(where, "archive", {"id": "7"})
        assert_pinned(where, guard)
    assert_pinned(provider, guard.block)
    assert_all_accepted(provider)
    assert_reasoning_kept(provider)


def test_a_call_that_ran_was_not_blocked(run: Any) -> None:
    """The negative control: without a guard the model is told that it ran, and no request carries the rules."""
    provider, guard, ran = run(Reply(calls=[DELETE]), Reply("Done."), guarded=False)

    assert ran == ["delete_mail"]
    with pytest.raises(AssertionError, match=r"'delete_mail' ran:\n  delete_mail .* -> done"):
        assert_blocked(provider, "delete_mail")
    with pytest.raises(AssertionError, match="request 0: 0 times as system text, 0 times in all"):
        assert_pinned(provider, guard)
    with pytest.raises(AssertionError, match="no call of 'delete_mail' was decided; decided were:\n  nothing"):
        assert_blocked(guard, "delete_mail")
    with pytest.raises(AssertionError, match="no request was recorded"):
        assert_pinned(guard)


def test_a_wrong_statement_names_what_there_was(run: Any) -> None:
    """The message of a failed statement has the calls, their decisions and the rules."""
    provider, guard, _ = run(Reply(calls=[ARCHIVE, DELETE]), Reply("ok"))

    with pytest.raises(
        AssertionError, match=r"1 of 1 calls of 'archive' were released:\n  released \(allow by archive-f"
    ):
        assert_blocked(guard, "archive")
    with pytest.raises(AssertionError, match=r"held back \(deny by suggest-only.*\): delete_mail"):
        assert_released(guard, "delete_mail")
    with pytest.raises(AssertionError, match="the model was told that 'delete_mail' did not run"):
        assert_released(provider, "delete_mail")
    with pytest.raises(
        AssertionError, match=r"with \{'id': '8'\} was decided; decided were:(?s:.*)archive(?s:.*)delete_mail"
    ):
        assert_blocked(guard, "delete_mail", {"id": "8"})
    with pytest.raises(AssertionError, match=r"never proposed 'send_email'; it proposed:\n  archive"):
        assert_blocked(provider, "send_email")
    with pytest.raises(AssertionError, match="nobody was asked about 1 calls of 'archive'"):
        assert_asked(guard, "archive")
    with pytest.raises(AssertionError, match="a provider cannot know which rules"):
        assert_pinned(provider)


def test_what_the_model_never_heard_of_only_the_guard_can_say(run: Any, pinned_guard: MakeGuard) -> None:
    """Where a refusal ends the run, the provider's view has no answer and says so."""
    guard = pinned_guard(RULES, on_denied="end")
    provider, _, ran = run(Reply(calls=[DELETE]), guard=guard)

    assert ran == []
    assert_blocked(guard, "delete_mail")
    with pytest.raises(AssertionError, match="never told what became of it"):
        assert_blocked(provider, "delete_mail")


def test_an_ask_is_an_ask_until_a_person_answers(run: Any, pinned_guard: MakeGuard) -> None:
    """An unanswered ask is blocked and asked; an approved one is released and says by whom."""
    _, guard, _ = run(Reply(calls=[SEND]), Reply("waiting"))
    assert_asked(guard, "send_email")
    assert_blocked(guard, "send_email")

    willing = pinned_guard(RULES, approver=lambda ticket, proposal: True, state=Path(guard.folder.path, "other"))
    _, _, ran = run(Reply(calls=[SEND]), Reply("sent"), guard=willing)

    assert ran == ["send_email"]
    assert_released(willing, "send_email")
    (decided,) = recorded(willing).decided("send_email", {"to": "x"}, released=True)
    assert decided.approved_by
    assert decided.ticket


def test_monitor_mode_blocks_nothing(run: Any, pinned_guard: MakeGuard) -> None:
    """A statement that a call was blocked is false in monitor mode."""
    _, guard, ran = run(Reply(calls=[DELETE]), Reply("ok"), guard=pinned_guard(RULES, mode="monitor"))

    assert ran == ["delete_mail"]
    with pytest.raises(AssertionError, match=r"released \(monitor\) \(deny by suggest-only"):
        assert_blocked(guard, "delete_mail")


def test_evidence_is_plain_objects_with_filters(run: Any, pinned_guard: MakeGuard) -> None:
    """Decisions by tool, arguments, verdict, rule and session; requests, refusals and runs of gated functions."""
    guard = pinned_guard(RULES)
    with guard.session("one"):
        run(Reply(calls=[ARCHIVE, DELETE]), Reply("ok"), guard=guard)

    @guard.tool
    def archive(mail: str) -> str:
        return mail

    archive("9")
    guard.stop("enough")
    with pytest.raises(Exception, match="enough"):
        archive("10")
    evidence = recorded(guard)

    assert [each.tool for each in evidence.decided(verdict="deny")] == ["delete_mail"]
    assert [each.tool for each in evidence.decided(rule="archive-freely", released=True)] == ["archive", "archive"]
    assert evidence.decided("archive", {"id": "7"})[0].effects == ("write",)
    first = evidence.of_session("one")
    assert ([each.tool for each in first.decisions], len(first.requests)) == (["archive", "delete_mail"], 2)
    assert all(request.pinned and request.kind == "request" for request in first.requests)
    assert str(first.requests[0]).startswith("pinned: request ")
    assert [(each.arguments, each.released_before) for each in evidence.executions] == [('{"mail": "9"}', False)]
    assert [(each.error, "enough" in each.why) for each in evidence.refusals] == [("Stopped", True)]
    assert recorded(str(guard.folder.path)) == evidence == recorded(guard.folder)


def test_a_compaction_is_in_the_evidence(pinned_provider: MakeProvider, pinned_guard: MakeGuard) -> None:
    """A client that rewrites its history leaves a record of it."""
    provider, guard = pinned_provider(Reply("one"), Reply("two")), pinned_guard(RULES)
    turns: list[Any] = [
        {"role": role, "content": f"{role} {number}"} for number in range(4) for role in ("user", "assistant")
    ]
    with openai.OpenAI(base_url=provider.openai_url, api_key="k") as client, guard.session("one"):
        wrapped = guard.wrap(client)
        wrapped.chat.completions.create(model="m", messages=[*turns, {"role": "user", "content": "go on"}])
        summary: Any = {"role": "user", "content": "Summary of the conversation so far: nothing."}
        wrapped.chat.completions.create(model="m", messages=[turns[0], summary])

    (compaction,) = recorded(guard).compactions
    assert (compaction.kind, compaction.seen_in) == ("client", "request")
    assert compaction.before > compaction.after > 0
    assert len(provider.rewritten_histories) == 1


def test_a_release_that_was_taken_back_is_none() -> None:
    """A call that was withheld after its decision counts as held back."""
    from pinnedrules.cli.story import Told
    from pinnedrules.testing.evidence import _settled

    body = {
        "tool": "archive", "call": "c1", "effects": [], "verdict": "allow", "enforced": True, "released": True,
        "rules": [], "ticket": "", "approved_by": "",
    }  # fmt: skip
    other = {"type": "decision", "session": "s", "body": body | {"call": "c2"}}
    records = [
        Told({"type": "decision", "session": "s", "body": body}),
        Told(other),
        Told({"type": "withheld", "session": "s", "body": {"calls": ["c1"], "why": "no room"}}),
    ]

    first, second = _settled(records)

    assert (first.released, first.reasons, second.released) == (False, ("no room",), True)
    assert first.input == {}


def test_pinned_needs_every_request(pinned_guard: MakeGuard) -> None:
    """One request without the rules makes the statement false, and is named."""
    from dataclasses import replace

    from pinnedrules.testing import Sent

    sent = Sent("s", "openai-chat", "/v1/chat/completions", "request", "m", 1, "new", True, (), "0")
    with pytest.raises(
        AssertionError, match=r"1 of 2 requests left without the rules:\n  NOT pinned: request /v1/chat"
    ):
        assert_pinned(Evidence(requests=(sent, replace(sent, pinned=False))))


def test_the_provider_s_own_question_is_blocked_by_a_no(pinned_provider: MakeProvider) -> None:
    """An approval request that was answered with no did not run; with yes it did."""
    question: Any = {
        "type": "mcp_approval_request",
        "id": "mcpr_1",
        "name": "send",
        "arguments": "{}",
        "server_label": "s",
    }
    for approve, statement in ((False, assert_blocked), (True, assert_released)):
        provider = pinned_provider(Reply("ok"))
        answer: Any = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": approve}
        with openai.OpenAI(base_url=provider.openai_url, api_key="k") as client:
            client.responses.create(model="m", input=[question, answer], store=False)
        statement(provider, "send")


def test_compaction_endpoints_need_no_block(pinned_provider: MakeProvider) -> None:
    """A request to a compaction endpoint is left out of what must carry the rules."""
    provider = pinned_provider(Reply("sum"), Reply("ok"))
    with openai.OpenAI(base_url=provider.openai_url, api_key="k") as client:
        client.responses.compact(model="m", input="hi")
        with pytest.raises(AssertionError, match="shown no request"):
            assert_pinned(provider, "Rules.")
        client.responses.create(model="m", input="hi", instructions="Rules.")

    assert_pinned(provider, "Rules.")


def test_lost_reasoning_is_named(pinned_provider: MakeProvider) -> None:
    """A changed prefix that costs the model its reasoning fails the statement."""
    provider = pinned_provider(Reply(thinking="hmm", calls=[ProposedCall("f", id="a")]), Reply("ok"))
    with openai.OpenAI(base_url=provider.openai_url, api_key="k") as client:
        made = client.responses.create(model="m", input="hi")
        back: Any = [item.to_dict() for item in made.output]
        output: Any = {"type": "function_call_output", "call_id": "a", "output": "x"}
        client.responses.create(model="m", input=[{"role": "user", "content": "other"}, *back, output])

    with pytest.raises(AssertionError, match="request 1 lost rs_"):
        assert_reasoning_kept(provider)


def test_everything_is_imported_from_one_place() -> None:
    """Every public name can be imported from the package, and no other."""
    for name in pinnedrules.testing.__all__:
        assert getattr(pinnedrules.testing, name).__module__.startswith(
            ("pinnedrules.testing.", "pinnedrules.bench.", "typing", "collections")
        )
    assert dir(pinnedrules.testing) == pinnedrules.testing.__all__
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        getattr(pinnedrules.testing, "Nonsense")  # noqa: B009 - no attribute that a type checker knows


def test_the_async_client_is_judged_alike(pinned_provider: MakeProvider, pinned_guard: MakeGuard) -> None:
    """The statements hold for async clients, and for a refusal that is raised."""
    provider, guard = pinned_provider(Reply(calls=[DELETE])), pinned_guard(RULES, on_denied="raise")

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="k") as client:
            with pytest.raises(Denied):
                await guard.wrap(client).chat.completions.create(
                    model="m", messages=[{"role": "user", "content": "tidy"}], tools=TOOLS
                )

    asyncio.run(main())
    assert_blocked(guard, "delete_mail")
    assert_pinned(guard)


def test_the_plugin_imports_next_to_nothing() -> None:
    """Pytest imports the plugin in every run of whoever has the package: no SDK, no HTTP library, no provider."""
    code = (
        "import sys, pinnedrules.testing.plugin\n"
        "heavy = ('openai', 'anthropic', 'httpx', 'httpx2', 'pydantic', 'ruamel', 'tiktoken', 'sqlite3', 'asyncio',"
        " 'pinnedrules.testing.provider', 'pinnedrules.testing.evidence', 'pinnedrules.rules.load')\n"
        "print([name for name in heavy if name in sys.modules and name not in before])"
    )
    before = "import pytest, sys\nbefore = set(sys.modules)\n"
    found = subprocess.run([sys.executable, "-c", before + code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
