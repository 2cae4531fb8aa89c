"""What the gate promises of one exchange, as conversations. Docstrings quote the invariants of the design."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.gate.scenario import Scenario, user

from pinnedrules.commands import Begin, Forward, ReadStop, Record, Send, Sync, Wait
from pinnedrules.errors import Broken, Denied, Stopped, Unreadable, Unrecorded
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import SessionId, StopState, Ticket

DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
ARCHIVE = ProposedCall("archive", {"id": "7"}, id="call_archive")
REFUND = ProposedCall("refund", {"amount": 101}, id="call_refund")
POST = ProposedCall("post", {"text": "hello"}, id="call_post")

BOTH = pytest.mark.parametrize("anthropic", [False, True], ids=["chat", "messages"])
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


def proposed(result_json: dict[str, Any], anthropic: bool) -> list[tuple[str, str]]:
    """Return (name, arguments) of the calls in a JSON answer."""
    if anthropic:
        return [
            (block["name"], json.dumps(block["input"]))
            for block in result_json["content"]
            if block["type"] == "tool_use"
        ]
    message = result_json["choices"][0]["message"]
    return [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or []]


def shown_text(result_json: dict[str, Any], anthropic: bool) -> str:
    if anthropic:
        return "".join(block.get("text", "") for block in result_json["content"])
    return result_json["choices"][0]["message"]["content"] or ""


@BOTH
@FORMS
def test_an_answer_without_calls_passes_byte_identical(anthropic: bool, stream: bool) -> None:
    """Plain text is not touched, and every request carries the rules verbatim."""
    scenario = Scenario(anthropic=anthropic, stream=stream, split=11)

    result = scenario.exchange(scenario.request(user("hi")), Reply("Hello there."))

    assert result.error is None
    assert b"Hello there." in result.body or stream
    assert "Never delete before the owner confirms." in json.dumps(result.sent[0])
    assert [entry.type for entry in scenario.records] == ["request", "answer"]


@BOTH
@FORMS
def test_an_allowed_call_passes_byte_identical(anthropic: bool, stream: bool) -> None:
    """Invariant 8: an allowed call passes byte-identical."""
    plain = Scenario(anthropic=anthropic, stream=stream, policy={"mode": "monitor"})
    guarded = Scenario(anthropic=anthropic, stream=stream, split=5)
    reply = Reply("ok", calls=[ARCHIVE])

    untouched = plain.exchange(plain.request(user("archive 7")), reply)
    result = guarded.exchange(guarded.request(user("archive 7")), reply)

    assert result.error is None
    assert result.body == untouched.body


@BOTH
@FORMS
@pytest.mark.parametrize("split", [0, 1, 7])
def test_a_refused_call_is_never_shown_and_the_model_gets_to_answer_again(
    anthropic: bool, stream: bool, split: int
) -> None:
    """Invariant 1: a call that is not allowed is never visible to the caller as a runnable call."""
    scenario = Scenario(anthropic=anthropic, stream=stream, split=split)

    result = scenario.exchange(
        scenario.request(user("tidy up")),
        Reply("Deleting.", calls=[DELETE]),
        Reply("I suggest deleting mail 7."),
    )

    assert result.error is None
    assert b"call_delete" not in result.body
    assert len(result.sent) == 2
    assert "Only suggest deletions" in json.dumps(result.sent[1]["messages"][-1])
    if not stream:
        assert proposed(result.json, anthropic) == []
        assert "I suggest deleting mail 7." in shown_text(result.json, anthropic)


@BOTH
@FORMS
def test_one_refused_of_two_calls_leaves_the_other(anthropic: bool, stream: bool) -> None:
    """If calls remain, the denied ones become placeholders and the others pass."""
    scenario = Scenario(anthropic=anthropic, stream=stream)

    result = scenario.exchange(scenario.request(user("tidy up")), Reply("Both.", calls=[DELETE, ARCHIVE]))

    assert result.error is None
    assert len(result.sent) == 1
    assert b"call_archive" in result.body
    assert b"call_delete" not in result.body
    assert b"[pinnedrules:denied:" in result.body


@BOTH
@pytest.mark.parametrize("calls", [[DELETE], [DELETE, ARCHIVE], [DELETE, replace(DELETE, id="call_two")]])
def test_the_next_request_tells_the_provider_the_truth(anthropic: bool, calls: list[ProposedCall]) -> None:
    """On the next request a placeholder is turned back into the provider's original plus a result that says what happened."""
    scenario = Scenario(anthropic=anthropic, policy={"on_denied": "end"})
    first = scenario.exchange(scenario.request(user("tidy up")), Reply("Now.", thinking="hm", calls=calls)).json
    history: list[dict[str, Any]] = [user("tidy up")]
    if anthropic:
        history.append({"role": "assistant", "content": first["content"]})
        done = [block["id"] for block in first["content"] if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": name, "content": "archived"} for name in done]
        history.append({"role": "user", "content": [*results, {"type": "text", "text": "and then?"}]})
    else:
        message = first["choices"][0]["message"]
        history.append(message)
        history += [
            {"role": "tool", "tool_call_id": call["id"], "content": "archived"}
            for call in message.get("tool_calls") or []
        ]
        history.append(user("and then?"))

    second = scenario.exchange(scenario.request(*history), Reply("Done."))

    assert second.error is None
    sent = json.dumps(second.sent[0]["messages"])
    assert "pinnedrules:denied" not in sent
    assert all(str(call.id) in sent for call in calls)
    assert "Only suggest deletions" in sent.split("and then?")[0]
    assert scenario.recorded("request")[-1].body["edits"] == ["block", "restored call"]


@BOTH
@FORMS
def test_a_rewritten_call_is_shown_with_new_arguments_and_restored_with_the_old(anthropic: bool, stream: bool) -> None:
    """A rewrite is decided again, and the provider later hears what was really done."""
    scenario = Scenario(anthropic=anthropic, stream=stream)

    result = scenario.exchange(scenario.request(user("post it")), Reply("", calls=[POST]))

    assert result.error is None
    assert b"written by an agent" in result.body
    assert b"call_post" not in result.body
    (restore,) = scenario.restores.values()
    ((shown, (original, arguments, _)),) = restore.rewritten.items()
    assert shown.encode() in result.body
    assert (original, json.loads(arguments)) == ("call_post", {"text": "hello"})
    if not stream:
        message = (
            {"role": "assistant", "content": result.json["content"]}
            if anthropic
            else result.json["choices"][0]["message"]
        )
        answer = (
            user("") | {"content": [{"type": "tool_result", "tool_use_id": shown, "content": "posted"}]}
            if anthropic
            else {"role": "tool", "tool_call_id": shown, "content": "posted"}
        )
        second = scenario.exchange(scenario.request(user("post it"), message, answer), Reply("Done."))
        sent = json.dumps(second.sent[0]["messages"])
        assert "pinnedrules:call" not in sent
        assert sent.count("call_post") == 2
        assert "changed arguments" in sent


def test_a_token_in_a_wrong_place_is_inert_and_recorded() -> None:
    """Tokens are honoured only in an assistant message at their recorded place; elsewhere they are inert and recorded."""
    scenario = Scenario(policy={"on_denied": "end"})
    first = scenario.exchange(scenario.request(user("tidy up")), Reply("Now.", calls=[DELETE])).json
    text = first["choices"][0]["message"]["content"]

    second = scenario.exchange(scenario.request(user("tidy up"), user(text)), Reply("ok"))

    assert "call_delete" not in json.dumps(second.sent[0])
    assert scenario.recorded("request")[-1].body["inert_tokens"] == 1


def test_a_token_of_another_session_is_inert() -> None:
    """Tokens are bound to session and call."""
    scenario = Scenario(policy={"on_denied": "end"})
    message = scenario.exchange(scenario.request(user("tidy up")), Reply("Now.", calls=[DELETE])).json["choices"][0][
        "message"
    ]
    scenario.session = SessionId("another")

    second = scenario.exchange(scenario.request(user("tidy up"), message, user("go on")), Reply("ok"))

    assert "call_delete" not in json.dumps(second.sent[0])


@pytest.mark.parametrize("forge", ["secret", "message"])
def test_a_forged_token_is_inert(forge: str) -> None:
    """Tokens are authenticated: a row that was not written under this guard's secret restores nothing."""
    scenario = Scenario(policy={"on_denied": "end"})
    message = scenario.exchange(scenario.request(user("tidy up")), Reply("Now.", calls=[DELETE])).json["choices"][0][
        "message"
    ]
    ((token, row),) = scenario.restores.items()
    forged = "ab" * 16 if forge == "secret" else token
    scenario.restores = {forged: replace(row, token=forged, message=row.message.replace(b"delete_mail", b"archive"))}
    message["content"] = message["content"].replace(token, forged)

    second = scenario.exchange(scenario.request(user("tidy up"), message, user("go on")), Reply("ok"))

    assert "call_delete" not in json.dumps(second.sent[0])


@BOTH
@FORMS
def test_on_denied_raise_gives_a_typed_error(anthropic: bool, stream: bool) -> None:
    """`on_denied="raise"` raises, naming tool, target, rule sentence."""
    scenario = Scenario(anthropic=anthropic, stream=stream, policy={"on_denied": "raise"})

    result = scenario.exchange(scenario.request(user("tidy up")), Reply("Now.", calls=[DELETE]))

    assert isinstance(result.error, Denied)
    assert "delete_mail" in str(result.error)
    assert "Only suggest deletions" in str(result.error)
    assert b"call_delete" not in result.body


def test_structured_output_raises_instead_of_breaking_its_json() -> None:
    """Structured output raises instead of breaking its JSON."""
    scenario = Scenario()
    body = scenario.request(user("tidy up"), response_format={"type": "json_object"})

    result = scenario.exchange(body, Reply("", calls=[DELETE]))

    assert isinstance(result.error, Denied)


@FORMS
def test_the_gate_answers_the_model_at_most_three_times(stream: bool) -> None:
    """The gate answers the model itself at most 3 times a turn; then the caller gets the refusal."""
    scenario = Scenario(stream=stream)

    result = scenario.exchange(
        scenario.request(user("tidy up")), *[Reply(f"try {n}", calls=[DELETE]) for n in range(4)]
    )

    assert result.error is None
    assert len(result.sent) == 4
    assert b"call_delete" not in result.body
    assert result.body.count(b"[pinnedrules:denied:") == 4


@BOTH
@FORMS
def test_when_the_model_cannot_be_asked_again_the_answer_still_ends(anthropic: bool, stream: bool) -> None:
    """A provider that fails on the correction does not take the refusal away from the caller."""
    scenario = Scenario(anthropic=anthropic, stream=stream)

    result = scenario.exchange(
        scenario.request(user("tidy up")),
        Reply("Now.", calls=[DELETE]),
        Reply(status=500, message="overloaded"),
    )

    assert result.error is None
    assert b"[pinnedrules:denied:" in result.body
    assert b"call_delete" not in result.body
    if stream:
        assert (b"message_stop" if anthropic else b"[DONE]") in result.body
    else:
        assert proposed(result.json, anthropic) == []


# -- ask ---------------------------------------------------------------------------------------------------------


def approve(ticket: Ticket) -> Ticket:
    return replace(ticket, state="approved", by="kim")


@FORMS
def test_an_approved_ask_releases_the_call_once(stream: bool) -> None:
    """An approval stands for one exact call and is used once."""
    scenario = Scenario(stream=stream, policy={"ask_wait": 5.0, "on_denied": "end"}, on_ask=approve)

    first = scenario.exchange(scenario.request(user("refund")), Reply("", calls=[REFUND]))
    scenario.on_ask = None
    second = scenario.exchange(scenario.request(user("again")), Reply("", calls=[REFUND]))

    assert b"call_refund" in first.body
    assert b"call_refund" not in second.body
    assert [entry.body["approved_by"] for entry in scenario.recorded("decision")] == ["kim", ""]


def test_no_answer_in_time_is_a_deny_with_a_ticket_that_can_be_approved_later() -> None:
    """No answer in time is a deny with a ticket that can be approved later; the same call then joins it."""
    scenario = Scenario(policy={"ask_wait": 1.0, "on_denied": "end"})

    first = scenario.exchange(scenario.request(user("refund")), Reply("", calls=[REFUND]))
    scenario.tickets["t-0"] = approve(scenario.tickets["t-0"])
    second = scenario.exchange(scenario.request(user("refund")), Reply("", calls=[REFUND]))

    assert b"call_refund" not in first.body
    assert b"pinnedrules approvals approve t-0" in first.body
    assert b"call_refund" in second.body


def test_a_stream_is_kept_alive_while_a_person_thinks() -> None:
    """Comment frames keep the stream alive and stop is polled while a person is asked."""
    scenario = Scenario(stream=True, policy={"ask_wait": 2.0, "on_denied": "end"})

    result = scenario.exchange(scenario.request(user("refund")), Reply("", calls=[REFUND]))

    assert result.body.count(b": waiting for a person\n") >= 4


def test_a_ticket_that_is_answered_is_not_waited_for_again() -> None:
    """Of two questions one is answered at once; the wait for the other goes on quietly, in slices."""
    scenario = Scenario(policy={"ask_wait": 2.0, "on_denied": "end"})
    scenario.on_ask = lambda ticket: approve(ticket) if ticket.id == "t-0" else None
    other = ProposedCall("refund", {"amount": 102}, id="call_other")

    result = scenario.exchange(scenario.request(user("refund")), Reply("", calls=[REFUND, other]))

    waits = [command.tickets for command in scenario.commands if isinstance(command, Wait)]
    assert b"call_refund" in result.body
    assert b"call_other" not in result.body
    assert waits[0] == ("t-0", "t-1")
    assert set(waits[1:]) == {("t-1",)}
    assert len(waits) <= 10


def test_a_stop_during_the_wait_ends_it() -> None:
    """Invariant 7: stop is checked after every wait; nothing is released under an older epoch."""
    scenario = Scenario(policy={"ask_wait": 60.0})

    def stop(ticket: Ticket) -> Ticket:
        scenario.states[scenario.session] = StopState("stop", 1, "enough", "kim")
        return approve(ticket)

    scenario.on_ask = stop
    result = scenario.exchange(scenario.request(user("refund")), Reply("", calls=[REFUND]))

    assert isinstance(result.error, Stopped)
    assert b"call_refund" not in result.body


# -- stop --------------------------------------------------------------------------------------------------------


def test_stopped_means_a_refusal_and_no_request() -> None:
    """Stopped means a refusal and no request, and it is recorded."""
    scenario = Scenario(states={SessionId("*"): StopState("stop", 3, "wrong inbox", "kim")})

    result = scenario.exchange(scenario.request(user("hi")))

    assert isinstance(result.error, Stopped)
    assert "wrong inbox" in str(result.error)
    assert "pinnedrules resume" in str(result.error)
    assert result.sent == []
    assert [entry.type for entry in scenario.records] == ["refusal"]


@BOTH
def test_a_stop_cuts_an_open_stream_at_the_next_event(anthropic: bool) -> None:
    """Invariant 7: stop is checked at every streamed event."""
    scenario = Scenario(anthropic=anthropic, stream=True)
    whole = Scenario(anthropic=anthropic, stream=True)
    data = whole.exchange(whole.request(user("hi")), Reply("one two three four five six")).body
    frames = [frame + b"\n\n" for frame in data.split(b"\n\n") if frame]

    def stop() -> None:
        scenario.states[scenario.session] = StopState("stop", 1, "now", "kim")

    result = scenario.exchange(scenario.request(user("hi")), [*frames[:3], stop, *frames[3:]])

    assert isinstance(result.error, Stopped)
    assert result.body == b"".join(frames[:3])


def test_a_stop_and_a_resume_in_between_void_the_answer() -> None:
    """Invariant 7: nothing is released under an epoch older than the current one."""
    scenario = Scenario(stream=True)

    def stop_and_resume() -> None:
        scenario.states[scenario.session] = StopState("run", 2)

    result = scenario.exchange(scenario.request(user("hi")), [stop_and_resume, b'data: {"choices":[]}\n\n'])

    assert isinstance(result.error, Stopped)
    assert result.body == b""


def test_a_pause_lets_text_finish_and_refuses_effects() -> None:
    """A pause: no effects; text and reads go on."""
    scenario = Scenario(states={SessionId("*"): StopState("pause", 1, "lunch")}, policy={"on_denied": "end"})

    result = scenario.exchange(
        scenario.request(user("go")),
        Reply("Text.", calls=[ARCHIVE, ProposedCall("search", {"query": "x"}, id="call_s")]),
    )

    assert b"Text." in result.body
    assert b"call_s" in result.body
    assert b"call_archive" not in result.body
    assert b"paused: lunch" in result.body


def test_a_stop_state_that_cannot_be_read_stops() -> None:
    """Invariant 2: a store that does not answer is a refusal."""
    scenario = Scenario(fails={ReadStop: OSError("gone")})

    result = scenario.exchange(scenario.request(user("hi")))

    assert isinstance(result.error, Stopped)
    assert result.sent == []


# -- evidence ----------------------------------------------------------------------------------------------------


@FORMS
def test_a_decision_is_durable_before_its_call_is_released(stream: bool) -> None:
    """Invariant 6: a record of a decision on a call with an effect is durable before the call is released."""
    scenario = Scenario(stream=stream, split=9)

    scenario.exchange(scenario.request(user("archive")), Reply("ok", calls=[ARCHIVE]))

    commands = scenario.commands
    decided = next(n for n, c in enumerate(commands) if isinstance(c, Record) and c.entry.type == "decision")
    released = next(n for n, c in enumerate(commands) if isinstance(c, Forward) and b"call_archive" in c.data)
    assert any(isinstance(command, Sync) for command in commands[decided:released])


def test_nothing_of_an_answer_is_released_before_the_request_is_durable() -> None:
    """Invariant 6: a request starts its record's sync and goes on; nothing of its answer is released before it is done."""
    scenario = Scenario(stream=True)

    scenario.exchange(scenario.request(user("hi")), Reply("ok"))

    kinds = [type(command) for command in scenario.commands]
    assert kinds.index(Record) < kinds.index(Send) < kinds.index(Sync) < kinds.index(Begin)


def test_a_log_that_cannot_be_written_refuses_effects_and_lets_reads_go_on_for_the_grace_period() -> None:
    """Invariant 2: a record that cannot be written is a refusal for anything with an effect; reads go on for a while."""
    scenario = Scenario(fails={Record: OSError("disk full")}, policy={"on_denied": "end"})
    search = ProposedCall("search", {"query": "x"}, id="call_s")

    result = scenario.exchange(scenario.request(user("go")), Reply("Text.", calls=[ARCHIVE, search]))

    assert b"call_s" in result.body
    assert b"call_archive" not in result.body
    assert b"disk full" in result.body


def test_after_the_grace_period_nothing_goes_on_without_a_log() -> None:
    """Reads and text go on for 60 s, then not."""
    scenario = Scenario(fails={Record: OSError("disk full")})
    scenario.exchange(scenario.request(user("go")), Reply("Text."))
    scenario.clock_ns += 61_000_000_000

    result = scenario.exchange(scenario.request(user("go")), Reply("Text."))

    assert isinstance(result.error, Unrecorded)
    assert result.body == b""


def test_strict_means_no_grace() -> None:
    """The grace period is 0 when strict."""
    scenario = Scenario(fails={Record: OSError("disk full")}, policy={"grace": 0.0})

    result = scenario.exchange(scenario.request(user("go")), Reply("Text."))

    assert isinstance(result.error, Unrecorded)
    assert result.sent == []


# -- what cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b'data: {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "archi',
        b'data: {"choices": \n\n',
        b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function",'
        b'"function":{"name":"archive","arguments":"{\\"id\\":"}}]}}]}\n\n',
    ],
    ids=["cut in a frame", "garbled", "cut in a call"],
)
def test_a_stream_cut_in_the_middle_releases_nothing_held(data: bytes) -> None:
    """Invariant 2: a stream cut in the middle of a call, an unparsable frame, bytes left over: never an allow."""
    scenario = Scenario(stream=True)

    result = scenario.exchange(scenario.request(user("go")), [data])

    assert isinstance(result.error, Unreadable)
    assert result.body == b""
    assert scenario.records[-1].type == "refusal"


def test_an_unknown_content_type_is_refused() -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    scenario = Scenario()

    result = scenario.exchange(scenario.request(user("go")), Reply("x", content_type="text/html"))

    assert isinstance(result.error, Unreadable)
    assert "text/html" in str(result.error)


def test_duplicate_keys_in_arguments_are_refused() -> None:
    """Invariant 2: duplicate keys in a call's arguments."""
    scenario = Scenario(policy={"on_denied": "end"})
    call = ProposedCall("send_email", '{"to":"bob@evil.com","to":"boss@example.com"}', id="call_mail")

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[call]))

    assert b"call_mail" not in result.body


def test_an_error_answer_passes_as_it_is() -> None:
    """An HTTP error proposes nothing; the SDK must see the provider's own words and status."""
    scenario = Scenario()

    result = scenario.exchange(scenario.request(user("go")), Reply(status=429, message="slow down"))

    assert result.head is not None
    assert result.head.status == 429
    assert b"slow down" in result.body


def test_a_failed_request_raises_what_the_host_raised() -> None:
    """The SDK's own retries go on working: a connection error stays one."""
    scenario = Scenario()

    result = scenario.exchange(scenario.request(user("go")), ConnectionError("refused"))

    assert isinstance(result.error, ConnectionError)
    assert scenario.recorded("answer")[0].body["finish"] == "no answer"


# -- history -----------------------------------------------------------------------------------------------------


def test_a_full_rewrite_of_the_history_keeps_the_ledger() -> None:
    """Invariant 5: a rule over history decides the same after any number of compactions as before them."""
    scenario = Scenario(policy={"on_denied": "end"})
    hundred = ProposedCall("refund", {"amount": 100}, id="call_r")
    history = [user("refund people")]
    for _ in range(5):
        assert b"call_r" in scenario.exchange(scenario.request(*history), Reply("", calls=[hundred])).body
        history = [user(f"summary of {len(scenario.records)} records: nothing was refunded yet")]

    result = scenario.exchange(scenario.request(*history), Reply("", calls=[hundred]))

    assert b"call_r" not in result.body
    assert b"500" in result.body


def test_a_request_of_no_certain_session_gets_the_strictest_of_the_candidates() -> None:
    """Invariant 5: a request that cannot be tied to one session gets the strictest of the candidates."""
    fresh, spent = SessionId("fresh"), SessionId("spent")
    scenario = Scenario(session=spent, policy={"on_denied": "end"})
    for _ in range(5):
        scenario.exchange(
            scenario.request(user("r")), Reply("", calls=[ProposedCall("refund", {"amount": 100}, id="c")])
        )

    scenario.sessions = (fresh, spent)
    result = scenario.exchange(
        scenario.request(user("r")), Reply("", calls=[ProposedCall("refund", {"amount": 1}, id="c2")])
    )

    assert b"c2" not in result.body.replace(b"call", b"")


@BOTH
def test_a_compaction_leaves_a_record_with_digests_and_the_verified_block(anthropic: bool) -> None:
    """Every compaction leaves a record with before and after digests and the verified block."""
    scenario = Scenario(anthropic=anthropic)
    old = [user("only suggest")]
    for n in range(6):
        old += [{"role": "assistant", "content": f"answer {n}"}, user(f"question {n}")]
    scenario.exchange(scenario.request(*old), Reply("ok"))

    scenario.exchange(
        scenario.request(user("Summary of the conversation so far: tidy the inbox."), *old[-4:]), Reply("ok")
    )

    (entry,) = scenario.recorded("compaction")
    assert entry.body["kind"] == "client"
    assert entry.body["before_sha256"] != entry.body["after_sha256"]
    assert entry.body["block_verified"] is True
    assert entry.body["messages_before"] == 13


# -- monitor -----------------------------------------------------------------------------------------------------


@BOTH
@FORMS
def test_monitor_decides_and_records_and_never_blocks(anthropic: bool, stream: bool) -> None:
    """mode="monitor" decides and records, never blocks."""
    scenario = Scenario(anthropic=anthropic, stream=stream, policy={"mode": "monitor"})

    result = scenario.exchange(scenario.request(user("go")), Reply("Deleting.", calls=[DELETE]))

    assert result.error is None
    assert b"call_delete" in result.body
    (entry,) = scenario.recorded("decision")
    assert (entry.body["verdict"], entry.body["released"], entry.body["enforced"]) == ("deny", True, False)


def test_monitor_passes_what_it_cannot_read_and_says_so_in_the_log() -> None:
    """Monitor never blocks, not even what it cannot read."""
    scenario = Scenario(stream=True, policy={"mode": "monitor"})

    result = scenario.exchange(scenario.request(user("go")), [b"data: {garbled\n\n"])

    assert result.body == b"data: {garbled\n\n"
    assert scenario.recorded("refusal")[0].body["error"] == "Unreadable"


@pytest.mark.parametrize("body", [b"not json", b'{"model":"m","messages":7}', b"\xff\xfe"])
def test_monitor_sends_a_request_that_it_cannot_read_as_it_came(body: bytes) -> None:
    """Monitor never blocks, not even a request; the record says that nothing was proven."""
    scenario = Scenario(policy={"mode": "monitor"})
    sent: list[bytes] = []
    flow = scenario.flow(body)
    command = next(flow)
    while not isinstance(command, Send):
        command = flow.send(StopState() if isinstance(command, ReadStop) else 1)
    sent.append(command.body)

    assert sent == [body]


@pytest.mark.parametrize("body", [b"not json", b'{"model":"m","messages":7}', b"\xff\xfe"])
def test_a_request_that_cannot_be_read_does_not_leave(body: bytes) -> None:
    """Invariant 2: what cannot be read cannot be allowed, on the way out too."""
    scenario = Scenario()

    result = scenario.exchange(body)

    assert isinstance(result.error, Unreadable)
    assert result.sent == []


@FORMS
def test_a_defect_of_the_gate_itself_fails_closed_and_is_recorded(
    stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks inside is a refusal that no SDK retries, never an allow."""
    from pinnedrules.gate import deciding

    def broken(*_: object, **__: object) -> None:
        raise TypeError("a defect")

    monkeypatch.setattr(deciding, "decide", broken)
    scenario = Scenario(stream=stream)

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[ARCHIVE]))

    assert isinstance(result.error, Broken)
    assert b"call_archive" not in result.body
    assert scenario.records[-1].body["error"] == "Broken"


def test_a_connection_that_breaks_in_the_middle_stays_the_hosts_own_error() -> None:
    """The SDK's own errors are not ours to rename."""
    scenario = Scenario(stream=True)

    def cut() -> None:
        raise ConnectionResetError("gone")

    result = scenario.exchange(scenario.request(user("go")), [b'data: {"choices":[]}\n\n', cut])

    assert isinstance(result.error, ConnectionResetError)
