"""Asking the user's own code."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pinnedrules.control.approvers import CallbackApprover
from pinnedrules.types import Call, Decision, Proposal, SessionId, Ticket

PROPOSAL = Proposal(SessionId("s"), Call("refund", "{}"), Decision("ask"), "c" * 64, "r" * 64, 0)
TICKET = Ticket("t-abcdefgh", "open", "s", "refund", "c" * 64, "refund()", 0, 2**60)


def answer_of(approver: CallbackApprover) -> tuple[bool, str, str]:
    """Return what the approver answers."""
    answers: queue.Queue[tuple[bool, str, str]] = queue.Queue()

    def keep(*said: Any) -> bool:
        answers.put(said)
        return True

    approver.ask(TICKET, PROPOSAL, keep)
    return answers.get(timeout=60)


def _finish() -> None:
    for thread in threading.enumerate():
        if thread.name == "pinnedrules-approver":
            thread.join(60)


@pytest.mark.parametrize("said", [True, False])
def test_what_the_function_says_is_the_answer(said: bool) -> None:
    """A function gets ticket and proposal, and its answer counts under the given name."""
    seen: list[Any] = []

    def fn(*given: object) -> bool:
        seen.append(given)
        return said

    assert answer_of(CallbackApprover(fn, by="pager")) == (said, "pager", "")
    assert seen == [(TICKET, PROPOSAL)]


def test_an_async_function_runs_on_a_loop_of_its_own() -> None:
    """An async approver needs no loop of the program."""

    async def fn(ticket: Ticket, proposal: Proposal) -> bool:
        await asyncio.sleep(0)
        return True

    assert answer_of(CallbackApprover(fn)) == (True, "callback", "")


def test_an_async_function_runs_on_the_loop_it_is_given() -> None:
    """An approver that uses a connection of the program's loop is awaited there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def fn(ticket: Ticket, proposal: Proposal) -> bool:
        return asyncio.get_running_loop() is loop

    try:
        assert answer_of(CallbackApprover(fn, loop=loop))[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_asking_returns_at_once() -> None:
    """A person may take minutes; nobody is held up while they think."""
    thought = threading.Event()
    answers: list[bool] = []

    def fn(ticket: Ticket, proposal: Proposal) -> bool:
        return thought.wait(60)

    def keep(approve: bool, by: str, why: str) -> bool:
        answers.append(approve)
        return True

    CallbackApprover(fn).ask(TICKET, PROPOSAL, keep)
    assert answers == []
    thought.set()
    _finish()

    assert answers == [True]


def _raises(ticket: Ticket, proposal: Proposal) -> bool:
    raise RuntimeError("no network")


async def _raises_later(ticket: Ticket, proposal: Proposal) -> bool:
    raise RuntimeError("no network")


@pytest.mark.parametrize(
    "fn",
    [_raises, _raises_later, lambda t, p: "no", lambda t, p: None, lambda t, p: 1, lambda t, p: object()],
    ids=["raises", "raises later", "text", "none", "one", "object"],
)
def test_what_is_not_a_clear_yes_is_no_answer(
    fn: Callable[[Ticket, Proposal], bool | Awaitable[bool]], caplog: pytest.LogCaptureFixture
) -> None:
    """An exception, or something that is merely true, approves nothing, and is reported with its ticket."""
    answers: list[object] = []

    def keep(*said: object) -> bool:
        answers.append(said)
        return True

    with caplog.at_level(logging.ERROR, logger="pinnedrules"):
        CallbackApprover(fn).ask(TICKET, PROPOSAL, keep)
        _finish()

    assert answers == []
    assert "t-abcdefgh" in caplog.text
    assert "stays refused" in caplog.text


def test_an_answer_that_cannot_be_kept_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A yes that did not reach the store is not silent."""

    def keep(*said: object) -> bool:
        raise OSError("disk full")

    CallbackApprover(lambda ticket, proposal: True).ask(TICKET, PROPOSAL, keep)
    _finish()

    assert "disk full" in caplog.text
