"""Sessions: whose ledger a call falls under, whatever becomes of the context."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.hosts.surfaces import ANTHROPIC, OPENAI, make_client, run

from pinnedrules import Guard
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script, Seen

USER = [{"role": "user", "content": "refund the customer"}]


def refund(amount: int | str) -> Reply:
    return Reply("", calls=[ProposedCall("refund", {"amount": str(amount)}, id=f"call_{amount}")])


def refunds(provider: ScriptedProvider, guard: Guard, times: int, **session: Any) -> list[bool]:
    """Run this many turns and say for each whether its refund arrived."""
    arrived = []
    with guard.session("support", **session):
        for _ in range(times):
            turn = run(OPENAI[0], guard.wrap(make_client("openai", provider)), USER)
            arrived.append(bool(turn.calls))
    return arrived


def test_a_restart_does_not_reset_a_daily_sum(make_guard: Callable[..., Guard]) -> None:
    """Invariant 5: sums per day are kept per user, over restarts and sessions."""
    with ScriptedProvider(lambda seen: refund(200)) as provider:
        first = make_guard(on_denied="end")
        assert refunds(provider, first, 2, user="kim@example.com") == [True, True]
        first.close()

        again = make_guard(on_denied="end")
        assert refunds(provider, again, 1, user="kim@example.com") == [False]
        assert refunds(provider, again, 1, user="lee@example.com") == [True]


@pytest.mark.parametrize("kind", ["openai async", "anthropic async"])
def test_200_concurrent_sessions_with_the_same_first_message_stay_apart(
    kind: str, make_guard: Callable[..., Guard]
) -> None:
    """200 concurrent sessions with the same first message on one client: each has its own budget, to the cent."""
    guard = make_guard(on_denied="end")

    def model(seen: Seen) -> Reply:
        return refund(json.loads(seen.headers["x-amount"]))

    async def one(client: Any, number: int) -> tuple[bool, bool]:
        # Even sessions ask for 300 twice (500 a day each): the second is over; odd ones for 200 twice: both fit.
        amount = 300 if number % 2 == 0 else 200
        surface = (OPENAI if kind.startswith("openai") else ANTHROPIC)[0]
        with guard.session(f"customer-{number}", user=f"user-{number}"):
            done = []
            for _ in range(2):
                turn = await surface.asynchronous(
                    client.with_options(default_headers={"x-amount": str(amount)}), list(USER)
                )
                done.append(bool(turn.calls))
        return done[0], done[1]

    async def main(client: Any) -> list[tuple[bool, bool]]:
        found = await asyncio.gather(*(one(client, number) for number in range(200)))
        await client.close()
        return list(found)

    with ScriptedProvider(model) as provider:
        results = asyncio.run(main(guard.wrap(make_client(kind, provider, timeout=300, max_retries=0))))

    assert results == [(True, number % 2 == 1) for number in range(200)]


def test_a_client_without_a_session_has_one_of_its_own(guard: Guard) -> None:
    """Else one session per wrapped client; two clients do not share a ledger."""
    with ScriptedProvider(lambda seen: refund(300)) as provider:
        first, second = guard.wrap(make_client("openai", provider)), guard.wrap(make_client("openai", provider))
        for client in (first, second):
            answer = client.chat.completions.create(model="gpt", messages=USER, tools=[_tool()])
            assert answer.choices[0].message.tool_calls
            client.close()
    names = {line["session"] for line in _records(guard)}

    assert len(names) == 2


def test_a_thread_falls_under_the_open_session(guard: Guard) -> None:
    """A session is carried into threads: a bare thread falls under the one that is open."""
    with ScriptedProvider(lambda seen: Reply("ok")) as provider, guard.session("inbox-42"):
        client = guard.wrap(make_client("openai", provider))
        thread = threading.Thread(target=run, args=(OPENAI[0], client, USER))
        thread.start()
        thread.join()

    assert {line["session"] for line in _records(guard)} == {"inbox-42"}


def test_a_thread_between_two_open_sessions_gets_the_stricter(make_guard: Callable[..., Guard]) -> None:
    """Invariant 5: a request that cannot be tied to one session gets the strictest of the candidates."""
    guard = make_guard(on_denied="end")
    with ScriptedProvider(lambda seen: refund(300)) as provider:
        assert refunds(provider, guard, 1, user="spent@example.com") == [True]
        client = guard.wrap(make_client("openai", provider))
        turns: list[Any] = []
        with guard.session("support", user="spent@example.com"), guard.session("other", user="fresh@example.com"):
            thread = threading.Thread(target=lambda: turns.append(run(OPENAI[0], client, USER)))
            thread.start()
            thread.join()

    assert turns[0].calls == ()


def test_a_full_rewrite_of_the_context_keeps_the_ledger(make_guard: Callable[..., Guard]) -> None:
    """A full-rewrite compaction keeps the ledger."""
    guard = make_guard(on_denied="end")
    with ScriptedProvider(lambda seen: refund(250)) as provider, guard.session("support", user="kim"):
        client = guard.wrap(make_client("openai", provider))
        seen = [
            bool(OPENAI[0].plain(client, [{"role": "user", "content": f"summary {n}: nothing spent so far"}]).calls)
            for n in range(3)
        ]
        client.close()

    assert seen == [True, True, False]


def test_a_session_needs_a_name(guard: Guard) -> None:
    """Bad input gets a clear error."""
    with pytest.raises(ValueError, match="name"), guard.session(""):
        pass


def test_the_prompt_cache_prefix_never_moves(guard: Guard) -> None:
    """Invariant 3: the block is byte-identical from a conversation's first request on; refusals included."""
    replies = [
        Reply("one", calls=[ProposedCall("search", {"query": "a"})]),
        Reply("two", calls=[ProposedCall("delete_mail", {"id": "1"}), ProposedCall("archive", {"id": "2"})]),
        Reply("three", calls=[ProposedCall("delete_mail", {"id": "3"})]),
        Reply("I only suggest it."),
        Reply("done"),
    ]
    with ScriptedProvider(Script(replies)) as provider:
        client = guard.wrap(make_client("anthropic", provider))
        messages: list[Any] = [{"role": "user", "content": "tidy up"}]
        for _ in range(4):
            answer = client.messages.create(
                model="claude", max_tokens=100, messages=messages, tools=ANTHROPIC_TOOLS, system="You tidy."
            )
            messages.append({"role": "assistant", "content": answer.content})
            results = [
                {"type": "tool_result", "tool_use_id": block.id, "content": "ok"}
                for block in answer.content
                if block.type == "tool_use"
            ]
            messages.append({"role": "user", "content": results or "go on"})
        client.close()

    assert provider.moved_prefixes == ()
    assert provider.rewritten_histories == ()
    assert len(provider.requests) == 5


ANTHROPIC_TOOLS: list[Any] = [
    {"name": name, "input_schema": {"type": "object", "properties": {key: {"type": "string"}}}}
    for name, key in (("search", "query"), ("delete_mail", "id"), ("archive", "id"))
]


def _tool() -> Any:
    parameters = {"type": "object", "properties": {"amount": {"type": "string"}}}
    return {"type": "function", "function": {"name": "refund", "parameters": parameters}}


def _records(guard: Guard) -> list[Any]:
    from pinnedrules.evidence.reader import read

    guard.close()
    return [line for line in read(guard.folder.log) if line["session"]]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_what_must_be_put_back_survives_a_restart(kind: str, make_guard: Callable[..., Guard]) -> None:
    """The store keeps what must be restored, across restarts: another process of the agent goes on where it stood."""
    delete = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
    user: dict[str, Any] = {"role": "user", "content": "tidy up"}
    with ScriptedProvider(Script([Reply("Deleting.", calls=[delete]), Reply("As you wish.")])) as provider:
        first = make_guard(on_denied="end")
        with first.session("inbox", user="kim"):
            kept = _ask(first.wrap(make_client(kind, provider)), kind, [user])
        first.close()

        again = make_guard(on_denied="end")
        with again.session("inbox", user="kim"):
            _ask(again.wrap(make_client(kind, provider)), kind, [user, kept, {"role": "user", "content": "go on"}])

    sent = provider.requests[1].body.decode()
    assert "pinnedrules:denied" in str(kept)
    assert "pinnedrules:denied" not in sent
    assert "call_delete" in sent
    assert provider.moved_prefixes == ()


def _ask(client: Any, kind: str, messages: list[Any]) -> dict[str, Any]:
    """Run one turn and return the assistant message as an application keeps it, as plain data."""
    with client:
        if kind == "openai":
            done = client.chat.completions.create(model="gpt", messages=messages, tools=[_tool()])
            found: dict[str, Any] = done.choices[0].message.model_dump(exclude_none=True)
            return found
        done = client.messages.create(model="c", max_tokens=99, messages=messages, tools=ANTHROPIC_TOOLS)
        return {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in done.content]}
