"""Websockets of the Responses API, gated message by message behind a setting."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from openai import OpenAIError
from openai.resources.responses.responses import Responses
from tests.hosts.sockets import Bridge, Message
from tests.hosts.surfaces import make_client
from tests.hosts.surfaces_responses import RESPONSE_TOOLS
from websockets.exceptions import ConnectionClosed

from pinnedrules import Denied, Guard, PathRefused, Stopped, Unreadable
from pinnedrules.hosts import websocket
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned
from pinnedrules.testing.evidence import recorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

if not hasattr(Responses, "connect"):
    pytest.skip("this SDK has no websockets of the Responses API", allow_module_level=True)

DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
ARCHIVE = ProposedCall("archive", '{"id":"18446744073709551617"}', id="call_archive")
USER: list[Any] = [{"role": "user", "content": "tidy"}]
SENTENCE = "Never delete before the owner confirms."
LAST = ("response.completed", "response.failed", "response.incomplete", "error")
FORMS = pytest.mark.parametrize("form", ["sync", "async"])
DOORS = pytest.mark.parametrize("door", ["responses", "beta.responses"])


def request(given: Any, **more: Any) -> str:
    return json.dumps({"type": "response.create", "model": "gpt", "input": given, "tools": RESPONSE_TOOLS, **more})


class Line:
    """A connection of the SDK, used in the same words whether it blocks or not."""

    def __init__(self, form: str, client: Any, door: str = "responses", **options: Any) -> None:
        place = client
        for step in door.split("."):
            if not hasattr(place, step):
                pytest.skip(f"this SDK has no {door}")
            place = getattr(place, step)
        self.client = client
        first, needed = options.pop("first", None), options.pop("first_argument", None)
        self._runner = asyncio.Runner() if form == "async" else None
        try:
            manager = place.connect(**options) if needed is None else place.connect(model=needed)
            if first is not None:
                manager.send(first)
            self.connection = self.wait(manager.enter())
        except BaseException:
            self.leave()
            raise

    def wait(self, made: Any) -> Any:
        if self._runner is None or not hasattr(made, "__await__"):
            return made

        async def waited() -> Any:
            return await made

        return self._runner.run(waited())

    def ask(self, given: Any, **more: Any) -> None:
        self.raw(request(given, **more))

    def raw(self, data: str | bytes) -> None:
        send = getattr(self.connection, "send_raw", None)
        if send is None:
            pytest.skip("this SDK cannot send what is no event of its own")
        self.wait(send(data))

    def next(self) -> Any:
        return json.loads(self.wait(self.connection.recv_bytes()))

    def answer(self) -> list[Any]:
        """Read to the end of the answer."""
        events: list[Any] = []
        while not events or events[-1]["type"] not in LAST:
            events.append(self.next())
        return events

    def until(self, last: str) -> list[Any]:
        """Read by iteration, which connects again where that was asked for."""
        events: list[Any] = []
        if self._runner is None:
            for event in self.connection:
                events.append(event)
                if event.type == last:
                    return events

        async def read() -> None:
            async for event in self.connection:
                events.append(event)
                if event.type == last:
                    return

        self.wait(read())
        return events

    def close(self) -> None:
        self.wait(self.connection.close())
        self.leave()

    def leave(self) -> None:
        self.wait(self.client.close())
        if self._runner is not None:
            self._runner.close()


Connect = Callable[..., Line]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """A function that opens a connection of a wrapped client, closed after the test."""
    lines: list[Line] = []

    def make(form: str, guard: Guard, bridge: Bridge, door: str = "responses", **options: Any) -> Line:
        kind = "openai" if form == "sync" else "openai async"
        client = guard.wrap(make_client(kind, bridge.provider, websocket_base_url=bridge.url))
        lines.append(Line(form, client, door, **options))
        return lines[-1]

    yield make
    for line in lines:
        line.close()


@pytest.fixture
def guard(make_guard: Callable[..., Guard]) -> Guard:
    return make_guard(paths={"websockets": "gate"})


@pytest.fixture
def ending(make_guard: Callable[..., Guard]) -> Guard:
    """A guard that ends the turn with the refusal, so that the program itself goes on."""
    return make_guard(paths={"websockets": "gate"}, on_denied="end")


def calls_of(events: list[Any]) -> list[tuple[str, str]]:
    """What a program would run: the calls that were shown, which the last event must repeat."""
    assert not [event for event in events if "call_delete" in json.dumps(shown(event))]
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    found = [(item["name"], item["arguments"]) for item in done if item["type"] == "function_call"]
    repeated = [item for item in events[-1]["response"]["output"] if item["type"] == "function_call"]
    assert [(item["name"], item["arguments"]) for item in repeated] == found
    return found


def shown(event: Any) -> Any:
    """An event without what it repeats of the request."""
    if isinstance(event.get("response"), dict):
        return {**event, "response": {key: event["response"].get(key) for key in ("id", "output", "usage")}}
    return event


def text_of(events: list[Any]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


@FORMS
@DOORS
def test_a_denied_call_is_never_seen(form: str, door: str, guard: Guard, connect: Connect) -> None:
    """Invariant 1; the gate answers the model itself, over the same connection, and the program gets its next answer."""
    script = Script([Reply("Deleting.", calls=[DELETE]), Reply("I only suggest it.")])
    with ScriptedProvider(script) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge, door)
        line.ask(USER)
        events = line.answer()

    assert calls_of(events) == []
    assert text_of(events).startswith("Deleting.")
    assert text_of(events).endswith("I only suggest it.")
    assert [event["type"] for event in events].count("response.completed") == 1
    assert bridge.connections == 1
    assert len(bridge.frames) == 2
    assert_all_accepted(provider)
    assert_pinned(provider, guard)
    assert_pinned(guard)


@FORMS
def test_an_allowed_call_passes_byte_identical(form: str, guard: Guard, connect: Connect) -> None:
    """Invariant 8, for every message of an answer in which nothing is refused."""
    sent: list[str] = []

    def noted(messages: Iterator[str]) -> Iterator[Message]:
        for message in messages:
            sent.append(message.replace(": ", " :  "))
            yield sent[-1]

    with (
        ScriptedProvider(Script([Reply("Archiving.", calls=[ARCHIVE])])) as provider,
        Bridge(provider, noted) as bridge,
    ):
        line = connect(form, guard, bridge)
        line.ask(USER)
        seen: list[str] = []
        while not seen or json.loads(seen[-1])["type"] not in LAST:
            seen.append(line.wait(line.connection.recv_bytes()).decode())

    assert seen == sent
    assert calls_of([json.loads(message) for message in seen]) == [("archive", ARCHIVE.text)]


@FORMS
@pytest.mark.parametrize("store", [True, False], ids=["stored", "not stored"])
def test_the_result_of_a_refused_call_reaches_history_that_the_provider_keeps(
    form: str, store: bool, ending: Guard, connect: Connect
) -> None:
    """Design, step 12: what is continued by its id gets the result, whether it is stored or kept by the connection only."""
    script = Script([Reply("Two.", calls=[DELETE, ARCHIVE]), Reply("Good."), Reply("Bye.")])
    with ScriptedProvider(script) as provider, Bridge(provider) as bridge:
        line = connect(form, ending, bridge)
        line.ask(USER, store=store)
        first = line.answer()
        done = [{"type": "function_call_output", "call_id": "call_archive", "output": "done"}]
        line.ask(done, store=store, previous_response_id=first[-1]["response"]["id"])
        second = line.answer()
        line.ask("thanks", store=store, previous_response_id=second[-1]["response"]["id"])
        third = line.answer()

    assert calls_of(first) == [("archive", ARCHIVE.text)]
    assert SENTENCE in text_of(first)
    assert (text_of(second), text_of(third)) == ("Good.", "Bye.")
    results = {item["call_id"]: item["output"] for item in bridge.creates[1]["input"]}
    assert results["call_archive"] == "done"
    assert "DENIED" in results["call_delete"]
    assert_all_accepted(provider)
    assert all(SENTENCE in asked["instructions"] for asked in bridge.creates)
    assert_pinned(ending)


@FORMS
def test_a_placeholder_that_the_program_repeats_is_turned_back(form: str, ending: Guard, connect: Connect) -> None:
    """Design, step 12: a program that sends the whole history gives the provider its own calls back."""
    script = Script([Reply("Deleting.", calls=[DELETE], thinking="I will."), Reply("Understood.")])
    with ScriptedProvider(script) as provider, Bridge(provider) as bridge:
        line = connect(form, ending, bridge)
        line.ask(USER, include=["reasoning.encrypted_content"])
        first = line.answer()
        line.ask([*USER, *first[-1]["response"]["output"], {"role": "user", "content": "why?"}])
        second = line.answer()

    assert calls_of(first) == []
    assert text_of(second) == "Understood."
    kinds = [item.get("type", "message") for item in bridge.creates[1]["input"]]
    assert kinds == ["message", "reasoning", "message", "function_call", "function_call_output", "message"]
    assert "pinnedrules:denied" not in str(bridge.frames[1])
    assert_all_accepted(provider)


@FORMS
@pytest.mark.parametrize("store", [True, False], ids=["stored", "not stored"])
def test_the_program_goes_on_from_where_the_gate_answered(
    form: str, store: bool, guard: Guard, connect: Connect
) -> None:
    """The program knows the answer by the id that it began with; the provider is already one answer further."""
    script = Script([Reply("", calls=[DELETE]), Reply("I only suggest it."), Reply("Bye.")])
    with ScriptedProvider(script) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER, store=store)
        first = line.answer()
        line.ask("and now?", store=store, previous_response_id=first[0]["response"]["id"])
        line.answer()

    asked = bridge.creates
    assert asked[1]["store"] is store
    assert asked[1]["previous_response_id"] == first[0]["response"]["id"]
    assert asked[2]["previous_response_id"] != first[0]["response"]["id"]
    assert_all_accepted(provider)


@FORMS
def test_an_answer_on_a_stream_of_its_own_stays_there(form: str, guard: Guard, connect: Connect) -> None:
    """Several answers may come at the same time; what the gate says itself names its stream as well."""
    script = Script([Reply("", calls=[DELETE]), Reply("No."), Reply("Other.")])
    with ScriptedProvider(script) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER, stream_id="a")
        line.ask(USER, stream_id="b")
        events = [*line.answer(), *line.answer()]

    streams: dict[str, list[Any]] = {}
    for event in events:
        streams.setdefault(event["stream_id"], []).append(event)
    assert {name: calls_of(found) for name, found in streams.items()} == {"a": [], "b": []}
    assert all(found[-1]["type"] == "response.completed" for found in streams.values())
    assert_all_accepted(provider)


@FORMS
def test_a_stop_closes_the_connection_in_the_middle_of_an_answer(form: str, guard: Guard, connect: Connect) -> None:
    """Invariant 7: at every streamed event; the connection is closed, so that nothing else comes over it."""
    with (
        ScriptedProvider(lambda seen: Reply("word " * 40, frame_delay=0.01)) as provider,
        Bridge(provider) as bridge,
    ):
        line = connect(form, guard, bridge)
        line.ask(USER)
        for _ in range(5):
            line.next()
        guard.stop("wrong inbox")
        with pytest.raises(Stopped, match="wrong inbox"):
            line.answer()
        assert bridge.until_closed() == 1008
        with pytest.raises(Stopped):
            line.ask(USER)

    assert len(bridge.frames) == 1


@FORMS
def test_a_request_under_a_stop_is_not_sent(form: str, guard: Guard, connect: Connect) -> None:
    """Invariant 7, before a request: nothing is sent, and the connection is closed."""
    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        guard.stop("wrong inbox")
        with pytest.raises(Stopped) as found:
            line.ask(USER)
        assert bridge.until_closed() == 1008

    assert isinstance(found.value, OpenAIError)
    assert bridge.frames == []


@FORMS
def test_nothing_is_opened_while_work_is_stopped(form: str, guard: Guard, connect: Connect) -> None:
    """Invariant 7."""
    guard.stop("wrong inbox")
    with ScriptedProvider(Script([])) as provider, Bridge(provider) as bridge, pytest.raises(Stopped):
        connect(form, guard, bridge)

    assert bridge.connections == 0


def in_the_middle(messages: Iterator[str]) -> Iterator[Message]:
    """An answer that is cut in the middle of a call."""
    for message in messages:
        yield message
        if "function_call_arguments.delta" in message:
            yield None


def until_cut(line: Line) -> list[Any]:
    events: list[Any] = []
    try:
        while True:
            events.append(line.next())
    except ConnectionClosed:
        return events


@FORMS
def test_a_connection_that_breaks_in_the_middle_of_a_call_releases_nothing(
    form: str, guard: Guard, connect: Connect
) -> None:
    """Invariant 2: what was cut cannot be allowed, were it allowed when whole."""
    with (
        ScriptedProvider(Script([Reply("Archiving.", calls=[ARCHIVE])])) as provider,
        Bridge(provider, in_the_middle) as bridge,
    ):
        line = connect(form, guard, bridge)
        line.ask(USER)
        events = until_cut(line)

    assert text_of(events) == "Archiving."
    assert "call_archive" not in json.dumps(events)


@FORMS
@pytest.mark.parametrize(
    ("said", "what"),
    [
        ('{"type":"response.steer","previous_response_id":"resp_1","input":"faster"}', "response.steer"),
        ('{"type":"response.inject","response_id":"resp_1","input":[]}', "response.inject"),
        ('{"type":"session.update","session":{}}', "session.update"),
        ('{"model":"gpt","input":"hi"}', "None"),
    ],
    ids=["steer", "inject", "unknown", "untyped"],
)
def test_what_is_no_request_is_refused_by_name(form: str, said: str, what: str, guard: Guard, connect: Connect) -> None:
    """Invariant 2: unknown things are refused; the connection can be used on."""
    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        with pytest.raises(PathRefused, match=what):
            line.raw(said)
        line.ask(USER)
        assert text_of(line.answer()) == "hi"

    assert len(bridge.frames) == 1
    assert [found.error for found in recorded(guard).refusals] == ["PathRefused"]


@FORMS
@pytest.mark.parametrize(
    "said",
    [
        b'{"type":"response.create","model":"gpt","input":"hi"}',
        "[]",
        "not JSON",
        '{"type":"response.create","type":"response.steer","input":"hi"}',
        '{"type":"response.create","model":"gpt","input":"hi","stream_id":7}',
        '{"type":"response.create","response":{"model":"gpt","input":"hi"}}',
        '{"type":"response.create","model":"gpt","input":[{"type":"shout"}]}',
        '{"type":"response.create","model":"gpt","input":"hi"}\x1e',
    ],
    ids=["binary", "list", "no JSON", "twice", "stream", "nested", "item", "separator"],
)
def test_a_request_that_cannot_be_read_is_not_sent(
    form: str, said: str | bytes, guard: Guard, connect: Connect
) -> None:
    """Invariant 2."""
    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        with pytest.raises(Unreadable):
            line.raw(said)
        line.ask(USER)
        line.answer()

    assert len(bridge.frames) == 1


CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_delete", "name": "delete_mail", "arguments": "{}"}
HIDDEN = '{"type":"function_call","id":"fc_1","call_id":"call_delete","name":"delete_mail","arguments":"{}"}'


@FORMS
@pytest.mark.parametrize("when", ["in an answer", "before"])
@pytest.mark.parametrize(
    "told",
    [
        b'{"type":"response.output_text.delta","delta":"x"}',
        "not JSON",
        "[" + HIDDEN + "]",
        HIDDEN,
        '{"type":"response.output_text.delta","delta":"x"}\x1e{"type":"x"}',
        '{"type":"response.output_text.delta","delta":"x","stream_id":7}',
        '{"type":"some.notice","data":' + HIDDEN + "}",
        '{"type":"error","error":' + HIDDEN + "}",
    ],
    ids=["binary", "no JSON", "list", "call", "separator", "stream", "notice", "error"],
)
def test_what_the_provider_sends_and_cannot_be_read_is_refused(
    form: str, when: str, told: str | bytes, guard: Guard, connect: Connect
) -> None:
    """Invariant 2: and the connection is closed, for nobody knows what else comes over it."""

    def spoiled(messages: Iterator[str]) -> Iterator[Message]:
        if when == "before":
            yield told
        for number, message in enumerate(messages):
            yield message
            if number == 2:
                yield told

    with (
        ScriptedProvider(Script([Reply("Archiving.", calls=[ARCHIVE])])) as provider,
        Bridge(provider, spoiled) as bridge,
    ):
        line = connect(form, guard, bridge)
        line.ask(USER)
        with pytest.raises(Unreadable) as found:
            line.answer()
        assert bridge.until_closed() == 1008

    assert isinstance(found.value, OpenAIError)


@FORMS
@pytest.mark.parametrize(
    "told",
    [
        {"type": "response.created", "response": {"id": "resp_2", "output": []}},
        {"type": "response.output_item.done", "output_index": 0, "item": CALL},
        {"type": "response.completed", "response": {"id": "resp_2", "output": [CALL]}},
    ],
    ids=["begins", "call", "ends"],
)
@pytest.mark.parametrize("stream", [None, "other"], ids=["unnamed", "named"])
def test_an_answer_that_nobody_asked_for_is_refused(
    form: str, told: dict[str, Any], stream: str | None, guard: Guard, connect: Connect
) -> None:
    """There is no request that it could be decided under."""

    def more(messages: Iterator[str]) -> Iterator[Message]:
        yield from messages
        yield json.dumps({**told, "stream_id": stream} if stream else told)

    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider, more) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        assert text_of(line.answer()) == "hi"
        with pytest.raises(Unreadable):
            line.next()
        assert bridge.until_closed() == 1008


@FORMS
def test_notices_and_errors_between_answers_pass(form: str, guard: Guard, connect: Connect) -> None:
    """They are no part of an answer, and hold nothing that could be run."""
    notices = [
        {"type": "rate_limits.updated", "rate_limits": []},
        {"type": "error", "error": {"type": "invalid_request_error", "message": "too old"}, "status": 400},
    ]

    def more(messages: Iterator[str]) -> Iterator[Message]:
        yield from messages
        yield from map(json.dumps, notices)

    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider, more) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        line.answer()

        assert [line.next(), line.next()] == notices


@FORMS
def test_an_error_ends_the_answer_and_the_connection_goes_on(form: str, guard: Guard, connect: Connect) -> None:
    """The provider says that it refuses a request in an event; the next request is one like any other."""
    script = Script([Reply(status=429, message="slow down"), Reply("hi")])
    with ScriptedProvider(script) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        (refused,) = line.answer()
        line.ask(USER)
        answered = line.answer()

    assert refused["status"] == 429
    assert text_of(answered) == "hi"


@FORMS
def test_an_answer_may_be_said_to_have_failed_after_its_error(form: str, guard: Guard, connect: Connect) -> None:
    """The service says both; the second comes when the next request may be on its way already."""
    first = [True]

    def failing(messages: Iterator[str]) -> Iterator[Message]:
        broken = bool(first) and first.pop()
        for message in messages:
            yield message
            if broken and "function_call_arguments.delta" in message:
                yield '{"type":"error","code":"server_error","message":"oh"}'
                yield json.dumps({"type": "response.failed", "response": {**begun[0], "status": "failed"}})
                return
            if message.startswith('{"type": "response.created"'):
                begun.append(json.loads(message)["response"])

    begun: list[dict[str, Any]] = []
    script = Script([Reply("Archiving.", calls=[ARCHIVE]), Reply("hi")])
    with ScriptedProvider(script) as provider, Bridge(provider, failing) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        failed = line.answer()
        line.ask(USER)
        late, answered = line.next(), line.answer()

    assert failed[-1]["type"] == "error"
    assert "call_archive" not in json.dumps(failed)
    assert late["type"] == "response.failed"
    assert text_of(answered) == "hi"


@FORMS
def test_the_policy_holds_for_what_the_provider_would_run(form: str, guard: Guard, connect: Connect) -> None:
    """A tool that the provider runs is decided on the request; where it can be told to ask first, it is told."""
    server = {"type": "mcp", "server_label": "wiki", "server_url": "https://mcp.example", "require_approval": "never"}
    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        with pytest.raises(Denied, match="code_interpreter"):
            line.ask(USER, tools=[{"type": "code_interpreter", "container": {"type": "auto"}}])
        line.ask(USER, tools=[server])
        line.answer()

    assert [asked["tools"][0]["require_approval"] for asked in bridge.creates] == ["always"]


@FORMS
def test_a_second_request_waits_for_the_end_of_the_first(form: str, guard: Guard, connect: Connect) -> None:
    """Two answers on one stream could not be told apart; it is refused by name, and possible afterwards."""
    with ScriptedProvider(Script([Reply("one"), Reply("two")])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        with pytest.raises(PathRefused, match="under way"):
            line.ask(USER)
        first = line.answer()
        line.ask(USER)
        second = line.answer()

    assert (text_of(first), text_of(second)) == ("one", "two")
    assert len(bridge.frames) == 2


@FORMS
def test_a_denial_can_be_raised_and_the_connection_goes_on(
    form: str, make_guard: Callable[..., Guard], connect: Connect
) -> None:
    """``on_denied="raise"``: the answer is over, so the next request is one like any other."""
    guard = make_guard(paths={"websockets": "gate"}, on_denied="raise")
    with ScriptedProvider(Script([Reply("", calls=[DELETE]), Reply("hi")])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        with pytest.raises(Denied, match=SENTENCE):
            line.answer()
        line.ask(USER)
        assert text_of(line.answer()) == "hi"


REFUND = ProposedCall("refund", {"amount": "900"}, id="call_refund")


@FORMS
@pytest.mark.parametrize("yes", [True, False], ids=["yes", "no"])
def test_an_asked_call_waits_for_its_answer(
    form: str, yes: bool, make_guard: Callable[..., Guard], connect: Connect
) -> None:
    """Text comes at once; the call only once a person has said yes."""
    asked: list[Any] = []

    def approve(ticket: object, proposal: object) -> bool:
        asked.append(proposal)
        return yes

    guard = make_guard(paths={"websockets": "gate"}, on_denied="end", approver=approve)
    with ScriptedProvider(Script([Reply("Refunding.", calls=[REFUND])])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        events = line.answer()

    assert len(asked) == 1
    assert calls_of(events) == ([("refund", REFUND.text)] if yes else [])


@FORMS
def test_closing_while_a_person_is_asked_releases_nothing(
    form: str, make_guard: Callable[..., Guard], connect: Connect
) -> None:
    """A yes that comes after the connection was closed is of no use."""
    asked, answer = threading.Event(), threading.Event()

    def approve(ticket: object, proposal: object) -> bool:
        asked.set()
        return answer.wait(10)

    guard = make_guard(paths={"websockets": "gate"}, approver=approve)
    found: list[Any] = []

    def read() -> None:
        try:
            while True:
                found.append(line.next())
        except ConnectionClosed:
            found.append("closed")

    with ScriptedProvider(Script([Reply("Refunding.", calls=[REFUND])])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        if form == "sync":
            reader = threading.Thread(target=read)
            reader.start()
            assert asked.wait(10)
            line.connection.close()
            answer.set()
            reader.join(10)
        else:

            async def close() -> None:
                async def receive() -> None:
                    try:
                        while True:
                            found.append(json.loads(await line.connection.recv_bytes()))
                    except ConnectionClosed:
                        found.append("closed")

                receiving = asyncio.ensure_future(receive())
                assert await asyncio.to_thread(asked.wait, 10)
                await line.connection.close()
                answer.set()
                await receiving

            line.wait(close())

    assert found[-1] == "closed"
    assert "call_refund" not in json.dumps(found)


@FORMS
def test_a_connection_that_the_sdk_opens_again_is_gated(form: str, guard: Guard, connect: Connect) -> None:
    """What waited to be sent goes out over the new connection with the rules in it, and its answer is gated."""
    cut = [True]

    def once(messages: Iterator[str]) -> Iterator[Message]:
        yield from in_the_middle(messages) if cut and cut.pop() else messages

    def again(event: object) -> None:
        line.connection._send_queue.enqueue(request(USER))

    script = Script([Reply("", calls=[DELETE]), Reply("", calls=[DELETE]), Reply("No.")])
    with ScriptedProvider(script) as provider, Bridge(provider, once) as bridge:
        line = connect(form, guard, bridge, on_reconnecting=again, initial_delay=0.01)
        line.ask(USER)
        events = [event.to_dict(mode="json") for event in line.until("response.completed")]

    assert bridge.connections == 2
    assert len(bridge.frames) == 3
    assert "call_delete" not in json.dumps([shown(event) for event in events])
    assert text_of(events).endswith("No.")
    assert_all_accepted(provider)
    assert_pinned(provider, guard)


def test_a_wait_for_a_message_can_be_cancelled(guard: Guard, connect: Connect) -> None:
    """As the SDK promises of ``recv``: what comes meanwhile is not lost, and not given twice."""
    with (
        ScriptedProvider(lambda seen: Reply("word " * 5, frame_delay=0.02)) as provider,
        Bridge(provider) as bridge,
    ):
        line = connect("async", guard, bridge)

        async def read() -> list[Any]:
            events: list[Any] = []
            while not events or events[-1]["type"] not in LAST:
                with contextlib.suppress(TimeoutError):
                    events.append(json.loads(await asyncio.wait_for(line.connection.recv_bytes(), 0.005)))
            return events

        line.ask(USER)
        events = line.wait(read())

    assert text_of(events) == "word " * 5
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@FORMS
def test_what_was_said_before_the_connection_is_gated(form: str, guard: Guard, connect: Connect) -> None:
    """The SDK keeps what its manager is told, and sends it once it is connected; by the typed methods too."""
    script = Script([Reply("", calls=[DELETE]), Reply("No."), Reply("hi")])
    with ScriptedProvider(script) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge, first={"type": "response.create", "model": "gpt", "input": "tidy"})
        first = line.answer()
        line.wait(line.connection.response.create(model="gpt", input="tidy"))
        second = line.answer()

    assert calls_of(first) == []
    assert (text_of(first).endswith("No."), text_of(second)) == (True, "hi")
    assert_pinned(provider, guard)


@FORMS
def test_whoever_waits_for_an_answer_is_told_that_the_request_was_refused(
    form: str, guard: Guard, connect: Connect
) -> None:
    """The SDK tells nobody when it cannot send what it kept, so nobody would know why no answer comes."""
    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge, first={"type": "response.create", "model": "gpt", "input": [{"type": "x"}]})
        with pytest.raises(Unreadable):
            line.answer()
        line.ask(USER)
        assert text_of(line.answer()) == "hi"

    assert len(bridge.frames) == 1


@FORMS
def test_the_same_holds_for_a_connection_that_the_sdk_opens_again(form: str, guard: Guard, connect: Connect) -> None:
    """What it kept meanwhile may be refused as well."""
    kept = ['{"type":"response.steer"}']

    def again(event: object) -> None:
        if kept:
            line.connection._send_queue.enqueue(kept.pop())

    with (
        ScriptedProvider(Script([Reply("", calls=[DELETE])])) as provider,
        Bridge(provider, in_the_middle) as bridge,
    ):
        line = connect(form, guard, bridge, on_reconnecting=again, initial_delay=0.01, max_retries=2)
        line.ask(USER)
        with pytest.raises(PathRefused):
            line.until("response.completed")

    assert len(bridge.frames) == 1
    assert {found.error for found in recorded(guard).refusals} == {"PathRefused"}


def test_requests_and_answers_may_be_of_different_threads(guard: Guard, connect: Connect) -> None:
    """As in the SDK's own sessions: one thread reads, others send."""
    sent = 12
    with ScriptedProvider(lambda seen: Reply("hi" if seen.text else "")) as provider, Bridge(provider) as bridge:
        line = connect("sync", guard, bridge)
        done: list[str] = []

        def read() -> None:
            while len(done) < sent:
                event = line.next()
                if event["type"] == "response.completed":
                    done.append(event["stream_id"])

        reader = threading.Thread(target=read)
        reader.start()
        senders = [threading.Thread(target=line.ask, args=(USER,), kwargs={"stream_id": f"s{n}"}) for n in range(sent)]
        for sender in senders:
            sender.start()
        for thread in (*senders, reader):
            thread.join(30)

    assert sorted(done) == sorted(f"s{n}" for n in range(sent))


@FORMS
def test_nothing_is_held_back_in_monitor_mode(form: str, make_guard: Callable[..., Guard], connect: Connect) -> None:
    """Everything is decided and recorded, also what could not be read; a stop still stops."""
    guard = make_guard(paths={"websockets": "gate"}, mode="monitor")
    odd: list[str | bytes] = [
        "not JSON",
        '{"type":"response.created","response":{"id":"resp_9","output":[]}}',
        b"binary",
    ]

    def more(messages: Iterator[str]) -> Iterator[Message]:
        yield from odd[:1]
        yield from messages
        yield from odd[1:]

    with ScriptedProvider(Script([Reply("", calls=[DELETE])])) as provider, Bridge(provider, more) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        assert line.wait(line.connection.recv_bytes()) == b"not JSON"
        events = line.answer()
        rest = [line.wait(line.connection.recv_bytes()) for _ in odd[1:]]
        guard.stop("enough")
        with pytest.raises(Stopped):
            line.ask(USER)

    assert "call_delete" in json.dumps(events[-1]["response"]["output"])
    assert rest == [str(odd[1]).encode(), b"binary"]
    assert {found.error for found in recorded(guard).refusals} == {"Unreadable", "Stopped"}
    assert recorded(guard).decisions[-1].tool == "delete_mail"


@FORMS
def test_what_is_no_request_passes_in_monitor_mode(
    form: str, make_guard: Callable[..., Guard], connect: Connect
) -> None:
    """It is recorded; what the connection says of it is said."""
    guard = make_guard(paths={"websockets": "gate"}, mode="monitor")
    steer = '{"type":"response.steer","previous_response_id":"resp_1","input":"faster"}'
    with ScriptedProvider(Script([])) as provider, Bridge(provider, lambda messages: []) as bridge:
        line = connect(form, guard, bridge)
        line.raw(steer)
        line.wait(line.connection.close())
        with pytest.raises(ConnectionClosed):
            line.raw(steer)
        assert bridge.until_closed() == 1000

    assert bridge.frames == [steer]
    assert [found.error for found in recorded(guard).refusals] == ["PathRefused", "PathRefused"]


@FORMS
def test_a_server_that_knows_no_streams_is_understood(form: str, guard: Guard, connect: Connect) -> None:
    """As long as one answer is under way, it is that one's."""

    def unnamed(messages: Iterator[str]) -> Iterator[Message]:
        for message in messages:
            yield message.replace('"stream_id": "a"', '"other": "a"')

    script = Script([Reply("", calls=[DELETE]), Reply("No.")])
    with ScriptedProvider(script) as provider, Bridge(provider, unnamed) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER, stream_id="a")
        events = line.answer()

    assert calls_of(events) == []
    assert text_of(events).endswith("No.")


@FORMS
def test_a_stop_holds_between_answers_too(form: str, guard: Guard, connect: Connect) -> None:
    """Invariant 7: also where nothing but a notice comes."""

    def more(messages: Iterator[str]) -> Iterator[Message]:
        yield from messages
        yield '{"type":"rate_limits.updated"}'

    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider, more) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        line.answer()
        guard.stop("wrong inbox")
        with pytest.raises(Stopped):
            line.next()
        assert bridge.until_closed() == 1008


@FORMS
@pytest.mark.parametrize("asked", [False, True], ids=["nothing asked", "under way"])
def test_a_stop_ends_a_wait_in_silence(form: str, asked: bool, guard: Guard, connect: Connect) -> None:
    """Invariant 7: after every wait. Whoever waits for a message that does not come learns of the stop all the same."""
    waiting = threading.Event()

    def never(messages: Iterator[str]) -> Iterator[Message]:
        yield next(messages)
        waiting.wait(30)

    with ScriptedProvider(Script([Reply("hi")])) as provider, Bridge(provider, never) as bridge:
        line = connect(form, guard, bridge)
        if asked:
            line.ask(USER)
            assert line.next()["type"] == "response.created"
        stopping = threading.Timer(0.3, guard.stop, ["wrong inbox"])
        stopping.start()
        with pytest.raises(Stopped, match="wrong inbox"):
            line.next()
        waiting.set()
        assert bridge.until_closed() == 1008
        stopping.join()


@FORMS
def test_silence_alone_ends_nothing(form: str, guard: Guard, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that thinks for long is waited for, and no message is lost meanwhile."""
    monkeypatch.setattr(websocket, "_SILENCE_SECONDS", 0.002)
    with ScriptedProvider(lambda seen: Reply("word " * 9, frame_delay=0.01)) as provider, Bridge(provider) as bridge:
        line = connect(form, guard, bridge)
        line.ask(USER)
        assert text_of(line.answer()) == "word " * 9


@FORMS
@pytest.mark.parametrize("door", ["realtime", "beta.realtime", "live"])
def test_only_the_responses_api_is_gated(form: str, door: str, guard: Guard, connect: Connect) -> None:
    """The setting opens no websocket whose messages the gate cannot read."""
    options = {"first_argument": "gpt-realtime"} if door != "live" else {}
    shut = pytest.raises(PathRefused, match="websocket")
    with ScriptedProvider(Script([])) as provider, Bridge(provider) as bridge, shut:
        connect(form, guard, bridge, door, **options)

    assert bridge.connections == 0


@FORMS
def test_a_connection_that_would_not_be_gated_is_not_opened(form: str, guard: Guard) -> None:
    """Whoever goes around ``client.responses`` finds the door shut."""
    kind = "openai" if form == "sync" else "openai async"
    with ScriptedProvider(Script([])) as provider, Bridge(provider) as bridge:
        client = guard.wrap(make_client(kind, provider, websocket_base_url=bridge.url))
        own = client.responses
        made = type(own)(client)
        with pytest.raises(PathRefused, match="websocket"):
            Line(
                form,
                SimpleNamespace(responses=SimpleNamespace(connect=partial(type(own).connect, own)), close=client.close),
            )
        client = guard.wrap(make_client(kind, provider, websocket_base_url=bridge.url))
        with pytest.raises(PathRefused, match="websocket"):
            Line(form, SimpleNamespace(responses=type(made)(client), close=client.close))

    assert bridge.connections == 0


@FORMS
def test_copies_and_clients_that_were_used_before_are_gated(form: str, guard: Guard, connect: Connect) -> None:
    """Nothing that the client kept from before it was wrapped leads around the gate."""
    kind = "openai" if form == "sync" else "openai async"
    with ScriptedProvider(lambda seen: Reply("hi")) as provider, Bridge(provider) as bridge:
        client = make_client(kind, provider, websocket_base_url=bridge.url)
        assert client.responses is not None
        for made in (guard.wrap(client), guard.wrap(client).with_options(timeout=5)):
            line = Line(form, made)
            line.ask(USER)
            line.answer()
            line.close()

    assert_pinned(provider, guard)
