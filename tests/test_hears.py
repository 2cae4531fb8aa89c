"""``Guard(hears=...)``: a model of one's own listens where the patterns heard nothing, and can only limit."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from pinnedrules import Guard, turns
from pinnedrules.chat.hear import hear
from pinnedrules.chat.heard import NOTHING
from pinnedrules.chat.heard import Heard as Found
from pinnedrules.commands import Failed
from pinnedrules.control.ears import Ears, Pending
from pinnedrules.gate import hearing
from pinnedrules.hearing import Heard
from pinnedrules.testing.evidence import recorded
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply

RULES = """\
version: 1
default: {read: allow, other: ask}
tools: {archive: write}
rules:
  - {id: archive-freely, text: Archiving is fine., on: archive, then: allow}
"""
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "archive", "parameters": {"type": "object", "properties": {"id": {}}}}}
]
OPEN = "I would rather you left my inbox as it is from here on."


@pytest.fixture(autouse=True)
def left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence is left open by the patterns, whatever they learn to hear."""
    for module in (hearing, turns):
        monkeypatch.setattr(module, "hear", lambda text: NOTHING if OPEN in text else hear(text))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    def model(seen: Any) -> Reply:
        return (
            Reply("I will ask.")
            if "DENIED" in seen.last_text
            else Reply("", calls=[ProposedCall("archive", {"id": "7"})])
        )

    with ScriptedProvider(model) as running:
        yield running


def limits(text: str) -> Heard | None:
    return Heard("constraint", ("write",)) if "inbox" in text else None


async def alimits(text: str) -> Heard | None:
    await asyncio.sleep(0)
    return limits(text)


def heard(guard: Guard) -> list[Any]:
    return [record.record["body"] for record in recorded(guard).records if record.record["type"] == "heard"]


def make(rules: Path, hears: Any, **more: Any) -> Guard:
    return Guard(rules, approver="tickets", quiet=True, ask_wait=0, hears=hears, **{"hears_seconds": 20, **more})


def runs(guard: Guard, provider: ScriptedProvider, text: str) -> bool:
    """Say whether a call that the file allows arrives after this turn."""
    with guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="k")) as client:
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}], tools=TOOLS)
    return bool(answer.choices[0].message.tool_calls)


async def aruns(guard: Guard, provider: ScriptedProvider, text: str) -> bool:
    async with guard.wrap(openai.AsyncOpenAI(base_url=provider.openai_url, api_key="k")) as client:
        answer = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": text}], tools=TOOLS
        )
    return bool(answer.choices[0].message.tool_calls)


@pytest.mark.parametrize("hears", [limits, alimits])
def test_it_limits_on_both_drivers_whether_it_is_a_function_or_a_coroutine(
    rules: Path, provider: ScriptedProvider, hears: Any
) -> None:
    """Contract: a callable, sync or async, and clients of both kinds."""
    with make(rules, hears) as guard:
        with guard.session("one"):
            assert runs(guard, provider, "tidy up")
            assert not runs(guard, provider, OPEN)
        with guard.session("two"):
            assert asyncio.run(aruns(guard, provider, "tidy up"))
            assert not asyncio.run(aruns(guard, provider, OPEN))
        assert [(body["kind"], body["origin"]) for body in heard(guard)] == [("constraint", "model")] * 2


def test_a_coroutine_runs_on_the_loop_of_the_client(rules: Path, provider: ScriptedProvider) -> None:
    """Clients of models belong to a loop, so it is asked on the one that there is."""
    loops: list[object] = []

    async def hears(text: str) -> None:
        loops.append(asyncio.get_running_loop())

    async def main() -> None:
        assert await aruns(guard, provider, OPEN)
        await guard.auser_turn(f"{OPEN} Thanks.", user="kim")
        assert loops == [asyncio.get_running_loop()] * 2

    with make(rules, hears) as guard, guard.session("one"):
        asyncio.run(main())


@pytest.mark.parametrize("hears", [limits, alimits])
def test_it_hears_what_a_person_says_to_the_guard(rules: Path, hears: Any) -> None:
    """Contract: work also through guard.user_turn."""
    with make(rules, hears) as guard, guard.session("one"):
        assert guard.user_turn("tidy up", user="kim").did == "nothing"
        said = guard.user_turn(OPEN, user="kim")
        assert (said.did, said.text[:60]) == ("rule", "In force for this session: Ask before changing anything. To ")
        assert asyncio.run(guard.auser_turn(OPEN, user="kim")).about == said.about
        assert {(body["origin"], body["by"]) for body in heard(guard)} == {("model", "kim")}


def test_a_stop_from_the_model_is_a_pause_that_the_person_can_lift(rules: Path) -> None:
    """What a model took for a stop is the person's own pause, so their word lifts it."""
    with make(rules, lambda text: Heard("stop")) as guard, guard.session("one"):
        assert guard.user_turn(OPEN, user="kim").did == "pause"
        assert guard.user_turn("resume", user="kim").did == "resume"


def test_it_is_not_asked_about_what_the_patterns_heard_or_what_is_an_order(rules: Path) -> None:
    """Asked only when the patterns heard nothing; a permission of the person's stays the person's."""
    asked: list[str] = []
    with make(rules, asked.append) as guard, guard.session("one"):
        guard.user_turn("Never archive anything without asking me.", user="kim")
        guard.user_turn("resume", user="kim")
        guard.user_turn("go ahead", user="kim")
    assert asked == []


class Odd:
    """Something whose parts cannot even be looked at."""

    @property
    def kind(self) -> str:
        raise KeyError("kind")


def late(text: str) -> None:
    time.sleep(0.4)
    raise RuntimeError("and then nothing")


async def alate(text: str) -> None:
    await asyncio.sleep(5)


def broken(text: str) -> None:
    raise SystemExit(2)


NONSENSE = [
    lambda text: "stop", lambda text: True, lambda text: Heard("permission"), lambda text: Odd(),  # type: ignore[arg-type]
    lambda text: Heard("stop", "delete"), lambda text: Heard("constraint", ("all",)), lambda text: Heard("stop", ("read",)),  # type: ignore[arg-type]
    lambda text: {"kind": "stop"}, lambda text: Heard(["stop"]), lambda text: Heard("stop", None), broken, late, alate,  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("hears", NONSENSE)
def test_nonsense_a_failure_and_lateness_change_nothing_and_are_recorded(
    rules: Path, provider: ScriptedProvider, hears: Any
) -> None:
    """Contract: never relaxes and never blocks; it is recorded, and the turn goes on as the patterns heard it."""
    with make(rules, hears, hears_seconds=0.1) as guard:
        with guard.session("one"):
            assert runs(guard, provider, OPEN)
            assert guard.user_turn(OPEN, user="kim").did == "nothing"
        with guard.session("two"):
            assert asyncio.run(aruns(guard, provider, OPEN))
        found = heard(guard)
    assert len(found) == 3
    assert {body["led_to"].partition(":")[0] for body in found} == {"hears failed"}
    assert {body["origin"] for body in found} == {"model"}


def test_what_it_asks_through_the_same_guard_is_not_listened_to_again(rules: Path, provider: ScriptedProvider) -> None:
    """A model behind a client of the same guard would be asked about its own prompt, for ever."""
    asked: list[str] = []

    def hears(text: str) -> None:
        asked.append(text)
        with guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="k")) as client:
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": f"Is this a stop? {text}"}])

    with make(rules, hears) as guard, guard.session("one"):
        assert runs(guard, provider, OPEN)
    assert asked == [OPEN]


def test_the_same_words_are_asked_about_once(rules: Path, provider: ScriptedProvider) -> None:
    """A program that passes a turn on and sends it, and a client that repeats it, ask the model once."""
    asked: list[str] = []
    with make(rules, asked.append) as guard, guard.session("one"):
        guard.user_turn(OPEN, user="kim")
        runs(guard, provider, OPEN)
        runs(guard, provider, OPEN)
    assert asked == [OPEN]


def test_threads_that_never_end_are_a_bounded_number() -> None:
    """A model that hangs costs a few threads, and then the turns are not asked about; nothing waits."""
    held, begun = threading.Event(), []

    def hangs(text: str) -> None:
        begun.append(text)
        held.wait(20)

    ears = Ears(hangs, 0.01)
    try:
        found = [ears.ask(f"turn {number}") for number in range(12)]
    finally:
        held.set()
    assert all(isinstance(one, Failed) for one in found)
    assert len(begun) == 8
    assert "earlier turns" in str(found[-1].error)  # type: ignore[union-attr]


def test_only_so_many_answers_are_remembered() -> None:
    """Memory is bounded; the oldest go first."""
    asked: list[str] = []
    ears = Ears(asked.append, 20)
    for number in range(300):
        ears.ask(f"turn {number}")
    ears.ask("turn 299")
    assert len(asked) == 300
    ears.ask("turn 0")
    assert len(asked) == 301


def test_effects_come_in_their_order_and_all_of_them_are_no_name() -> None:
    """What is said becomes what the patterns would have said."""
    answers = {
        "a": (Heard("constraint", ("send", "delete")), Found("constraint", ("delete", "send"))),
        "b": (Heard("constraint"), Found("constraint", ("write", "delete", "send", "publish", "spend", "execute"))),
        "c": (Heard("stop"), Found("stop")),
        "d": (Heard("stop", ("execute", "spend", "publish", "send", "delete", "write")), Found("stop")),
        "e": (Heard("", ("send",)), NOTHING),
        "f": (None, NOTHING),
    }
    ears = Ears(lambda text: answers[text][0], 20)
    assert {text: ears.ask(text) for text in answers} == {text: wanted for text, (_, wanted) in answers.items()}


def test_a_hearing_that_was_cancelled_is_a_failure() -> None:
    """A loop that ends takes its coroutines with it; the one who waits on another is not cancelled."""

    async def main() -> Any:
        ears = Ears(alate, 2.0)
        pending = ears.begin("x", asyncio.get_running_loop())
        assert isinstance(pending, Pending)
        assert await ears.aheed(pending, 0.01) is None
        pending.future.cancel()
        return await ears.aheed(pending, 0.5)

    assert isinstance(asyncio.run(main()), Failed)


@pytest.mark.parametrize("seconds", [0, -1, 31, float("nan")])
def test_its_time_is_bounded(rules: Path, seconds: float) -> None:
    """Nobody waits for a model for ever."""
    with pytest.raises(ValueError, match="hears_seconds"):
        make(rules, limits, hears_seconds=seconds)


def test_what_cannot_be_called_is_said_at_once(rules: Path) -> None:
    """A mistake shows when the guard is made, not as a failed hearing later."""
    with pytest.raises(TypeError, match="hears is a function that takes a text"):
        make(rules, "small-model")
