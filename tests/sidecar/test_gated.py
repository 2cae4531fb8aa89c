"""The sidecar with the real SDKs and plain HTTP, as an agent in any language would use it."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from tests.sidecar.bench import DIALECTS, Bench, chat

from pinnedrules.testing.asserts import assert_all_accepted, assert_seen_in_every_request
from pinnedrules.testing.script import ProposedCall, Reply, Script

Make = Callable[..., Bench]
DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
ARCHIVE = ProposedCall("archive", '{"id":"18446744073709551617"}')
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])
EACH = pytest.mark.parametrize("dialect", list(DIALECTS))


def ask(bench: Bench, dialect: str, *, stream: bool = False, **more: Any) -> Any:
    path, body = DIALECTS[dialect]
    return bench.post(path, body(stream=stream), **more)


@FORMS
@EACH
def test_an_allowed_call_arrives_byte_identical(dialect: str, stream: bool, make_bench: Make) -> None:
    """Invariant 8: an allowed call passes byte-identical."""
    bench = make_bench(Script([Reply("Archiving.", calls=[ARCHIVE])]))

    got = ask(bench, dialect, stream=stream)

    assert got.status == 200
    assert got.body == bytes(bench.provider.requests[0].answer)
    assert_seen_in_every_request(bench.provider, bench.guard.block)


@FORMS
@EACH
def test_a_refused_call_never_arrives_and_the_next_answer_does(dialect: str, stream: bool, make_bench: Make) -> None:
    """Invariant 1, through the sidecar: the gate answers the model itself, and the caller gets its next answer."""
    bench = make_bench(Script([Reply("Deleting.", calls=[DELETE]), Reply("I only suggest it.")]))

    got = ask(bench, dialect, stream=stream)

    assert b"call_delete" not in got.body
    assert b"suggest it" in got.body or stream
    assert len(bench.provider.requests) == 2
    assert_all_accepted(bench.provider)


@FORMS
@EACH
def test_without_the_sidecar_the_call_would_have_arrived(dialect: str, stream: bool, make_bench: Make) -> None:
    """The negative control."""
    bench = make_bench(Script([Reply("Deleting.", calls=[DELETE])]))
    path, body = DIALECTS[dialect]

    with urllib.request.urlopen(bench.provider.url + path, json.dumps(body(stream=stream)).encode()) as answer:
        assert b"call_delete" in answer.read()


def test_the_sdks_work_with_nothing_but_a_base_url(make_bench: Make) -> None:
    """An agent sets its base URL; its program stays as it is."""
    import anthropic
    import openai

    bench = make_bench(lambda seen: Reply("hello"))
    said: Any = [{"role": "user", "content": "hi"}]
    with openai.OpenAI(base_url=bench.serving.base_url("openai"), api_key="k") as client:
        assert client.chat.completions.create(model="g", messages=said).choices[0].message.content == "hello"
    with anthropic.Anthropic(base_url=bench.serving.base_url("anthropic"), api_key="k") as other:
        first = other.messages.create(model="c", max_tokens=9, messages=said).content[0]
        assert first.type == "text"
        assert first.text == "hello"

    async def both() -> None:
        async with openai.AsyncOpenAI(base_url=bench.serving.base_url("openai"), api_key="k") as one:
            stream = await one.chat.completions.create(model="g", messages=said, stream=True)
            assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]) == "hello"
        async with (
            anthropic.AsyncAnthropic(base_url=bench.serving.base_url("anthropic"), api_key="k") as two,
            two.messages.stream(model="c", max_tokens=9, messages=said) as events,
        ):
            assert await events.get_final_text() == "hello"

    asyncio.run(both())


def test_many_clients_at_once_stay_apart(make_bench: Make) -> None:
    """50 sessions at the same time, each with its own budget."""
    import openai

    def model(seen: Any) -> Reply:
        return Reply("", calls=[ProposedCall("refund", {"amount": seen.user})])

    bench = make_bench(model, guard={"on_denied": "end"})
    tool: Any = {"type": "function", "function": {"name": "refund", "parameters": {"properties": {"amount": {}}}}}

    async def one(client: Any, number: int) -> tuple[bool, bool]:
        arrived = []
        for _ in range(2):
            answer = await client.chat.completions.create(
                model="g",
                messages=[{"role": "user", "content": "300" if number % 2 else "200"}],
                tools=[tool],
                extra_headers={"x-pinnedrules-session": f"s{number}", "x-pinnedrules-user": f"u{number}"},
            )
            arrived.append(bool(answer.choices[0].message.tool_calls))
        return arrived[0], arrived[1]

    async def every() -> list[tuple[bool, bool]]:
        async with openai.AsyncOpenAI(base_url=bench.serving.base_url("openai"), api_key="k", timeout=120) as client:
            return list(await asyncio.gather(*(one(client, number) for number in range(50))))

    assert asyncio.run(every()) == [(True, number % 2 == 0) for number in range(50)]


def refunds(bench: Bench, *askings: dict[str, Any]) -> list[bool]:
    """Ask for a refund of 200 EUR under each of these identities; say whether it arrived."""
    return [b'"refund"' in bench.chat(**asking).body for asking in askings]


def test_a_client_cannot_escape_the_ledger_of_a_named_base_url(make_bench: Make) -> None:
    """Invariant 5: whatever ids it sends."""
    bench = make_bench(
        lambda seen: Reply("", calls=[ProposedCall("refund", {"amount": "200"})]), guard={"on_denied": "end"}
    )

    arrived = refunds(
        bench,
        {"prefix": "/s/support"},
        {"prefix": "/s/support", "x_session_id": "new"},
        {"prefix": "/s/support", "x_pinnedrules_session": "new", "x_pinnedrules_user": "new"},
    )

    assert arrived == [True, True, False]


def test_requests_that_nothing_tells_apart_share_one_ledger(make_bench: Make) -> None:
    """The last resort: a compaction leaves nothing of a conversation, so it cannot be told from a new one."""
    bench = make_bench(
        lambda seen: Reply("", calls=[ProposedCall("refund", {"amount": "200"})]), guard={"on_denied": "end"}
    )

    assert refunds(bench, {"text": "one"}, {"text": "two"}, {"text": "three"}, {"x_session_id": "s1"}) == [
        True, True, False, True,
    ]  # fmt: skip


def test_sums_per_day_belong_to_the_user_whatever_the_session(make_bench: Make) -> None:
    """A client that takes a new id does not get a new day."""
    bench = make_bench(
        lambda seen: Reply("", calls=[ProposedCall("refund", {"amount": "200"})]),
        guard={"on_denied": "end"},
        user="kim",
    )

    assert refunds(bench, {"x_session_id": "a"}, {"x_session_id": "b"}, {"x_session_id": "c"}) == [True, True, False]


def test_a_denied_call_is_restored_on_the_next_request(make_bench: Make) -> None:
    """The provider sees what it really said, plus a refusal; the client sees a sentence."""
    bench = make_bench(Script([Reply("Deleting.", calls=[DELETE]), Reply("ok")]), guard={"on_denied": "end"})
    first = bench.chat(prefix="/s/one").json["choices"][0]["message"]

    said = [{"role": "user", "content": "hi"}, first, {"role": "user", "content": "go on"}]
    bench.post("/s/one/v1/chat/completions", {**chat(), "messages": said})

    assert [call.name for call in bench.provider.seen[1].calls] == ["delete_mail"]
    assert_all_accepted(bench.provider)


def test_what_needs_no_gate_passes(make_bench: Make) -> None:
    """Models, embeddings, token counts: they propose no call."""
    bench = make_bench(Script([]))

    got = bench.ask("GET", f"{bench.prefix}/v1/models?limit=2")

    assert bench.provider.requests[0].path == "/v1/models?limit=2"
    assert got.status == bench.provider.requests[0].status


@pytest.mark.parametrize("mode", ["enforce", "monitor"])
def test_a_door_that_is_shut_says_so(mode: str, make_bench: Make) -> None:
    """A path that this version does not guard is refused by name; monitor mode only records it."""
    bench = make_bench(Script([]), guard={"mode": mode})

    got = bench.post("/v1/something/new", {"x": 1})

    assert got.status == (403 if mode == "enforce" else 404)
    assert len(bench.provider.requests) == (0 if mode == "enforce" else 1)


def test_the_assurance_level_is_the_host_s(make_bench: Make) -> None:
    """Every record carries what can honestly be promised; `serve` runs outside the agent's process."""
    from pinnedrules.cli.serve import SidecarGuard
    from pinnedrules.evidence.reader import read

    bench = make_bench(Script([]))
    rules = bench.guard.folder.path.parent / "rules.yaml"
    with SidecarGuard(rules, state=bench.guard.folder.path.parent / "other", quiet=True) as outside:
        folder = outside.folder
    assert {record["level"] for record in read(folder.log)} == {"L1"}
