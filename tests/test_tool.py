"""A decorated tool runs what was released for it, once, and what is allowed now; nothing else (design, step 13)."""

from __future__ import annotations

import asyncio
import datetime
import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import openai
import pydantic
import pytest

from pinnedrules import Denied, Guard, Stopped, Unreadable
from pinnedrules.evidence.reader import read
from pinnedrules.testing.plugin import MakeGuard
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

RULES = """\
version: 1
default: {read: allow, other: ask}
tools: {search: read, refund: spend, archive: write, post: publish}
rules:
  - id: refund-cap
    text: Refund at most 100 EUR a day.
    on: refund
    require: {total: {of: amount, per: day, max: 100}}
    else: deny
    then: allow
  - {id: archive-freely, text: Archiving is fine., on: archive, then: allow}
  - id: stamp
    text: What is posted carries a stamp.
    on: post
    then: {rewrite: [{op: add, path: /stamp, value: written by an agent}]}
  - {id: posts, text: Stamped posts may go out., on: post, then: allow}
"""
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": {key: {} for key in keys}}},
    }
    for name, keys in {"refund": ("amount", "to"), "archive": ("mail",), "post": ("text", "stamp")}.items()
]


@pytest.fixture
def make(pinned_guard: MakeGuard) -> Callable[..., Guard]:
    return partial(pinned_guard, RULES)


@pytest.fixture
def guard(make: Callable[..., Guard]) -> Guard:
    return make()


def _into(ran: list[int]) -> Callable[..., None]:
    def note(amount: int) -> None:
        ran.append(amount)

    return note


def _same(amount: int) -> int:
    return amount


def _archive(mail: object) -> object:
    return mail


def _search(query: str) -> str:
    return f"found {query}"


def decisions(guard: Guard) -> list[dict[str, Any]]:
    """The decisions in the log, as they are read back from disk."""
    guard.close()
    return [record["body"] for record in _records(guard) if record["type"] == "decision"]


def _records(guard: Guard) -> list[dict[str, Any]]:
    return list(read(guard.folder.log))


def propose(guard: Guard, name: str, arguments: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Let the model propose one call to a wrapped client; return what arrived."""
    with ScriptedProvider(Script([Reply(calls=[ProposedCall(name, arguments)]), Reply("Fine.")])) as provider:
        client = guard.wrap(openai.OpenAI(base_url=provider.openai_url, api_key="k"))
        done = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "go"}], tools=TOOLS)
        calls = done.choices[0].message.tool_calls or []
        client.close()
    return [(call.function.name, json.loads(call.function.arguments)) for call in calls]  # type: ignore[union-attr]


def test_a_released_call_runs_without_a_second_decision_and_is_counted_once(guard: Guard) -> None:
    """A wrapped client and a decorated tool together decide once and count once."""
    ran: list[int] = []

    @guard.tool
    def refund(amount: int, to: str = "card") -> str:
        ran.append(amount)
        return "done"

    with guard.session("s", user="kim"):
        for amount in (60, 40):  # 100 is the day's budget: counted twice, the second one would be over it
            ((name, arguments),) = propose(guard, "refund", {"amount": amount})
            assert name == "refund"
            assert refund(**arguments) == "done"
        assert propose(guard, "refund", {"amount": 1}) == []

    assert ran == [60, 40]
    assert [body["verdict"] for body in decisions(guard)] == ["allow", "allow", "deny"]


def test_a_release_is_used_once(guard: Guard) -> None:
    """The same call run twice is decided afresh the second time, and charged."""
    ran: list[int] = []
    refund = guard.tool(name="refund")(_into(ran))

    with guard.session("s"):
        propose(guard, "refund", {"amount": 60})
        refund(amount=60)
        with pytest.raises(Denied, match="refund-cap"):
            refund(amount=60)

    assert ran == [60]


def test_a_function_called_from_the_developers_own_code_is_decided_afresh(guard: Guard) -> None:
    """Without a model's proposal the rules decide at the call, and the function does not run when they object."""
    ran: list[object] = []

    @guard.tool
    def delete_everything(folder: str) -> None:
        ran.append(folder)

    @guard.tool
    def archive(mail: str) -> str:
        ran.append(mail)
        return f"archived {mail}"

    assert archive("m1") == "archived m1"
    with pytest.raises(Denied, match="nobody has answered") as refusal:
        delete_everything("inbox")

    assert ran == ["m1"]
    assert "pinnedrules approvals" in str(refusal.value)


def test_other_arguments_than_the_released_ones_are_another_call(guard: Guard) -> None:
    """What was released is this exact call: the arguments come from the decided bytes."""
    ran: list[int] = []
    refund = guard.tool(name="refund")(_into(ran))

    with guard.session("s"):
        propose(guard, "refund", {"amount": 10})
        with pytest.raises(Denied, match="refund-cap"):
            refund(amount=1000)
        refund(amount=10)

    assert ran == [10]


def test_a_release_in_one_session_runs_nothing_in_another(guard: Guard) -> None:
    """A release belongs to its session."""
    refund = guard.tool(name="refund")(_same)

    with guard.session("one", user="kim"):
        propose(guard, "refund", {"amount": 100})
    with guard.session("two", user="kim"), pytest.raises(Denied, match="refund-cap"):
        refund(amount=100)
    with guard.session("one", user="kim"):
        assert refund(amount=100) == 100


def test_without_sessions_a_wrapped_client_and_a_tool_still_belong_together(guard: Guard) -> None:
    """The shortest program, with no session at all, decides once too."""
    refund = guard.tool(name="refund")(_same)

    propose(guard, "refund", {"amount": 100})

    assert refund(amount=100) == 100
    assert [body["verdict"] for body in decisions(guard)] == ["allow"]


def test_a_tool_in_a_worker_thread_finds_what_its_session_released(guard: Guard) -> None:
    """A thread has no session of its own; with one open it falls under that one."""
    ran: list[int] = []
    refund = guard.tool(name="refund")(_into(ran))

    with guard.session("s"):
        propose(guard, "refund", {"amount": 100})
        worker = threading.Thread(target=refund, kwargs={"amount": 100})
        worker.start()
        worker.join()

    assert ran == [100]


def test_a_call_checked_by_hand_runs_once_without_a_second_decision(guard: Guard) -> None:
    """``guard.check`` is a decision like any other."""
    refund = guard.tool(name="refund")(_same)

    with guard.session("s"):
        assert not guard.check("refund", {"amount": 100}).refused
        assert refund(amount=100) == 100
        assert guard.check("refund", {"amount": 100}).refused


def test_a_stop_holds_at_the_execution_of_a_call_that_was_released_before(guard: Guard) -> None:
    """Stop is checked once more before a tool runs, and a release from before a stop is void after it."""
    ran: list[int] = []
    refund = guard.tool(name="refund")(_into(ran))

    with guard.session("s"):
        propose(guard, "refund", {"amount": 100})
        guard.stop("enough")
        with pytest.raises(Stopped, match="enough"):
            refund(amount=100)
        guard.resume("all good", user="kim")
        with pytest.raises(Denied, match="refund-cap"):
            refund(amount=100)

    assert ran == []


def test_a_pause_keeps_a_released_call_with_an_effect_from_running(guard: Guard) -> None:
    """A pause refuses everything with an effect, released before or not."""
    archive = guard.tool(name="archive")(_archive)
    search = guard.tool(name="search")(_search)

    with guard.session("s"):
        propose(guard, "archive", {"mail": "m1"})
        guard.stop("wait", pause=True)
        with pytest.raises(Denied, match="paused: wait"):
            archive(mail="m1")
        assert search(query="x") == "found x"


def test_the_refusal_can_be_given_to_the_model_as_the_tools_result(guard: Guard) -> None:
    """``on_refused="text"`` returns what the model should read instead of raising."""

    @guard.tool(on_refused="text")
    def refund(amount: int) -> str:
        raise AssertionError("it must not run")

    assert "refund-cap" in refund(1000)


def test_a_rewritten_call_runs_with_the_arguments_that_were_decided(guard: Guard) -> None:
    """The rule's change reaches the function, however the call came about."""
    seen: list[dict[str, Any]] = []

    @guard.tool
    def post(text: str, stamp: str = "") -> None:
        seen.append({"text": text, "stamp": stamp})

    with guard.session("s"):
        post(text="mine")
        ((_, arguments),) = propose(guard, "post", {"text": "the model's"})
        post(**arguments)

    assert seen == [
        {"text": "mine", "stamp": "written by an agent"},
        {"text": "the model's", "stamp": "written by an agent"},
    ]


def test_a_rewrite_that_the_function_does_not_take_is_refused(make: Callable[..., Guard]) -> None:
    """A change that cannot be carried out is no permission to run unchanged, whoever approved it."""
    guard = make(approver=lambda ticket, proposal: True, ask_wait=30)

    @guard.tool
    def post(text: str) -> None:
        raise AssertionError("it must not run")

    with pytest.raises(Denied, match="does not take"):
        post(text="mine")


def test_what_is_changed_while_a_person_is_asked_does_not_reach_the_function(make: Callable[..., Guard]) -> None:
    """Arguments come from what was decided, not from the caller's mutable objects."""
    victims = ["spam"]

    def approve(ticket: object, proposal: object) -> bool:
        victims.append("everything")
        return True

    seen: list[list[str]] = []
    guard = make(approver=approve, ask_wait=30)

    @guard.tool
    def delete_mail(ids: list[str]) -> None:
        seen.append(ids)

    delete_mail(victims)

    assert seen == [["spam"]]
    assert victims == ["spam", "everything"]


def test_the_function_keeps_what_schemas_are_made_from(guard: Guard) -> None:
    """Name, signature and docstring survive, so that an SDK's own decorators work on top."""

    @guard.tool
    def search(query: str, limit: int = 10) -> list[str]:
        """Search the documents."""
        return [query] * limit

    assert search.__name__ == "search"
    assert search.__doc__ == "Search the documents."
    assert list(inspect.signature(search).parameters) == ["query", "limit"]
    assert search("a", limit=2) == ["a", "a"]


def test_an_sdks_own_tool_decorator_stands_on_top() -> None:
    """``@beta_tool`` makes its schema from the gated function as from a plain one."""
    from anthropic import beta_tool

    with Guard(profile="supervised", tools={"search": "read"}, quiet=True, approver="tickets") as guard:

        @beta_tool
        @guard.tool
        def search(query: str) -> str:
            """Search the documents.

            Args:
                query: what to look for
            """
            return f"found {query}"

        assert "what to look for" in str(search.to_dict()["input_schema"])
        assert search.call({"query": "x"}) == "found x"


def test_coroutines_and_asynchronous_generators_are_gated_too(guard: Guard) -> None:
    """Async tools wait for the decision without blocking the loop, and do not start before it."""
    ran: list[str] = []

    @guard.tool
    async def archive(mail: str) -> str:
        ran.append(mail)
        return mail

    @guard.tool
    async def refund(amount: int) -> AsyncIterator[int]:
        ran.append("refund")
        yield amount

    @guard.tool(name="refund", on_refused="text")
    async def politely(amount: int) -> AsyncIterator[Any]:
        yield amount

    @guard.tool(name="refund", on_refused="text")
    async def at_once(amount: int) -> Any:
        return amount

    async def main() -> None:
        assert await archive("m1") == "m1"
        assert [item async for item in refund(5)] == [5]
        with pytest.raises(Denied, match="refund-cap"):
            [item async for item in refund(500)]
        (text,) = [item async for item in politely(500)]
        assert "refund-cap" in text
        assert "refund-cap" in await at_once(500)

    asyncio.run(main())
    assert ran == ["m1", "refund"]


def test_a_method_is_decided_without_its_object(guard: Guard) -> None:
    """``self`` is no argument of the call."""

    class Bank:
        def __init__(self) -> None:
            self.paid = 0

        @guard.tool
        def refund(self, amount: int) -> None:
            self.paid += amount

    bank = Bank()
    bank.refund(40)
    with pytest.raises(Denied, match="refund-cap"):
        bank.refund(amount=61)

    assert bank.paid == 40


def test_a_frameworks_context_is_left_out_by_name(guard: Guard) -> None:
    """A parameter that the model never sees is not part of the call."""

    @guard.tool(leave_out=("run",))
    def post(run: object, text: str, stamp: str = "") -> tuple[object, str]:
        return run, stamp

    run = object()
    assert post(run, "hello") == (run, "written by an agent")
    with pytest.raises(ValueError, match="has no parameter ctx; it has query"):
        guard.tool(leave_out=("ctx",))(_search)


def test_pydantic_models_and_dates_are_decided_as_their_json(guard: Guard) -> None:
    """What pydantic can write as JSON is decided as that; the function gets the object itself."""

    class Payment(pydantic.BaseModel):
        amount: int

    @guard.tool
    def archive(mail: Payment, when: datetime.date, **more: Any) -> tuple[Payment, dict[str, Any]]:
        return mail, more

    payment = Payment(amount=1)
    assert archive(payment, datetime.date(2026, 11, 22), tag="x") == (payment, {"tag": "x"})


def test_arguments_that_cannot_be_written_cannot_be_decided(guard: Guard) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    archive = guard.tool(name="archive")(_archive)

    with pytest.raises(Unreadable, match="leave_out"):
        archive(object())
    with pytest.raises(Unreadable, match="cannot be written as JSON"):
        archive(float("nan"))


def test_monitor_mode_decides_and_records_and_runs(make: Callable[..., Guard]) -> None:
    """In monitor mode the tool runs, and the log says what would have become of it."""
    guard = make(mode="monitor")
    refund = guard.tool(name="refund")(_same)

    assert refund(amount=1000) == 1000

    assert [(body["verdict"], body["enforced"]) for body in decisions(guard)] == [("deny", False)]


def test_the_log_tells_what_ran_and_whether_it_was_released_before(guard: Guard) -> None:
    """An execution is a record of its own."""
    refund = guard.tool(name="refund")(_same)

    with guard.session("s"):
        propose(guard, "refund", {"amount": 10})
        refund(amount=10)
        refund(amount=20)
    decisions(guard)

    ran = [record["body"] for record in _records(guard) if record["type"] == "execution"]
    assert ran == [{"tool": "refund", "released_before": True}, {"tool": "refund", "released_before": False}]


def test_a_wrong_setting_is_named_at_once(guard: Guard) -> None:
    """A typing mistake is an error where it is made."""
    with pytest.raises(ValueError, match="on_refused must be one of raise, text"):
        guard.tool(on_refused="ignore")  # type: ignore[call-overload]


class _Mail(pydantic.BaseModel):
    id: str


@pytest.mark.parametrize("form", ["keyword", "positional", "tuple", "model"])
def test_whatever_holds_the_arguments_cannot_be_changed_while_a_person_is_asked(
    form: str, make: Callable[..., Guard]
) -> None:
    """What runs is what was decided, also inside of ``*args``, ``**kwargs``, tuples and objects."""
    victims, mail = ["spam"], _Mail(id="spam")

    def approve(ticket: object, proposal: object) -> bool:
        victims.append("everything")
        mail.id = "everything"
        return True

    seen: list[Any] = []
    guard = make(approver=approve, ask_wait=30)

    @guard.tool(name="delete_mail")
    def any_of(*args: Any, **kwargs: Any) -> None:
        seen.extend([args, kwargs])

    match form:
        case "keyword":
            any_of(ids=victims)
        case "positional":
            any_of(victims)
        case "tuple":
            any_of((victims,))
        case _:
            any_of(mail)

    assert "spam" in repr(seen)
    assert "everything" not in repr(seen)


def test_a_call_with_two_arguments_of_one_name_is_not_run(guard: Guard) -> None:
    """Named bad case: ``archive("all", mail="m1")`` was decided as ``m1`` and ran with ``all``."""

    @guard.tool(name="archive")
    def hidden(mail: str, /, **more: str) -> None:
        raise AssertionError("it must not run")

    @guard.tool(name="archive")
    def several(*mail: str, **more: str) -> None:
        raise AssertionError("it must not run")

    for call in (hidden, several):
        with pytest.raises(Unreadable, match="two readings"):
            call("all", mail="m1")


def test_an_argument_that_can_be_read_only_once_is_not_used_up_by_the_decision(guard: Guard) -> None:
    """Named bad case: the decision read a generator to its end and the function got an empty one."""

    @guard.tool
    def archive(mail: object) -> None:
        raise AssertionError("it must not run")

    with pytest.raises(Unreadable, match="cannot be copied"):
        archive(str(number) for number in range(3))


def test_a_generator_that_was_made_before_a_stop_does_not_run_after_it(guard: Guard) -> None:
    """Invariant 7: a generator runs when it is read, and that is when it is decided."""
    ran: list[str] = []

    @guard.tool
    def archive(mail: str) -> Iterator[str]:
        ran.append(mail)
        yield mail

    @guard.tool(name="refund", on_refused="text")
    def refund(amount: int) -> Iterator[Any]:
        yield amount

    assert list(archive("m1")) == ["m1"]
    assert "refund-cap" in next(refund(500))
    assert inspect.isgeneratorfunction(archive)
    made = archive("m2")
    guard.stop("enough")
    with pytest.raises(Stopped):
        next(made)
    assert ran == ["m1"]
