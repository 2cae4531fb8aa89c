"""The fence behind a compaction, with the providers' own SDKs over HTTP, streamed and not."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import anthropic
import pytest
from tests.hosts.surfaces_responses import RESPONSE_TOOLS
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.evidence.reader import read
from pinnedrules.testing.asserts import assert_all_accepted
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

USER: list[Any] = [{"role": "user", "content": "tidy"}]
SUMMARY = "The inbox is being tidied."
ARMED = {"context_management": [{"type": "compaction", "compact_threshold": 1000}]}
COMPACT = {"context_management": {"edits": [{"type": "compact_20260112"}]}}
TOOLS: list[Any] = [
    {"name": "archive", "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}}},
    {"name": "search", "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}}},
]
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


def archive(number: int) -> ProposedCall:
    return ProposedCall("archive", {"id": "8"}, id=f"call_{number}")


@pytest.fixture
def ending(make_guard: Callable[..., Guard]) -> Guard:
    return make_guard(on_denied="end")


def records(guard: Guard, kind: str) -> list[dict[str, Any]]:
    guard.flush()
    return [line["body"] for line in read(guard.folder.log) if line["type"] == kind]  # type: ignore[misc]


def fences(guard: Guard) -> list[Any]:
    """Say of each call to archive, in the order of their ids, by what it was fenced."""
    found = {body["call"]: body.get("fence") for body in records(guard, "decision") if body["tool"] == "archive"}
    return [found[name] for name in sorted(found)]


def response(client: Any, given: Any, stream: bool, **more: Any) -> Any:
    asked: dict[str, Any] = {"model": "gpt", "input": given, "tools": RESPONSE_TOOLS, **more}
    if not stream:
        return client.responses.create(**asked)
    *_, end = client.responses.create(**asked, stream=True)
    return end.response


def names(answer: Any) -> list[str]:
    return [item.name for item in answer.output if item.type == "function_call"]


@STREAMED
@pytest.mark.api("responses")
def test_responses_are_fenced_in_the_answer_that_compacts_and_in_the_first_that_continues_it(
    stream: bool, way: Way, ending: Guard
) -> None:
    """Asked about until a verified request is on record; then the conversation goes on as ever."""
    script = [
        Reply("Hm.", calls=[archive(1)], compaction=SUMMARY),
        Reply("Hm.", calls=[archive(2), ProposedCall("search", {"query": "x"}, id="call_s")]),
        Reply("Hm.", calls=[archive(3)]),
    ]
    with ScriptedProvider(Script(script)) as provider:
        client = way.client("responses", provider, ending)
        first = response(client, USER, stream, extra_body=ARMED)
        second = response(client, USER, stream, previous_response_id=first.id)
        done = {"type": "function_call_output", "call_id": "call_s", "output": "nothing"}
        third = response(client, [done], stream, previous_response_id=second.id)

    assert_all_accepted(provider)
    assert [names(one) for one in (first, second, third)] == [[], ["search"], ["archive"]]
    assert fences(ending) == ["answer", "continued", None]
    assert "compacted the conversation in this very answer" in first.output_text
    compaction, stateful = records(ending, "compaction")
    assert (compaction["kind"], compaction["seen_in"], stateful["kind"]) == ("threshold", "answer", "stateful")
    followed = [body.get("follows") for body in records(ending, "request")]
    assert followed == [None, [compaction["id"]], None]


def fetched(client: Any, made: Any) -> Any:
    while made.status in ("queued", "in_progress"):
        made = client.responses.retrieve(made.id)
    return made


@pytest.mark.api("responses")
def test_answers_that_are_fetched_are_fenced_like_those_that_are_waited_for(way: Way, ending: Guard) -> None:
    """In the answer that compacts, in the first that continues it; from the next verified request on as ever."""
    script = [
        Reply("Hm.", calls=[archive(1)], compaction=SUMMARY, polls=2),
        Reply("Hm.", calls=[archive(2), ProposedCall("search", {"query": "x"}, id="call_s")], polls=2),
        Reply("Hm.", calls=[archive(3)], polls=2),
    ]
    done = {"type": "function_call_output", "call_id": "call_s", "output": "nothing"}
    with ScriptedProvider(Script(script)) as provider:
        client = way.client("responses", provider, ending)
        first = fetched(client, response(client, USER, False, background=True, extra_body=ARMED))
        second = fetched(client, response(client, USER, False, background=True, previous_response_id=first.id))
        again = client.responses.retrieve(second.id)
        third = fetched(client, response(client, [done], False, background=True, previous_response_id=second.id))

    assert_all_accepted(provider)
    assert [names(one) for one in (first, second, again, third)] == [[], ["search"], ["search"], ["archive"]]
    assert fences(ending) == ["answer", "continued", None]
    assert [body["kind"] for body in records(ending, "compaction")] == ["threshold", "stateful"]


@pytest.mark.api("responses")
def test_a_stream_that_is_resumed_behind_its_compaction_is_fenced(way: Way, ending: Guard) -> None:
    """The calls of an answer that compacts are asked about, wherever in its stream somebody begins to read."""
    script = [Reply("Hm.", calls=[archive(1)], compaction=SUMMARY), Reply("Hm.", calls=[archive(2)])]
    more: Any = {"model": "gpt", "tools": RESPONSE_TOOLS}
    with ScriptedProvider(Script(script)) as provider:
        client = way.client("responses", provider, ending)
        with client.responses.create(input=USER, background=True, stream=True, extra_body=ARMED, **more) as events:
            seen = [event for _, event in zip(range(6), events, strict=False)]
        begun = next(event.response.id for event in seen if event.type == "response.created")
        for start in (0, 5, 9):
            *_, end = client.responses.retrieve(begun, stream=True, starting_after=start)
            assert names(end.response) == []
        second = response(client, USER, False, previous_response_id=begun)

    assert names(second) == []
    found = records(ending, "decision")
    # What is read from behind the first event says nothing of the tools: then that is why somebody is asked.
    assert [body.get("fence") for body in found] == ["answer", None, None, "continued"]
    assert [body["released"] for body in found] == [False] * 4
    assert [body["kind"] for body in records(ending, "compaction")] == ["threshold", "stateful"]


def message(client: Any, given: Any, stream: bool, **more: Any) -> Any:
    asked: dict[str, Any] = {"model": "claude", "max_tokens": 99, "messages": given, "tools": TOOLS, "extra_body": more}
    if "thread" in more and more["thread"]["type"] == "continue":
        del asked["tools"]
    if not stream:
        return client.beta.messages.create(**asked)
    with client.beta.messages.stream(**asked) as events:
        return events.get_final_message()


def used(answer: Any) -> list[str]:
    return [block.name for block in answer.content if block.type == "tool_use"]


@STREAMED
@pytest.mark.api("anthropic")
def test_messages_are_fenced_in_the_answer_that_compacts(stream: bool, way: Way, ending: Guard) -> None:
    """The compaction block comes first, so its own calls are asked about, streamed or not; the next answer's are not."""
    script = [Reply("Hm.", calls=[archive(1)], compaction=SUMMARY), Reply("Hm.", calls=[archive(2)])]
    with ScriptedProvider(Script(script)) as provider:
        client = way.client("anthropic", provider, ending)
        first = message(client, USER, stream, **COMPACT)
        block = next(item for item in first.content if item.type == "compaction")
        kept = [{"role": "assistant", "content": [{"type": "compaction", "content": block.content}]}]
        second = message(client, [*kept, *USER], stream)

    assert_all_accepted(provider)
    assert [used(one) for one in (first, second)] == [[], ["archive"]]
    assert fences(ending) == ["answer", None]
    (compaction,) = records(ending, "compaction")
    assert (compaction["kind"], compaction["tokens_before"] > 0) == ("threshold", True)
    assert [body.get("follows") for body in records(ending, "request")] == [None, [compaction["id"]]]


@STREAMED
@pytest.mark.api("anthropic")
@pytest.mark.skipif(
    "thread" not in inspect.signature(anthropic.Anthropic(api_key="k").beta.messages.create).parameters,
    reason="this SDK has no message threads",
)
def test_a_thread_is_fenced_until_it_is_made_anew(stream: bool, way: Way, ending: Guard) -> None:
    """What continues a thread carries no block, so it proves nothing: each of its answers is fenced."""
    script = [Reply("Hm.", compaction=SUMMARY), *(Reply("Hm.", calls=[archive(n)]) for n in range(3))]
    with ScriptedProvider(Script(script)) as provider:
        client = way.client("anthropic", provider, ending)
        answers = [message(client, USER, stream, thread={"type": "create"}, **COMPACT)]
        for _ in range(2):
            on = {"type": "continue", "previous_message_id": answers[-1].id}
            answers.append(message(client, USER, stream, thread=on))
        answers.append(message(client, USER, stream, thread={"type": "create"}))

    assert [used(one) for one in answers] == [[], [], [], ["archive"]]
    assert fences(ending) == ["continued", "continued", None]


@pytest.mark.api("responses")
def test_another_guard_on_the_same_store_knows_of_it(way: Way, make_guard: Callable[..., Guard]) -> None:
    """Invariant 5: the state survives the process that saw the compaction."""
    script = [Reply("Hm.", compaction=SUMMARY), Reply("Hm.", calls=[archive(1)])]
    with ScriptedProvider(Script(script)) as provider:
        one = make_guard(on_denied="end")
        with one.session("inbox"):
            first = response(way.client("responses", provider, one), USER, False, extra_body=ARMED)
        one.close()
        other = make_guard(on_denied="end")
        with other.session("inbox"):
            second = response(way.client("responses", provider, other), USER, False, previous_response_id=first.id)
    assert names(second) == []
    assert fences(other) == ["continued"]
