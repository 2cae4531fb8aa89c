"""pinnedrules pin, pinnedrules dismiss, pinnedrules show --session"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.ran import INBOX, Cli

from pinnedrules.control.session_rules import rules_of
from pinnedrules.control.state import StateFolder
from pinnedrules.control.store import Store
from pinnedrules.rules.born import added, from_words
from pinnedrules.types import LedgerState, SessionId

SAID = from_words("chat-12ab34", "Ask before deleting anything.", ("delete",), "never delete without me")


@pytest.fixture
def store(state: StateFolder) -> Iterator[Store]:
    made = Store(state.database)
    yield made
    made.close()


@pytest.fixture
def said(store: Store) -> Callable[[SessionId], None]:
    """Let words in a session's chat bring about a rule."""

    def say(session: SessionId) -> None:
        ledger = store.read_ledger(session)
        assert store.write_ledger(session, added(ledger, SAID))

    return say


def test_a_sentence_is_pinned(cli: Cli, store: Store, said: Callable[[SessionId], None]) -> None:
    """A rule for a session that runs, given by the OS user; the way to end it is printed."""
    said(INBOX)

    found = cli("pin", "Never archive.", "--on", "archive", "--then", "deny", "--session", "inbox")

    rule = rules_of(store, INBOX)[-1]
    assert found.code == 0
    assert f"pinnedrules dismiss {rule.id}" in found.out
    assert (rule.text, rule.by) == ("Never archive.", "owner")
    assert '"then":"deny"' in rule.rule
    assert (
        "in force already"
        in cli("pin", "Never archive.", "--on", "archive", "--then", "deny", "--session", "inbox").out
    )
    assert "rule pin-" in cli("log").out


def test_a_whole_rule_is_pinned(cli: Cli, store: Store) -> None:
    """``--rule`` takes one rule as a rule file has it; a session that has done nothing yet is named with its user."""
    rule = "{id: small, text: Refund little., on: refund, require: {amount: {of: amount, max: 5.50}}, else: deny}"

    found = cli("pin", "--rule", rule, "--session", "inbox", "--user", "anna", "--json")

    assert found.json["rule"] == "pin-small"
    assert '"max":5.50' in rules_of(store, INBOX)[0].rule


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["Never.", "--session", "inbox"], "no session inbox has done anything yet"),
        (["--session", "inbox"], "no rule given"),
        (["Never.", "--rule", "{id: a}", "--session", "inbox"], "a sentence and a whole rule"),
        (["--rule", "[a]", "--session", "inbox"], "--rule is no rule"),
        (["--rule", "{id: a, text: b, on: c, then: allow}", "--session", "inbox"], "can only tighten"),
    ],
)
def test_what_cannot_be_pinned_is_said(cli: Cli, store: Store, words: list[str], problem: str) -> None:
    """Nothing is pinned in silence to a session that never is, and nothing that would permit."""
    found = cli("pin", *words)

    assert found.code == 2
    assert problem in found.err
    assert not store.sessions()


def test_the_agent_may_pin_and_not_dismiss(
    cli: Cli, store: Store, said: Callable[[SessionId], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 4: the agent itself can tighten, never relax."""
    said(INBOX)
    monkeypatch.setenv("PINNEDRULES_SESSION", "inbox")

    assert cli("pin", "Never archive.", "--on", "archive", "--session", "inbox").code == 0
    found = cli("dismiss", SAID.id)

    assert found.code == 2
    assert "a person has to answer" in found.err
    assert [(rule.by, rule.withdrawn) for rule in rules_of(store, INBOX)] == [("", ""), ("agent", "")]


def test_a_rule_from_the_chat_is_dismissed(cli: Cli, store: Store, said: Callable[[SessionId], None]) -> None:
    """The command that every refusal names: the rule is withdrawn by the OS user, and the log says so."""
    said(INBOX)

    found = cli("dismiss", SAID.id)

    assert found.code == 0
    assert "withdrawn by owner: chat-12ab34: Ask before deleting anything." in found.out
    assert rules_of(store, INBOX)[0].withdrawn == "owner"
    assert "rule chat-12ab34 withdrawn by owner" in cli("log").out
    again = cli("dismiss", SAID.id)
    assert again.code == 1
    assert "rules of the file are changed there" in again.out


def test_the_same_words_in_two_sessions_are_two_rules(
    cli: Cli, store: Store, said: Callable[[SessionId], None]
) -> None:
    """Words about the same things have the same id everywhere, so the session has to be named."""
    other = SessionId("outbox", "anna")
    said(INBOX)
    said(other)

    found = cli("dismiss", SAID.id)

    assert found.code == 2
    assert "inbox of anna, outbox of anna" in found.err
    assert cli("dismiss", SAID.id, "--session", "outbox").code == 0
    assert [rules_of(store, one)[0].withdrawn for one in (INBOX, other)] == ["", "owner"]


def test_sessions_of_one_name_are_told_apart_by_their_users(
    cli: Cli, store: Store, said: Callable[[SessionId], None]
) -> None:
    """Two people's sessions may have one name."""
    for user in ("anna", "bob"):
        said(SessionId("inbox", user, "acme"))

    assert "of anna, tenant acme" in cli("pin", "Never.", "--session", "inbox").err
    assert cli("pin", "Never.", "--session", "inbox", "--user", "bob", "--tenant", "acme").code == 0
    assert len(rules_of(store, SessionId("inbox", "bob", "acme"))) == 2


def test_the_rules_of_a_session_are_shown(cli: Cli, store: Store, said: Callable[[SessionId], None]) -> None:
    """Where each comes from, the words it quotes, and who withdrew it."""
    said(INBOX)
    cli("pin", "Never archive.", "--on", "archive", "--session", "inbox")
    cli("dismiss", SAID.id)

    found = cli("show", "--session", "inbox")

    assert found.code == 0
    assert "session inbox of anna:" in found.out
    assert 'said in the chat: "never delete without me"; withdrawn by owner' in found.out
    assert "Never archive.\n    given by owner" in found.out
    assert [rule["id"][:5] for rule in cli("show", "--session", "inbox", "--json").json["sessions"][0]["rules"]] == [
        "chat-",
        "pin-" + rules_of(store, INBOX)[1].id[4],
    ]


def test_a_session_without_rules_is_shown(cli: Cli, store: Store) -> None:
    """And one that nobody knows is said to be none."""
    store.write_ledger(INBOX, LedgerState({"read_untrusted": "1"}))

    assert "no rules besides those of the file" in cli("show", "--session", "inbox").out
    assert cli("show", "--session", "other").code == 1


def test_without_a_state_folder_nothing_is_there(cli: Cli, home: Path) -> None:
    """The way out is printed."""
    assert "--state DIR" in cli("dismiss", "chat-12ab34").err


def test_a_limit_that_cannot_be_recorded_stands(
    cli: Cli, store: Store, said: Callable[[SessionId], None], state: StateFolder
) -> None:
    """A log that cannot be written is said; it costs nobody a rule."""
    said(INBOX)
    state.log.rmdir()
    state.log.write_text("no folder", encoding="utf-8")

    assert "could not be recorded" in cli("pin", "Never archive.", "--on", "archive", "--session", "inbox").out
    assert cli("dismiss", SAID.id).code == 2
    assert [rule.withdrawn for rule in rules_of(store, INBOX)] == ["", ""]


def test_the_words_of_a_rule_from_the_chat_are_confirmed(
    cli: Cli, store: Store, said: Callable[[SessionId], None]
) -> None:
    """Issue: an excerpt is added only after confirmation. A person confirms by the rule's id; nothing else changes."""
    said(INBOX)

    found = cli("pin", "chat-12ab34", "--session", "inbox")

    (rule,) = rules_of(store, INBOX)
    assert found.code == 0
    assert 'the model is told the words: "never delete without me"' in found.out
    assert (rule.confirmed, rule.by, rule.text) == ("owner", "", "Ask before deleting anything.")
    assert "confirmed already" in cli("pin", "chat-12ab34", "--session", "inbox").out
    assert "confirmed by owner" in cli("show", "--session", "inbox").out
    assert "rule chat-12ab34 confirmed by owner" in cli("log").out


def test_what_is_not_in_force_cannot_be_confirmed(cli: Cli, said: Callable[[SessionId], None]) -> None:
    """A rule that nobody has, or that was withdrawn."""
    said(INBOX)
    cli("dismiss", "chat-12ab34")

    assert cli("pin", "chat-12ab34", "--session", "inbox").code == 1
    assert cli("pin", "chat-ffffff", "--session", "inbox").code == 1
