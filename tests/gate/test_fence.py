"""After a compaction nothing with an effect goes out unasked, until a request with the rules is on record."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gate.scenario import KIM, Result, Scenario, user

from pinnedrules.commands import Ask, WriteLedger
from pinnedrules.compaction.lineage import Lineage
from pinnedrules.compaction.pending import Pending, concerning, ever, knows, learned, outside, pending, raised, without
from pinnedrules.errors import Unrecorded
from pinnedrules.gate import request
from pinnedrules.gate.exchange import check
from pinnedrules.gate.fence import fenced
from pinnedrules.rules.refusal import explained, refusal
from pinnedrules.testing.responses import Responses
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.testing.shapes import Turn
from pinnedrules.types import OFFERED, Call, Decision, Entry, SessionId, Ticket

ARCHIVE = ProposedCall("archive", {"id": "7"}, id="call_archive")
SEARCH = ProposedCall("search", {"query": "x"}, id="call_search")
DELETE = ProposedCall("delete_mail", {"id": "9"}, id="call_delete")
SUMMARY = "Summary of the conversation so far: the inbox is being tidied."
THRESHOLD: dict[str, dict[str, Any]] = {
    "messages": {"context_management": {"edits": [{"type": "compact_20260112"}]}},
    "responses": {"context_management": [{"type": "compaction", "compact_threshold": 1}]},
}
BOTH = pytest.mark.parametrize("dialect", ["messages", "responses"])
FORMS = pytest.mark.parametrize("stream", [False, True])


def scene(dialect: str, **more: Any) -> Scenario:
    more.setdefault("policy", {"on_denied": "end"})
    return Scenario(anthropic=dialect == "messages", responses=dialect == "responses", **more)


def compacting(scenario: Scenario, dialect: str, *calls: ProposedCall) -> Result:
    body = scenario.request(user("tidy up"), **THRESHOLD[dialect])
    return scenario.exchange(body, Reply("ok", calls=calls, compaction=SUMMARY))


def decisions(scenario: Scenario) -> dict[str, Entry]:
    return {str(entry.body["tool"]): entry for entry in scenario.recorded("decision")}


@FORMS
@BOTH
def test_a_call_in_an_answer_that_compacts_is_asked_about(dialect: str, stream: bool) -> None:
    """Calls with an effect are asked about when they come in an answer that itself compacts."""
    scenario = scene(dialect, stream=stream)
    result = compacting(scenario, dialect, ARCHIVE)

    assert result.error is None
    assert [ticket.tool for ticket in scenario.tickets.values()] == ["archive"]
    entry = decisions(scenario)["archive"]
    assert (entry.body["released"], entry.body["ticket"], entry.body["fence"]) == (False, "t-0", "answer")
    assert "compacted the conversation in this very answer" in result.body.decode()
    assert "the next request that is proven to carry the rules ends this" in str(entry.private["reasons"])


@FORMS
@BOTH
def test_reads_go_on_and_a_deny_stays_a_deny(dialect: str, stream: bool) -> None:
    """No extra model call; reads go on."""
    scenario = scene(dialect, stream=stream)
    result = compacting(scenario, dialect, SEARCH, DELETE)

    found = decisions(scenario)
    assert found["search"].body["released"] is True
    assert found["delete_mail"].body["verdict"] == "deny"
    assert not scenario.tickets
    assert len(result.sent) == 1


@FORMS
@BOTH
def test_the_next_verified_request_ends_it(dialect: str, stream: bool) -> None:
    """Until a verified request is on record."""
    scenario = scene(dialect, stream=stream)
    compacting(scenario, dialect, ARCHIVE)
    after = scenario.exchange(scenario.request(user(SUMMARY), user("go on")), Reply("", calls=[ARCHIVE]))
    first, second = scenario.recorded("decision")

    assert (first.body["released"], first.body["fence"]) == (False, "answer")
    assert (second.body["verdict"], second.body["released"]) == ("allow", True)
    assert "fence" not in second.body
    assert "call_archive" in after.body.decode()


@FORMS
@BOTH
def test_within_a_turn_the_gate_itself_does_not_end_it(dialect: str, stream: bool) -> None:
    """The gate tells the model of the refusal, as ever; the same call is asked about again, not let through."""
    scenario = scene(dialect, stream=stream, policy={})
    body = scenario.request(user("tidy up"), **THRESHOLD[dialect])
    again = ProposedCall("archive", {"id": "7"}, id="call_again")
    replies = [Reply("ok", calls=[ARCHIVE], compaction=SUMMARY), Reply("", calls=[again]), Reply("I wait.")]
    scenario.exchange(body, *replies)

    assert [entry.body["fence"] for entry in scenario.recorded("decision")] == ["answer", "answer"]
    assert len(scenario.tickets) == 1


def approved(ticket: Ticket) -> Ticket:
    return replace(ticket, state="approved", by="kim")


@FORMS
def test_a_persons_yes_lets_the_call_through(stream: bool) -> None:
    """What is asked about is decided by the person who is asked."""
    scenario = scene("messages", stream=stream, policy={"ask_wait": 60.0}, on_ask=approved)
    result = compacting(scenario, "messages", ARCHIVE)

    (entry,) = scenario.recorded("decision")
    assert (entry.body["released"], entry.body["approved_by"]) == (True, "kim")
    assert "call_archive" in result.body.decode()


def test_a_persons_no_stands_when_the_fence_is_gone() -> None:
    """A person's no to exactly this call stands, although no rule asks about it."""
    scenario = scene("messages", policy={"on_denied": "end", "ask_wait": 60.0})
    scenario.on_ask = lambda ticket: replace(ticket, state="denied", by="kim")
    compacting(scenario, "messages", ARCHIVE)
    after = scenario.exchange(scenario.request(user(SUMMARY), user("go on")), Reply("", calls=[ARCHIVE, SEARCH]))

    assert "call_archive" not in after.body.decode()
    assert "kim said no" in after.body.decode()


EDITED = {"context_management": {"applied_edits": [{"type": "clear_tool_uses_20250919", "cleared_tool_uses": 4}]}}
ARMED = {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}


@FORMS
def test_a_call_in_an_answer_to_an_edited_history_is_asked_about_once(stream: bool) -> None:
    """A stream says of its edits only at its end, behind the calls: they wait for that. The same edits are no other ones."""
    scenario = scene("messages", stream=stream)
    reply = Reply("", calls=[ARCHIVE], extra=EDITED)
    scenario.exchange(scenario.request(user("a"), **ARMED), reply)
    scenario.exchange(scenario.request(user("a"), {"role": "assistant", "content": "b"}, user("c"), **ARMED), reply)

    assert [entry.body.get("fence") for entry in scenario.recorded("decision")] == ["answer", None]
    (entry,) = scenario.recorded("compaction")
    assert entry.body["kind"] == "edits"
    assert entry.body["edits"] == {"clear_tool_uses_20250919.cleared_tool_uses": 4}


@FORMS
def test_edits_that_clear_only_thinking_are_recorded_and_ask_about_nothing(stream: bool) -> None:
    """They go at every turn, and nobody says a rule in the model's own thoughts."""
    scenario = scene("messages", stream=stream)
    thinking = [{"type": "clear_thinking_20251015", "cleared_thinking_turns": 2}]
    reply = Reply("", calls=[ARCHIVE], extra={"context_management": {"applied_edits": thinking}})
    scenario.exchange(scenario.request(user("a"), context_management={"edits": [{"type": thinking[0]["type"]}]}), reply)

    assert [entry.body.get("fence") for entry in scenario.recorded("decision")] == [None]
    (entry,) = scenario.recorded("compaction")
    assert entry.body["edits"] == {"clear_thinking_20251015.cleared_thinking_turns": 2}


def kept(scenario: Scenario, *calls: ProposedCall, body: bytes) -> Result:
    result = scenario.exchange(body, Reply("ok", calls=calls))
    assert result.error is None
    return result


def identifier(result: Result) -> str:
    for line in result.body.decode().splitlines():
        if '"resp_' in line:
            return "resp_" + line.split('"resp_')[1].split('"')[0]
    raise AssertionError(result.body)


def fetch(scenario: Scenario, made: str, *calls: ProposedCall, **more: Any) -> Result:
    """Fetch the answer *made*, which is done meanwhile, by its id."""
    body = scenario.request(user("x"), **THRESHOLD["responses"])
    turn = Turn(1, {**json.loads(body), "stream": False})
    found = json.loads(Responses().json(Reply("ok", calls=calls, **more), turn)) | {"id": made}
    return scenario.exchange(b"", json.dumps(found).encode(), kind="poll", path=f"GET /v1/responses/{made}")


def test_an_answer_that_is_fetched_is_fenced_as_if_it_had_been_waited_for() -> None:
    """A background answer to the first request that continues a compaction is asked about, after a restart as well."""
    scenario = scene("responses")
    at = identifier(compacting(scenario, "responses"))
    queued = identifier(kept(scenario, body=scenario.request(user("b"), previous_response_id=at)))
    scenario.lineage = Lineage()
    fetch(scenario, queued, ARCHIVE, SEARCH)
    found = decisions(scenario)
    assert (found["archive"].body["fence"], found["archive"].body["released"]) == ("continued", False)
    assert found["search"].body["released"] is True


def test_an_answer_made_behind_a_compaction_is_fenced_when_a_later_request_ended_it() -> None:
    """When an answer is fetched changes nothing about what it was made from, nor does fetching it twice."""
    scenario = scene("responses")
    at = identifier(compacting(scenario, "responses"))
    queued = identifier(kept(scenario, body=scenario.request(user("b"), previous_response_id=at)))
    kept(scenario, body=scenario.request(user("c"), previous_response_id=queued))
    assert not pending(scenario.ledger(KIM).session)
    for _ in range(2):
        fetch(scenario, queued, ARCHIVE)
        found = scenario.recorded("decision")[-1].body
        assert (found["fence"], found["released"]) == ("continued", False)
    fetch(scenario, "resp_another", replace(ARCHIVE, arguments={"id": "8"}))
    assert scenario.recorded("decision")[-1].body["released"] is True


def test_what_may_drop_messages_unseen_does_not_fence_the_answer_itself() -> None:
    """A fetched answer is fenced no more than one that is waited for: truncation counts from the next request on."""
    scenario = scene("responses")
    made = identifier(kept(scenario, body=scenario.request(user("a"), truncation="auto")))
    assert b"call_archive" in fetch(scenario, made, ARCHIVE).body
    after = identifier(kept(scenario, body=scenario.request(user("b"), previous_response_id=made)))
    fetch(scenario, after, replace(ARCHIVE, arguments={"id": "8"}))
    assert scenario.recorded("decision")[-1].body["fence"] == "continued"


def test_a_compaction_that_broke_off_is_the_same_when_its_answer_is_fetched() -> None:
    """Every compaction is one record, and what its summary contradicts is known from the fetched answer."""
    scenario = scene("responses", stream=True)
    body = scenario.request(user("tidy up"), **THRESHOLD["responses"], background=True)
    data = scenario.wire.frames(Reply("ok", calls=[ARCHIVE], compaction=SUMMARY), Turn(1, json.loads(body)))
    cut = next(n for n, frame in enumerate(data) if b"compaction" in frame and b"output_item.done" in frame)
    broken = scenario.exchange(body, [*data[: cut + 1], lost])
    made = identifier(broken)
    (before,) = pending(scenario.ledger(KIM).session)
    assert not before.told
    scenario.stream = False
    fetched = fetch(scenario, made, ARCHIVE, compaction=SUMMARY)
    assert fetched.error is None
    (after,) = pending(scenario.ledger(KIM).session)
    assert (after.id, after.told, set(before.names) - set(after.names)) == (before.id, True, set())
    assert [entry.body["id"] for entry in scenario.recorded("compaction")] == [before.id]
    assert decisions(scenario)["archive"].body["fence"] == "answer"


def test_a_compaction_survives_a_restart() -> None:
    """Invariant 5: the ledger does not live in the context, nor in the process."""
    scenario = scene("responses")
    at = identifier(compacting(scenario, "responses"))
    scenario.lineage = Lineage()
    kept(scenario, ARCHIVE, body=scenario.request(user("b"), previous_response_id=at))
    assert decisions(scenario)["archive"].body["fence"] == "continued"


@FORMS
def test_a_thread_at_the_provider_stays_fenced_until_the_rules_are_sent_again(stream: bool) -> None:
    """A request that continues a thread carries no block, so it proves nothing and ends nothing."""
    scenario = scene("messages", stream=stream)
    beta: dict[str, Any] = {**THRESHOLD["messages"], "thread": {"type": "create"}}
    first = scenario.exchange(scenario.request(user("a"), **beta), Reply("ok", compaction=SUMMARY))
    on = {"type": "continue", "previous_message_id": "msg_" + first.body.decode().split("msg_")[1].split('"')[0]}
    body = {"model": "claude", "max_tokens": 9, "messages": [user("b")], "stream": stream, "thread": on}
    assert scenario.exchange(json.dumps(body).encode(), Reply("", calls=[ARCHIVE])).error is None
    assert decisions(scenario)["archive"].body["fence"] == "continued"
    (waits,) = pending(scenario.ledger(KIM).session)
    assert waits.followed is False

    scenario.tickets.clear()
    again = scenario.exchange(scenario.request(user("a"), **beta), Reply("", calls=[ARCHIVE]))
    assert "call_archive" in again.body.decode()


def test_a_request_that_could_not_be_verified_is_fenced() -> None:
    """The block could not be verified in the request: with an effect that is an ask, never an allow."""
    scenario = scene("chat", policy={"mode": "monitor"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request, "verify", lambda *_, **__: _Unproven())
        scenario.exchange(scenario.request(user("a")), Reply("", calls=[ARCHIVE, SEARCH]))
    found = decisions(scenario)
    assert (found["archive"].body["verdict"], found["archive"].body["fence"]) == ("ask", "unverified")
    assert found["search"].body["verdict"] == "allow"


class _Unproven:
    ok, elsewhere, why = False, 0, "it is not there"


def outside_call(scenario: Scenario) -> str:
    """Decide a call that stands in no answer, as a gated function asks."""
    context = scenario.context()
    flow = check(context, Call("archive", '{"id": "7"}', declared=frozenset({"id"})))
    reply: Any = None
    while True:
        try:
            command = flow.send(reply)
        except StopIteration as end:
            return str(end.value.decision.verdict)
        scenario.commands.append(command)
        reply = scenario._answer(command)


def test_a_call_that_stands_in_no_answer_is_asked_about_until_the_next_verified_request() -> None:
    """A function that runs by itself meanwhile is no way around."""
    scenario = scene("messages")
    assert outside_call(scenario) == "allow"
    compacting(scenario, "messages")
    assert outside_call(scenario) == "deny"  # an ask that nobody answers in time
    assert scenario.tickets
    scenario.tickets.clear()
    scenario.exchange(scenario.request(user(SUMMARY), user("go on")), Reply("ok"))
    assert outside_call(scenario) == "allow"


@FORMS
@BOTH
def test_a_compaction_that_cannot_be_kept_refuses_the_answer(dialect: str, stream: bool) -> None:
    """Invariant 2: a store that does not answer allows nothing with an effect."""
    scenario = scene(dialect, stream=stream)
    scenario.fails[WriteLedger] = OSError("gone")
    result = compacting(scenario, dialect, ARCHIVE)
    assert isinstance(result.error, Unrecorded)
    assert b"call_archive" not in result.body


def test_an_answer_that_is_cut_behind_its_compaction_is_recorded_with_the_next_request() -> None:
    """What was seen is not lost with the answer that showed it."""
    scenario = scene("responses", stream=True)
    frames = scenario.kept.frames(Reply("ok", compaction=SUMMARY), Turn(0, json.loads(armed(scenario))))
    shown = next(number for number, frame in enumerate(frames) if b'"compaction"' in frame)
    scenario.exchange(armed(scenario), [b"".join(frames[: shown + 1]), lost])
    assert not scenario.recorded("compaction")
    scenario.exchange(scenario.request(user("tidy up"), user("again")), Reply("ok"))

    (entry,) = scenario.recorded("compaction")
    assert (entry.body["kind"], entry.body["cut"]) == ("threshold", True)
    (asked,) = [one for one in scenario.recorded("request") if "follows" in one.body]
    assert asked.body["follows"] == [entry.body["id"]]


def armed(scenario: Scenario) -> bytes:
    return scenario.request(user("tidy up"), **THRESHOLD["responses"])


def lost() -> None:
    raise ConnectionError("gone")


NAMES = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=9)


@given(st.lists(st.tuples(NAMES, st.booleans()), min_size=1, max_size=90), st.data())
def test_nothing_that_waits_is_forgotten(found: list[tuple[list[str], bool]], data: st.DataObject) -> None:
    """Memory is bounded; what is too much is thrown together, so that more is held up by it, never less."""
    facts: dict[str, str] = {"rule:x": "kept"}
    for number, (names, silent) in enumerate(found):
        facts = raised(facts, Pending(str(number), "truncation" if silent else "threshold", tuple(names)))
    names, silent = data.draw(st.sampled_from(found))
    assert concerning(pending(facts), names)
    assert silent or outside(facts) is not None
    assert len(pending(facts)) <= 32
    assert len(facts["compactions"]) < 32 * 65 * 20
    over = without(facts, [one.id for one in pending(facts)])
    assert (pending(over), ever(over), over["rule:x"]) == ((), True, "kept")


def test_more_names_than_are_kept_stand_for_all() -> None:
    """A chain of answers too long to remember is fenced wherever it goes on."""
    facts = raised({}, Pending("1", "threshold", tuple(f"response:{n}" for n in range(200))))
    assert concerning(pending(facts), ["response:another"])


def test_what_is_known_is_bounded_and_the_newest_stays() -> None:
    """Learned once, and not for ever."""
    facts: dict[str, str] = {}
    for number in range(100):
        facts = learned(facts, "items", [f"item:{number}"])
    assert knows(facts, "items", ["item:99"])
    assert not knows(facts, "items", ["item:0"])
    assert not knows(facts, "edits", ["item:99"])


def test_what_cannot_be_read_of_a_call_is_asked_about_without_it() -> None:
    """A call whose text is no JSON is fenced like any other."""
    scenario = Scenario(rules=RULES_BY_NAME)
    context = scenario.context()
    context.fence = "answer"
    allowed = Decision("allow", ("write",), rules=("archive-freely",), sentences=("Archiving is fine.",))
    found = fenced(context, Call("archive", "{"), allowed, [])
    assert (found.verdict, found.rules, list(found.targets)) == ("ask", (), [])
    assert fenced(context, Call("archive", "{}"), replace(allowed, effects=("read",)), []).verdict == "allow"
    assert fenced(context, Call("archive", "{}"), replace(allowed, verdict="deny"), []).verdict == "deny"


@pytest.mark.parametrize(("verified", "verdict"), [(True, "allow"), (False, "ask")])
def test_a_tool_that_the_provider_runs_goes_by_the_request_that_offers_it(verified: bool, verdict: str) -> None:
    """It is decided before the answer: a request that carries the rules proves what it has to."""
    context = Scenario().context()
    context.fence, context.verified = "continued", verified
    call = Call("code_interpreter", "{}", answer=OFFERED)
    assert fenced(context, call, Decision("allow", ("execute",)), []).verdict == verdict


@BOTH
def test_the_strictest_of_several_sessions_counts(dialect: str) -> None:
    """A request that cannot be tied to one session raises the fence in all that it may belong to."""
    scenario = scene(dialect, sessions=(KIM, SessionId("other")))
    compacting(scenario, dialect, SEARCH)
    assert all(ever(scenario.ledger(session).session) for session in scenario.sessions)
    scenario.sessions = (SessionId("other"),)
    assert outside_call(scenario) == "deny"


def test_monitor_mode_decides_and_records_and_holds_nothing() -> None:
    """There the fence is in the record, and the call goes out; a store that fails refuses nothing."""
    scenario = scene("messages", policy={"mode": "monitor"})
    assert b"call_archive" in compacting(scenario, "messages", ARCHIVE).body
    (entry,) = scenario.recorded("decision")
    assert (entry.body["verdict"], entry.body["fence"], entry.body["released"]) == ("ask", "answer", True)
    broken = scene("messages", policy={"mode": "monitor"})
    broken.fails[WriteLedger] = OSError("gone")
    assert compacting(broken, "messages", ARCHIVE).error is None


def test_a_ledger_that_others_keep_changing_refuses_the_answer() -> None:
    """A fence that cannot be kept is no fence, so nothing is released behind it."""
    scenario = scene("messages")
    scenario.replies[WriteLedger] = False
    result = compacting(scenario, "messages", ARCHIVE)
    assert isinstance(result.error, Unrecorded)
    assert "too many at once" in str(result.error)


def test_a_person_is_told_why_although_no_rule_asks() -> None:
    """The reason is in what a person sees: the question, the refusal, and the first explanation."""
    scenario = scene("messages")
    compacting(scenario, "messages", ARCHIVE)
    (ask,) = [command for command in scenario.commands if isinstance(command, Ask) and command.fresh]
    decision = ask.proposal.decision
    assert "a compaction came between" in " ".join(decision.sentences)
    told = explained(
        "archive", decision.targets, (), decision.reasons, ticket="t-0", source="r.yaml", place="r.yaml", state="s"
    )
    assert "no rule objects, but the conversation was compacted" in told
    assert "from the next request on the rules alone decide again" in told
    assert "no rule permits it" not in told
    later = refusal(ask.proposal.call, decision)
    assert "propose it again with the next request" in later


RULES_BY_NAME = """
version: 1
tools: {archive: write}
rules: [{id: archive-freely, text: Archiving is fine., on: archive, then: allow}]
"""
