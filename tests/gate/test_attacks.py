"""Ways around the gate that were tried once, kept for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.gate.scenario import RULES, Scenario, user

from pinnedrules.commands import Forward, Keep, Record, Send
from pinnedrules.errors import PathRefused, Stopped, Unpinned, Unreadable
from pinnedrules.rules.load import load
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import SessionId, StopState, Ticket
from pinnedrules.wire.base import Slot
from pinnedrules.wire.openai_chat import OpenAIChat

ARCHIVE = ProposedCall("archive", {"id": "7"}, id="call_archive")
DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
REFUND = ProposedCall("refund", {"amount": 101}, id="call_refund")
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


# -- redirects: the SDKs follow them, and read what answers there as this answer -----------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/v1/models/x", "http://other.invalid/v1/embeddings", "../moderations", "?x"])
def test_a_redirect_out_of_the_gate_is_refused(status: int, location: str) -> None:
    """A provider cannot send the SDK to a door that passes ungated."""
    scenario = Scenario()
    scenario.redirect = (status, location)

    result = scenario.exchange(scenario.request(user("go")), b"", path="POST /v1/chat/completions")

    if location == "?x" and status in (307, 308):
        assert result.error is None
    else:
        assert isinstance(result.error, PathRefused)
        assert result.head is None


def test_a_redirect_to_another_gated_door_passes() -> None:
    """A 307 to the same API elsewhere is followed through the gate again."""
    scenario = Scenario()
    scenario.redirect = (307, "https://eu.example/v1/chat/completions")

    result = scenario.exchange(scenario.request(user("go")), b"", path="POST /v1/chat/completions")

    assert result.head is not None
    assert result.head.status == 307


# -- budgets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("users", [("kim", "kim"), ("kim", "lee"), ("", "")])
def test_every_candidate_session_is_charged_once(users: tuple[str, str]) -> None:
    """A request of no certain session is charged to every candidate, and to a user that two of them share once."""
    one, two = SessionId("a", users[0]), SessionId("b", users[1])
    scenario = Scenario(sessions=(one, two))

    result = scenario.exchange(
        scenario.request(user("go")), Reply("", calls=[ProposedCall("refund", {"amount": 10}, id="call_r")])
    )

    assert b"call_r" in result.body
    assert [scenario.ledger(session).user for session in (one, two)] == [{"total:refund-cap": "2026-11-22 10"}] * 2


def test_an_approved_call_is_charged_once_too() -> None:
    """An approval does not make the sum forget the call."""
    one, two = SessionId("a", "kim"), SessionId("b", "kim")
    scenario = Scenario(sessions=(one, two), policy={"ask_wait": 5.0}, on_ask=approve)

    scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND]))

    assert scenario.ledger(one).user == {"total:refund-cap": "2026-11-22 101"}


def test_a_cap_that_was_written_into_the_file_counts_at_once() -> None:
    """Invariant 4: tightening applies at once, a new sum included."""
    cap = "  - {id: cap, text: At most 150., on: refund, require: {total: {of: amount, per: session, max: 150}}, else: deny}\n"
    scenario = Scenario(policy={"proposed": load(RULES + cap), "on_denied": "end"})
    hundred = ProposedCall("refund", {"amount": 100}, id="call_r")

    arrived = [
        b"call_r" in scenario.exchange(scenario.request(user(f"{n}")), Reply("", calls=[hundred])).body
        for n in range(3)
    ]

    assert arrived == [True, False, False]
    assert scenario.ledger(scenario.session).user == {"total:refund-cap": "2026-11-22 100"}


def test_a_source_that_was_written_into_the_file_counts_at_once() -> None:
    """Invariant 4: tightening applies at once, a tool declared as untrusted included."""
    stricter = RULES.replace("search: read", "search: {effect: read, source: untrusted}") + (
        "  - {id: n, text: Nothing after reading outside., on: archive,"
        " require: {never_after: {source: untrusted}}, else: deny}\n"
    )
    scenario = Scenario(policy={"proposed": load(stricter), "on_denied": "end"})
    search = ProposedCall("search", {"query": "x"}, id="call_s")

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[search, ARCHIVE]))

    assert b"call_s" in result.body
    assert b"call_archive" not in result.body


def test_a_rewrite_that_was_written_into_the_file_counts_at_once() -> None:
    """Invariant 4: a rewrite is stricter than letting the call through as it is."""
    dry = "  - {id: dry, text: Archive dry., on: archive, then: {rewrite: [{op: replace, path: /id, value: none}]}}\n"
    scenario = Scenario(policy={"proposed": load(RULES + dry)})

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[ARCHIVE]))

    call = result.json["choices"][0]["message"]["tool_calls"][0]
    assert json.loads(call["function"]["arguments"]) == {"id": "none"}


def test_two_different_rewrites_are_asked_about() -> None:
    """Where the rules in force and the changed file rewrite differently, a person decides."""
    rule = (
        "  - {{id: dry, text: Archive dry., on: archive, then: {{rewrite: [{{op: replace, path: /id, value: {}}}]}}}}\n"
    )
    scenario = Scenario(
        rules=RULES + rule.format("one"), policy={"proposed": load(RULES + rule.format("two")), "on_denied": "end"}
    )

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[ARCHIVE]))

    assert b"call_archive" not in result.body
    assert [ticket.tool for ticket in scenario.tickets.values()] == ["archive"]


def test_what_was_read_from_outside_while_the_store_failed_is_not_released() -> None:
    """Invariant 5: what the ledger could not keep would be forgotten, so it does not happen."""
    from pinnedrules.commands import ReadLedger

    scenario = Scenario(fails={ReadLedger: OSError("locked")}, policy={"on_denied": "end"})
    outside = ProposedCall("list_mail", {"folder": "in"}, id="call_list")

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[outside]))

    assert b"call_list" not in result.body


# -- approvals -----------------------------------------------------------------------------------------------------


def approve(ticket: Ticket) -> Ticket:
    return replace(ticket, state="approved", by="kim")


def test_a_yes_to_a_question_under_other_rules_is_none() -> None:
    """An approval is bound to the rules: a file that changes while a person thinks voids the answer."""
    scenario = Scenario(policy={"ask_wait": 5.0, "on_denied": "end"})

    def change_and_approve(ticket: Ticket) -> Ticket:
        scenario.policy["proposed"] = load(
            RULES.replace("    else: ask\n    then: allow", "    else: deny\n    then: allow")
        )
        return approve(ticket)

    scenario.on_ask = change_and_approve
    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND]))

    assert b"call_refund" not in result.body
    assert scenario.tickets["t-0"].state == "approved"


def test_a_yes_that_comes_after_a_pause_releases_nothing() -> None:
    """A pause that is put in force while a person thinks holds their yes back, and does not use it up."""
    scenario = Scenario(policy={"ask_wait": 5.0, "on_denied": "end"})

    def pause_and_approve(ticket: Ticket) -> Ticket:
        scenario.states[scenario.session] = StopState("pause", 0, "lunch", "kim")
        return approve(ticket)

    scenario.on_ask = pause_and_approve
    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND]))

    assert b"call_refund" not in result.body
    assert b"paused: lunch" in result.body
    assert scenario.tickets["t-0"].state == "approved"


@FORMS
def test_a_pause_takes_back_what_was_allowed_and_is_still_held(stream: bool) -> None:
    """A pause lets no effect through: not even a call that was allowed before it and waits behind a question."""
    scenario = Scenario(stream=stream, policy={"ask_wait": 1.0, "on_denied": "end"})

    def pause(ticket: Ticket) -> None:
        scenario.states[scenario.session] = StopState("pause", 0, "lunch", "kim")

    scenario.on_ask = pause
    search = ProposedCall("search", {"query": "x"}, id="call_search")
    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND, ARCHIVE, search]))

    assert result.error is None
    assert b"call_archive" not in result.body
    assert b"call_search" in result.body
    assert [entry.body["released"] for entry in scenario.recorded("decision") if entry.body["tool"] == "archive"] == [
        True,
        False,
    ]


class UserSlot(OpenAIChat):
    """A dialect that would put the rules into the mouth of a user."""

    def slot(self, body: bytes, marker: str) -> Slot:
        return replace(super().slot(body, marker), role="user")


def test_the_rules_in_another_role_are_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 2: right role; the same text said by a user is not the block."""
    monkeypatch.setattr(Scenario, "dialect", UserSlot())
    scenario = Scenario()

    result = scenario.exchange(scenario.request(user("go")))

    assert isinstance(result.error, Unpinned)
    assert result.sent == []


def test_an_approval_from_before_the_file_changed_opens_no_door_after_it() -> None:
    """The same call under other rules is another question."""
    scenario = Scenario(policy={"on_denied": "end"})
    scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND]))
    scenario.tickets["t-0"] = approve(scenario.tickets["t-0"])
    scenario.policy["proposed"] = load(RULES + "  - {id: x, text: Ask counsel., on: refund, then: ask}\n")

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND]))

    assert b"call_refund" not in result.body
    assert len(scenario.tickets) == 2


# -- stops at every single step ------------------------------------------------------------------------------------


def stopping_at(scenario: Scenario, kind: type) -> None:
    """Put a stop in force at the first command of this kind."""

    def look(command: Any) -> None:
        if type(command) is kind:
            scenario.states[scenario.session] = StopState("stop", 1, "now", "kim")

    scenario.on_command = look


@FORMS
def test_a_stop_while_the_refusal_is_stored_shows_nothing_more(stream: bool) -> None:
    """Invariant 7: checked after every wait, also the one for the store."""
    scenario = Scenario(stream=stream, policy={"on_denied": "end"})
    stopping_at(scenario, Keep)

    result = scenario.exchange(scenario.request(user("go")), Reply("x", calls=[DELETE, ARCHIVE]))

    assert isinstance(result.error, Stopped)
    assert b"call_archive" not in result.body


@FORMS
def test_a_stop_before_the_correction_means_no_second_request(stream: bool) -> None:
    """Invariant 7: checked before every request, the gate's own included."""
    scenario = Scenario(stream=stream)
    stopping_at(scenario, Keep)

    result = scenario.exchange(scenario.request(user("go")), Reply("x", calls=[DELETE]))

    assert isinstance(result.error, Stopped)
    assert len(result.sent) == 1


@FORMS
def test_a_stop_while_the_model_is_asked_again_shows_nothing_more(stream: bool) -> None:
    """Invariant 7: checked after the wait for the network, also when that fails."""
    scenario = Scenario(stream=stream)
    sends = 0

    def look(command: Any) -> None:
        nonlocal sends
        sends += isinstance(command, Send)
        if sends == 2:
            scenario.states[scenario.session] = StopState("stop", 1, "now", "kim")

    scenario.on_command = look
    result = scenario.exchange(scenario.request(user("go")), Reply("x", calls=[DELETE]), ConnectionError("gone"))

    assert isinstance(result.error, Stopped)
    assert b"pinnedrules:denied" not in result.body or stream


def test_a_stop_before_the_first_call_is_decided_leaves_no_decision() -> None:
    """Invariant 7: checked before every tool call."""
    scenario = Scenario()
    from pinnedrules.commands import Receive

    stopping_at(scenario, Receive)

    result = scenario.exchange(scenario.request(user("go")), Reply("x", calls=[ARCHIVE]))

    assert isinstance(result.error, Stopped)
    assert scenario.recorded("decision") == []


def test_a_stop_ends_a_wait_for_a_person_at_once() -> None:
    """Invariant 7: a stop is seen while a person is asked, not when the wait is over."""
    scenario = Scenario(policy={"ask_wait": 300.0})
    from pinnedrules.commands import Wait

    stopping_at(scenario, Wait)
    before = scenario.clock_ns

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND]))

    assert isinstance(result.error, Stopped)
    assert scenario.clock_ns - before < 2_000_000_000


def test_a_stop_that_came_and_went_before_a_pause_voids_the_answer() -> None:
    """Invariant 7: a pause does not carry an answer over a stop that lay in between."""
    scenario = Scenario(stream=True)

    def stop_resume_pause() -> None:
        scenario.states[scenario.session] = StopState("pause", 3, "lunch", "kim")

    result = scenario.exchange(scenario.request(user("go")), [stop_resume_pause, b'data: {"choices":[]}\n\n'])

    assert isinstance(result.error, Stopped)
    assert result.body == b""


# -- evidence ------------------------------------------------------------------------------------------------------


def test_only_the_sync_of_the_decision_fails() -> None:
    """Invariant 6: the call is taken back when its own record does not become durable."""
    scenario = Scenario(policy={"on_denied": "end"})
    decided = False

    def look(command: Any) -> None:
        nonlocal decided
        from pinnedrules.commands import Sync

        decided = decided or (isinstance(command, Record) and command.entry.type == "decision")
        if decided and isinstance(command, Sync):
            scenario.fails[Sync] = OSError("I/O error")

    scenario.on_command = look
    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[ARCHIVE]))

    assert b"call_archive" not in result.body
    assert b"I/O error" in result.body


@pytest.mark.parametrize("anthropic", [False, True])
@FORMS
def test_every_edit_of_a_request_is_recorded_as_a_json_patch_that_gives_the_bytes_sent(
    anthropic: bool, stream: bool
) -> None:
    """Invariant 8: every edit is one of a closed list, and each is recorded as a JSON Patch."""
    import jsonpatch

    scenario = Scenario(anthropic=anthropic, stream=stream, policy={"on_denied": "continue"})
    first = scenario.request(user("tidy"))
    one = scenario.exchange(first, Reply("x", calls=[DELETE]), Reply("I suggest it."))
    message: dict[str, Any] = {"role": "assistant", "content": _shown(one.body, anthropic, stream)}
    second = scenario.request(user("tidy"), message, user("go on"))
    two = scenario.exchange(second, Reply("ok"))
    given = [first, one.sent_bytes[0], second]
    sent = [*one.sent_bytes, *two.sent_bytes]
    records = scenario.recorded("request")

    assert [entry.body["edits"] for entry in records] == [["block"], ["correction"], ["block", "restored call"]]
    for before, after, entry in zip(given, sent, records, strict=True):
        patch = json.loads(str(entry.private["patch"]))
        assert jsonpatch.apply_patch(json.loads(before), patch) == json.loads(after)


def _shown(body: bytes, anthropic: bool, stream: bool) -> Any:
    """Return the content that an application keeps of this answer."""
    if not stream:
        answer = json.loads(body)
        return answer["content"] if anthropic else answer["choices"][0]["message"]["content"]
    data = [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: {")]
    if anthropic:
        return "".join(
            event.get("delta", {}).get("text", "") + event.get("content_block", {}).get("text", "") for event in data
        )
    return "".join(choice["delta"].get("content") or "" for chunk in data for choice in chunk["choices"])


@pytest.mark.parametrize(
    "arguments", ['{"id": 0.5}', '{"id": ' + "[" * 300 + "]" * 300 + "}"], ids=["fraction", "deep"]
)
def test_a_refused_call_of_any_shape_can_be_restored_and_recorded(arguments: str) -> None:
    """What a model can put into arguments cannot make the evidence unwritable."""
    from pinnedrules.evidence.canonical import canonical

    scenario = Scenario(anthropic=True, policy={"on_denied": "end"})
    call = ProposedCall("delete_mail", arguments, id="call_delete")
    first = scenario.exchange(scenario.request(user("tidy")), Reply("x", calls=[call])).json

    second = scenario.exchange(
        scenario.request(user("tidy"), {"role": "assistant", "content": first["content"]}, user("go on")), Reply("ok")
    )

    assert second.error is None
    assert b"call_delete" in second.sent_bytes[0]
    for entry in scenario.records:
        canonical(entry.body)
        canonical(entry.private)


@FORMS
def test_the_answer_is_on_record_before_its_end_is_shown(stream: bool) -> None:
    """A caller that has seen the end may close; nothing runs after that."""
    scenario = Scenario(stream=stream)

    scenario.exchange(scenario.request(user("go")), Reply("text", calls=[ARCHIVE]))

    commands = scenario.commands
    noted = next(n for n, c in enumerate(commands) if isinstance(c, Record) and c.entry.type == "answer")
    ended = next(
        n
        for n, c in enumerate(commands)
        if isinstance(c, Forward) and b'finish_reason":"tool_calls' in c.data.replace(b" ", b"")
    )
    assert noted < ended


# -- tokens, threads -----------------------------------------------------------------------------------------------


def test_a_row_of_another_session_restores_nothing_even_with_its_own_token() -> None:
    """Tokens are bound to session and call: the row says whose it is, and the MAC says the same."""
    scenario = Scenario(policy={"on_denied": "end"})
    message = scenario.exchange(scenario.request(user("tidy")), Reply("x", calls=[DELETE])).json["choices"][0][
        "message"
    ]
    ((token, row),) = scenario.restores.items()
    other = SessionId("another", "lee")
    scenario.restores[token] = replace(row, session="\x00".join((other.tenant, other.user, other.name)))
    scenario.session = other

    second = scenario.exchange(scenario.request(user("tidy"), message, user("go on")), Reply("ok"))

    assert "call_delete" not in json.dumps(second.sent[0])


@pytest.mark.parametrize(
    "thread",
    [{"type": "continue", "id": "t_1"}, {"type": "resume"}, "t_1", {"type": "continue", "previous_message_id": 7}],
)
def test_a_thread_that_cannot_be_read_is_refused(thread: object) -> None:
    """Invariant 2: what cannot be read cannot be allowed, least of all what a request leaves out."""
    scenario = Scenario(anthropic=True)

    result = scenario.exchange(scenario.request(user("go"), thread=thread))

    assert isinstance(result.error, Unreadable)
    assert result.sent == []


def test_a_thread_that_was_not_created_under_the_rules_is_lost() -> None:
    """Nothing leaves without the block: the client gets the provider's own word for sending everything anew."""
    scenario = Scenario(anthropic=True)

    result = scenario.exchange(scenario.request(user("go"), thread={"type": "continue", "previous_message_id": "m_1"}))

    assert result.sent == []
    assert result.head is not None
    assert result.head.status == 400
    assert result.json["error"]["details"] == {"error_code": "thread_not_found"}
    assert [entry.body["error"] for entry in scenario.recorded("refusal")] == ["Unpinned"]
