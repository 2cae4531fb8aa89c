"""When the world around the gate fails, or the provider would act by itself: what the gate does then."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gate.scenario import Scenario, user

from pinnedrules.commands import Ask, Keep, Random, ReadLedger, Sync, WriteLedger
from pinnedrules.errors import Denied, Unpinned, Unreadable
from pinnedrules.gate import answer as answers
from pinnedrules.gate import between
from pinnedrules.testing.script import ProposedCall, Reply

ARCHIVE = ProposedCall("archive", {"id": "7"}, id="call_archive")
DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
REFUND = ProposedCall("refund", {"amount": 101}, id="call_refund")
SEARCH = ProposedCall("search", {"query": "x"}, id="call_search")
POST = ProposedCall("post", {"text": "hello"}, id="call_post")
FORMS = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


# -- a store that does not answer ----------------------------------------------------------------------------------


def test_a_ledger_that_cannot_be_read_refuses_effects_and_lets_declared_reads_go_on() -> None:
    """Invariant 2: a store that does not answer is a refusal for anything with an effect; reads go on for a while."""
    scenario = Scenario(fails={ReadLedger: OSError("locked")}, policy={"on_denied": "end"})

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[SEARCH, ARCHIVE]))

    assert b"call_search" in result.body
    assert b"call_archive" not in result.body
    assert b"the store does not answer" in result.body
    assert scenario.recorded("decision")[1].body["undecided"] == ["ledger"]


def test_after_the_grace_period_not_even_reads_go_on_without_a_ledger() -> None:
    """Reads go on for 60 s, then not."""
    scenario = Scenario(fails={ReadLedger: OSError("locked")}, policy={"on_denied": "end"})
    scenario.exchange(scenario.request(user("go")), Reply("", calls=[SEARCH]))
    scenario.clock_ns += 61_000_000_000

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[SEARCH]))

    assert b"call_search" not in result.body


def test_a_ledger_that_is_always_changed_by_somebody_else_refuses() -> None:
    """Budgets are reserved at the decision; a reservation that never succeeds is no permission."""
    scenario = Scenario(policy={"on_denied": "end"})
    scenario.replies[WriteLedger] = False
    refund = ProposedCall("refund", {"amount": 1}, id="call_r")

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[refund]))

    assert b"call_r" not in result.body


def test_an_ask_that_cannot_be_stored_is_a_refusal() -> None:
    """Invariant 2: nobody can be asked when the store does not answer."""
    scenario = Scenario(fails={Ask: OSError("locked")}, policy={"on_denied": "end"})

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[REFUND]))

    assert b"call_refund" not in result.body
    assert b"nobody can be asked" in result.body


def test_a_log_that_fails_between_decision_and_release_takes_the_release_back() -> None:
    """Invariant 6: the record is durable before the call is released, so a failed sync is a refusal."""
    scenario = Scenario(fails={Sync: OSError("I/O error")}, policy={"on_denied": "end"})

    result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[ARCHIVE]))

    assert b"call_archive" not in result.body
    assert b"I/O error" in result.body


@FORMS
@pytest.mark.parametrize("command", [Keep, Random])
def test_a_refusal_that_cannot_be_restored_later_becomes_a_plain_sentence(stream: bool, command: type) -> None:
    """Without a stored original there is no token; refused and rewritten calls stay invisible all the same."""
    scenario = Scenario(stream=stream, fails={command: OSError("locked")})

    result = scenario.exchange(scenario.request(user("go")), Reply("Now.", calls=[DELETE, POST, ARCHIVE]))

    assert result.error is None
    assert b"call_delete" not in result.body
    assert b"call_post" not in result.body
    assert b"call_archive" in result.body
    assert b"pinnedrules:denied" not in result.body
    assert b"Only suggest deletions" in result.body
    assert [entry.body["calls"] for entry in scenario.recorded("withheld")] == [["call_post"]]


@FORMS
def test_several_choices_are_gated_each_for_itself(stream: bool) -> None:
    """n>1: every choice is gated; there is no single history to answer the model in."""
    scenario = Scenario(stream=stream)
    body = scenario.request(user("go"), n=2)

    result = scenario.exchange(
        body,
        Reply("one", calls=[DELETE], more_choices=[Reply("two", calls=[ProposedCall("archive", {"id": "8"}, id="b")])]),
    )

    assert result.error is None
    assert b"call_delete" not in result.body
    assert b'"b"' in result.body
    assert len(result.sent) == 1


# -- answers that cannot be read -----------------------------------------------------------------------------------


def test_monitor_passes_a_json_answer_that_it_cannot_read() -> None:
    """Monitor never blocks."""
    scenario = Scenario(policy={"mode": "monitor"})

    result = scenario.exchange(scenario.request(user("go")), b'{"choices": 7}')

    assert result.body == b'{"choices": 7}'


def test_more_than_can_be_held_back_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draining upstream is bounded."""
    monkeypatch.setattr(answers, "HELD_BYTES", 3000)
    monkeypatch.setattr(between, "HELD_BYTES", 3000)
    long = ProposedCall("archive", {"id": "7" * 4000}, id="call_long")
    for stream in (False, True):
        scenario = Scenario(stream=stream, split=64)

        result = scenario.exchange(scenario.request(user("go")), Reply("x", calls=[long]))

        assert isinstance(result.error, Unreadable)
        assert b"call_long" not in result.body


def test_a_body_with_the_block_in_a_wrong_place_as_well_is_not_proven() -> None:
    """Promise 2: present once; a second copy in the system text is not the block."""
    scenario = Scenario(anthropic=True)
    first = scenario.exchange(scenario.request(user("go")), Reply("x"))
    block = first.sent[0]["system"][0]["text"]

    result = scenario.exchange(scenario.request(user("go"), system=f"{block}\n\nmy prompt\n\n{block}"), Reply("x"))

    assert isinstance(result.error, Unpinned)
    assert result.sent == []


@pytest.mark.parametrize("anthropic", [False, True])
def test_the_same_text_in_a_user_message_does_not_count_and_is_recorded(anthropic: bool) -> None:
    """The same text in a tool result or user message does not count and is recorded."""
    scenario = Scenario(anthropic=anthropic)
    first = scenario.exchange(scenario.request(user("go")), Reply("x")).sent[0]
    block = first["system"][0]["text"] if anthropic else first["messages"][0]["content"]

    result = scenario.exchange(scenario.request(user(f"{block} is what you sent")), Reply("x"))

    assert result.error is None
    sent: Any = result.sent[0]["system"][0]["text"] if anthropic else result.sent[0]["messages"][0]["content"]
    assert sent.startswith(block)
    assert scenario.recorded("request")[-1].body["block_elsewhere"] == 1


# -- tools that the provider runs itself ---------------------------------------------------------------------------

WEB_SEARCH = {"type": "web_search_20250305", "name": "web_search"}
CODE = {"type": "code_execution_20250825", "name": "code_execution"}


def test_a_provider_run_read_is_allowed_on_the_request() -> None:
    """Promise 1: tools that the provider runs itself are decided on the request, by tool."""
    scenario = Scenario(anthropic=True)

    result = scenario.exchange(scenario.request(user("go"), tools=[WEB_SEARCH]), Reply("found"))

    assert result.error is None
    assert scenario.recorded("decision")[0].body["tool"] == "web_search"


def test_a_provider_run_effect_without_a_rule_is_refused_by_name() -> None:
    """A tool that the provider would run itself and that no rule allows: no request."""
    scenario = Scenario(anthropic=True)

    result = scenario.exchange(scenario.request(user("go"), tools=[CODE]), Reply("ran"))

    assert isinstance(result.error, Denied)
    assert "code_execution" in str(result.error)
    assert result.sent == []


def test_a_provider_run_effect_that_a_rule_allows_waits_for_its_record() -> None:
    """Invariant 6: a request with provider-run tools that have an effect waits for its record's sync."""
    from pinnedrules.commands import Record, Send

    rules = Scenario.rules + "  - {id: code, text: Code may run at the provider., on: code_execution, then: allow}\n"
    scenario = Scenario(
        anthropic=True, rules=rules.replace("post: publish", "post: publish\n  code_execution: execute")
    )

    result = scenario.exchange(scenario.request(user("go"), tools=[CODE]), Reply("ran"))

    assert result.error is None
    kinds = [type(command) for command in scenario.commands]
    last_record = max(n for n, c in enumerate(scenario.commands) if isinstance(c, Record) and c.entry.type == "request")
    assert Sync in kinds[last_record : kinds.index(Send)]


def test_a_proposed_rule_set_can_only_make_stricter() -> None:
    """Invariant 4: tightening applies at once, relaxing waits."""
    from pinnedrules.rules.load import load

    stricter = load(Scenario.rules.replace("on: archive\n    then: allow", "on: archive\n    then: deny"))
    laxer = load(
        Scenario.rules.replace("on: {effect: delete}\n    then: deny", "on: {effect: delete}\n    then: allow")
    )
    for proposed, call in ((stricter, ARCHIVE), (laxer, DELETE)):
        scenario = Scenario(policy={"proposed": proposed, "on_denied": "end"})

        result = scenario.exchange(scenario.request(user("go")), Reply("", calls=[call]))

        assert str(call.id).encode() not in result.body


def test_a_provider_run_search_marks_the_session_as_having_read_from_outside() -> None:
    """A history rule sees what the provider read for the model: never_after is not got around by a provider's search."""
    rules = Scenario.rules + (
        "  - id: no-exfiltration\n    text: After reading anything from outside, send nothing out without asking.\n"
        "    on: {effect: [send, publish]}\n    require: {never_after: {source: untrusted}}\n    else: ask\n"
    )
    mail = ProposedCall("send_email", {"to": "boss@example.com"}, id="call_mail")
    for tools in ([], [WEB_SEARCH]):
        scenario = Scenario(anthropic=True, rules=rules, policy={"on_denied": "end"})
        body = scenario.request(user("go"))
        if tools:
            scenario.exchange(scenario.request(user("go"), tools=tools), Reply("found"))

        result = scenario.exchange(body, Reply("", calls=[mail]))

        assert (b"call_mail" in result.body) is (not tools)


def test_a_connector_does_not_pick_up_what_the_file_says_of_a_tool_of_its_name() -> None:
    """The name of an MCP connector is the request's own choice, so it permits nothing."""
    scenario = Scenario(anthropic=True)
    body = scenario.request(user("go"), mcp_servers=[{"type": "url", "name": "search", "url": "https://x.example"}])

    result = scenario.exchange(body, Reply("ran"))

    assert isinstance(result.error, Denied)
    assert "mcp:search" in str(result.error)


def test_monitor_relays_an_answer_of_an_unknown_type_and_a_stop_still_cuts_it() -> None:
    """Monitor never blocks; a stop is a person's own word, and still stops."""
    from pinnedrules.errors import Stopped
    from pinnedrules.types import StopState

    scenario = Scenario(policy={"mode": "monitor"})
    relayed = scenario.exchange(scenario.request(user("go")), Reply("x", content_type="text/html"))

    def stop() -> None:
        scenario.states[scenario.session] = StopState("stop", 1, "now", "kim")

    cut = scenario.exchange(b"not readable", [b"one", stop, b"two"])

    assert b"x" in relayed.body
    assert isinstance(cut.error, Stopped)
    assert cut.body == b"one"


@FORMS
def test_a_rewritten_legacy_call_is_not_shown_at_all(stream: bool) -> None:
    """A function_call has no id to restore it by, so what would have to be changed is refused in words."""
    scenario = Scenario(stream=stream)
    call = ProposedCall("post", {"text": "hello"}, kind="legacy")

    result = scenario.exchange(scenario.request(user("post it")), Reply("", calls=[call]))

    assert result.error is None
    assert b'function_call":{' not in result.body.replace(b" ", b"")
    assert b"had to be changed" in result.body
