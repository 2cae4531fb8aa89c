"""Websockets of the Responses API, gated message by message behind a setting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai.resources.responses.responses import Responses
from tests.hosts.sockets import Bridge, Message
from tests.hosts.surfaces import make_client
from tests.hosts.surfaces_responses import RESPONSE_TOOLS

from pinnedrules import Guard
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned
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


class Line:
    """A connection of the SDK, used in the same words whether it blocks or not."""

    def __init__(self, form: str, client: Any, door: str = "responses", **options: Any) -> None:
        place = client
        for step in door.split("."):
            if not hasattr(place, step):
                pytest.skip(f"this SDK has no {door}")
            place = getattr(place, step)
        self.client = client
        self._runner = asyncio.Runner() if form == "async" else None
        self.connection = self.wait(place.connect(**options).enter())

    def wait(self, made: Any) -> Any:
        if self._runner is None or not hasattr(made, "__await__"):
            return made

        async def waited() -> Any:
            return await made

        return self._runner.run(waited())

    def ask(self, given: Any, **more: Any) -> None:
        self.say({"type": "response.create", "model": "gpt", "input": given, "tools": RESPONSE_TOOLS, **more})

    def say(self, event: dict[str, Any]) -> None:
        self.raw(json.dumps(event))

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

    def close(self) -> None:
        self.wait(self.connection.close())
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
