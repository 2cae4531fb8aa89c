"""Answers that wait for a person."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.sidecar.bench import DIALECTS, Bench, chat, messages, until

from pinnedrules.hosts.sidecar.limits import Limits
from pinnedrules.testing.script import ProposedCall, Reply

Make = Callable[..., Bench]
ASKED = ProposedCall("refund", {"amount": "900"}, id="call_refund")
EACH = pytest.mark.parametrize("dialect", list(DIALECTS))


def request(dialect: str, *, stream: bool) -> tuple[str, dict[str, Any]]:
    path, body = DIALECTS[dialect]
    return path, body(stream=stream)


@EACH
def test_a_stream_is_kept_alive_while_a_person_decides(dialect: str, make_bench: Make) -> None:
    """Comment keep-alives: what the SDKs skip, and what keeps proxies and timeouts quiet."""
    answered = threading.Event()
    bench = make_bench(
        lambda seen: Reply("Refunding.", calls=[ASKED]),
        guard={"approver": lambda ticket, proposal: answered.wait(30), "ask_wait": 30},
    )
    path, body = request(dialect, stream=True)

    with bench.open("POST", bench.prefix + path, body) as answer:
        lines: list[bytes] = []
        while not any(line.startswith(b":") for line in lines):
            lines.append(answer.readline())
        assert b"call_refund" not in b"".join(lines)
        answered.set()
        rest = answer.read()

    assert b"call_refund" in rest
    calm = [line for line in (b"".join(lines) + rest).splitlines() if not line.startswith(b":")]
    assert calm == bytes(bench.provider.requests[0].answer).splitlines()


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_the_sdks_wait_through_keep_alives_with_a_short_read_timeout(kind: str, make_bench: Make) -> None:
    """Without them the client would give up and try again, and a person would be asked twice."""
    import anthropic
    import openai

    def slow(ticket: Any, proposal: Any) -> bool:
        threading.Event().wait(2.5)
        return True

    bench = make_bench(lambda seen: Reply("", calls=[ASKED]), guard={"approver": slow, "ask_wait": 30})
    made: Any = openai.OpenAI if kind == "openai" else anthropic.Anthropic
    with made(base_url=bench.serving.base_url(kind), api_key="k", timeout=1.5, max_retries=0) as client:
        if kind == "openai":
            events = client.chat.completions.create(**chat(stream=True))
        else:
            events = client.messages.create(**messages(stream=True))
        seen = "".join(event.model_dump_json() for event in events)

    assert '"refund"' in seen
    assert len(bench.provider.requests) == 1


@EACH
def test_a_json_answer_is_held_for_a_limited_time_then_there_is_a_ticket(dialect: str, make_bench: Make) -> None:
    """JSON answers held at most 60 s then a ticket: nothing can be sent meanwhile that keeps the client patient."""
    bench = make_bench(
        lambda seen: Reply("", calls=[ASKED]), guard={"ask_wait": 3600, "on_denied": "end"}, limits=Limits(held=0.5)
    )
    path, body = request(dialect, stream=False)

    got = bench.post(path, body)

    assert got.status == 200
    assert b"call_refund" not in got.body
    assert b"pinnedrules approvals approve t-" in got.body


def test_a_json_answer_is_held_no_longer_than_the_client_waits(make_bench: Make) -> None:
    """Both SDKs announce their read timeout."""
    bench = make_bench(lambda seen: Reply("", calls=[ASKED]), guard={"ask_wait": 3600, "on_denied": "end"})

    for name in ("x_stainless_read_timeout", "x_stainless_timeout"):
        got = bench.post("/v1/chat/completions", chat(), **{name: "2.2"})
        assert b'"refund"' not in got.body


@pytest.mark.parametrize("value", ["NOT_GIVEN", "", "-1", "nan"])
def test_a_timeout_that_is_no_number_of_seconds_changes_nothing(value: str, make_bench: Make) -> None:
    """One of the SDKs announces NOT_GIVEN."""
    bench = make_bench(
        lambda seen: Reply("", calls=[ASKED]), guard={"approver": lambda ticket, proposal: True, "ask_wait": 30}
    )

    assert b'"refund"' in bench.post("/v1/chat/completions", chat(), x_stainless_timeout=value).body


def test_a_call_approved_after_the_answer_runs_when_it_is_proposed_again(
    make_bench: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """No answer in time is a deny with a ticket that can be approved later."""
    from pinnedrules.cli import main

    bench = make_bench(lambda seen: Reply("", calls=[ASKED]), guard={"on_denied": "end"})
    state = str(bench.guard.folder.path)
    assert b'"refund"' not in bench.chat(prefix="/s/support").body
    assert main(["approvals", "list", "--json", "--state", state]) == 0
    (ticket,) = json.loads(capsys.readouterr().out)["open"]

    assert main(["approvals", "approve", ticket["id"], "--state", state]) == 0

    assert b'"refund"' not in bench.chat(prefix="/s/other").body
    assert b'"refund"' in bench.chat(prefix="/s/support").body


def test_a_client_that_leaves_while_a_person_is_asked_gets_nothing_and_leaves_nothing(make_bench: Make) -> None:
    """The ticket stays; whoever proposes the call again joins it."""
    asked, answered = threading.Event(), threading.Event()

    def approver(ticket: Any, proposal: Any) -> bool:
        asked.set()
        return answered.wait(30)

    bench = make_bench(lambda seen: Reply("", calls=[ASKED]), guard={"approver": approver, "ask_wait": 3600})
    with bench.open("POST", f"{bench.prefix}/s/a/v1/chat/completions", chat(stream=True)):
        assert asked.wait(30)
    until(lambda: bench.ask("GET", f"{bench.prefix}/_pinnedrules/health").json["requests"] == 0)

    answered.set()
    assert b'"refund"' in bench.chat(prefix="/s/a").body
