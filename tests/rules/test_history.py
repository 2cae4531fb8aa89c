"""Counts, rates, order and repetition: what holds, what fails, what cannot be decided, and how little is kept for it."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, one, rules

from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after, charged, given_back
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.predicates.base import Built, Cannot, Facts, Fails, Note, Outcome
from pinnedrules.rules.predicates.budgets import UNKNOWN
from pinnedrules.rules.predicates.marks import MAX_MARKS, both, exact, has, plus, room, sound, without
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.types import OFFERED, Call, Decision, LedgerState, Moment

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
RELEASED = Decision("allow", ("write",))


def at(utc_us: int, day: str = "2026-11-22") -> Moment:
    """Return a moment."""
    return Moment(utc_us, 1, day)


def built(name: str, **options: Any) -> Built:
    """Build one requirement of the rule ``r``."""
    return PREDICATES[name].build(options, "r")


def said(requirement: Built, arguments: dict[str, Any], ledger: LedgerState = EMPTY, now: Moment = NOW) -> Outcome:
    """Return what a requirement says to these arguments."""
    return requirement.check(Facts(arguments, ledger, now))


def noted(requirement: Built, arguments: dict[str, Any], ledger: LedgerState = EMPTY, now: Moment = NOW) -> Note:
    """Return what a released call with these arguments leaves."""
    assert requirement.reserve is not None
    note = requirement.reserve(Facts(arguments, ledger, now))
    assert note is not None
    return note


def act(arguments: dict[str, Any] | None = None, *, tool: str = "act", answer: str = "") -> Call:
    """Return a call whose arguments are declared."""
    return Call(tool, json.dumps(arguments or {}), declared=frozenset(arguments or {}), answer=answer)


def released(found: RuleSet, calls: list[Call], ledger: LedgerState = EMPTY, now: Moment = NOW) -> LedgerState:
    """Return the ledger after these calls, whatever was decided of them."""
    for call in calls:
        ledger = after(found, call, decide(found, call, ledger, now), ledger, now)
    return ledger


# How many


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [({"ids": []}, None), ({"ids": ["a", "b"]}, None), ({"ids": "a"}, None), ({"ids": 7}, None),
     ({"id": "a", "ids": ["b"]}, None), ({"ids": ["a", "b", "c"]}, Fails), ({"id": "a", "ids": ["b", "c"]}, Fails),
     ({}, Cannot), ({"ids": "a,b"}, Cannot), ({"ids": None}, Cannot), ({"ids": [["a"]]}, Cannot),
     ({"ids": ["ä" * 200] * 21}, Cannot),
     ({"ids": "ä\u00ad"}, Cannot), ({"ids": "ä"}, None), ({"ids": {"a": 1}}, Cannot),
     ({"ids": "x" * 257}, Cannot), ({"ids": ["a"] * 10_000}, Cannot)],
)  # fmt: skip
def test_what_stands_in_an_argument_is_counted(arguments: dict[str, Any], answer: type[Outcome]) -> None:
    """``of: ids`` counts list items in one call; what may be more than one thing is not guessed."""
    found = said(built("count", of=["id", "ids"], per="call", max=2), arguments)
    assert type(found) is (answer or type(None))
    assert built("count", of="ids", per="call", max=2).reserve is None


@pytest.mark.parametrize(
    ("per", "half", "key", "text"),
    [("hour", "user", "count.hour:r", "000498611 3"), ("day", "user", "count:r", "2026-11-22 3"),
     ("session", "session", "count:r", "3")],
)  # fmt: skip
def test_a_budget_has_one_key_in_its_half(per: str, half: str, key: str, text: str) -> None:
    """Sums of the hour and the day belong to the user, of a session to the session; constant-size per rule."""
    note = noted(built("count", of="ids", per=per, max=5), {"ids": ["a", "b", "c"]})
    assert note[:3] == (half, key, text)


def test_an_hour_or_day_can_belong_to_the_session() -> None:
    """``scope: session`` keeps the same sums apart from the user's, and from the session's own."""
    keys = {noted(built("count", per=per, max=5, scope="session"), {})[:2] for per in ("hour", "day")}
    assert keys == {("session", "count.hour:r"), ("session", "count.day:r")}
    assert noted(built("rate", per="hour", max=5, scope="session"), {})[:2] == ("session", "rate:r")
    assert noted(built("count", per="hour", max=5, scope="user"), {})[0] == "user"


def test_an_hour_begins_with_the_clock_and_never_again() -> None:
    """A clock that goes back frees nothing: the later hour stays in force until it is over."""
    limit = built("count", per="hour", max=1)
    ledger = LedgerState(user={"count.hour:r": "000000010 1"})
    assert isinstance(said(limit, {}, ledger, at(10 * HOUR_US)), Fails)
    assert isinstance(said(limit, {}, ledger, at(11 * HOUR_US - 1)), Fails)
    assert isinstance(said(limit, {}, ledger, at(3 * HOUR_US)), Fails)
    assert said(limit, {}, ledger, at(11 * HOUR_US)) is None
    assert noted(limit, {}, ledger, at(3 * HOUR_US)).text == "000000010 2"


@pytest.mark.parametrize("text", [UNKNOWN, "", "x", "NaN", "2026-11-22 x", f"2026-11-22 {UNKNOWN}"])
def test_a_number_that_is_not_known_cannot_be_decided(text: str) -> None:
    """Unknown state permits nothing, and stays unknown until its day is over."""
    limit = built("count", per="day", max=5)
    ledger = LedgerState(user={"count:r": text})
    assert isinstance(said(limit, {}, ledger), Cannot)
    assert isinstance(said(limit, {}, LedgerState(user={"count:r": noted(limit, {}, ledger).text})), Cannot)


def test_what_a_person_let_through_uncounted_uses_everything_up() -> None:
    """What cannot be counted cannot be added."""
    limit = built("count", of="ids", per="session", max=5)
    note = noted(limit, {"ids": "*"})
    assert note.text == UNKNOWN
    assert isinstance(said(limit, {"ids": []}, LedgerState(session={note.key: note.text})), Cannot)
    assert note.back is not None
    assert note.back(UNKNOWN) == UNKNOWN


def test_sums_of_hours_and_days_that_are_over_are_dropped() -> None:
    """The user's half does not grow with rules that are no longer there; what is no sum stays."""
    found = one("{count: {max: 9, per: hour}}")
    stale = {"count.hour:x": "000000001 4", "total:x": "2026-11-21 4", "once:x": "2026-11-21 abc", "total.week:x": "0"}
    kept = {"rate:x": "12", "count:x": "2026-11-22 1", "total.hour:x": "999999999 1", "total.week:x": "0"}
    ledger = released(found, [act()], LedgerState(user={**stale, **kept}))
    assert ledger.user == {**kept, "count.hour:r": "000498611 1"}


# How much in one call


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [({"items": [{"n": 4}, {"n": "5.5"}]}, None), ({"items": {"n": 10}}, None), ({"items": []}, None),
     ({"items.n": 10}, None), ({"items": [{"n": 4}, {"n": 7}]}, Fails), ({"items": [{"n": [5, 6]}]}, Fails),
     ({"items": [{"n": 4}, {}]}, Cannot), ({"items": [4]}, Cannot), ({"items": "4"}, Cannot),
     ({"items": [{"n": -1}]}, Cannot), ({"items": [{"n": [[1]]}]}, Cannot), ({"items": [{"n": 1}] * 1_001}, Cannot),
     ({"items.n": 1, "items": [{"n": 1}]}, Cannot), ({"items": [{"n": 1, "currency": "USD"}]}, Cannot), ({}, Cannot)],
)  # fmt: skip
def test_what_every_item_has_is_added_up(arguments: dict[str, Any], answer: type[Outcome]) -> None:
    """``of: items.amount`` is the amount of every item; one that cannot be read makes the sum unreadable."""
    assert type(said(built("total", of="items.n", per="call", max=10), arguments)) is (answer or type(None))


def test_a_sum_that_cannot_be_exact_is_none() -> None:
    """Amounts so far apart that adding them would round."""
    from decimal import Decimal

    apart = [Decimal("1E+59"), Decimal("0." + "0" * 58 + "1" + "0" * 180 + "1")]
    assert isinstance(said(built("total", of="n", per="call", max=10), {"n": apart}), Cannot)


# How fast


def test_a_rate_is_evenly_spread() -> None:
    """Five a minute are one every 12 seconds, and never six in any minute."""
    limit = built("rate", max=5, per="minute")
    ledger = LedgerState(user={"rate:r": noted(limit, {}, EMPTY, at(0)).text})
    assert ledger.user == {"rate:r": "12000000"}
    assert said(limit, {}, ledger, at(12_000_000)) is None
    assert said(limit, {}, ledger, at(11_000_000)) == Fails(
        "rate: 5 per minute, evenly spread, are used up; the next is due in 1 s"
    )
    assert isinstance(said(limit, {}, ledger, at(-5)), Fails)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "9" * 21, UNKNOWN])
def test_a_turn_that_is_not_known_cannot_be_decided(text: str) -> None:
    """A ledger that cannot be read permits nothing, and a released call does not mend it."""
    limit = built("rate", max=5, per="minute")
    facts = Facts({}, LedgerState(user={"rate:r": text}), NOW)
    assert isinstance(limit.check(facts), Cannot)
    assert limit.reserve is not None
    assert limit.reserve(facts) is None


@given(
    st.integers(1, 5).flatmap(lambda most: st.tuples(st.just(most), st.integers(1, most))),
    st.lists(st.integers(0, MINUTE_US), max_size=60),
)
def test_no_minute_has_more_than_its_share(limits: tuple[int, int], gaps: list[int]) -> None:
    """In any minute, wherever it begins, there are at most ``max + burst - 1`` calls."""
    most, burst = limits
    limit = built("rate", max=most, burst=burst, per="minute")
    ledger, utc_us, let = EMPTY, 0, []
    for gap in gaps:
        utc_us += gap
        if said(limit, {}, ledger, at(utc_us)) is None:
            let.append(utc_us)
            ledger = LedgerState(user={"rate:r": noted(limit, {}, ledger, at(utc_us)).text})
    assert all(sum(begin <= other < begin + MINUTE_US for other in let) <= most + burst - 1 for begin in let)


# Not twice


def test_a_thousand_values_are_kept_and_none_is_forgotten() -> None:
    """A bounded set of digests: when it is full, what is not in it cannot be decided; nothing is dropped for it."""
    limit = built("at_most_once_per", of="id", per="session")
    ledger = EMPTY
    for number in range(MAX_MARKS):
        assert said(limit, {"id": number}, ledger) is None
        ledger = LedgerState(session={"once:r": noted(limit, {"id": number}, ledger).text})
    assert len(ledger.session["once:r"]) == MAX_MARKS * 17
    assert all(isinstance(said(limit, {"id": number}, ledger), Fails) for number in range(MAX_MARKS))
    assert isinstance(said(limit, {"id": "new"}, ledger), Cannot)
    assert noted(limit, {"id": 7}, ledger).text == ledger.session["once:r"]
    over = noted(limit, {"id": "new"}, ledger)
    assert over.text == UNKNOWN
    assert isinstance(said(limit, {"id": "newer"}, LedgerState(session={"once:r": over.text})), Cannot)


DIGESTS = st.text(f"-_{string.digits}{string.ascii_letters}", min_size=16, max_size=16)


@given(
    st.lists(DIGESTS, max_size=60, unique=True),
    st.lists(DIGESTS, max_size=60, unique=True),
    st.sampled_from(["", "-", "m", "zzzzzzzz"]),
    st.integers(0, 900),
    st.booleans(),
)
def test_a_value_is_found_among_the_others_wherever_it_stands(
    kept: list[str], others: list[str], same: str, spread: int, older: bool
) -> None:
    """What is kept is exactly what was noted, whether digests are spread evenly or somebody chose them alike."""
    first = {(same + digest)[:16] for digest in kept} | {str(exact("id", number)) for number in range(spread)}
    new = list({(same + digest)[:16] for digest in others} - first)
    text = " ".join(first) if older else plus("", list(first))
    assert all(has(text, digest) for digest in first)
    assert not any(has(text, digest) for digest in new)
    grown = both(text, plus("", new))
    assert sound(text)
    assert sound(grown)
    assert (room(text), room(grown)) == (MAX_MARKS - len(first), MAX_MARKS - len(first) - len(new))
    assert all(has(grown, digest) for digest in (*first, *new))
    assert plus(plus("", new), list(first)) == grown
    one_by_one = text
    for digest in new:
        one_by_one = plus(one_by_one, [digest])
    assert one_by_one == (grown if new else text)
    assert without(grown, new) == plus("", list(first))


def test_a_ledger_of_an_older_version_is_read_and_written_anew() -> None:
    """Marks that stand as they came, with blanks between, count as before, and the next released call sorts them."""
    limit = built("at_most_once_per", of="id", per="day")
    old = " ".join(str(exact("id", number)) for number in range(MAX_MARKS - 1))
    ledger = LedgerState(user={"once:r": f"{NOW.day} {old}"})
    assert all(isinstance(said(limit, {"id": number}, ledger), Fails) for number in range(MAX_MARKS - 1))
    assert said(limit, {"id": "new"}, ledger) is None
    note = noted(limit, {"id": "new"}, ledger)
    ledger = LedgerState(user={"once:r": note.text})
    assert all(isinstance(said(limit, {"id": value}, ledger), Fails) for value in [*range(MAX_MARKS - 1), "new"])
    assert isinstance(said(limit, {"id": "newer"}, ledger), Cannot)
    assert note.back is not None
    taken = LedgerState(user={"once:r": str(note.back(note.text))})
    assert said(limit, {"id": "new"}, taken) is None
    assert isinstance(said(limit, {"id": 7}, taken), Fails)


def test_several_that_do_not_fit_are_not_forgotten_either() -> None:
    """One place is left and two values come: none of them may pass as new later."""
    limit = built("at_most_once_per", of="id", per="session")
    ledger = LedgerState(session={"once:r": noted(limit, {"id": list(range(MAX_MARKS - 1))}).text})
    assert isinstance(said(limit, {"id": ["x", "y"]}, ledger), Cannot)
    ledger = LedgerState(session={"once:r": noted(limit, {"id": ["x", "y"]}, ledger).text})
    assert isinstance(said(limit, {"id": "x"}, ledger), Cannot)


@pytest.mark.parametrize("value", ["x" * 257, 1.5, float("nan"), {"a": 1}, [["a"]], True, None, "", [], "\u202e"])
def test_what_has_no_digest_cannot_be_decided(value: object) -> None:
    """A value is a text or a number of a bounded length that nobody takes for another."""
    for found in (value, [value]):
        assert isinstance(said(built("at_most_once_per", of="id", per="day"), {"id": found}), Cannot)


def test_more_than_can_be_looked_at_cannot_be_decided() -> None:
    """Hostile input is bounded: a thousand values, and of unusual characters a few thousand in all."""
    limit = built("at_most_once_per", of="id", per="day")
    assert isinstance(said(limit, {"id": [f"{number}ä{'x' * 250}" for number in range(17)]}), Cannot)
    assert said(limit, {"id": [f"{number}ä{'x' * 200}" for number in range(17)]}) is None
    assert isinstance(said(limit, {"id": list(range(1_001))}), Cannot)


def test_a_combination_counts_as_one() -> None:
    """With several arguments it is their combination that may not come twice."""
    limit = built("at_most_once_per", of=["vendor", "number"], per="session")
    ledger = LedgerState(session={"once:r": noted(limit, {"vendor": "a", "number": 1}).text})
    assert isinstance(said(limit, {"vendor": "A", "number": "01"}, ledger), Fails)
    assert said(limit, {"vendor": "a", "number": 2}, ledger) is None
    assert said(limit, {"vendor": 1, "number": "a"}, ledger) is None
    assert isinstance(said(limit, {"vendor": "a", "number": [1, 2]}, ledger), Cannot)
    assert isinstance(said(limit, {"vendor": "a"}, ledger), Cannot)


@pytest.mark.parametrize("text", [UNKNOWN, "abc", "2026-11-22 x", f"2026-11-22 {UNKNOWN}", f"2026-11-22 {'x' * 17}"])
def test_marks_that_cannot_be_read_permit_nothing(text: str) -> None:
    """A ledger that was tampered with is no permission, and stays none."""
    limit = built("at_most_once_per", of="id", per="day")
    ledger = LedgerState(user={"once:r": text})
    assert isinstance(said(limit, {"id": 1}, ledger), Cannot)
    assert isinstance(
        said(limit, {"id": 1}, LedgerState(user={"once:r": noted(limit, {"id": 1}, ledger).text})), Cannot
    )


# Order

ORDER = (
    "  - {id: first, text: Look first., on: act, require: {only_after: {tool: look}}, then: allow, else: ask}\n"
    "  - {id: never, text: Not after., on: act, require: {never_after: {tool: [shut, 'close_*'], effect: [write, delete]}},"
    " else: deny}\n"
)
TOOLS = "{act: send, look: read, '*shut': delete, close_a: read, close_b: write}"


def test_after_needs_the_very_name_and_before_any_form_of_it() -> None:
    """Loosely equal names may only ever make a call stricter; a permission needs the name exactly as written."""
    found = rules(ORDER, tools=TOOLS)
    for tool, verdict in (
        ("look", "allow"),
        ("Look", "ask"),
        ("mcp__x__look", "ask"),
        ("ｌook", "ask"),
        ("peek", "ask"),
    ):
        assert decide(found, act(), released(found, [act(tool=tool)]), NOW).verdict == verdict, tool
    for tool, verdict in (("shut", "deny"), ("Shut", "deny"), ("mcp__x__shut", "deny"), ("CloseB", "deny"),
                          ("close_b", "deny"), ("close_a", "allow"), ("peek", "allow")):  # fmt: skip
        ledger = released(found, [act(tool="look"), act(tool=tool)])
        assert decide(found, act(), ledger, NOW).verdict == verdict, tool


def test_after_an_effect_needs_a_tool_that_certainly_has_it() -> None:
    """What a name only seems to do is no permission; for an objection it is enough."""
    found = rules(
        "  - {id: f, text: F., on: act, require: {only_after: {effect: read}}, then: allow, else: ask}\n"
        "  - {id: n, text: N., on: act, require: {never_after: {effect: delete}}, else: deny}\n",
        tools="{act: send, look: read}",
    )
    assert decide(found, act(), released(found, [act(tool="look")]), NOW).verdict == "allow"
    assert decide(found, act(), released(found, [act(tool="get_mail")]), NOW).verdict == "ask"
    assert decide(found, act(), released(found, [act(tool="look"), act(tool="delete_mail")]), NOW).verdict == "deny"


def test_after_a_rule_means_what_that_rule_is_about() -> None:
    """A call that a rule asks about was released because a person said yes."""
    found = rules(
        "  - {id: plan, text: Plans., on: {tool: propose, effect: write}, then: ask}\n"
        "  - {id: f, text: F., on: act, require: {only_after: {rule: plan}}, then: allow, else: deny}\n"
        "  - {id: n, text: N., on: look, require: {never_after: {rule: f}}, else: deny}\n",
        tools="{act: send, propose: write, look: read}",
    )
    assert decide(found, act(), EMPTY, NOW).verdict == "deny"
    ledger = released(found, [act(tool="propose")])
    assert decide(found, act(), ledger, NOW).verdict == "allow"
    assert decide(found, act(tool="look"), ledger, NOW).verdict == "allow"
    assert decide(found, act(tool="look"), released(found, [act()], ledger), NOW).verdict == "deny"


def test_a_call_of_the_same_answer_came_before_its_result_was_seen() -> None:
    """Calls of one answer were made without seeing each other's results; what was only offered may never have run."""
    for require in ("{only_after: {tool: look}}", "{only_after: {tool: look, same: id}}"):
        found = rules(
            f"  - {{id: r, text: R., on: act, require: {require}, then: allow, else: ask}}\n",
            tools="{act: send, look: read}",
        )
        look, other = act({"id": 1}, tool="look", answer="a1"), act({"id": 2}, tool="look", answer="a2")
        ledger = released(found, [look])
        assert decide(found, act({"id": 1}, answer="a1"), ledger, NOW).verdict == "ask"
        assert decide(found, act({"id": 1}, answer="a2"), ledger, NOW).verdict == "allow"
        assert decide(found, act({"id": 1}), ledger, NOW).verdict == "allow"
        again = released(found, [other, act({"id": 1}, tool="look", answer="a2")], ledger)
        assert decide(found, act({"id": 1}, answer="a2"), again, NOW).verdict == "allow"
        offered = released(found, [act({"id": 1}, tool="look", answer=OFFERED)])
        assert offered is EMPTY
        assert decide(found, act({"id": 1}, answer="a2"), offered, NOW).verdict == "ask"


def test_a_thousand_values_of_same_are_kept_and_none_is_forgotten() -> None:
    """When it is full, a new value cannot be decided, and the old ones still hold."""
    found = rules("  - {id: r, text: R., on: act, require: {only_after: {tool: look, same: id}}, then: allow, else: ask}\n",
                  tools="{act: send, look: read}")  # fmt: skip
    ledger = EMPTY
    for number in range(MAX_MARKS + 1):
        ledger = released(found, [act({"id": number}, tool="look", answer=f"a{number}")], ledger)
    assert all(decide(found, act({"id": number}), ledger, NOW).verdict == "allow" for number in range(MAX_MARKS))
    late = decide(found, act({"id": MAX_MARKS}), ledger, NOW)
    assert (late.verdict, [item.rule for item in late.undecided]) == ("ask", ["r"])
    [text] = ledger.session.values()
    assert len(text) < 17 * MAX_MARKS + 20


def test_values_of_same_in_a_ledger_of_an_older_version_are_read_and_written_anew() -> None:
    """What was noted with blanks between holds as before, and holds after the next released call."""
    found = rules("  - {id: r, text: R., on: act, require: {only_after: {tool: look, same: id}}, then: allow, else: ask}\n",
                  tools="{act: send, look: read}")  # fmt: skip
    calls = [act({"id": number}, tool="look", answer=f"a{number // 300}") for number in range(600)]
    [(key, text)] = released(found, calls).session.items()
    old = LedgerState(session={key: "|".join(part.replace("=", " ").strip() for part in text.split("|"))})
    assert old.session[key] != text
    new = released(found, [act({"id": 600}, tool="look", answer="a2")], old)
    for number in range(601):
        before, after_it = (decide(found, act({"id": number}, answer="a1"), one, NOW).verdict for one in (old, new))
        assert (before, after_it) == ("allow" if number < 300 else "ask", "allow")


@pytest.mark.parametrize("text", ["", "a|b", "a|b|c|d", "a1|xyz|", "a1||xyz", "a1||" + "x" * 17])
def test_values_that_cannot_be_read_permit_nothing(text: str) -> None:
    """A ledger that was tampered with is no permission, and stays none."""
    found = rules("  - {id: r, text: R., on: act, require: {only_after: {tool: look, same: id}}, then: allow, else: ask}\n",
                  tools="{act: send, look: read}")  # fmt: skip
    key = next(iter(released(found, [act({"id": 1}, tool="look")]).session))
    ledger = LedgerState(session={key: text})
    assert released(found, [act({"id": 1}, tool="look")], ledger) is ledger
    assert [item.rule for item in decide(found, act({"id": 1}), ledger, NOW).undecided] == ["r"]


def test_what_is_noted_for_other_words_is_not_taken_for_these() -> None:
    """Another rule file's notes do not permit anything: they are kept by what they are about."""
    old, new = (
        rules(
            f"  - {{id: r, text: R., on: act, require: {{only_after: {what}}}, then: allow, else: ask}}\n",
            tools="{act: send, look: read, approve: read}",
        )
        for what in ("{tool: look}", "{tool: approve}")
    )
    assert decide(new, act(), released(old, [act(tool="look")]), NOW).verdict == "ask"


def test_what_a_rule_wants_noted_of_nothing_is_not_noted() -> None:
    """A rule that is not there is about no call; the loader refuses it, and a rule set made otherwise is the stricter."""
    from pinnedrules.rules.model import rule_set
    from pinnedrules.rules.terms import On, Rule

    rule = Rule("r", "R.", On(("act",)), {"only_after": {"rule": "gone"}}, "allow", "ask")
    found = rule_set(
        1, [rule], {}, dict.fromkeys(("read", "write", "delete", "send", "publish", "spend", "execute"), "ask")
    )
    assert released(found, [act(), act(tool="look")]) is EMPTY
    assert decide(found, act(), EMPTY, NOW).verdict == "ask"


# How little is kept

BUSY = rules(
    "  - {id: a, text: A., on: act, require: {count: {max: 9, per: hour}, total: {of: n, per: session, max: 9},"
    " rate: {max: 5, per: day}, only_after: {tool: look, same: id}, never_after: {tool: look},"
    " at_most_once_per: {of: id, per: session}}, then: allow, else: ask}\n",
    tools="{act: write, look: {effect: read, source: untrusted}}",
)


def test_a_session_of_100_000_calls_is_as_large_as_one_of_2_000() -> None:
    """State for history rules is constant-size per rule, and nothing is forgotten after N events."""
    ledger, sizes = EMPTY, []
    # What 98,000 calls amount to is set, because only its size matters; the calls around it are really made.
    for number in [*range(1_100), *range(99_000, 100_000)]:
        now = at(1_795_000_000_000_000 + number * 1_000)
        if number == 99_000:
            session = {**ledger.session, "total:a": str(98_999 * 10**6)}
            ledger = LedgerState(session, {**ledger.user, "count.hour:a": "000498611 98999"})
        arguments = {"id": f"m{number}", "n": 10**6}
        for tool in ("look", "act"):
            call = act(arguments, tool=tool, answer=f"{number:x}")
            ledger = charged(
                BUSY, call, Decision("allow", ("write",) if tool == "act" else ("read",)), ledger, now
            ).ledger
        sizes.append(len(json.dumps([dict(ledger.session), dict(ledger.user)])))
    assert len(ledger.session) + len(ledger.user) == 7
    assert max(sizes[1_000:]) - min(sizes[1_001:]) < 40
    assert max(sizes) < 2 * 17 * MAX_MARKS + 1_000


# Giving back

BACK = rules(
    "  - {id: a, text: A., on: act, require: {count: {max: 9, per: hour}, total: {of: n, per: session, max: 9},"
    " at_most_once_per: {of: id, per: day}}, then: allow, else: ask}\n"
    "  - {id: b, text: B., on: act, require: {only_after: {tool: act, same: id}}, else: ask}\n",
    tools="{act: write}",
)


def _plain(ledger: LedgerState) -> LedgerState:
    """Return a ledger without sums of nothing, empty sets and names of answers."""
    empty = {"0", "000498611 0", "2026-11-22 ", "||"}

    def kept(half: dict[str, str]) -> dict[str, object]:
        return {key: sorted(text.replace("|", " ").split()) for key, text in half.items() if text not in empty}

    return LedgerState(kept(dict(ledger.session)), kept(dict(ledger.user)))  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("vwxyz"), st.booleans()), max_size=8), st.randoms())
def test_giving_back_is_as_if_the_call_had_not_been(calls: list[tuple[int, str, bool]], order: Any) -> None:
    """A budget is given back exactly: what is left is what the other calls used up, in whatever order it happens."""
    ledger = rest = EMPTY
    owed = []
    seen: set[str] = set()
    for number, word, proven in calls:
        if word in seen:
            continue  # The same value a second time belongs to both calls.
        seen.add(word)
        made = charged(BACK, act({"n": number, "id": word}), RELEASED, ledger, NOW)
        ledger = made.ledger
        if proven:
            owed.append(made.notes)
        else:
            rest = charged(BACK, act({"n": number, "id": word}), RELEASED, rest, NOW).ledger
    order.shuffle(owed)
    for notes in owed:
        ledger = given_back(ledger, notes)
    assert _plain(ledger) == _plain(rest)


def test_a_turn_is_given_back_only_while_nobody_came_after() -> None:
    """How a rate would be without a call in the middle is not known, so that call stays."""
    limit = built("rate", max=5, per="minute")
    first = noted(limit, {}, EMPTY, at(0))
    ledger = LedgerState(user={"rate:r": first.text})
    assert given_back(ledger, [first]) == EMPTY
    second = noted(limit, {}, ledger, at(20_000_000))
    both = LedgerState(user={"rate:r": second.text})
    assert given_back(both, [first]) is both
    assert given_back(both, [second]) == ledger


def test_a_budget_of_another_day_is_not_given_back() -> None:
    """What was used up yesterday is no room today."""
    for name, more in (("count", {"max": 3}), ("at_most_once_per", {"of": "id"})):
        note = noted(built(name, per="day", **more), {"id": 1})
        for text in ("2026-11-23 2", "2026-11-23 abc", "unknown"):
            ledger = LedgerState(user={note.key: text})
            assert given_back(ledger, [note]) is ledger
    assert given_back(EMPTY, [note]) is EMPTY


def test_what_was_said_never_to_come_before_stays_noted() -> None:
    """Giving back makes nothing less strict than the calls that were really made: a note that others rely on stays."""
    found = rules("  - {id: r, text: R., on: act, require: {never_after: {tool: look}}, then: allow, else: ask}\n",
                  tools="{act: send, look: {effect: read, source: untrusted}}")  # fmt: skip
    made = charged(found, act(tool="look"), RELEASED, EMPTY, NOW)
    assert given_back(made.ledger, made.notes) is made.ledger


def test_an_order_that_was_kept_by_a_call_that_was_not_run_is_not_kept() -> None:
    """After a preview that was not done, nothing may be purged."""
    found = rules("  - {id: r, text: R., on: act, require: {only_after: {tool: look}}, then: allow, else: ask}\n",
                  tools="{act: send, look: read}")  # fmt: skip
    made = charged(found, act(tool="look"), RELEASED, EMPTY, NOW)
    assert decide(found, act(), made.ledger, NOW).verdict == "allow"
    assert decide(found, act(), given_back(made.ledger, made.notes), NOW).verdict == "ask"


@given(st.text(max_size=40) | st.integers() | st.lists(st.text(max_size=5), max_size=5))
def test_no_value_makes_a_requirement_break(value: object) -> None:
    """Hostile input gives one of the three answers, and what is kept of it can be read again."""
    for name, options in (
        ("count", {"of": "v", "per": "session", "max": 3}),
        ("total", {"of": "v", "per": "session", "max": 3}),
        ("at_most_once_per", {"of": "v", "per": "session"}),
    ):
        requirement = built(name, **options)
        assert isinstance(said(requirement, {"v": value}), Fails | Cannot | None)
        note = noted(requirement, {"v": value})
        assert isinstance(
            said(requirement, {"v": value}, LedgerState(session={note.key: note.text})), Fails | Cannot | None
        )
