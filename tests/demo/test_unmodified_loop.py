"""An application's own loop, which knows nothing of us, goes on after a denial and finishes with the permitted alternative."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anthropic
import openai
import pytest
from tests.demo.loop_200 import AnthropicAgent, Desk, OpenAIAgent

from pinnedrules import Guard
from pinnedrules.testing.asserts import assert_all_accepted, assert_prefix_stable, assert_seen_in_every_request
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import PastCall, ProposedCall, Reply, Seen

RULES = Path(__file__).parent / "desk.yaml"
KIM = {"to": "kim@mail.example", "text": "We are sorry."}
LOOPS = ("openai", "anthropic", "anthropic without a stream")
Agent = OpenAIAgent | AnthropicAgent


@dataclass(frozen=True)
class Shop:
    """A desk with a guarded agent on it."""

    desk: Desk
    agent: Callable[[], Agent]
    provider: ScriptedProvider
    guard: Guard
    transcript: Path


@pytest.fixture(params=LOOPS)
def open_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Callable[[Seen], Reply]], Shop]]:
    """Return a function that opens a shop with this model behind the provider."""
    with ExitStack() as stack:

        def shop(model: Callable[[Seen], Reply]) -> Shop:
            provider = stack.enter_context(ScriptedProvider(model))
            guard = stack.enter_context(Guard(RULES, approver="tickets", state=tmp_path / "state", quiet=True))
            stack.enter_context(guard.session("desk"))
            desk, transcript = Desk(), tmp_path / "transcript.json"

            def agent() -> Agent:
                return stack.enter_context(_agent(str(request.param), provider, guard, desk, transcript))

            return Shop(desk, agent, provider, guard, transcript)

        yield shop


@contextmanager
def _agent(kind: str, provider: ScriptedProvider, guard: Guard, desk: Desk, transcript: Path) -> Iterator[Agent]:
    if kind == "openai":
        with openai.OpenAI(base_url=provider.openai_url, api_key="k") as chat:
            yield OpenAIAgent(guard.wrap(chat), desk, transcript)
    else:
        with anthropic.Anthropic(base_url=provider.url, api_key="k") as claude:
            yield AnthropicAgent(guard.wrap(claude), desk, transcript, stream=kind == "anthropic")


def _last(seen: Seen, name: str) -> PastCall | None:
    return next((call for call in reversed(seen.calls) if call.name == name), None)


def _insists_on_mail(seen: Seen) -> Reply:
    """Look the order up, send mail, and draft it when the mail was refused."""
    if _last(seen, "look_up") is None:
        return Reply("Let me see.", calls=[ProposedCall("look_up", {"order": "A-17"})])
    mail = _last(seen, "send_mail")
    if mail is None:
        return Reply("I will write to Kim.", calls=[ProposedCall("send_mail", KIM)])
    assert mail.result is not None
    assert "did not run" in mail.result
    if _last(seen, "draft_mail") is None:
        return Reply("Then as a draft.", calls=[ProposedCall("draft_mail", KIM)])
    return Reply("A colleague will write to you.")


def test_a_loop_goes_on_with_the_permitted_alternative(open_shop: Callable[..., Shop]) -> None:
    """Invariant 1: a call that is not allowed is never visible as a runnable call; the loop finishes all the same."""
    shop = open_shop(_insists_on_mail)
    agent = shop.agent()

    answer = agent.answer("My lamp A-17 is broken.")

    assert answer.endswith("A colleague will write to you.")
    assert agent.ran == ["look_up", "draft_mail"]
    assert (shop.desk.sent, shop.desk.drafts) == ([], [(KIM["to"], KIM["text"])])
    assert '"send_mail"' not in shop.transcript.read_text(encoding="utf-8")


def test_the_provider_is_told_what_it_said_and_what_became_of_it(open_shop: Callable[..., Shop]) -> None:
    """Every request is one that the service takes, under the same prefix, with the block in each of them once."""
    shop = open_shop(_insists_on_mail)
    shop.agent().answer("My lamp A-17 is broken.")

    assert_all_accepted(shop.provider)
    assert_prefix_stable(shop.provider)
    assert not shop.provider.rewritten_histories
    assert_seen_in_every_request(shop.provider, shop.guard.block)
    last = shop.provider.seen[-1]
    assert [call.name for call in last.calls] == ["look_up", "send_mail", "draft_mail"]
    assert "pinnedrules:" not in json.dumps(list(last.messages))


def test_a_denied_call_beside_an_allowed_one(open_shop: Callable[..., Shop]) -> None:
    """Of two calls in one answer the allowed one runs, and the model is told of both on the next request."""

    def model(seen: Seen) -> Reply:
        if _last(seen, "send_mail") is None:
            calls = [ProposedCall("send_mail", KIM), ProposedCall("look_up", {"order": "A-18"})]
            return Reply("Both at once.", calls=calls)
        order = _last(seen, "look_up")
        assert order is not None
        assert order.result is not None
        assert '"rug"' in order.result
        return _insists_on_mail(seen)

    shop = open_shop(model)
    agent = shop.agent()

    answer = agent.answer("Where is my rug?")

    assert "A colleague will write to you." in answer
    assert agent.ran == ["look_up", "draft_mail"]
    assert not shop.desk.sent
    assert_all_accepted(shop.provider)
    assert_prefix_stable(shop.provider)
    assert not shop.provider.rewritten_histories


def test_the_conversation_goes_on_after_a_restart(open_shop: Callable[..., Shop]) -> None:
    """The transcript that the application saved holds placeholders; a new client sends the originals all the same."""
    shop = open_shop(_insists_on_mail)
    shop.agent().answer("My lamp A-17 is broken.")

    answer = shop.agent().answer("Thank you!")

    assert "A colleague will write to you." in answer
    assert not shop.desk.sent
    assert_all_accepted(shop.provider)
    assert_prefix_stable(shop.provider)
    assert not shop.provider.rewritten_histories
    assert [call.name for call in shop.provider.seen[-1].calls] == ["look_up", "send_mail", "draft_mail"]


def test_a_model_that_never_gives_up_ends_the_turn_and_not_the_program(open_shop: Callable[..., Shop]) -> None:
    """A model that proposes nothing but the refused call ends in an answer that a person can read; nothing runs."""

    def model(seen: Seen) -> Reply:
        return Reply("I insist.", calls=[ProposedCall("send_mail", KIM)])

    shop = open_shop(model)
    agent = shop.agent()

    answer = agent.answer("Write to me!")

    assert "did not run" in answer
    assert agent.ran == []
    assert not shop.desk.sent
    assert len(shop.provider.requests) <= 4
    assert_all_accepted(shop.provider)


def test_reasoning_stays_valid_across_a_denial(open_shop: Callable[..., Shop]) -> None:
    """Invariant 3: signed reasoning is taken back on every later request, denials and a second question included."""
    shop = open_shop(lambda seen: replace(_insists_on_mail(seen), thinking="Let me think about this."))
    shop.agent().answer("My lamp A-17 is broken.")
    answer = shop.agent().answer("Thank you!")

    assert "A colleague will write to you." in answer
    assert not shop.desk.sent
    assert_all_accepted(shop.provider)
    assert_prefix_stable(shop.provider)
    last = shop.provider.seen[-1]
    if last.dialect == "messages":
        assert json.dumps(list(last.messages)).count('"signature"') == 4, "one for each answer before"


def test_a_cap_is_kept_and_the_rest_runs(open_shop: Callable[..., Shop]) -> None:
    """A refund over the cap waits for a person, so it does not run; the smaller one that follows does."""

    def model(seen: Seen) -> Reply:
        refunds = [call for call in seen.calls if call.name == "refund"]
        if not refunds:
            return Reply(calls=[ProposedCall("refund", {"order": "A-18", "amount": 310})])
        if len(refunds) == 1:
            return Reply(calls=[ProposedCall("refund", {"order": "A-18", "amount": 90})])
        return Reply("You get 90 EUR now; the rest needs a colleague.")

    shop = open_shop(model)
    agent = shop.agent()

    agent.answer("My rug is lost.")

    assert shop.desk.refunds == [("A-18", 90)]
    assert agent.ran == ["refund"]
    assert shop.guard.report().denied == 1
