"""Tickets: one person's answer to one exact call, used once."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pinnedrules.control.store import Store
from pinnedrules.errors import ApprovalError
from pinnedrules.evidence.record import call_hash
from pinnedrules.types import Call, Decision, Proposal, SessionId, Ticket

SESSION = SessionId("inbox-42", "kim", "acme")
NOW, TTL = 1_000_000, 600_000_000
RULES = "a" * 64


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A fresh store."""
    return Store(tmp_path / "state.sqlite3")


def proposal(
    amount: int = 10, *, session: SessionId = SESSION, rules: str = RULES, epoch: int = 3, tool: str = "refund"
) -> Proposal:
    """Return a proposal as the gate makes it."""
    call = Call(tool, f'{{"amount": {amount}}}')
    return Proposal(session, call, Decision("ask"), call_hash(session, call, rules, epoch), rules, epoch)


def ask(store: Store, wanted: Proposal | None = None, *, now: int = NOW) -> Ticket:
    """Ask about *wanted*."""
    return store.ask(wanted or proposal(), summary="refund(10 EUR)", now_us=now, ttl_us=TTL)


def take(store: Store, ticket: Ticket, wanted: Proposal | None = None, *, now: int = NOW + 1) -> bool:
    """Use up *ticket* for *wanted*."""
    wanted = wanted or proposal()
    return store.take(ticket.id, wanted.call_sha256, wanted.ruleset_sha256, wanted.epoch, now)


def test_a_new_call_gets_an_open_ticket(store: Store) -> None:
    """A ticket says whose call it is, which, and until when it can be answered."""
    ticket = ask(store)

    assert ticket == Ticket(
        ticket.id, "open", "inbox-42", "refund", proposal().call_sha256, "refund(10 EUR)", NOW, NOW + TTL
    )
    assert re.fullmatch("t-[a-z2-7]{8}", ticket.id)
    assert store.ticket(ticket.id) == ticket
    assert store.tickets() == [ticket]


def test_the_same_call_joins_its_open_ticket(store: Store) -> None:
    """A retried call asks nobody a second time; another session's or another call gets its own ticket."""
    ticket = ask(store)

    assert ask(store, now=NOW + 5) == ticket
    others = [
        ask(store, proposal(11)),
        ask(store, proposal(tool="pay")),
        ask(store, proposal(session=replace(SESSION, name="other"))),
        ask(store, proposal(session=replace(SESSION, user="lee"))),
    ]
    assert len({ticket.id, *(other.id for other in others)}) == 5


def test_an_approval_is_used_once(store: Store) -> None:
    """An approved call can run once; then the same call has to be asked about again."""
    ticket = ask(store)
    approved = store.answer(ticket.id, True, by="kim", now_us=NOW, why="looks right")

    assert (approved.state, approved.by, approved.why) == ("approved", "kim", "looks right")
    assert ask(store) == approved
    assert take(store, ticket)
    assert not take(store, ticket)
    assert store.ticket(ticket.id).state == "used"
    assert ask(store).id != ticket.id


def test_a_denial_holds_for_the_session(store: Store) -> None:
    """Deny is sticky: the same call is not asked about again in this session, and never runs."""
    ticket = ask(store)
    denied = store.answer(ticket.id, False, by="kim", now_us=NOW)

    assert ask(store, now=NOW + 10 * TTL) == denied
    assert not take(store, ticket)
    assert ask(store, proposal(session=replace(SESSION, name="other"))).state == "open"


def test_a_ticket_expires(store: Store) -> None:
    """No answer in time is a no; an approval too is good only in time, and the call gets a new ticket."""
    asked, approved = ask(store), ask(store, proposal(11))
    store.answer(approved.id, True, by="kim", now_us=NOW)
    late = asked.expires_us

    with pytest.raises(ApprovalError, match="expired"):
        store.answer(asked.id, True, by="kim", now_us=late)
    assert not take(store, approved, proposal(11), now=late)
    assert store.ticket(asked.id, now_us=late).state == "expired"
    assert store.ticket(asked.id).state == "open"
    assert [ticket.id for ticket in store.tickets("expired", now_us=late)] == [asked.id, approved.id]
    assert ask(store, now=late).id != asked.id
    assert store.ticket(approved.id).state == "expired"


def test_an_answer_in_the_last_moment_counts(store: Store) -> None:
    """A ticket can be answered and used as long as its time is not over."""
    ticket = ask(store)
    store.answer(ticket.id, True, by="kim", now_us=ticket.expires_us - 1)

    assert take(store, ticket, now=ticket.expires_us - 1)


def test_a_ticket_fits_its_call_only(store: Store) -> None:
    """An approval cannot be used for a call with one other byte, other rules, or after a stop."""
    ticket = ask(store)
    store.answer(ticket.id, True, by="kim", now_us=NOW)
    mine = proposal()

    assert not take(store, ticket, replace(mine, call_sha256=proposal(11).call_sha256))
    assert not take(store, ticket, replace(mine, ruleset_sha256="b" * 64))
    assert not take(store, ticket, replace(mine, epoch=4))
    assert not take(store, ticket, replace(mine, epoch=2))
    assert not store.take("t-aaaaaaaa", mine.call_sha256, RULES, 3, NOW)
    assert take(store, ticket)


def test_an_open_ticket_cannot_be_used(store: Store) -> None:
    """Nobody answered: nothing runs."""
    assert not take(store, ask(store))


def test_a_stop_voids_tickets(store: Store) -> None:
    """What was asked or approved before a stop can be neither approved nor used after it."""
    asked, approved = ask(store), ask(store, proposal(11))
    store.answer(approved.id, True, by="kim", now_us=NOW)

    again = ask(store, proposal(epoch=4))

    assert again.id != asked.id
    with pytest.raises(ApprovalError, match="expired"):
        store.answer(asked.id, True, by="kim", now_us=NOW)
    assert not take(store, approved, proposal(11))


def test_a_stop_of_one_session_leaves_the_tickets_of_the_others(store: Store) -> None:
    """What is asked under a newer epoch voids the tickets of its own session, and nobody else's."""
    theirs = ask(store, proposal(session=SessionId("other"), epoch=0))
    approved = ask(store, proposal(11, session=SessionId("other"), epoch=0))
    store.answer(approved.id, True, by="kim", now_us=NOW)

    ask(store, proposal(epoch=9))

    assert store.answer(theirs.id, True, by="kim", now_us=NOW).state == "approved"
    assert take(store, approved, proposal(11, session=SessionId("other"), epoch=0))


def test_a_void_ticket_is_neither_listed_nor_approved(store: Store) -> None:
    """Whoever knows the epochs is not shown, and cannot approve, what a stop has made void; a typo voids nothing."""
    mine, theirs = ask(store), ask(store, proposal(session=SessionId("other"), epoch=1))
    approved = ask(store, proposal(11))
    store.answer(approved.id, True, by="kim", now_us=NOW)

    def epoch_of(session: SessionId) -> int:
        return {"inbox-42": 4, "other": 1}[session.name]

    assert store.tickets("open", epoch_of=epoch_of) == [theirs]
    assert [ticket.id for ticket in store.tickets("expired", epoch_of=epoch_of)] == [mine.id, approved.id]
    with pytest.raises(ApprovalError, match="from before a stop or a resume"):
        store.answer(mine.id, True, by="kim", now_us=NOW, epoch_of=epoch_of)
    assert store.answer(theirs.id, True, by="kim", now_us=NOW, epoch_of=epoch_of).state == "approved"


def test_a_change_of_the_rules_voids_tickets_of_the_session(store: Store) -> None:
    """What was approved under other rules is asked about anew; another session's tickets stay."""
    mine, theirs = ask(store), ask(store, proposal(session=SessionId("other")))

    ask(store, proposal(rules="b" * 64))

    assert store.ticket(mine.id).state == "expired"
    assert store.ticket(theirs.id).state == "open"


@pytest.mark.parametrize("by", ["", " \t", "agent", "AGENT", "agent:inbox", "\uff21\uff27\uff25\uff2e\uff34"])
def test_the_agent_cannot_approve_itself(store: Store, by: str) -> None:
    """Approvals cannot come from the agent itself, however it spells its name, nor from nobody."""
    ticket = ask(store)

    with pytest.raises(ApprovalError):
        store.answer(ticket.id, True, by=by, now_us=NOW)

    assert store.ticket(ticket.id).state == "open"


@pytest.mark.parametrize("approve", [True, False])
def test_a_closed_ticket_cannot_be_answered_again(store: Store, approve: bool) -> None:
    """The first answer stands."""
    ticket = ask(store)
    store.answer(ticket.id, approve, by="kim", now_us=NOW)

    with pytest.raises(ApprovalError, match="closed already"):
        store.answer(ticket.id, not approve, by="lee", now_us=NOW)

    assert store.ticket(ticket.id).by == "kim"


def test_a_person_may_change_their_mind(store: Store) -> None:
    """A no can be made a yes in time, by whoever asks for exactly that; it is used once like any other."""
    ticket = ask(store)
    store.answer(ticket.id, False, by="kim", now_us=NOW, why="not now")

    changed = store.answer(ticket.id, True, by="lee", now_us=NOW + 1, reopen=True)

    assert (changed.state, changed.by, changed.why) == ("approved", "lee", "")
    assert ask(store) == changed
    assert take(store, ticket)
    assert not take(store, ticket)


def test_only_a_no_in_time_is_reopened(store: Store) -> None:
    """Not one whose time is over, not one from before a stop, not a yes, and not by saying no again."""
    denied, approved = ask(store), ask(store, proposal(11))
    store.answer(denied.id, False, by="kim", now_us=NOW)
    store.answer(approved.id, True, by="kim", now_us=NOW)

    with pytest.raises(ApprovalError, match="expired; its no holds until the rules change"):
        store.answer(denied.id, True, by="lee", now_us=denied.expires_us, reopen=True)
    with pytest.raises(ApprovalError, match="from before a stop"):
        store.answer(denied.id, True, by="lee", now_us=NOW, reopen=True, epoch_of=lambda session: 4)
    for ticket, approve in ((denied, False), (approved, True), (approved, False)):
        with pytest.raises(ApprovalError, match="closed already"):
            store.answer(ticket.id, approve, by="lee", now_us=NOW, reopen=True)
    with pytest.raises(ApprovalError, match="person has to answer"):
        store.answer(denied.id, True, by="agent", now_us=NOW, reopen=True)

    assert store.ticket(denied.id).state == "denied"


@pytest.mark.parametrize("name", ["t-aaaaaaaa", "", "'; DROP TABLE ticket; --", "%"])
def test_an_unknown_ticket_is_an_error(store: Store, name: str) -> None:
    """A mistyped ticket is not taken for another one."""
    ask(store)

    with pytest.raises(ApprovalError, match="no ticket"):
        store.answer(name, True, by="kim", now_us=NOW)
    with pytest.raises(ApprovalError, match="no ticket"):
        store.ticket(name)


def test_a_ticket_can_be_typed_in_capitals(store: Store) -> None:
    """A person reads a ticket from a screen and types it on a telephone."""
    ticket = ask(store)

    assert store.answer(f" {ticket.id.upper()}\n", True, by="kim", now_us=NOW).state == "approved"


def test_tickets_are_listed_by_state(store: Store) -> None:
    """Open ones are found among all, oldest first."""
    first, second, third = (ask(store, proposal(number), now=NOW + number) for number in (1, 2, 3))
    store.answer(second.id, False, by="kim", now_us=NOW)

    assert [ticket.id for ticket in store.tickets("open")] == [first.id, third.id]
    assert [ticket.state for ticket in store.tickets()] == ["open", "denied", "open"]


def test_a_ticket_survives_a_restart(store: Store, tmp_path: Path) -> None:
    """A ticket asked in one process can be approved in another, and used after a restart."""
    ticket = ask(store)
    store.close()
    Store(tmp_path / "state.sqlite3").answer(ticket.id, True, by="kim", now_us=NOW)

    assert take(Store(tmp_path / "state.sqlite3"), ticket)


@pytest.mark.parametrize("shared", [True, False])
def test_one_of_many_wins(tmp_path: Path, shared: bool) -> None:
    """An approval is used once, however many threads and connections try at the same moment."""
    path = tmp_path / "state.sqlite3"
    store = Store(path)
    for trial in range(5):
        wanted = proposal(trial)
        ticket = ask(store, wanted)
        store.answer(ticket.id, True, by="kim", now_us=NOW)
        stores = [store if shared else Store(path) for _ in range(32)]
        start = threading.Barrier(32)
        won: list[bool] = []

        def work(
            mine: Store, ticket: Ticket = ticket, wanted: Proposal = wanted, start: threading.Barrier = start
        ) -> None:
            start.wait()
            won.append(take(mine, ticket, wanted))  # noqa: B023 - joined below

        threads = [threading.Thread(target=work, args=(mine,)) for mine in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(won) == [False] * 31 + [True]


def test_one_call_asked_at_once_gets_one_ticket(tmp_path: Path) -> None:
    """Parallel retries join one ticket, even on several connections."""
    path = tmp_path / "state.sqlite3"
    stores = [Store(path) for _ in range(8)]
    start = threading.Barrier(8)
    names: list[str] = []

    def work(mine: Store) -> None:
        start.wait()
        names.append(ask(mine).id)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(names)) == 1


def test_parent_and_child_cannot_both_use_an_approval(store: Store) -> None:
    """Across a fork, too, an approval is used once."""
    for trial in range(3):
        wanted = proposal(trial)
        ticket = ask(store, wanted)
        store.answer(ticket.id, True, by="kim", now_us=NOW)
        pid = os.fork()
        if pid == 0:  # pragma: no cover - the child
            code = 9
            try:
                code = int(take(store, ticket, wanted))
            finally:
                os._exit(code)
        mine = take(store, ticket, wanted)
        _, status = os.waitpid(pid, 0)

        assert {int(mine), os.waitstatus_to_exitcode(status)} == {0, 1}


def test_odd_characters_are_kept(store: Store) -> None:
    """Half a character or a NUL in a tool's name or in what a person typed breaks nothing."""
    ticket = ask(store, proposal(session=SessionId("a\ud800\0b"), tool="\udfffx"))

    assert store.answer(ticket.id, False, by="kim\udcff", now_us=NOW, why="\ud800").why == "\ud800"
    assert store.ticket(ticket.id).session == "a\ud800\0b"


def test_a_name_in_use_is_not_given_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket never gets the name of another, even when chance would have it."""
    bytes_ = iter([b"12345", b"12345", b"12345", b"abcde"])
    monkeypatch.setattr("secrets.token_bytes", lambda size: next(bytes_))

    assert ask(store).id != ask(store, proposal(11)).id
