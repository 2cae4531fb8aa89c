"""Budgets with the real store: exact under threads and tasks, over restarts; a tool that did nothing is free."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from pinnedrules import Denied, Guard, NotDone
from pinnedrules.control.store import Store
from pinnedrules.evidence.reader import read
from pinnedrules.rules.decide import decide
from pinnedrules.rules.ledger import after
from pinnedrules.rules.load import load
from pinnedrules.testing.plugin import MakeGuard
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script
from pinnedrules.types import Call, Moment, SessionId

RULES = """\
version: 1
tools: {pay: spend, trash: delete}
rules:
  - {id: cap, text: At most 100 a day., on: pay, require: {total: {of: amount, per: day, max: 100}}, then: allow, else: deny}
  - {id: once, text: No invoice twice., on: pay, require: {at_most_once_per: {of: invoice, per: day}}, else: deny}
  - {id: few, text: Trash at most 7., on: trash, require: {count: {of: ids, per: session, max: 7}}, then: allow, else: deny}
"""
NOW = Moment(1_795_000_000_000_000, 1, "2026-11-22")
KIM = SessionId("inbox", "kim")


def charge(store: Store, name: str, arguments: dict[str, Any], session: SessionId = KIM) -> bool:
    """Decide one call and write what it uses up, over and over until nobody else wrote meanwhile, as the gate does."""
    rules = load(RULES)
    call = Call(name, json.dumps(arguments), declared=frozenset(arguments))
    while True:
        ledger = store.read_ledger(session)
        decision = decide(rules, call, ledger, NOW)
        if decision.verdict != "allow":
            return False
        if store.write_ledger(session, after(rules, call, decision, ledger, NOW)):
            return True


def test_threads_with_stores_of_their_own_spend_a_budget_exactly(tmp_path: Path) -> None:
    """Exact under parallel calls: no unit is spent twice, and none is lost."""
    Store(tmp_path / "s").close()

    def spend(number: int) -> int:
        store = Store(tmp_path / "s")
        done = [charge(store, "pay", {"amount": 3, "invoice": f"{number}-{index}"}) for index in range(10)]
        store.close()
        return sum(done)

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(spend, range(8)))
    assert done == 33
    assert Store(tmp_path / "s").read_ledger(KIM).user["total:cap"] == "2026-11-22 99"


def test_threads_that_pay_the_same_invoices_pay_each_once(tmp_path: Path) -> None:
    """At most once, under parallel calls in several sessions of one user."""
    Store(tmp_path / "s").close()

    def pay(number: int) -> list[int]:
        store = Store(tmp_path / "s")
        sessions = SessionId(f"s{number}", "kim")
        paid = [one for one in range(12) if charge(store, "pay", {"amount": 1, "invoice": one}, sessions)]
        store.close()
        return paid

    with ThreadPoolExecutor(6) as pool:
        paid = [one for some in pool.map(pay, range(6)) for one in some]
    assert sorted(paid) == list(range(12))


@pytest.fixture
def guard(pinned_guard: MakeGuard) -> Iterator[Guard]:
    with pinned_guard(RULES) as made:
        yield made


def _spent(guard: Guard, session: SessionId) -> dict[str, str]:
    store = Store(guard.folder.database)
    ledger = store.read_ledger(session)
    store.close()
    return {**ledger.user, **ledger.session}


def test_parallel_checks_never_allow_more_than_the_budget(guard: Guard) -> None:
    """A call is refused rather than let through when too many write at once; the sum is what was allowed."""
    with ThreadPoolExecutor(8) as pool:

        def check(number: int) -> bool:
            with guard.session("inbox", user="kim"):
                return not guard.check("pay", {"amount": 30, "invoice": number}).refused

        allowed = sum(pool.map(check, range(16)))
    assert 1 <= allowed <= 3
    [text] = [text for key, text in _spent(guard, KIM).items() if key == "total:cap"]
    assert text.split()[1] == str(30 * allowed)


def test_parallel_tasks_never_allow_more_than_the_budget(guard: Guard) -> None:
    """The same on an event loop."""

    async def main() -> int:
        with guard.session("inbox", user="kim"):
            asked = (guard.acheck("trash", {"ids": [f"{number}", f"{number}b"]}) for number in range(12))
            return sum(not judged.refused for judged in await asyncio.gather(*asked))

    allowed = asyncio.run(main())
    assert 1 <= allowed <= 3
    assert _spent(guard, KIM)["count:few"] == str(2 * allowed)


def test_parallel_calls_of_one_answer_share_the_budget(guard: Guard) -> None:
    """Four calls of two in one answer: three fit into a budget of seven."""
    calls = [ProposedCall("trash", {"ids": [f"{one}", f"{one}b"]}, id=f"call_{one}") for one in range(4)]
    tools: list[Any] = [
        {"type": "function", "function": {"name": "trash", "parameters": {"type": "object", "properties": {"ids": {}}}}}
    ]
    with ScriptedProvider(Script([Reply(calls=calls)])) as provider, guard.session("inbox", user="kim"):
        client = guard.wrap(openai.OpenAI(base_url=f"{provider.url}/v1", api_key="x", max_retries=0))
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go"}], tools=tools)
    assert [call.id for call in answer.choices[0].message.tool_calls or []] == ["call_0", "call_1", "call_2"]
    assert _spent(guard, KIM)["count:few"] == "6"


def test_a_budget_survives_a_restart(pinned_guard: MakeGuard, tmp_path: Path) -> None:
    """Invariant 5: the same after any number of restarts as before them."""
    for amount, refused in ((60, False), (60, True), (40, False), (1, True)):
        with pinned_guard(RULES, state=tmp_path) as guard, guard.session("inbox", user="kim"):
            assert guard.check("pay", {"amount": amount, "invoice": f"i{amount}"}).refused is refused


# A tool that says that nothing was done


def _returned(guard: Guard) -> list[str]:
    guard.flush()
    found: list[Any] = [record["body"] for record in read(guard.folder.log) if record["type"] == "returned"]
    return [body["tool"] for body in found]


def make_tools(guard: Guard, error: Exception | None) -> dict[str, Any]:
    """Return the same tool in every kind of function."""

    def work() -> None:
        if error is not None:
            raise error

    def pay(amount: int, invoice: str) -> str:
        work()
        return "paid"

    async def apay(amount: int, invoice: str) -> str:
        work()
        return "paid"

    def each(amount: int, invoice: str) -> Iterator[str]:
        work()
        yield "paid"

    async def aeach(amount: int, invoice: str) -> Any:
        work()
        yield "paid"

    async def collect(made: Any) -> list[str]:
        return [item async for item in made]

    gate = guard.tool(name="pay")
    plain, task, some, asome = gate(pay), gate(apay), gate(each), gate(aeach)
    return {
        "function": plain,
        "coroutine": lambda **given: asyncio.run(task(**given)),
        "generator": lambda **given: list(some(**given)),
        "async generator": lambda **given: asyncio.run(collect(asome(**given))),
    }


@pytest.mark.parametrize("kind", ["function", "coroutine", "generator", "async generator"])
def test_a_tool_that_says_that_nothing_was_done_costs_nothing(guard: Guard, kind: str) -> None:
    """``NotDone`` is proof, and goes on to the caller; the same invoice can be paid then."""
    with guard.session("inbox", user="kim"):
        with pytest.raises(NotDone, match="no such account"):
            make_tools(guard, NotDone("no such account"))[kind](amount=100, invoice="A-17")
        assert make_tools(guard, None)[kind](amount=100, invoice="A-17") in ("paid", ["paid"])
    assert _returned(guard) == ["pay"]


@pytest.mark.parametrize("kind", ["function", "coroutine", "generator", "async generator"])
@pytest.mark.parametrize(
    "error", [TimeoutError("no answer"), ValueError("NotDone: nothing was done"), KeyboardInterrupt()]
)
def test_any_other_error_proves_nothing(guard: Guard, kind: str, error: Any) -> None:
    """A request that timed out may have been carried out, so it stays charged."""
    with guard.session("inbox", user="kim"):
        with pytest.raises(type(error)):
            make_tools(guard, error)[kind](amount=100, invoice="A-17")
        assert guard.check("pay", {"amount": 1, "invoice": "A-18"}).refused
    assert _returned(guard) == []


def test_a_released_call_that_was_not_done_is_given_back_once(guard: Guard) -> None:
    """The charge of the decision comes back with the run that it was released for; a second run is a second charge."""
    tools: list[Any] = [
        {
            "type": "function",
            "function": {"name": "pay", "parameters": {"type": "object", "properties": {"amount": {}, "invoice": {}}}},
        }
    ]
    script = Script([Reply(calls=[ProposedCall("pay", {"amount": 60, "invoice": "A-17"})])])
    with ScriptedProvider(script) as provider, guard.session("inbox", user="kim"):
        client = guard.wrap(openai.OpenAI(base_url=f"{provider.url}/v1", api_key="x", max_retries=0))
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go"}], tools=tools)
        [call] = answer.choices[0].message.tool_calls or []
        given = json.loads(call.function.arguments)  # type: ignore[union-attr]
        pay = make_tools(guard, NotDone("closed"))["function"]
        assert _spent(guard, KIM)["total:cap"].endswith(" 60")
        for _ in range(3):
            with pytest.raises(NotDone):
                pay(**given)
            assert _spent(guard, KIM)["total:cap"].endswith(" 0")
    assert _returned(guard) == ["pay"] * 3


def test_threads_that_give_back_leave_what_the_others_spent(guard: Guard) -> None:
    """Charging and giving back at the same time loses nothing and frees nothing."""
    failing, working = make_tools(guard, NotDone("closed"))["function"], make_tools(guard, None)["function"]
    paid: list[str] = []
    not_done: list[str] = []

    def work(number: int) -> None:
        with guard.session("inbox", user="kim"):
            for index in range(4):
                # One that is refused, because too many write at once, is neither.
                with contextlib.suppress(NotDone, Denied):
                    invoice = f"{number}-{index}"
                    if number % 2:
                        working(amount=2, invoice=invoice)
                        paid.append(invoice)
                    else:
                        _not_done(failing, invoice, not_done)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    # What cannot be given back because too many write at once stays charged.
    stayed = len(not_done) - len(_returned(guard))
    assert stayed >= 0
    assert _spent(guard, KIM)["total:cap"].split()[1] == str(2 * (len(paid) + stayed))


def _not_done(tool: Any, invoice: str, kept: list[str]) -> None:
    try:
        tool(amount=2, invoice=invoice)
    except NotDone:
        kept.append(invoice)
