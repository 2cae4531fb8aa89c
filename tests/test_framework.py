"""A guard's place in a framework: what every adapter is built on, without any framework."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

import pinnedrules.gate.deciding as deciding
from pinnedrules import Broken, Call, Denied, Guard, Stopped, Unreadable
from pinnedrules.compaction.pending import Pending
from pinnedrules.framework import Framework, Gated
from pinnedrules.gate.adapting import hand_on
from pinnedrules.gate.fence import noted
from pinnedrules.testing.evidence import Evidence
from pinnedrules.testing.plugin import MakeGuard

Recorded = Callable[[], Evidence]
RULES = """\
version: 1
default: {read: allow, other: ask}
tools: {look: read, refund: spend, wipe: delete, send: {effect: send, args: [to, text]}}
rules:
  - id: cap
    text: Refund at most 100.
    on: refund
    require: {total: {of: amount, per: session, max: 100}}
    else: deny
    then: allow
  - {id: never, text: Never wipe., on: wipe, then: deny}
  - id: stamp
    text: Mail goes to the test address.
    on: send
    then: {rewrite: [{op: replace, path: /to, value: test@example.com}]}
  - {id: mail, text: Mail may go out., on: send, then: allow}
"""
HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}


@pytest.fixture
def guard(pinned_guard: MakeGuard) -> Guard:
    return pinned_guard(RULES)


@pytest.fixture
def framework(guard: Guard) -> Framework:
    return guard.framework("test")


def _call(name: str, arguments: str = "{}", id: str = "c1") -> Call:  # noqa: A002 - the field's name
    return Call(name, arguments, id=id, declared=frozenset({"amount", "n", "to", "text"}))


def _run(framework: Framework, call: Call) -> Gated:
    gated = framework.propose(call, wait=False).result()
    return framework.start(gated).result() if gated.verdict == "run" else gated


def test_a_model_call_gets_the_block_and_is_on_record(
    framework: Framework, guard: Guard, pinned_evidence: Recorded
) -> None:
    """The text to ask with begins with the block, whether or not there was a system message, and stays the same."""
    assert framework.model_call(HELLO).result().text == guard.block
    mine = {"role": "system", "content": "Be kind."}
    messages: list[object] = [mine, {"role": "user", "content": "Hello."}]
    asked = framework.model_call({"model": "m", "messages": messages}).result()
    assert asked.text == f"{guard.block}\n\nBe kind."
    again = framework.model_call({"model": "m", "messages": [{"role": "system", "content": asked.text}, messages[1]]})
    assert again.result().text == asked.text
    assert [(one.dialect, one.pinned) for one in pinned_evidence().requests] == [("framework", True)] * 3


def test_an_added_rule_stands_behind_the_block_once(framework: Framework, guard: Guard) -> None:
    """Invariant 3: where the slot is sent with every request, lines about rules of the session stand behind the block."""
    with guard.session("s"):
        guard.pin("Be brief.", user="ada")
        first = framework.model_call(HELLO).result().text
        assert first.startswith(guard.block)
        assert first.count("Be brief.") == 1
        messages = [{"role": "system", "content": first}, {"role": "user", "content": "Hello."}]
        assert framework.model_call({"model": "m", "messages": messages}).result().text == first


def test_a_model_call_that_cannot_be_read_is_refused(framework: Framework, pinned_evidence: Recorded) -> None:
    """Invariant 2: the refusal names its reason, and is on record."""
    with pytest.raises(Unreadable):
        framework.model_call({"model": 7, "messages": []}).result()
    assert [one.error for one in pinned_evidence().refusals] == ["Unreadable"]


def test_a_tool_of_the_provider_s_is_decided_with_the_model_call(framework: Framework) -> None:
    """A tool that the provider would run refuses the model call if no rule allows it."""
    with pytest.raises(Denied, match="code_interpreter"):
        framework.model_call({**HELLO, "tools": [{"type": "code_interpreter"}]}).result()


def test_a_watching_guard_lets_what_it_cannot_read_go_on(pinned_guard: MakeGuard, pinned_evidence: Recorded) -> None:
    """In monitor mode the model call goes on as it is, and the refusal is only noted."""
    framework = pinned_guard(RULES, mode="monitor").framework("test")
    body = {"model": 7, "messages": [{"role": "system", "content": "Be kind."}]}
    assert framework.model_call(body).result().text == "Be kind."
    assert [one.error for one in pinned_evidence().refusals] == ["Unreadable"]


def test_a_compaction_that_keeps_nothing_is_seen_by_the_conversation_s_name(
    framework: Framework, pinned_evidence: Recorded
) -> None:
    """What shares nothing with the former request of its conversation is a compaction; without a name it is a new one."""
    for name in ("", "thread"):
        long = [{"role": "user", "content": f"Number {n} of {name}."} for n in range(12)]
        framework.model_call({"model": "m", "messages": long}, conversation=name).result()
        short = [{"role": "user", "content": f"What there was of {name!r}."}]
        framework.model_call({"model": "m", "messages": short}, conversation=name).result()
    assert [(one.before, one.after) for one in pinned_evidence().compactions] == [(12, 1)]


def test_a_turn_of_the_user_is_heard_although_the_request_was_rewritten(framework: Framework, guard: Guard) -> None:
    """What the framework knows to be the user's newest turn counts, and nothing that the rewrite brought."""
    words = "Don't act until I tell you to."
    with guard.session("s"):
        for turn in ("", words):
            long = [{"role": "user", "content": f"Number {n} before {turn!r}."} for n in range(12)]
            framework.model_call({"model": "m", "messages": long}, conversation="c").result()
            short = [{"role": "user", "content": words}]
            framework.model_call({"model": "m", "messages": short}, conversation="c", turn=turn).result()
            text = framework.model_call(HELLO).result().text
            assert ("rule added" in text) is bool(turn)


def test_a_call_is_decided_once_and_charged_once(framework: Framework, pinned_evidence: Recorded) -> None:
    """Proposed twice, as after an interrupt, and run once: one decision and one charge."""
    call = _call("refund", '{"amount": 60}')
    first = framework.propose(call, wait=False).result()
    assert first.verdict == "run"
    gated = _run(framework, call)
    framework.ended(gated)
    assert len(pinned_evidence().decisions) == 1
    assert _run(framework, _call("refund", '{"amount": 40}', "c2")).verdict == "run"
    assert "cap" in _run(framework, _call("refund", '{"amount": 1}', "c3")).text


def test_an_interrupted_run_is_not_decided_again(framework: Framework, pinned_evidence: Recorded) -> None:
    """A tool that was interrupted and runs once more for the same call is decided and charged once; one that ended is not."""
    call = _call("refund", '{"amount": 100}')
    framework.ended(_run(framework, call), interrupted=True)
    assert _run(framework, call).verdict == "run"
    assert len(pinned_evidence().decisions) == 1
    framework.ended(_run(framework, call))
    assert _run(framework, call).verdict == "refuse"


def test_what_was_not_done_is_given_back(framework: Framework) -> None:
    """A tool that says that nothing was done gives its budget back."""
    framework.ended(_run(framework, _call("refund", '{"amount": 100}')), not_done=True)
    assert _run(framework, _call("refund", '{"amount": 100}', "c2")).verdict == "run"


def test_a_gated_function_inside_runs_what_was_allowed_once(framework: Framework, guard: Guard) -> None:
    """Invariant 13: a function under `@guard.tool` runs what the adapter allowed, once."""

    @guard.tool
    def refund(amount: int) -> int:
        return amount

    with guard.session("s"):
        gated = _run(framework, _call("refund", '{"amount": 100}'))
        assert refund(100) == 100
        framework.ended(gated)
        with pytest.raises(Denied):
            refund(100)


def test_a_rewritten_call_says_what_may_run(framework: Framework) -> None:
    """What runs is what the rules made of the call."""
    gated = _run(framework, _call("send", '{"to": "a@b.c", "text": "x"}'))
    assert gated.changed
    assert "test@example.com" in gated.arguments


def test_a_yes_runs_the_call_once_and_a_no_refuses_it(framework: Framework, guard: Guard) -> None:
    """An answer to the question that was asked counts; who gave it is on record."""
    with guard.session("s"):
        asked = framework.propose(_call("other"), wait=False).result()
        assert (asked.verdict, asked.fresh) == ("ask", True)
        again = framework.propose(_call("other"), wait=False).result()
        assert (again.verdict, again.fresh) == ("ask", False)
        assert framework.answer(again, True, by="ada").result().verdict == "run"
        assert framework.start(again).result().verdict == "run"
        other = _call("other", '{"n": 2}', "c2")
        framework.propose(other, wait=False).result()
        again = framework.propose(other, wait=False).result()
        refused = framework.answer(again, False, by="ada", why="not now").result()
        assert refused.verdict == "refuse"
        assert "ada said no: not now" in refused.text


def test_a_yes_to_another_question_is_none(framework: Framework) -> None:
    """A question that came up only now is not answered by a yes that was there before."""
    asked = framework.propose(_call("other"), wait=False).result()
    refused = framework.answer(asked, True, by="ada").result()
    assert refused.verdict == "refuse"
    assert "before this one" in refused.text
    assert framework.propose(_call("other"), wait=False).result().verdict == "ask"


def test_the_agent_cannot_say_yes(framework: Framework) -> None:
    """Invariant 4: an answer by the agent is none."""
    framework.propose(_call("other"), wait=False).result()
    asked = framework.propose(_call("other"), wait=False).result()
    assert framework.answer(asked, True, by="agent").result().verdict == "refuse"


def test_a_guard_with_a_function_as_its_approver_can_be_waited_for(pinned_guard: MakeGuard) -> None:
    """With *wait* the guard's own approver is asked, and the framework need not."""
    framework = pinned_guard(RULES, approver=lambda ticket, proposal: True).framework("test")
    assert framework.asks_code
    assert framework.propose(_call("other"), wait=True).result().verdict == "run"


def test_whatever_fails_is_a_refused_call(framework: Framework, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 2: an exception anywhere in the guard refuses the call, and says so."""

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("a defect")

    gated = framework.propose(_call("look"), wait=False).result()
    with monkeypatch.context() as patched:
        patched.setattr(deciding, "decide", fails)
        refused = framework.propose(_call("look", '{"n": 2}'), wait=False).result()
        assert refused.verdict == "refuse"
        assert "ZeroDivisionError" in refused.text
    monkeypatch.setattr("pinnedrules.gate.exchange.execution", fails)
    assert framework.start(gated).result().verdict == "refuse"
    monkeypatch.setattr("pinnedrules.gate.adapting.model_call", fails)
    with pytest.raises(Broken, match="ZeroDivisionError"):
        framework.model_call(HELLO).result()


def test_whatever_hangs_is_a_refused_call(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 2: the wait is bounded, on a thread and on an event loop."""
    over, framework = threading.Event(), guard.framework("test", limit=0.05)
    monkeypatch.setattr(deciding, "decide", lambda *args, **kwargs: over.wait(20))

    async def proposed() -> Gated:
        return await framework.propose(_call("look"), wait=False)

    try:
        assert "did not decide within 0.05 seconds" in framework.propose(_call("look"), wait=False).result().text
        assert "did not decide within 0.05 seconds" in asyncio.run(proposed()).text
    finally:
        over.set()


def test_a_stop_is_raised_from_everything(framework: Framework, guard: Guard) -> None:
    """Invariant 7: stopped means stopped: before a model call, a decision, a tool, and while a person is asked."""
    gated = framework.propose(_call("look"), wait=False).result()
    framework.propose(_call("other"), wait=False).result()
    asked = framework.propose(_call("other"), wait=False).result()
    under_way = framework.model_call(HELLO).result()
    framework.check_stop(under_way)
    guard.stop("enough")
    for work in (
        lambda: framework.model_call(HELLO).result(),
        lambda: framework.propose(_call("look"), wait=False).result(),
        lambda: framework.start(gated).result(),
        lambda: framework.answer(asked, True, by="ada").result(),
        framework.check_stop,
    ):
        with pytest.raises(Stopped):
            work()
    guard.resume("go on", user="ada")
    framework.check_stop()
    with pytest.raises(Stopped, match="under way"):
        framework.check_stop(under_way)


def test_a_session_that_is_open_counts_before_the_framework_s(
    framework: Framework, guard: Guard, pinned_evidence: Recorded
) -> None:
    """The program's own session wins over a thread's name; without either all is one session."""
    with guard.session("mine"), framework.session("theirs"):
        framework.ended(_run(framework, _call("look")))
    with framework.session("theirs"):
        framework.ended(_run(framework, _call("look")))
    for _ in range(2):
        with framework.session():
            framework.ended(_run(framework, _call("look")))
    mine, theirs, one, two = (each.session for each in pinned_evidence().decisions)
    assert (mine, theirs) == ("mine", "theirs")
    assert one == two
    assert one.startswith("test-")


def test_asking_later_ends_with_its_block(framework: Framework) -> None:
    """It may be left in another copy of the context, as streams are."""
    with contextlib.ExitStack() as stack:
        asyncio.run(_enter(stack, framework))


async def _enter(stack: contextlib.ExitStack, framework: Framework) -> None:
    stack.enter_context(framework.asking_later())


def test_a_call_that_cannot_be_read_has_a_refusal() -> None:
    """An adapter that cannot even say what the call is refuses it in the same words."""
    assert "ValueError: x" in Framework.refuse("look", "c1", ValueError("x")).text


def _waiting(framework: Framework, wanted: Call) -> None:
    found = framework.propose(wanted, wait=False).result()
    assert found.verdict == "run"
    framework.waiting([found]).result()


def test_what_waits_for_an_interrupt_is_charged_once_over_a_restart(pinned_guard: MakeGuard) -> None:
    """Rule 2 and invariant 5: another process finds it, once; asked a second time the call is decided like any other."""
    wanted = _call("refund", '{"amount":60}')
    for guard in (pinned_guard(RULES), pinned_guard(RULES)):
        framework = guard.framework("test")
        with framework.session("thread"):
            _waiting(framework, wanted)
    framework = pinned_guard(RULES).framework("test")
    with framework.session("thread"):
        assert _run(framework, wanted).verdict == "run"
    framework = pinned_guard(RULES).framework("test")
    with framework.session("thread"):
        assert "cap" in _run(framework, wanted).text  # 60 more than the 60 that ran


def test_what_waits_is_not_charged_less_for_having_run_here(pinned_guard: MakeGuard) -> None:
    """What ran in this process is not found again by another one, which may be given the same call by an old checkpoint."""
    wanted, framework = _call("refund", '{"amount":60}'), pinned_guard(RULES).framework("test")
    with framework.session("thread"):
        _waiting(framework, wanted)
        assert _run(framework, wanted).verdict == "run"
    framework = pinned_guard(RULES).framework("test")
    with framework.session("thread"):
        assert _run(framework, wanted).verdict == "refuse"


@pytest.mark.parametrize("between", ["rules", "stop", "session", "arguments"])
def test_what_waits_counts_for_the_same_call_under_the_same_rules_only(between: str, pinned_guard: MakeGuard) -> None:
    """Other rules, another session or other arguments: decided afresh. Nothing is released under an older epoch."""
    guard = pinned_guard(RULES)
    framework, wanted = guard.framework("test"), _call("refund", '{"amount":60}')
    with framework.session("thread"):
        _waiting(framework, wanted)
    if between == "stop":
        guard.stop("enough")
        guard.resume("go on", user="ada")
    again = pinned_guard(RULES.replace("at most 100", "at most 99") if between == "rules" else RULES)
    resumed = again.framework("test")
    if between == "arguments":
        wanted = _call("refund", '{"amount":61}')
    with resumed.session("other" if between == "session" else "thread"):
        found = resumed.propose(wanted, wait=False).result()
    assert found.judged is not None
    assert "released before, not yet run" not in found.judged.decision.reasons
    assert found.verdict == ("run" if between == "session" else "refuse")


MAIL = """\
version: 1
default: {read: allow, other: allow}
tools: {mail: send, wipe: delete}
rules:
  - {id: never, text: Never wipe., on: wipe, then: deny}
"""


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_a_user_says_meanwhile_holds_for_what_was_set_aside(elsewhere: bool, pinned_guard: MakeGuard) -> None:
    """A rule that the user gave while the run waited decides the call afresh, here and in another process."""
    guard, wanted = pinned_guard(MAIL), _call("mail", '{"to":"a@b.c"}')
    framework = guard.framework("test")
    with framework.session("thread", user="kim"):
        _waiting(framework, wanted)
        guard.user_turn("Don't send any mails until I tell you to.", user="kim")
    framework = (pinned_guard(MAIL) if elsewhere else guard).framework("test")
    with framework.session("thread", user="kim"):
        assert _run(framework, wanted).verdict != "run"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_was_set_aside_waits_no_longer_than_an_approval(elsewhere: bool, pinned_guard: MakeGuard) -> None:
    """A call that waited longer than an approval lives is decided, and charged, afresh."""
    guard, wanted = pinned_guard(RULES, ticket_life=1e-6), _call("refund", '{"amount":60}')
    framework = guard.framework("test")
    with framework.session("thread"):
        found = framework.propose(wanted, wait=False).result()
        guard._world._grants._life = 60.0
        assert found.judged is not None
        framework._run(hand_on(framework._context(), found.judged))
        framework.waiting([found]).result()
    framework = (pinned_guard(RULES) if elsewhere else guard).framework("test")
    with framework.session("thread"):
        assert "cap" in _run(framework, wanted).text


@pytest.mark.parametrize("interrupted", [False, True])
def test_of_two_programs_one_can_run_what_was_set_aside(interrupted: bool, pinned_guard: MakeGuard) -> None:
    """What waits is in the ledger alone: when another process ran it, the one that set it aside decides it afresh."""
    wanted, first, second = _call("refund", '{"amount":60}'), pinned_guard(RULES), pinned_guard(RULES)
    one, other = first.framework("test"), second.framework("test")
    with one.session("thread"):
        if interrupted:
            one.ended(_run(one, wanted), interrupted=True)
        else:
            _waiting(one, wanted)
    with other.session("thread"):
        assert _run(other, wanted).verdict == "run"
    with one.session("thread"):
        assert "cap" in _run(one, wanted).text


def test_a_compaction_meanwhile_decides_what_was_set_aside_afresh(pinned_guard: MakeGuard) -> None:
    """A fence that came up while the run waited holds for what was set aside."""
    guard, wanted = pinned_guard(MAIL), _call("mail", '{"to":"a@b.c"}')
    framework = guard.framework("test")
    with framework.session("thread"):
        _waiting(framework, wanted)
        framework._run(noted(framework._context(), Pending("1", "threshold", ("response:1",)), must=True))
        assert _run(framework, wanted).verdict == "ask"


def test_what_was_given_back_is_not_set_aside(framework: Framework) -> None:
    """What was given back waits uncharged nowhere: the call is decided afresh."""
    gated = _run(framework, _call("refund", '{"amount": 60}'))
    framework.ended(gated, not_done=True)
    framework.ended(gated, interrupted=True)
    assert _run(framework, _call("refund", '{"amount": 60}')).verdict == "run"
    assert _run(framework, _call("refund", '{"amount": 60}', "c2")).verdict == "refuse"


def test_what_cannot_be_kept_waiting_is_charged_again(
    framework: Framework, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails costs a second charge, never a run that is not charged."""
    wanted = _call("refund", '{"amount":60}')
    with framework.session("thread"):
        found = framework.propose(wanted, wait=False).result()
        with monkeypatch.context() as patch:
            patch.setattr(type(guard._store), "write_ledger", _broken)
            framework.waiting([found]).result()
    other = guard.framework("test")
    with other.session("thread"):
        assert other.propose(wanted, wait=False).result().verdict == "run"  # this process still knows


def _broken(*_: object, **__: object) -> bool:
    raise OSError("gone")
