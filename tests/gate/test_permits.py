"""Permits: what a person allows beforehand covers exactly that, so often, for so long; and never what was limited later."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as hypothesis
from hypothesis import settings
from hypothesis import strategies as st
from tests.gate.scenario import KIM, Result, Scenario, user

from pinnedrules.commands import Ask, WriteLedger
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.born import Born, added, withdrawn
from pinnedrules.rules.permits import MAX_PERMITS, Permit, given, permits, revoked, worded
from pinnedrules.testing.script import ProposedCall, Reply
from pinnedrules.types import LedgerState, SessionId, StopState

HOUR = 3_600_000_000
NEW = LedgerState()
RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  list_mail: {effect: read, source: untrusted}
  search: read
  send_email: send
  delete_mail: delete
  archive: write
  refund: spend
  post: publish
rules:
  - {id: no-deletes, text: Never delete., on: {effect: delete}, then: deny}
  - {id: archive, text: Ask before archiving., on: archive, then: ask}
  - id: refund-cap
    text: Refund at most 100 at once, 500 a day.
    on: refund
    require: {amount: {of: amount, max: 100}, total: {of: amount, per: day, max: 500}}
    else: ask
    then: allow
"""
_ids = itertools.count()


def permit(on: object = "archive", **more: Any) -> Permit:
    """Return a permit that began with the scenario's clock."""
    require = more.pop("require", None)
    name = f"p-{next(_ids)}"
    form: dict[str, Any] = {
        "most": 2,
        "hourly": False,
        "given_us": 0,
        "until_us": 24 * HOUR,
        "by": "kim",
        "epoch": 0,
    }
    return Permit(name, worded(name, on, require), **{**form, **more})


def scene(*given_: Permit, half: Any = "session", ledger: LedgerState = NEW, **more: Any) -> Scenario:
    """Return a scenario in whose ledger these permits stand."""
    scenario = Scenario(rules=RULES, clock_ns=HOUR * 1000, **more)
    for one in given_:
        ledger = given(ledger, one, half, one.given_us)
    scenario.ledgers[KIM] = LedgerState(ledger.session)
    scenario.users[KIM.user] = (ledger.user, 0)
    return scenario


def turn(scenario: Scenario, *calls: ProposedCall) -> Result:
    result = scenario.exchange(
        scenario.request(user("go on")), Reply("", calls=list(calls)), Reply("then I ask"), Reply("no"), Reply("no")
    )
    assert result.error is None
    return result


def archive(number: int = 7, **more: Any) -> ProposedCall:
    return ProposedCall("archive", {"id": str(number), **more}, id=f"call_{next(_ids)}")


def runs(scenario: Scenario, call: ProposedCall) -> bool:
    return str(call.id) in turn(scenario, call).body.decode()


def test_a_permit_answers_an_ask_so_many_times() -> None:
    """Like an approval given beforehand: its calls run, each use is recorded, and used up it is none."""
    scenario = scene(one := permit())
    assert [runs(scenario, archive(number)) for number in range(4)] == [True, True, False, False]

    by = [entry.body["approved_by"] for entry in scenario.recorded("decision")]
    assert by == [f"permit {one.id} of kim"] * 2 + ["", ""]
    assert scenario.recorded("decision")[0].body["verdict"] == "allow"
    assert scenario.recorded("decision")[0].body["rules"] == ["archive"]


def test_calls_of_one_answer_use_it_up_one_by_one() -> None:
    """Parallel calls are charged exactly."""
    scenario = scene(permit())
    calls = [archive(number) for number in range(3)]
    body = turn(scenario, *calls).body.decode()
    assert [str(call.id) in body for call in calls] == [True, True, False]


def test_a_write_that_comes_between_is_decided_anew() -> None:
    """The count is written only over what was read: two at the same time cannot use the same last one."""
    scenario = scene(one := permit(most=1))
    (found,) = permits(scenario.ledger(KIM), scenario.clock_ns // 1000)
    assert found.used == 0

    def meanwhile(command: Any) -> None:
        if isinstance(command, WriteLedger) and f"permit.used:{one.id}" in command.state.session:
            scenario.on_command = None
            other = {**scenario.ledgers[KIM].session, f"permit.used:{one.id}": f"{scenario.clock_ns // 1000} 0 1"}
            scenario._write(KIM, replace(scenario.ledger(KIM), session=other))

    scenario.on_command = meanwhile
    assert not runs(scenario, archive())


@pytest.mark.parametrize(
    ("minutes", "left"), [([0, 10, 59], [True, True, False]), ([0, 10, 60, 119, 119], [True, True, True, True, False])]
)
def test_an_hourly_permit_counts_each_hour(minutes: list[int], left: list[bool]) -> None:
    """At most so many an hour, from the moment on at which it was given."""
    scenario = scene(permit(hourly=True, given_us=HOUR))
    start, found = scenario.clock_ns, []
    for minute in minutes:
        scenario.clock_ns = start + minute * 60_000_000_000
        found.append(runs(scenario, archive()))
    assert found == left


def test_a_clock_that_goes_back_frees_nothing() -> None:
    """Neither an hour that is over nor one that has begun comes back, nor does the life of a permit."""
    scenario = scene(permit(hourly=True, most=1, given_us=HOUR, until_us=4 * HOUR))
    start = scenario.clock_ns
    scenario.clock_ns = start + 2 * HOUR * 1000
    assert runs(scenario, archive())
    scenario.clock_ns = start
    assert not runs(scenario, archive())
    scenario.clock_ns = start - 2 * HOUR * 1000
    assert not runs(scenario, archive())


def test_it_ends() -> None:
    """When its time is over the ask stands."""
    scenario = scene(permit(until_us=HOUR))
    assert not runs(scenario, archive())
    assert len(scenario.tickets) == 1


@pytest.mark.parametrize(
    ("on", "require", "call", "covered"),
    [
        ("archive", {"matches": {"id": "7|8"}}, archive(7), True),
        ("archive", {"matches": {"id": "7|8"}}, archive(9), False),
        ("archive", {"matches": {"label": "x"}}, archive(7), False),
        ("archive", None, archive(7, force="yes"), False),
        ("archive", None, ProposedCall("Archive", {"id": "7"}, id="call_l"), False),
        ("archive", None, ProposedCall("delete_mail", {"id": "7"}, id="call_d"), False),
        ("delete_mail", None, ProposedCall("delete_mail", {"id": "7"}, id="call_e"), False),
        ({"effect": "write"}, None, archive(7), True),
        ({"effect": "write"}, None, ProposedCall("send_email", {"to": "a@b.example"}, id="call_f"), False),
        ("refund", {"amount": {"of": "amount", "max": 150}}, ProposedCall("refund", {"amount": 120}, id="call_g"), True),
        ("refund", {"amount": {"of": "amount", "max": 150}}, ProposedCall("refund", {"amount": 151}, id="call_h"), False),
        ("refund", None, ProposedCall("refund", {"amount": "lots"}, id="call_i"), False),
        ("search", None, ProposedCall("search", {"query": "https://evil.example/x"}, id="call_j"), False),
        ("tool_call", None, ProposedCall("tool_call", {"name": "archive", "arguments": {"id": "7"}}, id="call_k"), False),
        ("unknown_thing", None, ProposedCall("unknown_thing", {}, id="call_m"), False),
        ({"tool": "unknown_thing", "effect": "write"}, None, ProposedCall("unknown_thing", {}, id="call_o"), True),
        ("purge_things", None, ProposedCall("purge_things", {}, id="call_n"), False),
    ],
)  # fmt: skip
def test_it_covers_with_certainty_or_not_at_all(
    on: object, require: dict[str, Any] | None, call: ProposedCall, covered: bool
) -> None:
    """Never a deny, never undeclared arguments, never what cannot be decided, never another effect, never a look-alike."""
    assert runs(scene(permit(on, require=require)), call) is covered


def test_what_a_permitted_call_uses_up_is_charged() -> None:
    """A budget of the file goes on counting: the permit answers the question, it does not turn the rule off."""
    scenario = scene(permit("refund", most=1))
    assert runs(scenario, ProposedCall("refund", {"amount": 400}, id="call_1"))
    assert scenario.users[KIM.user][0]["total:refund-cap"].endswith(" 400")
    assert not runs(scenario, ProposedCall("refund", {"amount": 400}, id="call_2"))


def test_a_limit_that_came_later_asks_all_the_same() -> None:
    """The newest word counts: rules that the session got after the permit are not lifted by it, those before it are."""
    rule = Born("chat-1", json.dumps({"id": "chat-1", "text": "Ask.", "on": {"effect": ["write"]}, "then": "ask"}))
    before = scene(permit(), ledger=added(LedgerState(), rule))
    assert runs(before, archive())

    after = scene(permit())
    after.ledgers[KIM] = replace(added(after.ledger(KIM), rule), user={})
    assert not runs(after, archive())
    gone = withdrawn(after.ledger(KIM), "chat-1", "kim")
    assert gone is not None
    after.ledgers[KIM] = replace(gone, user={}, version=(after.ledgers[KIM].version[0], 0))
    assert runs(after, archive())


def test_a_permit_for_a_user_lifts_no_limit_of_a_session() -> None:
    """Given for all sessions of a user, it was given for none of their own rules."""
    rule = Born("chat-1", json.dumps({"id": "chat-1", "text": "Ask.", "on": {"effect": ["write"]}, "then": "ask"}))
    scenario = scene(permit(), half="user")
    assert runs(scenario, archive())
    scenario.ledgers[KIM] = replace(added(scenario.ledger(KIM), rule), user={})
    assert not runs(scenario, archive())


def test_a_permit_for_a_user_counts_over_all_sessions() -> None:
    """One count, whichever session uses it."""
    scenario = scene(permit(), half="user")
    found = []
    for name in ("a", "b", "c"):
        scenario.session = SessionId(name, KIM.user)
        found.append(runs(scenario, archive()))
    assert found == [True, True, False]


def test_a_stop_ends_it() -> None:
    """What was allowed before a stop, or a pause that was lifted, is allowed no more."""
    scenario = scene(permit(epoch=4))
    scenario.states[KIM] = StopState("run", 4)
    assert runs(scenario, archive())
    scenario.states[KIM] = StopState("run", 5)
    assert not runs(scenario, archive())


def test_a_pause_holds_what_is_permitted_and_gives_the_use_back() -> None:
    """A pause lets no effect through, whoever permitted it; what did not run does not count."""
    scenario = scene(one := permit(epoch=1))
    scenario.states[KIM] = StopState("pause", 1, "wait")
    assert not runs(scenario, archive())
    (found,) = permits(scenario.ledger(KIM), scenario.clock_ns // 1000)
    assert (found.permit.id, found.used) == (one.id, 0)
    assert scenario.recorded("returned")[0].body["from"] == [f"permit.used:{one.id}"]


def test_a_no_to_exactly_this_call_stands() -> None:
    """A person's no holds for the session; a later permit for such calls does not turn it round."""
    scenario = scene()
    call = archive(7)
    turn(scenario, call)
    (ticket,) = scenario.tickets.values()
    scenario.tickets[ticket.id] = replace(ticket, state="denied", by="kim")
    ledger = given(scenario.ledger(KIM), permit(), "session", 0)
    scenario.ledgers[KIM] = replace(ledger, user={})

    assert not runs(scenario, replace(call, id="call_again"))
    assert runs(scenario, archive(8))


def test_without_the_store_s_word_nothing_is_permitted() -> None:
    """Whether somebody said no cannot be read: the ask stands, and that cannot be asked either."""
    scenario = scene(permit(), fails={Ask: OSError("gone")})
    assert not runs(scenario, archive())


def test_a_revoked_permit_is_none() -> None:
    """It ends at once; a second time there is nothing to revoke."""
    scenario = scene(one := permit())
    now = scenario.clock_ns // 1000
    ledger = revoked(scenario.ledger(KIM), one.id, "ops", now)
    assert ledger is not None
    assert revoked(ledger, one.id, "ops", now) is None
    scenario.ledgers[KIM] = replace(ledger, user={}, version=(0, 0))
    assert not runs(scenario, archive())


def test_an_ambiguous_session_has_no_permit() -> None:
    """A request that cannot be tied to one session gets the strictest of the candidates."""
    scenario = scene(permit(), sessions=(KIM, SessionId("other", "bob")))
    assert not runs(scenario, archive())


def test_every_rule_set_must_find_the_call_covered() -> None:
    """A layer that says more of a tool than the agent's own file is asked, too."""
    from pinnedrules.rules.load import load

    layer = load(RULES.replace("archive: write", "archive: [write, send]"))
    for effects, covered in ((["write"], False), (["write", "send"], True)):
        assert runs(scene(permit({"effect": effects}), policy={"layers": (layer,)}), archive()) is covered


def test_a_count_that_cannot_be_read_is_used_up() -> None:
    """Unknown is never free."""
    scenario = scene(one := permit())
    scenario.ledgers[KIM] = replace(
        scenario.ledgers[KIM], session={**scenario.ledgers[KIM].session, f"permit.used:{one.id}": "some"}
    )
    assert not runs(scenario, archive())


@pytest.mark.parametrize(
    ("on", "require", "more"),
    [
        ("arch*", None, {}),
        ({}, None, {}),
        (None, None, {}),
        ("archive", {"count": {"max": 3, "per": "day"}}, {}),
        ("archive", {"only_after": {"tool": "search"}}, {}),
        ("archive", {"no_such": {}}, {}),
        ("archive", {"matches": {"id": object()}}, {}),
        ("archive", None, {"most": 0}),
        ("archive", None, {"most": 1001}),
        ("archive", None, {"until_us": 25 * HOUR}),
        ("archive", None, {"until_us": 0}),
    ],
)
def test_what_cannot_be_permitted_beforehand_is_an_error(on: object, require: Any, more: dict[str, Any]) -> None:
    """Never "always", never everything, never by a pattern."""
    with pytest.raises(RuleFileError):
        given(LedgerState(), permit(on, require=require, **more), "session", 0)


def test_permits_of_the_past_are_swept_out() -> None:
    """The ledger stays small: so many at once, and what is over goes when a new one comes."""
    ledger = LedgerState()
    for _ in range(MAX_PERMITS):
        ledger = given(ledger, permit(until_us=HOUR), "session", 0)
    with pytest.raises(RuleFileError, match="permits are in force"):
        given(ledger, permit(), "session", 0)
    ledger = given(ledger, one := permit(given_us=HOUR), "session", HOUR)
    assert [found.permit.id for found in permits(ledger, HOUR)] == [one.id]


@hypothesis(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=20), st.integers(1, 4), st.booleans())
@settings(deadline=None, max_examples=40)
def test_it_never_covers_more_than_it_says(steps: list[tuple[int, bool]], most: int, hourly: bool) -> None:
    """For any times, clocks that go back and refusals after the charge: at most so many, in all or in any hour of it."""
    scenario = scene(permit(most=most, hourly=hourly, given_us=0, until_us=24 * HOUR, epoch=0))
    ran: Counter[int] = Counter()
    latest = 0
    for minute, paused in steps:
        latest = max(latest, minute)
        scenario.clock_ns = minute * 60_000_000_000
        scenario.states[KIM] = StopState("pause" if paused else "run", 0, "wait")
        possible = ran[latest // 60 if hourly else 0] < most and not paused
        assert runs(scenario, archive()) is possible
        ran[latest // 60 if hourly else 0] += possible


def test_a_permit_asks_nobody() -> None:
    """No ticket is opened for what it covers."""
    scenario = scene(permit())
    runs(scenario, archive())
    assert not scenario.tickets
    assert not any(isinstance(command, Ask) and command.fresh for command in scenario.commands)
