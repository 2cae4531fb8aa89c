"""Every signal of a compaction becomes exactly one record. The table is the one of docs/compaction.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.gate.scenario import Result, Scenario, user

from pinnedrules.cli.story import Told, tell
from pinnedrules.commands import ReadLineage, WriteLineage
from pinnedrules.compaction.lineage import Lineage
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import Entry
from pinnedrules.wire.anthropic_sessions import AnthropicSessions

PAGE = Path(__file__).parents[2] / "docs" / "compaction.md"
SUMMARY = "Summary of the conversation so far: the inbox is being tidied."
COMPACT: dict[str, Any] = {"context_management": {"edits": [{"type": "compact_20260112"}]}}
ITEM = {"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed"}


def said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def long() -> list[dict[str, Any]]:
    talk = [user("tidy the inbox and do not forget what I said about mails")]
    for n in range(6):
        talk += [said(f"this is answer number {n}"), user(f"and what of question {n} then")]
    return talk


def run(scenario: Scenario, *messages: dict[str, Any], reply: Any = None, kind: str = "", **more: Any) -> Result:
    context = {"kind": kind} if kind else {}
    body = scenario.request(*messages, **more)
    result = scenario.exchange(body, *([Reply("ok")] if reply is None else [reply]), **context)
    assert result.error is None
    return result


def client(stream: bool) -> Scenario:
    scenario = Scenario(stream=stream)
    run(scenario, *long())
    run(scenario, user(SUMMARY), *long()[-4:])
    run(scenario, user(SUMMARY), *long()[-4:], said("ok"), user("go on"))
    return scenario


def on_demand(stream: bool) -> Scenario:
    scenario = Scenario(anthropic=True, stream=stream)
    run(scenario, *long())
    run(scenario, *long(), said("ok"), user("x"), reply=Reply(SUMMARY), compaction={"type": "summarize"})
    block = {"type": "compaction", "content": SUMMARY}
    for n in range(2):
        run(
            scenario,
            {"role": "assistant", "content": [block]},
            *[user("go on"), said("yes"), user("and on")][: 2 * n + 1],
        )
    return scenario


def threshold(stream: bool) -> Scenario:
    scenario = Scenario(anthropic=True, stream=stream)
    run(scenario, *long(), reply=Reply("ok", compaction=SUMMARY), **COMPACT)
    kept = [{"type": "compaction", "content": SUMMARY}, {"type": "text", "text": "ok"}]
    run(scenario, *long(), {"role": "assistant", "content": kept}, user("go on"), **COMPACT)
    return scenario


def edits(stream: bool) -> Scenario:
    scenario = Scenario(anthropic=True, stream=stream)
    applied = [
        {"type": "clear_tool_uses_20250919", "cleared_tool_uses": 4, "cleared_input_tokens": 900},
        {"type": "clear_thinking_20251015", "cleared_thinking_turns": 2, "cleared_input_tokens": 100},
    ]
    more: dict[str, Any] = {"context_management": {"edits": [{"type": one["type"]} for one in applied]}}
    reply = Reply("ok", extra={"context_management": {"applied_edits": applied}})
    run(scenario, *long(), reply=reply, **more)
    run(scenario, *long(), said("ok"), user("go on"), reply=reply, **more)
    return scenario


def prefix_anthropic(stream: bool) -> Scenario:
    scenario = Scenario(anthropic=True, stream=stream)
    dropped = {"type": "thinking_dropped", "path": "messages.1.content.0", "reason": "prefix_binding_mismatch"}
    missed = {"cache_miss_reason": {"type": "system_changed", "cache_missed_input_tokens": 9}}
    run(scenario, *long(), reply=Reply("ok", extra={"input_transformations": [dropped], "diagnostics": missed}))
    return scenario


def trigger(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream)
    run(scenario, *long(), {"type": "compaction_trigger"}, reply=Reply("", compaction=SUMMARY))
    return scenario


def item(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream)
    armed: dict[str, Any] = {"context_management": [{"type": "compaction", "compact_threshold": 1}]}
    first = run(scenario, *long(), reply=Reply("ok", compaction=SUMMARY), **armed)
    found = re.search(r'"encrypted_content": ?"([^"]+)"', first.body.decode())
    assert found
    kept = {"type": "compaction", "encrypted_content": found[1]}
    run(scenario, kept, said("ok"), user("go on"), **armed)
    run(scenario, kept, said("ok"), user("go on"), said("ok"), user("and on"), **armed)
    return scenario


def prefix_openai(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream)
    dropped = {"input_transformations": [{"id": "rs_1", "reason": "prefix_mismatch"}]}
    run(scenario, *long(), reply=bare(stream, "resp_1", **dropped))
    return scenario


def compared_openai(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream)
    missed = {"type": "cache_miss", "reason": "context_compacted", "cache_missed_tokens": 9}
    asked: dict[str, Any] = {"prompt_cache_options": {"comparison_response_id": "resp_0"}}
    run(scenario, *long(), reply=bare(stream, "resp_1", prompt_cache_diagnostics=missed), **asked)
    return scenario


def bare(stream: bool, name: str, **more: Any) -> bytes:
    """Return an answer of the Responses API without output."""
    whole = {"id": name, "object": "response", "status": "completed", "output": [], **more}
    events = [{"type": "response.created", "response": {**whole, "status": "in_progress"}}]
    events.append({"type": "response.completed", "response": whole})
    told = b"".join(f"data: {json.dumps(one)}\n\n".encode() for one in events)
    return told if stream else json.dumps(whole).encode()


def endpoint(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream, media="application/json")
    made = {**ITEM, "encrypted_content": scenario.kept.store.seal("old")}
    usage = {"input_tokens": 700, "output_tokens": 40, "total_tokens": 740}
    answer = {
        "id": "resp_c",
        "object": "response.compaction",
        "output": [{"type": "message", **user("tidy")}, made],
        "usage": usage,
    }
    run(scenario, *long(), reply=json.dumps(answer).encode(), kind="compact")
    scenario.media = ""
    run(scenario, user("tidy"), made, user("go on"))
    return scenario


def provider(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream)
    made = {**ITEM, "encrypted_content": scenario.kept.store.seal("old")}
    for more in ((), (said("ok"), user("and on"))):
        run(scenario, made, user("go on"), *more)
    return scenario


def truncation(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream)
    run(scenario, *long(), truncation="auto")
    run(scenario, *long(), said("ok"), user("go on"), truncation="auto")
    return scenario


def stateful(stream: bool) -> Scenario:
    scenario = Scenario(responses=True, stream=stream)
    at = "resp_" + run(scenario, user("a")).body.decode().split('"resp_')[1].split('"')[0]
    for n in range(3):
        run(scenario, user(f"turn {n}"), reply=bare(stream, f"resp_b{n}"), previous_response_id=at)
    return scenario


def thread(stream: bool) -> Scenario:
    scenario = Scenario(anthropic=True, stream=stream)
    first = run(scenario, user("a"), thread={"type": "create"})
    on = {"type": "continue", "previous_message_id": "msg_" + first.body.decode().split("msg_")[1].split('"')[0]}
    body = {"model": "claude", "max_tokens": 9, "messages": [user("b")], "stream": stream, "thread": on}
    for _ in range(2):
        assert scenario.exchange(json.dumps(body).encode(), Reply("ok")).error is None
    return scenario


def managed(stream: bool) -> Scenario:
    scenario = Scenario(anthropic=True, policy={"mode": "monitor"}, media="text/event-stream")
    event = {"type": "agent.thread_context_compacted", "id": "evt_1"}
    path = "GET /v1/sessions/s1/events/stream"
    context: dict[str, Any] = {"kind": "events", "agents": AnthropicSessions(), "path": path}
    data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
    assert scenario.exchange(b"", data, **context).error is None
    return scenario


SIGNALS: list[tuple[str, str, Callable[[bool], Scenario]]] = [
    ("a client replaces messages", "client", client),
    ("Anthropic: `compaction` in the request", "on-demand", on_demand),
    ("Anthropic: the edit `compact_20260112`", "threshold", threshold),
    ("Anthropic: the edits `clear_tool_uses", "edits", edits),
    ("Anthropic: `input_transformations`", "prefix", prefix_anthropic),
    ("OpenAI: `compaction_trigger`", "on-demand", trigger),
    ("OpenAI: a compaction item in an answer", "threshold", item),
    ("OpenAI: `prompt_cache_diagnostics`", "prefix", compared_openai),
    ("OpenAI: `input_transformations`", "prefix", prefix_openai),
    ("OpenAI: `POST /responses/compact`", "endpoint", endpoint),
    ("a compaction block or item in a request", "provider", provider),
    ("`truncation: auto`", "truncation", truncation),
    ("OpenAI: `previous_response_id`", "stateful", stateful),
    ("Anthropic: a thread", "thread", thread),
    ("Anthropic's managed agents", "managed", managed),
]


def rows() -> list[list[str]]:
    table = PAGE.read_text(encoding="utf-8").split("## What is seen")[1].split("## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")
    ]


def test_the_page_lists_what_is_tested_here() -> None:
    """The table of signals in docs/compaction.md is tied to a test of each."""
    listed = [(signal, kind.strip("`")) for signal, kind, _ in rows()[2:]]
    assert len(listed) == len(SIGNALS)
    for (signal, kind), (begins, expected, _) in zip(listed, SIGNALS, strict=True):
        assert signal.startswith(begins)
        assert kind == expected


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("signal", "kind", "play"), SIGNALS, ids=[play.__name__ for _, _, play in SIGNALS])
def test_a_signal_becomes_exactly_one_record(
    signal: str, kind: str, play: Callable[[bool], Scenario], stream: bool
) -> None:
    """Every signal becomes one compaction record, in however many requests and answers it shows."""
    scenario = play(stream)
    entry = only(scenario)
    assert entry.body["kind"] == kind
    where = next(where for begins, _, where in rows()[2:] if begins == signal or begins.startswith(signal))
    assert str(entry.body["seen_in"]) in where.replace("event", "answer")
    assert len(str(entry.body["id"])) == 12
    assert "summary" in entry.body
    follows = [body["follows"] for one in scenario.recorded("request") if "follows" in (body := one.body)]
    if kind in ("client", "on-demand", "threshold", "edits", "endpoint", "provider") and play is not trigger:
        assert follows == [[entry.body["id"]]], "exactly one request follows it, and says so"
    assert str(entry.body["id"]) in tell(Told({"ts": 0, "type": entry.type, "session": "s", "body": entry.body}))[0]


def only(scenario: Scenario) -> Entry:
    (entry,) = scenario.recorded("compaction")
    return entry


def test_the_sizes_are_told_as_far_as_they_are_known() -> None:
    """Size before and after, digests, what was dropped by role."""
    one = only(client(False)).body
    assert (one["messages_before"], one["messages_after"]) == (13, 5)
    assert one["dropped_by_role"] == {"assistant": 4, "user": 5}
    asked = only(on_demand(False)).body
    assert (asked["messages_before"], asked["dropped_by_role"]) == (15, {"assistant": 7, "user": 8})
    assert asked["before_sha256"] != asked["after_sha256"]
    cleared = only(edits(False)).body
    assert isinstance(cleared["edits"], dict)
    assert cleared["edits"]["clear_thinking_20251015.cleared_thinking_turns"] == 2
    assert int(str(cleared["tokens_before"])) - int(str(cleared["tokens_after"])) == 1000
    compact = only(endpoint(False)).body
    assert (compact["messages_before"], compact["messages_after"]) == (13, 2)
    assert (compact["tokens_before"], compact["tokens_after"]) == (700, 40)


def test_a_request_for_a_summary_a_fork_and_a_sub_agent_are_no_compaction() -> None:
    """Sub-agents, forks and summarising requests are told apart."""
    scenario = Scenario()
    run(scenario, *long())
    run(scenario, user("look something up in the archive"))
    run(scenario, *long()[:8], user("no, another way: what of the drafts"))
    run(scenario, *long(), said("ok"), user("Write a summary of the conversation so far, for whoever goes on."))
    bodies = [entry.body for entry in scenario.recorded("request")]
    assert not scenario.recorded("compaction")
    assert [body.get("summarises", False) for body in bodies] == [False, False, False, True]
    assert [body["change"] for body in bodies] == ["new", "new", "forked", "extended"]
    story = tell(Told({"ts": 0, "type": "request", "session": "s", "body": bodies[3]}))[0]
    assert "asks for a summary" in story


def test_a_rewrite_that_a_provider_made_is_told_by_the_request_that_brings_it() -> None:
    """One compaction, one record: the sizes of the shortened history stand with the request."""
    scenario = item(False)
    bodies = [entry.body for entry in scenario.recorded("request")]
    assert "follows" in bodies[1]
    assert "follows" not in bodies[2]
    assert (
        f"after compaction {only(scenario).body['id']}"
        in tell(Told({"ts": 0, "type": "request", "session": "s", "body": bodies[1]}))[0]
    )


def test_after_edits_a_rewrite_by_the_client_is_another_compaction() -> None:
    """Edits leave the client's history as it is, so whatever shortens that comes from the client."""
    scenario = edits(False)
    run(scenario, user(SUMMARY), *long()[-4:])
    assert [entry.body["kind"] for entry in scenario.recorded("compaction")] == ["edits", "client"]


def test_the_gate_s_own_request_in_the_same_turn_follows_nothing() -> None:
    """One request follows a compaction: the one that brought it, not the one by which the gate answers the model."""
    scenario = Scenario()
    run(scenario, *long())
    delete = ProposedCall("delete_mail", {"id": "9"}, id="call_delete")
    body = scenario.request(user(SUMMARY), *long()[-4:])
    assert scenario.exchange(body, Reply("", calls=[delete]), Reply("I did not.")).error is None
    first, again = [entry.body for entry in scenario.recorded("request")][1:]
    assert first["follows"] == [only(scenario).body["id"]]
    assert again["change"] == "answered by the gate"
    assert not {"follows", "rewrite"} & set(again)


@pytest.mark.parametrize("fails", [ReadLineage, WriteLineage])
def test_digests_that_cannot_be_kept_or_read_refuse_nothing(fails: type) -> None:
    """Nothing depends on them: what is lost is the sight of a rewrite across a restart."""
    scenario = Scenario()
    scenario.fails[fails] = OSError("gone")
    run(scenario, *long())
    run(scenario, user(SUMMARY), *long()[-4:])
    assert only(scenario).body["kind"] == "client"


def test_a_rewrite_across_a_restart_is_one_record() -> None:
    """Two processes, one after the other, on one store."""
    scenario = Scenario()
    run(scenario, *long())
    scenario.lineage = Lineage()
    run(scenario, user(SUMMARY), *long()[-4:])
    assert only(scenario).body["messages_before"] == 13
