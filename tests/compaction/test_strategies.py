"""Every way in which clients shorten their histories is recognised, round after round, as one conversation."""

from __future__ import annotations

import pytest
from tests.compaction.histories import (
    ASK,
    SHOWING,
    Client,
    Strategy,
    clear_results,
    one_message,
    one_plain_message,
    raw,
    summary_replace,
    truncate,
    user,
)

from pinnedrules.compaction.lineage import Change, Lineage

TURNS = 8


def go_on(lineage: Lineage, client: Client, turns: int = TURNS) -> list[Change]:
    """Let a client take some turns and return what the lineage said."""
    changes = []
    for _ in range(turns):
        changes.append(lineage.observe(client.request()))
        client.go_on()
    return changes


@pytest.mark.parametrize("rounds", [1, 3, 5])
@pytest.mark.parametrize("system", [True, False], ids=["chat", "messages"])
@pytest.mark.parametrize("strategy", SHOWING, ids=lambda strategy: strategy.__name__)
def test_a_compaction_is_seen_in_every_round(strategy: Strategy, system: bool, rounds: int) -> None:
    """A rewrite is named once, keeps the conversation's id and says what was dropped; all else is an extension."""
    lineage, client = Lineage(), Client(system=system)
    first, *others = go_on(lineage, client)
    assert first.kind == "new"
    assert {change.kind for change in others} == {"extended"}
    for _ in range(rounds):
        before = others[-1]
        client.history = strategy(client.history, client.turn)
        change, *others = go_on(lineage, client)
        assert change.kind == "rewritten", change
        assert change.conversation == first.conversation
        assert (change.before, change.before_sha256) == (before.after, before.after_sha256)
        assert sum(change.dropped_by_role.values()) > 0
        assert {change.kind for change in others} == {"extended"}
        assert {change.conversation for change in others} == {first.conversation}


@pytest.mark.parametrize("rounds", [1, 3, 5])
@pytest.mark.parametrize("system", [True, False], ids=["chat", "messages"])
@pytest.mark.parametrize("strategy", [one_message, one_plain_message, summary_replace])
def test_a_summarising_request_gives_the_compaction_away(strategy: Strategy, system: bool, rounds: int) -> None:
    """After the history with an instruction to summarise, even one unmarked message is seen as its continuation."""
    lineage, client = Lineage(), Client(system=system)
    first, *_ = go_on(lineage, client)
    for _ in range(rounds):
        asked = lineage.observe(raw([*client.history, user(ASK)]))
        assert (asked.kind, asked.conversation) == ("extended", first.conversation)
        client.history = strategy(client.history, client.turn)
        change, *others = go_on(lineage, client)
        assert (change.kind, change.conversation) == ("rewritten", first.conversation)
        assert "asked" in change.seen
        assert change.before == asked.after
        assert {change.kind for change in others} == {"extended"}


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_summariser_of_its_own_gives_it_away_too(rounds: int) -> None:
    """A request of its own that quotes the conversation and asks for a summary does not become the conversation."""
    lineage, client = Lineage(), Client()
    first, *_ = go_on(lineage, client)
    for turn in range(rounds):
        quoted = "\n".join(str(message["content"]) for message in client.history)
        helper = lineage.observe(raw([user(f"Summarise this conversation ({turn}):\n{quoted}")]))
        assert helper.kind == "new"
        client.history = one_plain_message(client.history, client.turn)
        change, *_ = go_on(lineage, client)
        assert (change.kind, change.conversation) == ("rewritten", first.conversation)


def test_without_any_sign_one_message_is_new() -> None:
    """One message that shares nothing, is not announced and was not asked for gets the name that claims less."""
    lineage, client = Lineage(), Client()
    go_on(lineage, client)
    client.history = one_plain_message(client.history, client.turn)
    assert lineage.observe(client.request()).kind == "new"


def test_a_retry_of_the_compacted_request_is_repeated() -> None:
    """A compaction is recorded once, however often its request is sent again."""
    lineage, client = Lineage(), Client()
    go_on(lineage, client)
    client.history = truncate(client.history, client.turn)
    assert lineage.observe(client.request()).kind == "rewritten"
    assert [lineage.observe(client.request()).kind for _ in range(3)] == ["repeated"] * 3


def test_a_rewrite_says_what_it_dropped() -> None:
    """The roles of what is gone are counted, and what stayed is not."""
    lineage, client = Lineage(), Client()
    *_, last = go_on(lineage, client, 7)
    kept = truncate(client.history, client.turn)
    client.history = kept
    change = lineage.observe(client.request())
    # 14 messages were seen: system, task, 4 calls with results, 2 sentences with replies. Kept: system and the last 4.
    assert (change.before, change.after, change.common) == (last.after, 7, 1)
    assert dict(change.dropped_by_role) == {"assistant": 4, "tool": 3, "user": 2}


def test_cleared_tool_results_are_dropped_tool_messages() -> None:
    """Context editing on the client shows as replaced messages of the tool role only."""
    lineage, client = Lineage(), Client()
    go_on(lineage, client)
    client.history = clear_results(client.history, client.turn)
    change = lineage.observe(client.request())
    assert change.kind == "rewritten"
    assert set(change.dropped_by_role) == {"tool"}


def test_two_compacting_agents_in_one_session_are_kept_apart() -> None:
    """Sub-agents with the same system prompt compact in turns, and each stays its own conversation."""
    lineage = Lineage()
    clients = [Client(name) for name in "abc"]
    ids = {client.name: go_on(lineage, client, 1)[0].conversation for client in clients}
    assert len(set(ids.values())) == 3
    for _ in range(TURNS):
        for client in clients:
            (change,) = go_on(lineage, client, 1)
            assert (change.kind, change.conversation) == ("extended", ids[client.name])
    for client in clients:
        client.history = truncate(client.history, client.turn)
    for client in clients:
        (change,) = go_on(lineage, client, 1)
        assert (change.kind, change.conversation) == ("rewritten", ids[client.name])
