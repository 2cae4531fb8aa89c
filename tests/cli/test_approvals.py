"""pinnedrules approvals"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.ran import INBOX, Cli, login

from pinnedrules.control.running import register
from pinnedrules.control.state import StateFolder
from pinnedrules.control.store import Store
from pinnedrules.types import Entry, Ticket

Asked = Callable[..., Ticket]


def test_nothing_waits(cli: Cli, state: StateFolder) -> None:
    """An empty list is said to be one, and so is the lack of any folder."""
    Store(state.database).close()

    assert cli("approvals", "list").out == "nothing waits for an answer\n"
    assert cli("approvals", "list", "--json").json == {"open": []}


def test_no_folder_is_told(cli: Cli) -> None:
    """Without a state folder the list says what to name."""
    found = cli("approvals", "list")

    assert found.code == 0
    assert "--state DIR" in found.out


def test_an_open_ticket_is_listed(cli: Cli, ask: Asked) -> None:
    """The list shows the call, its session, its age and when it expires."""
    ticket = ask()

    found = cli("approvals", "list")

    assert f'{ticket.id}  delete_mail({{"id": 7}})' in found.out
    assert "session inbox, asked 0 s ago, expires in" in found.out


def test_the_rule_that_asks_is_listed(cli: Cli, ask: Asked, write_log: Callable[..., None]) -> None:
    """Where the log has the decision, the rule and its reason are shown: a person must know why they are asked."""
    ticket = ask()
    body = {"tool": "delete_mail", "ticket": ticket.id, "rules": ["no-deletes"]}
    write_log(
        Entry("decision", INBOX, body, {"reasons": ["the rule asks about delete_mail"]}),
        Entry("decision", INBOX, {"tool": "other", "ticket": "", "rules": []}),
    )

    assert "rule no-deletes: the rule asks about delete_mail" in cli("approvals", "list").out


def test_what_came_from_the_call_is_escaped(cli: Cli, ask: Asked) -> None:
    """Nothing in a summary can move the cursor of the person who reads it."""
    ask(summary="delete_mail(\x1b[2Jok)")

    assert "\x1b[2J" not in cli("approvals", "list").out


def test_an_expired_ticket_is_not_listed(cli: Cli, ask: Asked) -> None:
    """A ticket whose time is over waits for nobody."""
    ask(ttl_us=-1)

    assert cli("approvals", "list", "--json").json["open"] == []


def test_a_stop_of_its_session_voids_a_ticket(cli: Cli, ask: Asked) -> None:
    """A ticket from before a stop is not listed and cannot be approved: nothing could ever use that approval."""
    ticket = ask()
    cli("stop", "--session", "another")
    assert ticket.id in cli("approvals", "list").out

    cli("stop", "--session", "inbox")
    cli("resume", "--reason", "looked at it", "--session", "inbox")

    assert cli("approvals", "list", "--json").json["open"] == []
    found = cli("approvals", "approve", ticket.id)
    assert found.code == 1
    assert "from before a stop or a resume" in found.out


def test_approving_says_exactly_what(cli: Cli, ask: Asked, state: StateFolder) -> None:
    """An approval prints the exact call it is for, is given by the OS user, and holds for this ticket alone."""
    ticket, other = ask(), ask('{"id": 8}')

    found = cli("approvals", "approve", ticket.id)

    assert found.code == 0
    assert 'approved by owner, once: delete_mail({"id": 7})' in found.out
    assert f"exactly the call {ticket.call_sha256}" in found.out
    store = Store(state.database)
    assert store.ticket(ticket.id).state == "approved"
    assert store.ticket(ticket.id).by == "owner"
    assert store.ticket(other.id).state == "open"
    store.close()


def test_the_environment_does_not_say_who_answers(
    cli: Cli, ask: Asked, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 4: the principal is the OS user; whoever starts the command cannot name another with LOGNAME."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")

    assert "approved by owner" in cli("approvals", "approve", ask().id).out
    cli("stop", "now")
    assert cli("resume", "--reason", "looked at it", "--json").json["by"] == "owner"


def test_denying_tells_why(cli: Cli, ask: Asked, state: StateFolder) -> None:
    """A denial keeps the reason that is told to the model."""
    first, second = ask(), ask('{"id": 8}')

    found = cli("approvals", "deny", first.id, second.id, "--why", "not these")

    assert found.code == 0
    assert found.out.count("denied by owner") == 2
    store = Store(state.database)
    assert store.ticket(first.id).why == "not these"
    store.close()


def test_a_person_may_change_their_mind(cli: Cli, ask: Asked, state: StateFolder) -> None:
    """Approving a denied ticket opens it again, says whose no that overrules, and both answers are in the log."""
    ticket = ask()
    cli("approvals", "deny", ticket.id, "--why", "not now")

    found = cli("approvals", "approve", ticket.id)

    assert found.code == 0
    assert "approved by owner, once, although owner had said no: delete_mail" in found.out
    log = [item["record"]["body"]["state"] for item in cli("log", "--type", "approval", "--json").json["records"]]
    assert log == ["denied", "approved"]
    assert "closed already: approved" in cli("approvals", "deny", ticket.id).out


def test_an_answer_that_cannot_be_given_is_said(cli: Cli, ask: Asked) -> None:
    """A closed or unknown ticket is refused with code 1; the others are answered all the same."""
    ticket, other = ask(), ask('{"id": 8}')
    cli("approvals", "approve", ticket.id)

    found = cli("approvals", "approve", ticket.id, "t-unknown", other.id, "--json")

    assert found.code == 1
    closed, unknown, answered = found.json["answers"]
    assert "closed already" in closed["error"]
    assert "no ticket is called" in unknown["error"]
    assert answered["ticket"]["state"] == "approved"
    assert "closed already" in cli("approvals", "approve", ticket.id).out


def test_without_a_folder_no_ticket_is_found(cli: Cli) -> None:
    """An answer without any state folder says what to name."""
    found = cli("approvals", "approve", "t-1")

    assert found.code == 1
    assert "--state DIR" in found.out


def test_the_agent_cannot_approve(cli: Cli, ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 4: permission comes from a person; a principal named as the agent is refused."""
    login(monkeypatch, "agent")

    found = cli("approvals", "approve", ask().id)

    assert found.code == 1
    assert "a person has to answer" in found.out


def test_a_live_guard_is_found_from_any_folder(
    cli: Cli, ask: Asked, state: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tickets of a live guard are found from a folder that has nothing to do with it."""
    ticket = ask()
    monkeypatch.chdir(tmp_path)
    entry = register(state, rules="rules.yaml")

    try:
        assert cli("approvals", "approve", ticket.id).code == 0
    finally:
        entry.close()
